# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
#
# What every harness script shares: where the cache is, how progress and
# errors are printed, and where the pieces of each kernel line live.

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	echo "common.sh is sourced by the other scripts" >&2
	exit 2
fi

set -euo pipefail
umask 022
export LC_ALL=C.UTF-8

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
CACHE=${TCPCRYPT_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/tcpcrypt}
mkdir -p "$CACHE"
CACHE=$(cd "$CACHE" && pwd -P)
JOBS=${TCPCRYPT_JOBS:-$(nproc)}
# Checkouts share the cache, but neither objects nor logs.
TOP_ID=$(printf '%s' "$TOP" | sha256sum | cut -c 1-8)
LOGS=${TCPCRYPT_LOGS:-$CACHE/log/check-$TOP_ID}

# The kernel lines of the test matrix; "debug" is the instrumented x86 kernel
# and "uml" the instrumented User-Mode Linux, both built from the 6.1 source.
LINES_DEBIAN="6.1 6.12 7.3"

say() { printf '%s\n' "$*" >&2; }

# die MESSAGE [WHAT TO DO NEXT]
die()
{
	say "${0##*/}: $1"
	shift
	[ $# -eq 0 ] || printf '    %s\n' "$@" >&2
	exit 1
}

# step "what is being done" command...: one line of progress with the time it
# took; the command's own output is kept in a log and shown when it fails.
step()
{
	local what=$1 log=$CACHE/log/step.$BASHPID.log start=$SECONDS rc=0
	shift
	mkdir -p "$CACHE/log"
	printf '  %s ...' "$what" >&2
	"$@" >"$log" 2>&1 </dev/null || rc=$?
	printf ' %d s%s\n' $((SECONDS - start)) "$([ $rc -eq 0 ] || echo ', FAILED')" >&2
	if [ $rc -ne 0 ]; then
		tail -n 40 "$log" | sed 's/^/    | /' >&2
		mv -f "$log" "$CACHE/log/failed.log"
		say "    (whole output: $CACHE/log/failed.log)"
		return $rc
	fi
	rm -f "$log"
}

# Mirrors and networks hiccup; nothing that downloads gets only one chance.
retry()
{
	local n
	for n in 1 2 3 4; do
		"$@" && return 0
		[ $n -eq 4 ] || sleep $((n * 5))
	done
	return 1
}

# Holding the lock for the rest of the process: two runs of the harness must
# not unpack or build the same piece at once.
lock()
{
	local fd
	mkdir -p "$CACHE/lock"
	exec {fd}>"$CACHE/lock/$1"
	flock -n "$fd" || {
		say "  waiting for another run to finish with '$1'"
		flock "$fd"
	}
	# Left open on purpose; released when the process ends or by unlock.
	LOCK_FD=$fd
}

unlock() { exec {LOCK_FD}>&-; }

have() { [ -e "$CACHE/stamp/$1" ]; }
stamp()
{
	mkdir -p "$CACHE/stamp"
	date -u +%FT%TZ >"$CACHE/stamp/$1"
}

as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -- "$@"
	else
		die "needs root for: $*" "run it as root, or install sudo"
	fi
}

is_line() { case " $LINES_DEBIAN debug " in *" $1 "*) ;; *) return 1 ;; esac }

# kernel_dir LINE: version, vmlinux, initramfs.gz, root/ (unpacked packages)
kernel_dir() { echo "$CACHE/kernel/$1"; }
kernel_version() { cat "$(kernel_dir "$1")/version"; }
kernel_modules() { echo "$(kernel_dir "$1")/root/lib/modules/$(kernel_version "$1")"; }

# The initramfs holds a script of this tree: its content, not its date, tells
# whether it is current, as several checkouts share one cache.
initramfs_id() { cat "$TOP/scripts/guest-initramfs.sh" "$(kernel_dir "$1")/version" | sha256sum | cut -c 1-16; }
initramfs_current() { [ "$(cat "$(kernel_dir "$1")/initramfs.id" 2>/dev/null)" = "$(initramfs_id "$1")" ]; }

# The kernel source: Debian's package and our patches to it.
source_version() { dpkg-query -W -f '${Version}\n' linux-source-6.1; }
source_id() { { source_version; cat "$TOP"/selftests/qemu/*.patch; } | sha256sum | cut -c 1-16; }
source_current() { [ "$(cat "$CACHE/source/id" 2>/dev/null)" = "$(source_id)" ]; }

# Systems that packages are installed on, and the kernels each of them has.
package_root() { echo "$CACHE/root/$1"; }
root_lines() { if [ "$1" = bookworm ]; then echo "6.1 6.12"; else echo 7.3; fi; }
root_id() { local l; for l in $(root_lines "$1"); do kernel_version "$l"; done; }
root_current()
{
	[ -d "$(package_root "$1")" ] &&
		[ "$(cat "$(package_root "$1").id" 2>/dev/null)" = "$(root_id "$1")" ]
}

QEMU_ROOT=$CACHE/qemu/root
CHROOT=$CACHE/trixie
SOURCE=$CACHE/source/linux-source-6.1
