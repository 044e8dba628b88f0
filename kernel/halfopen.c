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

#include "halfopen.h"
#include "listener.h"
#include "policy.h"
#include "resume.h"
#include "syn.h"
#include "tcpopt.h"

/*
 * The time to the next SYN-ACK doubles, so it is about the request's age. An
 * entry must not expire before its request does: a child born later would be
 * plain while its peer encrypts.
 */
#define HALFOPEN_SLACK		(3 * HZ)
/*
 * Two CPUs can make a child of one request at the same time (an ACK and the
 * data behind it); the loser is dropped. Both must find the entry.
 */
#define HALFOPEN_DONE		(HZ / 2)
#define HALFOPEN_GC		(HZ / 4)

/**
 * struct halfopen - a passive open that answered with ENO
 * @node: in tcpcrypt_net.halfopen
 * @key: the connection
 * @rcv_isn: the peer's initial sequence number
 * @snt_isn: ours
 * @rcv_wnd: the window our SYN-ACK offered
 * @plain: fell back; the SYN-ACK's retransmissions carry no option
 * @acked: the first ACK carried ENO, too
 * @done: a child exists
 * @require: the child must not be plain
 * @tn: namespace
 * @listener: whose child it will be
 * @local: the option we send
 * @eno: the outcome, given that @acked
 * @secret: the session secret to resume from, or NULL
 * @opts: the listener's
 * @created: jiffies
 * @expires: jiffies; moved on by each SYN-ACK
 * @fifo: in one of tcpcrypt_net's lists, under halfopen_lock
 * @rcu: readers of the table
 */
struct halfopen {
	struct rhlist_head node;
	struct tcpcrypt_tuple key;
	u32 rcv_isn;
	u32 snt_isn;
	u32 rcv_wnd;
	bool plain;
	bool acked;
	bool done;
	bool require;
	struct tcpcrypt_net *tn;
	struct tcpcrypt_listener *listener;
	struct tcpcrypt_eno_opt local;
	struct tcpcrypt_eno_result eno;
	struct tcpcrypt_secret *secret;
	struct tcpcrypt_opts opts;
	unsigned long created;
	unsigned long expires;
	struct list_head fifo;
	struct rcu_head rcu;
};

/* A port can be used again while an older entry waits: a list for each key */
static const struct rhashtable_params halfopen_params = {
	.key_len = sizeof(struct tcpcrypt_tuple),
	.key_offset = offsetof(struct halfopen, key),
	.head_offset = offsetof(struct halfopen, node),
	.automatic_shrinking = true,
};

static void halfopen_tuple(const struct request_sock *req,
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

/* Context: RCU read section */
static struct halfopen *halfopen_find(struct tcpcrypt_net *tn,
				      const struct request_sock *req)
{
	struct rhlist_head *list, *pos;
	struct tcpcrypt_tuple tuple;
	struct halfopen *h;

	halfopen_tuple(req, &tuple);
	list = rhltable_lookup(&tn->halfopen, &tuple, halfopen_params);
	rhl_for_each_entry_rcu(h, pos, list, node)
		if (h->rcv_isn == tcp_rsk(req)->rcv_isn &&
		    h->snt_isn == tcp_rsk(req)->snt_isn)
			return h;
	return NULL;
}

static void halfopen_discard(struct halfopen *h)
{
	if (!h)
		return;
	tcpcrypt_secret_free(h->secret);
	kfree(h);
}

/*
 * The reference on the module that each entry holds goes back only here, so
 * a reader of the table may take another one.
 */
static void halfopen_free_rcu(struct rcu_head *rcu)
{
	halfopen_discard(container_of(rcu, struct halfopen, rcu));
	module_put(THIS_MODULE);
}

/* Context: halfopen_lock held */
static void halfopen_free(struct halfopen *h)
{
	struct tcpcrypt_net *tn = h->tn;

	rhltable_remove(&tn->halfopen, &h->node, halfopen_params);
	list_del(&h->fifo);
	tcpcrypt_listener_unhold(h->listener);
	atomic_dec(&tn->halfopen_count);
	call_rcu(&h->rcu, halfopen_free_rcu);
}

static void halfopen_expire(struct tcpcrypt_net *tn, struct list_head *fifo,
			    bool all)
{
	struct halfopen *h, *next;

	spin_lock_bh(&tn->halfopen_lock);
	list_for_each_entry_safe(h, next, fifo, fifo) {
		if (!all && time_before(jiffies, READ_ONCE(h->expires)))
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
	mod_delayed_work(system_wq, &tn->gc, 0);
	flush_delayed_work(&tn->gc);
}

/* Our option: a session to resume, or else a TEP; 0 or a negative errno */
static int halfopen_answer(struct halfopen *h, const struct tcpcrypt_eno *remote,
			   const struct tcpcrypt_syn *syn, size_t room)
{
	const struct tcpcrypt_lists *lists = rcu_dereference(h->tn->lists);
	const struct tcpcrypt_opts *opts = &h->opts;
	struct tcpcrypt_terms terms = { .nonce_len = opts->nonce_len };
	const u8 global = tcpcrypt_opts_global(opts, true);
	u8 tep;

	tcpcrypt_opts_terms(opts, lists, true, &terms);
	if (!opts->no_resume)
		h->secret = tcpcrypt_resume_accept(h->tn, remote, &syn->opt,
						   &terms, room);
	if (h->secret)
		return tcpcrypt_eno_build(&h->local, global, true, NULL, 0,
					  &h->secret->eno);
	tep = tcpcrypt_eno_choose(remote, terms.teps, terms.nteps);
	if (!tep)
		return -ENOENT;
	return tcpcrypt_eno_build(&h->local, global, true, &tep, 1, NULL);
}

/* What the SYN asks for, and what we answer; 0 or a counter */
static int halfopen_negotiate(struct halfopen *h,
			      const struct tcpcrypt_syn *syn, size_t room)
{
	enum tcpcrypt_eno_fail fail;
	struct tcpcrypt_eno remote;

	if (syn->found < 0)
		return TCPCRYPT_MIB_FALLBACK_MULTIPLE;
	if (!syn->found || tcpcrypt_eno_parse(&syn->opt, &remote))
		return TCPCRYPT_MIB_FALLBACK_ILLFORMED;
	if (!remote.nsubs)
		return TCPCRYPT_MIB_FALLBACK_VACUOUS;
	/* a passive opener is always host B (RFC 8547 section 4.2) */
	if (remote.global & TCPCRYPT_ENO_GLOBAL_B)
		return TCPCRYPT_MIB_FALLBACK_ROLE;
	if (halfopen_answer(h, &remote, syn, room))
		return TCPCRYPT_MIB_FALLBACK_NO_TEP;
	fail = tcpcrypt_eno_negotiate(&h->local, &syn->opt,
				      h->secret ? &h->secret->eno : NULL,
				      h->opts.aware ==
				      TCPCRYPT_OPTS_AWARE_ONLY, &h->eno);
	if (fail == TCPCRYPT_ENO_FAIL_AWARE)
		return TCPCRYPT_MIB_FALLBACK_AWARE;
	return fail ? TCPCRYPT_MIB_FALLBACK_NO_TEP : 0;
}

/* Context: RCU read section; the listener is not locked */
static void halfopen_opts(const struct sock *listener,
			  struct tcpcrypt_opts *opts)
{
	const struct tcpcrypt_listener *l = tcpcrypt_listener_asked(listener);

	tcpcrypt_opts_init(opts);
	if (l)
		*opts = l->opts;
}

static struct halfopen *halfopen_alloc(struct tcpcrypt_net *tn,
				       const struct request_sock *req,
				       const struct tcpcrypt_opts *opts)
{
	struct halfopen *h;

	h = kzalloc(sizeof(*h), GFP_ATOMIC);
	if (!h)
		return NULL;
	h->tn = tn;
	halfopen_tuple(req, &h->key);
	h->rcv_isn = tcp_rsk(req)->rcv_isn;
	h->snt_isn = tcp_rsk(req)->snt_isn;
	h->rcv_wnd = req->rsk_rcv_wnd;
	h->created = jiffies;
	h->expires = jiffies + HALFOPEN_SLACK;
	h->opts = *opts;
	return h;
}

/* Context: softirq. Return: 0, or the counter that says why not */
static int halfopen_add(struct halfopen *h, struct sock *listener)
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

/*
 * The verdict on a connection whose SYN is @syn, or is not known any more;
 * @listener is NULL when that is not known either. What rules say beside the
 * verdict is added to @opts, if not NULL.
 */
static u32 halfopen_verdict(struct tcpcrypt_net *tn,
			    const struct tcpcrypt_tuple *tuple,
			    const struct tcpcrypt_syn *syn,
			    const struct sock *listener,
			    const struct sk_buff *skb,
			    struct tcpcrypt_opts *opts)
{
	const struct dst_entry *dst = skb_dst(skb);
	const struct tcpcrypt_flow flow = {
		.dir = TCPCRYPT_DIR_IN,
		.tuple = tuple,
		.mark = syn ? syn->mark : 0,
		.no_mark = !syn,
		.uid = listener ? sock_net_uid(tn->net, listener) : INVALID_UID,
		.no_uid = !listener,
		.loopback = dst && dst->dev->flags & IFF_LOOPBACK,
		.opts = opts,
	};

	if (!READ_ONCE(tn->config.enable))
		return TCPCRYPT_VERDICT_REFUSE;
	return tcpcrypt_policy_verdict(tn, &flow);
}

/* 0 when there is an entry now, or the counter that says why not */
static int halfopen_try(struct tcpcrypt_net *tn,
			const struct request_sock *req,
			const struct tcpcrypt_syn *syn,
			const struct tcpcrypt_seg *seg,
			const struct tcpcrypt_opts *opts, bool require)
{
	struct halfopen *h;
	int why;

	if (!rng_is_initialized())
		return TCPCRYPT_MIB_SYN_EXCLUDED;
	if (tcpcrypt_tcpopt_excludes_eno(seg->opts, seg->optlen))
		return TCPCRYPT_MIB_SYN_INELIGIBLE;
	if (atomic_read(&tn->halfopen_count) >=
	    READ_ONCE(tn->config.max_halfopen))
		return TCPCRYPT_MIB_HALFOPEN_FULL;
	h = halfopen_alloc(tn, req, opts);
	if (!h)
		return TCPCRYPT_MIB_NOMEM;
	h->require = require;
	why = h->opts.enabled == TCPCRYPT_OPTS_OFF ?
	      TCPCRYPT_MIB_SYN_EXCLUDED :
	      halfopen_negotiate(h, syn, tcpcrypt_tcpopt_room(seg->opts,
							      seg->optlen));
	if (!why)
		why = halfopen_add(h, req->rsk_listener);
	if (why)
		halfopen_discard(h);
	return why;
}

/*
 * A SYN-ACK without a SYN we know. When encryption is required somewhere all
 * SYNs are noted, so this repeats an answer: of a connection that is allowed
 * to be plain, or of one that was refused.
 */
static bool halfopen_repeated(struct tcpcrypt_net *tn,
			      const struct request_sock *req,
			      const struct tcpcrypt_tuple *tuple,
			      const struct sk_buff *skb)
{
	return !tcpcrypt_policy_requires(tn, TCPCRYPT_DIR_IN) ||
	       halfopen_find(tn, req) ||
	       halfopen_verdict(tn, tuple, NULL, req->rsk_listener, skb,
				NULL) != TCPCRYPT_VERDICT_REQUIRE;
}

/*
 * Has this request been answered before? TCP notes when it first was, and
 * stamps each SYN-ACK with the time it was made.
 */
static bool halfopen_answered(const struct request_sock *req,
			      const struct sk_buff *skb)
{
	return tcp_rsk(req)->snt_synack != tcp_skb_timestamp_us(skb);
}

/**
 * tcpcrypt_halfopen_synack() - decide on a SYN-ACK, first of all hooks
 * @tn: namespace
 * @req: the request it answers
 * @skb: the SYN-ACK at LOCAL_OUT
 * @seg: its header
 *
 * Runs in the softirq that received the SYN, before any detour.
 *
 * Context: softirq, RCU read section; the listener is not locked.
 * Return: false if the connection must be refused.
 */
bool tcpcrypt_halfopen_synack(struct tcpcrypt_net *tn,
			      const struct request_sock *req,
			      const struct sk_buff *skb,
			      const struct tcpcrypt_seg *seg)
{
	const struct tcpcrypt_syn *syn;
	struct tcpcrypt_tuple tuple;
	struct tcpcrypt_opts opts;
	bool require;
	u32 verdict;
	int why;

	halfopen_tuple(req, &tuple);
	syn = tcpcrypt_syn_take(tn->net, &tuple, tcp_rsk(req)->rcv_isn);
	if (!syn)
		return halfopen_repeated(tn, req, &tuple, skb);
	if (halfopen_find(tn, req))
		return true;
	halfopen_opts(req->rsk_listener, &opts);
	verdict = halfopen_verdict(tn, &tuple, syn, req->rsk_listener, skb,
				   &opts);
	require = verdict == TCPCRYPT_VERDICT_REQUIRE;
	/* a SYN-ACK that had no option has none when it is repeated either */
	if (halfopen_answered(req, skb))
		return !require;
	if (syn->found)
		tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_SYN_RECEIVED);
	else if (!require)
		return true;
	if (verdict == TCPCRYPT_VERDICT_REFUSE)
		why = TCPCRYPT_MIB_SYN_EXCLUDED;
	else if (syn->found)
		why = halfopen_try(tn, req, syn, seg, &opts, require);
	else
		why = TCPCRYPT_MIB_REQUIRE_REFUSED;
	if (!why)
		return true;
	tcpcrypt_mib_inc(tn->net, why);
	if (require && why != TCPCRYPT_MIB_REQUIRE_REFUSED)
		tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_REQUIRE_REFUSED);
	return !require;
}

/**
 * tcpcrypt_halfopen_cookie() - decide on a SYN-ACK that belongs to no request
 * @tn: namespace
 * @skb: the SYN-ACK at LOCAL_OUT
 * @seg: its header
 *
 * A SYN cookie has no room for what was negotiated: the connection is plain.
 *
 * Context: softirq, RCU read section.
 * Return: false if the connection must be refused.
 */
bool tcpcrypt_halfopen_cookie(struct tcpcrypt_net *tn,
			      const struct sk_buff *skb,
			      const struct tcpcrypt_seg *seg)
{
	const struct tcpcrypt_syn *syn;
	struct tcpcrypt_tuple tuple;

	if (!seg->th.ack)
		return true;
	tcpcrypt_seg_tuple(skb, seg, false, &tuple);
	syn = tcpcrypt_syn_take(tn->net, &tuple, ntohl(seg->th.ack_seq) - 1);
	if (syn && syn->found)
		tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_FALLBACK_SYNCOOKIE);
	if (likely(!tcpcrypt_policy_requires(tn, TCPCRYPT_DIR_IN)) ||
	    halfopen_verdict(tn, &tuple, syn, NULL, skb, NULL) !=
	    TCPCRYPT_VERDICT_REQUIRE)
		return true;
	tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_REQUIRE_REFUSED);
	return false;
}

/**
 * tcpcrypt_halfopen_insert() - put the ENO option into a SYN-ACK
 * @tn: namespace
 * @req: the request it answers
 * @skb: the SYN-ACK at LOCAL_OUT, first or retransmitted
 * @seg: its header
 *
 * Context: softirq or process (after a detour); RCU read section.
 * Return: false if the segment must not go out: without memory it counts as
 * lost. It may repeat one that had the option, and that the peer has taken.
 */
bool tcpcrypt_halfopen_insert(struct tcpcrypt_net *tn,
			      const struct request_sock *req,
			      struct sk_buff *skb, struct tcpcrypt_seg *seg)
{
	struct halfopen *h = halfopen_find(tn, req);
	int err;

	if (!h || READ_ONCE(h->plain))
		return true;
	WRITE_ONCE(h->expires, jiffies + (jiffies - h->created) +
			       HALFOPEN_SLACK);
	err = tcpcrypt_seg_insert(skb, seg, h->local.bytes, h->local.len);
	if (!err) {
		tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_SYNACK_SENT);
		return true;
	}
	if (err == -ENOMEM) {
		tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_NOMEM);
		return false;
	}
	/* no option in one SYN-ACK: none in its retransmissions either */
	WRITE_ONCE(h->plain, true);
	tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_SYNACK_NO_SPACE);
	return true;
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
	struct halfopen *h;

	if (!atomic_read(&tn->halfopen_count))
		return;
	tcpcrypt_seg_tuple(skb, seg, true, &tuple);
	list = rhltable_lookup(&tn->halfopen, &tuple, halfopen_params);
	rhl_for_each_entry_rcu(h, pos, list, node)
		if (h->rcv_isn == ntohl(seg->th.seq) && !READ_ONCE(h->acked))
			WRITE_ONCE(h->plain, true);
}

/* Will TCP take this segment? It makes no child of one it does not. */
static bool halfopen_in_window(const struct halfopen *h,
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
	struct halfopen *h;

	tcpcrypt_seg_tuple(skb, seg, true, &tuple);
	list = rhltable_lookup(&tn->halfopen, &tuple, halfopen_params);
	rhl_for_each_entry_rcu(h, pos, list, node) {
		if (ntohl(seg->th.ack_seq) != h->snt_isn + 1 ||
		    READ_ONCE(h->done) || READ_ONCE(h->plain) ||
		    !halfopen_in_window(h, seg) || !tcpcrypt_seg_csum_ok(skb, hook, seg))
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

static void halfopen_done(struct halfopen *h)
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

/* The child gets a copy of the secret: this may not be the only child */
static int halfopen_handshake(const struct halfopen *h,
			      struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_secret *secret;
	int err;

	err = tcpcrypt_handshake_alloc(ctx, GFP_ATOMIC);
	if (err || !h->secret)
		return err;
	secret = tcpcrypt_secret_dup(h->secret, GFP_ATOMIC);
	if (!secret)
		return -ENOMEM;
	tcpcrypt_handshake_resume(ctx, secret);
	return 0;
}

/* Both sides have sent and received ENO: no plaintext from here on */
static void halfopen_adopt(struct halfopen *h, const struct request_sock *req,
			   struct sock *newsk)
{
	struct tcpcrypt_sock *ctx;

	ctx = tcpcrypt_sock_alloc(h->tn, GFP_ATOMIC);
	if (!ctx)
		goto refuse;
	ctx->passive = true;
	ctx->listener = req->rsk_listener;
	sock_hold(ctx->listener);
	ctx->opts = h->opts;
	tcpcrypt_opts_apply(ctx);
	if (h->require)
		ctx->require = true;
	ctx->local = h->local;
	ctx->eno = h->eno;
	ctx->id_tuple = h->key;
	if (halfopen_handshake(h, ctx) ||
	    tcpcrypt_sock_attach(ctx, newsk)) {
		tcpcrypt_sock_put(ctx);
		goto refuse;
	}
	tcpcrypt_handshake_begin(ctx);
	return;
refuse:
	tcpcrypt_mib_inc(h->tn->net, TCPCRYPT_MIB_NOMEM);
	tcpcrypt_prot_refuse(newsk);
}

/* The child would be plain, and must not be: it is born with an error */
static void halfopen_refuse(struct tcpcrypt_net *tn,
			    const struct request_sock *req, struct sock *newsk,
			    const struct tcpcrypt_opts *opts)
{
	struct tcpcrypt_sock *ctx;

	ctx = tcpcrypt_sock_alloc(tn, GFP_ATOMIC);
	if (!ctx)
		goto nomem;
	ctx->passive = true;
	if (opts)
		ctx->opts = *opts;
	tcpcrypt_opts_apply(ctx);
	ctx->require = true;
	halfopen_tuple(req, &ctx->id_tuple);
	if (tcpcrypt_sock_attach(ctx, newsk)) {
		tcpcrypt_sock_put(ctx);
		goto nomem;
	}
	tcpcrypt_refuse(ctx, TCPCRYPT_MIB_FALLBACK_ACK_NONE);
	return;
nomem:
	tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_NOMEM);
	tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_REQUIRE_REFUSED);
	tcpcrypt_prot_refuse(newsk);
}

/**
 * tcpcrypt_halfopen_child() - a child socket is being born
 * @req: the request it comes from
 * @newsk: the child: locked, unhashed, without addresses
 * @opts: what the listener's application has asked for, or NULL
 *
 * Context: softirq, RCU read section.
 */
void tcpcrypt_halfopen_child(const struct request_sock *req,
			     struct sock *newsk,
			     const struct tcpcrypt_opts *opts)
{
	struct tcpcrypt_net *tn = tcpcrypt_pernet(sock_net(newsk));
	struct halfopen *h;

	h = halfopen_find(tn, req);
	if (h && READ_ONCE(h->acked) && !READ_ONCE(h->plain))
		halfopen_adopt(h, req, newsk);
	else if ((h && h->require) ||
		 (opts && opts->enabled == TCPCRYPT_OPTS_REQUIRE))
		halfopen_refuse(tn, req, newsk, opts);
	else if (h)
		tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_FALLBACK_ACK_NONE);
	if (h)
		halfopen_done(h);
}
