/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Digits of the field elements of our own curve code (x448.c, p521.c).
 *
 * Both fields come out even on 64-bit machines with 8 or 9 digits and on
 * 32-bit ones with twice as many of half the width, so one text serves both.
 * TCPCRYPT_LIMB32 asks for the latter where the former would do, for tests.
 */
#ifndef _TCPCRYPT_LIMB_H
#define _TCPCRYPT_LIMB_H

#include "pure.h"

#if defined(__SIZEOF_INT128__) && !defined(TCPCRYPT_LIMB32) && \
	(!defined(__KERNEL__) || defined(CONFIG_ARCH_SUPPORTS_INT128))
#define LIMB64
typedef u64 limb_t;
__extension__ typedef unsigned __int128 wide_t;
#else
typedef u32 limb_t;
typedef u64 wide_t;
#endif

/*
 * All ones for @bit = 1, zero for 0.  The empty asm keeps the compiler from
 * finding out that there are two values only and making a branch of it.
 */
static inline limb_t limb_mask(limb_t bit)
{
	__asm__("" : "+r" (bit));
	return (limb_t)0 - bit;
}

#endif /* _TCPCRYPT_LIMB_H */
