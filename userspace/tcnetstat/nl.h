/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel module says over generic netlink.
 */
#ifndef TCNETSTAT_NL_H
#define TCNETSTAT_NL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include <linux/tcpcrypt.h>

/*
 * A connection.  Ports are in host order; has tells which attributes the
 * kernel gave, as bits 1 << TCPCRYPT_A_CONN_x.  What the members mean is said
 * in linux/tcpcrypt.h, for the attributes of the same names.
 */
struct conn {
	uint64_t has;
	int family;
	uint8_t laddr[sizeof(struct in6_addr)];
	uint8_t raddr[sizeof(struct in6_addr)];
	uint16_t lport;
	uint16_t rport;
	uint64_t cookie;
	uint32_t uid;
	uint32_t state;
	uint32_t passive;
	uint32_t role;
	uint32_t tep;
	uint32_t aead;
	uint32_t resumed;
	uint8_t sid[TCPCRYPT_SESSID_BYTES];
	unsigned int sid_len;
	uint64_t age;
	uint32_t tx_gen;
	uint32_t rx_gen;
	uint64_t tx_bytes;
	uint64_t rx_bytes;
	uint64_t tx_frames;
	uint64_t rx_frames;
	char fallback[64];
	uint32_t error;
};

static inline bool conn_has(const struct conn *c, int attr)
{
	return c->has & UINT64_C(1) << attr;
}

typedef void (*conn_fn)(const struct conn *c, void *arg);
typedef void (*stat_fn)(const char *name, uint64_t value, void *arg);

struct module;

struct module *module_open(void);
void module_close(struct module *module);
void module_conns(struct module *module, int family, bool all, conn_fn fn,
		  void *arg);
void module_stats(struct module *module, stat_fn fn, void *arg);

#endif /* TCNETSTAT_NL_H */
