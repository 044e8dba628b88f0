# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the behaviour tests share: TAP, network namespaces, counters, waiting
# with a bound. A test script sources this, calls setup_ns, ok/not_ok/is/run,
# and ends with finish.

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	echo "lib.sh is sourced by the tests" >&2
	exit 2
fi

set -u
export LC_ALL=C.UTF-8
PATH=$PATH:/usr/sbin:/sbin

SELFTESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
BIN=$SELFTESTS/bin
TMP=$(mktemp -d "${TMPDIR:-/tmp}/tcpcrypt-test.XXXXXX")
OUT=${TCPCRYPT_OUT:-$TMP/out}
mkdir -p "$OUT"

# The two hosts and the box between them
C=tc-c-$$
S=tc-s-$$
M=tc-m-$$
C4=10.77.0.1
S4=10.77.0.2
C6=fd77::1
S6=fd77::2
# A port outside and one inside the default exclude_ports
PORT=7000
PLAIN_PORT=9993
export PLAIN_PORT

# Without the module the same tests run over plain TCP: that proves the tests.
if [ -e /proc/net/tcpcrypt_stat ]; then
	HAVE_MODULE=1
	export ENC=encrypted
else
	HAVE_MODULE=
	export ENC=plain
fi

# ------------------------------------------------------------------- TAP

TAP_N=0
TAP_FAILED=0

diag() { printf '%s\n' "$*" | sed 's/^/# /'; }

ok()
{
	TAP_N=$((TAP_N + 1))
	echo "ok $TAP_N - $*"
}

not_ok()
{
	TAP_N=$((TAP_N + 1))
	TAP_FAILED=$((TAP_FAILED + 1))
	echo "not ok $TAP_N - $*"
}

# is WHAT GOT WANT
is()
{
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1"
		diag "got:      $2"
		diag "expected: $3"
	fi
}

# run WHAT COMMAND...: passes when the command does; shows its output if not
run()
{
	local what=$1 rc=0 log=$TMP/run.log
	shift
	"$@" >"$log" 2>&1 || rc=$?
	if [ $rc -eq 0 ]; then
		ok "$what"
	else
		not_ok "$what"
		diag "exit status $rc: $*"
		tail -n 20 "$log" | sed 's/^/# /'
	fi
	return $rc
}

# fails WHAT COMMAND...: passes when the command does not
fails()
{
	local what=$1 log=$TMP/run.log
	shift
	if "$@" >"$log" 2>&1; then
		not_ok "$what"
		tail -n 20 "$log" | sed 's/^/# /'
		return 1
	fi
	ok "$what"
}

finish()
{
	echo "1..$TAP_N"
	[ "$TAP_FAILED" -eq 0 ]
	exit
}

# bail WHY: the script cannot go on at all
bail()
{
	not_ok "$*"
	finish
}

# ------------------------------------------------------- waiting, processes

now_ms() { date +%s%3N; }

# wait_for SECONDS COMMAND...: until the command succeeds
wait_for()
{
	local end=$(($(now_ms) + $1 * 1000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(now_ms)" -lt $end ] || return 1
		sleep 0.05
	done
}

has_line() { grep -q -- "$2" "$1"; }

PIDS=()

# start NAME COMMAND...: in the background, output in $TMP/NAME.log; PID is set
start()
{
	local name=$1
	shift
	# A function would run in a subshell, and PID be that of the subshell.
	case $1 in
	in_c) shift; set -- ip netns exec "$C" "$@" ;;
	in_s) shift; set -- ip netns exec "$S" "$@" ;;
	in_m) shift; set -- ip netns exec "$M" "$@" ;;
	esac
	: >"$TMP/$name.log"
	"$@" >"$TMP/$name.log" 2>&1 </dev/null &
	PID=$!
	PIDS+=("$PID")
}

# start_ready NAME COMMAND...: and wait for the line "ready"
start_ready()
{
	start "$@"
	wait_for 20 has_line "$TMP/$1.log" '^ready' || {
		diag "$1 did not get ready:"
		sed 's/^/# /' "$TMP/$1.log"
		return 1
	}
}

alive() { kill -0 "$1" 2>/dev/null; }

# stop PID: end it and wait for it
stop()
{
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	return 0
}

# ended SECONDS PID: wait for a process, give its status; 124 when it hangs
ended()
{
	local end=$(($(now_ms) + $1 * 1000))
	while alive "$2"; do
		if [ "$(now_ms)" -ge $end ]; then
			kill -9 "$2" 2>/dev/null
			wait "$2" 2>/dev/null
			return 124
		fi
		sleep 0.02
	done
	wait "$2"
}

NETNS=()
CLEANUP=()

cleanup()
{
	local p n c
	for c in ${CLEANUP[@]+"${CLEANUP[@]}"}; do
		eval "$c"
	done
	for p in ${PIDS[@]+"${PIDS[@]}"}; do
		kill -9 "$p" 2>/dev/null
		wait "$p" 2>/dev/null
	done
	for n in ${NETNS[@]+"${NETNS[@]}"}; do
		ip netns pids "$n" 2>/dev/null | while read -r p; do
			kill -9 "$p" 2>/dev/null
		done
		ip netns del "$n" 2>/dev/null
	done
	rm -rf "$TMP"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# ------------------------------------------------------------- namespaces

in_c() { ip netns exec "$C" "$@"; }
in_s() { ip netns exec "$S" "$@"; }
in_m() { ip netns exec "$M" "$@"; }

add_ns()
{
	ip netns add "$1" || bail "cannot make a network namespace"
	NETNS+=("$1")
	ip -n "$1" link set lo up
}

del_ns()
{
	local n keep=()
	ip netns del "$1" || return
	for n in "${NETNS[@]}"; do
		[ "$n" = "$1" ] || keep+=("$n")
	done
	NETNS=(${keep[@]+"${keep[@]}"})
}

# offloads NS LINK on|off: off means every packet is whole, with its checksum
offloads()
{
	ip netns exec "$1" ethtool -K "$2" tx "$3" sg "$3" tso "$3" gso "$3" \
		gro "$3" >/dev/null 2>&1
}

# setup_ns direct|middle: two hosts over veth; "middle" puts a namespace in between
# that forwards nothing by itself (a middlebox does)
setup_ns()
{
	local n
	add_ns "$C"
	add_ns "$S"
	if [ "${1-}" = middle ]; then
		add_ns "$M"
		in_m sysctl -qw net.ipv6.conf.all.disable_ipv6=1 \
			net.ipv6.conf.default.disable_ipv6=1
		ip -n "$M" link add m0 type veth peer name eth0 netns "$C"
		ip -n "$M" link add m1 type veth peer name eth0 netns "$S"
		for n in m0 m1; do
			offloads "$M" $n off
			ip -n "$M" link set $n up
		done
		offloads "$C" eth0 off
		offloads "$S" eth0 off
	else
		ip -n "$C" link add eth0 type veth peer name eth0 netns "$S"
	fi
	ip -n "$C" addr add $C4/24 dev eth0
	ip -n "$S" addr add $S4/24 dev eth0
	ip -n "$C" addr add $C6/64 dev eth0 nodad
	ip -n "$S" addr add $S6/64 dev eth0 nodad
	ip -n "$C" link set eth0 up
	ip -n "$S" link set eth0 up
	# No duplicate address detection and no router to wait for.
	for n in "$C" "$S"; do
		ip netns exec "$n" sysctl -qw net.ipv6.conf.eth0.accept_ra=0
		wait_for 10 no_tentative "$n" || diag "addresses stay tentative in $n"
	done
}

no_tentative() { ! ip -n "$1" -6 addr show dev eth0 | grep -q tentative; }

# addr_of FLAG: the server's address for xfer -4, -6, -m
addr_of() { if [ "$1" = -6 ]; then echo $S6; else echo $S4; fi; }

# tcpcrypt_sysctl NS NAME VALUE
tcpcrypt_sysctl()
{
	[ -n "$HAVE_MODULE" ] || return 0
	ip netns exec "$1" sysctl -qw "net.tcpcrypt.$2=$3"
}

# --------------------------------------------------------------- counters

# stat NS NAME
stat()
{
	ip netns exec "$1" cat /proc/net/tcpcrypt_stat 2>/dev/null |
		awk -v n="$2" '{ gsub(":", "", $1) } $1 == n { v = $2 } END { print v + 0 }'
}

# stats NS [PREFIX]: "NAME VALUE" of all counters that are not zero
stats()
{
	ip netns exec "$1" cat /proc/net/tcpcrypt_stat 2>/dev/null |
		awk -v p="${2-}" '{ gsub(":", "", $1) } $2 + 0 && index($1, p) == 1 { print $1, $2 }'
}

# stats_delta BEFORE AFTER: the lines that grew, "NAME BY"
stats_delta()
{
	awk 'NR == FNR { was[$1] = $2; next } $2 > was[$1] + 0 { print $1, $2 - was[$1] }' \
		<(printf '%s\n' "$1") <(printf '%s\n' "$2")
}

# ------------------------------------------------------------- connections

# value FILE KEY: of a line of key=value pairs, or of one pair per line
value()
{
	sed -nE "s/^(.*[[:space:]])?$2=([^[:space:]]*).*/\\2/p" "$1" | tail -n 1
}

# xfer_pair WHAT "CLIENT ARGS" "SERVER ARGS": one transfer from C to S; logs
# stay in $TMP/client.log and $TMP/server.log. Status 0: both ends say ok.
# shellcheck disable=SC2086
xfer_pair()
{
	local client=$1 server=$2 crc src limit=${XFER_LIMIT:-90}
	start_ready server in_s "$BIN/xfer" -l -p $PORT -t "$limit" $server || return 1
	local sp=$PID
	start client in_c "$BIN/xfer" -p $PORT -t "$limit" $client
	local cp=$PID
	ended $((limit + 5)) "$cp"
	crc=$?
	# A server that never got its connection need not wait for its bound.
	if grep -q 'reason="connect' "$TMP/client.log"; then kill "$sp" 2>/dev/null; fi
	ended $((limit + 5)) "$sp"
	src=$?
	[ $crc -eq 0 ] && [ $src -eq 0 ]
}

# check_xfer WHAT CLIENT-ARGS SERVER-ARGS: the same as one TAP line, and the
# session IDs of both ends agree
check_xfer()
{
	if xfer_pair "$2" "$3" && same_session; then
		ok "$1"
		return 0
	fi
	not_ok "$1"
	show_xfer
	return 1
}

same_session()
{
	local a b
	a=$(value "$TMP/client.log" sessid)
	b=$(value "$TMP/server.log" sessid)
	[ -n "$a" ] && [ "$a" = "$b" ]
}

show_xfer()
{
	sed 's/^/# client: /' "$TMP/client.log"
	sed 's/^/# server: /' "$TMP/server.log"
	[ -z "$HAVE_MODULE" ] || {
		stats "$C" | sed 's/^/# counters C: /'
		stats "$S" | sed 's/^/# counters S: /'
	}
}

# expect_encrypted NS NS2: both ends list the same, not empty, set of sessions
expect_encrypted()
{
	local a b
	[ -n "$HAVE_MODULE" ] || return 0
	a=$(stat "$1" Established)
	b=$(stat "$2" Established)
	[ "$a" -gt 0 ] && [ "$b" -gt 0 ]
}
