// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink commands about destinations that encryption does not reach.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <net/genetlink.h>
#include <net/netlink.h>

#include "blackhole.h"
#include "netlink.h"

static const struct nla_policy
nl_blackhole_policy[TCPCRYPT_A_BLACKHOLE_PORT + 1] = {
	[TCPCRYPT_A_BLACKHOLE_FAMILY]	= NLA_POLICY_RANGE(NLA_U16, AF_INET,
							   AF_INET6),
	[TCPCRYPT_A_BLACKHOLE_ADDR]	=
		NLA_POLICY_RANGE(NLA_BINARY, sizeof(struct in_addr),
				 sizeof(struct in6_addr)),
	[TCPCRYPT_A_BLACKHOLE_PORT]	= { .type = NLA_BE16 },
};

const struct nla_policy
tcpcrypt_nl_blackhole_policy[TCPCRYPT_A_BLACKHOLE + 1] = {
	[TCPCRYPT_A_BLACKHOLE] = NLA_POLICY_NESTED(nl_blackhole_policy),
};

static int nl_put_blackhole(struct sk_buff *skb,
			    const struct tcpcrypt_blackhole_info *info)
{
	const u64 now = get_jiffies_64();
	struct nlattr *nest;

	nest = nla_nest_start(skb, TCPCRYPT_A_BLACKHOLE);
	if (!nest ||
	    nla_put_u16(skb, TCPCRYPT_A_BLACKHOLE_FAMILY, info->key.family) ||
	    nla_put(skb, TCPCRYPT_A_BLACKHOLE_ADDR,
		    tcpcrypt_nl_addr_len(info->key.family), &info->key.addr) ||
	    nla_put_be16(skb, TCPCRYPT_A_BLACKHOLE_PORT, info->key.port) ||
	    nla_put_u32(skb, TCPCRYPT_A_BLACKHOLE_REASON, info->reason) ||
	    nla_put_u64_64bit(skb, TCPCRYPT_A_BLACKHOLE_AGE,
			      jiffies64_to_msecs(now - info->since),
			      TCPCRYPT_A_BLACKHOLE_PAD) ||
	    nla_put_u64_64bit(skb, TCPCRYPT_A_BLACKHOLE_EXPIRES,
			      now < info->expires ?
			      jiffies64_to_msecs(info->expires - now) : 0,
			      TCPCRYPT_A_BLACKHOLE_PAD) ||
	    nla_put_u64_64bit(skb, TCPCRYPT_A_BLACKHOLE_HITS, info->hits,
			      TCPCRYPT_A_BLACKHOLE_PAD))
		return -EMSGSIZE;

	nla_nest_end(skb, nest);
	return 0;
}

/**
 * tcpcrypt_nl_blackhole_dump() - put the next destinations into a buffer
 * @skb: the buffer
 * @cb: the dump
 *
 * Context: Process context.
 * Return: bytes in @skb; 0 when there are no more.
 */
int tcpcrypt_nl_blackhole_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	u64 *seq = (u64 *)cb->ctx;
	struct tcpcrypt_blackhole_info info;
	struct tcpcrypt_net *tn;
	void *hdr;

	BUILD_BUG_ON(sizeof(*seq) > sizeof(cb->ctx));
	if (!tcpcrypt_netns_ready())
		return -EAGAIN;
	tn = tcpcrypt_pernet(sock_net(cb->skb->sk));
	while (tcpcrypt_blackhole_next(tn, *seq, &info)) {
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &tcpcrypt_nl_family,
				  NLM_F_MULTI, TCPCRYPT_CMD_BLACKHOLE_GET);
		if (!hdr)
			break;
		if (nl_put_blackhole(skb, &info)) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		*seq = info.seq;
		cond_resched();
	}
	return skb->len;
}

/* The destination that a TCPCRYPT_A_BLACKHOLE nest names */
static int nl_blackhole_parse(struct tcpcrypt_blackhole_key *key,
			      const struct nlattr *attr,
			      struct netlink_ext_ack *extack)
{
	struct nlattr *tb[TCPCRYPT_A_BLACKHOLE_PORT + 1];
	const struct nlattr *addr, *family;
	int err;

	err = nla_parse_nested(tb, TCPCRYPT_A_BLACKHOLE_PORT, attr,
			       nl_blackhole_policy, extack);
	if (err)
		return err;

	addr = tb[TCPCRYPT_A_BLACKHOLE_ADDR];
	family = tb[TCPCRYPT_A_BLACKHOLE_FAMILY];
	if (!addr) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "an address is needed");
		return -EINVAL;
	}
	key->family = tcpcrypt_nl_addr_family(addr);
	if (!key->family ||
	    (family && nla_get_u16(family) != key->family)) {
		NL_SET_ERR_MSG_ATTR(extack, addr,
				    "family and address do not belong together");
		return -EINVAL;
	}
	nla_memcpy(&key->addr, addr, sizeof(key->addr));
	if (tb[TCPCRYPT_A_BLACKHOLE_PORT])
		key->port = nla_get_be16(tb[TCPCRYPT_A_BLACKHOLE_PORT]);
	return 0;
}

/**
 * tcpcrypt_nl_blackhole_flush() - forget destinations
 * @skb: the request
 * @info: what the core has parsed of it
 *
 * Context: Process context.
 * Return: 0 or a negative errno.
 */
int tcpcrypt_nl_blackhole_flush(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[TCPCRYPT_A_BLACKHOLE];
	struct tcpcrypt_blackhole_key key = {};
	struct tcpcrypt_net *tn;
	int err;

	if (!tcpcrypt_netns_ready())
		return -EAGAIN;
	if (attr) {
		err = nl_blackhole_parse(&key, attr, info->extack);
		if (err)
			return err;
	}
	tn = tcpcrypt_pernet(genl_info_net(info));
	return tcpcrypt_nl_reply_u32(info, TCPCRYPT_A_COUNT,
				     tcpcrypt_blackhole_flush(tn, attr ? &key :
							      NULL));
}
