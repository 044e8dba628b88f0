#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The library on encrypted connections, and the examples of authentication,
# each alone and with somebody in the middle: a proxy that ends the encryption
# of both sides.
#
# shellcheck disable=SC2317 # called by "run" and "wait_for"

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

EXAMPLES=$SELFTESTS/../Documentation/examples
TCRECORD=$USERSPACE/tcrecord/tcrecord
export LD_LIBRARY_PATH=$USERSPACE/libtcpcrypt
PROXY_PORT=7100

[ -n "$HAVE_MODULE" ] || bail "the module is not loaded"
[ -x "$USERSPACE/tests/conn_lib" ] || bail "the tests of the library are not built"
[ -x "$EXAMPLES/auth-sign" ] || bail "the examples are not built"

setup_ns direct

# sub COMMAND...: the points of a program become points of ours
sub()
{
	local line
	while IFS= read -r line; do
		case $line in
		"ok "*) ok "${line#ok *- }" ;;
		"not ok "*) not_ok "${line#not ok *- }" ;;
		1..*) ;;
		*) echo "$line" ;;
		esac
	done < <("$@" 2>&1; echo "# exit status $?")
}

sub in_c "$USERSPACE/tests/conn_lib"

# talk PORT PROGRAM "SERVER ARGS" "CLIENT ARGS": both ends of an example; the
# client connects to PORT. Status: what the two have in common, 0 or not.
# shellcheck disable=SC2086
talk()
{
	local port=$1 program=$2 server=$3 client=$4 sp cp src crc
	start_ready server in_s "$EXAMPLES/$program" listen $PORT $server || return 99
	sp=$PID
	start client in_c "$EXAMPLES/$program" connect $S4 "$port" $client
	cp=$PID
	ended 60 "$cp"
	crc=$?
	ended 60 "$sp"
	src=$?
	SERVER_SAYS=$(tail -n 1 "$TMP/server.log")
	CLIENT_SAYS=$(tail -n 1 "$TMP/client.log")
	[ $crc -eq 0 ] && [ $src -eq 0 ]
}

talk_fails() { ! talk "$@"; }

# What the proxy does to connections: nothing that TCP would notice
proxy()
{
	start proxy in_s socat "TCP-LISTEN:$PROXY_PORT,fork,reuseaddr" "TCP:$S4:$PORT"
	wait_for 20 proxy_listens
}
proxy_listens() { in_s ss -Htln "sport = :$PROXY_PORT" | grep -q LISTEN; }

openssl genpkey -algorithm ed25519 -out "$TMP/key.pem" 2>/dev/null
openssl pkey -in "$TMP/key.pem" -pubout -out "$TMP/pub.pem"
openssl genpkey -algorithm ed25519 -out "$TMP/other.pem" 2>/dev/null
run "the proxy is there" proxy

run "a shared secret" talk $PORT auth-secret blue blue
is "says the client" "$CLIENT_SAYS" authenticated
is "says the server" "$SERVER_SAYS" authenticated
run "different secrets" talk_fails $PORT auth-secret blue red
is "are noticed" "${CLIENT_SAYS#*: }" "not authenticated: Key was rejected by service"
run "a shared secret, and somebody in the middle" talk_fails $PROXY_PORT auth-secret blue blue
is "is noticed by the client" "${CLIENT_SAYS#*: }" "not authenticated: Key was rejected by service"
is "and by the server" "${SERVER_SAYS#*: }" "not authenticated: Key was rejected by service"

run "a signature" talk $PORT auth-sign "$TMP/key.pem" "$TMP/pub.pem"
is "is good" "$CLIENT_SAYS" authenticated
talk $PORT auth-sign "$TMP/other.pem" "$TMP/pub.pem"
is "somebody else's signature" "${CLIENT_SAYS#*: }" "not authenticated: Key was rejected by service"
talk $PROXY_PORT auth-sign "$TMP/key.pem" "$TMP/pub.pem"
is "a signature, and somebody in the middle" "${CLIENT_SAYS#*: }" \
	"not authenticated: Key was rejected by service"

run "words" talk $PORT auth-words "" ""
is "are the same" "$CLIENT_SAYS" "$SERVER_SAYS"
is "and eight" "$(echo "$CLIENT_SAYS" | wc -w)" 8
run "words, and somebody in the middle" talk $PROXY_PORT auth-words "" ""
is "say others, eight too" "$([ "$CLIENT_SAYS" != "$SERVER_SAYS" ] && echo "$CLIENT_SAYS" | wc -w)" 8

run "records" talk $PORT auth-record "$TMP/s.rec" "$TMP/c.rec"
run "of another connection" talk $PORT auth-record "$TMP/s.rec" "$TMP/c.rec"
run "the log is whole" "$TCRECORD" verify "$TMP/c.rec"
chain=$("$TCRECORD" verify "$TMP/c.rec")
is "it has two" "$("$TCRECORD" show "$TMP/c.rec" | awk '{ print $1, $3 }' | tr '\n' ' ')" "1 A 2 A "
is "with what is known of each" "$("$TCRECORD" show "$TMP/c.rec" | grep -Ec \
	"^[12] 20[0-9-]+T[0-9:]+Z A $C4:[0-9]+ $S4:$PORT [0-9a-fA-F]{66} ")" 2
fails "of no log" "$TCRECORD" show "$TMP/none.rec"
"$TCRECORD" show >"$TMP/out" 2>&1
is "wrong usage" $? 2
run "tcrecord -h" grep -q '^Usage: tcrecord ' <<<"$("$TCRECORD" -h)"
is "tcrecord --help" "$("$TCRECORD" --help)" "$("$TCRECORD" -h)"
run "tcrecord -V" grep -q '^tcrecord ' <<<"$("$TCRECORD" -V)"
is "tcrecord --version" "$("$TCRECORD" --version)" "$("$TCRECORD" -V)"
run "each session in it was the server's" "$TCRECORD" compare "$TMP/c.rec" "$TMP/s.rec"
run "records, and somebody in the middle" talk $PROXY_PORT auth-record "$TMP/s.rec" "$TMP/c.rec"
fails "one was not" "$TCRECORD" compare "$TMP/c.rec" "$TMP/s.rec"
is "it is the third" "$("$TCRECORD" compare "$TMP/c.rec" "$TMP/s.rec" 2>/dev/null | cut -d ' ' -f 1)" 3
run "an old chain is in the log" "$TCRECORD" verify "$TMP/c.rec" "$chain"
sed -i 1d "$TMP/c.rec"
fails "a record taken away is noticed" "$TCRECORD" verify "$TMP/c.rec"
is "the log is its owner's only" "$(/usr/bin/stat -c %a "$TMP/s.rec")" 600

finish
