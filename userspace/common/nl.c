// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Ask the kernel module, through libnl.  Nothing here prints, ends the program
 * or waits for ever: the library uses it too.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "nl.h"

/* The kernel answers at once; this bounds the wait should it not */
#define ANSWER_SECONDS	5

/* A dump comes in buffers of this size at most */
#define BUFFER_BYTES	(32 * 1024)

/* The way to the kernel module */
struct module {
	struct nl_sock *sk;
	int family;
	int error;		/* errno in the kernel's last answer, or 0 */
	char why[128];		/* what it said about it, or empty */
};

/* A function to call with each object in the answers */
struct sink {
	conn_fn conn;
	stat_fn stat;
	void *arg;
};

/* The nearest negative errno of a libnl error */
static int nl_errno(int rc)
{
	switch (-rc) {
	case NLE_OBJ_NOTFOUND:
		return -ENOENT;
	case NLE_AGAIN:
		return -ETIMEDOUT;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
		return -EPERM;
	case NLE_NOACCESS:
		return -EACCES;
	case NLE_AF_NOSUPPORT:
		return -EAFNOSUPPORT;
	default:
		return -EPROTO;
	}
}

static int setup(struct module *module)
{
	struct timeval bound = { .tv_sec = ANSWER_SECONDS };
	int on = 1, rc;

	rc = genl_connect(module->sk);
	if (rc < 0)
		return nl_errno(rc);
	nl_socket_set_msg_buf_size(module->sk, BUFFER_BYTES);
	/* For readable reasons; an old kernel has none */
	setsockopt(nl_socket_get_fd(module->sk), SOL_NETLINK, NETLINK_EXT_ACK,
		   &on, sizeof(on));
	if (setsockopt(nl_socket_get_fd(module->sk), SOL_SOCKET, SO_RCVTIMEO,
		       &bound, sizeof(bound)))
		return -errno;

	rc = genl_ctrl_resolve(module->sk, TCPCRYPT_GENL_NAME);
	if (rc < 0)
		return nl_errno(rc);
	module->family = rc;
	/* An answer says enough; only requests without one ask for an ack */
	nl_socket_disable_auto_ack(module->sk);
	return 0;
}

/**
 * module_open() - connect to the module
 *
 * Return: what the other functions take; NULL with errno, which is ENOENT when
 * the module is not loaded.
 */
struct module *module_open(void)
{
	struct module *module;
	int error = -ENOMEM;

	module = calloc(1, sizeof(*module));
	if (!module)
		return NULL;

	module->sk = nl_socket_alloc();
	if (module->sk)
		error = setup(module);
	if (error) {
		module_close(module);
		errno = -error;
		return NULL;
	}
	return module;
}

/**
 * module_close() - let go of the module
 * @module: from module_open(), or NULL
 */
void module_close(struct module *module)
{
	if (!module)
		return;
	nl_socket_free(module->sk);
	free(module);
}

/**
 * module_fd() - the socket
 * @module: from module_open()
 *
 * Return: its file descriptor, which stays the module's.
 */
int module_fd(const struct module *module)
{
	return nl_socket_get_fd(module->sk);
}

/**
 * module_why() - what the kernel said about the last error
 * @module: from module_open()
 *
 * Return: one line without a newline, empty when it said nothing.
 */
const char *module_why(const struct module *module)
{
	return module->why;
}

/**
 * module_request() - begin a request
 * @module: from module_open()
 * @cmd: enum tcpcrypt_cmd
 * @flags: NLM_F_*
 *
 * Return: a message to add attributes to, for module_ask(); NULL when there is
 * no memory.
 */
struct nl_msg *module_request(struct module *module, int cmd, int flags)
{
	struct nl_msg *msg;

	msg = nlmsg_alloc_size(BUFFER_BYTES);
	if (msg && !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, module->family,
				0, flags, cmd, TCPCRYPT_GENL_VERSION)) {
		nlmsg_free(msg);
		msg = NULL;
	}
	return msg;
}

/* The kernel's own words, which follow the header it repeats */
static void get_why(struct module *module, struct nlmsgerr *e)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)e - 1;
	size_t skip = sizeof(*e);
	struct nlattr *attr;
	int len;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		skip += NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg);
	len = (int)nlh->nlmsg_len - NLMSG_HDRLEN - (int)NLMSG_ALIGN(skip);
	if (len <= 0)
		return;
	attr = nla_find((struct nlattr *)((char *)e + NLMSG_ALIGN(skip)), len,
			NLMSGERR_ATTR_MSG);
	if (attr)
		nla_strlcpy(module->why, attr, sizeof(module->why));
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *arg)
{
	struct module *module = arg;

	module->error = -e->error;
	get_why(module, e);
	return NL_STOP;
}

/* The end of a dump holds an errno as well */
static int on_finish(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct module *module = arg;

	if (nlmsg_datalen(nlh) >= (int)sizeof(int) &&
	    *(int *)nlmsg_data(nlh) < 0)
		module->error = -*(int *)nlmsg_data(nlh);
	return NL_STOP;
}

/**
 * module_ask() - send a request and take the answers
 * @module: from module_open()
 * @msg: from module_request(); used up, and may be NULL
 * @fn: what to call with every answer; NULL when only success is of interest
 * @arg: what to call it with
 *
 * Return: 0 or a negative errno.
 */
int module_ask(struct module *module, struct nl_msg *msg,
	       int (*fn)(struct nl_msg *msg, void *arg), void *arg)
{
	struct nl_cb *cb;
	int rc;

	module->error = 0;
	module->why[0] = '\0';
	cb = msg ? nl_cb_alloc(NL_CB_DEFAULT) : NULL;
	if (!cb) {
		if (msg)
			nlmsg_free(msg);
		return -ENOMEM;
	}

	if (fn)
		nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, fn, arg);
	else
		nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_ACK;
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, module);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, module);
	rc = nl_send_auto(module->sk, msg);
	if (rc >= 0)
		rc = nl_recvmsgs(module->sk, cb);
	nlmsg_free(msg);
	nl_cb_put(cb);
	if (module->error)
		return -module->error;
	return rc < 0 ? nl_errno(rc) : 0;
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
	[TCPCRYPT_A_CONN_REQUIRE]	= { .type = NLA_U32 },
	[TCPCRYPT_A_CONN_PEER_AWARE]	= { .type = NLA_U32 },
	[TCPCRYPT_A_CONN_SELF_AWARE]	= { .type = NLA_U32 },
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
	get_u32(tb, TCPCRYPT_A_CONN_REQUIRE, &c->require);
	get_u32(tb, TCPCRYPT_A_CONN_PEER_AWARE, &c->peer_aware);
	get_u32(tb, TCPCRYPT_A_CONN_SELF_AWARE, &c->self_aware);
}

/**
 * module_get_conn() - read a connection
 * @nest: TCPCRYPT_A_CONN
 * @c: where to put it
 *
 * Return: false when there is something that makes no sense.
 */
bool module_get_conn(struct nlattr *nest, struct conn *c)
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
	if (nest && module_get_conn(nest, &c))
		sink->conn(&c, sink->arg);
	return NL_OK;
}

static int put_addr(struct nl_msg *msg, int attr, const struct conn *want,
		    const uint8_t *addr)
{
	if (!conn_has(want, attr))
		return 0;
	return nla_put(msg, attr, want->family == AF_INET ? 4 : 16, addr);
}

static int put_port(struct nl_msg *msg, int attr, const struct conn *want,
		    uint16_t port)
{
	return conn_has(want, attr) ? nla_put_u16(msg, attr, htons(port)) : 0;
}

static int put_want(struct nl_msg *msg, const struct conn *want)
{
	struct nlattr *nest;

	if (!want || !want->has)
		return 0;
	nest = nla_nest_start(msg, TCPCRYPT_A_CONN | NLA_F_NESTED);
	if (!nest ||
	    (want->has & CONN_BIT(COOKIE) &&
	     nla_put_u64(msg, TCPCRYPT_A_CONN_COOKIE, want->cookie)) ||
	    (want->has & CONN_BIT(FAMILY) &&
	     nla_put_u16(msg, TCPCRYPT_A_CONN_FAMILY, want->family)) ||
	    put_addr(msg, TCPCRYPT_A_CONN_LADDR, want, want->laddr) ||
	    put_port(msg, TCPCRYPT_A_CONN_LPORT, want, want->lport) ||
	    put_addr(msg, TCPCRYPT_A_CONN_RADDR, want, want->raddr) ||
	    put_port(msg, TCPCRYPT_A_CONN_RPORT, want, want->rport) ||
	    (want->has & CONN_BIT(STATE) &&
	     nla_put_u32(msg, TCPCRYPT_A_CONN_STATE, want->state)))
		return -1;
	nla_nest_end(msg, nest);
	return 0;
}

static int ask_conns(struct module *module, const struct conn *want, int flags,
		     struct sink *sink)
{
	struct nl_msg *msg;

	msg = module_request(module, TCPCRYPT_CMD_CONN_GET, flags);
	if (msg && put_want(msg, want)) {
		nlmsg_free(msg);
		msg = NULL;
	}
	return module_ask(module, msg, on_conn, sink);
}

/**
 * module_conns() - go through connections
 * @module: from module_open()
 * @want: which ones; NULL for all
 * @fn: what to call with each
 * @arg: what to call it with
 *
 * Return: 0 or a negative errno.
 */
int module_conns(struct module *module, const struct conn *want, conn_fn fn,
		 void *arg)
{
	struct sink sink = { .conn = fn, .arg = arg };

	return ask_conns(module, want, NLM_F_DUMP, &sink);
}

static void keep_conn(const struct conn *c, void *arg)
{
	*(struct conn *)arg = *c;
}

/**
 * module_conn() - find one connection
 * @module: from module_open()
 * @want: its COOKIE, or its FAMILY, LADDR, LPORT, RADDR and RPORT
 * @found: where to put it
 *
 * Return: 0 or a negative errno, -ENOENT when there is none.
 */
int module_conn(struct module *module, const struct conn *want,
		struct conn *found)
{
	struct sink sink = { .conn = keep_conn, .arg = found };
	int rc;

	found->has = 0;
	rc = ask_conns(module, want, 0, &sink);
	if (!rc && !found->has)
		rc = -EPROTO;
	return rc;
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
 *
 * Return: 0 or a negative errno.
 */
int module_stats(struct module *module, stat_fn fn, void *arg)
{
	struct sink sink = { .stat = fn, .arg = arg };

	return module_ask(module,
			  module_request(module, TCPCRYPT_CMD_STATS_GET, 0),
			  on_stats, &sink);
}
