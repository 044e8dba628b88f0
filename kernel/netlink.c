// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic netlink family "tcpcrypt" of a network namespace: its connections,
 * policy, configuration and counters.  Reading is open to every user, like ss;
 * what is told about a connection is no secret (a session ID is none, see RFC
 * 8548 section 8).  Changes need CAP_NET_ADMIN in the user namespace that owns
 * the network namespace.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/module.h>
#include <net/genetlink.h>
#include <net/netlink.h>
#include <uapi/linux/tcpcrypt.h>

#include "netlink.h"
#include "tcpcrypt.h"

/* Room for all counters with names of at most 32 bytes */
#define NL_STATS_SIZE \
	(TCPCRYPT_MIB_MAX * nla_total_size(nla_total_size(32) + \
					   nla_total_size_64bit(sizeof(u64))))

static int nl_put_stat(struct sk_buff *skb, const char *name, u64 value)
{
	struct nlattr *nest;

	nest = nla_nest_start(skb, TCPCRYPT_A_STAT);
	if (!nest || nla_put_string(skb, TCPCRYPT_A_STAT_NAME, name) ||
	    nla_put_u64_64bit(skb, TCPCRYPT_A_STAT_VALUE, value,
			      TCPCRYPT_A_STAT_PAD))
		return -EMSGSIZE;

	nla_nest_end(skb, nest);
	return 0;
}

static int nl_put_stats(struct sk_buff *skb, struct net *net)
{
	u64 sums[TCPCRYPT_MIB_MAX];
	unsigned int i;
	int err = 0;

	tcpcrypt_mib_read(net, sums);
	for (i = 0; i < TCPCRYPT_MIB_MAX && !err; i++)
		err = nl_put_stat(skb, tcpcrypt_mib_name(i), sums[i]);
	return err;
}

/**
 * tcpcrypt_nl_addr_family() - what kind of address an attribute has
 * @attr: address of 4 or 16 bytes
 *
 * Context: Any.
 * Return: AF_INET, AF_INET6 or, for any other length, AF_UNSPEC.
 */
u16 tcpcrypt_nl_addr_family(const struct nlattr *attr)
{
	if (nla_len(attr) == sizeof(struct in_addr))
		return AF_INET;
	if (nla_len(attr) == sizeof(struct in6_addr))
		return AF_INET6;
	return AF_UNSPEC;
}

/**
 * tcpcrypt_nl_addr_len() - how long an address is
 * @family: AF_INET or AF_INET6
 *
 * Context: Any.
 * Return: bytes.
 */
size_t tcpcrypt_nl_addr_len(u16 family)
{
	return family == AF_INET ? sizeof(struct in_addr) :
				   sizeof(struct in6_addr);
}

/* Begin the answer to a request; *@hdr is its header */
static struct sk_buff *nl_reply_new(struct genl_info *info, size_t size,
				    void **hdr)
{
	struct sk_buff *reply = genlmsg_new(size, GFP_KERNEL);

	if (!reply)
		return NULL;
	*hdr = genlmsg_put_reply(reply, info, &tcpcrypt_nl_family, 0,
				 info->genlhdr->cmd);
	if (*hdr)
		return reply;
	nlmsg_free(reply);
	return NULL;
}

/**
 * tcpcrypt_nl_reply_u32() - answer a request with one number
 * @info: the request
 * @type: attribute number
 * @value: the number
 *
 * Context: Process context.
 * Return: 0 or a negative errno.
 */
int tcpcrypt_nl_reply_u32(struct genl_info *info, int type, u32 value)
{
	struct sk_buff *reply;
	void *hdr;

	reply = nl_reply_new(info, GENLMSG_DEFAULT_SIZE, &hdr);
	if (!reply)
		return -ENOMEM;
	if (nla_put_u32(reply, type, value)) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

/**
 * tcpcrypt_nl_reply_rule_id() - answer a request with the name of a rule
 * @info: the request
 * @id: its ID
 *
 * Context: Process context.
 * Return: 0 or a negative errno.
 */
int tcpcrypt_nl_reply_rule_id(struct genl_info *info, u32 id)
{
	struct sk_buff *reply;
	struct nlattr *nest;
	void *hdr;

	reply = nl_reply_new(info, GENLMSG_DEFAULT_SIZE, &hdr);
	if (!reply)
		return -ENOMEM;
	nest = nla_nest_start(reply, TCPCRYPT_A_RULE);
	if (!nest || nla_put_u32(reply, TCPCRYPT_A_RULE_ID, id)) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	nla_nest_end(reply, nest);
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

static int nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	void *hdr;

	if (!tcpcrypt_netns_ready())
		return -EAGAIN;
	reply = nl_reply_new(info, NL_STATS_SIZE, &hdr);
	if (!reply)
		return -ENOMEM;
	if (nl_put_stats(reply, genl_info_net(info))) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

static const struct genl_ops nl_ops[] = {
	{
		.cmd		= TCPCRYPT_CMD_CONN_GET,
		.policy		= tcpcrypt_nl_conn_policy,
		.maxattr	= TCPCRYPT_A_CONN,
		.doit		= tcpcrypt_nl_conn_get,
		.start		= tcpcrypt_nl_conn_start,
		.dumpit		= tcpcrypt_nl_conn_dump,
		.done		= tcpcrypt_nl_conn_done,
	},
	{
		/* no policy: the core refuses all attributes */
		.cmd		= TCPCRYPT_CMD_STATS_GET,
		.doit		= nl_stats_get_doit,
	},
	{
		.cmd		= TCPCRYPT_CMD_CONFIG_GET,
		.doit		= tcpcrypt_nl_config_get,
	},
	{
		.cmd		= TCPCRYPT_CMD_CACHE_GET,
		.dumpit		= tcpcrypt_nl_cache_dump,
	},
	{
		.cmd		= TCPCRYPT_CMD_CACHE_FLUSH,
		.flags		= GENL_UNS_ADMIN_PERM,
		.policy		= tcpcrypt_nl_cache_policy,
		.maxattr	= TCPCRYPT_A_CACHE,
		.doit		= tcpcrypt_nl_cache_flush,
	},
	{
		.cmd		= TCPCRYPT_CMD_CONFIG_SET,
		.flags		= GENL_UNS_ADMIN_PERM,
		.policy		= tcpcrypt_nl_config_policy,
		.maxattr	= TCPCRYPT_A_CONFIG,
		.doit		= tcpcrypt_nl_config_set,
	},
	{
		.cmd		= TCPCRYPT_CMD_POLICY_GET,
		.policy		= tcpcrypt_nl_rule_id_policy,
		.maxattr	= TCPCRYPT_A_RULE,
		.doit		= tcpcrypt_nl_policy_get,
		.dumpit		= tcpcrypt_nl_policy_dump,
	},
	{
		.cmd		= TCPCRYPT_CMD_POLICY_REPLACE,
		.flags		= GENL_UNS_ADMIN_PERM,
		.policy		= tcpcrypt_nl_rule_policy,
		.maxattr	= TCPCRYPT_A_RULE,
		.doit		= tcpcrypt_nl_policy_replace,
	},
	{
		.cmd		= TCPCRYPT_CMD_POLICY_ADD,
		.flags		= GENL_UNS_ADMIN_PERM,
		.policy		= tcpcrypt_nl_rule_policy,
		.maxattr	= TCPCRYPT_A_RULE,
		.doit		= tcpcrypt_nl_policy_add,
	},
	{
		.cmd		= TCPCRYPT_CMD_POLICY_DEL,
		.flags		= GENL_UNS_ADMIN_PERM,
		.policy		= tcpcrypt_nl_rule_id_policy,
		.maxattr	= TCPCRYPT_A_RULE,
		.doit		= tcpcrypt_nl_policy_del,
	},
	{
		.cmd		= TCPCRYPT_CMD_BLACKHOLE_GET,
		.dumpit		= tcpcrypt_nl_blackhole_dump,
	},
	{
		.cmd		= TCPCRYPT_CMD_BLACKHOLE_FLUSH,
		.flags		= GENL_UNS_ADMIN_PERM,
		.policy		= tcpcrypt_nl_blackhole_policy,
		.maxattr	= TCPCRYPT_A_BLACKHOLE,
		.doit		= tcpcrypt_nl_blackhole_flush,
	},
	{
		.cmd		= TCPCRYPT_CMD_CONN_REKEY,
		.flags		= GENL_UNS_ADMIN_PERM,
		.policy		= tcpcrypt_nl_conn_policy,
		.maxattr	= TCPCRYPT_A_CONN,
		.doit		= tcpcrypt_nl_conn_rekey,
	},
};

static const struct genl_multicast_group nl_mcgrps[] = {
	[TCPCRYPT_NL_MCGRP_CONN] = { .name = TCPCRYPT_MCGRP_CONN, },
};

struct genl_family tcpcrypt_nl_family __ro_after_init = {
	.name		= TCPCRYPT_GENL_NAME,
	.version	= TCPCRYPT_GENL_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.ops		= nl_ops,
	.n_ops		= ARRAY_SIZE(nl_ops),
	.mcgrps		= nl_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(nl_mcgrps),
};

/**
 * tcpcrypt_netlink_init() - make the generic netlink family known
 *
 * Requests that come before tcpcrypt_netns_init() is through get -EAGAIN.
 *
 * Context: Process context, from the module's init.
 * Return: 0 or a negative errno.
 */
int __init tcpcrypt_netlink_init(void)
{
	return genl_register_family(&tcpcrypt_nl_family);
}

/**
 * tcpcrypt_netlink_exit() - withdraw the generic netlink family
 *
 * Waits for requests under way; dumps hold a reference to the module.
 *
 * Context: Process context, from the module's exit or a failing init, before
 * tcpcrypt_netns_exit().
 */
void tcpcrypt_netlink_exit(void)
{
	genl_unregister_family(&tcpcrypt_nl_family);
}
