// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SYNs a CPU has just received.
 *
 * Listeners are lockless and never backlogged, so a SYN and the SYN-ACK that
 * answers it belong to one softirq on one CPU, and nothing needs to be kept
 * of a SYN that gets no answer. A driver may hand a batch of packets to the
 * hook before the first of them goes on to TCP, hence a ring.
 */
#include <linux/percpu.h>

#include "syn.h"

/* GRO passes up to gro_normal_batch (8) packets on at once; be generous */
#define SYN_RING	64

/**
 * struct syn_ring - what this CPU has seen
 * @next: where the next SYN goes
 * @unanswered: entries whose SYN-ACK has not been seen; most SYN-ACKs answer
 *	a SYN without ENO, and shall not cost a walk over the ring
 * @syn: the SYNs; .net is NULL in an entry that has been answered
 */
struct syn_ring {
	unsigned int next;
	unsigned int unanswered;
	struct tcpcrypt_syn syn[SYN_RING];
};

static struct syn_ring __percpu *syn_rings;

/**
 * tcpcrypt_syn_init() - allocate the rings
 *
 * Context: process, module load.
 * Return: 0 or -ENOMEM.
 */
int tcpcrypt_syn_init(void)
{
	syn_rings = alloc_percpu(struct syn_ring);
	return syn_rings ? 0 : -ENOMEM;
}

/**
 * tcpcrypt_syn_exit() - free the rings
 *
 * Context: process, no hook is registered any more.
 */
void tcpcrypt_syn_exit(void)
{
	free_percpu(syn_rings);
}

/**
 * tcpcrypt_syn_remember() - note a SYN whose answer we want to see
 * @net: namespace
 * @skb: the packet at LOCAL_IN
 * @seg: its header
 *
 * Context: softirq.
 */
void tcpcrypt_syn_remember(const struct net *net, const struct sk_buff *skb,
			   const struct tcpcrypt_seg *seg)
{
	struct syn_ring *ring = this_cpu_ptr(syn_rings);
	struct tcpcrypt_syn *syn = &ring->syn[ring->next++ % SYN_RING];

	if (!syn->net)
		ring->unanswered++;
	syn->net = net;
	tcpcrypt_seg_tuple(skb, seg, true, &syn->tuple);
	syn->seq = ntohl(seg->th.seq);
	syn->mark = skb->mark;
	syn->opt.len = 0;
	syn->found = tcpcrypt_eno_find(seg->opts, seg->optlen, &syn->opt);
}

/**
 * tcpcrypt_syn_waiting() - could there be a SYN for a SYN-ACK to answer
 *
 * Context: any; the answer is for this CPU, and right in the softirq that
 * received the SYN.
 * Return: true if this CPU has SYNs with ENO that have not been answered.
 */
bool tcpcrypt_syn_waiting(void)
{
	return this_cpu_read(syn_rings->unanswered);
}

/**
 * tcpcrypt_syn_take() - find the SYN that a SYN-ACK answers
 * @net: namespace
 * @tuple: the connection
 * @seq: the SYN's sequence number
 *
 * A SYN has one answer: a second look does not find it any more.
 *
 * Context: softirq.
 * Return: the SYN, valid until the softirq ends; NULL if it was not noted.
 */
const struct tcpcrypt_syn *tcpcrypt_syn_take(const struct net *net,
					     const struct tcpcrypt_tuple *tuple,
					     u32 seq)
{
	struct syn_ring *ring = this_cpu_ptr(syn_rings);
	unsigned int i;

	/* the latest first: nearly always it is the one */
	for (i = 1; i <= SYN_RING; i++) {
		struct tcpcrypt_syn *syn;

		syn = &ring->syn[(ring->next - i) % SYN_RING];
		if (syn->net == net && syn->seq == seq &&
		    !memcmp(&syn->tuple, tuple, sizeof(*tuple))) {
			syn->net = NULL;
			ring->unanswered--;
			return syn;
		}
	}
	return NULL;
}
