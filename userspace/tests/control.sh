#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# tcpcryptd under ASan and UBSan, without the kernel module, and what anybody
# may send to its control socket. Prints TAP.

cd "$(dirname "$0")" || exit 1
addr="@tcpcryptd-test-$$"
log=$(mktemp)
echo "1..2"
# Whoever runs this has a user of their own; root needs one to become
./tcpcryptd.asan -F /dev/null -f -v -v -v -U nobody -u "$addr" >"$log" 2>&1 &
pid=$!
trap 'kill $pid 2>/dev/null; rm -f "$log"' EXIT
i=0
until grep -q ^Running "$log"; do
	i=$((i + 1))
	[ $i -lt 300 ] || break
	sleep 0.1
done
failed=0
if out=$(python3 ctl.py "$addr" --hostile 2>&1); then
	echo "ok 1 - every datagram is survived"
else
	echo "not ok 1 - every datagram is survived"
	echo "$out" | grep -v ^ok | sed 's/^/# /'
	failed=1
fi
kill $pid
wait $pid
rc=$?
if [ $rc -eq 0 ]; then
	echo "ok 2 - no memory error, no leak"
else
	echo "not ok 2 - no memory error, no leak (exit code $rc)"
	tail -n 40 "$log" | sed 's/^/# /'
	failed=1
fi
exit $failed
