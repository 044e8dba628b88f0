#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Round trips, counted: on the User-Mode Linux whose clock stands still while
# anything runs, with 25 ms each way. Run by selftests/check/65-latency.t with
#
#   scripts/uml.sh --time-travel -- selftests/latency.sh

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# On a clock that follows the processor's work these times mean nothing.
grep -q time-travel /proc/cmdline || bail "not on the kernel with time travel"
[ -n "$HAVE_MODULE" ] || { insmod "${TCPCRYPT_KO:?}" loopback=1 && HAVE_MODULE=1; }

setup_ns direct
in_c tc qdisc add dev eth0 root netem delay 25ms limit 10000
in_s tc qdisc add dev eth0 root netem delay 25ms limit 10000

GREET=7001 PLAIN_GREET=9993 PLAIN=8883
start_ready reply in_s "$BIN/latency" $PORT reply
start_ready greet in_s "$BIN/latency" $GREET greet
start_ready reply-plain in_s "$BIN/latency" $PLAIN reply
start_ready greet-plain in_s "$BIN/latency" $PLAIN_GREET greet

# measure WHAT HOW EXPECTED-MS ADDRESS PORT MODE: one connection
measure()
{
	local line got
	line=$(in_c "$BIN/latency" "$4" "$5" "$6" 2>&1)
	got=$(value <(echo "$line") answer)
	diag "$1: $line"
	# a tenth of a millisecond: netem and the clock's tick
	if [ "${line%% *}" = "$2" ] && [ -n "$got" ] &&
	   [ $((got - $3 * 1000)) -ge 0 ] && [ $((got - $3 * 1000)) -le 100 ]; then
		ok "$1: $3 ms ($got us)"
	else
		not_ok "$1: $3 ms, $2; got $line"
	fi
}

# Time that stands still has no jitter: the kernel's generator is not seeded, and
# until it is no ENO option may be sent (RFC 8547 section 10).
in_c ping -q -c 1 "$S4" >/dev/null
measure "random numbers not seeded: no offer" plain 100 "$S4" $PORT reply
is "random numbers not seeded: the connection was excluded" "$(stat "$C" SynExcluded)" 1
PYTHONHASHSEED=0 /usr/bin/python3 -c '
import fcntl, struct
RNDADDENTROPY = 0x40085203
with open("/dev/random", "wb", buffering=0) as f:
    fcntl.ioctl(f, RNDADDENTROPY, struct.pack("ii64s", 512, 64, b"not random" * 6))
'

flush_cache()
{
	# the cache of sessions, if there is one
	in_c sysctl -qw net.tcpcrypt.resume="$1" 2>/dev/null
	in_s sysctl -qw net.tcpcrypt.resume="$1" 2>/dev/null
}

for a in $S4 $S6; do
	in_c ping -q -c 1 "$a" >/dev/null
	flush_cache 0
	measure "$a: plain, the client asks" plain 100 "$a" $PLAIN reply
	measure "$a: fresh, the client asks: one round trip more" fresh 150 "$a" $PORT reply
	measure "$a: plain, the server greets" plain 100 "$a" $PLAIN_GREET greet
	measure "$a: fresh, the server greets: nothing more" fresh 100 "$a" $GREET greet
	if [ -e /proc/sys/net/tcpcrypt/resume ]; then
		flush_cache 1
		in_c "$BIN/latency" "$a" $PORT reply >/dev/null
		measure "$a: resumed, the client asks: nothing more" resumed 100 "$a" $PORT reply
		measure "$a: resumed, the server greets: nothing more" resumed 100 "$a" $GREET greet
	fi
done
finish
