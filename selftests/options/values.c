// SPDX-License-Identifier: GPL-2.0-only
/*
 * What options can be set to, and what the negotiation makes of them.
 */
#include <signal.h>
#include <sys/wait.h>

#include "../tools/stream.h"
#include "options.h"

#define DEFAULT_TEPS	"\x23\x24\x21\x22"

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
	join(&p);
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
	join(&p);
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
	join(&p);
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
	join(&p);
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
	join(&p);
	EXPECT_EQ(get_int(p.c, TCP_ENO_NEGTEP), 0x21);
	EXPECT(talk(&p));
	close_pair(&p);
}

/* The module has put the ULP on the listener itself, for a connection it got */
TEST(option_asked_of_busy_listener)
{
	struct pair p;
	int first_c, first_s;

	open_pair(v, &p);
	first_c = p.c;
	first_s = p.s;
	EXPECT_EQ(get_int(p.l, TCP_ENO_ENABLED), -ENOPROTOOPT);
	EXPECT_ERR(setsockopt(p.l, IPPROTO_TCP, TCP_ULP, "tcpcrypt2", 9), ENOENT);
	EXPECT_ERR(setsockopt(p.l, IPPROTO_TCP, TCP_ULP, (void *)1, 8), EFAULT);
	EXPECT_ERR(setsockopt(p.l, IPPROTO_TCP, TCP_ULP, "", 0), EINVAL);
	ASSERT_EQ(ask(p.l), 0);
	EXPECT_ERR(ask(p.l), EEXIST);
	EXPECT_EQ(set_bytes(p.l, TCP_ENO_TEPS, "\x24", 1), 0);
	EXPECT_EQ(set_int(p.l, TCPCRYPT_RESUME, 0), 0);
	p.c = new_socket(v);
	join(&p);
	ASSERT(encrypted(p.c) && encrypted(p.s));
	EXPECT_EQ(get_int(p.c, TCP_ENO_NEGTEP), 0x24);
	EXPECT_EQ(get_int(p.s, TCPCRYPT_RESUME), 0);
	EXPECT(talk(&p));
	close(p.c);
	close(p.s);
	/* the first connection goes on */
	p.c = first_c;
	p.s = first_s;
	EXPECT(talk(&p));
	/* long after the module would have let an idle listener go */
	sleep(1);
	EXPECT(has_bytes(p.l, TCP_ENO_TEPS, "\x24", 1));
	close_pair(&p);
}

/* Also while the module is taking the ULP off an idle listener */
TEST(option_asked_at_any_moment)
{
	enum { LISTENERS = 64 };
	struct pair p[LISTENERS];
	int i;

	for (i = 0; i < LISTENERS; i++)
		open_pair(v, &p[i]);
	for (i = 0; i < LISTENERS; i++) {
		EXPECT_EQ(ask(p[i].l), 0);
		EXPECT_EQ(set_int(p[i].l, TCP_ENO_ENABLED, 0), 0);
		usleep(16000);
	}
	for (i = 0; i < LISTENERS; i++) {
		EXPECT(talk(&p[i]));
		close(p[i].c);
		close(p[i].s);
		p[i].c = new_socket(v);
		join(&p[i]);
		expect_plain(&p[i]);
		close_pair(&p[i]);
	}
}

static void connect_for_ever(const struct variant *v, struct pair *p)
{
	for (;;) {
		p->c = new_socket(v);
		join(p);
		if (!talk(p))
			_exit(1);
		close(p->c);
		close(p->s);
	}
}

TEST(option_asked_under_load)
{
	int round, st;
	struct pair p;
	pid_t pid;

	for (round = 0; round < 20; round++) {
		new_listener(v, &p, 8);
		pid = fork();
		if (!pid)
			connect_for_ever(v, &p);
		usleep(20000 + round * 5000);
		EXPECT_EQ(ask(p.l), 0);
		EXPECT_EQ(set_int(p.l, TCP_ENO_ENABLED, 0), 0);
		usleep(20000);
		kill(pid, SIGKILL);
		EXPECT_EQ(waitpid(pid, &st, 0), pid);
		EXPECT(WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL);
		close(p.l);
	}
}

TEST(enabled_off)
{
	struct pair p;

	/* the client does not offer */
	asked_pair(v, &p);
	ASSERT_EQ(set_int(p.c, TCP_ENO_ENABLED, 0), 0);
	join(&p);
	expect_plain(&p);
	EXPECT_EQ(sessid_err(p.c), ENODATA);
	EXPECT_EQ(sessid_err(p.s), ENOPROTOOPT);
	/* the listener does not accept */
	next_client(v, &p);
	ASSERT_EQ(set_int(p.l, TCP_ENO_ENABLED, 0), 0);
	join(&p);
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
	join(&p);
	expect_plain(&p);
	/* one end is not enough */
	next_client(v, &p);
	ASSERT_EQ(set_int(p.c, TCP_ENO_ENABLED, 1), 0);
	join(&p);
	expect_plain(&p);
	/* both are */
	for (int enabled = 1; enabled <= 2; enabled++) {
		next_client(v, &p);
		ASSERT_EQ(set_int(p.c, TCP_ENO_ENABLED, enabled), 0);
		ASSERT_EQ(set_int(p.l, TCP_ENO_ENABLED, enabled), 0);
		join(&p);
		EXPECT(encrypted(p.c) && encrypted(p.s));
		EXPECT(talk(&p));
	}
	close_pair(&p);
}

TEST(vacuous_option)
{
	struct pair p;

	asked_pair(v, &p);
	ASSERT_EQ(set_bytes(p.c, TCP_ENO_TEPS, "", 0), 0);
	EXPECT(has_bytes(p.c, TCP_ENO_TEPS, "", 0));
	join(&p);
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
	join(&p);
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
			join(&p);
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
