// SPDX-License-Identifier: GPL-2.0-only
/*
 * Socket semantics over loopback: whatever an application can see of a TCP
 * socket must be the same whether the connection is encrypted or not. Every
 * test runs over a plain connection first (a port that is excluded from
 * encryption), which proves the test, then over an encrypted one.
 *
 *	tcpcrypt [-p] [-l] [-t SECONDS] [TEST...]
 *
 * -p runs the plain variants only; TEST is a part of a name.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/sockios.h>
#include <linux/tcpcrypt.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include "tools/stream.h"
#include "harness.h"

#ifndef TCP_ULP
#define TCP_ULP 31
#endif
#ifndef TCP_ZEROCOPY_RECEIVE
#define TCP_ZEROCOPY_RECEIVE 35
#endif
#ifndef TCP_INQ
#define TCP_INQ 36
#define TCP_CM_INQ TCP_INQ
#endif
#ifndef TCP_CM_INQ
#define TCP_CM_INQ TCP_INQ
#endif
#ifndef SO_ZEROCOPY
#define SO_ZEROCOPY 60
#endif
#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY 0x4000000
#endif
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define SHORT_MS	20000	/* for what must happen */
#define QUIET_MS	100	/* for what must not happen */
#define FULL_MS		400	/* longer than a window probe takes */

struct test *tests;
struct test **tests_end = &tests;
int test_failures;

/* Seconds a case may take */
static int limit = 60;

/* ---------------------------------------------------------------- helpers */

union addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

struct pair {
	int c;		/* active opener */
	int s;		/* passive opener */
	int l;
	union addr addr;
	socklen_t len;
};

static int plain_port(void)
{
	const char *p = getenv("PLAIN_PORT");

	return p ? atoi(p) : 9993;
}

static int new_socket(const struct variant *v)
{
	int fd = socket(v->family == 4 ? AF_INET : AF_INET6,
			SOCK_STREAM | SOCK_CLOEXEC, 0);

	ASSERT(fd >= 0);
	return fd;
}

static int new_listener(const struct variant *v, struct pair *p, int backlog)
{
	int on = 1, off = 0, fd = new_socket(v);
	int port = v->encrypted ? 0 : plain_port();

	memset(&p->addr, 0, sizeof(p->addr));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (v->family == 4) {
		p->addr.in.sin_family = AF_INET;
		p->addr.in.sin_port = htons(port);
		p->addr.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		p->len = sizeof(p->addr.in);
	} else {
		p->addr.in6.sin6_family = AF_INET6;
		p->addr.in6.sin6_port = htons(port);
		if (v->family == 6)
			p->addr.in6.sin6_addr = in6addr_loopback;
		else
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
		p->len = sizeof(p->addr.in6);
	}
	ASSERT_EQ(bind(fd, &p->addr.sa, p->len), 0);
	ASSERT_EQ(listen(fd, backlog), 0);
	ASSERT_EQ(getsockname(fd, &p->addr.sa, &p->len), 0);
	if (v->family == 46)
		ASSERT_EQ(inet_pton(AF_INET6, "::ffff:127.0.0.1",
				    &p->addr.in6.sin6_addr), 1);
	p->l = fd;
	return fd;
}

/* The session ID if there is one; ENOPROTOOPT for a plain socket */
static int session_id(int fd, uint8_t id[64])
{
	socklen_t len = 64;

	if (getsockopt(fd, IPPROTO_TCP, TCP_ENO_SESSID, id, &len))
		return -errno;
	return len;
}

static void check_mode(const struct variant *v, int fd)
{
	uint8_t id[64];
	int ret = session_id(fd, id);

	if (v->encrypted)
		ASSERT_EQ(ret, TCPCRYPT_SESSID_BYTES);
	else
		ASSERT_EQ(ret, -ENOPROTOOPT);
}

static void check_pair(const struct variant *v, struct pair *p)
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

struct prep {
	void (*listener)(int fd);
	void (*client)(int fd);
};

/* connect and accept in one thread: nothing but the kernel runs in between */
static void open_pair_prep(const struct variant *v, struct pair *p,
			   const struct prep *prep)
{
	new_listener(v, p, 8);
	if (prep && prep->listener)
		prep->listener(p->l);
	p->c = new_socket(v);
	if (prep && prep->client)
		prep->client(p->c);
	ASSERT_EQ(connect(p->c, &p->addr.sa, p->len), 0);
	p->s = accept(p->l, NULL, NULL);
	ASSERT(p->s >= 0);
	check_pair(v, p);
}

static void open_pair(const struct variant *v, struct pair *p)
{
	open_pair_prep(v, p, NULL);
}

static void close_pair(struct pair *p)
{
	close(p->c);
	close(p->s);
	close(p->l);
}

static void fill(void *buf, size_t len, uint64_t seed)
{
	struct stream s = { .seed = seed };

	stream_fill(&s, buf, len);
}

static bool same(const void *buf, size_t off, size_t len, uint64_t seed)
{
	struct stream s = { .seed = seed, .off = off };
	uint8_t *want = malloc(len + 1);
	bool ret;

	stream_fill(&s, want, len);
	ret = !memcmp(buf, want, len);
	free(want);
	return ret;
}

static ssize_t send_all(int fd, const void *buf, size_t len)
{
	size_t n = 0;
	ssize_t ret;

	while (n < len) {
		ret = send(fd, (const char *)buf + n, len - n, MSG_NOSIGNAL);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret < 0)
			return -1;
		n += ret;
	}
	return n;
}

static ssize_t recv_all(int fd, void *buf, size_t len)
{
	size_t n = 0;
	ssize_t ret;

	while (n < len) {
		ret = recv(fd, (char *)buf + n, len - n, 0);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret < 0)
			return -1;
		if (!ret)
			break;
		n += ret;
	}
	return n;
}

static int events(int fd, short want, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = want };

	if (poll(&pfd, 1, ms) < 0)
		return -1;
	return pfd.revents;
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int inq(int fd)
{
	int n = -1;

	return ioctl(fd, SIOCINQ, &n) ? -1 : n;
}

static int outq(int fd)
{
	int n = -1;

	return ioctl(fd, SIOCOUTQ, &n) ? -1 : n;
}

/* Until the receiver can read that much; ends with the value last seen */
static int wait_inq(int fd, int want)
{
	long end = now_ms() + SHORT_MS;

	while (inq(fd) != want && now_ms() < end)
		usleep(1000);
	return inq(fd);
}

static int wait_outq(int fd, int want)
{
	long end = now_ms() + SHORT_MS;

	while (outq(fd) != want && now_ms() < end)
		usleep(1000);
	return outq(fd);
}

static int so_error(int fd)
{
	socklen_t len = sizeof(int);
	int err = -1;

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	return err;
}

static void set_int(int fd, int level, int opt, int val)
{
	ASSERT_EQ(setsockopt(fd, level, opt, &val, sizeof(val)), 0);
}

static int get_int(int fd, int level, int opt)
{
	socklen_t len = sizeof(int);
	int val = -1;

	EXPECT_EQ(getsockopt(fd, level, opt, &val, &len), 0);
	return val;
}

static void nonblock(int fd)
{
	ASSERT_EQ(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), 0);
}

static void block(int fd)
{
	ASSERT_EQ(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK), 0);
}

/* A thread that runs one call */
struct job {
	pthread_t t;
	void (*fn)(struct job *j);
	int fd;
	size_t len;
	int flags;
	void *buf;
	ssize_t ret;
	int err;
};

static void *job_main(void *arg)
{
	struct job *j = arg;

	j->fn(j);
	return NULL;
}

static void job_start(struct job *j, void (*fn)(struct job *))
{
	j->fn = fn;
	ASSERT_EQ(pthread_create(&j->t, NULL, job_main, j), 0);
}

static void job_wait(struct job *j)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += limit / 2;
	ASSERT_EQ(pthread_timedjoin_np(j->t, NULL, &ts), 0);
}

static void job_recv(struct job *j)
{
	j->ret = recv(j->fd, j->buf, j->len, j->flags);
	j->err = errno;
}

static void job_send_all(struct job *j)
{
	j->ret = send_all(j->fd, j->buf, j->len);
	j->err = errno;
}

/*
 * Nothing more goes into the connection, and nothing moves in it any more:
 * ends with the bytes that went in.
 */
static size_t fill_up(int fd, uint64_t seed)
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
static void drain(int fd, size_t len, uint64_t seed)
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

/* --------------------------------------------------------- session, names */

TEST(session_id)
{
	uint8_t id[64], other[64];
	struct pair p, q;
	socklen_t len;
	int fd;

	open_pair(v, &p);
	fd = new_socket(v);
	EXPECT(session_id(fd, id) < 0, "an unconnected socket has a session");
	EXPECT(session_id(p.l, id) < 0, "a listener has a session");
	close(fd);
	if (v->encrypted) {
		ASSERT_EQ(session_id(p.c, id), TCPCRYPT_SESSID_BYTES);
		len = 10;
		EXPECT(getsockopt(p.c, IPPROTO_TCP, TCP_ENO_SESSID, other, &len) < 0 ||
		       len <= 10, "more bytes than the buffer holds");
		open_pair(v, &q);
		ASSERT_EQ(session_id(q.c, other), TCPCRYPT_SESSID_BYTES);
		EXPECT(memcmp(id, other, TCPCRYPT_SESSID_BYTES),
		       "two connections share a session ID");
		EXPECT_EQ(id[0] & 0x7f, other[0] & 0x7f);
		close_pair(&q);
	}
	close_pair(&p);
}

TEST(ulp_name)
{
	struct pair p;
	char name[32];
	socklen_t len;
	int i;

	open_pair(v, &p);
	for (i = 0; i < 2; i++) {
		memset(name, 0, sizeof(name));
		len = sizeof(name) - 1;
		EXPECT_EQ(getsockopt(i ? p.s : p.c, IPPROTO_TCP, TCP_ULP, name, &len), 0);
		if (v->encrypted)
			EXPECT(!strcmp(name, "tcpcrypt"), "is '%s'", name);
		else
			EXPECT_EQ(len, 0);
	}
	close_pair(&p);
}

TEST(second_ulp)
{
	struct pair p;
	char buf[4];

	open_pair(v, &p);
	if (v->encrypted) {
		EXPECT_ERR(setsockopt(p.c, IPPROTO_TCP, TCP_ULP, "tls", 4), EEXIST);
		EXPECT_ERR(setsockopt(p.s, IPPROTO_TCP, TCP_ULP, "tls", 4), EEXIST);
	} else {
		int ret = setsockopt(p.c, IPPROTO_TCP, TCP_ULP, "tls", 4);

		EXPECT(!ret || errno == ENOENT);
		ret = setsockopt(p.s, IPPROTO_TCP, TCP_ULP, "tls", 4);
		EXPECT(!ret || errno == ENOENT);
	}
	EXPECT_EQ(send(p.c, "abcd", 4, 0), 4);
	EXPECT_EQ(recv_all(p.s, buf, 4), 4);
	close_pair(&p);
}

TEST(names_and_info)
{
	union addr cl, cp, sl, sp;
	struct tcp_info ti;
	struct pair p;
	socklen_t len;

	open_pair(v, &p);
	len = sizeof(cl);
	EXPECT_EQ(getsockname(p.c, &cl.sa, &len), 0);
	len = sizeof(cp);
	EXPECT_EQ(getpeername(p.c, &cp.sa, &len), 0);
	len = sizeof(sl);
	EXPECT_EQ(getsockname(p.s, &sl.sa, &len), 0);
	len = sizeof(sp);
	EXPECT_EQ(getpeername(p.s, &sp.sa, &len), 0);
	EXPECT_EQ(len, p.len);
	EXPECT(!memcmp(&cp, &p.addr, p.len));
	EXPECT_EQ(cl.in.sin_port, sp.in.sin_port);
	EXPECT_EQ(sl.in.sin_port, cp.in.sin_port);
	EXPECT_EQ(sp.sa.sa_family, v->family == 4 ? AF_INET : AF_INET6);
	len = sizeof(ti);
	memset(&ti, 0, sizeof(ti));
	EXPECT_EQ(getsockopt(p.c, IPPROTO_TCP, TCP_INFO, &ti, &len), 0);
	EXPECT_EQ(ti.tcpi_state, TCP_ESTABLISHED);
	EXPECT(ti.tcpi_snd_mss > 500);
	EXPECT_EQ(get_int(p.c, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
	EXPECT_EQ(get_int(p.c, SOL_SOCKET, SO_ERROR), 0);
	EXPECT_EQ(get_int(p.s, SOL_SOCKET, SO_ACCEPTCONN), 0);
	EXPECT_EQ(get_int(p.l, SOL_SOCKET, SO_ACCEPTCONN), 1);
	close_pair(&p);
}

TEST(sockopts_survive)
{
	struct pair p;

	open_pair(v, &p);
	set_int(p.c, IPPROTO_TCP, TCP_NODELAY, 1);
	EXPECT_EQ(get_int(p.c, IPPROTO_TCP, TCP_NODELAY), 1);
	set_int(p.c, SOL_SOCKET, SO_KEEPALIVE, 1);
	EXPECT_EQ(get_int(p.c, SOL_SOCKET, SO_KEEPALIVE), 1);
	set_int(p.c, IPPROTO_TCP, TCP_KEEPIDLE, 77);
	EXPECT_EQ(get_int(p.c, IPPROTO_TCP, TCP_KEEPIDLE), 77);
	set_int(p.c, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000);
	EXPECT_EQ(get_int(p.c, IPPROTO_TCP, TCP_USER_TIMEOUT), 5000);
	set_int(p.c, SOL_SOCKET, SO_SNDBUF, 50000);
	EXPECT_EQ(get_int(p.c, SOL_SOCKET, SO_SNDBUF), 100000);
	set_int(p.c, SOL_SOCKET, SO_RCVBUF, 50000);
	EXPECT_EQ(get_int(p.c, SOL_SOCKET, SO_RCVBUF), 100000);
	if (v->family == 6)
		set_int(p.c, IPPROTO_IPV6, IPV6_TCLASS, 0x10);
	else if (v->family == 4)
		set_int(p.c, IPPROTO_IP, IP_TOS, 0x10);
	EXPECT_ERR(setsockopt(p.c, IPPROTO_TCP, 0x7fff, "abcd", 4), ENOPROTOOPT);
	close_pair(&p);
}

/* ----------------------------------------------------------- send and recv */

TEST(send_recv)
{
	char a[] = "from the client", b[] = "from the server", buf[64];
	struct pair p;

	open_pair(v, &p);
	EXPECT_EQ(send(p.c, a, sizeof(a), 0), sizeof(a));
	EXPECT_EQ(recv(p.s, buf, sizeof(buf), 0), sizeof(a));
	EXPECT(!memcmp(buf, a, sizeof(a)));
	EXPECT_EQ(write(p.s, b, sizeof(b)), sizeof(b));
	EXPECT_EQ(read(p.c, buf, sizeof(buf)), sizeof(b));
	EXPECT(!memcmp(buf, b, sizeof(b)));
	close_pair(&p);
}

TEST(empty_send)
{
	struct pair p;
	char buf[8];

	open_pair(v, &p);
	EXPECT_EQ(send(p.c, buf, 0, 0), 0);
	EXPECT_ERR(recv(p.s, buf, 8, MSG_DONTWAIT), EAGAIN);
	EXPECT_EQ(recv(p.s, buf, 0, MSG_DONTWAIT) <= 0, 1);
	EXPECT_EQ(send(p.c, "x", 1, 0), 1);
	EXPECT_EQ(recv(p.s, buf, 8, 0), 1);
	close_pair(&p);
}

TEST(short_reads)
{
	char out[5000], in[5000];
	struct pair p;
	size_t n = 0;
	ssize_t ret;

	open_pair(v, &p);
	fill(out, sizeof(out), 1);
	EXPECT_EQ(send_all(p.c, out, sizeof(out)), sizeof(out));
	while (n < sizeof(in)) {
		size_t want = 1 + n % 97;

		if (want > sizeof(in) - n)
			want = sizeof(in) - n;
		ret = recv(p.s, in + n, want, 0);
		ASSERT(ret > 0 && ret <= (ssize_t)want);
		n += ret;
	}
	EXPECT(!memcmp(in, out, sizeof(in)));
	EXPECT_ERR(recv(p.s, in, 1, MSG_DONTWAIT), EAGAIN);
	close_pair(&p);
}

TEST(many_small_writes)
{
	struct job j = { .len = 4000 };
	struct pair p;
	char b;
	int i;

	open_pair(v, &p);
	j.fd = p.s;
	j.buf = malloc(j.len);
	j.flags = MSG_WAITALL;
	job_start(&j, job_recv);
	for (i = 0; i < 4000; i++) {
		struct stream s = { .seed = 2, .off = i };

		stream_fill(&s, &b, 1);
		ASSERT_EQ(send(p.c, &b, 1, MSG_NOSIGNAL), 1);
	}
	job_wait(&j);
	EXPECT_EQ(j.ret, 4000);
	EXPECT(same(j.buf, 0, 4000, 2));
	close_pair(&p);
}

static void transfer(struct pair *p, size_t len, uint64_t seed)
{
	struct job j = { .fd = p->c, .len = len };

	j.buf = malloc(len);
	fill(j.buf, len, seed);
	job_start(&j, job_send_all);
	drain(p->s, len, seed);
	job_wait(&j);
	EXPECT_EQ(j.ret, len);
	free(j.buf);
}

TEST(big_write)
{
	struct pair p;

	open_pair(v, &p);
	transfer(&p, 4 << 20, 3);
	close_pair(&p);
}

static void small_buffers(int fd)
{
	set_int(fd, SOL_SOCKET, SO_RCVBUF, 8192);
	set_int(fd, SOL_SOCKET, SO_SNDBUF, 8192);
}

static void tiny_rcvbuf(int fd)
{
	set_int(fd, SOL_SOCKET, SO_RCVBUF, 2304);
}

TEST(backpressure)
{
	struct prep prep = { small_buffers, small_buffers };
	struct pair p;

	open_pair_prep(v, &p, &prep);
	transfer(&p, 1 << 20, 4);
	close_pair(&p);
}

/* One write becomes one large frame; the receiver's buffer holds none. */
TEST(frame_larger_than_rcvbuf)
{
	struct prep prep = { tiny_rcvbuf, tiny_rcvbuf };
	struct pair p;

	open_pair_prep(v, &p, &prep);
	transfer(&p, 150000, 5);
	close_pair(&p);
}

TEST(tiny_rcvbuf_after_connect)
{
	struct pair p;

	open_pair(v, &p);
	tiny_rcvbuf(p.s);
	transfer(&p, 60000, 6);
	close_pair(&p);
}

TEST(sender_blocks_until_read)
{
	struct prep prep = { small_buffers, small_buffers };
	struct job j = { .len = 1 << 20 };
	struct pair p;

	open_pair_prep(v, &p, &prep);
	j.fd = p.c;
	j.buf = malloc(j.len);
	fill(j.buf, j.len, 7);
	j.ret = -2;
	job_start(&j, job_send_all);
	usleep(QUIET_MS * 1000);
	EXPECT_EQ(__atomic_load_n(&j.ret, __ATOMIC_RELAXED), -2);
	drain(p.s, j.len, 7);
	job_wait(&j);
	EXPECT_EQ(j.ret, j.len);
	close_pair(&p);
}

/* What a peer does not read stays bounded by the socket buffers. */
TEST(memory_is_bounded)
{
	struct prep prep = { small_buffers, small_buffers };
	struct pair p;
	size_t n;

	open_pair_prep(v, &p, &prep);
	n = fill_up(p.c, 8);
	EXPECT(n > 0 && n < 512 * 1024, "%zu bytes went into 16 KiB of buffer", n);
	EXPECT_ERR(send(p.c, "x", 1, MSG_DONTWAIT), EAGAIN);
	EXPECT_EQ(events(p.c, POLLOUT, 0), 0);
	drain(p.s, n, 8);
	EXPECT_EQ(events(p.c, POLLOUT, SHORT_MS), POLLOUT);
	close_pair(&p);
}

TEST(both_directions_full)
{
	struct prep prep = { small_buffers, small_buffers };
	struct pair p;
	size_t a, b;

	open_pair_prep(v, &p, &prep);
	a = fill_up(p.c, 9);
	b = fill_up(p.s, 10);
	drain(p.s, a, 9);
	drain(p.c, b, 10);
	EXPECT_EQ(send(p.c, "x", 1, 0), 1);
	EXPECT_EQ(events(p.s, POLLIN, SHORT_MS), POLLIN);
	close_pair(&p);
}

TEST(iovecs)
{
	char out[3000], in[3000], z[1];
	struct iovec iov[8];
	struct pair p;
	int i, off = 0;

	open_pair(v, &p);
	fill(out, sizeof(out), 11);
	for (i = 0; i < 8; i++) {
		int len = i == 3 ? 0 : i == 7 ? 3000 - off : 1 + i * 100;

		iov[i].iov_base = out + off;
		iov[i].iov_len = len;
		off += len;
	}
	EXPECT_EQ(writev(p.c, iov, 8), 3000);
	EXPECT_EQ(wait_inq(p.s, 3000), 3000);
	for (i = 0, off = 0; i < 8; i++) {
		int len = i == 2 ? 0 : i == 7 ? 3000 - off : 1 + (7 - i) * 90;

		iov[i].iov_base = i == 2 ? z : in + off;
		iov[i].iov_len = len;
		off += len;
	}
	EXPECT_EQ(readv(p.s, iov, 8), 3000);
	EXPECT(!memcmp(in, out, 3000));
	close_pair(&p);
}

TEST(recvmmsg)
{
	char out[4000], in[4][1000];
	struct mmsghdr mm[4];
	struct iovec iov[4];
	struct pair p;
	int i;

	open_pair(v, &p);
	fill(out, sizeof(out), 12);
	for (i = 0; i < 4; i++) {
		iov[i].iov_base = out + i * 1000;
		iov[i].iov_len = 1000;
		memset(&mm[i], 0, sizeof(mm[i]));
		mm[i].msg_hdr.msg_iov = &iov[i];
		mm[i].msg_hdr.msg_iovlen = 1;
	}
	EXPECT_EQ(sendmmsg(p.c, mm, 4, 0), 4);
	EXPECT_EQ(wait_inq(p.s, 4000), 4000);
	for (i = 0; i < 4; i++)
		iov[i].iov_base = in[i];
	EXPECT_EQ(recvmmsg(p.s, mm, 4, 0, NULL), 4);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(mm[i].msg_len, 1000);
	EXPECT(!memcmp(in, out, 4000));
	close_pair(&p);
}

TEST(recvmsg_name_and_flags)
{
	char buf[16];
	struct iovec iov = { buf, sizeof(buf) };
	union addr name;
	struct msghdr mh = {
		.msg_name = &name, .msg_namelen = sizeof(name),
		.msg_iov = &iov, .msg_iovlen = 1,
	};
	struct pair p;

	open_pair(v, &p);
	EXPECT_EQ(send(p.c, "abc", 3, 0), 3);
	EXPECT_EQ(recvmsg(p.s, &mh, 0), 3);
	EXPECT_EQ(mh.msg_namelen, 0);
	EXPECT_EQ(mh.msg_flags & ~MSG_EOR, 0);
	/* An address is ignored on a connected TCP socket. */
	EXPECT_EQ(sendto(p.c, "def", 3, 0, &p.addr.sa, p.len), 3);
	EXPECT_EQ(recv_all(p.s, buf, 3), 3);
	close_pair(&p);
}

TEST(bad_addresses)
{
	char ok[4096];
	struct iovec iov[2];
	struct pair p;
	ssize_t ret;

	open_pair(v, &p);
	EXPECT_ERR(send(p.c, (void *)1, 100, 0), EFAULT);
	fill(ok, sizeof(ok), 13);
	EXPECT_EQ(send(p.c, ok, 100, 0), 100);
	EXPECT_EQ(wait_inq(p.s, 100), 100);
	EXPECT_ERR(recv(p.s, (void *)1, 100, 0), EFAULT);
	/* The bytes are still there. */
	EXPECT_EQ(recv(p.s, ok, sizeof(ok), 0), 100);
	EXPECT(same(ok, 0, 100, 13));
	iov[0].iov_base = ok;
	iov[0].iov_len = 50;
	iov[1].iov_base = (void *)1;
	iov[1].iov_len = 50;
	ret = writev(p.c, iov, 2);
	EXPECT(ret == 50 || (ret == -1 && errno == EFAULT), "writev returned %zd", ret);
	ret = ret == 50 ? 50 : 0;
	EXPECT_EQ(send(p.c, "tail", 4, 0), 4);
	EXPECT_EQ(recv_all(p.s, ok, ret + 4), ret + 4);
	EXPECT(!memcmp(ok + ret, "tail", 4));
	close_pair(&p);
}

TEST(peek)
{
	char out[300], in[300];
	struct pair p;
	int i;

	open_pair(v, &p);
	fill(out, sizeof(out), 14);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(send(p.c, out + i * 100, 100, 0), 100);
	EXPECT_EQ(wait_inq(p.s, 300), 300);
	for (i = 0; i < 3; i++) {
		memset(in, 0, sizeof(in));
		EXPECT_EQ(recv(p.s, in, 300, MSG_PEEK), 300);
		EXPECT(!memcmp(in, out, 300));
		EXPECT_EQ(inq(p.s), 300);
	}
	EXPECT_EQ(recv(p.s, in, 10, MSG_PEEK), 10);
	EXPECT_EQ(recv(p.s, in, 150, 0), 150);
	EXPECT_EQ(recv(p.s, in + 150, 300, MSG_PEEK), 150);
	EXPECT(!memcmp(in, out, 300));
	EXPECT_EQ(recv(p.s, in + 150, 300, 0), 150);
	EXPECT(!memcmp(in, out, 300));
	EXPECT_ERR(recv(p.s, in, 1, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
	close_pair(&p);
}

TEST(peek_waitall_blocks_until_more)
{
	char in[64] = { 0 };
	struct job j = { .buf = in, .len = 20, .flags = MSG_PEEK | MSG_WAITALL };
	struct pair p;

	open_pair(v, &p);
	EXPECT_EQ(send(p.c, "0123456789", 10, 0), 10);
	j.fd = p.s;
	j.ret = -2;
	job_start(&j, job_recv);
	usleep(QUIET_MS * 1000);
	EXPECT_EQ(send(p.c, "0123456789", 10, 0), 10);
	job_wait(&j);
	EXPECT_EQ(j.ret, 20);
	EXPECT_EQ(recv_all(p.s, in, 20), 20);
	EXPECT(!memcmp(in, "01234567890123456789", 20));
	close_pair(&p);
}

TEST(peek_waitall_times_out)
{
	struct timeval tv = { .tv_usec = 200000 };
	struct pair p;
	char in[32];
	long t;

	open_pair(v, &p);
	EXPECT_EQ(send(p.c, "0123456789", 10, 0), 10);
	EXPECT_EQ(wait_inq(p.s, 10), 10);
	ASSERT_EQ(setsockopt(p.s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	t = now_ms();
	EXPECT_EQ(recv(p.s, in, 20, MSG_PEEK | MSG_WAITALL), 10);
	EXPECT(now_ms() - t >= 150, "only %ld ms", now_ms() - t);
	EXPECT_EQ(recv(p.s, in, 20, MSG_DONTWAIT), 10);
	close_pair(&p);
}

/* However much a reader wants to peek at, buffers bound what it gets. */
TEST(peek_is_bounded)
{
	struct prep prep = { small_buffers, small_buffers };
	struct timeval tv = { .tv_usec = 300000 };
	struct job j = { .len = 1 << 20, .ret = -2 };
	struct pair p;
	ssize_t n;
	char *in;

	open_pair_prep(v, &p, &prep);
	j.fd = p.c;
	j.buf = malloc(j.len);
	in = malloc(j.len);
	fill(j.buf, j.len, 20);
	job_start(&j, job_send_all);
	ASSERT_EQ(setsockopt(p.s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	n = recv(p.s, in, j.len, MSG_PEEK | MSG_WAITALL);
	EXPECT(n > 0 && n < 256 * 1024, "%zd bytes", n);
	EXPECT(n < 0 || same(in, 0, n, 20));
	memset(&tv, 0, sizeof(tv));
	ASSERT_EQ(setsockopt(p.s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	drain(p.s, j.len, 20);
	job_wait(&j);
	EXPECT_EQ(j.ret, j.len);
	free(j.buf);
	free(in);
	close_pair(&p);
}

TEST(peek_at_end)
{
	struct pair p;
	char in[8];

	open_pair(v, &p);
	EXPECT_EQ(send(p.c, "ab", 2, 0), 2);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_EQ(wait_inq(p.s, 2), 2);
	EXPECT_EQ(recv(p.s, in, 8, MSG_PEEK), 2);
	EXPECT_EQ(recv(p.s, in, 8, 0), 2);
	EXPECT_EQ(recv(p.s, in, 8, MSG_PEEK), 0);
	EXPECT_EQ(recv(p.s, in, 8, 0), 0);
	close_pair(&p);
}

TEST(waitall)
{
	char in[100] = { 0 };
	struct job j = { .buf = in, .len = 30, .flags = MSG_WAITALL };
	struct pair p;
	int i;

	open_pair(v, &p);
	j.fd = p.s;
	job_start(&j, job_recv);
	for (i = 0; i < 3; i++) {
		usleep(20000);
		EXPECT_EQ(send(p.c, "0123456789", 10, 0), 10);
	}
	job_wait(&j);
	EXPECT_EQ(j.ret, 30);
	/* The end of the stream ends the wait. */
	EXPECT_EQ(send(p.c, "abc", 3, 0), 3);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_EQ(recv(p.s, in, 30, MSG_WAITALL), 3);
	EXPECT_EQ(recv(p.s, in, 30, MSG_WAITALL), 0);
	close_pair(&p);
}

TEST(trunc)
{
	char out[100], in[100];
	struct pair p;

	open_pair(v, &p);
	fill(out, sizeof(out), 15);
	EXPECT_EQ(send(p.c, out, 60, 0), 60);
	EXPECT_EQ(send(p.c, out + 60, 40, 0), 40);
	EXPECT_EQ(wait_inq(p.s, 100), 100);
	memset(in, 0x55, sizeof(in));
	/* TCP drops the bytes and touches no memory. */
	EXPECT_EQ(recv(p.s, in, 70, MSG_TRUNC), 70);
	EXPECT_EQ(in[0], 0x55);
	EXPECT_EQ(in[69], 0x55);
	EXPECT_EQ(recv(p.s, in, 100, 0), 30);
	EXPECT(!memcmp(in, out + 70, 30));
	close_pair(&p);
}

TEST(msg_more)
{
	char in[16];
	struct pair p;

	open_pair(v, &p);
	EXPECT_EQ(send(p.c, "abc", 3, MSG_MORE), 3);
	EXPECT_EQ(send(p.c, "def", 3, MSG_MORE), 3);
	EXPECT_EQ(send(p.c, "ghi", 3, 0), 3);
	EXPECT_EQ(recv(p.s, in, 9, MSG_WAITALL), 9);
	EXPECT(!memcmp(in, "abcdefghi", 9));
	/* Held back, but not for ever, and closed with. */
	EXPECT_EQ(send(p.c, "jkl", 3, MSG_MORE), 3);
	EXPECT_EQ(recv(p.s, in, 3, MSG_WAITALL), 3);
	EXPECT_EQ(send(p.c, "mno", 3, MSG_MORE), 3);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_EQ(recv(p.s, in, 16, MSG_WAITALL), 3);
	EXPECT_EQ(recv(p.s, in, 16, 0), 0);
	close_pair(&p);
}

TEST(cork)
{
	char in[16];
	struct pair p;

	open_pair(v, &p);
	set_int(p.c, IPPROTO_TCP, TCP_CORK, 1);
	EXPECT_EQ(send(p.c, "abc", 3, 0), 3);
	EXPECT_EQ(send(p.c, "def", 3, 0), 3);
	set_int(p.c, IPPROTO_TCP, TCP_CORK, 0);
	EXPECT_EQ(recv(p.s, in, 6, MSG_WAITALL), 6);
	EXPECT(!memcmp(in, "abcdef", 6));
	set_int(p.c, IPPROTO_TCP, TCP_CORK, 1);
	EXPECT_EQ(send(p.c, "ghi", 3, 0), 3);
	EXPECT_EQ(close(p.c), 0);
	EXPECT_EQ(recv(p.s, in, 3, MSG_WAITALL), 3);
	EXPECT_EQ(recv(p.s, in, 3, 0), 0);
	close(p.s);
	close(p.l);
}

TEST(dontwait)
{
	struct pair p;
	char in[8];
	long t;

	open_pair(v, &p);
	t = now_ms();
	EXPECT_ERR(recv(p.s, in, 8, MSG_DONTWAIT), EAGAIN);
	nonblock(p.s);
	EXPECT_ERR(recv(p.s, in, 8, 0), EAGAIN);
	EXPECT_ERR(recv(p.s, in, 8, MSG_WAITALL), EAGAIN);
	EXPECT(now_ms() - t < 10000);
	EXPECT_EQ(send(p.c, "abc", 3, MSG_DONTWAIT), 3);
	EXPECT_EQ(events(p.s, POLLIN, SHORT_MS), POLLIN);
	EXPECT_EQ(recv(p.s, in, 8, MSG_WAITALL), 3);
	close_pair(&p);
}

TEST(timeouts)
{
	struct prep prep = { small_buffers, small_buffers };
	struct timeval tv = { .tv_usec = 200000 };
	struct pair p;
	char buf[8];
	long t;

	open_pair_prep(v, &p, &prep);
	ASSERT_EQ(setsockopt(p.s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	ASSERT_EQ(setsockopt(p.c, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)), 0);
	t = now_ms();
	EXPECT_ERR(recv(p.s, buf, 8, 0), EAGAIN);
	EXPECT(now_ms() - t >= 150, "only %ld ms", now_ms() - t);
	EXPECT(now_ms() - t < 15000, "%ld ms", now_ms() - t);
	fill_up(p.c, 16);
	t = now_ms();
	EXPECT_ERR(send(p.c, buf, 8, 0), EAGAIN);
	EXPECT(now_ms() - t >= 150, "only %ld ms", now_ms() - t);
	EXPECT(now_ms() - t < 15000, "%ld ms", now_ms() - t);
	close_pair(&p);
}

/* ------------------------------------------------------------ poll, epoll */

TEST(poll_events)
{
	struct pair p;
	char in[8];

	open_pair(v, &p);
	EXPECT_EQ(events(p.s, POLLIN | POLLRDHUP, 0), 0);
	EXPECT_EQ(events(p.s, POLLIN | POLLOUT, SHORT_MS), POLLOUT);
	EXPECT_EQ(send(p.c, "ab", 2, 0), 2);
	EXPECT_EQ(events(p.s, POLLIN | POLLRDHUP, SHORT_MS), POLLIN);
	EXPECT_EQ(recv(p.s, in, 1, 0), 1);
	EXPECT_EQ(events(p.s, POLLIN, 0), POLLIN);
	EXPECT_EQ(recv(p.s, in, 1, 0), 1);
	EXPECT_EQ(events(p.s, POLLIN, 0), 0);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_EQ(events(p.s, POLLRDHUP, SHORT_MS), POLLRDHUP);
	EXPECT_EQ(events(p.s, POLLIN | POLLRDHUP, 0), POLLIN | POLLRDHUP);
	EXPECT_EQ(recv(p.s, in, 1, 0), 0);
	EXPECT_EQ(shutdown(p.s, SHUT_WR), 0);
	EXPECT_EQ(events(p.s, POLLIN | POLLRDHUP, SHORT_MS),
		  POLLIN | POLLRDHUP | POLLHUP);
	close_pair(&p);
}

TEST(select)
{
	struct timeval tv = { .tv_sec = 5 }, zero = { 0 };
	struct pair p;
	fd_set r, w;

	open_pair(v, &p);
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_SET(p.s, &r);
	FD_SET(p.s, &w);
	EXPECT_EQ(select(p.s + 1, &r, &w, NULL, &zero), 1);
	EXPECT(!FD_ISSET(p.s, &r) && FD_ISSET(p.s, &w));
	EXPECT_EQ(send(p.c, "a", 1, 0), 1);
	FD_SET(p.s, &r);
	EXPECT_EQ(select(p.s + 1, &r, NULL, NULL, &tv), 1);
	close_pair(&p);
}

TEST(epoll_level)
{
	struct epoll_event ev = { .events = EPOLLIN }, got;
	struct pair p;
	char in[8];
	int ep;

	open_pair(v, &p);
	ep = epoll_create1(0);
	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, p.s, &ev), 0);
	EXPECT_EQ(epoll_wait(ep, &got, 1, 0), 0);
	EXPECT_EQ(send(p.c, "ab", 2, 0), 2);
	EXPECT_EQ(epoll_wait(ep, &got, 1, SHORT_MS), 1);
	EXPECT_EQ(epoll_wait(ep, &got, 1, 0), 1);
	EXPECT_EQ(recv(p.s, in, 1, 0), 1);
	EXPECT_EQ(epoll_wait(ep, &got, 1, 0), 1);
	EXPECT_EQ(recv(p.s, in, 1, 0), 1);
	EXPECT_EQ(epoll_wait(ep, &got, 1, 0), 0);
	close(ep);
	close_pair(&p);
}

TEST(epoll_edge_in)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET }, got;
	struct pair p;
	char in[64];
	int ep, i;

	open_pair(v, &p);
	ep = epoll_create1(0);
	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, p.s, &ev), 0);
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(epoll_wait(ep, &got, 1, i ? 0 : QUIET_MS), 0);
		EXPECT_EQ(send(p.c, "abcd", 4, 0), 4);
		/* Each arrival is an edge, even with data unread. */
		EXPECT_EQ(epoll_wait(ep, &got, 1, SHORT_MS), 1);
		EXPECT_EQ(got.events, EPOLLIN);
		EXPECT_EQ(recv(p.s, in, i % 2 ? 2 : 4, MSG_DONTWAIT), i % 2 ? 2 : 4);
		while (epoll_wait(ep, &got, 1, 20) == 1)
			;
	}
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_EQ(epoll_wait(ep, &got, 1, SHORT_MS), 1);
	EXPECT_EQ(got.events, EPOLLIN | EPOLLRDHUP);
	EXPECT_EQ(recv_all(p.s, in, 64), 4);
	close(ep);
	close_pair(&p);
}

/* An edge that comes with a large write must not be lost in its middle. */
TEST(epoll_edge_stream)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET }, got;
	struct job j = { .len = 3 << 20 };
	struct stream s = { .seed = 17 };
	char buf[20000], want[20000];
	struct pair p;
	ssize_t ret;
	int ep;

	open_pair(v, &p);
	ep = epoll_create1(0);
	nonblock(p.s);
	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, p.s, &ev), 0);
	j.fd = p.c;
	j.buf = malloc(j.len);
	fill(j.buf, j.len, 17);
	job_start(&j, job_send_all);
	while (s.off < j.len) {
		ASSERT(epoll_wait(ep, &got, 1, SHORT_MS) == 1, "at %llu",
		       (unsigned long long)s.off);
		while ((ret = recv(p.s, buf, sizeof(buf), 0)) > 0) {
			stream_fill(&s, want, ret);
			ASSERT(!memcmp(buf, want, ret));
			s.off += ret;
		}
		ASSERT(ret < 0 && errno == EAGAIN);
	}
	job_wait(&j);
	close(ep);
	close_pair(&p);
}

/* As nginx does: read what SIOCINQ promised, then wait for an edge */
TEST(epoll_edge_inq)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET }, got;
	struct job j = { .len = 1 << 20, .ret = -2 };
	struct stream s = { .seed = 19 };
	char buf[4096], want[4096];
	struct pair p;
	int ep, n;

	open_pair(v, &p);
	set_int(p.s, SOL_SOCKET, SO_RCVBUF, 32768);
	ep = epoll_create1(0);
	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, p.s, &ev), 0);
	j.fd = p.c;
	j.buf = malloc(j.len);
	fill(j.buf, j.len, 19);
	job_start(&j, job_send_all);
	while (s.off < j.len) {
		ASSERT(epoll_wait(ep, &got, 1, SHORT_MS) == 1,
		       "no edge at %llu", (unsigned long long)s.off);
		/* let the queues fill up behind what the event tells of */
		usleep(1000);
		for (n = inq(p.s); n > 0; ) {
			ssize_t ret = recv(p.s, buf, n < 4096 ? n : 4096,
					   MSG_DONTWAIT);

			ASSERT(ret > 0);
			stream_fill(&s, want, ret);
			ASSERT(!memcmp(buf, want, ret));
			s.off += ret;
			n -= ret;
		}
	}
	job_wait(&j);
	EXPECT_EQ(j.ret, j.len);
	free(j.buf);
	close(ep);
	close_pair(&p);
}

TEST(epoll_edge_out)
{
	struct epoll_event ev = { .events = EPOLLOUT | EPOLLET }, got;
	struct prep prep = { small_buffers, small_buffers };
	struct pair p;
	size_t n, total = 0;
	int ep, i;

	open_pair_prep(v, &p, &prep);
	ep = epoll_create1(0);
	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, p.c, &ev), 0);
	EXPECT_EQ(epoll_wait(ep, &got, 1, SHORT_MS), 1);
	for (i = 0; i < 4; i++) {
		char buf[4096];

		n = fill_up(p.c, 18);
		EXPECT_EQ(events(p.c, POLLOUT, 0), 0);
		while (epoll_wait(ep, &got, 1, 20) == 1)
			;
		total += n;
		while (n) {
			ssize_t ret = recv(p.s, buf, n < 4096 ? n : 4096, 0);

			ASSERT(ret > 0);
			n -= ret;
		}
		ASSERT_EQ(epoll_wait(ep, &got, 1, SHORT_MS), 1);
		EXPECT(got.events & EPOLLOUT);
	}
	EXPECT(total > 0);
	close(ep);
	close_pair(&p);
}

TEST(epoll_hup_and_err)
{
	struct linger lg = { 1, 0 };
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET }, got;
	struct pair p;
	int ep;

	open_pair(v, &p);
	ep = epoll_create1(0);
	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, p.s, &ev), 0);
	ASSERT_EQ(setsockopt(p.c, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)), 0);
	close(p.c);
	EXPECT_EQ(epoll_wait(ep, &got, 1, SHORT_MS), 1);
	EXPECT_EQ(got.events, EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP);
	EXPECT_EQ(so_error(p.s), ECONNRESET);
	EXPECT_EQ(so_error(p.s), 0);
	close(p.s);
	close(p.l);
	close(ep);
}

TEST(epoll_oneshot)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLONESHOT }, got;
	struct pair p;
	int ep;

	open_pair(v, &p);
	ep = epoll_create1(0);
	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, p.s, &ev), 0);
	EXPECT_EQ(send(p.c, "a", 1, 0), 1);
	EXPECT_EQ(epoll_wait(ep, &got, 1, SHORT_MS), 1);
	EXPECT_EQ(epoll_wait(ep, &got, 1, 0), 0);
	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_MOD, p.s, &ev), 0);
	EXPECT_EQ(epoll_wait(ep, &got, 1, SHORT_MS), 1);
	close(ep);
	close_pair(&p);
}

TEST(rcvlowat_poll)
{
	struct pair p;
	char in[200];

	open_pair(v, &p);
	set_int(p.s, SOL_SOCKET, SO_RCVLOWAT, 100);
	EXPECT_EQ(send(p.c, in, 40, 0), 40);
	EXPECT_EQ(send(p.c, in, 40, 0), 40);
	EXPECT_EQ(wait_inq(p.s, 80), 80);
	EXPECT_EQ(events(p.s, POLLIN, QUIET_MS), 0);
	EXPECT_EQ(send(p.c, in, 40, 0), 40);
	EXPECT_EQ(events(p.s, POLLIN, SHORT_MS), POLLIN);
	/* A nonblocking read takes what there is. */
	EXPECT_EQ(recv(p.s, in, 50, MSG_DONTWAIT), 50);
	EXPECT_EQ(events(p.s, POLLIN, 0), 0);
	set_int(p.s, SOL_SOCKET, SO_RCVLOWAT, 1);
	EXPECT_EQ(events(p.s, POLLIN, SHORT_MS), POLLIN);
	/* The end of the stream wakes whatever the mark. */
	set_int(p.s, SOL_SOCKET, SO_RCVLOWAT, 5000);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_EQ(events(p.s, POLLIN, SHORT_MS), POLLIN);
	close_pair(&p);
}

TEST(rcvlowat_recv)
{
	char in[200];
	struct job j = { .buf = in, .len = 200 };
	struct pair p;

	open_pair(v, &p);
	set_int(p.s, SOL_SOCKET, SO_RCVLOWAT, 60);
	j.fd = p.s;
	job_start(&j, job_recv);
	EXPECT_EQ(send(p.c, in, 40, 0), 40);
	usleep(QUIET_MS * 1000);
	/* TCP wakes a reader only for as many new bytes as the mark says. */
	EXPECT_EQ(send(p.c, in, 80, 0), 80);
	job_wait(&j);
	EXPECT_EQ(j.ret, 120);
	close_pair(&p);
}

TEST(rcvlowat_getsockopt)
{
	struct pair p;

	open_pair(v, &p);
	EXPECT_EQ(get_int(p.c, SOL_SOCKET, SO_RCVLOWAT), 1);
	set_int(p.c, SOL_SOCKET, SO_RCVLOWAT, 100);
	/* TCP's own mark is 1 while the socket is encrypted (design.rst) */
	EXPECT_EQ(get_int(p.c, SOL_SOCKET, SO_RCVLOWAT), v->encrypted ? 1 : 100);
	close_pair(&p);
}

/* A mark larger than a frame and than the first receive buffer */
TEST(rcvlowat_large)
{
	struct job j = { .len = 300000 };
	struct pair p;

	open_pair(v, &p);
	set_int(p.s, SOL_SOCKET, SO_RCVLOWAT, 200000);
	j.fd = p.c;
	j.buf = malloc(j.len);
	fill(j.buf, j.len, 19);
	job_start(&j, job_send_all);
	EXPECT_EQ(events(p.s, POLLIN, SHORT_MS), POLLIN);
	EXPECT(inq(p.s) >= 200000, "%d bytes", inq(p.s));
	set_int(p.s, SOL_SOCKET, SO_RCVLOWAT, 1);
	drain(p.s, j.len, 19);
	job_wait(&j);
	close_pair(&p);
}

TEST(peek_with_rcvlowat)
{
	struct pair p;
	char in[100];

	open_pair(v, &p);
	set_int(p.s, SOL_SOCKET, SO_RCVLOWAT, 50);
	EXPECT_EQ(send(p.c, in, 30, 0), 30);
	EXPECT_EQ(send(p.c, in, 30, 0), 30);
	EXPECT_EQ(recv(p.s, in, 100, MSG_PEEK), 60);
	EXPECT_EQ(events(p.s, POLLIN, SHORT_MS), POLLIN);
	EXPECT_EQ(recv(p.s, in, 100, 0), 60);
	close_pair(&p);
}

/* --------------------------------------------------------- queue sizes */

TEST(inq_outq)
{
	char buf[1000];
	struct pair p;
	int n = -1;

	open_pair(v, &p);
	EXPECT_EQ(inq(p.s), 0);
	EXPECT_EQ(wait_outq(p.c, 0), 0);
	EXPECT_EQ(send(p.c, buf, 1000, 0), 1000);
	EXPECT_EQ(wait_inq(p.s, 1000), 1000);
	EXPECT_EQ(ioctl(p.s, FIONREAD, &n), 0);
	EXPECT_EQ(n, 1000);
	EXPECT_EQ(wait_outq(p.c, 0), 0);
	EXPECT_EQ(recv(p.s, buf, 300, 0), 300);
	EXPECT_EQ(inq(p.s), 700);
	EXPECT_EQ(recv(p.s, buf, 700, 0), 700);
	EXPECT_EQ(inq(p.s), 0);
	/* The peer's end counts for nothing once the data is read. */
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_EQ(events(p.s, POLLRDHUP, SHORT_MS), POLLRDHUP);
	EXPECT_EQ(inq(p.s), 0);
	close_pair(&p);
}

TEST(outq_full)
{
	struct prep prep = { small_buffers, small_buffers };
	struct pair p;
	size_t n;

	open_pair_prep(v, &p, &prep);
	n = fill_up(p.c, 20);
	EXPECT(outq(p.c) > 0 && outq(p.c) <= (int)n, "%d of %zu", outq(p.c), n);
	drain(p.s, n, 20);
	EXPECT_EQ(wait_outq(p.c, 0), 0);
	close_pair(&p);
}

TEST(inq_cmsg)
{
	char buf[100], ctl[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { buf, 30 };
	struct msghdr mh = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl, .msg_controllen = sizeof(ctl),
	};
	struct cmsghdr *cm;
	struct pair p;
	int n;

	open_pair(v, &p);
	set_int(p.s, IPPROTO_TCP, TCP_INQ, 1);
	EXPECT_EQ(send(p.c, buf, 100, 0), 100);
	EXPECT_EQ(wait_inq(p.s, 100), 100);
	EXPECT_EQ(recvmsg(p.s, &mh, 0), 30);
	cm = CMSG_FIRSTHDR(&mh);
	ASSERT(cm && cm->cmsg_level == SOL_TCP && cm->cmsg_type == TCP_CM_INQ);
	memcpy(&n, CMSG_DATA(cm), sizeof(n));
	EXPECT_EQ(n, 70);
	close_pair(&p);
}

/* ------------------------------------------------------ shutdown and close */

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

/* ------------------------------------------------------------ the handshake */

TEST(connect_send_accept)
{
	struct pair p;
	char in[8];

	new_listener(v, &p, 8);
	p.c = new_socket(v);
	ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
	EXPECT_EQ(send(p.c, "early", 5, 0), 5);
	EXPECT_EQ(events(p.l, POLLIN, SHORT_MS), POLLIN);
	p.s = accept(p.l, NULL, NULL);
	ASSERT(p.s >= 0);
	EXPECT_EQ(recv_all(p.s, in, 5), 5);
	EXPECT(!memcmp(in, "early", 5));
	check_pair(v, &p);
	close_pair(&p);
}

TEST(much_data_before_accept)
{
	struct stream s = { .seed = 25 };
	struct pair p;
	char buf[8192];
	ssize_t ret;

	new_listener(v, &p, 8);
	p.c = new_socket(v);
	ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
	check_mode(v, p.c);
	while (s.off < 256 * 1024) {
		stream_fill(&s, buf, sizeof(buf));
		ret = send(p.c, buf, sizeof(buf), MSG_DONTWAIT);
		if (ret < 0)
			break;
		s.off += ret;
	}
	EXPECT(s.off >= 8192, "only %llu bytes fit", (unsigned long long)s.off);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	p.s = accept(p.l, NULL, NULL);
	ASSERT(p.s >= 0);
	drain(p.s, s.off, 25);
	EXPECT_EQ(recv(p.s, buf, 1, 0), 0);
	close_pair(&p);
}

TEST(close_before_accept)
{
	struct pair p;
	char in[8];

	new_listener(v, &p, 8);
	p.c = new_socket(v);
	ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
	EXPECT_EQ(send(p.c, "bye", 3, 0), 3);
	EXPECT_EQ(close(p.c), 0);
	p.s = accept(p.l, NULL, NULL);
	ASSERT(p.s >= 0);
	EXPECT_EQ(recv_all(p.s, in, 8), 3);
	EXPECT_EQ(recv(p.s, in, 8, 0), 0);
	close(p.s);
	close(p.l);
}

TEST(close_at_once)
{
	struct pair p;
	char in[8];
	int i;

	new_listener(v, &p, 8);
	for (i = 0; i < 5; i++) {
		p.c = new_socket(v);
		ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
		EXPECT_EQ(close(p.c), 0);
		p.s = accept(p.l, NULL, NULL);
		ASSERT(p.s >= 0);
		EXPECT_EQ(recv(p.s, in, 8, 0), 0);
		close(p.s);
	}
	close(p.l);
}

TEST(reset_before_accept)
{
	struct linger lg = { 1, 0 };
	struct pair p;
	char in[8];

	new_listener(v, &p, 8);
	p.c = new_socket(v);
	ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
	check_mode(v, p.c);
	ASSERT_EQ(setsockopt(p.c, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)), 0);
	EXPECT_EQ(close(p.c), 0);
	usleep(50000);
	p.s = accept(p.l, NULL, NULL);
	ASSERT(p.s >= 0);
	EXPECT_ERR(recv(p.s, in, 8, 0), ECONNRESET);
	close(p.s);
	close(p.l);
}

TEST(server_speaks_first)
{
	struct pair p;
	char in[8];

	new_listener(v, &p, 8);
	p.c = new_socket(v);
	ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
	p.s = accept(p.l, NULL, NULL);
	ASSERT(p.s >= 0);
	EXPECT_EQ(send(p.s, "220 hi", 6, 0), 6);
	EXPECT_EQ(recv_all(p.c, in, 6), 6);
	check_pair(v, &p);
	close_pair(&p);
}

TEST(nonblocking_connect)
{
	struct epoll_event ev = { .events = EPOLLOUT | EPOLLIN | EPOLLET }, got;
	struct pair p;
	char in[8];
	int ep, ret;

	new_listener(v, &p, 8);
	p.c = new_socket(v);
	nonblock(p.c);
	ep = epoll_create1(0);
	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, p.c, &ev), 0);
	ret = connect(p.c, &p.addr.sa, p.len);
	ASSERT(!ret || errno == EINPROGRESS);
	/* New sockets report EPOLLHUP until connect() gets under way. */
	do {
		ASSERT_EQ(epoll_wait(ep, &got, 1, SHORT_MS), 1);
	} while (!(got.events & EPOLLOUT) || got.events & EPOLLHUP);
	EXPECT_EQ(so_error(p.c), 0);
	do {
		ret = send(p.c, "hello", 5, 0);
		if (ret < 0) {
			ASSERT(errno == EAGAIN);
			ASSERT_EQ(epoll_wait(ep, &got, 1, SHORT_MS), 1);
		}
	} while (ret < 0);
	p.s = accept(p.l, NULL, NULL);
	ASSERT(p.s >= 0);
	EXPECT_EQ(recv_all(p.s, in, 5), 5);
	EXPECT_EQ(send(p.s, "world", 5, 0), 5);
	do {
		ASSERT_EQ(epoll_wait(ep, &got, 1, SHORT_MS), 1);
	} while (!(got.events & EPOLLIN));
	EXPECT_EQ(recv(p.c, in, 5, 0), 5);
	block(p.c);
	check_pair(v, &p);
	close(ep);
	close_pair(&p);
}

TEST(nonblocking_accept)
{
	struct pair p;

	new_listener(v, &p, 8);
	nonblock(p.l);
	EXPECT_ERR(accept(p.l, NULL, NULL), EAGAIN);
	p.c = new_socket(v);
	ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
	EXPECT_EQ(events(p.l, POLLIN, SHORT_MS), POLLIN);
	p.s = accept4(p.l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	ASSERT(p.s >= 0);
	EXPECT_EQ(fcntl(p.s, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	EXPECT_EQ(fcntl(p.s, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	EXPECT_ERR(recv(p.s, &p, 1, 0), EAGAIN);
	close_pair(&p);
}

TEST(blocked_accept)
{
	struct pair p, q;
	pid_t pid;
	int st;

	new_listener(v, &p, 8);
	pid = fork();
	if (!pid) {
		usleep(50000);
		q.c = new_socket(v);
		if (connect(q.c, &p.addr.sa, p.len) || send(q.c, "abc", 3, 0) != 3)
			_exit(1);
		_exit(0);
	}
	p.s = accept(p.l, NULL, NULL);
	ASSERT(p.s >= 0);
	check_mode(v, p.s);
	EXPECT_EQ(waitpid(pid, &st, 0), pid);
	EXPECT_EQ(st, 0);
	EXPECT_EQ(recv_all(p.s, &q, 3), 3);
	close(p.s);
	close(p.l);
}

TEST(defer_accept)
{
	struct pair p;
	char in[8];

	new_listener(v, &p, 8);
	set_int(p.l, IPPROTO_TCP, TCP_DEFER_ACCEPT, 3);
	p.c = new_socket(v);
	ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
	EXPECT_EQ(send(p.c, "abc", 3, 0), 3);
	p.s = accept(p.l, NULL, NULL);
	ASSERT(p.s >= 0);
	EXPECT_EQ(recv_all(p.s, in, 3), 3);
	check_pair(v, &p);
	close_pair(&p);
}

TEST(reuseport)
{
	int on = 1, fds[3], i, n = 0, s, c;
	struct pair p;
	struct pollfd pfd[3];

	memset(&p, 0, sizeof(p));
	for (i = 0; i < 3; i++) {
		union addr a;

		fds[i] = new_socket(v);
		setsockopt(fds[i], SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
		setsockopt(fds[i], SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (!i) {
			memset(&p.addr, 0, sizeof(p.addr));
			if (v->family == 4) {
				p.addr.in.sin_family = AF_INET;
				p.addr.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
				p.len = sizeof(p.addr.in);
			} else {
				p.addr.in6.sin6_family = AF_INET6;
				inet_pton(AF_INET6, v->family == 6 ? "::1" :
					  "::ffff:127.0.0.1", &p.addr.in6.sin6_addr);
				p.len = sizeof(p.addr.in6);
			}
			p.addr.in.sin_port = htons(v->encrypted ? 0 : plain_port());
		}
		a = p.addr;
		ASSERT_EQ(bind(fds[i], &a.sa, p.len), 0);
		ASSERT_EQ(listen(fds[i], 64), 0);
		if (!i)
			ASSERT_EQ(getsockname(fds[i], &p.addr.sa, &p.len), 0);
		pfd[i].fd = fds[i];
		pfd[i].events = POLLIN;
	}
	for (i = 0; i < 12; i++) {
		char b;

		c = new_socket(v);
		ASSERT_EQ(connect(c, &p.addr.sa, p.len), 0);
		check_mode(v, c);
		ASSERT_EQ(poll(pfd, 3, SHORT_MS), 1);
		for (n = 0; !(pfd[n].revents & POLLIN); n++)
			;
		s = accept(fds[n], NULL, NULL);
		ASSERT(s >= 0);
		check_mode(v, s);
		EXPECT_EQ(send(c, "x", 1, 0), 1);
		EXPECT_EQ(recv(s, &b, 1, 0), 1);
		close(c);
		close(s);
		if (i == 8) {
			close(fds[2]);
			pfd[2].fd = -1;
		}
	}
	close(fds[0]);
	close(fds[1]);
}

TEST(connect_refused_then_elsewhere)
{
	struct pair p, dead;
	char in[4];

	new_listener(v, &dead, 1);
	close(dead.l);
	p.c = new_socket(v);
	EXPECT_ERR(connect(p.c, &dead.addr.sa, dead.len), ECONNREFUSED);
	new_listener(v, &p, 8);
	ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
	p.s = accept(p.l, NULL, NULL);
	ASSERT(p.s >= 0);
	check_pair(v, &p);
	EXPECT_EQ(send(p.c, "abc", 3, 0), 3);
	EXPECT_EQ(recv_all(p.s, in, 3), 3);
	close_pair(&p);
}

TEST(nonblocking_connect_refused)
{
	struct pair dead;
	int fd, ret;

	new_listener(v, &dead, 1);
	close(dead.l);
	fd = new_socket(v);
	nonblock(fd);
	ret = connect(fd, &dead.addr.sa, dead.len);
	EXPECT(ret == -1 && (errno == EINPROGRESS || errno == ECONNREFUSED));
	if (errno == EINPROGRESS) {
		EXPECT_EQ(events(fd, POLLOUT, SHORT_MS) & (POLLERR | POLLHUP),
			  POLLERR | POLLHUP);
		EXPECT_EQ(so_error(fd), ECONNREFUSED);
	}
	close(fd);
}

/* AF_UNSPEC dissolves a connection; the socket can be used again. */
TEST(disconnect_and_reuse)
{
	struct sockaddr un = { .sa_family = AF_UNSPEC };
	struct pair p;
	char in[8];
	int s2;

	open_pair(v, &p);
	EXPECT_EQ(connect(p.c, &un, sizeof(un)), 0);
	EXPECT_ERR(send(p.c, "x", 1, MSG_NOSIGNAL), ECONNRESET);
	EXPECT_ERR(send(p.c, "x", 1, MSG_NOSIGNAL), EPIPE);
	EXPECT_ERR(recv(p.s, in, 8, 0), ECONNRESET);
	ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
	s2 = accept(p.l, NULL, NULL);
	ASSERT(s2 >= 0);
	EXPECT_EQ(send(p.c, "again", 5, 0), 5);
	EXPECT_EQ(recv_all(s2, in, 5), 5);
	EXPECT_EQ(send(s2, "reply", 5, 0), 5);
	EXPECT_EQ(recv_all(p.c, in, 5), 5);
	close(s2);
	close_pair(&p);
}

/* An accepted socket, disconnected, can become a listener (an old TCP trick). */
TEST(disconnect_server_side)
{
	struct sockaddr un = { .sa_family = AF_UNSPEC };
	struct pair p;
	char in[8];

	open_pair(v, &p);
	EXPECT_EQ(connect(p.s, &un, sizeof(un)), 0);
	EXPECT_ERR(recv(p.c, in, 8, 0), ECONNRESET);
	close_pair(&p);
}

TEST(listener_closed_with_children)
{
	struct pair p;
	int fds[6], i, closed = 0;
	char b;

	new_listener(v, &p, 8);
	for (i = 0; i < 6; i++) {
		fds[i] = new_socket(v);
		nonblock(fds[i]);
		if (connect(fds[i], &p.addr.sa, p.len))
			ASSERT(errno == EINPROGRESS);
		/* Some have finished their key exchange by then, some have not. */
		if (i < 3) {
			EXPECT_EQ(events(fds[i], POLLOUT, SHORT_MS) & POLLOUT, POLLOUT);
			(void)!send(fds[i], "x", 1, MSG_NOSIGNAL);
		}
	}
	EXPECT_EQ(close(p.l), 0);
	for (i = 0; i < 6; i++) {
		EXPECT(events(fds[i], POLLIN, SHORT_MS) > 0);
		if (recv(fds[i], &b, 1, MSG_DONTWAIT) == -1 && errno != EAGAIN)
			closed++;
		close(fds[i]);
	}
	EXPECT_EQ(closed, 6);
}

TEST(listener_shutdown)
{
	struct pair p;
	char in[4];
	int c2;

	open_pair(v, &p);
	EXPECT_EQ(shutdown(p.l, SHUT_RDWR), 0);
	c2 = new_socket(v);
	EXPECT_ERR(connect(c2, &p.addr.sa, p.len), ECONNREFUSED);
	EXPECT_EQ(listen(p.l, 8), 0);
	close(c2);
	EXPECT_EQ(send(p.c, "abc", 3, 0), 3);
	EXPECT_EQ(recv_all(p.s, in, 3), 3);
	close_pair(&p);
}

TEST(backlog_overflow)
{
	struct pair p;
	int fds[8], i, ok = 0;
	char b;

	new_listener(v, &p, 1);
	for (i = 0; i < 8; i++) {
		fds[i] = new_socket(v);
		nonblock(fds[i]);
		if (connect(fds[i], &p.addr.sa, p.len))
			ASSERT(errno == EINPROGRESS);
	}
	/* With room again the retransmitted handshakes get through. */
	nonblock(p.l);
	for (i = 0; i < 4; i++) {
		if (!events(p.l, POLLIN, SHORT_MS))
			break;
		p.s = accept(p.l, NULL, NULL);
		if (p.s < 0)
			continue;
		block(p.s);
		EXPECT_EQ(send(p.s, "k", 1, MSG_NOSIGNAL), 1);
		close(p.s);
	}
	for (i = 0; i < 8; i++) {
		if (events(fds[i], POLLIN, QUIET_MS) & POLLIN &&
		    recv(fds[i], &b, 1, MSG_DONTWAIT) == 1)
			ok++;
		close(fds[i]);
	}
	EXPECT(ok >= 3, "%d of 8 connections were served", ok);
	close(p.l);
}

/* Both ends in one socket: a simultaneous open must at least work plain. */
TEST(self_connect)
{
	union addr a = { 0 };
	socklen_t len;
	char in[4];
	int fd, on = 1;

	fd = new_socket(v);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (v->family == 4) {
		a.in.sin_family = AF_INET;
		a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		len = sizeof(a.in);
	} else {
		a.in6.sin6_family = AF_INET6;
		inet_pton(AF_INET6, v->family == 6 ? "::1" : "::ffff:127.0.0.1",
			  &a.in6.sin6_addr);
		len = sizeof(a.in6);
	}
	a.in.sin_port = htons(v->encrypted ? 0 : plain_port());
	ASSERT_EQ(bind(fd, &a.sa, len), 0);
	ASSERT_EQ(getsockname(fd, &a.sa, &len), 0);
	ASSERT_EQ(connect(fd, &a.sa, len), 0);
	EXPECT_EQ(send(fd, "abc", 3, MSG_NOSIGNAL), 3);
	EXPECT_EQ(events(fd, POLLIN, SHORT_MS) & POLLIN, POLLIN);
	EXPECT_EQ(recv_all(fd, in, 3), 3);
	EXPECT(!memcmp(in, "abc", 3));
	close(fd);
}

/* ----------------------------------------------------- processes, signals */

TEST(forked_server)
{
	char buf[1000], in[1000];
	struct pair p;
	pid_t pid;
	int st, i;

	new_listener(v, &p, 8);
	pid = fork();
	if (!pid) {
		for (i = 0; i < 3; i++) {
			int s = accept(p.l, NULL, NULL);

			if (s < 0)
				_exit(1);
			if (!fork()) {
				ssize_t n;

				close(p.l);
				while ((n = recv(s, buf, sizeof(buf), 0)) > 0)
					send_all(s, buf, n);
				_exit(n < 0);
			}
			close(s);
		}
		for (i = 0; i < 3; i++) {
			wait(&st);
			if (st)
				_exit(2);
		}
		_exit(0);
	}
	close(p.l);
	for (i = 0; i < 3; i++) {
		p.c = new_socket(v);
		ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
		check_mode(v, p.c);
		fill(buf, sizeof(buf), 26 + i);
		EXPECT_EQ(send_all(p.c, buf, sizeof(buf)), sizeof(buf));
		EXPECT_EQ(recv_all(p.c, in, sizeof(in)), sizeof(in));
		EXPECT(!memcmp(buf, in, sizeof(in)));
		EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
		EXPECT_EQ(recv(p.c, in, 1, 0), 0);
		close(p.c);
	}
	EXPECT_EQ(waitpid(pid, &st, 0), pid);
	EXPECT_EQ(st, 0);
}

TEST(dup_keeps_open)
{
	struct pair p;
	char in[4];
	int d;

	open_pair(v, &p);
	d = dup(p.c);
	ASSERT(d >= 0);
	EXPECT_EQ(close(p.c), 0);
	EXPECT_EQ(events(p.s, POLLIN, QUIET_MS), 0);
	EXPECT_EQ(send(d, "abc", 3, 0), 3);
	EXPECT_EQ(recv_all(p.s, in, 3), 3);
	check_mode(v, d);
	EXPECT_EQ(close(d), 0);
	EXPECT_EQ(recv(p.s, in, 3, 0), 0);
	close(p.s);
	close(p.l);
}

TEST(fd_passing)
{
	char ctl[CMSG_SPACE(sizeof(int))] = { 0 }, b = 0;
	struct iovec iov = { &b, 1 };
	struct msghdr mh = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl, .msg_controllen = sizeof(ctl),
	};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&mh);
	struct pair p;
	int sp[2], st;
	pid_t pid;

	open_pair(v, &p);
	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sp), 0);
	pid = fork();
	if (!pid) {
		int fd;

		close(p.s);
		if (recvmsg(sp[1], &mh, 0) != 1)
			_exit(1);
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&mh)), sizeof(fd));
		_exit(send(fd, "passed", 6, 0) != 6);
	}
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cm), &p.s, sizeof(int));
	EXPECT_EQ(sendmsg(sp[0], &mh, 0), 1);
	close(p.s);
	EXPECT_EQ(waitpid(pid, &st, 0), pid);
	EXPECT_EQ(st, 0);
	close(sp[0]);
	close(sp[1]);
	{
		char in[16];

		EXPECT_EQ(recv_all(p.c, in, 16), 6);
	}
	close(p.c);
	close(p.l);
}

static void on_alarm(int sig)
{
}

static void alarm_in(int ms)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval it = { .it_value.tv_usec = ms * 1000 };

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
}

TEST(eintr_recv)
{
	struct pair p;
	char in[4];

	open_pair(v, &p);
	alarm_in(100);
	EXPECT_ERR(recv(p.s, in, 4, 0), EINTR);
	EXPECT_EQ(send(p.c, "abc", 3, 0), 3);
	EXPECT_EQ(recv_all(p.s, in, 3), 3);
	/* MSG_WAITALL gives what it has got. */
	EXPECT_EQ(send(p.c, "ab", 2, 0), 2);
	EXPECT_EQ(wait_inq(p.s, 2), 2);
	alarm_in(100);
	EXPECT_EQ(recv(p.s, in, 4, MSG_WAITALL), 2);
	close_pair(&p);
}

TEST(eintr_send)
{
	struct prep prep = { small_buffers, small_buffers };
	struct pair p;
	size_t n;
	char *big = malloc(1 << 20);
	ssize_t ret;

	open_pair_prep(v, &p, &prep);
	n = fill_up(p.c, 27);
	alarm_in(100);
	EXPECT_ERR(send(p.c, "x", 1, 0), EINTR);
	drain(p.s, n, 27);
	/* A large write that has begun returns how far it came. */
	fill(big, 1 << 20, 28);
	alarm_in(100);
	ret = send(p.c, big, 1 << 20, 0);
	EXPECT(ret > 0 && ret < 1 << 20, "send returned %zd", ret);
	if (ret > 0)
		drain(p.s, ret, 28);
	EXPECT_EQ(inq(p.s), 0);
	close_pair(&p);
}

TEST(sigkill_in_send)
{
	struct prep prep = { small_buffers, small_buffers };
	char *big = calloc(1, 1 << 20);
	struct pollfd pfd;
	struct pair p;
	pid_t pid;
	int st;
	size_t n = 0;
	ssize_t ret;

	open_pair_prep(v, &p, &prep);
	pid = fork();
	if (!pid) {
		close(p.s);
		close(p.l);
		send(p.c, big, 1 << 20, 0);
		_exit(0);
	}
	close(p.c);
	/* it has begun to send, and soon finds no more room */
	pfd = (struct pollfd){ .fd = p.s, .events = POLLIN };
	EXPECT_EQ(poll(&pfd, 1, 20000), 1);
	usleep(100000);
	EXPECT_EQ(kill(pid, SIGKILL), 0);
	EXPECT_EQ(waitpid(pid, &st, 0), pid);
	EXPECT(WIFSIGNALED(st));
	/* What was taken arrives, then the end. */
	while ((ret = recv(p.s, big, 65536, 0)) > 0)
		n += ret;
	EXPECT_EQ(ret, 0);
	EXPECT(n > 0 && n < 1 << 20);
	close(p.s);
	close(p.l);
}

TEST(sigkill_in_recv)
{
	struct pair p;
	char in[4];
	pid_t pid;
	int st;

	open_pair(v, &p);
	pid = fork();
	if (!pid) {
		close(p.c);
		close(p.l);
		recv(p.s, in, 4, 0);
		_exit(0);
	}
	close(p.s);
	usleep(50000);
	EXPECT_EQ(kill(pid, SIGKILL), 0);
	EXPECT_EQ(waitpid(pid, &st, 0), pid);
	EXPECT_EQ(recv(p.c, in, 4, 0), 0);
	close(p.c);
	close(p.l);
}

TEST(two_threads_send)
{
	struct job a = { .len = 300000 }, b = { .len = 300000 };
	struct pair p;
	size_t n = 0, na = 0;
	char buf[16384];
	ssize_t ret, i;

	open_pair(v, &p);
	a.fd = p.c;
	b.fd = p.c;
	a.buf = malloc(a.len);
	b.buf = malloc(b.len);
	memset(a.buf, 'a', a.len);
	memset(b.buf, 'b', b.len);
	job_start(&a, job_send_all);
	job_start(&b, job_send_all);
	while (n < 600000) {
		ret = recv(p.s, buf, sizeof(buf), 0);
		ASSERT(ret > 0);
		for (i = 0; i < ret; i++) {
			ASSERT(buf[i] == 'a' || buf[i] == 'b');
			na += buf[i] == 'a';
		}
		n += ret;
	}
	job_wait(&a);
	job_wait(&b);
	EXPECT_EQ(na, 300000);
	close_pair(&p);
}

static void job_recv_count(struct job *j)
{
	char buf[3000];
	ssize_t ret;

	j->ret = 0;
	while ((ret = recv(j->fd, buf, sizeof(buf), 0)) > 0)
		j->ret += ret;
	j->err = ret < 0 ? errno : 0;
}

TEST(two_threads_recv)
{
	struct job a = { 0 }, b = { 0 };
	struct pair p;
	char *big = calloc(1, 500000);

	open_pair(v, &p);
	a.fd = p.s;
	b.fd = p.s;
	job_start(&a, job_recv_count);
	job_start(&b, job_recv_count);
	EXPECT_EQ(send_all(p.c, big, 500000), 500000);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	job_wait(&a);
	job_wait(&b);
	EXPECT_EQ(a.ret + b.ret, 500000);
	EXPECT_EQ(a.err, 0);
	EXPECT_EQ(b.err, 0);
	close_pair(&p);
}

/* ----------------------------------------------------- splice and friends */

static int temp_file(size_t len, uint64_t seed)
{
	char *buf = malloc(len);
	int fd = memfd_create("selftest", 0);

	ASSERT(fd >= 0);
	fill(buf, len, seed);
	ASSERT_EQ(write(fd, buf, len), len);
	free(buf);
	return fd;
}

static void job_drain(struct job *j)
{
	drain(j->fd, j->len, j->flags);
	j->ret = j->len;
}

TEST(sendfile_to_socket)
{
	struct job j = { .len = 1000000, .flags = 30 };
	off_t off = 0;
	struct pair p;
	int f;

	open_pair(v, &p);
	f = temp_file(j.len, 30);
	j.fd = p.s;
	job_start(&j, job_drain);
	while (off < (off_t)j.len)
		ASSERT(sendfile(p.c, f, &off, j.len - off) > 0, "at %ld", (long)off);
	job_wait(&j);
	EXPECT_EQ(j.ret, j.len);
	close(f);
	close_pair(&p);
}

TEST(sendfile_then_send)
{
	char in[110];
	off_t off = 0;
	struct pair p;
	int f;

	open_pair(v, &p);
	f = temp_file(100, 31);
	EXPECT_EQ(send(p.c, "head:", 5, MSG_MORE), 5);
	EXPECT_EQ(sendfile(p.c, f, &off, 100), 100);
	EXPECT_EQ(send(p.c, ":tail", 5, 0), 5);
	EXPECT_EQ(recv_all(p.s, in, 110), 110);
	EXPECT(!memcmp(in, "head:", 5) && !memcmp(in + 105, ":tail", 5));
	EXPECT(same(in + 5, 0, 100, 31));
	close(f);
	close_pair(&p);
}

/* The file changes after sendfile(): what is sealed is what is sent. */
TEST(sendfile_file_changes)
{
	char in[4096], x[4096];
	off_t off = 0;
	struct pair p;
	int f;

	open_pair(v, &p);
	f = temp_file(4096, 32);
	EXPECT_EQ(sendfile(p.c, f, &off, 4096), 4096);
	memset(x, 'x', sizeof(x));
	EXPECT_EQ(recv(p.s, in, 100, MSG_WAITALL), 100);
	EXPECT_EQ(pwrite(f, x, sizeof(x), 0), sizeof(x));
	EXPECT_EQ(recv_all(p.s, in + 100, 3996), 3996);
	if (v->encrypted)
		EXPECT(same(in, 0, 4096, 32));
	close(f);
	close_pair(&p);
}

TEST(splice_from_socket)
{
	char out[20000], in[20000];
	struct pair p;
	int pi[2];
	size_t n = 0;
	ssize_t ret;

	open_pair(v, &p);
	ASSERT_EQ(pipe(pi), 0);
	fill(out, sizeof(out), 33);
	EXPECT_EQ(send_all(p.c, out, sizeof(out)), sizeof(out));
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	while (n < sizeof(in)) {
		ret = splice(p.s, NULL, pi[1], NULL, sizeof(in) - n, SPLICE_F_MOVE);
		ASSERT(ret > 0, "splice returned %zd at %zu", ret, n);
		ASSERT_EQ(read(pi[0], in + n, ret), ret);
		n += ret;
	}
	EXPECT(!memcmp(in, out, sizeof(in)));
	EXPECT_EQ(splice(p.s, NULL, pi[1], NULL, 100, 0), 0);
	close(pi[0]);
	close(pi[1]);
	close_pair(&p);
}

TEST(splice_nonblock)
{
	struct pair p;
	int pi[2];

	open_pair(v, &p);
	ASSERT_EQ(pipe(pi), 0);
	nonblock(p.s);
	EXPECT_ERR(splice(p.s, NULL, pi[1], NULL, 100, SPLICE_F_NONBLOCK), EAGAIN);
	EXPECT_EQ(send(p.c, "abc", 3, 0), 3);
	EXPECT_EQ(events(p.s, POLLIN, SHORT_MS), POLLIN);
	EXPECT_EQ(splice(p.s, NULL, pi[1], NULL, 100, SPLICE_F_NONBLOCK), 3);
	close(pi[0]);
	close(pi[1]);
	close_pair(&p);
}

TEST(splice_to_socket)
{
	char out[30000], in[30000];
	struct pair p;
	int pi[2];
	ssize_t n = 0, ret;

	open_pair(v, &p);
	ASSERT_EQ(pipe(pi), 0);
	fill(out, sizeof(out), 34);
	EXPECT_EQ(write(pi[1], out, sizeof(out)), sizeof(out));
	while (n < (ssize_t)sizeof(out)) {
		ret = splice(pi[0], NULL, p.c, NULL, sizeof(out) - n,
			     n ? 0 : SPLICE_F_MORE);
		ASSERT(ret > 0);
		n += ret;
	}
	EXPECT_EQ(recv_all(p.s, in, sizeof(in)), sizeof(in));
	EXPECT(!memcmp(in, out, sizeof(in)));
	close(pi[0]);
	close(pi[1]);
	close_pair(&p);
}

TEST(tee_and_vmsplice)
{
	char out[4096] __attribute__((aligned(4096))), in[4096];
	struct iovec iov = { out, sizeof(out) };
	struct pair p;
	int a[2], b[2];

	open_pair(v, &p);
	ASSERT_EQ(pipe(a), 0);
	ASSERT_EQ(pipe(b), 0);
	fill(out, sizeof(out), 35);
	EXPECT_EQ(vmsplice(a[1], &iov, 1, 0), 4096);
	EXPECT_EQ(tee(a[0], b[1], 4096, 0), 4096);
	EXPECT_EQ(splice(a[0], NULL, p.c, NULL, 4096, 0), 4096);
	EXPECT_EQ(splice(b[0], NULL, p.c, NULL, 4096, 0), 4096);
	EXPECT_EQ(recv_all(p.s, in, 4096), 4096);
	EXPECT(!memcmp(in, out, 4096));
	EXPECT_EQ(recv_all(p.s, in, 4096), 4096);
	EXPECT(!memcmp(in, out, 4096));
	close_pair(&p);
}

/* A proxy in one process: socket -> pipe -> socket */
TEST(splice_proxy)
{
	struct pair p, q;
	struct job w = { .len = 500000 }, r = { .len = 500000, .flags = 36 };
	size_t n = 0;
	int pi[2];

	open_pair(v, &p);
	if (!v->encrypted) {
		/* The excluded port is taken once only. */
		close(p.l);
		p.l = -1;
	}
	open_pair(v, &q);
	ASSERT_EQ(pipe(pi), 0);
	w.fd = p.c;
	w.buf = malloc(w.len);
	fill(w.buf, w.len, 36);
	r.fd = q.s;
	job_start(&w, job_send_all);
	job_start(&r, job_drain);
	while (n < w.len) {
		ssize_t ret = splice(p.s, NULL, pi[1], NULL, 65536, SPLICE_F_MOVE);
		ssize_t out = 0, k;

		ASSERT(ret > 0);
		while (out < ret) {
			k = splice(pi[0], NULL, q.c, NULL, ret - out, SPLICE_F_MOVE);
			ASSERT(k > 0);
			out += k;
		}
		n += ret;
	}
	job_wait(&w);
	job_wait(&r);
	close_pair(&p);
	close_pair(&q);
}

TEST(zerocopy_send)
{
	char *buf = malloc(65536), ctl[256], in[1];
	struct msghdr mh = { .msg_control = ctl, .msg_controllen = sizeof(ctl) };
	struct sock_extended_err *ee;
	struct cmsghdr *cm;
	struct pair p;
	struct pollfd pfd;

	open_pair(v, &p);
	set_int(p.c, SOL_SOCKET, SO_ZEROCOPY, 1);
	fill(buf, 65536, 37);
	EXPECT_EQ(send(p.c, buf, 20000, MSG_ZEROCOPY), 20000);
	drain(p.s, 20000, 37);
	pfd.fd = p.c;
	pfd.events = 0;
	ASSERT_EQ(poll(&pfd, 1, SHORT_MS), 1);
	EXPECT_EQ(pfd.revents, POLLERR);
	ASSERT(recvmsg(p.c, &mh, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0);
	cm = CMSG_FIRSTHDR(&mh);
	ASSERT(cm);
	ee = (void *)CMSG_DATA(cm);
	EXPECT_EQ(ee->ee_errno, 0);
	EXPECT_EQ(ee->ee_origin, SO_EE_ORIGIN_ZEROCOPY);
	EXPECT_EQ(ee->ee_code, SO_EE_CODE_ZEROCOPY_COPIED);
	EXPECT_EQ(ee->ee_info, 0);
	/* The error queue does not disturb the stream. */
	EXPECT_ERR(recv(p.c, in, 1, MSG_DONTWAIT), EAGAIN);
	EXPECT_EQ(so_error(p.c), 0);
	close_pair(&p);
}

TEST(zerocopy_receive_refused)
{
	uint64_t zc[8] = { 0 };
	socklen_t len = sizeof(zc);
	struct pair p;
	void *map;

	open_pair(v, &p);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, p.s, 0);
	if (v->encrypted) {
		EXPECT(map == MAP_FAILED);
		EXPECT(getsockopt(p.s, IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, zc, &len) < 0);
	} else {
		EXPECT(map != MAP_FAILED);
	}
	close_pair(&p);
}

TEST(repair_refused)
{
	struct pair p;
	int on = 1, ret;

	open_pair(v, &p);
	ret = setsockopt(p.c, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on));
	if (v->encrypted)
		EXPECT(ret < 0);
	else
		EXPECT(!ret || errno == EPERM);
	close_pair(&p);
}

/* ------------------------------------------------ what stays plain, always */

/* Runs in every variant: plain is the only right answer. */
static void expect_plain_pair(struct pair *p)
{
	uint8_t id[64];
	char in[8];

	EXPECT_EQ(session_id(p->c, id), -ENOPROTOOPT);
	EXPECT_EQ(session_id(p->s, id), -ENOPROTOOPT);
	EXPECT_EQ(send(p->c, "abc", 3, 0), 3);
	EXPECT_EQ(recv_all(p->s, in, 3), 3);
	EXPECT_EQ(send(p->s, "defg", 4, 0), 4);
	EXPECT_EQ(recv_all(p->c, in, 4), 4);
	EXPECT_EQ(shutdown(p->c, SHUT_WR), 0);
	EXPECT_EQ(recv(p->s, in, 8, 0), 0);
	close_pair(p);
}

TEST(fastopen_stays_plain)
{
	struct pair p;
	char in[8];
	int i, f;

	f = open("/proc/sys/net/ipv4/tcp_fastopen", O_WRONLY);
	if (f >= 0) {
		(void)!write(f, "3", 1);
		close(f);
	}
	/* The first fetches the cookie, the second uses it. */
	for (i = 0; i < 2; i++) {
		new_listener(v, &p, 8);
		set_int(p.l, IPPROTO_TCP, TCP_FASTOPEN, 8);
		p.c = new_socket(v);
		ASSERT_EQ(sendto(p.c, "fast", 4, MSG_FASTOPEN, &p.addr.sa, p.len), 4);
		p.s = accept(p.l, NULL, NULL);
		ASSERT(p.s >= 0);
		EXPECT_EQ(recv_all(p.s, in, 4), 4);
		EXPECT(!memcmp(in, "fast", 4));
		expect_plain_pair(&p);
	}
}

TEST(fastopen_connect_stays_plain)
{
	struct pair p;
	char in[8];

	new_listener(v, &p, 8);
	set_int(p.l, IPPROTO_TCP, TCP_FASTOPEN, 8);
	p.c = new_socket(v);
	set_int(p.c, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
	ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
	EXPECT_EQ(send(p.c, "fast", 4, 0), 4);
	p.s = accept(p.l, NULL, NULL);
	ASSERT(p.s >= 0);
	EXPECT_EQ(recv_all(p.s, in, 4), 4);
	close_pair(&p);
}

TEST(md5_stays_plain)
{
	struct tcp_md5sig md = { .tcpm_keylen = 3, .tcpm_key = "key" };
	struct pair p;

	new_listener(v, &p, 8);
	p.c = new_socket(v);
	memcpy(&md.tcpm_addr, &p.addr, p.len);
	md.tcpm_addr.ss_family = p.addr.sa.sa_family;
	if (setsockopt(p.l, IPPROTO_TCP, TCP_MD5SIG, &md, sizeof(md))) {
		/* This kernel cannot sign; nothing to protect. */
		EXPECT(errno == ENOPROTOOPT || errno == EINVAL || errno == EPERM);
		return;
	}
	ASSERT_EQ(setsockopt(p.c, IPPROTO_TCP, TCP_MD5SIG, &md, sizeof(md)), 0);
	ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
	p.s = accept(p.l, NULL, NULL);
	ASSERT(p.s >= 0);
	expect_plain_pair(&p);
}

TEST(mptcp_stays_alone)
{
	int family = v->family == 4 ? AF_INET : AF_INET6;
	struct pair p;
	char in[8];
	int on = 1, l;

	l = socket(family, SOCK_STREAM, IPPROTO_MPTCP);
	if (l < 0)	/* not in this kernel, or switched off */
		return;
	new_listener(v, &p, 8);
	close(p.l);
	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	ASSERT_EQ(bind(l, &p.addr.sa, p.len), 0);
	ASSERT_EQ(listen(l, 8), 0);
	p.l = l;
	p.c = socket(family, SOCK_STREAM, IPPROTO_MPTCP);
	ASSERT(p.c >= 0);
	ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
	p.s = accept(p.l, NULL, NULL);
	ASSERT(p.s >= 0);
	EXPECT_EQ(send(p.c, "abc", 3, 0), 3);
	EXPECT_EQ(recv_all(p.s, in, 3), 3);
	EXPECT_EQ(send(p.s, "defg", 4, 0), 4);
	EXPECT_EQ(recv_all(p.c, in, 4), 4);
	EXPECT_EQ(close(p.c), 0);
	EXPECT_EQ(recv(p.s, in, 8, 0), 0);
	close(p.s);

	/* An ordinary client of an MPTCP listener */
	p.c = new_socket(v);
	ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
	p.s = accept(p.l, NULL, NULL);
	ASSERT(p.s >= 0);
	EXPECT_EQ(send(p.c, "abc", 3, 0), 3);
	EXPECT_EQ(recv_all(p.s, in, 3), 3);
	EXPECT_EQ(close(p.c), 0);
	EXPECT_EQ(recv(p.s, in, 8, 0), 0);
	close(p.s);
	close(p.l);
}

TEST(ulp_before_connect)
{
	struct pair p;
	int fd;

	/* kTLS wants an established socket: nothing to attach early. */
	fd = new_socket(v);
	EXPECT(setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", 4) < 0);
	close(fd);
	open_pair(v, &p);
	close_pair(&p);
}

/* ---------------------------------------------------------------- the runner */

static const struct variant variants[] = {
	{ "plain.ipv4", false, 4 },
	{ "plain.ipv6", false, 6 },
	{ "plain.mapped", false, 46 },
	{ "encrypted.ipv4", true, 4 },
	{ "encrypted.ipv6", true, 6 },
	{ "encrypted.mapped", true, 46 },
};

#define NVARIANTS	(sizeof(variants) / sizeof(variants[0]))

/*
 * Most tests wait more than they work, so several run at once, each in a
 * child of its own. What a child prints is shown when it has ended.
 */
#define JOBS_MAX	8

struct run {
	pid_t pid;
	int out;
	long start;
	bool late;
	char name[128];
};

/* In the default exclude_ports; tests at the same time need one each */
static const char * const plain_ports[JOBS_MAX] = {
	"9993", "6697", "8883", "5061", "995", "994", "993", "992"
};

static struct run runs[JOBS_MAX];
static int jobs = 4;
static int ended;
static int failed;

static void run_child(const struct test *t, const struct variant *v, int slot)
{
	setpgid(0, 0);
	signal(SIGPIPE, SIG_IGN);
	dup2(runs[slot].out, STDOUT_FILENO);
	setvbuf(stdout, NULL, _IOLBF, 0);
	setenv("PLAIN_PORT", plain_ports[slot], 1);
	t->fn(v);
	fflush(stdout);
	_exit(test_failures ? 1 : 0);
}

static void run_start(const struct test *t, const struct variant *v, int slot)
{
	struct run *r = &runs[slot];

	fflush(stdout);
	memset(r, 0, sizeof(*r));
	r->out = memfd_create("output", MFD_CLOEXEC);
	r->start = now_ms();
	snprintf(r->name, sizeof(r->name), "%s.%s", t->name, v->name);
	r->pid = r->out < 0 ? -1 : fork();
	if (!r->pid)
		run_child(t, v, slot);
	if (r->pid < 0) {
		perror("fork");
		exit(2);
	}
	setpgid(r->pid, r->pid);
}

static void run_end(struct run *r, int status)
{
	char buf[4096];
	off_t pos = 0;
	ssize_t len;

	/* a test may leave children of its own behind */
	kill(-r->pid, SIGKILL);
	while ((len = pread(r->out, buf, sizeof(buf), pos)) > 0) {
		fwrite(buf, 1, len, stdout);
		pos += len;
	}
	close(r->out);
	if (r->late)
		printf("# ended by the time limit of %d s\n", limit);
	else if (WIFSIGNALED(status))
		printf("# ended by signal %d\n", WTERMSIG(status));
	if (status) {
		failed++;
		printf("not ");
	}
	printf("ok %d - %s # %ld ms\n", ++ended, r->name, now_ms() - r->start);
	fflush(stdout);
	r->pid = 0;
}

/* Wait until some slot is free, or with @all until all are */
static int run_wait(bool all)
{
	int i, status, idle;

	for (;;) {
		for (i = 0, idle = 0; i < jobs; i++) {
			struct run *r = &runs[i];

			if (r->pid && waitpid(r->pid, &status, WNOHANG) == r->pid)
				run_end(r, status);
			if (!r->pid && !all)
				return i;
			if (r->pid && !r->late &&
			    now_ms() - r->start > limit * 1000L) {
				r->late = true;
				kill(-r->pid, SIGKILL);
			}
			idle += !r->pid;
		}
		if (idle == jobs)
			return 0;
		usleep(2000);
	}
}

/* Without encryption IPv4 is enough: those cases test the tests */
static bool variant_wanted(const struct variant *v, bool plain_only, bool all)
{
	if (v->encrypted)
		return !plain_only;
	return plain_only || all || v->family == 4;
}

int main(int argc, char **argv)
{
	bool plain_only = false, list = false, all = false;
	struct test *t;
	unsigned int k;
	int o, i;

	while ((o = getopt(argc, argv, "aj:plt:")) != -1) {
		switch (o) {
		case 'a':
			all = true;
			break;
		case 'j':
			jobs = atoi(optarg);
			break;
		case 'p':
			plain_only = true;
			break;
		case 'l':
			list = true;
			break;
		case 't':
			limit = atoi(optarg);
			break;
		default:
			jobs = 0;
		}
	}
	if (jobs < 1 || jobs > JOBS_MAX || limit < 1) {
		fputs("usage: tcpcrypt [-a] [-p] [-l] [-j JOBS] [-t SECONDS] [TEST...]\n",
		      stderr);
		return 2;
	}
	for (t = tests; t; t = t->next) {
		for (k = 0; k < NVARIANTS; k++) {
			bool want = optind == argc;
			char name[128];

			snprintf(name, sizeof(name), "%s.%s", t->name, variants[k].name);
			for (i = optind; i < argc; i++)
				want |= !!strstr(name, argv[i]);
			if (!want || !variant_wanted(&variants[k], plain_only, all))
				continue;
			if (list)
				puts(name);
			else
				run_start(t, &variants[k], run_wait(false));
		}
	}
	if (list)
		return 0;
	run_wait(true);
	printf("1..%d\n# %d of %d failed\n", ended, failed, ended);
	return failed ? 1 : 0;
}
