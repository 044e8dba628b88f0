#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Unmodified programs over encrypted connections, between two hosts and over
# loopback: what they fetch is right, and it was encrypted.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

setup_ns direct
WEB=$TMP/web
mkdir -p "$WEB/sub"
chmod 755 "$TMP" "$WEB" "$WEB/sub"
head -c 3000000 /dev/urandom >"$WEB/big"
seq 1 2000 >"$WEB/sub/small"
PYTHON=$(command -v /usr/bin/python3 || command -v python3)

# shellcheck disable=SC2317 # called by wait_for
open_port() { timeout 2 ip netns exec "$1" bash -c "exec 3<>/dev/tcp/$2/$3" 2>/dev/null; }

# begin: remember how many connections were encrypted so far
begin()
{
	ES=$(stat "$S" Established)
}

# encrypted WHAT [NUMBER]: at least so many more at the server
encrypted()
{
	[ -n "$HAVE_MODULE" ] || return 0
	local s
	s=$(($(stat "$S" Established) - ES))
	if [ $s -ge "${2:-1}" ]; then
		ok "$1: encrypted ($s)"
	else
		not_ok "$1: encrypted ($s, expected at least ${2:-1})"
		stats "$C" | sed 's/^/# C: /'
		stats "$S" | sed 's/^/# S: /'
	fi
}

# On loopback both ends count in the same namespace.
if [ -n "$HAVE_MODULE" ]; then tcpcrypt_sysctl "$S" loopback 1; fi

# fetch WHAT URL FILE [curl option...] from C, and from S over loopback
fetch()
{
	local what=$1 url=$2 file=$3
	shift 3
	begin
	run "$what: curl" in_c curl -gsS --max-time 60 -o "$TMP/got" "$@" "$url"
	run "$what: the right bytes" cmp "$TMP/got" "$file"
	encrypted "$what"
	rm -f "$TMP/got"
}

# nginx, with workers, sendfile and keep-alive
mkdir -p "$TMP/nginx"
cat >"$TMP/nginx.conf" <<CONF
daemon off;
user root;
worker_processes 2;
pid $TMP/nginx/pid;
error_log $TMP/nginx/error.log;
events { worker_connections 256; }
http {
	access_log off;
	client_body_temp_path $TMP/nginx/body;
	proxy_temp_path $TMP/nginx/proxy;
	fastcgi_temp_path $TMP/nginx/fastcgi;
	uwsgi_temp_path $TMP/nginx/uwsgi;
	scgi_temp_path $TMP/nginx/scgi;
	sendfile on;
	tcp_nopush on;
	server {
		listen 8080 backlog=64;
		listen [::]:8080 ipv6only=on;
		root $WEB;
		location /up { client_max_body_size 20m; dav_methods PUT; root $TMP; }
		location /proxy/ { proxy_pass http://127.0.0.1:8090/; }
	}
}
CONF
grep -q dav_module <(nginx -V 2>&1) || sed -i '/dav_methods/d' "$TMP/nginx.conf"
start nginx in_s nginx -p "$TMP/nginx" -c "$TMP/nginx.conf"
NGINX=$PID
start python in_s "$PYTHON" -m http.server 8090 --bind :: --directory "$WEB"
HTTPD=$PID
if wait_for 30 open_port "$S" 127.0.0.1 8080; then
	fetch "nginx, IPv4" http://$S4:8080/big "$WEB/big"
	fetch "nginx, IPv6" "http://[$S6]:8080/big" "$WEB/big"
	begin
	run "nginx: many requests over one connection" in_c curl -sS --max-time 60 \
		-o "$TMP/got#1" "http://$S4:8080/sub/small?[1-30]"
	encrypted "nginx: one connection"
	begin
	run "nginx: parallel requests" in_c curl -sSZ --max-time 60 \
		-o "$TMP/got#1" "http://$S4:8080/big?[1-8]"
	run "nginx: the last of them is right" cmp "$TMP/got8" "$WEB/big"
	encrypted "nginx: parallel" 4
	fetch "nginx: a range" http://$S4:8080/big <(tail -c +1001 "$WEB/big" | head -c 5000) -r 1000-5999
	begin
	run "nginx over loopback" in_s curl -sS --max-time 60 -o "$TMP/got" http://127.0.0.1:8080/big
	run "nginx over loopback: the right bytes" cmp "$TMP/got" "$WEB/big"
	encrypted "nginx over loopback" 2
else
	not_ok "nginx starts"
	sed 's/^/# /' "$TMP/nginx.log" "$TMP/nginx/error.log"
fi

if wait_for 60 open_port "$S" 127.0.0.1 8090; then
	fetch "python http.server, IPv4" http://$S4:8090/big "$WEB/big"
	fetch "python http.server, IPv6" "http://[$S6]:8090/sub/small" "$WEB/sub/small"
	fetch "nginx in front of python" http://$S4:8080/proxy/big "$WEB/big"
else
	not_ok "python http.server starts"
	sed 's/^/# /' "$TMP/python.log"
fi
stop $HTTPD
stop $NGINX

# rsync, its daemon
cat >"$TMP/rsyncd.conf" <<CONF
use chroot = no
pid file = $TMP/rsyncd.pid
[web]
	path = $WEB
	uid = root
	gid = root
	read only = no
CONF
start rsyncd in_s rsync --daemon --no-detach --port 8730 --config "$TMP/rsyncd.conf"
RSYNCD=$PID
if wait_for 30 open_port "$S" 127.0.0.1 8730; then
	begin
	run "rsync fetches" in_c rsync -a --timeout 60 --port 8730 "rsync://$S4/web/" "$TMP/copy/"
	run "rsync: the same tree" diff -r "$WEB" "$TMP/copy"
	encrypted "rsync"
	printf 'changed in the middle' | dd of="$TMP/copy/big" bs=1 seek=1500000 conv=notrunc status=none
	begin
	run "rsync sends the difference, IPv6" in_c rsync -a --ignore-times --timeout 60 --port 8730 \
		"$TMP/copy/" "rsync://[$S6]/web/"
	run "rsync: the same tree again" diff -r "$WEB" "$TMP/copy"
	encrypted "rsync, IPv6"
else
	not_ok "the rsync daemon starts"
	sed 's/^/# /' "$TMP/rsyncd.log"
fi
stop $RSYNCD

# redis: pipelining, many clients
start redis in_s redis-server --port 6380 --bind $S4 127.0.0.1 --save '' --appendonly no \
	--protected-mode no --dir "$TMP" --daemonize no
REDIS=$PID
cli() { timeout 30 nsenter --net="/run/netns/$C" redis-cli -h $S4 -p 6380 "$@"; }
if wait_for 30 cli ping; then
	begin
	cli set greeting "said over an encrypted connection" >/dev/null
	is "redis: a value comes back" "$(cli get greeting)" "said over an encrypted connection"
	encrypted "redis" 2
	begin
	run "redis-benchmark" timeout 100 nsenter --net="/run/netns/$C" redis-benchmark -h $S4 -p 6380 \
		-c 20 -n "${REDIS_N:-2000}" -d 100 -t ping,set,get,lpush,mset -q
	run "redis-benchmark, pipelined" timeout 100 nsenter --net="/run/netns/$C" redis-benchmark -h $S4 -p 6380 \
		-c 10 -n "${REDIS_N:-2000}" -P 16 -t set,get -q
	encrypted "redis-benchmark" 30
	is "redis is well" "$(cli ping)" PONG
else
	not_ok "redis starts"
	sed 's/^/# /' "$TMP/redis.log"
fi
stop $REDIS

# iperf3, each way and with several streams
start iperf in_s iperf3 -s -p 5202 --forceflush
IPERF=$PID
if wait_for 30 has_line "$TMP/iperf.log" listening; then
	begin
	run "iperf3" timeout 60 nsenter --net="/run/netns/$C" iperf3 -c $S4 -p 5202 -t 2
	run "iperf3, reverse, IPv6" timeout 60 nsenter --net="/run/netns/$C" iperf3 -c $S6 -p 5202 -t 2 -R
	run "iperf3, zero copy (sendfile)" timeout 60 nsenter --net="/run/netns/$C" iperf3 -c $S4 -p 5202 -t 2 -Z
	run "iperf3, four streams both ways" timeout 60 nsenter --net="/run/netns/$C" iperf3 -c $S4 -p 5202 -t 2 -P 4 --bidir
	encrypted "iperf3" 15
else
	not_ok "iperf3 starts"
	sed 's/^/# /' "$TMP/iperf.log"
fi
stop $IPERF

# TLS inside: an application that encrypts by itself is none the worse for it.
if openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
	-subj /CN=test -keyout "$TMP/key" -out "$TMP/cert" 2>"$TMP/openssl.log"; then
	cd "$WEB/sub" || bail "no directory"
	start tls in_s openssl s_server -quiet -accept 8444 -cert "$TMP/cert" -key "$TMP/key" -WWW
	TLS=$PID
	if wait_for 30 open_port "$S" 127.0.0.1 8444; then
		begin
		run "TLS within" in_c curl -ksS --max-time 30 -o "$TMP/got" https://$S4:8444/small
		run "TLS within: the right bytes" cmp "$TMP/got" "$WEB/sub/small"
		encrypted "TLS within"
	fi
	cd / || exit
	stop $TLS
fi

# socat: half close in both directions, programs at both ends
start socat in_s socat -t 20 TCP-LISTEN:8600,reuseaddr,fork EXEC:'sort -n'
SOCAT=$PID
if wait_for 30 open_port "$S" 127.0.0.1 8600; then
	begin
	seq 5000 -1 1 | timeout 30 nsenter --net="/run/netns/$C" socat -t 20 - TCP:$S4:8600 >"$TMP/sorted"
	run "socat: half close, then the answer" cmp "$TMP/sorted" <(seq 1 5000)
	encrypted "socat"
fi
stop $SOCAT
finish
