#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The measuring half of scripts/bench.sh, inside the machine. Prints
#
#	KERNEL RELEASE
#	DRIVER ALGORITHM NAME		what the crypto API takes for it
#	ROUND N				what follows belongs to round N
#	RAW MODE VARIANT N NANOSECONDS COUNT
#	FAILED MODE VARIANT: WHY
#
# Without the module: plain, again (the same, the null control), ktls and
# ktls-chacha. With it: loaded (a plain connection to an excluded port), peerless
# (one to a host that does not encrypt), tcpcrypt and tcpcrypt-chacha.

. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

ROUNDS=${BENCH_ROUNDS:-3}
BULK=$((${BENCH_BULK_MB:-64} << 20))
PINGPONG=${BENCH_PINGPONG:-2000}
CONNECT=${BENCH_CONNECT:-300}
MODES=${BENCH_MODES:-bulk pingpong connect}
VARIANTS=${BENCH_VARIANTS:-plain again ktls ktls-chacha loaded peerless tcpcrypt tcpcrypt-chacha}
# 9993 is in the default exclude_ports
SECURE=7000 PLAIN=9993 KTLS=8883 KTLS_CHACHA=8884

# What udev does elsewhere: the drivers for this processor, AES-NI among them
modprobe -q "$(cat /sys/devices/system/cpu/modalias)"
modprobe -q tls
setup_ns direct

# Counted in instructions time has no jitter, so that the kernel's generator is
# seeded late, and until it is there is no ENO (RFC 8548 section 8).
/usr/bin/python3 -c '
import fcntl, os, struct
RNDADDENTROPY = 0x40085203
with open("/dev/random", "wb", buffering=0) as f:
    fcntl.ioctl(f, RNDADDENTROPY, struct.pack("ii64s", 512, 64, os.urandom(64)))
' || bail "cannot seed the generator"

serve()
{
	start_ready server in_s "$BIN/bench" -l $SECURE -l $PLAIN -t $KTLS \
		-T $KTLS_CHACHA || bail "the server does not start"
	SERVER=$PID
}

count_of()
{
	case $1 in
	bulk) echo "$BULK" ;;
	pingpong) echo "$PINGPONG" ;;
	connect) echo "$CONNECT" ;;
	esac
}

# configure VARIANT: sets args, and whether the server's host encrypts
configure()
{
	local enable=1
	case $1 in
	plain | again | loaded) args=(-p "$PLAIN") ;;
	ktls) args=(-p "$KTLS" -k) ;;
	ktls-chacha) args=(-p "$KTLS_CHACHA" -K) ;;
	peerless) args=(-p "$SECURE") enable=0 ;;
	tcpcrypt*) args=(-p "$SECURE" -e) ;;
	esac
	[ -z "$ciphers" ] ||
		ip netns exec "$S" sysctl -qw "net.tcpcrypt.enable=$enable"
}

# measure MODE VARIANT
measure()
{
	local mode=$1 variant=$2 args=() t n
	configure "$variant"
	n=$(count_of "$mode")
	if t=$(in_c timeout 300 "$BIN/bench" -c "$S4" "${args[@]}" -m "$mode" \
		-n "$n" 2>"$TMP/err"); then
		[ "$round" = 0 ] || echo "RAW $mode $variant $round $t $n"
	else
		echo "FAILED $mode $variant: $(cat "$TMP/err")"
		stats "$C" | sed 's/^/# counters C: /'
		stats "$S" | sed 's/^/# counters S: /'
		# What the server was left in the middle of is of no use.
		stop "$SERVER"
		serve
	fi
}

shuffled() { printf '%s\n' "$@" | shuf --random-source=<(yes "$round"); }

# The value of the parameter "ciphers" a variant needs; nothing: no module
ciphers_of()
{
	case $1 in
	loaded | peerless | tcpcrypt) echo aes128gcm ;;
	tcpcrypt-chacha) echo chacha20poly1305 ;;
	esac
}

load()
{
	[ -n "$ciphers" ] || return 0
	# shellcheck disable=SC2086 # a list
	insmod "$TCPCRYPT_KO" ciphers="$ciphers" ${BENCH_PARAMS-} || bail "the module does not load"
}

unload()
{
	[ -n "$ciphers" ] || return 0
	wait_for 60 rmmod tcpcrypt || bail "the module does not go away"
}

# phase [CIPHERS]: this round's measurements with the module like that
phase()
{
	local ciphers=${1-} mode variant some=()
	for variant in $VARIANTS; do
		[ "$(ciphers_of "$variant")" != "$ciphers" ] || some+=("$variant")
	done
	[ ${#some[@]} -gt 0 ] || return 0
	load
	for mode in $MODES; do
		for variant in $(shuffled "${some[@]}"); do
			measure "$mode" "$variant"
		done
	done
	unload
}

# driver ALGORITHM: of those in /proc/crypto with that name, the preferred one
driver()
{
	awk -v algorithm="$1" '
		$1 == "name" { name = $3 } $1 == "driver" { driver = $3 }
		$1 == "priority" && name == algorithm && $3 > best { best = $3; found = driver }
		END { print found }' /proc/crypto
}

# Round 0 warms up: modules of the crypto API, the neighbour tables. The order
# of with and without the module changes from round to round as well.
serve
echo "KERNEL $(uname -r)"
for ((round = 0; round <= ROUNDS; round++)); do
	echo "ROUND $round"
	if ((round % 2)); then
		phase chacha20poly1305
		phase aes128gcm
		phase
	else
		phase
		phase aes128gcm
		phase chacha20poly1305
	fi
done
for algorithm in "gcm(aes)" "rfc7539(chacha20,poly1305)"; do
	echo "DRIVER $algorithm $(driver "$algorithm")"
done
