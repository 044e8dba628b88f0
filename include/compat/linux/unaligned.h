/* SPDX-License-Identifier: GPL-2.0-only */
/* <linux/unaligned.h> was <asm/unaligned.h> */
#ifndef _COMPAT_LINUX_UNALIGNED_H
#define _COMPAT_LINUX_UNALIGNED_H

#include "tcpcrypt-config.h"

#ifdef TCPCRYPT_HAVE_LINUX_UNALIGNED
#include_next <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#endif /* _COMPAT_LINUX_UNALIGNED_H */
