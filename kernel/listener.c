// SPDX-License-Identifier: GPL-2.0-only
/*
 * Listening sockets: our ULP on them is what lets us see each child before
 * anybody can send on it.
 */
#include <linux/module.h>
#include <linux/skmsg.h>
#include <net/tcp.h>

#include "listener.h"

static struct tcpcrypt_listener *listener_alloc(struct sock *sk, gfp_t gfp)
{
	struct tcpcrypt_listener *l;

	l = kzalloc(sizeof(*l), gfp);
	if (!l)
		return NULL;
	l->kind = TCPCRYPT_KIND_LISTENER;
	l->sk = sk;
	tcpcrypt_opts_init(&l->opts);
	return l;
}

static bool listener_eligible(const struct sock *sk)
{
	return inet_sk_state_load(sk) == TCP_LISTEN && !sk->sk_kern_sock &&
	       tcpcrypt_prot_is_base(sk) && !sk_psock(sk) &&
	       !READ_ONCE(inet_csk(sk)->icsk_ulp_ops);
}

/*
 * A sockmap looks whether there is a ULP, and takes the socket's functions,
 * under the callback lock.
 */
static bool listener_attach(struct tcpcrypt_listener *l, struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	bool done;

	read_lock_bh(&sk->sk_callback_lock);
	done = listener_eligible(sk) &&
	       !cmpxchg(&icsk->icsk_ulp_ops, NULL, &tcpcrypt_ulp_ops);
	if (done) {
		__module_get(THIS_MODULE);
		rcu_assign_pointer(icsk->icsk_ulp_data, l);
		tcpcrypt_prot_listen(sk);
	}
	read_unlock_bh(&sk->sk_callback_lock);
	return done;
}

/* Context: halfopen_lock held */
static void listener_link(struct tcpcrypt_net *tn, struct tcpcrypt_listener *l)
{
	if (l->linked)
		return;
	l->linked = true;
	sock_hold(l->sk);
	list_add_tail(&l->node, &tn->listeners);
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
		listener_link(tn, l);
		l->entries++;
		/* tcpcrypt_listener_gc() may have begun to let it go */
		tcpcrypt_prot_listen(sk);
		return l;
	}
	if (!listener_eligible(sk))
		return NULL;
	l = listener_alloc(sk, GFP_ATOMIC);
	if (!l)
		return NULL;
	l->entries = 1;
	if (!listener_attach(l, sk)) {
		kfree(l);
		return NULL;
	}
	listener_link(tn, l);
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

/*
 * The ULP that a SYN has put on the socket is now the application's.
 * Context: socket owned, halfopen_lock held. Return: false if there is none.
 */
static bool listener_take(struct tcpcrypt_net *tn, struct sock *sk)
{
	struct tcpcrypt_listener *l;

	if (!tcpcrypt_prot_listens(sk))
		return false;
	l = rcu_dereference_protected(inet_csk(sk)->icsk_ulp_data,
				      lockdep_is_held(&tn->halfopen_lock));
	WRITE_ONCE(l->asked, true);
	tcpcrypt_prot_install(sk);
	return true;
}

/**
 * tcpcrypt_listener_ask() - setsockopt(TCP_ULP, "tcpcrypt")
 * @sk: the socket, which carries no ULP
 *
 * Our functions go on it, so that our options can be set.
 *
 * Context: process, socket owned; TCP holds the module for it.
 * Return: 0, -EISCONN if it is too late, -EINVAL if something else has
 * replaced TCP's functions, -EEXIST, -ENOMEM.
 */
int tcpcrypt_listener_ask(struct sock *sk)
{
	struct tcpcrypt_net *tn = tcpcrypt_pernet(sock_net(sk));
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcpcrypt_listener *l;
	bool taken;

	if (sk->sk_state != TCP_CLOSE && sk->sk_state != TCP_LISTEN)
		return -EISCONN;
	rcu_read_lock();
	taken = !(tcpcrypt_prot_is_base(sk) || tcpcrypt_prot_listens(sk)) ||
		sk_psock(sk);
	rcu_read_unlock();
	if (taken)
		return -EINVAL;
	l = listener_alloc(sk, GFP_KERNEL);
	if (!l)
		return -ENOMEM;
	l->asked = true;
	/* a SYN may make the listener ours at the same time */
	spin_lock_bh(&tn->halfopen_lock);
	if (listener_take(tn, sk)) {
		spin_unlock_bh(&tn->halfopen_lock);
		kfree(l);
		/* one of the two that are held for it now */
		module_put(THIS_MODULE);
		return 0;
	}
	if (cmpxchg(&icsk->icsk_ulp_ops, NULL, &tcpcrypt_ulp_ops)) {
		spin_unlock_bh(&tn->halfopen_lock);
		kfree(l);
		return -EEXIST;
	}
	rcu_assign_pointer(icsk->icsk_ulp_data, l);
	spin_unlock_bh(&tn->halfopen_lock);
	tcpcrypt_prot_install(sk);
	return 0;
}

/**
 * tcpcrypt_listener_asked() - what setsockopt(TCP_ULP) has put on a socket
 * @sk: a full TCP socket
 *
 * Context: RCU read section, or the socket is locked.
 * Return: the record, NULL if the application did not ask, or the socket is an
 * attached connection.
 */
struct tcpcrypt_listener *tcpcrypt_listener_asked(const struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcpcrypt_listener *l;

	if (READ_ONCE(icsk->icsk_ulp_ops) != &tcpcrypt_ulp_ops)
		return NULL;
	l = rcu_dereference_check(icsk->icsk_ulp_data,
				  lockdep_sock_is_held(sk));
	return l && l->kind == TCPCRYPT_KIND_LISTENER && READ_ONCE(l->asked) ?
	       l : NULL;
}

/* Return: -ENOPROTOOPT if TCP is to answer */
static int listener_claim(struct sock *sk)
{
	struct tcpcrypt_net *tn = tcpcrypt_pernet(sock_net(sk));
	int err = -EISCONN;

	lock_sock(sk);
	if (sk->sk_state == TCP_CLOSE || sk->sk_state == TCP_LISTEN) {
		spin_lock_bh(&tn->halfopen_lock);
		/* else it has been let go of, or another thread was faster */
		err = listener_take(tn, sk) ? 0 : -ENOPROTOOPT;
		spin_unlock_bh(&tn->halfopen_lock);
	}
	release_sock(sk);
	return err;
}

/* TCP says what is wrong with a name that cannot be read */
static bool listener_ulp_ours(sockptr_t optval, unsigned int optlen)
{
	char name[TCP_ULP_NAME_MAX] = "";

	return strncpy_from_sockptr(name, optval,
				    min_t(size_t, optlen,
					  sizeof(name) - 1)) > 0 &&
	       !strcmp(name, TCPCRYPT_ULP_NAME);
}

/**
 * tcpcrypt_listener_setsockopt() - proto.setsockopt while we have not been asked
 * @sk: a socket that carries our ULP because of its half-open connections, or
 *	did a moment ago
 * @level: SOL_TCP, SOL_IP or SOL_IPV6
 * @optname: option
 * @optval: its value
 * @optlen: length of the value in bytes
 *
 * TCP itself would refuse our ULP, because it is there already.
 *
 * Context: process.
 * Return: 0 or a negative errno.
 */
int tcpcrypt_listener_setsockopt(struct sock *sk, int level, int optname,
				 sockptr_t optval, unsigned int optlen)
{
	const struct proto *base = tcpcrypt_prot_base(sk);
	int err = -ENOPROTOOPT;

	/* tcpcrypt_listener_gc() gives the socket's own reference back */
	if (!try_module_get(THIS_MODULE))
		return base->setsockopt(sk, level, optname, optval, optlen);
	if (level == SOL_TCP && optname == TCP_ULP &&
	    listener_ulp_ours(optval, optlen))
		err = listener_claim(sk);
	if (err == -ENOPROTOOPT)
		err = base->setsockopt(sk, level, optname, optval, optlen);
	module_put(THIS_MODULE);
	return err;
}

/**
 * tcpcrypt_listener_getsockopt() - proto.getsockopt, likewise
 * @sk: as tcpcrypt_listener_setsockopt() has it
 * @level: SOL_TCP, SOL_IP or SOL_IPV6
 * @optname: option
 * @optval: where its value goes
 * @optlen: room there in bytes; set to the length of the value
 *
 * TCP looks for the name of the ULP twice, and without a lock it may go
 * meanwhile.
 *
 * Context: process.
 * Return: 0 or a negative errno.
 */
int tcpcrypt_listener_getsockopt(struct sock *sk, int level, int optname,
				 char __user *optval, int __user *optlen)
{
	const struct proto *base = tcpcrypt_prot_base(sk);
	int err;

	if (level != SOL_TCP || optname != TCP_ULP ||
	    !try_module_get(THIS_MODULE))
		return base->getsockopt(sk, level, optname, optval, optlen);
	lock_sock(sk);
	err = base->getsockopt(sk, level, optname, optval, optlen);
	release_sock(sk);
	module_put(THIS_MODULE);
	return err;
}

/**
 * tcpcrypt_listener_free() - a record is not needed any more
 * @l: a record that is on no socket, or whose socket is going away
 *
 * Context: any.
 */
void tcpcrypt_listener_free(struct tcpcrypt_listener *l)
{
	struct tcpcrypt_net *tn = tcpcrypt_pernet(sock_net(l->sk));
	bool linked;

	spin_lock_bh(&tn->halfopen_lock);
	WRITE_ONCE(l->destroyed, true);
	linked = l->linked;
	spin_unlock_bh(&tn->halfopen_lock);
	/* else tcpcrypt_listener_gc() does it */
	if (!linked)
		kfree_rcu(l, rcu);
}

/**
 * tcpcrypt_listener_destroyed() - the socket is going away
 * @l: its record
 *
 * Context: from tcp_cleanup_ulp(), which drops the module reference.
 */
void tcpcrypt_listener_destroyed(struct tcpcrypt_listener *l)
{
	struct sock *sk = l->sk;

	RCU_INIT_POINTER(inet_csk(sk)->icsk_ulp_data, NULL);
	tcpcrypt_listener_free(l);
	/* after tcpcrypt_listener_hold() has been told */
	tcpcrypt_prot_restore(sk);
}

/*
 * Let go of an idle socket: if nobody asked, the ULP goes off it. @gone is set
 * if the record is not needed any more. Return: true if it was idle.
 */
static bool listener_detach(struct tcpcrypt_net *tn,
			    struct tcpcrypt_listener *l, bool *gone)
{
	struct inet_connection_sock *icsk = inet_csk(l->sk);
	bool idle;

	spin_lock_bh(&tn->halfopen_lock);
	idle = !l->entries && !tcpcrypt_prot_listens(l->sk);
	*gone = idle && (!l->asked || l->destroyed);
	if (idle) {
		list_del(&l->node);
		l->linked = false;
	}
	/* the socket may be a connection by now, or have ended */
	if (*gone && icsk->icsk_ulp_ops == &tcpcrypt_ulp_ops &&
	    rcu_access_pointer(icsk->icsk_ulp_data) == l) {
		WRITE_ONCE(icsk->icsk_ulp_ops, NULL);
		RCU_INIT_POINTER(icsk->icsk_ulp_data, NULL);
		module_put(THIS_MODULE);
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

/*
 * A child that is just being born may inherit our functions, and must then find
 * the ULP to be rid of them. The socket stays locked meanwhile: setsockopt()
 * would be TCP's and refuse our ULP, which is still there. Normally that takes
 * milliseconds, hence expedited.
 */
static void listener_unlisten(struct tcpcrypt_net *tn,
			      struct tcpcrypt_listener *l)
{
	bool done;

	spin_lock_bh(&tn->halfopen_lock);
	done = !l->entries && tcpcrypt_prot_listens(l->sk);
	if (done)
		tcpcrypt_prot_restore(l->sk);
	spin_unlock_bh(&tn->halfopen_lock);
	if (done)
		synchronize_rcu_expedited();
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
	bool idle, gone;
	struct sock *sk;

	while ((l = listener_idle(tn))) {
		sk = l->sk;
		lock_sock(sk);
		listener_unlisten(tn, l);
		idle = listener_detach(tn, l, &gone);
		if (gone)
			kfree_rcu(l, rcu);
		release_sock(sk);
		if (idle)
			sock_put(sk);
	}
}
