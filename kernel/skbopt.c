// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP options of an skb: read a segment's header, put one option into it.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "skbopt.h"
#include "tcpopt.h"

/* Offset of the TCP header from skb->data, or negative for anything else */
static int seg_find_v4(const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);

	if (iph->protocol != IPPROTO_TCP || ip_is_fragment(iph))
		return -ENOENT;
	return skb_network_offset(skb) + ip_hdrlen(skb);
}

static int seg_find_v6(const struct sk_buff *skb)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	u8 nexthdr = ip6h->nexthdr;
	__be16 frag_off = 0;
	int off;

	off = skb_network_offset(skb) + sizeof(*ip6h);
	if (likely(nexthdr == IPPROTO_TCP))
		return off;
	off = ipv6_skip_exthdr(skb, off, &nexthdr, &frag_off);
	if (off < 0 || nexthdr != IPPROTO_TCP || frag_off)
		return -ENOENT;
	return off;
}

/**
 * tcpcrypt_seg_read() - copy a segment's TCP header out of an skb
 * @skb: packet at an IP hook, skb->data at or before the IP header
 * @family: AF_INET or AF_INET6
 * @seg: filled in
 *
 * Lengths in the packet are not trusted.
 *
 * Context: any.
 * Return: true if the packet is an unfragmented, well-formed TCP segment.
 */
bool tcpcrypt_seg_read(const struct sk_buff *skb, u8 family,
		       struct tcpcrypt_seg *seg)
{
	const struct tcphdr *th;

	seg->family = family;
	seg->thoff = family == AF_INET ? seg_find_v4(skb) : seg_find_v6(skb);
	if (seg->thoff < 0)
		return false;
	th = skb_header_pointer(skb, seg->thoff, sizeof(seg->th), &seg->th);
	if (!th)
		return false;
	if (th != &seg->th)
		seg->th = *th;
	if (seg->th.doff < sizeof(*th) / 4)
		return false;
	seg->optlen = seg->th.doff * 4 - sizeof(*th);
	return !seg->optlen ||
	       !skb_copy_bits(skb, seg->thoff + sizeof(*th), seg->opts,
			      seg->optlen);
}

/**
 * tcpcrypt_seg_csum_ok() - verify a received segment's checksum
 * @skb: packet at LOCAL_IN
 * @hook: hook number
 * @seg: its header
 *
 * TCP verifies it later, but what a hook stores must not come from a segment
 * that TCP will drop.
 *
 * Context: softirq.
 * Return: true if the checksum is right or known to have been checked.
 */
bool tcpcrypt_seg_csum_ok(struct sk_buff *skb, unsigned int hook,
			  const struct tcpcrypt_seg *seg)
{
	return !nf_checksum(skb, hook, seg->thoff, IPPROTO_TCP,
			    seg->family == AF_INET ? NFPROTO_IPV4 :
						     NFPROTO_IPV6);
}

/**
 * tcpcrypt_seg_tuple() - name the connection of a segment
 * @skb: the packet
 * @seg: its header
 * @incoming: the packet's destination is the local end
 * @tuple: filled in
 *
 * Context: any.
 */
void tcpcrypt_seg_tuple(const struct sk_buff *skb,
			const struct tcpcrypt_seg *seg, bool incoming,
			struct tcpcrypt_tuple *tuple)
{
	memset(tuple, 0, sizeof(*tuple));
	tuple->family = seg->family;
	tuple->lport = incoming ? seg->th.dest : seg->th.source;
	tuple->rport = incoming ? seg->th.source : seg->th.dest;
	if (seg->family == AF_INET) {
		const struct iphdr *iph = ip_hdr(skb);

		tuple->laddr.s6_addr32[0] = incoming ? iph->daddr : iph->saddr;
		tuple->raddr.s6_addr32[0] = incoming ? iph->saddr : iph->daddr;
	} else {
		const struct ipv6hdr *ip6h = ipv6_hdr(skb);

		tuple->laddr = incoming ? ip6h->daddr : ip6h->saddr;
		tuple->raddr = incoming ? ip6h->saddr : ip6h->daddr;
	}
}

/* Move the headers @grow bytes into the headroom */
static int seg_make_room(struct sk_buff *skb, struct tcpcrypt_seg *seg,
			 unsigned int hdrlen, unsigned int grow)
{
	int err;

	err = skb_ensure_writable(skb, seg->thoff + hdrlen);
	if (!err)
		err = skb_cow_head(skb, grow);
	if (err || !grow)
		return err;

	skb_push(skb, grow);
	memmove(skb->data, skb->data + grow, seg->thoff + hdrlen);
	skb->network_header -= grow;
	skb->transport_header -= grow;
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		skb->csum_start -= grow;
	return 0;
}

static void seg_fix_v4(struct sk_buff *skb, unsigned int grow)
{
	struct iphdr *iph = ip_hdr(skb);

	iph->tot_len = htons(ntohs(iph->tot_len) + grow);
	ip_send_check(iph);
}

static void seg_fix_v6(struct sk_buff *skb, unsigned int grow)
{
	struct ipv6hdr *ip6h = ipv6_hdr(skb);

	/* zero: a jumbogram, or a GSO packet whose length comes later */
	if (ip6h->payload_len)
		ip6h->payload_len = htons(ntohs(ip6h->payload_len) + grow);
}

/* ~csum of the pseudo header for a segment of @len bytes, as TCP leaves it */
static __sum16 seg_pseudo(const struct sk_buff *skb, u8 family, u32 len)
{
	if (family == AF_INET)
		return ~csum_tcpudp_magic(ip_hdr(skb)->saddr,
					  ip_hdr(skb)->daddr, len,
					  IPPROTO_TCP, 0);
	return ~csum_ipv6_magic(&ipv6_hdr(skb)->saddr, &ipv6_hdr(skb)->daddr,
				len, IPPROTO_TCP, 0);
}

static void seg_fix_csum(struct sk_buff *skb, const struct tcpcrypt_seg *seg)
{
	struct tcphdr *th = (struct tcphdr *)(skb->data + seg->thoff);
	u32 len = skb->len - seg->thoff;

	th->check = seg_pseudo(skb, seg->family, len);
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		return;
	th->check = csum_fold(skb_checksum(skb, seg->thoff, len, 0));
	skb->ip_summed = CHECKSUM_NONE;
}

/**
 * tcpcrypt_seg_insert() - add an option to an outgoing segment
 * @skb: packet at LOCAL_OUT; may be a clone, nonlinear, GSO
 * @seg: its header; updated
 * @opt: the option, from its kind byte on
 * @len: its length in bytes
 *
 * The headers move into the headroom, the payload stays where it is, so this
 * is right for TSO packets, too: each segment gets the option.
 *
 * Context: softirq or process context.
 * Return: 0, -ENOSPC if the option field has no room, -ENOMEM.
 */
int tcpcrypt_seg_insert(struct sk_buff *skb, struct tcpcrypt_seg *seg,
			const u8 *opt, u8 len)
{
	unsigned int hdrlen = sizeof(struct tcphdr) + seg->optlen;
	unsigned int newlen, grow;
	struct tcphdr *th;
	int err;

	err = tcpcrypt_tcpopt_insert(seg->opts, seg->optlen, opt, len);
	if (err < 0)
		return err;
	newlen = err;
	/* squeezing may even shorten a field that is mostly padding: leave it */
	if (newlen < seg->optlen)
		return -ENOSPC;
	grow = newlen - seg->optlen;

	err = seg_make_room(skb, seg, hdrlen, grow);
	if (err)
		return err;
	th = (struct tcphdr *)(skb->data + seg->thoff);
	th->doff = (sizeof(*th) + newlen) / 4;
	memcpy(th + 1, seg->opts, newlen);
	seg->optlen = newlen;

	if (seg->family == AF_INET)
		seg_fix_v4(skb, grow);
	else
		seg_fix_v6(skb, grow);
	seg_fix_csum(skb, seg);
	return 0;
}

/**
 * tcpcrypt_seg_discard_data() - make a received segment one without data
 * @skb: packet at LOCAL_IN whose checksum is right
 * @seg: its header
 *
 * Context: softirq.
 * Return: 0 or -ENOMEM; then the packet must not go on.
 */
int tcpcrypt_seg_discard_data(struct sk_buff *skb,
			      const struct tcpcrypt_seg *seg)
{
	const unsigned int len = seg->thoff + sizeof(struct tcphdr) +
				 seg->optlen;

	if (skb_ensure_writable(skb, len) || pskb_trim(skb, len))
		return -ENOMEM;
	if (seg->family == AF_INET) {
		ip_hdr(skb)->tot_len = htons(len - skb_network_offset(skb));
		ip_send_check(ip_hdr(skb));
	} else {
		ipv6_hdr(skb)->payload_len = htons(len -
						   skb_network_offset(skb) -
						   sizeof(struct ipv6hdr));
	}
	/* not what the sender's card or ours has seen */
	skb->ip_summed = CHECKSUM_NONE;
	seg_fix_csum(skb, seg);
	return 0;
}

/**
 * tcpcrypt_seg_refuse() - make of a SYN-ACK the answer of a closed port
 * @skb: packet at LOCAL_OUT
 * @seg: its header; updated
 *
 * RFC 9293 section 3.10.7.1: <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>. The
 * initial sequence number stays unknown: nobody can acknowledge it.
 *
 * Context: softirq or process context.
 * Return: 0 or -ENOMEM; then the packet must not go out.
 */
int tcpcrypt_seg_refuse(struct sk_buff *skb, struct tcpcrypt_seg *seg)
{
	struct tcphdr *th;

	if (skb_ensure_writable(skb, seg->thoff + sizeof(*th)))
		return -ENOMEM;
	th = (struct tcphdr *)(skb->data + seg->thoff);
	th->seq = 0;
	th->window = 0;
	th->syn = 0;
	th->ece = 0;
	th->rst = 1;
	seg->th = *th;
	seg_fix_csum(skb, seg);
	return 0;
}
