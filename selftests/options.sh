#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Socket options and what they make of the negotiation; see options/.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

add_ns "$C"

part "set, read back, inherited" option_ enabled_
part "application-aware bit" aware
part "vacuous option, role override" vacuous_ role_override
part "nothing in clear" require
is "refusals were counted" "$(($(stat "$C" RequireRefused) > 0))" 1
is "roles that clash were counted" "$(($(stat "$C" FallbackRole) > 0))" 1
is "unaware peers were counted" "$(($(stat "$C" FallbackNotAware) > 0))" 1

# What eno_* say is the default, and no more
eno_defaults()
{
	in_c sysctl -qw net.tcpcrypt.eno_enable_connect="$1" \
		net.tcpcrypt.eno_enable_listen="$1" \
		net.tcpcrypt.eno_bad_connect_ports="$2" \
		net.tcpcrypt.eno_bad_listen_ports="$2"
}
eno_defaults 0 ""
part "TCP_ENO_ENABLED overrides eno_enable_*" defaults_overridden
eno_defaults 1 1-65535
part "TCP_ENO_ENABLED overrides eno_bad_*_ports" defaults_overridden
eno_defaults 1 ""

in_c tc qdisc add dev lo root netem delay 100ms || bail "no netem"
export SLOW_LOOPBACK=1
part "simultaneous open" simultaneous_

# shellcheck disable=SC2317 # called by wait_for
unused() { [ "$(cat /sys/module/tcpcrypt/refcnt)" = 0 ]; }
run "nothing holds the module any more" wait_for 60 unused
finish
