// SPDX-License-Identifier: GPL-2.0-only
/*
 * What answers our SYN: a SYN-ACK, or a SYN that crosses it, and what its ENO
 * option makes of the connection.
 */
#include <net/tcp.h>

#include "answer.h"
#include "blackhole.h"
#include "open.h"
#include "resume.h"

/* tcpcrypt_sock.synack: what the SYN-ACKs seen at the hook looked like */
enum {
	SYNACK_NONE,		/* none yet */
	SYNACK_STORING,		/* a CPU is writing @remote */
	SYNACK_ENO,		/* @remote and @synack_seq are valid */
	SYNACK_PLAIN,		/* one came without a usable option */
	SYNACK_MULTIPLE,	/* one came with several options */
};

/* Remember the option of a SYN-ACK; any doubt ends in plain TCP */
static void answer_store(struct tcpcrypt_sock *ctx, u32 seq, int found,
			 const struct tcpcrypt_eno_opt *opt)
{
	if (found == 1 &&
	    atomic_cmpxchg(&ctx->synack, SYNACK_NONE,
			   SYNACK_STORING) == SYNACK_NONE) {
		ctx->remote = *opt;
		ctx->synack_seq = seq;
		/* pairs with atomic_read_acquire() in answer_outcome() */
		atomic_set_release(&ctx->synack, SYNACK_ENO);
		return;
	}
	/* a copy of the one we know */
	if (found == 1 && atomic_read_acquire(&ctx->synack) == SYNACK_ENO &&
	    ctx->synack_seq == seq && ctx->remote.len == opt->len &&
	    !memcmp(ctx->remote.bytes, opt->bytes, opt->len))
		return;
	atomic_set(&ctx->synack, found < 0 ? SYNACK_MULTIPLE : SYNACK_PLAIN);
}

/**
 * tcpcrypt_answer_crossed() - read the ENO option of a SYN that crosses ours
 * @tn: namespace
 * @skb: a SYN at LOCAL_IN, its checksum verified
 * @seg: its header
 *
 * Simultaneous open: the SYN is the peer's SYN-form option, whatever its
 * SYN-ACK then repeats (RFC 8547 section 4.6).
 *
 * Context: softirq, RCU read section; the socket is not locked.
 * Return: true if it belongs to an active open of ours.
 */
bool tcpcrypt_answer_crossed(struct tcpcrypt_net *tn, const struct sk_buff *skb,
			     const struct tcpcrypt_seg *seg)
{
	struct tcpcrypt_sock *ctx = tcpcrypt_open_find(tn, skb, seg);
	struct tcpcrypt_eno_opt opt = {};

	if (!ctx)
		return false;
	WRITE_ONCE(ctx->simultaneous, true);
	answer_store(ctx, ntohl(seg->th.seq),
		     tcpcrypt_eno_find(seg->opts, seg->optlen, &opt), &opt);
	return true;
}

/**
 * tcpcrypt_answer_ack() - a non-SYN segment with ENO came in
 * @tn: namespace
 * @skb: the packet at LOCAL_IN
 * @hook: hook number
 * @seg: its header
 *
 * In a simultaneous open the first ACK need not be a SYN-ACK.
 *
 * Context: softirq, RCU read section; the socket is not locked.
 */
void tcpcrypt_answer_ack(struct tcpcrypt_net *tn, struct sk_buff *skb,
			 unsigned int hook, const struct tcpcrypt_seg *seg)
{
	struct tcpcrypt_sock *ctx = tcpcrypt_open_find(tn, skb, seg);

	if (ctx && ntohl(seg->th.ack_seq) == ctx->syn_seq + 1 &&
	    tcpcrypt_seg_csum_ok(skb, hook, seg))
		WRITE_ONCE(ctx->acked, true);
}

static enum tcpcrypt_mib answer_why(enum tcpcrypt_eno_fail fail)
{
	switch (fail) {
	case TCPCRYPT_ENO_FAIL_VACUOUS:
		return TCPCRYPT_MIB_FALLBACK_VACUOUS;
	case TCPCRYPT_ENO_FAIL_NO_TEP:
		return TCPCRYPT_MIB_FALLBACK_NO_TEP;
	case TCPCRYPT_ENO_FAIL_ROLE:
		return TCPCRYPT_MIB_FALLBACK_ROLE;
	case TCPCRYPT_ENO_FAIL_AWARE:
		return TCPCRYPT_MIB_FALLBACK_AWARE;
	default:
		return TCPCRYPT_MIB_FALLBACK_ILLFORMED;
	}
}

/**
 * tcpcrypt_answer_synack() - read the ENO option of a SYN-ACK
 * @tn: namespace
 * @skb: a SYN-ACK at LOCAL_IN
 * @hook: hook number
 * @seg: its header
 *
 * On veth and lo this runs inside connect(), before tp->snd_nxt is updated:
 * the acknowledgment is compared with the sequence number the hook saved.
 *
 * TCP takes the segment whatever it says: only then can tcpcrypt_refuse() tell
 * the peer of a connection that must not be plain.
 *
 * Context: softirq, RCU read section; the socket is not locked.
 */
void tcpcrypt_answer_synack(struct tcpcrypt_net *tn, struct sk_buff *skb,
			    unsigned int hook, const struct tcpcrypt_seg *seg)
{
	struct tcpcrypt_sock *ctx = tcpcrypt_open_find(tn, skb, seg);
	struct tcpcrypt_eno_opt opt = {};
	int found;

	if (!ctx || ntohl(seg->th.ack_seq) != ctx->syn_seq + 1 ||
	    !tcpcrypt_seg_csum_ok(skb, hook, seg))
		return;
	found = tcpcrypt_eno_find(seg->opts, seg->optlen, &opt);
	answer_store(ctx, ntohl(seg->th.seq), found, &opt);
	if (found == 1)
		WRITE_ONCE(ctx->acked, true);
}

/* 0, or the counter that says why the connection stays plain */
static int answer_outcome(struct tcpcrypt_sock *ctx)
{
	enum tcpcrypt_eno_fail fail;

	if (READ_ONCE(ctx->silent))
		return ctx->fallback;
	switch (atomic_read_acquire(&ctx->synack)) {
	case SYNACK_ENO:
		break;
	case SYNACK_MULTIPLE:
		return TCPCRYPT_MIB_FALLBACK_MULTIPLE;
	default:
		return TCPCRYPT_MIB_FALLBACK_SYNACK_NONE;
	}
	/* was that the segment TCP accepted? */
	if (tcp_sk(ctx->sk)->rcv_nxt != ctx->synack_seq + 1)
		return TCPCRYPT_MIB_FALLBACK_SYNACK_NONE;
	fail = tcpcrypt_eno_negotiate(&ctx->local, &ctx->remote,
				      ctx->offer ? &ctx->offer->eno : NULL,
				      ctx->opts.aware ==
				      TCPCRYPT_OPTS_AWARE_ONLY, &ctx->eno);
	return fail ? answer_why(fail) : 0;
}

/**
 * tcpcrypt_answer_crossing() - our SYN-ACK of a simultaneous open goes out
 * @ctx: connection in TCPCRYPT_OFFERED
 *
 * It repeats our option unless the peer's SYN has disabled encryption
 * already (RFC 8547 section 4.6). What comes after it carries the option, too.
 *
 * Context: socket locked, in SYN_RECV; bottom halves off.
 * Return: true if the option is to be inserted.
 */
bool tcpcrypt_answer_crossing(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_eno_result eno = ctx->eno;
	bool ok = !answer_outcome(ctx);

	/* what counts is worked out again when the connection is established */
	ctx->eno = eno;
	WRITE_ONCE(ctx->eno_sending, ok);
	return ok;
}

/**
 * tcpcrypt_answer_settled() - the active open has left SYN_SENT
 * @ctx: connection in TCPCRYPT_OFFERED
 *
 * Context: socket locked, inside TCP's processing of the segment that
 * changed the state; softirq or backlog.
 */
void tcpcrypt_answer_settled(struct tcpcrypt_sock *ctx)
{
	struct sock *sk = ctx->sk;
	int why;

	/* the SYNs have crossed, the ACK will settle it */
	if (sk->sk_state == TCP_SYN_RECV)
		return;
	if (sk->sk_state != TCP_ESTABLISHED) {
		tcpcrypt_fall_back(ctx, TCPCRYPT_MIB_FALLBACK_REFUSED);
		return;
	}
	why = answer_outcome(ctx);
	/* the SYN without the option got an answer, those with it did not */
	if (why == TCPCRYPT_MIB_FALLBACK_SYN_RETRY &&
	    atomic_read(&ctx->synack) != SYNACK_ENO)
		tcpcrypt_blackhole_add(ctx->tn, &ctx->id_tuple,
				       TCPCRYPT_BLACKHOLE_SYN);
	/* RFC 8547 section 4.6, case 1: "up to and including the first ACK" */
	if (!why && !READ_ONCE(ctx->acked))
		why = TCPCRYPT_MIB_FALLBACK_ACK_NONE;
	if (!why && tcpcrypt_handshake_alloc(ctx, GFP_ATOMIC))
		why = TCPCRYPT_MIB_NOMEM;
	if (why == TCPCRYPT_MIB_FALLBACK_SYNACK_NONE ||
	    why == TCPCRYPT_MIB_FALLBACK_NO_TEP ||
	    why == TCPCRYPT_MIB_FALLBACK_VACUOUS)
		tcpcrypt_resume_declined(ctx);
	if (why) {
		tcpcrypt_fall_back(ctx, why);
		return;
	}
	tcpcrypt_open_forget(ctx);
	tcpcrypt_resume_settled(ctx);
	ctx->eno_sending = true;
	tcpcrypt_handshake_begin(ctx);
}
