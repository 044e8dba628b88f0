/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * <asm/unaligned.h> moved here in 6.12.
 */
#ifndef _TCPCRYPT_COMPAT_LINUX_UNALIGNED_H
#define _TCPCRYPT_COMPAT_LINUX_UNALIGNED_H

#include "tcpcrypt-config.h"

#ifdef TCPCRYPT_HAVE_LINUX_UNALIGNED
#include_next <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#endif /* _TCPCRYPT_COMPAT_LINUX_UNALIGNED_H */
