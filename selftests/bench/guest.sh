#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The measuring half of scripts/bench.sh, inside the machine. Prints raw lines
#
#	RAW MODE VARIANT ROUND NANOSECONDS COUNT
#
# VARIANT: unloaded (no module), plain and again (the same, the null control),
# ktls, tcpcrypt.

. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

ROUNDS=${BENCH_ROUNDS:-3}
BULK=$((${BENCH_BULK_MB:-64} << 20))
PINGPONG=${BENCH_PINGPONG:-2000}
CONNECT=${BENCH_CONNECT:-300}
MODES=${BENCH_MODES:-bulk pingpong connect}
SECURE=7000 PLAIN=9993 KTLS=8883

setup_ns direct
modprobe -q tls

count_of()
{
	case $1 in
	bulk) echo "$BULK" ;;
	pingpong) echo "$PINGPONG" ;;
	connect) echo "$CONNECT" ;;
	esac
}

serve()
{
	start_ready server in_s "$BIN/bench" -l $SECURE -l $PLAIN -t $KTLS ||
		bail "the server does not start"
	SERVER=$PID
}

# measure MODE VARIANT ROUND
measure()
{
	local mode=$1 variant=$2 args t n
	case $variant in
	unloaded | plain | again) args=(-p "$PLAIN") ;;
	ktls) args=(-p "$KTLS" -k) ;;
	tcpcrypt) args=(-p "$SECURE" -e) ;;
	esac
	n=$(count_of "$mode")
	if t=$(in_c timeout 300 "$BIN/bench" -c "$S4" "${args[@]}" -m "$mode" -n "$n" 2>"$TMP/err"); then
		[ "$3" = 0 ] || echo "RAW $mode $variant $3 $t $n"
	else
		echo "FAILED $mode $variant: $(cat "$TMP/err")"
		# What the server is left in the middle of is of no use.
		stop "$SERVER"
		serve
	fi
}

load()
{
	insmod "$TCPCRYPT_KO" || bail "the module does not load"
}

unload()
{
	wait_for 60 rmmod tcpcrypt || bail "the module does not go away"
}

shuffled() { printf '%s\n' "$@" | shuf --random-source=<(yes "$round"); }

# Round 0 warms up: modules of the crypto API, the neighbour tables.
for ((round = 0; round <= ROUNDS; round++)); do
	serve
	for mode in $MODES; do measure "$mode" unloaded "$round"; done
	stop "$SERVER"
	load
	serve
	for mode in $MODES; do
		for variant in $(shuffled plain again ktls tcpcrypt); do
			measure "$mode" "$variant" "$round"
		done
	done
	if [ "$round" = 0 ]; then
		echo "DRIVER $(awk '
			$1 == "name" { name = $3 } $1 == "driver" { driver = $3 }
			$1 == "priority" && name == "gcm(aes)" && $3 > best { best = $3; found = driver }
			END { print found }' /proc/crypto)"
		echo "KERNEL $(uname -r)"
	fi
	stop "$SERVER"
	unload
done
