// SPDX-License-Identifier: GPL-2.0-only
/*
 * What was asked, through the control socket, for sockets that have no more
 * than a local port yet.  The kernel is told by a rule of the policy, which is
 * for the sockets of whoever asked, so that nobody decides for others.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "tcpcryptd.h"

#define SLOTS		1024
#define SLOTS_OF_USER	64

/* A socket may be bound for so long before it is used; milliseconds */
#define SLOT_LIFE	(5 * 60 * 1000)

static struct slot slots[SLOTS];	/* port 0: free */

/**
 * slot_find() - find a slot
 * @port: in network order
 * @uid: owner
 * @any: that of the administrator
 *
 * Return: the slot or NULL.
 */
struct slot *slot_find(uint16_t port, uint32_t uid, bool any)
{
	struct slot *s;

	for (s = slots; s < slots + SLOTS; s++)
		if (s->port == port && s->any == any && (any || s->uid == uid))
			return s;
	return NULL;
}

/* A free one, or the oldest of the user who has too many, or of all */
static struct slot *slot_take(uint32_t uid)
{
	struct slot *s, *own = NULL, *oldest = slots;
	unsigned int count = 0;

	for (s = slots; s < slots + SLOTS; s++) {
		if (s->port && s->uid == uid) {
			count++;
			if (!own || s->made < own->made)
				own = s;
		}
		if (!s->port || (oldest->port && s->made < oldest->made))
			oldest = s;
	}
	return count >= SLOTS_OF_USER ? own : oldest;
}

/**
 * slot_make() - find a slot, or make one
 * @port: in network order, not 0
 * @uid: owner
 * @any: that of the administrator
 *
 * Return: the slot.
 */
struct slot *slot_make(uint16_t port, uint32_t uid, bool any)
{
	struct slot *s = slot_find(port, uid, any);

	if (s)
		return s;
	s = slot_take(uid);
	if (s->port)
		slot_drop(s);
	s->port = port;
	s->uid = uid;
	s->any = any;
	s->enable = 1;
	s->made = now_ms();
	return s;
}

/* Have the kernel forget the slot's rule */
static void slot_untell(struct slot *slot)
{
	int rc;

	if (!slot->rule || !kernel)
		return;
	rc = apply_unslot(kernel, slot->rule);
	if (rc && rc != -ENOENT)
		say(1, "cannot remove rule %u: %s", slot->rule, strerror(-rc));
	slot->rule = 0;
}

/**
 * slot_drop() - forget a slot
 * @slot: the slot
 */
void slot_drop(struct slot *slot)
{
	slot_untell(slot);
	memset(slot, 0, sizeof(*slot));
}

/* Has it anything to say */
static bool slot_says(const struct slot *slot)
{
	return !slot->enable || slot->app_support || slot->nocache;
}

/**
 * slot_tell() - tell the kernel what the slot says
 * @slot: the slot
 *
 * Return: 0 or a negative errno.
 */
int slot_tell(struct slot *slot)
{
	uint32_t old = slot->rule;
	int rc = 0;

	/* Everything is plain; slots_restore() comes with the module */
	if (!kernel)
		return 0;
	/* The new rule is there before the old one goes */
	slot->rule = 0;
	if (slot_says(slot))
		rc = apply_slot(kernel, slot, &slot->rule);
	if (old && !rc)
		apply_unslot(kernel, old);
	if (rc)
		slot->rule = old;
	return rc;
}

/**
 * slots_used() - an active opener uses up its slot
 * @c: a connection that has just been opened
 */
void slots_used(const struct conn *c)
{
	struct slot *s;

	if (c->passive)
		return;
	for (s = slots; s < slots + SLOTS; s++)
		if (s->port && s->port == htons(c->lport) &&
		    (s->any || s->uid == c->uid))
			slot_drop(s);
}

/**
 * slots_restore() - tell the kernel again, after the policy was replaced
 */
void slots_restore(void)
{
	struct slot *s;

	for (s = slots; s < slots + SLOTS; s++) {
		if (!s->port)
			continue;
		s->rule = 0;
		slot_tell(s);
	}
}

/**
 * slots_clear() - forget all slots, and have the kernel forget them
 */
void slots_clear(void)
{
	struct slot *s;

	for (s = slots; s < slots + SLOTS; s++)
		if (s->port)
			slot_drop(s);
}

/**
 * slots_sweep() - forget slots whose sockets are gone
 *
 * Nothing shows a socket that is bound and no more: it gets some time.
 */
void slots_sweep(void)
{
	int64_t now = now_ms();
	struct slot *s;

	for (s = slots; s < slots + SLOTS; s++)
		if (s->port && now - s->made > SLOT_LIFE &&
		    !port_in_use(s->port))
			slot_drop(s);
}

/**
 * slots_count() - how many there are
 *
 * Return: how many.
 */
unsigned int slots_count(void)
{
	unsigned int count = 0;
	struct slot *s;

	for (s = slots; s < slots + SLOTS; s++)
		count += !!s->port;
	return count;
}
