#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Socket semantics over loopback, plain and encrypted; see tcpcrypt.c.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

add_ns "$C"
args=()
[ -n "$HAVE_MODULE" ] || args=(-p)
ip netns exec "$C" "$BIN/tcpcrypt" ${args[@]+"${args[@]}"} "$@"
