/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_ANSWER_H
#define _TCPCRYPT_ANSWER_H

#include "skbopt.h"
#include "tcpcrypt.h"

bool tcpcrypt_answer_crossing(struct tcpcrypt_sock *ctx);
bool tcpcrypt_answer_crossed(struct tcpcrypt_net *tn, const struct sk_buff *skb,
			     const struct tcpcrypt_seg *seg);
void tcpcrypt_answer_ack(struct tcpcrypt_net *tn, struct sk_buff *skb,
			 unsigned int hook, const struct tcpcrypt_seg *seg);
void tcpcrypt_answer_synack(struct tcpcrypt_net *tn, struct sk_buff *skb,
			    unsigned int hook, const struct tcpcrypt_seg *seg);
void tcpcrypt_answer_settled(struct tcpcrypt_sock *ctx);

#endif /* _TCPCRYPT_ANSWER_H */
