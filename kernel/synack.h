/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_SYNACK_H
#define _TCPCRYPT_SYNACK_H

#include "skbopt.h"
#include "tcpcrypt.h"

bool tcpcrypt_synack_decide(struct tcpcrypt_net *tn, struct request_sock *req,
			    const struct sk_buff *skb,
			    const struct tcpcrypt_seg *seg);
bool tcpcrypt_synack_cookie(struct tcpcrypt_net *tn, const struct sk_buff *skb,
			    const struct tcpcrypt_seg *seg);
bool tcpcrypt_synack_insert(struct tcpcrypt_net *tn,
			    const struct request_sock *req,
			    struct sk_buff *skb, struct tcpcrypt_seg *seg);

#endif /* _TCPCRYPT_SYNACK_H */
