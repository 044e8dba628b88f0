// SPDX-License-Identifier: GPL-2.0-only
/*
 * Network namespaces: what each has of its own, and in which order it comes up
 * and goes away.
 */
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <net/net_debug.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "blackhole.h"
#include "cache.h"
#include "halfopen.h"
#include "hook.h"
#include "keylog.h"
#include "open.h"
#include "policy.h"
#include "sysctl.h"
#include "tcpcrypt.h"

/* Namespaces where encryption can be switched, by tcpcrypt_net.list */
static LIST_HEAD(netns_list);

/*
 * Guards netns_list and every switch of tcpcrypt_config.enable, so that one
 * switch, with the flush that belongs to it, is over before the next begins.
 */
static DEFINE_MUTEX(netns_lock);

static unsigned int netns_id __read_mostly;

/* Every namespace has its state: tcpcrypt_pernet() works for all of them */
static bool netns_ready __read_mostly;

/**
 * tcpcrypt_pernet() - this module's state in a network namespace
 * @net: the namespace, alive and past netns_init()
 *
 * Context: Any.
 * Return: the state; never NULL.
 */
struct tcpcrypt_net *tcpcrypt_pernet(const struct net *net)
{
	return net_generic(net, netns_id);
}

/* Undo what "enabled" has left behind once nothing new can join it */
static void netns_switched(struct tcpcrypt_net *tn)
{
	lockdep_assert_held(&netns_lock);

	if (!READ_ONCE(tn->config.enable))
		tcpcrypt_halfopen_flush(tn);
}

/**
 * tcpcrypt_netns_enable_all() - switch encryption in every network namespace
 * @on: offer and accept encryption from now on
 *
 * The caller has changed what new namespaces start with before.  Connections
 * that are encrypted stay so.
 *
 * Context: Process context; may sleep.  Works before tcpcrypt_netns_init().
 */
void tcpcrypt_netns_enable_all(bool on)
{
	struct tcpcrypt_net *tn;

	mutex_lock(&netns_lock);
	list_for_each_entry(tn, &netns_list, list) {
		WRITE_ONCE(tn->config.enable, on);
		netns_switched(tn);
	}
	mutex_unlock(&netns_lock);
}

/**
 * tcpcrypt_netns_enable() - switch encryption in one network namespace
 * @tn: the namespace
 * @on: offer and accept encryption from now on
 *
 * Context: Process context; may sleep.
 */
void tcpcrypt_netns_enable(struct tcpcrypt_net *tn, bool on)
{
	mutex_lock(&netns_lock);
	WRITE_ONCE(tn->config.enable, on);
	netns_switched(tn);
	mutex_unlock(&netns_lock);
}

/* From here on the namespace follows the module parameter */
static void netns_link(struct tcpcrypt_net *tn)
{
	mutex_lock(&netns_lock);
	tn->config.enable = READ_ONCE(tcpcrypt_param_config()->enable);
	list_add_tail(&tn->list, &netns_list);
	mutex_unlock(&netns_lock);
}

static void netns_unlink(struct tcpcrypt_net *tn)
{
	mutex_lock(&netns_lock);
	list_del(&tn->list);
	mutex_unlock(&netns_lock);
}

/* Counters and what shows them */
static int netns_stat_init(struct tcpcrypt_net *tn)
{
	tn->mibs = alloc_percpu(struct tcpcrypt_mibs);
	if (!tn->mibs)
		return -ENOMEM;

	tn->proc = proc_create_net_single("tcpcrypt_stat", 0444,
					  tn->net->proc_net,
					  tcpcrypt_mib_seq_show, NULL);
	if (!tn->proc) {
		free_percpu(tn->mibs);
		return -ENOMEM;
	}
	return 0;
}

static void netns_stat_exit(struct tcpcrypt_net *tn)
{
	proc_remove(tn->proc);
	free_percpu(tn->mibs);
}

static int __net_init netns_init(struct net *net)
{
	struct tcpcrypt_net *tn = tcpcrypt_pernet(net);
	int err;

	tn->net = net;
	xa_init_flags(&tn->conns, XA_FLAGS_ALLOC | XA_FLAGS_LOCK_BH);

	err = tcpcrypt_config_net_init(tn);
	if (err)
		return err;

	err = tcpcrypt_policy_net_init(tn);
	if (err)
		goto err_config;

	err = tcpcrypt_blackhole_net_init(tn);
	if (err)
		goto err_policy;

	err = netns_stat_init(tn);
	if (err)
		goto err_blackhole;

	err = tcpcrypt_keylog_net_init(tn);
	if (err)
		goto err_stat;

	err = tcpcrypt_halfopen_net_init(tn);
	if (err)
		goto err_keylog;

	err = tcpcrypt_open_net_init(tn);
	if (err)
		goto err_halfopen;

	err = tcpcrypt_cache_net_init(tn);
	if (err)
		goto err_open;

	netns_link(tn);

	err = tcpcrypt_sysctl_net_init(tn);
	if (err)
		goto err_link;

	err = tcpcrypt_hook_net_init(tn);
	if (err)
		goto err_sysctl;

	return 0;

err_sysctl:
	tcpcrypt_sysctl_net_exit(tn);
err_link:
	netns_unlink(tn);
	tcpcrypt_cache_net_exit(tn);
err_open:
	tcpcrypt_open_net_exit(tn);
err_halfopen:
	tcpcrypt_halfopen_net_exit(tn);
err_keylog:
	tcpcrypt_keylog_net_exit(tn);
err_stat:
	netns_stat_exit(tn);
err_blackhole:
	tcpcrypt_blackhole_net_exit(tn);
err_policy:
	tcpcrypt_policy_net_exit(tn);
err_config:
	tcpcrypt_config_net_exit(tn);
	return err;
}

/* An RCU grace period separates this from netns_exit() */
static void __net_exit netns_pre_exit(struct net *net)
{
	struct tcpcrypt_net *tn = tcpcrypt_pernet(net);

	tcpcrypt_hook_net_exit(tn);
	tcpcrypt_sysctl_net_exit(tn);
	netns_unlink(tn);
}

static void __net_exit netns_exit(struct net *net)
{
	struct tcpcrypt_net *tn = tcpcrypt_pernet(net);

	tcpcrypt_open_net_exit(tn);
	tcpcrypt_halfopen_net_exit(tn);
	tcpcrypt_cache_net_exit(tn);
	DEBUG_NET_WARN_ON_ONCE(!xa_empty(&tn->conns));
	xa_destroy(&tn->conns);
	tcpcrypt_keylog_net_exit(tn);
	netns_stat_exit(tn);
	tcpcrypt_blackhole_net_exit(tn);
	tcpcrypt_policy_net_exit(tn);
	tcpcrypt_config_net_exit(tn);
}

static struct pernet_operations netns_ops = {
	.init		= netns_init,
	.pre_exit	= netns_pre_exit,
	.exit		= netns_exit,
	.id		= &netns_id,
	.size		= sizeof(struct tcpcrypt_net),
};

/**
 * tcpcrypt_netns_init() - set up every network namespace, now and to come
 *
 * Its last step in each is to register the netfilter hooks: what they use has
 * to be ready before.
 *
 * Context: Process context, from the module's init, after
 * tcpcrypt_param_init().
 * Return: 0 or a negative errno.
 */
int __init tcpcrypt_netns_init(void)
{
	int err;

	err = register_pernet_subsys(&netns_ops);
	if (!err)
		/* Pairs with smp_load_acquire() in tcpcrypt_netns_ready() */
		smp_store_release(&netns_ready, true);
	return err;
}

/**
 * tcpcrypt_netns_ready() - has tcpcrypt_netns_init() succeeded
 *
 * For those who can be called before it, by a user who does not wait for the
 * module's init.
 *
 * Context: Any.
 * Return: true when tcpcrypt_pernet() may be called for any namespace.
 */
bool tcpcrypt_netns_ready(void)
{
	/* Pairs with smp_store_release() in tcpcrypt_netns_init() */
	return smp_load_acquire(&netns_ready);
}

/**
 * tcpcrypt_netns_exit() - take this module out of every network namespace
 *
 * Context: Process context, from the module's exit or a failing init.
 */
void tcpcrypt_netns_exit(void)
{
	unregister_pernet_subsys(&netns_ops);
}
