// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tap.h"

static char tap_name[256];
static unsigned int tap_tests;
static unsigned int tap_failed;
static unsigned int tap_faults;	/* in the test that runs */

void tap_begin(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(tap_name, sizeof(tap_name), fmt, args);
	va_end(args);
	tap_faults = 0;
}

void tap_end(void)
{
	tap_tests++;
	tap_failed += tap_faults > 0;
	printf("%sok %u - %s\n", tap_faults ? "not " : "", tap_tests,
	       tap_name);
	fflush(stdout);
}

/* A program that ran fewer tests than it has is a failure, not a success. */
int tap_finish(unsigned int expected)
{
	printf("1..%u\n", expected);
	if (tap_tests != expected)
		printf("# %u tests ran, %u were due\n", tap_tests, expected);
	if (tap_failed)
		printf("# %u of %u tests failed\n", tap_failed, tap_tests);

	return tap_failed || tap_tests != expected;
}

bool tap_check(bool ok, const char *what, const char *file, int line)
{
	if (ok)
		return true;
	tap_faults++;
	printf("# %s:%d: %s: does not hold: %s\n", file, line, tap_name, what);
	return false;
}

bool tap_check_eq(long long got, long long want, const char *what,
		  const char *file, int line)
{
	if (tap_check(got == want, what, file, line))
		return true;
	printf("#   got %lld, want %lld\n", got, want);
	return false;
}

static void tap_hex(const char *label, const u8 *p, size_t len)
{
	size_t i;

	printf("#   %s ", label);
	for (i = 0; i < len; i++)
		printf("%02x", p[i]);
	printf("\n");
}

bool tap_check_mem(const void *got, size_t got_len, const void *want,
		   size_t want_len, const char *what, const char *file,
		   int line)
{
	bool same = got_len == want_len &&
		    (!got_len || !memcmp(got, want, got_len));

	if (tap_check(same, what, file, line))
		return true;
	tap_hex("got ", got, got_len);
	tap_hex("want", want, want_len);
	return false;
}

/*
 * A heap copy without a byte to spare, so that the address sanitizer sees
 * any access outside of it; zeroes when there is nothing to copy.  The caller
 * frees it.
 */
void *exact_copy(const void *data, size_t len)
{
	void *copy = calloc(1, len ? len : 1);

	if (!copy)
		abort();
	if (data && len)
		memcpy(copy, data, len);
	return copy;
}
