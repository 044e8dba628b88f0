#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What stands on the wire: the option in the right segments, the Init messages
# first, frames after them, and no byte of what the application said.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

MARKER=PLAINTEXT-MARKER-4d61726b6572-

setup_ns direct
fresh_keys
# Every packet as the wire would see it
offloads "$C" eth0 off
offloads "$S" eth0 off

# Stop the capture called $NAME once the client's end is in it, and read it
read_capture()
{
	captured "$TMP/$NAME.pcap" 1000
	"$BIN/wirecheck" "$TMP/$NAME.pcap" $PORT $MARKER >"$TMP/$NAME.wire"
}

w() { value "$TMP/$NAME.wire" "$1"; }

handshake_is_right()
{
	local what=$1
	if [ -z "$HAVE_MODULE" ]; then
		is "$what: no option on a plain connection" "$(w c2s_eno)$(w s2c_eno)" ""
		return
	fi
	is "$what: the SYN offers ENO" "$(w c2s_eno | cut -c1-2)" 45
	is "$what: the SYN-ACK answers" "$(w s2c_eno | cut -c1-2)" 45
	is "$what: a repeated SYN repeats the option" \
		"$(w c2s_eno_changed) $(w s2c_eno_changed)" "0 0"
	is "$what: the third ACK carries it" "$(w c2s_first_eno)" 1
	is "$what: as does each segment until the server's first" "$(w c2s_missing_eno)" 0
	is "$what: Init1 is first" "$(w c2s_first | cut -c1-8)" 15101a0e
	is "$what: Init2 is first" "$(w s2c_first | cut -c1-8)" 097105e0
	is "$what: PSH on the last byte of both" "$(w c2s_init_psh)$(w s2c_init_psh)" 11
	is "$what: then nothing but whole frames" \
		"$(w c2s_frames_exact)$(w s2c_frames_exact)" 11
	is "$what: what is sent again is the same" \
		"$(w c2s_rewritten) $(w s2c_rewritten)" "0 0"
}

for f in -4 -6 -m; do
	server=$f
	case $f in
	-4) what=IPv4 ;;
	-6) what=IPv6 ;;
	-m) what=IPv4-mapped server=-6 ;;
	esac
	NAME=marker$f
	capture "$TMP/$NAME.pcap"
	check_xfer "$what: a marked stream goes through" \
		"-c $(addr_of $f) $f -b 300k -H --marker $MARKER --expect $ENC" \
		"$server -b 300k -H --marker $MARKER --expect $ENC"
	read_capture
	diag "$(w packets) packets, $(w c2s_bytes) and $(w s2c_bytes) bytes, ENO $(w c2s_eno) and $(w s2c_eno), $(w c2s_frames) and $(w s2c_frames) frames"
	is "$what: the capture is whole" "$(w c2s_holes) $(w s2c_holes)" "0 0"
	if [ -n "$HAVE_MODULE" ]; then
		is "$what: no plaintext on the wire" "$(w c2s_marker) $(w s2c_marker)" "0 0"
	else
		# The check would have found it.
		is "$what: the marker is found in a plain stream" \
			"$(($(w c2s_marker) > 100)) $(($(w s2c_marker) > 100))" "1 1"
	fi
	handshake_is_right "$what"
	is "$what: no reset" "$(w c2s_rsts) $(w s2c_rsts)" "0 0"
done

if [ -n "$HAVE_MODULE" ]; then
	NAME=frames
	tcpcrypt_sysctl "$C" max_frame 1000
	capture "$TMP/$NAME.pcap"
	check_xfer "short frames" "-c $S4 -b 100k --expect $ENC" "-b 100k --expect $ENC"
	read_capture
	tcpcrypt_sysctl "$C" max_frame 16384
	run "max_frame bounds what is sent" test "$(w c2s_frames)" -ge 100
	run "and not what the peer sends" test "$(w s2c_frames)" -lt 100
fi

# The same text, sent byte by byte, by a client that waits for nothing
NAME=small
capture "$TMP/$NAME.pcap"
check_xfer "one byte per call goes through" \
	"-c $S4 -b 300 -k 1 -H --marker $MARKER --expect $ENC" \
	"-b 300 -k 1 -H --marker $MARKER --expect $ENC"
read_capture
[ -z "$HAVE_MODULE" ] ||
	is "one byte per call: no plaintext" "$(w c2s_marker) $(w s2c_marker)" "0 0"
handshake_is_right "one byte per call"

# Lost segments of the handshake
lost()
{
	local what=$1 ns=$2 rule=$3 f
	NAME=$4
	for f in -4 -6; do
		drop_first "$ns" "$rule"
		capture "$TMP/$NAME.pcap"
		check_xfer "$what lost, $f: goes through" \
			"-c $(addr_of $f) $f -b 10k -H --marker $MARKER --expect $ENC" \
			"$f -b 10k -H --marker $MARKER --expect $ENC"
		read_capture
		undrop
		handshake_is_right "$what lost, $f"
		if [ "$NAME" = lost-synack ]; then
			is "$what lost, $f: it was sent again" "$(($(w s2c_syns) > 1))" 1
		elif [ "$NAME" = lost-syn ]; then
			is "$what lost, $f: it was sent again" "$(($(w c2s_syns) > 1))" 1
		fi
	done
}

lost "first SYN" "$S" "tcp dport $PORT tcp flags & (syn|ack) == syn" lost-syn
lost "first SYN-ACK" "$C" "tcp sport $PORT tcp flags & (syn|ack) == (syn|ack)" lost-synack
lost "third ACK" "$S" "tcp dport $PORT tcp flags & (syn|ack) == ack" lost-ack
lost "Init1" "$S" "tcp dport $PORT tcp flags & (syn|psh) == psh" lost-init1
lost "Init2" "$C" "tcp sport $PORT tcp flags & (syn|psh) == psh" lost-init2
finish
