#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# First program of every test machine. Puts a writable overlay over the host's
# root and becomes PID 1 there: request_module() runs modprobe in the root of
# PID 1, so a chroot of a child would leave crypto look-ups without modules.

B=/bin/busybox

fail()
{
	echo "guest: $*" >/dev/console
	$B sleep 1
	$B reboot -f
}

$B mount -t proc proc /proc
$B mount -t sysfs sysfs /sys
$B mount -t devtmpfs dev /dev

while read -r m; do
	$B insmod "/lib/modules/$m" || fail "cannot load $m"
done </modules

# Everything the run needs to know comes as name=value on the kernel line.
top='' cache='' modules=''
for w in $($B cat /proc/cmdline); do
	case $w in
	guest.top=*) top=${w#*=} ;;
	guest.cache=*) cache=${w#*=} ;;
	guest.modules=*) modules=${w#*=} ;;
	esac
done

$B mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose \
	hostfs /lower || fail "cannot mount the host's root"
$B mount -t tmpfs -o mode=755 tmpfs /upper
$B mkdir /upper/up /upper/work
$B mount -t overlay -o lowerdir=/lower,upperdir=/upper/up,workdir=/upper/work \
	overlay /new || fail "cannot make the overlay"

# A checkout or a cache under /tmp or /run would vanish below the fresh ones.
$B mount --bind /new /stash
for d in tmp run; do
	$B mount -t tmpfs -o mode=1777 tmpfs /new/$d
done
$B mkdir -p /new/run/lock /new/run/out
for d in $top $cache; do
	case $d in
	/tmp/* | /run/*)
		$B mkdir -p "/new$d"
		$B mount --bind "/stash$d" "/new$d"
		;;
	esac
done
$B umount -l /stash

$B mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=none \
	out /new/run/out || fail "cannot mount the result directory"

v=$($B uname -r)
$B mkdir -p "/new/lib/modules/$v"
$B mount --bind "/new$modules" "/new/lib/modules/$v" || fail "no modules for $v"

$B mount --move /proc /new/proc
$B mount --move /sys /new/sys
$B mount --move /dev /new/dev
[ -x /new/bin/bash ] || fail "no bash on the host's root"
exec $B switch_root /new /bin/bash "$top/scripts/guest-init.sh"
