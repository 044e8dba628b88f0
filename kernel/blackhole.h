/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_BLACKHOLE_H
#define _TCPCRYPT_BLACKHOLE_H

#include "tcpcrypt.h"

/**
 * struct tcpcrypt_blackhole_key - a destination
 * @family: AF_INET or AF_INET6
 * @port: network order
 * @addr: IPv4 in the first word
 */
struct tcpcrypt_blackhole_key {
	u16 family;
	__be16 port;
	struct in6_addr addr;
};

/**
 * struct tcpcrypt_blackhole_info - what is told about one
 * @seq: grows with each one found out
 * @key: the destination
 * @reason: enum tcpcrypt_blackhole
 * @since: jiffies64 when it was found out
 * @expires: jiffies64 when it is forgotten
 * @hits: connections left plain because of it
 */
struct tcpcrypt_blackhole_info {
	u64 seq;
	struct tcpcrypt_blackhole_key key;
	u32 reason;
	u64 since;
	u64 expires;
	u64 hits;
};

int tcpcrypt_blackhole_net_init(struct tcpcrypt_net *tn);
void tcpcrypt_blackhole_net_exit(struct tcpcrypt_net *tn);
void tcpcrypt_blackhole_add(struct tcpcrypt_net *tn,
			    const struct tcpcrypt_tuple *tuple, u32 reason);
bool tcpcrypt_blackhole_hit(struct tcpcrypt_net *tn,
			    const struct tcpcrypt_tuple *tuple);
void tcpcrypt_blackhole_forget(struct tcpcrypt_net *tn,
			       const struct tcpcrypt_tuple *tuple);
u32 tcpcrypt_blackhole_flush(struct tcpcrypt_net *tn,
			     const struct tcpcrypt_blackhole_key *key);
bool tcpcrypt_blackhole_next(struct tcpcrypt_net *tn, u64 seq,
			     struct tcpcrypt_blackhole_info *info);

#endif /* _TCPCRYPT_BLACKHOLE_H */
