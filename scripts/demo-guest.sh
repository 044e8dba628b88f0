#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The part of the demonstration that runs inside the machines, see demo.sh:
# "plain" is the web server on the machine without the module, "both" are the
# two hosts with it.

set -eu
DIR=/tmp/demo
LINK_HERE=10.99.0.1 LINK_PLAIN=10.99.0.2
CLIENT=10.77.0.1 SERVER=10.77.0.2
MARK="In clear, everybody on the way can read this line."
here=$(dirname "$0")
tcnetstat=$here/../userspace/tcnetstat/tcnetstat

mkdir -p $DIR/www

fail()
{
	echo "demo: $*"
	exit 1
}

now() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.2f s", b - a }'; }

# A web server as anybody would set it up, but slow enough for a look at the
# connection while it is there.
web_server()
{
	cat >$DIR/nginx.conf <<-CONF
		worker_processes 1;
		pid $DIR/nginx.pid;
		error_log $DIR/error.log;
		events { worker_connections 64; }
		http {
			access_log $DIR/access.log;
			client_body_temp_path $DIR/body;
			proxy_temp_path $DIR/proxy;
			fastcgi_temp_path $DIR/fastcgi;
			uwsgi_temp_path $DIR/uwsgi;
			scgi_temp_path $DIR/scgi;
			server { listen 80; root $DIR/www; limit_rate 400k; }
		}
	CONF
	awk -v mark="$MARK" 'BEGIN { for (i = 1; i <= 20000; i++) printf "%05d %s\n", i, mark }' \
		>$DIR/www/story.txt
	chmod -R a+rX $DIR
	"$@" nginx -c $DIR/nginx.conf
}

# The one network card, however the kernel calls it.
card()
{
	local d

	modprobe virtio_net 2>/dev/null || true
	for d in /sys/class/net/*; do
		[ ! -e "$d/device" ] || basename "$d"
	done
}

# fetch ADDRESS NAME DEVICE [look]: curl in the client's namespace, a capture
# beside it, and a look at the encrypted connections meanwhile.
fetch()
{
	local addr=$1 name=$2 dev=$3 look=${4:-} dump host
	ip netns exec client tcpdump -q --immediate-mode -i "$dev" -w $DIR/"$name".pcap \
		tcp port 80 2>$DIR/"$name".tcpdump &
	dump=$!
	for _ in $(seq 100); do
		! grep -q 'listening on' $DIR/"$name".tcpdump || break
		sleep 0.1
	done
	t=$(now)
	ip netns exec client curl -sS --max-time 60 \
		-o $DIR/"$name".got "http://$addr/story.txt" &
	curl=$!
	: >$DIR/"$name".client
	: >$DIR/"$name".server
	while [ "$look" = look ] && kill -0 $curl 2>/dev/null; do
		# Each side the first time it has a line below the title.
		for host in client server; do
			[ "$(wc -l <$DIR/"$name.$host")" -lt 2 ] || continue
			ip netns exec $host "$tcnetstat" >$DIR/"$name.$host" || true
		done
		sleep 0.1
	done
	wait $curl || fail "curl failed"
	took=$(since "$t")
	sleep 0.3
	kill $dump
	wait $dump 2>/dev/null || true
	cmp $DIR/"$name".got $DIR/www/story.txt || fail "the file arrived damaged"
}

plain()
{
	local dev
	dev=$(card)
	ip addr add $LINK_PLAIN/24 dev "$dev"
	ip link set "$dev" up
	web_server
	# Until the other machine has said that it is done.
	for _ in $(seq 600); do
		! grep -q 'GET /done' $DIR/access.log 2>/dev/null || exit 0
		sleep 0.2
	done
	fail "nobody came"
}

both()
{
	local dev size sid_client sid_server up

	read -r up _ </proc/uptime
	echo "  booted in $up s"
	dev=$(card)
	ip netns add client
	ip netns add server
	ip link add veth0 netns client type veth peer name veth0 netns server
	ip -n client addr add $CLIENT/24 dev veth0
	ip -n server addr add $SERVER/24 dev veth0
	ip link set "$dev" netns client
	ip -n client addr add $LINK_HERE/24 dev "$dev"
	for d in lo veth0 "$dev"; do ip -n client link set "$d" up; done
	for d in lo veth0; do ip -n server link set "$d" up; done
	web_server ip netns exec server
	size=$(stat -c %s $DIR/www/story.txt)

	echo
	echo "== 1. Linux $(uname -r), the module not loaded yet"
	fetch $SERVER before veth0
	echo "   curl fetched $size bytes from nginx in $took, and this went over the wire:"
	python3 "$here/demo-wire.py" $DIR/before.pcap plain "$MARK" || fail "unexpected capture"

	t=$(now)
	insmod "$TCPCRYPT_KO"
	took=$(since "$t")
	echo
	echo "== 2. insmod tcpcrypt.ko ($took); the same curl, the same nginx, not even restarted"
	fetch $SERVER encrypted veth0 look
	echo "   curl fetched $size bytes from nginx in $took, and this went over the wire:"
	python3 "$here/demo-wire.py" $DIR/encrypted.pcap encrypted "$MARK" \
		$DIR/before.pcap || fail "not encrypted"
	echo "   tcnetstat on the client:"
	sed 's/^/      /' $DIR/encrypted.client
	echo "   tcnetstat on the server:"
	sed 's/^/      /' $DIR/encrypted.server
	sid_client=$(awk 'NR == 2 { print $NF }' $DIR/encrypted.client)
	sid_server=$(awk 'NR == 2 { print $NF }' $DIR/encrypted.server)
	if [ -z "$sid_client" ] || [ "$sid_client" != "$sid_server" ]; then
		fail "the two ends do not show the same session ID"
	fi
	echo "   Equal session IDs: with somebody in between they would differ."

	echo
	echo "== 3. To a host that does not have the module"
	for _ in $(seq 150); do
		! ip netns exec client curl -s --max-time 1 -o /dev/null http://$LINK_PLAIN/ || break
		sleep 0.2
	done
	fetch $LINK_PLAIN other "$dev" look
	echo "   curl fetched $size bytes from nginx in $took, and this went over the wire:"
	python3 "$here/demo-wire.py" $DIR/other.pcap plain "$MARK" || fail "unexpected capture"
	echo "   tcnetstat on the client: $(($(wc -l <$DIR/other.client) > 1 ? $(wc -l <$DIR/other.client) - 1 : 0)) encrypted connections"
	[ "$(wc -l <$DIR/other.client)" -le 1 ] || fail "that connection cannot be encrypted"

	ip netns exec client curl -s --max-time 5 -o /dev/null http://$LINK_PLAIN/done || true
	kill "$(cat $DIR/nginx.pid)"
}

"$1"
