#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Paths that eat what encryption needs: the connection comes up without it, the
# destination is remembered for a while, and where encryption is required the
# connection fails.
#
# shellcheck disable=SC2317 # called by wait_for

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

NLCTL=$BIN/nlctl

[ -n "$HAVE_MODULE" ] || bail "the module is not loaded"

ctl_c() { in_c "$NLCTL" "$@"; }
sysctl_c() { tcpcrypt_sysctl "$C" "$@"; }

start_box()
{
	start_ready box in_m "$BIN/middlebox" -p $PORT --timeout 200 "$@" m0 m1
	BOX=$PID
}

stop_box() { stop "$BOX"; }

# A transfer; its status is in RC
attempt()
{
	xfer_pair "$1" "$2"
	RC=$?
}

# What the client was told, when it sent or when it received
errno_of()
{
	local e
	e=$(value "$TMP/client.log" send_errno)
	[ "$e" != 0 ] || e=$(value "$TMP/client.log" recv_errno)
	echo "$e"
}

check_plain()
{
	if [ $RC -eq 0 ]; then
		ok "$1"
	else
		not_ok "$1"
		show_xfer
	fi
}

test_eaten_syn()
{
	local f=$1 addr n added

	addr=$(addr_of "$f")
	added=$(stat "$C" BlackholeAdded)
	start_box --eat syn
	attempt "-c $addr $f -b 1k --expect plain" "$f -b 1k --expect plain"
	check_plain "SYNs with the option are eaten, $f: the connection comes up plain"
	is "counted, $f" "$(($(stat "$C" BlackholeAdded) - added))" 1
	is "listed, $f" "$(ctl_c blackholes | sed 's/ age=.*//')" \
		"family=$([ "$f" = -6 ] && echo 10 || echo 2) addr=$addr port=$PORT reason=1"
	stop_box
	start_box --eat syn
	n=$(stat "$C" SynOffered)
	attempt "-c $addr $f -b 1k --expect plain" "$f -b 1k --expect plain"
	check_plain "the next one too, $f"
	is "without having tried, $f" "$(stat "$C" SynOffered)" "$n"
	is "which is counted, $f" "$(ctl_c blackholes | sed 's/.* hits=//')" 1
	stop_box
	start_box
	is "flush another address, $f" "$(ctl_c flush 10.77.0.99)" 0
	is "flush another port, $f" "$(ctl_c flush "$addr" $((PORT + 1)))" 0
	is "flush it, $f" "$(ctl_c flush "$addr" $PORT)" 1
	attempt "-c $addr $f -b 1k --expect encrypted" "$f -b 1k --expect encrypted"
	check_plain "it is encrypted once it is forgotten, $f"
	stop_box
}

test_syn_retries()
{
	local n

	sysctl_c syn_retries 1
	n=$(stat "$C" SynOffered)
	start_box --eat syn
	attempt "-c $S4 -b 1k --expect plain" "-b 1k --expect plain"
	stop_box
	check_plain "syn_retries=1"
	is "one SYN with the option" "$(($(stat "$C" SynOffered) - n))" 1
	is "why it is plain" "$(stat "$C" FallbackSynRetries)" 3
	is "flush all" "$(ctl_c flush)" 1

	# Lost is not eaten: the SYN-ACK has the option, the path lets it pass.
	sysctl_c syn_retries 2
	start_box --drop syn:1
	attempt "-c $S4 -b 1k --expect encrypted" "-b 1k --expect encrypted"
	stop_box
	check_plain "one lost SYN costs no encryption"
	is "and is no black hole" "$(ctl_c blackholes | wc -l)" 0
}

test_kex_vanishes()
{
	sysctl_c kex_timeout 2
	start_box --eat c2s
	attempt "-c $S4 -b 1k" "-b 1k -t 20"
	stop_box
	is "the key exchange vanishes: the connection fails" "$(errno_of)" ETIMEDOUT
	is "listed" "$(ctl_c blackholes | sed 's/ age=.*//')" \
		"family=2 addr=$S4 port=$PORT reason=2"
	start_box --eat syn
	attempt "-c $S4 -b 1k --expect plain" "-b 1k --expect plain"
	stop_box
	check_plain "the next one is plain"
	# Required, it is tried in spite of it, and takes it back.
	ctl_c add verdict=require >/dev/null
	start_box
	attempt "-c $S4 -b 1k --expect encrypted" "-b 1k --expect encrypted"
	stop_box
	check_plain "required, it is tried all the same"
	is "and is no black hole any more" "$(ctl_c blackholes | wc -l)" 0
	ctl_c replace
	sysctl_c kex_timeout 10

	start_box --rst s2c:4
	attempt "-c $S4 -b 1k" "-b 1k -t 20"
	stop_box
	is "the key exchange is cut off: listed" "$(ctl_c blackholes | sed 's/ age=.*//')" \
		"family=2 addr=$S4 port=$PORT reason=2"
	ctl_c flush >/dev/null
}

test_bounds()
{
	local p

	sysctl_c syn_retries 1
	sysctl_c blackhole_size 1
	start_box --eat syn
	attempt "-c $S4 -b 1k" "-b 1k"
	stop_box
	start_box --eat syn
	attempt "-c $S6 -6 -b 1k" "-6 -b 1k"
	stop_box
	is "no more than blackhole_size, the latest" \
		"$(ctl_c blackholes | sed 's/ port=.*//')" "family=10 addr=$S6"
	sysctl_c blackhole_size 0
	is "blackhole_size=0 forgets" "$(ctl_c blackholes | wc -l)" 0
	start_box --eat syn
	attempt "-c $S4 -b 1k --expect plain" "-b 1k --expect plain"
	stop_box
	is "and remembers nothing" "$(ctl_c blackholes | wc -l)" 0
	sysctl_c blackhole_size 10
	sysctl_c blackhole_lifetime 1
	start_box --eat syn
	attempt "-c $S4 -b 1k --expect plain" "-b 1k --expect plain"
	stop_box
	run "it expires" wait_for 20 nothing_listed
	start_box
	attempt "-c $S4 -b 1k --expect encrypted" "-b 1k --expect encrypted"
	stop_box
	check_plain "and the next one is encrypted"
	sysctl_c blackhole_lifetime 1800
	sysctl_c syn_retries 2
}

nothing_listed() { [ -z "$(ctl_c blackholes)" ]; }

# require_fails WHAT ERRNO [middlebox option...]
require_fails()
{
	local what=$1 errno=$2
	shift 2
	start_box "$@" --marker MARK-OF-PLAINTEXT-
	attempt "-c $S4 -b 10k --marker MARK-OF-PLAINTEXT-" "-b 10k --marker MARK-OF-PLAINTEXT- -t 20"
	stop_box
	is "$what: $errno" "$(errno_of)" "$errno"
	is "$what: nothing in clear" "$(value "$TMP/box.log" c2s_marker)$(value "$TMP/box.log" s2c_marker)" 00
}

test_require()
{
	ctl_c add dir=out verdict=require >/dev/null
	require_fails "required, SYNs are eaten" EPROTO --eat syn
	require_fails "required, the option is taken out of the SYN" EPROTO --strip syn
	require_fails "required, the option is taken out of the SYN-ACK" EPROTO --strip synack
	require_fails "required, the option is there twice" EPROTO --dup synack
	require_fails "required, the answer makes no sense" EPROTO --replace synack:4504017f
	is "none of it is a black hole" "$(ctl_c blackholes | wc -l)" 0
	ctl_c replace

	in_s "$NLCTL" add dir=in verdict=require >/dev/null
	require_fails "required of the peer, the option is taken out of the SYN" ECONNREFUSED --strip syn
	start_box --strip ack --marker MARK-OF-PLAINTEXT-
	sysctl_c kex_timeout 3
	attempt "-c $S4 -b 10k --marker MARK-OF-PLAINTEXT-" "-b 10k --marker MARK-OF-PLAINTEXT- -t 20"
	stop_box
	is "required of the peer, the option is taken out of the third segment: nothing in clear" \
		"$(value "$TMP/box.log" c2s_marker)$(value "$TMP/box.log" s2c_marker)" 00
	if grep -q 'recv_errno=EPROTO\|send_errno=EPROTO' "$TMP/server.log"; then
		ok "and the application is told EPROTO"
	else
		not_ok "and the application is told EPROTO"
		show_xfer
	fi
	in_s "$NLCTL" replace
	sysctl_c kex_timeout 10
}

setup_ns middle
# Paths that eat a key exchange, and options that are there twice, need new keys
fresh_keys
sysctl_c loopback 1
test_eaten_syn -4
test_eaten_syn -6
test_syn_retries
test_kex_vanishes
test_bounds
test_require
finish
