// SPDX-License-Identifier: GPL-2.0-only
/*
 * What has happened to connections, told to those who listen in the
 * connection's network namespace.  Like the events of ss -E they are open to
 * every user, and nothing is made while nobody listens.
 */
#include <net/genetlink.h>
#include <net/netlink.h>

#include "netlink.h"
#include "nlevent.h"

static struct sk_buff *nlevent_make(const struct tcpcrypt_sock *ctx, u32 event)
{
	struct sk_buff *skb;
	void *hdr;

	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_ATOMIC | __GFP_NOWARN);
	if (!skb)
		return NULL;

	hdr = genlmsg_put(skb, 0, 0, &tcpcrypt_nl_family, 0,
			  TCPCRYPT_CMD_CONN_EVENT);
	if (!hdr || nla_put_u32(skb, TCPCRYPT_A_EVENT, event) ||
	    tcpcrypt_nl_put_conn(skb, ctx->tn->net->user_ns, ctx)) {
		nlmsg_free(skb);
		return NULL;
	}
	genlmsg_end(skb, hdr);
	return skb;
}

/**
 * tcpcrypt_nlevent() - tell what has happened to a connection
 * @ctx: the connection
 * @event: enum tcpcrypt_conn_event
 *
 * A listener whose buffer is full is told ENOBUFS by its socket.
 *
 * Context: socket locked; may be softirq.
 */
void tcpcrypt_nlevent(const struct tcpcrypt_sock *ctx, u32 event)
{
	struct net *net = ctx->tn->net;
	struct sk_buff *skb;

	if (!genl_has_listeners(&tcpcrypt_nl_family, net,
				TCPCRYPT_NL_MCGRP_CONN))
		return;
	skb = nlevent_make(ctx, event);
	if (skb)
		genlmsg_multicast_netns(&tcpcrypt_nl_family, net, skb, 0,
					TCPCRYPT_NL_MCGRP_CONN, GFP_ATOMIC);
}

/**
 * tcpcrypt_nlevent_state() - tell that a connection is in another state
 * @ctx: the connection
 * @state: the state
 *
 * Connections that were never offered encryption are nobody's news.
 *
 * Context: socket locked; may be softirq.
 */
void tcpcrypt_nlevent_state(const struct tcpcrypt_sock *ctx,
			    enum tcpcrypt_state state)
{
	if (state == TCPCRYPT_OPEN)
		tcpcrypt_nlevent(ctx, TCPCRYPT_EVENT_ESTABLISHED);
	else if (state == TCPCRYPT_FAILED)
		tcpcrypt_nlevent(ctx, TCPCRYPT_EVENT_FAILED);
	else if (state == TCPCRYPT_PLAIN && ctx->syns)
		tcpcrypt_nlevent(ctx, TCPCRYPT_EVENT_FALLBACK);
}
