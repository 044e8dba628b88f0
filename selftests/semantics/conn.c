// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections, what is in them, and calls that block.
 */
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <time.h>

#include "semantics.h"

/* The session ID if there is one; ENOPROTOOPT for a plain socket */
int session_id(int fd, uint8_t id[64])
{
	socklen_t len = 64;

	if (getsockopt(fd, IPPROTO_TCP, TCP_ENO_SESSID, id, &len))
		return -errno;
	return len;
}

void check_mode(const struct variant *v, int fd)
{
	uint8_t id[64];
	int ret = session_id(fd, id);

	if (v->encrypted)
		ASSERT_EQ(ret, TCPCRYPT_SESSID_BYTES);
	else
		ASSERT_EQ(ret, -ENOPROTOOPT);
}

void check_pair(const struct variant *v, struct pair *p)
{
	uint8_t a[64], b[64];

	check_mode(v, p->c);
	check_mode(v, p->s);
	if (v->encrypted) {
		session_id(p->c, a);
		session_id(p->s, b);
		ASSERT(!memcmp(a, b, TCPCRYPT_SESSID_BYTES));
	}
}

void open_pair_prep(const struct variant *v, struct pair *p,
		    const struct prep *prep)
{
	new_listener(v, p, 8);
	if (prep && prep->listener)
		prep->listener(p->l);
	p->c = new_socket(v);
	if (prep && prep->client)
		prep->client(p->c);
	join(p);
	check_pair(v, p);
}

void open_pair(const struct variant *v, struct pair *p)
{
	open_pair_prep(v, p, NULL);
}

void fill(void *buf, size_t len, uint64_t seed)
{
	struct stream s = { .seed = seed };

	stream_fill(&s, buf, len);
}

bool same(const void *buf, size_t off, size_t len, uint64_t seed)
{
	struct stream s = { .seed = seed, .off = off };
	uint8_t *want = malloc(len + 1);
	bool ret;

	stream_fill(&s, want, len);
	ret = !memcmp(buf, want, len);
	free(want);
	return ret;
}

int events(int fd, short want, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = want };

	if (poll(&pfd, 1, ms) < 0)
		return -1;
	return pfd.revents;
}

int inq(int fd)
{
	int n = -1;

	return ioctl(fd, SIOCINQ, &n) ? -1 : n;
}

int outq(int fd)
{
	int n = -1;

	return ioctl(fd, SIOCOUTQ, &n) ? -1 : n;
}

/* Until the receiver can read that much; ends with the value last seen */
int wait_inq(int fd, int want)
{
	long end = now_ms() + SHORT_MS;

	while (inq(fd) != want && now_ms() < end)
		usleep(1000);
	return inq(fd);
}

int wait_outq(int fd, int want)
{
	long end = now_ms() + SHORT_MS;

	while (outq(fd) != want && now_ms() < end)
		usleep(1000);
	return outq(fd);
}

int so_error(int fd)
{
	socklen_t len = sizeof(int);
	int err = -1;

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	return err;
}

void set_int(int fd, int level, int opt, int val)
{
	ASSERT_EQ(setsockopt(fd, level, opt, &val, sizeof(val)), 0);
}

int get_int(int fd, int level, int opt)
{
	socklen_t len = sizeof(int);
	int val = -1;

	EXPECT_EQ(getsockopt(fd, level, opt, &val, &len), 0);
	return val;
}

void nonblock(int fd)
{
	ASSERT_EQ(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), 0);
}

void block(int fd)
{
	ASSERT_EQ(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK), 0);
}

static void *job_main(void *arg)
{
	struct job *j = arg;

	j->fn(j);
	return NULL;
}

void job_start(struct job *j, void (*fn)(struct job *))
{
	j->fn = fn;
	ASSERT_EQ(pthread_create(&j->t, NULL, job_main, j), 0);
}

void job_wait(struct job *j)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += limit / 2;
	ASSERT_EQ(pthread_timedjoin_np(j->t, NULL, &ts), 0);
}

void job_recv(struct job *j)
{
	j->ret = recv(j->fd, j->buf, j->len, j->flags);
	j->err = errno;
}

void job_send_all(struct job *j)
{
	j->ret = send_all(j->fd, j->buf, j->len);
	j->err = errno;
}

/*
 * Nothing more goes into the connection, and nothing moves in it any more:
 * ends with the bytes that went in.
 */
size_t fill_up(int fd, uint64_t seed)
{
	struct stream s = { .seed = seed };
	char buf[16384];
	ssize_t ret;
	int idle = 0;

	/* A full buffer may take more bytes before it says POLLOUT. */
	while (idle < 2) {
		stream_fill(&s, buf, sizeof(buf));
		ret = send(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_NOSIGNAL);
		ASSERT(ret > 0 || (ret < 0 && errno == EAGAIN));
		if (ret > 0) {
			s.off += ret;
			idle = 0;
		} else if (!events(fd, POLLOUT, FULL_MS)) {
			idle++;
		}
	}
	return s.off;
}

/* Reads @len bytes of the stream of @seed and checks them */
void drain(int fd, size_t len, uint64_t seed)
{
	struct stream s = { .seed = seed };
	char buf[32768], want[32768];
	ssize_t ret;

	while (s.off < len) {
		ret = recv(fd, buf, sizeof(buf), 0);
		ASSERT(ret > 0, "at %llu of %zu, recv returned %zd",
		       (unsigned long long)s.off, len, ret);
		stream_fill(&s, want, ret);
		ASSERT(!memcmp(buf, want, ret), "wrong data near %llu",
		       (unsigned long long)s.off);
		s.off += ret;
	}
	ASSERT_EQ(s.off, len);
}

void small_buffers(int fd)
{
	set_int(fd, SOL_SOCKET, SO_RCVBUF, 8192);
	set_int(fd, SOL_SOCKET, SO_SNDBUF, 8192);
}
