/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_SKBOPT_H
#define _TCPCRYPT_SKBOPT_H

#include <linux/skbuff.h>
#include <linux/tcp.h>

#include "tcpcrypt.h"

/**
 * struct tcpcrypt_seg - a TCP segment at a netfilter hook
 * @family: AF_INET or AF_INET6
 * @thoff: where the TCP header starts, from skb->data
 * @th: the fixed part of the header
 * @optlen: bytes of options
 * @opts: the options
 */
struct tcpcrypt_seg {
	u8 family;
	int thoff;
	struct tcphdr th;
	u8 optlen;
	u8 opts[TCPCRYPT_OPTSPACE];
};

bool tcpcrypt_seg_read(const struct sk_buff *skb, u8 family,
		       struct tcpcrypt_seg *seg);
bool tcpcrypt_seg_csum_ok(struct sk_buff *skb, unsigned int hook,
			  const struct tcpcrypt_seg *seg);
void tcpcrypt_seg_tuple(const struct sk_buff *skb,
			const struct tcpcrypt_seg *seg, bool incoming,
			struct tcpcrypt_tuple *tuple);
int tcpcrypt_seg_discard_data(struct sk_buff *skb,
			      const struct tcpcrypt_seg *seg);
int tcpcrypt_seg_refuse(struct sk_buff *skb, struct tcpcrypt_seg *seg);
int tcpcrypt_seg_insert(struct sk_buff *skb, struct tcpcrypt_seg *seg,
			const u8 *opt, u8 len);

#endif /* _TCPCRYPT_SKBOPT_H */
