#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every libFuzzer target for a bounded time (FUZZ_SECONDS each, default 10):
# enough to notice a parser that has become careless. make fuzz FUZZ_SECONDS=3600
# is the long run. A crashing input is kept in the log directory.

. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

seconds=${FUZZ_SECONDS:-10}

if try "the fuzz targets build" make -s -C selftests/host fuzzers; then
	n=0
	for prog in $(make -s -C selftests/host list-fuzzers); do
		n=$((n + 1))
		corpus=$CACHE/fuzz/${prog##*/}
		mkdir -p "$corpus" "$LOGS/fuzz"
		# Leaks of an input that came through are leaks as well.
		timeout $((seconds + 120)) "selftests/host/$prog" "$corpus" \
			-max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
			-artifact_prefix="$LOGS/fuzz/${prog##*/}-" >"$work/out" 2>&1
		rc=$?
		runs=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$work/out")
		[ $rc -eq 0 ] || tail -n 60 "$work/out" | diag
		point $rc "${prog##*/}: ${runs:-no} inputs in $seconds s"
	done
	[ $n -gt 0 ]
	point $? "there are fuzz targets ($n)"
fi
done_testing
