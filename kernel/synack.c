// SPDX-License-Identifier: GPL-2.0-only
/*
 * Our SYN-ACKs: the negotiation, and the option in them.
 */
#include <linux/random.h>
#include <net/tcp.h>

#include "halfopen.h"
#include "listener.h"
#include "policy.h"
#include "resume.h"
#include "syn.h"
#include "synack.h"
#include "tcpopt.h"

/* Our option: a session to resume, or else a TEP; 0 or a negative errno */
static int synack_answer(struct tcpcrypt_halfopen *h,
			 const struct tcpcrypt_eno *remote,
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
static int synack_negotiate(struct tcpcrypt_halfopen *h,
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
	if (synack_answer(h, &remote, syn, room))
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
static void synack_opts(const struct sock *listener,
			struct tcpcrypt_opts *opts)
{
	const struct tcpcrypt_listener *l = tcpcrypt_listener_asked(listener);

	tcpcrypt_opts_init(opts);
	if (l)
		*opts = l->opts;
}

/*
 * The verdict on a connection whose SYN is @syn, or is not known any more;
 * @listener is NULL when that is not known either. What rules say beside the
 * verdict is added to @opts, if not NULL.
 */
static u32 synack_verdict(struct tcpcrypt_net *tn,
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
static int synack_try(struct tcpcrypt_net *tn, struct request_sock *req,
		      const struct tcpcrypt_syn *syn,
		      const struct tcpcrypt_seg *seg,
		      const struct tcpcrypt_opts *opts, bool require)
{
	struct tcpcrypt_halfopen *h;
	int why;

	if (!rng_is_initialized())
		return TCPCRYPT_MIB_SYN_EXCLUDED;
	if (tcpcrypt_tcpopt_excludes_eno(seg->opts, seg->optlen))
		return TCPCRYPT_MIB_SYN_INELIGIBLE;
	if (atomic_read(&tn->halfopen_count) >=
	    READ_ONCE(tn->config.max_halfopen))
		return TCPCRYPT_MIB_HALFOPEN_FULL;
	h = tcpcrypt_halfopen_alloc(tn, req, opts);
	if (!h)
		return TCPCRYPT_MIB_NOMEM;
	h->require = require;
	why = h->opts.enabled == TCPCRYPT_OPTS_OFF ?
	      TCPCRYPT_MIB_SYN_EXCLUDED :
	      synack_negotiate(h, syn, tcpcrypt_tcpopt_room(seg->opts,
							    seg->optlen));
	if (!why)
		why = tcpcrypt_halfopen_add(h, req->rsk_listener);
	if (why)
		tcpcrypt_halfopen_discard(h);
	return why;
}

/*
 * A SYN-ACK without a SYN we know. When encryption is required somewhere all
 * SYNs are noted, so this repeats an answer: of a connection that is allowed
 * to be plain, or of one that was refused.
 */
static bool synack_repeated(struct tcpcrypt_net *tn,
			    const struct request_sock *req,
			    const struct tcpcrypt_tuple *tuple,
			    const struct sk_buff *skb)
{
	return !tcpcrypt_policy_requires(tn, TCPCRYPT_DIR_IN) ||
	       tcpcrypt_halfopen_find(tn, req) ||
	       synack_verdict(tn, tuple, NULL, req->rsk_listener, skb,
			      NULL) != TCPCRYPT_VERDICT_REQUIRE;
}

/*
 * Has this request been answered before? TCP notes when it first was, and
 * stamps each SYN-ACK with the time it was made.
 */
static bool synack_answered(const struct request_sock *req,
			    const struct sk_buff *skb)
{
	return tcp_rsk(req)->snt_synack != tcp_skb_timestamp_us(skb);
}

/**
 * tcpcrypt_synack_decide() - decide on a SYN-ACK, first of all hooks
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
bool tcpcrypt_synack_decide(struct tcpcrypt_net *tn, struct request_sock *req,
			    const struct sk_buff *skb,
			    const struct tcpcrypt_seg *seg)
{
	const struct tcpcrypt_syn *syn;
	struct tcpcrypt_tuple tuple;
	struct tcpcrypt_opts opts;
	bool require;
	u32 verdict;
	int why;

	tcpcrypt_halfopen_tuple(req, &tuple);
	syn = tcpcrypt_syn_take(tn->net, &tuple, tcp_rsk(req)->rcv_isn);
	if (!syn)
		return synack_repeated(tn, req, &tuple, skb);
	if (tcpcrypt_halfopen_find(tn, req))
		return true;
	synack_opts(req->rsk_listener, &opts);
	verdict = synack_verdict(tn, &tuple, syn, req->rsk_listener, skb,
				 &opts);
	require = verdict == TCPCRYPT_VERDICT_REQUIRE;
	/* a SYN-ACK that had no option has none when it is repeated either */
	if (synack_answered(req, skb))
		return !require;
	if (syn->found)
		tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_SYN_RECEIVED);
	else if (!require)
		return true;
	if (verdict == TCPCRYPT_VERDICT_REFUSE)
		why = TCPCRYPT_MIB_SYN_EXCLUDED;
	else if (syn->found)
		why = synack_try(tn, req, syn, seg, &opts, require);
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
 * tcpcrypt_synack_cookie() - decide on a SYN-ACK that belongs to no request
 * @tn: namespace
 * @skb: the SYN-ACK at LOCAL_OUT
 * @seg: its header
 *
 * A SYN cookie has no room for what was negotiated: the connection is plain.
 *
 * Context: softirq, RCU read section.
 * Return: false if the connection must be refused.
 */
bool tcpcrypt_synack_cookie(struct tcpcrypt_net *tn, const struct sk_buff *skb,
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
	    synack_verdict(tn, &tuple, syn, NULL, skb, NULL) !=
	    TCPCRYPT_VERDICT_REQUIRE)
		return true;
	tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_REQUIRE_REFUSED);
	return false;
}

/**
 * tcpcrypt_synack_insert() - put the ENO option into a SYN-ACK
 * @tn: namespace
 * @req: the request it answers
 * @skb: the SYN-ACK at LOCAL_OUT, first or retransmitted
 * @seg: its header
 *
 * Context: softirq or process (after a detour); RCU read section.
 * Return: false if the segment must not go out: without memory it counts as
 * lost. It may repeat one that had the option, and that the peer has taken.
 */
bool tcpcrypt_synack_insert(struct tcpcrypt_net *tn,
			    const struct request_sock *req,
			    struct sk_buff *skb, struct tcpcrypt_seg *seg)
{
	struct tcpcrypt_halfopen *h = tcpcrypt_halfopen_find(tn, req);
	int err;

	if (!h || READ_ONCE(h->plain))
		return true;
	tcpcrypt_halfopen_keep(h);
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
