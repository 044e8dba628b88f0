/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_POLICY_H
#define _TCPCRYPT_POLICY_H

#include <linux/uidgid.h>

#include "tcpcrypt.h"

/**
 * struct tcpcrypt_rule - a rule of the policy
 * @rcu: readers of the set it is in
 * @id: its name, never 0
 * @has: BIT(TCPCRYPT_A_RULE_*) of what it asks for; the rest is not looked at
 * @dir: enum tcpcrypt_dir
 * @family: AF_INET or AF_INET6
 * @laddr: local addresses; IPv4 in the first word
 * @raddr: remote addresses, the same
 * @lprefix: bits of @laddr that count
 * @rprefix: bits of @raddr that count
 * @lports: local ports
 * @rports: remote ports
 * @mark: mark of the SYN
 * @mask: bits of @mark that count
 * @uid: owner of the socket
 * @verdict: enum tcpcrypt_verdict
 * @aware: connections set the application-aware bit
 * @no_cache: their sessions are not resumed, nor kept
 * @off: refuse what is no more than offered
 * @hits: connections it has decided
 */
struct tcpcrypt_rule {
	struct rcu_head rcu;
	u32 id;
	u32 has;
	u32 dir;
	u16 family;
	struct in6_addr laddr;
	struct in6_addr raddr;
	u8 lprefix;
	u8 rprefix;
	struct tcpcrypt_ports lports;
	struct tcpcrypt_ports rports;
	u32 mark;
	u32 mask;
	kuid_t uid;
	u32 verdict;
	bool aware;
	bool no_cache;
	bool off;
	atomic64_t hits;
};

/**
 * struct tcpcrypt_rules - a policy: rules in the order they are tried
 * @rcu: readers of tcpcrypt_net.rules
 * @seq: changes with each new policy of a namespace
 * @marks: a rule asks for a mark
 * @requires: BIT(enum tcpcrypt_dir) of rules that require encryption
 * @n: entries in @rule
 * @rule: the rules, which sets may share
 */
struct tcpcrypt_rules {
	struct rcu_head rcu;
	u32 seq;
	bool marks;
	u8 requires;
	unsigned int n;
	struct tcpcrypt_rule *rule[];
};

/**
 * struct tcpcrypt_flow - a connection that a verdict is wanted on
 * @dir: enum tcpcrypt_dir
 * @tuple: its addresses and ports
 * @mark: mark of its SYN
 * @uid: owner of the socket
 * @loopback: it does not leave this host
 * @no_mark: @mark is not known
 * @no_uid: @uid is not known
 * @opts: the socket's; what rules say beside the verdict is added to them; or
 *	NULL
 */
struct tcpcrypt_flow {
	u32 dir;
	const struct tcpcrypt_tuple *tuple;
	u32 mark;
	kuid_t uid;
	bool loopback;
	bool no_mark;
	bool no_uid;
	struct tcpcrypt_opts *opts;
};

int tcpcrypt_policy_net_init(struct tcpcrypt_net *tn);
void tcpcrypt_policy_net_exit(struct tcpcrypt_net *tn);
u32 tcpcrypt_policy_verdict(const struct tcpcrypt_net *tn,
			    const struct tcpcrypt_flow *flow);
bool tcpcrypt_policy_marks(const struct tcpcrypt_net *tn);
bool tcpcrypt_policy_requires(const struct tcpcrypt_net *tn, u32 dir);
int tcpcrypt_policy_replace(struct tcpcrypt_net *tn,
			    struct tcpcrypt_rules *new);
int tcpcrypt_policy_add(struct tcpcrypt_net *tn, struct tcpcrypt_rule *rule,
			u32 before, u32 *id);
int tcpcrypt_policy_del(struct tcpcrypt_net *tn, u32 id);
struct tcpcrypt_rules *tcpcrypt_rules_alloc(unsigned int n);
void tcpcrypt_rules_free(struct tcpcrypt_rules *rules);

#endif /* _TCPCRYPT_POLICY_H */
