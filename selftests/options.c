// SPDX-License-Identifier: GPL-2.0-only
/*
 * What applications can ask of the module, and what an encrypted connection
 * does by itself: options, new keys, liveness, urgent data. Over loopback,
 * each test once over IPv4 and once over IPv6; semantics that plain TCP has,
 * too, are tried on it first.
 *
 *	options [-l] [-t SECONDS] [TEST...]
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/tcpcrypt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "tools/stream.h"
#include "harness.h"

#ifndef TCP_ULP
#define TCP_ULP 31
#endif

#define WAIT_MS		20000	/* for what must happen */
#define QUIET_MS	150	/* for what must not happen */

struct test *tests;
struct test **tests_end = &tests;
int test_failures;

/* ---------------------------------------------------------------- helpers */

struct pair {
	int c;		/* active opener */
	int s;		/* passive opener */
	int l;
	struct sockaddr_storage addr;
	socklen_t len;
};

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int new_socket(const struct variant *v)
{
	int fd = socket(v->family == 4 ? AF_INET : AF_INET6,
			SOCK_STREAM | SOCK_CLOEXEC, 0);

	ASSERT(fd >= 0);
	return fd;
}

static void loopback_addr(const struct variant *v, struct pair *p, int port)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&p->addr;
	struct sockaddr_in *in = (struct sockaddr_in *)&p->addr;

	memset(&p->addr, 0, sizeof(p->addr));
	if (v->family == 4) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		p->len = sizeof(*in);
	} else {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		in6->sin6_addr = in6addr_loopback;
		p->len = sizeof(*in6);
	}
}

/* A port that is excluded from encryption when the variant is plain */
static void new_listener(const struct variant *v, struct pair *p)
{
	int on = 1;

	p->l = new_socket(v);
	setsockopt(p->l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	loopback_addr(v, p, v->encrypted ? 0 : 9993);
	ASSERT_EQ(bind(p->l, (void *)&p->addr, p->len), 0);
	ASSERT_EQ(listen(p->l, 8), 0);
	ASSERT_EQ(getsockname(p->l, (void *)&p->addr, &p->len), 0);
}

static void join(const struct variant *v, struct pair *p)
{
	ASSERT_EQ(connect(p->c, (void *)&p->addr, p->len), 0);
	p->s = accept(p->l, NULL, NULL);
	ASSERT(p->s >= 0);
}

static void open_pair(const struct variant *v, struct pair *p)
{
	new_listener(v, p);
	p->c = new_socket(v);
	join(v, p);
}

static void close_pair(struct pair *p)
{
	close(p->c);
	close(p->s);
	close(p->l);
}

static int set_int(int fd, int opt, int val)
{
	return setsockopt(fd, IPPROTO_TCP, opt, &val, sizeof(val));
}

static ssize_t recv_all(int fd, void *buf, size_t len)
{
	size_t n = 0;
	ssize_t ret;

	while (n < len) {
		ret = recv(fd, (char *)buf + n, len - n, 0);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret <= 0)
			return ret ? -1 : (ssize_t)n;
		n += ret;
	}
	return n;
}

static ssize_t recv_one(int fd)
{
	char c;

	return recv(fd, &c, 1, 0);
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

/* The session ID tells that the key exchange is over. */
static bool encrypted(int fd)
{
	uint8_t id[64];
	socklen_t len = sizeof(id);

	return !getsockopt(fd, IPPROTO_TCP, TCP_ENO_SESSID, id, &len) &&
	       len == TCPCRYPT_SESSID_BYTES;
}

static struct tcpcrypt_info info(int fd)
{
	struct tcpcrypt_info i = {};
	socklen_t len = sizeof(i);

	ASSERT_EQ(getsockopt(fd, IPPROTO_TCP, TCPCRYPT_INFO, &i, &len), 0);
	ASSERT_EQ(len, sizeof(i));
	return i;
}

/* Until both directions of a socket have reached a generation */
static bool wait_gen(int fd, unsigned int tx, unsigned int rx)
{
	long end = now_ms() + WAIT_MS;
	struct tcpcrypt_info i;

	do {
		i = info(fd);
		if (i.tx_generation == tx && i.rx_generation == rx)
			return true;
		usleep(2000);
	} while (now_ms() < end);
	printf("# generations tx %u rx %u, expected %u and %u\n",
	       i.tx_generation, i.rx_generation, tx, rx);
	return false;
}

/* ---------------------------------------------------------------- new keys */

TEST(info_of_a_connection)
{
	struct tcpcrypt_info c, s;
	struct pair p;
	char in[4];

	open_pair(v, &p);
	ASSERT(encrypted(p.c) && encrypted(p.s));
	EXPECT_EQ(send(p.c, "abcd", 4, 0), 4);
	EXPECT_EQ(recv_all(p.s, in, 4), 4);
	c = info(p.c);
	s = info(p.s);
	EXPECT_EQ(c.state, TCPCRYPT_CONN_OPEN);
	EXPECT_EQ(c.role, TCPCRYPT_ROLE_A);
	EXPECT_EQ(s.role, TCPCRYPT_ROLE_B);
	EXPECT_EQ(c.passive, 0);
	EXPECT_EQ(s.passive, 1);
	EXPECT_EQ(c.tep, s.tep);
	EXPECT_EQ(c.aead, s.aead);
	EXPECT(c.aead != 0);
	EXPECT_EQ(c.tx_bytes, 4);
	EXPECT_EQ(s.rx_bytes, 4);
	EXPECT_EQ(c.tx_frames, 1);
	EXPECT_EQ(s.rx_frames, 1);
	EXPECT_EQ(c.error, 0);
	EXPECT_EQ(c.fallback[0], 0);
	close_pair(&p);
}

TEST(rekey_is_answered_without_a_reader)
{
	struct pair p;
	char in[8];
	int i;

	open_pair(v, &p);
	ASSERT(encrypted(p.c) && encrypted(p.s));
	/* nobody reads at either end, and there are data in between */
	EXPECT_EQ(send(p.c, "one", 3, 0), 3);
	for (i = 1; i <= 5; i++) {
		ASSERT_EQ(set_int(p.c, TCPCRYPT_REKEY, 1), 0);
		ASSERT(wait_gen(p.c, i, i));
		ASSERT(wait_gen(p.s, i, i));
	}
	EXPECT_EQ(send(p.c, "two", 3, 0), 3);
	EXPECT_EQ(send(p.s, "three", 5, 0), 5);
	EXPECT_EQ(recv_all(p.s, in, 6), 6);
	EXPECT(!memcmp(in, "onetwo", 6));
	EXPECT_EQ(recv_all(p.c, in, 5), 5);
	EXPECT(!memcmp(in, "three", 5));
	close_pair(&p);
}

TEST(rekey_before_accept_and_close)
{
	struct pair p;

	new_listener(v, &p);
	p.c = new_socket(v);
	ASSERT_EQ(connect(p.c, (void *)&p.addr, p.len), 0);
	ASSERT(encrypted(p.c));
	ASSERT_EQ(set_int(p.c, TCPCRYPT_REKEY, 1), 0);
	usleep(QUIET_MS * 1000);
	/* the child dies unaccepted; the kernel log must stay quiet */
	close(p.l);
	close(p.c);
}

TEST(rekey_both_ends_at_once)
{
	struct pair p;
	int i;

	open_pair(v, &p);
	ASSERT(encrypted(p.c) && encrypted(p.s));
	for (i = 1; i <= 20; i++) {
		ASSERT_EQ(set_int(p.c, TCPCRYPT_REKEY, 1), 0);
		ASSERT_EQ(set_int(p.s, TCPCRYPT_REKEY, 1), 0);
	}
	/* ends up level, whoever was first */
	for (i = 0; i < 1000; i++) {
		struct tcpcrypt_info c = info(p.c), s = info(p.s);

		if (c.tx_generation == c.rx_generation &&
		    s.tx_generation == s.rx_generation &&
		    c.tx_generation == s.tx_generation)
			break;
		usleep(10000);
	}
	ASSERT(i < 1000);
	EXPECT(info(p.c).tx_generation >= 1);
	EXPECT_EQ(send(p.c, "x", 1, 0), 1);
	EXPECT_EQ(recv_one(p.s), 1);
	close_pair(&p);
}

/* RFC 8548 section 3.8: answered at once, whether anybody has accepted or not */
TEST(rekey_answered_before_accept)
{
	struct pair p;
	int i;

	new_listener(v, &p);
	p.c = new_socket(v);
	ASSERT_EQ(connect(p.c, (void *)&p.addr, p.len), 0);
	ASSERT(encrypted(p.c));
	for (i = 1; i <= 3; i++) {
		EXPECT_EQ(send(p.c, "x", 1, 0), 1);
		EXPECT_EQ(set_int(p.c, TCPCRYPT_REKEY, 1), 0);
		ASSERT(wait_gen(p.c, i, i));
	}
	p.s = accept(p.l, NULL, NULL);
	for (i = 1; i <= 3; i++)
		EXPECT_EQ(recv_one(p.s), 1);
	EXPECT_EQ(set_int(p.s, TCPCRYPT_REKEY, 1), 0);
	ASSERT(wait_gen(p.s, 4, 4));
	close_pair(&p);
}

/* Its listener is closed while rekeys come: TCP warns if the child is owned */
TEST(rekey_and_no_accept)
{
	struct pair p;
	int i, n, on = 1;

	for (n = 0; n < 20; n++) {
		new_listener(v, &p);
		p.c = new_socket(v);
		ASSERT_EQ(connect(p.c, (void *)&p.addr, p.len), 0);
		ASSERT(encrypted(p.c));
		for (i = 0; i < n; i++) {
			if (send(p.c, "x", 1, MSG_NOSIGNAL) != 1 ||
			    setsockopt(p.c, IPPROTO_TCP, TCPCRYPT_REKEY, &on,
				       sizeof(on)))
				break;
		}
		close(p.l);
		close(p.c);
	}
}

struct bulk {
	int fd;
	size_t len;
	bool send;
	bool ok;
};

static void *bulk_run(void *arg)
{
	struct stream st = { .seed = 7 };
	struct bulk *b = arg;
	char buf[16384], want[16384];
	size_t done = 0, n;
	ssize_t ret;

	while (done < b->len) {
		n = b->len - done < sizeof(buf) ? b->len - done : sizeof(buf);
		st.off = done;
		stream_fill(&st, want, n);
		if (b->send) {
			if (send_all(b->fd, want, n) != (ssize_t)n)
				return NULL;
			ret = n;
		} else {
			ret = recv(b->fd, buf, n, 0);
			if (ret <= 0 || memcmp(buf, want, ret))
				return NULL;
		}
		done += ret;
	}
	b->ok = true;
	return NULL;
}

TEST(rekey_under_load)
{
	struct bulk b[4];
	struct pair p;
	pthread_t t[4];
	int i;

	open_pair(v, &p);
	ASSERT(encrypted(p.c) && encrypted(p.s));
	for (i = 0; i < 4; i++) {
		b[i] = (struct bulk){
			.fd = i < 2 ? p.c : p.s, .len = 1 << 20,
			.send = !(i & 1),
		};
		ASSERT_EQ(pthread_create(&t[i], NULL, bulk_run, &b[i]), 0);
	}
	for (i = 0; i < 100; i++) {
		EXPECT_EQ(set_int(i & 1 ? p.c : p.s, TCPCRYPT_REKEY, 1), 0);
		usleep(1000);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(t[i], NULL);
		EXPECT(b[i].ok, "thread %d", i);
	}
	EXPECT(info(p.c).tx_generation > 0);
	close_pair(&p);
}

/* rekey.sh sets rekey_bytes to 64 KiB here */
TEST(limit_of_bytes)
{
	struct bulk out = { .len = 1 << 20, .send = true };
	struct bulk in = { .len = 1 << 20 };
	const char *max = getenv("REKEY_BYTES");
	struct pair p;
	pthread_t t;

	ASSERT(max);
	open_pair(v, &p);
	ASSERT(encrypted(p.c) && encrypted(p.s));
	out.fd = p.c;
	in.fd = p.s;
	ASSERT_EQ(pthread_create(&t, NULL, bulk_run, &out), 0);
	bulk_run(&in);
	pthread_join(t, NULL);
	EXPECT(in.ok && out.ok);
	/* a frame may go over the limit, so a little less often */
	EXPECT(info(p.c).tx_generation >= (1U << 20) / (2 * atoi(max)),
	       "generation %u", info(p.c).tx_generation);
	ASSERT(wait_gen(p.s, info(p.c).tx_generation, info(p.c).tx_generation));
	close_pair(&p);
}

/* rekey.sh sets rekey_secs to 1 here */
TEST(limit_of_seconds)
{
	struct pair p;
	char in[2];

	open_pair(v, &p);
	ASSERT(encrypted(p.c) && encrypted(p.s));
	EXPECT_EQ(info(p.c).tx_generation, 0);
	usleep(1200000);
	EXPECT_EQ(send(p.c, "x", 1, 0), 1);
	EXPECT_EQ(info(p.c).tx_generation, 1);
	ASSERT(wait_gen(p.c, 1, 1));
	EXPECT_EQ(recv_all(p.s, in, 1), 1);
	close_pair(&p);
}

TEST(rekey_on_what_is_not_encrypted)
{
	struct variant plain = { .family = v->family };
	struct pair p;

	open_pair(&plain, &p);
	EXPECT_ERR(set_int(p.c, TCPCRYPT_REKEY, 1), ENOPROTOOPT);
	close_pair(&p);

	open_pair(v, &p);
	ASSERT(encrypted(p.c) && encrypted(p.s));
	EXPECT_ERR(setsockopt(p.c, IPPROTO_TCP, TCPCRYPT_REKEY, "", 1), EINVAL);
	EXPECT_EQ(set_int(p.c, TCPCRYPT_REKEY, 0), 0);
	EXPECT_EQ(info(p.c).tx_generation, 0);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_ERR(set_int(p.c, TCPCRYPT_REKEY, 1), EPIPE);
	/* the other end still may, and gets no answer */
	EXPECT_EQ(set_int(p.s, TCPCRYPT_REKEY, 1), 0);
	EXPECT_EQ(recv_one(p.s), 0);
	EXPECT_EQ(send(p.s, "x", 1, 0), 1);
	EXPECT_EQ(recv_one(p.c), 1);
	close_pair(&p);
}

/* ---------------------------------------------------------------- options */

#define DEFAULT_TEPS	"\x23\x24\x21\x22"

static int ask(int fd)
{
	return setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tcpcrypt", 8);
}

static int get_int(int fd, int opt)
{
	socklen_t len = sizeof(int);
	int val = -1;

	return getsockopt(fd, IPPROTO_TCP, opt, &val, &len) ? -errno : val;
}

static int set_bytes(int fd, int opt, const char *bytes, size_t len)
{
	return setsockopt(fd, IPPROTO_TCP, opt, bytes, len);
}

static bool has_bytes(int fd, int opt, const char *bytes, size_t want)
{
	socklen_t len = 32;
	char got[32];

	return !getsockopt(fd, IPPROTO_TCP, opt, got, &len) && len == want &&
	       !memcmp(got, bytes, want);
}

static int sessid_err(int fd)
{
	socklen_t len = 64;
	char id[64];

	return getsockopt(fd, IPPROTO_TCP, TCP_ENO_SESSID, id, &len) ? errno : 0;
}

/* Both ends say something, and hear the other */
static bool talk(struct pair *p)
{
	char in[4];

	return send(p->c, "ping", 4, MSG_NOSIGNAL) == 4 &&
	       recv_all(p->s, in, 4) == 4 && !memcmp(in, "ping", 4) &&
	       send(p->s, "pong", 4, MSG_NOSIGNAL) == 4 &&
	       recv_all(p->c, in, 4) == 4 && !memcmp(in, "pong", 4);
}

/* A listener and a client, both with the ULP, not yet connected */
static void asked_pair(const struct variant *v, struct pair *p)
{
	new_listener(v, p);
	p->c = new_socket(v);
	ASSERT_EQ(ask(p->l), 0);
	ASSERT_EQ(ask(p->c), 0);
}

TEST(option_defaults)
{
	struct pair p;

	asked_pair(v, &p);
	EXPECT_EQ(get_int(p.c, TCP_ENO_ENABLED), 1);
	EXPECT_EQ(get_int(p.c, TCP_ENO_SELF_AWARE), 0);
	EXPECT_EQ(get_int(p.c, TCP_ENO_ROLEOVERRIDE), 0);
	EXPECT_EQ(get_int(p.c, TCPCRYPT_RESUME), 1);
	EXPECT_EQ(get_int(p.c, TCPCRYPT_CACHE), 1);
	EXPECT_EQ(get_int(p.c, TCPCRYPT_NONCELEN), 8);
	/* x25519, x448, p256, p521 */
	EXPECT(has_bytes(p.c, TCP_ENO_TEPS, DEFAULT_TEPS, 4));
	EXPECT(has_bytes(p.c, TCPCRYPT_ACONF, "\0\1\0\2\0\x10", 6));
	EXPECT(has_bytes(p.c, TCPCRYPT_BCONF, "\0\1\0\2\0\x10", 6));
	/* what is not known yet */
	EXPECT_EQ(sessid_err(p.c), ENOTCONN);
	EXPECT_EQ(sessid_err(p.l), ENOTCONN);
	EXPECT_EQ(get_int(p.c, TCP_ENO_NEGTEP), -ENOTCONN);
	EXPECT_EQ(get_int(p.c, TCP_ENO_PEER_AWARE), -ENOTCONN);
	EXPECT_EQ(get_int(p.c, TCPCRYPT_INFO), -ENOTCONN);
	EXPECT_ERR(set_int(p.c, TCPCRYPT_REKEY, 1), ENOTCONN);
	/* what can only be read, or only be done */
	EXPECT_ERR(set_int(p.c, TCP_ENO_NEGTEP, 1), ENOPROTOOPT);
	EXPECT_ERR(set_int(p.c, TCP_ENO_SESSID, 1), ENOPROTOOPT);
	EXPECT_EQ(get_int(p.c, TCPCRYPT_REKEY), -ENOPROTOOPT);
	join(v, &p);
	EXPECT(encrypted(p.c) && encrypted(p.s));
	EXPECT(talk(&p));
	EXPECT_ERR(ask(p.c), EEXIST);
	close_pair(&p);
}

TEST(option_values)
{
	int fd = new_socket(v);
	char short_buf[2];
	socklen_t len = 2;

	ASSERT_EQ(ask(fd), 0);
	EXPECT_ERR(ask(fd), EEXIST);
	EXPECT_ERR(set_int(fd, TCP_ENO_ENABLED, 3), EINVAL);
	EXPECT_ERR(set_int(fd, TCP_ENO_ENABLED, -1), EINVAL);
	EXPECT_ERR(set_bytes(fd, TCP_ENO_ENABLED, "\1", 1), EINVAL);
	EXPECT_ERR(set_int(fd, TCP_ENO_SELF_AWARE, 3), EINVAL);
	EXPECT_ERR(set_int(fd, TCP_ENO_ROLEOVERRIDE, 2), EINVAL);
	EXPECT_ERR(set_int(fd, TCPCRYPT_NONCELEN, 9), EINVAL);
	EXPECT_ERR(set_bytes(fd, TCP_ENO_TEPS, "\x20", 1), EINVAL);
	EXPECT_ERR(set_bytes(fd, TCP_ENO_TEPS, "\xa3", 1), EINVAL);
	EXPECT_ERR(set_bytes(fd, TCP_ENO_TEPS, "\x23\x23", 2), EINVAL);
	EXPECT_ERR(set_bytes(fd, TCP_ENO_TEPS, "\x21\x22\x23\x24\x21", 5), EINVAL);
	EXPECT_ERR(set_bytes(fd, TCPCRYPT_ACONF, "\0", 1), EINVAL);
	EXPECT_ERR(set_bytes(fd, TCPCRYPT_ACONF, "\0\3", 2), EINVAL);
	EXPECT_ERR(set_bytes(fd, TCPCRYPT_BCONF, "\0\1\0\1", 4), EINVAL);
	EXPECT_ERR(setsockopt(fd, IPPROTO_TCP, TCPCRYPT_BCONF, (void *)1, 4), EFAULT);
	EXPECT_ERR(set_int(fd, TCP_ENO_BASE + 1000, 1), ENOPROTOOPT);
	/* none of that has changed anything */
	EXPECT(has_bytes(fd, TCP_ENO_TEPS, DEFAULT_TEPS, 4));
	EXPECT(has_bytes(fd, TCPCRYPT_BCONF, "\0\1\0\2\0\x10", 6));
	/* a buffer that is too short gets what fits */
	EXPECT(!getsockopt(fd, IPPROTO_TCP, TCP_ENO_TEPS, short_buf, &len));
	EXPECT_EQ(len, 2);
	EXPECT(!memcmp(short_buf, DEFAULT_TEPS, 2));
	close(fd);
}

TEST(option_choice_of_client)
{
	struct pair p;

	asked_pair(v, &p);
	EXPECT_EQ(set_bytes(p.c, TCP_ENO_TEPS, "\x21", 1), 0);
	EXPECT_EQ(set_bytes(p.c, TCPCRYPT_ACONF, "\0\x10", 2), 0);
	join(v, &p);
	ASSERT(encrypted(p.c) && encrypted(p.s));
	EXPECT_EQ(get_int(p.c, TCP_ENO_NEGTEP), 0x21);
	EXPECT_EQ(info(p.s).aead, 0x10);
	EXPECT(talk(&p));
	/* read back after the fact, and too late to change */
	EXPECT(has_bytes(p.c, TCP_ENO_TEPS, "\x21", 1));
	EXPECT_ERR(set_bytes(p.c, TCP_ENO_TEPS, "\x23", 1), EISCONN);
	EXPECT_ERR(set_int(p.c, TCP_ENO_ENABLED, 0), EISCONN);
	EXPECT_EQ(set_int(p.c, TCPCRYPT_CACHE, 0), 0);
	EXPECT_EQ(get_int(p.c, TCPCRYPT_CACHE), 0);
	EXPECT_EQ(set_int(p.c, TCPCRYPT_CACHE_FLUSH, 1), 0);
	close_pair(&p);
}

TEST(option_choice_of_listener)
{
	struct pair p;

	asked_pair(v, &p);
	/* a session to resume would leave no room for other TEPs in the SYN */
	EXPECT_EQ(set_int(p.c, TCPCRYPT_RESUME, 0), 0);
	EXPECT_EQ(set_bytes(p.l, TCP_ENO_TEPS, "\x21\x23", 2), 0);
	EXPECT_EQ(set_bytes(p.l, TCPCRYPT_BCONF, "\0\2\0\1", 4), 0);
	EXPECT_EQ(set_int(p.l, TCPCRYPT_RESUME, 0), 0);
	join(v, &p);
	ASSERT(encrypted(p.c) && encrypted(p.s));
	EXPECT_EQ(get_int(p.c, TCP_ENO_NEGTEP), 0x21);
	EXPECT_EQ(info(p.c).aead, 2);
	/* children inherit */
	EXPECT(has_bytes(p.s, TCP_ENO_TEPS, "\x21\x23", 2));
	EXPECT_EQ(get_int(p.s, TCPCRYPT_RESUME), 0);
	EXPECT(talk(&p));
	close(p.c);
	close(p.s);
	/* and the listener can change its mind */
	EXPECT_EQ(set_bytes(p.l, TCP_ENO_TEPS, "\x23", 1), 0);
	p.c = new_socket(v);
	join(v, &p);
	EXPECT_EQ(get_int(p.c, TCP_ENO_NEGTEP), 0x23);
	close_pair(&p);
}

TEST(option_set_before_bind_and_listen)
{
	struct pair p;
	int on = 1;

	memset(&p, 0, sizeof(p));
	p.l = new_socket(v);
	ASSERT_EQ(ask(p.l), 0);
	ASSERT_EQ(set_bytes(p.l, TCP_ENO_TEPS, "\x21", 1), 0);
	setsockopt(p.l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	loopback_addr(v, &p, 0);
	ASSERT_EQ(bind(p.l, (void *)&p.addr, p.len), 0);
	ASSERT_EQ(listen(p.l, 8), 0);
	ASSERT_EQ(getsockname(p.l, (void *)&p.addr, &p.len), 0);
	p.c = new_socket(v);
	/* a session to resume would leave no room for this TEP in the SYN */
	ASSERT_EQ(ask(p.c), 0);
	ASSERT_EQ(set_int(p.c, TCPCRYPT_RESUME, 0), 0);
	join(v, &p);
	EXPECT_EQ(get_int(p.c, TCP_ENO_NEGTEP), 0x21);
	EXPECT(talk(&p));
	close_pair(&p);
}

static void expect_plain(struct pair *p)
{
	EXPECT(!encrypted(p->c));
	EXPECT(!encrypted(p->s));
	EXPECT(talk(p));
}

TEST(enabled_off)
{
	struct pair p;

	/* the client does not offer */
	asked_pair(v, &p);
	ASSERT_EQ(set_int(p.c, TCP_ENO_ENABLED, 0), 0);
	join(v, &p);
	expect_plain(&p);
	EXPECT_EQ(sessid_err(p.c), ENODATA);
	EXPECT_EQ(sessid_err(p.s), ENOPROTOOPT);
	close(p.c);
	close(p.s);
	/* the listener does not accept */
	p.c = new_socket(v);
	ASSERT_EQ(ask(p.c), 0);
	ASSERT_EQ(set_int(p.l, TCP_ENO_ENABLED, 0), 0);
	join(v, &p);
	expect_plain(&p);
	EXPECT_EQ(sessid_err(p.c), ENODATA);
	EXPECT_EQ(info(p.c).state, TCPCRYPT_CONN_PLAIN);
	EXPECT(!strcmp(info(p.c).fallback, "FallbackNoSynAckEno"), "%s",
	       info(p.c).fallback);
	EXPECT_ERR(set_int(p.c, TCPCRYPT_REKEY, 1), ENOTCONN);
	close_pair(&p);
}

TEST(enabled_off_without_asking)
{
	struct variant plain = { .family = v->family };
	struct pair p;
	int fd = new_socket(v);

	/* our options need the ULP */
	EXPECT_ERR(set_int(fd, TCP_ENO_ENABLED, 0), ENOPROTOOPT);
	close(fd);
	/* too late for it */
	open_pair(&plain, &p);
	EXPECT_ERR(ask(p.c), EISCONN);
	EXPECT_ERR(ask(p.s), EISCONN);
	EXPECT(talk(&p));
	close_pair(&p);
}

/*
 * options.sh has switched encryption off with all of net.tcpcrypt.eno_*, which
 * are what holds for those who have not said what they want.
 */
TEST(defaults_overridden)
{
	struct pair p;

	asked_pair(v, &p);
	join(v, &p);
	expect_plain(&p);
	close(p.c);
	close(p.s);
	/* one end is not enough */
	p.c = new_socket(v);
	ASSERT_EQ(ask(p.c), 0);
	ASSERT_EQ(set_int(p.c, TCP_ENO_ENABLED, 1), 0);
	join(v, &p);
	expect_plain(&p);
	close(p.c);
	close(p.s);
	/* both are */
	for (int enabled = 1; enabled <= 2; enabled++) {
		p.c = new_socket(v);
		ASSERT_EQ(ask(p.c), 0);
		ASSERT_EQ(set_int(p.c, TCP_ENO_ENABLED, enabled), 0);
		ASSERT_EQ(set_int(p.l, TCP_ENO_ENABLED, enabled), 0);
		join(v, &p);
		EXPECT(encrypted(p.c) && encrypted(p.s));
		EXPECT(talk(&p));
		close(p.c);
		close(p.s);
	}
	close(p.l);
}

TEST(vacuous_option)
{
	struct pair p;

	asked_pair(v, &p);
	ASSERT_EQ(set_bytes(p.c, TCP_ENO_TEPS, "", 0), 0);
	EXPECT(has_bytes(p.c, TCP_ENO_TEPS, "", 0));
	join(v, &p);
	expect_plain(&p);
	EXPECT(!strncmp(info(p.c).fallback, "Fallback", 8));
	close_pair(&p);
}

/* RFC 8547 section 4.2: a passive opener always has b = 1 */
TEST(role_override_against_a_listener)
{
	struct pair p;

	asked_pair(v, &p);
	ASSERT_EQ(set_int(p.c, TCP_ENO_ROLEOVERRIDE, 1), 0);
	join(v, &p);
	expect_plain(&p);
	close_pair(&p);
}

TEST(aware)
{
	int c, s;

	for (c = 0; c < 3; c++) {
		for (s = 0; s < 3; s++) {
			bool plain = (c == 2 && !s) || (s == 2 && !c);
			struct pair p;

			asked_pair(v, &p);
			ASSERT_EQ(set_int(p.c, TCP_ENO_SELF_AWARE, c), 0);
			ASSERT_EQ(set_int(p.l, TCP_ENO_SELF_AWARE, s), 0);
			join(v, &p);
			EXPECT_EQ(encrypted(p.c), !plain);
			EXPECT_EQ(encrypted(p.s), !plain);
			EXPECT(talk(&p), "client %d, server %d", c, s);
			if (!plain) {
				EXPECT_EQ(get_int(p.c, TCP_ENO_PEER_AWARE), !!s);
				EXPECT_EQ(get_int(p.s, TCP_ENO_PEER_AWARE), !!c);
				EXPECT_EQ(get_int(p.s, TCP_ENO_SELF_AWARE), s);
			}
			close_pair(&p);
		}
	}
}

static int connect_err(struct pair *p)
{
	return connect(p->c, (void *)&p->addr, p->len) ? errno : 0;
}

TEST(require)
{
	struct variant plain = { .family = v->family };
	struct pair p;

	/* it works where it can */
	asked_pair(v, &p);
	ASSERT_EQ(set_int(p.c, TCP_ENO_ENABLED, 2), 0);
	ASSERT_EQ(set_int(p.l, TCP_ENO_ENABLED, 2), 0);
	join(v, &p);
	EXPECT(encrypted(p.c) && encrypted(p.s));
	EXPECT(talk(&p));
	close(p.c);
	close(p.s);

	/* a peer that does not encrypt */
	ASSERT_EQ(set_int(p.l, TCP_ENO_ENABLED, 0), 0);
	p.c = new_socket(v);
	ASSERT_EQ(ask(p.c), 0);
	ASSERT_EQ(set_int(p.c, TCP_ENO_ENABLED, 2), 0);
	EXPECT_EQ(connect_err(&p), EPROTO);
	/* the socket can be used again */
	ASSERT_EQ(set_int(p.l, TCP_ENO_ENABLED, 1), 0);
	EXPECT_EQ(get_int(p.c, TCP_ENO_ENABLED), 2);
	EXPECT_EQ(connect_err(&p), 0);
	EXPECT(encrypted(p.c));
	close(p.c);
	close(p.l);

	/* a port that is excluded from encryption */
	new_listener(&plain, &p);
	p.c = new_socket(v);
	ASSERT_EQ(ask(p.c), 0);
	ASSERT_EQ(set_int(p.c, TCP_ENO_ENABLED, 2), 0);
	EXPECT_EQ(connect_err(&p), EPROTO);
	close(p.c);
	close(p.l);
	/* nobody there is nobody there */
	p.c = new_socket(v);
	ASSERT_EQ(ask(p.c), 0);
	ASSERT_EQ(set_int(p.c, TCP_ENO_ENABLED, 2), 0);
	loopback_addr(v, &p, 7999);
	EXPECT_EQ(connect_err(&p), ECONNREFUSED);
	close(p.c);
}

TEST(require_nonblocking)
{
	socklen_t len = sizeof(int);
	struct pollfd pfd;
	struct pair p;
	int err = 0;

	asked_pair(v, &p);
	ASSERT_EQ(set_int(p.c, TCP_ENO_ENABLED, 2), 0);
	ASSERT_EQ(set_int(p.l, TCP_ENO_ENABLED, 0), 0);
	ASSERT_EQ(fcntl(p.c, F_SETFL, O_NONBLOCK), 0);
	err = connect_err(&p);
	if (err == EINPROGRESS) {
		pfd = (struct pollfd){ .fd = p.c, .events = POLLOUT };
		ASSERT_EQ(poll(&pfd, 1, WAIT_MS), 1);
		EXPECT(pfd.revents & POLLERR);
		ASSERT_EQ(getsockopt(p.c, SOL_SOCKET, SO_ERROR, &err, &len), 0);
	}
	EXPECT_EQ(err, EPROTO);
	close(p.c);
	close(p.l);
}

/* A listener that insists: nothing in clear is ever read from its children */
TEST(require_of_listener)
{
	struct pollfd pfd;
	struct pair p;
	char in[8];
	int err;

	asked_pair(v, &p);
	ASSERT_EQ(set_int(p.l, TCP_ENO_ENABLED, 2), 0);
	ASSERT_EQ(set_int(p.c, TCP_ENO_ENABLED, 0), 0);
	/* the reset may be here before connect() looks */
	err = connect_err(&p);
	EXPECT(!err || err == ECONNRESET, "%s", errno_name(err));
	/* send() may find the reset, and then nobody finds it again */
	if (!err && send(p.c, "clear", 5, MSG_NOSIGNAL) < 0) {
		EXPECT(errno == ECONNRESET || errno == EPIPE);
	} else if (!err) {
		pfd = (struct pollfd){ .fd = p.c, .events = POLLIN };
		ASSERT_EQ(poll(&pfd, 1, WAIT_MS), 1);
		EXPECT(recv(p.c, in, sizeof(in), 0) < 0);
		EXPECT(errno == ECONNRESET || errno == EPIPE);
	}
	p.s = accept(p.l, NULL, NULL);
	if (p.s >= 0) {
		EXPECT(recv(p.s, in, sizeof(in), 0) < 0);
		close(p.s);
	}
	close(p.c);
	close(p.l);
}

/* options.sh makes loopback slow enough for SYNs to cross */
static void simultaneous(const struct variant *v, int b1, int b2, bool enc)
{
	struct pair p, q;
	struct pollfd pfd[2];
	int on = 1, base = 20000 + (getpid() % 10000) * 2;

	p.c = new_socket(v);
	p.s = new_socket(v);
	p.l = -1;
	setsockopt(p.c, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(p.s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	loopback_addr(v, &p, base);
	loopback_addr(v, &q, base + 1);
	ASSERT_EQ(bind(p.c, (void *)&p.addr, p.len), 0);
	ASSERT_EQ(bind(p.s, (void *)&q.addr, q.len), 0);
	ASSERT_EQ(ask(p.c), 0);
	ASSERT_EQ(ask(p.s), 0);
	ASSERT_EQ(set_int(p.c, TCP_ENO_ROLEOVERRIDE, b1), 0);
	ASSERT_EQ(set_int(p.s, TCP_ENO_ROLEOVERRIDE, b2), 0);
	fcntl(p.c, F_SETFL, O_NONBLOCK);
	fcntl(p.s, F_SETFL, O_NONBLOCK);
	EXPECT_ERR(connect(p.c, (void *)&q.addr, q.len), EINPROGRESS);
	EXPECT_ERR(connect(p.s, (void *)&p.addr, p.len), EINPROGRESS);
	pfd[0] = (struct pollfd){ .fd = p.c, .events = POLLOUT };
	pfd[1] = (struct pollfd){ .fd = p.s, .events = POLLOUT };
	fcntl(p.c, F_SETFL, 0);
	fcntl(p.s, F_SETFL, 0);
	ASSERT_EQ(poll(&pfd[0], 1, WAIT_MS), 1);
	ASSERT_EQ(poll(&pfd[1], 1, WAIT_MS), 1);
	ASSERT(talk(&p));
	EXPECT_EQ(encrypted(p.c), enc);
	EXPECT_EQ(encrypted(p.s), enc);
	if (enc) {
		char a[64], b[64];
		socklen_t len = sizeof(a);

		EXPECT_EQ(get_int(p.c, TCP_ENO_ROLE), b1);
		EXPECT_EQ(get_int(p.s, TCP_ENO_ROLE), b2);
		getsockopt(p.c, IPPROTO_TCP, TCP_ENO_SESSID, a, &len);
		getsockopt(p.s, IPPROTO_TCP, TCP_ENO_SESSID, b, &len);
		EXPECT(!memcmp(a, b, TCPCRYPT_SESSID_BYTES));
	}
	close(p.c);
	close(p.s);
}

TEST(simultaneous_one_b)
{
	ASSERT(getenv("SLOW_LOOPBACK"));
	simultaneous(v, 0, 1, true);
}

TEST(simultaneous_other_b)
{
	ASSERT(getenv("SLOW_LOOPBACK"));
	simultaneous(v, 1, 0, true);
}

TEST(simultaneous_no_b)
{
	ASSERT(getenv("SLOW_LOOPBACK"));
	simultaneous(v, 0, 0, false);
}

TEST(simultaneous_both_b)
{
	ASSERT(getenv("SLOW_LOOPBACK"));
	simultaneous(v, 1, 1, false);
}

/* ---------------------------------------------------------------- urgent data */

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

/* ---------------------------------------------------------------- keep-alive */

static void keepalive(int fd, int idle, int intvl, int cnt)
{
	int on = 1;

	ASSERT_EQ(set_int(fd, TCP_KEEPIDLE, idle), 0);
	ASSERT_EQ(set_int(fd, TCP_KEEPINTVL, intvl), 0);
	ASSERT_EQ(set_int(fd, TCP_KEEPCNT, cnt), 0);
	ASSERT_EQ(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)), 0);
}

TEST(keepalive_of_live_peer)
{
	struct pair p;

	open_pair(v, &p);
	ASSERT(encrypted(p.c) && encrypted(p.s));
	keepalive(p.c, 1, 1, 2);
	/* probes are answered, again and again, without a reader */
	ASSERT(wait_gen(p.s, 2, 2));
	usleep(2500000);
	EXPECT(info(p.c).tx_generation >= 2);
	EXPECT_EQ(info(p.c).error, 0);
	EXPECT(talk(&p));
	/* and end when they are not wanted any more */
	ASSERT_EQ(setsockopt(p.c, SOL_SOCKET, SO_KEEPALIVE, &(int){ 0 }, sizeof(int)), 0);
	usleep(100000);
	unsigned int gen = info(p.c).tx_generation;

	usleep(2500000);
	EXPECT_EQ(info(p.c).tx_generation, gen);
	close_pair(&p);
}

/* The host answers for a child that nobody accepts; see also selftests/peer */
TEST(keepalive_before_accept)
{
	struct pair p;

	new_listener(v, &p);
	p.c = new_socket(v);
	keepalive(p.c, 1, 1, 3);
	ASSERT_EQ(connect(p.c, (void *)&p.addr, p.len), 0);
	ASSERT(encrypted(p.c));
	ASSERT(wait_gen(p.c, 2, 2));
	EXPECT_EQ(info(p.c).error, 0);
	p.s = accept(p.l, NULL, NULL);
	ASSERT(p.s >= 0);
	EXPECT(talk(&p));
	close_pair(&p);
}

TEST(keepalive_inherited)
{
	struct pair p;

	new_listener(v, &p);
	keepalive(p.l, 1, 1, 5);
	p.c = new_socket(v);
	join(v, &p);
	ASSERT(encrypted(p.c) && encrypted(p.s));
	ASSERT(wait_gen(p.c, 1, 1));
	close_pair(&p);
}

/* keepalive.sh cuts the connection, and says when; then both must end alike */
TEST(dead_peer)
{
	const char *cut = getenv("CUT");
	struct pollfd pfd;
	struct pair p;
	char in[1], cmd[256];
	long start;

	ASSERT(cut);
	open_pair(v, &p);
	ASSERT(encrypted(p.c) && encrypted(p.s));
	/* the idle time counts from the last segment that came */
	start = now_ms();
	EXPECT(talk(&p));
	keepalive(p.c, 2, 1, 3);
	snprintf(cmd, sizeof(cmd), "%s %d", cut,
		 v->family == 4 ? ntohs(((struct sockaddr_in *)&p.addr)->sin_port) :
		 ntohs(((struct sockaddr_in6 *)&p.addr)->sin6_port));
	ASSERT_EQ(system(cmd), 0);
	pfd = (struct pollfd){ .fd = p.c, .events = POLLIN };
	ASSERT_EQ(poll(&pfd, 1, WAIT_MS), 1);
	EXPECT_ERR(recv(p.c, in, 1, 0), ETIMEDOUT);
	/* 2 + 3 * 1 seconds, as plain TCP */
	EXPECT(now_ms() - start >= 4500, "%ld ms", now_ms() - start);
	EXPECT(now_ms() - start <= 12000, "%ld ms", now_ms() - start);
	close_pair(&p);
}

/* ---------------------------------------------------------------- the runner */

static const struct variant variants[] = {
	{ "ipv4", true, 4 },
	{ "ipv6", true, 6 },
};

#define NVARIANTS	(sizeof(variants) / sizeof(variants[0]))

static pid_t child;

static void on_timeout(int sig)
{
	if (child > 0)
		kill(-child, SIGKILL);
}

static int run_one(const struct test *t, const struct variant *v, int limit)
{
	struct sigaction sa = { .sa_handler = on_timeout };
	int st = 0;

	fflush(stdout);
	child = fork();
	if (!child) {
		setpgid(0, 0);
		signal(SIGPIPE, SIG_IGN);
		setvbuf(stdout, NULL, _IOLBF, 0);
		t->fn(v);
		fflush(stdout);
		_exit(test_failures ? 1 : 0);
	}
	setpgid(child, child);
	sigaction(SIGALRM, &sa, NULL);
	alarm(limit);
	while (waitpid(child, &st, 0) < 0 && errno == EINTR)
		;
	alarm(0);
	kill(-child, SIGKILL);
	if (WIFSIGNALED(st))
		printf("# ended by signal %d%s\n", WTERMSIG(st),
		       WTERMSIG(st) == SIGKILL ? " (time limit)" : "");
	return st;
}

static bool wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++)
		if (strstr(name, argv[i]))
			return true;
	return !argc;
}

int main(int argc, char **argv)
{
	int o, limit = 60, n = 0, failed = 0;
	bool list = false;
	struct test *t;
	unsigned int k;
	long start;

	while ((o = getopt(argc, argv, "lt:")) != -1) {
		if (o == 'l') {
			list = true;
		} else if (o == 't') {
			limit = atoi(optarg);
		} else {
			fprintf(stderr, "usage: options [-l] [-t SECONDS] [TEST...]\n");
			return 2;
		}
	}
	for (t = tests; t; t = t->next) {
		for (k = 0; k < NVARIANTS; k++) {
			char name[128];

			snprintf(name, sizeof(name), "%s.%s", t->name, variants[k].name);
			if (!wanted(name, argc - optind, argv + optind))
				continue;
			if (list) {
				puts(name);
				continue;
			}
			n++;
			start = now_ms();
			if (run_one(t, &variants[k], limit)) {
				failed++;
				printf("not ");
			}
			printf("ok %d - %s # %ld ms\n", n, name, now_ms() - start);
		}
	}
	if (!list)
		printf("1..%d\n# %d of %d failed\n", n, failed, n);
	return failed || !n;
}
