// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netfilter entry points: classify a packet, call the file that knows.
 *
 * After the handshake an outgoing packet costs the look at its socket's ULP,
 * an incoming one the look at its flags and option layout.
 */
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/addrconf.h>
#include <net/route.h>
#include <net/tcp.h>

#include "halfopen.h"
#include "hook.h"
#include "open.h"
#include "syn.h"

static u8 hook_family(const struct nf_hook_state *state)
{
	return state->pf == NFPROTO_IPV4 ? AF_INET : AF_INET6;
}

static bool hook_is_syn(const struct tcpcrypt_seg *seg)
{
	return seg->th.syn && !seg->th.rst && !seg->th.fin;
}

/* Could this socket's segment be ours? Cheap: it is asked for every packet */
static bool hook_sock_may_care(const struct sock *sk)
{
	if (!sk)
		return false;
	if (sk->sk_state == TCP_NEW_SYN_RECV)
		return true;
	return sk_fullsock(sk) && sk_is_tcp(sk) &&
	       READ_ONCE(inet_csk(sk)->icsk_ulp_ops) == &tcpcrypt_ulp_ops;
}

static unsigned int hook_out_first(void *priv, struct sk_buff *skb,
				   const struct nf_hook_state *state)
{
	struct sock *sk = skb->sk;
	struct tcpcrypt_net *tn;
	struct tcpcrypt_seg seg;

	if (sk && sk->sk_state != TCP_SYN_SENT &&
	    sk->sk_state != TCP_NEW_SYN_RECV)
		return NF_ACCEPT;
	if (!tcpcrypt_seg_read(skb, hook_family(state), &seg) ||
	    !hook_is_syn(&seg))
		return NF_ACCEPT;
	tn = tcpcrypt_pernet(state->net);
	if (!sk)
		tcpcrypt_halfopen_cookie(tn, skb, &seg);
	else if (sk->sk_state == TCP_NEW_SYN_RECV)
		tcpcrypt_halfopen_synack(tn, inet_reqsk(sk), skb, &seg);
	else if (!seg.th.ack && sk_is_tcp(sk))
		tcpcrypt_open_attach(tn, sk, skb, &seg);
	return NF_ACCEPT;
}

/* A full socket's segment: its SYN, or one of the first after it */
static void hook_out_sock(struct tcpcrypt_net *tn, struct sock *sk,
			  struct sk_buff *skb, struct tcpcrypt_seg *seg)
{
	struct tcpcrypt_sock *ctx;

	ctx = rcu_dereference(inet_csk(sk)->icsk_ulp_data);
	if (!ctx || ctx->kind != TCPCRYPT_KIND_CONN)
		return;
	if (!seg->th.syn) {
		if (!seg->th.rst)
			tcpcrypt_open_segment(ctx, skb, seg);
	} else if (!seg->th.ack) {
		tcpcrypt_open_syn(tn, ctx, skb, seg);
	} else {
		/* simultaneous open; the SYN-ACK may leave ENO out */
		tcpcrypt_fall_back(ctx, TCPCRYPT_MIB_FALLBACK_SIMULTANEOUS);
	}
}

static bool hook_out_idle(const struct sock *sk)
{
	const struct tcpcrypt_sock *ctx;

	if (sk->sk_state == TCP_NEW_SYN_RECV || sk->sk_state == TCP_SYN_SENT)
		return false;
	ctx = rcu_dereference(inet_csk(sk)->icsk_ulp_data);
	return !ctx || ctx->kind != TCPCRYPT_KIND_CONN ||
	       !READ_ONCE(ctx->eno_sending);
}

static unsigned int hook_out_last(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state)
{
	struct sock *sk = skb->sk;
	struct tcpcrypt_net *tn;
	struct tcpcrypt_seg seg;

	if (!hook_sock_may_care(sk) || likely(hook_out_idle(sk)))
		return NF_ACCEPT;
	if (!tcpcrypt_seg_read(skb, hook_family(state), &seg))
		return NF_ACCEPT;
	tn = tcpcrypt_pernet(state->net);
	if (sk->sk_state != TCP_NEW_SYN_RECV)
		hook_out_sock(tn, sk, skb, &seg);
	else if (hook_is_syn(&seg))
		tcpcrypt_halfopen_insert(tn, inet_reqsk(sk), skb, &seg);
	return NF_ACCEPT;
}

/* No options, or the timestamps that every segment of a flow carries */
static bool hook_in_ordinary(const struct tcpcrypt_seg *seg)
{
	static const u8 ts[] = {
		TCPOPT_NOP, TCPOPT_NOP, TCPOPT_TIMESTAMP, TCPOLEN_TIMESTAMP,
	};

	if (seg->th.syn)
		return false;
	return !seg->optlen ||
	       (seg->optlen == TCPOLEN_TSTAMP_ALIGNED &&
		!memcmp(seg->opts, ts, sizeof(ts)));
}

/* A router leaves what it forwards alone */
static bool hook_is_local(struct net *net, const struct sk_buff *skb,
			  const struct tcpcrypt_seg *seg)
{
	if (seg->family == AF_INET)
		return inet_addr_type(net, ip_hdr(skb)->daddr) == RTN_LOCAL;
#if IS_ENABLED(CONFIG_IPV6)
	return ipv6_chk_addr(net, &ipv6_hdr(skb)->daddr, NULL, 0);
#else
	return false;
#endif
}

/*
 * The data of a SYN with ENO is neither delivered nor acknowledged, whatever
 * TCP Fast Open would make of it and whatever becomes of the negotiation: no
 * TEP of ours defines it (RFC 8547 section 4.7).
 */
static bool hook_discard_syn_data(struct net *net, struct sk_buff *skb,
				  const struct tcpcrypt_seg *seg)
{
	if (skb->len <= seg->thoff + sizeof(struct tcphdr) + seg->optlen ||
	    !hook_is_local(net, skb, seg))
		return true;
	return !tcpcrypt_seg_discard_data(skb, seg);
}

/* Return: false if the segment must not go on */
static bool hook_in_syn(struct tcpcrypt_net *tn, struct sk_buff *skb,
			const struct nf_hook_state *state,
			const struct tcpcrypt_seg *seg)
{
	if (seg->th.ack) {
		tcpcrypt_open_synack(tn, skb, state->hook, seg);
		return true;
	}
	if (!tcpcrypt_seg_csum_ok(skb, state->hook, seg))
		return true;
	if (!tcpcrypt_eno_present(seg->opts, seg->optlen)) {
		tcpcrypt_halfopen_syn(tn, skb, seg);
		return true;
	}
	tcpcrypt_syn_remember(tn->net, skb, seg);
	return hook_discard_syn_data(tn->net, skb, seg);
}

static unsigned int hook_in(void *priv, struct sk_buff *skb,
			    const struct nf_hook_state *state)
{
	struct tcpcrypt_net *tn;
	struct tcpcrypt_seg seg;

	if (!tcpcrypt_seg_read(skb, hook_family(state), &seg) ||
	    likely(hook_in_ordinary(&seg)))
		return NF_ACCEPT;
	tn = tcpcrypt_pernet(state->net);
	if (hook_is_syn(&seg))
		return hook_in_syn(tn, skb, state, &seg) ? NF_ACCEPT : NF_DROP;
	if (seg.th.ack && !seg.th.rst &&
	    atomic_read(&tn->halfopen_count) &&
	    tcpcrypt_eno_present(seg.opts, seg.optlen) &&
	    !tcpcrypt_halfopen_ack(tn, skb, state->hook, &seg))
		return NF_DROP;
	return NF_ACCEPT;
}

/*
 * First at LOCAL_OUT the socket is still locked by its owner; last, the
 * administrator's rules and NAT are done. Last at PRE_ROUTING is after NAT.
 */
static const struct nf_hook_ops hook_ops[] = {
	{
		.hook = hook_out_first,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_LOCAL_OUT,
		.priority = NF_IP_PRI_FIRST,
	},
	{
		.hook = hook_out_last,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_LOCAL_OUT,
		.priority = NF_IP_PRI_LAST,
	},
	{
		.hook = hook_in,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = NF_IP_PRI_LAST,
	},
	{
		.hook = hook_out_first,
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_LOCAL_OUT,
		.priority = NF_IP6_PRI_FIRST,
	},
	{
		.hook = hook_out_last,
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_LOCAL_OUT,
		.priority = NF_IP6_PRI_LAST,
	},
	{
		.hook = hook_in,
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = NF_IP6_PRI_LAST,
	},
};

/**
 * tcpcrypt_hook_net_init() - start to look at a namespace's packets
 * @tn: the namespace
 *
 * Context: process.
 * Return: 0 or a negative errno.
 */
int tcpcrypt_hook_net_init(struct tcpcrypt_net *tn)
{
	return nf_register_net_hooks(tn->net, hook_ops, ARRAY_SIZE(hook_ops));
}

/**
 * tcpcrypt_hook_net_exit() - stop; returns when no hook runs any more
 * @tn: the namespace
 *
 * Context: process.
 */
void tcpcrypt_hook_net_exit(struct tcpcrypt_net *tn)
{
	nf_unregister_net_hooks(tn->net, hook_ops, ARRAY_SIZE(hook_ops));
}
