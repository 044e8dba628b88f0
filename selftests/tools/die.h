/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The end of a tool that cannot do its work.
 */
#ifndef SELFTESTS_DIE_H
#define SELFTESTS_DIE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
		strerror(errno));
	exit(2);
}

#endif
