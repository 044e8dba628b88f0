#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# New keys: asked for, at the limits, answered whatever the application does;
# see options/rekey.c.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

add_ns "$C"

part "rekeying" rekey_ info_of
is "each was counted" "$(($(stat "$C" RekeyInitiated) > 0 && $(stat "$C" RekeyReceived) > 0))" 1

tcpcrypt_sysctl "$C" rekey_bytes 65536
export REKEY_BYTES=65536
part "a new key every 64 KiB" limit_of_bytes rekey_under_load
unset REKEY_BYTES
tcpcrypt_sysctl "$C" rekey_bytes 0

tcpcrypt_sysctl "$C" rekey_secs 1
part "a new key every second" limit_of_seconds
finish
