// SPDX-License-Identifier: GPL-2.0-only
/*
 * Questions about connections whose handshake has not settled.
 */
#include <errno.h>
#include <stdlib.h>

#include "control.h"

/* How many wait, and how often we look */
#define PENDING		256
#define RECHECK_MS	100

static struct query *pending[PENDING];
static unsigned int npending;
static int64_t next_recheck;

/**
 * waiting_add() - keep a question whose answer is not known yet
 * @q: the question
 * @a: its answer so far, sent if there is no room for the question
 */
void waiting_add(const struct query *q, struct answer *a)
{
	struct query *copy = npending < PENDING ? malloc(sizeof(*q)) : NULL;

	if (!copy) {
		a->err = EBUSY;
		control_reply(q, a);
		return;
	}
	*copy = *q;
	copy->deadline = now_ms() + options.answer_secs * INT64_C(1000);
	/* One more does not make the others wait longer */
	if (!npending)
		next_recheck = now_ms() + RECHECK_MS;
	pending[npending++] = copy;
}

/**
 * waiting_recheck() - look whether questions that wait can be answered
 */
void waiting_recheck(void)
{
	static struct answer a;
	int64_t now = now_ms();
	unsigned int i = 0;

	next_recheck = now + RECHECK_MS;
	while (i < npending) {
		answer(pending[i], &a);
		if (a.err == -EAGAIN && now < pending[i]->deadline) {
			i++;
			continue;
		}
		if (a.err == -EAGAIN)
			a.err = CTL_FAILED;
		control_reply(pending[i], &a);
		free(pending[i]);
		pending[i] = pending[--npending];
	}
}

/**
 * waiting_next() - when waiting_recheck() is due
 *
 * Return: as now_ms(); INT64_MAX for never.
 */
int64_t waiting_next(void)
{
	return npending ? next_recheck : INT64_MAX;
}

/**
 * waiting_count() - how many questions wait
 *
 * Return: their number.
 */
unsigned int waiting_count(void)
{
	return npending;
}
