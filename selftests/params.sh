#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Module parameters and sysctls: what is accepted, what is refused and how,
# what a new network namespace starts with, and what a write changes.
#
# Loads and unloads the module in TCPCRYPT_KO, so nobody else may use it.
#
# shellcheck disable=SC2317 # called by "run"

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

PARAMS=/sys/module/tcpcrypt/parameters
SYSCTL=/proc/sys/net/tcpcrypt
NS=tc-p-$$

[ -e "${TCPCRYPT_KO:-}" ] || bail "TCPCRYPT_KO does not name the module"
# Leave it as it was: other tests may come after this one.
if [ -d "$PARAMS" ]; then
	CLEANUP+=("unload; load loopback=$(cat $PARAMS/loopback)")
	rmmod tcpcrypt || bail "the module is in use"
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

# accepted PARAMETER VALUE
accepted()
{
	local got

	if ! run "$1=$2 is accepted" load "$1=$2"; then
		return
	fi
	got=$(cat "$PARAMS/$1")
	is "$1=$2 can be read back" "$got" "$2"
	unload
}

ports_list() { seq -s, 1 "$1"; }

test_refused()
{
	refused enable 2 invalid
	refused enable maybe invalid
	refused loopback x invalid
	refused teps '' x25519
	refused teps rot13 x25519
	refused teps x25519,rot13 x25519
	refused teps x25519,x25519 twice
	refused teps x25519, x25519
	refused teps ,x25519 x25519
	refused teps X25519 x25519
	refused teps x2551 x25519
	refused teps x25519x x25519
	refused teps "$(printf '%0900d' 0)" x25519
	refused ciphers '' aes128gcm
	refused ciphers aes aes128gcm
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
	refused exclude_ports "$(ports_list 65)" 64
	refused kex_timeout 0 300
	refused kex_timeout 301 300
	refused kex_timeout -1 invalid
	refused kex_timeout 10s invalid
	refused kex_timeout 4294967297 invalid
	refused max_halfopen 15 1048576
	refused max_halfopen 1048577 1048576
	refused max_frame 63 65000
	refused max_frame 65001 65000
	refused max_frame '' invalid
}

test_accepted()
{
	accepted teps p256
	accepted teps p256,x25519
	accepted ciphers chacha20poly1305,aes128gcm
	accepted exclude_ports ''
	accepted exclude_ports 1,65535,1-65535
	accepted exclude_ports "$(ports_list 64)"
	accepted kex_timeout 1
	accepted kex_timeout 300
	accepted max_halfopen 16
	accepted max_halfopen 1048576
	accepted max_frame 64
	accepted max_frame 65000
	accepted loopback Y
	accepted enable N
}

test_defaults()
{
	local p modes

	run "load without parameters" load || return
	is "enable" "$(cat $PARAMS/enable)" Y
	is "loopback" "$(cat $PARAMS/loopback)" N
	is "teps" "$(cat $PARAMS/teps)" x25519,p256
	is "ciphers" "$(cat $PARAMS/ciphers)" aes128gcm,aes256gcm,chacha20poly1305
	is "exclude_ports" "$(cat $PARAMS/exclude_ports)" \
		22,261,443,465,563,614,636,684,695,853,989,990,992-995,5061,6697,8883,9993
	is "kex_timeout" "$(cat $PARAMS/kex_timeout)" 10
	is "max_halfopen" "$(cat $PARAMS/max_halfopen)" 4096
	is "max_frame" "$(cat $PARAMS/max_frame)" 16384
	modes=$(for p in "$PARAMS"/*; do stat_mode "$p"; done | sort -u | tr '\n' ' ')
	is "only enable can be written" "$modes" "444 644 "
	is "enable can be written" "$(stat_mode $PARAMS/enable)" 644
	unload
}

stat_mode() { command stat -c %a "$1"; }

sysctl_of() { ip netns exec "$1" cat "$SYSCTL/$2"; }

# set_sysctl NS NAME VALUE
set_sysctl()
{
	# shellcheck disable=SC2016 # expanded by the inner shell
	ip netns exec "$1" sh -c 'echo "$2" >"$1"' - "$SYSCTL/$2" "$3" 2>/dev/null
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

test_sysctls()
{
	run "load with parameters" load loopback=1 kex_timeout=7 max_halfopen=99 \
		max_frame=777 || return
	add_ns "$NS"
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
	is "the first namespace keeps its own" "$(cat $SYSCTL/kex_timeout)" 7
	run "there are counters" ip netns exec "$NS" test -r /proc/net/tcpcrypt_stat
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
	local i n=0 pids=()

	run "load" load
	(for i in $(seq 40); do ip netns add "$NS-r$i" && ip netns del "$NS-r$i"; done) &
	pids+=($!)
	(for i in $(seq 200); do echo $((i % 2)) >$PARAMS/enable; done) &
	pids+=($!)
	wait "${pids[@]}"
	is "all writes have gone through" "$(cat $PARAMS/enable)$(cat $SYSCTL/enable)" N0
	run "unload" unload
	(for i in $(seq 40); do ip netns add "$NS-s$i" && ip netns del "$NS-s$i"; done) &
	pids=($!)
	# Readers do not wait for the module's init to be over.
	(while [ ! -e "$TMP/loaded" ]; do "$BIN/nlcheck" dump; done) >/dev/null 2>&1 &
	pids+=($!)
	for i in $(seq 8); do
		load || break
		wait_for 5 unload || break
		n=$i
	done
	: >"$TMP/loaded"
	wait "${pids[@]}"
	is "loaded and unloaded while namespaces come and go" "$n" 8
}

test_refused
test_accepted
test_defaults
test_sysctls
test_enable
test_races
finish
