#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The pure protocol code in user space, under ASan and UBSan. Every program
# selftests/host builds prints TAP itself.

. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

if try "the unit tests build" make -s -C selftests/host; then
	n=0
	for prog in $(make -s -C selftests/host list-tests); do
		n=$((n + 1))
		timeout 300 "selftests/host/$prog" >"$work/out" 2>"$work/err"
		rc=$?
		sed 's/^/    /' "$work/out"
		[ $rc -eq 0 ] || diag <"$work/err"
		point $rc "$prog"
	done
	[ $n -gt 0 ]
	point $? "there are unit tests ($n)"
fi
done_testing
