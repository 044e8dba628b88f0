// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steers the module over generic netlink.
 *
 *	nlctl policy			the rules
 *	nlctl rule ID			one of them
 *	nlctl add RULE			a rule more; prints its ID
 *	nlctl del ID			a rule less
 *	nlctl replace [RULE [, RULE]...] all rules
 *	nlctl many N			replace them by N rules
 *	nlctl blackholes		destinations left alone
 *	nlctl flush [ADDR [PORT]]	forget them; prints how many
 *	nlctl set KEY=VALUE...		change the configuration
 *	nlctl rekey COOKIE		fresh keys for a connection
 *	nlctl events [N]		the next N events (default: all)
 *	nlctl describe			commands and policies, as the kernel says
 *	nlctl fuzz SEED N		N mutilated requests
 *
 * RULE is dir=in|out family=N laddr=IP[/N] raddr=IP[/N] lports=N[-N]
 * rports=N[-N] mark=N[/N] uid=N before=ID verdict=refuse|offer|require|next
 * aware=N nocache=N off=N; any may be missing. An error is printed with what
 * the kernel says about it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/tcpcrypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "genl.h"

static struct req req;

static void usage(void)
{
	fprintf(stderr, "nlctl: wrong arguments\n");
	exit(2);
}

static int result(int err)
{
	if (err)
		printf("%s%s%s\n", strerrorname_np(err), *extack ? ": " : "",
		       extack);
	return !!err;
}

static int ask(answer_fn fn)
{
	send_req(&req);
	return result(answers(fn, false));
}

static uint64_t num(const struct nlattr *a)
{
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;

	switch (a->nla_len - NLA_HDRLEN) {
	case 2:
		memcpy(&u16, data(a), 2);
		return u16;
	case 4:
		memcpy(&u32, data(a), 4);
		return u32;
	default:
		memcpy(&u64, data(a), 8);
		return u64;
	}
}

static const struct nlattr *in(const struct nlattr *nest, int type)
{
	return find(data(nest), nest->nla_len - NLA_HDRLEN, type);
}

static void put_ports(int type, char *val)
{
	struct nlattr *nest = nest_start(&req, type);
	char *hi = strchr(val, '-');

	put_u16(&req, TCPCRYPT_A_PORTS_LO, atoi(val));
	if (hi)
		put_u16(&req, TCPCRYPT_A_PORTS_HI, atoi(hi + 1));
	nest_end(&req, nest);
}

/* VALUE or VALUE/MORE */
static char *split(char *val)
{
	char *more = strchr(val, '/');

	if (more)
		*more++ = '\0';
	return more;
}

static void put_net(int addr, int prefix, char *val)
{
	char *bits = split(val);

	put_addr(&req, addr, val);
	if (bits)
		put_u32(&req, prefix, strtoul(bits, NULL, 0));
}

static uint32_t word(const char *val, const char * const *words)
{
	uint32_t i;

	for (i = 1; words[i - 1]; i++)
		if (!strcmp(val, words[i - 1]))
			return i;
	return strtoul(val, NULL, 0);
}

static const char * const dirs[] = { "in", "out", NULL };
static const char * const verdicts[] = { "refuse", "offer", "require", "next",
					NULL };

static void put_rule_item(const char *key, char *val)
{
	char *more;

	if (!strcmp(key, "dir")) {
		put_u32(&req, TCPCRYPT_A_RULE_DIR, word(val, dirs));
	} else if (!strcmp(key, "verdict")) {
		put_u32(&req, TCPCRYPT_A_RULE_VERDICT, word(val, verdicts));
	} else if (!strcmp(key, "family")) {
		put_u16(&req, TCPCRYPT_A_RULE_FAMILY, atoi(val));
	} else if (!strcmp(key, "laddr")) {
		put_net(TCPCRYPT_A_RULE_LADDR, TCPCRYPT_A_RULE_LPREFIX, val);
	} else if (!strcmp(key, "raddr")) {
		put_net(TCPCRYPT_A_RULE_RADDR, TCPCRYPT_A_RULE_RPREFIX, val);
	} else if (!strcmp(key, "lprefix")) {
		put_u32(&req, TCPCRYPT_A_RULE_LPREFIX, atoi(val));
	} else if (!strcmp(key, "lports")) {
		put_ports(TCPCRYPT_A_RULE_LPORTS, val);
	} else if (!strcmp(key, "rports")) {
		put_ports(TCPCRYPT_A_RULE_RPORTS, val);
	} else if (!strcmp(key, "mark")) {
		more = split(val);
		put_u32(&req, TCPCRYPT_A_RULE_MARK, strtoul(val, NULL, 0));
		if (more)
			put_u32(&req, TCPCRYPT_A_RULE_MASK,
				strtoul(more, NULL, 0));
	} else if (!strcmp(key, "mask")) {
		put_u32(&req, TCPCRYPT_A_RULE_MASK, strtoul(val, NULL, 0));
	} else if (!strcmp(key, "uid")) {
		put_u32(&req, TCPCRYPT_A_RULE_UID, strtoul(val, NULL, 0));
	} else if (!strcmp(key, "before")) {
		put_u32(&req, TCPCRYPT_A_RULE_BEFORE, strtoul(val, NULL, 0));
	} else if (!strcmp(key, "aware")) {
		put_u32(&req, TCPCRYPT_A_RULE_AWARE, atoi(val));
	} else if (!strcmp(key, "nocache")) {
		put_u32(&req, TCPCRYPT_A_RULE_NO_CACHE, atoi(val));
	} else if (!strcmp(key, "off")) {
		put_u32(&req, TCPCRYPT_A_RULE_OFF, atoi(val));
	} else if (!strcmp(key, "id")) {
		put_u32(&req, TCPCRYPT_A_RULE_ID, strtoul(val, NULL, 0));
	} else {
		usage();
	}
}

/* One rule, up to "," or the end; what comes after it */
static char **put_rule(char **argv)
{
	struct nlattr *nest = nest_start(&req, TCPCRYPT_A_RULE);
	char *val;

	for (; *argv && strcmp(*argv, ","); argv++) {
		val = strchr(*argv, '=');
		if (!val)
			usage();
		*val++ = '\0';
		put_rule_item(*argv, val);
	}
	nest_end(&req, nest);
	return *argv ? argv + 1 : argv;
}

static void print_addr(const struct nlattr *nest, const char *key, int addr,
		       int prefix)
{
	const struct nlattr *a = in(nest, addr);
	char buf[INET6_ADDRSTRLEN];

	if (!a)
		return;
	inet_ntop(a->nla_len - NLA_HDRLEN == 4 ? AF_INET : AF_INET6, data(a),
		  buf, sizeof(buf));
	printf(" %s=%s", key, buf);
	if (prefix)
		printf("/%" PRIu64, num(in(nest, prefix)));
}

static void print_ports(const struct nlattr *nest, const char *key, int type)
{
	const struct nlattr *a = in(nest, type);

	if (a)
		printf(" %s=%" PRIu64 "-%" PRIu64, key,
		       num(in(a, TCPCRYPT_A_PORTS_LO)),
		       num(in(a, TCPCRYPT_A_PORTS_HI)));
}

static void print_num(const struct nlattr *nest, const char *key, int type)
{
	const struct nlattr *a = in(nest, type);

	if (a)
		printf(" %s=%" PRIu64, key, num(a));
}

static void on_rule(const struct nlattr *attrs, int len)
{
	const struct nlattr *nest = find(attrs, len, TCPCRYPT_A_RULE);
	const struct nlattr *a;

	printf("id=%" PRIu64, num(in(nest, TCPCRYPT_A_RULE_ID)));
	a = in(nest, TCPCRYPT_A_RULE_DIR);
	if (a)
		printf(" dir=%s", dirs[num(a) - 1]);
	print_num(nest, "family", TCPCRYPT_A_RULE_FAMILY);
	print_addr(nest, "laddr", TCPCRYPT_A_RULE_LADDR,
		   TCPCRYPT_A_RULE_LPREFIX);
	print_addr(nest, "raddr", TCPCRYPT_A_RULE_RADDR,
		   TCPCRYPT_A_RULE_RPREFIX);
	print_ports(nest, "lports", TCPCRYPT_A_RULE_LPORTS);
	print_ports(nest, "rports", TCPCRYPT_A_RULE_RPORTS);
	print_num(nest, "mark", TCPCRYPT_A_RULE_MARK);
	print_num(nest, "mask", TCPCRYPT_A_RULE_MASK);
	print_num(nest, "uid", TCPCRYPT_A_RULE_UID);
	a = in(nest, TCPCRYPT_A_RULE_VERDICT);
	if (a)
		printf(" verdict=%s", verdicts[num(a) - 1]);
	print_num(nest, "aware", TCPCRYPT_A_RULE_AWARE);
	print_num(nest, "nocache", TCPCRYPT_A_RULE_NO_CACHE);
	print_num(nest, "off", TCPCRYPT_A_RULE_OFF);
	print_num(nest, "hits", TCPCRYPT_A_RULE_HITS);
	putchar('\n');
}

static int policy(char **argv)
{
	int rc;

	start(&req, family, NLM_F_DUMP, TCPCRYPT_CMD_POLICY_GET);
	rc = ask(on_rule);
	if (interrupted)
		printf("interrupted\n");
	return rc;
}

static int rule_by_id(int cmd, int flags, const char *id)
{
	struct nlattr *nest;

	start(&req, family, flags, cmd);
	nest = nest_start(&req, TCPCRYPT_A_RULE);
	if (id)
		put_u32(&req, TCPCRYPT_A_RULE_ID, strtoul(id, NULL, 0));
	nest_end(&req, nest);
	return ask(on_rule);
}

static int rule(char **argv)
{
	return rule_by_id(TCPCRYPT_CMD_POLICY_GET, NLM_F_ACK, argv[0]);
}

static int del(char **argv)
{
	return rule_by_id(TCPCRYPT_CMD_POLICY_DEL, NLM_F_ACK, argv[0]);
}

static int add(char **argv)
{
	start(&req, family, NLM_F_ACK, TCPCRYPT_CMD_POLICY_ADD);
	put_rule(argv);
	return ask(on_rule);
}

static int replace(char **argv)
{
	start(&req, family, NLM_F_ACK, TCPCRYPT_CMD_POLICY_REPLACE);
	while (*argv)
		argv = put_rule(argv);
	return ask(NULL);
}

static int many(char **argv)
{
	int i, n = atoi(argv[0]);

	start(&req, family, NLM_F_ACK, TCPCRYPT_CMD_POLICY_REPLACE);
	for (i = 0; i < n; i++) {
		struct nlattr *nest = nest_start(&req, TCPCRYPT_A_RULE);

		put_u32(&req, TCPCRYPT_A_RULE_UID, 100000 + i);
		put_u32(&req, TCPCRYPT_A_RULE_VERDICT, TCPCRYPT_VERDICT_OFFER);
		nest_end(&req, nest);
	}
	return ask(NULL);
}

static void on_blackhole(const struct nlattr *attrs, int len)
{
	const struct nlattr *nest = find(attrs, len, TCPCRYPT_A_BLACKHOLE);
	const struct nlattr *port = in(nest, TCPCRYPT_A_BLACKHOLE_PORT);

	printf("family=%" PRIu64, num(in(nest, TCPCRYPT_A_BLACKHOLE_FAMILY)));
	print_addr(nest, "addr", TCPCRYPT_A_BLACKHOLE_ADDR, 0);
	printf(" port=%u", ntohs(num(port)));
	print_num(nest, "reason", TCPCRYPT_A_BLACKHOLE_REASON);
	print_num(nest, "age", TCPCRYPT_A_BLACKHOLE_AGE);
	print_num(nest, "expires", TCPCRYPT_A_BLACKHOLE_EXPIRES);
	print_num(nest, "hits", TCPCRYPT_A_BLACKHOLE_HITS);
	putchar('\n');
}

static int blackholes(char **argv)
{
	start(&req, family, NLM_F_DUMP, TCPCRYPT_CMD_BLACKHOLE_GET);
	return ask(on_blackhole);
}

static void on_count(const struct nlattr *attrs, int len)
{
	printf("%" PRIu64 "\n", num(find(attrs, len, TCPCRYPT_A_COUNT)));
}

static int flush(char **argv)
{
	struct nlattr *nest;

	start(&req, family, NLM_F_ACK, TCPCRYPT_CMD_BLACKHOLE_FLUSH);
	if (argv[0]) {
		nest = nest_start(&req, TCPCRYPT_A_BLACKHOLE);
		if (*argv[0])
			put_addr(&req, TCPCRYPT_A_BLACKHOLE_ADDR, argv[0]);
		if (argv[1])
			put_u16(&req, TCPCRYPT_A_BLACKHOLE_PORT,
				htons(atoi(argv[1])));
		nest_end(&req, nest);
	}
	return ask(on_count);
}

/* By their attribute numbers */
static const char * const knobs[] = {
	[TCPCRYPT_A_CONFIG_ENABLE] = "enable",
	[TCPCRYPT_A_CONFIG_LOOPBACK] = "loopback",
	[TCPCRYPT_A_CONFIG_TEP] = "tep",
	[TCPCRYPT_A_CONFIG_AEAD] = "aead",
	[TCPCRYPT_A_CONFIG_EXCLUDE] = "exclude",
	[TCPCRYPT_A_CONFIG_KEX_TIMEOUT] = "kex_timeout",
	[TCPCRYPT_A_CONFIG_MAX_HALFOPEN] = "max_halfopen",
	[TCPCRYPT_A_CONFIG_MAX_FRAME] = "max_frame",
	[TCPCRYPT_A_CONFIG_PORTS] = "ports",
	[TCPCRYPT_A_CONFIG_MARK] = "mark",
	[TCPCRYPT_A_CONFIG_RESUME] = "resume",
	[TCPCRYPT_A_CONFIG_CACHE_SIZE] = "cache_size",
	[TCPCRYPT_A_CONFIG_CACHE_LIFETIME] = "cache_lifetime",
	[TCPCRYPT_A_CONFIG_SYN_RETRIES] = "syn_retries",
	[TCPCRYPT_A_CONFIG_REKEY_BYTES] = "rekey_bytes",
	[TCPCRYPT_A_CONFIG_REKEY_SECS] = "rekey_secs",
	[TCPCRYPT_A_CONFIG_BLACKHOLE_SIZE] = "blackhole_size",
	[TCPCRYPT_A_CONFIG_BLACKHOLE_LIFETIME] = "blackhole_lifetime",
	[TCPCRYPT_A_CONFIG_ENO_ENABLE_CONNECT] = "eno_enable_connect",
	[TCPCRYPT_A_CONFIG_ENO_ENABLE_LISTEN] = "eno_enable_listen",
	[TCPCRYPT_A_CONFIG_ENO_BAD_CONNECT_PORTS] = "bad_connect",
	[TCPCRYPT_A_CONFIG_ENO_BAD_LISTEN_PORTS] = "bad_listen",
};

static void put_knob(const char *key, char *val)
{
	size_t i;

	for (i = 0; i < sizeof(knobs) / sizeof(*knobs); i++)
		if (knobs[i] && !strcmp(key, knobs[i]))
			break;
	switch (i) {
	case sizeof(knobs) / sizeof(*knobs):
		usage();
		break;
	case TCPCRYPT_A_CONFIG_EXCLUDE:
	case TCPCRYPT_A_CONFIG_PORTS:
	case TCPCRYPT_A_CONFIG_ENO_BAD_CONNECT_PORTS:
	case TCPCRYPT_A_CONFIG_ENO_BAD_LISTEN_PORTS:
		if (*val)
			put_ports(i, val);
		else
			nest_end(&req, nest_start(&req, i));
		break;
	case TCPCRYPT_A_CONFIG_REKEY_BYTES:
		put_u64(&req, i, strtoull(val, NULL, 0));
		break;
	default:
		put_u32(&req, i, strtoul(val, NULL, 0));
	}
}

static int set(char **argv)
{
	struct nlattr *nest;
	char *val;

	start(&req, family, NLM_F_ACK, TCPCRYPT_CMD_CONFIG_SET);
	nest = nest_start(&req, TCPCRYPT_A_CONFIG);
	for (; *argv; argv++) {
		val = strchr(*argv, '=');
		if (!val)
			usage();
		*val++ = '\0';
		put_knob(*argv, val);
	}
	nest_end(&req, nest);
	return ask(NULL);
}

static int rekey(char **argv)
{
	struct nlattr *nest;

	start(&req, family, NLM_F_ACK, TCPCRYPT_CMD_CONN_REKEY);
	if (argv[0]) {
		nest = nest_start(&req, TCPCRYPT_A_CONN);
		put_u64(&req, TCPCRYPT_A_CONN_COOKIE,
			strtoull(argv[0], NULL, 0));
		nest_end(&req, nest);
	}
	return ask(NULL);
}

static const char * const events_names[] = {
	"?", "established", "fallback", "rekeyed", "failed", "closed",
};

static void print_event(const struct nlmsghdr *h)
{
	const struct nlattr *attrs = NLMSG_DATA(h) + GENL_HDRLEN;
	int len = h->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN);
	const struct nlattr *nest = find(attrs, len, TCPCRYPT_A_CONN);
	const struct nlattr *why = in(nest, TCPCRYPT_A_CONN_FALLBACK);

	printf("%s", events_names[num(find(attrs, len, TCPCRYPT_A_EVENT))]);
	print_num(nest, "cookie", TCPCRYPT_A_CONN_COOKIE);
	print_num(nest, "state", TCPCRYPT_A_CONN_STATE);
	print_num(nest, "passive", TCPCRYPT_A_CONN_PASSIVE);
	print_num(nest, "error", TCPCRYPT_A_CONN_ERROR);
	print_num(nest, "tx_gen", TCPCRYPT_A_CONN_TX_GEN);
	if (why)
		printf(" why=%s", (const char *)data(why));
	putchar('\n');
	fflush(stdout);
}

static int events(char **argv)
{
	static char buf[1 << 16] __attribute__((aligned(8)));
	int left = argv[0] ? atoi(argv[0]) : -1;
	struct nlmsghdr *h;
	int n;

	if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &mcgrp,
		       sizeof(mcgrp)))
		return result(errno);
	puts("ready");
	fflush(stdout);
	while (left) {
		n = recv(fd, buf, sizeof(buf), 0);
		if (n < 0)
			return result(errno);
		for (h = (void *)buf; NLMSG_OK(h, (unsigned int)n);
		     h = NLMSG_NEXT(h, n)) {
			if (h->nlmsg_type != family)
				continue;
			print_event(h);
			left--;
		}
	}
	return 0;
}

/* Each attribute of a nest, by the number it has there */
#define for_each(a, nest)						\
	for (a = data(nest);						\
	     (const char *)a + NLA_HDRLEN <=				\
	     (const char *)(nest) + (nest)->nla_len;			\
	     a = (const void *)((const char *)a + NLA_ALIGN(a->nla_len)))

static void print_attr_policy(unsigned int idx, const struct nlattr *attr)
{
	static const char * const keys[] = {
		[NL_POLICY_TYPE_ATTR_TYPE] = "type",
		[NL_POLICY_TYPE_ATTR_MIN_VALUE_U] = "min",
		[NL_POLICY_TYPE_ATTR_MAX_VALUE_U] = "max",
		[NL_POLICY_TYPE_ATTR_MIN_LENGTH] = "min-len",
		[NL_POLICY_TYPE_ATTR_MAX_LENGTH] = "max-len",
		[NL_POLICY_TYPE_ATTR_POLICY_IDX] = "nested",
	};
	size_t i;

	printf("policy %u %u", idx, attr->nla_type & NLA_TYPE_MASK);
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (keys[i])
			print_num(attr, keys[i], i);
	putchar('\n');
}

static void on_policy(const struct nlattr *attrs, int len)
{
	const struct nlattr *ops = find(attrs, len, CTRL_ATTR_OP_POLICY);
	const struct nlattr *pols = find(attrs, len, CTRL_ATTR_POLICY);
	const struct nlattr *a, *b;

	if (ops)
		for_each(a, ops) {
			printf("op %u", a->nla_type & NLA_TYPE_MASK);
			print_num(a, "do", CTRL_ATTR_POLICY_DO);
			print_num(a, "dump", CTRL_ATTR_POLICY_DUMP);
			putchar('\n');
		}
	if (pols)
		for_each(a, pols)
			for_each(b, a)
				print_attr_policy(a->nla_type & NLA_TYPE_MASK,
						  b);
}

static void on_ops(const struct nlattr *attrs, int len)
{
	const struct nlattr *ops = find(attrs, len, CTRL_ATTR_OPS);
	const struct nlattr *a;

	if (!ops)
		return;
	for_each(a, ops)
		printf("flags %" PRIu64 " %" PRIu64 "\n",
		       num(in(a, CTRL_ATTR_OP_ID)),
		       num(in(a, CTRL_ATTR_OP_FLAGS)));
}

static int describe(char **argv)
{
	start(&req, GENL_ID_CTRL, NLM_F_ACK, CTRL_CMD_GETFAMILY);
	put_u16(&req, CTRL_ATTR_FAMILY_ID, family);
	if (ask(on_ops))
		return 1;
	start(&req, GENL_ID_CTRL, NLM_F_DUMP, CTRL_CMD_GETPOLICY);
	put_u16(&req, CTRL_ATTR_FAMILY_ID, family);
	return ask(on_policy);
}

/* --- mutilated requests ------------------------------------------------ */

static uint32_t random_state;

static uint32_t rnd(uint32_t n)
{
	/* xorshift32: the same on every machine */
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % n;
}

static void put_random(int depth)
{
	static const size_t lens[] = { 0, 1, 2, 3, 4, 5, 8, 12, 16, 17, 40 };
	uint8_t bytes[40];
	struct nlattr *nest;
	size_t i;
	int n;

	if (depth && rnd(3)) {
		nest = nest_start(&req, rnd(12));
		if (!rnd(8))
			nest->nla_type &= NLA_TYPE_MASK;
		for (n = rnd(6); n; n--)
			put_random(depth - 1);
		nest_end(&req, nest);
		if (!rnd(16))
			nest->nla_len += rnd(64) - 32;
		return;
	}
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = rnd(2) ? rnd(4) : rnd(256);
	put(&req, rnd(30), bytes, lens[rnd(sizeof(lens) / sizeof(*lens))]);
}

/* Anything but enable=0 and the like may come of it: only the kernel counts */
static int fuzz(char **argv)
{
	struct timeval tv = { .tv_sec = 10 };
	int n = atoi(argv[1]), k;

	random_state = strtoul(argv[0], NULL, 0) | 1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	for (; n; n--) {
		start(&req, family,
		      NLM_F_ACK | (rnd(3) ? 0 : NLM_F_DUMP),
		      rnd(TCPCRYPT_CMD_MAX + 3));
		for (k = rnd(4); k; k--)
			put_random(2);
		if (!rnd(8))
			req.genl.version = rnd(256);
		if (!rnd(8))
			req.genl.reserved = rnd(65536);
		if (!rnd(8) && req.nlh.nlmsg_len > NLMSG_LENGTH(GENL_HDRLEN))
			req.nlh.nlmsg_len -= rnd(8);
		send_req(&req);
		answers(NULL, false);
	}
	puts("survived");
	return 0;
}

static const struct {
	const char *name;
	int (*fn)(char **argv);
	int args;
} cmds[] = {
	{ "policy", policy, 0 }, { "rule", rule, 0 }, { "add", add, 0 },
	{ "del", del, 0 }, { "replace", replace, 0 }, { "many", many, 1 },
	{ "blackholes", blackholes, 0 }, { "flush", flush, 0 },
	{ "set", set, 0 }, { "rekey", rekey, 0 }, { "events", events, 0 },
	{ "describe", describe, 0 }, { "fuzz", fuzz, 2 },
};

int main(int argc, char **argv)
{
	size_t i;

	for (i = 0; argc > 1 && i < sizeof(cmds) / sizeof(*cmds); i++) {
		if (strcmp(argv[1], cmds[i].name))
			continue;
		if (argc - 2 < cmds[i].args)
			usage();
		resolve();
		return cmds[i].fn(argv + 2);
	}
	usage();
}
