/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_NETLINK_H
#define _TCPCRYPT_NETLINK_H

#include <net/genetlink.h>
#include <uapi/linux/tcpcrypt.h>

#include "tcpcrypt.h"

/* Multicast groups by their index */
enum {
	TCPCRYPT_NL_MCGRP_CONN,
};

/* netlink.c */
extern struct genl_family tcpcrypt_nl_family;

u16 tcpcrypt_nl_addr_family(const struct nlattr *attr);
size_t tcpcrypt_nl_addr_len(u16 family);
int tcpcrypt_nl_reply_u32(struct genl_info *info, int type, u32 value);
int tcpcrypt_nl_reply_rule_id(struct genl_info *info, u32 id);

/* nlconn.c */
extern const struct nla_policy tcpcrypt_nl_conn_policy[TCPCRYPT_A_CONN + 1];

int tcpcrypt_nl_put_conn(struct sk_buff *skb, struct user_namespace *user_ns,
			 const struct tcpcrypt_sock *ctx);
int tcpcrypt_nl_conn_get(struct sk_buff *skb, struct genl_info *info);
int tcpcrypt_nl_conn_rekey(struct sk_buff *skb, struct genl_info *info);
int tcpcrypt_nl_conn_start(struct netlink_callback *cb);
int tcpcrypt_nl_conn_dump(struct sk_buff *skb, struct netlink_callback *cb);
int tcpcrypt_nl_conn_done(struct netlink_callback *cb);

/* nlcache.c */
extern const struct nla_policy tcpcrypt_nl_cache_policy[TCPCRYPT_A_CACHE + 1];

int tcpcrypt_nl_cache_dump(struct sk_buff *skb, struct netlink_callback *cb);
int tcpcrypt_nl_cache_flush(struct sk_buff *skb, struct genl_info *info);

/* nlconfig.c */
extern const struct nla_policy tcpcrypt_nl_config_policy[TCPCRYPT_A_CONFIG + 1];

int tcpcrypt_nl_config_get(struct sk_buff *skb, struct genl_info *info);
int tcpcrypt_nl_config_set(struct sk_buff *skb, struct genl_info *info);

/* nlpolicy.c */
extern const struct nla_policy tcpcrypt_nl_ports_policy[TCPCRYPT_A_PORTS_HI + 1];
extern const struct nla_policy tcpcrypt_nl_rule_policy[TCPCRYPT_A_RULE + 1];
extern const struct nla_policy tcpcrypt_nl_rule_id_policy[TCPCRYPT_A_RULE + 1];

int tcpcrypt_nl_ports_parse(struct tcpcrypt_ports *ports,
			    const struct nlattr *attr,
			    struct netlink_ext_ack *extack);
int tcpcrypt_nl_put_ports(struct sk_buff *skb, int type,
			  const struct tcpcrypt_ports *ports);
int tcpcrypt_nl_policy_get(struct sk_buff *skb, struct genl_info *info);
int tcpcrypt_nl_policy_dump(struct sk_buff *skb, struct netlink_callback *cb);
int tcpcrypt_nl_policy_replace(struct sk_buff *skb, struct genl_info *info);
int tcpcrypt_nl_policy_add(struct sk_buff *skb, struct genl_info *info);
int tcpcrypt_nl_policy_del(struct sk_buff *skb, struct genl_info *info);

/* nlblackhole.c */
extern const struct nla_policy
tcpcrypt_nl_blackhole_policy[TCPCRYPT_A_BLACKHOLE + 1];

int tcpcrypt_nl_blackhole_dump(struct sk_buff *skb,
			       struct netlink_callback *cb);
int tcpcrypt_nl_blackhole_flush(struct sk_buff *skb, struct genl_info *info);

#endif /* _TCPCRYPT_NETLINK_H */
