#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Run TAP-printing programs one after the other; fail when one of them does.
# usage: run_tests.sh PROGRAM...
set -u

failed=0
for program in "$@"; do
	echo "# $program"
	if ! "$program"; then
		echo "# $program failed"
		failed=1
	fi
done
exit "$failed"
