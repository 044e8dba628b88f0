// SPDX-License-Identifier: GPL-2.0-only
/*
 * Forgetting sessions: on demand, when they are too old, or too many.
 */
#include <linux/list.h>
#include <linux/sched.h>

#include "cache_internal.h"

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
		tcpcrypt_cache_unlink(cache, s, TCPCRYPT_MIB_CACHE_FLUSHED);
	spin_unlock_bh(&cache->lock);
}

/* The oldest session of all, or one with @peer; NULL if there is none */
static struct tcpcrypt_session *cache_first(struct tcpcrypt_cache *cache,
					    const struct tcpcrypt_tuple *peer)
{
	struct tcpcrypt_cache_peer *p;

	if (!peer)
		return list_first_entry_or_null(&cache->age,
						struct tcpcrypt_session, age);
	p = tcpcrypt_cache_find_peer(cache, peer);
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
		tcpcrypt_cache_unlink(cache, s, TCPCRYPT_MIB_CACHE_FLUSHED);
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
							TCPCRYPT_CACHE_BATCH));
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
		u64 expiry = tcpcrypt_session_expiry(cache->tn, s);
		u64 now = tcpcrypt_cache_now();

		if (expiry > now)
			left = expiry - now;
		else if (n == TCPCRYPT_CACHE_BATCH)
			left = -EAGAIN;
		else
			tcpcrypt_cache_unlink(cache, s,
					      TCPCRYPT_MIB_CACHE_EXPIRED);
	}
	spin_unlock_bh(&cache->lock);
	return left;
}

/**
 * tcpcrypt_cache_gc() - forget the sessions that are too old
 * @work: tcpcrypt_cache.gc, which runs again in time for the next one
 *
 * Context: process; sleeps.
 */
void tcpcrypt_cache_gc(struct work_struct *work)
{
	struct tcpcrypt_cache *cache = container_of(to_delayed_work(work),
						    struct tcpcrypt_cache, gc);
	s64 left;

	while ((left = cache_expire_some(cache)) < 0)
		cond_resched();
	/* jiffies stand still while the machine sleeps: look every minute */
	if (left)
		queue_delayed_work(system_percpu_wq, &cache->gc,
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
		n = tcpcrypt_cache_evict(cache, READ_ONCE(config->cache_size),
					 TCPCRYPT_CACHE_BATCH);
		spin_unlock_bh(&cache->lock);
		cond_resched();
	} while (n == TCPCRYPT_CACHE_BATCH);
	mod_delayed_work(system_percpu_wq, &cache->gc, 0);
}
