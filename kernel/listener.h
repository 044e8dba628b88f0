/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_LISTENER_H
#define _TCPCRYPT_LISTENER_H

#include "tcpcrypt.h"

/**
 * struct tcpcrypt_listener - a socket with our ULP that is no connection
 * @kind: TCPCRYPT_KIND_LISTENER
 * @asked: the application has set the ULP, and may set @opts; once set it
 *	stays so
 * @linked: in tcpcrypt_net.listeners, @sk is held; guarded by
 *	tcpcrypt_net.halfopen_lock as @destroyed and @entries are
 * @destroyed: the socket's end has given the module reference back
 * @entries: half-open connections that need it
 * @sk: the socket
 * @opts: what the application has asked for
 * @fallback: why the socket's connection is plain, or 0
 * @node: in tcpcrypt_net.listeners
 * @rcu: readers of icsk_ulp_data
 *
 * On a listening socket whose application did not ask it is attached while
 * there are half-open connections only, so that an idle listener does not keep
 * the module from being unloaded.
 */
struct tcpcrypt_listener {
	u8 kind;
	bool asked;
	bool linked;
	bool destroyed;
	unsigned int entries;
	struct sock *sk;
	struct tcpcrypt_opts opts;
	enum tcpcrypt_mib fallback;
	struct list_head node;
	struct rcu_head rcu;
};

struct tcpcrypt_listener *tcpcrypt_listener_hold(struct tcpcrypt_net *tn,
						 struct sock *sk);
void tcpcrypt_listener_unhold(struct tcpcrypt_listener *l);
bool tcpcrypt_listener_able(const struct tcpcrypt_listener *l);
void tcpcrypt_listener_destroyed(struct tcpcrypt_listener *l);
void tcpcrypt_listener_gc(struct tcpcrypt_net *tn);
int tcpcrypt_listener_ask(struct sock *sk);
struct tcpcrypt_listener *tcpcrypt_listener_asked(const struct sock *sk);
int tcpcrypt_listener_setsockopt(struct sock *sk, int level, int optname,
				 sockptr_t optval, unsigned int optlen);
int tcpcrypt_listener_getsockopt(struct sock *sk, int level, int optname,
				 char __user *optval, int __user *optlen);
void tcpcrypt_listener_free(struct tcpcrypt_listener *l);

#endif /* _TCPCRYPT_LISTENER_H */
