// SPDX-License-Identifier: GPL-2.0-only
/*
 * Speaks generic netlink to the module without a library, so that it can also
 * send what no library would.
 *
 *	nlcheck bad			every malformed request: "NAME ERRNO"
 *	nlcheck dump [FILTER]		cookies of all connections that match
 *	nlcheck get FILTER		cookie of one, or the errno
 *	nlcheck config			the configuration
 *	nlcheck cache			sessions: "ADDR PORT ROLE TEP AEAD INDEX AGE
 *					EXPIRES", times in milliseconds
 *	nlcheck cache-flush [ADDR]	how many were forgotten, or the errno
 *	nlcheck slow [FILTER]		like dump, 10 ms after each datagram
 *
 * FILTER is cookie=N state=N family=N lport=N rport=N laddr=IP raddr=IP.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/tcpcrypt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "genl.h"

static void on_conn(const struct nlattr *attrs, int len)
{
	const struct nlattr *nest, *a;

	nest = find(attrs, len, TCPCRYPT_A_CONN);
	if (!nest)
		return;
	a = find(data(nest), nest->nla_len - NLA_HDRLEN, TCPCRYPT_A_CONN_COOKIE);
	if (a) {
		uint64_t cookie;

		memcpy(&cookie, data(a), sizeof(cookie));
		printf("%" PRIu64 "\n", cookie);
	}
}

static void put_filter(struct req *r, char **argv)
{
	struct nlattr *nest = nest_start(r, TCPCRYPT_A_CONN);
	char *val;

	for (; *argv; argv++) {
		val = strchr(*argv, '=');
		if (!val)
			exit(2);
		*val++ = '\0';
		if (!strcmp(*argv, "cookie"))
			put_u64(r, TCPCRYPT_A_CONN_COOKIE, strtoull(val, NULL, 0));
		else if (!strcmp(*argv, "state"))
			put_u32(r, TCPCRYPT_A_CONN_STATE, atoi(val));
		else if (!strcmp(*argv, "family"))
			put_u16(r, TCPCRYPT_A_CONN_FAMILY, atoi(val));
		else if (!strcmp(*argv, "lport"))
			put_u16(r, TCPCRYPT_A_CONN_LPORT, htons(atoi(val)));
		else if (!strcmp(*argv, "rport"))
			put_u16(r, TCPCRYPT_A_CONN_RPORT, htons(atoi(val)));
		else if (!strcmp(*argv, "laddr"))
			put_addr(r, TCPCRYPT_A_CONN_LADDR, val);
		else if (!strcmp(*argv, "raddr"))
			put_addr(r, TCPCRYPT_A_CONN_RADDR, val);
		else
			exit(2);
	}
	nest_end(r, nest);
}

static int conns(char **argv, int flags, bool slow)
{
	struct req r;
	int err;

	start(&r, family, flags, TCPCRYPT_CMD_CONN_GET);
	if (*argv)
		put_filter(&r, argv);
	send_req(&r);
	err = answers(on_conn, slow);
	if (err)
		printf("%s\n", strerrorname_np(err));
	return !!err;
}

static bool is_ports(int type)
{
	return type == TCPCRYPT_A_CONFIG_EXCLUDE ||
	       type == TCPCRYPT_A_CONFIG_PORTS ||
	       type == TCPCRYPT_A_CONFIG_ENO_BAD_CONNECT_PORTS ||
	       type == TCPCRYPT_A_CONFIG_ENO_BAD_LISTEN_PORTS;
}

static void on_config(const struct nlattr *attrs, int len)
{
	const struct nlattr *nest = find(attrs, len, TCPCRYPT_A_CONFIG);
	const char *p, *end;

	if (!nest)
		return;
	end = (const char *)nest + nest->nla_len;
	for (p = data(nest); p < end;) {
		const struct nlattr *a = (const void *)p;
		int type = a->nla_type & NLA_TYPE_MASK;

		if (type == TCPCRYPT_A_CONFIG_VERSION)
			printf("%d %s\n", type, (const char *)data(a));
		else if (is_ports(type))
			printf("%d %u %u\n", type,
			       *(const uint16_t *)(data(a) + NLA_HDRLEN),
			       *(const uint16_t *)(data(a) + 3 * NLA_HDRLEN));
		else if (a->nla_len == NLA_HDRLEN + 8)
			printf("%d %" PRIu64 "\n", type,
			       *(const uint64_t *)data(a));
		else if (a->nla_len == NLA_HDRLEN + 4)
			printf("%d %u\n", type, *(const uint32_t *)data(a));
		p += NLA_ALIGN(a->nla_len);
	}
}

static int config(void)
{
	struct req r;

	start(&r, family, NLM_F_ACK, TCPCRYPT_CMD_CONFIG_GET);
	send_req(&r);
	return !!answers(on_config, false);
}

static uint64_t number(const struct nlattr *nest, int type)
{
	const struct nlattr *a = find(data(nest), nest->nla_len - NLA_HDRLEN,
				      type);
	uint64_t v = 0;

	if (a)
		memcpy(&v, data(a), a->nla_len - NLA_HDRLEN);
	return v;
}

static void on_session(const struct nlattr *attrs, int len)
{
	const struct nlattr *nest = find(attrs, len, TCPCRYPT_A_CACHE), *a;
	char addr[INET6_ADDRSTRLEN] = "?";

	if (!nest)
		return;
	a = find(data(nest), nest->nla_len - NLA_HDRLEN, TCPCRYPT_A_CACHE_ADDR);
	if (a)
		inet_ntop(number(nest, TCPCRYPT_A_CACHE_FAMILY), data(a), addr,
			  sizeof(addr));
	printf("%s %u %c %" PRIx64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
	       addr, ntohs(number(nest, TCPCRYPT_A_CACHE_PORT)),
	       number(nest, TCPCRYPT_A_CACHE_ROLE) ? 'b' : 'a',
	       number(nest, TCPCRYPT_A_CACHE_TEP),
	       number(nest, TCPCRYPT_A_CACHE_AEAD),
	       number(nest, TCPCRYPT_A_CACHE_INDEX),
	       number(nest, TCPCRYPT_A_CACHE_AGE),
	       number(nest, TCPCRYPT_A_CACHE_EXPIRES));
}

static int cache(void)
{
	struct req r;

	start(&r, family, NLM_F_DUMP, TCPCRYPT_CMD_CACHE_GET);
	send_req(&r);
	return !!answers(on_session, false);
}

static void on_count(const struct nlattr *attrs, int len)
{
	const struct nlattr *a = find(attrs, len, TCPCRYPT_A_COUNT);

	if (a)
		printf("%u\n", *(const uint32_t *)data(a));
}

static int cache_flush(const char *addr)
{
	struct nlattr *nest;
	struct req r;
	int err;

	start(&r, family, NLM_F_ACK, TCPCRYPT_CMD_CACHE_FLUSH);
	if (addr) {
		nest = nest_start(&r, TCPCRYPT_A_CACHE);
		put_addr(&r, TCPCRYPT_A_CACHE_ADDR, addr);
		nest_end(&r, nest);
	}
	send_req(&r);
	err = answers(on_count, false);
	if (err)
		printf("%s\n", strerrorname_np(err));
	return !!err;
}

static void verdict(const char *name, struct req *r)
{
	int err;

	send_req(r);
	err = answers(NULL, false);
	printf("%s %s\n", name, err ? strerrorname_np(err) : "0");
}

/* A CONN_GET with one attribute in its nest */
static void one(const char *name, int flags, int type, const void *p, size_t len)
{
	struct nlattr *nest;
	struct req r;

	start(&r, family, flags | NLM_F_ACK, TCPCRYPT_CMD_CONN_GET);
	nest = nest_start(&r, TCPCRYPT_A_CONN);
	put(&r, type, p, len);
	nest_end(&r, nest);
	verdict(name, &r);
}

static void bad_lengths(int flags)
{
	static const uint8_t zero[64];

	one("cookie-short", flags, TCPCRYPT_A_CONN_COOKIE, zero, 4);
	one("cookie-long", flags, TCPCRYPT_A_CONN_COOKIE, zero, 12);
	one("cookie-empty", flags, TCPCRYPT_A_CONN_COOKIE, zero, 0);
	one("family-long", flags, TCPCRYPT_A_CONN_FAMILY, zero, 4);
	one("port-long", flags, TCPCRYPT_A_CONN_LPORT, zero, 4);
	one("port-short", flags, TCPCRYPT_A_CONN_RPORT, zero, 1);
	one("addr-empty", flags, TCPCRYPT_A_CONN_LADDR, zero, 0);
	one("addr-3", flags, TCPCRYPT_A_CONN_LADDR, zero, 3);
	one("addr-5", flags, TCPCRYPT_A_CONN_LADDR, zero, 5);
	one("addr-15", flags, TCPCRYPT_A_CONN_RADDR, zero, 15);
	one("addr-17", flags, TCPCRYPT_A_CONN_RADDR, zero, 17);
	one("addr-64", flags, TCPCRYPT_A_CONN_RADDR, zero, 64);
	one("state-short", flags, TCPCRYPT_A_CONN_STATE, zero, 2);
}

static void bad_values(int flags)
{
	uint32_t state = TCPCRYPT_CONN_STATE_MAX + 1;
	uint16_t af = 1;
	uint32_t x = 0;

	one("state-beyond", flags, TCPCRYPT_A_CONN_STATE, &state, 4);
	state = UINT32_MAX;
	one("state-max", flags, TCPCRYPT_A_CONN_STATE, &state, 4);
	one("family-unix", flags, TCPCRYPT_A_CONN_FAMILY, &af, 2);
	af = 3;
	one("family-between", flags, TCPCRYPT_A_CONN_FAMILY, &af, 2);
	af = 11;
	one("family-beyond", flags, TCPCRYPT_A_CONN_FAMILY, &af, 2);
	one("uid-not-a-filter", flags, TCPCRYPT_A_CONN_UID, &x, 4);
	one("pad-not-a-filter", flags, TCPCRYPT_A_CONN_PAD, &x, 4);
	one("tep-not-a-filter", flags, TCPCRYPT_A_CONN_TEP, &x, 4);
	one("unknown-attr", flags, 200, &x, 4);
	one("attr-0", flags, 0, &x, 4);
}

static void bad_shapes(int flags)
{
	uint8_t v4[4] = { 127, 0, 0, 1 }, v6[16] = { 0 };
	struct nlattr *nest;
	struct req r;

	start(&r, family, flags | NLM_F_ACK, TCPCRYPT_CMD_CONN_GET);
	nest = nest_start(&r, TCPCRYPT_A_CONN);
	put(&r, TCPCRYPT_A_CONN_LADDR, v4, 4);
	put(&r, TCPCRYPT_A_CONN_RADDR, v6, 16);
	nest_end(&r, nest);
	verdict("families-mixed", &r);

	start(&r, family, flags | NLM_F_ACK, TCPCRYPT_CMD_CONN_GET);
	nest = nest_start(&r, TCPCRYPT_A_CONN);
	put_u16(&r, TCPCRYPT_A_CONN_FAMILY, AF_INET6);
	put(&r, TCPCRYPT_A_CONN_LADDR, v4, 4);
	nest_end(&r, nest);
	verdict("family-and-address", &r);

	start(&r, family, flags | NLM_F_ACK, TCPCRYPT_CMD_CONN_GET);
	put(&r, TCPCRYPT_A_CONN, v4, 4);
	verdict("not-a-nest", &r);

	start(&r, family, flags | NLM_F_ACK, TCPCRYPT_CMD_CONN_GET);
	nest = nest_start(&r, TCPCRYPT_A_CONN);
	nest->nla_len += 64;
	verdict("nest-beyond-message", &r);

	start(&r, family, flags | NLM_F_ACK, TCPCRYPT_CMD_CONN_GET);
	nest = nest_start(&r, TCPCRYPT_A_CONN);
	put_u32(&r, TCPCRYPT_A_CONN_STATE, 0);
	((struct nlattr *)((char *)nest + NLA_HDRLEN))->nla_len = 2;
	nest_end(&r, nest);
	verdict("attr-shorter-than-header", &r);

	start(&r, family, flags | NLM_F_ACK, TCPCRYPT_CMD_CONN_GET);
	put_u32(&r, TCPCRYPT_A_CONFIG + 7, 0);
	verdict("unknown-top-attr", &r);
}

static void bad_commands(void)
{
	struct nlattr *nest;
	struct req r;

	start(&r, family, NLM_F_ACK, TCPCRYPT_CMD_CONN_GET);
	verdict("get-what", &r);

	start(&r, family, NLM_F_ACK, TCPCRYPT_CMD_CONN_GET);
	nest = nest_start(&r, TCPCRYPT_A_CONN);
	put_u16(&r, TCPCRYPT_A_CONN_LPORT, htons(1));
	put_u16(&r, TCPCRYPT_A_CONN_RPORT, htons(1));
	nest_end(&r, nest);
	verdict("get-half-a-tuple", &r);

	start(&r, family, NLM_F_ACK, TCPCRYPT_CMD_STATS_GET);
	put_u32(&r, TCPCRYPT_A_STAT, 0);
	verdict("stats-with-attr", &r);

	start(&r, family, NLM_F_ACK, TCPCRYPT_CMD_CONFIG_GET);
	put_u32(&r, TCPCRYPT_A_CONFIG, 0);
	verdict("config-with-attr", &r);

	start(&r, family, NLM_F_ACK | NLM_F_DUMP, TCPCRYPT_CMD_STATS_GET);
	verdict("stats-dump", &r);

	start(&r, family, NLM_F_ACK, 0);
	verdict("command-0", &r);

	start(&r, family, NLM_F_ACK, TCPCRYPT_CMD_MAX + 1);
	verdict("command-beyond", &r);
}

static int bad(void)
{
	puts("# get");
	bad_lengths(0);
	bad_values(0);
	bad_shapes(0);
	bad_commands();
	puts("# dump");
	bad_lengths(NLM_F_DUMP);
	bad_values(NLM_F_DUMP);
	bad_shapes(NLM_F_DUMP);
	return 0;
}

int main(int argc, char **argv)
{
	const char *cmd = argc > 1 ? argv[1] : "";

	resolve();

	if (!strcmp(cmd, "bad"))
		return bad();
	if (!strcmp(cmd, "dump"))
		return conns(argv + 2, NLM_F_DUMP, false);
	if (!strcmp(cmd, "slow"))
		return conns(argv + 2, NLM_F_DUMP, true);
	if (!strcmp(cmd, "get"))
		return conns(argv + 2, NLM_F_ACK, false);
	if (!strcmp(cmd, "config"))
		return config();
	if (!strcmp(cmd, "cache"))
		return cache();
	if (!strcmp(cmd, "cache-flush"))
		return cache_flush(argv[2]);
	fprintf(stderr, "usage: nlcheck bad|config|cache|cache-flush|dump|slow|get [FILTER...]\n");
	return 2;
}
