// SPDX-License-Identifier: GPL-2.0-only
/*
 * Key exchange: Init1 and Init2 (RFC 8548 section 3.3), or none when a
 * session is resumed (section 3.5).
 *
 * Key agreement sleeps, so it runs in the connection's work. What it has
 * found is applied with the socket's spinlock held: if a user owns the
 * socket, release_cb does it. It is never locked as users lock it, because
 * the exchange must finish before accept().
 */
#include <linux/random.h>
#include <linux/slab.h>
#include <net/tcp.h>

#include "blackhole.h"
#include "cache.h"
#include "keylog.h"
#include "keysched.h"
#include "rx.h"
#include "tcpcrypt.h"
#include "wire.h"

/* How soon to try again when TCP has no memory for our Init message */
#define HANDSHAKE_RETRY		(HZ / 50)

/**
 * struct tcpcrypt_handshake - a key exchange
 * @in: the peer's Init message once it is complete
 * @in_len: its length, 0 before
 * @out_ready: @out may be sent; under the socket lock, as all below
 * @out_sent: bytes of @out TCP has taken
 * @derived: the results are valid
 * @err: positive errno that ends the exchange
 * @why: what to count then
 * @out_len: bytes in @out; the work's own until @out_ready, as all below
 * @out: our Init message
 * @kex: the TEP's key agreement
 * @pair: our ephemeral key pair
 * @nonce: N_A or N_B, ours
 * @nciphers: entries in @ciphers
 * @ciphers: AEADs to offer or to choose from, as they were at the start
 * @aead: the negotiated algorithm
 * @tx: stream we send
 * @rx: stream we receive
 * @session_id: the session ID
 * @secret: what to resume from, NULL to exchange keys
 * @session: what the next connection may resume from
 */
struct tcpcrypt_handshake {
	struct sk_buff_head in;
	u32 in_len;
	bool out_ready;
	bool derived;
	u16 out_sent;
	int err;
	enum tcpcrypt_mib why;
	u16 out_len;
	u8 out[TCPCRYPT_INIT_SENT_MAX];
	const struct tcpcrypt_kex *kex;
	struct tcpcrypt_keypair pair;
	u8 nonce[TCPCRYPT_NONCE_LEN];
	u8 nciphers;
	u16 ciphers[TCPCRYPT_AEAD_COUNT];
	const struct tcpcrypt_aead_alg *aead;
	struct tcpcrypt_stream tx;
	struct tcpcrypt_stream rx;
	u8 session_id[TCPCRYPT_SESSID_LEN];
	struct tcpcrypt_secret *secret;
	struct tcpcrypt_session *session;
};

/**
 * tcpcrypt_handshake_alloc() - allocate a key exchange
 * @ctx: connection whose negotiation has succeeded
 * @gfp: GFP_ATOMIC in softirq
 *
 * Context: any; RCU read section.
 * Return: 0 or -ENOMEM.
 */
int tcpcrypt_handshake_alloc(struct tcpcrypt_sock *ctx, gfp_t gfp)
{
	const struct tcpcrypt_lists *lists = rcu_dereference(ctx->tn->lists);
	struct tcpcrypt_handshake *hs;
	const u16 *ciphers;

	hs = kzalloc(sizeof(*hs), gfp);
	if (!hs)
		return -ENOMEM;
	__skb_queue_head_init(&hs->in);
	ciphers = tcpcrypt_opts_ciphers(&ctx->opts, lists, ctx->eno.role_b,
					&hs->nciphers);
	memcpy(hs->ciphers, ciphers, sizeof(hs->ciphers));
	ctx->hs = hs;
	return 0;
}

/**
 * tcpcrypt_handshake_free() - free a key exchange
 * @hs: the key exchange, or NULL
 *
 * Context: process, or the streams have been moved out.
 */
void tcpcrypt_handshake_free(struct tcpcrypt_handshake *hs)
{
	if (!hs)
		return;
	__skb_queue_purge(&hs->in);
	if (hs->tx.aead.tfm)
		tcpcrypt_stream_free(&hs->tx);
	if (hs->rx.aead.tfm)
		tcpcrypt_stream_free(&hs->rx);
	tcpcrypt_secret_free(hs->secret);
	tcpcrypt_session_put(hs->session);
	kfree_sensitive(hs);
}

/**
 * tcpcrypt_handshake_resume() - there will be no key exchange
 * @ctx: connection whose negotiation has succeeded, with a @hs
 * @secret: the session secret to resume from; now @ctx's
 *
 * Context: socket locked, or nobody else knows it; may be softirq.
 */
void tcpcrypt_handshake_resume(struct tcpcrypt_sock *ctx,
			       struct tcpcrypt_secret *secret)
{
	ctx->hs->secret = secret;
	ctx->resumed = true;
	/* frames are the first to come, and wait until there are keys */
	ctx->rx.init_done = true;
}

/**
 * tcpcrypt_handshake_begin() - both ends have seen ENO: exchange keys
 * @ctx: connection in TCPCRYPT_OFFERED, attached
 *
 * Context: socket locked; may be softirq.
 */
void tcpcrypt_handshake_begin(struct tcpcrypt_sock *ctx)
{
	unsigned long timeout = READ_ONCE(ctx->tn->config.kex_timeout) * HZ;

	/* "which keys a host uses .. depends only on .. the initial session" */
	ctx->key_b = ctx->resumed ? ctx->hs->secret->role_b : ctx->eno.role_b;
	ctx->tx.given = tcp_sk(ctx->sk)->write_seq;
	tcpcrypt_set_state(ctx, TCPCRYPT_KEX);
	if (!ctx->resumed)
		tcpcrypt_mib_inc(ctx->tn->net, TCPCRYPT_MIB_KEX_STARTED);
	ctx->deadline = jiffies + timeout;
	tcpcrypt_event_after(ctx, timeout);
	/* host A speaks first */
	if (ctx->resumed || !ctx->eno.role_b)
		tcpcrypt_event(ctx, TCPCRYPT_EV_KEX);
}

/**
 * tcpcrypt_handshake_input() - the peer's Init message is complete
 * @ctx: connection in TCPCRYPT_KEX; all of @rx.cipher is the message
 *
 * Context: socket locked; may be softirq.
 */
void tcpcrypt_handshake_input(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_handshake *hs = ctx->hs;

	skb_queue_splice_init(&ctx->rx.cipher, &hs->in);
	ctx->rx.init_done = true;
	/* pairs with smp_load_acquire() in tcpcrypt_handshake_run() */
	smp_store_release(&hs->in_len, ctx->rx.cipher_len);
	ctx->rx.cipher_len = 0;
	ctx->rx.truesize = 0;
	memset(&ctx->rx.p, 0, sizeof(ctx->rx.p));
	tcpcrypt_event(ctx, TCPCRYPT_EV_KEX);
}

static int handshake_set_err(struct tcpcrypt_handshake *hs, int err,
			     enum tcpcrypt_mib why)
{
	hs->err = -err;
	hs->why = why;
	return err;
}

static int handshake_generate(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_handshake *hs = ctx->hs;

	hs->kex = tcpcrypt_kex_find(ctx->eno.tep);
	if (!hs->kex)
		return -EPROTONOSUPPORT;
	get_random_bytes(hs->nonce, sizeof(hs->nonce));
	return hs->kex->generate(&hs->pair);
}

/* Host A: the first message */
static int handshake_init1(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_handshake *hs = ctx->hs;
	int ret;

	ret = handshake_generate(ctx);
	if (!ret)
		ret = tcpcrypt_wire_build_init1(ctx->eno.tep, hs->ciphers,
						hs->nciphers, hs->nonce,
						hs->pair.pub, hs->kex->pub_len,
						hs->out, sizeof(hs->out));
	if (ret < 0)
		return handshake_set_err(hs, ret, TCPCRYPT_MIB_KEX_FAILED);
	hs->out_len = ret;
	return 0;
}

/**
 * struct handshake_peer - the peer's Init message, in one piece
 * @msg: its bytes
 * @len: how many
 * @init: what it says; points into @msg
 */
struct handshake_peer {
	u8 *msg;
	u32 len;
	struct tcpcrypt_init init;
};

static int handshake_take(struct tcpcrypt_handshake *hs,
			  struct handshake_peer *peer)
{
	struct sk_buff *skb;
	u32 pos = 0;

	peer->len = hs->in_len;
	peer->msg = kvmalloc(peer->len, GFP_KERNEL);
	if (!peer->msg)
		return -ENOMEM;
	while ((skb = __skb_dequeue(&hs->in))) {
		u32 off = tcpcrypt_rx_cb(skb)->off;
		u32 len = tcpcrypt_rx_cb(skb)->len;
		int err;

		err = skb_copy_bits(skb, off, peer->msg + pos, len);
		kfree_skb(skb);
		if (err)
			return err;
		pos += len;
	}
	return 0;
}

static int handshake_parse(struct tcpcrypt_sock *ctx,
			   struct handshake_peer *peer)
{
	const u8 tep = ctx->eno.tep;
	int err;

	err = ctx->eno.role_b ?
	      tcpcrypt_wire_parse_init1(tep, peer->msg, peer->len,
					&peer->init) :
	      tcpcrypt_wire_parse_init2(tep, peer->msg, peer->len,
					&peer->init);
	if (err)
		return handshake_set_err(ctx->hs, -EPROTO,
					 TCPCRYPT_MIB_KEX_PROTOCOL);
	return 0;
}

/* Host A: Init2 must name a cipher we offered; host B: choose one */
static int handshake_cipher(struct tcpcrypt_sock *ctx,
			    const struct handshake_peer *peer)
{
	const struct tcpcrypt_handshake *hs = ctx->hs;
	u16 id;

	id = tcpcrypt_wire_choose_cipher(&peer->init, hs->ciphers,
					 hs->nciphers);
	ctx->hs->aead = id ? tcpcrypt_aead_find(id) : NULL;
	if (!ctx->hs->aead)
		return handshake_set_err(ctx->hs, -EPROTO,
					 TCPCRYPT_MIB_KEX_NO_CIPHER);
	return 0;
}

/* Host B: the answer */
static int handshake_init2(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_handshake *hs = ctx->hs;
	int ret;

	ret = handshake_generate(ctx);
	if (!ret)
		ret = tcpcrypt_wire_build_init2(ctx->eno.tep, hs->aead->id,
						hs->nonce, hs->pair.pub,
						hs->kex->pub_len, hs->out,
						sizeof(hs->out));
	if (ret < 0)
		return handshake_set_err(hs, ret, TCPCRYPT_MIB_KEX_FAILED);
	hs->out_len = ret;
	return 0;
}

/* From ES to PRK, which is ss[0] */
static int handshake_agree(struct tcpcrypt_sock *ctx,
			   struct tcpcrypt_hmac *hmac,
			   const struct handshake_peer *peer,
			   u8 ss[TCPCRYPT_K_LEN])
{
	const struct tcpcrypt_eno_result *eno = &ctx->eno;
	struct tcpcrypt_handshake *hs = ctx->hs;
	u8 es[TCPCRYPT_SHARED_MAX];
	int err;

	err = hs->kex->shared(&hs->pair, peer->init.pub, peer->init.pub_len,
			      es);
	/* forward secrecy starts here */
	memzero_explicit(&hs->pair, sizeof(hs->pair));
	if (err) {
		handshake_set_err(hs, err, err == -EPROTO ?
				  TCPCRYPT_MIB_KEX_BAD_KEY :
				  TCPCRYPT_MIB_KEX_FAILED);
		goto out;
	}
	if (eno->role_b)
		err = tcpcrypt_ks_prk(hmac, peer->init.nonce, eno->transcript,
				      eno->transcript_len, peer->msg,
				      peer->len, hs->out, hs->out_len, es,
				      hs->kex->shared_len, ss);
	else
		err = tcpcrypt_ks_prk(hmac, hs->nonce, eno->transcript,
				      eno->transcript_len, hs->out,
				      hs->out_len, peer->msg, peer->len, es,
				      hs->kex->shared_len, ss);
out:
	memzero_explicit(es, sizeof(es));
	return err;
}

/* From ss[i] and sn[i] to the session ID and the keys of both directions */
static int handshake_keys(struct tcpcrypt_sock *ctx,
			  struct tcpcrypt_hmac *hmac,
			  const u8 ss[TCPCRYPT_K_LEN], const u8 *sn,
			  size_t sn_len)
{
	struct tcpcrypt_handshake *hs = ctx->hs;
	u8 mk[TCPCRYPT_K_LEN];
	int err;

	err = tcpcrypt_ks_session_id(hmac, ctx->eno.tep_byte, ss, sn, sn_len,
				     hs->session_id);
	if (!err)
		err = tcpcrypt_ks_first_mk(hmac, ss, sn, sn_len, mk);
	if (!err)
		err = tcpcrypt_stream_start(&hs->tx, ctx->key_b, hs->aead,
					    hmac, mk);
	if (!err)
		err = tcpcrypt_stream_start(&hs->rx, !ctx->key_b, hs->aead,
					    hmac, mk);
	if (!err)
		tcpcrypt_keylog_add(ctx, hs->aead->id, hs->session_id, mk);
	memzero_explicit(mk, sizeof(mk));
	/* the frame offset counts the Init message before the first frame */
	hs->tx.off = hs->out_len;
	hs->rx.off = hs->in_len;
	return err;
}

static int handshake_derive(struct tcpcrypt_sock *ctx,
			    const struct handshake_peer *peer)
{
	struct tcpcrypt_handshake *hs = ctx->hs;
	struct tcpcrypt_hmac *hmac;
	u8 ss[TCPCRYPT_K_LEN];
	int err;

	hmac = tcpcrypt_hmac_alloc();
	if (IS_ERR(hmac))
		return PTR_ERR(hmac);
	err = handshake_agree(ctx, hmac, peer, ss);
	if (!err)
		err = handshake_keys(ctx, hmac, ss, NULL, 0);
	/* before the peer has our last word: it may be back at once */
	if (!err)
		hs->session = tcpcrypt_cache_add(ctx, hmac, ss, hs->aead);
	memzero_explicit(ss, sizeof(ss));
	tcpcrypt_hmac_free(hmac);
	if (err && !hs->err)
		handshake_set_err(hs, err, TCPCRYPT_MIB_KEX_FAILED);
	return err;
}

/* The peer's message is here: everything that is left to compute */
static int handshake_finish(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_handshake *hs = ctx->hs;
	struct handshake_peer peer = {};
	int err;

	err = handshake_take(hs, &peer);
	if (!err)
		err = handshake_parse(ctx, &peer);
	if (!err)
		err = handshake_cipher(ctx, &peer);
	if (!err && ctx->eno.role_b)
		err = handshake_init2(ctx);
	if (!err)
		err = handshake_derive(ctx, &peer);
	if (err && !hs->err)
		handshake_set_err(hs, err, TCPCRYPT_MIB_KEX_FAILED);
	kvfree(peer.msg);
	return err;
}

/* Resume: both hosts have all they need */
static void handshake_resume(struct tcpcrypt_sock *ctx)
{
	const struct tcpcrypt_eno_result *eno = &ctx->eno;
	struct tcpcrypt_handshake *hs = ctx->hs;
	struct tcpcrypt_secret *secret = hs->secret;
	struct tcpcrypt_hmac *hmac;
	u8 sn[TCPCRYPT_SN_MAX];
	size_t sn_len;
	int err;

	hmac = tcpcrypt_hmac_alloc();
	if (IS_ERR(hmac)) {
		handshake_set_err(hs, PTR_ERR(hmac), TCPCRYPT_MIB_KEX_FAILED);
		return;
	}
	hs->aead = secret->aead;
	sn_len = tcpcrypt_chain_sn(secret->role_b, secret->eno.nonce,
				   secret->eno.nonce_len, eno->peer_nonce,
				   eno->peer_nonce_len, sn);
	err = handshake_keys(ctx, hmac, secret->link.ss, sn, sn_len);
	if (err)
		handshake_set_err(hs, err, TCPCRYPT_MIB_KEX_FAILED);
	else
		hs->session = tcpcrypt_cache_resumed(ctx, hmac, secret);
	hs->secret = NULL;
	tcpcrypt_secret_free(secret);
	tcpcrypt_hmac_free(hmac);
}

static void handshake_submit(struct tcpcrypt_sock *ctx, bool derived)
{
	struct sock *sk = ctx->sk;

	local_bh_disable();
	bh_lock_sock(sk);
	ctx->hs->out_ready = true;
	ctx->hs->derived = derived;
	if (sock_owned_by_user(sk))
		ctx->deferred = true;
	else
		tcpcrypt_handshake_apply(ctx);
	bh_unlock_sock(sk);
	local_bh_enable();
}

/* Nobody frees the exchange before @derived is set, which only a run does */
static struct tcpcrypt_handshake *handshake_claim(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_handshake *hs;

	local_bh_disable();
	bh_lock_sock(ctx->sk);
	hs = ctx->hs;
	if (ctx->detached || ctx->state != TCPCRYPT_KEX || hs->derived)
		hs = NULL;
	bh_unlock_sock(ctx->sk);
	local_bh_enable();
	return hs;
}

/**
 * tcpcrypt_handshake_run() - advance a key exchange
 * @ctx: the connection
 *
 * Host A runs twice (to make Init1, to digest Init2), host B once, and both
 * once to resume.
 *
 * Context: process, the connection's work; socket not locked.
 */
void tcpcrypt_handshake_run(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_handshake *hs = handshake_claim(ctx);
	bool complete;
	int err = 0;

	if (!hs)
		return;
	if (hs->secret) {
		handshake_resume(ctx);
		handshake_submit(ctx, !hs->err);
		return;
	}
	/* pairs with smp_store_release() in tcpcrypt_handshake_input() */
	complete = smp_load_acquire(&hs->in_len);
	if (!ctx->eno.role_b && !hs->out_len)
		err = handshake_init1(ctx);
	if (!err && complete)
		handshake_finish(ctx);
	handshake_submit(ctx, complete && !hs->err);
}

static void handshake_open(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_handshake *hs = ctx->hs;

	ctx->hs = NULL;
	ctx->aead = hs->aead;
	memcpy(ctx->session_id, hs->session_id, sizeof(ctx->session_id));
	ctx->tx.s = hs->tx;
	ctx->rx.s = hs->rx;
	memset(&hs->tx, 0, sizeof(hs->tx));
	memset(&hs->rx, 0, sizeof(hs->rx));
	ctx->session = hs->session;
	hs->session = NULL;
	tcpcrypt_handshake_free(hs);

	ctx->established = get_jiffies_64();
	tcpcrypt_rekey_begin(ctx);
	if (!ctx->passive)
		tcpcrypt_blackhole_forget(ctx->tn, &ctx->id_tuple);
	tcpcrypt_mib_inc(ctx->tn->net, TCPCRYPT_MIB_ESTABLISHED);
	if (ctx->resumed)
		tcpcrypt_mib_inc(ctx->tn->net, TCPCRYPT_MIB_RESUMED);
	tcpcrypt_event_cancel(ctx);
	tcpcrypt_set_state(ctx, TCPCRYPT_OPEN);
	tcpcrypt_keepalive_heard(ctx);
	tcpcrypt_keepalive_arm(ctx);
	tcpcrypt_rx_frames_on(ctx);
	tcpcrypt_wake(ctx);
	if (ctx->lingering) {
		/* the time left of the key exchange is not the peer's */
		ctx->deadline = jiffies + tcp_fin_time(ctx->sk);
		tcpcrypt_event(ctx, TCPCRYPT_EV_LINGER);
	} else {
		tcpcrypt_rx_input(ctx);
	}
}

/* True once TCP has taken all of our message */
static bool handshake_send(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_handshake *hs = ctx->hs;
	int ret;

	if (hs->out_sent == hs->out_len)
		return true;
	if (tcpcrypt_tx_foreign(ctx))
		return false;
	ctx->tx.pushing = true;
	ret = tcpcrypt_tx_init_msg(ctx->sk, hs->out + hs->out_sent,
				   hs->out_len - hs->out_sent);
	ctx->tx.given = tcp_sk(ctx->sk)->write_seq;
	ctx->tx.pushing = false;
	if (ret > 0)
		hs->out_sent += ret;
	if (hs->out_sent == hs->out_len)
		return true;
	/* a dead connection reports itself through sk_state_change */
	if (!ctx->sk->sk_err)
		tcpcrypt_event_after(ctx, HANDSHAKE_RETRY);
	return false;
}

/**
 * tcpcrypt_handshake_apply() - put into effect what the work has found
 * @ctx: the connection
 *
 * Context: socket locked, either way; softirq or bottom halves off.
 */
void tcpcrypt_handshake_apply(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_handshake *hs = ctx->hs;

	if (ctx->detached || ctx->state != TCPCRYPT_KEX || !hs->out_ready)
		return;
	if (hs->err) {
		tcpcrypt_fail(ctx, hs->err, hs->why);
		return;
	}
	if (handshake_send(ctx) && hs->derived)
		handshake_open(ctx);
}

/* 0 when encrypted, 1 while it is not known, -ENOPROTOOPT when plain */
static int handshake_status(const struct tcpcrypt_sock *ctx)
{
	/* pairs with smp_store_release() in tcpcrypt_set_state() */
	switch (smp_load_acquire(&ctx->state)) {
	case TCPCRYPT_OPEN:
		return 0;
	case TCPCRYPT_FAILED:
		return -READ_ONCE(ctx->err);
	case TCPCRYPT_PLAIN:
		return -ENOPROTOOPT;
	default:
		return READ_ONCE(ctx->detached) ? -ENOPROTOOPT : 1;
	}
}

/**
 * tcpcrypt_settle() - wait until a connection is encrypted or plain
 * @ctx: the connection
 * @sk: its socket
 * @timeo: jiffies to wait, updated; 0 for a call that must not block
 *
 * Context: process, socket owned; the lock is dropped while waiting.
 * Return: 0 when frames can flow, -ENOPROTOOPT when the socket is plain TCP
 * (use TCP's own function), -EAGAIN, -EINTR or -ERESTARTSYS, -EPIPE if the
 * socket was disconnected meanwhile, or the error that ended the connection.
 */
int tcpcrypt_settle(struct tcpcrypt_sock *ctx, struct sock *sk, long *timeo)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	int ret = handshake_status(ctx);

	if (likely(ret <= 0))
		return ret;
	add_wait_queue(sk_sleep(sk), &wait);
	while ((ret = handshake_status(ctx)) > 0) {
		if (!*timeo) {
			ret = -EAGAIN;
			break;
		}
		if (signal_pending(current)) {
			ret = sock_intr_errno(*timeo);
			break;
		}
		/* connect(AF_UNSPEC): the socket may have another one by now */
		if (sk_wait_event(sk, timeo, handshake_status(ctx) <= 0,
				  &wait) < 0) {
			ret = -EPIPE;
			break;
		}
	}
	remove_wait_queue(sk_sleep(sk), &wait);
	return ret;
}
