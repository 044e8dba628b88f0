#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Socket semantics over loopback, plain and encrypted; see semantics/.
#
#   semantics.sh [TEST...]    those whose name holds one of these
#
# On the instrumented kernel, every test in one family only, that with the most
# code behind it; TCPCRYPT_LONG=1 for all.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

add_ns "$C"
args=()
[ -n "$HAVE_MODULE" ] || args=(-p)
# An instrumented kernel is ten times slower and has the same two processors.
if [ "${TCPCRYPT_LINE-}" = debug ]; then
	args+=(-j 2 -t 300)
	[ $# -gt 0 ] || [ -n "${TCPCRYPT_LONG-}" ] || set -- ".$ENC.mapped"
fi
in_c "$BIN/tcpcrypt" ${args[@]+"${args[@]}"} "$@"
