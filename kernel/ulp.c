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

/* setsockopt(TCP_ULP, "tcpcrypt"): only this module puts itself on a socket */
static int ulp_init(struct sock *sk)
{
	return -EOPNOTSUPP;
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

	/* what the child inherited belongs to the listener */
	icsk->icsk_ulp_ops = NULL;
	RCU_INIT_POINTER(icsk->icsk_ulp_data, NULL);
	tcpcrypt_halfopen_child(req, newsk);
}

/* No get_info: the name is all ss needs, tcnetstat shows the rest */
struct tcp_ulp_ops tcpcrypt_ulp_ops __read_mostly = {
	.name = TCPCRYPT_ULP_NAME,
	.owner = THIS_MODULE,
	.init = ulp_init,
	.release = ulp_release,
	.clone = ulp_clone,
};
