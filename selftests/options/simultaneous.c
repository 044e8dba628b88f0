// SPDX-License-Identifier: GPL-2.0-only
/*
 * Simultaneous open.
 */
#include <fcntl.h>
#include <poll.h>

#include "../tools/stream.h"
#include "options.h"

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
