// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of tests, and the time.
 */
#include <time.h>

#include "harness.h"

struct test *tests;
struct test **tests_end = &tests;
int test_failures;

long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
