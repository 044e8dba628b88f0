/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Byte strings of the test vectors, written in hexadecimal.
 */
#ifndef _TCPCRYPT_TESTS_HEX_H
#define _TCPCRYPT_TESTS_HEX_H

#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "pure.h"

/*
 * Bytes of @hex in a block of just that size, so that KASAN sees an access
 * behind them; it lives as long as the test runs.
 */
static inline u8 *hex_bytes(struct kunit *test, const char *hex, size_t *len)
{
	u8 *bin;

	*len = strlen(hex) / 2;
	bin = kunit_kzalloc(test, *len ? *len : 1, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, bin);
	KUNIT_ASSERT_EQ(test, hex2bin(bin, hex, *len), 0);
	return bin;
}

static inline void hex_expect(struct kunit *test, const char *name,
			      const u8 *got, size_t got_len, const char *want)
{
	size_t len;
	u8 *bin;

	bin = hex_bytes(test, want, &len);
	KUNIT_EXPECT_EQ_MSG(test, got_len, len, "%s", name);
	if (got_len == len)
		KUNIT_EXPECT_EQ_MSG(test, memcmp(got, bin, len), 0,
				    "%s: got %*phN, want %s", name,
				    (int)min_t(size_t, len, 64), got, want);
}

#endif /* _TCPCRYPT_TESTS_HEX_H */
