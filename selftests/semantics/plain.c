// SPDX-License-Identifier: GPL-2.0-only
/*
 * What stays plain, always.
 */
#include <fcntl.h>

#include "semantics.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

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
