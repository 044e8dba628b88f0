#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
#   scripts/bench.sh [OPTION...] [LINE...]
#
# What encryption costs against plain TCP and against kTLS, on the kernels
# LINE (default: 6.1 6.12 7.3), between two network namespaces of a machine in
# the measuring mode, where one instruction is one nanosecond: the ratios are
# those of instructions per byte or operation, both ends together.
#
#   -r, --rounds N      rounds in one boot, each in another order (3)
#   -b, --bulk MB       bytes of a bulk transfer, written 64 KiB at a time (64)
#   -p, --pingpong N    one-byte round trips (2000)
#   -c, --connections N connections made one after the other (300)
#   -m, --modes "..."   of bulk, pingpong, connect
#   -v, --variants "..." of plain, again, ktls, ktls-chacha, loaded, peerless,
#                       tcpcrypt, tcpcrypt-chacha
#   --params "..."      parameters for the module
#   --module FILE       measure this module instead of building one
#   --no-wall           leave out the sanity check in wall time
#   -o, --out DIR       keep the raw numbers here
#
# A run is void (exit code 1) if plain TCP measured twice differs: by more than
# 3 percent for bulk, 0.5 for the others.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage()
{
	sed -n '4,25s/^# \{0,1\}//p' "$0"
	exit "${1:-0}"
}

rounds=3 bulk=64 pingpong=2000 connect=300 wall=1 out='' params='' module=()
modes="bulk pingpong connect"
variants="plain again ktls ktls-chacha loaded peerless tcpcrypt tcpcrypt-chacha"
lines=()
while [ $# -gt 0 ]; do
	case $1 in
	-r | --rounds) rounds=$2; shift ;;
	-b | --bulk) bulk=$2; shift ;;
	-p | --pingpong) pingpong=$2; shift ;;
	-c | --connections) connect=$2; shift ;;
	-m | --modes) modes=$2; shift ;;
	-v | --variants) variants=$2; shift ;;
	-o | --out) out=$2; shift ;;
	--params) params=$2; shift ;;
	--module) module=(-m "$2"); shift ;;
	--no-wall) wall= ;;
	-h | --help) usage ;;
	-*) usage 2 >&2 ;;
	*) is_line "$1" || die "unknown kernel '$1'" "known: $LINES_DEBIAN"; lines+=("$1") ;;
	esac
	shift
done
[ ${#lines[@]} -gt 0 ] || read -ra lines <<<"$LINES_DEBIAN"

make -s -C "$TOP/selftests" bin/bench >&2 ||
	die "the benchmark program does not build" "see the lines above"
if [ -z "$out" ]; then
	mkdir -p "$CACHE/run"
	out=$(mktemp -d "$CACHE/run/bench.XXXXXX")
	trap 'rm -rf "$out"' EXIT
fi
mkdir -p "$out"

# What the guest says, to a file; which round it is at, to whoever waits
progress()
{
	local words
	while read -ra words; do
		printf '%s\n' "${words[*]}" >&3
		case ${words[0]-} in
		ROUND) printf '\r  %s: round %d of %d ...' "$1" "${words[1]}" "$2" >&2 ;;
		FAILED) printf '\n  %s\n' "${words[*]}" >&2 ;;
		esac
	done 3>"$3"
	printf ' %d s\n' $((SECONDS - started)) >&2
}

# measure LINE NAME ROUNDS MODES VARIANTS OPTIONS...: to $out/NAME.raw
measure()
{
	local line=$1 name=$2 n=$3 modes=$4 variants=$5 started=$SECONDS
	shift 5
	"$TOP/scripts/vm.sh" "$line" -t 1800 ${module[@]+"${module[@]}"} "$@" \
		--env "BENCH_ROUNDS=$n" --env "BENCH_MODES=$modes" \
		--env "BENCH_VARIANTS=$variants" --env "BENCH_BULK_MB=$bulk" \
		--env "BENCH_PINGPONG=$pingpong" --env "BENCH_CONNECT=$connect" \
		--env "BENCH_PARAMS=$params" \
		-- selftests/bench/guest.sh | progress "$name" "$n" "$out/$name.raw" || {
		sed 's/^/    | /' "$out/$name.raw" >&2
		die "$line: the measurement failed"
	}
}

rc=0
for line in "${lines[@]}"; do
	measure "$line" "$line" "$rounds" "$modes" "$variants" --icount
	"$TOP/scripts/bench-table.py" "$out/$line.raw" || rc=1
	if [ -n "$wall" ]; then
		measure "$line" "$line in wall time" 1 bulk "plain ktls tcpcrypt"
		"$TOP/scripts/bench-table.py" --wall "$out/$line in wall time.raw"
	fi
done
exit $rc
