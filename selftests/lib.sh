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
USERSPACE=$SELFTESTS/../userspace
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

diag() { printf '# %s\n' "${*//$'\n'/$'\n# '}"; }

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

# part WHAT ARGS...: some cases of options/ in C, as one line
part()
{
	local what=$1
	shift
	if in_c "$BIN/options" "$@" >"$TMP/part.log" 2>&1; then
		ok "$what"
	else
		not_ok "$what"
		grep -v '^ok' "$TMP/part.log" | sed 's/^/# /'
	fi
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

# A process costs tens of milliseconds in an emulated machine, so whatever is
# done often is done by the shell itself.

now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

# nap SECONDS: nothing is ever written to the pipe
exec {NAP}<> <(:)
nap() { read -rt "$1" -u "$NAP" || :; }

# wait_for SECONDS COMMAND...: until the command succeeds
wait_for()
{
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/[.,]/}" -lt $end ] || return 1
		nap 0.02
	done
}

# has_line FILE ERE: some line of the file matches
has_line()
{
	local line
	while IFS= read -r line; do
		[[ ! $line =~ $2 ]] || return 0
	done <"$1" 2>/dev/null
	return 1
}

PIDS=()

# start NAME COMMAND...: in the background, output in $TMP/NAME.log; PID is set
start()
{
	local name=$1
	shift
	# A function would run in a subshell, and PID be that of the subshell.
	case $1 in
	in_c) shift; set -- nsenter --net="/run/netns/$C" "$@" ;;
	in_s) shift; set -- nsenter --net="/run/netns/$S" "$@" ;;
	in_m) shift; set -- nsenter --net="/run/netns/$M" "$@" ;;
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

# The shell may not have reaped it yet.
alive()
{
	local stat
	read -r stat 2>/dev/null <"/proc/$1/stat" && [[ ${stat##*) } != [ZX]* ]]
}

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
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
	while alive "$2"; do
		if [ "${EPOCHREALTIME/[.,]/}" -ge $end ]; then
			kill -9 "$2" 2>/dev/null
			wait "$2" 2>/dev/null
			return 124
		fi
		nap 0.01
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

# As "ip netns exec", but without mounting another /sys each time
in_ns()
{
	local ns=$1
	shift
	nsenter --net="/run/netns/$ns" "$@"
}

in_c() { in_ns "$C" "$@"; }
in_s() { in_ns "$S" "$@"; }
in_m() { in_ns "$M" "$@"; }

add_ns()
{
	ip netns add "$1" || bail "cannot make a network namespace"
	NETNS+=("$1")
	nsenter --net="/run/netns/$1" sleep infinity </dev/null >/dev/null 2>&1 &
	KEEPER[$1]=$!
	PIDS+=($!)
	wait_for 20 test "/proc/$!/ns/net" -ef "/run/netns/$1" ||
		bail "cannot enter a network namespace"
	ip -n "$1" link set lo up
}

del_ns()
{
	local n keep=()
	kill "${KEEPER[$1]}" 2>/dev/null
	unset "KEEPER[$1]"
	ip netns del "$1" || return
	for n in "${NETNS[@]}"; do
		[ "$n" = "$1" ] || keep+=("$n")
	done
	NETNS=(${keep[@]+"${keep[@]}"})
}

# offloads NS LINK on|off: off means every packet is whole, with its checksum
offloads()
{
	in_ns "$1" ethtool -K "$2" tx "$3" sg "$3" tso "$3" gso "$3" \
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
		in_ns "$n" sysctl -qw net.ipv6.conf.eth0.accept_ra=0
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
	in_ns "$1" sysctl -qw "net.tcpcrypt.$2=$3"
}

# fresh_keys: no connection between the two is resumed; for tests that look
# at key exchanges
fresh_keys()
{
	tcpcrypt_sysctl "$C" resume 0
	tcpcrypt_sysctl "$S" resume 0
}

# drop_first NS RULE: the first packet in that matches is lost
drop_first()
{
	ip netns exec "$1" nft -f - <<-NFT
		table inet lossy {
			chain in {
				type filter hook prerouting priority -500;
				$2 numgen inc mod 1000000 == 0 drop
			}
		}
	NFT
}

undrop()
{
	in_c nft delete table inet lossy 2>/dev/null
	in_s nft delete table inet lossy 2>/dev/null
}

# --------------------------------------------------------------- counters

# A process in each namespace, through which its /proc/net is read
declare -A KEEPER=()

# counters NS: /proc/net/tcpcrypt_stat of a namespace
counters()
{
	[ -n "$HAVE_MODULE" ] || return 0
	if [ -n "${KEEPER[$1]-}" ]; then
		echo "$(<"/proc/${KEEPER[$1]}/net/tcpcrypt_stat")"
	else
		in_ns "$1" cat /proc/net/tcpcrypt_stat 2>/dev/null
	fi
}

# stat NS NAME
stat()
{
	local name value found=0
	while read -r name value; do
		[ "${name%:}" != "$2" ] || found=$value
	done < <(counters "$1")
	echo "$found"
}

# stats NS [PREFIX]: "NAME VALUE" of all counters that are not zero
stats()
{
	local name value
	while read -r name value; do
		name=${name%:}
		[[ $name != "${2-}"* || $value = 0 ]] || echo "$name $value"
	done < <(counters "$1")
}

# stats_delta BEFORE AFTER: the lines that grew, "NAME BY"
stats_delta()
{
	local name value
	local -A was=()
	while read -r name value; do
		[ -z "$name" ] || was[$name]=$value
	done <<<"$1"
	while read -r name value; do
		[ -z "$name" ] || [ "$value" -le "${was[$name]:-0}" ] ||
			echo "$name $((value - ${was[$name]:-0}))"
	done <<<"$2"
}

# ------------------------------------------------------------- connections

# value FILE KEY: of a line of key=value pairs, or of one pair per line
value()
{
	local line found=
	while IFS= read -r line; do
		[[ ! $line =~ (^|[[:space:]])$2=([^[:space:]]*) ]] ||
			found=${BASH_REMATCH[2]}
	done <"$1"
	printf '%s\n' "$found"
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

# capture FILE: what goes through the server's link, until captured; what the
# wire is to show is not merged or split by the device (offloads)
capture()
{
	start tcpdump in_s tcpdump --immediate-mode -U -s 0 -B 16384 -i eth0 \
		-w "$1" tcp port $PORT
	wait_for 60 has_line "$TMP/tcpdump.log" 'listening on' ||
		bail "tcpdump does not start"
	TCPDUMP=$PID
}

# at_rest FILE BYTES: it has more than that, and has not grown for a moment
at_rest()
{
	local a
	a=$(wc -c <"$1")
	[ "$a" -gt "$2" ] || return 1
	nap 0.3
	[ "$(wc -c <"$1")" = "$a" ]
}

# captured FILE BYTES: end the capture once all is in it, which is more than that
captured()
{
	wait_for 60 at_rest "$1" "$2" || diag "the capture is not complete"
	stop "$TCPDUMP"
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

# -------------------------------------------------------------- the daemon

DAEMON=$USERSPACE/tcpcryptd/tcpcryptd
CONF=$TMP/tcpcryptd.conf
# Whom it becomes, unless told otherwise
USERNAME=tcpcryptd

# setup_daemon: two hosts, the user, and an empty CONF that this one can read
setup_daemon()
{
	[ -n "$HAVE_MODULE" ] || bail "the module is not loaded"
	[ -x "$DAEMON" ] || bail "$DAEMON is not built"
	getent passwd $USERNAME >/dev/null ||
		useradd --system --no-create-home --shell /usr/sbin/nologin $USERNAME ||
		bail "cannot make user $USERNAME"
	chmod 755 "$TMP"
	: >"$CONF"
	setup_ns direct
}
