// SPDX-License-Identifier: GPL-2.0-only
/*
 * All namespaces' caches: the machine is short of memory, hibernates, or has
 * been copied.
 */
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/random.h>
#include <linux/shrinker.h>
#include <linux/suspend.h>

#include "cache_internal.h"

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

/**
 * tcpcrypt_cache_all_join() - a namespace has got a cache
 * @cache: the cache
 *
 * Context: process; sleeps.
 */
void tcpcrypt_cache_all_join(struct tcpcrypt_cache *cache)
{
	mutex_lock(&cache_all_mutex);
	spin_lock_bh(&cache_all_lock);
	list_add_tail(&cache->node, &cache_all);
	spin_unlock_bh(&cache_all_lock);
	mutex_unlock(&cache_all_mutex);
}

/**
 * tcpcrypt_cache_all_leave() - a namespace is about to lose its cache
 * @cache: the cache
 *
 * Context: process; sleeps.
 */
void tcpcrypt_cache_all_leave(struct tcpcrypt_cache *cache)
{
	mutex_lock(&cache_all_mutex);
	spin_lock_bh(&cache_all_lock);
	list_del(&cache->node);
	spin_unlock_bh(&cache_all_lock);
	mutex_unlock(&cache_all_mutex);
}

/**
 * tcpcrypt_cache_all_count() - the number of sessions has changed
 * @change: by how many
 *
 * Context: any.
 */
void tcpcrypt_cache_all_count(int change)
{
	atomic_long_add(change, &cache_total);
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
		freed += tcpcrypt_cache_evict(cache, 0, sc->nr_to_scan - freed);
		spin_unlock_bh(&cache->lock);
	}
	spin_unlock_bh(&cache_all_lock);
	return freed ?: SHRINK_STOP;
}

static struct shrinker *cache_shrinker;

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
