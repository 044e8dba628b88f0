#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A passive opener under SYNs from addresses that never answer: what it keeps
# for them is bounded, and real connections still come through.
#
# TCPCRYPT_FLOOD is the number of SYNs, a million for the long mode.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

N=${TCPCRYPT_FLOOD:-30000}

setup_ns direct
# The answers go to a host that does not know these addresses and says nothing.
ip -n "$S" route add 10.99.0.0/16 via $C4
in_s sysctl -qw net.core.somaxconn=65535 net.ipv4.tcp_max_syn_backlog=65535

# KiB of slab memory; page cache and processes do not count
slab() { awk '$1 == "Slab:" { print $2 }' /proc/meminfo; }

# Packets that this machine has dropped because a queue between its own
# interfaces was full. A real connection loses as many of its own, and then
# TCP waits for 1, 2, 4 .. seconds until it sends the SYN again.
dropped()
{
	local line n=0
	while read -r _ line _; do
		n=$((n + 16#$line))
	done </proc/net/softnet_stat
	echo $n
}

# once: one connection; what it printed. One that hangs shows its state.
once()
{
	start once in_c "$BIN/latency" $S4 $PORT reply
	if ! wait_for 90 ended_already "$PID"; then
		for n in "$C" "$S"; do
			ip netns exec "$n" ss -tnoie "( sport = $PORT or dport = $PORT )"
			stats "$n"
		done >"$TMP/hung.log" 2>&1
		cat "/proc/$PID/stack" >>"$TMP/hung.log" 2>&1
		grep -v SYN-RECV "$TMP/hung.log" | head -n 60 | sed 's/^/# hung: /'
	fi
	stop "$PID"
	LINE=$(cat "$TMP/once.log")
}

# shellcheck disable=SC2317 # called by wait_for
ended_already() { ! alive "$1"; }

# flood WHAT: the SYNs, with a transfer every now and then
flood()
{
	local before during drops enc=0 plain=0 lost=0 n
	drops=$(dropped)
	before=$(slab)
	start flood in_c "$BIN/synflood" $S4 $PORT "$N"
	local fp=$PID
	while alive "$fp"; do
		once
		case $LINE in
		fresh* | resumed*) enc=$((enc + 1)) ;;
		plain*) plain=$((plain + 1)) ;;
		*) lost=$((lost + 1)); diag "lost: $LINE" ;;
		esac
	done
	ended 60 "$fp"
	is "$1: $N SYNs are sent" $? 0
	during=$(slab)
	diag "$1: $(cat "$TMP/flood.log"), $enc encrypted, $plain plain, $lost lost, slab $before -> $during KiB, $(($(dropped) - drops)) packets dropped by the machine itself"
	ENCRYPTED=$enc PLAINTEXT=$plain LOST=$lost GREW=$((during - before))
}

bound=$(in_s sysctl -n net.tcpcrypt.max_halfopen 2>/dev/null)

# 1. An ordinary listener: TCP's own bound is the lower one, then SYN cookies.
in_s sysctl -qw net.ipv4.tcp_syncookies=1
start_ready small in_s "$BIN/latency" $PORT reply
small=$PID
flood "SYN cookies"
is "SYN cookies: no connection is lost" "$LOST" 0
[ $((ENCRYPTED + PLAINTEXT)) -gt 0 ]
is "SYN cookies: connections were made" $? 0
[ "$GREW" -lt 65536 ]
is "SYN cookies: less than 64 MiB more ($GREW KiB)" $? 0
stop "$small"

# 2. Without cookies and with a long queue our own bound is met, never passed.
if [ -n "$HAVE_MODULE" ]; then
	in_s sysctl -qw net.ipv4.tcp_syncookies=0
	before=$(stats "$S")
	start_ready large in_s "$BIN/latency" $PORT reply 60000
	large=$PID
	flood "no cookies"
	after=$(stats "$S")
	diag "$(stats_delta "$before" "$after" | tr '\n' ' ')"
	full=$(stats_delta "$before" "$after" | awk '$1 == "HalfOpenFull" { print $2 }')
	offered=$(stats_delta "$before" "$after" | awk '$1 == "SynReceived" { print $2 }')
	diag "$offered SYNs with the option, bound $bound, ${full:-0} beyond it"
	[ "${full:-0}" -gt 0 ]
	is "no cookies: the bound of half-open connections was met" $? 0
	[ "$GREW" -lt 262144 ]
	is "no cookies: less than 256 MiB more ($GREW KiB)" $? 0
	stop "$large"
fi

# 3. When it is over everything is given back, and new connections encrypt.
in_s sysctl -qw net.ipv4.tcp_syncookies=1
start_ready last in_s "$BIN/latency" $PORT reply
# shellcheck disable=SC2317 # called by wait_for
again() { in_c timeout 20 "$BIN/latency" "$S4" "$PORT" reply | grep -q "^fresh\|^resumed"; }
run "afterwards connections are encrypted again" wait_for 60 again
stop "$PID"
finish
