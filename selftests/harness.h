/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small test harness: every test runs in a child of its own, with a time
 * limit, once per variant, and reports in TAP. EXPECT goes on after a failure,
 * ASSERT ends the test.
 */
#ifndef SELFTESTS_HARNESS_H
#define SELFTESTS_HARNESS_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct variant {
	const char *name;
	bool encrypted;
	int family;		/* 4, 6 or 46 */
};

struct test {
	const char *name;
	void (*fn)(const struct variant *v);
	struct test *next;
	int variants;		/* bit mask of indexes, 0: all */
};

extern struct test *tests;
extern struct test **tests_end;
extern int test_failures;

long now_ms(void);

#define TEST(tname)							\
	static void test_##tname(const struct variant *v);		\
	static struct test reg_##tname = {				\
		.name = #tname, .fn = test_##tname,			\
	};								\
	__attribute__((constructor)) static void add_##tname(void)	\
	{								\
		*tests_end = &reg_##tname;				\
		tests_end = &reg_##tname.next;				\
	}								\
	static void test_##tname(const struct variant *v)

#define CHECK(fatal, cond, ...) do {					\
	if (!(cond)) {							\
		int e_ = errno;						\
		test_failures++;					\
		printf("# %s:%d: %s (errno %s)", __FILE__, __LINE__,	\
		       #cond, errno_name(e_));				\
		printf(" " __VA_ARGS__);				\
		printf("\n");						\
		if (fatal) {						\
			fflush(stdout);					\
			_exit(1);					\
		}							\
	}								\
} while (0)

#define EXPECT(cond, ...)	CHECK(0, cond, __VA_ARGS__)
#define ASSERT(cond, ...)	CHECK(1, cond, __VA_ARGS__)

#define CHECK_EQ(fatal, a, b) do {					\
	long long a_ = (a), b_ = (b);					\
	CHECK(fatal, a_ == b_, "%s is %lld, expected %lld", #a, a_, b_);	\
} while (0)

#define EXPECT_EQ(a, b)	CHECK_EQ(0, a, b)
#define ASSERT_EQ(a, b)	CHECK_EQ(1, a, b)

/* The call fails with this error. */
#define EXPECT_ERR(call, err) do {					\
	errno = 0;							\
	long long r_ = (call);						\
	int er_ = errno;						\
	CHECK(0, r_ == -1 && er_ == (err), "returned %lld, expected %s",	\
	      r_, errno_name(err));					\
} while (0)

#endif
