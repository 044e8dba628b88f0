/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel module says over generic netlink.
 */
#ifndef TCPCRYPT_COMMON_NL_H
#define TCPCRYPT_COMMON_NL_H

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
	uint32_t require;
	uint32_t peer_aware;
	uint32_t self_aware;
};

static inline bool conn_has(const struct conn *c, int attr)
{
	return c->has & UINT64_C(1) << attr;
}

/*
 * Which connections to tell about: members of want whose bits are in
 * want.has, of COOKIE, FAMILY, LADDR, LPORT, RADDR, RPORT and STATE.
 */
#define CONN_BIT(name)	(UINT64_C(1) << TCPCRYPT_A_CONN_##name)

typedef void (*conn_fn)(const struct conn *c, void *arg);
typedef void (*stat_fn)(const char *name, uint64_t value, void *arg);

struct module;
struct nl_msg;
struct nlattr;

struct module *module_open(void);
void module_close(struct module *module);
int module_fd(const struct module *module);
const char *module_why(const struct module *module);
int module_conns(struct module *module, const struct conn *want, conn_fn fn,
		 void *arg);
int module_conn(struct module *module, const struct conn *want,
		struct conn *found);
int module_stats(struct module *module, stat_fn fn, void *arg);

/* For what only one program does */
struct nl_msg *module_request(struct module *module, int cmd, int flags);
int module_ask(struct module *module, struct nl_msg *msg,
	       int (*fn)(struct nl_msg *msg, void *arg), void *arg);
bool module_get_conn(struct nlattr *nest, struct conn *c);

#endif /* TCPCRYPT_COMMON_NL_H */
