/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few kernel names that the pure files use, for user space.
 */
#ifndef _TCPCRYPT_HOST_H
#define _TCPCRYPT_HOST_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define min(a, b)						\
	__extension__ ({					\
		__typeof__(a) _min_a = (a);			\
		__typeof__(b) _min_b = (b);			\
		_min_a < _min_b ? _min_a : _min_b;		\
	})

#undef static_assert
#define static_assert(expr)	_Static_assert(expr, #expr)

static inline u16 get_unaligned_be16(const void *p)
{
	const u8 *b = p;

	return (u16)(b[0] << 8 | b[1]);
}

static inline u32 get_unaligned_be32(const void *p)
{
	const u8 *b = p;

	return (u32)get_unaligned_be16(b) << 16 | get_unaligned_be16(b + 2);
}

static inline void put_unaligned_be16(u16 val, void *p)
{
	u8 *b = p;

	b[0] = val >> 8;
	b[1] = val & 0xff;
}

static inline void put_unaligned_be32(u32 val, void *p)
{
	put_unaligned_be16(val >> 16, p);
	put_unaligned_be16(val & 0xffff, (u8 *)p + 2);
}

static inline void memzero_explicit(void *p, size_t len)
{
	memset(p, 0, len);
	__asm__ volatile("" : : "r"(p) : "memory");
}

/* As the kernel's, without a branch: ct_curves looks */
static inline unsigned long crypto_memneq(const void *a, const void *b,
					  size_t len)
{
	const u8 *x = a, *y = b;
	unsigned long neq = 0;

	while (len--)
		neq |= x[len] ^ y[len];
	return neq;
}

#endif /* _TCPCRYPT_HOST_H */
