/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_RX_H
#define _TCPCRYPT_RX_H

#include <linux/jiffies.h>
#include <linux/skbuff.h>

/* How soon to try again when memory was short */
#define TCPCRYPT_RX_RETRY	(HZ / 50)

/**
 * struct tcpcrypt_rx_cb - control block of an skb in our own queues
 * @off: first byte not yet consumed
 * @len: bytes from there on that count
 */
struct tcpcrypt_rx_cb {
	u32 off;
	u32 len;
};

static inline struct tcpcrypt_rx_cb *tcpcrypt_rx_cb(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct tcpcrypt_rx_cb) > sizeof(skb->cb));
	return (struct tcpcrypt_rx_cb *)skb->cb;
}

#endif /* _TCPCRYPT_RX_H */
