// SPDX-License-Identifier: GPL-2.0-only
/*
 * The child socket of a half-open connection, before anybody can use it.
 */
#include <net/tcp.h>

#include "cache.h"
#include "halfopen.h"

/* The child gets a copy of the secret: this may not be the only child */
static int child_handshake(const struct tcpcrypt_halfopen *h,
			   struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_secret *secret;
	int err;

	err = tcpcrypt_handshake_alloc(ctx, GFP_ATOMIC);
	if (err || !h->secret)
		return err;
	secret = tcpcrypt_secret_dup(h->secret, GFP_ATOMIC);
	if (!secret)
		return -ENOMEM;
	tcpcrypt_handshake_resume(ctx, secret);
	return 0;
}

/* Both sides have sent and received ENO: no plaintext from here on */
static void child_adopt(struct tcpcrypt_halfopen *h,
			const struct request_sock *req, struct sock *newsk)
{
	struct tcpcrypt_sock *ctx;

	ctx = tcpcrypt_sock_alloc(h->tn, GFP_ATOMIC);
	if (!ctx)
		goto refuse;
	ctx->passive = true;
	ctx->listener = req->rsk_listener;
	sock_hold(ctx->listener);
	ctx->opts = h->opts;
	tcpcrypt_opts_apply(ctx);
	if (h->require)
		ctx->require = true;
	ctx->local = h->local;
	ctx->eno = h->eno;
	ctx->id_tuple = h->key;
	if (child_handshake(h, ctx) || tcpcrypt_sock_attach(ctx, newsk)) {
		tcpcrypt_sock_put(ctx);
		goto refuse;
	}
	tcpcrypt_handshake_begin(ctx);
	return;
refuse:
	tcpcrypt_mib_inc(h->tn->net, TCPCRYPT_MIB_NOMEM);
	tcpcrypt_prot_refuse(newsk);
}

/* The child would be plain, and must not be: it is born with an error */
static void child_refuse(struct tcpcrypt_net *tn,
			 const struct request_sock *req, struct sock *newsk,
			 const struct tcpcrypt_opts *opts)
{
	struct tcpcrypt_sock *ctx;

	ctx = tcpcrypt_sock_alloc(tn, GFP_ATOMIC);
	if (!ctx)
		goto nomem;
	ctx->passive = true;
	if (opts)
		ctx->opts = *opts;
	tcpcrypt_opts_apply(ctx);
	ctx->require = true;
	tcpcrypt_halfopen_tuple(req, &ctx->id_tuple);
	if (tcpcrypt_sock_attach(ctx, newsk)) {
		tcpcrypt_sock_put(ctx);
		goto nomem;
	}
	tcpcrypt_refuse(ctx, TCPCRYPT_MIB_FALLBACK_ACK_NONE);
	return;
nomem:
	tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_NOMEM);
	tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_REQUIRE_REFUSED);
	tcpcrypt_prot_refuse(newsk);
}

/**
 * tcpcrypt_child_born() - a child socket is being born
 * @req: the request it comes from
 * @newsk: the child: locked, unhashed, without addresses
 * @opts: what the listener's application has asked for, or NULL
 *
 * Context: softirq, RCU read section.
 */
void tcpcrypt_child_born(const struct request_sock *req, struct sock *newsk,
			 const struct tcpcrypt_opts *opts)
{
	struct tcpcrypt_net *tn = tcpcrypt_pernet(sock_net(newsk));
	struct tcpcrypt_halfopen *h;

	h = tcpcrypt_halfopen_find(tn, req);
	if (h && READ_ONCE(h->acked) && !READ_ONCE(h->plain))
		child_adopt(h, req, newsk);
	else if ((h && h->require) ||
		 (opts && opts->enabled == TCPCRYPT_OPTS_REQUIRE))
		child_refuse(tn, req, newsk, opts);
	else if (h)
		tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_FALLBACK_ACK_NONE);
	if (h)
		tcpcrypt_halfopen_done(h);
}
