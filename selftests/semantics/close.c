// SPDX-License-Identifier: GPL-2.0-only
/*
 * shutdown(), close(), and resets.
 */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "semantics.h"

TEST(half_close_client)
{
	struct pair p;
	char in[16];

	open_pair(v, &p);
	EXPECT_EQ(send(p.c, "request", 7, 0), 7);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_ERR(send(p.c, "x", 1, MSG_NOSIGNAL), EPIPE);
	EXPECT_EQ(recv_all(p.s, in, 16), 7);
	EXPECT_EQ(recv(p.s, in, 16, 0), 0);
	/* The other half goes on, for as much as one likes. */
	EXPECT_EQ(send(p.s, "answer", 6, 0), 6);
	EXPECT_EQ(recv_all(p.c, in, 6), 6);
	EXPECT_EQ(send(p.s, "more", 4, 0), 4);
	EXPECT_EQ(shutdown(p.s, SHUT_WR), 0);
	EXPECT_EQ(recv_all(p.c, in, 16), 4);
	EXPECT_EQ(recv(p.c, in, 16, 0), 0);
	EXPECT_EQ(so_error(p.c), 0);
	EXPECT_EQ(so_error(p.s), 0);
	close_pair(&p);
}

TEST(half_close_server)
{
	struct pair p;
	char in[16];

	open_pair(v, &p);
	EXPECT_EQ(shutdown(p.s, SHUT_WR), 0);
	EXPECT_EQ(recv(p.c, in, 16, 0), 0);
	EXPECT_EQ(send(p.c, "late", 4, 0), 4);
	EXPECT_EQ(recv_all(p.s, in, 4), 4);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_EQ(recv(p.s, in, 16, 0), 0);
	close_pair(&p);
}

TEST(half_close_bulk)
{
	struct job j = { .len = 1 << 20 };
	struct pair p;
	char in[1];

	open_pair(v, &p);
	EXPECT_EQ(shutdown(p.s, SHUT_WR), 0);
	j.fd = p.c;
	j.buf = malloc(j.len);
	fill(j.buf, j.len, 21);
	job_start(&j, job_send_all);
	drain(p.s, j.len, 21);
	job_wait(&j);
	EXPECT_EQ(j.ret, j.len);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_EQ(recv(p.s, in, 1, 0), 0);
	close_pair(&p);
}

TEST(shutdown_rd)
{
	struct pair p;
	char in[8];

	open_pair(v, &p);
	EXPECT_EQ(shutdown(p.s, SHUT_RD), 0);
	EXPECT_EQ(recv(p.s, in, 8, 0), 0);
	EXPECT_EQ(events(p.s, POLLIN | POLLRDHUP, 0), POLLIN | POLLRDHUP);
	EXPECT_EQ(send(p.s, "abc", 3, 0), 3);
	EXPECT_EQ(recv_all(p.c, in, 3), 3);
	/* TCP still takes what the peer sends. */
	EXPECT_EQ(send(p.c, "def", 3, MSG_NOSIGNAL), 3);
	EXPECT_EQ(recv_all(p.s, in, 3) >= 0, 1);
	close_pair(&p);
}

TEST(shutdown_rdwr)
{
	struct pair p;
	char in[8];

	open_pair(v, &p);
	EXPECT_EQ(send(p.c, "abc", 3, 0), 3);
	EXPECT_EQ(shutdown(p.c, SHUT_RDWR), 0);
	EXPECT_EQ(recv(p.c, in, 8, 0), 0);
	EXPECT_ERR(send(p.c, "x", 1, MSG_NOSIGNAL), EPIPE);
	EXPECT_EQ(recv_all(p.s, in, 8), 3);
	EXPECT_EQ(shutdown(p.s, SHUT_RDWR), 0);
	EXPECT_EQ(events(p.c, 0, SHORT_MS), POLLHUP);
	close_pair(&p);
}

TEST(shutdown_wakes_recv)
{
	struct job j = { .len = 1 };
	struct pair p;
	char b;

	open_pair(v, &p);
	j.fd = p.s;
	j.buf = &b;
	j.ret = -2;
	job_start(&j, job_recv);
	usleep(50000);
	EXPECT_EQ(shutdown(p.s, SHUT_RD), 0);
	job_wait(&j);
	EXPECT_EQ(j.ret, 0);
	close_pair(&p);
}

TEST(shutdown_twice)
{
	struct pair p;
	char in[8];

	open_pair(v, &p);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_EQ(recv(p.s, in, 8, 0), 0);
	EXPECT_EQ(shutdown(p.s, SHUT_WR), 0);
	EXPECT_EQ(recv(p.c, in, 8, 0), 0);
	EXPECT_EQ(recv(p.c, in, 8, 0), 0);
	EXPECT_ERR(shutdown(p.c, 7), EINVAL);
	close_pair(&p);
}

TEST(shutdown_full_queue)
{
	struct prep prep = { small_buffers, small_buffers };
	struct pair p;
	size_t n;
	char b;

	open_pair_prep(v, &p, &prep);
	n = fill_up(p.c, 22);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	drain(p.s, n, 22);
	EXPECT_EQ(recv(p.s, &b, 1, 0), 0);
	close_pair(&p);
}

TEST(close_full_queue)
{
	struct prep prep = { small_buffers, small_buffers };
	struct pair p;
	size_t n;
	char b;

	open_pair_prep(v, &p, &prep);
	n = fill_up(p.c, 23);
	EXPECT_EQ(close(p.c), 0);
	usleep(20000);
	drain(p.s, n, 23);
	EXPECT_EQ(recv(p.s, &b, 1, 0), 0);
	close(p.s);
	close(p.l);
}

TEST(close_gives_eof)
{
	struct pair p;
	char in[8];
	int i;

	for (i = 0; i < 2; i++) {
		int *closer, *other;

		open_pair(v, &p);
		closer = i ? &p.s : &p.c;
		other = i ? &p.c : &p.s;
		EXPECT_EQ(send(*closer, "bye", 3, 0), 3);
		EXPECT_EQ(close(*closer), 0);
		EXPECT_EQ(recv_all(*other, in, 8), 3);
		EXPECT_EQ(recv(*other, in, 8, 0), 0);
		EXPECT_EQ(so_error(*other), 0);
		EXPECT_EQ(close(*other), 0);
		close(p.l);
	}
}

/* A peer that writes after close() gets a reset, as it always did. */
TEST(send_after_peer_close)
{
	struct pair p;
	char in[8];
	int i, err = 0;

	open_pair(v, &p);
	EXPECT_EQ(close(p.c), 0);
	EXPECT_EQ(recv(p.s, in, 8, 0), 0);
	for (i = 0; i < 100; i++) {
		if (send(p.s, "x", 1, MSG_NOSIGNAL) < 0) {
			err = errno;
			break;
		}
		usleep(10000);
	}
	EXPECT(err == EPIPE || err == ECONNRESET, "error %s", errno_name(err));
	close(p.s);
	close(p.l);
}

TEST(sigpipe)
{
	struct pair p;
	int st;
	pid_t pid;

	open_pair(v, &p);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	pid = fork();
	if (!pid) {
		signal(SIGPIPE, SIG_DFL);
		send(p.c, "x", 1, 0);
		_exit(0);
	}
	EXPECT_EQ(waitpid(pid, &st, 0), pid);
	EXPECT(WIFSIGNALED(st) && WTERMSIG(st) == SIGPIPE);
	close_pair(&p);
}

/*
 * After the error of a reset TCP says end of file. An encrypted connection
 * says that for an authenticated end only, so its error stays.
 */
static void expect_no_eof(const struct variant *v, int fd)
{
	char b;

	if (v->encrypted)
		EXPECT_ERR(recv(fd, &b, 1, 0), ECONNRESET);
	else
		EXPECT_EQ(recv(fd, &b, 1, 0), 0);
}

TEST(close_unread_resets)
{
	struct pair p;
	char in[8];

	open_pair(v, &p);
	EXPECT_EQ(send(p.c, "unread", 6, 0), 6);
	EXPECT_EQ(events(p.s, POLLIN, SHORT_MS), POLLIN);
	EXPECT_EQ(close(p.s), 0);
	EXPECT_EQ(events(p.c, POLLIN, SHORT_MS) & POLLERR, POLLERR);
	EXPECT_ERR(recv(p.c, in, 8, 0), ECONNRESET);
	expect_no_eof(v, p.c);
	EXPECT_ERR(send(p.c, "x", 1, MSG_NOSIGNAL), EPIPE);
	close(p.c);
	close(p.l);
}

TEST(close_partly_read_resets)
{
	struct pair p;
	char in[8];

	open_pair(v, &p);
	EXPECT_EQ(send(p.c, "unread", 6, 0), 6);
	EXPECT_EQ(recv(p.s, in, 3, MSG_WAITALL), 3);
	EXPECT_EQ(close(p.s), 0);
	EXPECT_ERR(recv(p.c, in, 8, 0), ECONNRESET);
	close(p.c);
	close(p.l);
}

TEST(linger_zero_resets)
{
	struct linger lg = { 1, 0 };
	struct pair p;
	char in[8];

	open_pair(v, &p);
	ASSERT_EQ(setsockopt(p.c, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)), 0);
	EXPECT_EQ(close(p.c), 0);
	EXPECT_ERR(recv(p.s, in, 8, 0), ECONNRESET);
	expect_no_eof(v, p.s);
	close(p.s);
	close(p.l);
}

/* Linux keeps what has arrived before a reset. */
TEST(reset_after_data)
{
	struct linger lg = { 1, 0 };
	struct pair p;
	char in[8];
	ssize_t ret;

	open_pair(v, &p);
	EXPECT_EQ(send(p.c, "abc", 3, 0), 3);
	EXPECT_EQ(wait_inq(p.s, 3), 3);
	ASSERT_EQ(setsockopt(p.c, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)), 0);
	EXPECT_EQ(close(p.c), 0);
	EXPECT_EQ(events(p.s, POLLIN, SHORT_MS) & POLLERR, POLLERR);
	ret = recv(p.s, in, 8, 0);
	EXPECT(ret == 3 || (ret == -1 && errno == ECONNRESET), "recv returned %zd", ret);
	if (ret == 3)
		EXPECT_ERR(recv(p.s, in, 8, 0), ECONNRESET);
	close(p.s);
	close(p.l);
}

TEST(reset_wakes_blocked)
{
	struct prep prep = { small_buffers, small_buffers };
	struct linger lg = { 1, 0 };
	struct job r = { .len = 1 }, w = { .len = 1 << 20 };
	struct pair p;
	char b;

	open_pair_prep(v, &p, &prep);
	r.fd = p.s;
	r.buf = &b;
	w.fd = p.s;
	w.buf = calloc(1, w.len);
	job_start(&r, job_recv);
	job_start(&w, job_send_all);
	usleep(100000);
	ASSERT_EQ(setsockopt(p.c, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)), 0);
	EXPECT_EQ(close(p.c), 0);
	job_wait(&r);
	job_wait(&w);
	EXPECT(r.ret <= 0, "recv returned %zd", r.ret);
	EXPECT(w.ret < 0 && (w.err == ECONNRESET || w.err == EPIPE),
	       "send returned %zd, %s", w.ret, errno_name(w.err));
	close(p.s);
	close(p.l);
}

TEST(linger_waits)
{
	struct linger lg = { 1, 30 };
	char out[50000], in[50000];
	struct pair p;
	long t;

	open_pair(v, &p);
	fill(out, sizeof(out), 24);
	ASSERT_EQ(setsockopt(p.c, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)), 0);
	EXPECT_EQ(send_all(p.c, out, sizeof(out)), sizeof(out));
	t = now_ms();
	EXPECT_EQ(close(p.c), 0);
	EXPECT(now_ms() - t < 20000, "close took %ld ms", now_ms() - t);
	EXPECT_EQ(recv_all(p.s, in, sizeof(in)), sizeof(in));
	EXPECT(!memcmp(in, out, sizeof(in)));
	EXPECT_EQ(recv(p.s, in, 1, 0), 0);
	close(p.s);
	close(p.l);
}

TEST(simultaneous_close)
{
	struct pair p;
	char in[8];

	open_pair(v, &p);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_EQ(shutdown(p.s, SHUT_WR), 0);
	EXPECT_EQ(recv(p.c, in, 8, 0), 0);
	EXPECT_EQ(recv(p.s, in, 8, 0), 0);
	EXPECT_EQ(so_error(p.c), 0);
	EXPECT_EQ(so_error(p.s), 0);
	EXPECT_EQ(events(p.c, 0, SHORT_MS), POLLHUP);
	close_pair(&p);
}
