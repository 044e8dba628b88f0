// SPDX-License-Identifier: GPL-2.0-only
/*
 * The netlink command that tells about connections: one, or all that match.
 *
 * Nothing here takes a socket lock.  A struct tcpcrypt_sock found in
 * tcpcrypt_net.conns stays in memory for as long as the RCU read lock is held;
 * what it says may be a moment old.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include <net/genetlink.h>
#include <net/netlink.h>
#include <uapi/linux/tcpcrypt.h>

#include "netlink.h"
#include "tcpcrypt.h"

/* Connections looked at before other tasks get a chance */
#define NL_BATCH	512

static_assert((int)TCPCRYPT_CONN_OFFERED == (int)TCPCRYPT_OFFERED);
static_assert((int)TCPCRYPT_CONN_KEX == (int)TCPCRYPT_KEX);
static_assert((int)TCPCRYPT_CONN_OPEN == (int)TCPCRYPT_OPEN);
static_assert((int)TCPCRYPT_CONN_PLAIN == (int)TCPCRYPT_PLAIN);
static_assert((int)TCPCRYPT_CONN_FAILED == (int)TCPCRYPT_FAILED);
static_assert((int)__TCPCRYPT_CONN_STATE_MAX == (int)TCPCRYPT_STATE_MAX);
static_assert(TCPCRYPT_SESSID_BYTES == TCPCRYPT_SESSID_LEN);

/*
 * What a TCPCRYPT_A_CONN nest in a request asks for.  An address of 4 bytes
 * is in the first word, as in struct tcpcrypt_tuple.
 */
struct nl_filter {
	u32 has;	/* BIT(TCPCRYPT_A_CONN_*) of the members that count */
	u32 state;
	u64 cookie;
	struct tcpcrypt_tuple tuple;
};

/* A dump under way; netlink_callback.ctx points to it */
struct nl_dump {
	unsigned long id;	/* where to go on in tcpcrypt_net.conns */
	struct nl_filter filter;
};

#define NL_TUPLE_ATTRS	(BIT(TCPCRYPT_A_CONN_LADDR) | \
			 BIT(TCPCRYPT_A_CONN_LPORT) | \
			 BIT(TCPCRYPT_A_CONN_RADDR) | \
			 BIT(TCPCRYPT_A_CONN_RPORT))

/* Attributes that are not listed are refused in requests */
static const struct nla_policy nl_conn_policy[TCPCRYPT_A_CONN_STATE + 1] = {
	[TCPCRYPT_A_CONN_COOKIE]	= { .type = NLA_U64 },
	[TCPCRYPT_A_CONN_FAMILY]	= NLA_POLICY_RANGE(NLA_U16, AF_INET,
							   AF_INET6),
	[TCPCRYPT_A_CONN_LADDR]	= NLA_POLICY_RANGE(NLA_BINARY,
						   sizeof(struct in_addr),
						   sizeof(struct in6_addr)),
	[TCPCRYPT_A_CONN_LPORT]	= { .type = NLA_BE16 },
	[TCPCRYPT_A_CONN_RADDR]	= NLA_POLICY_RANGE(NLA_BINARY,
						   sizeof(struct in_addr),
						   sizeof(struct in6_addr)),
	[TCPCRYPT_A_CONN_RPORT]	= { .type = NLA_BE16 },
	[TCPCRYPT_A_CONN_STATE]	= NLA_POLICY_MAX(NLA_U32,
						 TCPCRYPT_CONN_STATE_MAX),
};

const struct nla_policy tcpcrypt_nl_conn_policy[TCPCRYPT_A_CONN + 1] = {
	[TCPCRYPT_A_CONN] = NLA_POLICY_NESTED(nl_conn_policy),
};

/* Note that the request has @family, by an address or by itself */
static int nl_filter_family(struct nl_filter *filter, u16 family,
			    const struct nlattr *attr,
			    struct netlink_ext_ack *extack)
{
	if ((family != AF_INET && family != AF_INET6) ||
	    (filter->tuple.family && filter->tuple.family != family)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "family and addresses do not belong together");
		return -EINVAL;
	}

	filter->has |= BIT(TCPCRYPT_A_CONN_FAMILY);
	filter->tuple.family = family;
	return 0;
}

static int nl_filter_addr(struct nl_filter *filter, struct in6_addr *addr,
			  const struct nlattr *attr,
			  struct netlink_ext_ack *extack)
{
	filter->has |= BIT(nla_type(attr));
	nla_memcpy(addr, attr, sizeof(*addr));
	return nl_filter_family(filter, tcpcrypt_nl_addr_family(attr), attr,
				extack);
}

static int nl_filter_addrs(struct nl_filter *filter, struct nlattr **tb,
			   struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	int err;

	attr = tb[TCPCRYPT_A_CONN_FAMILY];
	if (attr) {
		err = nl_filter_family(filter, nla_get_u16(attr), attr, extack);
		if (err)
			return err;
	}

	attr = tb[TCPCRYPT_A_CONN_LADDR];
	if (attr) {
		err = nl_filter_addr(filter, &filter->tuple.laddr, attr, extack);
		if (err)
			return err;
	}

	attr = tb[TCPCRYPT_A_CONN_RADDR];
	if (attr)
		return nl_filter_addr(filter, &filter->tuple.raddr, attr,
				      extack);
	return 0;
}

/* @attr is the TCPCRYPT_A_CONN nest of a request, or NULL: all connections */
static int nl_filter_parse(struct nl_filter *filter, const struct nlattr *attr,
			   struct netlink_ext_ack *extack)
{
	struct nlattr *tb[TCPCRYPT_A_CONN_STATE + 1];
	int err;

	memset(filter, 0, sizeof(*filter));
	if (!attr)
		return 0;

	err = nla_parse_nested(tb, TCPCRYPT_A_CONN_STATE, attr, nl_conn_policy,
			       extack);
	if (err)
		return err;

	if (tb[TCPCRYPT_A_CONN_COOKIE]) {
		filter->has |= BIT(TCPCRYPT_A_CONN_COOKIE);
		filter->cookie = nla_get_u64(tb[TCPCRYPT_A_CONN_COOKIE]);
	}
	if (tb[TCPCRYPT_A_CONN_LPORT]) {
		filter->has |= BIT(TCPCRYPT_A_CONN_LPORT);
		filter->tuple.lport = nla_get_be16(tb[TCPCRYPT_A_CONN_LPORT]);
	}
	if (tb[TCPCRYPT_A_CONN_RPORT]) {
		filter->has |= BIT(TCPCRYPT_A_CONN_RPORT);
		filter->tuple.rport = nla_get_be16(tb[TCPCRYPT_A_CONN_RPORT]);
	}
	if (tb[TCPCRYPT_A_CONN_STATE]) {
		filter->has |= BIT(TCPCRYPT_A_CONN_STATE);
		filter->state = nla_get_u32(tb[TCPCRYPT_A_CONN_STATE]);
	}
	return nl_filter_addrs(filter, tb, extack);
}

static bool nl_addr_equal(const struct in6_addr *a, const struct in6_addr *b,
			  u16 family)
{
	if (family == AF_INET)
		return a->s6_addr32[0] == b->s6_addr32[0];
	return ipv6_addr_equal(a, b);
}

static bool nl_filter_match(const struct nl_filter *filter,
			    const struct tcpcrypt_sock *ctx)
{
	const struct tcpcrypt_tuple *want = &filter->tuple;
	const struct tcpcrypt_tuple *have = &ctx->id_tuple;
	u32 has = filter->has;

	if (has & BIT(TCPCRYPT_A_CONN_COOKIE) && filter->cookie != ctx->cookie)
		return false;
	if (has & BIT(TCPCRYPT_A_CONN_STATE) &&
	    filter->state != READ_ONCE(ctx->state))
		return false;
	if (has & BIT(TCPCRYPT_A_CONN_FAMILY) && want->family != have->family)
		return false;
	if (has & BIT(TCPCRYPT_A_CONN_LPORT) && want->lport != have->lport)
		return false;
	if (has & BIT(TCPCRYPT_A_CONN_RPORT) && want->rport != have->rport)
		return false;
	if (has & BIT(TCPCRYPT_A_CONN_LADDR) &&
	    !nl_addr_equal(&want->laddr, &have->laddr, want->family))
		return false;
	return !(has & BIT(TCPCRYPT_A_CONN_RADDR)) ||
	       nl_addr_equal(&want->raddr, &have->raddr, want->family);
}

/*
 * The first connection at or after *@id that matches; *@id becomes its own.
 * NULL when there is none among the next NL_BATCH ones, with *@id where to go
 * on, or with *@end set when there are no more.
 */
static struct tcpcrypt_sock *nl_conn_next(struct tcpcrypt_net *tn,
					  const struct nl_filter *filter,
					  unsigned long *id, bool *end)
{
	struct tcpcrypt_sock *ctx;
	unsigned int n;

	for (n = 0; n < NL_BATCH; n++) {
		ctx = xa_find(&tn->conns, id, ULONG_MAX, XA_PRESENT);
		if (!ctx) {
			*end = true;
			return NULL;
		}
		if (nl_filter_match(filter, ctx))
			return ctx;
		++*id;
	}
	return NULL;
}

/* Who talks to whom */
static int nl_put_identity(struct sk_buff *skb, struct user_namespace *user_ns,
			   const struct tcpcrypt_sock *ctx)
{
	const struct tcpcrypt_tuple *tuple = &ctx->id_tuple;
	size_t len = tcpcrypt_nl_addr_len(tuple->family);

	if (nla_put_u64_64bit(skb, TCPCRYPT_A_CONN_COOKIE, ctx->cookie,
			      TCPCRYPT_A_CONN_PAD) ||
	    nla_put_u16(skb, TCPCRYPT_A_CONN_FAMILY, tuple->family) ||
	    nla_put(skb, TCPCRYPT_A_CONN_LADDR, len, &tuple->laddr) ||
	    nla_put_be16(skb, TCPCRYPT_A_CONN_LPORT, tuple->lport) ||
	    nla_put(skb, TCPCRYPT_A_CONN_RADDR, len, &tuple->raddr) ||
	    nla_put_be16(skb, TCPCRYPT_A_CONN_RPORT, tuple->rport) ||
	    nla_put_u32(skb, TCPCRYPT_A_CONN_UID,
			from_kuid_munged(user_ns, ctx->uid)) ||
	    nla_put_u32(skb, TCPCRYPT_A_CONN_PASSIVE, ctx->passive) ||
	    nla_put_u32(skb, TCPCRYPT_A_CONN_REQUIRE,
			READ_ONCE(ctx->require)))
		return -EMSGSIZE;
	return 0;
}

/* What TCP-ENO agreed on */
static int nl_put_negotiated(struct sk_buff *skb,
			     const struct tcpcrypt_sock *ctx)
{
	if (nla_put_u32(skb, TCPCRYPT_A_CONN_ROLE,
			ctx->eno.role_b ? TCPCRYPT_ROLE_B : TCPCRYPT_ROLE_A) ||
	    nla_put_u32(skb, TCPCRYPT_A_CONN_TEP, ctx->eno.tep) ||
	    nla_put_u32(skb, TCPCRYPT_A_CONN_PEER_AWARE,
			ctx->eno.peer_aware) ||
	    nla_put_u32(skb, TCPCRYPT_A_CONN_SELF_AWARE, !!ctx->opts.aware))
		return -EMSGSIZE;
	return 0;
}

static int nl_put_session(struct sk_buff *skb, const struct tcpcrypt_sock *ctx)
{
	u64 age = get_jiffies_64() - ctx->established;

	if (nla_put_u32(skb, TCPCRYPT_A_CONN_AEAD, ctx->aead->id) ||
	    nla_put_u32(skb, TCPCRYPT_A_CONN_RESUMED, ctx->resumed) ||
	    nla_put(skb, TCPCRYPT_A_CONN_SESSION_ID, sizeof(ctx->session_id),
		    ctx->session_id) ||
	    nla_put_u64_64bit(skb, TCPCRYPT_A_CONN_AGE, jiffies64_to_msecs(age),
			      TCPCRYPT_A_CONN_PAD))
		return -EMSGSIZE;
	return 0;
}

static int nl_put_streams(struct sk_buff *skb, const struct tcpcrypt_sock *ctx)
{
	const struct tcpcrypt_stream *tx = &ctx->tx.s;
	const struct tcpcrypt_stream *rx = &ctx->rx.s;

	if (nla_put_u32(skb, TCPCRYPT_A_CONN_TX_GEN, READ_ONCE(tx->gen)) ||
	    nla_put_u32(skb, TCPCRYPT_A_CONN_RX_GEN, READ_ONCE(rx->gen)) ||
	    nla_put_u64_64bit(skb, TCPCRYPT_A_CONN_TX_BYTES,
			      READ_ONCE(tx->bytes), TCPCRYPT_A_CONN_PAD) ||
	    nla_put_u64_64bit(skb, TCPCRYPT_A_CONN_RX_BYTES,
			      READ_ONCE(rx->bytes), TCPCRYPT_A_CONN_PAD) ||
	    nla_put_u64_64bit(skb, TCPCRYPT_A_CONN_TX_FRAMES,
			      READ_ONCE(tx->frames), TCPCRYPT_A_CONN_PAD) ||
	    nla_put_u64_64bit(skb, TCPCRYPT_A_CONN_RX_FRAMES,
			      READ_ONCE(rx->frames), TCPCRYPT_A_CONN_PAD))
		return -EMSGSIZE;
	return 0;
}

/* What there is to tell depends on how far the connection has come */
static int nl_put_progress(struct sk_buff *skb, const struct tcpcrypt_sock *ctx)
{
	/* Pairs with the smp_store_release() of whoever changes the state */
	u8 state = smp_load_acquire(&ctx->state);
	bool negotiated, open;

	/* A failed connection has what it had before it failed */
	open = state == TCPCRYPT_OPEN ||
	       (state == TCPCRYPT_FAILED && ctx->established);
	negotiated = open || state == TCPCRYPT_KEX ||
		     (state == TCPCRYPT_FAILED && ctx->eno.tep);

	if (nla_put_u32(skb, TCPCRYPT_A_CONN_STATE, state))
		return -EMSGSIZE;
	if (negotiated && nl_put_negotiated(skb, ctx))
		return -EMSGSIZE;
	if (open && (nl_put_session(skb, ctx) || nl_put_streams(skb, ctx)))
		return -EMSGSIZE;
	if ((state == TCPCRYPT_PLAIN ||
	     (state == TCPCRYPT_FAILED && READ_ONCE(ctx->fallback))) &&
	    nla_put_string(skb, TCPCRYPT_A_CONN_FALLBACK,
			   tcpcrypt_mib_name(READ_ONCE(ctx->fallback))))
		return -EMSGSIZE;
	if (state == TCPCRYPT_FAILED &&
	    nla_put_u32(skb, TCPCRYPT_A_CONN_ERROR, READ_ONCE(ctx->err)))
		return -EMSGSIZE;
	return 0;
}

/**
 * tcpcrypt_nl_put_conn() - tell about a connection
 * @skb: message it goes into
 * @user_ns: user namespace of the reader
 * @ctx: the connection
 *
 * Context: RCU read section, or the socket is locked.
 * Return: 0 or -EMSGSIZE.
 */
int tcpcrypt_nl_put_conn(struct sk_buff *skb, struct user_namespace *user_ns,
			 const struct tcpcrypt_sock *ctx)
{
	struct nlattr *nest;

	nest = nla_nest_start(skb, TCPCRYPT_A_CONN);
	if (!nest || nl_put_identity(skb, user_ns, ctx) ||
	    nl_put_progress(skb, ctx))
		return -EMSGSIZE;

	nla_nest_end(skb, nest);
	return 0;
}

/* One message about one connection; @nlh is the request, from @portid */
static int nl_put_conn(struct sk_buff *skb, struct user_namespace *user_ns,
		       const struct nlmsghdr *nlh, u32 portid, int flags,
		       const struct tcpcrypt_sock *ctx)
{
	void *hdr;

	hdr = genlmsg_put(skb, portid, nlh->nlmsg_seq, &tcpcrypt_nl_family,
			  flags, TCPCRYPT_CMD_CONN_GET);
	if (!hdr)
		return -EMSGSIZE;

	if (tcpcrypt_nl_put_conn(skb, user_ns, ctx)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}

	genlmsg_end(skb, hdr);
	return 0;
}

/* Put the first connection that matches into @reply */
static int nl_conn_find(const struct nl_filter *filter, struct sk_buff *reply,
			struct sk_buff *skb, struct genl_info *info)
{
	struct tcpcrypt_net *tn = tcpcrypt_pernet(genl_info_net(info));
	const struct tcpcrypt_sock *ctx;
	unsigned long id = 0;
	int err = -ENOENT;
	bool end = false;

	do {
		rcu_read_lock();
		ctx = nl_conn_next(tn, filter, &id, &end);
		if (ctx)
			err = nl_put_conn(reply, sk_user_ns(NETLINK_CB(skb).sk),
					  info->nlhdr, info->snd_portid, 0,
					  ctx);
		rcu_read_unlock();
		cond_resched();
	} while (!ctx && !end);

	return err;
}

/* What a request asks for that is about one connection */
static int nl_filter_one(struct nl_filter *filter, struct genl_info *info)
{
	int err;

	err = nl_filter_parse(filter, info->attrs[TCPCRYPT_A_CONN],
			      info->extack);
	if (err)
		return err;
	if (filter->has & BIT(TCPCRYPT_A_CONN_COOKIE) ||
	    (filter->has & NL_TUPLE_ATTRS) == NL_TUPLE_ATTRS)
		return 0;
	NL_SET_ERR_MSG(info->extack,
		       "a cookie, or both addresses and both ports are needed");
	return -EINVAL;
}

/**
 * tcpcrypt_nl_conn_rekey() - give one connection fresh keys
 * @skb: the request
 * @info: what the core has parsed of it
 *
 * Context: Process context.
 * Return: 0 or a negative errno; -ENOENT when there is no such connection,
 * -ENOTCONN when it is not encrypted.
 */
int tcpcrypt_nl_conn_rekey(struct sk_buff *skb, struct genl_info *info)
{
	struct tcpcrypt_net *tn;
	struct nl_filter filter;
	struct tcpcrypt_sock *ctx;
	unsigned long id = 0;
	bool end = false;
	int err;

	if (!tcpcrypt_netns_ready())
		return -EAGAIN;
	err = nl_filter_one(&filter, info);
	if (err)
		return err;
	tn = tcpcrypt_pernet(genl_info_net(info));
	err = -ENOENT;
	do {
		rcu_read_lock();
		ctx = nl_conn_next(tn, &filter, &id, &end);
		if (ctx)
			err = tcpcrypt_rekey_request(ctx);
		rcu_read_unlock();
		cond_resched();
	} while (!ctx && !end);
	return err;
}

/**
 * tcpcrypt_nl_conn_get() - tell about one connection
 * @skb: the request
 * @info: what the core has parsed of it
 *
 * Context: Process context.
 * Return: 0 or a negative errno; -ENOENT when there is no such connection.
 */
int tcpcrypt_nl_conn_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nl_filter filter;
	struct sk_buff *reply;
	int err;

	if (!tcpcrypt_netns_ready())
		return -EAGAIN;

	err = nl_filter_one(&filter, info);
	if (err)
		return err;

	reply = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;

	err = nl_conn_find(&filter, reply, skb, info);
	if (err) {
		nlmsg_free(reply);
		return err;
	}
	return genlmsg_reply(reply, info);
}

static struct nl_dump **nl_dump_of(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct nl_dump *) > sizeof(cb->ctx));
	return (struct nl_dump **)cb->ctx;
}

/**
 * tcpcrypt_nl_conn_start() - begin a dump
 * @cb: the dump
 *
 * Context: Process context.
 * Return: 0 or a negative errno.
 */
int tcpcrypt_nl_conn_start(struct netlink_callback *cb)
{
	struct nlattr *tb[TCPCRYPT_A_CONN + 1];
	struct nl_dump *dump;
	int err;

	if (!tcpcrypt_netns_ready())
		return -EAGAIN;

	/* Where the attributes parsed by the core are depends on the kernel */
	err = genlmsg_parse(cb->nlh, &tcpcrypt_nl_family, tb, TCPCRYPT_A_CONN,
			    tcpcrypt_nl_conn_policy, cb->extack);
	if (err)
		return err;

	dump = kzalloc(sizeof(*dump), GFP_KERNEL);
	if (!dump)
		return -ENOMEM;

	err = nl_filter_parse(&dump->filter, tb[TCPCRYPT_A_CONN], cb->extack);
	if (err) {
		kfree(dump);
		return err;
	}

	*nl_dump_of(cb) = dump;
	return 0;
}

/**
 * tcpcrypt_nl_conn_done() - end a dump that has begun
 * @cb: the dump
 *
 * Context: Process context.
 * Return: 0.
 */
int tcpcrypt_nl_conn_done(struct netlink_callback *cb)
{
	kfree(*nl_dump_of(cb));
	return 0;
}

/**
 * tcpcrypt_nl_conn_dump() - put the next connections of a dump into a buffer
 * @skb: the buffer
 * @cb: the dump
 *
 * Connections that come and go during a dump may be in it or not; all others
 * are in it once, because their ids do not change.
 *
 * Context: Process context.
 * Return: bytes in @skb; 0 when there are no more.
 */
int tcpcrypt_nl_conn_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct tcpcrypt_net *tn = tcpcrypt_pernet(sock_net(cb->skb->sk));
	struct user_namespace *user_ns = sk_user_ns(NETLINK_CB(cb->skb).sk);
	u32 portid = NETLINK_CB(cb->skb).portid;
	struct nl_dump *dump = *nl_dump_of(cb);
	const struct tcpcrypt_sock *ctx;
	bool end = false;
	int err = 0;

	do {
		rcu_read_lock();
		ctx = nl_conn_next(tn, &dump->filter, &dump->id, &end);
		if (ctx)
			err = nl_put_conn(skb, user_ns, cb->nlh, portid,
					  NLM_F_MULTI, ctx);
		rcu_read_unlock();
		if (ctx && !err)
			dump->id++;
		cond_resched();
	} while (!end && !err);

	/* A full buffer is not an error: the dump goes on with the next one */
	return skb->len ? skb->len : err;
}
