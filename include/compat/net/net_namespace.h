/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * register_net_sysctl_sz() takes the size of the table since 6.6.  Before, an
 * empty entry ended it, so callers keep one behind the size they give.
 */
#ifndef _TCPCRYPT_COMPAT_NET_NET_NAMESPACE_H
#define _TCPCRYPT_COMPAT_NET_NET_NAMESPACE_H

#include_next <net/net_namespace.h>

/* Where the newer function exists, the older name is a macro for it */
#ifndef register_net_sysctl
#define register_net_sysctl_sz(net, path, table, size) \
	register_net_sysctl(net, path, table)
#endif

#endif /* _TCPCRYPT_COMPAT_NET_NET_NAMESPACE_H */
