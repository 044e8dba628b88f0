// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections, and their options.
 */
#include "../tools/stream.h"
#include "options.h"

void open_pair(const struct variant *v, struct pair *p)
{
	new_listener(v, p, 8);
	p->c = new_socket(v);
	join(p);
}

/* A listener and a client, both with the ULP, not yet connected */
void asked_pair(const struct variant *v, struct pair *p)
{
	new_listener(v, p, 8);
	p->c = new_socket(v);
	ASSERT_EQ(ask(p->l), 0);
	ASSERT_EQ(ask(p->c), 0);
}

/* The connection ends; another client has the ULP, not yet connected */
void next_client(const struct variant *v, struct pair *p)
{
	close(p->c);
	close(p->s);
	p->c = new_socket(v);
	ASSERT_EQ(ask(p->c), 0);
}

int connect_err(struct pair *p)
{
	return connect(p->c, (void *)&p->addr, p->len) ? errno : 0;
}

/* The session ID tells that the key exchange is over. */
bool encrypted(int fd)
{
	uint8_t id[64];
	socklen_t len = sizeof(id);

	return !getsockopt(fd, IPPROTO_TCP, TCP_ENO_SESSID, id, &len) &&
	       len == TCPCRYPT_SESSID_BYTES;
}

struct tcpcrypt_info info(int fd)
{
	struct tcpcrypt_info i = {};
	socklen_t len = sizeof(i);

	ASSERT_EQ(getsockopt(fd, IPPROTO_TCP, TCPCRYPT_INFO, &i, &len), 0);
	ASSERT_EQ(len, sizeof(i));
	return i;
}

/* Until both directions of a socket have reached a generation */
bool wait_gen(int fd, unsigned int tx, unsigned int rx)
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

ssize_t recv_one(int fd)
{
	char c;

	return recv(fd, &c, 1, 0);
}

/* Both ends say something, and hear the other */
bool talk(struct pair *p)
{
	char in[4];

	return send(p->c, "ping", 4, MSG_NOSIGNAL) == 4 &&
	       recv_all(p->s, in, 4) == 4 && !memcmp(in, "ping", 4) &&
	       send(p->s, "pong", 4, MSG_NOSIGNAL) == 4 &&
	       recv_all(p->c, in, 4) == 4 && !memcmp(in, "pong", 4);
}

void expect_plain(struct pair *p)
{
	EXPECT(!encrypted(p->c));
	EXPECT(!encrypted(p->s));
	EXPECT(talk(p));
}

int ask(int fd)
{
	return setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tcpcrypt", 8);
}

int set_int(int fd, int opt, int val)
{
	return setsockopt(fd, IPPROTO_TCP, opt, &val, sizeof(val));
}

int get_int(int fd, int opt)
{
	socklen_t len = sizeof(int);
	int val = -1;

	return getsockopt(fd, IPPROTO_TCP, opt, &val, &len) ? -errno : val;
}

int set_bytes(int fd, int opt, const char *bytes, size_t len)
{
	return setsockopt(fd, IPPROTO_TCP, opt, bytes, len);
}

bool has_bytes(int fd, int opt, const char *bytes, size_t want)
{
	socklen_t len = 32;
	char got[32];

	return !getsockopt(fd, IPPROTO_TCP, opt, got, &len) && len == want &&
	       !memcmp(got, bytes, want);
}

int sessid_err(int fd)
{
	socklen_t len = 64;
	char id[64];

	return getsockopt(fd, IPPROTO_TCP, TCP_ENO_SESSID, id, &len) ? errno : 0;
}
