/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A network namespace, and what an administrator has configured for it.
 */
#ifndef _TCPCRYPT_NETNS_H
#define _TCPCRYPT_NETNS_H

#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/net_namespace.h>
#include <uapi/linux/tcpcrypt.h>

#include "mib.h"
#include "proto.h"

struct tcpcrypt_cache;
struct tcpcrypt_rules;

/* A port range, both ends included */
struct tcpcrypt_ports {
	u16 lo;
	u16 hi;
};

/**
 * struct tcpcrypt_port_list - some ports
 * @n: entries in @range
 * @range: in the order they were given; host byte order
 */
struct tcpcrypt_port_list {
	unsigned int n;
	struct tcpcrypt_ports range[TCPCRYPT_PORT_RANGES_MAX];
};

/**
 * struct tcpcrypt_lists - the part of the configuration that is not numbers
 * @rcu: readers of tcpcrypt_net.lists
 * @nteps: entries in @teps
 * @teps: TEPs to offer, in order of preference
 * @nciphers: entries in @ciphers
 * @ciphers: AEADs to offer or choose, in order of preference
 * @exclude: ports of protocols that already encrypt, either end
 * @ports: if any, the only ports not left alone, either end
 * @bad_connect: remote ports of active opens left alone
 * @bad_listen: local ports of passive opens left alone
 *
 * It never changes while it is in use: a new one takes its place.
 */
struct tcpcrypt_lists {
	struct rcu_head rcu;
	u8 nteps;
	u8 teps[TCPCRYPT_TEP_COUNT];
	u8 nciphers;
	u16 ciphers[TCPCRYPT_AEAD_COUNT];
	struct tcpcrypt_port_list exclude;
	struct tcpcrypt_port_list ports;
	struct tcpcrypt_port_list bad_connect;
	struct tcpcrypt_port_list bad_listen;
};

/**
 * struct tcpcrypt_config - the numbers an administrator can set, per netns
 * @enable: offer and accept encryption
 * @loopback: also over the loopback device
 * @resume: resume sessions
 * @eno_enable_connect: offer it on active opens
 * @eno_enable_listen: accept it on passive opens
 * @mark: fwmark a SYN must carry not to be left alone, 0 for all
 * @cache_size: most sessions kept to be resumed
 * @cache_lifetime: seconds from a key exchange that its session is kept
 * @syn_retries: SYNs with ENO that may get lost before it is left out
 * @max_halfopen: bound of the table of half-open passive connections
 * @rekey_bytes: data in one direction after which its keys change, 0 for the
 *	cipher's own limit
 * @rekey_secs: seconds after which they do, 0 for never
 * @kex_timeout: seconds from ESTABLISHED to the end of the key exchange
 * @max_frame: most bytes of application data in a frame we send
 * @blackhole_size: most destinations remembered as black holes
 * @blackhole_lifetime: seconds they are remembered
 *
 * Each is a word of its own, read with READ_ONCE() while it may change.
 */
struct tcpcrypt_config {
	bool enable;
	bool loopback;
	bool resume;
	bool eno_enable_connect;
	bool eno_enable_listen;
	unsigned int mark;
	unsigned int cache_size;
	unsigned int cache_lifetime;
	unsigned int syn_retries;
	unsigned int max_halfopen;
	unsigned long rekey_bytes;
	unsigned int rekey_secs;
	unsigned int kex_timeout;
	unsigned int max_frame;
	unsigned int blackhole_size;
	unsigned int blackhole_lifetime;
};

/**
 * struct tcpcrypt_net - state of one network namespace
 * @net: the namespace
 * @config: configuration, the numbers; plain stores of words
 * @lists: configuration, the lists
 * @config_lock: guards changes of @lists, @rules and of more than one number
 * @rules: the policy (policy.c)
 * @rule_id: ID of the last rule; under @config_lock
 * @blackholes: destinations that encryption does not reach, RCU readers
 * @blackhole_lock: guards the following and changes of @blackholes
 * @blackhole_fifo: those destinations, oldest first
 * @blackhole_count: how many
 * @blackhole_seq: number of the last one
 * @mibs: counters
 * @proc: /proc/net/tcpcrypt_stat
 * @sysctl: net.tcpcrypt.*
 * @list: entry in the list of all namespaces (netns.c)
 * @conns: every attached connection, by tcpcrypt_sock.id; RCU readers
 * @opens: active opens waiting for a SYN-ACK, by tuple
 * @opens_lock: guards insertion against the end of a socket
 * @halfopen: passive opens waiting for the third ACK, by tuple
 * @halfopen_count: entries in @halfopen
 * @halfopen_lock: guards @halfopen_fifo, @done_fifo and @listeners
 * @halfopen_fifo: entries by age, no child yet
 * @done_fifo: entries whose child exists, kept for a moment
 * @listeners: listeners that carry our ULP
 * @gc: expires entries and lets go of idle listeners
 * @lingering: closed sockets that wait for the peer's FINp
 * @cache: sessions that can be resumed (cache.c)
 */
struct tcpcrypt_net {
	struct net *net;
	struct tcpcrypt_config config;
	struct tcpcrypt_lists __rcu *lists;
	struct mutex config_lock; /* changes of lists, and of many numbers */
	struct tcpcrypt_rules __rcu *rules;
	u32 rule_id;
	struct rhashtable blackholes;
	spinlock_t blackhole_lock; /* changes of the destinations */
	struct list_head blackhole_fifo;
	unsigned int blackhole_count;
	u64 blackhole_seq;
	struct tcpcrypt_mibs __percpu *mibs;
	struct proc_dir_entry *proc;
	struct ctl_table_header *sysctl;
	struct list_head list;
	struct xarray conns;
	struct rhashtable opens;
	spinlock_t opens_lock; /* insertion against the end of a socket */
	struct rhltable halfopen;
	atomic_t halfopen_count;
	spinlock_t halfopen_lock; /* the lists and their entries */
	struct list_head halfopen_fifo;
	struct list_head done_fifo;
	struct list_head listeners;
	struct delayed_work gc;
	atomic_t lingering;
	struct tcpcrypt_cache *cache;
};

/* param.c: module parameters -> what a namespace starts with */
int tcpcrypt_param_init(void);
const struct tcpcrypt_config *tcpcrypt_param_config(void);
const struct tcpcrypt_lists *tcpcrypt_param_lists(void);

/* config.c: what can be set, and a namespace's lists */
int tcpcrypt_config_net_init(struct tcpcrypt_net *tn);
void tcpcrypt_config_net_exit(struct tcpcrypt_net *tn);
struct tcpcrypt_lists *tcpcrypt_lists_change(struct tcpcrypt_net *tn);
void tcpcrypt_lists_commit(struct tcpcrypt_net *tn, struct tcpcrypt_lists *new);
void tcpcrypt_lists_cancel(struct tcpcrypt_net *tn, struct tcpcrypt_lists *new);

/* netns.c */
struct tcpcrypt_net *tcpcrypt_pernet(const struct net *net);
int tcpcrypt_netns_init(void);
void tcpcrypt_netns_exit(void);
void tcpcrypt_netns_enable(struct tcpcrypt_net *tn, bool on);
void tcpcrypt_netns_enable_all(bool on);
bool tcpcrypt_netns_ready(void);

#endif /* _TCPCRYPT_NETNS_H */
