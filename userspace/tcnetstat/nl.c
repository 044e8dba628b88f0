// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ask the kernel module, through libnl.  A failure ends the program: there is
 * nothing sensible to go on with.
 */
#include <arpa/inet.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "nl.h"

/* The way to the kernel module */
struct module {
	struct nl_sock *sk;
	int family;
};

/* A function to call with each object in the answers */
struct sink {
	conn_fn conn;
	stat_fn stat;
	void *arg;
};

/**
 * module_open() - connect to the module
 *
 * Return: what the other functions take.
 */
struct module *module_open(void)
{
	struct module *module;
	int rc;

	module = calloc(1, sizeof(*module));
	if (!module)
		err(1, NULL);

	module->sk = nl_socket_alloc();
	if (!module->sk)
		err(1, NULL);

	rc = genl_connect(module->sk);
	if (rc < 0)
		errx(1, "cannot open a netlink socket: %s", nl_geterror(rc));

	module->family = genl_ctrl_resolve(module->sk, TCPCRYPT_GENL_NAME);
	if (module->family == -NLE_OBJ_NOTFOUND)
		errx(1, "the kernel module is not loaded; as root: modprobe tcpcrypt");
	if (module->family < 0)
		errx(1, "cannot find the kernel module: %s",
		     nl_geterror(module->family));
	return module;
}

/**
 * module_close() - let go of the module
 * @module: from module_open()
 */
void module_close(struct module *module)
{
	nl_socket_free(module->sk);
	free(module);
}

static struct nl_msg *request(struct module *module, int cmd, int flags)
{
	struct nl_msg *msg;

	msg = nlmsg_alloc();
	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ,
				 module->family, 0, flags, cmd,
				 TCPCRYPT_GENL_VERSION))
		err(1, NULL);
	return msg;
}

/* Send @msg, which is used up, and call @fn with every answer */
static void ask(struct module *module, struct nl_msg *msg,
		nl_recvmsg_msg_cb_t fn, struct sink *sink)
{
	int rc;

	nl_socket_modify_cb(module->sk, NL_CB_VALID, NL_CB_CUSTOM, fn, sink);
	rc = nl_send_auto(module->sk, msg);
	nlmsg_free(msg);
	if (rc >= 0)
		rc = nl_recvmsgs_default(module->sk);
	if (rc < 0)
		errx(1, "the kernel module does not answer: %s",
		     nl_geterror(rc));
}

/* Binary data has no type of its own here */
static struct nla_policy conn_policy[TCPCRYPT_A_CONN_MAX + 1] = {
	[TCPCRYPT_A_CONN_COOKIE]	= { .type = NLA_U64 },
	[TCPCRYPT_A_CONN_FAMILY]	= { .type = NLA_U16 },
	[TCPCRYPT_A_CONN_LADDR]		= { .minlen = sizeof(struct in_addr) },
	[TCPCRYPT_A_CONN_LPORT]		= { .type = NLA_U16 },
	[TCPCRYPT_A_CONN_RADDR]		= { .minlen = sizeof(struct in_addr) },
	[TCPCRYPT_A_CONN_RPORT]		= { .type = NLA_U16 },
	[TCPCRYPT_A_CONN_UID]		= { .type = NLA_U32 },
	[TCPCRYPT_A_CONN_STATE]		= { .type = NLA_U32 },
	[TCPCRYPT_A_CONN_PASSIVE]	= { .type = NLA_U32 },
	[TCPCRYPT_A_CONN_ROLE]		= { .type = NLA_U32 },
	[TCPCRYPT_A_CONN_TEP]		= { .type = NLA_U32 },
	[TCPCRYPT_A_CONN_AEAD]		= { .type = NLA_U32 },
	[TCPCRYPT_A_CONN_RESUMED]	= { .type = NLA_U32 },
	[TCPCRYPT_A_CONN_SESSION_ID]	= { .minlen = 1 },
	[TCPCRYPT_A_CONN_AGE]		= { .type = NLA_U64 },
	[TCPCRYPT_A_CONN_TX_GEN]	= { .type = NLA_U32 },
	[TCPCRYPT_A_CONN_RX_GEN]	= { .type = NLA_U32 },
	[TCPCRYPT_A_CONN_TX_BYTES]	= { .type = NLA_U64 },
	[TCPCRYPT_A_CONN_RX_BYTES]	= { .type = NLA_U64 },
	[TCPCRYPT_A_CONN_TX_FRAMES]	= { .type = NLA_U64 },
	[TCPCRYPT_A_CONN_RX_FRAMES]	= { .type = NLA_U64 },
	[TCPCRYPT_A_CONN_FALLBACK]	= { .type = NLA_NUL_STRING },
	[TCPCRYPT_A_CONN_ERROR]		= { .type = NLA_U32 },
};

static struct nla_policy stat_policy[TCPCRYPT_A_STAT_MAX + 1] = {
	[TCPCRYPT_A_STAT_NAME]	= { .type = NLA_NUL_STRING },
	[TCPCRYPT_A_STAT_VALUE]	= { .type = NLA_U64 },
};

static void get_u32(struct nlattr **tb, int attr, uint32_t *to)
{
	if (tb[attr])
		*to = nla_get_u32(tb[attr]);
}

static void get_u64(struct nlattr **tb, int attr, uint64_t *to)
{
	if (tb[attr])
		*to = nla_get_u64(tb[attr]);
}

static void get_port(struct nlattr **tb, int attr, uint16_t *to)
{
	if (tb[attr])
		*to = ntohs(nla_get_u16(tb[attr]));
}

static void get_numbers(struct nlattr **tb, struct conn *c)
{
	get_port(tb, TCPCRYPT_A_CONN_LPORT, &c->lport);
	get_port(tb, TCPCRYPT_A_CONN_RPORT, &c->rport);
	get_u64(tb, TCPCRYPT_A_CONN_COOKIE, &c->cookie);
	get_u32(tb, TCPCRYPT_A_CONN_UID, &c->uid);
	get_u32(tb, TCPCRYPT_A_CONN_STATE, &c->state);
	get_u32(tb, TCPCRYPT_A_CONN_PASSIVE, &c->passive);
	get_u32(tb, TCPCRYPT_A_CONN_ROLE, &c->role);
	get_u32(tb, TCPCRYPT_A_CONN_TEP, &c->tep);
	get_u32(tb, TCPCRYPT_A_CONN_AEAD, &c->aead);
	get_u32(tb, TCPCRYPT_A_CONN_RESUMED, &c->resumed);
	get_u64(tb, TCPCRYPT_A_CONN_AGE, &c->age);
	get_u32(tb, TCPCRYPT_A_CONN_TX_GEN, &c->tx_gen);
	get_u32(tb, TCPCRYPT_A_CONN_RX_GEN, &c->rx_gen);
	get_u64(tb, TCPCRYPT_A_CONN_TX_BYTES, &c->tx_bytes);
	get_u64(tb, TCPCRYPT_A_CONN_RX_BYTES, &c->rx_bytes);
	get_u64(tb, TCPCRYPT_A_CONN_TX_FRAMES, &c->tx_frames);
	get_u64(tb, TCPCRYPT_A_CONN_RX_FRAMES, &c->rx_frames);
	get_u32(tb, TCPCRYPT_A_CONN_ERROR, &c->error);
}

/* False when there is something this program cannot make sense of */
static bool get_conn(struct nlattr *nest, struct conn *c)
{
	struct nlattr *tb[TCPCRYPT_A_CONN_MAX + 1];
	int i, rc;

	memset(c, 0, sizeof(*c));
	rc = nla_parse_nested(tb, TCPCRYPT_A_CONN_MAX, nest, conn_policy);
	if (rc < 0)
		return false;
	for (i = 1; i <= TCPCRYPT_A_CONN_MAX; i++)
		if (tb[i])
			c->has |= UINT64_C(1) << i;
	if (!conn_has(c, TCPCRYPT_A_CONN_FAMILY) ||
	    !conn_has(c, TCPCRYPT_A_CONN_LADDR) ||
	    !conn_has(c, TCPCRYPT_A_CONN_RADDR))
		return false;

	c->family = nla_get_u16(tb[TCPCRYPT_A_CONN_FAMILY]);
	nla_memcpy(c->laddr, tb[TCPCRYPT_A_CONN_LADDR], sizeof(c->laddr));
	nla_memcpy(c->raddr, tb[TCPCRYPT_A_CONN_RADDR], sizeof(c->raddr));
	get_numbers(tb, c);
	if (tb[TCPCRYPT_A_CONN_SESSION_ID])
		c->sid_len = nla_memcpy(c->sid, tb[TCPCRYPT_A_CONN_SESSION_ID],
					sizeof(c->sid));
	if (tb[TCPCRYPT_A_CONN_FALLBACK])
		nla_strlcpy(c->fallback, tb[TCPCRYPT_A_CONN_FALLBACK],
			    sizeof(c->fallback));
	return true;
}

static int on_conn(struct nl_msg *msg, void *arg)
{
	struct sink *sink = arg;
	struct nlattr *nest;
	struct conn c;

	nest = nlmsg_find_attr(nlmsg_hdr(msg), GENL_HDRLEN, TCPCRYPT_A_CONN);
	if (nest && get_conn(nest, &c))
		sink->conn(&c, sink->arg);
	else
		warnx("an answer of the kernel module makes no sense");
	return NL_OK;
}

/**
 * module_conns() - go through the connections of one family
 * @module: from module_open()
 * @family: AF_INET or AF_INET6
 * @all: in any state; else only those that are encrypted
 * @fn: what to call with each
 * @arg: what to call it with
 */
void module_conns(struct module *module, int family, bool all, conn_fn fn,
		  void *arg)
{
	struct sink sink = { .conn = fn, .arg = arg };
	struct nlattr *nest;
	struct nl_msg *msg;

	msg = request(module, TCPCRYPT_CMD_CONN_GET, NLM_F_DUMP);
	nest = nla_nest_start(msg, TCPCRYPT_A_CONN | NLA_F_NESTED);
	if (!nest || nla_put_u16(msg, TCPCRYPT_A_CONN_FAMILY, family) ||
	    (!all && nla_put_u32(msg, TCPCRYPT_A_CONN_STATE,
				 TCPCRYPT_CONN_OPEN)))
		err(1, NULL);
	nla_nest_end(msg, nest);

	ask(module, msg, on_conn, &sink);
}

static int on_stats(struct nl_msg *msg, void *arg)
{
	struct nlattr *tb[TCPCRYPT_A_STAT_MAX + 1];
	struct sink *sink = arg;
	struct nlattr *nest;
	int rem;

	nlmsg_for_each_attr(nest, nlmsg_hdr(msg), GENL_HDRLEN, rem) {
		if (nla_type(nest) != TCPCRYPT_A_STAT ||
		    nla_parse_nested(tb, TCPCRYPT_A_STAT_MAX, nest,
				     stat_policy) < 0 ||
		    !tb[TCPCRYPT_A_STAT_NAME] || !tb[TCPCRYPT_A_STAT_VALUE])
			continue;
		sink->stat(nla_get_string(tb[TCPCRYPT_A_STAT_NAME]),
			   nla_get_u64(tb[TCPCRYPT_A_STAT_VALUE]), sink->arg);
	}
	return NL_OK;
}

/**
 * module_stats() - go through the counters
 * @module: from module_open()
 * @fn: what to call with each
 * @arg: what to call it with
 */
void module_stats(struct module *module, stat_fn fn, void *arg)
{
	struct sink sink = { .stat = fn, .arg = arg };

	ask(module, request(module, TCPCRYPT_CMD_STATS_GET, 0), on_stats, &sink);
}
