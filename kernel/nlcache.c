// SPDX-License-Identifier: GPL-2.0-only
/*
 * The netlink commands about sessions that can be resumed. Their secrets and
 * identifiers are told to nobody.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <net/genetlink.h>
#include <net/netlink.h>
#include <uapi/linux/tcpcrypt.h>

#include "cache.h"
#include "netlink.h"
#include "tcpcrypt.h"

/* Attributes that are not listed are refused in requests */
static const struct nla_policy nl_cache_policy[TCPCRYPT_A_CACHE_ADDR + 1] = {
	[TCPCRYPT_A_CACHE_FAMILY]	= NLA_POLICY_RANGE(NLA_U16, AF_INET,
							   AF_INET6),
	[TCPCRYPT_A_CACHE_ADDR]		= NLA_POLICY_RANGE(NLA_BINARY,
							   sizeof(struct in_addr),
							   sizeof(struct in6_addr)),
};

const struct nla_policy tcpcrypt_nl_cache_policy[TCPCRYPT_A_CACHE + 1] = {
	[TCPCRYPT_A_CACHE] = NLA_POLICY_NESTED(nl_cache_policy),
};

static int nl_put_session(struct sk_buff *skb,
			  const struct tcpcrypt_session_info *info)
{
	const struct tcpcrypt_tuple *peer = &info->peer;
	size_t len = peer->family == AF_INET ? sizeof(struct in_addr) :
					       sizeof(struct in6_addr);
	struct nlattr *nest;

	nest = nla_nest_start(skb, TCPCRYPT_A_CACHE);
	if (!nest ||
	    nla_put_u16(skb, TCPCRYPT_A_CACHE_FAMILY, peer->family) ||
	    nla_put(skb, TCPCRYPT_A_CACHE_ADDR, len, &peer->raddr) ||
	    nla_put_be16(skb, TCPCRYPT_A_CACHE_PORT, peer->rport) ||
	    nla_put_u32(skb, TCPCRYPT_A_CACHE_ROLE,
			info->role_b ? TCPCRYPT_ROLE_B : TCPCRYPT_ROLE_A) ||
	    nla_put_u32(skb, TCPCRYPT_A_CACHE_TEP, info->tep) ||
	    nla_put_u32(skb, TCPCRYPT_A_CACHE_AEAD, info->aead) ||
	    nla_put_u32(skb, TCPCRYPT_A_CACHE_INDEX, info->next) ||
	    nla_put_u64_64bit(skb, TCPCRYPT_A_CACHE_AGE,
			      info->age * MSEC_PER_SEC, TCPCRYPT_A_CACHE_PAD) ||
	    nla_put_u64_64bit(skb, TCPCRYPT_A_CACHE_EXPIRES,
			      info->left * MSEC_PER_SEC, TCPCRYPT_A_CACHE_PAD))
		return -EMSGSIZE;

	nla_nest_end(skb, nest);
	return 0;
}

/**
 * tcpcrypt_nl_cache_dump() - put the next sessions of a dump into a buffer
 * @skb: the buffer
 * @cb: the dump
 *
 * Context: Process context.
 * Return: bytes in @skb; 0 when there are no more.
 */
int tcpcrypt_nl_cache_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct net *net = sock_net(cb->skb->sk);
	struct tcpcrypt_session_info info;
	unsigned long id = cb->args[0];
	void *hdr;

	if (!tcpcrypt_netns_ready())
		return -EAGAIN;

	while (tcpcrypt_cache_next(tcpcrypt_pernet(net), &id, &info)) {
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &tcpcrypt_nl_family,
				  NLM_F_MULTI, TCPCRYPT_CMD_CACHE_GET);
		if (!hdr)
			break;
		if (nl_put_session(skb, &info)) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
		cb->args[0] = id;
		cond_resched();
	}
	return skb->len;
}

/* The peer that a request names; 0, or 1 if it names all, or an errno */
static int nl_cache_peer(const struct genl_info *info,
			 struct tcpcrypt_tuple *peer)
{
	struct nlattr *tb[TCPCRYPT_A_CACHE_ADDR + 1];
	const struct nlattr *addr;
	int err;

	memset(peer, 0, sizeof(*peer));
	if (!info->attrs[TCPCRYPT_A_CACHE])
		return 1;
	err = nla_parse_nested(tb, TCPCRYPT_A_CACHE_ADDR,
			       info->attrs[TCPCRYPT_A_CACHE], nl_cache_policy,
			       info->extack);
	if (err)
		return err;
	addr = tb[TCPCRYPT_A_CACHE_ADDR];
	if (!addr) {
		NL_SET_ERR_MSG(info->extack, "an address is needed");
		return -EINVAL;
	}
	nla_memcpy(&peer->raddr, addr, sizeof(peer->raddr));
	peer->family = nla_len(addr) == sizeof(struct in_addr) ? AF_INET :
								 AF_INET6;
	if ((peer->family == AF_INET6 &&
	     nla_len(addr) != sizeof(struct in6_addr)) ||
	    (tb[TCPCRYPT_A_CACHE_FAMILY] &&
	     nla_get_u16(tb[TCPCRYPT_A_CACHE_FAMILY]) != peer->family)) {
		NL_SET_ERR_MSG_ATTR(info->extack, addr,
				    "family and address do not belong together");
		return -EINVAL;
	}
	/* such a connection counts as IPv4 */
	if (peer->family == AF_INET6 && ipv6_addr_v4mapped(&peer->raddr)) {
		peer->family = AF_INET;
		peer->raddr.s6_addr32[0] = peer->raddr.s6_addr32[3];
	}
	return 0;
}

/**
 * tcpcrypt_nl_cache_flush() - forget all sessions, or those with one peer
 * @skb: the request
 * @info: what the core has parsed of it
 *
 * Context: Process context.
 * Return: 0 or a negative errno.
 */
int tcpcrypt_nl_cache_flush(struct sk_buff *skb, struct genl_info *info)
{
	struct tcpcrypt_tuple peer;
	struct sk_buff *reply;
	unsigned int n;
	void *hdr;
	int all;

	if (!tcpcrypt_netns_ready())
		return -EAGAIN;
	all = nl_cache_peer(info, &peer);
	if (all < 0)
		return all;
	reply = genlmsg_new(nla_total_size(sizeof(u32)), GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	n = tcpcrypt_cache_flush(tcpcrypt_pernet(genl_info_net(info)),
				 all ? NULL : &peer);
	hdr = genlmsg_put_reply(reply, info, &tcpcrypt_nl_family, 0,
				TCPCRYPT_CMD_CACHE_FLUSH);
	if (!hdr || nla_put_u32(reply, TCPCRYPT_A_COUNT, n)) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}
