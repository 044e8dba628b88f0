#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# PID 1 of a test machine, once the host's root is in place: finishes the
# mounts, runs the command of the run directory (/run/out/cmd) and reports its
# exit code (/run/out/rc) and the kernel log (/run/out/dmesg). Where systemd is
# to be PID 1, this becomes it, and comes back as a service.

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root LC_ALL=C.UTF-8 TERM=dumb

OUT=/run/out

finish()
{
	dmesg >"$OUT/dmesg" 2>/dev/null
	cat /proc/sys/kernel/tainted >"$OUT/tainted"
	echo "$1" >"$OUT/rc.new" && mv "$OUT/rc.new" "$OUT/rc"
	sync
	# A system in a directory need not have busybox.
	if [ ! -x /bin/busybox ]; then
		echo b >/proc/sysrq-trigger
	fi
	# A reboot ends QEMU, but starts User-Mode Linux again.
	if [ -n "${TCPCRYPT_PORT:-}" ]; then
		/bin/busybox poweroff -f
	fi
	/bin/busybox reboot -f
}

# The command, its directory and its environment, quoted by vm.sh.
# shellcheck source=/dev/null
. "$OUT/env"

if [ -n "${TCPCRYPT_SYSTEMD:-}" ] && [ $$ -eq 1 ]; then
	cat >/etc/systemd/system/guest.service <<-UNIT
		[Unit]
		After=multi-user.target
		[Service]
		ExecStart=/bin/bash $OUT/scripts/guest-init.sh
		[Install]
		WantedBy=graphical.target
	UNIT
	mkdir -p /etc/systemd/system/graphical.target.wants
	ln -s ../guest.service /etc/systemd/system/graphical.target.wants/
	ln -sf /lib/systemd/system/graphical.target /etc/systemd/system/default.target
	exec /lib/systemd/systemd
fi

if [ -z "${TCPCRYPT_SYSTEMD:-}" ]; then
	mkdir -p /dev/pts /dev/shm
	mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
	mount -t tmpfs -o mode=1777 tmpfs /dev/shm
	mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null
	mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
	mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
	ln -sf /proc/self/fd /dev/fd
	ln -sf /proc/self/fd/0 /dev/stdin
	ln -sf /proc/self/fd/1 /dev/stdout
	ln -sf /proc/self/fd/2 /dev/stderr
	ip link set lo up
	echo guest >/proc/sys/kernel/hostname
fi

# Changing a file's mode, even to what it is, copies it into the overlay.
[ ! -s "$OUT/hot" ] || xargs -a "$OUT/hot" chmod u+r

# From here on the kernel log goes to the console in full: a crash that takes
# the machine down leaves its trace only there.
[ -n "${TCPCRYPT_QUIET:-}" ] || echo 8 >/proc/sys/kernel/printk
if [ -w /sys/kernel/debug/kmemleak ]; then
	echo scan=off >/sys/kernel/debug/kmemleak
	echo clear >/sys/kernel/debug/kmemleak
fi

# insmod, unlike modprobe, leaves the symbols the module needs to us.
if [ -n "${TCPCRYPT_KO:-}" ]; then
	deps=$(modinfo -F depends "$TCPCRYPT_KO" | tr ',' ' ')
	# shellcheck disable=SC2086 # a list of names
	[ -z "$deps" ] || modprobe -a $deps
fi

# The command writes to a pipe, not to the port: a port can be opened once
# only, and programs open /dev/stdout again.
mkfifo /run/output
port=${TCPCRYPT_PORT:-}
if [ -n "$port" ]; then
	stty -F "$port" raw
else
	port=$(grep -lx out /sys/class/virtio-ports/*/name)
	port=/dev/$(basename "$(dirname "$port")")
fi
cat /run/output >"$port" &
cat_pid=$!
exec 3>/run/output
setsid --wait bash "$OUT/cmd" </dev/null >&3 2>&3 3>&-
rc=$?
exec 3>&-
# A daemon left behind may keep the pipe open: no reason to wait for it.
for _ in 1 2 3 4 5 6 7 8 9 10; do
	kill -0 $cat_pid 2>/dev/null || break
	sleep 0.1
done

# Two scans, as an object must look unreferenced twice and be five seconds old.
if [ -w /sys/kernel/debug/kmemleak ] && [ -n "${TCPCRYPT_KO:-}" ]; then
	sleep 5
	for _ in 1 2; do
		echo scan >/sys/kernel/debug/kmemleak
		sleep 0.5
	done
	cat /sys/kernel/debug/kmemleak >"$OUT/kmemleak"
fi
finish "$rc"
