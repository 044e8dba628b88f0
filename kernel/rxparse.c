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

static int rx_parse_hdr(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_rxparse *p = &ctx->rx.p;
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
static void rx_complete(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_rxparse *p = &ctx->rx.p;

	p->ready += p->msg_len;
	p->hdr_len = 0;
	if (!ctx->rx.frames_on)
		return;
	p->rekeys += !!(p->hdr[0] & TCPCRYPT_FRAME_REKEY);
	WRITE_ONCE(p->frames, p->frames + 1);
	WRITE_ONCE(p->inq, p->inq + p->msg_len - TCPCRYPT_FRAME_OVERHEAD);
}

/* Walk over @len new bytes; how many of them are wanted */
static int rx_parse(struct tcpcrypt_sock *ctx, struct sk_buff *skb, u32 off,
		    u32 len)
{
	struct tcpcrypt_rxparse *p = &ctx->rx.p;
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
			p->bad = rx_parse_hdr(ctx);
			if (p->bad)
				break;
		}
		n = min(len - used, p->left);
		p->left -= n;
		used += n;
		if (!p->left)
			rx_complete(ctx);
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
 *
 * It counts against the memory of TCP as a whole, but not against the
 * receive buffer: TCP works out the window from that when its own queue is
 * read, not when ours is. If accounting refuses the skb it stays
 * unaccounted: it exists already, and rx_full() bounds what follows.
 *
 * Context: socket locked; may be softirq.
 */
void tcpcrypt_rx_charge(struct tcpcrypt_sock *ctx, struct sk_buff *skb)
{
	if (!sk_rmem_schedule(ctx->sk, skb, skb->truesize))
		return;
	skb_orphan(skb);
	skb->sk = ctx->sk;
	skb->destructor = rx_uncharge;
	sk_mem_charge(ctx->sk, skb->truesize);
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
		tcpcrypt_rx_charge(ctx, own);
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

static int rx_actor(read_descriptor_t *desc, struct sk_buff *skb,
		    unsigned int off, size_t len)
{
	struct tcpcrypt_sock *ctx = desc->arg.data;
	struct tcpcrypt_rxparse saved = ctx->rx.p;
	int used;

	if (ctx->rx.p.bad || rx_full(ctx))
		return 0;
	used = rx_parse(ctx, skb, off, len);
	if (used > 0 && rx_keep(ctx, skb, off, used)) {
		ctx->rx.p = saved;
		ctx->rx.stalled = true;
		tcpcrypt_event_after(ctx, TCPCRYPT_RX_RETRY);
		return 0;
	}
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

/**
 * tcpcrypt_rx_pull() - take what is useful out of TCP's queue
 * @ctx: connection in TCPCRYPT_KEX or TCPCRYPT_OPEN
 *
 * Context: socket locked; may be softirq.
 */
void tcpcrypt_rx_pull(struct tcpcrypt_sock *ctx)
{
	read_descriptor_t desc = { .arg.data = ctx, .count = 1 };
	struct sock *sk = ctx->sk;

	if ((ctx->rx.init_done && !ctx->rx.frames_on) || ctx->rx.p.bad ||
	    rx_full(ctx) || rx_wait_more(ctx))
		return;
	ctx->rx.stalled = false;
	/*
	 * The TCP header's urgent pointer is not authenticated (RFC 8547
	 * section 5): the byte it marks is ciphertext like any other.
	 */
	if (tcp_sk(sk)->urg_data)
		WRITE_ONCE(tcp_sk(sk)->urg_data, 0);
	tcp_read_sock(sk, &desc, rx_actor);
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
