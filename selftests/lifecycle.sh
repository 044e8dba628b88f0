#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The module comes and goes, namespaces and processes die with connections
# open, hundreds of connections churn: nothing is left behind.
#
# TCPCRYPT_LONG=1: for a minute instead of some seconds.

# shellcheck disable=SC2016 # awk programs

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ -n "$HAVE_MODULE" ] || [ -n "${TCPCRYPT_PLAIN-}" ] || bail "the module is not loaded"
KO=${TCPCRYPT_KO-}
# Seconds of connections while rmmod tries, few and many at a time
FEW=4 STRESS=10
if [ -n "${TCPCRYPT_LONG-}" ]; then FEW=12 STRESS=60; fi

setup_ns direct

loaded() { grep -q '^tcpcrypt ' /proc/modules; }
load() { insmod "$KO" loopback=1; }
unload() { rmmod tcpcrypt; }

# sockets NS: what /proc says of TCP sockets in a namespace
sockets() { in_ns "$1" grep -h ^TCP /proc/net/sockstat /proc/net/sockstat6; }

# shellcheck disable=SC2317 # called by wait_for
no_sockets()
{
	local line used=0
	while read -r line; do
		[[ ! $line =~ ^TCP6?:\ inuse\ ([0-9]+)(\ orphan\ ([0-9]+))? ]] ||
			used=$((used + BASH_REMATCH[1] + ${BASH_REMATCH[3]:-0}))
	done < <(sockets "$1")
	[ "$used" -eq 0 ]
}

slab() { awk '$1 == "TCP" || $1 == "TCPv6" { n += $2 } END { print n + 0 }' /proc/slabinfo; }

# busy_pair: an encrypted connection that stays; CLIENT and SERVER are set
busy_pair()
{
	start_ready server in_s "$BIN/xfer" -l "$1" -p $PORT -b 10k --hold 60000 -t 90
	SERVER=$PID
	start client in_c "$BIN/xfer" -c "$(addr_of "$1")" "$1" -p $PORT -b 10k --hold 60000 -t 90
	CLIENT=$PID
	wait_for 30 established
}

# shellcheck disable=SC2317 # called by wait_for
established_in()
{
	# an xfer that holds its connection has closed the sending half
	[ -n "$(in_ns "$1" ss -Htn state established state fin-wait-2 state close-wait)" ]
}

# shellcheck disable=SC2317 # called by wait_for
established() { established_in "$C"; }

# shellcheck disable=SC2317 # called by wait_for
request_waits() { [ -n "$(in_s ss -Htn state syn-recv)" ]; }

# The connections of the script before may have to be given up by TCP first.
# shellcheck disable=SC2317 # called by wait_for
unused() { [ "$(cat /sys/module/tcpcrypt/refcnt)" -eq 0 ]; }

if [ -n "$HAVE_MODULE" ]; then
	wait_for 150 unused || diag "something holds the module: $(cat /sys/module/tcpcrypt/refcnt)"
	before=$(stat "$C" Established)
	busy_pair -4
	is "an encrypted connection" "$(($(stat "$C" Established) > before))" 1
	err=$(unload 2>&1)
	is "rmmod refuses while an encrypted connection lives" "$?" 1
	if [[ $err == *"in use"* || $err == *busy* ]]; then
		ok "and says why"
	else
		not_ok "and says why: $err"
	fi
	stop "$CLIENT"
	stop "$SERVER"
	run "rmmod succeeds soon after" wait_for 60 unload
	load

	start_ready listener in_s "$BIN/churn" -l -p $PORT -s 100
	LISTENER=$PID
	run "encrypted connections to a listener" in_c "$BIN/churn" -c $S4 -p $PORT -n 20 -s 2
	err=$(wait_for 60 unload 2>&1)
	if loaded; then
		not_ok "rmmod succeeds with a listener open: $err"
	else
		ok "rmmod succeeds with a listener open"
		run "the listener serves plain connections" in_c "$BIN/churn" -c $S4 -p $PORT -n 20 -s 2
		load
		before=$(stat "$S" Established)
		run "loaded again: connections" in_c "$BIN/churn" -c $S6 -p $PORT -n 20 -s 2
		is "loaded again: encrypted, on the old listener" \
			"$(($(stat "$S" Established) > before))" 1
	fi
	# A request that gets no answer outlives the module, and is no part of it
	if loaded; then
		run "one more encrypted connection" in_c "$BIN/churn" -c $S4 -p $PORT -n 1 -s 1
		tcpcrypt_sysctl "$C" enable 0
		ip netns exec "$C" nft -f - <<-NFT
			table inet filter {
				chain in {
					type filter hook prerouting priority -500;
					tcp sport $PORT drop
				}
			}
		NFT
		start silent in_c timeout 20 bash -c "exec 3<>/dev/tcp/$S4/$PORT"
		run "a request waits" wait_for 10 request_waits
		run "rmmod" wait_for 60 unload
		# it would send another SYN
		stop "$PID"
		run "it still waits" request_waits
		run "and can be destroyed" in_s ss -K state syn-recv
		fails "and is gone" request_waits
		in_c nft flush ruleset
		load
	fi
	stop "$LISTENER"

	# A connection that was plain before stays so and holds nothing.
	run "rmmod" wait_for 60 unload
	start_ready server in_s "$BIN/xfer" -l -p $PORT -b 10k --hold 4000 -t 60
	SERVER=$PID
	start client in_c "$BIN/xfer" -c $S4 -p $PORT -b 10k --hold 4000 -t 60
	CLIENT=$PID
	wait_for 30 established
	load
	ended 30 "$CLIENT"
	is "a connection older than the module stays plain" "$(value "$TMP/client.log" result) $(value "$TMP/client.log" sessid)" "ok plain"
	ended 30 "$SERVER"

	for i in 1 2 3 4 5; do
		wait_for 60 unload || break
		load || break
	done
	loaded
	is "unloaded and loaded $i times in a row" "$?" 0

	# Unloading while connections are being made
	start_ready listener in_s "$BIN/churn" -l -p $PORT -s 60
	LISTENER=$PID
	start churn in_c "$BIN/churn" -c $S4 -p $PORT -n 20 -s $FEW
	CHURN=$PID
	wait_for 60 established
	tries=0 gone=0
	while alive "$CHURN"; do
		tries=$((tries + 1))
		if unload 2>/dev/null; then
			gone=$((gone + 1))
			load
		fi
		sleep 0.2
	done
	ended 40 "$CHURN"
	is "connections made while rmmod tries: all good" "$(value "$TMP/churn.log" failed)" 0
	diag "rmmod tried $tries times, succeeded $gone times; $(cat "$TMP/churn.log")"
	stop "$LISTENER"
fi

# Namespaces that go with connections open
for f in -4 -6; do
	n=tc-x-$$
	add_ns "$n"
	start_ready server nsenter --net="/run/netns/$n" "$BIN/xfer" -l $f -p $PORT -b 10k --hold 30000 -t 40
	SERVER=$PID
	a=127.0.0.1
	if [ $f = -6 ]; then a=::1; fi
	start client nsenter --net="/run/netns/$n" "$BIN/xfer" -c $a $f -p $PORT -b 10k --hold 30000 -t 40
	CLIENT=$PID
	wait_for 30 grep -q . "$TMP/server.log"
	wait_for 30 established_in "$n"
	run "namespace deleted with open connections, $f" del_ns "$n"
	stop "$CLIENT"
	stop "$SERVER"
done
# Closed sockets that still have to linger when their namespace goes
n=tc-y-$$
add_ns "$n"
start_ready listener nsenter --net="/run/netns/$n" "$BIN/churn" -l -p $PORT -s 30
LISTENER=$PID
in_ns "$n" "$BIN/churn" -c 127.0.0.1 -p $PORT -n 50 -s 1 >/dev/null
kill -9 "$LISTENER"
run "namespace deleted right after 50 connections" del_ns "$n"
wait "$LISTENER" 2>/dev/null

# The other host vanishes in mid-transfer.
busy_pair -4
ip -n "$S" link set eth0 down
kill -9 "$CLIENT" "$SERVER"
ended 30 "$CLIENT"
rc=$?
ended 30 "$SERVER"
is "both processes killed with the link down" "$rc $?" "137 137"
ip -n "$S" link set eth0 up
ip -n "$S" addr replace $S6/64 dev eth0 nodad

# A process killed in a blocked send
# shellcheck disable=SC2317 # called by wait_for
send_queue() { [ "$(in_s ss -Htn state established "sport = :$PORT" | awk '{ print $2 }')" -gt 0 ]; }

start_ready server in_s "$BIN/xfer" -l -p $PORT -d s2c -B -b 64M --bufs 8192 -t 60
SERVER=$PID
start client in_c bash -c "exec 3<>/dev/tcp/$S4/$PORT; exec sleep 60"
CLIENT=$PID
run "a sender that nobody reads from" wait_for 30 send_queue
sleep 0.5
kill -9 "$SERVER"
ended 30 "$SERVER"
is "a process killed in a blocked send" "$?" 137
stop "$CLIENT"

# shellcheck disable=SC2317 # called by wait_for
begun() { [ "$(stat "$S" Established)" -gt "$before" ]; }

# Hundreds of connections, opened and closed in every way
base=$(slab)
before=$(stat "$S" Established)
start_ready listener in_s "$BIN/churn" -l -p $PORT -s $((STRESS + 60))
LISTENER=$PID
start churn4 in_c "$BIN/churn" -c $S4 -p $PORT -n 100 -s "$STRESS"
CHURN4=$PID
start churn6 in_c "$BIN/churn" -c $S6 -p $PORT -n 100 -s "$STRESS"
CHURN6=$PID
if [ -n "$HAVE_MODULE" ]; then
	run "they begin" wait_for 60 begun
fi
# The counters go with the module.
tries=0 gone=0 encrypted=0
while alive "$CHURN4" || alive "$CHURN6"; do
	if [ -n "$HAVE_MODULE" ]; then
		tries=$((tries + 1))
		established=$(stat "$S" Established)
		if unload 2>/dev/null; then
			gone=$((gone + 1))
			encrypted=$((encrypted + established))
			load
		fi
	fi
	sleep 0.5
done
ended 60 "$CHURN4"
is "200 connections for $STRESS s: IPv4" "$? $(value "$TMP/churn4.log" failed)" "0 0"
diag "$(cat "$TMP/churn4.log")"
ended 60 "$CHURN6"
is "200 connections for $STRESS s: IPv6" "$? $(value "$TMP/churn6.log" failed)" "0 0"
diag "$(cat "$TMP/churn6.log")"
diag "rmmod tried $tries times, succeeded $gone times"
if [ -n "$HAVE_MODULE" ]; then
	encrypted=$((encrypted + $(stat "$S" Established)))
	diag "$encrypted connections were encrypted"
	is "they were encrypted" "$((encrypted > 100))" 1
fi
stop "$LISTENER"

for n in "$C" "$S"; do
	run "no socket left in use" wait_for 90 no_sockets "$n" || diag "$n: $(sockets "$n")"
done
# Slabs keep free objects for a while; what counts is that they do not pile up.
diag "TCP objects: $base before, $(slab) after"
if [ -n "$HAVE_MODULE" ]; then
	# While the module is there: afterwards its functions have no names.
	if [ -w /sys/kernel/debug/kmemleak ]; then
		# Only what is older than five seconds is looked at.
		sleep 6
		echo scan >/sys/kernel/debug/kmemleak
		echo scan >/sys/kernel/debug/kmemleak
		is "kmemleak finds nothing of ours" \
			"$(grep -cE '\[tcpcrypt\]' /sys/kernel/debug/kmemleak)" 0
	fi
	run "rmmod after all that" wait_for 90 unload
	is "the module is gone" "$(loaded && echo loaded)" ""
	run "insmod again" load
	check_xfer "and it works" "-c $S4 -b 100k --expect encrypted" "-b 100k --expect encrypted"
fi
dmesg >"$TMP/dmesg"
run "nothing in the kernel log" "$SELFTESTS/../scripts/splat.sh" "$TMP/dmesg"
finish
