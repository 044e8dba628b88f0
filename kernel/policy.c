// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which connections are offered or accept encryption.
 */
#include "tcpcrypt.h"

static bool policy_listed(const struct tcpcrypt_port_list *list, u16 port)
{
	unsigned int i;

	for (i = 0; i < list->n; i++)
		if (port >= list->range[i].lo && port <= list->range[i].hi)
			return true;
	return false;
}

/**
 * tcpcrypt_policy_excludes() - does a port exempt a connection
 * @tn: the namespace
 * @lport: local port, host order
 * @rport: remote port, host order
 *
 * The list names protocols that already encrypt; it holds for either end.
 *
 * Context: RCU read section.
 * Return: true if the connection is to stay plain.
 */
bool tcpcrypt_policy_excludes(const struct tcpcrypt_net *tn, u16 lport,
			      u16 rport)
{
	const struct tcpcrypt_lists *lists = rcu_dereference(tn->lists);

	return policy_listed(&lists->exclude, lport) ||
	       policy_listed(&lists->exclude, rport);
}
