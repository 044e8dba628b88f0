// SPDX-License-Identifier: GPL-2.0-only
/*
 * Urgent data.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>

#include "../tools/stream.h"
#include "options.h"

static int atmark(int fd)
{
	int n = -1;

	return ioctl(fd, SIOCATMARK, &n) ? -errno : n;
}

static bool wait_pri(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLPRI };

	return poll(&pfd, 1, WAIT_MS) == 1 && pfd.revents & POLLPRI;
}

static bool wait_in(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, WAIT_MS) == 1 && pfd.revents & POLLIN;
}

/* The same of plain TCP and of an encrypted connection */
static void both(const struct variant *v, void (*fn)(struct pair *p))
{
	struct variant plain = { .family = v->family };
	struct pair p;

	open_pair(&plain, &p);
	fn(&p);
	close_pair(&p);
	ASSERT(!test_failures, "(plain TCP)");
	open_pair(v, &p);
	ASSERT(encrypted(p.c) && encrypted(p.s));
	fn(&p);
	close_pair(&p);
}

static void oob_out_of_line(struct pair *p)
{
	char in[16];

	EXPECT_ERR(recv(p->s, in, 1, MSG_OOB), EINVAL);
	EXPECT_EQ(atmark(p->s), 0);
	EXPECT_EQ(send(p->c, "abc", 3, 0), 3);
	EXPECT_EQ(send(p->c, "U", 1, MSG_OOB), 1);
	EXPECT_EQ(send(p->c, "def", 3, 0), 3);
	ASSERT(wait_pri(p->s));
	EXPECT_EQ(atmark(p->s), 0);
	EXPECT_EQ(recv(p->s, in, 1, MSG_OOB | MSG_PEEK), 1);
	EXPECT_EQ(in[0], 'U');
	EXPECT_EQ(recv(p->s, in, 1, MSG_OOB), 1);
	EXPECT_EQ(in[0], 'U');
	EXPECT_ERR(recv(p->s, in, 1, MSG_OOB), EINVAL);
	/* a read stops at the mark, then goes on behind it */
	ASSERT(wait_in(p->s));
	EXPECT_EQ(recv(p->s, in, sizeof(in), 0), 3);
	EXPECT(!memcmp(in, "abc", 3));
	EXPECT_EQ(atmark(p->s), 1);
	EXPECT_EQ(recv_all(p->s, in, 3), 3);
	EXPECT(!memcmp(in, "def", 3));
	EXPECT_EQ(atmark(p->s), 0);
	EXPECT_ERR(recv(p->s, in, 1, MSG_OOB), EINVAL);
}

TEST(oob)
{
	both(v, oob_out_of_line);
}

static void oob_in_line(struct pair *p)
{
	char in[16];
	int on = 1;

	ASSERT_EQ(setsockopt(p->s, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)), 0);
	EXPECT_EQ(send(p->c, "abcU", 4, MSG_OOB), 4);
	EXPECT_EQ(send(p->c, "def", 3, 0), 3);
	ASSERT(wait_pri(p->s));
	EXPECT_ERR(recv(p->s, in, 1, MSG_OOB), EINVAL);
	EXPECT_EQ(recv(p->s, in, sizeof(in), 0), 3);
	EXPECT(!memcmp(in, "abc", 3));
	EXPECT_EQ(atmark(p->s), 1);
	EXPECT_EQ(recv_all(p->s, in, 4), 4);
	EXPECT(!memcmp(in, "Udef", 4));
	EXPECT_EQ(atmark(p->s), 0);
}

TEST(oob_inline)
{
	both(v, oob_in_line);
}

/* A second urgent byte takes the place of the first, which becomes data */
static void oob_twice(struct pair *p)
{
	char in[16];

	EXPECT_EQ(send(p->c, "a1", 2, MSG_OOB), 2);
	ASSERT(wait_pri(p->s));
	EXPECT_EQ(send(p->c, "b2", 2, MSG_OOB), 2);
	do {
		ASSERT_EQ(recv(p->s, in, 1, MSG_OOB | MSG_PEEK), 1);
	} while (in[0] != '2');
	EXPECT_EQ(recv_all(p->s, in, 3), 3);
	EXPECT(!memcmp(in, "a1b", 3), "%.3s", in);
	EXPECT_EQ(atmark(p->s), 1);
	EXPECT_EQ(recv(p->s, in, 1, MSG_OOB), 1);
	EXPECT_EQ(in[0], '2');
	EXPECT_EQ(send(p->c, "z", 1, 0), 1);
	EXPECT_EQ(recv_all(p->s, in, 1), 1);
	EXPECT_EQ(in[0], 'z');
}

TEST(oob_replaced)
{
	both(v, oob_twice);
}

/* Peeking goes over the mark only from the mark on */
static void oob_peeked(struct pair *p)
{
	char in[16];

	EXPECT_EQ(send(p->c, "abU", 3, MSG_OOB), 3);
	EXPECT_EQ(send(p->c, "cd", 2, 0), 2);
	ASSERT(wait_pri(p->s));
	EXPECT_EQ(recv(p->s, in, sizeof(in), MSG_PEEK), 2);
	EXPECT_EQ(recv(p->s, in, 2, 0), 2);
	ASSERT(wait_in(p->s));
	EXPECT_EQ(recv(p->s, in, 2, MSG_PEEK | MSG_WAITALL), 2);
	EXPECT(!memcmp(in, "cd", 2));
	EXPECT_EQ(recv_all(p->s, in, 2), 2);
	EXPECT(!memcmp(in, "cd", 2));
}

TEST(oob_peek)
{
	both(v, oob_peeked);
}

static volatile sig_atomic_t sigurgs;

static void on_sigurg(int sig)
{
	sigurgs++;
}

static void oob_signal(struct pair *p)
{
	long end = now_ms() + WAIT_MS;
	char in[4];

	sigurgs = 0;
	signal(SIGURG, on_sigurg);
	ASSERT_EQ(fcntl(p->s, F_SETOWN, getpid()), 0);
	EXPECT_EQ(send(p->c, "!", 1, MSG_OOB), 1);
	while (!sigurgs && now_ms() < end)
		usleep(1000);
	EXPECT(sigurgs > 0);
	EXPECT_EQ(recv(p->s, in, 1, MSG_OOB), 1);
	EXPECT_EQ(in[0], '!');
	signal(SIGURG, SIG_DFL);
}

TEST(oob_sigurg)
{
	both(v, oob_signal);
}

/* More than a frame, the last byte of which is the urgent one */
TEST(oob_behind_many_frames)
{
	static char out[100000], in[100000];
	struct pair p;
	ssize_t n = 0, ret;

	open_pair(v, &p);
	ASSERT(encrypted(p.c) && encrypted(p.s));
	memset(out, 'x', sizeof(out));
	out[sizeof(out) - 1] = '!';
	EXPECT_EQ(send(p.c, out, sizeof(out), MSG_OOB), sizeof(out));
	while (n < (ssize_t)sizeof(out) - 1) {
		ret = recv(p.s, in + n, sizeof(in) - n, 0);
		ASSERT(ret > 0);
		n += ret;
	}
	EXPECT_EQ(n, sizeof(out) - 1);
	EXPECT(!memcmp(in, out, n));
	EXPECT_EQ(atmark(p.s), 1);
	EXPECT_EQ(recv(p.s, in, 1, MSG_OOB), 1);
	EXPECT_EQ(in[0], '!');
	close_pair(&p);
}
