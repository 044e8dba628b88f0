// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink commands about the configuration of a network namespace: the same
 * that the sysctls show.
 */
#include <net/genetlink.h>
#include <net/netlink.h>

#include "cache.h"
#include "config.h"
#include "netlink.h"

#define NL_PORTS	NLA_POLICY_NESTED(tcpcrypt_nl_ports_policy)

static const struct nla_policy nl_config_policy[TCPCRYPT_A_CONFIG_MAX + 1] = {
	[TCPCRYPT_A_CONFIG_ENABLE]		= { .type = NLA_U32 },
	[TCPCRYPT_A_CONFIG_LOOPBACK]		= { .type = NLA_U32 },
	[TCPCRYPT_A_CONFIG_TEP]			= { .type = NLA_U32 },
	[TCPCRYPT_A_CONFIG_AEAD]		= { .type = NLA_U32 },
	[TCPCRYPT_A_CONFIG_EXCLUDE]		= NL_PORTS,
	[TCPCRYPT_A_CONFIG_KEX_TIMEOUT]		= { .type = NLA_U32 },
	[TCPCRYPT_A_CONFIG_MAX_HALFOPEN]	= { .type = NLA_U32 },
	[TCPCRYPT_A_CONFIG_MAX_FRAME]		= { .type = NLA_U32 },
	[TCPCRYPT_A_CONFIG_PORTS]		= NL_PORTS,
	[TCPCRYPT_A_CONFIG_MARK]		= { .type = NLA_U32 },
	[TCPCRYPT_A_CONFIG_RESUME]		= { .type = NLA_U32 },
	[TCPCRYPT_A_CONFIG_CACHE_SIZE]		= { .type = NLA_U32 },
	[TCPCRYPT_A_CONFIG_CACHE_LIFETIME]	= { .type = NLA_U32 },
	[TCPCRYPT_A_CONFIG_SYN_RETRIES]		= { .type = NLA_U32 },
	[TCPCRYPT_A_CONFIG_REKEY_BYTES]		= { .type = NLA_U64 },
	[TCPCRYPT_A_CONFIG_REKEY_SECS]		= { .type = NLA_U32 },
	[TCPCRYPT_A_CONFIG_BLACKHOLE_SIZE]	= { .type = NLA_U32 },
	[TCPCRYPT_A_CONFIG_BLACKHOLE_LIFETIME]	= { .type = NLA_U32 },
	[TCPCRYPT_A_CONFIG_ENO_ENABLE_CONNECT]	= { .type = NLA_U32 },
	[TCPCRYPT_A_CONFIG_ENO_ENABLE_LISTEN]	= { .type = NLA_U32 },
	[TCPCRYPT_A_CONFIG_ENO_BAD_CONNECT_PORTS] = NL_PORTS,
	[TCPCRYPT_A_CONFIG_ENO_BAD_LISTEN_PORTS] = NL_PORTS,
};

const struct nla_policy tcpcrypt_nl_config_policy[TCPCRYPT_A_CONFIG + 1] = {
	[TCPCRYPT_A_CONFIG] = NLA_POLICY_NESTED(nl_config_policy),
};

/* By enum tcpcrypt_list */
static const u16 nl_list_attrs[TCPCRYPT_LIST_COUNT] = {
	[TCPCRYPT_LIST_TEPS]		= TCPCRYPT_A_CONFIG_TEP,
	[TCPCRYPT_LIST_CIPHERS]		= TCPCRYPT_A_CONFIG_AEAD,
	[TCPCRYPT_LIST_PORTS]		= TCPCRYPT_A_CONFIG_PORTS,
	[TCPCRYPT_LIST_EXCLUDE]		= TCPCRYPT_A_CONFIG_EXCLUDE,
	[TCPCRYPT_LIST_BAD_CONNECT]	= TCPCRYPT_A_CONFIG_ENO_BAD_CONNECT_PORTS,
	[TCPCRYPT_LIST_BAD_LISTEN]	= TCPCRYPT_A_CONFIG_ENO_BAD_LISTEN_PORTS,
};

static int nl_put_port_list(struct sk_buff *skb, int type,
			    const struct tcpcrypt_port_list *list)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < list->n && !err; i++)
		err = tcpcrypt_nl_put_ports(skb, type, &list->range[i]);
	return err;
}

static int nl_put_lists(struct sk_buff *skb,
			const struct tcpcrypt_lists *lists)
{
	unsigned int i;

	for (i = 0; i < lists->nteps; i++)
		if (nla_put_u32(skb, TCPCRYPT_A_CONFIG_TEP, lists->teps[i]))
			return -EMSGSIZE;
	for (i = 0; i < lists->nciphers; i++)
		if (nla_put_u32(skb, TCPCRYPT_A_CONFIG_AEAD,
				lists->ciphers[i]))
			return -EMSGSIZE;
	if (nl_put_port_list(skb, TCPCRYPT_A_CONFIG_EXCLUDE, &lists->exclude) ||
	    nl_put_port_list(skb, TCPCRYPT_A_CONFIG_PORTS, &lists->ports) ||
	    nl_put_port_list(skb, TCPCRYPT_A_CONFIG_ENO_BAD_CONNECT_PORTS,
			     &lists->bad_connect) ||
	    nl_put_port_list(skb, TCPCRYPT_A_CONFIG_ENO_BAD_LISTEN_PORTS,
			     &lists->bad_listen))
		return -EMSGSIZE;
	return 0;
}

static int nl_put_knobs(struct sk_buff *skb,
			const struct tcpcrypt_config *config)
{
	unsigned int i;

	for (i = 0; i < TCPCRYPT_KNOB_COUNT; i++) {
		const struct tcpcrypt_knob *knob = &tcpcrypt_knobs[i];
		u64 value = tcpcrypt_knob_get(config, knob);

		if (knob->type == TCPCRYPT_KNOB_ULONG ?
		    nla_put_u64_64bit(skb, knob->attr, value,
				      TCPCRYPT_A_CONFIG_PAD) :
		    nla_put_u32(skb, knob->attr, value))
			return -EMSGSIZE;
	}
	return 0;
}

static int nl_put_config(struct sk_buff *skb, const struct tcpcrypt_net *tn)
{
	struct nlattr *nest;
	int err;

	nest = nla_nest_start(skb, TCPCRYPT_A_CONFIG);
	if (!nest ||
	    nla_put_string(skb, TCPCRYPT_A_CONFIG_VERSION, TCPCRYPT_VERSION))
		return -EMSGSIZE;
	rcu_read_lock();
	err = nl_put_lists(skb, rcu_dereference(tn->lists));
	rcu_read_unlock();
	if (!err)
		err = nl_put_knobs(skb, &tn->config);
	nla_nest_end(skb, nest);
	return err;
}

/**
 * tcpcrypt_nl_config_get() - tell the configuration
 * @skb: the request
 * @info: what the core has parsed of it
 *
 * Context: Process context.
 * Return: 0 or a negative errno.
 */
int tcpcrypt_nl_config_get(struct sk_buff *skb, struct genl_info *info)
{
	/* four lists full of ranges of 20 bytes, and the rest */
	const size_t size = 4 * TCPCRYPT_PORT_RANGES_MAX * 20 + 2048;
	struct sk_buff *reply;
	void *hdr;

	if (!tcpcrypt_netns_ready())
		return -EAGAIN;

	reply = genlmsg_new(size, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;

	hdr = genlmsg_put_reply(reply, info, &tcpcrypt_nl_family, 0,
				TCPCRYPT_CMD_CONFIG_GET);
	if (!hdr ||
	    nl_put_config(reply, tcpcrypt_pernet(genl_info_net(info)))) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}

	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

static u64 nl_knob_value(const struct tcpcrypt_knob *knob,
			 const struct nlattr *attr)
{
	return knob->type == TCPCRYPT_KNOB_ULONG ? nla_get_u64(attr) :
						   nla_get_u32(attr);
}

/* Are all numbers given within their bounds? */
static int nl_check_knobs(struct nlattr **tb, struct netlink_ext_ack *extack)
{
	unsigned int i;

	for (i = 0; i < TCPCRYPT_KNOB_COUNT; i++) {
		const struct tcpcrypt_knob *knob = &tcpcrypt_knobs[i];
		const struct nlattr *attr = tb[knob->attr];
		const bool ulong = knob->type == TCPCRYPT_KNOB_ULONG;
		u64 value;

		if (!attr)
			continue;
		value = nl_knob_value(knob, attr);
		if (ulong ? value <= ULONG_MAX :
			    value >= knob->min && value <= knob->max)
			continue;
		NL_SET_ERR_MSG_ATTR(extack, attr, "out of range");
		return -ERANGE;
	}
	return 0;
}

static void nl_set_knobs(struct tcpcrypt_net *tn, struct nlattr **tb)
{
	unsigned int i;

	for (i = 0; i < TCPCRYPT_KNOB_COUNT; i++) {
		const struct tcpcrypt_knob *knob = &tcpcrypt_knobs[i];
		const struct nlattr *attr = tb[knob->attr];

		if (attr && i != TCPCRYPT_KNOB_ENABLE)
			tcpcrypt_knob_set(&tn->config, knob,
					  nl_knob_value(knob, attr));
	}
}

static int nl_list_item(struct tcpcrypt_lists *lists, enum tcpcrypt_list id,
			const struct nlattr *attr,
			struct netlink_ext_ack *extack)
{
	struct tcpcrypt_ports ports;
	u32 value;
	int err;

	if (tcpcrypt_list_ports(lists, id)) {
		/* an empty nest stands for an empty list */
		if (!nla_len(attr))
			return 0;
		err = tcpcrypt_nl_ports_parse(&ports, attr, extack);
		if (err)
			return err;
		if (tcpcrypt_list_add_ports(tcpcrypt_list_ports(lists, id),
					    ports.lo, ports.hi))
			return 0;
		NL_SET_ERR_MSG_ATTR(extack, attr, "too many ranges");
		return -E2BIG;
	}
	value = nla_get_u32(attr);
	if (value <= (id == TCPCRYPT_LIST_TEPS ? U8_MAX : U16_MAX) &&
	    (id == TCPCRYPT_LIST_TEPS ?
	     tcpcrypt_list_add_tep(lists, value) :
	     tcpcrypt_list_add_cipher(lists, value)))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr, "unknown here, or given twice");
	return -EINVAL;
}

/* A list that the request has replaces the one in @lists */
static int nl_parse_list(struct tcpcrypt_lists *lists, enum tcpcrypt_list id,
			 const struct nlattr *nest,
			 struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	bool first = true;
	int rem, err;

	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != nl_list_attrs[id])
			continue;
		if (first)
			tcpcrypt_list_clear(lists, id);
		first = false;
		err = nl_list_item(lists, id, attr, extack);
		if (err)
			return err;
	}
	return 0;
}

static int nl_set_config(struct tcpcrypt_net *tn, struct nlattr **tb,
			 const struct nlattr *nest,
			 struct netlink_ext_ack *extack)
{
	struct tcpcrypt_lists *lists;
	enum tcpcrypt_list id;
	int err;

	lists = tcpcrypt_lists_change(tn);
	if (!lists)
		return -ENOMEM;
	err = nl_check_knobs(tb, extack);
	for (id = 0; id < TCPCRYPT_LIST_COUNT && !err; id++)
		err = nl_parse_list(lists, id, nest, extack);
	if (err) {
		tcpcrypt_lists_cancel(tn, lists);
		return err;
	}
	nl_set_knobs(tn, tb);
	tcpcrypt_lists_commit(tn, lists);
	if (tb[TCPCRYPT_A_CONFIG_RESUME] || tb[TCPCRYPT_A_CONFIG_CACHE_SIZE] ||
	    tb[TCPCRYPT_A_CONFIG_CACHE_LIFETIME])
		tcpcrypt_cache_retune(tn);
	/* last: what it switches on goes by the new configuration */
	if (tb[TCPCRYPT_A_CONFIG_ENABLE])
		tcpcrypt_netns_enable(tn,
				      nla_get_u32(tb[TCPCRYPT_A_CONFIG_ENABLE]));
	return 0;
}

/**
 * tcpcrypt_nl_config_set() - change the configuration
 * @skb: the request
 * @info: what the core has parsed of it
 *
 * Context: Process context.
 * Return: 0 or a negative errno; then nothing has changed.
 */
int tcpcrypt_nl_config_set(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *nest = info->attrs[TCPCRYPT_A_CONFIG];
	struct nlattr *tb[TCPCRYPT_A_CONFIG_MAX + 1];
	int err;

	if (!tcpcrypt_netns_ready())
		return -EAGAIN;
	if (!nest) {
		NL_SET_ERR_MSG(info->extack, "a configuration is needed");
		return -EINVAL;
	}
	err = nla_parse_nested(tb, TCPCRYPT_A_CONFIG_MAX, nest,
			       nl_config_policy, info->extack);
	if (err)
		return err;
	return nl_set_config(tcpcrypt_pernet(genl_info_net(info)), tb, nest,
			     info->extack);
}
