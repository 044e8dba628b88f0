/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shrinkers are allocated by the kernel since 6.7.
 */
#ifndef _TCPCRYPT_COMPAT_LINUX_SHRINKER_H
#define _TCPCRYPT_COMPAT_LINUX_SHRINKER_H

#include_next <linux/shrinker.h>

#include "tcpcrypt-config.h"

#ifndef TCPCRYPT_HAVE_SHRINKER_ALLOC

#include <linux/slab.h>

static inline struct shrinker *tcpcrypt_shrinker_alloc(unsigned int flags)
{
	struct shrinker *shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);

	if (shrinker) {
		shrinker->flags = flags;
		shrinker->seeks = DEFAULT_SEEKS;
	}
	return shrinker;
}

static inline void shrinker_free(struct shrinker *shrinker)
{
	/* does nothing for one whose registration failed */
	unregister_shrinker(shrinker);
	kfree(shrinker);
}

/* The name is given when it is registered, and that may fail */
#define shrinker_alloc(flags, name)	tcpcrypt_shrinker_alloc(flags)
#define shrinker_register(shrinker)			\
	do {						\
		if (register_shrinker(shrinker, KBUILD_MODNAME))	\
			pr_warn("tcpcrypt: no memory for a shrinker\n"); \
	} while (0)

#endif /* TCPCRYPT_HAVE_SHRINKER_ALLOC */

#endif /* _TCPCRYPT_COMPAT_LINUX_SHRINKER_H */
