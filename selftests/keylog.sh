#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # run, fails and wait_for call functions
#
# The key log: off, and nobody's business, unless root wants it; then loud, and
# the dissector opens a capture with it, through a rekey and a resumption.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ -n "$HAVE_MODULE" ] || bail "this needs the module"
MARKER=PLAINTEXT-MARKER-4d61726b6572-
KEYLOG=/sys/module/tcpcrypt/parameters/keylog
LUA=$SELFTESTS/../userspace/wireshark/tcpcrypt.lua
BYTES=40000

switch() { echo "$1" >"$KEYLOG"; }
keys() { in_ns "$1" cat /proc/net/tcpcrypt_keylog; }
lines() { keys "$1" | grep -c ^TCPCRYPT; }
nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
loud() { dmesg | grep -c 'KEY LOG IS ON'; }

transfer()
{
	check_xfer "$1" \
		"-c $S4 -4 -b $BYTES -H --marker $MARKER --expect encrypted" \
		"-4 -b $BYTES -H --marker $MARKER --expect encrypted"
}

# dissect KEYLOG: stream, sender, session ID, generation, and data of each packet
dissect()
{
	tshark -X lua_script:"$LUA" -o tcpcrypt.keylog:"$1" \
		-o tcp.reassemble_out_of_order:TRUE -r "$TMP/pcap" \
		-Y tcpcrypt.data -T fields -E occurrence=a -E aggregator='|' \
		-e tcp.stream -e tcp.srcport -e tcpcrypt.sessid \
		-e tcpcrypt.generation -e tcpcrypt.data 2>"$TMP/tshark.err"
}

# judge FILE: what came out of it, as key=value
judge()
{
	python3 - "$1" $MARKER $PORT <<-'PY'
		import sys
		data, gens, ids = {}, set(), {}
		for line in open(sys.argv[1]):
		    stream, port, sid, gen, got = line.rstrip("\n").split("\t")
		    to = "s2c" if port == sys.argv[3] else "c2s"
		    data.setdefault((stream, to), []).append(got.replace("|", "").replace(":", ""))
		    gens |= set(gen.split("|"))
		    ids.setdefault(stream, set()).update(sid.split("|"))
		text = {k: bytes.fromhex("".join(v)) for k, v in data.items()}
		print("streams=%d" % len(ids))
		print("bytes=" + ",".join("%d" % len(t) for t in text.values()))
		print("marked=%d" % sum(sys.argv[2].encode() in t for t in text.values()))
		print("generation=%d" % max([int(g) for g in gens] or [-1]))
		print("sessid=" + " ".join(sorted(i for s in ids.values() for i in s)))
	PY
}

setup_ns direct
offloads "$C" eth0 off
offloads "$S" eth0 off
tcpcrypt_sysctl "$C" rekey_bytes 16384

is "it is off when the module is loaded" "$(cat $KEYLOG)" N
is "its files are root's" "$(command stat -c %a%U $KEYLOG /proc/net/tcpcrypt_keylog | xargs)" \
	"600root 400root"
transfer "a connection before it is switched on"
is "leaves no keys" "$(lines "$C") $(lines "$S")" "0 0"
CLEANUP+=("switch 0")
before=$(loud)
run "switch it on" switch 1
is "that is on" "$(cat $KEYLOG)" Y
is "the kernel log says so" "$(loud)" $((before + 1))
fails "nobody can read it" nobody cat /proc/net/tcpcrypt_keylog
fails "nor the root of a container" unshare -U -r -n cat /proc/net/tcpcrypt_keylog
run "who could if he were root" unshare -n cat /proc/net/tcpcrypt_keylog
fails "nobody can switch it" nobody bash -c "echo 0 >$KEYLOG"
fails "it is on or off" switch maybe

capture "$TMP/pcap"
in_c "$BIN/nlctl" cache-flush >/dev/null 2>&1
for what in first second; do transfer "the $what connection"; done
# Whose server has nothing to say before it answers a rekey
yes $MARKER | head -c $BYTES >"$TMP/text"
start server in_s socat -dd "TCP-LISTEN:$PORT,reuseaddr" "SYSTEM:cat >/dev/null; cat $TMP/text"
SERVER=$PID
wait_for 20 has_line "$TMP/server.log" 'listening on' || diag "socat does not get ready"
run "a third, the server last" in_c bash -c \
	"socat -t 20 - TCP:$S4:$PORT <$TMP/text | cmp - $TMP/text"
stop "$SERVER"
captured "$TMP/pcap" $((4 * BYTES))
is "both hosts have the keys of all three, and of no other" "$(lines "$C") $(lines "$S")" "3 3"
keys "$C" >"$TMP/keys.c"
keys "$S" >"$TMP/keys.s"
is "and the same" "$(awk '/^T/ { print $7, $8, $9 }' "$TMP/keys.c")" \
	"$(awk '/^T/ { print $7, $8, $9 }' "$TMP/keys.s")"
dissect "$TMP/keys.c" >"$TMP/open.c"
judge "$TMP/open.c" >"$TMP/judge.c"
diag "$(tr '\n' ' ' <"$TMP/judge.c")"
is "the client's keys open every byte of them" \
	"$(value "$TMP/judge.c" streams) $(value "$TMP/judge.c" bytes)" \
	"3 $BYTES,$BYTES,$BYTES,$BYTES,$BYTES,$BYTES"
is "with what was sent in them" "$(value "$TMP/judge.c" marked)" 6
is "whose session IDs are those of the log" \
	"$(sed -n 's/^sessid=//p' "$TMP/judge.c")" \
	"$(awk '/^T/ { print $8 }' "$TMP/keys.c" | sort | xargs)"
is "keys have changed on the way" "$(($(value "$TMP/judge.c" generation) > 0))" 1
is "the second was resumed" "$(($(stat "$C" Resumed) > 0))" 1
is "without keys there is nothing to see" "$(dissect /dev/null | wc -l)" 0

run "switch it off" switch 0
is "it is empty at once" "$(lines "$C") $(lines "$S")" "0 0"
run "and on again" switch 1
is "what was wiped does not come back" "$(lines "$C") $(lines "$S")" "0 0"

# The last 1024 entries are kept; each connection has one at either end.
MANY=$((PORT + 2))
sessid() { keys "$1" | awk '/^T/ { print $8 }'; }
start_ready many in_s "$BIN/resume" -l :: $MANY || bail "no server"
run "a first connection" in_c "$BIN/resume" -n 1 $S4 $MANY
first=$(sessid "$C")
run "600 more" in_c "$BIN/resume" -n 600 $S4 $MANY
is "the log has kept 1024 of 1202 entries" "$(($(lines "$C") + $(lines "$S")))" 1024
is "each of them another one" "$(for n in "$C" "$S"; do sessid "$n" | sort | uniq -d; done | wc -l)" 0
is "the first ones are gone" "${first:+$(sessid "$C" | grep -c "$first") $(sessid "$S" | grep -c "$first")}" "0 0"
is "the last ones are there" "$(sessid "$C" | tail -n 1)" "$(sessid "$S" | tail -n 1)"
stop "$PID"
run "off" switch 0
finish
