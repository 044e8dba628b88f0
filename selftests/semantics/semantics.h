/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of socket semantics share.
 */
#ifndef SELFTESTS_SEMANTICS_H
#define SELFTESTS_SEMANTICS_H

#include <linux/tcpcrypt.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>

#include "../pair.h"
#include "../tools/stream.h"

#ifndef TCP_ULP
#define TCP_ULP 31
#endif

#define SHORT_MS	20000	/* for what must happen */
#define QUIET_MS	100	/* for what must not happen */
#define FULL_MS		400	/* longer than a window probe takes */

/* Seconds a case may take */
extern int limit;

struct prep {
	void (*listener)(int fd);
	void (*client)(int fd);
};

/* A thread that runs one call */
struct job {
	pthread_t t;
	void (*fn)(struct job *j);
	int fd;
	size_t len;
	int flags;
	void *buf;
	ssize_t ret;
	int err;
};

int session_id(int fd, uint8_t id[64]);
void check_mode(const struct variant *v, int fd);
void check_pair(const struct variant *v, struct pair *p);
void open_pair_prep(const struct variant *v, struct pair *p,
		    const struct prep *prep);
void open_pair(const struct variant *v, struct pair *p);
void fill(void *buf, size_t len, uint64_t seed);
bool same(const void *buf, size_t off, size_t len, uint64_t seed);
int events(int fd, short want, int ms);
int inq(int fd);
int outq(int fd);
int wait_inq(int fd, int want);
int wait_outq(int fd, int want);
int so_error(int fd);
void set_int(int fd, int level, int opt, int val);
int get_int(int fd, int level, int opt);
void nonblock(int fd);
void block(int fd);
void job_start(struct job *j, void (*fn)(struct job *));
void job_wait(struct job *j);
void job_recv(struct job *j);
void job_send_all(struct job *j);
size_t fill_up(int fd, uint64_t seed);
void drain(int fd, size_t len, uint64_t seed);
void small_buffers(int fd);

#endif
