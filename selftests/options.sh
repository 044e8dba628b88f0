#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Socket options and what they make of the negotiation; see options.c.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

add_ns "$C"

part "set, read back, inherited" option_ enabled_
part "application-aware bit" aware
part "vacuous option, role override" vacuous_ role_override
part "nothing in clear" require
is "refusals were counted" "$(($(stat "$C" RequireRefused) > 0))" 1
is "roles that clash were counted" "$(($(stat "$C" FallbackRole) > 0))" 1
is "unaware peers were counted" "$(($(stat "$C" FallbackNotAware) > 0))" 1

in_c tc qdisc add dev lo root netem delay 100ms || bail "no netem"
export SLOW_LOOPBACK=1
part "simultaneous open" simultaneous_

# shellcheck disable=SC2317 # called by wait_for
unused() { [ "$(cat /sys/module/tcpcrypt/refcnt)" = 0 ]; }
run "nothing holds the module any more" wait_for 60 unused
finish
