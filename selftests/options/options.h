/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of options, new keys, urgent data and keep-alive share.
 */
#ifndef SELFTESTS_OPTIONS_H
#define SELFTESTS_OPTIONS_H

#include <linux/tcpcrypt.h>
#include <netinet/tcp.h>
#include <stdint.h>

#include "../pair.h"

#ifndef TCP_ULP
#define TCP_ULP 31
#endif

#define WAIT_MS		20000	/* for what must happen */
#define QUIET_MS	150	/* for what must not happen */

/* connections */
void open_pair(const struct variant *v, struct pair *p);
void asked_pair(const struct variant *v, struct pair *p);
void next_client(const struct variant *v, struct pair *p);
int connect_err(struct pair *p);
bool encrypted(int fd);
struct tcpcrypt_info info(int fd);
bool wait_gen(int fd, unsigned int tx, unsigned int rx);
ssize_t recv_one(int fd);
bool talk(struct pair *p);
void expect_plain(struct pair *p);

/* their options */
int ask(int fd);
int set_int(int fd, int opt, int val);
int get_int(int fd, int opt);
int set_bytes(int fd, int opt, const char *bytes, size_t len);
bool has_bytes(int fd, int opt, const char *bytes, size_t want);
int sessid_err(int fd);

#endif
