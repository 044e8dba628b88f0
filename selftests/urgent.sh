#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Urgent data and keep-alive; see options/.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

add_ns "$C"
# What is left of the connection that was cut gives up soon, and lets go of the
# module.
in_c sysctl -qw net.ipv4.tcp_fin_timeout=2 net.ipv4.tcp_orphan_retries=1

part "urgent data" oob
is "marks were counted" "$(($(stat "$C" UrgentSent) > 0 && $(stat "$C" UrgentReceived) > 0))" 1
part "keep-alive" keepalive_
is "probes were counted" "$(($(stat "$C" KeepaliveProbes) > 0))" 1
is "they were answered" "$(stat "$C" KeepaliveTimeouts)" 0

cat >"$TMP/cut" <<'CUT'
#!/bin/sh
nft "add table inet cut; add chain inet cut in { type filter hook input priority 0; }; \
	add rule inet cut in tcp dport $1 drop; add rule inet cut in tcp sport $1 drop"
CUT
chmod +x "$TMP/cut"
export CUT=$TMP/cut
part "a dead peer is found" dead_peer
is "dead peers were counted" "$(($(stat "$C" KeepaliveTimeouts) > 0))" 1
finish
