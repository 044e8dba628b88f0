// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rekeying (RFC 8548 section 3.8): when this end starts it, and that the peer
 * gets its answer although nobody reads here.
 *
 * The rekey bit is in the clear, so the parser counts frames that carry it,
 * and the work opens them and those before them. Only a frame that has been
 * authenticated is answered.
 */
#include <net/tcp.h>

#include "limits.h"
#include "nlevent.h"
#include "tcpcrypt.h"

/* How soon to try again when memory was short */
#define REKEY_RETRY		(HZ / 50)
/* The same when the send buffer is full: sk_write_space comes sooner */
#define REKEY_FULL		HZ
/*
 * What has been opened for nobody takes at most so many receive buffers. It is
 * as much as lay there sealed, and about twice that in the worst case.
 */
#define REKEY_PLAIN_MAX		4

/**
 * tcpcrypt_rekey_begin() - the sending direction has a new key
 * @ctx: the connection
 *
 * Context: socket locked.
 */
void tcpcrypt_rekey_begin(struct tcpcrypt_sock *ctx)
{
	const struct tcpcrypt_stream *s = &ctx->tx.s;
	struct tcpcrypt_rekey *rekey = &ctx->rekey;

	/* ahead of the peer: this end has begun */
	if (s->gen > ctx->rx.s.gen)
		tcpcrypt_mib_inc(ctx->tn->net, TCPCRYPT_MIB_REKEY_INITIATED);
	rekey->frames = s->frames;
	rekey->bytes = s->bytes;
	rekey->off = s->off;
	rekey->since = jiffies;
	WRITE_ONCE(rekey->wanted, false);
	if (s->gen)
		tcpcrypt_nlevent(ctx, TCPCRYPT_EVENT_REKEYED);
}

/* Has this end begun, and the peer not answered yet? */
static bool rekey_outstanding(const struct tcpcrypt_sock *ctx)
{
	return ctx->tx.s.gen > ctx->rx.s.gen;
}

/* What the AEAD allows under one key, and what the administrator does */
static bool rekey_used_up(const struct tcpcrypt_sock *ctx)
{
	const u64 max = READ_ONCE(ctx->tn->config.rekey_bytes);
	const struct tcpcrypt_rekey *rekey = &ctx->rekey;
	const struct tcpcrypt_stream *s = &ctx->tx.s;
	struct tcpcrypt_limits lim;

	tcpcrypt_limits_get(ctx->aead->id, &lim);
	return tcpcrypt_limits_reached(&lim, s->frames - rekey->frames,
				       s->off - rekey->off) ||
	       (max && s->bytes - rekey->bytes >= max);
}

static bool rekey_aged(const struct tcpcrypt_sock *ctx)
{
	const unsigned long secs = READ_ONCE(ctx->tn->config.rekey_secs);

	return secs && time_after_eq(jiffies, ctx->rekey.since + secs * HZ);
}

/**
 * tcpcrypt_rekey_due() - shall the next frame be the first under a new key
 * @ctx: connection in TCPCRYPT_OPEN
 * @len: bytes of data in that frame
 * @finp: it is the last one
 *
 * An empty frame never starts rekeying while an earlier one is unanswered
 * (RFC 8548 section 3.8); a frame with data may.
 *
 * Context: process, socket owned.
 * Return: true if this end is to begin a new generation.
 */
bool tcpcrypt_rekey_due(const struct tcpcrypt_sock *ctx, size_t len, bool finp)
{
	if (!len && (finp || rekey_outstanding(ctx)))
		return false;
	if (ctx->rekey.wanted)
		return true;
	return len && (rekey_used_up(ctx) || rekey_aged(ctx));
}

/* The send buffer is full: come again when TCP has sent some of it */
static void rekey_wait(struct tcpcrypt_sock *ctx)
{
	struct sock *sk = ctx->sk;

	if (sk->sk_socket)
		set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
	tcpcrypt_event_after(ctx, REKEY_FULL);
}

/* Does the peer, or a wish of ours, wait for a frame? */
static bool rekey_owed(const struct tcpcrypt_sock *ctx)
{
	const struct tcpcrypt_tx *tx = &ctx->tx;

	if (tx->finp || ctx->state != TCPCRYPT_OPEN)
		return false;
	return tx->rekey || tx->s.gen < ctx->rx.s.gen ||
	       (ctx->rekey.wanted && !rekey_outstanding(ctx));
}

/**
 * tcpcrypt_rekey_run() - send the frames that rekeying asks for
 * @ctx: connection in TCPCRYPT_OPEN
 *
 * One empty frame for each generation we are behind, and one if we want to
 * begin. A peer that does not read our answers has to wait for more of them:
 * they are held to the bounds of the send buffer.
 *
 * Context: process, socket owned; sleeps.
 */
void tcpcrypt_rekey_run(struct tcpcrypt_sock *ctx)
{
	while (rekey_owed(ctx)) {
		if (!ctx->tx.pending && !sk_stream_memory_free(ctx->sk)) {
			rekey_wait(ctx);
			return;
		}
		if (ctx->tx.pending ||
		    tcpcrypt_tx_frame(ctx, NULL, 0, false, 0) < 0) {
			tcpcrypt_event_after(ctx, REKEY_RETRY);
			return;
		}
	}
}

/**
 * tcpcrypt_rekey_start() - initiate rekeying now
 * @ctx: the connection
 *
 * While an earlier one is unanswered this is part of it.
 *
 * Context: process, socket owned; sleeps.
 * Return: 0, -ENOTCONN if nothing is encrypted, -EPIPE if nothing more may be
 * sent.
 */
int tcpcrypt_rekey_start(struct tcpcrypt_sock *ctx)
{
	if (ctx->detached || ctx->state != TCPCRYPT_OPEN)
		return -ENOTCONN;
	if (ctx->tx.finp || (ctx->sk->sk_shutdown & SEND_SHUTDOWN))
		return -EPIPE;
	if (rekey_outstanding(ctx))
		return 0;
	WRITE_ONCE(ctx->rekey.wanted, true);
	tcpcrypt_rekey_run(ctx);
	return 0;
}

/**
 * tcpcrypt_rekey_request() - initiate rekeying soon
 * @ctx: the connection
 *
 * For callers that do not know the socket.
 *
 * Context: any; RCU read section in which @ctx was found.
 * Return: 0 or -ENOTCONN.
 */
int tcpcrypt_rekey_request(struct tcpcrypt_sock *ctx)
{
	struct sock *sk = ctx->sk;
	int ret = -ENOTCONN;

	/* the memory of a TCP socket stays one until the grace period ends */
	if (READ_ONCE(ctx->detached) ||
	    !refcount_inc_not_zero(&sk->sk_refcnt))
		return ret;
	local_bh_disable();
	bh_lock_sock(sk);
	if (!ctx->detached && ctx->state == TCPCRYPT_OPEN) {
		tcpcrypt_event(ctx, TCPCRYPT_EV_REKEY);
		ret = 0;
	}
	bh_unlock_sock(sk);
	local_bh_enable();
	sock_put(sk);
	return ret;
}

/*
 * A frame without data may be the end, which only its plaintext tells. FIN may
 * come later or never, so nothing else tells who polls.
 */
static bool rekey_maybe_finp(const struct tcpcrypt_sock *ctx)
{
	return !ctx->rx.p.inq && !ctx->rx.finp &&
	       !(ctx->sk->sk_shutdown & RCV_SHUTDOWN);
}

/*
 * Frames with the rekey bit ask for an answer. Somebody may wait for urgent
 * data. Frames without data make no reader come, however many they are.
 */
static bool rekey_must_open(const struct tcpcrypt_sock *ctx)
{
	const struct tcpcrypt_rx *rx = &ctx->rx;

	if (!rx->p.frames)
		return false;
	return rx->p.rekeys || rekey_maybe_finp(ctx) ||
	       tcpcrypt_urg_watched(ctx) ||
	       (rx->truesize >= ctx->sk->sk_rcvbuf / 4 &&
		!tcpcrypt_rx_readable(ctx));
}

/**
 * tcpcrypt_rekey_input() - frames have come
 * @ctx: connection in TCPCRYPT_OPEN
 *
 * Context: socket locked; may be softirq.
 */
void tcpcrypt_rekey_input(struct tcpcrypt_sock *ctx)
{
	if (unlikely(rekey_must_open(ctx)))
		tcpcrypt_event(ctx, TCPCRYPT_EV_OPEN);
}

/**
 * tcpcrypt_rekey_open() - open the frames no reader comes for
 * @ctx: connection in TCPCRYPT_OPEN
 *
 * What they hold waits for the reader as it would have in TCP's queue, and TCP's
 * window is as if it did.
 *
 * Context: process, socket owned; sleeps.
 */
void tcpcrypt_rekey_open(struct tcpcrypt_sock *ctx)
{
	const bool finp = ctx->rx.finp;
	struct sock *sk = ctx->sk;
	int ret = 1;

	while (ret > 0 && ctx->state == TCPCRYPT_OPEN &&
	       rekey_must_open(ctx) &&
	       ctx->rx.plain_mem / REKEY_PLAIN_MAX < sk->sk_rcvbuf)
		ret = tcpcrypt_rx_open(ctx);
	if (ret == -ENOMEM)
		tcpcrypt_event_after(ctx, REKEY_RETRY);
	if (ctx->rx.finp && !finp && !sock_flag(sk, SOCK_DEAD))
		ctx->saved_data_ready(sk);
	if (ctx->state == TCPCRYPT_OPEN)
		tcpcrypt_rekey_run(ctx);
}
