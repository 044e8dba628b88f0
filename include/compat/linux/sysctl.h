/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A handler's table is const since 6.11.
 */
#ifndef _TCPCRYPT_COMPAT_LINUX_SYSCTL_H
#define _TCPCRYPT_COMPAT_LINUX_SYSCTL_H

#include_next <linux/sysctl.h>

/* The type of a handler's first argument */
#define ctl_table_ptr							\
	typeof(__builtin_choose_expr(					\
		__builtin_types_compatible_p(proc_handler,		\
			int (const struct ctl_table *, int, void *,	\
			     size_t *, loff_t *)),			\
		(const struct ctl_table *)NULL, (struct ctl_table *)NULL))

#endif /* _TCPCRYPT_COMPAT_LINUX_SYSCTL_H */
