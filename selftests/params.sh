#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Module parameters and sysctls: what is accepted, what is refused and how,
# what a new network namespace starts with, and what a write changes.
#
# Loads and unloads the module in TCPCRYPT_KO, so nobody else may use it.
#
# Parameters and sysctls go by one table of bounds and one parser of lists. Each
# load takes a second in an emulated machine, so every value is tried on the
# sysctls; on the parameters one of each kind is, and that each of them ends up
# where it belongs. TCPCRYPT_LONG=1 tries every value on the parameters as well.
#
# shellcheck disable=SC2317 # called by "run"

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

PARAMS=/sys/module/tcpcrypt/parameters
SYSCTL=/proc/sys/net/tcpcrypt
NS=tc-p-$$
LONG=${TCPCRYPT_LONG-}

[ -e "${TCPCRYPT_KO:-}" ] || bail "TCPCRYPT_KO does not name the module"
# Leave it as it was: other tests may come after this one.
if [ -d "$PARAMS" ]; then
	CLEANUP+=("unload; load loopback=$(cat $PARAMS/loopback)")
	wait_for 60 rmmod tcpcrypt || bail "the module is in use"
else
	CLEANUP+=('unload')
fi

unload() { ! grep -q '^tcpcrypt ' /proc/modules || rmmod tcpcrypt; }

load() { insmod "$TCPCRYPT_KO" "$@"; }

# Lines of the kernel log since the last mark that speak of the module, but
# not of its being out of the tree or without a signature
mark() { echo "tcpcrypt-test-mark $1" >/dev/kmsg; }

log_since()
{
	dmesg | sed "1,/tcpcrypt-test-mark $1\$/d" | sed 's/^\[[^]]*\] //' |
		grep '^tcpcrypt: ' | grep -v 'taint'
}

BAD=0

# refused PARAMETER VALUE PATTERN: insmod fails, with one line in the log
refused()
{
	local what="$1=$2 is refused" lines

	BAD=$((BAD + 1))
	mark "$BAD"
	if load "$1=$2" 2>/dev/null; then
		not_ok "$what"
		unload
		return
	fi
	lines=$(log_since "$BAD")
	if [ "$(printf '%s\n' "$lines" | wc -l)" -eq 1 ] &&
	   printf '%s\n' "$lines" | grep -Eq -- "$1.*$3|$3.*$1"; then
		ok "$what, in one line"
	else
		not_ok "$what, in one line"
		diag "expected one line with '$1' and '$3', got:"
		diag "$lines"
	fi
}

ports_list() { seq -s, 1 "$1"; }

# One of each kind of mistake, and of each way it is found
test_refused()
{
	refused enable maybe invalid
	refused teps '' x25519
	refused teps x25519,x25519 twice
	refused ciphers aes aes128gcm
	refused ports 80,80- 'not a port'
	refused exclude_ports "$(ports_list 65)" 64
	refused kex_timeout 0 300
	refused max_halfopen 1048577 1048576
	refused mark 4294967296 invalid
}

test_refused_long()
{
	refused enable 2 invalid
	refused loopback x invalid
	refused teps rot13 x25519
	refused teps x25519,rot13 x25519
	refused teps x25519, x25519
	refused teps ,x25519 x25519
	refused teps X25519 x25519
	refused teps x2551 x25519
	refused teps x25519x x25519
	refused teps "$(printf '%0900d' 0)" x25519
	refused ciphers '' aes128gcm
	refused ciphers aes128gcm,,aes256gcm aes128gcm
	refused ciphers aes128gcm,aes256gcm,aes128gcm twice
	refused exclude_ports 0 'not a port'
	refused exclude_ports 65536 'not a port'
	refused exclude_ports 4294967318 'not a port'
	refused exclude_ports -1 'not a port'
	refused exclude_ports 80- 'not a port'
	refused exclude_ports 80-70 'not a port'
	refused exclude_ports 80-90-100 'not a port'
	refused exclude_ports 80,,443 'not a port'
	refused exclude_ports http 'not a port'
	refused exclude_ports 0x50 'not a port'
	refused kex_timeout 301 300
	refused kex_timeout -1 invalid
	refused kex_timeout 10s invalid
	refused kex_timeout 4294967297 invalid
	refused max_halfopen 15 1048576
	refused max_frame 63 65000
	refused max_frame 65001 65000
	refused max_frame '' invalid
	refused ports 0 'not a port'
	refused ports "$(ports_list 65)" 64
	refused mark x invalid
	refused resume 2 invalid
	refused cache_size 1048577 1048576
	refused cache_lifetime 0 2592000
	refused cache_lifetime 2592001 2592000
	refused syn_retries 0 127
	refused syn_retries 128 127
	refused rekey_bytes x invalid
	refused rekey_secs 2592001 2592000
	refused blackhole_size 65537 65536
	refused blackhole_lifetime 0 2592000
	refused blackhole_lifetime 2592001 2592000
}

# accepted_all NAME=VALUE...: all in one load, and all can be read back
accepted_all()
{
	local arg

	run "accepted: $(cut -c 1-60 <<<"$*").." load "$@" || return
	for arg in "$@"; do
		is "${arg%%=*} can be read back" "$(cat "$PARAMS/${arg%%=*}")" "${arg#*=}"
	done
	unload
}

# The smallest and the greatest of all, and lists of every length
test_accepted()
{
	accepted_all enable=N loopback=N resume=N teps=p256 ciphers=aes256gcm \
		ports= exclude_ports=1,65535,1-65535 mark=0 kex_timeout=1 \
		max_halfopen=16 max_frame=64 cache_size=0 cache_lifetime=1 \
		syn_retries=1 rekey_bytes=0 rekey_secs=0 blackhole_size=0 \
		blackhole_lifetime=1
	accepted_all enable=Y loopback=Y resume=Y teps=p256,x25519 \
		ciphers=chacha20poly1305,aes128gcm ports=80,8000-8099 \
		exclude_ports="$(ports_list 64)" mark=4294967295 kex_timeout=300 \
		max_halfopen=1048576 max_frame=65000 cache_size=1048576 \
		cache_lifetime=2592000 syn_retries=127 \
		rekey_bytes=18446744073709551615 rekey_secs=2592000 \
		blackhole_size=65536 blackhole_lifetime=2592000
}

test_defaults()
{
	local p modes

	run "load without parameters" load || return
	is "enable" "$(cat $PARAMS/enable)" Y
	is "loopback" "$(cat $PARAMS/loopback)" N
	is "teps" "$(cat $PARAMS/teps)" x25519,x448,p256,p521
	is "ciphers" "$(cat $PARAMS/ciphers)" aes128gcm,aes256gcm,chacha20poly1305
	is "exclude_ports" "$(cat $PARAMS/exclude_ports)" \
		22,261,443,465,563,614,636,684,695,853,989,990,992-995,5061,6697,8883,9993
	is "kex_timeout" "$(cat $PARAMS/kex_timeout)" 10
	is "max_halfopen" "$(cat $PARAMS/max_halfopen)" 4096
	is "max_frame" "$(cat $PARAMS/max_frame)" 16384
	is "ports" "$(cat $PARAMS/ports)" ''
	is "mark" "$(cat $PARAMS/mark)" 0
	is "resume" "$(cat $PARAMS/resume)" Y
	is "cache_size" "$(cat $PARAMS/cache_size)" 4096
	is "cache_lifetime" "$(cat $PARAMS/cache_lifetime)" 3600
	is "syn_retries" "$(cat $PARAMS/syn_retries)" 2
	is "rekey_bytes" "$(cat $PARAMS/rekey_bytes)" 0
	is "rekey_secs" "$(cat $PARAMS/rekey_secs)" 3600
	is "blackhole_size" "$(cat $PARAMS/blackhole_size)" 1024
	is "blackhole_lifetime" "$(cat $PARAMS/blackhole_lifetime)" 1800
	is "keylog" "$(cat $PARAMS/keylog)" N
	is "the key log is for root alone" "$(stat_mode $PARAMS/keylog)" 600
	# What a parameter says is what the first namespace has; the key log is the
	# machine's.
	of_netns=$(cd $PARAMS && printf "%s\n" * | grep -vx keylog)
	is "the first namespace has what the parameters say" \
		"$(for p in $of_netns; do echo "$p $(tr YN 10 <"$PARAMS/$p")"; done)" \
		"$(for p in $of_netns; do echo "$p $(cat "$SYSCTL/$p")"; done)"
	modes=$(for p in $of_netns; do stat_mode "$PARAMS/$p"; done | sort -u | tr '\n' ' ')
	is "only enable can be written" "$modes" "444 644 "
	is "enable can be written" "$(stat_mode $PARAMS/enable)" 644
	unload
}

stat_mode() { command stat -c %a "$1"; }

# A shell in the namespace of the test: its sysctls are those of whoever opens
# the file, and a process for each would take most of the time.
inner_shell()
{
	coproc INNER { exec nsenter --net="/run/netns/$NS" bash 2>/dev/null; }
	exec {INNER_IN}>&"${INNER[1]}" {INNER_OUT}<&"${INNER[0]}"
	CLEANUP+=("kill $INNER_PID")
}

# inner COMMAND: its output is in REPLY, its status the function's
inner()
{
	local line status

	# shellcheck disable=SC2016 # expanded by the inner shell
	printf '{ %s; }; s=$?; echo; echo "status $s"\n' "$1" >&"$INNER_IN"
	REPLY=
	while IFS= read -r line <&"$INNER_OUT"; do
		[[ ! $line =~ ^status\ ([0-9]+)$ ]] || break
		REPLY+=${REPLY:+$'\n'}$line
	done
	status=${BASH_REMATCH[1]-255}
	return "$status"
}

sysctl_of()
{
	if [ "$1" != "$NS" ]; then
		in_ns "$1" cat "$SYSCTL/$2"
	else
		inner "printf %s \"\$(<$SYSCTL/$2)\"" && printf '%s\n' "$REPLY"
	fi
}

# set_sysctl NS NAME VALUE
set_sysctl()
{
	local command

	printf -v command 'echo %q >%q' "$3" "$SYSCTL/$2"
	if [ "$1" != "$NS" ]; then
		in_ns "$1" bash -c "$command" 2>/dev/null
	else
		inner "$command"
	fi
}

# in_range NAME MIN MAX: both are accepted, one less and one more are not
in_range()
{
	local was

	run "$1 takes $2" set_sysctl "$NS" "$1" "$2"
	run "$1 takes $3" set_sysctl "$NS" "$1" "$3"
	was=$(sysctl_of "$NS" "$1")
	fails "$1 refuses $(($2 - 1))" set_sysctl "$NS" "$1" $(($2 - 1))
	fails "$1 refuses $(($3 + 1))" set_sysctl "$NS" "$1" $(($3 + 1))
	fails "$1 refuses a word" set_sysctl "$NS" "$1" word
	is "$1 has not changed" "$(sysctl_of "$NS" "$1")" "$was"
}

# list_takes NAME VALUE...: each can be written and is read back
list_takes()
{
	local name=$1 v
	shift
	for v in "$@"; do
		run "$name takes '$v'" set_sysctl "$NS" "$name" "$v"
		is "$name reads '$v'" "$(sysctl_of "$NS" "$name")" "$v"
	done
}

# list_refuses NAME VALUE...: none can be written, and nothing changes
list_refuses()
{
	local name=$1 was v
	shift
	was=$(sysctl_of "$NS" "$name")
	for v in "$@"; do
		fails "$name refuses '$(cut -c 1-40 <<<"$v")'" set_sysctl "$NS" "$name" "$v"
	done
	is "$name has not changed" "$(sysctl_of "$NS" "$name")" "$was"
}

test_lists()
{
	local name

	list_takes teps p256 x25519,p256 p256,x25519
	list_refuses teps '' rot13 x25519,x25519 x25519, X25519
	list_takes ciphers chacha20poly1305 aes256gcm,aes128gcm
	list_refuses ciphers '' aes aes128gcm,aes128gcm aes128gcm,,aes256gcm
	for name in ports exclude_ports eno_bad_connect_ports eno_bad_listen_ports; do
		list_takes "$name" 80,443,8000-8099 1-65535 "$(ports_list 64)" ''
		list_refuses "$name" 0 65536 80- 90-80 80, http "$(ports_list 65)" \
			"$(printf '%02000d' 1)"
	done
	is "the first namespace keeps its own lists" \
		"$(cat $SYSCTL/teps) $(cat $SYSCTL/ports)" "p256 77,80-90"
}

test_sysctls()
{
	mark sysctls
	run "load with parameters" load keylog=1 loopback=1 kex_timeout=7 max_halfopen=99 \
		max_frame=777 teps=p256 ports=77,80-90 mark=5 resume=0 cache_size=3 \
		cache_lifetime=4 syn_retries=6 rekey_bytes=8 rekey_secs=9 \
		blackhole_size=10 blackhole_lifetime=11 || return
	is "keylog=1" "$(cat $PARAMS/keylog)" Y
	run "the kernel log warns of it" grep -q "KEY LOG IS ON" < <(log_since sysctls)
	echo 0 >$PARAMS/keylog
	add_ns "$NS"
	inner_shell
	is "a new namespace has teps and ports" \
		"$(sysctl_of "$NS" teps) $(sysctl_of "$NS" ports)" "p256 77,80-90"
	is "a new namespace has the other numbers" \
		"$(for n in mark resume cache_size cache_lifetime syn_retries rekey_bytes \
			rekey_secs blackhole_size blackhole_lifetime; do
			sysctl_of "$NS" $n
		done | tr '\n' ' ')" "5 0 3 4 6 8 9 10 11 "
	is "a new namespace has eno_enable_connect" "$(sysctl_of "$NS" eno_enable_connect)" 1
	is "a new namespace has eno_enable_listen" "$(sysctl_of "$NS" eno_enable_listen)" 1
	is "a new namespace has no bad ports" \
		"$(sysctl_of "$NS" eno_bad_connect_ports)$(sysctl_of "$NS" eno_bad_listen_ports)" ""
	is "a new namespace has enable" "$(sysctl_of "$NS" enable)" 1
	is "a new namespace has loopback" "$(sysctl_of "$NS" loopback)" 1
	is "a new namespace has kex_timeout" "$(sysctl_of "$NS" kex_timeout)" 7
	is "a new namespace has max_halfopen" "$(sysctl_of "$NS" max_halfopen)" 99
	is "a new namespace has max_frame" "$(sysctl_of "$NS" max_frame)" 777
	in_range enable 0 1
	in_range loopback 0 1
	in_range kex_timeout 1 300
	in_range max_halfopen 16 1048576
	in_range max_frame 64 65000
	in_range resume 0 1
	in_range eno_enable_connect 0 1
	in_range eno_enable_listen 0 1
	in_range mark 0 4294967295
	in_range cache_size 0 1048576
	in_range cache_lifetime 1 2592000
	in_range syn_retries 1 127
	in_range rekey_secs 0 2592000
	in_range blackhole_size 0 65536
	in_range blackhole_lifetime 1 2592000
	run "rekey_bytes takes 2^63" set_sysctl "$NS" rekey_bytes 9223372036854775808
	fails "rekey_bytes refuses a word" set_sysctl "$NS" rekey_bytes word
	is "rekey_bytes has not changed" "$(sysctl_of "$NS" rekey_bytes)" 9223372036854775808
	test_lists
	is "every sysctl has been tried" "$(find $SYSCTL -type f | wc -l)" 22
	is "the first namespace keeps its own" "$(cat $SYSCTL/kex_timeout)" 7
	run "there are counters" in_ns "$NS" test -r /proc/net/tcpcrypt_stat
}

# Written while the namespace above exists and its enable is 1
test_enable()
{
	local new=$NS-2

	run "write enable=0" sh -c "echo 0 >$PARAMS/enable"
	is "the first namespace is off" "$(cat $SYSCTL/enable)" 0
	is "the other namespace is off" "$(sysctl_of "$NS" enable)" 0
	add_ns "$new"
	is "a new namespace is off" "$(sysctl_of "$new" enable)" 0
	run "switch one on" set_sysctl "$new" enable 1
	is "it is on" "$(sysctl_of "$new" enable)" 1
	is "the others stay off" "$(sysctl_of "$NS" enable)$(cat $SYSCTL/enable)" 00
	run "write enable=1" sh -c "echo 1 >$PARAMS/enable"
	is "all are on" \
		"$(sysctl_of "$NS" enable)$(sysctl_of "$new" enable)$(cat $SYSCTL/enable)" 111
	fails "enable refuses a word" sh -c "echo word >$PARAMS/enable"
	del_ns "$new"
	unload
	fails "without the module there are no sysctls" test -e $SYSCTL
	fails "without the module there are no counters" test -e /proc/net/tcpcrypt_stat
}

# Namespaces come and go while enable is written and the module is reloaded
test_races()
{
	local i n=0 pids=() few=10 some=25 loads=3

	if [ -n "$LONG" ]; then few=40 some=100 loads=8; fi

	run "load" load
	(for i in $(seq $some); do echo x25519,p256 >$SYSCTL/teps; echo p256 >$SYSCTL/teps; done) &
	pids+=($!)
	(for i in $(seq $some); do cat $SYSCTL/*; done) >/dev/null &
	pids+=($!)
	(for i in $(seq $few); do ip netns add "$NS-r$i" && ip netns del "$NS-r$i"; done) &
	pids+=($!)
	(for i in $(seq $((2 * some))); do echo $((i % 2)) >$PARAMS/enable; done) &
	pids+=($!)
	wait "${pids[@]}"
	is "all writes have gone through" "$(cat $PARAMS/enable)$(cat $SYSCTL/enable)" N0
	run "unload" unload
	(for i in $(seq $few); do ip netns add "$NS-s$i" && ip netns del "$NS-s$i"; done) &
	pids=($!)
	# Readers do not wait for the module's init to be over.
	(while [ ! -e "$TMP/loaded" ]; do "$BIN/nlcheck" dump; done) >/dev/null 2>&1 &
	pids+=($!)
	for i in $(seq $loads); do
		load || break
		wait_for 20 unload || break
		n=$i
	done
	: >"$TMP/loaded"
	wait "${pids[@]}"
	is "loaded and unloaded while namespaces come and go" "$n" $loads
}

test_refused
[ -z "$LONG" ] || test_refused_long
test_accepted
test_defaults
test_sysctls
test_enable
test_races
finish
