#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What administrators see: the generic netlink family, tcnetstat, the counters
# and the tracepoints. Requests of every wrong shape have to be refused.
#
# shellcheck disable=SC2016,SC2119,SC2317 # awk; no argument; called by "run"

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

TCNETSTAT=$SELFTESTS/../userspace/tcnetstat/tcnetstat
NLCHECK=$BIN/nlcheck
DOC=$SELFTESTS/../Documentation/counters.rst
SCHEMA=$SELFTESTS/../userspace/tcnetstat/tcnetstat.schema.json
TRACE=/sys/kernel/tracing
PAIRS=3
HOLD=60000
PORT6=$((PORT + 10))
TAB=$(printf '\t')

[ -n "$HAVE_MODULE" ] || bail "the module is not loaded"
[ -x "$TCNETSTAT" ] || bail "$TCNETSTAT is not built"

nl_c() { in_c "$NLCHECK" "$@"; }
nl_s() { in_s "$NLCHECK" "$@"; }

# ------------------------------------------------------ wrong requests

# What each malformed request gets; all others EINVAL
expected_errno()
{
	case $1 in
	addr-empty | addr-3 | addr-17 | addr-64) echo ERANGE ;;
	state-beyond | state-max) echo ERANGE ;;
	family-unix | family-beyond) echo ERANGE ;;
	stats-dump | command-0 | command-beyond) echo EOPNOTSUPP ;;
	*) echo EINVAL ;;
	esac
}

test_bad()
{
	local kind=get name errno

	while read -r name errno; do
		if [ "$name" = "#" ]; then
			kind=$errno
			continue
		fi
		is "$kind $name is refused" "$errno" "$(expected_errno "$name")"
	done < <(nl_c bad)
}

# ------------------------------------------------- connections to look at

# hold_one FLAG PORT
hold_one()
{
	start_ready "server$2" in_s "$BIN/xfer" -l "$1" -p "$2" -b 1000 \
		--hold "$HOLD" -t 120 || return 1
	start "client$2" in_c "$BIN/xfer" -c "$(addr_of "$1")" "$1" -p "$2" \
		-b 1000 --hold "$HOLD" -t 120
}

# Connections that stay for a while after the transfer
hold_connections()
{
	local i

	for i in $(seq "$PAIRS"); do
		hold_one -4 $((PORT + i)) || return 1
		hold_one -6 $((PORT6 + i)) || return 1
	done
	wait_for 20 all_open
}

all_open()
{
	[ "$(nl_c dump state=2 | wc -l)" -eq $((2 * PAIRS)) ] &&
		[ "$(nl_s dump state=2 | wc -l)" -eq $((2 * PAIRS)) ]
}

# The third column, sorted
sids() { "$TCNETSTAT" "$@" | awk 'NR > 1 { print $3 }' | sort; }

test_tcnetstat()
{
	local out v4line v6line

	out=$("$TCNETSTAT" -N "$C")
	is "tcnetstat's header" "$(printf '%s\n' "$out" | head -n 1)" \
		"Local address$TAB${TAB}Foreign address$TAB${TAB}SID"
	is "tcnetstat lists all" "$(printf '%s\n' "$out" | wc -l)" $((1 + 2 * PAIRS))
	is "both ends list the same session IDs" "$(sids -N "$C")" "$(sids -N "$S")"
	is "no two alike" "$(sids -N "$C" | uniq | wc -l)" $((2 * PAIRS))
	v4line="^$C4:[0-9]{1,5} *$TAB$S4:$((PORT + 1)) *${TAB}[0-9A-F]{66}\$"
	v6line="^\[$C6\]:[0-9]{1,5} *$TAB\[$S6\]:$((PORT6 + 1)) *${TAB}[0-9A-F]{66}\$"
	run "an IPv4 line" grep -Eq "$v4line" <<<"$out"
	run "an IPv6 line" grep -Eq "$v6line" <<<"$out"
	is "columns of IPv4 are 21 wide" \
		"$(printf '%s\n' "$out" | sed -n 2p | awk -F'\t' '{ print length($1), length($2) }')" \
		"21 21"
	is "IPv4 comes first" "$(printf '%s\n' "$out" | awk 'NR > 1 { print /^\[/ ? 6 : 4 }' | uniq | tr '\n' ' ')" "4 6 "
	is "-4" "$("$TCNETSTAT" -N "$C" -4 | grep -c "^$C4")" $PAIRS
	is "-6" "$("$TCNETSTAT" -N "$C" -6 | grep -c '^\[')" $PAIRS
	is "-4 has no IPv6" "$("$TCNETSTAT" -N "$C" -4 | grep -c '^\[')" 0
	is "any user may look" "$(in_c setpriv --reuid=65534 --regid=65534 --clear-groups "$TCNETSTAT" | wc -l)" \
		$((1 + 2 * PAIRS))
}

test_details()
{
	local out

	out=$("$TCNETSTAT" -N "$C" -4 -x | sed -n 3p)
	run "details: state and opener" grep -q '	state:open opener:active role:A ' <<<"$out"
	run "details: key exchange and cipher" grep -q ' tep:x25519 aead:aes128gcm resumed:no ' <<<"$out"
	run "details: data" grep -Eq ' tx_bytes:1000 tx_frames:[1-9][0-9]* rx_gen:0 rx_bytes:1000 ' <<<"$out"
	out=$("$TCNETSTAT" -N "$S" -4 -x | sed -n 3p)
	run "details of the other end" grep -q '	state:open opener:passive role:B ' <<<"$out"
	out=$("$TCNETSTAT" -N "$S" -j)
	is "JSON has all" "$(grep -o '"session_id"' <<<"$out" | wc -l)" $((2 * PAIRS))
	run "JSON is an array" grep -Eq '^\[.*\]$' <<<"$out"
	run "JSON has numbers and booleans" grep -q '"local_port":[0-9]*,.*"passive":true' <<<"$out"
	out=$("$TCNETSTAT" -N "$S" -j -s)
	run "JSON counters" grep -q "\"Established\":$(stat "$S" Established)[,}]" <<<"$out"
}

test_netns()
{
	local other=tc-o-$$

	add_ns "$other"
	is "another namespace sees none" "$("$TCNETSTAT" -N "$other" | wc -l)" 1
	run "an empty list is no error" "$TCNETSTAT" -N "$other"
	is "nor by cookie" \
		"$(ip netns exec "$other" "$NLCHECK" get "cookie=$(nl_c dump | head -n 1)")" ENOENT
	del_ns "$other"
	fails "an unknown namespace is an error" "$TCNETSTAT" -N no-such-netns
	fails "an unknown option is an error" "$TCNETSTAT" --no-such-option
	fails "a full disk is an error" sh -c "'$TCNETSTAT' >/dev/full"
}

# ------------------------------------------------------------- filters

test_filters()
{
	local cookie first lport

	is "family" "$(nl_c dump family=2 | wc -l) $(nl_c dump family=10 | wc -l)" "$PAIRS $PAIRS"
	is "remote port" "$(nl_c dump rport=$((PORT + 1)) | wc -l)" 1
	is "local port" "$(nl_s dump lport=$((PORT + 1)) | wc -l)" 1
	is "remote address" "$(nl_c dump "raddr=$S4" | wc -l) $(nl_c dump "raddr=$S6" | wc -l)" "$PAIRS $PAIRS"
	is "all of it" "$(nl_c dump "raddr=$S6" "laddr=$C6" rport=$((PORT6 + 2)) state=2 family=10 | wc -l)" 1
	is "no such connection" "$(nl_c dump "raddr=$S4" rport=1 | wc -l)" 0
	is "none has failed" "$(nl_c dump state=4 | wc -l)" 0

	cookie=$(nl_c dump "raddr=$S4" rport=$((PORT + 1)))
	is "by cookie" "$(nl_c get "cookie=$cookie")" "$cookie"
	first=$("$TCNETSTAT" -N "$C" -4 | awk -v p=":$((PORT + 1))" 'index($2, p) { print $1 }')
	lport=${first##*:}
	is "by addresses and ports" \
		"$(nl_c get "laddr=$C4" "lport=$lport" "raddr=$S4" rport=$((PORT + 1)))" "$cookie"
	is "the other way round there is none" \
		"$(nl_c get "laddr=$S4" lport=$((PORT + 1)) "raddr=$C4" rport="$lport")" ENOENT
	is "a cookie nobody has" "$(nl_c get cookie=0xfffffffffffffff0)" ENOENT
	run "ss names the protocol" sh -c \
		"ip netns exec $C ss -tiH 'sport = :$lport' | grep -q tcp-ulp-tcpcrypt"
}

test_config()
{
	local out name attr value old

	out=$(nl_c config)
	is "configuration: key exchanges" "$(awk '$1 == 4 { printf "%s ", $2 }' <<<"$out")" "35 36 33 34 "
	is "configuration: ciphers" "$(awk '$1 == 5 { printf "%s ", $2 }' <<<"$out")" "1 2 16 "
	run "configuration: a range of ports" grep -q '^6 992 995$' <<<"$out"
	tcpcrypt_sysctl "$C" kex_timeout 17
	is "configuration: follows the sysctl" "$(nl_c config | awk '$1 == 7 { print $2 }')" 17
	is "configuration: of this namespace only" "$(nl_s config | awk '$1 == 7 { print $2 }')" 10
	tcpcrypt_sysctl "$C" kex_timeout 10
	is "configuration: version" "$(awk '$1 == 1 { print $2 }' <<<"$out")" \
		"$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$SELFTESTS/../dkms.conf")"
	# each sysctl, the number of its attribute, and a value
	while read -r name attr value; do
		old=$(in_c cat "/proc/sys/net/tcpcrypt/$name")
		tcpcrypt_sysctl "$C" "$name" "$value"
		is "configuration: $name" "$(nl_c config | sed -n "s/^$attr //p")" "${value/-/ }"
		tcpcrypt_sysctl "$C" "$name" "$old"
	done <<-KNOBS
		enable 2 0
		loopback 3 0
		max_halfopen 8 77
		max_frame 9 777
		ports 11 7000-7002
		mark 12 5
		resume 13 0
		cache_size 14 88
		cache_lifetime 15 99
		syn_retries 16 6
		rekey_bytes 17 8589934592
		rekey_secs 18 66
		blackhole_size 19 55
		blackhole_lifetime 20 44
		eno_enable_connect 21 0
		eno_enable_listen 22 0
		eno_bad_connect_ports 23 33-34
		eno_bad_listen_ports 24 22-23
	KNOBS
}

# Whose connection, how old, and that it must be encrypted
test_owner()
{
	local out server

	in_c "$BIN/nlctl" replace dir=out verdict=require
	start_ready server-nobody in_s "$BIN/xfer" -l -p $((PORT + 90)) -b 1000 --hold 60000 -t 90
	server=$PID
	start client-nobody in_c setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$BIN/xfer" -c $S4 -p $((PORT + 90)) -b 1000 --hold 60000 -t 90
	wait_for 30 received_all || not_ok "no connection of nobody"
	in_c "$BIN/nlctl" replace
	out=$("$TCNETSTAT" -N "$C" -x --remote ":$((PORT + 90))")
	run "details: owner" grep -Eq ' uid:65534 cookie:[0-9a-f]+$' <<<"$out"
	run "details: age" grep -Eq ' age:[0-9]+\.[0-9]{3}s' <<<"$out"
	run "details: required" grep -q ' require:yes' <<<"$out"
	out=$("$TCNETSTAT" -N "$S" -x -a)
	is "details: not required of the other end" "$(grep -c ' require:yes' <<<"$out")" 0
	stop "$PID"
	stop "$server"
}

# shellcheck disable=SC2317 # called by wait_for
received_all()
{
	"$TCNETSTAT" -N "$C" -x --remote ":$((PORT + 90))" |
		grep -Eq ' rx_bytes:1000 rx_frames:[1-9]'
}

# ------------------------------------------------------------ counters

test_counters()
{
	local names

	names=$(in_c awk '{ print $1 }' /proc/net/tcpcrypt_stat)
	is "every counter is documented, in this order" "$names" \
		"$(grep -E '^[A-Z][A-Za-z]+$' "$DOC" | grep -vxE 'Counters|Frames|End')"
	is "tcnetstat -s is /proc/net/tcpcrypt_stat" "$("$TCNETSTAT" -s -N "$C")" \
		"$(in_c cat /proc/net/tcpcrypt_stat)"
	is "Established, active end" "$(stat "$C" Established)" $((2 * PAIRS))
	is "Established, passive end" "$(stat "$S" Established)" $((2 * PAIRS))
}

# --------------------------------------------------------- tracepoints

DYNDBG=/sys/kernel/debug/dynamic_debug/control

# Connections that encrypt, that become plain and that fail
traced()
{
	xfer_pair "-c $S4 -b 1000" "-b 1000"
	tcpcrypt_sysctl "$S" enable 0
	xfer_pair "-c $S4 -b 1000" "-b 1000"
	in_c "$BIN/nlctl" replace dir=out verdict=require
	xfer_pair "-c $S4 -b 1000 -t 5" "-b 1000 -t 5"
	in_c "$BIN/nlctl" replace
	tcpcrypt_sysctl "$S" enable 1
}

# said WHAT REGEX
said() { run "$1" grep -Eq "$2" <<<"$log"; }

test_trace()
{
	local log ends="laddr=$C4:[0-9]+ raddr=$S4:$PORT"

	mount -t tracefs tracefs $TRACE 2>/dev/null
	mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
	echo >$TRACE/trace
	echo 1 >$TRACE/events/tcpcrypt/enable
	echo "module tcpcrypt +p" >$DYNDBG
	dmesg -C
	traced
	echo 0 >$TRACE/events/tcpcrypt/enable
	echo "module tcpcrypt -p" >$DYNDBG
	log=$(cat $TRACE/trace)
	said "trace: offered to kex" \
		"tcpcrypt_state: cookie=[0-9]+ $ends oldstate=offered newstate=kex"
	said "trace: kex to open, active" "$ends oldstate=kex newstate=open"
	said "trace: kex to open, passive" \
		"laddr=$S4:$PORT raddr=$C4:[0-9]+ oldstate=kex newstate=open"
	said "trace: why it is plain" \
		"tcpcrypt_fallback: cookie=[0-9]+ $ends reason=FallbackNoSynAckEno"
	said "trace: what it failed with" "tcpcrypt_error: cookie=[0-9]+ $ends err=71"
	log=$(dmesg)
	said "dynamic debug: open" "tcpcrypt: connection [0-9]+, ports [0-9]+ and $PORT: open, was kex"
	said "dynamic debug: why it is plain" "and $PORT: plain because of FallbackNoSynAckEno"
	said "dynamic debug: what it failed with" "and $PORT: error 71 because of FallbackNoSynAckEno"
}

# -------------------------------------------------------------- churn

# Connections that stay are in every dump, once, while others come and go;
# TCPCRYPT_CONNS=10000 is the long form
CONNS=${TCPCRYPT_CONNS:-200}
COME_AND_GO=20
DUMPS=20

many() { start "$1" in_c "$BIN/many" "${@:2}" && wait_for 900 has_line "$TMP/$1.log" ^ready; }

# dump_has_all COOKIES COMMAND...: each of them once, and nothing twice
dump_has_all()
{
	local stay=$1 all
	shift
	all=$("$@" | sort)
	[ -z "$(uniq -d <<<"$all")" ] &&
		[ -z "$(comm -23 <(echo "$stay") <(echo "$all"))" ]
}

test_churn()
{
	local stay i bad=0 begin took holder churner

	start_ready many-server in_s "$BIN/many" -l $S4 $PORT
	run "$CONNS connections" many many-stay $S4 $PORT "$CONNS" || return
	holder=$PID
	stay=$(nl_c dump state=2 rport=$PORT | sort)
	is "are all listed" "$(wc -l <<<"$stay")" "$CONNS"
	begin=$(now_ms)
	"$TCNETSTAT" -N "$C" --remote ":$PORT" >"$TMP/list"
	took=$(($(now_ms) - begin))
	is "tcnetstat shows them" "$(wc -l <"$TMP/list")" $((CONNS + 1))
	diag "tcnetstat: $CONNS connections in $took ms"
	run "as JSON, too" sh -c "'$TCNETSTAT' -N '$C' -j >'$TMP/list.json' &&
		python3 '$SELFTESTS/../userspace/tests/schema.py' '$SCHEMA' <'$TMP/list.json'"
	is "all of them" "$(grep -o "\"remote_port\":$PORT,[^}]*\"session_id\"" "$TMP/list.json" | wc -l)" "$CONNS"

	run "others come" many many-churn -c $S4 $PORT $COME_AND_GO || return
	churner=$PID
	for i in $(seq $DUMPS); do
		dump_has_all "$stay" nl_c dump || bad=$((bad + 1))
		# so slow that much happens meanwhile
		dump_has_all "$stay" nl_c slow state=2 || bad=$((bad + 1))
	done
	is "dumps while connections come and go" "$bad" 0
	kill "$churner"
	wait "$churner"
	i=$(sed -n 's/^gone //p' "$TMP/many-churn.log")
	run "and that they did" test "${i:-0}" -ge $((2 * COME_AND_GO))
	diag "$i connections came and went during $((2 * DUMPS)) dumps"
	kill "$holder"
	wait "$holder"
	run "none is listed when they have gone" wait_for 60 none_left
}
none_left() { [ -z "$(nl_c dump rport="$PORT")" ]; }

setup_ns direct
test_bad
run "connections are open" hold_connections || finish
test_tcnetstat
test_details
test_netns
test_filters
test_config
test_counters
test_owner
test_trace
test_churn
finish
