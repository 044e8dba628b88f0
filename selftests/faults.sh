#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Memory that is not there, anywhere in the life of a connection: each one goes
# on, or ends with an error that both ends hear of. Nothing is wrong, nothing
# hangs, nothing is left behind. Needs a kernel with fault injection.
#
# TCPCRYPT_LONG=1: for a minute each instead of some seconds.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

DEBUG=/sys/kernel/debug
SECONDS_EACH=8
[ -z "${TCPCRYPT_LONG-}" ] || SECONDS_EACH=60

if [ ! -d $DEBUG/failslab ] || [ ! -d $DEBUG/fail_page_alloc ]; then
	echo "1..0 # SKIP this kernel has no fault injection"
	exit 0
fi
[ -n "$HAVE_MODULE" ] || bail "the module is not loaded"

setup_ns direct
# A handshake that fails for want of memory must not make the next ones plain.
tcpcrypt_sysctl "$C" blackhole_size 0

# put FILE VALUE
put() { echo "$2" >"$1"; }

# faults PROBABILITY GFP-WAIT TASK-FILTER, of both kinds; 0: off
faults()
{
	local f
	put $DEBUG/fail_page_alloc/min-order 0
	for f in $DEBUG/failslab $DEBUG/fail_page_alloc; do
		put "$f"/verbose 0
		put "$f"/times -1
		put "$f"/interval 1
		put "$f"/task-filter "$3"
		put "$f"/ignore-gfp-wait "$2"
		put "$f"/probability "$1"
	done
}

CLEANUP+=('faults 0 Y N')

# shellcheck disable=SC2317 # called by wait_for
no_sockets()
{
	local line in=0
	while read -r line; do
		[[ ! $line =~ ^TCP6?:\ inuse\ ([0-9]+) ]] || in=$((in + BASH_REMATCH[1]))
	done < <(in_ns "$1" cat /proc/net/sockstat /proc/net/sockstat6)
	[ "$in" -eq 0 ]
}

# may_fail PID: this task's allocations may fail, those that wait as well
may_fail() { put "/proc/$1/make-it-fail" 1 2>/dev/null; }

# round WHAT PROBABILITY GFP-WAIT TASK-FILTER
round()
{
	local what=$1 f listener churn p show
	# of a connection that hangs
	show="ss -tanoei; nsenter --net=/run/netns/$S ss -tanoei"
	for f in -4 -6; do
		start_ready listener in_s "$BIN/churn" -l -e -p $PORT -s 120
		listener=$PID
		start_ready churn in_c "$BIN/churn" -c "$(addr_of $f)" -e -p $PORT -n 10 \
			-s $SECONDS_EACH -x "$show"
		churn=$PID
		may_fail "$listener"
		may_fail "$churn"
		for p in /proc/[0-9]*; do
			[[ ! $(<"$p/comm") =~ ^kworker ]] || may_fail "${p#/proc/}"
		done 2>/dev/null
		faults "$2" "$3" "$4"
		ended 120 "$churn"
		p=$?
		faults 0 Y N
		is "$what, $f: nothing wrong, nothing hangs" \
			"$p $(value "$TMP/churn.log" failed)" "0 0"
		diag "$(tail -n +2 "$TMP/churn.log")"
		stop "$listener"
	done
	for f in "$C" "$S"; do
		run "$what: no socket is left" wait_for 90 no_sockets "$f" ||
			in_ns "$f" ss -tanoei | sed 's/^/# /'
	done
	check_xfer "$what: afterwards all is well" "-c $S4 -b 100k -H --expect encrypted" \
		"-b 100k -H --expect encrypted"
}

round "allocations that must not sleep fail, anywhere" 2 Y N
round "allocations of the two ends and of the works fail" 2 N Y

# TCP as a whole has next to no memory
old=$(cat /proc/sys/net/ipv4/tcp_mem)
CLEANUP+=("echo '$old' >/proc/sys/net/ipv4/tcp_mem")
echo "8 16 64" >/proc/sys/net/ipv4/tcp_mem
export XFER_LIMIT=200
for f in -4 -6; do
	check_xfer "TCP is short of memory, $f: all arrives" \
		"-c $(addr_of $f) $f -b 300k -H --expect encrypted" \
		"$f -b 300k -H --expect encrypted"
done
echo "$old" >/proc/sys/net/ipv4/tcp_mem
for n in "$C" "$S"; do
	run "no socket is left" wait_for 90 no_sockets "$n"
done
finish
