// SPDX-License-Identifier: GPL-2.0-only
/*
 * Passive opens between the SYN-ACK and the child socket.
 *
 * An entry is made for a SYN-ACK that carries ENO and found again by its
 * retransmissions, by the third ACK and by the child. The table is bounded
 * and entries expire: peers make them.
 */
#include <linux/module.h>
#include <linux/rhashtable.h>
#include <net/tcp.h>

#include "cache.h"
#include "halfopen.h"
#include "listener.h"

/*
 * The time to the next SYN-ACK doubles, so it is about the request's age. An
 * entry does not expire before its request does: a child born later would be
 * plain while its peer encrypts.
 */
#define HALFOPEN_SLACK		(3 * HZ)
/*
 * Two CPUs can make a child of one request at the same time (an ACK and the
 * data behind it); the loser is dropped. Both must find the entry.
 */
#define HALFOPEN_DONE		(HZ / 2)
#define HALFOPEN_GC		(HZ / 4)

/* A port can be used again while an older entry waits: a list for each key */
static const struct rhashtable_params halfopen_params = {
	.key_len = sizeof(struct tcpcrypt_tuple),
	.key_offset = offsetof(struct tcpcrypt_halfopen, key),
	.head_offset = offsetof(struct tcpcrypt_halfopen, node),
	.automatic_shrinking = true,
};

/**
 * tcpcrypt_halfopen_tuple() - the connection that a request asks for
 * @req: the request
 * @tuple: out: that connection, seen from this host
 *
 * Context: any.
 */
void tcpcrypt_halfopen_tuple(const struct request_sock *req,
			     struct tcpcrypt_tuple *tuple)
{
	const struct inet_request_sock *ireq = inet_rsk(req);

	memset(tuple, 0, sizeof(*tuple));
	/* ireq_family is the listener's, AF_INET6 for a v4-mapped child */
	tuple->family = req->rsk_ops->family;
	tuple->lport = htons(ireq->ir_num);
	tuple->rport = ireq->ir_rmt_port;
#if IS_ENABLED(CONFIG_IPV6)
	if (tuple->family == AF_INET6) {
		tuple->laddr = ireq->ir_v6_loc_addr;
		tuple->raddr = ireq->ir_v6_rmt_addr;
		return;
	}
#endif
	tuple->laddr.s6_addr32[0] = ireq->ir_loc_addr;
	tuple->raddr.s6_addr32[0] = ireq->ir_rmt_addr;
}

/**
 * tcpcrypt_halfopen_find() - look for the entry of a request
 * @tn: namespace
 * @req: the request
 *
 * Context: RCU read section.
 * Return: the entry, or NULL.
 */
struct tcpcrypt_halfopen *
tcpcrypt_halfopen_find(struct tcpcrypt_net *tn, const struct request_sock *req)
{
	struct rhlist_head *list, *pos;
	struct tcpcrypt_tuple tuple;
	struct tcpcrypt_halfopen *h;

	tcpcrypt_halfopen_tuple(req, &tuple);
	list = rhltable_lookup(&tn->halfopen, &tuple, halfopen_params);
	rhl_for_each_entry_rcu(h, pos, list, node)
		if (h->rcv_isn == tcp_rsk(req)->rcv_isn &&
		    h->snt_isn == tcp_rsk(req)->snt_isn)
			return h;
	return NULL;
}

/**
 * tcpcrypt_halfopen_alloc() - make an entry, not yet in the table
 * @tn: namespace
 * @req: the request it is for, of which the caller has a reference
 * @opts: what the listener's application and the rules ask for
 *
 * Context: any.
 * Return: the entry, for tcpcrypt_halfopen_add() or else
 * tcpcrypt_halfopen_discard(); NULL without memory.
 */
struct tcpcrypt_halfopen *
tcpcrypt_halfopen_alloc(struct tcpcrypt_net *tn, struct request_sock *req,
			const struct tcpcrypt_opts *opts)
{
	struct tcpcrypt_halfopen *h;

	h = kzalloc(sizeof(*h), GFP_ATOMIC);
	if (!h)
		return NULL;
	refcount_inc(&req->rsk_refcnt);
	h->req = req;
	h->tn = tn;
	tcpcrypt_halfopen_tuple(req, &h->key);
	h->rcv_isn = tcp_rsk(req)->rcv_isn;
	h->snt_isn = tcp_rsk(req)->snt_isn;
	h->rcv_wnd = req->rsk_rcv_wnd;
	h->created = jiffies;
	h->expires = jiffies + HALFOPEN_SLACK;
	h->opts = *opts;
	return h;
}

/**
 * tcpcrypt_halfopen_discard() - free an entry that nobody can find
 * @h: the entry, or NULL
 *
 * Context: any.
 */
void tcpcrypt_halfopen_discard(struct tcpcrypt_halfopen *h)
{
	if (!h)
		return;
	tcpcrypt_secret_free(h->secret);
	sock_gen_put(req_to_sk(h->req));
	kfree(h);
}

/**
 * tcpcrypt_halfopen_add() - put an entry into the table
 * @h: the entry
 * @listener: whose child it will be; gets our ULP
 *
 * Context: softirq.
 * Return: 0, or the counter (enum tcpcrypt_mib) that says why not; the entry
 * is still the caller's then.
 */
int tcpcrypt_halfopen_add(struct tcpcrypt_halfopen *h, struct sock *listener)
{
	struct tcpcrypt_net *tn = h->tn;
	int why = 0;

	spin_lock_bh(&tn->halfopen_lock);
	h->listener = tcpcrypt_listener_hold(tn, listener);
	if (!h->listener) {
		why = TCPCRYPT_MIB_SYN_INELIGIBLE;
		goto out;
	}
	if (rhltable_insert(&tn->halfopen, &h->node, halfopen_params)) {
		tcpcrypt_listener_unhold(h->listener);
		why = TCPCRYPT_MIB_NOMEM;
		goto out;
	}
	/* a listener with our ULP holds one, so this one is safe to take */
	__module_get(THIS_MODULE);
	list_add_tail(&h->fifo, &tn->halfopen_fifo);
	atomic_inc(&tn->halfopen_count);
out:
	spin_unlock_bh(&tn->halfopen_lock);
	if (!delayed_work_pending(&tn->gc))
		schedule_delayed_work(&tn->gc, HALFOPEN_GC);
	return why;
}

/**
 * tcpcrypt_halfopen_keep() - an entry's SYN-ACK goes out, once more perhaps
 * @h: the entry; expires later
 *
 * Context: RCU read section.
 */
void tcpcrypt_halfopen_keep(struct tcpcrypt_halfopen *h)
{
	WRITE_ONCE(h->expires, jiffies + (jiffies - h->created) +
			       HALFOPEN_SLACK);
}

/**
 * tcpcrypt_halfopen_done() - an entry's child exists
 * @h: the entry; expires soon
 *
 * Context: softirq, RCU read section.
 */
void tcpcrypt_halfopen_done(struct tcpcrypt_halfopen *h)
{
	struct tcpcrypt_net *tn = h->tn;

	spin_lock_bh(&tn->halfopen_lock);
	/* else it has expired, or the other CPU was here first */
	if (!h->done && !list_empty(&h->fifo)) {
		WRITE_ONCE(h->done, true);
		h->expires = jiffies + HALFOPEN_DONE;
		list_move_tail(&h->fifo, &tn->done_fifo);
	}
	spin_unlock_bh(&tn->halfopen_lock);
}

/*
 * The reference on the module that each entry holds goes back only here, so
 * a reader of the table may take another one.
 */
static void halfopen_free_rcu(struct rcu_head *rcu)
{
	tcpcrypt_halfopen_discard(container_of(rcu, struct tcpcrypt_halfopen,
					       rcu));
	module_put(THIS_MODULE);
}

/* Context: halfopen_lock held */
static void halfopen_free(struct tcpcrypt_halfopen *h)
{
	struct tcpcrypt_net *tn = h->tn;

	rhltable_remove(&tn->halfopen, &h->node, halfopen_params);
	list_del(&h->fifo);
	tcpcrypt_listener_unhold(h->listener);
	atomic_dec(&tn->halfopen_count);
	call_rcu(&h->rcu, halfopen_free_rcu);
}

/*
 * A request may outlive its last SYN-ACK: when its listener waits for data
 * (TCP_DEFER_ACCEPT), or timers are late.
 */
static bool halfopen_expired(const struct tcpcrypt_halfopen *h)
{
	return time_after_eq(jiffies, READ_ONCE(h->expires)) &&
	       (h->done || refcount_read(&h->req->rsk_refcnt) == 1);
}

static void halfopen_expire(struct tcpcrypt_net *tn, struct list_head *fifo,
			    bool all)
{
	struct tcpcrypt_halfopen *h, *next;

	spin_lock_bh(&tn->halfopen_lock);
	list_for_each_entry_safe(h, next, fifo, fifo) {
		if (!all && !halfopen_expired(h))
			continue;
		if (!all && !h->done && !h->plain)
			tcpcrypt_mib_inc(tn->net,
					 TCPCRYPT_MIB_HALFOPEN_EXPIRED);
		halfopen_free(h);
	}
	spin_unlock_bh(&tn->halfopen_lock);
}

static void halfopen_gc(struct work_struct *work)
{
	struct tcpcrypt_net *tn = container_of(to_delayed_work(work),
					       struct tcpcrypt_net, gc);
	bool more;

	halfopen_expire(tn, &tn->done_fifo, false);
	halfopen_expire(tn, &tn->halfopen_fifo, false);
	tcpcrypt_listener_gc(tn);

	spin_lock_bh(&tn->halfopen_lock);
	more = !list_empty(&tn->listeners);
	spin_unlock_bh(&tn->halfopen_lock);
	if (more)
		schedule_delayed_work(&tn->gc, HALFOPEN_GC);
}

/**
 * tcpcrypt_halfopen_net_init() - make a namespace's table
 * @tn: the namespace
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int tcpcrypt_halfopen_net_init(struct tcpcrypt_net *tn)
{
	spin_lock_init(&tn->halfopen_lock);
	INIT_LIST_HEAD(&tn->halfopen_fifo);
	INIT_LIST_HEAD(&tn->done_fifo);
	INIT_LIST_HEAD(&tn->listeners);
	INIT_DELAYED_WORK(&tn->gc, halfopen_gc);
	return rhltable_init(&tn->halfopen, &halfopen_params);
}

/**
 * tcpcrypt_halfopen_net_exit() - free it; no hook runs any more
 * @tn: the namespace
 *
 * Context: process.
 */
void tcpcrypt_halfopen_net_exit(struct tcpcrypt_net *tn)
{
	cancel_delayed_work_sync(&tn->gc);
	halfopen_expire(tn, &tn->done_fifo, true);
	halfopen_expire(tn, &tn->halfopen_fifo, true);
	tcpcrypt_listener_gc(tn);
	rhltable_destroy(&tn->halfopen);
}

/**
 * tcpcrypt_halfopen_flush() - let go of what is not needed any more
 * @tn: namespace that has just been disabled
 *
 * Entries that wait for a third ACK stay until they expire: the peer may
 * already count on encryption.
 *
 * Context: process.
 */
void tcpcrypt_halfopen_flush(struct tcpcrypt_net *tn)
{
	halfopen_expire(tn, &tn->done_fifo, true);
	mod_delayed_work(system_percpu_wq, &tn->gc, 0);
	flush_delayed_work(&tn->gc);
}

/**
 * tcpcrypt_halfopen_syn() - a SYN without ENO came in
 * @tn: namespace
 * @skb: the packet at LOCAL_IN
 * @seg: its header
 *
 * If it repeats a SYN that had the option, its sender has given ENO up or a
 * middlebox has removed it: encryption is off (RFC 8547 section 4.6, 1).
 *
 * Context: softirq, RCU read section.
 */
void tcpcrypt_halfopen_syn(struct tcpcrypt_net *tn, const struct sk_buff *skb,
			   const struct tcpcrypt_seg *seg)
{
	struct rhlist_head *list, *pos;
	struct tcpcrypt_tuple tuple;
	struct tcpcrypt_halfopen *h;

	if (!atomic_read(&tn->halfopen_count))
		return;
	tcpcrypt_seg_tuple(skb, seg, true, &tuple);
	list = rhltable_lookup(&tn->halfopen, &tuple, halfopen_params);
	rhl_for_each_entry_rcu(h, pos, list, node)
		if (h->rcv_isn == ntohl(seg->th.seq) && !READ_ONCE(h->acked))
			WRITE_ONCE(h->plain, true);
}

/* Will TCP take this segment? It makes no child of one it does not. */
static bool halfopen_in_window(const struct tcpcrypt_halfopen *h,
			       const struct tcpcrypt_seg *seg)
{
	/* RFC 9293 section 3.10.7.4; it may have data and be out of order */
	return ntohl(seg->th.seq) - (h->rcv_isn + 1) <= h->rcv_wnd;
}

/**
 * tcpcrypt_halfopen_ack() - a non-SYN segment with ENO came in
 * @tn: namespace
 * @skb: the packet at LOCAL_IN
 * @hook: hook number
 * @seg: its header
 *
 * The acknowledgment number proves that the sender saw our SYN-ACK.
 *
 * Context: softirq, RCU read section.
 * Return: false if the segment must not reach TCP, because the child it
 * would make could not be encrypted.
 */
bool tcpcrypt_halfopen_ack(struct tcpcrypt_net *tn, struct sk_buff *skb,
			   unsigned int hook, const struct tcpcrypt_seg *seg)
{
	struct rhlist_head *list, *pos;
	struct tcpcrypt_tuple tuple;
	struct tcpcrypt_halfopen *h;

	tcpcrypt_seg_tuple(skb, seg, true, &tuple);
	list = rhltable_lookup(&tn->halfopen, &tuple, halfopen_params);
	rhl_for_each_entry_rcu(h, pos, list, node) {
		if (ntohl(seg->th.ack_seq) != h->snt_isn + 1 ||
		    READ_ONCE(h->done) || READ_ONCE(h->plain) ||
		    !halfopen_in_window(h, seg) ||
		    !tcpcrypt_seg_csum_ok(skb, hook, seg))
			continue;
		if (!tcpcrypt_listener_able(h->listener)) {
			tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_MIGRATED);
			return false;
		}
		WRITE_ONCE(h->acked, true);
		return true;
	}
	return true;
}
