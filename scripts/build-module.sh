#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
#   scripts/build-module.sh 6.1|6.12|7.3|debug|uml [make argument...]
#
# Build the module for one kernel, outside the source tree and incrementally,
# and print the path of the result. Only warnings and errors are shown.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# -ge 1 ] || die "which kernel?" "usage: scripts/build-module.sh 6.1|6.12|7.3|debug|uml"
line=$1
shift
variant=${TCPCRYPT_VARIANT:-}

id=$TOP_ID

in_chroot=
case $line in
6.1 | 6.12)
	have "kernel-$line" || "$TOP/scripts/setup.sh" "kernel-$line"
	kdir=$(kernel_dir "$line")/root/usr/src/linux-headers-$(kernel_version "$line")
	;;
7.3)
	have chroot || "$TOP/scripts/setup.sh" chroot
	kdir=/usr/src/linux-headers-$(kernel_version 7.3)
	in_chroot=1
	;;
debug)
	have kernel-debug || "$TOP/scripts/debug-kernel.sh" x86
	kdir=$(kernel_dir debug)/build
	;;
uml)
	have kernel-uml || "$TOP/scripts/debug-kernel.sh" uml
	kdir=$(kernel_dir uml)/build
	set -- ARCH=um "$@"
	;;
*) die "unknown kernel '$line'" "known: 6.1 6.12 7.3 debug uml" ;;
esac

if [ -n "$in_chroot" ]; then
	inside=/build/$id-$line$variant
	build=$CHROOT$inside
	as_root mkdir -p "$build"
else
	inside=$CACHE/build/$id-$line$variant
	build=$inside
	mkdir -p "$build"
fi

lock "build-$id-$line$variant"

# Mirror the sources without touching what kbuild or a feature probe wrote
# beside them: only files mirrored earlier and gone since are removed.
cd "$TOP"
manifest()
{
	find Kbuild Makefile dkms.conf include kernel scripts -type f \
		! -name '*.o' ! -name '*.ko' ! -name '*.mod' ! -name '*.mod.c' \
		! -name '.*' ! -name '*.symvers' ! -name 'modules.order' 2>/dev/null | sort
}
[ -e Kbuild ] || die "there is no Kbuild in $TOP"
manifest >"$build/.manifest.new"
if [ -e "$build/.manifest" ]; then
	comm -13 "$build/.manifest.new" "$build/.manifest" |
		while read -r f; do rm -f "$build/$f"; done
fi
mv "$build/.manifest.new" "$build/.manifest"
rsync -a --files-from="$build/.manifest" ./ "$build/"

log=$build/make.log
rc=0
# DEBUG_INFO_BTF_MODULES needs the vmlinux Debian does not ship: kbuild says so
# on every build, and it is not about us.
make_args=(-C "$kdir" "M=$inside" -j"$JOBS" --no-print-directory "$@" modules)
if [ -n "$in_chroot" ]; then
	# /proc because objtool reads it; the mount dies with its namespace.
	# shellcheck disable=SC2016 # expanded by the inner shell
	as_root unshare -m bash -c '
		root=$1; shift
		mount -t proc proc "$root/proc"
		exec chroot "$root" make "$@"
	' - "$CHROOT" "${make_args[@]}" >"$log" 2>&1 || rc=$?
else
	make "${make_args[@]}" >"$log" 2>&1 || rc=$?
fi
noise='^ *(CC|LD|AR|MODPOST|BTF|CALL|DESC|CHECK|UPD|GEN|AS|HOSTCC|PROBE|SIGN)[ C]|^make(\[|:)|Skipping BTF|^  *$|^warning: the compiler differs|The kernel was built by|You are using:|Entering directory|Leaving directory'
if [ $rc -ne 0 ]; then
	grep -vE "$noise" "$log" | sed "s,$inside/,,g" >&2 || true
	die "the module does not build for $line" "whole output: $log"
fi
grep -vE "$noise" "$log" | sed "s,$inside/,,g" >&2 || true
[ -e "$build/tcpcrypt.ko" ] || die "the build for $line made no tcpcrypt.ko" "output: $log"
echo "$build/tcpcrypt.ko"
