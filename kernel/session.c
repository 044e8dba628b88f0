// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions: they begin with a key exchange, and each connection that resumes
 * one makes it longer.
 */
#include <linux/refcount.h>
#include <linux/slab.h>

#include "cache_internal.h"

/**
 * tcpcrypt_session_put() - drop a reference
 * @session: a session, or NULL
 *
 * Whoever takes a session out of the cache has wiped its secrets.
 *
 * Context: any.
 */
void tcpcrypt_session_put(struct tcpcrypt_session *session)
{
	if (session && refcount_dec_and_test(&session->refs))
		kfree_rcu(session, rcu);
}

/**
 * tcpcrypt_session_expiry() - how long a session may be resumed
 * @tn: its namespace
 * @s: the session
 *
 * Context: any.
 * Return: the time it is to be forgotten, as tcpcrypt_cache_now() in seconds.
 */
u64 tcpcrypt_session_expiry(const struct tcpcrypt_net *tn,
			    const struct tcpcrypt_session *s)
{
	return s->created + READ_ONCE(tn->config.cache_lifetime);
}

static bool session_wanted(const struct tcpcrypt_sock *ctx)
{
	const struct tcpcrypt_config *config = &ctx->tn->config;

	return READ_ONCE(config->resume) && READ_ONCE(config->cache_size) &&
	       !READ_ONCE(ctx->no_cache);
}

static struct tcpcrypt_session *
session_alloc(const struct tcpcrypt_sock *ctx,
	      const struct tcpcrypt_aead_alg *aead,
	      const struct tcpcrypt_chain_ahead *ahead)
{
	struct tcpcrypt_session *s;
	unsigned int n;

	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return NULL;
	refcount_set(&s->refs, 1);
	s->port = ctx->passive ? 0 : ctx->id_tuple.rport;
	s->created = tcpcrypt_cache_now();
	s->aead = aead;
	for (n = 0; n < ARRAY_SIZE(s->names); n++)
		s->names[n].n = n;
	tcpcrypt_chain_start(&s->chain, ctx->eno.tep, ctx->eno.role_b);
	tcpcrypt_chain_extend(&s->chain, ahead);
	return s;
}

static struct tcpcrypt_session *
session_insert(struct tcpcrypt_sock *ctx, const struct tcpcrypt_aead_alg *aead,
	       const struct tcpcrypt_chain_ahead *ahead)
{
	struct tcpcrypt_cache *cache = ctx->tn->cache;
	struct tcpcrypt_cache_peer *spare;
	struct tcpcrypt_session *s;
	bool linked;

	s = session_alloc(ctx, aead, ahead);
	spare = tcpcrypt_cache_peer_alloc(&ctx->id_tuple, GFP_KERNEL);
	if (!s || !spare) {
		kfree_sensitive(s);
		kfree(spare);
		return NULL;
	}

	spin_lock_bh(&cache->lock);
	linked = tcpcrypt_cache_link(cache, s, &spare);
	spin_unlock_bh(&cache->lock);
	kfree(spare);
	if (!linked) {
		kfree_sensitive(s);
		return NULL;
	}
	if (!delayed_work_pending(&cache->gc))
		queue_delayed_work(system_percpu_wq, &cache->gc, HZ);
	return s;
}

/**
 * tcpcrypt_cache_add() - remember the session that a key exchange began
 * @ctx: connection whose keys have just been derived
 * @hmac: for the key schedule
 * @ss: ss[0]
 * @aead: the negotiated cipher
 *
 * Context: process.
 * Return: a reference to the session, NULL if it is not cached.
 */
struct tcpcrypt_session *
tcpcrypt_cache_add(struct tcpcrypt_sock *ctx, struct tcpcrypt_hmac *hmac,
		   const u8 ss[TCPCRYPT_K_LEN],
		   const struct tcpcrypt_aead_alg *aead)
{
	struct tcpcrypt_session *s = NULL;
	struct tcpcrypt_chain_ahead ahead;

	if (!session_wanted(ctx))
		return NULL;
	if (!tcpcrypt_chain_look_ahead(hmac, 0, ss, &ahead))
		s = session_insert(ctx, aead, &ahead);
	memzero_explicit(&ahead, sizeof(ahead));
	return s;
}

/**
 * tcpcrypt_cache_resumed() - a secret has become a connection's keys
 * @ctx: the connection
 * @hmac: for the key schedule
 * @secret: the secret; the caller frees it
 *
 * The session gets as many new secrets as it has lost, unless the connection
 * is not to leave any.
 *
 * Context: process.
 * Return: a reference to the session.
 */
struct tcpcrypt_session *
tcpcrypt_cache_resumed(struct tcpcrypt_sock *ctx, struct tcpcrypt_hmac *hmac,
		       const struct tcpcrypt_secret *secret)
{
	struct tcpcrypt_session *s = secret->session;
	struct tcpcrypt_cache *cache = ctx->tn->cache;
	struct tcpcrypt_chain_ahead ahead;
	bool extend;

	extend = session_wanted(ctx) &&
		 !tcpcrypt_chain_look_ahead(hmac, secret->i, secret->link.ss,
					    &ahead);
	spin_lock_bh(&cache->lock);
	if (s->linked && extend) {
		tcpcrypt_chain_extend(&s->chain, &ahead);
		tcpcrypt_cache_rename(cache, s);
		tcpcrypt_cache_to_front(cache, s);
	} else if (s->linked) {
		tcpcrypt_cache_unlink(cache, s, TCPCRYPT_MIB_CACHE_FLUSHED);
	}
	refcount_inc(&s->refs);
	spin_unlock_bh(&cache->lock);
	memzero_explicit(&ahead, sizeof(ahead));
	return s;
}
