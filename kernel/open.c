// SPDX-License-Identifier: GPL-2.0-only
/*
 * Active opens: the ENO option in our SYN, and the empty option in our segments
 * until the peer has proved it got one.
 */
#include <linux/ipv6.h>
#include <linux/rhashtable.h>
#include <linux/skmsg.h>
#include <net/ip.h>
#include <net/tcp.h>

#include "blackhole.h"
#include "listener.h"
#include "open.h"
#include "policy.h"
#include "resume.h"
#include "tcpopt.h"

static const struct rhashtable_params open_params = {
	.key_len = sizeof(struct tcpcrypt_tuple),
	.key_offset = offsetof(struct tcpcrypt_sock, open_key),
	.head_offset = offsetof(struct tcpcrypt_sock, open_node),
	.automatic_shrinking = true,
};

/**
 * tcpcrypt_open_net_init() - make a namespace's table of active opens
 * @tn: the namespace
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int tcpcrypt_open_net_init(struct tcpcrypt_net *tn)
{
	spin_lock_init(&tn->opens_lock);
	return rhashtable_init(&tn->opens, &open_params);
}

/**
 * tcpcrypt_open_net_exit() - free it; all sockets of the namespace are gone
 * @tn: the namespace
 *
 * Context: process.
 */
void tcpcrypt_open_net_exit(struct tcpcrypt_net *tn)
{
	rhashtable_destroy(&tn->opens);
}

/*
 * Another thread is in a call on this socket and waits for connect() to let go
 * of it. It is in TCP's function, and so what it sends would be in clear.
 */
static bool open_contended(struct sock *sk)
{
	/* who is missed here is found out by tcpcrypt_tx_foreign() */
	return waitqueue_active(&sk->sk_lock.wq);
}

/* May this socket carry tcpcrypt?  Whatever else uses it goes first. */
static bool open_eligible(struct sock *sk, const struct tcpcrypt_seg *seg,
			  const struct sk_buff *skb)
{
	const bool asked = tcpcrypt_listener_asked(sk);
	const struct tcp_sock *tp = tcp_sk(sk);

	return !sk->sk_kern_sock && !sk_psock(sk) && !open_contended(sk) &&
	       (asked || (!inet_csk(sk)->icsk_ulp_ops &&
			  tcpcrypt_prot_is_base(sk))) &&
	       !sk_has_psp(sk) && !tp->repair && !tp->fastopen_req &&
	       /* a SYN with data is TCP Fast Open (RFC 8547 section 4.7) */
	       skb->len == seg->thoff + sizeof(struct tcphdr) + seg->optlen &&
	       !tcpcrypt_tcpopt_excludes_eno(seg->opts, seg->optlen);
}

static bool open_loopback(const struct sk_buff *skb)
{
	const struct dst_entry *dst = skb_dst(skb);

	return dst && dst->dev->flags & IFF_LOOPBACK;
}

/* What rules say beside the verdict is added to @opts, if not NULL */
static u32 open_verdict(const struct tcpcrypt_net *tn, const struct sock *sk,
			const struct sk_buff *skb,
			const struct tcpcrypt_tuple *tuple,
			struct tcpcrypt_opts *opts)
{
	const struct tcpcrypt_flow flow = {
		.dir = TCPCRYPT_DIR_OUT,
		.tuple = tuple,
		.mark = skb->mark,
		.uid = sock_net_uid(tn->net, sk),
		.loopback = open_loopback(skb),
		.opts = opts,
	};

	return tcpcrypt_policy_verdict(tn, &flow);
}

/* Why a connection with this verdict is left alone, or 0 */
static int open_excluded(struct tcpcrypt_net *tn, u32 verdict, bool require,
			 const struct tcpcrypt_tuple *tuple)
{
	if (verdict == TCPCRYPT_VERDICT_REFUSE)
		return TCPCRYPT_MIB_SYN_EXCLUDED;
	/* encryption that is required is tried in spite of it */
	if (!require && verdict == TCPCRYPT_VERDICT_OFFER &&
	    tcpcrypt_blackhole_hit(tn, tuple))
		return TCPCRYPT_MIB_SYN_BLACKHOLED;
	return 0;
}

/*
 * What the first SYN of a socket says: 0 if it may offer encryption, or the
 * counter that says why not. @verdict is set to 0 if it is not known yet.
 */
static int open_check(struct tcpcrypt_net *tn, struct sock *sk,
		      struct tcpcrypt_opts *opts,
		      const struct sk_buff *skb,
		      const struct tcpcrypt_seg *seg, u32 *verdict)
{
	struct tcpcrypt_tuple tuple;
	int why;

	*verdict = 0;
	/* RFC 8548 section 8: no ENO without a seeded random generator */
	if (opts->enabled == TCPCRYPT_OPTS_OFF ||
	    !READ_ONCE(tn->config.enable) || !rng_is_initialized())
		return TCPCRYPT_MIB_SYN_EXCLUDED;
	if (!tcpcrypt_policy_marks(tn)) {
		tcpcrypt_sock_name(sk, &tuple);
		*verdict = open_verdict(tn, sk, skb, &tuple, opts);
		why = open_excluded(tn, *verdict,
				    opts->enabled == TCPCRYPT_OPTS_REQUIRE,
				    &tuple);
		if (why)
			return why;
	}
	return open_eligible(sk, seg, skb) ? 0 : TCPCRYPT_MIB_SYN_INELIGIBLE;
}

/* Context: as tcpcrypt_open_attach(). Return: the state, or NULL */
static struct tcpcrypt_sock *open_new(struct tcpcrypt_net *tn, struct sock *sk,
				      const struct tcpcrypt_opts *opts,
				      const struct tcpcrypt_seg *seg,
				      u32 verdict)
{
	struct tcpcrypt_sock *ctx;

	ctx = tcpcrypt_sock_alloc(tn, GFP_ATOMIC);
	if (!ctx)
		return NULL;
	ctx->opts = *opts;
	tcpcrypt_opts_apply(ctx);
	ctx->syn_seq = ntohl(seg->th.seq);
	ctx->undecided = !verdict;
	if (verdict == TCPCRYPT_VERDICT_REQUIRE)
		ctx->require = true;
	if (tcpcrypt_sock_attach(ctx, sk)) {
		tcpcrypt_sock_put(ctx);
		return NULL;
	}
	return ctx;
}

/*
 * RFC 8547 section 4.6: an active opener may remove the option between
 * retransmissions of its SYN. It stays away from then on.
 */
static bool open_again(struct tcpcrypt_sock *ctx)
{
	if (ctx->state != TCPCRYPT_OFFERED || ctx->silent ||
	    ctx->syns < READ_ONCE(ctx->tn->config.syn_retries))
		return true;
	if (ctx->require) {
		tcpcrypt_fall_back(ctx, TCPCRYPT_MIB_FALLBACK_SYN_RETRY);
		return false;
	}
	ctx->fallback = TCPCRYPT_MIB_FALLBACK_SYN_RETRY;
	WRITE_ONCE(ctx->silent, true);
	return true;
}

/**
 * tcpcrypt_open_attach() - see a SYN before anybody else does
 * @tn: namespace
 * @sk: the socket in connect(), in SYN_SENT
 * @skb: its SYN
 * @seg: the SYN's header
 *
 * Runs first at LOCAL_OUT: only there is the socket known to be locked by
 * connect(). A later hook may see the packet after a detour through user
 * space. If the packet filter's rules may change the verdict by setting a
 * mark, it is left to tcpcrypt_open_syn().
 *
 * Context: socket locked; bottom halves off; RCU read section.
 * Return: false if the SYN must not go out: the connection has to encrypt, and
 * cannot.
 */
bool tcpcrypt_open_attach(struct tcpcrypt_net *tn, struct sock *sk,
			  const struct sk_buff *skb,
			  const struct tcpcrypt_seg *seg)
{
	const struct tcpcrypt_listener *asked = tcpcrypt_listener_asked(sk);
	struct tcpcrypt_sock *ctx = tcpcrypt_sock_rcu(sk);
	struct tcpcrypt_opts opts;
	bool require;
	u32 verdict;
	int why;

	if (ctx)
		return open_again(ctx);
	tcpcrypt_opts_init(&opts);
	if (asked)
		opts = asked->opts;
	require = opts.enabled == TCPCRYPT_OPTS_REQUIRE;
	/* only the first SYN: later ones repeat its option, or have none */
	if (inet_csk(sk)->icsk_retransmits)
		return !require;
	if (!asked && !READ_ONCE(tn->config.enable))
		return true;
	why = open_check(tn, sk, &opts, skb, seg, &verdict);
	if (why && !require) {
		/* if plain is not allowed, tcpcrypt_open_plain() sees it */
		tcpcrypt_mib_inc(tn->net, why);
		return true;
	}
	ctx = open_new(tn, sk, &opts, seg, verdict);
	if (!ctx) {
		tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_NOMEM);
		return !require;
	}
	if (why) {
		tcpcrypt_refuse(ctx, why);
		return false;
	}
	/* room for the option in the segments after the SYN */
	inet_csk(sk)->icsk_ext_hdr_len += sizeof(u32);
	ctx->eno_hdr = true;
	return true;
}

/**
 * tcpcrypt_open_plain() - may a SYN without the option go out
 * @tn: namespace with a rule that requires encryption
 * @sk: a socket in SYN_SENT without our state
 * @skb: its SYN
 *
 * Context: bottom halves off; RCU read section; the socket need not be locked.
 * Return: false if the SYN must not; connect() fails then.
 */
bool tcpcrypt_open_plain(struct tcpcrypt_net *tn, struct sock *sk,
			 const struct sk_buff *skb)
{
	struct tcpcrypt_tuple tuple;

	tcpcrypt_sock_name(sk, &tuple);
	if (open_verdict(tn, sk, skb, &tuple, NULL) != TCPCRYPT_VERDICT_REQUIRE)
		return true;
	tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_REQUIRE_REFUSED);
	tcpcrypt_sock_abort_later(sk, EPROTO);
	return false;
}

/* The mark is known now: shall this SYN carry the option? */
static bool open_decide(struct tcpcrypt_net *tn, struct tcpcrypt_sock *ctx,
			const struct sk_buff *skb)
{
	u32 verdict;
	int why;

	if (ctx->undecided) {
		ctx->undecided = false;
		verdict = open_verdict(tn, ctx->sk, skb, &ctx->id_tuple,
				       &ctx->opts);
		tcpcrypt_opts_apply(ctx);
		if (verdict == TCPCRYPT_VERDICT_REQUIRE)
			WRITE_ONCE(ctx->require, true);
		why = open_excluded(tn, verdict, ctx->require, &ctx->id_tuple);
		if (why) {
			ctx->fallback = why;
			WRITE_ONCE(ctx->silent, true);
		}
	}
	return !READ_ONCE(ctx->silent);
}

/* Only here is it sure that the SYN goes out and may carry the option */
static int open_build(struct tcpcrypt_sock *ctx, const struct tcpcrypt_seg *seg)
{
	const struct tcpcrypt_lists *lists = rcu_dereference(ctx->tn->lists);
	const struct tcpcrypt_opts *opts = &ctx->opts;
	struct tcpcrypt_terms terms = { .nonce_len = ctx->nonce_len };
	u8 teps[TCPCRYPT_TEP_COUNT];

	if (ctx->local.len)
		return 0;
	tcpcrypt_opts_terms(opts, lists, opts->role_b, &terms);
	if (opts->role_b)
		terms.teps = tcpcrypt_opts_reverse(&terms, teps);
	return tcpcrypt_resume_offer(ctx, tcpcrypt_opts_global(opts,
							       opts->role_b),
				     false, &terms,
				     tcpcrypt_tcpopt_room(seg->opts,
							  seg->optlen));
}

/*
 * After a detour the socket is not locked and may be closing: the lock keeps
 * an entry from outliving it.
 */
static bool open_list(struct tcpcrypt_sock *ctx, const struct tcpcrypt_seg *seg)
{
	struct tcpcrypt_net *tn = ctx->tn;

	spin_lock_bh(&tn->opens_lock);
	if (!ctx->listed && !ctx->detached) {
		/* at LOCAL_IN, NAT undone, a SYN-ACK has the socket's names */
		ctx->open_key = ctx->id_tuple;
		if (open_build(ctx, seg) ||
		    rhashtable_lookup_insert_fast(&tn->opens, &ctx->open_node,
						  open_params))
			tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_NOMEM);
		else
			ctx->listed = true;
	}
	spin_unlock_bh(&tn->opens_lock);
	return ctx->listed;
}

/*
 * This segment would end in plain TCP. If that is not allowed the connection
 * fails, by its work: the socket may not be locked here.
 * Return: false then.
 */
static bool open_dropped(struct tcpcrypt_sock *ctx, enum tcpcrypt_mib why)
{
	struct tcpcrypt_net *tn = ctx->tn;

	if (!READ_ONCE(ctx->require))
		return true;
	/* what has not been forgotten under the lock is still held */
	spin_lock_bh(&tn->opens_lock);
	if (!READ_ONCE(ctx->detached)) {
		WRITE_ONCE(ctx->fallback, why);
		tcpcrypt_event(ctx, TCPCRYPT_EV_REFUSE);
	}
	spin_unlock_bh(&tn->opens_lock);
	return false;
}

/**
 * tcpcrypt_open_syn() - put the ENO option into a SYN
 * @tn: namespace
 * @ctx: the connection
 * @skb: the SYN, first or retransmitted
 * @seg: its header
 *
 * Runs last at LOCAL_OUT, when the packet filter has set its marks.
 * A retransmitted SYN repeats the option (RFC 8547 section 4.6), and so does
 * the SYN-ACK of a simultaneous open.
 *
 * Context: bottom halves off; RCU read section; the socket is locked unless the
 * packet took a detour, so little but the table and the packet is touched.
 * Return: false if the segment must not go out.
 */
bool tcpcrypt_open_syn(struct tcpcrypt_net *tn, struct tcpcrypt_sock *ctx,
		       struct sk_buff *skb, struct tcpcrypt_seg *seg)
{
	int err;

	if (READ_ONCE(ctx->state) != TCPCRYPT_OFFERED ||
	    ntohl(seg->th.seq) != ctx->syn_seq)
		return !ctx->require &&
		       READ_ONCE(ctx->state) != TCPCRYPT_FAILED;
	if (!open_decide(tn, ctx, skb))
		return open_dropped(ctx, ctx->fallback);
	/* unlisted, its SYN-ACK is not seen and it stays plain */
	if (!open_list(ctx, seg))
		return open_dropped(ctx, TCPCRYPT_MIB_NOMEM);
	err = tcpcrypt_seg_insert(skb, seg, ctx->local.bytes, ctx->local.len);
	if (err == -ENOMEM) {
		/* as if it were lost: it may repeat one with the option */
		tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_NOMEM);
		return false;
	}
	if (err) {
		tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_SYN_NO_SPACE);
		/* no option in one SYN: none in what follows either */
		ctx->fallback = TCPCRYPT_MIB_FALLBACK_SYNACK_NONE;
		WRITE_ONCE(ctx->silent, true);
		return open_dropped(ctx, TCPCRYPT_MIB_SYN_NO_SPACE);
	}
	if (seg->th.ack)
		return true;
	tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_SYN_OFFERED);
	ctx->syns++;
	return true;
}

/**
 * tcpcrypt_open_find() - the active open that a segment belongs to
 * @tn: namespace
 * @skb: the packet at LOCAL_IN
 * @seg: its header
 *
 * Context: RCU read section.
 * Return: the connection, in TCPCRYPT_OFFERED, or NULL.
 */
struct tcpcrypt_sock *tcpcrypt_open_find(struct tcpcrypt_net *tn,
					 const struct sk_buff *skb,
					 const struct tcpcrypt_seg *seg)
{
	struct tcpcrypt_tuple tuple;
	struct tcpcrypt_sock *ctx;

	if (!atomic_read(&tn->opens.nelems))
		return NULL;
	tcpcrypt_seg_tuple(skb, seg, true, &tuple);
	ctx = rhashtable_lookup(&tn->opens, &tuple, open_params);
	return ctx && READ_ONCE(ctx->state) == TCPCRYPT_OFFERED ? ctx : NULL;
}

/**
 * tcpcrypt_open_forget() - take a connection out of the table of opens
 * @ctx: the connection
 *
 * Context: socket locked; may be softirq.
 */
void tcpcrypt_open_forget(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_net *tn = ctx->tn;

	spin_lock_bh(&tn->opens_lock);
	if (ctx->listed)
		rhashtable_remove_fast(&tn->opens, &ctx->open_node,
				       open_params);
	ctx->listed = false;
	spin_unlock_bh(&tn->opens_lock);
}

/**
 * tcpcrypt_eno_stop() - no more ENO options in this connection's segments
 * @ctx: the connection
 *
 * Context: socket locked; may be softirq.
 */
void tcpcrypt_eno_stop(struct tcpcrypt_sock *ctx)
{
	struct inet_connection_sock *icsk = inet_csk(ctx->sk);

	WRITE_ONCE(ctx->eno_sending, false);
	if (!ctx->eno_hdr)
		return;
	ctx->eno_hdr = false;
	icsk->icsk_ext_hdr_len -= sizeof(u32);
	/* not a size any route has: tcp_current_mss() works out a new one */
	icsk->icsk_pmtu_cookie = 0;
}

/* Has the peer sent a non-SYN segment that TCP accepted? */
static bool open_peer_answered(const struct tcpcrypt_sock *ctx)
{
	const struct tcp_sock *tp = tcp_sk(ctx->sk);

	return after(tp->snd_una, ctx->syn_seq + 1) ||
	       after(tp->rcv_nxt, ctx->synack_seq + 1);
}

/**
 * tcpcrypt_open_segment() - put the empty ENO option into a segment
 * @ctx: connection with @eno_sending set
 * @skb: an outgoing segment
 * @seg: its header
 *
 * RFC 8547 section 4.6: in every segment until the peer's first non-SYN.
 *
 * Context: socket locked; bottom halves off.
 * Return: false if the segment must not go out. It lacks the option then: the
 * peer would be plain, and we would not. Or it has what another thread sent in
 * clear.
 */
bool tcpcrypt_open_segment(struct tcpcrypt_sock *ctx, struct sk_buff *skb,
			   struct tcpcrypt_seg *seg)
{
	static const u8 eno[] = { TCPCRYPT_OPT_ENO, 2 };
	int err;

	if (tcpcrypt_tx_foreign(ctx))
		return false;
	if (open_peer_answered(ctx)) {
		tcpcrypt_eno_stop(ctx);
		return true;
	}
	err = tcpcrypt_seg_insert(skb, seg, eno, sizeof(eno));
	if (err)
		tcpcrypt_mib_inc(ctx->tn->net, err == -ENOSPC ?
				 TCPCRYPT_MIB_SYN_NO_SPACE :
				 TCPCRYPT_MIB_NOMEM);
	return err != -ENOMEM;
}
