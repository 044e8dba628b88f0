// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receiving: complete frames are opened in the reader's context, and only
 * what the AEAD has authenticated reaches the reader.
 *
 * A frame is decrypted into pages of our own: the ciphertext may still be
 * shared with a sender on this host, and the reader's memory must not see
 * plaintext before its tag has been checked.
 */
#include <linux/scatterlist.h>
#include <linux/skbuff.h>
#include <linux/uio.h>
#include <net/tcp.h>
#include <linux/sockios.h>
#include <asm/ioctls.h>

#include "rx.h"
#include "tcpcrypt.h"
#include "wire.h"

/* Data of frames up to this size is put together, in buffers of this size */
#define RX_GATHER_MAX		2048
#define RX_GATHER_SIZE		SKB_WITH_OVERHEAD(4096)

/**
 * tcpcrypt_rx_readable() - would a read have something to say
 * @ctx: the connection
 *
 * Context: any; without the socket lock the answer may be stale.
 * Return: true if data beyond the low-water mark, EOF or an error is there.
 */
bool tcpcrypt_rx_readable(const struct tcpcrypt_sock *ctx)
{
	const struct tcpcrypt_rx *rx = &ctx->rx;

	if (READ_ONCE(ctx->err) || READ_ONCE(rx->finp) || READ_ONCE(rx->shut))
		return true;
	if (READ_ONCE(ctx->state) != TCPCRYPT_OPEN)
		return false;
	return READ_ONCE(rx->plain_len) + READ_ONCE(rx->p.inq) >=
	       READ_ONCE(rx->lowat) + tcpcrypt_urg_hidden(ctx);
}

static void rx_peek_hdr(struct tcpcrypt_rx *rx, u8 hdr[TCPCRYPT_FRAME_HDR_LEN])
{
	struct sk_buff *skb;
	u32 got = 0;

	skb_queue_walk(&rx->cipher, skb) {
		const struct tcpcrypt_rx_cb *cb = tcpcrypt_rx_cb(skb);
		u32 n = min_t(u32, TCPCRYPT_FRAME_HDR_LEN - got, cb->len);

		skb_copy_bits(skb, cb->off, hdr + got, n);
		got += n;
		if (got == TCPCRYPT_FRAME_HDR_LEN)
			break;
	}
}

static unsigned int rx_count_sg(const struct sk_buff *skb)
{
	const struct sk_buff *frag;
	unsigned int n = 1 + skb_shinfo(skb)->nr_frags;

	skb_walk_frags(skb, frag)
		n += 1 + skb_shinfo(frag)->nr_frags;
	return n;
}

/* Entries a scatterlist of the first @len bytes of ciphertext may need */
static unsigned int rx_count_cipher(struct tcpcrypt_rx *rx, u32 len)
{
	struct sk_buff *skb;
	unsigned int n = 0;
	u32 got = 0;

	skb_queue_walk(&rx->cipher, skb) {
		n += rx_count_sg(skb);
		got += tcpcrypt_rx_cb(skb)->len;
		if (got >= len)
			break;
	}
	return n;
}

static int rx_map_cipher(struct tcpcrypt_rx *rx, u32 len,
			 struct scatterlist *sg)
{
	struct sk_buff *skb;
	int n = 0;

	skb_queue_walk(&rx->cipher, skb) {
		const struct tcpcrypt_rx_cb *cb = tcpcrypt_rx_cb(skb);
		u32 part = min(len, cb->len);
		int ret;

		ret = skb_to_sgvec_nomark(skb, sg + n, cb->off, part);
		if (ret < 0)
			return ret;
		n += ret;
		len -= part;
		if (!len)
			break;
	}
	sg_mark_end(&sg[n - 1]);
	return 0;
}

static struct sk_buff *rx_alloc_plain(u32 len)
{
	struct sk_buff *skb;
	int err;

	skb = alloc_skb_with_frags(0, len, PAGE_ALLOC_COSTLY_ORDER, &err,
				   GFP_KERNEL);
	if (!skb)
		return NULL;
	skb->len = len;
	skb->data_len = len;
	return skb;
}

/* Decrypt the frame at the front of the ciphertext */
static int rx_decrypt(struct tcpcrypt_sock *ctx, u32 clen,
		      struct sk_buff *plain)
{
	const u32 wire = TCPCRYPT_FRAME_HDR_LEN + clen;
	struct tcpcrypt_rx *rx = &ctx->rx;
	struct scatterlist *src, *dst;
	unsigned int nsrc, ndst;
	int err;

	nsrc = rx_count_cipher(rx, wire);
	ndst = 1 + rx_count_sg(plain);
	src = kmalloc_array(nsrc + ndst, sizeof(*src), GFP_KERNEL);
	if (!src)
		return -ENOMEM;
	dst = src + nsrc;
	sg_init_table(src, nsrc);
	sg_init_table(dst, ndst);
	err = rx_map_cipher(rx, wire, src);
	if (err)
		goto out;
	sg_set_buf(dst, rx->aad, TCPCRYPT_FRAME_HDR_LEN);
	err = skb_to_sgvec(plain, dst + 1, 0, plain->len);
	if (err >= 0)
		err = tcpcrypt_aead_open(&rx->s.aead, rx->s.off, src, dst,
					 clen);
out:
	kfree(src);
	return err;
}

/* A buffer behind @rx->plain with room for @len bytes more; NULL: none */
static struct sk_buff *rx_gather_room(struct tcpcrypt_sock *ctx, u32 len,
				      bool held)
{
	struct tcpcrypt_rx *rx = &ctx->rx;
	struct sk_buff *tail = skb_peek_tail(&rx->plain);

	/* a reader who keeps up gets what there is as it is */
	if (!tail || len > RX_GATHER_MAX)
		return NULL;
	if (!skb_is_nonlinear(tail) && skb_tailroom(tail) >= len)
		return tail;
	tail = alloc_skb(RX_GATHER_SIZE, GFP_KERNEL);
	if (!tail)
		return NULL;
	tcpcrypt_rx_cb(tail)->off = 0;
	tcpcrypt_rx_cb(tail)->len = 0;
	rx->plain_mem += tail->truesize;
	__skb_queue_tail(&rx->plain, tail);
	tcpcrypt_rx_charge(ctx, tail, held);
	return tail;
}

/*
 * Queue data for the reader. Small pieces are put together: a page for each
 * would cost a peer nothing, and more than it may make us keep.
 */
static void rx_queue_plain(struct tcpcrypt_sock *ctx, struct sk_buff *skb,
			   u32 off, u32 len, bool held)
{
	struct sk_buff *tail = rx_gather_room(ctx, len, held);
	struct tcpcrypt_rx *rx = &ctx->rx;

	if (tail) {
		/* cannot fail: the bytes are there */
		skb_copy_bits(skb, off, skb_put(tail, len), len);
		tcpcrypt_rx_cb(tail)->len += len;
		kfree_skb(skb);
	} else {
		tcpcrypt_rx_cb(skb)->off = off;
		tcpcrypt_rx_cb(skb)->len = len;
		rx->plain_mem += skb->truesize;
		__skb_queue_tail(&rx->plain, skb);
		tcpcrypt_rx_charge(ctx, skb, held);
	}
	rx->s.bytes += len;
	WRITE_ONCE(rx->plain_len, rx->plain_len + len);
}

/* The frame is authentic: what does it say? */
static int rx_accept(struct tcpcrypt_sock *ctx, struct sk_buff *skb, bool held)
{
	struct tcpcrypt_rx *rx = &ctx->rx;
	struct tcpcrypt_plain plain;
	u8 head[3] = {};
	u32 len;

	skb_copy_bits(skb, 0, head, min_t(u32, skb->len, sizeof(head)));
	if (tcpcrypt_wire_parse_plain(head, skb->len, &plain)) {
		tcpcrypt_fail(ctx, EBADMSG, TCPCRYPT_MIB_FRAME_MALFORMED);
		goto drop;
	}
	len = skb->len - plain.data_off;
	if (rx->finp) {
		tcpcrypt_fail(ctx, EBADMSG, TCPCRYPT_MIB_DATA_AFTER_FINP);
		goto drop;
	}
	if (plain.finp)
		WRITE_ONCE(rx->finp, true);
	tcpcrypt_keepalive_heard(ctx);
	if (unlikely(plain.urgp))
		tcpcrypt_urg_mark(ctx, plain.urgent);
	if (!len) {
		kfree_skb(skb);
		return 1;
	}
	tcpcrypt_urg_data(ctx, skb, plain.data_off, len);
	rx_queue_plain(ctx, skb, plain.data_off, len, held);
	return 1;
drop:
	kfree_skb(skb);
	return -EBADMSG;
}

/* RFC 8548 section 3.8: this frame is the first of the next generation */
static int rx_rekey(struct tcpcrypt_sock *ctx)
{
	int err;

	if (ctx->rx.rekeyed)
		return 0;
	err = tcpcrypt_stream_rekey(&ctx->rx.s, !ctx->key_b, ctx->aead);
	if (err)
		return err;
	ctx->rx.rekeyed = true;
	tcpcrypt_mib_inc(ctx->tn->net, TCPCRYPT_MIB_REKEY_RECEIVED);
	return 0;
}

static int rx_open_frame(struct tcpcrypt_sock *ctx, bool rekey, u32 clen)
{
	struct tcpcrypt_rx *rx = &ctx->rx;
	struct sk_buff *skb;
	bool held;
	int err;

	/* memory first: a failure here leaves everything as it was */
	skb = rx_alloc_plain(clen - TCPCRYPT_AE_TAG_LEN);
	if (!skb)
		return -ENOMEM;
	err = rekey ? rx_rekey(ctx) : 0;
	if (!err)
		err = rx_decrypt(ctx, clen, skb);
	if (err) {
		kfree_skb(skb);
		if (err == -ENOMEM)
			return err;
		tcpcrypt_fail(ctx, err == -EBADMSG ? EBADMSG : EIO,
			      TCPCRYPT_MIB_FRAME_BAD);
		return err;
	}
	tcpcrypt_mib_inc(ctx->tn->net, TCPCRYPT_MIB_FRAMES_RECEIVED);
	rx->s.off += TCPCRYPT_FRAME_HDR_LEN + clen;
	rx->s.frames++;
	held = tcpcrypt_rx_held(skb_peek(&rx->cipher));
	tcpcrypt_rx_consume(rx, TCPCRYPT_FRAME_HDR_LEN + clen);
	rx->p.ready -= TCPCRYPT_FRAME_HDR_LEN + clen;
	WRITE_ONCE(rx->p.frames, rx->p.frames - 1);
	rx->p.rekeys -= rekey;
	rx->rekeyed = false;
	WRITE_ONCE(rx->p.inq, rx->p.inq - (clen - TCPCRYPT_FRAME_CLEN_MIN));
	return rx_accept(ctx, skb, held);
}

/**
 * tcpcrypt_rx_open() - open the next complete frame
 * @ctx: connection in TCPCRYPT_OPEN
 *
 * Context: process, socket owned; sleeps.
 * Return: 1 if a frame has been opened, 0 if none is complete, -ENOMEM, or
 * -EBADMSG after which the connection is aborted.
 */
int tcpcrypt_rx_open(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_rx *rx = &ctx->rx;
	u8 hdr[TCPCRYPT_FRAME_HDR_LEN];
	bool rekey;
	int ret;

	if (!rx->p.frames)
		tcpcrypt_rx_pull(ctx);
	if (!rx->p.frames) {
		if (!rx->p.bad)
			return 0;
		tcpcrypt_fail(ctx, EBADMSG, TCPCRYPT_MIB_FRAME_MALFORMED);
		return -EBADMSG;
	}
	rx_peek_hdr(rx, hdr);
	rekey = hdr[0] & TCPCRYPT_FRAME_REKEY;
	ret = rx_open_frame(ctx, rekey, tcpcrypt_wire_frame_clen(hdr));
	if (ret > 0 && rekey)
		tcpcrypt_rekey_run(ctx);
	return ret;
}

/**
 * tcpcrypt_rx_end() - no frame is left to open: is this the end
 * @ctx: connection in TCPCRYPT_OPEN or TCPCRYPT_FAILED
 *
 * EOF is reported when and only when FINp has been received (RFC 8548
 * section 3.7), or the reader has shut its own side down.
 *
 * Context: process, socket owned.
 * Return: 0 for EOF, a negative errno, 1 if more may come.
 */
int tcpcrypt_rx_end(struct tcpcrypt_sock *ctx)
{
	struct sock *sk = ctx->sk;

	if (ctx->rx.finp && ctx->state == TCPCRYPT_OPEN)
		return 0;
	/* nothing more is awaited, whatever becomes of the peer */
	if (ctx->rx.shut && !ctx->err)
		return 0;
	if (ctx->err) {
		WRITE_ONCE(sk->sk_err, 0);
		return -ctx->err;
	}
	if (sock_flag(sk, SOCK_DONE)) {
		if (ctx->rx.stalled)
			return 1;
		tcpcrypt_fail(ctx, EBADMSG, TCPCRYPT_MIB_FIN_NO_FINP);
		WRITE_ONCE(sk->sk_err, 0);
		return -EBADMSG;
	}
	if (sk->sk_err)
		return sock_error(sk);
	return sk->sk_state == TCP_CLOSE ? -ENOTCONN : 1;
}

/* Hand over from the plaintext, starting @skip bytes in if only peeking */
static int rx_deliver(struct tcpcrypt_rx *rx, struct msghdr *msg, size_t len,
		      u32 skip, int flags)
{
	struct sk_buff *skb, *next;
	size_t done = 0;

	skb_queue_walk_safe(&rx->plain, skb, next) {
		struct tcpcrypt_rx_cb *cb = tcpcrypt_rx_cb(skb);
		u32 n;

		if (done == len)
			break;
		if (skip >= cb->len) {
			skip -= cb->len;
			continue;
		}
		n = min_t(size_t, cb->len - skip, len - done);
		if (!(flags & MSG_TRUNC) &&
		    skb_copy_datagram_msg(skb, cb->off + skip, msg, n))
			return done ?: -EFAULT;
		done += n;
		skip = 0;
		if (flags & MSG_PEEK)
			continue;
		cb->off += n;
		cb->len -= n;
		WRITE_ONCE(rx->plain_len, rx->plain_len - n);
		if (!cb->len) {
			__skb_unlink(skb, &rx->plain);
			rx->plain_mem -= skb->truesize;
			consume_skb(skb);
		}
	}
	return done;
}

/**
 * tcpcrypt_rx_skip() - drop plaintext that nobody shall get
 * @rx: receiving half
 * @len: bytes, at most as many as there are
 *
 * Context: process, socket owned.
 */
void tcpcrypt_rx_skip(struct tcpcrypt_rx *rx, size_t len)
{
	rx_deliver(rx, NULL, len, 0, MSG_TRUNC);
}

/* Hand over up to @len bytes, but not beyond an urgent mark; -ENODATA at it */
static int rx_deliver_some(struct tcpcrypt_sock *ctx, struct msghdr *msg,
			   size_t len, u32 *skip, int copied, int flags)
{
	bool peek = flags & MSG_PEEK;
	size_t limit;
	bool hole;
	int ret;

	/* a read of no bytes is over as soon as one could be read */
	if (unlikely(!len))
		return ctx->rx.plain_len > *skip ? -ENODATA : 0;
	limit = tcpcrypt_urg_limit(ctx, peek ? *skip + copied : 0, copied, len,
				   &hole);
	if (!limit)
		return -ENODATA;
	if (unlikely(hole)) {
		if (peek)
			(*skip)++;
		else
			tcpcrypt_rx_skip(&ctx->rx, 1);
	}
	ret = rx_deliver(&ctx->rx, msg, limit, peek ? *skip + copied : 0,
			 flags);
	if (!peek)
		tcpcrypt_urg_passed(ctx);
	return ret;
}

/*
 * TCP tells its peer of a window that has opened when its own queue is read.
 * A bottom half may have read it while the backlog still counted against the
 * window; then nothing but this would tell the peer before it probes.
 */
static void rx_update_window(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (2 * tcp_receive_window(tp) > tp->window_clamp ||
	    atomic_read(&sk->sk_rmem_alloc) > sk->sk_rcvbuf / 2 ||
	    !((1 << sk->sk_state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT)))
		return;
	inet_csk_schedule_ack(sk);
	release_sock(sk);
	/* an even value keeps delayed ACKs as they were */
	tcp_sock_set_quickack(sk, inet_csk_in_pingpong_mode(sk) ? 2 : 1);
	lock_sock(sk);
}

/* @seen: bytes of plaintext that a reader who peeks has got already */
static int rx_wait(struct tcpcrypt_sock *ctx, struct sock *sk, u32 seen,
		   long *timeo)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);

	rx_update_window(sk);
	add_wait_queue(sk_sleep(sk), &wait);
	sk_set_bit(SOCKWQ_ASYNC_WAITDATA, sk);
	sk_wait_event(sk, timeo,
		      READ_ONCE(ctx->rx.p.frames) || READ_ONCE(ctx->err) ||
		      READ_ONCE(sk->sk_err) || READ_ONCE(ctx->detached) ||
		      READ_ONCE(ctx->rx.plain_len) > seen ||
		      READ_ONCE(ctx->rx.shut) || READ_ONCE(ctx->rx.finp) ||
		      (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN), &wait);
	sk_clear_bit(SOCKWQ_ASYNC_WAITDATA, sk);
	remove_wait_queue(sk_sleep(sk), &wait);
	return signal_pending(current) ? sock_intr_errno(*timeo) : 0;
}

/*
 * Memory was too short to open a frame, which stays where it is: wait a moment,
 * or say -EAGAIN, and that there is something to read when it may be worth it.
 */
static int rx_wait_memory(struct tcpcrypt_sock *ctx, struct sock *sk,
			  long *timeo)
{
	const long wait = min_t(long, TCPCRYPT_RX_RETRY, *timeo);

	if (!*timeo) {
		ctx->rx.stalled = true;
		tcpcrypt_event_after(ctx, TCPCRYPT_RX_RETRY);
		return -EAGAIN;
	}
	release_sock(sk);
	if (*timeo != MAX_SCHEDULE_TIMEOUT)
		*timeo -= wait;
	schedule_timeout_interruptible(wait);
	lock_sock(sk);
	/* connect(AF_UNSPEC), as TCP says it to who waits */
	if (ctx->detached)
		return -EPIPE;
	return signal_pending(current) ? sock_intr_errno(*timeo) : 0;
}

/* Nothing is here: 0 to look again, 1 to return what there is, or an error */
static int rx_block(struct tcpcrypt_sock *ctx, struct sock *sk, bool some,
		    u32 seen, long *timeo)
{
	int ret = tcpcrypt_rx_end(ctx);

	if (ret <= 0)
		return some || !ret ? 1 : ret;
	if (!*timeo)
		return some ? 1 : -EAGAIN;
	if (signal_pending(current))
		return some ? 1 : sock_intr_errno(*timeo);
	ret = rx_wait(ctx, sk, seen, timeo);
	if (ctx->detached)
		return some ? 1 : -EPIPE;
	return ret && some ? 1 : ret;
}

static u32 rx_inq(const struct tcpcrypt_sock *ctx)
{
	return READ_ONCE(ctx->rx.plain_len) + READ_ONCE(ctx->rx.p.inq);
}

/* Complete frames that ever came out of TCP's queue */
static u64 rx_frames_seen(const struct tcpcrypt_rx *rx)
{
	return rx->s.frames + rx->p.frames;
}

/*
 * Make what was left in TCP's queue visible. A reader that has asked SIOCINQ
 * reads so much and waits for an edge: one that no bottom half will give for
 * frames that this call found in the queue.
 */
static void rx_announce(struct tcpcrypt_sock *ctx, u64 seen)
{
	const struct tcpcrypt_rx *rx = &ctx->rx;

	if (ctx->state != TCPCRYPT_OPEN)
		return;
	if (!rx->p.frames)
		tcpcrypt_rx_pull(ctx);
	if (rx_frames_seen(rx) > seen && (rx->p.frames || rx->plain_len))
		ctx->saved_data_ready(ctx->sk);
	/* nor does a bottom half see that one of them has to be answered */
	tcpcrypt_rekey_input(ctx);
}

/*
 * What is peeked at stays, outside of the receive buffer, and a reader may ask
 * for any length: it gets no more than a receive buffer holds.
 */
static bool rx_peeked_enough(const struct tcpcrypt_sock *ctx)
{
	return ctx->rx.plain_len >= (u32)READ_ONCE(ctx->sk->sk_rcvbuf);
}

static int rx_receive(struct tcpcrypt_sock *ctx, struct sock *sk,
		      struct msghdr *msg, size_t len, int flags, long timeo)
{
	int target = (flags & MSG_WAITALL ? len :
		      min_t(int, READ_ONCE(ctx->rx.lowat), len)) ?: 1;
	u32 skip = flags & MSG_PEEK ? max(sk_peek_offset(sk, flags), 0) : 0;
	const u64 seen = rx_frames_seen(&ctx->rx);
	int copied = 0;
	int ret;

	for (;;) {
		ret = rx_deliver_some(ctx, msg, len - copied, &skip, copied,
				      flags);
		if (ret < 0) {
			if (ret == -ENODATA)
				ret = 0;
			break;
		}
		copied += ret;
		if (len && copied == len)
			break;
		if (flags & MSG_PEEK && rx_peeked_enough(ctx)) {
			ret = -EAGAIN;
			break;
		}
		ret = ctx->state == TCPCRYPT_OPEN ? tcpcrypt_rx_open(ctx) : 0;
		if (ret == -ENOMEM && copied < target)
			ret = rx_wait_memory(ctx, sk, &timeo) ?: 1;
		if (ret > 0)
			continue;
		if (ret < 0 || copied >= target)
			break;
		ret = rx_block(ctx, sk, copied,
			       flags & MSG_PEEK ? skip + copied : 0, &timeo);
		if (ret)
			break;
	}
	if (ret == -EBADMSG)
		WRITE_ONCE(sk->sk_err, 0);
	if (flags & MSG_PEEK)
		sk_peek_offset_fwd(sk, copied);
	else
		sk_peek_offset_bwd(sk, copied);
	rx_announce(ctx, seen);
	return copied ?: min(ret, 0);
}

static void rx_put_inq(struct tcpcrypt_sock *ctx, struct sock *sk,
		       struct msghdr *msg)
{
	int inq = rx_inq(ctx);

	if (!inq && (ctx->rx.finp || ctx->err))
		inq = 1;
	put_cmsg(msg, SOL_TCP, TCP_CM_INQ, sizeof(inq), &inq);
}

/**
 * tcpcrypt_recvmsg() - receive application data
 * @sk: a socket that carries our ULP, or did a moment ago
 * @msg: as for any stream socket
 * @len: bytes wanted
 * @flags: MSG_* flags
 *
 * Context: process.
 * Return: bytes received, 0 at an authenticated end, a negative errno;
 * -ENOPROTOOPT if TCP's own function is to be used.
 */
int tcpcrypt_recvmsg(struct sock *sk, struct msghdr *msg, size_t len,
		     int flags)
{
	struct tcpcrypt_sock *ctx;
	long timeo;
	int ret;

	if (flags & MSG_ERRQUEUE)
		return -ENOPROTOOPT;
	ctx = tcpcrypt_sock_get(sk);
	if (!ctx)
		return tcpcrypt_sock_refused(sk) ? -ENOMEM : -ENOPROTOOPT;

	lock_sock(sk);
	timeo = sock_rcvtimeo(sk, flags & MSG_DONTWAIT);
	ret = tcpcrypt_settle(ctx, sk, &timeo);
	/* what was authentic before the stream was spoilt is still due */
	if (ret < 0 && ctx->state == TCPCRYPT_FAILED && ctx->rx.plain_len)
		ret = 0;
	if (!ret && (flags & MSG_OOB)) {
		ret = tcpcrypt_urg_recv(ctx, msg, len, flags);
	} else if (!ret) {
		ret = rx_receive(ctx, sk, msg, len, flags, timeo);
		if (ret >= 0 && tcp_sk(sk)->recvmsg_inq)
			rx_put_inq(ctx, sk, msg);
		if (ret > 0 && !(flags & MSG_PEEK))
			rx_update_window(sk);
	} else if (ret == -ctx->err) {
		WRITE_ONCE(sk->sk_err, 0);
	}
	release_sock(sk);
	tcpcrypt_sock_put(ctx);
	return ret;
}

/* The last @wire bytes as the application counts them, rounded up */
static int rx_outq(const struct tcpcrypt_sock *ctx, u32 wire)
{
	const struct tcpcrypt_stream *s = &ctx->tx.s;
	u64 sent = s->bytes + s->frames * TCPCRYPT_FRAME_OVERHEAD;

	if (!wire || !s->bytes)
		return 0;
	if (wire >= sent)
		return min_t(u64, s->bytes, INT_MAX);
	return DIV64_U64_ROUND_UP((u64)wire * s->bytes, sent);
}

/**
 * tcpcrypt_ioctl() - byte counts of an encrypted socket
 * @sk: the socket
 * @cmd: SIOCINQ, SIOCOUTQ, SIOCOUTQNSD and SIOCATMARK are answered here
 * @karg: the answer
 *
 * Context: process.
 * Return: 0, or -ENOIOCTLCMD if TCP's own function is to be used.
 */
int tcpcrypt_ioctl(struct sock *sk, int cmd, int *karg)
{
	struct tcpcrypt_sock *ctx = tcpcrypt_sock_get(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	int ret = -ENOIOCTLCMD;

	if (!ctx)
		return ret;
	lock_sock(sk);
	if (ctx->state == TCPCRYPT_OPEN && !ctx->detached) {
		ret = 0;
		if (cmd == SIOCINQ)
			*karg = tcpcrypt_urg_inq(ctx, rx_inq(ctx));
		else if (cmd == SIOCATMARK)
			*karg = tcpcrypt_urg_atmark(ctx);
		else if (cmd == SIOCOUTQ)
			*karg = rx_outq(ctx, tp->write_seq - tp->snd_una);
		else if (cmd == SIOCOUTQNSD)
			*karg = rx_outq(ctx, tp->write_seq - tp->snd_nxt);
		else
			ret = -ENOIOCTLCMD;
	} else if (ctx->state != TCPCRYPT_PLAIN && !ctx->detached &&
		   (cmd == SIOCINQ || cmd == SIOCOUTQ || cmd == SIOCOUTQNSD)) {
		*karg = 0;
		ret = 0;
	}
	release_sock(sk);
	tcpcrypt_sock_put(ctx);
	return ret;
}
