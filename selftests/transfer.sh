#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Bulk data both ways at once, every byte checked, over a path that loses,
# reorders and duplicates packets.
#
# XFER_MB go each way over the worst path, less where only the path is better
# or the same in other clothes: what can break there breaks early.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

MB=${XFER_MB:-100}
LESS=$(((MB + 9) / 10))
SMALL=${XFER_SMALL_MB:-4}
export XFER_LIMIT=${XFER_LIMIT:-400}

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

# transfer WHAT FLAG MEGABYTES [xfer option...]: so many in each direction
transfer()
{
	local what=$1 flag=$2 each=${3}M start=$SECONDS
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
transfer "IPv4: chunks of 999 bytes, 1 MB" -4 1 -k 999
transfer "IPv4: chunks of 1 MiB, $SMALL MB" -4 "$SMALL" -k 1M
transfer "IPv6: small buffers, 2 MB" -6 2 --bufs 20000

netem delay 1ms loss 5% duplicate 2% reorder 90%
worst="loss 5 %, reordering 10 %, duplication 2 %"
transfer "IPv4: $worst, $MB MB" -4 "$MB"
transfer "IPv6: $worst, $LESS MB" -6 "$LESS"
transfer "IPv4-mapped: $worst, $LESS MB" -m "$LESS"
transfer "IPv4: $worst, edge-triggered epoll, $SMALL MB" -4 "$SMALL" -e

offloads "$C" eth0 off
offloads "$S" eth0 off
transfer "IPv4: $worst, no TSO, no GRO, $LESS MB" -4 "$LESS"
transfer "IPv6: $worst, no TSO, no GRO, $SMALL MB" -6 "$SMALL"
transfer "IPv4-mapped: $worst, no TSO, no GRO, $SMALL MB" -m "$SMALL"
netem
transfer "IPv6: clean path, no TSO, no GRO, $SMALL MB" -6 "$SMALL"
finish
