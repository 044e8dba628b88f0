/* SPDX-License-Identifier: GPL-2.0-only */
/* system_wq has a name that says what it is, and warns who uses the old one */
#ifndef _COMPAT_LINUX_WORKQUEUE_H
#define _COMPAT_LINUX_WORKQUEUE_H

#include_next <linux/workqueue.h>
#include "tcpcrypt-config.h"

#ifndef TCPCRYPT_HAVE_SYSTEM_PERCPU_WQ
#define system_percpu_wq	system_wq
#endif

#endif /* _COMPAT_LINUX_WORKQUEUE_H */
