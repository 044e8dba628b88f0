/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_SYN_H
#define _TCPCRYPT_SYN_H

#include "skbopt.h"
#include "tcpcrypt.h"

/**
 * struct tcpcrypt_syn - a SYN that came in a moment ago
 * @net: its namespace; never followed
 * @tuple: the connection, seen from this host
 * @seq: sequence number
 * @mark: what the packet filter has marked it with
 * @found: what tcpcrypt_eno_find() said
 * @opt: the option
 */
struct tcpcrypt_syn {
	const struct net *net;
	struct tcpcrypt_tuple tuple;
	u32 seq;
	u32 mark;
	int found;
	struct tcpcrypt_eno_opt opt;
};

int tcpcrypt_syn_init(void);
void tcpcrypt_syn_exit(void);
void tcpcrypt_syn_remember(const struct net *net, const struct sk_buff *skb,
			   const struct tcpcrypt_seg *seg);
bool tcpcrypt_syn_waiting(void);
const struct tcpcrypt_syn *tcpcrypt_syn_take(const struct net *net,
					     const struct tcpcrypt_tuple *tuple,
					     u32 seq);

#endif /* _TCPCRYPT_SYN_H */
