// SPDX-License-Identifier: GPL-2.0-only
/*
 * Applications that insist on encryption.
 */
#include <fcntl.h>
#include <poll.h>

#include "../tools/stream.h"
#include "options.h"

TEST(require)
{
	struct variant plain = { .family = v->family };
	struct pair p;

	/* it works where it can */
	asked_pair(v, &p);
	ASSERT_EQ(set_int(p.c, TCP_ENO_ENABLED, 2), 0);
	ASSERT_EQ(set_int(p.l, TCP_ENO_ENABLED, 2), 0);
	join(&p);
	EXPECT(encrypted(p.c) && encrypted(p.s));
	EXPECT(talk(&p));

	/* a peer that does not encrypt */
	ASSERT_EQ(set_int(p.l, TCP_ENO_ENABLED, 0), 0);
	next_client(v, &p);
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
	new_listener(&plain, &p, 8);
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
