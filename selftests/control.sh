#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Steering over generic netlink: the specification is what the kernel does, each
# attribute of the configuration arrives where it should, who may do what, what
# is told to listeners, and requests that make no sense.
#
# shellcheck disable=SC2016,SC2317 # expanded by an inner shell; called by "run"

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

NLCTL=$BIN/nlctl
NLCHECK=$BIN/nlcheck
TOP=$SELFTESTS/..
SYSCTL=/proc/sys/net/tcpcrypt

[ -n "$HAVE_MODULE" ] || bail "the module is not loaded"

ctl_c() { in_c "$NLCTL" "$@"; }
sysctl_of() { in_c cat "$SYSCTL/$1"; }
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }

test_spec()
{
	run "the kernel does what the specification says" sh -c "'$NLCTL' describe |
		python3 '$SELFTESTS/nlspec.py' '$TOP/Documentation/netlink/specs/tcpcrypt.yaml' \
			'$TOP/include/uapi/linux/tcpcrypt.h'"
	diag "$(tail -n 1 "$TMP/run.log")"
}

# ----------------------------------------------------------- configuration

# knob NAME VALUE [BEYOND]: set over netlink, read over netlink and as a sysctl;
# what is beyond the bounds is refused and changes nothing
knob()
{
	local n
	run "set $1=$2" ctl_c set "$1=$2"
	is "the sysctl $1 has it" "$(sysctl_of "$1")" "$2"
	n=${NUMBER[$1]}
	run "config-get has it" grep -q "^$n $2\$" <<<"$(in_c "$NLCHECK" config)"
	[ -z "${3-}" ] || {
		is "$1=$3 is refused" "$(ctl_c set max_frame=100 "$1=$3")" "ERANGE: out of range"
		is "$1 has not changed" "$(sysctl_of "$1")" "$2"
	}
}

# Numbers of the attributes, from their names
declare -A NUMBER
while read -r name number; do
	NUMBER[$name]=$number
done < <(sed -n '/^enum tcpcrypt_config_attr {/,/^}/p' "$TOP/include/uapi/linux/tcpcrypt.h" |
	awk '/TCPCRYPT_A_CONFIG_/ { gsub(/^\tTCPCRYPT_A_CONFIG_|[ ,].*/, ""); print tolower($0), ++n }')

test_config()
{
	knob enable 0 2
	knob enable 1
	knob loopback 1 2
	knob resume 0 2
	knob eno_enable_connect 0 2
	knob eno_enable_listen 0 2
	knob mark 4294967295
	knob cache_size 7 1048577
	knob cache_lifetime 8 0
	knob syn_retries 9 0
	knob max_halfopen 17 15
	knob rekey_bytes 12345678901
	knob rekey_secs 11 2592001
	knob kex_timeout 12 301
	knob max_frame 64 63
	knob blackhole_size 13 65537
	knob blackhole_lifetime 14 0
	is "a request with an error changes nothing" "$(sysctl_of max_frame)" 64

	run "key exchanges" ctl_c set tep=33 tep=35
	is "the sysctl teps has them" "$(sysctl_of teps)" p256,x25519
	is "unknown ones are refused" "$(ctl_c set tep=35 tep=99)" \
		"EINVAL: unknown here, or given twice"
	is "and twice the same" "$(ctl_c set tep=35 tep=35)" \
		"EINVAL: unknown here, or given twice"
	is "or beyond a byte" "$(ctl_c set tep=291)" "EINVAL: unknown here, or given twice"
	is "nothing has changed" "$(sysctl_of teps)" p256,x25519
	run "ciphers" ctl_c set aead=16 aead=1
	is "the sysctl ciphers has them" "$(sysctl_of ciphers)" chacha20poly1305,aes128gcm
	for list in exclude:exclude_ports ports:ports bad_connect:eno_bad_connect_ports \
		bad_listen:eno_bad_listen_ports; do
		local key=${list%:*} name=${list#*:}
		run "$name" ctl_c set "$key=5" "$key=80-90"
		is "the sysctl $name has them" "$(sysctl_of "$name")" "5,80-90"
		is "$name: a range that is none" "$(ctl_c set "$key=5-4")" \
			"EINVAL: the first port is above the last"
		run "$name: none" ctl_c set "$key="
		is "the sysctl $name is empty" "$(sysctl_of "$name")" ""
	done
	is "nothing to set" "$(ctl_c set)" ""
	is "the other namespace keeps its own" \
		"$(in_s cat $SYSCTL/mark $SYSCTL/kex_timeout | tr '\n' ' ')" "0 10 "
}

# ------------------------------------------------------ requests that are wrong

# Mutilated requests in each series
FUZZ=${TCPCRYPT_NLFUZZ:-1000}

wrong() { is "$1" "$(ctl_c "${@:3}")" "$2"; }

test_wrong()
{
	local i

	wrong "a rule without a verdict" "EINVAL: a rule needs a verdict" add dir=in
	wrong "a rule of two families" "EINVAL: family and addresses do not belong together" \
		add laddr=1.2.3.4 raddr=::1 verdict=offer
	wrong "a family and an address of another" \
		"EINVAL: family and addresses do not belong together" \
		add family=10 laddr=1.2.3.4 verdict=offer
	wrong "a prefix of no address" "EINVAL: a prefix of no address" add lprefix=8 verdict=offer
	wrong "a prefix too long" "EINVAL: a prefix longer than the address" \
		add raddr=1.2.3.4/33 verdict=offer
	wrong "a mask of no mark" "EINVAL: a mask of no mark" add mask=1 verdict=offer
	wrong "ports the wrong way round" "EINVAL: the first port is above the last" \
		add lports=9-8 verdict=offer
	wrong "port 0" "ERANGE: integer out of range" add rports=0 verdict=offer
	wrong "a verdict that is none" "ERANGE: integer out of range" add verdict=5
	wrong "more than aware" "ERANGE: integer out of range" add verdict=next aware=2
	wrong "more than no cache" "ERANGE: integer out of range" add verdict=next nocache=2
	wrong "more than off" "ERANGE: integer out of range" add verdict=next off=2
	wrong "a direction that is none" "ERANGE: integer out of range" add dir=3 verdict=offer
	wrong "a prefix beyond all" "ERANGE: integer out of range" add raddr=::/129 verdict=offer
	wrong "an ID given by a user" "EINVAL: Unsupported attribute" add id=7 verdict=offer
	wrong "the user nobody can be" "EINVAL: there is no such user ID here" \
		add uid=4294967295 verdict=offer
	wrong "a place in a whole policy" "EINVAL: the rules of a whole policy are in order" \
		replace before=1 verdict=offer
	wrong "one wrong rule of many" "EINVAL: a rule needs a verdict" \
		replace verdict=offer , dir=in , verdict=refuse
	is "changes nothing" "$(ctl_c policy | wc -l)" 0
	wrong "delete without an ID" "EINVAL: the ID of a rule is needed" del
	wrong "read without an ID" "EINVAL: the ID of a rule is needed" rule
	wrong "flush a port of no address" "EINVAL: an address is needed" flush "" 80
	wrong "flush what is not there" 0 flush 1.2.3.4 80
	wrong "new keys for what" \
		"EINVAL: a cookie, or both addresses and both ports are needed" rekey
	wrong "new keys for a connection that is not there" ENOENT rekey 77
	for i in 1 2 3; do
		is "mutilated requests, series $i" \
			"$(as_nobody "$NLCTL" fuzz $((i * 7919)) "$FUZZ")" survived
		is "mutilated requests of an administrator, series $i" \
			"$(ctl_c fuzz $((i * 104729)) "$FUZZ")" survived
	done
	# Whatever they have set, the namespace works on.
	ctl_c replace
	ctl_c flush >/dev/null
	run "and it still answers" ctl_c policy
}

# -------------------------------------------------------------- who may what

WRITES="add:verdict=offer del:1 replace: flush: set:kex_timeout=9 rekey:1"

# may WHO COMMAND...: reads work, changes do not
may_only_read()
{
	local who=$1 w
	shift
	for w in $WRITES; do
		# shellcheck disable=SC2086 # may be no word
		is "$who may not: ${w%%:*}" "$("$@" "$NLCTL" "${w%%:*}" ${w#*:})" EPERM
	done
	run "$who may read connections" "$@" "$NLCHECK" dump
	run "$who may read the configuration" "$@" "$NLCHECK" config
	run "$who may read rules" "$@" "$NLCTL" policy
	run "$who may read black holes" "$@" "$NLCTL" blackholes
	run "$who may listen" start_ready listens "$@" "$NLCTL" events
	stop "$PID"
}

test_permissions()
{
	may_only_read "nobody" in_c setpriv --reuid=65534 --regid=65534 --clear-groups
	# Root of a user namespace, in a network namespace that is not its own
	may_only_read "root of a container" in_c unshare -Ur
	# and in its own, as a container has it
	run "a container changes its own namespace" unshare -Urn sh -c "
		'$NLCTL' add uid=0 verdict=refuse &&
		'$NLCTL' set kex_timeout=9 &&
		[ \$(cat $SYSCTL/kex_timeout) = 9 ] &&
		'$NLCTL' policy | grep -q ' uid=0 ' &&
		'$NLCTL' flush && '$NLCTL' replace"
	is "with user IDs of its own" "$(unshare -Urn "$NLCTL" add uid=1 verdict=offer)" \
		"EINVAL: there is no such user ID here"
	is "and nobody else's" "$(sysctl_of kex_timeout)" "$(in_c "$NLCHECK" config |
		sed -n "s/^${NUMBER[kex_timeout]} //p")"
	is "root in the namespace may" "$(ctl_c add verdict=offer | sed 's/[0-9]*$//')" "id="
	ctl_c replace
}

# ---------------------------------------------- rules that say more than yes

# details NS: of the connections there
details() { "$SELFTESTS/../userspace/tcnetstat/tcnetstat" -N "$1" -x --remote ":$2" | grep -c "$3"; }
client_of() { start_ready "$1" in_c "$BIN/many" $S4 "$2" 1; }

test_rule_options()
{
	local peer

	start_ready options-s in_s "$BIN/many" -l $S4 $PORT
	local sp=$PID
	client_of warm $PORT
	is "no rule: neither is aware" "$(details "$C" $PORT aware:yes)" 0
	ctl_c add rports=$PORT verdict=next aware=1 nocache=1 >/dev/null
	is "a rule is listed with all it says" "$(ctl_c policy | sed 's/^id=[0-9]* //')" \
		"rports=$PORT-$PORT verdict=next aware=1 nocache=1 hits=0"
	client_of aware $PORT
	is "an application-aware connection" "$(details "$C" $PORT 'resumed:no.* self_aware:yes')" 1
	peer=$("$SELFTESTS/../userspace/tcnetstat/tcnetstat" -N "$S" -x | grep -c ' peer_aware:yes')
	is "seen at the other end" "$peer" 1
	ctl_c add rports=$PORT verdict=refuse >/dev/null
	client_of refused $PORT
	is "the next rule decides" "$(details "$C" $PORT state:)" 2
	ctl_c replace verdict=next off=1
	client_of off $PORT
	is "off" "$(details "$C" $PORT state:)" 2
	ctl_c replace verdict=next off=1 , verdict=require
	client_of required $PORT
	is "but encryption that is required stays so" "$(details "$C" $PORT state:)" 3
	ctl_c replace
	client_of after $PORT
	is "without it sessions are resumed" "$(details "$C" $PORT 'resumed:yes')" 2
	in_s "$NLCTL" add lports=$PORT verdict=next aware=1 >/dev/null
	client_of listener $PORT
	is "a rule for the listening end" "$(details "$C" $PORT ' peer_aware:yes')" 1
	in_s "$NLCTL" replace
	kill -9 "$sp"
	wait "$sp" 2>/dev/null
}

# ------------------------------------------------------------------ events

seen() { has_line "$TMP/events-$1.log" "$2"; }

test_events()
{
	local cookie

	start_ready events-c in_c "$NLCTL" events
	start_ready events-s in_s "$NLCTL" events
	start_ready server in_s "$BIN/many" -l $S4 $PORT
	local sp=$PID
	start client in_c "$BIN/many" $S4 $PORT 1
	local cp=$PID
	run "established, active end" wait_for 30 seen c '^established .* passive=0'
	run "established, passive end" wait_for 30 seen s '^established .* passive=1'
	cookie=$(sed -n 's/^established cookie=\([0-9]*\) .*/\1/p' "$TMP/events-c.log" | head -n 1)
	is "it is a connection that can be read" "$(in_c "$NLCHECK" get "cookie=$cookie")" "$cookie"
	run "rekey it" ctl_c rekey "$cookie"
	run "rekeyed, at the end that was asked" wait_for 30 seen c "^rekeyed cookie=$cookie .* tx_gen=1"
	run "rekeyed, at the other end" wait_for 30 seen s '^rekeyed .* tx_gen=1'
	kill -9 "$cp"
	run "an end of it" wait_for 30 seen c "^(closed|failed) cookie=$cookie "
	run "at the other end, too" wait_for 30 seen s '^(closed|failed) '
	kill -9 "$sp"
	wait "$cp" "$sp" 2>/dev/null
	tcpcrypt_sysctl "$S" enable 0
	xfer_pair "-c $S4 -b 1k" "-b 1k"
	run "fell back, and why" wait_for 30 seen c '^fallback .* why=FallbackNoSynAckEno'
	ctl_c add verdict=require >/dev/null
	xfer_pair "-c $S4 -b 1k" "-b 1k -t 5"
	run "failed, and why" wait_for 30 seen c '^failed .* error=71 .*why=FallbackNoSynAckEno'
	tcpcrypt_sysctl "$S" enable 1
	tcpcrypt_sysctl "$C" enable 0
	n=$(wc -l <"$TMP/events-c.log")
	ctl_c replace
	xfer_pair "-c $S4 -b 1k" "-b 1k"
	is "no news of what was never offered" "$(wc -l <"$TMP/events-c.log")" "$n"
	tcpcrypt_sysctl "$C" enable 1
	is "nothing of the other namespace" "$(grep -c 'passive=1' "$TMP/events-c.log")" 0
}

# ------------------------------------------------- dumps while things change

# Rules are replaced during dumps: each dump is of one policy, or says so
test_policy_dump()
{
	local i out bad=0 changed=0

	ctl_c many 500
	(while [ ! -e "$TMP/dumped" ]; do ctl_c many 500; done) &
	local churn=$!
	for i in $(seq 30); do
		out=$(ctl_c policy)
		if grep -q interrupted <<<"$out"; then
			changed=$((changed + 1))
			continue
		fi
		# one policy has IDs without a gap
		[ "$(awk -F '[= ]' 'NR == 1 { first = $2 } END { print NR, $2 - first }' \
			<<<"$out")" = "500 499" ] || bad=$((bad + 1))
	done
	: >"$TMP/dumped"
	wait $churn
	is "dumps of rules while they are replaced" "$bad" 0
	diag "$changed of 30 say that they were interrupted"
	ctl_c replace
}

setup_ns direct
test_spec
test_wrong
test_permissions
test_rule_options
test_events
test_policy_dump
test_config
finish
