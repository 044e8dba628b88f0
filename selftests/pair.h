/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two ends of a connection over loopback, in one process.
 */
#ifndef SELFTESTS_PAIR_H
#define SELFTESTS_PAIR_H

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "harness.h"

union addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

struct pair {
	int c;		/* active opener */
	int s;		/* passive opener */
	int l;
	union addr addr;	/* the listener's, as a client writes it */
	socklen_t len;
};

int plain_port(void);
int new_socket(const struct variant *v);
void loopback_addr(const struct variant *v, struct pair *p, int port);
void new_listener(const struct variant *v, struct pair *p, int backlog);
void join(struct pair *p);
void close_pair(struct pair *p);
ssize_t send_all(int fd, const void *buf, size_t len);
ssize_t recv_all(int fd, void *buf, size_t len);

#endif
