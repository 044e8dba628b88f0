// SPDX-License-Identifier: GPL-2.0-only
/*
 * The session ID; what names a connection, and says what it is.
 */
#include "semantics.h"

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
