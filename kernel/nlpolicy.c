// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netlink commands about the policy: read its rules, add and delete one,
 * replace all of them at once.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/netlink.h>

#include "netlink.h"
#include "policy.h"

const struct nla_policy tcpcrypt_nl_ports_policy[TCPCRYPT_A_PORTS_HI + 1] = {
	[TCPCRYPT_A_PORTS_LO]	= NLA_POLICY_MIN(NLA_U16, 1),
	[TCPCRYPT_A_PORTS_HI]	= NLA_POLICY_MIN(NLA_U16, 1),
};

#define NL_RULE_ADDR	NLA_POLICY_RANGE(NLA_BINARY, sizeof(struct in_addr), \
					 sizeof(struct in6_addr))

static const struct nla_policy nl_rule_policy[TCPCRYPT_A_RULE_OFF + 1] = {
	[TCPCRYPT_A_RULE_BEFORE]	= NLA_POLICY_MIN(NLA_U32, 1),
	[TCPCRYPT_A_RULE_DIR]		= NLA_POLICY_RANGE(NLA_U32,
							   TCPCRYPT_DIR_IN,
							   TCPCRYPT_DIR_MAX),
	[TCPCRYPT_A_RULE_FAMILY]	= NLA_POLICY_RANGE(NLA_U16, AF_INET,
							   AF_INET6),
	[TCPCRYPT_A_RULE_LADDR]		= NL_RULE_ADDR,
	[TCPCRYPT_A_RULE_LPREFIX]	= NLA_POLICY_MAX(NLA_U32, 128),
	[TCPCRYPT_A_RULE_RADDR]		= NL_RULE_ADDR,
	[TCPCRYPT_A_RULE_RPREFIX]	= NLA_POLICY_MAX(NLA_U32, 128),
	[TCPCRYPT_A_RULE_LPORTS]	=
		NLA_POLICY_NESTED(tcpcrypt_nl_ports_policy),
	[TCPCRYPT_A_RULE_RPORTS]	=
		NLA_POLICY_NESTED(tcpcrypt_nl_ports_policy),
	[TCPCRYPT_A_RULE_MARK]		= { .type = NLA_U32 },
	[TCPCRYPT_A_RULE_MASK]		= { .type = NLA_U32 },
	[TCPCRYPT_A_RULE_UID]		= { .type = NLA_U32 },
	[TCPCRYPT_A_RULE_VERDICT]	= NLA_POLICY_RANGE(NLA_U32, 1,
							   TCPCRYPT_VERDICT_MAX),
	[TCPCRYPT_A_RULE_AWARE]		= NLA_POLICY_MAX(NLA_U32, 1),
	[TCPCRYPT_A_RULE_NO_CACHE]	= NLA_POLICY_MAX(NLA_U32, 1),
	[TCPCRYPT_A_RULE_OFF]		= NLA_POLICY_MAX(NLA_U32, 1),
};

/* A rule that is described, to be added */
const struct nla_policy tcpcrypt_nl_rule_policy[TCPCRYPT_A_RULE + 1] = {
	[TCPCRYPT_A_RULE] = NLA_POLICY_NESTED(nl_rule_policy),
};

static const struct nla_policy nl_rule_id_policy[TCPCRYPT_A_RULE_ID + 1] = {
	[TCPCRYPT_A_RULE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* A rule that is named, to be read or deleted */
const struct nla_policy tcpcrypt_nl_rule_id_policy[TCPCRYPT_A_RULE + 1] = {
	[TCPCRYPT_A_RULE] = NLA_POLICY_NESTED(nl_rule_id_policy),
};

/**
 * tcpcrypt_nl_ports_parse() - a range of ports
 * @ports: filled in
 * @attr: nest of enum tcpcrypt_ports_attr
 * @extack: told what is wrong
 *
 * Context: Process context.
 * Return: 0 or -EINVAL.
 */
int tcpcrypt_nl_ports_parse(struct tcpcrypt_ports *ports,
			    const struct nlattr *attr,
			    struct netlink_ext_ack *extack)
{
	struct nlattr *tb[TCPCRYPT_A_PORTS_HI + 1];
	int err;

	err = nla_parse_nested(tb, TCPCRYPT_A_PORTS_HI, attr,
			       tcpcrypt_nl_ports_policy, extack);
	if (err)
		return err;
	if (!tb[TCPCRYPT_A_PORTS_LO]) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "the first port is missing");
		return -EINVAL;
	}
	ports->lo = nla_get_u16(tb[TCPCRYPT_A_PORTS_LO]);
	ports->hi = ports->lo;
	if (tb[TCPCRYPT_A_PORTS_HI])
		ports->hi = nla_get_u16(tb[TCPCRYPT_A_PORTS_HI]);
	if (ports->lo > ports->hi) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "the first port is above the last");
		return -EINVAL;
	}
	return 0;
}

static int nl_rule_family(struct tcpcrypt_rule *rule, u16 family,
			  const struct nlattr *attr,
			  struct netlink_ext_ack *extack)
{
	if ((family != AF_INET && family != AF_INET6) ||
	    (rule->family && rule->family != family)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "family and addresses do not belong together");
		return -EINVAL;
	}
	rule->has |= BIT(TCPCRYPT_A_RULE_FAMILY);
	rule->family = family;
	return 0;
}

/* An address and how many of its bits count */
static int nl_rule_addr(struct tcpcrypt_rule *rule, struct in6_addr *addr,
			u8 *prefix, const struct nlattr *attr,
			const struct nlattr *bits,
			struct netlink_ext_ack *extack)
{
	u32 max;
	int err;

	if (!attr) {
		if (!bits)
			return 0;
		NL_SET_ERR_MSG_ATTR(extack, bits, "a prefix of no address");
		return -EINVAL;
	}
	err = nl_rule_family(rule, tcpcrypt_nl_addr_family(attr), attr, extack);
	if (err)
		return err;
	max = 8 * nla_len(attr);
	if (bits && nla_get_u32(bits) > max) {
		NL_SET_ERR_MSG_ATTR(extack, bits,
				    "a prefix longer than the address");
		return -EINVAL;
	}
	rule->has |= BIT(nla_type(attr));
	nla_memcpy(addr, attr, sizeof(*addr));
	*prefix = bits ? nla_get_u32(bits) : max;
	return 0;
}

static int nl_rule_addrs(struct tcpcrypt_rule *rule, struct nlattr **tb,
			 struct netlink_ext_ack *extack)
{
	const struct nlattr *attr = tb[TCPCRYPT_A_RULE_FAMILY];
	int err = 0;

	if (attr)
		err = nl_rule_family(rule, nla_get_u16(attr), attr, extack);
	if (!err)
		err = nl_rule_addr(rule, &rule->laddr, &rule->lprefix,
				   tb[TCPCRYPT_A_RULE_LADDR],
				   tb[TCPCRYPT_A_RULE_LPREFIX], extack);
	if (!err)
		err = nl_rule_addr(rule, &rule->raddr, &rule->rprefix,
				   tb[TCPCRYPT_A_RULE_RADDR],
				   tb[TCPCRYPT_A_RULE_RPREFIX], extack);
	return err;
}

static int nl_rule_ports(struct tcpcrypt_rule *rule, struct nlattr **tb,
			 struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	int err = 0;

	attr = tb[TCPCRYPT_A_RULE_LPORTS];
	if (attr) {
		rule->has |= BIT(TCPCRYPT_A_RULE_LPORTS);
		err = tcpcrypt_nl_ports_parse(&rule->lports, attr, extack);
	}
	attr = tb[TCPCRYPT_A_RULE_RPORTS];
	if (attr && !err) {
		rule->has |= BIT(TCPCRYPT_A_RULE_RPORTS);
		err = tcpcrypt_nl_ports_parse(&rule->rports, attr, extack);
	}
	return err;
}

static int nl_rule_mark(struct tcpcrypt_rule *rule, struct nlattr **tb,
			struct netlink_ext_ack *extack)
{
	rule->mask = U32_MAX;
	if (tb[TCPCRYPT_A_RULE_MASK]) {
		if (!tb[TCPCRYPT_A_RULE_MARK]) {
			NL_SET_ERR_MSG_ATTR(extack, tb[TCPCRYPT_A_RULE_MASK],
					    "a mask of no mark");
			return -EINVAL;
		}
		rule->mask = nla_get_u32(tb[TCPCRYPT_A_RULE_MASK]);
	}
	if (tb[TCPCRYPT_A_RULE_MARK]) {
		rule->has |= BIT(TCPCRYPT_A_RULE_MARK);
		rule->mark = nla_get_u32(tb[TCPCRYPT_A_RULE_MARK]);
	}
	return 0;
}

/* User IDs are those of the user namespace the request comes from */
static int nl_rule_uid(struct tcpcrypt_rule *rule, struct nlattr **tb,
		       struct user_namespace *user_ns,
		       struct netlink_ext_ack *extack)
{
	const struct nlattr *attr = tb[TCPCRYPT_A_RULE_UID];

	if (!attr)
		return 0;
	rule->has |= BIT(TCPCRYPT_A_RULE_UID);
	rule->uid = make_kuid(user_ns, nla_get_u32(attr));
	if (uid_valid(rule->uid))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr, "there is no such user ID here");
	return -EINVAL;
}

static bool nl_rule_flag(const struct nlattr *attr)
{
	return attr && nla_get_u32(attr);
}

/* The rule that a TCPCRYPT_A_RULE nest describes, or an error */
static struct tcpcrypt_rule *nl_rule_parse(const struct nlattr *nest,
					   struct user_namespace *user_ns,
					   u32 *before,
					   struct netlink_ext_ack *extack)
{
	struct nlattr *tb[TCPCRYPT_A_RULE_OFF + 1];
	struct tcpcrypt_rule *rule;
	int err;

	err = nla_parse_nested(tb, TCPCRYPT_A_RULE_OFF, nest, nl_rule_policy,
			       extack);
	if (err)
		return ERR_PTR(err);
	if (!tb[TCPCRYPT_A_RULE_VERDICT]) {
		NL_SET_ERR_MSG_ATTR(extack, nest, "a rule needs a verdict");
		return ERR_PTR(-EINVAL);
	}
	if (!before && tb[TCPCRYPT_A_RULE_BEFORE]) {
		NL_SET_ERR_MSG_ATTR(extack, tb[TCPCRYPT_A_RULE_BEFORE],
				    "the rules of a whole policy are in order");
		return ERR_PTR(-EINVAL);
	}
	rule = kzalloc(sizeof(*rule), GFP_KERNEL_ACCOUNT);
	if (!rule)
		return ERR_PTR(-ENOMEM);

	rule->verdict = nla_get_u32(tb[TCPCRYPT_A_RULE_VERDICT]);
	if (tb[TCPCRYPT_A_RULE_DIR]) {
		rule->has |= BIT(TCPCRYPT_A_RULE_DIR);
		rule->dir = nla_get_u32(tb[TCPCRYPT_A_RULE_DIR]);
	}
	rule->aware = nl_rule_flag(tb[TCPCRYPT_A_RULE_AWARE]);
	rule->no_cache = nl_rule_flag(tb[TCPCRYPT_A_RULE_NO_CACHE]);
	rule->off = nl_rule_flag(tb[TCPCRYPT_A_RULE_OFF]);
	if (before && tb[TCPCRYPT_A_RULE_BEFORE])
		*before = nla_get_u32(tb[TCPCRYPT_A_RULE_BEFORE]);
	err = nl_rule_addrs(rule, tb, extack);
	if (!err)
		err = nl_rule_ports(rule, tb, extack);
	if (!err)
		err = nl_rule_mark(rule, tb, extack);
	if (!err)
		err = nl_rule_uid(rule, tb, user_ns, extack);
	if (err) {
		kfree(rule);
		return ERR_PTR(err);
	}
	return rule;
}

/* All rules of a request, in their order */
static int nl_rules_parse(struct tcpcrypt_rules *rules, struct sk_buff *skb,
			  struct genl_info *info)
{
	struct user_namespace *user_ns = sk_user_ns(NETLINK_CB(skb).sk);
	const struct nlattr *attr;
	struct tcpcrypt_rule *rule;
	int rem;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != TCPCRYPT_A_RULE)
			continue;
		if (rules->n == TCPCRYPT_RULES_MAX) {
			NL_SET_ERR_MSG_ATTR(info->extack, attr,
					    "too many rules");
			return -E2BIG;
		}
		rule = nl_rule_parse(attr, user_ns, NULL, info->extack);
		if (IS_ERR(rule))
			return PTR_ERR(rule);
		rules->rule[rules->n++] = rule;
		cond_resched();
	}
	return 0;
}

static unsigned int nl_rules_count(const struct genl_info *info)
{
	const struct nlattr *attr;
	unsigned int n = 0;
	int rem;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem)
		n += nla_type(attr) == TCPCRYPT_A_RULE;
	return min_t(unsigned int, n, TCPCRYPT_RULES_MAX);
}

/**
 * tcpcrypt_nl_policy_replace() - make the rules given the whole policy
 * @skb: the request
 * @info: what the core has parsed of it
 *
 * Context: Process context.
 * Return: 0 or a negative errno; then the policy has not changed.
 */
int tcpcrypt_nl_policy_replace(struct sk_buff *skb, struct genl_info *info)
{
	struct tcpcrypt_rules *rules;
	int err;

	if (!tcpcrypt_netns_ready())
		return -EAGAIN;
	rules = tcpcrypt_rules_alloc(nl_rules_count(info));
	if (!rules)
		return -ENOMEM;
	err = nl_rules_parse(rules, skb, info);
	if (err) {
		tcpcrypt_rules_free(rules);
		return err;
	}
	return tcpcrypt_policy_replace(tcpcrypt_pernet(genl_info_net(info)),
				       rules);
}

/**
 * tcpcrypt_nl_policy_add() - one more rule
 * @skb: the request
 * @info: what the core has parsed of it
 *
 * Context: Process context.
 * Return: 0 or a negative errno.
 */
int tcpcrypt_nl_policy_add(struct sk_buff *skb, struct genl_info *info)
{
	struct tcpcrypt_rule *rule;
	u32 before = 0, id;
	int err;

	if (!tcpcrypt_netns_ready())
		return -EAGAIN;
	if (!info->attrs[TCPCRYPT_A_RULE]) {
		NL_SET_ERR_MSG(info->extack, "a rule is needed");
		return -EINVAL;
	}
	rule = nl_rule_parse(info->attrs[TCPCRYPT_A_RULE],
			     sk_user_ns(NETLINK_CB(skb).sk), &before,
			     info->extack);
	if (IS_ERR(rule))
		return PTR_ERR(rule);
	err = tcpcrypt_policy_add(tcpcrypt_pernet(genl_info_net(info)), rule,
				  before, &id);
	if (!err)
		return tcpcrypt_nl_reply_rule_id(info, id);
	kfree(rule);
	if (err == -ENOENT)
		NL_SET_ERR_MSG(info->extack, "there is no rule to go before");
	else if (err == -ENOSPC)
		NL_SET_ERR_MSG(info->extack, "too many rules");
	return err;
}

/* The ID a request names */
static int nl_rule_id(u32 *id, struct genl_info *info)
{
	struct nlattr *tb[TCPCRYPT_A_RULE_ID + 1];
	int err;

	if (!info->attrs[TCPCRYPT_A_RULE])
		goto missing;
	err = nla_parse_nested(tb, TCPCRYPT_A_RULE_ID,
			       info->attrs[TCPCRYPT_A_RULE], nl_rule_id_policy,
			       info->extack);
	if (err)
		return err;
	if (!tb[TCPCRYPT_A_RULE_ID])
		goto missing;
	*id = nla_get_u32(tb[TCPCRYPT_A_RULE_ID]);
	return 0;
missing:
	NL_SET_ERR_MSG(info->extack, "the ID of a rule is needed");
	return -EINVAL;
}

/**
 * tcpcrypt_nl_policy_del() - one rule less
 * @skb: the request
 * @info: what the core has parsed of it
 *
 * Context: Process context.
 * Return: 0 or a negative errno.
 */
int tcpcrypt_nl_policy_del(struct sk_buff *skb, struct genl_info *info)
{
	u32 id;
	int err;

	if (!tcpcrypt_netns_ready())
		return -EAGAIN;
	err = nl_rule_id(&id, info);
	return err ?: tcpcrypt_policy_del(tcpcrypt_pernet(genl_info_net(info)),
					  id);
}

static int nl_put_rule_addrs(struct sk_buff *skb,
			     const struct tcpcrypt_rule *rule)
{
	const size_t len = tcpcrypt_nl_addr_len(rule->family);
	const u32 has = rule->has;

	if (has & BIT(TCPCRYPT_A_RULE_FAMILY) &&
	    nla_put_u16(skb, TCPCRYPT_A_RULE_FAMILY, rule->family))
		return -EMSGSIZE;
	if (has & BIT(TCPCRYPT_A_RULE_LADDR) &&
	    (nla_put(skb, TCPCRYPT_A_RULE_LADDR, len, &rule->laddr) ||
	     nla_put_u32(skb, TCPCRYPT_A_RULE_LPREFIX, rule->lprefix)))
		return -EMSGSIZE;
	if (has & BIT(TCPCRYPT_A_RULE_RADDR) &&
	    (nla_put(skb, TCPCRYPT_A_RULE_RADDR, len, &rule->raddr) ||
	     nla_put_u32(skb, TCPCRYPT_A_RULE_RPREFIX, rule->rprefix)))
		return -EMSGSIZE;
	return 0;
}

/**
 * tcpcrypt_nl_put_ports() - tell a range of ports
 * @skb: message it goes into
 * @type: attribute number
 * @ports: the range
 *
 * Context: Any.
 * Return: 0 or -EMSGSIZE.
 */
int tcpcrypt_nl_put_ports(struct sk_buff *skb, int type,
			  const struct tcpcrypt_ports *ports)
{
	struct nlattr *nest;

	nest = nla_nest_start(skb, type);
	if (!nest || nla_put_u16(skb, TCPCRYPT_A_PORTS_LO, ports->lo) ||
	    nla_put_u16(skb, TCPCRYPT_A_PORTS_HI, ports->hi))
		return -EMSGSIZE;

	nla_nest_end(skb, nest);
	return 0;
}

static int nl_put_rule(struct sk_buff *skb, struct user_namespace *user_ns,
		       struct tcpcrypt_rule *rule)
{
	const u32 has = rule->has;
	struct nlattr *nest;

	nest = nla_nest_start(skb, TCPCRYPT_A_RULE);
	if (!nest || nla_put_u32(skb, TCPCRYPT_A_RULE_ID, rule->id) ||
	    (has & BIT(TCPCRYPT_A_RULE_DIR) &&
	     nla_put_u32(skb, TCPCRYPT_A_RULE_DIR, rule->dir)) ||
	    nl_put_rule_addrs(skb, rule) ||
	    (has & BIT(TCPCRYPT_A_RULE_LPORTS) &&
	     tcpcrypt_nl_put_ports(skb, TCPCRYPT_A_RULE_LPORTS,
				   &rule->lports)) ||
	    (has & BIT(TCPCRYPT_A_RULE_RPORTS) &&
	     tcpcrypt_nl_put_ports(skb, TCPCRYPT_A_RULE_RPORTS,
				   &rule->rports)) ||
	    (has & BIT(TCPCRYPT_A_RULE_MARK) &&
	     (nla_put_u32(skb, TCPCRYPT_A_RULE_MARK, rule->mark) ||
	      nla_put_u32(skb, TCPCRYPT_A_RULE_MASK, rule->mask))) ||
	    (has & BIT(TCPCRYPT_A_RULE_UID) &&
	     nla_put_u32(skb, TCPCRYPT_A_RULE_UID,
			 from_kuid_munged(user_ns, rule->uid))) ||
	    nla_put_u32(skb, TCPCRYPT_A_RULE_VERDICT, rule->verdict) ||
	    (rule->aware && nla_put_u32(skb, TCPCRYPT_A_RULE_AWARE, 1)) ||
	    (rule->no_cache && nla_put_u32(skb, TCPCRYPT_A_RULE_NO_CACHE, 1)) ||
	    (rule->off && nla_put_u32(skb, TCPCRYPT_A_RULE_OFF, 1)) ||
	    nla_put_u64_64bit(skb, TCPCRYPT_A_RULE_HITS,
			      atomic64_read(&rule->hits), TCPCRYPT_A_RULE_PAD))
		return -EMSGSIZE;

	nla_nest_end(skb, nest);
	return 0;
}

static int nl_rule_find(struct sk_buff *reply, struct tcpcrypt_net *tn,
			struct user_namespace *user_ns, u32 id)
{
	const struct tcpcrypt_rules *rules;
	int err = -ENOENT;
	unsigned int i;

	rcu_read_lock();
	rules = rcu_dereference(tn->rules);
	for (i = 0; i < rules->n && err == -ENOENT; i++)
		if (rules->rule[i]->id == id)
			err = nl_put_rule(reply, user_ns, rules->rule[i]);
	rcu_read_unlock();
	return err;
}

/**
 * tcpcrypt_nl_policy_get() - tell about one rule
 * @skb: the request
 * @info: what the core has parsed of it
 *
 * Context: Process context.
 * Return: 0 or a negative errno; -ENOENT when there is no such rule.
 */
int tcpcrypt_nl_policy_get(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	void *hdr;
	u32 id;
	int err;

	if (!tcpcrypt_netns_ready())
		return -EAGAIN;
	err = nl_rule_id(&id, info);
	if (err)
		return err;
	reply = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	hdr = genlmsg_put_reply(reply, info, &tcpcrypt_nl_family, 0,
				TCPCRYPT_CMD_POLICY_GET);
	err = !hdr ? -EMSGSIZE :
	      nl_rule_find(reply, tcpcrypt_pernet(genl_info_net(info)),
			   sk_user_ns(NETLINK_CB(skb).sk), id);
	if (err) {
		nlmsg_free(reply);
		return err;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

/* Rules from the @i-th on; where to go on */
static unsigned int nl_rules_put(struct sk_buff *skb,
				 struct netlink_callback *cb,
				 const struct tcpcrypt_rules *rules,
				 unsigned int i)
{
	struct user_namespace *user_ns = sk_user_ns(NETLINK_CB(cb->skb).sk);
	void *hdr;

	for (; i < rules->n; i++) {
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, &tcpcrypt_nl_family,
				  NLM_F_MULTI, TCPCRYPT_CMD_POLICY_GET);
		if (!hdr)
			break;
		if (nl_put_rule(skb, user_ns, rules->rule[i])) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		/* NLM_F_DUMP_INTR if the policy is not the one it began with */
		genl_dump_check_consistent(cb, hdr);
		genlmsg_end(skb, hdr);
	}
	return i;
}

/**
 * tcpcrypt_nl_policy_dump() - put the next rules into a buffer
 * @skb: the buffer
 * @cb: the dump
 *
 * Context: Process context.
 * Return: bytes in @skb; 0 when there are no more.
 */
int tcpcrypt_nl_policy_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	unsigned long *next = (unsigned long *)cb->ctx;
	const struct tcpcrypt_rules *rules;
	struct tcpcrypt_net *tn;

	if (!tcpcrypt_netns_ready())
		return -EAGAIN;
	tn = tcpcrypt_pernet(sock_net(cb->skb->sk));
	rcu_read_lock();
	rules = rcu_dereference(tn->rules);
	/* 0 means that there is nothing to compare */
	cb->seq = rules->seq + 1 ?: 1;
	*next = nl_rules_put(skb, cb, rules, *next);
	rcu_read_unlock();
	return skb->len;
}
