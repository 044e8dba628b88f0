/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small TAP producer: a test is a run of checks between tap_begin() and
 * tap_end(), and passes when all of them hold.
 */
#ifndef _TCPCRYPT_TAP_H
#define _TCPCRYPT_TAP_H

#include "host.h"

void tap_begin(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void tap_end(void);
int tap_finish(unsigned int expected);
bool tap_check(bool ok, const char *what, const char *file, int line);
bool tap_check_eq(long long got, long long want, const char *what,
		  const char *file, int line);
bool tap_check_mem(const void *got, size_t got_len, const void *want,
		   size_t want_len, const char *what, const char *file,
		   int line);
void *exact_copy(const void *data, size_t len);

#define CHECK(cond)							\
	tap_check(!!(cond), #cond, __FILE__, __LINE__)
#define CHECK_EQ(got, want)						\
	tap_check_eq((long long)(got), (long long)(want),		\
		     #got " == " #want, __FILE__, __LINE__)
#define CHECK_MEM(got, got_len, want, want_len)				\
	tap_check_mem(got, got_len, want, want_len,			\
		      #got " == " #want, __FILE__, __LINE__)
/* Against one of the vectors' byte strings */
#define CHECK_VEC(got, got_len, vec)					\
	CHECK_MEM(got, got_len, (vec).p, (vec).len)

#endif /* _TCPCRYPT_TAP_H */
