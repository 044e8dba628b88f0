/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the cache share: cache.c, cache_all.c, cache_gc.c,
 * secret.c and session.c. Others have cache.h.
 */
#ifndef _TCPCRYPT_CACHE_INTERNAL_H
#define _TCPCRYPT_CACHE_INTERNAL_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "cache.h"

/* How many are forgotten before others get the lock, and the CPU */
#define TCPCRYPT_CACHE_BATCH	64

/**
 * struct tcpcrypt_cache_key - a peer
 * @family: AF_INET or AF_INET6
 * @pad: zero: keys are compared as bytes
 * @addr: its address; IPv4 in the first word
 */
struct tcpcrypt_cache_key {
	u16 family;
	u16 pad;
	struct in6_addr addr;
};

/**
 * struct tcpcrypt_cache_peer - the sessions with one peer
 * @node: in tcpcrypt_cache.peers
 * @key: the peer
 * @sessions: tcpcrypt_session.peer_node, those of active opens first
 * @rcu: readers of the table
 */
struct tcpcrypt_cache_peer {
	struct rhash_head node;
	struct tcpcrypt_cache_key key;
	struct list_head sessions;
	struct rcu_head rcu;
};

/**
 * struct tcpcrypt_cache_name - how a peer will call one of a session's secrets
 * @node: in tcpcrypt_cache.names
 * @half: the half of resume[i] that the peer sends
 * @n: index of this in tcpcrypt_session.names, which is i modulo its size
 * @listed: in the table
 */
struct tcpcrypt_cache_name {
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
	struct tcpcrypt_cache_name names[TCPCRYPT_CHAIN_AHEAD];
	struct tcpcrypt_cache_peer *peer;
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
 * @peers: struct tcpcrypt_cache_peer by key
 * @names: struct tcpcrypt_cache_name by half
 * @ids: sessions by id
 * @lru: sessions by last use
 * @age: sessions by time of the key exchange
 * @gc: takes out those that are too old
 * @node: in the list of all caches (cache_all.c)
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

/* The clock that goes on while the machine sleeps */
static inline u64 tcpcrypt_cache_now(void)
{
	return ktime_get_boottime_seconds();
}

/* cache.c */
struct tcpcrypt_cache_peer *
tcpcrypt_cache_peer_alloc(const struct tcpcrypt_tuple *tuple, gfp_t gfp);
struct tcpcrypt_cache_peer *
tcpcrypt_cache_find_peer(struct tcpcrypt_cache *cache,
			 const struct tcpcrypt_tuple *tuple);
struct tcpcrypt_session *
tcpcrypt_cache_find_half(struct tcpcrypt_cache *cache,
			 const u8 half[TCPCRYPT_RESUME_HALF_LEN]);
void tcpcrypt_cache_rename(struct tcpcrypt_cache *cache,
			   struct tcpcrypt_session *s);
void tcpcrypt_cache_to_front(struct tcpcrypt_cache *cache,
			     struct tcpcrypt_session *s);
bool tcpcrypt_cache_link(struct tcpcrypt_cache *cache,
			 struct tcpcrypt_session *s,
			 struct tcpcrypt_cache_peer **spare);
void tcpcrypt_cache_unlink(struct tcpcrypt_cache *cache,
			   struct tcpcrypt_session *s, enum tcpcrypt_mib why);
unsigned int tcpcrypt_cache_evict(struct tcpcrypt_cache *cache,
				  unsigned int size, unsigned long max);

/* cache_gc.c */
void tcpcrypt_cache_gc(struct work_struct *work);

/* cache_all.c */
void tcpcrypt_cache_all_join(struct tcpcrypt_cache *cache);
void tcpcrypt_cache_all_leave(struct tcpcrypt_cache *cache);
void tcpcrypt_cache_all_count(int change);

/* session.c */
u64 tcpcrypt_session_expiry(const struct tcpcrypt_net *tn,
			    const struct tcpcrypt_session *s);

#endif /* _TCPCRYPT_CACHE_INTERNAL_H */
