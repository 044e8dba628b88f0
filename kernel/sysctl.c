// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sysctls net.tcpcrypt.*: one for each number and each list of a network
 * namespace's configuration.
 */
#include <linux/bug.h>
#include <linux/slab.h>
#include <linux/sysctl.h>
#include <net/net_namespace.h>

#include "cache.h"
#include "config.h"
#include "sysctl.h"

#define SYSCTL_COUNT	(TCPCRYPT_KNOB_COUNT + TCPCRYPT_LIST_COUNT)

static int sysctl_enable(ctl_table_ptr ctl, int write, void *buffer,
			 size_t *lenp, loff_t *ppos)
{
	struct tcpcrypt_net *tn = ctl->extra1;
	u8 on = READ_ONCE(tn->config.enable);
	struct ctl_table tmp = {
		.procname = ctl->procname,
		.data = &on,
		.maxlen = sizeof(on),
		.mode = ctl->mode,
		.extra1 = SYSCTL_ZERO,
		.extra2 = SYSCTL_ONE,
	};
	int err;

	err = proc_dou8vec_minmax(&tmp, write, buffer, lenp, ppos);
	if (!err && write)
		tcpcrypt_netns_enable(tn, on);
	return err;
}

/* The sessions that are kept fit the new value at once */
static int sysctl_cache(ctl_table_ptr ctl, int write, void *buffer,
			size_t *lenp, loff_t *ppos)
{
	const struct tcpcrypt_knob *knob = container_of(ctl->extra1,
							struct tcpcrypt_knob,
							min);
	void *config = (char *)ctl->data - knob->offset;
	int err;

	err = knob->type == TCPCRYPT_KNOB_BOOL ?
	      proc_dou8vec_minmax(ctl, write, buffer, lenp, ppos) :
	      proc_douintvec_minmax(ctl, write, buffer, lenp, ppos);
	if (!err && write)
		tcpcrypt_cache_retune(container_of(config, struct tcpcrypt_net,
						   config));
	return err;
}

static int sysctl_list_write(struct tcpcrypt_net *tn, enum tcpcrypt_list id,
			     const char *text)
{
	struct tcpcrypt_bad_item bad;
	struct tcpcrypt_lists *new;

	new = tcpcrypt_lists_change(tn);
	if (!new)
		return -ENOMEM;
	if (tcpcrypt_list_parse(new, id, text, &bad)) {
		tcpcrypt_lists_cancel(tn, new);
		return -EINVAL;
	}
	tcpcrypt_lists_commit(tn, new);
	return 0;
}

/* extra1 is the namespace, extra2 the number of the list */
static int sysctl_list(ctl_table_ptr ctl, int write, void *buffer,
		       size_t *lenp, loff_t *ppos)
{
	enum tcpcrypt_list id = (unsigned long)ctl->extra2;
	struct tcpcrypt_net *tn = ctl->extra1;
	struct ctl_table tmp = {
		.procname = ctl->procname,
		.maxlen = TCPCRYPT_LIST_TEXT,
		.mode = ctl->mode,
	};
	int err;

	tmp.data = kzalloc(tmp.maxlen, GFP_KERNEL);
	if (!tmp.data)
		return -ENOMEM;

	rcu_read_lock();
	tcpcrypt_list_print(rcu_dereference(tn->lists), id, tmp.data,
			    tmp.maxlen);
	rcu_read_unlock();
	/* a text that fills the buffer has been cut off */
	err = proc_dostring(&tmp, write, buffer, lenp, ppos);
	if (!err && write)
		err = strlen(tmp.data) == tmp.maxlen - 1 ? -EINVAL :
		      sysctl_list_write(tn, id, tmp.data);
	kfree(tmp.data);
	return err;
}

static void sysctl_fill_knob(struct ctl_table *ctl, struct tcpcrypt_net *tn,
			     const struct tcpcrypt_knob *knob)
{
	ctl->procname = knob->name;
	ctl->mode = 0644;
	ctl->data = tcpcrypt_knob_data(&tn->config, knob);
	switch (knob->type) {
	case TCPCRYPT_KNOB_BOOL:
		ctl->maxlen = sizeof(u8);
		ctl->proc_handler = proc_dou8vec_minmax;
		break;
	case TCPCRYPT_KNOB_ULONG:
		ctl->maxlen = sizeof(unsigned long);
		ctl->proc_handler = proc_doulongvec_minmax;
		return;
	default:
		ctl->maxlen = sizeof(unsigned int);
		ctl->proc_handler = proc_douintvec_minmax;
		break;
	}
	ctl->extra1 = (void *)&knob->min;
	ctl->extra2 = (void *)&knob->max;
}

static void sysctl_fill_list(struct ctl_table *ctl, struct tcpcrypt_net *tn,
			     enum tcpcrypt_list id)
{
	ctl->procname = tcpcrypt_list_name(id);
	ctl->mode = 0644;
	ctl->proc_handler = sysctl_list;
	ctl->extra1 = tn;
	ctl->extra2 = (void *)(unsigned long)id;
}

/**
 * tcpcrypt_sysctl_net_init() - show a namespace's sysctls
 * @tn: the namespace, with its configuration
 *
 * Context: Process context.
 * Return: 0 or -ENOMEM.
 */
int tcpcrypt_sysctl_net_init(struct tcpcrypt_net *tn)
{
	struct ctl_table *table;
	unsigned int i;

	/* they are read and written as bytes */
	BUILD_BUG_ON(sizeof(bool) != sizeof(u8));

	/* the last, empty entry is a sentinel that older kernels want to see */
	table = kcalloc(SYSCTL_COUNT + 1, sizeof(*table), GFP_KERNEL);
	if (!table)
		return -ENOMEM;

	for (i = 0; i < TCPCRYPT_KNOB_COUNT; i++)
		sysctl_fill_knob(&table[i], tn, &tcpcrypt_knobs[i]);
	table[TCPCRYPT_KNOB_ENABLE].proc_handler = sysctl_enable;
	table[TCPCRYPT_KNOB_ENABLE].extra1 = tn;
	table[TCPCRYPT_KNOB_RESUME].proc_handler = sysctl_cache;
	table[TCPCRYPT_KNOB_CACHE_SIZE].proc_handler = sysctl_cache;
	table[TCPCRYPT_KNOB_CACHE_LIFETIME].proc_handler = sysctl_cache;
	for (i = 0; i < TCPCRYPT_LIST_COUNT; i++)
		sysctl_fill_list(&table[TCPCRYPT_KNOB_COUNT + i], tn, i);

	tn->sysctl = register_net_sysctl_sz(tn->net, "net/tcpcrypt", table,
					    SYSCTL_COUNT);
	if (!tn->sysctl) {
		kfree(table);
		return -ENOMEM;
	}
	return 0;
}

/**
 * tcpcrypt_sysctl_net_exit() - take a namespace's sysctls away
 * @tn: the namespace
 *
 * Context: Process context; waits for handlers under way.
 */
void tcpcrypt_sysctl_net_exit(struct tcpcrypt_net *tn)
{
	const struct ctl_table *table = tn->sysctl->ctl_table_arg;

	unregister_net_sysctl_table(tn->sysctl);
	kfree(table);
}
