// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opening complete frames, in the reader's context.
 *
 * A frame is decrypted into pages of our own: the ciphertext may still be
 * shared with a sender on this host, and the reader's memory must not see
 * plaintext before its tag has been checked.
 */
#include <linux/scatterlist.h>
#include <linux/skbuff.h>

#include "rx.h"
#include "tcpcrypt.h"
#include "wire.h"

/* Data of frames up to this size is put together, in buffers of this size */
#define RX_GATHER_MAX		2048
#define RX_GATHER_SIZE		SKB_WITH_OVERHEAD(4096)

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
