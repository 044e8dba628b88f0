/* SPDX-License-Identifier: GPL-2.0-only */
/* msg_zerocopy_realloc() learnt of device memory */
#ifndef _COMPAT_LINUX_SKBUFF_H
#define _COMPAT_LINUX_SKBUFF_H

#include_next <linux/skbuff.h>

#include "tcpcrypt-config.h"

#ifndef TCPCRYPT_HAVE_ZEROCOPY_DEVMEM
#define msg_zerocopy_realloc(sk, size, uarg, devmem) \
	msg_zerocopy_realloc(sk, size, uarg)
#endif

#endif /* _COMPAT_LINUX_SKBUFF_H */
