#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs inside a debug kernel: loading the module runs its KUnit suites, whose
# results are in debugfs. Prints them as one TAP stream.

set -u
if ! insmod "$TCPCRYPT_KO" loopback=1; then
	echo "Bail out! the module does not load"
	exit 1
fi
n=0 failed=0
for f in /sys/kernel/debug/kunit/*/results; do
	[ -e "$f" ] || continue
	suite=$(basename "$(dirname "$f")")
	n=$((n + 1))
	# All but the last line is the subtest, whatever this kernel's indent.
	grep -vE '^(ok|not ok) |^K?TAP version' "$f" | sed -E 's/^ */    /'
	if grep -qE '^ *not ok ' "$f" || ! grep -qE '^ *ok ' "$f"; then
		echo "not ok $n - $suite"
		failed=1
	else
		echo "ok $n - $suite"
	fi
done
n=$((n + 1))
if rmmod tcpcrypt; then
	echo "ok $n - the module can be removed"
else
	echo "not ok $n - the module can be removed"
	failed=1
fi
n=$((n + 1))
if [ $n -gt 2 ]; then
	echo "ok $n - there are suites ($((n - 2)))"
else
	echo "not ok $n - there are suites"
	failed=1
fi
echo "1..$n"
exit $failed
