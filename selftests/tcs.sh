#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The test of the network: tcpcryptd against tcs and against servers and paths
# of every other kind.
#
# shellcheck disable=SC2317 # called by "run" and "wait_for"

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

TCS=$USERSPACE/tcs/tcs

[ -x "$TCS" ] || bail "$TCS is not built"
setup_daemon

# home NAME ARGS...: the daemon in C, until its tests are done
home()
{
	local name=$1
	shift
	start "$name" in_c "$DAEMON" -F "$CONF" -u "@home-$$-$name" "$@"
	DPID=$PID
	wait_for 90 has_line "$TMP/$name.log" "${HOME_ENDS:-^Tests done!}" && return
	sed 's/^/# /' "$TMP/$name.log"
	return 1
}

tests_of() { grep '^Test' "$TMP/$1.log"; }

# results PORT-80-PLAIN-0 -1 CRYPT PORT-7777...: each as "state err flags"
results()
{
	local i=0 port crypt req r
	for r in "$@"; do
		port=$([ $i -lt 3 ] && echo 80 || echo 7777)
		req=$((i % 3))
		crypt=$([ $req -eq 2 ] && echo 1 || echo 0)
		# shellcheck disable=SC2086
		set -- $r
		echo "Test result: port $port crypt $crypt req $req state $1 err $2 flags $3"
		i=$((i + 1))
	done
}

start_tcs()
{
	start tcs in_s "$TCS" "$@"
	TCS_PID=$PID
	wait_for 20 has_line "$TMP/tcs.log" ^Running
}

# --------------------------------------------------------------- our server

test_good()
{
	local uid

	run "tcs starts" start_tcs
	uid=$(id -u $USERNAME)
	is "tcs is no longer root" "$(awk '/^Uid/ { print $2, $3 }' "/proc/$TCS_PID/status")" "$uid $uid"
	run "a test over IPv4" home v4 -s $S4
	is "IPv4: what is printed" "$(tests_of v4)" "Testing network via $S4
$(results "3 0 0" "3 0 0" "3 0 1" "3 0 0" "3 0 0" "3 0 1")
Tests done! All passed"
	stop "$DPID"
	run "a test over IPv6" home v6 -s $S6
	is "IPv6: what is printed" "$(tests_of v6)" "Testing network via $S6
$(results "3 0 0" "3 0 0" "3 0 1" "3 0 0" "3 0 0" "3 0 1")
Tests done! All passed"
	stop "$DPID"
	is "tcs logs each" "$(grep -c '\] GOT ' "$TMP/tcs.log")" 12
	run "in the format of old" grep -Eq \
		"^\[../../.. ..:..:..\] GOT $C4:[0-9]+ -   80 \[MSG 2\] crypt 1 flags 1\$" "$TMP/tcs.log"
	run "plain ones too" grep -Eq " - 7777 \[MSG 0\] crypt 0 flags 0\$" "$TMP/tcs.log"
}

# A name, by the resolver's own means
test_names()
{
	echo "$S4 test.example" >>/etc/hosts
	run "a server by name" home name -s test.example
	is "is found" "$(tests_of name | sed -n '1p;$p')" "Testing network via $S4
Tests done! All passed"
	stop "$DPID"
	echo "$S4 check.tcpcrypt.org" >>/etc/hosts
	run "the server that is asked by default" home default
	is "is check.tcpcrypt.org" "$(tests_of default | sed -n '1p;$p')" "Testing network via $S4
Tests done! All passed"
	stop "$DPID"
	echo "$S6 test.example" >>/etc/hosts
	start both in_c "$DAEMON" -F "$CONF" -u "@both-$$" -s test.example
	run "a server with two addresses" wait_for 90 twice "$TMP/both.log"
	is "is tested on both" "$(grep '^Testing' "$TMP/both.log")" "Testing network via $S4
Testing network via $S6"
	stop "$PID"
	HOME_ENDS="^Won't" run "a server without an address" home none -s nowhere.invalid
	is "is no reason to stop" "$(grep '^Won' "$TMP/none.log")" \
		"Won't test network - can't resolve nowhere.invalid"
	run "the daemon lives" alive "$DPID"
	stop "$DPID"
	HOME_ENDS=^Running run "-f" home no -f -s $S4
	sleep 1
	is "tests nothing" "$(tests_of no)" ""
	stop "$DPID"
	HOME_ENDS=^Running run "-d" home off -d -s $S4
	sleep 1
	is "tests nothing either" "$(tests_of off)" ""
	stop "$DPID"
	in_c sysctl -qw net.tcpcrypt.enable=1
	echo "enable = no" >"$TMP/off.conf"
	HOME_ENDS=^Running run "enable = no" home conf -F "$TMP/off.conf" -s $S4
	sleep 1
	is "is as good as -d" "$(tests_of conf)" ""
	stop "$DPID"
	is "and stays off" "$(in_c sysctl -n net.tcpcrypt.enable)" 0
	HOME_ENDS="^Won't" run "encryption is off in the kernel" home sysctl -s $S4
	is "no test either" "$(grep -E "^(Won|Test)" "$TMP/sysctl.log")" \
		"Won't test network - encryption is off"
	stop "$DPID"
	is "off it stays" "$(in_c sysctl -n net.tcpcrypt.enable)" 0
	in_c sysctl -qw net.tcpcrypt.enable=1
}
twice() { [ "$(grep -c '^Tests done! All passed' "$1")" -eq 2 ]; }

# A nameserver that says what it is asked, and knows nothing
nameserver()
{
	start_ready dns in_s python3 -uc '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 53))
print("ready")
while True:
    q, who = s.recvfrom(512)
    print("asked for", q[13:13 + q[12]].decode())
    s.sendto(q[:2] + b"\x81\x83" + q[4:], who)
'
	DNS=$PID
	printf 'nameserver %s\noptions timeout:10 attempts:1\n' "$S4" >/etc/resolv.conf
}

test_no_question()
{
	run "a nameserver" nameserver
	HOME_ENDS=^Running run "-f with a server's name" home silent -f -s silent.example
	sleep 1
	stop "$DPID"
	HOME_ENDS=^Running run "-d with a server's name" home quiet -d -s quiet.example
	sleep 1
	stop "$DPID"
	in_c sysctl -qw net.tcpcrypt.enable=1
	HOME_ENDS="^Won't" run "a server's name alone" home loud -s loud.example
	stop "$DPID"
	is "is what is asked for, and nothing else" \
		"$(grep '^asked' "$TMP/dns.log" | sort -u)" "asked for loud"
	stop "$DNS"
}

test_tcs()
{
	local out

	is "a request that is none is not answered" \
		"$(in_c python3 -c '
import socket, sys
s = socket.create_connection((sys.argv[1], 80), 30)
s.send(b"GET / HTTP/1.0\r\n\r\n")
try:
    print(s.recv(100))
except ConnectionError:
    print(b"")
' $S4)" "b''"
	out=$(in_c python3 -c '
import socket, sys
s = socket.create_connection((sys.argv[1], 7777), 30)
for c in "GET /check HTTP/1.0\r\nHost: check.tcpcrypt.org\r\n\r\n":
    s.send(c.encode())
print(s.recv(100))
' $S4)
	run "a request byte by byte is" test "$out" = "b'HTTP/1.0 200 OK\\r\\n\\r\\n1'"
	fails "tcs: no address" "$TCS" nonsense
	run "tcs -h" grep -q '^Usage: tcs ' <<<"$("$TCS" -h)"
	is "tcs --help" "$("$TCS" --help)" "$("$TCS" -h)"
	run "tcs -V" grep -q '^tcs ' <<<"$("$TCS" -V)"
	is "tcs --version" "$("$TCS" --version)" "$("$TCS" -V)"
	fails "tcs: an unknown option" "$TCS" -Q
	stop "$TCS_PID"
	start_tcs $S4
	run "tcs on one address" has_line "$TMP/tcs.log" ^Running
	is "listens there" "$(in_s ss -Htln 'sport = :80' | awk '{ print $4 }')" "[::ffff:$S4]:80"
	stop "$TCS_PID"
	mkdir -p "$TMP/jail"
	start_tcs --user nobody --jail "$TMP/jail" $S4
	is "tcs --user" "$(awk '/^Uid/ { print $2, $3 }' "/proc/$TCS_PID/status")" \
		"$(id -u nobody) $(id -u nobody)"
	is "tcs --jail" "$(readlink "/proc/$TCS_PID/root")" "$TMP/jail"
	stop "$TCS_PID"
	start_tcs -U nobody -J "$TMP/jail" $S4
	is "tcs -U and -J" "$(awk '/^Uid/ { print $2 }' "/proc/$TCS_PID/status") $(readlink \
		"/proc/$TCS_PID/root")" "$(id -u nobody) $TMP/jail"
	stop "$TCS_PID"
}

# ------------------------------------------------------------ other servers

# serve CODE: python for what a server does with a connection "s" on port "port"
serve()
{
	start_ready other in_s python3 -c "
import socket, threading, time
def client(s, port):
    try:
        $1
        s.close()
    except OSError:
        pass
def listen(port):
    l = socket.socket()
    l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    l.bind(('', port))
    l.listen(50)
    while True:
        s, _ = l.accept()
        threading.Thread(target=client, args=(s, port), daemon=True).start()
threading.Thread(target=listen, args=(80,), daemon=True).start()
threading.Thread(target=listen, args=(7777,), daemon=True).start()
time.sleep(0.5)
print('ready', flush=True)
time.sleep(1000)
"
	OTHER=$PID
}

# other NAME CODE RESULTS...: a server that does CODE gives these results
other()
{
	local name=$1 code=$2
	shift 2
	serve "$code"
	run "$name" home other$OTHER -s $S4 --test-seconds "${SECS:-20}"
	is "$name: results" "$(tests_of other$OTHER | grep result)" "$(results "$@")"
	LAST=$(tests_of other$OTHER | tail -n 1)
	LOG=$TMP/other$OTHER.log
	stop "$OTHER"
}

test_others()
{
	tcpcrypt_sysctl "$S" enable 0
	other "a server that only does plain TCP" \
		"s.recv(200); s.send(b'HTTP/1.0 200 OK\\r\\n\\r\\n0')" \
		"3 0 0" "3 0 0" "2 670 0" "3 0 0" "3 0 0" "2 670 0"
	is "plain TCP only: verdict" "$LAST" "Tests done! 3 6 failed [2/6]!"
	run "plain TCP only: switched off" wait_for 20 has_line "$LOG" "^Disabling tcpcrypt for 30 minutes"
	is "plain TCP only: really" "$(in_c sysctl -n net.tcpcrypt.enable)" 0
	stop "$DPID"
	in_c sysctl -qw net.tcpcrypt.enable=1
	other "a server that talks nonsense" "s.recv(200); s.send(b'SSH-2.0-what?')" \
		"2 668 0" "2 668 0" "2 668 0" "2 668 0" "2 668 0" "2 668 0"
	is "nonsense: verdict" "$LAST" "Tests done! 1 2 3 4 5 6 failed [6/6]!"
	is "nonsense: no reason to switch off" "$(in_c sysctl -n net.tcpcrypt.enable)" 1
	stop "$DPID"
	other "a server that closes" "s.recv(200)" \
		"2 667 0" "2 667 0" "2 667 0" "2 667 0" "2 667 0" "2 667 0"
	stop "$DPID"
	SECS=2 other "a server that says nothing" "s.recv(200); time.sleep(30)" \
		"2 666 0" "2 666 0" "2 666 0" "2 666 0" "2 666 0" "2 666 0"
	stop "$DPID"
	other "a server that saw an offer in plain TCP" \
		"s.recv(200); s.send(b'HTTP/1.0 200 OK\\r\\n\\r\\n1')" \
		"2 669 1" "2 669 1" "2 670 1" "2 669 1" "2 669 1" "2 670 1"
	stop "$DPID"
	other "a reply without a digit" "s.recv(200); s.send(b'HTTP/1.0 200 OK\\r\\n\\r\\nx')" \
		"2 668 0" "2 668 0" "2 668 0" "2 668 0" "2 668 0" "2 668 0"
	stop "$DPID"
	tcpcrypt_sysctl "$S" enable 1
	other "a server with another session ID" \
		"s.recv(200); s.send(b'HTTP/1.0 200 OK\\r\\n\\r\\nSID ' + b'23' * 33 + b'\\n1' if port == 80 else b'HTTP/1.0 200 OK\\r\\n\\r\\n0')" \
		"2 669 1" "2 669 1" "2 671 1" "3 0 0" "3 0 0" "3 0 0"
	stop "$DPID"
	# The first answer comes while the next test runs
	SECS=6 other "a server that is late once, and then slow" \
		"late = s.recv(200).startswith(b'GET') and port == 80; time.sleep(8 if late else 1); s.send(b'HTTP/1.0 200 OK\\r\\n\\r\\n0')" \
		"2 666 0" "3 0 0" "3 0 0" "3 0 0" "3 0 0" "3 0 0"
	is "late once: verdict" "$LAST" "Tests done! 1 failed [1/6]!"
	is "late once: no reason to switch off" "$(in_c sysctl -n net.tcpcrypt.enable)" 1
	stop "$DPID"
	run "nobody there" home refused -s $S4
	is "nobody there: errno" "$(tests_of refused | sed -n 2p)" "$(results "1 111 0")"
	stop "$DPID"
}

# A path that eats every segment with the option, and one that stops doing so
test_path()
{
	start_tcs
	in_c sysctl -qw net.tcpcrypt.syn_retries=10
	in_c nft -f - <<-NFT
		table inet eat {
			chain out {
				type filter hook postrouting priority 300;
				tcp option 69 exists drop
			}
		}
	NFT
	start path in_c "$DAEMON" -F "$CONF" -u "@path-$$" -s $S4 --test-seconds 4 \
		--retest-seconds 5
	DPID=$PID
	run "a path that eats the option" wait_for 60 has_line "$TMP/path.log" '^Disabling'
	is "a path that eats the option: results" "$(tests_of path | grep -m 6 result)" \
		"$(results "3 0 0" "3 0 0" "1 666 0" "3 0 0" "3 0 0" "1 666 0")"
	in_c nft delete table inet eat
	run "is tested again" wait_for 60 has_line "$TMP/path.log" '^Tests done! All passed'
	is "and all is on again" "$(in_c sysctl -n net.tcpcrypt.enable)" 1
	stop "$DPID"
}

# A name with two addresses, and a path that eats the option for one of them:
# the other is tested as if nothing had been
test_path_of_two()
{
	in_c sysctl -qw net.tcpcrypt.enable=1
	in_c nft -f - <<-NFT
		table inet eat {
			chain out {
				type filter hook postrouting priority 300;
				meta nfproto ipv4 tcp option 69 exists drop
			}
		}
	NFT
	start two in_c "$DAEMON" -F "$CONF" -u "@two-$$" -s test.example --test-seconds 4
	DPID=$PID
	run "IPv4 eats the option, IPv6 does not" wait_for 90 has_line "$TMP/two.log" '^Disabling'
	is "both are tested, and then it is switched off" \
		"$(grep -E '^(Test|Disabling)' "$TMP/two.log")" "Testing network via $S4
$(results "3 0 0" "3 0 0" "1 666 0" "3 0 0" "3 0 0" "1 666 0")
Tests done! 3 6 failed [2/6]!
Testing network via $S6
$(results "3 0 0" "3 0 0" "3 0 1" "3 0 0" "3 0 0" "3 0 1")
Tests done! All passed
Disabling tcpcrypt for 30 minutes"
	is "really" "$(in_c sysctl -n net.tcpcrypt.enable)" 0
	stop "$DPID"
	in_c nft delete table inet eat
	in_c sysctl -qw net.tcpcrypt.enable=1
	stop "$TCS_PID"
}

test_good
test_names
test_no_question
test_tcs
test_others
test_path
test_path_of_two
finish
