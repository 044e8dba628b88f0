/* SPDX-License-Identifier: GPL-2.0-only */
/* What the fuzzers share: input as a stream, and assertions that crash. */
#ifndef _TCPCRYPT_FUZZ_H
#define _TCPCRYPT_FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include "host.h"

#define ASSERT(cond)							\
	do {								\
		if (!(cond)) {						\
			fprintf(stderr, "%s:%d: does not hold: %s\n",	\
				__FILE__, __LINE__, #cond);		\
			abort();					\
		}							\
	} while (0)

struct fuzz_input {
	const u8 *p;
	size_t left;
};

/* The next byte, 0 when there is none left */
static inline u8 fuzz_byte(struct fuzz_input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->p++;
}

/*
 * Up to @want of the next bytes, in a heap block of just that size.  The
 * caller frees it.
 */
static inline u8 *fuzz_take(struct fuzz_input *in, size_t want, size_t *got)
{
	u8 *copy;

	*got = min(want, in->left);
	copy = malloc(*got ? *got : 1);
	if (!copy)
		abort();
	if (*got)
		memcpy(copy, in->p, *got);
	in->p += *got;
	in->left -= *got;
	return copy;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#endif /* _TCPCRYPT_FUZZ_H */
