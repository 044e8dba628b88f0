// SPDX-License-Identifier: GPL-2.0-only
/*
 * Our own list of encrypted connections: IPv6 too, and longer than a datagram.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"

/* A list is told page by page, from a copy that may be so old */
#define SNAPSHOT_MS	2000

static struct ctl_entry *snapshot;
static size_t nsnapshot, room_snapshot;
static int64_t snapshot_time;

static void add_snapshot(const struct conn *c, void *arg)
{
	struct ctl_entry *e;
	size_t room;

	if (nsnapshot == room_snapshot) {
		room = room_snapshot ? 2 * room_snapshot : 256;
		e = realloc(snapshot, room * sizeof(*e));
		if (!e)
			return;
		snapshot = e;
		room_snapshot = room;
	}
	e = &snapshot[nsnapshot++];
	memset(e, 0, sizeof(*e));
	e->cookie = c->cookie;
	memcpy(e->laddr, c->laddr, sizeof(e->laddr));
	memcpy(e->raddr, c->raddr, sizeof(e->raddr));
	e->lport = htons(c->lport);
	e->rport = htons(c->rport);
	e->family = c->family;
	e->aead = c->aead;
	e->uid = c->uid;
	e->tx_gen = c->tx_gen;
	e->rx_gen = c->rx_gen;
	e->tep = c->tep;
	e->role = c->role;
	e->passive = c->passive;
	e->resumed = c->resumed;
	e->tx_bytes = c->tx_bytes;
	e->rx_bytes = c->rx_bytes;
	e->age = c->age;
	memcpy(e->sid, c->sid, sizeof(e->sid));
}

static int by_cookie(const void *a, const void *b)
{
	uint64_t x = ((const struct ctl_entry *)a)->cookie;
	uint64_t y = ((const struct ctl_entry *)b)->cookie;

	return (x > y) - (x < y);
}

static int take_snapshot(void)
{
	struct conn want = {
		.has = CONN_BIT(STATE),
		.state = TCPCRYPT_CONN_OPEN,
	};
	int rc = 0;

	nsnapshot = 0;
	if (kernel)
		rc = module_conns(kernel, &want, add_snapshot, NULL);
	if (nsnapshot)
		qsort(snapshot, nsnapshot, sizeof(*snapshot), by_cookie);
	snapshot_time = now_ms();
	return rc;
}

/**
 * list_get() - one page of the list of encrypted connections
 * @q: the request, with a struct ctl_list in its data
 * @a: becomes the answer
 */
void list_get(const struct query *q, struct answer *a)
{
	struct ctl_page page = { .version = CTL_VERSION };
	struct ctl_list list;
	size_t room, i;

	a->len = 0;
	a->err = EINVAL;
	if (q->len < sizeof(list))
		return;
	memcpy(&list, q->data, sizeof(list));
	if (list.version != CTL_VERSION || list.room < sizeof(page))
		return;
	a->err = EIO;
	if ((!list.after || now_ms() - snapshot_time > SNAPSHOT_MS) &&
	    take_snapshot())
		return;

	room = CTL_MAX - sizeof(struct ctl_msg);
	if (room > list.room)
		room = list.room;
	room = (room - sizeof(page)) / sizeof(*snapshot);
	for (i = 0; i < nsnapshot && page.count < room; i++) {
		if (snapshot[i].cookie <= list.after ||
		    (list.family && snapshot[i].family != list.family))
			continue;
		memcpy(a->data + sizeof(page) + page.count++ * sizeof(*snapshot),
		       &snapshot[i], sizeof(*snapshot));
		page.next = snapshot[i].cookie;
	}
	if (i == nsnapshot)
		page.next = 0;
	memcpy(a->data, &page, sizeof(page));
	a->len = sizeof(page) + page.count * sizeof(*snapshot);
	a->err = 0;
}
