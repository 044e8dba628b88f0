// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines on standard output; under systemd with the journal's priorities.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tcpcryptd.h"

static void put(FILE *to, const char *priority, const char *fmt, va_list ap)
{
	if (getenv("JOURNAL_STREAM"))
		fputs(priority, to);
	vfprintf(to, fmt, ap);
	putc('\n', to);
	fflush(to);
}

/**
 * say() - print a line
 * @level: -v must have been given so many times
 * @fmt: as for printf(), without a newline
 */
void say(int level, const char *fmt, ...)
{
	va_list ap;

	if (level > options.verbose)
		return;
	va_start(ap, fmt);
	put(stdout, level ? "<6>" : "<5>", fmt, ap);
	va_end(ap);
}

/**
 * complain() - print a line about something that somebody should look at
 * @fmt: as for printf(), without a newline
 */
void complain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(stderr, "<4>", fmt, ap);
	va_end(ap);
}

/**
 * now_ms() - time that never goes back
 *
 * Return: milliseconds.
 */
int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/**
 * sooner() - the shorter of two timeouts for poll()
 * @a: milliseconds; negative is endless
 * @b: milliseconds; negative is endless
 *
 * Return: milliseconds; negative is endless.
 */
int sooner(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}
