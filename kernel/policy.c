// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which connections are offered or accept encryption.
 */
#include "tcpcrypt.h"

/**
 * tcpcrypt_policy_excludes() - does a port exempt a connection
 * @config: configuration of the namespace
 * @lport: local port, host order
 * @rport: remote port, host order
 *
 * The list names protocols that already encrypt; it holds for either end.
 *
 * Context: any.
 * Return: true if the connection is to stay plain.
 */
bool tcpcrypt_policy_excludes(const struct tcpcrypt_config *config,
			      u16 lport, u16 rport)
{
	int i;

	for (i = 0; i < config->nexclude; i++) {
		const struct tcpcrypt_ports *p = &config->exclude[i];

		if ((lport >= p->lo && lport <= p->hi) ||
		    (rport >= p->lo && rport <= p->hi))
			return true;
	}
	return false;
}
