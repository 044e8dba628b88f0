// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library on encrypted connections over the loopback device, both ends in
 * this process.  With an argument the old functions ask tcpcryptd there.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../libtcpcrypt/tcpcrypt.h"

static unsigned int points, failures;
static const char *ctl;

static void ok(bool good, const char *what)
{
	int saved = errno;

	printf("%sok %u - %s%s\n", good ? "" : "not ", ++points, what,
	       ctl ? " (control socket)" : "");
	if (!good)
		printf("# errno %d, %s\n", saved, strerror(saved));
	fflush(stdout);
	failures += !good;
}

/* A socket to connect, and one that listens for it */
struct pair {
	int c, l, s;
	struct sockaddr_in6 addr;
	socklen_t len;
};

static void prepare(struct pair *p, int family)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&p->addr;

	memset(p, 0, sizeof(*p));
	p->len = sizeof(p->addr);
	if (family == AF_INET6) {
		p->addr.sin6_family = AF_INET6;
		p->addr.sin6_addr = in6addr_loopback;
	} else {
		in->sin_family = AF_INET;
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		p->len = sizeof(*in);
	}
	p->c = socket(family, SOCK_STREAM, 0);
	p->l = socket(family, SOCK_STREAM, 0);
	p->s = -1;
	if (bind(p->l, (struct sockaddr *)&p->addr, p->len) || listen(p->l, 1) ||
	    getsockname(p->l, (struct sockaddr *)&p->addr, &p->len))
		perror("# listen");
}

static bool join(struct pair *p)
{
	if (connect(p->c, (struct sockaddr *)&p->addr, p->len)) {
		perror("# connect");
		return false;
	}
	p->s = accept(p->l, NULL, NULL);
	return p->s >= 0;
}

static void part(struct pair *p)
{
	close(p->c);
	close(p->l);
	if (p->s >= 0)
		close(p->s);
}

static int old_get(int fd, int opt, void *val, socklen_t *len)
{
	return tcpcrypt_getsockopt(fd, IPPROTO_TCP, opt, val, len);
}

static int old_set(int fd, int opt, int val)
{
	return tcpcrypt_setsockopt(fd, IPPROTO_TCP, opt, &val, sizeof(val));
}

static void test_names(struct pair *p)
{
	uint8_t a[TCPCRYPT_NAME_BYTES], b[TCPCRYPT_NAME_BYTES];
	char one[TCPCRYPT_WORDS_BYTES], two[TCPCRYPT_WORDS_BYTES];
	int role = -1;

	ok(!tcpcrypt_local_name(p->c, a) && !tcpcrypt_peer_name(p->s, b) &&
	   !memcmp(a, b, sizeof(a)), "names cross over");
	ok(!tcpcrypt_peer_name(p->c, b) && memcmp(a, b, sizeof(a)) &&
	   !memcmp(a + 1, b + 1, sizeof(a) - 1), "and differ by the role");
	ok(!tcpcrypt_get_int(p->c, TCP_ENO_ROLE, &role) && role == a[0],
	   "which is the option's");
	ok(!tcpcrypt_words(p->c, one) && !tcpcrypt_words(p->s, two) &&
	   !strcmp(one, two), "both ends say the same words");
}

static void test_old(struct pair *p, const uint8_t *sid, int family)
{
	char hex[2 * TCPCRYPT_SESSID_BYTES + 1], *found;
	uint8_t buf[2000];
	socklen_t len = 64;
	int i;

	ok(!old_get(p->c, TCP_CRYPT_SESSID, buf, &len) && len == 33 &&
	   !memcmp(buf, sid, 33), "SESSID of the client");
	len = 20;
	ok(!old_get(p->s, TCP_CRYPT_SESSID, buf, &len) && len == 20 &&
	   !memcmp(buf, sid, 20), "20 bytes of SESSID of the server");
	len = 4;
	ok(!old_get(p->c, TCP_CRYPT_ENABLE, &i, &len) && i == 1, "ENABLE");
	ok(!old_set(p->c, TCP_CRYPT_ENABLE, 0), "cannot be cleared now, quietly");
	ok(old_set(p->c, TCP_CRYPT_CMODE, 1) == -1, "CMODE of a connection");
	len = 33;
	ok(old_get(p->c, TCP_CRYPT_APP_SUPPORT, buf, &len) == -1,
	   "APP_SUPPORT in 33 bytes");
	len = 4;
	ok(old_get(p->c, TCP_CRYPT_RSA_KEY, buf, &len) == -1 &&
	   errno == ENOPROTOOPT, "RSA_KEY");

	for (i = 0; i < 33; i++)
		sprintf(hex + 2 * i, "%02X", sid[i]);
	found = tcpcrypt_getsessid(family == AF_INET6 ? "::1" : "127.0.0.1",
				   ntohs(p->addr.sin6_port), "", 0);
	ok(found && !strcmp(found, hex), "getsessid() finds it by its peer");
	ok(!tcpcrypt_getsessid("192.0.2.1", 1, "", 0) && errno == ENOENT,
	   "and nothing else");
	len = sizeof(buf);
	if (family == AF_INET6)
		return;
	ok(!old_get(p->c, TCP_CRYPT_NETSTAT, buf, &len) && len >= 98 &&
	   !(len % 49) && memmem(buf, len, sid, 33), "NETSTAT");
}

static void test_open(int family)
{
	uint8_t sid[TCPCRYPT_SESSID_BYTES], peer[TCPCRYPT_SESSID_BYTES];
	struct pair p;
	int tep = 0;

	printf("# %s\n", family == AF_INET6 ? "IPv6" : "IPv4");
	prepare(&p, family);
	ok(tcpcrypt_sessid(p.c, sid) == -1 && errno == ENOTCONN,
	   "not connected");
	if (!join(&p))
		return;
	ok(tcpcrypt_wait(p.c, 30000) == 1 && tcpcrypt_wait(p.s, 30000) == 1,
	   "both ends are encrypted");
	ok(!tcpcrypt_sessid(p.c, sid) && !tcpcrypt_sessid(p.s, peer) &&
	   !memcmp(sid, peer, sizeof(sid)), "with one session ID");
	ok(!tcpcrypt_get_int(p.c, TCP_ENO_NEGTEP, &tep) && tep == sid[0],
	   "that begins with the key exchange");
	test_names(&p);
	test_old(&p, sid, family);
	part(&p);
}

/* Non-blocking: the answer comes, though connect() is not through */
static void test_nonblock(void)
{
	uint8_t sid[TCPCRYPT_SESSID_BYTES];
	socklen_t len = sizeof(sid);
	struct pair p;

	prepare(&p, AF_INET);
	fcntl(p.c, F_SETFL, O_NONBLOCK);
	connect(p.c, (struct sockaddr *)&p.addr, p.len);
	ok(tcpcrypt_wait(p.c, 30000) == 1, "waiting on a non-blocking socket");
	part(&p);

	prepare(&p, AF_INET);
	ok(join(&p), "a connection");
	fcntl(p.c, F_SETFL, O_NONBLOCK);
	ok(!old_get(p.c, TCP_CRYPT_SESSID, sid, &len),
	   "SESSID waits for the handshake on a non-blocking socket");
	part(&p);
}

static void test_disable(void)
{
	uint8_t sid[TCPCRYPT_SESSID_BYTES];
	socklen_t len = 4;
	struct pair p;
	int i = -1;

	prepare(&p, AF_INET);
	ok(!old_set(p.c, TCP_CRYPT_ENABLE, 0), "ENABLE 0 before connect()");
	ok(!old_get(p.c, TCP_CRYPT_ENABLE, &i, &len) && !i, "can be read");
	ok(join(&p) && !tcpcrypt_wait(p.c, 30000) && !tcpcrypt_wait(p.s, 30000),
	   "makes a plain connection");
	len = sizeof(sid);
	ok(old_get(p.c, TCP_CRYPT_SESSID, sid, &len) == -1, "without SESSID");
	part(&p);
	prepare(&p, AF_INET);
	ok(!old_set(p.l, TCP_CRYPT_ENABLE, 0) && join(&p) &&
	   !tcpcrypt_wait(p.c, 30000), "and so on a listening socket");
	if (ctl)
		tcpcrypt_setsockopt(p.l, IPPROTO_TCP, TCP_CRYPT_RESET, NULL, 0);
	part(&p);
}

static void test_settings(void)
{
	uint8_t value[34];
	socklen_t len = 4;
	struct pair p;
	int i = -1;

	prepare(&p, AF_INET);
	ok(!old_set(p.c, TCP_CRYPT_NOCACHE, 1) &&
	   !old_get(p.c, TCP_CRYPT_NOCACHE, &i, &len) && i == 1, "NOCACHE");
	ok(!old_set(p.c, TCP_CRYPT_CMODE, 1), "CMODE");
	ok(!tcpcrypt_setsockopt(p.c, IPPROTO_TCP, TCP_CRYPT_RESET, NULL, 0) &&
	   !old_get(p.c, TCP_CRYPT_NOCACHE, &i, &len) && !i, "RESET");
	ok(!old_set(p.c, TCP_CRYPT_APP_SUPPORT, 1), "APP_SUPPORT");
	len = sizeof(value);
	ok(join(&p) && !old_get(p.s, TCP_CRYPT_APP_SUPPORT, value, &len) &&
	   len == 34 && (ctl || value[0] == 2), "is seen by the peer");
	len = sizeof(value);
	ok(!old_get(p.c, TCP_CRYPT_APP_SUPPORT, value, &len) &&
	   (ctl || value[0] == 1), "and by ourselves");
	part(&p);
}

static void *exchange(void *arg)
{
	int fd = *(int *)arg;

	return (void *)(long)tcpcrypt_secret_exchange(fd, "blue", 4, 30000);
}

static void test_exchange(void)
{
	pthread_t thread;
	struct pair p;
	void *ret;

	prepare(&p, AF_INET);
	join(&p);
	pthread_create(&thread, NULL, exchange, &p.s);
	ok(!tcpcrypt_secret_exchange(p.c, "blue", 4, 30000), "the same secret");
	pthread_join(thread, &ret);
	ok(!ret, "at both ends");
	pthread_create(&thread, NULL, exchange, &p.s);
	ok(tcpcrypt_secret_exchange(p.c, "red", 3, 30000) == -1 &&
	   errno == EKEYREJECTED, "another secret");
	pthread_join(thread, &ret);
	ok(ret, "at both ends");
	ok(tcpcrypt_secret_exchange(p.c, "blue", 4, 200) == -1 &&
	   errno == ETIMEDOUT, "a peer that says nothing");
	part(&p);
}

int main(int argc, char **argv)
{
	ctl = argv[1];
	if (ctl)
		tcpcrypt_setparam(TCPCRYPT_PARAM_CTLPATH, argv[1]);
	test_open(AF_INET);
	test_open(AF_INET6);
	test_nonblock();
	test_exchange();
	test_disable();
	test_settings();
	printf("1..%u\n", points);
	return !!failures;
}
