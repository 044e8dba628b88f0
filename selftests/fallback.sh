#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Whatever keeps the two from agreeing on encryption ends in plain TCP: data
# flows both ways, kTLS can be attached, and one counter says why.
#
# A host that is switched off here still has the module. One that never heard of
# it is the TCP in user space of selftests/peer: "a host without the module" in
# its list of scenarios.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

setup_ns middle
fresh_keys
modprobe -q tls

start_box()
{
	start_ready box in_m "$BIN/middlebox" -p $PORT --timeout 100 "$@" m0 m1
	BOX=$PID
}

stop_box() { stop "$BOX"; }

# fallback_reasons NS: of the transfer just made, the counters that say why
grown() { stats_delta "$1" "$2" | grep -E "^(Fallback|Syn(Excluded|Ineligible|NoSpace)|SynAckNoSpace|Kex|Established)" | tr '\n' ' ' | sed 's/ $//'; }

# plain WHAT "C's COUNTERS" "S's COUNTERS" FLAG [middlebox option...]
# The counters are extended regular expressions for all that may have grown.
plain()
{
	local what=$1 want_c=$2 want_s=$3 f=$4 c0 s0 c1 s1
	shift 4
	c0=$(stats "$C")
	s0=$(stats "$S")
	start_box "$@"
	check_xfer "$what: plain TCP works both ways" \
		"-c $(addr_of "$f") $f -b 64k --expect plain --tls" \
		"$f -b 64k --expect plain --tls"
	is "$what: kTLS attaches at both ends" \
		"$(value "$TMP/client.log" tls) $(value "$TMP/server.log" tls)" "ok ok"
	stop_box
	[ -n "$HAVE_MODULE" ] || return 0
	c1=$(stats "$C")
	s1=$(stats "$S")
	counted "$what: the client counts '$want_c'" "$(grown "$c0" "$c1")" "$want_c"
	counted "$what: the server counts '$want_s'" "$(grown "$s0" "$s1")" "$want_s"
}

counted()
{
	if [[ $2 =~ ^($3)$ ]]; then
		ok "$1"
	else
		not_ok "$1"
		diag "counted: $2"
	fi
}

# The reference: nobody interferes
start_box
c0=$(stats "$C")
check_xfer "untouched: encrypted" "-c $S4 -b 64k --expect $ENC --tls" \
	"-b 64k --expect $ENC --tls"
if [ -n "$HAVE_MODULE" ]; then
	is "untouched: no second ULP" \
		"$(value "$TMP/client.log" tls) $(value "$TMP/server.log" tls)" "EEXIST EEXIST"
	is "untouched: counted" "$(grown "$c0" "$(stats "$C")")" "KexStarted 1 Established 1"
fi
stop_box
is "untouched: the box saw the option" \
	"$(value "$TMP/box.log" c2s_eno | cut -c1-2)" "${HAVE_MODULE:+45}"

for f in -4 -6; do
	tcpcrypt_sysctl "$C" enable 0
	plain "client off, $f" "SynExcluded 1|" "" $f
	# A third ACK without the option, from a client that never asked
	plain "option in the SYN of a plain client, $f" "SynExcluded 1|" \
		"FallbackNoAckEno 1" $f --replace syn:450323
	tcpcrypt_sysctl "$C" enable 1

	tcpcrypt_sysctl "$S" enable 0
	plain "server off, $f" "FallbackNoSynAckEno 1" "SynExcluded 1|" $f
	plain "SYN's option echoed, $f" "FallbackRole 1" "SynExcluded 1|" $f --echo
	tcpcrypt_sysctl "$S" enable 1

	plain "stripped from the SYN, $f" "FallbackNoSynAckEno 1" "" $f --strip syn
	plain "stripped from the SYN-ACK, $f" "FallbackNoSynAckEno 1" \
		"FallbackNoAckEno 1" $f --strip synack
	plain "stripped from all, $f" "FallbackNoSynAckEno 1" "" $f \
		--strip syn --strip synack --strip ack
done

N=FallbackNoSynAckEno
A=FallbackNoAckEno
plain "twice in the SYN" "$N 1" "FallbackMultipleEno 1" -4 --dup syn
plain "twice in the SYN-ACK" "FallbackMultipleEno 1" "$A 1" -6 --dup synack
plain "ill-formed in the SYN" "$N 1" "FallbackIllFormed 1" -4 --replace syn:45049fa3
plain "ill-formed in the SYN-ACK" "FallbackIllFormed 1" "$A 1" -4 --replace synack:4505019fa3
plain "vacuous SYN" "($N|FallbackVacuous) 1" "FallbackVacuous 1" -4 --replace syn:4502
plain "vacuous SYN-ACK" "FallbackVacuous 1" "$A 1" -6 --replace synack:450301
plain "unknown TEP in the SYN" "($N|FallbackNoTep|FallbackVacuous) 1" "FallbackNoTep 1" \
	-4 --replace syn:45037f
plain "unknown TEP in the SYN-ACK" "FallbackNoTep 1" "$A 1" -4 --replace synack:4504017f
plain "TEP in the SYN-ACK that nobody offered" "FallbackNoTep 1" "$A 1" -4 \
	--replace synack:45040130
plain "role B in the SYN" "($N|FallbackRole) 1" "FallbackRole 1" -4 --replace syn:45040123
plain "role A in the SYN-ACK" "FallbackRole 1" "$A 1" -4 --replace synack:45040023

# One port excluded, one family of ports not
c0=$(stats "$C")
OLD=$PORT
PORT=$PLAIN_PORT
start_box
check_xfer "excluded port: plain" "-c $S4 -b 64k --expect plain --tls" \
	"-b 64k --expect plain --tls"
stop_box
PORT=$OLD
[ -z "$HAVE_MODULE" ] ||
	is "excluded port: counted" "$(grown "$c0" "$(stats "$C")")" "SynExcluded 1"

# The option lost from all but the SYNs: the client has seen an ACK with it and
# must not send in clear any more, the server has not and is plain. RFC 8547
# calls this a failure of its second type: nobody may mistake it for data's end.
if [ -n "$HAVE_MODULE" ]; then
	MARKER=MARK-OF-PLAINTEXT-
	for f in -4 -6; do
		tcpcrypt_sysctl "$C" kex_timeout 3
		s0=$(stats "$S")
		start_box --strip ack --marker $MARKER
		XFER_LIMIT=20 xfer_pair "-c $(addr_of $f) $f -b 10k -H --marker $MARKER" \
			"$f -b 10k -H --marker $MARKER"
		stop_box
		is "stripped from the third ACK, $f: the server falls back, counted" \
			"$(stats_delta "$s0" "$(stats "$S")" | grep -E '^Fallback')" "FallbackNoAckEno 1"
		is "stripped from the third ACK, $f: nothing of the client's data in clear" \
			"$(value "$TMP/box.log" c2s_marker)" 0
		is "stripped from the third ACK, $f: the client reads nothing, and no end" \
			"$(value "$TMP/client.log" received) $(value "$TMP/client.log" eof)" "0 0"
		if grep -q 'timeout after' "$TMP/client.log"; then
			not_ok "stripped from the third ACK, $f: the client hears of it"
			show_xfer
		else
			ok "stripped from the third ACK, $f: the client hears of it"
			diag "$(cat "$TMP/client.log")"
		fi
	done
fi
finish
