// SPDX-License-Identifier: GPL-2.0-only
/*
 * Urgent data (RFC 8548 section 3.7).
 *
 * The URGp bit and the urgent field are inside the frame, so an urgent mark
 * is authentic, and the one in the TCP header means nothing here. What the
 * application sees of it (SIGURG, POLLPRI, MSG_OOB, SO_OOBINLINE, SIOCATMARK)
 * is what plain TCP on Linux does: the mark is one byte, a later one replaces
 * it.
 *
 * A mark is known when its frame has been opened. Frames are opened by
 * whoever reads; they are opened as they come if somebody waits for urgent
 * data: an owner for SIGURG is set, or POLLPRI has been asked for.
 */
#include <linux/fs.h>
#include <net/tcp.h>

#include "rx.h"
#include "tcpcrypt.h"
#include "wire.h"

/* Index, in the application's stream, of the next byte a reader gets */
static u64 urg_next(const struct tcpcrypt_rx *rx)
{
	return rx->s.bytes - rx->plain_len;
}

static bool urg_inline(const struct tcpcrypt_sock *ctx)
{
	return sock_flag(ctx->sk, SOCK_URGINLINE);
}

/**
 * tcpcrypt_urg_watched() - does anybody wait for urgent data
 * @ctx: the connection
 *
 * Context: socket locked; may be softirq.
 * Return: true if frames are to be opened as they come.
 */
bool tcpcrypt_urg_watched(const struct tcpcrypt_sock *ctx)
{
	const struct socket *sock = ctx->sk->sk_socket;
	const struct fown_struct *owner;

	if (READ_ONCE(ctx->urg.polled))
		return true;
	if (!sock || !sock->file)
		return false;
	owner = file_f_owner(sock->file);
	return owner && READ_ONCE(owner->pid);
}

/* The old mark was never read, and is the next byte: nobody shall get it */
static void urg_drop_old(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_urg *urg = &ctx->urg;

	if (urg->state != TCPCRYPT_URG_NONE && !urg_inline(ctx) &&
	    urg->at == urg_next(&ctx->rx) && ctx->rx.plain_len)
		tcpcrypt_rx_skip(&ctx->rx, 1);
}

/**
 * tcpcrypt_urg_mark() - a frame with the URGp bit has been opened
 * @ctx: the connection; its data has not been counted yet
 * @urgent: the urgent field
 *
 * Context: process, socket owned.
 */
void tcpcrypt_urg_mark(struct tcpcrypt_sock *ctx, u16 urgent)
{
	struct tcpcrypt_urg *urg = &ctx->urg;
	u64 at = ctx->rx.s.bytes + urgent;

	if (urg->state != TCPCRYPT_URG_NONE && at <= urg->at)
		return;
	urg_drop_old(ctx);
	urg->at = at;
	WRITE_ONCE(urg->state, TCPCRYPT_URG_NOTYET);
	tcpcrypt_mib_inc(ctx->tn->net, TCPCRYPT_MIB_URG_RECEIVED);
	if (!sock_flag(ctx->sk, SOCK_DEAD))
		sk_send_sigurg(ctx->sk);
}

/**
 * tcpcrypt_urg_data() - data has been opened: is the urgent byte in it
 * @ctx: the connection; the data has not been counted yet
 * @skb: the frame's plaintext
 * @off: where the data starts in it
 * @len: bytes of data
 *
 * Context: process, socket owned.
 */
void tcpcrypt_urg_data(struct tcpcrypt_sock *ctx, const struct sk_buff *skb,
		       u32 off, u32 len)
{
	struct tcpcrypt_urg *urg = &ctx->urg;
	u64 start = ctx->rx.s.bytes;

	if (urg->state != TCPCRYPT_URG_NOTYET || urg->at - start >= len)
		return;
	if (skb_copy_bits(skb, off + (u32)(urg->at - start), &urg->byte, 1))
		return;
	WRITE_ONCE(urg->state, TCPCRYPT_URG_VALID);
	if (!sock_flag(ctx->sk, SOCK_DEAD))
		ctx->saved_data_ready(ctx->sk);
}

/**
 * tcpcrypt_urg_limit() - how far a read may go
 * @ctx: the connection
 * @skip: bytes of plaintext in front of what is read: somebody peeks
 * @some: bytes this read has already got
 * @len: bytes wanted
 * @hole: set if the byte there is the urgent one, which this read leaves out
 *
 * A read stops at the mark, and only one that starts there goes on.
 *
 * Context: process, socket owned.
 * Return: bytes that may be read, 0 if the read ends here.
 */
size_t tcpcrypt_urg_limit(const struct tcpcrypt_sock *ctx, u32 skip, bool some,
			  size_t len, bool *hole)
{
	const struct tcpcrypt_urg *urg = &ctx->urg;
	u64 pos = urg_next(&ctx->rx) + skip;

	*hole = false;
	if (likely(urg->state == TCPCRYPT_URG_NONE) || urg->at < pos)
		return len;
	if (urg->at > pos)
		return min_t(u64, len, urg->at - pos);
	if (some)
		return 0;
	*hole = !urg_inline(ctx) && ctx->rx.plain_len > skip;
	return len;
}

/**
 * tcpcrypt_urg_passed() - data has been read: is the mark behind us
 * @ctx: the connection
 *
 * Context: process, socket owned.
 */
void tcpcrypt_urg_passed(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_urg *urg = &ctx->urg;

	if (unlikely(urg->state != TCPCRYPT_URG_NONE) &&
	    urg->at < urg_next(&ctx->rx))
		WRITE_ONCE(urg->state, TCPCRYPT_URG_NONE);
}

/**
 * tcpcrypt_urg_hidden() - is the next byte one that a read leaves out
 * @ctx: the connection
 *
 * Context: any; without the socket lock the answer may be stale.
 * Return: 1 or 0.
 */
u32 tcpcrypt_urg_hidden(const struct tcpcrypt_sock *ctx)
{
	return READ_ONCE(ctx->urg.state) != TCPCRYPT_URG_NONE &&
	       !urg_inline(ctx) && ctx->urg.at == urg_next(&ctx->rx) &&
	       ctx->rx.plain_len;
}

/* Frames that hold what is asked about may still be closed */
static void urg_open(struct tcpcrypt_sock *ctx, bool all)
{
	while (ctx->state == TCPCRYPT_OPEN &&
	       (all ? ctx->urg.state != TCPCRYPT_URG_VALID :
		      !ctx->rx.plain_len) &&
	       ctx->rx.plain_mem < ctx->sk->sk_rcvbuf)
		if (tcpcrypt_rx_open(ctx) <= 0)
			break;
}

/**
 * tcpcrypt_urg_atmark() - SIOCATMARK
 * @ctx: connection in TCPCRYPT_OPEN
 *
 * Context: process, socket owned; sleeps.
 * Return: 1 if the next byte is the urgent one, else 0.
 */
int tcpcrypt_urg_atmark(struct tcpcrypt_sock *ctx)
{
	urg_open(ctx, false);
	return ctx->urg.state != TCPCRYPT_URG_NONE &&
	       ctx->urg.at == urg_next(&ctx->rx);
}

/**
 * tcpcrypt_urg_inq() - SIOCINQ: bytes up to the mark
 * @ctx: connection in TCPCRYPT_OPEN
 * @inq: bytes that could be read if there were none
 *
 * Context: socket owned.
 * Return: bytes that the next reads get before they stop at the mark.
 */
u32 tcpcrypt_urg_inq(const struct tcpcrypt_sock *ctx, u32 inq)
{
	const struct tcpcrypt_urg *urg = &ctx->urg;
	u64 next = urg_next(&ctx->rx);

	if (likely(urg->state == TCPCRYPT_URG_NONE) || urg_inline(ctx) ||
	    urg->at < next || urg->at - next >= inq)
		return inq;
	return urg->at - next;
}

/**
 * tcpcrypt_urg_recv() - recv() with MSG_OOB
 * @ctx: connection in TCPCRYPT_OPEN
 * @msg: where the byte goes
 * @len: room for it
 * @flags: MSG_* flags
 *
 * Never waits, as plain TCP does not.
 *
 * Context: process, socket owned; sleeps.
 * Return: 1, 0 at the end of the stream, -EINVAL without an urgent byte,
 * -EAGAIN if it has not come yet, -EFAULT.
 */
int tcpcrypt_urg_recv(struct tcpcrypt_sock *ctx, struct msghdr *msg,
		      size_t len, int flags)
{
	struct tcpcrypt_urg *urg = &ctx->urg;
	u8 byte;

	if (urg_inline(ctx))
		return -EINVAL;
	urg_open(ctx, true);
	if (ctx->state != TCPCRYPT_OPEN)
		return -ctx->err;
	if (urg->state == TCPCRYPT_URG_NONE || urg->state == TCPCRYPT_URG_READ)
		return -EINVAL;
	if (urg->state == TCPCRYPT_URG_NOTYET)
		return ctx->rx.finp || ctx->rx.shut ? 0 : -EAGAIN;
	byte = urg->byte;
	if (!(flags & MSG_PEEK))
		WRITE_ONCE(urg->state, TCPCRYPT_URG_READ);
	msg->msg_flags |= MSG_OOB;
	if (!len) {
		msg->msg_flags |= MSG_TRUNC;
		return 0;
	}
	if (!(flags & MSG_TRUNC) && memcpy_to_msg(msg, &byte, 1))
		return -EFAULT;
	return 1;
}
