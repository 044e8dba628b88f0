#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# First program of a User-Mode Linux: its root is this machine's, read-only.
# Puts an overlay over it and goes on there, still as PID 1, with guest-init.sh.

B=/bin/busybox

fail()
{
	echo "guest: $*" >/dev/console
	$B poweroff -f
}

$B mount -t proc proc /proc
$B mount -t tmpfs -o mode=755 tmpfs /mnt || fail "cannot mount a tmpfs on /mnt"
$B mkdir /mnt/up /mnt/work /mnt/new
$B mount -t overlay -o lowerdir=/,upperdir=/mnt/up,workdir=/mnt/work \
	overlay /mnt/new || fail "cannot make the overlay"
new=/mnt/new

for d in tmp run; do
	$B mount -t tmpfs -o mode=1777 tmpfs $new/$d
done
$B mkdir -p $new/run/lock $new/run/out
# A checkout or a cache under /tmp or /run would vanish below the fresh ones.
for d in "$TCPCRYPT_UML_TOP" "$TCPCRYPT_UML_CACHE"; do
	case $d in
	/tmp/* | /run/*)
		$B mkdir -p "$new$d"
		$B mount -t hostfs -o "ro,$d" none "$new$d"
		;;
	esac
done
$B mount -t hostfs -o "$TCPCRYPT_UML_RUN" none $new/run/out ||
	fail "cannot mount the result directory"

v=$($B uname -r)
$B mkdir -p "$new/lib/modules/$v"
$B mount --bind "$new$TCPCRYPT_UML_MODULES" "$new/lib/modules/$v" ||
	fail "no modules for $v"

$B mount -t proc proc $new/proc
$B mount -t sysfs sysfs $new/sys
$B mount -t devtmpfs dev $new/dev
export TCPCRYPT_PORT=/dev/tty1
exec $B chroot $new /bin/bash "$TCPCRYPT_UML_TOP/scripts/guest-init.sh"
