/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the pure files (no socket, no packet, no allocation) need around them.
 *
 * They are compiled into the module and into the user-space tests; this is
 * the one place that knows the difference.
 */
#ifndef _TCPCRYPT_PURE_H
#define _TCPCRYPT_PURE_H

#ifdef __KERNEL__
#include <crypto/algapi.h>	/* crypto_memneq() on every kernel */
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/unaligned.h>
#else
#include "host.h"
#endif

#endif /* _TCPCRYPT_PURE_H */
