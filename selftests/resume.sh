#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Session resumption: which connections are resumed and which are not, that
# both ends agree on it, and that no secret is used twice.
#
#	RESUME_CHAIN=10000 selftests/resume.sh		a longer chain

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ -n "$HAVE_MODULE" ] || bail "the module is not loaded"

CHAIN=${RESUME_CHAIN:-300}
PARALLEL=${RESUME_PARALLEL:-200}
# The instrumented kernel is ten times slower.
if [ "${TCPCRYPT_LINE:-}" = debug ]; then
	CHAIN=${RESUME_CHAIN:-40}
	PARALLEL=${RESUME_PARALLEL:-40}
fi
P=$PORT
P2=$((PORT + 1))

setup_ns direct

nl_c() { in_c "$BIN/nlcheck" "$@"; }
nl_s() { in_s "$BIN/nlcheck" "$@"; }

flush()
{
	nl_c cache-flush >/dev/null
	nl_s cache-flush >/dev/null
}

# resumed_of FILE: of the connections made, in order, 1 for each resumed one
resumed_of() { sed -n 's/^conn .*resumed=\([01]\).*/\1/p' "$1" | tr -d '\n'; }

# conns NS ADDR PORT N WANT WHAT [option...]: N connections, one after the
# other; WANT says which are resumed. Each is encrypted, the ends agree, no
# session ID comes twice.
conns()
{
	local ns=$1 addr=$2 port=$3 n=$4 want=$5 what=$6
	shift 6
	if ! ip netns exec "$ns" "$BIN/resume" "$@" -n "$n" "$addr" "$port" \
	     >"$TMP/conns.log" 2>&1; then
		not_ok "$what"
		tail -n 5 "$TMP/conns.log" | sed 's/^/# /'
		return 1
	fi
	is "$what" "$(resumed_of "$TMP/conns.log")" "$want"
}

# count NS COMMAND...: the session counters that grow; COUNTS is set
counts_of()
{
	COUNTS=$(stats_delta "$2" "$(stats "$1")" |
		 grep -E '^(Resume|Cache)' | tr '\n' ' ' | sed 's/ $//')
}

start_ready server_s in_s "$BIN/resume" -l :: $P || bail "no server"
SERVER_S=$PID
start_ready server_c in_c "$BIN/resume" -l :: $P2 || bail "no server"

# ------------------------------------------------------------ who and where

c0=$(stats "$C")
s0=$(stats "$S")
conns "$C" $S4 $P 5 01111 "IPv4: the first exchanges keys, the others do not"
counts_of "$C" "$c0"
is "the client counts" "$COUNTS" "ResumeOffered 4 Resumed 4 CacheAdded 1"
counts_of "$S" "$s0"
is "the server counts" "$COUNTS" "Resumed 4 CacheAdded 1"
conns "$C" $S6 $P 5 01111 "IPv6"
conns "$C" ::ffff:$S4 $P 3 111 "an IPv4-mapped address is the same host"
conns "$C" $S4 $P 3 111 "and again as IPv4"
is "every role is that of the connection" \
	"$(sed -n 's/.* role=\(.\).*/\1/p' "$TMP/conns.log" | sort -u)" a

is "sessions are shown: addresses and ports" \
	"$(nl_c cache | awk '{ print $1, $2, $3 }' | sort | tr '\n' ';')" \
	"$S4 $P a;$S6 $P a;"
is "sessions are shown at the other end" \
	"$(nl_s cache | awk '{ print $1, $2, $3 }' | sort | tr '\n' ';')" \
	"$C4 0 b;$C6 0 b;"
is "key exchange and cipher of a session" \
	"$(nl_c cache | awk '{ print $4, $5 }' | sort -u)" "23 1"
is "both ends will use the same secret next" \
	"$(nl_c cache | awk '{ print $6 }' | sort)" \
	"$(nl_s cache | awk '{ print $6 }' | sort)"
is "age and end of a session add up to its lifetime" \
	"$(nl_c cache | awk '{ print $7 + $8 }' | sort -u)" \
	"$(($(in_c sysctl -n net.tcpcrypt.cache_lifetime) * 1000))"

conns "$S" $C4 $P2 2 11 "the host that was passive resumes, IPv4"
conns "$S" $C6 $P2 2 11 "the host that was passive resumes, IPv6"
conns "$C" $S4 $P 2 11 "and the first one again"
is "nothing but two key exchanges so far" "$(stat "$C" KexStarted)" 2

# ------------------------------------------------------- many, one by one

# A secret that is used twice gives two session IDs, because a nonce goes into
# them: what names it on the wire is looked at, at both ends.
watch_start()
{
	WATCH=()
	for ns in "$C" "$S"; do
		start_ready "watch_$ns" nsenter --net="/run/netns/$ns" "$BIN/secrets" eth0 ||
			bail "cannot look at the wire"
		WATCH+=("$PID")
	done
}

# watch_stop WHAT: at both ends no secret was used twice, and both saw the same
watch_stop()
{
	local p
	for p in "${WATCH[@]}"; do
		kill -TERM "$p"
		ended 60 "$p"
	done
	is "$1: no secret twice, as the client sees it" \
		"$(value "$TMP/watch_$C.log" twice) $(value "$TMP/watch_$C.log" missed)" "0 0"
	is "$1: no secret twice, as the server sees it" \
		"$(value "$TMP/watch_$S.log" twice) $(value "$TMP/watch_$S.log" missed)" "0 0"
	diag "$(tail -n 1 "$TMP/watch_$S.log")"
}

watch_start
c0=$(stat "$C" Resumed)
s0=$(stat "$S" Resumed)
if in_c "$BIN/resume" -n "$CHAIN" $S4 $P >"$TMP/chain.log" 2>&1; then
	ok "a chain of $CHAIN: all encrypted, no session ID twice"
else
	not_ok "a chain of $CHAIN: all encrypted, no session ID twice"
fi
n=$(value "$TMP/chain.log" resumed)
diag "$(tail -n 1 "$TMP/chain.log")"
is "a chain of $CHAIN: at least 95 % resumed" "$((${n:-0} * 100 >= CHAIN * 95))" 1
is "a chain of $CHAIN: the counters of both ends agree" \
	"$(($(stat "$C" Resumed) - c0)) $(($(stat "$S" Resumed) - s0))" "$n $n"
watch_stop "a chain of $CHAIN"
is "a chain of $CHAIN: a secret of its own for each" \
	"$(value "$TMP/watch_$C.log" agreed) $(value "$TMP/watch_$S.log" agreed)" "$n $n"

# ---------------------------------------------------------- many at once

watch_start
for addr in $S4 $S6; do
	if in_c "$BIN/resume" -n "$PARALLEL" -j "$PARALLEL" "$addr" $P \
	   >"$TMP/parallel.log" 2>&1; then
		ok "$PARALLEL at once to $addr: all encrypted, no session ID twice"
	else
		not_ok "$PARALLEL at once to $addr: all encrypted, no session ID twice"
	fi
	diag "$(tail -n 1 "$TMP/parallel.log")"
done

# Both hosts connect to each other, with the same sessions
in_c "$BIN/resume" -n "$PARALLEL" -j 20 $S4 $P >"$TMP/cross_c.log" 2>&1 &
pid=$!
run "both at once, one way: all encrypted, no session ID twice" \
	in_s "$BIN/resume" -n "$PARALLEL" -j 20 $C4 $P2
run "both at once, the other way" wait $pid
watch_stop "all of those"

# ------------------------------------------------------------- forgetting

# More sessions than are forgotten under one lock: one with each address
ip -n "$C" route add 10.77.2.0/24 dev eth0
for i in {1..70}; do echo "addr add 10.77.2.$i/32 dev eth0"; done | ip -n "$S" -batch -
pids=()
for i in {1..70}; do
	in_c "$BIN/resume" "10.77.2.$i" $P >/dev/null 2>&1 &
	pids+=($!)
done
wait "${pids[@]}"
n=$(nl_c cache | wc -l)
diag "$n sessions"
is "many sessions" "$((n > 70))" 1
many=$(nl_c cache | grep -c "^$S4 ")
is "a flush of one address of many" "$(nl_c cache-flush $S4)" "$many"
is "leaves those with others" "$(nl_c cache | wc -l)" "$((n - many))"
is "a flush of many" "$(nl_c cache-flush)" "$((n - many))"
is "leaves none" "$(nl_c cache | wc -l)" 0
n=$(nl_s cache | wc -l)
c0=$(stat "$S" CacheEvicted)
tcpcrypt_sysctl "$S" cache_size 1
is "a smaller cache: one of many is left" "$(nl_s cache | wc -l)" 1
is "a smaller cache: the others are evicted" "$(($(stat "$S" CacheEvicted) - c0))" \
	"$((n - 1))"
tcpcrypt_sysctl "$S" cache_size 4096

flush
conns "$C" $S4 $P 2 01 "after a flush: keys are exchanged"
is "the server is made to forget" "$(nl_s cache-flush)" 1
c0=$(stats "$C")
s0=$(stats "$S")
conns "$C" $S4 $P 3 011 "refused: keys are exchanged on the same connection"
counts_of "$C" "$c0"
is "refused: the client counts" "$COUNTS" \
	"ResumeOffered 3 ResumeRefused 1 Resumed 2 CacheAdded 1 CacheFlushed 1"
counts_of "$S" "$s0"
is "refused: the server counts" "$COUNTS" \
	"ResumeUnknown 1 Resumed 2 CacheAdded 1"
conns "$C" $S6 $P 2 01 "another address is another host"
is "a flush of one address" "$(nl_c cache-flush $S4)" 1
conns "$C" $S6 $P 1 1 "leaves the other"
conns "$C" $S4 $P 1 0 "and only that"
is "an IPv4-mapped address means the IPv4 one" \
	"$(nl_c cache-flush ::ffff:$S4)" 1
is "a flush needs CAP_NET_ADMIN" \
	"$(in_c setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$BIN/nlcheck" cache-flush)" EPERM
is "looking does not" \
	"$(in_c setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$BIN/nlcheck" cache | wc -l)" 1

flush
conns "$C" $S4 $P 1 0 "one session"
tcpcrypt_sysctl "$C" cache_size 1
conns "$C" $S6 $P 2 01 "a cache of one: the second host takes its place"
is "a cache of one: one is left" "$(nl_c cache | wc -l)" 1
conns "$C" $S4 $P 1 0 "a cache of one: the first host has lost it"
tcpcrypt_sysctl "$C" cache_size 0
is "a cache of none is empty at once" "$(nl_c cache | wc -l)" 0
conns "$C" $S4 $P 2 00 "a cache of none: nothing is resumed"
tcpcrypt_sysctl "$C" cache_size 4096

flush
conns "$C" $S4 $P 2 01 "before the sessions get old"
c0=$(stat "$C" CacheExpired)
sleep 2.1
tcpcrypt_sysctl "$C" cache_lifetime 2
# shellcheck disable=SC2317 # wait_for calls it
gone() { [ "$(nl_c cache | wc -l)" -eq 0 ]; }
wait_for 20 gone
is "an old session goes away" "$(($(stat "$C" CacheExpired) - c0))" 1
tcpcrypt_sysctl "$C" cache_lifetime 3600
conns "$C" $S4 $P 1 0 "an old session is not resumed"
tcpcrypt_sysctl "$S" cache_lifetime 1
sleep 2.1
conns "$C" $S4 $P 1 0 "nor does the passive end agree to it"
tcpcrypt_sysctl "$S" cache_lifetime 3600

# ----------------------------------------------------------------- policy

flush
conns "$C" $S4 $P 2 01 "a session"
c0=$(stat "$C" ResumeOffered)
tcpcrypt_sysctl "$C" resume 0
is "resume=0 forgets all" "$(nl_c cache | wc -l)" 0
conns "$C" $S4 $P 2 00 "resume=0 at the active end"
is "resume=0: nothing is offered" "$(($(stat "$C" ResumeOffered) - c0))" 0
tcpcrypt_sysctl "$C" resume 1
conns "$C" $S4 $P 2 01 "resume=1 again"
tcpcrypt_sysctl "$S" resume 0
conns "$C" $S4 $P 2 00 "resume=0 at the passive end"
tcpcrypt_sysctl "$S" resume 1

# ------------------------------------------ key exchanges, ciphers, room

flush
# A kernel without elliptic curves has fewer than four.
teps=$(in_c sysctl -n net.tcpcrypt.teps)
conns "$C" $S4 $P 3 011 "$teps: some are left out to make room"
tcpcrypt_sysctl "$C" teps x448
c0=$(stat "$C" ResumeOffered)
conns "$C" $S4 $P 1 0 "another key exchange: the session is not offered"
is "it is not" "$(($(stat "$C" ResumeOffered) - c0))" 0
tcpcrypt_sysctl "$C" teps "$teps"
flush
conns "$C" $S4 $P 2 01 "a session with its key exchange"
tcpcrypt_sysctl "$S" teps x448
conns "$C" $S4 $P 1 0 "the passive end allows another key exchange only"
tcpcrypt_sysctl "$S" teps "$teps"
flush
conns "$C" $S4 $P 2 01 "a session with its cipher"
tcpcrypt_sysctl "$C" ciphers chacha20poly1305
conns "$C" $S4 $P 2 01 "another cipher: a session of its own"
tcpcrypt_sysctl "$C" ciphers aes128gcm,aes256gcm,chacha20poly1305

# -------------------------------------------------------- on a rough path

flush
conns "$C" $S4 $P 1 0 "a session for a rough path"
drop_first "$S" "tcp dport $P tcp flags & (syn|ack) == syn"
conns "$C" $S4 $P 1 1 "the first SYN gets lost"
undrop
drop_first "$C" "tcp sport $P tcp flags & (syn|ack) == (syn|ack)"
conns "$C" $S4 $P 1 1 "the first SYN-ACK gets lost"
undrop
drop_first "$S" "tcp dport $P tcp flags & (syn|ack) == ack"
conns "$C" $S4 $P 1 1 "the third segment gets lost"
undrop
drop_first "$S" "tcp dport $P tcp flags & (syn|psh) == psh"
conns "$C" $S4 $P 1 1 "the first data gets lost"
undrop
drop_first "$C" "tcp sport $P tcp flags & (syn|psh) == psh"
conns "$C" $S4 $P 1 1 "the answer gets lost"
undrop
is "all with one session" "$(stat "$C" ResumeRefused) $(nl_c cache | wc -l)" \
	"$(stat "$C" ResumeRefused) 1"

# The first try finds nobody, so its secret is lost at one end only
stop $SERVER_S
fails "nobody listens" in_c "$BIN/resume" $S4 $P
i=$(nl_c cache | awk '{ print $6 }')
is "the secret offered is lost" "$(($(nl_s cache | awk '{ print $6 }') + 1))" "$i"
start_ready server_s in_s "$BIN/resume" -l :: $P || bail "no server"
conns "$C" $S4 $P 2 11 "the next one is resumed all the same"

# SYN cookies: plain, and the secret that was offered is lost
in_s sysctl -qw net.ipv4.tcp_syncookies=2
fails "under SYN cookies nothing is encrypted" in_c "$BIN/resume" $S4 $P
in_s sysctl -qw net.ipv4.tcp_syncookies=1
# The offer had left out a key exchange, which may be why there was no answer
conns "$C" $S4 $P 2 01 "and after that keys are exchanged once"

# The peer does not speak TCP-ENO for a moment
tcpcrypt_sysctl "$S" enable 0
fails "a SYN-ACK without the option: plain" in_c "$BIN/resume" $S4 $P
tcpcrypt_sysctl "$S" enable 1
conns "$C" $S4 $P 2 01 "then keys are exchanged once"

# Two TEPs fit beside a session: if the peer knows none of them it stays plain,
# and the next connection offers all
tcpcrypt_sysctl "$C" teps x25519,x448
conns "$C" $S4 $P 1 1 "a session, and room for all key exchanges"
tcpcrypt_sysctl "$S" enable 0
fails "no answer: plain" in_c "$BIN/resume" $S4 $P
tcpcrypt_sysctl "$S" enable 1
conns "$C" $S4 $P 2 11 "nothing had been left out: resumed again"
tcpcrypt_sysctl "$C" teps "$teps"
case $teps in
*p256*)
	flush
	conns "$C" $S4 $P 2 01 "a session of a listener that allows all"
	start_ready server_p256 in_s "$BIN/resume" -l -t 21 :: $((P + 2)) ||
		bail "no server"
	fails "a listener that allows P-256 only: plain" \
		in_c "$BIN/resume" $S4 $((P + 2))
	conns "$C" $S4 $((P + 2)) 3 011 "and encrypted the next time"
	conns "$C" $S4 $P 1 1 "the session with the other listener is kept"
	;;
*)
	diag "no P-256 in this kernel"
	;;
esac

finish
