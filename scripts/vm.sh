#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
#   scripts/vm.sh LINE [OPTION...] -- COMMAND [ARGUMENT...]
#
# Boot kernel LINE (6.1, 6.12, 7.3 or debug) in QEMU on a writable overlay of
# this machine's root, run COMMAND there in the checkout, and exit with its
# code. Anything the kernel should never print makes the run fail with 125, a
# machine that does not end in time with 124.
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
#   --allow-splat do not look at the kernel log
#
# In the guest: TCPCRYPT_KO is the module, TCPCRYPT_OUT a directory of this
# machine to write results to, TCPCRYPT_LINE the kernel line.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage()
{
	sed -n '4,29s/^# \{0,1\}//p' "$0"
	exit "${1:-0}"
}

[ $# -ge 1 ] || usage 2 >&2
case $1 in -h | --help) usage ;; esac
line=$1
shift
is_line "$line" || die "unknown kernel '$line'" "known: $LINES_DEBIAN debug"

module=build timeout=${TCPCRYPT_VM_TIMEOUT:-600} smp=2 mem='' icount='' out='' append='' allow=''
envs=() nets=()
while [ $# -gt 0 ]; do
	case $1 in
	-m) module=$2; shift ;;
	--no-module) module= ;;
	-t) timeout=$2; shift ;;
	--smp) smp=$2; shift ;;
	--mem) mem=$2; shift ;;
	--icount) icount=1 ;;
	--out) out=$2; shift ;;
	--env) envs+=("$2"); shift ;;
	--append) append=$2; shift ;;
	--net) nets+=("$2"); shift ;;
	--allow-splat) allow=1 ;;
	--) shift; break ;;
	-h | --help) usage ;;
	*) die "unknown option '$1'" "see scripts/vm.sh --help" ;;
	esac
	shift
done
[ $# -gt 0 ] || die "no command" "scripts/vm.sh $line -- COMMAND..."

dir=$(kernel_dir "$line")
if [ "$line" = debug ]; then
	"$TOP/scripts/debug-kernel.sh" x86
	mem=${mem:-3G}
else
	have "kernel-$line" && initramfs_current "$line" ||
		"$TOP/scripts/setup.sh" "kernel-$line"
	mem=${mem:-2G}
fi
have qemu || "$TOP/scripts/setup.sh" qemu
if [ "$module" = build ]; then
	module=$("$TOP/scripts/build-module.sh" "$line")
fi

if [ -n "$out" ]; then
	mkdir -p "$out"
	run=$(cd "$out" && pwd -P)
	rm -f "$run"/{rc,port,out.fifo,console.log,dmesg,tainted,kmemleak}
else
	mkdir -p "$CACHE/run"
	run=$(mktemp -d "$CACHE/run/$line.XXXXXX")
fi

qemu_pid='' relay_pid=''
cleanup()
{
	local rc=$?
	trap - EXIT INT TERM HUP
	if [ -n "$qemu_pid" ] && kill -0 "$qemu_pid" 2>/dev/null; then
		kill -KILL "$qemu_pid" 2>/dev/null
	fi
	[ -z "$relay_pid" ] || kill "$relay_pid" 2>/dev/null
	rm -f "$run/out.fifo"
	[ -n "$out" ] || [ -n "$keep" ] || rm -rf "$run"
	exit $rc
}
keep=
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# What the guest runs, and with which environment.
{
	printf 'export TCPCRYPT_LINE=%q TCPCRYPT_OUT=/run/out TCPCRYPT_TOP=%q\n' "$line" "$TOP"
	[ -z "$icount" ] || echo 'export TCPCRYPT_ICOUNT=1 TCPCRYPT_QUIET=1'
	for e in "${envs[@]+"${envs[@]}"}"; do
		printf 'export %q\n' "$e"
	done
	if [ -n "$module" ]; then
		# A copy: a rebuild during the run must not change the file below it.
		cp "$module" "$run/tcpcrypt.ko"
		echo 'cp /run/out/tcpcrypt.ko /run/tcpcrypt.ko; export TCPCRYPT_KO=/run/tcpcrypt.ko'
	fi
} >"$run/env"
{
	printf 'cd %q || exit 126\n' "$TOP"
	printf 'exec'
	printf ' %q' "$@"
	echo
} >"$run/cmd"

mkfifo "$run/out.fifo"
: >"$run/console.log"

args=(
	-M q35 -nodefaults -no-user-config -no-reboot -display none -m "$mem"
	-L "$QEMU_ROOT/usr/share/qemu" -L /usr/share/seabios -L /usr/share/qemu
	-kernel "$dir/vmlinux" -initrd "$dir/initramfs.gz"
	-chardev "file,id=console,path=$run/console.log" -serial chardev:console
	-device virtio-serial-pci
	-chardev "file,id=out,path=$run/out.fifo"
	-device virtserialport,chardev=out,name=out
	-fsdev "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap"
	-device virtio-9p-pci,fsdev=root,mount_tag=hostfs
	-fsdev "local,id=run,path=$run,security_model=none"
	-device virtio-9p-pci,fsdev=run,mount_tag=out
	-device virtio-rng-pci
)
if [ -n "$icount" ]; then
	args+=(-accel tcg,thread=single -smp 1 -cpu max,erms=off,fsrm=off
	       -icount shift=0,sleep=off)
else
	args+=(-accel tcg,thread=multi -smp "$smp" -cpu max)
fi
n=0
for e in "${nets[@]+"${nets[@]}"}"; do
	args+=(-netdev "${e%%,*},id=n$n${e#"${e%%,*}"}"
	       -device "virtio-net-pci,netdev=n$n,mac=52:54:00:00:$(printf '%02x' $((RANDOM % 256))):$(printf '%02x' $((RANDOM % 256)))")
	n=$((n + 1))
done

modules=$(kernel_modules "$line")
cmdline="console=ttyS0 quiet panic=-1 mitigations=off nokaslr no_timer_check tsc=reliable audit=0 apparmor=0"
cmdline+=" oops=panic log_buf_len=4M tcpcrypt.top=$TOP tcpcrypt.cache=$CACHE tcpcrypt.modules=$modules $append"

start=$SECONDS
cat "$run/out.fifo" &
relay_pid=$!
"$QEMU_ROOT/usr/bin/qemu-system-x86_64" "${args[@]}" -append "$cmdline" \
	</dev/null >"$run/qemu.log" 2>&1 &
qemu_pid=$!

rc=
while kill -0 "$qemu_pid" 2>/dev/null; do
	if [ $((SECONDS - start)) -ge "$timeout" ]; then
		kill -KILL "$qemu_pid"
		rc=124
		break
	fi
	# Returns at once when either child ends.
	sleep 1 &
	wait -n "$qemu_pid" $! 2>/dev/null || true
done
wait "$qemu_pid" 2>/dev/null || true
qemu_pid=
# The writer is gone, so the relay ends by itself once it has passed the rest.
wait "$relay_pid" 2>/dev/null || true
relay_pid=

if [ "$rc" = 124 ]; then
	say "vm.sh: $line: no end after $timeout s; last lines of the console:"
	tail -n 20 "$run/console.log" | tr -d '\r' | sed 's/^/    | /' >&2
elif [ -e "$run/rc" ]; then
	rc=$(cat "$run/rc")
else
	say "vm.sh: $line: the machine died before the command ended; last lines of the console:"
	tail -n 8 "$run/console.log" | tr -d '\r' | sed 's/^/    | /' >&2
	sed 's/^/    qemu: /' "$run/qemu.log" >&2
	rc=123
fi

# Leaks whose allocation went through the module. Frames of a module that has
# been removed have lost their names and show as bare addresses.
if [ -s "$run/kmemleak" ]; then
	awk -v RS='unreferenced object' '/\[tcpcrypt\]|\] 0x/ { print "BUG: memory leak: unreferenced object" $0 }' \
		"$run/kmemleak" >>"$run/dmesg"
fi
if [ -z "$allow" ]; then
	# The console has what dmesg may have dropped, so it is read as well, but
	# nobody wants to see everything twice.
	if ! "$TOP/scripts/splat.sh" "$run/dmesg" >&2 ||
	   ! "$TOP/scripts/splat.sh" "$run/console.log" >&2; then
		rc=125
	elif [ $(($(cat "$run/tainted" 2>/dev/null || echo 0) & 0x280)) -ne 0 ]; then
		# D (died) or W (warned), even if the log has overflowed since.
		say "vm.sh: $line: the kernel is tainted by a warning or an oops"
		rc=125
	fi
fi
if [ "$rc" -ne 0 ] && [ -z "$out" ] && [ "$rc" -ge 123 ] && [ "$rc" -le 125 ]; then
	keep=1
	say "    (run directory: $run)"
fi
exit "$rc"
