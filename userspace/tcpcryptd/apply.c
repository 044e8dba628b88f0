// SPDX-License-Identifier: GPL-2.0-only
/*
 * Settings and rules, as netlink messages.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "tcpcryptd.h"

static bool is_ports(int attr)
{
	return attr == TCPCRYPT_A_CONFIG_EXCLUDE ||
	       attr == TCPCRYPT_A_CONFIG_PORTS ||
	       attr == TCPCRYPT_A_CONFIG_ENO_BAD_CONNECT_PORTS ||
	       attr == TCPCRYPT_A_CONFIG_ENO_BAD_LISTEN_PORTS;
}

static int put_ports(struct nl_msg *msg, int attr, uint16_t lo, uint16_t hi)
{
	struct nlattr *nest = nla_nest_start(msg, attr | NLA_F_NESTED);

	if (!nest || nla_put_u16(msg, TCPCRYPT_A_PORTS_LO, lo) ||
	    nla_put_u16(msg, TCPCRYPT_A_PORTS_HI, hi))
		return -1;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_list(struct nl_msg *msg, int attr, const struct setting *s)
{
	unsigned int i;

	/* A nest without attributes makes an empty list */
	if (!s->count)
		return nla_put(msg, attr | NLA_F_NESTED, 0, NULL);
	for (i = 0; i < s->count; i++)
		if (put_ports(msg, attr, s->ranges[i].lo, s->ranges[i].hi))
			return -1;
	return 0;
}

static int put_ids(struct nl_msg *msg, int attr, const struct setting *s)
{
	unsigned int i;

	for (i = 0; i < s->count; i++)
		if (nla_put_u32(msg, attr, s->ids[i]))
			return -1;
	return 0;
}

static int put_setting(struct nl_msg *msg, int attr, const struct setting *s)
{
	if (is_ports(attr))
		return put_list(msg, attr, s);
	if (attr == TCPCRYPT_A_CONFIG_TEP || attr == TCPCRYPT_A_CONFIG_AEAD)
		return put_ids(msg, attr, s);
	if (attr == TCPCRYPT_A_CONFIG_REKEY_BYTES)
		return nla_put_u64(msg, attr, s->number);
	return nla_put_u32(msg, attr, s->number);
}

static int no_memory(struct nl_msg *msg)
{
	nlmsg_free(msg);
	return -ENOMEM;
}

/**
 * apply_settings() - configure the module
 * @module: the module
 * @o: what was asked for
 *
 * Return: 0 or a negative errno.
 */
int apply_settings(struct module *module, const struct options *o)
{
	struct nlattr *nest;
	struct nl_msg *msg;
	bool any = false;
	int i;

	msg = module_request(module, TCPCRYPT_CMD_CONFIG_SET, 0);
	if (!msg)
		return -ENOMEM;
	nest = nla_nest_start(msg, TCPCRYPT_A_CONFIG | NLA_F_NESTED);
	if (!nest)
		return no_memory(msg);
	for (i = 1; i <= TCPCRYPT_A_CONFIG_MAX; i++) {
		if (!o->settings[i].set)
			continue;
		any = true;
		if (put_setting(msg, i, &o->settings[i]))
			return no_memory(msg);
	}
	nla_nest_end(msg, nest);
	if (!any) {
		nlmsg_free(msg);
		return 0;
	}
	return module_ask(module, msg, NULL, NULL);
}

/**
 * apply_enable() - switch encryption of new connections on or off
 * @module: the module
 * @enable: on
 *
 * Return: 0 or a negative errno.
 */
int apply_enable(struct module *module, bool enable)
{
	struct options o = { 0 };

	o.settings[TCPCRYPT_A_CONFIG_ENABLE].set = true;
	o.settings[TCPCRYPT_A_CONFIG_ENABLE].number = enable;
	return apply_settings(module, &o);
}

static int on_config(struct nl_msg *msg, void *arg)
{
	struct nlattr *nest, *enable = NULL;
	bool *on = arg;

	nest = nlmsg_find_attr(nlmsg_hdr(msg), GENL_HDRLEN, TCPCRYPT_A_CONFIG);
	if (nest)
		enable = nla_find(nla_data(nest), nla_len(nest),
				  TCPCRYPT_A_CONFIG_ENABLE);
	if (enable && nla_len(enable) == sizeof(uint32_t))
		*on = nla_get_u32(enable);
	return NL_OK;
}

/**
 * apply_enabled() - is encryption of new connections on?
 * @module: the module
 *
 * Return: false when the module says that it is off.
 */
bool apply_enabled(struct module *module)
{
	struct nl_msg *msg;
	bool on = true;

	msg = module_request(module, TCPCRYPT_CMD_CONFIG_GET, 0);
	module_ask(module, msg, on_config, &on);
	return on;
}

static int put_addr(struct nl_msg *msg, const struct rule *r, int attr,
		    int prefix_attr)
{
	bool local = attr == TCPCRYPT_A_RULE_LADDR;
	int family = local ? r->lfamily : r->rfamily;

	if (!(r->has & UINT64_C(1) << attr))
		return 0;
	if (nla_put(msg, attr, family == AF_INET ? 4 : 16,
		    local ? r->laddr : r->raddr))
		return -1;
	return nla_put_u32(msg, prefix_attr, local ? r->lprefix : r->rprefix);
}

static int put_u32(struct nl_msg *msg, const struct rule *r, int attr,
		   uint32_t value)
{
	if (!(r->has & UINT64_C(1) << attr))
		return 0;
	return nla_put_u32(msg, attr, value);
}

static int put_rule(struct nl_msg *msg, const struct rule *r, uint32_t before)
{
	struct nlattr *nest = nla_nest_start(msg, TCPCRYPT_A_RULE | NLA_F_NESTED);

	if (!nest ||
	    (before && nla_put_u32(msg, TCPCRYPT_A_RULE_BEFORE, before)) ||
	    (r->dir && nla_put_u32(msg, TCPCRYPT_A_RULE_DIR, r->dir)) ||
	    put_addr(msg, r, TCPCRYPT_A_RULE_LADDR, TCPCRYPT_A_RULE_LPREFIX) ||
	    put_addr(msg, r, TCPCRYPT_A_RULE_RADDR, TCPCRYPT_A_RULE_RPREFIX) ||
	    (r->has & RULE_BIT(LPORTS) &&
	     put_ports(msg, TCPCRYPT_A_RULE_LPORTS, r->lports[0], r->lports[1])) ||
	    (r->has & RULE_BIT(RPORTS) &&
	     put_ports(msg, TCPCRYPT_A_RULE_RPORTS, r->rports[0], r->rports[1])) ||
	    put_u32(msg, r, TCPCRYPT_A_RULE_MARK, r->mark) ||
	    put_u32(msg, r, TCPCRYPT_A_RULE_MASK, r->mask) ||
	    put_u32(msg, r, TCPCRYPT_A_RULE_UID, r->uid) ||
	    nla_put_u32(msg, TCPCRYPT_A_RULE_VERDICT, r->verdict) ||
	    (r->aware && nla_put_u32(msg, TCPCRYPT_A_RULE_AWARE, 1)) ||
	    (r->no_cache && nla_put_u32(msg, TCPCRYPT_A_RULE_NO_CACHE, 1)) ||
	    (r->off && nla_put_u32(msg, TCPCRYPT_A_RULE_OFF, 1)))
		return -1;
	nla_nest_end(msg, nest);
	return 0;
}

/**
 * apply_rules() - replace the policy
 * @module: the module
 * @o: the rules
 *
 * Return: 0 or a negative errno.
 */
int apply_rules(struct module *module, const struct options *o)
{
	struct nl_msg *msg;
	unsigned int i;

	msg = module_request(module, TCPCRYPT_CMD_POLICY_REPLACE, 0);
	if (!msg)
		return -ENOMEM;
	/* As many as there may be are larger than a message is made */
	for (i = 0; i < o->nrules; i++) {
		if (nlmsg_get_max_size(msg) - nlmsg_hdr(msg)->nlmsg_len < 512 &&
		    nlmsg_expand(msg, 2 * nlmsg_get_max_size(msg)))
			return no_memory(msg);
		if (put_rule(msg, &o->rules[i], 0))
			return no_memory(msg);
	}
	return module_ask(module, msg, NULL, NULL);
}

static uint32_t rule_id(struct nl_msg *msg)
{
	struct nlattr *nest, *id;

	nest = nlmsg_find_attr(nlmsg_hdr(msg), GENL_HDRLEN, TCPCRYPT_A_RULE);
	if (!nest)
		return 0;
	id = nla_find(nla_data(nest), nla_len(nest), TCPCRYPT_A_RULE_ID);
	return id && nla_len(id) == 4 ? nla_get_u32(id) : 0;
}

static int on_rule(struct nl_msg *msg, void *arg)
{
	uint32_t *id = arg;

	if (!*id)
		*id = rule_id(msg);
	return NL_OK;
}

/**
 * apply_slot() - tell the module what a slot says about its sockets
 * @module: the module
 * @slot: the slot
 * @id: becomes that of the rule
 *
 * Return: 0 or a negative errno.
 */
int apply_slot(struct module *module, const struct slot *slot, uint32_t *id)
{
	struct rule rule = {
		.has = RULE_BIT(LPORTS) | (slot->any ? 0 : RULE_BIT(UID)),
		.uid = slot->uid,
		.verdict = TCPCRYPT_VERDICT_NEXT,
		.aware = slot->app_support,
		.no_cache = slot->nocache,
		.off = !slot->enable,
	};
	uint32_t first = 0;
	struct nl_msg *msg;
	int rc;

	rule.lports[0] = ntohs(slot->port);
	rule.lports[1] = ntohs(slot->port);
	/* Before all others */
	rc = module_ask(module, module_request(module, TCPCRYPT_CMD_POLICY_GET,
					       NLM_F_DUMP), on_rule, &first);
	if (rc)
		return rc;
	msg = module_request(module, TCPCRYPT_CMD_POLICY_ADD, 0);
	if (!msg)
		return -ENOMEM;
	if (put_rule(msg, &rule, first))
		return no_memory(msg);
	*id = 0;
	return module_ask(module, msg, on_rule, id);
}

/**
 * apply_unslot() - remove a rule of apply_slot()
 * @module: the module
 * @id: of the rule
 *
 * Return: 0 or a negative errno.
 */
int apply_unslot(struct module *module, uint32_t id)
{
	struct nlattr *nest;
	struct nl_msg *msg;

	msg = module_request(module, TCPCRYPT_CMD_POLICY_DEL, 0);
	if (!msg)
		return -ENOMEM;
	nest = nla_nest_start(msg, TCPCRYPT_A_RULE | NLA_F_NESTED);
	if (!nest || nla_put_u32(msg, TCPCRYPT_A_RULE_ID, id))
		return no_memory(msg);
	nla_nest_end(msg, nest);
	return module_ask(module, msg, NULL, NULL);
}
