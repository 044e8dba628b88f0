// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which connections are offered or accept encryption.
 *
 * The administrator's rules are tried in their order, and the first that
 * matches decides, unless it leaves that to those behind it; if none does, the
 * configuration does.  A set of rules never changes while it is in use: a new
 * one takes its place, so every connection is decided by one policy.  Only SYNs
 * are looked up.
 */
#include <linux/slab.h>
#include <net/ipv6.h>

#include "policy.h"

/**
 * tcpcrypt_rules_alloc() - room for a policy
 * @n: rules it can hold
 *
 * Context: Process context.
 * Return: a policy without rules, NULL when memory is short.
 */
struct tcpcrypt_rules *tcpcrypt_rules_alloc(unsigned int n)
{
	return kvzalloc(struct_size_t(struct tcpcrypt_rules, rule, n),
			GFP_KERNEL);
}

/**
 * tcpcrypt_rules_free() - free a policy that nobody else sees, and its rules
 * @rules: the policy
 *
 * Context: Process context.
 */
void tcpcrypt_rules_free(struct tcpcrypt_rules *rules)
{
	unsigned int i;

	for (i = 0; i < rules->n; i++)
		kfree(rules->rule[i]);
	kvfree(rules);
}

/**
 * tcpcrypt_policy_net_init() - give a namespace a policy without rules
 * @tn: the namespace
 *
 * Context: Process context.
 * Return: 0 or -ENOMEM.
 */
int tcpcrypt_policy_net_init(struct tcpcrypt_net *tn)
{
	struct tcpcrypt_rules *rules = tcpcrypt_rules_alloc(0);

	if (!rules)
		return -ENOMEM;
	RCU_INIT_POINTER(tn->rules, rules);
	return 0;
}

/**
 * tcpcrypt_policy_net_exit() - free it; nobody looks it up any more
 * @tn: the namespace
 *
 * Context: Process context.
 */
void tcpcrypt_policy_net_exit(struct tcpcrypt_net *tn)
{
	tcpcrypt_rules_free(rcu_dereference_protected(tn->rules, 1));
}

static bool policy_listed(const struct tcpcrypt_port_list *list, u16 port)
{
	unsigned int i;

	for (i = 0; i < list->n; i++)
		if (port >= list->range[i].lo && port <= list->range[i].hi)
			return true;
	return false;
}

/*
 * What is the default for a socket that has not set TCP_ENO_ENABLED: eno_* are
 * no more than that.
 */
static bool policy_eno_off(const struct tcpcrypt_net *tn,
			   const struct tcpcrypt_flow *flow)
{
	const struct tcpcrypt_lists *lists = rcu_dereference(tn->lists);
	const struct tcpcrypt_config *config = &tn->config;

	if (flow->opts && tcpcrypt_opts_wanted(flow->opts))
		return false;
	if (flow->dir == TCPCRYPT_DIR_IN)
		return !READ_ONCE(config->eno_enable_listen) ||
		       policy_listed(&lists->bad_listen,
				     ntohs(flow->tuple->lport));
	return !READ_ONCE(config->eno_enable_connect) ||
	       policy_listed(&lists->bad_connect, ntohs(flow->tuple->rport));
}

/* What the configuration says when no rule does */
static u32 policy_default(const struct tcpcrypt_net *tn,
			  const struct tcpcrypt_flow *flow)
{
	const struct tcpcrypt_lists *lists = rcu_dereference(tn->lists);
	const struct tcpcrypt_config *config = &tn->config;
	const u16 lport = ntohs(flow->tuple->lport);
	const u16 rport = ntohs(flow->tuple->rport);

	if (flow->loopback && !READ_ONCE(config->loopback))
		return TCPCRYPT_VERDICT_REFUSE;
	if (policy_eno_off(tn, flow))
		return TCPCRYPT_VERDICT_REFUSE;
	if (lists->ports.n && !policy_listed(&lists->ports, lport) &&
	    !policy_listed(&lists->ports, rport))
		return TCPCRYPT_VERDICT_REFUSE;
	/* protocols that already encrypt, at either end */
	if (policy_listed(&lists->exclude, lport) ||
	    policy_listed(&lists->exclude, rport))
		return TCPCRYPT_VERDICT_REFUSE;
	return TCPCRYPT_VERDICT_OFFER;
}

static bool policy_in_range(const struct tcpcrypt_ports *ports, __be16 port)
{
	return ntohs(port) >= ports->lo && ntohs(port) <= ports->hi;
}

static bool policy_tuple_matches(const struct tcpcrypt_rule *rule,
				 const struct tcpcrypt_tuple *tuple)
{
	const u32 has = rule->has;

	if (has & BIT(TCPCRYPT_A_RULE_FAMILY) &&
	    rule->family != tuple->family)
		return false;
	if (has & BIT(TCPCRYPT_A_RULE_LADDR) &&
	    !ipv6_prefix_equal(&rule->laddr, &tuple->laddr, rule->lprefix))
		return false;
	if (has & BIT(TCPCRYPT_A_RULE_RADDR) &&
	    !ipv6_prefix_equal(&rule->raddr, &tuple->raddr, rule->rprefix))
		return false;
	if (has & BIT(TCPCRYPT_A_RULE_LPORTS) &&
	    !policy_in_range(&rule->lports, tuple->lport))
		return false;
	return !(has & BIT(TCPCRYPT_A_RULE_RPORTS)) ||
	       policy_in_range(&rule->rports, tuple->rport);
}

static bool policy_matches(const struct tcpcrypt_rule *rule,
			   const struct tcpcrypt_flow *flow)
{
	/* in doubt nothing may go on in clear */
	const bool doubt = rule->verdict == TCPCRYPT_VERDICT_REQUIRE;
	const u32 has = rule->has;

	if (has & BIT(TCPCRYPT_A_RULE_DIR) && rule->dir != flow->dir)
		return false;
	if (has & BIT(TCPCRYPT_A_RULE_MARK) &&
	    !(flow->no_mark ? doubt :
	      (flow->mark & rule->mask) == (rule->mark & rule->mask)))
		return false;
	if (has & BIT(TCPCRYPT_A_RULE_UID) &&
	    !(flow->no_uid ? doubt : uid_eq(flow->uid, rule->uid)))
		return false;
	return policy_tuple_matches(rule, flow->tuple);
}

static void policy_add_opts(const struct tcpcrypt_rule *rule,
			    struct tcpcrypt_opts *opts)
{
	if (!opts)
		return;
	/* the application may have asked for more: that the peer's is set */
	if (rule->aware && opts->aware == TCPCRYPT_OPTS_UNAWARE)
		opts->aware = TCPCRYPT_OPTS_AWARE;
	if (rule->no_cache) {
		opts->no_resume = true;
		opts->no_cache = true;
	}
}

/**
 * tcpcrypt_policy_verdict() - decide on a connection
 * @tn: its namespace, where encryption is enabled
 * @flow: the connection
 *
 * Context: RCU read section; softirq or process.
 * Return: enum tcpcrypt_verdict, but not TCPCRYPT_VERDICT_NEXT.
 */
u32 tcpcrypt_policy_verdict(const struct tcpcrypt_net *tn,
			    const struct tcpcrypt_flow *flow)
{
	const struct tcpcrypt_rules *rules = rcu_dereference(tn->rules);
	const u32 mark = READ_ONCE(tn->config.mark);
	u32 verdict = TCPCRYPT_VERDICT_NEXT;
	bool off = false;
	unsigned int i;

	/* the packet filter's rules decide what comes here at all */
	if (mark && !flow->no_mark && flow->mark != mark)
		return TCPCRYPT_VERDICT_REFUSE;
	for (i = 0; i < rules->n && verdict == TCPCRYPT_VERDICT_NEXT; i++) {
		struct tcpcrypt_rule *rule = rules->rule[i];

		if (!policy_matches(rule, flow))
			continue;
		atomic64_inc(&rule->hits);
		policy_add_opts(rule, flow->opts);
		verdict = rule->verdict;
		off |= rule->off;
	}
	if (verdict == TCPCRYPT_VERDICT_NEXT)
		verdict = policy_default(tn, flow);
	if (off && verdict == TCPCRYPT_VERDICT_OFFER)
		return TCPCRYPT_VERDICT_REFUSE;
	return verdict;
}

/**
 * tcpcrypt_policy_marks() - can a mark change a verdict
 * @tn: the namespace
 *
 * If not, a verdict is known before the packet filter's rules have run.
 *
 * Context: RCU read section.
 * Return: true if the mark of a SYN counts.
 */
bool tcpcrypt_policy_marks(const struct tcpcrypt_net *tn)
{
	return READ_ONCE(tn->config.mark) || rcu_dereference(tn->rules)->marks;
}

/**
 * tcpcrypt_policy_requires() - can a verdict be to require encryption
 * @tn: the namespace
 * @dir: enum tcpcrypt_dir
 *
 * Context: RCU read section.
 * Return: true if there is such a rule for the direction.
 */
bool tcpcrypt_policy_requires(const struct tcpcrypt_net *tn, u32 dir)
{
	return READ_ONCE(tn->config.enable) &&
	       rcu_dereference(tn->rules)->requires & BIT(dir);
}

/* Work out what is asked of every SYN */
static void policy_summarize(struct tcpcrypt_rules *rules)
{
	unsigned int i;

	rules->marks = false;
	rules->requires = 0;
	for (i = 0; i < rules->n; i++) {
		const struct tcpcrypt_rule *rule = rules->rule[i];

		if (rule->has & BIT(TCPCRYPT_A_RULE_MARK))
			rules->marks = true;
		if (rule->verdict != TCPCRYPT_VERDICT_REQUIRE)
			continue;
		if (rule->has & BIT(TCPCRYPT_A_RULE_DIR))
			rules->requires |= BIT(rule->dir);
		else
			rules->requires |= BIT(TCPCRYPT_DIR_IN) |
					   BIT(TCPCRYPT_DIR_OUT);
	}
}

static struct tcpcrypt_rules *policy_current(struct tcpcrypt_net *tn)
{
	return rcu_dereference_protected(tn->rules,
					 lockdep_is_held(&tn->config_lock));
}

/* Put @new into effect; the set it replaces goes, but not its rules */
static void policy_publish(struct tcpcrypt_net *tn, struct tcpcrypt_rules *new)
{
	struct tcpcrypt_rules *old = policy_current(tn);

	new->seq = old->seq + 1;
	policy_summarize(new);
	rcu_assign_pointer(tn->rules, new);
	kvfree_rcu(old, rcu);
}

static void policy_name(struct tcpcrypt_net *tn, struct tcpcrypt_rule *rule)
{
	/* 0 is no name; after 2^32 rules an old one may come again */
	if (!++tn->rule_id)
		tn->rule_id++;
	rule->id = tn->rule_id;
}

/**
 * tcpcrypt_policy_replace() - make a set of rules the whole policy
 * @tn: the namespace
 * @new: the set, now the namespace's
 *
 * Context: Process context.
 * Return: 0.
 */
int tcpcrypt_policy_replace(struct tcpcrypt_net *tn, struct tcpcrypt_rules *new)
{
	struct tcpcrypt_rules *old;
	unsigned int i;

	mutex_lock(&tn->config_lock);
	old = policy_current(tn);
	for (i = 0; i < new->n; i++)
		policy_name(tn, new->rule[i]);
	for (i = 0; i < old->n; i++)
		kfree_rcu(old->rule[i], rcu);
	policy_publish(tn, new);
	mutex_unlock(&tn->config_lock);
	return 0;
}

/* Where in @rules the rule @id is, or -ENOENT */
static int policy_find(const struct tcpcrypt_rules *rules, u32 id)
{
	unsigned int i;

	for (i = 0; i < rules->n; i++)
		if (rules->rule[i]->id == id)
			return i;
	return -ENOENT;
}

/**
 * tcpcrypt_policy_add() - one more rule
 * @tn: the namespace
 * @rule: the rule, the namespace's on success
 * @before: ID of the rule it goes before, 0 for last
 * @id: its ID on success
 *
 * Context: Process context.
 * Return: 0; -ENOENT if there is no rule @before; -ENOSPC if there are too
 * many; -ENOMEM.
 */
int tcpcrypt_policy_add(struct tcpcrypt_net *tn, struct tcpcrypt_rule *rule,
			u32 before, u32 *id)
{
	struct tcpcrypt_rules *old, *new;
	int pos, err = 0;

	mutex_lock(&tn->config_lock);
	old = policy_current(tn);
	pos = before ? policy_find(old, before) : old->n;
	if (pos < 0)
		err = pos;
	else if (old->n >= TCPCRYPT_RULES_MAX)
		err = -ENOSPC;
	if (err)
		goto out;
	new = tcpcrypt_rules_alloc(old->n + 1);
	if (!new) {
		err = -ENOMEM;
		goto out;
	}
	policy_name(tn, rule);
	*id = rule->id;
	new->n = old->n + 1;
	memcpy(new->rule, old->rule, pos * sizeof(rule));
	new->rule[pos] = rule;
	memcpy(new->rule + pos + 1, old->rule + pos,
	       (old->n - pos) * sizeof(rule));
	policy_publish(tn, new);
out:
	mutex_unlock(&tn->config_lock);
	return err;
}

/**
 * tcpcrypt_policy_del() - one rule less
 * @tn: the namespace
 * @id: its ID
 *
 * Context: Process context.
 * Return: 0; -ENOENT if there is no such rule; -ENOMEM.
 */
int tcpcrypt_policy_del(struct tcpcrypt_net *tn, u32 id)
{
	struct tcpcrypt_rules *old, *new;
	int pos, err = 0;

	mutex_lock(&tn->config_lock);
	old = policy_current(tn);
	pos = policy_find(old, id);
	if (pos < 0) {
		err = pos;
		goto out;
	}
	new = tcpcrypt_rules_alloc(old->n - 1);
	if (!new) {
		err = -ENOMEM;
		goto out;
	}
	new->n = old->n - 1;
	memcpy(new->rule, old->rule, pos * sizeof(*old->rule));
	memcpy(new->rule + pos, old->rule + pos + 1,
	       (new->n - pos) * sizeof(*old->rule));
	kfree_rcu(old->rule[pos], rcu);
	policy_publish(tn, new);
out:
	mutex_unlock(&tn->config_lock);
	return err;
}
