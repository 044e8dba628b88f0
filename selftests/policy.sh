#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Which connections are encrypted: rules by everything they can ask for, their
# order, the configuration behind them, marks that nftables and iptables set,
# and what becomes of a connection that must be encrypted and cannot be.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

NLCTL=$BIN/nlctl
ANY_PORT=7100
# connect() with TCP_MD5SIG
MD5="
import errno, socket, struct
s = socket.socket()
addr = struct.pack('!H4s', $PORT, socket.inet_aton('$S4')).rjust(6)
key = struct.pack('=H', socket.AF_INET) + addr + bytes(120)
s.setsockopt(socket.IPPROTO_TCP, 14, key + struct.pack('=BBHi80s', 0, 0, 3, 0, b'key'))
s.settimeout(60)
try:
    s.connect(('$S4', $PORT))
    print('connected')
except OSError as e:
    print(errno.errorcode.get(e.errno, e))
"

# A program that has switched encryption off for its socket
OFF="
import errno, socket
s = socket.socket()
s.setsockopt(socket.IPPROTO_TCP, 31, b'tcpcrypt')
s.setsockopt(socket.IPPROTO_TCP, 0x454e01, 0)
s.settimeout(60)
try:
    s.connect(('$S4', $PORT))
    print('connected')
except OSError as e:
    print(errno.errorcode.get(e.errno, e))
"

# One that gives a connection up that must not be, and begins another at once
AGAIN="
import ctypes, socket, time
libc = ctypes.CDLL(None)
hit = 0
for i in range(50):
    s = socket.socket()
    s.setsockopt(socket.IPPROTO_TCP, 31, b'tcpcrypt')
    s.setsockopt(socket.IPPROTO_TCP, 0x454e01, 0)
    s.setblocking(False)
    s.connect_ex(('$S4', $PORT))
    libc.connect(s.fileno(), bytes(16), 16)
    # nobody is there, so it lasts
    s.connect_ex(('${S4%.*}.99', 1))
    time.sleep(.02)
    hit += s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0
    s.close()
print(hit)
"

[ -n "$HAVE_MODULE" ] || bail "the module is not loaded"

ctl_c() { in_c "$NLCTL" "$@"; }
ctl_s() { in_s "$NLCTL" "$@"; }
sysctl_c() { tcpcrypt_sysctl "$C" "$@"; }
sysctl_s() { tcpcrypt_sysctl "$S" "$@"; }

# conn WHAT plain|encrypted [FLAG [client argument...]]
conn()
{
	local what=$1 how=$2 f=${3--4}
	shift $(($# > 3 ? 3 : $#))
	if xfer_pair "-c $(addr_of "$f") $f -b 1k --expect $how $*" \
		"$f -b 1k --expect $how"; then
		ok "$what: $how"
	else
		not_ok "$what: $how"
		show_xfer
	fi
}

# denied WHAT ERRNO [FLAG [client argument...]]: connect() fails with it
denied()
{
	local what=$1 errno=$2 f=${3--4}
	shift $(($# > 3 ? 3 : $#))
	xfer_pair "-c $(addr_of "$f") $f -b 1k $*" "$f -b 1k -t 5"
	if grep -q "reason=\"connect" "$TMP/client.log" &&
	   grep -q "$errno" "$TMP/client.log"; then
		ok "$what: $errno"
	else
		not_ok "$what: $errno"
		show_xfer
	fi
}

# rules NS RULE [, RULE]...: the whole policy
rules() { ip netns exec "$1" "$NLCTL" replace "${@:2}" || not_ok "rules: ${*:2}"; }

# --------------------------------------------- everything a rule can ask for

# matches WHAT FLAG RULE NOT-RULE [client argument...]: a rule that refuses
# makes the connection plain, and one that asks for something else does not
matches()
{
	local what=$1 f=$2 yes=$3 no=$4
	shift 4
	# shellcheck disable=SC2086 # words of a rule
	rules "$C" $yes verdict=refuse
	conn "$what matches" plain "$f" "$@"
	# shellcheck disable=SC2086 # words of a rule
	rules "$C" $no verdict=refuse
	conn "$what, another" encrypted "$f" "$@"
}

test_rules_out()
{
	conn "no rules" encrypted
	matches "a rule for all" -4 "" dir=in
	matches "direction" -4 dir=out dir=in
	matches "family" -4 family=2 family=10
	matches "family" -6 family=10 family=2
	matches "remote address" -4 raddr=$S4 raddr=10.77.0.3
	matches "remote address" -6 raddr=$S6 raddr=fd77::3
	matches "remote network" -4 raddr=10.77.1.0/23 raddr=10.77.1.0/24
	matches "remote network" -6 raddr=fd77::/16 raddr=fd78::/16
	matches "any remote address" -4 raddr=0.0.0.0/0 raddr=::/0
	matches "local address" -4 laddr=$C4/32 laddr=$S4
	matches "remote port" -4 rports=$PORT rports=$((PORT + 1))
	matches "remote ports" -4 rports=6999-7001 rports=7001-65535
	matches "local ports" -4 lports=1024-65535 lports=1-1023
	matches "mark" -4 mark=7 mark=8 --mark 7
	matches "mark and mask" -4 mark=7/3 mark=7/4 --mark 3
	matches "user" -4 uid=0 uid=1
	matches "all of it" -6 \
		"dir=out family=10 raddr=$S6/64 laddr=$C6 rports=$PORT lports=1-65535 mark=0 uid=0" \
		"dir=out family=10 raddr=$S6/64 laddr=$C6 rports=$PORT lports=1-65535 mark=0 uid=1"
	rules "$C" raddr=$S4 verdict=refuse
	conn "IPv4-mapped address of an IPv4 rule" plain -m
	rules "$C"
}

test_rules_in()
{
	rules "$S" dir=in raddr=$C4 lports=$PORT uid=0 verdict=refuse
	conn "incoming: refused" plain
	conn "incoming: IPv6 is another" encrypted -6
	conn "incoming: IPv4-mapped" plain -m
	rules "$S" dir=out verdict=refuse
	conn "incoming: a rule for outgoing ones" encrypted
	rules "$S" dir=in uid=1 verdict=refuse
	conn "incoming: another user listens" encrypted
	rules "$S"
}

test_order()
{
	local a b c

	rules "$C" rports=$PORT verdict=offer , verdict=refuse
	conn "the first that matches decides" encrypted
	rules "$C" verdict=refuse , rports=$PORT verdict=offer
	conn "and not the last" plain
	a=$(ctl_c policy | sed -n '1s/id=\([0-9]*\) .*/\1/p')
	b=$(ctl_c add before="$a" rports=$PORT verdict=offer)
	b=${b#id=}
	is "one goes before another" "$(ctl_c policy | head -n 1 | cut -d ' ' -f 1)" "id=$b"
	conn "and decides" encrypted
	# A connection is looked up once, however long it lasts.
	is "it has been hit once" "$(ctl_c rule "$b" | sed 's/.* hits=//')" 1
	xfer_pair "-c $S4 -b 2M --expect encrypted" "-b 2M --expect encrypted"
	is "segments are not looked up" "$(ctl_c rule "$b" | sed 's/.* hits=//')" 2
	c=$(ctl_c add dir=in verdict=require)
	is "the last goes last" "$(ctl_c policy | tail -n 1 | cut -d ' ' -f 1,2)" "$c dir=in"
	is "hits stay when rules come" "$(ctl_c rule "$b" | sed 's/.* hits=//')" 2
	run "delete one" ctl_c del "$b"
	conn "it decides no more" plain
	is "nor is it there" "$(ctl_c rule "$b")" ENOENT
	is "delete it again" "$(ctl_c del "$b")" ENOENT
	is "before a rule that is not there" "$(ctl_c add before="$b" verdict=offer)" \
		"ENOENT: there is no rule to go before"
	run "1024 rules" ctl_c many 1024
	is "all are there" "$(ctl_c policy | wc -l)" 1024
	is "in order" "$(ctl_c policy | sed 's/.* uid=\([0-9]*\) .*/\1/' | sort -nc && echo yes)" yes
	is "one more is too many" "$(ctl_c add verdict=offer)" "ENOSPC: too many rules"
	is "1025 at once are too many" "$(ctl_c many 1025)" "E2BIG: too many rules"
	is "and change nothing" "$(ctl_c policy | wc -l)" 1024
	rules "$C"
	is "none is left" "$(ctl_c policy | wc -l)" 0
	is "the other namespace has its own" "$(ctl_s policy | wc -l)" 0
}

# -------------------------------------------------- what holds without rules

test_config()
{
	local old=$PORT

	PORT=$PLAIN_PORT
	conn "an excluded port" plain
	rules "$C" rports=$PORT verdict=offer
	conn "a rule at one end does not move the other" plain
	rules "$S" lports=$PORT verdict=offer
	conn "rules go before excluded ports" encrypted
	rules "$C"
	rules "$S"
	sysctl_c exclude_ports ""
	sysctl_s exclude_ports ""
	conn "no excluded ports" encrypted
	PORT=$old
	sysctl_c exclude_ports $PORT
	conn "another excluded port" plain
	sysctl_c exclude_ports 9993
	sysctl_s exclude_ports 9993

	sysctl_c ports 80,7001
	conn "other ports only" plain
	sysctl_c ports 80,6990-7001
	conn "these ports only" encrypted
	sysctl_c ports ""

	sysctl_c eno_enable_connect 0
	conn "eno_enable_connect=0" plain
	sysctl_c eno_enable_connect 1
	sysctl_c eno_enable_listen 0
	conn "eno_enable_listen=0 of an active opener" encrypted
	sysctl_c eno_enable_listen 1
	sysctl_s eno_enable_listen 0
	conn "eno_enable_listen=0" plain
	sysctl_s eno_enable_listen 1
	sysctl_c eno_bad_connect_ports $PORT
	conn "eno_bad_connect_ports" plain
	sysctl_c eno_bad_connect_ports 1-6999,7001-65535
	conn "eno_bad_connect_ports is about the remote port" encrypted
	sysctl_c eno_bad_connect_ports ""
	sysctl_s eno_bad_listen_ports $PORT
	conn "eno_bad_listen_ports" plain
	sysctl_s eno_bad_listen_ports 1-6999,7001-65535
	conn "eno_bad_listen_ports is about the local port" encrypted
	sysctl_s eno_bad_listen_ports ""
}

# lo WHAT plain|encrypted: from S to itself
lo()
{
	start_ready server in_s "$BIN/xfer" -l -p $ANY_PORT -b 1k -t 30 --expect "$2"
	local sp=$PID
	run "$1: $2" in_s "$BIN/xfer" -c 127.0.0.1 -p $ANY_PORT -b 1k -t 30 --expect "$2"
	ended 30 "$sp"
}

test_loopback()
{
	sysctl_s loopback 1
	lo "loopback=1" encrypted
	sysctl_s loopback 0
	lo "loopback=0" plain
	rules "$S" laddr=127.0.0.0/8 verdict=offer
	lo "loopback=0 and a rule" encrypted
	rules "$S"
	sysctl_s loopback 1
}

# ------------------------------------------------------------------ marks

nft_c() { in_c nft "$@"; }
nft_s() { in_s nft "$@"; }

test_marks_out()
{
	sysctl_c mark 666
	conn "divert mark, nobody sets it" plain
	conn "divert mark, the application sets it" encrypted -4 --mark 666
	nft_c add table inet t
	nft_c add chain inet t out '{ type filter hook output priority 0; }'
	nft_c add rule inet t out tcp dport $PORT meta mark set 666
	conn "divert mark, nftables sets it" encrypted
	conn "divert mark, nftables sets it, IPv6" encrypted -6
	nft_c flush chain inet t out
	nft_c add rule inet t out tcp dport $((PORT + 1)) meta mark set 666
	conn "divert mark, nftables sets it on another port" plain
	nft_c delete table inet t
	in_c iptables -t mangle -A OUTPUT -p tcp --dport $PORT -j MARK --set-mark 666
	conn "divert mark, iptables sets it" encrypted
	conn "divert mark, iptables does not for IPv6" plain -6
	in_c iptables -t mangle -F OUTPUT
	conn "divert mark, iptables sets it no more" plain
	# What the packet filter sets is what rules see, too.
	sysctl_c mark 0
	nft_c add table inet t
	nft_c add chain inet t out '{ type filter hook output priority 300; }'
	nft_c add rule inet t out tcp dport $PORT meta mark set 5
	rules "$C" mark=5 verdict=refuse
	conn "a rule sees what nftables has set" plain
	rules "$C" mark=6 verdict=refuse
	conn "a rule sees what nftables has not set" encrypted
	nft_c delete table inet t
	rules "$C"
}

test_marks_in()
{
	sysctl_s mark 666
	conn "divert mark of incoming, nobody sets it" plain
	nft_s add table inet t
	nft_s add chain inet t pre '{ type filter hook prerouting priority 0; }'
	nft_s add rule inet t pre tcp dport $PORT meta mark set 666
	conn "divert mark of incoming, nftables sets it" encrypted
	conn "divert mark of incoming, nftables sets it, IPv6" encrypted -6
	nft_s delete table inet t
	conn "divert mark of incoming, nftables sets it no more" plain
	nft_s add table inet t
	nft_s add chain inet t in '{ type filter hook input priority 0; }'
	nft_s add rule inet t in tcp dport $PORT meta mark set 666
	conn "divert mark of incoming, nftables sets it in the input chain" encrypted
	nft_s delete table inet t
	in_s iptables -t mangle -A INPUT -p tcp --dport $PORT -j MARK --set-mark 666
	conn "divert mark of incoming, iptables sets it" encrypted
	in_s iptables -t mangle -F INPUT
	sysctl_s mark 0
	nft_s add table inet t
	nft_s add chain inet t in '{ type filter hook input priority 0; }'
	nft_s add rule inet t in meta mark set 5
	rules "$S" dir=in mark=5 verdict=refuse
	conn "a rule sees the mark of an incoming SYN" plain
	rules "$S"
	nft_s delete table inet t
}

# ---------------------------------------------------------------- require

test_require_out()
{
	local f n

	rules "$C" dir=out rports=$PORT verdict=require
	for f in -4 -6 -m; do
		conn "required and possible, $f" encrypted $f
		sysctl_s enable 0
		n=$(stat "$C" RequireRefused)
		denied "required and not possible, $f" EPROTO $f
		is "counted, $f" "$(($(stat "$C" RequireRefused) - n))" 1
		sysctl_s enable 1
	done
	# A signature option rules TCP-ENO out.
	is "required of a socket that cannot" "$(in_c python3 -c "$MD5" 2>&1 | tail -n 1)" EPROTO
	is "required of a socket that does not want to" "$(in_c python3 -c "$OFF" 2>&1 | tail -n 1)" EPROTO
	is "another connection of that socket is not hit" "$(in_c python3 -c "$AGAIN" 2>&1 | tail -n 1)" 0
	rules "$C" dir=out mark=9 verdict=require
	conn "required by mark" encrypted -4 --mark 9
	sysctl_s enable 0
	denied "required by mark and not possible" EPROTO -4 --mark 9
	conn "not required by mark" plain
	sysctl_s enable 1
	rules "$C"
}

test_require_in()
{
	local f n

	rules "$S" dir=in lports=$PORT verdict=require
	for f in -4 -6 -m; do
		conn "required of the peer and possible, $f" encrypted $f
		sysctl_c enable 0
		n=$(stat "$S" RequireRefused)
		denied "required of a peer that does not, $f" ECONNREFUSED $f
		is "counted at the passive end, $f" "$(($(stat "$S" RequireRefused) - n))" 1
		sysctl_c enable 1
	done
	# A SYN cookie cannot remember what was negotiated.
	in_s sysctl -qw net.ipv4.tcp_syncookies=2
	denied "required and only a SYN cookie" ECONNREFUSED
	in_s sysctl -qw net.ipv4.tcp_syncookies=1
	rules "$S" dir=in uid=1 verdict=require
	sysctl_c enable 0
	conn "required of another listener" plain
	sysctl_c enable 1
	# No option in common
	sysctl_c teps p256
	sysctl_s teps x25519
	rules "$S" dir=in verdict=require
	denied "required and nothing in common" ECONNREFUSED
	sysctl_c teps x25519,p256
	sysctl_s teps x25519,p256
	rules "$S"
	rules "$C" verdict=require
	rules "$S" verdict=require
	conn "required at both ends" encrypted
	rules "$C"
	rules "$S"
}

# ---------------------------------------------------- one policy or the other

# flip: one set of rules after the other, until the file is there
flip()
{
	local n=0
	while [ ! -e "$TMP/flipped" ]; do
		ctl_c replace dir=out verdict=require || break
		ctl_c replace uid=1 verdict=refuse , rports=$PORT verdict=require , \
			dir=out verdict=refuse || break
		n=$((n + 2))
	done
	echo "$n" >"$TMP/flips"
}

# plain: how many connections of C were not offered encryption, or lost it
plain() { stats "$C" | awk '/^(SynExcluded|SynIneligible|SynNoSpace|SynBlackholed|Fallback)/ { n += $2 } END { print n + 0 }'; }

# Both of two policies require encryption of what would be plain without them,
# and they take turns while connections are made
test_replace()
{
	# What is cut off may become a black hole: no port of the others
	local before PORT=7050

	sysctl_c exclude_ports $PORT
	before=$(plain)
	conn "without a rule" plain
	is "and that is counted" "$(($(plain) - before))" 1
	rules "$C" dir=out verdict=require
	start_ready churn-s in_s "$BIN/churn" -l -p $PORT -s 60
	local server=$PID
	before=$(plain)
	flip &
	local flipper=$!
	in_c "$BIN/churn" -c $S4 -p $PORT -n 20 -s 3 >"$TMP/churn.log" 2>&1
	: >"$TMP/flipped"
	wait $flipper
	is "a policy is replaced by another at once: no connection is plain" \
		"$(($(plain) - before))" 0
	run "many connections were made" test "$(value "$TMP/churn.log" opened)" -ge 20
	run "none failed" test "$(value "$TMP/churn.log" failed)" = 0
	run "the policy was replaced often" test "$(<"$TMP/flips")" -ge 2
	diag "$(<"$TMP/flips") policies, $(grep opened "$TMP/churn.log")"
	stop "$server"
	rules "$C"
	sysctl_c exclude_ports 9993
}

setup_ns direct
sysctl_c loopback 1
test_replace
test_rules_out
test_rules_in
test_order
test_config
test_loopback
test_marks_out
test_marks_in
test_require_out
test_require_in
finish
