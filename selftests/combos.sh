#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every key exchange with every cipher, over IPv4, IPv6 and IPv4-mapped
# addresses, opened by either host, fresh and resumed: data goes both ways and
# both ends agree on what was negotiated.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ -n "$HAVE_MODULE" ] || bail "the module is not loaded"
setup_ns direct

# The key exchanges that this kernel can do are the default; all can do all
ALL=$(in_c sysctl -n net.tcpcrypt.teps)
is "every key exchange is there" "$ALL" x25519,x448,p256,p521
# name:TEP byte fresh:resumed
TEPS="x25519:23:a3 x448:24:a4 p256:21:a1 p521:22:a2"
CIPHERS="aes128gcm:1 aes256gcm:2 chacha20poly1305:16"

start_ready server_s in_s "$BIN/resume" -l :: "$PORT" || bail "no server"
start_ready server_c in_c "$BIN/resume" -l :: "$PORT" || bail "no server"

# combo NS ADDR WANT...: from @NS one fresh and two resumed connections. Told
# are the TEP bytes both ends saw, and what the cache says of the session.
combo()
{
	ip netns exec "$1" "$BIN/nlcheck" cache-flush >/dev/null
	ip netns exec "$1" "$BIN/resume" -n 3 -d 4096 "$2" "$PORT" >"$TMP/combo.log" 2>&1 ||
		tail -n 2 "$TMP/combo.log" | sed 's/^/# /' >&2
	echo "$(sed -n 's/^conn .* tep=\([^ ]*\).*/\1/p' "$TMP/combo.log" | tr '\n' ' ')" \
		"$(ip netns exec "$1" "$BIN/nlcheck" cache | awk '{ print $3, $4, $5, $6 }')"
}

for t in $TEPS; do
	IFS=: read -r tep fresh resumed <<<"$t"
	tcpcrypt_sysctl "$C" teps "$tep"
	tcpcrypt_sysctl "$S" teps "$tep"
	for c in $CIPHERS; do
		IFS=: read -r cipher id <<<"$c"
		tcpcrypt_sysctl "$C" ciphers "$cipher"
		tcpcrypt_sysctl "$S" ciphers "$cipher"
		for way in "$C $S4 $S6" "$S $C4 $C6"; do
			read -r from v4 v6 <<<"$way"
			for addr in "$v4" "$v6" "::ffff:$v4"; do
				is "$tep, $cipher, from ${from:3:1} to $addr" \
					"$(combo "$from" "$addr")" \
					"$fresh $resumed $resumed  a $fresh $id 3"
			done
		done
	done
done

# All of them offered at once
tcpcrypt_sysctl "$C" teps "$ALL"
tcpcrypt_sysctl "$C" ciphers aes128gcm,aes256gcm,chacha20poly1305
tcpcrypt_sysctl "$S" ciphers chacha20poly1305,aes128gcm,aes256gcm
for t in $TEPS; do
	IFS=: read -r tep fresh resumed <<<"$t"
	tcpcrypt_sysctl "$S" teps "$tep"
	is "all offered, only $tep accepted" "$(combo "$C" "$S4")" \
		"$fresh $resumed $resumed  a $fresh 16 3"
done
finish
