#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
#   scripts/demo.sh [LINE]
#
# From a machine that has nothing to an encrypted transfer: gets a stock Debian
# kernel (LINE, default 6.1), builds the module for it, boots two machines, and
# lets an unmodified curl fetch a file from an unmodified nginx, first between
# two hosts that have the module, then from one that does not.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

line=${1:-6.1}
is_line "$line" || die "unknown kernel '$line'" "known: $LINES_DEBIAN debug"
begin=$SECONDS

work=$(mktemp -d "${TMPDIR:-/tmp}/tcpcrypt-demo.XXXXXX")
plain_pid=
cleanup()
{
	local rc=$?
	trap - EXIT INT TERM
	[ -z "$plain_pid" ] || kill "$plain_pid" 2>/dev/null || true
	wait 2>/dev/null || true
	rm -rf "$work"
	exit $rc
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say "Setting up (kept in $CACHE)"
"$TOP/scripts/setup.sh" packages qemu kernel-6.1 "kernel-$line"
step "building tcpcrypt.ko for $(kernel_version "$line")" \
	"$TOP/scripts/build-module.sh" "$line"
step "building the tools" make -s -C "$TOP" tools

say "Booting two machines: two hosts with the module, and one without"
start=$SECONDS
link=$work/link
# The host without the module: it has never heard of any of this.
"$TOP/scripts/vm.sh" 6.1 --no-module --smp 1 --mem 1G -t 240 \
	--net "stream,server=on,addr.type=unix,addr.path=$link" \
	-- bash scripts/demo-guest.sh plain >"$work/plain.log" 2>&1 &
plain_pid=$!
for _ in $(seq 300); do
	[ ! -S "$link" ] || break
	kill -0 $plain_pid 2>/dev/null || break
	sleep 0.1
done
if [ ! -S "$link" ]; then
	cat "$work/plain.log" >&2
	die "the machine without the module did not start"
fi

rc=0
"$TOP/scripts/vm.sh" "$line" -t 240 --out "$work/out" \
	--net "stream,server=off,addr.type=unix,addr.path=$link" \
	-- bash scripts/demo-guest.sh both || rc=$?
if [ $rc -ne 0 ]; then
	sed 's/^/    other machine: /' "$work/plain.log" >&2
	say "demo: FAILED (exit code $rc)"
	exit $rc
fi
say ""
say "Boot and three transfers from a throttled server: $((SECONDS - start)) s; all in all $((SECONDS - begin)) s."
