#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tcpcryptd: options, privileges, the control socket to the byte, whatever
# anybody may send to it, signals, a module that comes and goes, settings and
# rules, systemd's side.
#
# shellcheck disable=SC2016,SC2317 # another shell expands it; called by "run" and "wait_for"

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

as_user() { in_c setpriv --reuid="$1" --regid="$1" --clear-groups "${@:2}"; }
as_nobody() { as_user 65534 "$@"; }

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
	is "but with CAP_NET_ADMIN nobody may" \
		"$(as_nobody --inh-caps=+net_admin --ambient-caps=+net_admin \
			python3 - "$TMP/ctl" "$LOCAL" "$REMOTE" <<<"$SET_PY")" 0
	# where anybody can read it
	install -m 644 "$CTL" "$TMP/ctl.py"
	is "anybody may ask" "$(as_nobody python3 "$TMP/ctl.py" "$TMP/ctl" --get 0 "$port")" \
		"0 01000000"
}

# of_nobody: the ends of nobody's connection, and that there is one
of_nobody()
{
	read -r NOBODYS NOBODYS_PEER < <(tcnetstat_c |
		awk -v to="$S4:$((PORT + 21))" '$2 == to { print $1, $2 }') &&
		[ -n "$NOBODYS_PEER" ]
}

# Who owns a connection decides about it
test_owner()
{
	start_ready owned-s in_s "$BIN/many" -l $S4 $((PORT + 21))
	local server=$PID
	start_ready owned-c in_c setpriv --reuid=65534 --regid=65534 --clear-groups \
		python3 -c '
import socket, sys, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 60)
s.sendall(b"x")
s.recv(1)
print("ready", flush=True)
time.sleep(300)
' $S4 $((PORT + 21))
	local client=$PID
	wait_for 20 of_nobody || not_ok "nobody has a connection"
	is "nobody sets an option of nobody's connection" \
		"$(as_nobody python3 - "$TMP/ctl" "$NOBODYS" "$NOBODYS_PEER" <<<"$SET_PY")" 0
	is "another user may not" \
		"$(as_user 65533 python3 - "$TMP/ctl" "$NOBODYS" "$NOBODYS_PEER" <<<"$SET_PY")" 1
	is "but root may" \
		"$(in_c python3 - "$TMP/ctl" "$NOBODYS" "$NOBODYS_PEER" <<<"$SET_PY")" 0
	stop "$client"
	stop "$server"
}

# from_port LPORT PORT COMMAND...: what becomes of a connection from that port,
# made by a program that is run by COMMAND
from_port()
{
	local lport=$1 port=$2
	shift 2
	"$@" timeout 100 python3 - "$lport" $S4 "$port" <<'PY'
import socket, struct, sys
s = socket.socket()
# closed without TIME-WAIT: the next one is from the same port
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
s.bind(("0.0.0.0", int(sys.argv[1])))
s.settimeout(60)
s.connect((sys.argv[2], int(sys.argv[3])))
s.sendall(b"x")
s.recv(1)
try:
    print("encrypted" if s.getsockopt(socket.IPPROTO_TCP, 0x454e02, 33) else "plain")
except OSError:
    print("plain")
PY
}

# setting WHO... -- OPT LPORT VALUE: what a setting before connect() is answered
setting()
{
	local who=()
	while [ "$1" != -- ]; do
		who+=("$1")
		shift
	done
	shift
	"${who[@]}" python3 "$TMP/ctl.py" "$TMP/ctl" --set "$@"
}

# What is set for a port is for the sockets of who has set it
test_owner_before_connect()
{
	local port=$((PORT + 22)) l=4300

	start_ready slots-s in_s "$BIN/many" -l $S4 $port
	local server=$PID
	is "nobody switches encryption off for a port" \
		"$(setting as_nobody -- 0 $l 0)" 0
	is "which nobody is told" "$(as_nobody python3 "$TMP/ctl.py" "$TMP/ctl" --get 0 $l)" \
		"0 00000000"
	is "and another user is not" \
		"$(as_user 65533 python3 "$TMP/ctl.py" "$TMP/ctl" --get 0 $l)" "0 01000000"
	is "root's connection from that port" "$(from_port $l $port in_c)" encrypted
	is "another user's" "$(from_port $l $port as_user 65533)" encrypted
	is "another user cannot take it back" "$(setting as_user 65533 -- 100 $l 0)" 4294967295
	is "nobody's" "$(from_port $l $port as_nobody)" plain
	is "nobody takes it back" "$(setting as_nobody -- 100 $l 0)" 0
	is "nobody's, then" "$(from_port $l $port as_nobody)" encrypted
	# Who may administer the network decides for everybody
	is "root switches it off" "$(setting in_c -- 0 $l 0)" 0
	is "nobody cannot take that back" "$(setting as_nobody -- 100 $l 0)" 4294967295
	is "nobody's, after root" "$(from_port $l $port as_nobody)" plain
	is "root takes it back" "$(setting in_c -- 100 $l 0)" 0
	is "nobody's, after that" "$(from_port $l $port as_nobody)" encrypted
	is "all rules of it are gone" "$(in_c "$BIN/nlctl" policy)" ""
	stop "$server"
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

# More questions than may wait, about a connection whose handshake does not settle
WAIT_PY='
import socket, struct, sys, time
ctl, host, port = "\0" + sys.argv[1] + "\0\0", sys.argv[2], int(sys.argv[3])
GET, ENABLE, SESSID = 0, 0, 2
s = socket.socket()
s.setblocking(False)
s.connect_ex((host, port))
# connect() is over when the handshake is, but its two ends are known before
time.sleep(1)
def client():
    u = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    u.bind("")
    u.settimeout(60)
    return u
def send(u, seq, opt, data, me, peer):
    u.sendto(struct.pack("=I4sHxx4sHxxIIII", seq, socket.inet_aton(me[0]), socket.htons(me[1]),
        socket.inet_aton(peer[0]), socket.htons(peer[1]), GET, 0, opt, len(data)) + data, ctl)
def recv(u):
    r = u.recv(4096)
    return struct.unpack("=I", r[:4])[0], struct.unpack("=i", r[24:28])[0]
u = client()
begin = time.monotonic()
for seq in range(1, 258):
    send(u, seq, SESSID, bytes(33), s.getsockname(), s.getpeername())
print("surplus", *recv(u))
other = client()
send(other, 1000, ENABLE, bytes(4), ("0.0.0.0", 999), ("0.0.0.0", 0))
print("another", *recv(other))
got = [recv(u) for _ in range(256)]
late = time.monotonic() - begin
print("waiting", len(set(seq for seq, _ in got)), *set(err for _, err in got),
    "in time" if 3 < late < 40 else late)
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
'
test_waiting()
{
	local port=$((PORT + 23)) timeout was

	timeout=$(config kex_timeout)
	was=$(in_c sysctl -n net.unix.max_dgram_qlen)
	# There is room for all answers at once
	in_c sysctl -qw net.unix.max_dgram_qlen=512 net.tcpcrypt.resume=0 net.tcpcrypt.kex_timeout=60
	tcpcrypt_sysctl "$S" kex_timeout 60
	in_c nft -f - <<-NFT
		table inet init {
			chain in {
				type filter hook input priority 0;
				tcp sport $port ip length > 100 drop
			}
		}
	NFT
	start_ready unsettled in_s "$BIN/many" -l $S4 $port
	local server=$PID
	daemon waits -f -u "@wait-$$" --answer-seconds 4
	is "questions during a handshake that does not settle: 256 wait, others are answered" \
		"$(in_c timeout 200 python3 - "wait-$$" $S4 $port <<<"$WAIT_PY")" \
		"surplus 257 16
another 1000 0
waiting 256 -1 in time"
	stop "$DPID"
	stop "$server"
	in_c nft delete table inet init
	tcpcrypt_sysctl "$S" kex_timeout 10
	in_c sysctl -qw net.unix.max_dgram_qlen="$was" net.tcpcrypt.resume=1 \
		net.tcpcrypt.kex_timeout="$timeout"
}

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

# Each setting of the module with two values, the first of which is not the one
# it has; - for nothing
SETTINGS='
enable 0 1
loopback 0 1
teps p521,x25519 x448
ciphers chacha20poly1305,aes128gcm aes256gcm
exclude_ports 22,990-995 -
ports 80,7000-7999 -
mark 41 4294967295
resume 0 1
cache_size 71 72
cache_lifetime 73 74
syn_retries 3 4
max_halfopen 75 76
rekey_bytes 5000000000 6000000000
rekey_secs 77 78
kex_timeout 21 22
max_frame 5001 5002
blackhole_size 81 82
blackhole_lifetime 83 84
eno_enable_connect 0 1
eno_enable_listen 0 1
eno_bad_connect_ports 1-5,7 -
eno_bad_listen_ports 6,8 -
'

# settings COLUMN: as lines "name = value"
settings()
{
	local name first second
	while read -r name first second; do
		[ -n "$name" ] || continue
		[ "$1" = 1 ] || first=$second
		echo "$name = ${first#-}"
	done <<<"$SETTINGS"
}

# What the kernel has, in the same form and order
sysctls()
{
	local name
	while read -r name _; do
		[ -z "$name" ] || echo "$name = $(in_c cat "/proc/sys/net/tcpcrypt/$name")"
	done <<<"$SETTINGS"
}

# have WHAT WANT: each setting of the module has that value
have()
{
	local want got
	while IFS= read -r want && IFS= read -r got <&3; do
		is "$1: ${want%% =*}" "$got" "$want"
	done <<<"$2" 3< <(sysctls)
}

# Every name that the file may have arrives in the kernel
test_all_settings()
{
	local was one two all line

	all=$(sed -n '/^static const struct name {/,/^};/s/^	{ "\([a-z_]*\)",.*/\1/p' \
		"$USERSPACE/tcpcryptd/conf.c" | sort)
	is "all settings are looked at" "$(settings 1 | sed 's/ =.*//' | sort)" "$all"
	was=$(sysctls)
	one=$(settings 1)
	two=$(settings 2)
	is "none has the first value before" \
		"$(comm -12 <(sort <<<"$was") <(sort <<<"$one"))" ""
	# Blanks separate as well as commas do, and yes and no are said so
	sed -E '/^(teps|ciphers|ports) /s/,/ , /g
		/^(enable|loopback|resume|eno_enable_[a-z]*) /{s/0$/no/;s/1$/yes/}' \
		<<<"$one" >"$CONF"
	daemon all -f -u "@all-$$"
	have "at the start" "$one"
	echo "$two" >"$CONF"
	kill -HUP "$DPID"
	wait_for 20 has_line "$TMP/all.log" '^Configuration reloaded' ||
		not_ok "the file is read again"
	have "after SIGHUP" "$two"
	: >"$CONF"
	stop "$DPID"
	daemon none -f -u "@none-$$"
	is "what is not in the file stays" "$(sysctls)" "$two"
	stop "$DPID"
	while IFS= read -r line; do
		in_c sysctl -qw "net.tcpcrypt.${line%% =*}=${line#*= }"
	done <<<"$was"
	is "all is as it was" "$(sysctls)" "$was"
}

# What the file says about the daemon itself
test_own_settings()
{
	local uid

	uid=$(id -u nobody)
	mkdir -p "$TMP/jail"
	cat >"$CONF" <<-CONF
		control = @own-$$
		user = nobody
		jail = $TMP/jail
		network_test = no
		test_server = $S4
		verbose = 1
	CONF
	daemon own
	is "control" "$(in_c python3 "$CTL" "@own-$$" --get 0 999)" "0 01000000"
	is "user" "$(status "$DPID" Uid | tr '\t' ' ')" "$uid $uid $uid $uid"
	is "jail" "$(readlink "/proc/$DPID/root")" "$TMP/jail"
	run "verbose" has_line "$TMP/own.log" "^Opening control socket at @own-$$"
	is "network_test = no" "$(grep -c 'Testing network' "$TMP/own.log")" 0
	# It is read where the daemon is
	mkdir -p "$TMP/jail$TMP"
	sed 's/^control = .*/control = @late-'$$'/; s/^user = .*/user = root/
		s/^verbose = .*/verbose = 3/' "$CONF" >"$TMP/jail$CONF"
	kill -HUP "$DPID"
	wait_for 20 has_line "$TMP/own.log" '^Configuration reloaded' ||
		not_ok "the file is read again"
	is "the control socket is for the daemon's life" \
		"$(in_c python3 "$CTL" "@own-$$" --get 0 999)" "0 01000000"
	is "the user too" "$(status "$DPID" Uid | tr '\t' ' ')" "$uid $uid $uid $uid"
	in_c python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("")
s.sendto(bytes(3), "\0" + sys.argv[1] + "\0\0")
' "own-$$"
	run "but verbose is read again" wait_for 20 has_line "$TMP/own.log" \
		"control socket: 3 bytes that are no request"
	stop "$DPID"
	cat >"$CONF" <<-CONF
		control = @home-$$
		network_test = yes
		test_server = $S4
	CONF
	# Nobody is at these ports there
	daemon home
	run "network_test = yes, test_server" wait_for 60 has_line "$TMP/home.log" \
		"^Testing network via $S4"
	run "none of which works" wait_for 60 has_line "$TMP/home.log" \
		'^Tests done! 1 2 3 4 5 6 failed \[6/6\]!'
	is "without verbose nothing is told of the socket" \
		"$(grep -c 'Opening control socket' "$TMP/home.log")" 0
	stop "$DPID"
	: >"$CONF"
}

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

# The rules there are, without what differs from time to time
policy() { in_c "$BIN/nlctl" policy | sed 's/^id=[0-9]* //; s/ hits=.*//'; }

test_module()
{
	local want

	cat >"$CONF" <<-CONF
		kex_timeout = 33
		exclude_ports = 22,23
		rule = refuse out rport $((PORT + 9))
	CONF
	daemon comes -f -v -u "@comes-$$"
	is "a setting before connect()" \
		"$(in_c python3 "$CTL" "@comes-$$" --set 101 4242 1)" 0
	want="dir=out rports=$((PORT + 9))-$((PORT + 9)) verdict=refuse
lports=4242-4242 verdict=next nocache=1"
	is "the rules of both" "$(policy | sort)" "$want"
	wait_for 30 remove_module || { not_ok "the module can be removed"; return; }
	run "the module goes" wait_for 20 has_line "$TMP/comes.log" "the kernel module is gone"
	is "the daemon answers" "$(in_c python3 "$CTL" "@comes-$$" --get 0 999)" "0 01000000"
	is "that there is nothing" "$(in_c python3 "$CTL" "@comes-$$" --get 102 0)" "0 "
	# It has nothing to say, so that it leaves the rules alone
	: >"$TMP/empty.conf"
	daemon absent -f -u "@absent-$$" -F "$TMP/empty.conf" ||
		not_ok "a daemon without a module"
	run "a daemon without a module says so" has_line "$TMP/absent.log" "cannot load the kernel module"
	insmod "$TCPCRYPT_KO" loopback=1
	run "the module comes" wait_for 20 has_line "$TMP/comes.log" "the kernel module is there"
	is "the setting of the file is back" "$(config kex_timeout)" 33
	is "another" "$(config exclude_ports)" 22,23
	is "what the file does not say is the module's" "$(config max_frame)" 16384
	is "the rule of the file and the one before connect() are back" "$(policy | sort)" "$want"
	is "the rule holds" "$(one_conn $((PORT + 9)))" plain
	is "connections are encrypted" "$(one_conn $((PORT + 8)))" encrypted
	run "and told of" wait_for 20 has_line "$TMP/comes.log" ":$((PORT + 8)) \[out\] encrypted"
	run "both daemons live" alive "$DPID"
	stop "$DPID"
	: >"$CONF"
}

# loads NAME: a daemon for which the module is installed, and nothing else is
loads()
{
	start "$1" in_c unshare -m sh -c 'mount --bind "$1/lib/modules/$2" "/lib/modules/$2" &&
		mount --bind "$1/modprobe.d" /etc/modprobe.d && shift 2 && exec "$@"' - \
		"$TMP/kmod" "$(uname -r)" "$DAEMON" -F "$CONF" -f -u "@$1-$$"
	DPID=$PID
	wait_for 30 has_line "$TMP/$1.log" '^Running' || sed 's/^/# /' "$TMP/$1.log"
}

# The daemon loads a module that is installed, as modprobe would
test_load()
{
	local dir

	wait_for 30 remove_module || { not_ok "the module can be removed"; return; }
	dir=$TMP/kmod/lib/modules/$(uname -r)
	mkdir -p "$dir/updates" "$TMP/kmod/modprobe.d"
	cp "$TCPCRYPT_KO" "$dir/updates/tcpcrypt.ko"
	# What it depends on is loaded, and not in this directory
	depmod -b "$TMP/kmod" "$(uname -r)" 2>/dev/null
	echo "blacklist tcpcrypt" >"$TMP/kmod/modprobe.d/tcpcrypt.conf"
	loads blacklisted
	run "a module that is on the black list is not loaded" has_line "$TMP/blacklisted.log" \
		"cannot load the kernel module: Operation not permitted"
	stop "$DPID"
	echo "options tcpcrypt max_frame=4321" >"$TMP/kmod/modprobe.d/tcpcrypt.conf"
	loads loads
	is "it complains of nothing" "$(grep -c "kernel module" "$TMP/loads.log")" 0
	run "a module that is installed is loaded" grep '^tcpcrypt ' /proc/modules
	is "with its options of modprobe.d" "$(config max_frame)" 4321
	is "and connections are encrypted" "$(one_conn $((PORT + 10)))" encrypted
	stop "$DPID"
	wait_for 30 remove_module || not_ok "the module can be removed again"
	insmod "$TCPCRYPT_KO" loopback=1
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
before_waiting=$DPID
test_waiting
DPID=$before_waiting
test_permission
test_owner
test_owner_before_connect
test_before_connect
DPID=$daemon_pid
test_signals
sub "library" in_c "$USERSPACE/tests/conn_lib" "$TMP/ctl"
test_systemd
test_settings
test_all_settings
test_own_settings
test_rules
test_rule_words
test_overrun
for p in "${PIDS[@]}"; do
	kill "$p" 2>/dev/null
	wait "$p" 2>/dev/null
done
test_module
test_load
finish
