// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic netlink family "tcpcrypt": reading connections (nlconn.c), counters
 * and the configuration of the reader's network namespace.  Open to every
 * user, like ss; what is told about a connection is no secret (a session ID is
 * none, see RFC 8548 section 8).
 */
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

static int nl_put_exclude(struct sk_buff *skb,
			  const struct tcpcrypt_ports *ports)
{
	struct nlattr *nest;

	nest = nla_nest_start(skb, TCPCRYPT_A_CONFIG_EXCLUDE);
	if (!nest || nla_put_u16(skb, TCPCRYPT_A_PORTS_LO, ports->lo) ||
	    nla_put_u16(skb, TCPCRYPT_A_PORTS_HI, ports->hi))
		return -EMSGSIZE;

	nla_nest_end(skb, nest);
	return 0;
}

static int nl_put_lists(struct sk_buff *skb,
			const struct tcpcrypt_lists *config)
{
	unsigned int i;

	for (i = 0; i < config->nteps; i++)
		if (nla_put_u32(skb, TCPCRYPT_A_CONFIG_TEP, config->teps[i]))
			return -EMSGSIZE;
	for (i = 0; i < config->nciphers; i++)
		if (nla_put_u32(skb, TCPCRYPT_A_CONFIG_AEAD,
				config->ciphers[i]))
			return -EMSGSIZE;
	for (i = 0; i < config->exclude.n; i++)
		if (nl_put_exclude(skb, &config->exclude.range[i]))
			return -EMSGSIZE;
	return 0;
}

static int nl_put_config(struct sk_buff *skb, struct net *net)
{
	const struct tcpcrypt_net *tn = tcpcrypt_pernet(net);
	const struct tcpcrypt_config *config = &tn->config;
	const char *version = THIS_MODULE->version;
	struct nlattr *nest;
	int err;

	rcu_read_lock();
	nest = nla_nest_start(skb, TCPCRYPT_A_CONFIG);
	err = nest ? nl_put_lists(skb, rcu_dereference(tn->lists)) : -EMSGSIZE;
	rcu_read_unlock();
	if (err ||
	    nla_put_string(skb, TCPCRYPT_A_CONFIG_VERSION, version ?: "") ||
	    nla_put_u32(skb, TCPCRYPT_A_CONFIG_ENABLE,
			READ_ONCE(config->enable)) ||
	    nla_put_u32(skb, TCPCRYPT_A_CONFIG_LOOPBACK,
			READ_ONCE(config->loopback)) ||
	    nla_put_u32(skb, TCPCRYPT_A_CONFIG_KEX_TIMEOUT,
			READ_ONCE(config->kex_timeout)) ||
	    nla_put_u32(skb, TCPCRYPT_A_CONFIG_MAX_HALFOPEN,
			READ_ONCE(config->max_halfopen)) ||
	    nla_put_u32(skb, TCPCRYPT_A_CONFIG_MAX_FRAME,
			READ_ONCE(config->max_frame)))
		return -EMSGSIZE;

	nla_nest_end(skb, nest);
	return 0;
}

/* Answer a request that has no attributes with what @put puts */
static int nl_answer(struct genl_info *info, size_t size,
		     int (*put)(struct sk_buff *skb, struct net *net))
{
	struct sk_buff *reply;
	void *hdr;

	if (!tcpcrypt_netns_ready())
		return -EAGAIN;

	reply = genlmsg_new(size, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;

	hdr = genlmsg_put_reply(reply, info, &tcpcrypt_nl_family, 0,
				info->genlhdr->cmd);
	if (!hdr || put(reply, genl_info_net(info))) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}

	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

static int nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return nl_answer(info, NL_STATS_SIZE, nl_put_stats);
}

static int nl_config_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return nl_answer(info, GENLMSG_DEFAULT_SIZE, nl_put_config);
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
		.doit		= nl_config_get_doit,
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
};

struct genl_family tcpcrypt_nl_family __ro_after_init = {
	.name		= TCPCRYPT_GENL_NAME,
	.version	= TCPCRYPT_GENL_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.ops		= nl_ops,
	.n_ops		= ARRAY_SIZE(nl_ops),
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
