// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sending: application data is sealed into frames, frames go to TCP whole.
 *
 * A frame is built where TCP will send it from: its header, flags and data
 * are written into page fragments and encrypted in place, then the pages are
 * handed over. Whatever TCP cannot take stays as it is and is handed over
 * later: a frame is never sealed twice (RFC 8548 section 3.6).
 */
#include <linux/bvec.h>
#include <linux/scatterlist.h>
#include <linux/socket.h>
#include <linux/uio.h>
#include <linux/unaligned.h>
#include <net/tcp.h>

#include "tcpcrypt.h"
#include "wire.h"

/* How soon to try again when TCP had no memory for a sealed frame */
#define TX_RETRY		(HZ / 50)

static void tx_unreserve(struct tcpcrypt_tx *tx)
{
	while (tx->nr_pieces)
		put_page(tx->piece[--tx->nr_pieces].bv_page);
}

/**
 * tcpcrypt_tx_free() - wipe and free the sending half
 * @tx: the sending half
 *
 * Context: process.
 */
void tcpcrypt_tx_free(struct tcpcrypt_tx *tx)
{
	tcpcrypt_stream_free(&tx->s);
	/* of a frame that TCP never took: the connection was gone */
	tx_unreserve(tx);
	if (tx->frag.page)
		put_page(tx->frag.page);
	tx->frag.page = NULL;
}

/* What tcp_sendmsg_locked() looks at when it finds no memory */
static struct socket_alloc tx_nosock_alloc;

/*
 * Before accept() and after close() a socket has no struct socket, but TCP looks
 * for one when it would have to wait. Nobody waits here; nobody else can use
 * the socket.
 */
static bool tx_lend_socket(struct sock *sk)
{
	struct socket *sock = &tx_nosock_alloc.socket;

	if (sk->sk_socket)
		return false;
	if (!sock->wq.wait.head.next)
		init_waitqueue_head(&sock->wq.wait);
	write_lock_bh(&sk->sk_callback_lock);
	rcu_assign_pointer(sk->sk_wq, &sock->wq);
	sk_set_socket(sk, sock);
	write_unlock_bh(&sk->sk_callback_lock);
	return true;
}

static void tx_unlend_socket(struct sock *sk)
{
	write_lock_bh(&sk->sk_callback_lock);
	sk_set_socket(sk, NULL);
	RCU_INIT_POINTER(sk->sk_wq, NULL);
	write_unlock_bh(&sk->sk_callback_lock);
}

/**
 * tcpcrypt_tx_init_msg() - send an Init message, or the rest of one
 * @sk: the socket
 * @msg: the bytes
 * @len: how many
 *
 * MSG_EOR keeps later data out of its last segment, which must carry PSH
 * (RFC 8548 section 3.3), and a corked socket must not hold it back. Nor must
 * the message hold the application's first data back, as Nagle's algorithm
 * holds back a small segment behind another: host B may send data at once.
 *
 * Context: socket locked, either way; may be softirq.
 * Return: bytes taken or a negative errno.
 */
int tcpcrypt_tx_init_msg(struct sock *sk, u8 *msg, size_t len)
{
	struct kvec kvec = { .iov_base = msg, .iov_len = len };
	struct msghdr mh = {
		.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_EOR,
	};
	const bool task_frag = sk->sk_use_task_frag;
	const gfp_t gfp = sk->sk_allocation;
	struct tcp_sock *tp = tcp_sk(sk);
	const u32 snd_sml = tp->snd_sml;
	const u8 nonagle = tp->nonagle;
	bool lent;
	int ret;

	iov_iter_kvec(&mh.msg_iter, ITER_SOURCE, &kvec, 1, len);
	lent = tx_lend_socket(sk);
	sk->sk_allocation = GFP_ATOMIC;
	sk->sk_use_task_frag = false;
	tp->nonagle = TCP_NAGLE_OFF | TCP_NAGLE_PUSH;
	ret = tcp_sendmsg_locked(sk, &mh, len);
	tp->nonagle = nonagle;
	tp->snd_sml = snd_sml;
	sk->sk_use_task_frag = task_frag;
	sk->sk_allocation = gfp;
	if (lent)
		tx_unlend_socket(sk);
	return ret;
}

/* Move past the bytes of the pending frame that TCP has taken */
static void tx_taken(struct tcpcrypt_tx *tx, unsigned int len)
{
	struct bio_vec *piece = tx->piece;
	unsigned int i = 0;

	WRITE_ONCE(tx->pending, tx->pending - len);
	while (i < tx->nr_pieces && len >= piece[i].bv_len) {
		len -= piece[i].bv_len;
		put_page(piece[i++].bv_page);
	}
	if (len) {
		piece[i].bv_offset += len;
		piece[i].bv_len -= len;
	}
	tx->nr_pieces -= i;
	if (tx->nr_pieces)
		memmove(piece, piece + i, tx->nr_pieces * sizeof(*piece));
}

/**
 * tcpcrypt_tx_foreign() - has TCP been given data that is not ours
 * @ctx: the connection
 *
 * A thread that was in send() before connect() on another thread put our
 * functions on the socket is in TCP's function, waiting for the lock. What it
 * sends is in clear: the connection is aborted.
 *
 * Context: socket locked, either way; may be softirq.
 * Return: true if so.
 */
bool tcpcrypt_tx_foreign(struct tcpcrypt_sock *ctx)
{
	const struct sock *sk = ctx->sk;

	if (ctx->state == TCPCRYPT_FAILED)
		return ctx->fallback == TCPCRYPT_MIB_SEND_FOREIGN;
	/* nobody has a child before us, and a FIN takes a number as well */
	if (likely(tcp_sk(sk)->write_seq == ctx->tx.given) ||
	    ctx->tx.pushing || ctx->passive ||
	    (ctx->state != TCPCRYPT_KEX && ctx->state != TCPCRYPT_OPEN) ||
	    !((1 << sk->sk_state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT)))
		return false;
	tcpcrypt_fail(ctx, EPROTO, TCPCRYPT_MIB_SEND_FOREIGN);
	return true;
}

/**
 * tcpcrypt_tx_flush() - hand the sealed frame to TCP
 * @ctx: connection with a pending frame
 * @flags: MSG_MORE or 0
 *
 * All of it goes in at once whatever the send buffer's bound says: that was
 * asked before the frame was sealed. Only lack of memory leaves a rest,
 * which the timer and sk_write_space come back for.
 *
 * Context: process, socket owned.
 * Return: 0 when TCP has all of it, -EAGAIN when not, or the error of a
 * connection that is gone.
 */
int tcpcrypt_tx_flush(struct tcpcrypt_sock *ctx, int flags)
{
	struct tcpcrypt_tx *tx = &ctx->tx;
	struct msghdr msg = {
		.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL | (flags & MSG_MORE),
	};
	struct sock *sk = ctx->sk;
	int sndbuf = sk->sk_sndbuf;
	bool lent;
	int ret;

	if (tcpcrypt_tx_foreign(ctx))
		return -EPIPE;
	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, tx->piece, tx->nr_pieces,
		      tx->pending);
	WRITE_ONCE(tx->pushing, true);
	WRITE_ONCE(sk->sk_sndbuf, INT_MAX);
	lent = tx_lend_socket(sk);
	ret = tcp_sendmsg_pages(sk, &msg, tx->pending);
	if (lent)
		tx_unlend_socket(sk);
	/* unless TCP has tuned it meanwhile */
	if (sk->sk_sndbuf == INT_MAX)
		WRITE_ONCE(sk->sk_sndbuf, sndbuf);
	tx->given = tcp_sk(sk)->write_seq;
	WRITE_ONCE(tx->pushing, false);
	if (ret > 0)
		tx_taken(tx, ret);
	if (!tx->pending)
		return 0;
	if (ret < 0 && ret != -EAGAIN && ret != -ENOMEM)
		return ret;
	tcpcrypt_mib_inc(ctx->tn->net, TCPCRYPT_MIB_SEND_RETRIED);
	tcpcrypt_event_after(ctx, TX_RETRY);
	return -EAGAIN;
}

/* Find room for a frame of at most @len bytes; how many there are */
static unsigned int tx_reserve(struct tcpcrypt_sock *ctx, unsigned int len)
{
	struct tcpcrypt_tx *tx = &ctx->tx;
	struct page_frag *frag = &tx->frag;
	unsigned int got = 0;

	tx->nr_pieces = 0;
	while (got < len && tx->nr_pieces < TCPCRYPT_TX_PIECES) {
		struct bio_vec *piece = &tx->piece[tx->nr_pieces];
		unsigned int n;

		if (!sk_page_frag_refill(ctx->sk, frag))
			break;
		n = min(len - got, frag->size - frag->offset);
		piece->bv_page = frag->page;
		piece->bv_offset = frag->offset;
		piece->bv_len = n;
		get_page(frag->page);
		frag->offset += n;
		got += n;
		tx->nr_pieces++;
	}
	return got;
}

/* Copy into the reserved pieces, from byte @pos of the frame on */
static int tx_fill(struct tcpcrypt_tx *tx, unsigned int pos,
		   struct iov_iter *from, size_t len)
{
	struct bio_vec *piece = tx->piece;

	while (len) {
		size_t n;

		if (pos >= piece->bv_len) {
			pos -= piece->bv_len;
			piece++;
			continue;
		}
		n = min_t(size_t, len, piece->bv_len - pos);
		if (copy_page_from_iter(piece->bv_page, piece->bv_offset + pos,
					n, from) != n)
			return -EFAULT;
		pos += n;
		len -= n;
	}
	return 0;
}

/* Bytes of plaintext in front of the data: flags, and the urgent field */
static unsigned int tx_head_len(const struct tcpcrypt_tx *tx)
{
	return tx->urgent ? 3 : 1;
}

static void tx_fill_head(struct tcpcrypt_tx *tx, u16 clen, u8 flags)
{
	/* a piece has 32 bytes at least (skb_page_frag_refill()) */
	u8 *p = page_address(tx->piece[0].bv_page) + tx->piece[0].bv_offset;

	tcpcrypt_wire_frame_hdr(p, tx->rekey, clen);
	p += TCPCRYPT_FRAME_HDR_LEN;
	*p = flags;
	if (tx->urgent) {
		*p |= TCPCRYPT_FRAME_URGP;
		/* RFC 8548 section 3.7: the last urgent byte */
		put_unaligned_be16(tx->urgent - 1, p + 1);
	}
}

static int tx_seal(struct tcpcrypt_tx *tx, unsigned int plen)
{
	struct scatterlist sg[TCPCRYPT_TX_PIECES];
	unsigned int i;

	sg_init_table(sg, tx->nr_pieces);
	for (i = 0; i < tx->nr_pieces; i++)
		sg_set_page(&sg[i], tx->piece[i].bv_page, tx->piece[i].bv_len,
			    tx->piece[i].bv_offset);
	return tcpcrypt_aead_seal(&tx->s.aead, tx->s.off, sg, sg, plen);
}

static int tx_rekey(struct tcpcrypt_sock *ctx)
{
	int err;

	err = tcpcrypt_stream_rekey(&ctx->tx.s, ctx->key_b, ctx->aead);
	if (err && err != -ENOMEM)
		tcpcrypt_fail(ctx, EIO, TCPCRYPT_MIB_KEX_FAILED);
	if (err)
		return err;
	ctx->tx.rekey = true;
	tcpcrypt_rekey_begin(ctx);
	tcpcrypt_mib_inc(ctx->tn->net, TCPCRYPT_MIB_REKEY_SENT);
	return 0;
}

/**
 * tcpcrypt_tx_frame() - seal one frame and hand it to TCP
 * @ctx: connection in TCPCRYPT_OPEN with no frame pending
 * @msg: where the data is; may be NULL if @len is 0
 * @len: bytes of data wanted in the frame, at most the configured maximum
 * @finp: set the FINp bit: nothing may follow
 * @flags: MSG_MORE if more will follow at once
 *
 * When pages are short the frame holds less than was asked for.
 *
 * Context: process, socket owned; sleeps.
 * Return: bytes of data in the frame, which is then sealed and counted as
 * sent even if TCP has not taken all of it yet; or a negative errno.
 */
int tcpcrypt_tx_frame(struct tcpcrypt_sock *ctx, struct msghdr *msg,
		      size_t len, bool finp, int flags)
{
	struct tcpcrypt_tx *tx = &ctx->tx;
	const unsigned int head = tx_head_len(tx);
	const unsigned int overhead = TCPCRYPT_FRAME_OVERHEAD - 1 + head;
	unsigned int wire;
	int err = 0;

	/* RFC 8548 section 3.8: follow the peer's generation, or go ahead */
	if (!tx->rekey && (tx->s.gen < ctx->rx.s.gen || tx->s.keyless ||
			   tcpcrypt_rekey_due(ctx, len, finp)))
		err = tx_rekey(ctx);
	if (err)
		return err;
	wire = tx_reserve(ctx, len + overhead);
	err = -ENOMEM;
	if (wire < overhead + !!len)
		goto err_unreserve;
	len = wire - overhead;
	err = tx_fill(tx, TCPCRYPT_FRAME_HDR_LEN + head,
		      msg ? &msg->msg_iter : NULL, len);
	if (err)
		goto err_unreserve;
	tx_fill_head(tx, wire - TCPCRYPT_FRAME_HDR_LEN,
		     finp ? TCPCRYPT_FRAME_FINP : 0);
	err = tx_seal(tx, len + head);
	if (err)
		goto err_revert;

	tx->s.off += wire;
	tx->s.bytes += len;
	tx->s.frames++;
	tx->rekey = false;
	tx->finp = finp;
	WRITE_ONCE(tx->pending, wire);
	tcpcrypt_mib_inc(ctx->tn->net, TCPCRYPT_MIB_FRAMES_SENT);
	if (unlikely(tx->urgent))
		tcpcrypt_mib_inc(ctx->tn->net, TCPCRYPT_MIB_URG_SENT);
	err = tcpcrypt_tx_flush(ctx, flags);
	return err && err != -EAGAIN ? err : len;

err_revert:
	/* the caller may try again, with the same data */
	if (msg)
		iov_iter_revert(&msg->msg_iter, len);
err_unreserve:
	tx_unreserve(tx);
	return err;
}

/**
 * tcpcrypt_tx_finish() - send the last frame, the one with FINp
 * @ctx: connection in TCPCRYPT_OPEN
 *
 * The FIN that follows goes into the same segment, hence MSG_MORE.
 *
 * Context: process, socket owned; sleeps.
 * Return: 0 when TCP has it, -EAGAIN when it has to be flushed later, or a
 * negative errno.
 */
int tcpcrypt_tx_finish(struct tcpcrypt_sock *ctx)
{
	int ret;

	if (ctx->tx.pending) {
		ret = tcpcrypt_tx_flush(ctx, MSG_MORE);
		if (ret)
			return ret;
	}
	if (ctx->tx.finp)
		return 0;
	ret = tcpcrypt_tx_frame(ctx, NULL, 0, true, MSG_MORE);
	if (ret == -ENOMEM)
		return -EAGAIN;
	return ret < 0 ? ret : ctx->tx.pending ? -EAGAIN : 0;
}

/* Wait until TCP's send buffer has room and no sealed frame is left */
static int tx_wait_space(struct tcpcrypt_sock *ctx, struct sock *sk,
			 long *timeo)
{
	int err;

	while (!sk_stream_memory_free(sk)) {
		err = sk_stream_wait_memory(sk, timeo);
		if (err)
			return err;
		if (ctx->state != TCPCRYPT_OPEN)
			return -EPIPE;
		if (ctx->tx.pending) {
			err = tcpcrypt_tx_flush(ctx, 0);
			if (err && err != -EAGAIN)
				return err;
		}
	}
	return 0;
}

/*
 * No pages, of which sk_page_frag_refill() has told TCP: wait a moment as TCP
 * does, or say -EAGAIN. If nothing is on its way whose acknowledgment could
 * wake an edge-triggered poller, it is woken here.
 */
static int tx_wait_pages(struct sock *sk, long *timeo)
{
	int err = sk_stream_wait_memory(sk, timeo);

	if (err == -EAGAIN && tcp_rtx_and_write_queues_empty(sk))
		sk->sk_write_space(sk);
	return err;
}

static int tx_check(const struct tcpcrypt_sock *ctx, const struct sock *sk)
{
	if (sk->sk_err || (sk->sk_shutdown & SEND_SHUTDOWN) || ctx->tx.finp ||
	    ctx->state != TCPCRYPT_OPEN)
		return -EPIPE;
	return 0;
}

static int tx_send(struct tcpcrypt_sock *ctx, struct sock *sk,
		   struct msghdr *msg, long timeo)
{
	const size_t max = READ_ONCE(ctx->tn->config.max_frame);
	size_t left;
	int sent = 0;
	int ret;

	/* even if there is nothing to send */
	ret = tx_check(ctx, sk);
	if (ret)
		return ret;
	while ((left = msg_data_left(msg))) {
		ret = tx_check(ctx, sk);
		if (!ret)
			ret = tx_wait_space(ctx, sk, &timeo);
		if (!ret)
			ret = tx_check(ctx, sk);
		if (ret)
			break;
		/* the last byte is the urgent one; tell of it early */
		if (unlikely(msg->msg_flags & MSG_OOB) && left <= U16_MAX + 1)
			ctx->tx.urgent = left;
		ret = tcpcrypt_tx_frame(ctx, msg, min(left, max), false,
					left > max ? MSG_MORE : msg->msg_flags);
		ctx->tx.urgent = 0;
		if (ret == -ENOMEM) {
			ret = tx_wait_pages(sk, &timeo);
			if (!ret)
				continue;
		}
		if (ret < 0)
			break;
		sent += ret;
	}
	return sent ?: ret;
}

/* What else a caller may ask of sendmsg() */
static int tx_check_msg(struct sock *sk, struct msghdr *msg)
{
	struct sockcm_cookie sockc;

	/* sendto() that is to connect as well */
	if (msg->msg_flags & MSG_FASTOPEN)
		return -EISCONN;
	if (!msg->msg_controllen)
		return 0;
	sockcm_init(&sockc, sk);
	return sock_cmsg_send(sk, msg, &sockc) ? -EINVAL : 0;
}

/*
 * Who sets MSG_ZEROCOPY waits for a notification: if there is no memory for it
 * nothing may be sent.
 */
static int tx_zerocopy_begin(struct sock *sk, const struct msghdr *msg,
			     size_t size, struct ubuf_info **uarg)
{
	*uarg = NULL;
	if (likely(!(msg->msg_flags & MSG_ZEROCOPY)) || !size ||
	    msg->msg_ubuf || !sock_flag(sk, SOCK_ZEROCOPY))
		return 0;
	*uarg = msg_zerocopy_realloc(sk, size, NULL, false);
	return *uarg ? 0 : -ENOBUFS;
}

/*
 * The data is copied, so the pages are the caller's again at once, and that is
 * what the notification says.
 */
static void tx_zerocopy_done(struct ubuf_info *uarg, bool sent)
{
	if (likely(!uarg))
		return;
	uarg_to_msgzc(uarg)->zerocopy = 0;
	if (sent)
		net_zcopy_put(uarg);
	else
		net_zcopy_put_abort(uarg, true);
}

/**
 * tcpcrypt_sendmsg() - send application data
 * @sk: a socket that carries our ULP, or did a moment ago
 * @msg: as for any stream socket
 * @size: bytes in it
 *
 * Context: process.
 * Return: bytes sent or a negative errno.
 */
int tcpcrypt_sendmsg(struct sock *sk, struct msghdr *msg, size_t size)
{
	struct tcpcrypt_sock *ctx;
	struct ubuf_info *uarg;
	long timeo;
	int ret;

	ctx = tcpcrypt_sock_get(sk);
	if (!ctx)
		return tcpcrypt_sock_refused(sk) ? -ENOMEM :
		       tcpcrypt_prot_base(sk)->sendmsg(sk, msg, size);

	lock_sock(sk);
	timeo = sock_sndtimeo(sk, msg->msg_flags & MSG_DONTWAIT);
	ret = tcpcrypt_settle(ctx, sk, &timeo);
	if (ret == -ENOPROTOOPT) {
		release_sock(sk);
		ret = tcpcrypt_prot_base(sk)->sendmsg(sk, msg, size);
		goto out;
	}
	if (!ret)
		ret = tx_check_msg(sk, msg);
	if (!ret)
		ret = tx_zerocopy_begin(sk, msg, size, &uarg);
	if (!ret) {
		sk_clear_bit(SOCKWQ_ASYNC_NOSPACE, sk);
		ret = tx_send(ctx, sk, msg, timeo);
		tx_zerocopy_done(uarg, ret > 0);
	}
	if (ret < 0)
		ret = sk_stream_error(sk, msg->msg_flags, ret);
	release_sock(sk);
out:
	tcpcrypt_sock_put(ctx);
	return ret;
}
