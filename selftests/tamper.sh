#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A box in the path changes, cuts or ends the stream. The receiver gets the
# data that came before, then EBADMSG for ever: never a wrong byte, and an end
# of file only when the sender's authenticated end has arrived.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [ -z "$HAVE_MODULE" ]; then
	echo "1..0 # SKIP without the module a forged byte is a wrong byte"
	exit 0
fi

LONG=${TCPCRYPT_LONG-}
RANDOM_FLIPS=${LONG:+50}
RANDOM_FLIPS=${RANDOM_FLIPS:-3}
BYTES=20000
CHUNK=3000
export XFER_LIMIT=20

setup_ns middle
fresh_keys
for n in "$C" "$S"; do
	tcpcrypt_sysctl "$n" kex_timeout 3
	# A key exchange that is cut off must not make the next connections plain.
	tcpcrypt_sysctl "$n" blackhole_size 0
	# Closed sockets wait that long for an end that the box has swallowed, and
	# repeat their own that often.
	in_ns "$n" sysctl -qw net.ipv4.tcp_fin_timeout=3 net.ipv4.tcp_orphan_retries=1
done

# pair FLAG DIR "RECEIVER'S EXTRA" [middlebox option...]: DIR's data under attack
pair()
{
	local f=$1 dir=$2 extra=$3 client server
	shift 3
	start_ready box in_m "$BIN/middlebox" -p $PORT --timeout 60 "$@" m0 m1 || return
	local box=$PID
	client="-c $(addr_of "$f") $f -b $BYTES -k $CHUNK -H -d $dir"
	server="$f -b $BYTES -k $CHUNK -H -d $dir"
	if [ "$dir" = c2s ]; then server+=" $extra"; else client+=" $extra"; fi
	xfer_pair "$client" "$server"
	stop "$box"
}

receiver() { if [ "$1" = c2s ]; then echo "$TMP/server.log"; else echo "$TMP/client.log"; fi; }

# Where the frames are: the same transfer, untouched
declare -A INIT OFFSETS END
for dir in c2s s2c; do
	pair -4 $dir ""
	is "$dir: untouched, all arrives" "$(value "$(receiver $dir)" received) $(value "$(receiver $dir)" eof)" "$BYTES 1"
	INIT[$dir]=$(value "$TMP/box.log" ${dir}_init_len)
	OFFSETS[$dir]=$(value "$TMP/box.log" ${dir}_frame_offsets)
	END[$dir]=$(value "$TMP/box.log" ${dir}_bytes)
	diag "$dir: Init ${INIT[$dir]} bytes, frames at ${OFFSETS[$dir]}, ${END[$dir]} bytes in all"
done

# spoilt WHAT FLAG DIR MINIMUM MAXIMUM [middlebox option...]: so many bytes of
# data arrive, then EBADMSG
spoilt()
{
	local what=$1 f=$2 dir=$3 min=$4 max=$5 log got
	shift 5
	pair "$f" "$dir" "--expect encrypted --expect-error EBADMSG" "$@"
	log=$(receiver "$dir")
	got=$(value "$log" received)
	# Over before connect() was scheduled: it has said so, and nothing was read
	[ "$(value "$log" sessid)" != none ] || min=0
	if [ "$(value "$log" result)" = ok ] && [ "$(value "$log" recv_errno)" = EBADMSG ] &&
	   [ "$(value "$log" eof)" = 0 ] && [ "$got" -ge "$min" ] && [ "$got" -le "$max" ]; then
		ok "$dir $f: $what: EBADMSG after $got bytes"
	else
		not_ok "$dir $f: $what: EBADMSG"
		show_xfer
		sed 's/^/# box: /' "$TMP/box.log" | grep -E 'flipped|injected|forwarded|dropped'
	fi
	# The box must have done what it was asked for.
	[ "$(value "$TMP/box.log" flipped)" != 0 ] || [ "$(value "$TMP/box.log" injected)" != 0 ] ||
		not_ok "$dir $f: $what: the box found nothing to do"
	# And the other end must not be left hanging.
	! grep -q 'timeout after' "$TMP/client.log" "$TMP/server.log" || {
		not_ok "$dir $f: $what: both ends hear of it"
		show_xfer
	}
}

# Both directions and both families run the same code on the same stream. The
# short form takes each case in one direction, every fourth over IPv6, and which
# ones changes from one run to the next; the long form takes all.
START=$RANDOM
CASE=0

# bad WHAT MINIMUM MAXIMUM [middlebox option...]: with the loop's $dir
bad()
{
	local what=$1 turn=$((START + CASE)) f
	shift
	CASE=$((CASE + 1))
	if [ -n "$LONG" ]; then
		for f in -4 -6; do
			spoilt "$what" $f "$dir" "$@"
		done
	elif [ $((turn % 2)) -eq "$parity" ]; then
		f=-4
		if [ $((turn / 2 % 4)) -eq 0 ]; then f=-6; fi
		spoilt "$what" $f "$dir" "$@"
	fi
}

for dir in c2s s2c; do
	IFS=, read -ra frames <<<"${OFFSETS[$dir]}"
	n=${#frames[@]}
	one=${frames[0]} two=${frames[1]} three=${frames[2]-${END[$dir]}}
	last=${frames[n - 1]}
	# The first frame whole, then nothing
	data=$((two - one - 3 - 16 - 1))
	if [ $dir = c2s ]; then parity=0; else parity=1; fi
	CASE=0
	bad "first frame, rekey bit" 0 0 --flip $dir:"$one":1
	bad "first frame, reserved bit" 0 0 --flip $dir:"$one":128
	bad "first frame, clen high byte" 0 0 --flip $dir:$((one + 1)):1
	bad "first frame, clen top bit" 0 0 --flip $dir:$((one + 1)):128
	bad "first frame, clen low bit" 0 0 --flip $dir:$((one + 2)):1
	bad "first frame, clen 0" 0 0 \
		--flip $dir:$((one + 1)):$(((two - one - 3) >> 8)) \
		--flip $dir:$((one + 2)):$(((two - one - 3) & 255))
	bad "first frame, flags" 0 0 --flip $dir:$((one + 3)):1
	bad "first frame, first data byte" 0 0 --flip $dir:$((one + 4)):64
	bad "first frame, in the middle" 0 0 --flip $dir:$(((one + two) / 2)):16
	bad "first frame, last data byte" 0 0 --flip $dir:$((two - 17)):1
	bad "first frame, first byte of the tag" 0 0 --flip $dir:$((two - 16)):1
	bad "first frame, last bit of the tag" 0 0 --flip $dir:$((two - 1)):128
	bad "second frame, header" $data $data --flip $dir:"$two":1
	bad "second frame, clen" $data $data --flip $dir:$((two + 1)):64
	bad "second frame, data" $data $data --flip $dir:$((two + 100)):2
	bad "second frame, tag" $data $data --flip $dir:$((three - 3)):2
	# All data was good; only the end is not.
	bad "last frame, flags" 0 $BYTES --flip $dir:$((last + 3)):1
	bad "last frame, tag" 0 $BYTES --flip $dir:$((${END[$dir]} - 1)):1

	bad "FIN before any frame" 0 0 --fin $dir:"$one"
	bad "FIN in a header" 0 0 --fin $dir:$((one + 2))
	bad "FIN in a frame" 0 0 --fin $dir:$((one + 50))
	bad "FIN one byte short of a frame" 0 0 --fin $dir:$((two - 1))
	bad "FIN after a frame" $data $data --fin $dir:"$two"
	bad "FIN before the last frame" 0 $BYTES --fin $dir:"$last"
	bad "FIN in the last frame" 0 $BYTES --fin $dir:$((last + 5))
	for ((i = 0; i < RANDOM_FLIPS; i++)); do
		off=$((one + (RANDOM * 32768 + RANDOM) % (${END[$dir]} - one)))
		spoilt "bit at stream offset $off" -4 $dir 0 $BYTES \
			--flip $dir:$off:$((1 << RANDOM % 8))
	done

	# A reset is a reset.
	pair -4 $dir "--expect-error ECONNRESET" --rst $dir:$((two + 10))
	is "$dir: RST: ECONNRESET, no end of file" \
		"$(value "$(receiver $dir)" recv_errno) $(value "$(receiver $dir)" eof)" "ECONNRESET 0"
done

# The key exchange: whatever happens to it, nobody gets data or an end of file
# from it, the client's data stays secret, and both hear of it in time.
MARKER=MARK-OF-PLAINTEXT-
for what in c2s:0 c2s:4 c2s:7 c2s:8 c2s:9 c2s:20 c2s:$((INIT[c2s] - 1)) \
	s2c:0 s2c:5 s2c:7 s2c:8 s2c:9 s2c:20 s2c:$((INIT[s2c] - 1)) \
	fin-c2s:0 fin-c2s:20 fin-s2c:0 fin-s2c:20 rst-s2c:10; do
	case $what in
	fin-*) how=(--fin "${what#fin-}") ;;
	rst-*) how=(--rst "${what#rst-}") ;;
	*) how=(--flip "$what:4") ;;
	esac
	start_ready box in_m "$BIN/middlebox" -p $PORT --timeout 60 --marker $MARKER "${how[@]}" m0 m1
	box=$PID
	xfer_pair "-c $S4 -b 5000 -H --marker $MARKER" "-b 5000 -H --marker $MARKER"
	stop "$box"
	got=$(for l in client server; do
		echo "$(value "$TMP/$l.log" received)$(value "$TMP/$l.log" eof)"
	done | tr '\n' ' ')
	# An end that was never accepted has nothing to say.
	if [[ "$got" =~ ^(00|0)" "(00|0)?" "$ ]] && [ "$(value "$TMP/box.log" c2s_marker)" = 0 ] &&
	   grep -q 'result=fail' "$TMP/client.log" &&
	   ! grep -q 'timeout after' "$TMP/client.log"; then
		ok "key exchange, $what: an error, no data, no end of file"
	else
		not_ok "key exchange, $what: an error, no data, no end of file"
		show_xfer
		grep -E 'marker|flipped|injected' "$TMP/box.log" | sed 's/^/# box: /'
	fi
	if grep -q 'timeout after' "$TMP/server.log"; then
		not_ok "key exchange, $what: the server hears of it"
		show_xfer
	fi
done

# After all that the two still talk to each other.
pair -4 c2s "--expect encrypted"
is "a new connection is fine" \
	"$(value "$TMP/server.log" result) $(value "$TMP/server.log" received)" "ok $BYTES"
finish
