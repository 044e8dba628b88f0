#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Bulk data both ways at once, every byte checked, over a path that loses,
# reorders and duplicates packets.
#
# XFER_MB is what a connection moves in all; half of it in each direction.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

MB=${XFER_MB:-100}
SMALL=${XFER_SMALL_MB:-16}
export XFER_LIMIT=${XFER_LIMIT:-150}

setup_ns direct
modprobe -q sch_netem

netem()
{
	local n
	for n in "$C" "$S"; do
		tc -n "$n" qdisc del dev eth0 root 2>/dev/null
		[ $# -eq 0 ] || tc -n "$n" qdisc add dev eth0 root netem limit 10000 "$@" ||
			bail "no netem in this kernel"
		# A lost tail must not cost 200 ms each time.
		ip -n "$n" route replace 10.77.0.0/24 dev eth0 rto_min 10ms
		ip -n "$n" -6 route replace fd77::/64 dev eth0 rto_min 10ms
	done
}

# transfer WHAT FLAG MEGABYTES [xfer option...]
transfer()
{
	local what=$1 flag=$2 each=$(($3 * 1024 / 2))k start=$SECONDS
	shift 3
	local server=$flag
	# An IPv4-mapped client talks to a server on the IPv6 wildcard.
	if [ "$flag" = -m ]; then server=-6; fi
	check_xfer "$what" "-c $(addr_of "$flag") $flag -b $each -H --expect $ENC $*" \
		"$server -b $each -H --expect $ENC $*"
	diag "$((SECONDS - start)) s"
	# What one end sent is what the other received.
	if [ "$(value "$TMP/client.log" hash_sent)" != "$(value "$TMP/server.log" hash_received)" ] ||
	   [ "$(value "$TMP/server.log" hash_sent)" != "$(value "$TMP/client.log" hash_received)" ]; then
		not_ok "$what: hashes"
	fi
}

family()
{
	case $1 in
	-4) echo IPv4 ;;
	-6) echo IPv6 ;;
	-m) echo IPv4-mapped ;;
	esac
}

for f in -4 -6 -m; do
	transfer "$(family $f): clean path, $SMALL MB" $f "$SMALL"
done
transfer "IPv4: edge-triggered epoll, $SMALL MB" -4 "$SMALL" -e
transfer "IPv6: blocking threads, $SMALL MB" -6 "$SMALL" -B
transfer "IPv4: chunks of 999 bytes, 2 MB" -4 2 -k 999
transfer "IPv4: chunks of 1 MiB, $SMALL MB" -4 "$SMALL" -k 1M
transfer "IPv6: small buffers, 4 MB" -6 4 --bufs 20000

netem delay 1ms loss 5% duplicate 2% reorder 90%
for f in -4 -6 -m; do
	transfer "$(family $f): loss 5 %, reordering 10 %, duplication 2 %, $MB MB" $f "$MB"
done
transfer "IPv4: the same, edge-triggered epoll, $SMALL MB" -4 "$SMALL" -e

offloads "$C" eth0 off
offloads "$S" eth0 off
for f in -4 -6 -m; do
	transfer "$(family $f): the same without TSO and GRO, $SMALL MB" $f "$SMALL"
done
netem delay 1ms loss 5%
transfer "IPv4: loss 5 %, no offloads, $SMALL MB" -4 "$SMALL"
netem delay 1ms reorder 90%
transfer "IPv6: reordering 10 %, no offloads, $SMALL MB" -6 "$SMALL"
netem duplicate 2%
transfer "IPv4: duplication 2 %, no offloads, $SMALL MB" -4 "$SMALL"
netem
transfer "IPv6: clean path without offloads, $SMALL MB" -6 "$SMALL"
offloads "$C" eth0 on
offloads "$S" eth0 on
finish
