/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_OPEN_H
#define _TCPCRYPT_OPEN_H

#include "skbopt.h"
#include "tcpcrypt.h"

int tcpcrypt_open_net_init(struct tcpcrypt_net *tn);
void tcpcrypt_open_net_exit(struct tcpcrypt_net *tn);
bool tcpcrypt_open_attach(struct tcpcrypt_net *tn, struct sock *sk,
			  const struct sk_buff *skb,
			  const struct tcpcrypt_seg *seg);
bool tcpcrypt_open_plain(struct tcpcrypt_net *tn, struct sock *sk,
			 const struct sk_buff *skb);
bool tcpcrypt_open_syn(struct tcpcrypt_net *tn, struct tcpcrypt_sock *ctx,
		       struct sk_buff *skb, struct tcpcrypt_seg *seg);
struct tcpcrypt_sock *tcpcrypt_open_find(struct tcpcrypt_net *tn,
					 const struct sk_buff *skb,
					 const struct tcpcrypt_seg *seg);
void tcpcrypt_open_forget(struct tcpcrypt_sock *ctx);
bool tcpcrypt_open_segment(struct tcpcrypt_sock *ctx, struct sk_buff *skb,
			   struct tcpcrypt_seg *seg);
void tcpcrypt_eno_stop(struct tcpcrypt_sock *ctx);

#endif /* _TCPCRYPT_OPEN_H */
