/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_NETLINK_H
#define _TCPCRYPT_NETLINK_H

#include <net/genetlink.h>
#include <uapi/linux/tcpcrypt.h>

/* netlink.c */
extern struct genl_family tcpcrypt_nl_family;

/* nlconn.c */
extern const struct nla_policy tcpcrypt_nl_conn_policy[TCPCRYPT_A_CONN + 1];

int tcpcrypt_nl_conn_get(struct sk_buff *skb, struct genl_info *info);
int tcpcrypt_nl_conn_start(struct netlink_callback *cb);
int tcpcrypt_nl_conn_dump(struct sk_buff *skb, struct netlink_callback *cb);
int tcpcrypt_nl_conn_done(struct netlink_callback *cb);

/* nlcache.c */
extern const struct nla_policy tcpcrypt_nl_cache_policy[TCPCRYPT_A_CACHE + 1];

int tcpcrypt_nl_cache_dump(struct sk_buff *skb, struct netlink_callback *cb);
int tcpcrypt_nl_cache_flush(struct sk_buff *skb, struct genl_info *info);

#endif /* _TCPCRYPT_NETLINK_H */
