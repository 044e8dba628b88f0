/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_LISTENER_H
#define _TCPCRYPT_LISTENER_H

#include "tcpcrypt.h"

/**
 * struct tcpcrypt_listener - a listening socket that carries our ULP
 * @kind: TCPCRYPT_KIND_LISTENER
 * @destroyed: the socket's end has given the module reference back
 * @entries: half-open connections that need it; tcpcrypt_net.halfopen_lock
 * @sk: the listener, held
 * @node: in tcpcrypt_net.listeners
 * @rcu: readers of icsk_ulp_data
 *
 * It is attached while there are half-open connections, so that an idle
 * listener does not keep the module from being unloaded.
 */
struct tcpcrypt_listener {
	u8 kind;
	bool destroyed;
	unsigned int entries;
	struct sock *sk;
	struct list_head node;
	struct rcu_head rcu;
};

struct tcpcrypt_listener *tcpcrypt_listener_hold(struct tcpcrypt_net *tn,
						 struct sock *sk);
void tcpcrypt_listener_unhold(struct tcpcrypt_listener *l);
bool tcpcrypt_listener_able(const struct tcpcrypt_listener *l);
void tcpcrypt_listener_destroyed(struct tcpcrypt_listener *l);
void tcpcrypt_listener_gc(struct tcpcrypt_net *tn);

#endif /* _TCPCRYPT_LISTENER_H */
