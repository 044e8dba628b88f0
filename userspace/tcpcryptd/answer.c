// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers to what is asked through the control socket: from the kernel's
 * connections, and from the slots of sockets that have none.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "control.h"

/* In a reply an errno is positive */
#define CTL_NOT_ALLOWED	EPERM

static void put(struct answer *a, const struct query *q, const void *value,
		size_t len)
{
	if (len > q->len)
		len = q->len;
	memcpy(a->data, value, len);
	a->len = len;
	a->err = 0;
}

static void put_int(struct answer *a, const struct query *q, int32_t value)
{
	put(a, q, &value, sizeof(value));
}

/* --------------------------------------------- the list in the format of old */

/* Encrypted connections in the old format, as many as there is room for */
static void add_netstat(const struct conn *c, void *arg)
{
	struct answer *a = arg;
	struct ctl_netstat e = { 0 };
	uint16_t sid_len = htons(c->sid_len);
	size_t need = sizeof(e) + sizeof(sid_len) + c->sid_len;
	uint8_t *p = a->data + a->len;

	if (a->err || a->len + need > sizeof(a->data))
		return;
	memcpy(&e.src, c->laddr, 4);
	memcpy(&e.dst, c->raddr, 4);
	e.sport = htons(c->lport);
	e.dport = htons(c->rport);
	memcpy(p, &e, sizeof(e));
	memcpy(p + sizeof(e), &sid_len, sizeof(sid_len));
	memcpy(p + sizeof(e) + sizeof(sid_len), c->sid, c->sid_len);
	a->len += need;
}

/* Whole entries only */
static void cut_netstat(struct answer *a, uint32_t room)
{
	const uint32_t entry = sizeof(struct ctl_netstat) + 2 +
			       TCPCRYPT_SESSID_BYTES;

	if (a->len > room)
		a->len = room / entry * entry;
}

static void get_netstat(const struct query *q, struct answer *a)
{
	struct conn want = {
		.has = CONN_BIT(FAMILY) | CONN_BIT(STATE),
		.family = AF_INET,
		.state = TCPCRYPT_CONN_OPEN,
	};

	a->len = 0;
	a->err = 0;
	if (kernel && module_conns(kernel, &want, add_netstat, a))
		a->err = CTL_FAILED;
	cut_netstat(a, q->len);
}

/* -------------------------------------------------------------- one socket */

static struct slot *find_slot(const struct query *q)
{
	struct slot *s = NULL;

	if (q->from.known)
		s = slot_find(htons(q->want.lport), q->from.uid, false);
	return s ?: slot_find(htons(q->want.lport), 0, true);
}

static void get_from_slot(const struct query *q, struct answer *a)
{
	const struct slot *s = find_slot(q);

	switch (q->opt) {
	case CTL_ENABLE:
		put_int(a, q, s ? s->enable : 1);
		break;
	case CTL_CMODE:
		put_int(a, q, s ? s->cmode : 0);
		break;
	case CTL_NOCACHE:
		put_int(a, q, s ? s->nocache : 0);
		break;
	}
}

static void get_from_conn(const struct query *q, const struct conn *c,
			  struct answer *a)
{
	uint8_t both[1 + TCPCRYPT_SESSID_BYTES];

	if (q->opt == CTL_ENABLE) {
		put_int(a, q, 1);
		return;
	}
	if (q->opt != CTL_SESSID && q->opt != CTL_APP_SUPPORT)
		return;
	if (c->state == TCPCRYPT_CONN_OFFERED || c->state == TCPCRYPT_CONN_KEX) {
		a->err = -EAGAIN;
	} else if (c->state == TCPCRYPT_CONN_OPEN && q->opt == CTL_SESSID) {
		put(a, q, c->sid, c->sid_len);
	} else if (c->state == TCPCRYPT_CONN_OPEN && q->len >= sizeof(both)) {
		both[0] = (c->self_aware ? 1 : 0) | (c->peer_aware ? 2 : 0);
		memcpy(both + 1, c->sid, TCPCRYPT_SESSID_BYTES);
		put(a, q, both, sizeof(both));
	}
}

/* False when the kernel knows nothing about it: plain, or not connected */
static bool find_conn(const struct query *q, struct conn *c)
{
	if (!q->want.rport || !kernel)
		return false;
	return !module_conn(kernel, &q->want, c);
}

static void get(const struct query *q, struct answer *a)
{
	struct conn c;

	if (!q->want.lport)
		return;
	if (find_conn(q, &c))
		get_from_conn(q, &c, a);
	else
		get_from_slot(q, a);
}

static bool get_value(const struct query *q, int32_t *value)
{
	*value = 0;
	if (q->len > sizeof(*value))
		return false;
	memcpy(value, q->data, q->len);
	return true;
}

static int64_t set_reset(const struct query *q)
{
	struct slot *s = find_slot(q);

	if (!s || (s->any && !peer_is_admin(q->from.pid, q->from.uid)))
		return CTL_FAILED;
	slot_drop(s);
	return 0;
}

static int64_t set_slot(const struct query *q, int32_t value)
{
	bool admin = peer_is_admin(q->from.pid, q->from.uid);
	struct slot *s;

	s = slot_make(htons(q->want.lport), q->from.uid, admin);
	switch (q->opt) {
	case CTL_ENABLE:
		/* 1 changes nothing, not even back */
		if (!value)
			s->enable = 0;
		break;
	case CTL_CMODE:
		/* means nothing to the protocol, but can be read back */
		s->cmode = value;
		return 0;
	case CTL_APP_SUPPORT:
		s->app_support = value;
		break;
	case CTL_NOCACHE:
		s->nocache = value;
		break;
	default:
		return CTL_FAILED;
	}
	return -slot_tell(s);
}

static bool settable(uint32_t opt)
{
	return opt == CTL_ENABLE || opt == CTL_CMODE || opt == CTL_NOCACHE ||
	       opt == CTL_APP_SUPPORT || opt == CTL_RESET;
}

static int64_t set_conn(const struct query *q, const struct conn *c)
{
	if (c->uid != q->from.uid && !peer_is_admin(q->from.pid, q->from.uid))
		return CTL_NOT_ALLOWED;
	/* Too late for anything; this one was never an error */
	return q->opt == CTL_ENABLE ? 0 : CTL_FAILED;
}

static int64_t set(const struct query *q)
{
	int32_t value;
	struct conn c;

	if (!q->want.lport || !settable(q->opt) ||
	    (q->opt != CTL_RESET && !get_value(q, &value)))
		return CTL_FAILED;
	if (!q->from.known)
		return CTL_NOT_ALLOWED;
	if (find_conn(q, &c))
		return set_conn(q, &c);
	if (q->opt == CTL_RESET)
		return set_reset(q);
	return set_slot(q, value);
}

/**
 * answer() - answer a request
 * @q: the request
 * @a: becomes the answer; unless it is found out otherwise failure, with the
 *	request's data
 */
void answer(const struct query *q, struct answer *a)
{
	a->err = CTL_FAILED;
	a->len = q->len;
	memcpy(a->data, q->data, q->len);
	if (q->msg.flags & CTL_FLAG_SET)
		a->err = set(q);
	else if (q->opt == CTL_NETSTAT)
		get_netstat(q, a);
	else if (q->opt == CTL_LIST)
		list_get(q, a);
	else
		get(q, a);
}
