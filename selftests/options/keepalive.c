// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keep-alive.
 */
#include <arpa/inet.h>
#include <poll.h>

#include "../tools/stream.h"
#include "options.h"

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

	new_listener(v, &p, 8);
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

	new_listener(v, &p, 8);
	keepalive(p.l, 1, 1, 5);
	p.c = new_socket(v);
	join(&p);
	ASSERT(encrypted(p.c) && encrypted(p.s));
	ASSERT(wait_gen(p.c, 1, 1));
	close_pair(&p);
}

/* urgent.sh cuts the connection, and says when; then both must end alike */
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
