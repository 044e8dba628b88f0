/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SELFTESTS_GENL_H
#define SELFTESTS_GENL_H

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A request under construction */
struct req {
	struct nlmsghdr nlh;
	struct genlmsghdr genl;
	uint8_t attrs[1 << 17];
};

extern int fd;
extern uint16_t family;
extern uint32_t mcgrp;
extern bool interrupted;	/* a dump was not of one moment */
extern const char *extack;	/* what the last error said */

typedef void (*answer_fn)(const struct nlattr *attrs, int len);

void start(struct req *r, uint16_t type, int flags, int cmd);
struct nlattr *put(struct req *r, int type, const void *data, size_t len);
struct nlattr *nest_start(struct req *r, int type);
void nest_end(struct req *r, struct nlattr *nest);
void put_u16(struct req *r, int type, uint16_t v);
void put_u32(struct req *r, int type, uint32_t v);
void put_u64(struct req *r, int type, uint64_t v);
void put_addr(struct req *r, int type, const char *val);
void send_req(struct req *r);
const struct nlattr *find(const void *p, int len, int type);
const void *data(const struct nlattr *a);
int answers(answer_fn fn, bool slow);
void resolve(void);

#endif /* SELFTESTS_GENL_H */
