// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an administrator can set: one table of numbers with their bounds, and
 * the lists with their text form.  The module parameters, the sysctls and
 * netlink all go by it.
 */
#include <linux/ctype.h>
#include <linux/slab.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "config.h"

#define KNOB(_id, _member, _type, _min, _max)				\
	[TCPCRYPT_KNOB_##_id] = {					\
		.name = #_member,					\
		.type = TCPCRYPT_KNOB_##_type,				\
		.attr = TCPCRYPT_A_CONFIG_##_id,			\
		.offset = offsetof(struct tcpcrypt_config, _member),	\
		.min = _min,						\
		.max = _max,						\
	}

#define CONFIG_DAY	86400U	/* seconds */

const struct tcpcrypt_knob tcpcrypt_knobs[TCPCRYPT_KNOB_COUNT] = {
	KNOB(ENABLE, enable, BOOL, 0, 1),
	KNOB(LOOPBACK, loopback, BOOL, 0, 1),
	KNOB(RESUME, resume, BOOL, 0, 1),
	KNOB(ENO_ENABLE_CONNECT, eno_enable_connect, BOOL, 0, 1),
	KNOB(ENO_ENABLE_LISTEN, eno_enable_listen, BOOL, 0, 1),
	KNOB(MARK, mark, UINT, 0, U32_MAX),
	KNOB(CACHE_SIZE, cache_size, UINT, 0, 1048576),
	KNOB(CACHE_LIFETIME, cache_lifetime, UINT, 1, 30 * CONFIG_DAY),
	KNOB(SYN_RETRIES, syn_retries, UINT, 1, 127),
	KNOB(MAX_HALFOPEN, max_halfopen, UINT, 16, 1048576),
	KNOB(REKEY_BYTES, rekey_bytes, ULONG, 0, U32_MAX),
	KNOB(REKEY_SECS, rekey_secs, UINT, 0, 30 * CONFIG_DAY),
	KNOB(KEX_TIMEOUT, kex_timeout, UINT, 1, 300),
	KNOB(MAX_FRAME, max_frame, UINT, 64, 65000),
	KNOB(BLACKHOLE_SIZE, blackhole_size, UINT, 0, 65536),
	KNOB(BLACKHOLE_LIFETIME, blackhole_lifetime, UINT, 1, 30 * CONFIG_DAY),
};

/**
 * tcpcrypt_knob_data() - where a number is
 * @config: a configuration
 * @knob: which number
 *
 * Context: Any.
 * Return: its address; what it points to is of the type the knob says.
 */
void *tcpcrypt_knob_data(struct tcpcrypt_config *config,
			 const struct tcpcrypt_knob *knob)
{
	return (char *)config + knob->offset;
}

/**
 * tcpcrypt_knob_get() - read a number
 * @config: a configuration, which may change meanwhile
 * @knob: which number
 *
 * Context: Any.
 * Return: its value.
 */
u64 tcpcrypt_knob_get(const struct tcpcrypt_config *config,
		      const struct tcpcrypt_knob *knob)
{
	const void *data = (const char *)config + knob->offset;

	switch (knob->type) {
	case TCPCRYPT_KNOB_BOOL:
		return READ_ONCE(*(const bool *)data);
	case TCPCRYPT_KNOB_ULONG:
		return READ_ONCE(*(const unsigned long *)data);
	default:
		return READ_ONCE(*(const unsigned int *)data);
	}
}

/**
 * tcpcrypt_knob_set() - write a number
 * @config: a configuration, which others may read meanwhile
 * @knob: which number; not TCPCRYPT_KNOB_ENABLE of a namespace, which has
 *	tcpcrypt_netns_enable()
 * @value: a value within the knob's bounds
 *
 * Context: Any.
 */
void tcpcrypt_knob_set(struct tcpcrypt_config *config,
		       const struct tcpcrypt_knob *knob, u64 value)
{
	void *data = tcpcrypt_knob_data(config, knob);

	switch (knob->type) {
	case TCPCRYPT_KNOB_BOOL:
		WRITE_ONCE(*(bool *)data, value);
		break;
	case TCPCRYPT_KNOB_ULONG:
		WRITE_ONCE(*(unsigned long *)data, value);
		break;
	default:
		WRITE_ONCE(*(unsigned int *)data, value);
		break;
	}
}

static const char * const config_list_names[TCPCRYPT_LIST_COUNT] = {
	[TCPCRYPT_LIST_TEPS]		= "teps",
	[TCPCRYPT_LIST_CIPHERS]		= "ciphers",
	[TCPCRYPT_LIST_PORTS]		= "ports",
	[TCPCRYPT_LIST_EXCLUDE]		= "exclude_ports",
	[TCPCRYPT_LIST_BAD_CONNECT]	= "eno_bad_connect_ports",
	[TCPCRYPT_LIST_BAD_LISTEN]	= "eno_bad_listen_ports",
};

/**
 * tcpcrypt_list_name() - what users call a list
 * @id: which list
 *
 * Context: Any.
 * Return: the name of its sysctl.
 */
const char *tcpcrypt_list_name(enum tcpcrypt_list id)
{
	return config_list_names[id];
}

/**
 * tcpcrypt_list_ports() - one of the lists of ports
 * @lists: the lists
 * @id: which
 *
 * Context: Any.
 * Return: the list, NULL if @id is not a list of ports.
 */
struct tcpcrypt_port_list *tcpcrypt_list_ports(struct tcpcrypt_lists *lists,
					       enum tcpcrypt_list id)
{
	switch (id) {
	case TCPCRYPT_LIST_PORTS:
		return &lists->ports;
	case TCPCRYPT_LIST_EXCLUDE:
		return &lists->exclude;
	case TCPCRYPT_LIST_BAD_CONNECT:
		return &lists->bad_connect;
	case TCPCRYPT_LIST_BAD_LISTEN:
		return &lists->bad_listen;
	default:
		return NULL;
	}
}

/**
 * tcpcrypt_list_add_tep() - one more key exchange
 * @lists: lists that nobody else sees yet
 * @tep: its TEP identifier
 *
 * Context: Any.
 * Return: false if this build does not know it, or it is in the list.
 */
bool tcpcrypt_list_add_tep(struct tcpcrypt_lists *lists, u8 tep)
{
	unsigned int i;

	for (i = 0; i < lists->nteps; i++)
		if (lists->teps[i] == tep)
			return false;
	if (lists->nteps == ARRAY_SIZE(lists->teps) ||
	    !tcpcrypt_kex_find(tep))
		return false;

	lists->teps[lists->nteps++] = tep;
	return true;
}

/**
 * tcpcrypt_list_add_cipher() - one more cipher
 * @lists: lists that nobody else sees yet
 * @id: its number
 *
 * Context: Any.
 * Return: false if this build does not know it, or it is in the list.
 */
bool tcpcrypt_list_add_cipher(struct tcpcrypt_lists *lists, u16 id)
{
	unsigned int i;

	for (i = 0; i < lists->nciphers; i++)
		if (lists->ciphers[i] == id)
			return false;
	if (lists->nciphers == ARRAY_SIZE(lists->ciphers) ||
	    !tcpcrypt_aead_find(id))
		return false;

	lists->ciphers[lists->nciphers++] = id;
	return true;
}

/**
 * tcpcrypt_list_add_ports() - one more range of ports
 * @list: list that nobody else sees yet
 * @lo: first port
 * @hi: last port
 *
 * Context: Any.
 * Return: false if it is no range of ports or there is no room.
 */
bool tcpcrypt_list_add_ports(struct tcpcrypt_port_list *list, u16 lo, u16 hi)
{
	if (!lo || lo > hi || list->n == ARRAY_SIZE(list->range))
		return false;

	list->range[list->n].lo = lo;
	list->range[list->n].hi = hi;
	list->n++;
	return true;
}

/*
 * Next item of the comma separated list at *@pos, or NULL at its end.  An
 * empty list has one item, which is empty.
 */
static const char *config_item(const char **pos, size_t *len)
{
	const char *item = *pos;

	if (!item)
		return NULL;

	*len = strcspn(item, ",");
	*pos = item[*len] ? item + *len + 1 : NULL;
	return item;
}

/* A port number at *@pos, which is moved behind it */
static bool config_port(const char **pos, u16 *port)
{
	const char *p = *pos;
	unsigned int n = 0;

	for (; isdigit(*p) && n <= U16_MAX; p++)
		n = 10 * n + *p - '0';
	if (!n || n > U16_MAX)
		return false;

	*pos = p;
	*port = n;
	return true;
}

/* "80" or "80-90"; @item ends after @len bytes */
static bool config_port_range(const char *item, size_t len,
			      struct tcpcrypt_ports *ports)
{
	const char *end = item + len;

	if (!config_port(&item, &ports->lo))
		return false;

	ports->hi = ports->lo;
	if (*item == '-') {
		item++;
		if (!config_port(&item, &ports->hi))
			return false;
	}
	return item == end && ports->lo <= ports->hi;
}

/* One item of @text; 0, -EINVAL, or -E2BIG when the list is full */
static int config_parse_item(struct tcpcrypt_lists *lists,
			     enum tcpcrypt_list id, const char *item,
			     size_t len)
{
	const struct tcpcrypt_aead_alg *alg;
	const struct tcpcrypt_kex *kex;
	struct tcpcrypt_ports ports;

	switch (id) {
	case TCPCRYPT_LIST_TEPS:
		kex = tcpcrypt_kex_by_name(item, len);
		return kex && tcpcrypt_list_add_tep(lists, kex->tep) ?
		       0 : -EINVAL;
	case TCPCRYPT_LIST_CIPHERS:
		alg = tcpcrypt_aead_by_name(item, len);
		return alg && tcpcrypt_list_add_cipher(lists, alg->id) ?
		       0 : -EINVAL;
	default:
		if (!config_port_range(item, len, &ports))
			return -EINVAL;
		return tcpcrypt_list_add_ports(tcpcrypt_list_ports(lists, id),
					       ports.lo, ports.hi) ?
		       0 : -E2BIG;
	}
}

/**
 * tcpcrypt_list_clear() - empty a list
 * @lists: lists that nobody else sees yet
 * @id: which list
 *
 * Context: Any.
 */
void tcpcrypt_list_clear(struct tcpcrypt_lists *lists, enum tcpcrypt_list id)
{
	struct tcpcrypt_port_list *ports = tcpcrypt_list_ports(lists, id);

	if (ports)
		ports->n = 0;
	else if (id == TCPCRYPT_LIST_TEPS)
		lists->nteps = 0;
	else
		lists->nciphers = 0;
}

/**
 * tcpcrypt_list_parse() - set a list to what a text says
 * @lists: lists that nobody else sees yet
 * @id: which list
 * @text: names, ports or ranges of ports, separated by commas
 * @bad: filled in on an error
 *
 * Only a list of ports may be empty.
 *
 * Context: Any.
 * Return: 0; -EINVAL if @bad is unknown or given twice; -E2BIG if @bad does
 * not fit any more.
 */
int tcpcrypt_list_parse(struct tcpcrypt_lists *lists, enum tcpcrypt_list id,
			const char *text, struct tcpcrypt_bad_item *bad)
{
	int err = 0;

	tcpcrypt_list_clear(lists, id);
	if (!*text && tcpcrypt_list_ports(lists, id))
		return 0;

	while (!err && (bad->text = config_item(&text, &bad->len)))
		err = config_parse_item(lists, id, bad->text, bad->len);
	return err;
}

static int config_print_ports(const struct tcpcrypt_port_list *list,
			      char *buf, size_t size)
{
	unsigned int i;
	size_t n = 0;

	for (i = 0; i < list->n; i++) {
		const struct tcpcrypt_ports *p = &list->range[i];

		n += scnprintf(buf + n, size - n, "%s%u", i ? "," : "", p->lo);
		if (p->hi != p->lo)
			n += scnprintf(buf + n, size - n, "-%u", p->hi);
	}
	return n;
}

/**
 * tcpcrypt_list_print() - the text of a list, as tcpcrypt_list_parse() takes it
 * @lists: the lists
 * @id: which
 * @buf: where the text goes, terminated
 * @size: room there in bytes; TCPCRYPT_LIST_TEXT is enough for all
 *
 * Context: Any.
 * Return: its length in bytes.
 */
int tcpcrypt_list_print(const struct tcpcrypt_lists *lists,
			enum tcpcrypt_list id, char *buf, size_t size)
{
	unsigned int i;
	size_t n = 0;

	buf[0] = '\0';
	switch (id) {
	case TCPCRYPT_LIST_TEPS:
		for (i = 0; i < lists->nteps; i++)
			n += scnprintf(buf + n, size - n, "%s%s", i ? "," : "",
				       tcpcrypt_kex_find(lists->teps[i])->name);
		return n;
	case TCPCRYPT_LIST_CIPHERS:
		for (i = 0; i < lists->nciphers; i++)
			n += scnprintf(buf + n, size - n, "%s%s", i ? "," : "",
				       tcpcrypt_aead_find(lists->ciphers[i])->name);
		return n;
	case TCPCRYPT_LIST_PORTS:
		return config_print_ports(&lists->ports, buf, size);
	case TCPCRYPT_LIST_EXCLUDE:
		return config_print_ports(&lists->exclude, buf, size);
	case TCPCRYPT_LIST_BAD_CONNECT:
		return config_print_ports(&lists->bad_connect, buf, size);
	default:
		return config_print_ports(&lists->bad_listen, buf, size);
	}
}

/**
 * tcpcrypt_lists_change() - begin to change a namespace's lists
 * @tn: the namespace
 *
 * Ends with tcpcrypt_lists_commit() or tcpcrypt_lists_cancel().
 *
 * Context: Process context; on success @tn->config_lock is held.
 * Return: a copy to be changed, NULL when memory is short.
 */
struct tcpcrypt_lists *tcpcrypt_lists_change(struct tcpcrypt_net *tn)
{
	struct tcpcrypt_lists *old, *new;

	mutex_lock(&tn->config_lock);
	old = rcu_dereference_protected(tn->lists,
					lockdep_is_held(&tn->config_lock));
	new = kmemdup(old, sizeof(*old), GFP_KERNEL);
	if (!new)
		mutex_unlock(&tn->config_lock);
	return new;
}

/**
 * tcpcrypt_lists_commit() - put changed lists into effect
 * @tn: the namespace
 * @new: what tcpcrypt_lists_change() gave
 *
 * Context: Process context; @tn->config_lock is held and given back.
 */
void tcpcrypt_lists_commit(struct tcpcrypt_net *tn, struct tcpcrypt_lists *new)
{
	struct tcpcrypt_lists *old;

	old = rcu_replace_pointer(tn->lists, new,
				  lockdep_is_held(&tn->config_lock));
	mutex_unlock(&tn->config_lock);
	kfree_rcu(old, rcu);
}

/**
 * tcpcrypt_lists_cancel() - leave a namespace's lists as they are
 * @tn: the namespace
 * @new: what tcpcrypt_lists_change() gave
 *
 * Context: Process context; @tn->config_lock is held and given back.
 */
void tcpcrypt_lists_cancel(struct tcpcrypt_net *tn, struct tcpcrypt_lists *new)
{
	mutex_unlock(&tn->config_lock);
	kfree(new);
}

/**
 * tcpcrypt_config_net_init() - give a namespace its configuration
 * @tn: the namespace
 *
 * Context: Process context, after tcpcrypt_param_init().
 * Return: 0 or -ENOMEM.
 */
int tcpcrypt_config_net_init(struct tcpcrypt_net *tn)
{
	struct tcpcrypt_lists *lists;

	lists = kmemdup(tcpcrypt_param_lists(), sizeof(*lists), GFP_KERNEL);
	if (!lists)
		return -ENOMEM;

	mutex_init(&tn->config_lock);
	tn->config = *tcpcrypt_param_config();
	RCU_INIT_POINTER(tn->lists, lists);
	return 0;
}

/**
 * tcpcrypt_config_net_exit() - free it; nobody reads it any more
 * @tn: the namespace
 *
 * Context: Process context.
 */
void tcpcrypt_config_net_exit(struct tcpcrypt_net *tn)
{
	kfree(rcu_dereference_protected(tn->lists, 1));
}
