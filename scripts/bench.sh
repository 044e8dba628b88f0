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
#   -r, --rounds N      rounds, in shuffled order, in one boot (3)
#   -b, --bulk MB       bytes of a bulk transfer, written 64 KiB at a time (64)
#   -p, --pingpong N    one-byte round trips (2000)
#   -c, --connections N connections made one after the other (300)
#   -m, --modes "..."   of bulk, pingpong, connect
#   --no-wall           leave out the sanity check in wall time
#   -o, --out DIR       keep the raw numbers here
#
# The run is void if plain TCP measured twice differs: by more than 3 percent
# for bulk, 0.5 for the others.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage()
{
	sed -n '4,22s/^# \{0,1\}//p' "$0"
	exit "${1:-0}"
}

rounds=3 bulk=64 pingpong=2000 connect=300 modes="bulk pingpong connect" wall=1 out=''
lines=()
while [ $# -gt 0 ]; do
	case $1 in
	-r | --rounds) rounds=$2; shift ;;
	-b | --bulk) bulk=$2; shift ;;
	-p | --pingpong) pingpong=$2; shift ;;
	-c | --connections) connect=$2; shift ;;
	-m | --modes) modes=$2; shift ;;
	-o | --out) out=$2; shift ;;
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

# measure LINE NAME OPTIONS...: raw lines to $out/NAME.raw
measure()
{
	local line=$1 name=$2
	shift 2
	"$TOP/scripts/vm.sh" "$line" -t 1800 "$@" \
		--env "BENCH_ROUNDS=$rounds" --env "BENCH_BULK_MB=$bulk" \
		--env "BENCH_PINGPONG=$pingpong" --env "BENCH_CONNECT=$connect" \
		--env "BENCH_MODES=$modes" \
		-- selftests/bench/guest.sh >"$out/$name.raw" || {
		sed 's/^/    | /' "$out/$name.raw" >&2
		die "$line: the measurement failed"
	}
}

table()
{
	python3 - "$@" <<-'PY'
		import statistics, sys
		line, path, wall = sys.argv[1:4]
		data, kernel, driver, failed = {}, "", "", []
		for words in map(str.split, open(path)):
		    if words[:1] == ["RAW"]:
		        mode, variant, _, ns, count = words[1:]
		        data.setdefault((mode, variant), []).append(int(count) * 1e9 / int(ns))
		    elif words[:1] == ["KERNEL"]:
		        kernel = words[1]
		    elif words[:1] == ["DRIVER"]:
		        driver = words[1] if len(words) > 1 else "?"
		    elif words[:1] == ["FAILED"]:
		        failed.append(" ".join(words[1:]))
		names = {"unloaded": "plain, module not loaded", "plain": "plain",
		         "again": "plain again (null control)", "ktls": "kTLS AES-128-GCM",
		         "tcpcrypt": "tcpcrypt AES-128-GCM"}
		units = {"bulk": (1e6, "MB/s", 0.03), "pingpong": (1, "/s", 0.005),
		         "connect": (1, "/s", 0.005)}
		clock = "wall time, a sanity check only" if wall else "1 instruction = 1 ns"
		print(f"\n{line}: {kernel}, {driver}; {clock}")
		print(f"  {'':10}{'':28}{'median':>10}       {'spread':>7} {'to plain':>9} {'to kTLS':>8}")
		void = bool(failed)
		for mode, (scale, unit, bound) in units.items():
		    mid = {v: statistics.median(data[mode, v]) for v in names if (mode, v) in data}
		    if "plain" not in mid:
		        continue
		    for v in names:
		        if v not in mid:
		            continue
		        rates = data[mode, v]
		        spread = (max(rates) - min(rates)) / mid[v] * 100
		        ktls = f"{mid[v] / mid['ktls']:8.3f}" if "ktls" in mid else ""
		        print(f"  {mode:10}{names[v]:28}{mid[v] / scale:10.1f} {unit:5} {spread:6.1f}%"
		              f" {mid[v] / mid['plain']:9.3f} {ktls}")
		    if not wall and "again" in mid and abs(mid["again"] / mid["plain"] - 1) > bound:
		        print(f"  {mode}: VOID, the null control is off by more than {bound * 100:g} %")
		        void = True
		for f in failed:
		    print("  FAILED " + f)
		sys.exit(1 if void and not wall else 0)
	PY
}

rc=0
for line in "${lines[@]}"; do
	say "  measuring on $line ($rounds rounds) ..."
	measure "$line" "$line" --icount
	table "$line" "$out/$line.raw" '' || rc=1
	if [ -n "$wall" ]; then
		modes=bulk rounds=1 measure "$line" "$line.wall"
		table "$line" "$out/$line.wall.raw" 1
	fi
done
exit $rc
