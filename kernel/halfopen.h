/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_HALFOPEN_H
#define _TCPCRYPT_HALFOPEN_H

#include "skbopt.h"
#include "tcpcrypt.h"

int tcpcrypt_halfopen_net_init(struct tcpcrypt_net *tn);
void tcpcrypt_halfopen_net_exit(struct tcpcrypt_net *tn);
void tcpcrypt_halfopen_flush(struct tcpcrypt_net *tn);
bool tcpcrypt_halfopen_synack(struct tcpcrypt_net *tn,
			      const struct request_sock *req,
			      const struct sk_buff *skb,
			      const struct tcpcrypt_seg *seg);
bool tcpcrypt_halfopen_cookie(struct tcpcrypt_net *tn,
			      const struct sk_buff *skb,
			      const struct tcpcrypt_seg *seg);
bool tcpcrypt_halfopen_insert(struct tcpcrypt_net *tn,
			      const struct request_sock *req,
			      struct sk_buff *skb, struct tcpcrypt_seg *seg);
void tcpcrypt_halfopen_syn(struct tcpcrypt_net *tn, const struct sk_buff *skb,
			   const struct tcpcrypt_seg *seg);
bool tcpcrypt_halfopen_ack(struct tcpcrypt_net *tn, struct sk_buff *skb,
			   unsigned int hook, const struct tcpcrypt_seg *seg);
void tcpcrypt_halfopen_child(const struct request_sock *req,
			     struct sock *newsk,
			     const struct tcpcrypt_opts *opts);

#endif /* _TCPCRYPT_HALFOPEN_H */
