/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the control socket share: a request on its way from the
 * socket (control.c) through the parser (request.c) to its answer (answer.c,
 * list.c), which it may have to wait for (waiting.c).
 */
#ifndef TCPCRYPTD_CONTROL_H
#define TCPCRYPTD_CONTROL_H

#include "tcpcryptd.h"

struct client {
	union {
		struct sockaddr sa;
		struct sockaddr_un un;
		struct sockaddr_in in;
	};
	socklen_t len;
	pid_t pid;
	uid_t uid;
	bool known;		/* pid or uid are */
};

/* A question about one socket */
struct query {
	struct client from;
	struct ctl_msg msg;	/* as it came */
	uint32_t opt;		/* also that inside of a CTL_WRAP */
	struct conn want;
	uint8_t data[CTL_OLD_MAX];
	uint32_t len;		/* of data */
	int64_t deadline;
};

/* An answer: err as in struct ctl_msg, -EAGAIN to ask again later */
struct answer {
	int64_t err;
	uint8_t data[CTL_MAX];
	uint32_t len;
};

/* control.c */
void control_reply(const struct query *q, const struct answer *a);

/* request.c */
bool request_parse(struct query *q, const uint8_t *buf, size_t n);

/* answer.c */
void answer(const struct query *q, struct answer *a);

/* list.c */
void list_get(const struct query *q, struct answer *a);

/* waiting.c */
void waiting_add(const struct query *q, struct answer *a);
void waiting_recheck(void);
int64_t waiting_next(void);
unsigned int waiting_count(void);

#endif /* TCPCRYPTD_CONTROL_H */
