#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
#   scripts/debug-kernel.sh x86|uml
#
# Build an instrumented 6.1 kernel from Debian's source (KASAN, lockdep,
# kmemleak, KUnit, ...; see selftests/qemu/). Rebuilt only when the source or
# the configuration has changed.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

self() { "$BASH" "$0" --do "$@"; }

fragments()
{
	echo "$TOP/selftests/qemu/common.config" "$TOP/selftests/qemu/$1.config"
}

arch_of() { case $1 in uml) echo um ;; *) echo x86_64 ;; esac; }
line_of() { case $1 in uml) echo uml ;; *) echo debug ;; esac; }

# Source version and configuration: a change of either means a new kernel.
identity()
{
	{
		source_version
		# All of them concern User-Mode Linux alone.
		[ "$1" != uml ] || cat "$TOP"/selftests/qemu/*.patch
		dpkg-query -W -f '${Version}\n' gcc-12 2>/dev/null || gcc --version
		# shellcheck disable=SC2046 # two file names
		cat $(fragments "$1")
	} | sha256sum | cut -c 1-16
}

configure()
{
	local kind=$1 build=$2 want
	# shellcheck disable=SC2046
	cat $(fragments "$kind") >"$build/all.config"
	make -C "$SOURCE" O="$build" ARCH="$(arch_of "$kind")" \
		KCONFIG_ALLCONFIG="$build/all.config" allnoconfig
	# kconfig drops what it does not know or cannot enable without a word.
	want=$(grep -E '^CONFIG_[A-Z0-9_]+=' "$build/all.config" | grep -v '=n$' |
		grep -vxFf "$build/.config" || true)
	if [ -n "$want" ]; then
		echo "not in the resulting configuration:"
		echo "$want"
		return 1
	fi
}

compile()
{
	local kind=$1 build=$2 target=bzImage
	[ "$kind" != uml ] || target=linux
	nice make -C "$SOURCE" O="$build" ARCH="$(arch_of "$kind")" -j"$JOBS" $target modules
}

# The modules directory has no modules, but modprobe wants to know that what it
# is asked for is built in.
install_kernel()
{
	local kind=$1 build=$2 dir=$3 version
	make -C "$SOURCE" O="$build" ARCH="$(arch_of "$kind")" \
		INSTALL_MOD_PATH="$dir/root" modules_install
	version=$(make -s -C "$SOURCE" O="$build" ARCH="$(arch_of "$kind")" kernelrelease)
	if [ "$kind" = uml ]; then
		cp "$build/linux" "$dir/linux"
	else
		# Not the uncompressed image: its PVH entry runs before KASAN's
		# shadow is there, and 6.1 instruments it and what it calls.
		cp "$build/arch/x86/boot/bzImage" "$dir/vmlinux"
	fi
	echo "$version" >"$dir/version"
}

if [ "${1:-}" = --do ]; then
	shift
	"$@"
	exit
fi

kind=${1:-}
case $kind in
x86 | uml) ;;
*) die "which kernel?" "usage: scripts/debug-kernel.sh x86|uml" ;;
esac
line=$(line_of "$kind")
dir=$(kernel_dir "$line")
build=$dir/build

lock "debug-$kind"
if [ "$(cat "$dir/identity" 2>/dev/null)" = "$(identity "$kind")" ]; then
	[ "$kind" = uml ] || initramfs_current "$line" ||
		"$TOP/scripts/setup.sh" initramfs-debug
	exit 0
fi
if ! have source || ! source_current; then
	"$TOP/scripts/setup.sh" source
fi

id=$(identity "$kind")
rm -rf "$CACHE/stamp/kernel-$line" "$dir/root" "$dir/identity"
# The files of a new source package are older than the objects of the last one:
# make would take those for current. A new configuration it understands.
if [ "$(cat "$dir/source-version" 2>/dev/null)" != "$(source_version)" ]; then
	rm -rf "$dir"
fi
mkdir -p "$build"
source_version >"$dir/source-version"
step "configuring the instrumented kernel ($kind)" self configure "$kind" "$build" ||
	die "the configuration in selftests/qemu cannot be had"
say "  building the instrumented kernel takes some minutes; watch it with"
say "      tail -f $CACHE/log/*.log"
step "building the instrumented kernel ($kind)" self compile "$kind" "$build" ||
	die "the instrumented kernel does not build" "see the lines above"
step "installing the instrumented kernel ($kind)" self install_kernel "$kind" "$build" "$dir" ||
	die "the instrumented kernel could not be installed" "see the lines above"
[ "$kind" = uml ] || "$TOP/scripts/setup.sh" initramfs-debug
stamp "kernel-$line"
echo "$id" >"$dir/identity"
