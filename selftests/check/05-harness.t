#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The harness itself: a run that cannot fail proves nothing.

. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

vm() { scripts/vm.sh 6.1 --no-module -t 120 "$@"; }
code() { local want=$1 rc=0; shift; "$@" || rc=$?; [ $rc -eq "$want" ]; }

output() { vm -- sh -c 'echo out; echo chatter >/dev/kmsg; exit 7' >"$work/vm"; }

try "a command's exit code is the script's" code 7 output
try "its output is, and nothing else" test "$(cat "$work/vm")" = out
try "a warning in the kernel log fails the run" \
	code 125 vm -- sh -c 'echo "WARNING: CPU: 0 PID: 1 at planted" >/dev/kmsg'
try "a crash fails the run" code 125 vm -- sh -c 'echo c >/proc/sysrq-trigger'
try "a run that does not end is ended" code 124 vm -t 15 -- sleep 1000
try "the guest can write anywhere" vm -- touch "$TOP/written-by-guest"
try "and nothing of it reaches this machine" test ! -e "$TOP/written-by-guest"

for kind in "BUG: KASAN: slab-out-of-bounds in f+0x1/0x2" \
	"BUG: sleeping function called from invalid context at mm/x.c:1" \
	"WARNING: possible circular locking dependency detected" \
	"WARNING: suspicious RCU usage" \
	"general protection fault, probably for non-canonical address" \
	"BUG: unable to handle page fault for address: ffff" \
	"refcount_t: underflow; use-after-free." \
	"INFO: task a:1 blocked for more than 120 seconds." \
	"rcu: INFO: rcu_preempt self-detected stall on CPU"; do
	echo "[    1.000000] $kind" >"$work/log"
	try "noticed: ${kind%% in *}" code 1 scripts/splat.sh "$work/log"
done
printf '%s\n' "[    0.1] x86/fpu: Supporting XSAVE feature 0x001" \
	"[    0.2] tcpcrypt: loaded" "[    0.3] ACPI: PM: Registering" >"$work/log"
try "a healthy log passes" scripts/splat.sh "$work/log"
done_testing
