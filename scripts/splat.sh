#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
#   scripts/splat.sh LOG...
#
# Look for anything in kernel logs that a correct kernel never prints. Prints
# what it found with the lines around it; exit code 1 if there was any.

set -u

PATTERN='BUG:|WARNING:|KASAN:|UBSAN:|KFENCE:|KCSAN:|DEBUG_LOCKS_WARN'
PATTERN+='|possible circular locking|possible recursive locking|possible deadlock'
PATTERN+='|inconsistent lock state|lock held when returning|suspicious RCU'
PATTERN+='|bad unlock balance|Invalid wait context|irq lock inversion'
PATTERN+='|sleeping function called|scheduling while atomic'
PATTERN+='|general protection|Oops|[Uu]nable to handle|refcount_t'
PATTERN+='|blocked for more than|soft lockup|hard LOCKUP|rcu.*stall|self-detected stall'
PATTERN+='|Kernel panic|kernel BUG|invalid opcode|ODEBUG:|list_(add|del) corruption'
PATTERN+='|detected buffer overflow|unregister_netdevice: waiting|kmemleak: [0-9]+ new'
PATTERN+='|Call Trace:|stack-protector|divide error|slab.*(corrupt|Poison overwritten)'
PATTERN+='|Objects remaining|double free|scheduling in atomic'

# Printed at boot by healthy kernels: mitigations are switched off on purpose,
# and the emulated machine has no reason to promise more.
HARMLESS='(RETBleed|Spectre V2|MDS|TAA|MMIO Stale Data|TSX)( ?):? *(WARNING|CPU bug)'
HARMLESS+='|kmemleak: Kernel memory leak detector initialized'
HARMLESS+='|WARNING: The mand mount option'

bad=0
for log in "$@"; do
	[ -r "$log" ] || continue
	hits=$(grep -nE "$PATTERN" "$log" | grep -vE "$HARMLESS")
	[ -n "$hits" ] || continue
	bad=1
	first=${hits%%:*}
	echo "# kernel log has a splat ($(wc -l <<<"$hits") suspicious lines, first at $log:$first):"
	sed -n "$((first > 3 ? first - 3 : 1)),$((first + 60))p" "$log" | tr -d '\r' | sed 's/^/# | /'
done
exit $bad
