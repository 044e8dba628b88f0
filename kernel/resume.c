// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resumption in the handshake: what we offer in a SYN, what we agree to in a
 * SYN-ACK, and what becomes of the secret (RFC 8548 section 3.5).
 *
 * A secret that stands in a segment of ours is used up whatever comes of it.
 */
#include "resume.h"

/* Kind, length, and the suboption: TEP, identifier half, nonce */
static size_t resume_room(const struct tcpcrypt_terms *terms, bool global)
{
	return 2 + global + 1 + TCPCRYPT_RESUME_HALF_LEN + terms->nonce_len;
}

/*
 * A suboption with data leaves less room for others. The first TEPs of the
 * list are those we would rather use. If some are left out that is noted, in
 * case that the peer has no other.
 */
static int resume_build(struct tcpcrypt_sock *ctx, u8 global,
			bool explicit_global,
			const struct tcpcrypt_terms *terms, size_t others)
{
	u8 teps[TCPCRYPT_TEP_COUNT];
	unsigned int i, n = 0;

	for (i = 0; i < terms->nteps && n < others; i++)
		if (terms->teps[i] != ctx->offer->eno.tep)
			teps[n++] = terms->teps[i];
	ctx->offer_short = n + 1 < terms->nteps;
	return tcpcrypt_eno_build(&ctx->local, global, explicit_global, teps, n,
				  &ctx->offer->eno);
}

/**
 * tcpcrypt_resume_offer() - make the ENO option of a SYN
 * @ctx: connection in TCPCRYPT_OFFERED; its @local and @offer are written
 * @global: global suboption
 * @explicit_global: write it even if it is 0
 * @terms: what to offer, best first
 * @room: bytes that the option may have
 *
 * Offers to resume a session if there is one and the room for it. The peer
 * may exchange keys instead, with the same TEP or another. That is host B's to
 * say (RFC 8548 section 3.2): with b = 1 in a simultaneous open an offer that
 * the peer cannot take would end in plain TCP, so there is none.
 *
 * Context: any; called once for a connection.
 * Return: 0 or a negative errno.
 */
int tcpcrypt_resume_offer(struct tcpcrypt_sock *ctx, u8 global,
			  bool explicit_global,
			  const struct tcpcrypt_terms *terms, size_t room)
{
	size_t need = resume_room(terms, global || explicit_global);

	if (!ctx->no_resume && !(global & TCPCRYPT_ENO_GLOBAL_B) &&
	    room >= need)
		ctx->offer = tcpcrypt_cache_take_peer(ctx->tn, &ctx->id_tuple,
						      terms);
	if (!ctx->offer)
		return tcpcrypt_eno_build(&ctx->local, global, explicit_global,
					  terms->teps, terms->nteps, NULL);
	tcpcrypt_mib_inc(ctx->tn->net, TCPCRYPT_MIB_RESUME_OFFERED);
	return resume_build(ctx, global, explicit_global, terms, room - need);
}

/**
 * tcpcrypt_resume_accept() - does a SYN name a session that we can resume?
 * @tn: namespace
 * @eno: the SYN's option
 * @opt: the same as it stands on the wire
 * @terms: on which terms we would
 * @room: bytes that our option may have
 *
 * Less data than an identifier half asks for a key exchange; data that names
 * nothing gets one, too.
 *
 * Context: softirq.
 * Return: the secret, with the suboption to answer; NULL to exchange keys.
 */
struct tcpcrypt_secret *
tcpcrypt_resume_accept(struct tcpcrypt_net *tn, const struct tcpcrypt_eno *eno,
		       const struct tcpcrypt_eno_opt *opt,
		       const struct tcpcrypt_terms *terms, size_t room)
{
	struct tcpcrypt_secret *secret;
	unsigned int i;

	for (i = 0; i < terms->nteps; i++) {
		const struct tcpcrypt_eno_sub *sub;

		sub = tcpcrypt_eno_offer(eno, terms->teps[i]);
		if (!sub || !tcpcrypt_eno_is_resume(sub))
			continue;
		if (room < resume_room(terms, true)) {
			tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_RESUME_NO_SPACE);
			return NULL;
		}
		secret = tcpcrypt_cache_take_half(tn, sub->tep,
						  opt->bytes + sub->off, terms);
		if (secret)
			return secret;
		tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_RESUME_UNKNOWN);
	}
	return NULL;
}

/**
 * tcpcrypt_resume_settled() - an active open has been negotiated
 * @ctx: connection with a key exchange (tcpcrypt_handshake_alloc())
 *
 * Context: socket locked; may be softirq.
 */
void tcpcrypt_resume_settled(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_secret *secret = ctx->offer;

	if (!secret)
		return;
	ctx->offer = NULL;
	if (ctx->eno.resume)
		tcpcrypt_handshake_resume(ctx, secret);
	else
		tcpcrypt_cache_refused(ctx->tn, secret, ctx->id_tuple.rport);
}

/**
 * tcpcrypt_resume_declined() - an active open was answered, but stays plain
 * @ctx: connection in TCPCRYPT_OFFERED
 *
 * If the offer to resume took the room of other TEPs, the peer may know only
 * those. The session is treated as if it had been refused: the next connection
 * offers all TEPs.
 *
 * Context: socket locked; may be softirq.
 */
void tcpcrypt_resume_declined(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_secret *secret = ctx->offer;

	if (!secret || !ctx->offer_short)
		return;
	ctx->offer = NULL;
	tcpcrypt_cache_refused(ctx->tn, secret, ctx->id_tuple.rport);
}

/**
 * tcpcrypt_resume_abandon() - an active open has come to nothing
 * @ctx: connection that is in no table any more
 *
 * The session is free for others again; its secret is lost, because the peer
 * may have used it.
 *
 * Context: socket locked or dead; may be softirq.
 */
void tcpcrypt_resume_abandon(struct tcpcrypt_sock *ctx)
{
	tcpcrypt_secret_free(ctx->offer);
	ctx->offer = NULL;
}
