// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receiving: the reader has the frames opened, and gets only what the AEAD has
 * authenticated.
 */
#include <linux/skbuff.h>
#include <linux/sockios.h>
#include <linux/uio.h>
#include <net/tcp.h>
#include <asm/ioctls.h>

#include "rx.h"
#include "tcpcrypt.h"
#include "wire.h"

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
