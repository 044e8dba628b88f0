// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cache of sessions that can be resumed (RFC 8548 section 3.5).
 *
 * A session is found by the peer's address when we open a connection, and by
 * the identifier half that the peer sends when it does. Either way a secret
 * leaves its chain under the cache's lock before it is used, so no two
 * connections have the same one, whatever becomes of them.
 */
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "cache_internal.h"

static const struct rhashtable_params cache_peer_params = {
	.key_len = sizeof(struct tcpcrypt_cache_key),
	.key_offset = offsetof(struct tcpcrypt_cache_peer, key),
	.head_offset = offsetof(struct tcpcrypt_cache_peer, node),
	.automatic_shrinking = true,
};

static const struct rhashtable_params cache_name_params = {
	.key_len = TCPCRYPT_RESUME_HALF_LEN,
	.key_offset = offsetof(struct tcpcrypt_cache_name, half),
	.head_offset = offsetof(struct tcpcrypt_cache_name, node),
	.automatic_shrinking = true,
};

static void cache_key_set(struct tcpcrypt_cache_key *key,
			  const struct tcpcrypt_tuple *tuple)
{
	memset(key, 0, sizeof(*key));
	key->family = tuple->family;
	if (tuple->family == AF_INET6)
		key->addr = tuple->raddr;
	else
		key->addr.s6_addr32[0] = tuple->raddr.s6_addr32[0];
}

/* --------------------------------------------------------------- finding */

/**
 * tcpcrypt_cache_find_peer() - look for the sessions with a peer
 * @cache: the cache
 * @tuple: a connection with it: family and remote address
 *
 * Context: @cache's lock held.
 * Return: its record, or NULL.
 */
struct tcpcrypt_cache_peer *
tcpcrypt_cache_find_peer(struct tcpcrypt_cache *cache,
			 const struct tcpcrypt_tuple *tuple)
{
	struct tcpcrypt_cache_key key;

	cache_key_set(&key, tuple);
	return rhashtable_lookup_fast(&cache->peers, &key, cache_peer_params);
}

/**
 * tcpcrypt_cache_find_half() - look for the session of a secret
 * @cache: the cache
 * @half: the half of the secret's identifier that the peer sends
 *
 * Context: RCU read section or @cache's lock held.
 * Return: the session, or NULL.
 */
struct tcpcrypt_session *
tcpcrypt_cache_find_half(struct tcpcrypt_cache *cache,
			 const u8 half[TCPCRYPT_RESUME_HALF_LEN])
{
	struct tcpcrypt_cache_name *name;

	name = rhashtable_lookup_fast(&cache->names, half, cache_name_params);
	if (!name)
		return NULL;
	return container_of(name - name->n, struct tcpcrypt_session, names[0]);
}

/* ---------------------------------------------------- names of the secrets */

static void session_unname(struct tcpcrypt_cache *cache,
			   struct tcpcrypt_cache_name *name)
{
	if (name->listed)
		rhashtable_remove_fast(&cache->names, &name->node,
				       cache_name_params);
	name->listed = false;
}

/**
 * tcpcrypt_cache_rename() - make the table say what a session's chain holds
 * @cache: the cache
 * @s: the session
 *
 * Context: @cache's lock held.
 */
void tcpcrypt_cache_rename(struct tcpcrypt_cache *cache,
			   struct tcpcrypt_session *s)
{
	const struct tcpcrypt_chain *chain = &s->chain;
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(s->names); n++) {
		const u8 *half = tcpcrypt_chain_half(chain->link[n].id,
						     !chain->role_b);
		struct tcpcrypt_cache_name *name = &s->names[n];

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

/**
 * tcpcrypt_cache_unlink() - forget a session, and wipe its secrets
 * @cache: the cache
 * @s: the session, linked; the cache's reference to it goes
 * @why: the counter that says so
 *
 * Context: @cache's lock held.
 */
void tcpcrypt_cache_unlink(struct tcpcrypt_cache *cache,
			   struct tcpcrypt_session *s, enum tcpcrypt_mib why)
{
	struct tcpcrypt_cache_peer *peer = s->peer;
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
	tcpcrypt_cache_all_count(-1);
	tcpcrypt_mib_inc(cache->tn->net, why);
	tcpcrypt_session_put(s);
}

/**
 * tcpcrypt_cache_peer_alloc() - make a record that a peer may need
 * @tuple: a connection with it: family and remote address
 * @gfp: as the caller may sleep
 *
 * Context: any.
 * Return: the record for tcpcrypt_cache_link(), to be freed with kfree() if
 * that does not take it; NULL without memory.
 */
struct tcpcrypt_cache_peer *
tcpcrypt_cache_peer_alloc(const struct tcpcrypt_tuple *tuple, gfp_t gfp)
{
	struct tcpcrypt_cache_peer *peer = kzalloc(sizeof(*peer), gfp);

	if (!peer)
		return NULL;
	cache_key_set(&peer->key, tuple);
	INIT_LIST_HEAD(&peer->sessions);
	return peer;
}

/* The record of a peer, made from @spare if there is none */
static struct tcpcrypt_cache_peer *
cache_peer_get(struct tcpcrypt_cache *cache, struct tcpcrypt_cache_peer **spare)
{
	struct tcpcrypt_cache_peer *peer = *spare;
	struct tcpcrypt_cache_peer *old;

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

/**
 * tcpcrypt_cache_to_front() - prefer a session to others with its peer
 * @cache: the cache
 * @s: the session
 *
 * The sessions that we opened come first: the peer may use the others.
 *
 * Context: @cache's lock held.
 */
void tcpcrypt_cache_to_front(struct tcpcrypt_cache *cache,
			     struct tcpcrypt_session *s)
{
	if (s->port)
		list_move(&s->peer_node, &s->peer->sessions);
	list_move_tail(&s->lru, &cache->lru);
}

/**
 * tcpcrypt_cache_evict() - forget the least recently used sessions
 * @cache: the cache
 * @size: how many may stay
 * @max: how many may go
 *
 * Context: @cache's lock held.
 * Return: how many have gone, at most @max.
 */
unsigned int tcpcrypt_cache_evict(struct tcpcrypt_cache *cache,
				  unsigned int size, unsigned long max)
{
	unsigned int n;

	for (n = 0; n < max && cache->count > size; n++)
		tcpcrypt_cache_unlink(cache,
				      list_first_entry(&cache->lru,
						       struct tcpcrypt_session,
						       lru),
				      TCPCRYPT_MIB_CACHE_EVICTED);
	return n;
}

/**
 * tcpcrypt_cache_link() - take a session in
 * @cache: the cache
 * @s: the session
 * @spare: a record of its peer, of tcpcrypt_cache_peer_alloc(); set to NULL if
 *	it has been needed
 *
 * Context: @cache's lock held.
 * Return: false if there is no room, or no memory.
 */
bool tcpcrypt_cache_link(struct tcpcrypt_cache *cache,
			 struct tcpcrypt_session *s,
			 struct tcpcrypt_cache_peer **spare)
{
	unsigned int size = READ_ONCE(cache->tn->config.cache_size);

	if (!size || xa_alloc_bh(&cache->ids, &s->id, s, xa_limit_32b,
				 GFP_ATOMIC))
		return false;
	/* more than one only while tcpcrypt_cache_retune() is at it */
	tcpcrypt_cache_evict(cache, size - 1, TCPCRYPT_CACHE_BATCH);
	s->peer = cache_peer_get(cache, spare);
	if (!s->peer) {
		xa_erase_bh(&cache->ids, s->id);
		return false;
	}
	list_add_tail(&s->peer_node, &s->peer->sessions);
	list_add_tail(&s->lru, &cache->lru);
	list_add_tail(&s->age, &cache->age);
	tcpcrypt_cache_to_front(cache, s);
	s->linked = true;
	refcount_inc(&s->refs);
	cache->count++;
	tcpcrypt_cache_all_count(1);
	tcpcrypt_cache_rename(cache, s);
	tcpcrypt_mib_inc(cache->tn->net, TCPCRYPT_MIB_CACHE_ADDED);
	return true;
}

/* ---------------------------------------------------------------- showing */

static void session_show(const struct tcpcrypt_cache *cache,
			 const struct tcpcrypt_session *s,
			 struct tcpcrypt_session_info *info)
{
	const struct tcpcrypt_chain *chain = &s->chain;
	const u64 expiry = tcpcrypt_session_expiry(cache->tn, s);
	const u64 now = tcpcrypt_cache_now();

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
	INIT_DELAYED_WORK(&cache->gc, tcpcrypt_cache_gc);
	tn->cache = cache;
	tcpcrypt_cache_all_join(cache);
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

	tcpcrypt_cache_all_leave(cache);
	tcpcrypt_cache_flush(tn, NULL);
	cancel_delayed_work_sync(&cache->gc);
	xa_destroy(&cache->ids);
	rhashtable_destroy(&cache->names);
	rhashtable_destroy(&cache->peers);
	kfree(cache);
}
