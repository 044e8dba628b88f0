// SPDX-License-Identifier: GPL-2.0-only
/*
 * Listening sockets: our ULP on them is what lets us see each child before
 * anybody can send on it.
 */
#include <linux/module.h>
#include <linux/skmsg.h>
#include <net/tcp.h>

#include "listener.h"

static bool listener_eligible(const struct sock *sk)
{
	return inet_sk_state_load(sk) == TCP_LISTEN && !sk->sk_kern_sock &&
	       tcpcrypt_prot_is_base(sk) && !sk_psock(sk) &&
	       !READ_ONCE(inet_csk(sk)->icsk_ulp_ops);
}

/**
 * tcpcrypt_listener_hold() - attach to a listener, or count one user more
 * @tn: namespace
 * @sk: the listener; not locked (SYN processing is lockless)
 *
 * The socket may be closed by another CPU at any time. tcp_cleanup_ulp()
 * then either sees our ULP and releases it, or does not and
 * tcpcrypt_listener_gc() finds it left behind.
 *
 * Context: softirq, tn->halfopen_lock held.
 * Return: the listener, NULL if it is not eligible or memory is short.
 */
struct tcpcrypt_listener *tcpcrypt_listener_hold(struct tcpcrypt_net *tn,
						 struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcpcrypt_listener *l;

	lockdep_assert_held(&tn->halfopen_lock);
	if (READ_ONCE(icsk->icsk_ulp_ops) == &tcpcrypt_ulp_ops) {
		/* written under the lock, and when the socket's end begins */
		l = rcu_dereference(icsk->icsk_ulp_data);
		if (!l || l->kind != TCPCRYPT_KIND_LISTENER || l->destroyed)
			return NULL;
		l->entries++;
		return l;
	}
	if (!listener_eligible(sk))
		return NULL;
	l = kzalloc(sizeof(*l), GFP_ATOMIC);
	if (!l)
		return NULL;
	l->kind = TCPCRYPT_KIND_LISTENER;
	l->sk = sk;
	l->entries = 1;
	if (cmpxchg(&icsk->icsk_ulp_ops, NULL, &tcpcrypt_ulp_ops)) {
		kfree(l);
		return NULL;
	}
	__module_get(THIS_MODULE);
	rcu_assign_pointer(icsk->icsk_ulp_data, l);
	sock_hold(sk);
	list_add_tail(&l->node, &tn->listeners);
	return l;
}

/**
 * tcpcrypt_listener_unhold() - a half-open connection is gone
 * @l: its listener
 *
 * Context: tn->halfopen_lock held.
 */
void tcpcrypt_listener_unhold(struct tcpcrypt_listener *l)
{
	l->entries--;
}

/**
 * tcpcrypt_listener_able() - would a child be born with our ULP
 * @l: the listener that sent the SYN-ACK
 *
 * Not if it has been closed since: a request may then migrate to another
 * listener of its SO_REUSEPORT group.
 *
 * Context: any; RCU read section.
 * Return: true if the listener listens and carries our ULP.
 */
bool tcpcrypt_listener_able(const struct tcpcrypt_listener *l)
{
	return inet_sk_state_load(l->sk) == TCP_LISTEN &&
	       READ_ONCE(inet_csk(l->sk)->icsk_ulp_ops) == &tcpcrypt_ulp_ops;
}

/**
 * tcpcrypt_listener_destroyed() - the listening socket is going away
 * @l: its record, freed later by tcpcrypt_listener_gc()
 *
 * Context: from tcp_cleanup_ulp(), which drops the module reference.
 */
void tcpcrypt_listener_destroyed(struct tcpcrypt_listener *l)
{
	RCU_INIT_POINTER(inet_csk(l->sk)->icsk_ulp_data, NULL);
	WRITE_ONCE(l->destroyed, true);
}

/* Detach from an idle listener; true if its record can be freed */
static bool listener_detach(struct tcpcrypt_net *tn,
			    struct tcpcrypt_listener *l)
{
	struct inet_connection_sock *icsk = inet_csk(l->sk);
	bool idle;

	spin_lock_bh(&tn->halfopen_lock);
	idle = !l->entries;
	if (idle) {
		list_del(&l->node);
		if (icsk->icsk_ulp_ops == &tcpcrypt_ulp_ops) {
			WRITE_ONCE(icsk->icsk_ulp_ops, NULL);
			RCU_INIT_POINTER(icsk->icsk_ulp_data, NULL);
			module_put(THIS_MODULE);
		}
	}
	spin_unlock_bh(&tn->halfopen_lock);
	return idle;
}

static struct tcpcrypt_listener *listener_idle(struct tcpcrypt_net *tn)
{
	struct tcpcrypt_listener *l;

	spin_lock_bh(&tn->halfopen_lock);
	list_for_each_entry(l, &tn->listeners, node) {
		if (!l->entries) {
			spin_unlock_bh(&tn->halfopen_lock);
			return l;
		}
	}
	spin_unlock_bh(&tn->halfopen_lock);
	return NULL;
}

/**
 * tcpcrypt_listener_gc() - let go of listeners without half-open connections
 * @tn: namespace
 *
 * The socket lock keeps tcp_cleanup_ulp() out.
 *
 * Context: process; only one caller at a time per namespace.
 */
void tcpcrypt_listener_gc(struct tcpcrypt_net *tn)
{
	struct tcpcrypt_listener *l;
	struct sock *sk;
	bool freed;

	while ((l = listener_idle(tn))) {
		sk = l->sk;
		lock_sock(sk);
		freed = listener_detach(tn, l);
		release_sock(sk);
		if (freed) {
			sock_put(sk);
			kfree_rcu(l, rcu);
		}
	}
}
