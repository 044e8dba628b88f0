#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Run libFuzzer programs for a bounded time each, starting from the committed
# corpora, and print TAP.  New inputs and crashes stay in the build directory.
# usage: run_fuzzers.sh SECONDS PROGRAM...
set -u

seconds=$1
shift
corpus=$(dirname "$0")/corpus
count=0
failed=0

fuzz() {
	name=$(basename "$1")
	work=$(dirname "$1")/fuzz/$name
	mkdir -p "$work/corpus"
	# The first directory takes new inputs, the second is only read
	"$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
		-max_len=1024 -print_final_stats=1 -verbosity=1 \
		-artifact_prefix="$work/" "$work/corpus" "$corpus/$name" \
		>"$work/log" 2>&1
}

for program in "$@"; do
	count=$((count + 1))
	name=$(basename "$program")
	if [ ! -d "$corpus/$name" ]; then
		echo "# no corpus for $name"
		verdict="not ok"
		failed=1
	elif fuzz "$program"; then
		verdict="ok"
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' \
			"$work/log")
		echo "# $name: $runs inputs"
	else
		verdict="not ok"
		failed=1
		echo "# $name: the end of $work/log:"
		tail -n 40 "$work/log" | sed 's/^/#   /'
	fi
	echo "$verdict $count - $name"
done
echo "1..$count"
exit "$failed"
