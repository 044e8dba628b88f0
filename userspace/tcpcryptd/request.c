// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests as they come from the control socket: those of the tcpcryptd of old,
 * and ours, which are inside of one.
 */
#include <arpa/inet.h>
#include <string.h>

#include "control.h"

static void want_conn(struct conn *want, int family, const void *laddr,
		      const void *raddr, uint16_t lport, uint16_t rport)
{
	size_t size = family == AF_INET ? 4 : 16;

	memset(want, 0, sizeof(*want));
	want->has = CONN_BIT(FAMILY) | CONN_BIT(LADDR) | CONN_BIT(LPORT) |
		    CONN_BIT(RADDR) | CONN_BIT(RPORT);
	want->family = family;
	memcpy(want->laddr, laddr, size);
	memcpy(want->raddr, raddr, size);
	want->lport = ntohs(lport);
	want->rport = ntohs(rport);
}

/* What is inside a CTL_WRAP */
static bool unwrap(struct query *q)
{
	struct in6_addr laddr, raddr;
	struct ctl_wrap wrap;

	if (q->len < sizeof(wrap))
		return false;
	memcpy(&wrap, q->data, sizeof(wrap));
	if (wrap.version != CTL_VERSION || wrap.opt >= CTL_LIST)
		return false;
	memcpy(&laddr, wrap.laddr, 16);
	memcpy(&raddr, wrap.raddr, 16);
	if (IN6_IS_ADDR_V4MAPPED(&laddr) && IN6_IS_ADDR_V4MAPPED(&raddr))
		want_conn(&q->want, AF_INET, wrap.laddr + 12, wrap.raddr + 12,
			  wrap.lport, wrap.rport);
	else
		want_conn(&q->want, AF_INET6, wrap.laddr, wrap.raddr,
			  wrap.lport, wrap.rport);
	q->opt = wrap.opt;
	q->len -= sizeof(wrap);
	memmove(q->data, q->data + sizeof(wrap), q->len);
	return true;
}

/**
 * request_parse() - understand a datagram
 * @q: becomes the request; whom it is from is left alone
 * @buf: the datagram
 * @n: its length
 *
 * Return: whether it is a request.
 */
bool request_parse(struct query *q, const uint8_t *buf, size_t n)
{
	if (n < sizeof(q->msg) || n > CTL_OLD_MAX)
		return false;
	memcpy(&q->msg, buf, sizeof(q->msg));
	if (q->msg.len != n - sizeof(q->msg))
		return false;
	q->len = q->msg.len;
	memcpy(q->data, buf + sizeof(q->msg), q->len);
	q->opt = q->msg.opt;
	want_conn(&q->want, AF_INET, &q->msg.src, &q->msg.dst, q->msg.sport,
		  q->msg.dport);
	return q->opt != CTL_WRAP || unwrap(q);
}
