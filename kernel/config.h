/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an administrator can set, the same for the module parameters, the
 * sysctls and netlink.
 */
#ifndef _TCPCRYPT_CONFIG_TABLE_H
#define _TCPCRYPT_CONFIG_TABLE_H

#include "tcpcrypt.h"

/* The longest text of a list, with its terminating zero */
#define TCPCRYPT_LIST_TEXT	1024

enum tcpcrypt_knob_type {
	TCPCRYPT_KNOB_BOOL,
	TCPCRYPT_KNOB_UINT,
	TCPCRYPT_KNOB_ULONG,
};

/**
 * struct tcpcrypt_knob - a number that can be set
 * @name: of the sysctl, and of the parameter if there is one
 * @type: its type in struct tcpcrypt_config
 * @attr: enum tcpcrypt_config_attr
 * @offset: where it is in struct tcpcrypt_config
 * @min: least value, but for TCPCRYPT_KNOB_ULONG
 * @max: greatest value, but for TCPCRYPT_KNOB_ULONG
 */
struct tcpcrypt_knob {
	const char *name;
	enum tcpcrypt_knob_type type;
	u16 attr;
	size_t offset;
	unsigned int min;
	unsigned int max;
};

enum {
	TCPCRYPT_KNOB_ENABLE,
	TCPCRYPT_KNOB_LOOPBACK,
	TCPCRYPT_KNOB_RESUME,
	TCPCRYPT_KNOB_ENO_ENABLE_CONNECT,
	TCPCRYPT_KNOB_ENO_ENABLE_LISTEN,
	TCPCRYPT_KNOB_MARK,
	TCPCRYPT_KNOB_CACHE_SIZE,
	TCPCRYPT_KNOB_CACHE_LIFETIME,
	TCPCRYPT_KNOB_SYN_RETRIES,
	TCPCRYPT_KNOB_MAX_HALFOPEN,
	TCPCRYPT_KNOB_REKEY_BYTES,
	TCPCRYPT_KNOB_REKEY_SECS,
	TCPCRYPT_KNOB_KEX_TIMEOUT,
	TCPCRYPT_KNOB_MAX_FRAME,
	TCPCRYPT_KNOB_BLACKHOLE_SIZE,
	TCPCRYPT_KNOB_BLACKHOLE_LIFETIME,
	TCPCRYPT_KNOB_COUNT
};

extern const struct tcpcrypt_knob tcpcrypt_knobs[TCPCRYPT_KNOB_COUNT];

enum tcpcrypt_list {
	TCPCRYPT_LIST_TEPS,
	TCPCRYPT_LIST_CIPHERS,
	TCPCRYPT_LIST_PORTS,
	TCPCRYPT_LIST_EXCLUDE,
	TCPCRYPT_LIST_BAD_CONNECT,
	TCPCRYPT_LIST_BAD_LISTEN,
	TCPCRYPT_LIST_COUNT
};

/**
 * struct tcpcrypt_bad_item - what is wrong with the text of a list
 * @text: the item, not terminated
 * @len: its length in bytes
 */
struct tcpcrypt_bad_item {
	const char *text;
	size_t len;
};

void *tcpcrypt_knob_data(struct tcpcrypt_config *config,
			 const struct tcpcrypt_knob *knob);
u64 tcpcrypt_knob_get(const struct tcpcrypt_config *config,
		      const struct tcpcrypt_knob *knob);
void tcpcrypt_knob_set(struct tcpcrypt_config *config,
		       const struct tcpcrypt_knob *knob, u64 value);
const char *tcpcrypt_list_name(enum tcpcrypt_list id);
struct tcpcrypt_port_list *tcpcrypt_list_ports(struct tcpcrypt_lists *lists,
					       enum tcpcrypt_list id);
void tcpcrypt_list_clear(struct tcpcrypt_lists *lists, enum tcpcrypt_list id);
bool tcpcrypt_list_add_tep(struct tcpcrypt_lists *lists, u8 tep);
bool tcpcrypt_list_add_cipher(struct tcpcrypt_lists *lists, u16 id);
bool tcpcrypt_list_add_ports(struct tcpcrypt_port_list *list, u16 lo, u16 hi);
int tcpcrypt_list_parse(struct tcpcrypt_lists *lists, enum tcpcrypt_list id,
			const char *text, struct tcpcrypt_bad_item *bad);
int tcpcrypt_list_print(const struct tcpcrypt_lists *lists,
			enum tcpcrypt_list id, char *buf, size_t size);

#endif /* _TCPCRYPT_CONFIG_TABLE_H */
