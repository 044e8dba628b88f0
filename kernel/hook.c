// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netfilter entry points: classify a packet, call the file that knows.
 *
 * After the handshake an outgoing packet costs the look at its socket's ULP,
 * an incoming one the look at its flags and option layout.  Every packet of
 * the host pays that, so what is behind it is kept out of line: the hooks
 * themselves have no frame and no copy of the header.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/tcp.h>

#include "answer.h"
#include "halfopen.h"
#include "hook.h"
#include "open.h"
#include "policy.h"
#include "syn.h"
#include "synack.h"

static u8 hook_family(const struct nf_hook_state *state)
{
	return state->pf == NFPROTO_IPV4 ? AF_INET : AF_INET6;
}

static bool hook_is_syn(const struct tcpcrypt_seg *seg)
{
	return seg->th.syn && !seg->th.rst && !seg->th.fin;
}

/* A SYN-ACK; a connection that must be refused gets RST instead */
static unsigned int hook_out_answer(struct tcpcrypt_net *tn, struct sock *sk,
				    struct sk_buff *skb,
				    struct tcpcrypt_seg *seg)
{
	bool ok;

	ok = sk ? tcpcrypt_synack_decide(tn, inet_reqsk(sk), skb, seg) :
		  tcpcrypt_synack_cookie(tn, skb, seg);
	return ok || !tcpcrypt_seg_refuse(skb, seg) ? NF_ACCEPT : NF_DROP;
}

static noinline unsigned int hook_out_attach(struct sk_buff *skb,
					     const struct nf_hook_state *state)
{
	struct tcpcrypt_net *tn = tcpcrypt_pernet(state->net);
	struct sock *sk = skb->sk;
	struct tcpcrypt_seg seg;
	bool answer;

	/* a request has its listener's functions, and no reference on us */
	if (sk && sk->sk_state == TCP_NEW_SYN_RECV)
		tcpcrypt_prot_restore(sk);
	/* it answers a SYN, and none had ENO, nor had to */
	answer = !sk || sk->sk_state == TCP_NEW_SYN_RECV;
	if (answer && !tcpcrypt_syn_waiting() &&
	    !tcpcrypt_policy_requires(tn, TCPCRYPT_DIR_IN))
		return NF_ACCEPT;
	if (!tcpcrypt_seg_read(skb, hook_family(state), &seg) ||
	    !hook_is_syn(&seg))
		return NF_ACCEPT;
	if (answer)
		return hook_out_answer(tn, sk, skb, &seg);
	if (!seg.th.ack && sk_is_tcp(sk) &&
	    !tcpcrypt_open_attach(tn, sk, skb, &seg))
		return NF_DROP;
	return NF_ACCEPT;
}

static unsigned int hook_out_first(void *priv, struct sk_buff *skb,
				   const struct nf_hook_state *state)
{
	const struct sock *sk = skb->sk;

	if (likely(sk && (sk->sk_state == TCP_ESTABLISHED ||
			  (sk->sk_state != TCP_SYN_SENT &&
			   sk->sk_state != TCP_NEW_SYN_RECV))))
		return NF_ACCEPT;
	return hook_out_attach(skb, state);
}

/*
 * A SYN of a socket that is no connection of ours: plain, if that is allowed.
 * Return: false if not.
 */
static bool hook_out_plain(struct tcpcrypt_net *tn, struct sock *sk,
			   const struct sk_buff *skb,
			   const struct tcpcrypt_seg *seg)
{
	return !tcpcrypt_policy_requires(tn, TCPCRYPT_DIR_OUT) ||
	       !hook_is_syn(seg) || seg->th.ack ||
	       tcpcrypt_open_plain(tn, sk, skb);
}

/*
 * A full socket's segment: its SYN, or one of the first after it. Return:
 * false if it must not go out.
 */
static bool hook_out_sock(struct tcpcrypt_net *tn, struct sock *sk,
			  struct sk_buff *skb, struct tcpcrypt_seg *seg)
{
	struct tcpcrypt_sock *ctx;

	ctx = rcu_dereference(inet_csk(sk)->icsk_ulp_data);
	/* its application has asked for the ULP, and that is all */
	if (!ctx || ctx->kind != TCPCRYPT_KIND_CONN)
		return hook_out_plain(tn, sk, skb, seg);
	if (seg->th.syn)
		/* with ACK: simultaneous open */
		return (seg->th.ack && !tcpcrypt_answer_crossing(ctx)) ||
		       tcpcrypt_open_syn(tn, ctx, skb, seg);
	return seg->th.rst || !READ_ONCE(ctx->eno_sending) ||
	       tcpcrypt_open_segment(ctx, skb, seg);
}

/* A SYN of a socket that carries nothing of ours */
static noinline unsigned int hook_out_other(struct sk_buff *skb,
					    const struct nf_hook_state *state)
{
	struct tcpcrypt_net *tn = tcpcrypt_pernet(state->net);
	struct tcpcrypt_seg seg;

	if (likely(!tcpcrypt_policy_requires(tn, TCPCRYPT_DIR_OUT)) ||
	    !sk_is_tcp(skb->sk) ||
	    !tcpcrypt_seg_read(skb, hook_family(state), &seg) ||
	    hook_out_plain(tn, skb->sk, skb, &seg))
		return NF_ACCEPT;
	return NF_DROP;
}

/*
 * Most packets are those of connections we have nothing to do with. Whatever
 * socket it is, it has a struct proto, and only what we are attached to has
 * ours.
 */
static bool hook_sock_foreign(const struct sock *sk)
{
	return sk->sk_state == TCP_ESTABLISHED &&
	       READ_ONCE(sk->sk_prot)->sendmsg != tcpcrypt_sendmsg;
}

/* Could this socket's segment be ours? */
static bool hook_sock_may_care(const struct sock *sk)
{
	const struct tcpcrypt_sock *ctx;
	const u8 state = sk->sk_state;

	if (state == TCP_NEW_SYN_RECV)
		return true;
	if (likely(READ_ONCE(sk->sk_prot)->sendmsg != tcpcrypt_sendmsg))
		return false;
	if (state == TCP_SYN_SENT || state == TCP_SYN_RECV)
		return true;
	if (!sk_fullsock(sk))
		return false;
	ctx = rcu_dereference(inet_csk(sk)->icsk_ulp_data);
	return ctx && ctx->kind == TCPCRYPT_KIND_CONN &&
	       READ_ONCE(ctx->eno_sending);
}

static noinline unsigned int hook_out_option(struct sk_buff *skb,
					     const struct nf_hook_state *state)
{
	struct sock *sk = skb->sk;
	struct tcpcrypt_net *tn;
	struct tcpcrypt_seg seg;

	tn = tcpcrypt_pernet(state->net);
	if (sk->sk_state == TCP_NEW_SYN_RECV &&
	    !atomic_read(&tn->halfopen_count))
		return NF_ACCEPT;
	if (!tcpcrypt_seg_read(skb, hook_family(state), &seg))
		return NF_ACCEPT;
	if (sk->sk_state != TCP_NEW_SYN_RECV)
		return hook_out_sock(tn, sk, skb, &seg) ? NF_ACCEPT : NF_DROP;
	return !hook_is_syn(&seg) ||
	       tcpcrypt_synack_insert(tn, inet_reqsk(sk), skb, &seg) ?
	       NF_ACCEPT : NF_DROP;
}

static unsigned int hook_out_last(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state)
{
	const struct sock *sk = skb->sk;

	if (!sk || likely(hook_sock_foreign(sk)))
		return NF_ACCEPT;
	if (likely(!hook_sock_may_care(sk)))
		return likely(sk->sk_state != TCP_SYN_SENT) ? NF_ACCEPT :
		       hook_out_other(skb, state);
	return hook_out_option(skb, state);
}

/* The first word of the timestamps that every segment of a flow carries */
#define HOOK_TS_WORD	cpu_to_be32((TCPOPT_NOP << 24) | (TCPOPT_NOP << 16) | \
				    (TCPOPT_TIMESTAMP << 8) | \
				    TCPOLEN_TIMESTAMP)

/*
 * Not TCP, or a segment other than SYN with no options but timestamps. Lengths
 * are not trusted; false means that the slower look has to tell.
 */
static bool hook_in_ordinary(const struct sk_buff *skb, bool v4)
{
	unsigned int off = skb_network_offset(skb);
	const struct tcphdr *th;
	__be32 word;

	if (v4) {
		const struct iphdr *iph = ip_hdr(skb);

		if (iph->protocol != IPPROTO_TCP)
			return true;
		if (ip_is_fragment(iph))
			return false;
		off += iph->ihl * 4;
	} else {
		if (ipv6_hdr(skb)->nexthdr != IPPROTO_TCP)
			return false;
		off += sizeof(struct ipv6hdr);
	}
	if (skb_headlen(skb) < off + sizeof(*th) + TCPOLEN_TSTAMP_ALIGNED)
		return false;
	th = (const struct tcphdr *)(skb->data + off);
	word = tcp_flag_word(th) & (TCP_DATA_OFFSET | TCP_FLAG_SYN);
	return word == htonl(8 << 28) ?
	       *(const __be32 *)(th + 1) == HOOK_TS_WORD :
	       word == htonl(5 << 28);
}

/*
 * The data of a SYN with ENO is neither delivered nor acknowledged, whatever
 * TCP Fast Open would make of it and whatever becomes of the negotiation: no
 * TEP of ours defines it (RFC 8547 section 4.7).
 */
static bool hook_discard_syn_data(struct sk_buff *skb,
				  const struct tcpcrypt_seg *seg)
{
	return skb->len <= seg->thoff + sizeof(struct tcphdr) + seg->optlen ||
	       !tcpcrypt_seg_discard_data(skb, seg);
}

/* Return: false if the segment must not go on */
static bool hook_in_syn(struct tcpcrypt_net *tn, struct sk_buff *skb,
			const struct nf_hook_state *state,
			const struct tcpcrypt_seg *seg)
{
	bool eno;

	if (seg->th.ack) {
		tcpcrypt_answer_synack(tn, skb, state->hook, seg);
		return true;
	}
	if (!tcpcrypt_seg_csum_ok(skb, state->hook, seg))
		return true;
	if (tcpcrypt_answer_crossed(tn, skb, seg))
		return true;
	eno = tcpcrypt_eno_present(seg->opts, seg->optlen);
	if (eno || tcpcrypt_policy_requires(tn, TCPCRYPT_DIR_IN))
		tcpcrypt_syn_remember(tn->net, skb, seg);
	if (eno)
		return hook_discard_syn_data(skb, seg);
	tcpcrypt_halfopen_syn(tn, skb, seg);
	return true;
}

/* A segment without SYN that carries ENO; false if TCP must not see it */
static bool hook_in_ack(struct tcpcrypt_net *tn, struct sk_buff *skb,
			const struct nf_hook_state *state,
			const struct tcpcrypt_seg *seg)
{
	tcpcrypt_answer_ack(tn, skb, state->hook, seg);
	return !atomic_read(&tn->halfopen_count) ||
	       tcpcrypt_halfopen_ack(tn, skb, state->hook, seg);
}

static noinline unsigned int hook_in_option(struct sk_buff *skb,
					    const struct nf_hook_state *state)
{
	struct tcpcrypt_net *tn;
	struct tcpcrypt_seg seg;

	if (!tcpcrypt_seg_read(skb, hook_family(state), &seg))
		return NF_ACCEPT;
	tn = tcpcrypt_pernet(state->net);
	if (hook_is_syn(&seg))
		return hook_in_syn(tn, skb, state, &seg) ? NF_ACCEPT : NF_DROP;
	if (seg.th.ack && !seg.th.rst &&
	    tcpcrypt_eno_present(seg.opts, seg.optlen) &&
	    !hook_in_ack(tn, skb, state, &seg))
		return NF_DROP;
	return NF_ACCEPT;
}

static unsigned int hook_in(void *priv, struct sk_buff *skb,
			    const struct nf_hook_state *state)
{
	const struct sock *sk = skb->sk;

	/* IP may have looked its socket up: then it is no connection's first */
	if (sk && likely(hook_sock_foreign(sk)))
		return NF_ACCEPT;
	if (likely(hook_in_ordinary(skb, state->pf == NFPROTO_IPV4)))
		return NF_ACCEPT;
	return hook_in_option(skb, state);
}

/*
 * First at LOCAL_OUT the socket is still locked by its owner; last, the
 * administrator's rules and NAT are done. Last at LOCAL_IN the same holds for
 * what comes in, and it is for this host.
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
		.hooknum = NF_INET_LOCAL_IN,
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
		.hooknum = NF_INET_LOCAL_IN,
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
