#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tcpcryptd: options, privileges, the control socket to the byte, whatever
# anybody may send to it, signals, a module that comes and goes, settings and
# rules, systemd's side.
#
# shellcheck disable=SC2317 # called by "run" and "wait_for"

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

CTL=$USERSPACE/tests/ctl.py

setup_daemon

# daemon NAME ARGS...: in C; DPID is set
daemon()
{
	local name=$1
	shift
	start "$name" in_c "$DAEMON" -F "$CONF" "$@"
	DPID=$PID
	wait_for 30 has_line "$TMP/$name.log" '^Running' && return
	sed 's/^/# /' "$TMP/$name.log"
	return 1
}

sub()
{
	local line
	while IFS= read -r line; do
		case $line in
		"ok "*) ok "$1: ${line#ok * - }" ;;
		"not ok "*) not_ok "$1: ${line#not ok * - }" ;;
		1..* | "ok"*) ;;
		*) echo "# $line" ;;
		esac
	done < <("${@:2}" 2>&1)
}

# --------------------------------------------------------------- options

test_options()
{
	local o rc

	out=$("$DAEMON" -h)
	# What the program itself takes: its own options and those of old
	for o in $(sed -n 's/^static const char short_options\[\] = "\([^"]*\)";/\1/p' \
		"$USERSPACE/tcpcryptd/opts.c" | tr -d : | fold -w 1); do
		run "-h names -$o" grep -Eq -- "(^  | )-$o\b" <<<"$out"
	done
	for o in -p -x -d -c -u -s -f -U -J -v -h -V -F; do
		run "-h tells about $o" grep -q -- "^  $o, --" <<<"$out"
	done
	is "-V" "$("$DAEMON" -V | cut -d ' ' -f 1-2)" "tcpcrypt version"
	is "--help" "$("$DAEMON" --help)" "$out"
	is "--version" "$("$DAEMON" --version)" "$("$DAEMON" -V)"
	"$DAEMON" -Q >/dev/null 2>&1
	is "an unknown option" $? 1
	"$DAEMON" -u nonsense -F "$CONF" >/dev/null 2>&1
	is "no control address" $? 1
	"$DAEMON" -p much -F "$CONF" >/dev/null 2>&1
	is "no number" $? 1
	"$DAEMON" -x 0xg -F "$CONF" >/dev/null 2>&1
	is "no mark" $? 1
	"$DAEMON" -F "$TMP/none" >/dev/null 2>&1
	is "a configuration that is not there" $? 1
	echo "teps = rot13" >"$TMP/bad.conf"
	"$DAEMON" -F "$TMP/bad.conf" >"$TMP/bad.log" 2>&1
	is "a configuration that makes no sense" $? 1
	run "says where" grep -q "bad.conf:1: 'rot13' is no value for 'teps'" "$TMP/bad.log"
	out=$("$DAEMON" -F "$CONF" -u "@$$" -U nobody-there -f 2>&1)
	is "a user that does not exist" "${out##*: }" "Can't find user 'nobody-there'"
	out=$("$DAEMON" -F "$CONF" -u "@$$" -J /nonexistent -f 2>&1)
	rc=$?
	is "a jail that does not exist" $rc 1
	run "says so" grep -q "Could not chroot to /nonexistent" <<<"$out"
}

test_ignored()
{
	daemon old -f -u "@old-$$" -a -m -n -e -i -P -D -N -R -S 1 -t 9 -T x -C 1 -M 1 -r /dev/zero
	is "options about packets are ignored, a line each" \
		"$(grep -c 'has no meaning with the kernel module, ignored' "$TMP/old.log")" 15
	stop "$DPID"
}

# Each long option does what its letter does
test_long_options()
{
	local uid

	mkdir -p "$TMP/jail"
	uid=$(id -u nobody)
	daemon long --no-network-test --control "@long-$$" --mark 0x29a --no-cache \
		--disable --user nobody --jail "$TMP/jail" --skip-mark 40 --verbose \
		--test-server nowhere.invalid
	is "--mark" "$(config mark)" 666
	is "--no-cache" "$(config resume)" 0
	is "--disable" "$(config enable)" 0
	is "--user" "$(status "$DPID" Uid | tr '\t' ' ')" "$uid $uid $uid $uid"
	is "--jail" "$(readlink "/proc/$DPID/root")" "$TMP/jail"
	run "--skip-mark" grep -q ' mark=64 mask=64 verdict=refuse ' <<<"$(in_c "$BIN/nlctl" policy)"
	run "--verbose" has_line "$TMP/long.log" "^Opening control socket at @long-$$"
	is "--control" "$(in_c python3 "$CTL" "@long-$$" --get 0 999)" "0 01000000"
	stop "$DPID"
	"$DAEMON" --config "$TMP/none" >"$TMP/none.log" 2>&1
	is "--config" $? 1
	run "--config says what is missing" has_line "$TMP/none.log" "$TMP/none"
	in_c "$BIN/nlctl" replace
	in_c sysctl -qw net.tcpcrypt.mark=0 net.tcpcrypt.resume=1 net.tcpcrypt.enable=1
}

# Where it listens when nobody says where
test_default_address()
{
	daemon default -f
	run "the default control socket" test -S /run/tcpcryptd.control
	run "is at the old place, too" test /run/tcpcryptd.control -ef /var/run/tcpcryptd.control
	is "and works" "$(in_c python3 "$CTL" /run/tcpcryptd.control --get 0 999)" "0 01000000"
	stop "$DPID"
	run "it is removed" wait_for 20 test ! -e /run/tcpcryptd.control
}

# ------------------------------------------------------------ privileges

status() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }

test_privileges()
{
	local uid

	uid=$(id -u $USERNAME)
	is "user" "$(status "$DPID" Uid | tr '\t' ' ')" "$uid $uid $uid $uid"
	is "effective capabilities" "$(status "$DPID" CapEff)" 0000000000001000
	is "permitted capabilities" "$(status "$DPID" CapPrm)" 0000000000001000
	is "inheritable capabilities" "$(status "$DPID" CapInh)" 0000000000000000
	is "ambient capabilities" "$(status "$DPID" CapAmb)" 0000000000000000
	is "no new privileges" "$(status "$DPID" NoNewPrivs)" 1
	mkdir -p "$TMP/jail"
	local before=$DPID
	daemon jailed -f -v -u "@jail-$$" -J "$TMP/jail"
	is "locked up" "$(readlink "/proc/$DPID/root")" "$TMP/jail"
	run "tells what it does" has_line "$TMP/jailed.log" \
		"^Attempting to drop privileges with chroot=$TMP/jail and user=$USERNAME"
	sub "locked up" in_c python3 "$CTL" "@jail-$$" "$LOCAL" "$REMOTE" "$SID"
	stop "$DPID"
	DPID=$before
}

# --------------------------------------------------------- control socket

# A connection to ask about: LOCAL, REMOTE, SID
hold()
{
	start_ready server in_s "$BIN/xfer" -l -4 -p $PORT -b 1000 --hold 600000 -t 900 || return 1
	start client in_c "$BIN/xfer" -c $S4 -4 -p $PORT -b 1000 --hold 600000 -t 900
	wait_for 30 is_open || return 1
	LOCAL=$(tcnetstat_c | awk 'NR == 2 { print $1 }')
	REMOTE=$(tcnetstat_c | awk 'NR == 2 { print $2 }')
	SID=$(tcnetstat_c | awk 'NR == 2 { print $3 }')
	[ ${#SID} -eq 66 ]
}
tcnetstat_c() { "$USERSPACE/tcnetstat/tcnetstat" -N "$C"; }
is_open() { [ "$(tcnetstat_c | wc -l)" -eq 2 ] && [ "$(stat "$S" Established)" -gt 0 ]; }

test_control()
{
	sub "path" in_c python3 "$CTL" "$TMP/ctl" "$LOCAL" "$REMOTE" "$SID"
	daemon abstract -f -u "@tc-$$"
	sub "abstract name" in_c python3 "$CTL" "@tc-$$" "$LOCAL" "$REMOTE" "$SID"
	stop "$DPID"
	daemon udp -f -u ":6660"
	sub "UDP" in_c python3 "$CTL" ":6660" "$LOCAL" "$REMOTE" "$SID"
	stop "$DPID"
}

# Replies to a sender in another network namespace cannot arrive
test_other_netns()
{
	for _ in 1 2 3; do
		in_s python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("")
s.sendto(bytes(32) + b"\x04\0\0\0" + bytes(4), sys.argv[1])
' "$TMP/ctl"
	done
	is "after senders in another network namespace" \
		"$(in_c python3 "$CTL" "$TMP/ctl" --get 102 0 | cut -c 1)" 0
}

# A question during the handshake: the connection takes a while here
test_handshake()
{
	local out

	# A session that is resumed has no handshake to wait for
	tcpcrypt_sysctl "$C" resume 0
	ip netns exec "$S" tc qdisc add dev eth0 root netem delay 1500ms
	start_ready slow in_s "$BIN/xfer" -l -4 -p $((PORT + 1)) -b 1 -t 120
	out=$(in_c timeout 100 python3 - "$TMP/ctl" $S4 $((PORT + 1)) <<'PY'
import socket, struct, sys, time
s = socket.socket()
s.connect((sys.argv[2], int(sys.argv[3])))
u = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
u.bind("")
u.settimeout(60)
me, peer = s.getsockname(), s.getpeername()
head = struct.pack("=I4sHxx4sHxxIIII", 1, socket.inet_aton(me[0]), socket.htons(me[1]),
                   socket.inet_aton(peer[0]), socket.htons(peer[1]), 0, 0, 2, 33)
begin = time.monotonic()
u.sendto(head + bytes(33), sys.argv[1])
r = u.recv(1000)
late = time.monotonic() - begin
s.settimeout(60)
sid = s.getsockopt(socket.IPPROTO_TCP, 0x454e02, 33)
print("same" if r[36:] == sid else r.hex(), "late" if late > 1 else late)
PY
	)
	ip netns exec "$S" tc qdisc del dev eth0 root
	tcpcrypt_sysctl "$C" resume 1
	is "a question during the handshake is answered when it has settled" "$out" "same late"
}

as_nobody() { in_c setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }

test_permission()
{
	local port=${LOCAL##*:}

	is "root sets an option of root's connection" \
		"$(set_of "$TMP/ctl" 0)" 0
	is "nobody may not" "$(as_nobody python3 - "$TMP/ctl" "$LOCAL" "$REMOTE" <<<"$SET_PY")" 1
	is "nor in a user namespace of their own" \
		"$(as_nobody unshare -Ur python3 - "$TMP/ctl" "$LOCAL" "$REMOTE" <<<"$SET_PY")" 1
	is "nor through UDP" "$(daemon udp2 -f -u ":6661"
		as_nobody python3 - ":6661" "$LOCAL" "$REMOTE" <<<"$SET_PY"
		stop "$DPID")" 1
	# where anybody can read it
	install -m 644 "$CTL" "$TMP/ctl.py"
	is "anybody may ask" "$(as_nobody python3 "$TMP/ctl.py" "$TMP/ctl" --get 0 "$port")" \
		"0 01000000"
}
SET_PY='
import socket, struct, sys
a, me, peer = sys.argv[1:4]
me, peer = me.rsplit(":", 1), peer.rsplit(":", 1)
if a[0] == ":":
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    a = ("127.0.0.1", int(a[1:]))
else:
    u = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    u.bind("")
u.settimeout(60)
u.sendto(struct.pack("=I4sHxx4sHxxIIIIi", 1, socket.inet_aton(me[0]), socket.htons(int(me[1])),
    socket.inet_aton(peer[0]), socket.htons(int(peer[1])), 2, 0, 0, 4, 0), a)
print(struct.unpack("=I", u.recv(100)[24:28])[0])
'
set_of() { in_c python3 - "$1" "$LOCAL" "$REMOTE" <<<"$SET_PY"; }

# What is set through the socket before connect() holds for the connection, as
# it did for programs of old: a line for each connection
BEFORE_PY='
import socket, struct, sys
ctl, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
GET, SET = 0, 2
ENABLE, SESSID, APP, NOCACHE = 0, 2, 15, 101
u = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
u.bind("")
u.settimeout(60)
def ask(flags, opt, data, me, peer=("0.0.0.0", 0)):
    u.sendto(struct.pack("=I4sHxx4sHxxIIII", 1, socket.inet_aton(me[0]), socket.htons(me[1]),
        socket.inet_aton(peer[0]), socket.htons(peer[1]), flags, 0, opt, len(data)) + data, ctl)
    r = u.recv(4096)
    return struct.unpack("=I", r[24:28])[0], r[36:]
def tell(what, s):
    me, peer = s.getsockname(), s.getpeername()
    err, sid = ask(GET, SESSID, bytes(33), me, peer)
    _, app = ask(GET, APP, bytes(34), me, peer)
    print(what, "plain" if err else "resumed" if sid[0] & 128 else "fresh", 0 if err else app[0])
def connect(what, *settings):
    s = socket.socket()
    s.bind(("0.0.0.0", 0))
    for opt, value in settings:
        err, _ = ask(SET, opt, struct.pack("=i", value), s.getsockname())
        if err:
            print(what, "error", err)
    s.settimeout(60)
    s.connect((host, port))
    s.sendall(b"x")
    s.recv(1)
    tell(what, s)
    return s
if port:
    connect("first")
    connect("nothing")
    connect("nocache", (NOCACHE, 1))
    connect("aware", (APP, 1))
    connect("both", (NOCACHE, 1), (APP, 1))
    connect("none", (NOCACHE, 0), (APP, 0))
    connect("off", (ENABLE, 0), (APP, 1))
else:
    l = socket.socket()
    l.bind(("0.0.0.0", 0))
    l.listen()
    print("error", ask(SET, APP, struct.pack("=i", 1), l.getsockname())[0])
    print("port", l.getsockname()[1], flush=True)
    l.settimeout(60)
    s, _ = l.accept()
    s.settimeout(60)
    s.recv(1)
    tell("listener", s)
'
test_before_connect()
{
	local port

	start_ready many in_s "$BIN/many" -l $S4 $((PORT + 20))
	local many=$PID
	in_c "$BIN/nlctl" replace
	in_c "$BIN/nlcheck" cache-flush >/dev/null
	is "settings before connect()" \
		"$(in_c timeout 300 python3 - "$TMP/ctl" $S4 $((PORT + 20)) <<<"$BEFORE_PY")" \
		"first fresh 0
nothing resumed 0
nocache fresh 0
aware resumed 1
both fresh 1
none resumed 0
off plain 0"
	stop "$many"
	# Who has connected needs no rule any more, but who refused tells nobody
	run "they are used up" wait_for 20 one_rule
	run "but one that says no" grep -q ' lports=.* verdict=next aware=1 off=1 ' \
		<<<"$(in_c "$BIN/nlctl" policy)"
	in_c "$BIN/nlctl" replace
	start listens in_c timeout 300 python3 -c "$BEFORE_PY" "$TMP/ctl" $C4 0
	local listens=$PID
	wait_for 60 has_line "$TMP/listens.log" ^port
	port=$(sed -n 's/^port //p' "$TMP/listens.log")
	start caller in_s python3 -c '
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 60)
s.sendall(b"x")
s.recv(1)
' $C4 "$port"
	ended 60 "$listens"
	is "a setting of a listening socket is for those that it accepts" \
		"$(grep -v ^port "$TMP/listens.log" | tr '\n' ' ')" "error 0 listener fresh 1 "
	in_c "$BIN/nlctl" replace
}
one_rule() { [ "$(in_c "$BIN/nlctl" policy | wc -l)" -eq 1 ]; }

# ------------------------------------------------------- signals, systemd

test_signals()
{
	kill -USR1 "$DPID"
	run "SIGUSR1 dumps" wait_for 10 has_line "$TMP/main.log" '^==== DUMPING STATE ===='
	run "and the daemon goes on" alive "$DPID"
	"$DAEMON" -F "$CONF" -f -u "$TMP/ctl" >"$TMP/second.log" 2>&1
	is "a second daemon at the same address" $? 1
	run "says so" has_line "$TMP/second.log" "is running already"
	daemon term -f -u "$TMP/term"
	kill -TERM "$DPID"
	ended 20 "$DPID"
	is "SIGTERM ends it well" $? 0
	run "its socket goes with it" wait_for 10 test ! -e "$TMP/term"
	daemon int -f -u "$TMP/int"
	kill -INT "$DPID"
	ended 20 "$DPID"
	is "SIGINT too" $? 0
	daemon kill -f -u "$TMP/kill"
	kill -KILL "$DPID"
	run "even after SIGKILL the socket is removed" wait_for 10 test ! -e "$TMP/kill"
}

test_systemd()
{
	start sink python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("ready", flush=True)
while True:
    print(s.recv(1000).decode(), flush=True)
' "$TMP/notify"
	local sink=$PID
	wait_for 20 has_line "$TMP/sink.log" ^ready
	chmod 777 "$TMP/notify"
	start activated in_c env NOTIFY_SOCKET="$TMP/notify" python3 -c '
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ["LISTEN_PID"] = str(os.getpid())
os.environ["LISTEN_FDS"] = "1"
os.execv(sys.argv[2], sys.argv[2:])
' "$TMP/activated" "$DAEMON" -F "$CONF" -f
	local pid=$PID
	run "systemd hears READY=1" wait_for 30 has_line "$TMP/sink.log" ^READY=1
	chmod 777 "$TMP/activated"
	is "a socket from systemd works" \
		"$(in_c python3 "$CTL" "$TMP/activated" --get 0 999)" "0 01000000"
	kill "$pid"
	ended 20 "$pid"
	run "systemd hears STOPPING=1" wait_for 10 has_line "$TMP/sink.log" ^STOPPING=1
	run "its socket stays" test -e "$TMP/activated"
	stop "$sink"
}

# ------------------------------------------------- settings, rules, events

config() { in_c sysctl -n "net.tcpcrypt.$1"; }
config_is() { [ "$(config "$1")" = "$2" ]; }

test_settings()
{
	cat >"$CONF" <<-CONF
		# a comment
		kex_timeout = 7
		max_frame = 5000   # another
		rule = refuse out remote $S4/32 rport $((PORT + 2))
	CONF
	daemon set -f -u "@set-$$" -p 666 -c
	is "a setting of the file" "$(config kex_timeout)" 7
	is "another" "$(config max_frame)" 5000
	is "-p" "$(config mark)" 666
	is "-c" "$(config resume)" 0
	echo "kex_timeout = 8" >"$CONF"
	kill -HUP "$DPID"
	run "SIGHUP reads the file again" wait_for 20 config_is kex_timeout 8
	echo "kex_timeout = x" >"$CONF"
	kill -HUP "$DPID"
	run "an error in it" wait_for 20 has_line "$TMP/set.log" "'x' is no value"
	run "does not end the daemon" alive "$DPID"
	is "or change anything" "$(config kex_timeout)" 8
	stop "$DPID"
	echo "kex_timeout = 10" >"$CONF"
	in_c sysctl -qw net.tcpcrypt.mark=0 net.tcpcrypt.resume=1
}

# one_conn PORT: what becomes of one connection: plain or encrypted
one_conn()
{
	start_ready s1 in_s "$BIN/xfer" -l -4 -p "$1" -b 10 -t 60 || return 1
	in_c "$BIN/xfer" -c $S4 -4 -p "$1" -b 10 -t 60 >"$TMP/c1.log" 2>&1
	wait "$PID"
	if [ "$(value "$TMP/c1.log" sessid | wc -c)" -gt 60 ]; then
		echo encrypted
	else
		echo plain
	fi
}

test_rules()
{
	echo "rule = refuse out remote $S4/32 rport $((PORT + 3))" >"$CONF"
	daemon quiet -f -u "@quiet-$$"
	local quiet=$DPID
	daemon rules -f -v -v -v -u "@rules-$$" -x 30
	is "a rule of the file" "$(one_conn $((PORT + 3)))" plain
	is "is for that port only" "$(one_conn $((PORT + 4)))" encrypted
	run "-v tells of encrypted connections" wait_for 20 has_line "$TMP/rules.log" \
		"->$S4:$((PORT + 4)) \[out\] encrypted tep 0x23 aead 0x0001"
	run "-v -v -v of those that end" wait_for 20 has_line "$TMP/rules.log" \
		"->$S4:$((PORT + 4)) \[out\] closed"
	tcpcrypt_sysctl "$S" enable 0
	is "the other end does not encrypt" "$(one_conn $((PORT + 4)))" plain
	run "-v -v tells why" wait_for 20 has_line "$TMP/rules.log" \
		"->$S4:$((PORT + 4)) \[out\] plain: FallbackNoSynAckEno"
	tcpcrypt_sysctl "$S" enable 1
	in_c nft -f - <<-NFT
		table inet marks {
			chain out {
				type route hook output priority mangle;
				tcp dport $((PORT + 5)) meta mark set 0x10
				tcp dport $((PORT + 9)) meta mark set 0x40
			}
		}
	NFT
	is "-x: a mark with a bit of it" "$(one_conn $((PORT + 5)))" plain
	is "-x: one without" "$(one_conn $((PORT + 9)))" encrypted
	in_c nft delete table inet marks
	: >"$CONF"
	kill -HUP "$DPID"
	run "SIGHUP" wait_for 20 has_line "$TMP/rules.log" "^Configuration reloaded"
	is "without the rule" "$(one_conn $((PORT + 3)))" encrypted
	stop "$DPID"
	is "without -v nothing is told of connections" "$(grep -c -- '->' "$TMP/quiet.log")" 0
	stop "$quiet"
	daemon off -f -d -u "@off-$$"
	is "-d" "$(one_conn $((PORT + 5)))" plain
	stop "$DPID"
	in_c sysctl -qw net.tcpcrypt.enable=1
}

# The words of rules that say more than a verdict, one by one
test_rule_words()
{
	local rport=$((PORT + 30))

	cat >"$CONF" <<-CONF
		rule = next aware no-cache rport $rport
		rule = next off rport $((PORT + 31))-$((PORT + 32))
		rule = require out rport $((PORT + 32))
	CONF
	daemon words -f -u "@words-$$"
	is "rules that leave the verdict to others, as the module has them" \
		"$(in_c "$BIN/nlctl" policy | sed 's/^id=[0-9]* //; s/ hits=.*//')" \
		"rports=$rport-$rport verdict=next aware=1 nocache=1
rports=$((PORT + 31))-$((PORT + 32)) verdict=next off=1
dir=out rports=$((PORT + 32))-$((PORT + 32)) verdict=require"
	start_ready aware-s in_s "$BIN/many" -l $S4 $rport
	local server=$PID
	start_ready aware-1 in_c "$BIN/many" $S4 $rport 1
	start_ready aware-2 in_c "$BIN/many" $S4 $rport 1
	is "aware, and no-cache" "$("$USERSPACE/tcnetstat/tcnetstat" -N "$C" -x --remote ":$rport" |
		grep -c 'resumed:no.* self_aware:yes')" 2
	stop "$server"
	is "off" "$(one_conn $((PORT + 31)))" plain
	is "off, but required" "$(one_conn $((PORT + 32)))" encrypted
	echo "rule = next of rport 1" >"$CONF"
	kill -HUP "$DPID"
	run "a word that is wrong is named" wait_for 20 has_line "$TMP/words.log" \
		"tcpcryptd.conf:1: rule: 'of' is no word of a rule"
	is "and the rules stay" "$(in_c "$BIN/nlctl" policy | wc -l)" 3
	: >"$CONF"
	stop "$DPID"
	in_c "$BIN/nlctl" replace
}

# Events are lost: the room for them is as small as it can be
test_overrun()
{
	local was
	was=$(sysctl -n net.core.rmem_max)
	sysctl -qw net.core.rmem_max=2304
	daemon slowly -f -v -u "@slow-$$"
	sysctl -qw net.core.rmem_max="$was"
	kill -STOP "$DPID"
	start_ready churns in_s "$BIN/xfer" -l -4 -p $((PORT + 6)) -b 1 -n 0 -t 300
	in_c "$BIN/xfer" -c $S4 -4 -p $((PORT + 6)) -b 1 -n 60 -t 250 \
		>"$TMP/churn.log" 2>&1
	kill -CONT "$DPID"
	run "lost events are noticed" wait_for 30 has_line "$TMP/slowly.log" "were lost"
	is "and no reason to end" "$(in_c python3 "$CTL" "@slow-$$" --get 0 999)" "0 01000000"
	is "a connection after that" "$(one_conn $((PORT + 7)))" encrypted
	run "is told of" wait_for 20 has_line "$TMP/slowly.log" ":$((PORT + 7)) \[out\] encrypted"
	stop "$DPID"
}

# ------------------------------------------- a module that comes and goes

remove_module() { rmmod tcpcrypt; }

test_module()
{
	daemon comes -f -v -u "@comes-$$"
	wait_for 30 remove_module || { not_ok "the module can be removed"; return; }
	run "the module goes" wait_for 20 has_line "$TMP/comes.log" "the kernel module is gone"
	is "the daemon answers" "$(in_c python3 "$CTL" "@comes-$$" --get 0 999)" "0 01000000"
	is "that there is nothing" "$(in_c python3 "$CTL" "@comes-$$" --get 102 0)" "0 "
	daemon absent -f -u "@absent-$$" || not_ok "a daemon without a module"
	run "a daemon without a module says so" has_line "$TMP/absent.log" "cannot load the kernel module"
	insmod "$TCPCRYPT_KO" loopback=1
	run "the module comes" wait_for 20 has_line "$TMP/comes.log" "the kernel module is there"
	is "connections are encrypted" "$(one_conn $((PORT + 8)))" encrypted
	run "and told of" wait_for 20 has_line "$TMP/comes.log" ":$((PORT + 8)) \[out\] encrypted"
	run "both daemons live" alive "$DPID"
	stop "$DPID"
}

hold || bail "no connection to ask about"
test_options
test_ignored
test_long_options
test_default_address
daemon main -f -v -u "$TMP/ctl" || bail "the daemon does not start"
test_privileges
daemon_pid=$DPID
test_control
test_other_netns
test_handshake
test_permission
test_before_connect
DPID=$daemon_pid
test_signals
sub "library" in_c "$USERSPACE/tests/conn_lib" "$TMP/ctl"
test_systemd
test_settings
test_rules
test_rule_words
test_overrun
for p in "${PIDS[@]}"; do
	kill "$p" 2>/dev/null
	wait "$p" 2>/dev/null
done
test_module
finish
