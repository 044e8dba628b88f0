#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Handshakes out of the ordinary: SYN cookies, lost segments while others come,
# a full backlog, routes and address translation, urgent peers.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

setup_ns direct

# SYN cookies leave no state to negotiate with: plain, and nothing breaks.
in_s sysctl -qw net.ipv4.tcp_syncookies=2
for f in -4 -6 -m; do
	server=$f
	if [ "$f" = -m ]; then server=-6; fi
	check_xfer "SYN cookies, $f: plain TCP works" \
		"-c $(addr_of $f) $f -b 200k --expect plain --tls" \
		"$server -b 200k --expect plain --tls"
	is "SYN cookies, $f: kTLS attaches" \
		"$(value "$TMP/client.log" tls) $(value "$TMP/server.log" tls)" "ok ok"
done
in_s sysctl -qw net.ipv4.tcp_syncookies=1
check_xfer "without cookies: encrypted again" "-c $S4 -b 200k --expect $ENC" \
	"-b 200k --expect $ENC"

# Other settings of the two hosts
with()
{
	local what=$1 name=$2 value=$3 old
	old=$(in_c sysctl -n "$name")
	in_c sysctl -qw "$name=$value"
	in_s sysctl -qw "$name=$value"
	check_xfer "$what: encrypted" "-c $S4 -b 500k -H --expect $ENC" "-b 500k -H --expect $ENC"
	check_xfer "$what: IPv6" "-c $S6 -6 -b 500k -H --expect $ENC" "-6 -b 500k -H --expect $ENC"
	in_c sysctl -qw "$name=$old"
	in_s sysctl -qw "$name=$old"
}

with "no timestamps" net.ipv4.tcp_timestamps 0
with "no SACK" net.ipv4.tcp_sack 0
with "no window scaling" net.ipv4.tcp_window_scaling 0
with "ECN" net.ipv4.tcp_ecn 1
with "path MTU probing" net.ipv4.tcp_mtu_probing 2
with "late early demultiplexing" net.ipv4.tcp_early_demux 0

# Small and large packets
for mtu in 1280 9000; do
	ip -n "$C" link set eth0 mtu $mtu
	ip -n "$S" link set eth0 mtu $mtu
	for f in -4 -6; do
		check_xfer "MTU $mtu, $f" "-c $(addr_of $f) $f -b 1M -H --expect $ENC" \
			"$f -b 1M -H --expect $ENC"
	done
done
ip -n "$C" link set eth0 mtu 1500
ip -n "$S" link set eth0 mtu 1500

# One side's link is narrower than it says: the path MTU is found on the way.
ip -n "$S" link set eth0 mtu 1400
check_xfer "smaller MTU at the server" "-c $S4 -b 1M -H --expect $ENC" "-b 1M -H --expect $ENC"
ip -n "$S" link set eth0 mtu 1500

# Addresses and ports rewritten on the way: DNAT and SNAT at either host
nat()
{
	ip netns exec "$1" nft -f - || diag "nft refused the rules"
}
nat "$S" <<NFT
table ip nat {
	chain in {
		type nat hook prerouting priority dstnat;
		tcp dport 7777 redirect to :$PORT
	}
}
NFT
start_ready server in_s "$BIN/xfer" -l -p $PORT -b 100k --expect $ENC -t 30
SERVER=$PID
run "redirected port: encrypted" in_c "$BIN/xfer" -c $S4 -p 7777 -b 100k --expect $ENC -t 30
ended 10 "$SERVER"
is "redirected port: the server as well" "$(value "$TMP/server.log" result)" ok
nat "$C" <<NFT
table ip nat {
	chain out {
		type nat hook output priority -100;
		ip daddr 10.77.0.99 dnat to $S4
	}
	chain post {
		type nat hook postrouting priority srcnat;
		ip daddr $S4 meta l4proto tcp snat to :50000-50010
	}
}
NFT
start_ready server in_s "$BIN/xfer" -l -p $PORT -b 100k --expect $ENC -t 30
SERVER=$PID
run "translated at the client: encrypted" in_c "$BIN/xfer" -c 10.77.0.99 -p $PORT -b 100k --expect $ENC -t 30
ended 10 "$SERVER"
is "translated at the client: the server as well" "$(value "$TMP/server.log" result)" ok
in_c nft flush ruleset
in_s nft flush ruleset

# Packets on a detour through connection tracking that reassembles and checks
nat "$S" <<NFT
table inet filter {
	chain in {
		type filter hook input priority 0; policy drop;
		ct state established,related accept
		tcp dport $PORT ct state new accept
		meta l4proto ipv6-icmp accept
	}
}
NFT
check_xfer "stateful firewall, IPv4" "-c $S4 -b 300k -H --expect $ENC" "-b 300k -H --expect $ENC"
check_xfer "stateful firewall, IPv6" "-c $S6 -6 -b 300k -H --expect $ENC" "-6 -b 300k -H --expect $ENC"
in_s nft flush ruleset

# A firewall that answers with a reset, or not at all
nat "$S" <<NFT
table inet filter {
	chain in {
		type filter hook input priority 0;
		tcp dport $PORT reject with tcp reset
	}
}
NFT
in_c "$BIN/xfer" -c $S4 -p $PORT -t 10 >"$TMP/client.log" 2>&1
is "rejected connection: refused" "$(value "$TMP/client.log" recv_errno)" ECONNREFUSED
in_s nft flush ruleset

# Nobody listens, then somebody does
in_c "$BIN/xfer" -c $S6 -6 -p $PORT -t 10 >"$TMP/client.log" 2>&1
is "closed port: refused" "$(value "$TMP/client.log" recv_errno)" ECONNREFUSED
check_xfer "then open: encrypted" "-c $S6 -6 -b 10k --expect $ENC" "-6 -b 10k --expect $ENC"

# shellcheck disable=SC2317 # called by wait_for
over() { [ "$(stat "$S" "$1")" -ge "$2" ]; }

# SYNs from nowhere leave nothing behind: the table is bounded and expires.
if [ -n "$HAVE_MODULE" ]; then
	nat "$S" <<-NFT
		table inet filter {
			chain in {
				type filter hook prerouting priority -500;
				meta nfproto ipv4 tcp dport $PORT tcp flags & (syn|ack) == ack drop
			}
		}
	NFT
	tcpcrypt_sysctl "$S" max_halfopen 16
	# What does not get through now is tried again with the option below.
	tcpcrypt_sysctl "$C" blackhole_size 0
	# The server never answers their FINs: give up soon, and let go of the module.
	in_c sysctl -qw net.ipv4.tcp_orphan_retries=1
	# The connections above are in the table for a moment yet, and do not expire.
	sleep 1
	full=$(stat "$S" HalfOpenFull)
	expired=$(stat "$S" HalfOpenExpired)
	start_ready server in_s "$BIN/churn" -l -p $PORT -s 60
	SERVER=$PID
	start churn in_c "$BIN/churn" -c $S4 -p $PORT -n 60 -s 60
	CHURN=$PID
	run "half-open connections are bounded" wait_for 30 over HalfOpenFull $((full + 40))
	kill -9 "$CHURN"
	ended 10 "$CHURN"
	stop "$SERVER"
	check_xfer "bounded: others still connect" "-c $S6 -6 -b 10k" "-6 -b 10k"
	run "half-open connections expire" wait_for 90 over HalfOpenExpired $((expired + 16))
	# Not before: a FIN that is repeated would make a child.
	in_s nft flush ruleset
	check_xfer "then encrypted again" "-c $S4 -b 10k --expect $ENC" "-b 10k --expect $ENC"
fi

# changed NS BEFORE: what was counted meanwhile, but for ends of connections of
# before, which may come at any time
changed()
{
	stats_delta "$2" "$(stats "$1")" |
		grep -vE '^(HalfOpen.*|Aborted|Closed|Reset) ' | sort
}

# A listener that waits for data makes no child of the third ACK, and repeats no
# SYN-ACK either. When Init1 comes late what was negotiated must still be known.
cat >"$TMP/defer.py" <<'PY'
import socket, sys
s = socket.create_server((sys.argv[1], int(sys.argv[2])))
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 60)
s.settimeout(40)
print("ready", flush=True)
c = s.accept()[0]
c.settimeout(20)
n = 0
while data := c.recv(4096):
    n += len(data)
print("received=%d" % n)
PY
nat "$S" <<NFT
table inet filter {
	chain in {
		type filter hook prerouting priority -500;
		tcp dport $PORT meta length > 100 drop
	}
}
NFT
start_ready defer in_s python3 "$TMP/defer.py" $S4 $PORT
DEFER=$PID
start client in_c "$BIN/xfer" -c $S4 -p $PORT -b 10k -d c2s -H --expect $ENC -t 40
CLIENT=$PID
nap 5
in_s nft flush ruleset
ended 45 "$CLIENT"
is "deferred accept, data after five seconds: sent" $? 0
ended 45 "$DEFER"
is "and received" "$(value "$TMP/defer.log" received)" 10240
sed 's/^/# client: /' "$TMP/client.log"

# Sockets of the kernel's own are left alone: 9p as a client, RDS as a server.
if [ -n "$HAVE_MODULE" ]; then
	fresh_keys
	run "modules with sockets of their own" modprobe -a 9pnet_fd 9p rds_tcp
	start_ready server in_s "$BIN/churn" -l -p $PORT -s 60
	SERVER=$PID
	c0=$(stats "$C")
	s0=$(stats "$S")
	mkdir -p "$TMP/mnt"
	fails "no 9p server there" in_c mount -t 9p -o "trans=tcp,port=$PORT" $S4 "$TMP/mnt"
	is "a kernel client offers nothing" "$(changed "$C" "$c0")" "SynIneligible 1"
	is "and is asked nothing" "$(changed "$S" "$s0")" ""
	stop "$SERVER"

	c0=$(stats "$C")
	s0=$(stats "$S")
	run "RDS listens" in_c timeout 20 bash -c "exec 3<>/dev/tcp/$S4/16385"
	is "a kernel server: plain" "$(changed "$C" "$c0")" \
		$'FallbackNoSynAckEno 1\nSynOffered 1'
	is "a kernel server answers nothing" "$(changed "$S" "$s0")" \
		$'SynIneligible 1\nSynReceived 1'
	modprobe -qr rds_tcp rds
fi

# Many connections at once, each with a key exchange
before=$(stat "$S" Established)
start_ready server in_s "$BIN/churn" -l -p $PORT -s 40
SERVER=$PID
run "200 connections at once" in_c "$BIN/churn" -c $S4 -p $PORT -n 200 -s 5
run "200 at once over IPv6" in_c "$BIN/churn" -c $S6 -p $PORT -n 200 -s 3
stop "$SERVER"
[ -z "$HAVE_MODULE" ] || is "they were encrypted" "$(($(stat "$S" Established) - before > 100))" 1
finish
