#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
#   scripts/vm.sh LINE [OPTION...] -- COMMAND [ARGUMENT...]
#
# Boot kernel LINE (6.1, 6.12, 7.3 or debug) in QEMU on a writable overlay of
# this machine's root, run COMMAND there in the checkout, and exit with its
# code. Anything the kernel should never print makes the run fail with 125, a
# machine that does not end in time with 124, one that dies with 123.
#
#   -m FILE       use this module instead of building one
#   --no-module   run without a module
#   -t SECONDS    time limit (default 600)
#   --smp N       processors (default 2)
#   --mem M       memory (default 2G; debug 3G)
#   --icount      the measuring mode: one instruction is one nanosecond
#   --out DIR     keep the run directory (console log, dmesg, what the guest
#                 wrote to $TCPCRYPT_OUT) here instead of a temporary one
#   --env K=V     set a variable in the guest
#   --append ARGS add to the kernel command line
#   --net ARG     add a network card on this -netdev (without its id), repeatable
#   --root DIR    boot the system in DIR, with its own modules, instead of this
#                 machine's, and without a module of this tree; COMMAND runs in
#                 the directory of --out
#   --systemd     let that system's systemd be its init, COMMAND being a service
#   --allow-splat do not look at the kernel log
#
# In the guest: TCPCRYPT_KO is the module, TCPCRYPT_OUT a directory of this
# machine to write results to, TCPCRYPT_LINE the kernel line.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$TOP/scripts/guest-lib.sh"

usage()
{
	sed -n '4,31s/^# \{0,1\}//p' "$0"
	exit "${1:-0}"
}

smp=2 icount='' nets=() root=/

# guest_option OPTION [VALUE]...: sets taken to the extra words consumed.
guest_option()
{
	taken=0
	case $1 in
	--smp) smp=$2; taken=1 ;;
	--net) nets+=("$2"); taken=1 ;;
	--icount) icount=1 ;;
	--root) root=$(cd "$2" && pwd -P); module=''; taken=1 ;;
	--systemd)
		# Emulated, on a busy machine, a minute and a half is not long.
		envs+=(TCPCRYPT_SYSTEMD=1)
		append+=" systemd.default_timeout_start_sec=900 systemd.mask=serial-getty@ttyS0.service"
		;;
	*) return 1 ;;
	esac
}

[ $# -ge 1 ] || usage 2 >&2
case $1 in -h | --help) usage ;; esac
line=$1
shift
is_line "$line" || die "unknown kernel '$line'" "known: $LINES_DEBIAN debug"
guest_options "$@"

if [ "$line" = debug ]; then
	"$TOP/scripts/debug-kernel.sh" x86
	mem=${mem:-3G}
elif ! have "kernel-$line" || ! initramfs_current "$line"; then
	"$TOP/scripts/setup.sh" "kernel-$line"
fi
have qemu || "$TOP/scripts/setup.sh" qemu
if [ -n "$icount" ]; then
	# Messages on the emulated serial line would be measured too.
	envs+=(TCPCRYPT_ICOUNT=1 TCPCRYPT_QUIET=1)
fi
guest_prepare

# Each open() of a file of the host is some round trips to QEMU, long ones when
# every processor is busy. What tests start all the time the machine takes into
# its memory: this lists it, and the libraries it needs.
often_started()
{
	local p
	{
		for p in awk bash cat cmp cut date dd diff env ethtool grep head ip \
			iptables kill ls mkdir mktemp nft nsenter openssl python3 rm \
			rmmod sed setpriv sh sleep sort ss stat sysctl tail tc tcpdump \
			timeout tr true unshare wc; do
			type -P "$p" || true
		done
		find "$TOP/selftests/bin" -type f -perm /111 2>/dev/null || true
	} | while IFS= read -r p; do
		echo "$p"
		ldd "$p" 2>/dev/null | grep -o '/[^ ]*' || true
	done | xargs -r readlink -f | sort -u
}

# What the initramfs is told of. A system in a directory has nothing of this
# checkout: what it takes comes by way of the run directory.
top=$TOP modules=$(kernel_modules "$line")
if [ "$root" != / ]; then
	top=/run/out modules=/lib/modules/$(kernel_version "$line")
	[ -d "$root$modules" ] || die "$root has no kernel $(kernel_version "$line")"
	mkdir -p "$run/scripts"
	cp "$TOP/scripts/guest-init.sh" "$run/scripts/"
	sed -i '1s,.*,cd /run/out || exit 126,' "$run/cmd"
else
	often_started >"$run/hot"
fi

dir=$(kernel_dir "$line")
args=(
	-M q35 -nodefaults -no-user-config -no-reboot -display none -m "${mem:-2G}"
	-L "$QEMU_ROOT/usr/share/qemu" -L /usr/share/seabios -L /usr/share/qemu
	-kernel "$dir/vmlinux" -initrd "$dir/initramfs.gz"
	-chardev "file,id=console,path=$run/console.log" -serial chardev:console
	-device virtio-serial-pci
	-chardev "file,id=out,path=$run/out.fifo"
	-device "virtserialport,chardev=out,name=out"
	-fsdev "local,id=root,path=$root,security_model=none,readonly=on,multidevs=remap"
	-device "virtio-9p-pci,fsdev=root,mount_tag=hostfs"
	-fsdev "local,id=run,path=$run,security_model=none"
	-device "virtio-9p-pci,fsdev=run,mount_tag=out"
	-device virtio-rng-pci
)
if [ -n "$icount" ]; then
	args+=(-accel "tcg,thread=single" -smp 1 -cpu "max,erms=off,fsrm=off"
	       -icount "shift=0,sleep=off")
else
	args+=(-accel "tcg,thread=multi" -smp "$smp" -cpu max)
fi
n=0
for e in "${nets[@]+"${nets[@]}"}"; do
	# The process number tells two machines on one link apart.
	mac=$(printf '52:54:00:%02x:%02x:%02x' $((($$ >> 8) & 255)) $(($$ & 255)) $n)
	rest=${e#"${e%%,*}"}
	args+=(-netdev "${e%%,*},id=n$n$rest" -device "virtio-net-pci,netdev=n$n,mac=$mac")
	n=$((n + 1))
done

cmdline="console=ttyS0 quiet panic=-1 oops=panic mitigations=off nokaslr no_timer_check"
cmdline+=" tsc=reliable audit=0 apparmor=0 log_buf_len=4M guest.top=$top"
# Suites run when a module that has some is loaded, but only if told to; stock
# kernels have no KUnit and take no notice.
cmdline+=" kunit.enable=1"
cmdline+=" guest.cache=$CACHE guest.modules=$modules $append"

# Should this script be killed outright, the machine goes with it.
setpriv --pdeathsig KILL "$QEMU_ROOT/usr/bin/qemu-system-x86_64" "${args[@]}" \
	-append "$cmdline" </dev/null >"$run/host.log" 2>&1 &
guest_pid=$!
guest_wait
guest_exit
