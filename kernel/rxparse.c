// SPDX-License-Identifier: GPL-2.0-only
/*
 * From TCP's receive queue to complete messages.
 *
 * Headers are in the clear, so that a bottom half can tell whether a reader
 * has something to wake up for. Ciphertext stays in TCP's queue, where it is
 * coalesced and accounted, until a frame is complete - or until TCP could
 * not take the rest of it: a frame may be larger than the receive buffer.
 */
#include <linux/slab.h>
#include <net/tcp.h>

#include "rx.h"
#include "tcpcrypt.h"
#include "wire.h"

/*
 * Segments up to this size are copied together: a clone costs more memory
 * than such a segment holds.
 */
#define RX_COPY_MAX		512
#define RX_COPY_SIZE		SKB_WITH_OVERHEAD(4096)

/* Length of the message's header, and what it says of the rest */
static unsigned int rx_hdr_len(const struct tcpcrypt_sock *ctx)
{
	return ctx->rx.frames_on ? TCPCRYPT_FRAME_HDR_LEN :
				   TCPCRYPT_INIT_HDR_LEN;
}

static int rx_parse_hdr(const struct tcpcrypt_sock *ctx,
			struct tcpcrypt_rxparse *p)
{
	int len;

	if (ctx->rx.frames_on) {
		len = tcpcrypt_wire_frame_clen(p->hdr);
		if (len >= 0)
			len += TCPCRYPT_FRAME_HDR_LEN;
	} else {
		len = tcpcrypt_wire_init_len(ctx->eno.role_b ?
					     TCPCRYPT_INIT1_MAGIC :
					     TCPCRYPT_INIT2_MAGIC, p->hdr);
	}
	if (len < 0)
		return len;
	p->msg_len = len;
	p->left = len - rx_hdr_len(ctx);
	return 0;
}

/* The header says all that is asked here; the AEAD confirms it later */
static void rx_complete(const struct tcpcrypt_sock *ctx,
			struct tcpcrypt_rxparse *p)
{
	p->ready += p->msg_len;
	p->hdr_len = 0;
	if (!ctx->rx.frames_on)
		return;
	p->rekeys += !!(p->hdr[0] & TCPCRYPT_FRAME_REKEY);
	WRITE_ONCE(p->frames, p->frames + 1);
	WRITE_ONCE(p->inq, p->inq + p->msg_len - TCPCRYPT_FRAME_OVERHEAD);
}

/* Walk over @len new bytes; how many of them are wanted */
static int rx_parse(const struct tcpcrypt_sock *ctx,
		    struct tcpcrypt_rxparse *p, const struct sk_buff *skb,
		    u32 off, u32 len)
{
	const u32 hdr_len = rx_hdr_len(ctx);
	u32 used = 0;

	while (used < len) {
		u32 n;

		/* after the Init message: wait until keys are there */
		if (!ctx->rx.frames_on && p->ready)
			break;
		if (p->hdr_len < hdr_len) {
			n = min(len - used, hdr_len - p->hdr_len);
			if (skb_copy_bits(skb, off + used,
					  p->hdr + p->hdr_len, n))
				return -EFAULT;
			p->hdr_len += n;
			used += n;
			if (p->hdr_len < hdr_len)
				break;
			p->bad = rx_parse_hdr(ctx, p);
			if (p->bad)
				break;
		}
		n = min(len - used, p->left);
		p->left -= n;
		used += n;
		if (!p->left)
			rx_complete(ctx, p);
	}
	return used;
}

static void rx_uncharge(struct sk_buff *skb)
{
	sk_mem_uncharge(skb->sk, skb->truesize);
}

/**
 * tcpcrypt_rx_charge() - account an skb of ours to the socket
 * @ctx: the connection
 * @skb: in no queue of TCP's
 * @held: it holds what ought to have waited in TCP's queue
 *
 * It counts against the memory of TCP as a whole, but not against the
 * receive buffer: TCP works out the window from that when its own queue is
 * read, not when ours is. If accounting refuses the skb it stays
 * unaccounted: it exists already, and rx_full() bounds what follows.
 *
 * What is @held does count against the receive buffer, so that taking it out of
 * TCP's queue does not open the window.
 *
 * Context: socket locked; may be softirq.
 */
void tcpcrypt_rx_charge(struct tcpcrypt_sock *ctx, struct sk_buff *skb,
			bool held)
{
	if (!sk_rmem_schedule(ctx->sk, skb, skb->truesize))
		return;
	skb_orphan(skb);
	if (held) {
		skb_set_owner_r(skb, ctx->sk);
		return;
	}
	skb->sk = ctx->sk;
	skb->destructor = rx_uncharge;
	sk_mem_charge(ctx->sk, skb->truesize);
}

/**
 * tcpcrypt_rx_held() - does an skb of ours count against the receive buffer
 * @skb: from one of our queues
 *
 * Context: socket locked.
 * Return: the @held that tcpcrypt_rx_charge() was called with.
 */
bool tcpcrypt_rx_held(const struct sk_buff *skb)
{
	return skb->destructor == sock_rfree;
}

/* Copy a small segment behind the one before it */
static struct sk_buff *rx_copy(struct tcpcrypt_sock *ctx, struct sk_buff *skb,
			       u32 off, u32 len, bool *appended)
{
	struct sk_buff *tail = skb_peek_tail(&ctx->rx.cipher);

	*appended = tail && !skb_cloned(tail) && !skb_is_nonlinear(tail) &&
		    skb_tailroom(tail) >= len &&
		    skb_end_offset(tail) >= RX_COPY_SIZE;
	if (!*appended) {
		tail = alloc_skb(RX_COPY_SIZE, GFP_ATOMIC);
		if (!tail)
			return NULL;
		tcpcrypt_rx_cb(tail)->off = 0;
		tcpcrypt_rx_cb(tail)->len = 0;
	}
	if (skb_copy_bits(skb, off, skb_put(tail, len), len)) {
		skb_trim(tail, tail->len - len);
		if (!*appended)
			kfree_skb(tail);
		return NULL;
	}
	tcpcrypt_rx_cb(tail)->len += len;
	return tail;
}

static struct sk_buff *rx_clone(struct sk_buff *skb, u32 off, u32 len)
{
	struct sk_buff *clone = skb_clone(skb, GFP_ATOMIC);

	if (!clone)
		return NULL;
	tcpcrypt_rx_cb(clone)->off = off;
	tcpcrypt_rx_cb(clone)->len = len;
	return clone;
}

static int rx_keep(struct tcpcrypt_sock *ctx, struct sk_buff *skb, u32 off,
		   u32 len)
{
	struct tcpcrypt_rx *rx = &ctx->rx;
	bool appended = false;
	struct sk_buff *own;

	if (len <= RX_COPY_MAX)
		own = rx_copy(ctx, skb, off, len, &appended);
	else
		own = rx_clone(skb, off, len);
	if (!own)
		return -ENOMEM;
	rx->cipher_len += len;
	if (appended)
		return 0;
	__skb_queue_tail(&rx->cipher, own);
	rx->truesize += own->truesize;
	/* an Init message goes to the work, which does not lock the socket */
	if (rx->frames_on)
		tcpcrypt_rx_charge(ctx, own, rx->forced);
	return 0;
}

/* Enough complete frames here: the rest waits in TCP's queue */
static bool rx_full(const struct tcpcrypt_sock *ctx)
{
	const struct tcpcrypt_rx *rx = &ctx->rx;
	const u32 mem = rx->truesize + rx->plain_mem;

	/* frames without data, and nobody who could open them */
	if (rx->p.frames && mem >= ctx->sk->sk_rcvbuf &&
	    tcpcrypt_event_unaccepted(ctx))
		return true;
	return (rx->p.frames || rx->plain_len) &&
	       rx->plain_len + rx->p.inq >= rx->lowat &&
	       mem >= ctx->sk->sk_rcvbuf / 4;
}

/* Bytes of the message that is arriving which the parser has seen */
static u32 rx_begun(const struct tcpcrypt_sock *ctx,
		    const struct tcpcrypt_rxparse *p)
{
	return p->hdr_len < rx_hdr_len(ctx) ? p->hdr_len : p->msg_len - p->left;
}

/* Where in TCP's queue a byte is; NULL if it has not come */
static struct sk_buff *rx_queued(struct sock *sk, u32 seq)
{
	struct sk_buff *skb;

	skb_queue_reverse_walk(&sk->sk_receive_queue, skb)
		if (!before(seq, TCP_SKB_CB(skb)->seq))
			return skb;
	return NULL;
}

/*
 * Does a frame that rekeys wait in TCP's queue, behind data that nobody reads?
 * Each byte is looked at once. Return: bytes of the queue up to the end of the
 * last such frame, 0 if there is none.
 */
static u32 rx_ahead(struct tcpcrypt_sock *ctx)
{
	const struct tcp_sock *tp = tcp_sk(ctx->sk);
	struct tcpcrypt_rxahead *a = &ctx->rx.ahead;
	struct sk_buff *skb;

	if (!a->on) {
		a->p = ctx->rx.p;
		a->seq = tp->copied_seq;
		a->end = tp->copied_seq;
		a->on = true;
	}
	skb = rx_queued(ctx->sk, a->seq);
	if (skb)
		skb_queue_walk_from(&ctx->sk->sk_receive_queue, skb) {
			const u32 off = a->seq - TCP_SKB_CB(skb)->seq;
			const u32 rekeys = a->p.rekeys;
			int used;

			if (off >= skb->len || a->p.bad)
				continue;
			used = rx_parse(ctx, &a->p, skb, off, skb->len - off);
			if (used < 0)
				break;
			a->seq += used;
			if (a->p.rekeys != rekeys)
				a->end = a->seq - rx_begun(ctx, &a->p);
		}
	return after(a->end, tp->copied_seq) ? a->end - tp->copied_seq : 0;
}

static int rx_actor(read_descriptor_t *desc, struct sk_buff *skb,
		    unsigned int off, size_t len)
{
	struct tcpcrypt_sock *ctx = desc->arg.data;
	struct tcpcrypt_rx *rx = &ctx->rx;
	struct tcpcrypt_rxparse saved = rx->p;
	int used;

	if (rx->p.bad || (!rx->forced && rx_full(ctx)))
		return 0;
	if (rx->forced)
		len = min_t(size_t, len, rx->forced);
	used = rx_parse(ctx, &rx->p, skb, off, len);
	if (used > 0 && rx_keep(ctx, skb, off, used)) {
		rx->p = saved;
		rx->stalled = true;
		tcpcrypt_event_after(ctx, TCPCRYPT_RX_RETRY);
		return 0;
	}
	if (rx->forced && used > 0)
		rx->forced -= used;
	return used;
}

/* Would pulling now only move an incomplete frame from queue to queue? */
static bool rx_wait_more(const struct tcpcrypt_sock *ctx)
{
	const struct tcpcrypt_rxparse *p = &ctx->rx.p;
	const struct sock *sk = ctx->sk;
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 avail = tp->rcv_nxt - tp->copied_seq;

	return p->hdr_len == rx_hdr_len(ctx) && avail < p->left &&
	       !sock_flag(sk, SOCK_DONE) &&
	       tcp_receive_window(tp) >= p->left - avail &&
	       atomic_read(&sk->sk_rmem_alloc) < sk->sk_rcvbuf / 2;
}

/* @forced: bytes to take whatever rx_full() says, or 0 */
static void rx_read(struct tcpcrypt_sock *ctx, u32 forced)
{
	read_descriptor_t desc = { .arg.data = ctx, .count = 1 };
	struct tcp_sock *tp = tcp_sk(ctx->sk);
	struct tcpcrypt_rx *rx = &ctx->rx;

	rx->stalled = false;
	/*
	 * The TCP header's urgent pointer is not authenticated (RFC 8547
	 * section 5): the byte it marks is ciphertext like any other.
	 */
	if (tp->urg_data)
		WRITE_ONCE(tp->urg_data, 0);
	rx->forced = forced;
	tcp_read_sock(ctx->sk, &desc, rx_actor);
	rx->forced = 0;
	if (before(rx->ahead.seq, tp->copied_seq))
		rx->ahead.on = false;
}

/**
 * tcpcrypt_rx_pull() - take what is useful out of TCP's queue
 * @ctx: connection in TCPCRYPT_KEX or TCPCRYPT_OPEN
 *
 * If there is enough the rest waits in TCP's queue, unless a frame in it has to
 * be answered (RFC 8548 section 3.8) whether anybody reads or not. Then all up
 * to that frame is taken, and TCP's window stays as if it had not been.
 *
 * Context: socket locked; may be softirq.
 */
void tcpcrypt_rx_pull(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_rx *rx = &ctx->rx;
	u32 forced;

	if ((rx->init_done && !rx->frames_on) || rx->p.bad)
		return;
	if (!rx_full(ctx)) {
		if (rx_wait_more(ctx))
			return;
		rx_read(ctx, 0);
	}
	if (likely(!rx->frames_on || rx->p.bad || !rx_full(ctx)))
		return;
	forced = rx_ahead(ctx);
	if (unlikely(forced))
		rx_read(ctx, forced);
}

/**
 * tcpcrypt_rx_frames_on() - the key exchange is over, frames follow
 * @ctx: the connection
 *
 * Context: socket locked; may be softirq.
 */
void tcpcrypt_rx_frames_on(struct tcpcrypt_sock *ctx)
{
	ctx->rx.frames_on = true;
}

/**
 * tcpcrypt_rx_consume() - drop bytes from the front of the ciphertext
 * @rx: receiving half
 * @len: how many
 *
 * Context: socket locked.
 */
void tcpcrypt_rx_consume(struct tcpcrypt_rx *rx, u32 len)
{
	rx->cipher_len -= len;
	while (len) {
		struct sk_buff *skb = skb_peek(&rx->cipher);
		struct tcpcrypt_rx_cb *cb = tcpcrypt_rx_cb(skb);
		u32 n = min(len, cb->len);

		cb->off += n;
		cb->len -= n;
		len -= n;
		if (cb->len)
			break;
		__skb_unlink(skb, &rx->cipher);
		rx->truesize -= skb->truesize;
		consume_skb(skb);
	}
}

/**
 * tcpcrypt_rx_purge() - free all that has been received
 * @rx: receiving half
 *
 * Context: socket locked or dead.
 */
void tcpcrypt_rx_purge(struct tcpcrypt_rx *rx)
{
	__skb_queue_purge(&rx->cipher);
	__skb_queue_purge(&rx->plain);
	rx->cipher_len = 0;
	rx->truesize = 0;
	rx->plain_len = 0;
	rx->plain_mem = 0;
}

static void rx_input_kex(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_rx *rx = &ctx->rx;
	struct sock *sk = ctx->sk;

	if (!rx->init_done) {
		tcpcrypt_rx_pull(ctx);
		if (rx->p.bad) {
			tcpcrypt_fail(ctx, EPROTO, TCPCRYPT_MIB_KEX_PROTOCOL);
			return;
		}
		if (rx->p.ready)
			tcpcrypt_handshake_input(ctx);
	}
	if (sk->sk_state == TCP_CLOSE)
		tcpcrypt_fail(ctx, sk->sk_err ?: ECONNRESET,
			      TCPCRYPT_MIB_RESET);
	else if (sock_flag(sk, SOCK_DONE) && !rx->init_done && !rx->stalled)
		tcpcrypt_fail(ctx, EBADMSG, TCPCRYPT_MIB_FIN_NO_FINP);
}

static void rx_input_open(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_rx *rx = &ctx->rx;
	struct sock *sk = ctx->sk;

	tcpcrypt_rx_pull(ctx);
	if (rx->p.bad && !rx->p.frames) {
		tcpcrypt_fail(ctx, EBADMSG, TCPCRYPT_MIB_FRAME_MALFORMED);
		return;
	}
	if (sk->sk_state == TCP_CLOSE && sk->sk_err && !ctx->err) {
		/* not an authenticated end: remember it for every reader */
		WRITE_ONCE(ctx->err, sk->sk_err);
		tcpcrypt_mib_inc(ctx->tn->net, TCPCRYPT_MIB_RESET);
	}
	if (ctx->lingering)
		tcpcrypt_event(ctx, TCPCRYPT_EV_LINGER);
	else if (rx->p.frames && !sock_flag(sk, SOCK_DEAD))
		ctx->saved_data_ready(sk);
	tcpcrypt_rekey_input(ctx);
}

/**
 * tcpcrypt_rx_input() - something has arrived, or TCP's state has changed
 * @ctx: the connection
 *
 * Context: socket locked; softirq, backlog or process.
 */
void tcpcrypt_rx_input(struct tcpcrypt_sock *ctx)
{
	if (ctx->detached)
		return;
	if (ctx->state == TCPCRYPT_KEX)
		rx_input_kex(ctx);
	else if (ctx->state == TCPCRYPT_OPEN)
		rx_input_open(ctx);
	else if (ctx->lingering)
		tcpcrypt_event(ctx, TCPCRYPT_EV_LINGER);
}
