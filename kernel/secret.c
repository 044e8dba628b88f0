// SPDX-License-Identifier: GPL-2.0-only
/*
 * Session secrets that leave the cache to become a connection's keys.
 *
 * While one of its secrets stands in a SYN of ours a session is busy: another
 * connect() takes another session, or exchanges keys.
 */
#include <linux/random.h>
#include <linux/slab.h>

#include "cache_internal.h"

/* How many sessions of one peer connect() looks at */
#define CACHE_LOOK_MAX		64

static bool terms_allow(const struct tcpcrypt_terms *terms,
			const struct tcpcrypt_session *s)
{
	bool tep = false, cipher = false;
	unsigned int i;

	for (i = 0; i < terms->nteps; i++)
		tep |= terms->teps[i] == s->chain.tep;
	for (i = 0; i < terms->nciphers; i++)
		cipher |= terms->ciphers[i] == s->aead->id;
	return tep && cipher;
}

static bool session_usable(const struct tcpcrypt_cache *cache,
			   const struct tcpcrypt_session *s,
			   const struct tcpcrypt_terms *terms)
{
	return terms_allow(terms, s) &&
	       tcpcrypt_cache_now() < tcpcrypt_session_expiry(cache->tn, s);
}

/*
 * A fresh nonce each time, in case that the memory of this machine has been
 * copied and the secret with it (RFC 8548 section 3.5)
 */
static void secret_name(struct tcpcrypt_secret *secret, u8 tep, u8 nonce_len)
{
	struct tcpcrypt_eno_resume *eno = &secret->eno;
	const u8 *id = secret->link.id;

	eno->tep = tep;
	memcpy(eno->local, tcpcrypt_chain_half(id, secret->role_b),
	       sizeof(eno->local));
	memcpy(eno->remote, tcpcrypt_chain_half(id, !secret->role_b),
	       sizeof(eno->remote));
	eno->nonce_len = min_t(u8, nonce_len, sizeof(eno->nonce));
	get_random_bytes(eno->nonce, eno->nonce_len);
}

/* Take the secret @i out of @s and into @secret */
static bool session_take(struct tcpcrypt_cache *cache,
			 struct tcpcrypt_session *s, u64 i, u8 nonce_len,
			 struct tcpcrypt_secret *secret)
{
	if (!tcpcrypt_chain_take(&s->chain, i, &secret->link))
		return false;
	tcpcrypt_cache_rename(cache, s);
	list_move_tail(&s->lru, &cache->lru);
	refcount_inc(&s->refs);
	secret->session = s;
	secret->i = i;
	secret->role_b = s->chain.role_b;
	secret->aead = s->aead;
	secret_name(secret, s->chain.tep, nonce_len);
	return true;
}

/* How well a session suits a connect() to @port; 0: not at all */
static int session_rank(const struct tcpcrypt_session *s, __be16 port)
{
	if (s->port == port)
		return 3;
	/* the peer opened it: we do not know which ports it listens on */
	if (!s->port)
		return 2;
	return s->exact ? 0 : 1;
}

/*
 * The best session with a peer that nobody else is offering. Several hosts
 * may share an address, by ports, so one made with the same port goes first.
 */
static struct tcpcrypt_session *
peer_best(struct tcpcrypt_cache *cache, struct tcpcrypt_cache_peer *peer,
	  __be16 port, const struct tcpcrypt_terms *terms)
{
	struct tcpcrypt_session *s, *best = NULL;
	unsigned int looked = 0;
	int rank, best_rank = 0;

	list_for_each_entry(s, &peer->sessions, peer_node) {
		if (looked++ == CACHE_LOOK_MAX || best_rank == 3)
			break;
		rank = session_rank(s, port);
		if (rank <= best_rank || READ_ONCE(s->busy) ||
		    tcpcrypt_chain_empty(&s->chain) ||
		    !session_usable(cache, s, terms))
			continue;
		best = s;
		best_rank = rank;
	}
	return best;
}

/**
 * tcpcrypt_cache_take_peer() - look for a session to offer in a SYN
 * @tn: namespace
 * @tuple: the connection to be opened
 * @terms: what the session has to fit
 *
 * Context: any.
 * Return: its lowest unused secret, to be freed with tcpcrypt_secret_free();
 * NULL if there is none.
 */
struct tcpcrypt_secret *
tcpcrypt_cache_take_peer(struct tcpcrypt_net *tn,
			 const struct tcpcrypt_tuple *tuple,
			 const struct tcpcrypt_terms *terms)
{
	struct tcpcrypt_cache *cache = tn->cache;
	struct tcpcrypt_session *s = NULL;
	struct tcpcrypt_cache_peer *peer;
	struct tcpcrypt_secret *secret;

	if (!READ_ONCE(tn->config.resume) || !READ_ONCE(cache->count))
		return NULL;
	secret = kzalloc(sizeof(*secret), GFP_ATOMIC);
	if (!secret)
		return NULL;

	spin_lock_bh(&cache->lock);
	peer = tcpcrypt_cache_find_peer(cache, tuple);
	if (peer)
		s = peer_best(cache, peer, tuple->rport, terms);
	if (s && session_take(cache, s, s->chain.next, terms->nonce_len,
			      secret)) {
		secret->offered = true;
		WRITE_ONCE(s->busy, true);
	}
	spin_unlock_bh(&cache->lock);

	if (secret->session)
		return secret;
	kfree_sensitive(secret);
	return NULL;
}

/* Which secret of @s does @half name? 0: none; ss[0] is never in a chain */
static u64 session_find(const struct tcpcrypt_session *s, const u8 *half)
{
	const struct tcpcrypt_chain *chain = &s->chain;
	u64 i;

	for (i = chain->next; i <= chain->last; i++) {
		const u8 *id = chain->link[i % TCPCRYPT_CHAIN_AHEAD].id;

		if (!memcmp(tcpcrypt_chain_half(id, !chain->role_b), half,
			    TCPCRYPT_RESUME_HALF_LEN))
			return i;
	}
	return 0;
}

/**
 * tcpcrypt_cache_take_half() - look for the session that a SYN names
 * @tn: namespace
 * @tep: TEP of the suboption, without the v bit
 * @half: the half of the identifier it holds
 * @terms: what the session has to fit
 *
 * The lock is taken only if there is one: strangers may ask often.
 *
 * Context: any.
 * Return: the secret, to be freed with tcpcrypt_secret_free(); NULL if it is
 * not cached, or has been used.
 */
struct tcpcrypt_secret *
tcpcrypt_cache_take_half(struct tcpcrypt_net *tn, u8 tep,
			 const u8 half[TCPCRYPT_RESUME_HALF_LEN],
			 const struct tcpcrypt_terms *terms)
{
	struct tcpcrypt_cache *cache = tn->cache;
	struct tcpcrypt_secret *secret;
	struct tcpcrypt_session *s;
	u64 i;

	rcu_read_lock();
	s = READ_ONCE(tn->config.resume) ?
	    tcpcrypt_cache_find_half(cache, half) : NULL;
	rcu_read_unlock();
	if (!s)
		return NULL;
	secret = kzalloc(sizeof(*secret), GFP_ATOMIC);
	if (!secret)
		return NULL;

	spin_lock_bh(&cache->lock);
	s = tcpcrypt_cache_find_half(cache, half);
	i = s ? session_find(s, half) : 0;
	if (i && s->chain.tep == tep && session_usable(cache, s, terms))
		session_take(cache, s, i, terms->nonce_len, secret);
	spin_unlock_bh(&cache->lock);

	if (secret->session)
		return secret;
	kfree_sensitive(secret);
	return NULL;
}

/**
 * tcpcrypt_secret_dup() - copy a secret for one of two children of a request
 * @secret: the secret
 * @gfp: GFP_ATOMIC in softirq
 *
 * TCP may make a child twice, and drops one of them before it can send.
 *
 * Context: any.
 * Return: the copy, or NULL.
 */
struct tcpcrypt_secret *
tcpcrypt_secret_dup(const struct tcpcrypt_secret *secret, gfp_t gfp)
{
	struct tcpcrypt_secret *dup = kmemdup(secret, sizeof(*secret), gfp);

	if (dup)
		refcount_inc(&dup->session->refs);
	return dup;
}

/**
 * tcpcrypt_secret_free() - wipe a secret that has been used, or never will be
 * @secret: the secret, or NULL
 *
 * Context: any.
 */
void tcpcrypt_secret_free(struct tcpcrypt_secret *secret)
{
	if (!secret)
		return;
	if (secret->offered)
		WRITE_ONCE(secret->session->busy, false);
	tcpcrypt_session_put(secret->session);
	kfree_sensitive(secret);
}

/**
 * tcpcrypt_cache_refused() - the peer did not want to resume
 * @tn: namespace
 * @secret: what we offered; freed
 * @rport: the port we offered it to
 *
 * It has forgotten the session, and so do we. If the session was made with
 * another port, there may be another host behind this one (NAT), or another
 * application.
 *
 * Context: any.
 */
void tcpcrypt_cache_refused(struct tcpcrypt_net *tn,
			    struct tcpcrypt_secret *secret, __be16 rport)
{
	struct tcpcrypt_session *s = secret->session;
	struct tcpcrypt_cache *cache = tn->cache;

	tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_RESUME_REFUSED);
	spin_lock_bh(&cache->lock);
	if (s->port && s->port != rport)
		s->exact = true;
	else if (s->linked)
		tcpcrypt_cache_unlink(cache, s, TCPCRYPT_MIB_CACHE_FLUSHED);
	spin_unlock_bh(&cache->lock);
	tcpcrypt_secret_free(secret);
}
