// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TCP upper layer protocol "tcpcrypt": how TCP tells us of children and
 * of the end of a socket, and what ss shows.
 */
#include <linux/module.h>
#include <net/tcp.h>

#include "halfopen.h"
#include "listener.h"
#include "tcpcrypt.h"

/* setsockopt(TCP_ULP, "tcpcrypt"): the application wants to set our options */
static int ulp_init(struct sock *sk)
{
	if (sk->sk_kern_sock || !tcpcrypt_netns_ready())
		return -EOPNOTSUPP;
	return tcpcrypt_listener_ask(sk);
}

static void ulp_release(struct sock *sk)
{
	/* the socket is dead: nobody else changes the pointer */
	void *data = rcu_dereference_protected(inet_csk(sk)->icsk_ulp_data, 1);

	if (!data)
		return;
	if (*(u8 *)data == TCPCRYPT_KIND_LISTENER)
		tcpcrypt_listener_destroyed(data);
	else
		tcpcrypt_sock_destroyed(data);
}

static void ulp_clone(const struct request_sock *req, struct sock *newsk,
		      const gfp_t priority)
{
	struct inet_connection_sock *icsk = inet_csk(newsk);
	struct tcpcrypt_listener *l;

	/* what the child inherited belongs to the listener */
	rcu_read_lock();
	l = tcpcrypt_listener_asked(newsk);
	icsk->icsk_ulp_ops = NULL;
	RCU_INIT_POINTER(icsk->icsk_ulp_data, NULL);
	tcpcrypt_prot_child(newsk);
	tcpcrypt_child_born(req, newsk, l ? &l->opts : NULL);
	rcu_read_unlock();
}

/* No get_info: the name is all ss needs, tcnetstat shows the rest */
struct tcp_ulp_ops tcpcrypt_ulp_ops __read_mostly = {
	.name = TCPCRYPT_ULP_NAME,
	.owner = THIS_MODULE,
	.init = ulp_init,
	.release = ulp_release,
	.clone = ulp_clone,
};
