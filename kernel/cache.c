// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cache of sessions that can be resumed (RFC 8548 section 3.5).
 *
 * A session is found by the peer's address when we open a connection, and by
 * the identifier half that the peer sends when it does. Either way a secret
 * leaves its chain under the cache's lock before it is used, so no two
 * connections have the same one, whatever becomes of them.
 *
 * While one of its secrets stands in a SYN of ours a session is busy: another
 * connect() takes another session, or exchanges keys.
 */
#include <linux/list.h>
#include <linux/notifier.h>
#include <linux/random.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/suspend.h>
#include <linux/timekeeping.h>

#include "cache.h"

/* How many sessions of one peer connect() looks at */
#define CACHE_LOOK_MAX		64
/* How many are forgotten before others get the lock, and the CPU */
#define CACHE_BATCH		64

/**
 * struct cache_key - a peer
 * @family: AF_INET or AF_INET6
 * @pad: zero: keys are compared as bytes
 * @addr: its address; IPv4 in the first word
 */
struct cache_key {
	u16 family;
	u16 pad;
	struct in6_addr addr;
};

/**
 * struct cache_peer - the sessions with one peer
 * @node: in tcpcrypt_cache.peers
 * @key: the peer
 * @sessions: tcpcrypt_session.peer_node, those of active opens first
 * @rcu: readers of the table
 */
struct cache_peer {
	struct rhash_head node;
	struct cache_key key;
	struct list_head sessions;
	struct rcu_head rcu;
};

/**
 * struct cache_name - how a peer will call one of a session's secrets
 * @node: in tcpcrypt_cache.names
 * @half: the half of resume[i] that the peer sends
 * @n: index of this in tcpcrypt_session.names, which is i modulo its size
 * @listed: in the table
 */
struct cache_name {
	struct rhash_head node;
	u8 half[TCPCRYPT_RESUME_HALF_LEN];
	u8 n;
	bool listed;
};

/**
 * struct tcpcrypt_session - a session that can be resumed
 * @refs: one for the cache, one for each connection that came of it
 * @linked: in the cache; under the lock, as all below but @busy
 * @busy: one of its secrets stands in a SYN of ours
 * @exact: another port of the peer does not know it
 * @port: the peer's port if we were the active opener, else 0
 * @id: index in tcpcrypt_cache.ids
 * @created: when the keys were exchanged, in seconds of the boot-time clock
 * @aead: its cipher
 * @chain: its secrets
 * @names: what the secrets are called, by i modulo the size
 * @peer: whom it is shared with
 * @peer_node: in @peer
 * @lru: in tcpcrypt_cache.lru, the least recently used first
 * @age: in tcpcrypt_cache.age, the oldest first
 * @rcu: readers of the tables
 */
struct tcpcrypt_session {
	refcount_t refs;
	bool linked;
	bool busy;
	bool exact;
	__be16 port;
	u32 id;
	u64 created;
	const struct tcpcrypt_aead_alg *aead;
	struct tcpcrypt_chain chain;
	struct cache_name names[TCPCRYPT_CHAIN_AHEAD];
	struct cache_peer *peer;
	struct list_head peer_node;
	struct list_head lru;
	struct list_head age;
	struct rcu_head rcu;
};

/**
 * struct tcpcrypt_cache - the sessions of a network namespace
 * @tn: the namespace
 * @lock: guards all that follows; the tables have readers without it
 * @count: sessions
 * @peers: struct cache_peer by key
 * @names: struct cache_name by half
 * @ids: sessions by id
 * @lru: sessions by last use
 * @age: sessions by time of the key exchange
 * @gc: takes out those that are too old
 * @node: in cache_all
 */
struct tcpcrypt_cache {
	struct tcpcrypt_net *tn;
	spinlock_t lock; /* all sessions */
	unsigned int count;
	struct rhashtable peers;
	struct rhashtable names;
	struct xarray ids;
	struct list_head lru;
	struct list_head age;
	struct delayed_work gc;
	struct list_head node;
};

static const struct rhashtable_params cache_peer_params = {
	.key_len = sizeof(struct cache_key),
	.key_offset = offsetof(struct cache_peer, key),
	.head_offset = offsetof(struct cache_peer, node),
	.automatic_shrinking = true,
};

static const struct rhashtable_params cache_name_params = {
	.key_len = TCPCRYPT_RESUME_HALF_LEN,
	.key_offset = offsetof(struct cache_name, half),
	.head_offset = offsetof(struct cache_name, node),
	.automatic_shrinking = true,
};

/* Every namespace's cache, for those who come from nowhere in particular */
static LIST_HEAD(cache_all);
/*
 * Both are held to change cache_all, one of them to walk it: the mutex by those
 * who sleep, outside; the spinlock by the shrinker. Taken before
 * tcpcrypt_cache.lock.
 */
static DEFINE_MUTEX(cache_all_mutex);
static DEFINE_SPINLOCK(cache_all_lock);
static atomic_long_t cache_total = ATOMIC_LONG_INIT(0);

/* The clock that goes on while the machine sleeps */
static u64 cache_now(void)
{
	return ktime_get_boottime_seconds();
}

static void cache_key_set(struct cache_key *key, u16 family,
			  const struct in6_addr *addr)
{
	memset(key, 0, sizeof(*key));
	key->family = family;
	if (family == AF_INET6)
		key->addr = *addr;
	else
		key->addr.s6_addr32[0] = addr->s6_addr32[0];
}

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

static u64 session_expiry(const struct tcpcrypt_net *tn,
			  const struct tcpcrypt_session *s)
{
	return s->created + READ_ONCE(tn->config.cache_lifetime);
}

/* ---------------------------------------------------- names of the secrets */

static void session_unname(struct tcpcrypt_cache *cache, struct cache_name *name)
{
	if (name->listed)
		rhashtable_remove_fast(&cache->names, &name->node,
				       cache_name_params);
	name->listed = false;
}

/* Make the table say what the chain holds */
static void session_rename(struct tcpcrypt_cache *cache,
			   struct tcpcrypt_session *s)
{
	const struct tcpcrypt_chain *chain = &s->chain;
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(s->names); n++) {
		const u8 *half = tcpcrypt_chain_half(chain->link[n].id,
						     !chain->role_b);
		struct cache_name *name = &s->names[n];

		if (!memcmp(name->half, half, sizeof(name->half)))
			continue;
		session_unname(cache, name);
		memcpy(name->half, half, sizeof(name->half));
		/* no peer sends the zeros of an empty link, but by guessing */
		if (memchr_inv(half, 0, sizeof(name->half)))
			/* without memory the peer has to exchange keys */
			name->listed = !rhashtable_insert_fast(&cache->names,
							       &name->node,
							       cache_name_params);
	}
}

/* ------------------------------------------------------------ in and out */

static void session_unlink(struct tcpcrypt_cache *cache,
			   struct tcpcrypt_session *s, enum tcpcrypt_mib why)
{
	struct cache_peer *peer = s->peer;
	unsigned int n;

	lockdep_assert_held(&cache->lock);
	tcpcrypt_chain_wipe(&s->chain);
	for (n = 0; n < ARRAY_SIZE(s->names); n++)
		session_unname(cache, &s->names[n]);
	xa_erase_bh(&cache->ids, s->id);
	list_del(&s->lru);
	list_del(&s->age);
	list_del(&s->peer_node);
	if (list_empty(&peer->sessions)) {
		rhashtable_remove_fast(&cache->peers, &peer->node,
				       cache_peer_params);
		kfree_rcu(peer, rcu);
	}
	s->linked = false;
	cache->count--;
	atomic_long_dec(&cache_total);
	tcpcrypt_mib_inc(cache->tn->net, why);
	tcpcrypt_session_put(s);
}

/* The record of a peer, made from @spare if there is none */
static struct cache_peer *cache_peer_get(struct tcpcrypt_cache *cache,
					 struct cache_peer **spare)
{
	struct cache_peer *peer = *spare;
	struct cache_peer *old;

	old = rhashtable_lookup_fast(&cache->peers, &peer->key,
				     cache_peer_params);
	if (old)
		return old;
	if (rhashtable_insert_fast(&cache->peers, &peer->node,
				   cache_peer_params))
		return NULL;
	*spare = NULL;
	return peer;
}

/* The sessions that we opened come first: the peer may use the others */
static void session_to_front(struct tcpcrypt_cache *cache,
			     struct tcpcrypt_session *s)
{
	if (s->port)
		list_move(&s->peer_node, &s->peer->sessions);
	list_move_tail(&s->lru, &cache->lru);
}

/* Return: how many, at most @max */
static unsigned int cache_evict(struct tcpcrypt_cache *cache,
				unsigned int size, unsigned long max)
{
	unsigned int n;

	for (n = 0; n < max && cache->count > size; n++)
		session_unlink(cache, list_first_entry(&cache->lru,
						       struct tcpcrypt_session,
						       lru),
			       TCPCRYPT_MIB_CACHE_EVICTED);
	return n;
}

static bool session_link(struct tcpcrypt_cache *cache,
			 struct tcpcrypt_session *s, struct cache_peer **spare)
{
	unsigned int size = READ_ONCE(cache->tn->config.cache_size);

	if (!size || xa_alloc_bh(&cache->ids, &s->id, s, xa_limit_32b,
				 GFP_ATOMIC))
		return false;
	/* more than one only while tcpcrypt_cache_retune() is at it */
	cache_evict(cache, size - 1, CACHE_BATCH);
	s->peer = cache_peer_get(cache, spare);
	if (!s->peer) {
		xa_erase_bh(&cache->ids, s->id);
		return false;
	}
	list_add_tail(&s->peer_node, &s->peer->sessions);
	list_add_tail(&s->lru, &cache->lru);
	list_add_tail(&s->age, &cache->age);
	session_to_front(cache, s);
	s->linked = true;
	refcount_inc(&s->refs);
	cache->count++;
	atomic_long_inc(&cache_total);
	session_rename(cache, s);
	tcpcrypt_mib_inc(cache->tn->net, TCPCRYPT_MIB_CACHE_ADDED);
	return true;
}

/* ----------------------------------------------------------------- using */

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
	       cache_now() < session_expiry(cache->tn, s);
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
	session_rename(cache, s);
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
static struct tcpcrypt_session *peer_best(struct tcpcrypt_cache *cache,
					  struct cache_peer *peer, __be16 port,
					  const struct tcpcrypt_terms *terms)
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
	struct tcpcrypt_secret *secret;
	struct cache_peer *peer;
	struct cache_key key;

	if (!READ_ONCE(tn->config.resume) || !READ_ONCE(cache->count))
		return NULL;
	secret = kzalloc(sizeof(*secret), GFP_ATOMIC);
	if (!secret)
		return NULL;

	cache_key_set(&key, tuple->family, &tuple->raddr);
	spin_lock_bh(&cache->lock);
	peer = rhashtable_lookup_fast(&cache->peers, &key, cache_peer_params);
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

/* Context: RCU read section or cache->lock held */
static struct tcpcrypt_session *cache_lookup(struct tcpcrypt_cache *cache,
					     const u8 *half)
{
	struct cache_name *name;

	name = rhashtable_lookup_fast(&cache->names, half, cache_name_params);
	if (!name)
		return NULL;
	return container_of(name - name->n, struct tcpcrypt_session, names[0]);
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
	s = READ_ONCE(tn->config.resume) ? cache_lookup(cache, half) : NULL;
	rcu_read_unlock();
	if (!s)
		return NULL;
	secret = kzalloc(sizeof(*secret), GFP_ATOMIC);
	if (!secret)
		return NULL;

	spin_lock_bh(&cache->lock);
	s = cache_lookup(cache, half);
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
		session_unlink(cache, s, TCPCRYPT_MIB_CACHE_FLUSHED);
	spin_unlock_bh(&cache->lock);
	tcpcrypt_secret_free(secret);
}

/* ---------------------------------------------------------------- filling */

static bool cache_wanted(const struct tcpcrypt_sock *ctx)
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
	s->created = cache_now();
	s->aead = aead;
	for (n = 0; n < ARRAY_SIZE(s->names); n++)
		s->names[n].n = n;
	tcpcrypt_chain_start(&s->chain, ctx->eno.tep, ctx->eno.role_b);
	tcpcrypt_chain_extend(&s->chain, ahead);
	return s;
}

static struct tcpcrypt_session *
cache_insert(struct tcpcrypt_sock *ctx, const struct tcpcrypt_aead_alg *aead,
	     const struct tcpcrypt_chain_ahead *ahead)
{
	struct tcpcrypt_cache *cache = ctx->tn->cache;
	struct cache_peer *spare;
	struct tcpcrypt_session *s;
	bool linked;

	s = session_alloc(ctx, aead, ahead);
	spare = kzalloc(sizeof(*spare), GFP_KERNEL);
	if (!s || !spare) {
		kfree_sensitive(s);
		kfree(spare);
		return NULL;
	}
	cache_key_set(&spare->key, ctx->id_tuple.family, &ctx->id_tuple.raddr);
	INIT_LIST_HEAD(&spare->sessions);

	spin_lock_bh(&cache->lock);
	linked = session_link(cache, s, &spare);
	spin_unlock_bh(&cache->lock);
	kfree(spare);
	if (!linked) {
		kfree_sensitive(s);
		return NULL;
	}
	if (!delayed_work_pending(&cache->gc))
		queue_delayed_work(system_wq, &cache->gc, HZ);
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

	if (!cache_wanted(ctx))
		return NULL;
	if (!tcpcrypt_chain_look_ahead(hmac, 0, ss, &ahead))
		s = cache_insert(ctx, aead, &ahead);
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

	extend = cache_wanted(ctx) &&
		 !tcpcrypt_chain_look_ahead(hmac, secret->i, secret->link.ss,
					    &ahead);
	spin_lock_bh(&cache->lock);
	if (s->linked && extend) {
		tcpcrypt_chain_extend(&s->chain, &ahead);
		session_rename(cache, s);
		session_to_front(cache, s);
	} else if (s->linked) {
		session_unlink(cache, s, TCPCRYPT_MIB_CACHE_FLUSHED);
	}
	refcount_inc(&s->refs);
	spin_unlock_bh(&cache->lock);
	memzero_explicit(&ahead, sizeof(ahead));
	return s;
}

/* ------------------------------------------------------------- forgetting */

/**
 * tcpcrypt_cache_flush_conn() - forget the session of a connection
 * @ctx: the connection
 *
 * "Any cache state that was used in or resulted from establishing the
 * connection" (RFC 8548 section 3.5): all secrets that follow its own.
 *
 * Context: socket locked.
 */
void tcpcrypt_cache_flush_conn(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_cache *cache = ctx->tn->cache;
	struct tcpcrypt_session *s = ctx->session;

	if (!s)
		return;
	spin_lock_bh(&cache->lock);
	if (s->linked)
		session_unlink(cache, s, TCPCRYPT_MIB_CACHE_FLUSHED);
	spin_unlock_bh(&cache->lock);
}

/* The oldest session of all, or one with @peer; NULL if there is none */
static struct tcpcrypt_session *cache_first(struct tcpcrypt_cache *cache,
					    const struct tcpcrypt_tuple *peer)
{
	struct cache_peer *p;
	struct cache_key key;

	if (!peer)
		return list_first_entry_or_null(&cache->age,
						struct tcpcrypt_session, age);
	cache_key_set(&key, peer->family, &peer->raddr);
	p = rhashtable_lookup_fast(&cache->peers, &key, cache_peer_params);
	return p ? list_first_entry(&p->sessions, struct tcpcrypt_session,
				    peer_node) : NULL;
}

static unsigned int cache_flush_some(struct tcpcrypt_cache *cache,
				     const struct tcpcrypt_tuple *peer,
				     unsigned int max)
{
	struct tcpcrypt_session *s;
	unsigned int n = 0;

	spin_lock_bh(&cache->lock);
	while (n < max && (s = cache_first(cache, peer))) {
		session_unlink(cache, s, TCPCRYPT_MIB_CACHE_FLUSHED);
		n++;
	}
	spin_unlock_bh(&cache->lock);
	return n;
}

/**
 * tcpcrypt_cache_flush() - forget sessions
 * @tn: namespace
 * @peer: only those with this peer (family and remote address), or NULL
 *
 * Those that come meanwhile may stay: no more are forgotten than there were.
 *
 * Context: process; sleeps.
 * Return: how many.
 */
unsigned int tcpcrypt_cache_flush(struct tcpcrypt_net *tn,
				  const struct tcpcrypt_tuple *peer)
{
	struct tcpcrypt_cache *cache = tn->cache;
	unsigned int left = READ_ONCE(cache->count);
	unsigned int n, flushed = 0;

	do {
		n = cache_flush_some(cache, peer, min_t(unsigned int, left,
							CACHE_BATCH));
		left -= n;
		flushed += n;
		cond_resched();
	} while (n);
	return flushed;
}

/* Seconds until the next one expires, 0 if there is none, -EAGAIN for more */
static s64 cache_expire_some(struct tcpcrypt_cache *cache)
{
	struct tcpcrypt_session *s;
	s64 left = 0;
	unsigned int n;

	spin_lock_bh(&cache->lock);
	for (n = 0; !left && (s = cache_first(cache, NULL)); n++) {
		u64 expiry = session_expiry(cache->tn, s);
		u64 now = cache_now();

		if (expiry > now)
			left = expiry - now;
		else if (n == CACHE_BATCH)
			left = -EAGAIN;
		else
			session_unlink(cache, s, TCPCRYPT_MIB_CACHE_EXPIRED);
	}
	spin_unlock_bh(&cache->lock);
	return left;
}

static void cache_gc(struct work_struct *work)
{
	struct tcpcrypt_cache *cache = container_of(to_delayed_work(work),
						    struct tcpcrypt_cache, gc);
	s64 left;

	while ((left = cache_expire_some(cache)) < 0)
		cond_resched();
	/* jiffies stand still while the machine sleeps: look every minute */
	if (left)
		queue_delayed_work(system_wq, &cache->gc,
				   min_t(s64, left, 60) * HZ);
}

/**
 * tcpcrypt_cache_retune() - the configuration of a namespace has changed
 * @tn: the namespace
 *
 * Context: process; sleeps.
 */
void tcpcrypt_cache_retune(struct tcpcrypt_net *tn)
{
	const struct tcpcrypt_config *config = &tn->config;
	struct tcpcrypt_cache *cache = tn->cache;
	unsigned int n;

	if (!READ_ONCE(config->resume))
		tcpcrypt_cache_flush(tn, NULL);
	do {
		spin_lock_bh(&cache->lock);
		n = cache_evict(cache, READ_ONCE(config->cache_size),
				CACHE_BATCH);
		spin_unlock_bh(&cache->lock);
		cond_resched();
	} while (n == CACHE_BATCH);
	mod_delayed_work(system_wq, &cache->gc, 0);
}

static void cache_flush_all(void)
{
	struct tcpcrypt_cache *cache;

	mutex_lock(&cache_all_mutex);
	list_for_each_entry(cache, &cache_all, node)
		tcpcrypt_cache_flush(cache->tn, NULL);
	mutex_unlock(&cache_all_mutex);
}

/* This is a copy of a machine that may be running, too */
static int cache_vmfork(struct notifier_block *nb, unsigned long action,
			void *data)
{
	cache_flush_all();
	return NOTIFY_DONE;
}

static struct notifier_block cache_vmfork_nb = {
	.notifier_call = cache_vmfork,
};

/* "SHOULD NOT write any session secrets to non-volatile storage" */
static int cache_pm(struct notifier_block *nb, unsigned long action,
		    void *data)
{
	if (action == PM_HIBERNATION_PREPARE || action == PM_POST_HIBERNATION)
		cache_flush_all();
	return NOTIFY_DONE;
}

static struct notifier_block cache_pm_nb = {
	.notifier_call = cache_pm,
};

static unsigned long cache_shrink_count(struct shrinker *shrinker,
					struct shrink_control *sc)
{
	long n = atomic_long_read(&cache_total);

	return n > 0 ? n : SHRINK_EMPTY;
}

/* Let the next scan begin with another namespace */
static void cache_shrink_turn(void)
{
	if (!mutex_trylock(&cache_all_mutex))
		return;
	spin_lock_bh(&cache_all_lock);
	if (!list_empty(&cache_all))
		list_rotate_left(&cache_all);
	spin_unlock_bh(&cache_all_lock);
	mutex_unlock(&cache_all_mutex);
}

/* The least recently used of each namespace in turn */
static unsigned long cache_shrink_scan(struct shrinker *shrinker,
				       struct shrink_control *sc)
{
	struct tcpcrypt_cache *cache;
	unsigned long freed = 0;

	cache_shrink_turn();
	spin_lock_bh(&cache_all_lock);
	list_for_each_entry(cache, &cache_all, node) {
		if (freed >= sc->nr_to_scan)
			break;
		spin_lock_bh(&cache->lock);
		freed += cache_evict(cache, 0, sc->nr_to_scan - freed);
		spin_unlock_bh(&cache->lock);
	}
	spin_unlock_bh(&cache_all_lock);
	return freed ?: SHRINK_STOP;
}

static struct shrinker *cache_shrinker;

/* ---------------------------------------------------------------- showing */

static void session_show(const struct tcpcrypt_cache *cache,
			 const struct tcpcrypt_session *s,
			 struct tcpcrypt_session_info *info)
{
	const struct tcpcrypt_chain *chain = &s->chain;
	const u64 expiry = session_expiry(cache->tn, s);
	const u64 now = cache_now();

	memset(info, 0, sizeof(*info));
	info->peer.family = s->peer->key.family;
	info->peer.raddr = s->peer->key.addr;
	info->peer.rport = s->port;
	info->tep = chain->tep;
	info->aead = s->aead->id;
	info->role_b = chain->role_b;
	info->next = chain->next;
	info->age = now - s->created;
	info->left = expiry > now ? expiry - now : 0;
}

/**
 * tcpcrypt_cache_next() - walk over a namespace's sessions
 * @tn: the namespace
 * @id: where to begin; set to where to go on
 * @info: what may be known of the session
 *
 * Context: any.
 * Return: false if there are no more.
 */
bool tcpcrypt_cache_next(struct tcpcrypt_net *tn, unsigned long *id,
			 struct tcpcrypt_session_info *info)
{
	struct tcpcrypt_cache *cache = tn->cache;
	struct tcpcrypt_session *s;

	spin_lock_bh(&cache->lock);
	s = xa_find(&cache->ids, id, U32_MAX, XA_PRESENT);
	if (s)
		session_show(cache, s, info);
	spin_unlock_bh(&cache->lock);
	++*id;
	return s;
}

/* ---------------------------------------------------------- begin and end */

/**
 * tcpcrypt_cache_net_init() - make a namespace's cache
 * @tn: the namespace
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int tcpcrypt_cache_net_init(struct tcpcrypt_net *tn)
{
	struct tcpcrypt_cache *cache;
	int err;

	cache = kzalloc(sizeof(*cache), GFP_KERNEL);
	if (!cache)
		return -ENOMEM;
	err = rhashtable_init(&cache->peers, &cache_peer_params);
	if (err)
		goto err_free;
	err = rhashtable_init(&cache->names, &cache_name_params);
	if (err)
		goto err_peers;
	cache->tn = tn;
	spin_lock_init(&cache->lock);
	xa_init_flags(&cache->ids, XA_FLAGS_ALLOC | XA_FLAGS_LOCK_BH);
	INIT_LIST_HEAD(&cache->lru);
	INIT_LIST_HEAD(&cache->age);
	INIT_DELAYED_WORK(&cache->gc, cache_gc);
	tn->cache = cache;

	mutex_lock(&cache_all_mutex);
	spin_lock_bh(&cache_all_lock);
	list_add_tail(&cache->node, &cache_all);
	spin_unlock_bh(&cache_all_lock);
	mutex_unlock(&cache_all_mutex);
	return 0;

err_peers:
	rhashtable_destroy(&cache->peers);
err_free:
	kfree(cache);
	return err;
}

/**
 * tcpcrypt_cache_net_exit() - free it; all sockets of the namespace are gone
 * @tn: the namespace
 *
 * Context: process.
 */
void tcpcrypt_cache_net_exit(struct tcpcrypt_net *tn)
{
	struct tcpcrypt_cache *cache = tn->cache;

	mutex_lock(&cache_all_mutex);
	spin_lock_bh(&cache_all_lock);
	list_del(&cache->node);
	spin_unlock_bh(&cache_all_lock);
	mutex_unlock(&cache_all_mutex);
	tcpcrypt_cache_flush(tn, NULL);
	cancel_delayed_work_sync(&cache->gc);
	xa_destroy(&cache->ids);
	rhashtable_destroy(&cache->names);
	rhashtable_destroy(&cache->peers);
	kfree(cache);
}

/**
 * tcpcrypt_cache_init() - what all namespaces' caches have in common
 *
 * Context: process, module load.
 * Return: 0 or a negative errno.
 */
int tcpcrypt_cache_init(void)
{
	int err;

	cache_shrinker = shrinker_alloc(0, "tcpcrypt-cache");
	if (!cache_shrinker)
		return -ENOMEM;
	cache_shrinker->count_objects = cache_shrink_count;
	cache_shrinker->scan_objects = cache_shrink_scan;
	err = register_pm_notifier(&cache_pm_nb);
	if (err)
		goto err_shrinker;
	err = register_random_vmfork_notifier(&cache_vmfork_nb);
	if (err)
		goto err_pm;
	shrinker_register(cache_shrinker);
	return 0;

err_pm:
	unregister_pm_notifier(&cache_pm_nb);
err_shrinker:
	shrinker_free(cache_shrinker);
	return err;
}

/**
 * tcpcrypt_cache_exit() - undo tcpcrypt_cache_init()
 *
 * Context: process, module unload or a failed load.
 */
void tcpcrypt_cache_exit(void)
{
	shrinker_free(cache_shrinker);
	unregister_random_vmfork_notifier(&cache_vmfork_nb);
	unregister_pm_notifier(&cache_pm_nb);
}
