// SPDX-License-Identifier: GPL-2.0-only
/*
 * Destinations that encryption does not get through to.
 *
 * A path may eat SYNs with option 69, or let them pass and eat what follows.
 * It costs one connection some time, and not every one that comes after it:
 * the destination is remembered for a while.  There are at most
 * blackhole_size of them, the oldest goes first, and nothing but our own
 * connections makes them.
 */
#include <linux/jhash.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <net/ipv6.h>

#include "blackhole.h"

/**
 * struct blackhole - a destination
 * @node: in tcpcrypt_net.blackholes
 * @fifo: in tcpcrypt_net.blackhole_fifo, oldest first
 * @rcu: readers of the table
 * @info: what is known about it; but for @hits it does not change
 * @hits: connections left plain because of it
 */
struct blackhole {
	struct rhash_head node;
	struct list_head fifo;
	struct rcu_head rcu;
	struct tcpcrypt_blackhole_info info;
	atomic64_t hits;
};

static const struct rhashtable_params blackhole_params = {
	.key_len = sizeof(struct tcpcrypt_blackhole_key),
	.key_offset = offsetof(struct blackhole, info.key),
	.head_offset = offsetof(struct blackhole, node),
	.automatic_shrinking = true,
};

/**
 * tcpcrypt_blackhole_net_init() - a namespace that knows none
 * @tn: the namespace
 *
 * Context: Process context.
 * Return: 0 or -ENOMEM.
 */
int tcpcrypt_blackhole_net_init(struct tcpcrypt_net *tn)
{
	/* compared as bytes */
	static_assert(sizeof(struct tcpcrypt_blackhole_key) == 20);

	spin_lock_init(&tn->blackhole_lock);
	INIT_LIST_HEAD(&tn->blackhole_fifo);
	return rhashtable_init(&tn->blackholes, &blackhole_params);
}

static void blackhole_remove(struct tcpcrypt_net *tn, struct blackhole *b)
{
	lockdep_assert_held(&tn->blackhole_lock);
	rhashtable_remove_fast(&tn->blackholes, &b->node, blackhole_params);
	list_del(&b->fifo);
	WRITE_ONCE(tn->blackhole_count, tn->blackhole_count - 1);
	kfree_rcu(b, rcu);
}

/**
 * tcpcrypt_blackhole_net_exit() - forget all; no connection is left
 * @tn: the namespace
 *
 * Context: Process context.
 */
void tcpcrypt_blackhole_net_exit(struct tcpcrypt_net *tn)
{
	tcpcrypt_blackhole_flush(tn, NULL);
	rhashtable_destroy(&tn->blackholes);
}

static bool blackhole_expired(const struct blackhole *b)
{
	return time_after_eq64(get_jiffies_64(), b->info.expires);
}

/* Make room for @more: what has expired goes, and then the oldest */
static void blackhole_trim(struct tcpcrypt_net *tn, unsigned int more)
{
	const unsigned int max = READ_ONCE(tn->config.blackhole_size);
	struct blackhole *b, *next;

	list_for_each_entry_safe(b, next, &tn->blackhole_fifo, fifo) {
		if (!blackhole_expired(b) && tn->blackhole_count + more <= max)
			break;
		blackhole_remove(tn, b);
	}
}

static void blackhole_key(struct tcpcrypt_blackhole_key *key,
			  const struct tcpcrypt_tuple *tuple)
{
	key->family = tuple->family;
	key->port = tuple->rport;
	key->addr = tuple->raddr;
}

/* Good while the lock is held, or the RCU read lock of the caller */
static struct blackhole *blackhole_find(struct tcpcrypt_net *tn,
					const struct tcpcrypt_blackhole_key *key)
{
	return rhashtable_lookup_fast(&tn->blackholes, key, blackhole_params);
}

static struct blackhole *blackhole_alloc(struct tcpcrypt_net *tn,
					 const struct tcpcrypt_blackhole_key *key,
					 u32 reason)
{
	const u64 lifetime = READ_ONCE(tn->config.blackhole_lifetime);
	struct blackhole *b = kzalloc(sizeof(*b), GFP_ATOMIC);

	if (!b)
		return NULL;
	b->info.key = *key;
	b->info.reason = reason;
	b->info.since = get_jiffies_64();
	b->info.expires = b->info.since + lifetime * HZ;
	return b;
}

/**
 * tcpcrypt_blackhole_add() - remember a destination
 * @tn: the namespace
 * @tuple: connection whose remote end it is
 * @reason: enum tcpcrypt_blackhole
 *
 * One that is known begins its time anew.
 *
 * Context: softirq or process.
 */
void tcpcrypt_blackhole_add(struct tcpcrypt_net *tn,
			    const struct tcpcrypt_tuple *tuple, u32 reason)
{
	struct tcpcrypt_blackhole_key key;
	struct blackhole *b, *old;

	if (!READ_ONCE(tn->config.blackhole_size))
		return;
	blackhole_key(&key, tuple);
	b = blackhole_alloc(tn, &key, reason);
	if (!b) {
		tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_NOMEM);
		return;
	}
	spin_lock_bh(&tn->blackhole_lock);
	old = blackhole_find(tn, &key);
	if (old)
		blackhole_remove(tn, old);
	blackhole_trim(tn, 1);
	b->info.seq = ++tn->blackhole_seq;
	if (rhashtable_lookup_insert_fast(&tn->blackholes, &b->node,
					  blackhole_params)) {
		kfree(b);
		tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_NOMEM);
	} else {
		list_add_tail(&b->fifo, &tn->blackhole_fifo);
		WRITE_ONCE(tn->blackhole_count, tn->blackhole_count + 1);
		tcpcrypt_mib_inc(tn->net, TCPCRYPT_MIB_BLACKHOLE_ADDED);
	}
	spin_unlock_bh(&tn->blackhole_lock);
}

/**
 * tcpcrypt_blackhole_hit() - is a connection not to be offered encryption
 * @tn: the namespace
 * @tuple: the connection
 *
 * Context: softirq or process; RCU read section.
 * Return: true if its destination is remembered.
 */
bool tcpcrypt_blackhole_hit(struct tcpcrypt_net *tn,
			    const struct tcpcrypt_tuple *tuple)
{
	struct tcpcrypt_blackhole_key key;
	struct blackhole *b;

	if (!READ_ONCE(tn->blackhole_count))
		return false;
	blackhole_key(&key, tuple);
	b = blackhole_find(tn, &key);
	if (!b || blackhole_expired(b))
		return false;
	atomic64_inc(&b->hits);
	return true;
}

/**
 * tcpcrypt_blackhole_forget() - encryption has got through after all
 * @tn: the namespace
 * @tuple: connection that is encrypted
 *
 * Context: softirq or process.
 */
void tcpcrypt_blackhole_forget(struct tcpcrypt_net *tn,
			       const struct tcpcrypt_tuple *tuple)
{
	struct tcpcrypt_blackhole_key key;

	if (!READ_ONCE(tn->blackhole_count))
		return;
	blackhole_key(&key, tuple);
	if (blackhole_find(tn, &key))
		tcpcrypt_blackhole_flush(tn, &key);
}

static bool blackhole_matches(const struct blackhole *b,
			      const struct tcpcrypt_blackhole_key *key)
{
	return !key || (b->info.key.family == key->family &&
			(!key->port || b->info.key.port == key->port) &&
			ipv6_addr_equal(&b->info.key.addr, &key->addr));
}

/**
 * tcpcrypt_blackhole_flush() - forget destinations
 * @tn: the namespace
 * @key: which; with port 0 all ports of the address; NULL for all
 *
 * Context: softirq or process.
 * Return: how many were remembered.
 */
u32 tcpcrypt_blackhole_flush(struct tcpcrypt_net *tn,
			     const struct tcpcrypt_blackhole_key *key)
{
	struct blackhole *b, *next;
	u32 n = 0;

	spin_lock_bh(&tn->blackhole_lock);
	list_for_each_entry_safe(b, next, &tn->blackhole_fifo, fifo) {
		if (!blackhole_matches(b, key))
			continue;
		n += !blackhole_expired(b);
		blackhole_remove(tn, b);
	}
	spin_unlock_bh(&tn->blackhole_lock);
	return n;
}

/**
 * tcpcrypt_blackhole_next() - go through the destinations
 * @tn: the namespace
 * @seq: of the one before, 0 to begin
 * @info: filled in
 *
 * Context: Process context.
 * Return: false if there are no more.
 */
bool tcpcrypt_blackhole_next(struct tcpcrypt_net *tn, u64 seq,
			     struct tcpcrypt_blackhole_info *info)
{
	struct blackhole *b;
	bool found = false;

	spin_lock_bh(&tn->blackhole_lock);
	/* a smaller blackhole_size takes effect here, too */
	blackhole_trim(tn, 0);
	list_for_each_entry(b, &tn->blackhole_fifo, fifo) {
		if (b->info.seq <= seq || blackhole_expired(b))
			continue;
		*info = b->info;
		info->hits = atomic64_read(&b->hits);
		found = true;
		break;
	}
	spin_unlock_bh(&tn->blackhole_lock);
	return found;
}
