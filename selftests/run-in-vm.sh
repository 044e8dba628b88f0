#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
#   selftests/run-in-vm.sh [SCRIPT...]
#
# Run the behaviour tests, or some of them, inside a virtual machine with the
# module in TCPCRYPT_KO loaded, and print one TAP stream: a line for each
# script, with what it printed as its subtest.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
PATH=$PATH:/usr/sbin:/sbin

# Longest run of one script in seconds; a debug kernel takes longer
LIMIT=${TCPCRYPT_TEST_SECONDS:-600}

# Every kernel runs all of these.
scripts=(
	semantics.sh
	transfer.sh
	rekey.sh
	options.sh
	urgent.sh
	resume.sh
	combos.sh
	peer.sh
	wire.sh
	fallback.sh
	programs.sh
	policy.sh
	libtcpcrypt.sh
	tcnetstat.sh
	tamper.sh
	special.sh
	lifecycle.sh
	netlink.sh
	control.sh
	blackhole.sh
	tcs.sh
	tcpcryptd.sh
	params.sh
	keylog.sh
	flood.sh
)
# The instrumented kernel is ten times slower. faults.sh is for it, by hand: a
# plain connection of its kernel, too, hangs for ever when TCP finds no memory
# for a FIN (tcp_send_fin()), so it cannot tell ours from that every time.
debug=(
	options.sh
	rekey.sh
	urgent.sh
	semantics.sh
)
if [ $# -gt 0 ]; then
	scripts=("$@")
elif [ "${TCPCRYPT_LINE:-}" = debug ]; then
	scripts=("${debug[@]}")
fi

loaded() { grep -q '^tcpcrypt ' /proc/modules; }

ip link set lo up
n=0 failed=0
for s in "${scripts[@]}"; do
	n=$((n + 1))
	start=$SECONDS
	# A script that removed it may have ended before it was back.
	if ! loaded && ! insmod "${TCPCRYPT_KO:?}" loopback=1; then
		echo "Bail out! the module does not load"
		exit 1
	fi
	echo "# Subtest: ${s%.sh}"
	timeout -k 10 "$LIMIT" bash "./$s" 2>&1 | sed -u 's/^/    /'
	rc=${PIPESTATUS[0]}
	if [ "$rc" -eq 0 ]; then
		echo "ok $n - ${s%.sh} # $((SECONDS - start)) s"
	else
		echo "not ok $n - ${s%.sh} # exit code $rc, $((SECONDS - start)) s"
		failed=1
	fi
done
echo "1..$n"
exit $failed
