#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2317 # what sh expands in a chroot; try calls functions
#
#   scripts/packages.sh [bookworm] [trixie]
#
# Build the Debian packages, and on fresh systems of these suites (both, unless
# told otherwise) install them, have DKMS build the module for each kernel that
# is there, boot each of these kernels with systemd and let packages-guest.sh
# look, upgrade to a later version, and purge: nothing may be left. Prints TAP.
# The systems are kept in the cache, and each run works on an overlay of them.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage()
{
	sed -n '5,11s/^# \{0,1\}//p' "$0"
	exit "${1:-0}"
}

case ${1:-} in
-h | --help) usage ;;
--inside) shift ;;
*)
	[ "$(id -u)" -eq 0 ] || die "installing packages takes root" "run this as root"
	suites=("$@")
	[ $# -gt 0 ] || suites=(bookworm trixie)
	for s in "${suites[@]}"; do
		case $s in bookworm | trixie) ;; *) usage 2 >&2 ;; esac
	done
	"$TOP/scripts/setup.sh" packages qemu "${suites[@]/#/root-}"
	# Where nobody looks on, it ends. On a terminal, that is up to who sits there.
	limit=()
	[ -t 0 ] || limit=(timeout -k 60 3h)
	# Whatever is mounted below goes away with this process.
	exec "${limit[@]}" unshare -m "$BASH" "$0" --inside "${suites[@]}"
	;;
esac

work=$(mktemp -d "$CACHE/run/packages.XXXXXX")
cleanup()
{
	local rc=$?
	trap - EXIT INT TERM HUP
	umount -R "$work"/*/root 2>/dev/null || true
	rm -rf "$work"
	exit "$rc"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

n=0 failed=0
ok() { n=$((n + 1)); echo "ok $n - $*"; }
not_ok() { n=$((n + 1)); failed=1; echo "not ok $n - $*"; }
# try NAME COMMAND...: what it prints is shown when it fails
try()
{
	local what=$1
	shift
	if (set +e; "$@") >"$work/log" 2>&1 </dev/null; then
		ok "$what"
	else
		not_ok "$what"
		tail -n 40 "$work/log" | sed 's/^/# /'
		return 1
	fi
}

version() { sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$1/dkms.conf"; }

# build DIR: the tree in DIR/src, packages beside it
build()
{
	(cd "$1/src" && DEB_BUILD_OPTIONS="noautodbgsym parallel=$JOBS" dpkg-buildpackage -us -uc -b)
}

# A later version of the same thing
bump()
{
	local to=$2
	sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$to\"/" "$1/src/dkms.conf"
	{
		printf 'tcpcrypt (%s) unstable; urgency=medium\n\n  * Later.\n\n' "$to"
		sed -n '/^ -- /{p;q}' "$TOP/debian/changelog"
		echo
		cat "$TOP/debian/changelog"
	} >"$1/src/debian/changelog"
}

mkdir -p "$work"/{old,new}/src
for d in old new; do
	(cd "$TOP" && git ls-files -z --cached --others --exclude-standard |
		xargs -0 tar -c) | tar -x -C "$work/$d/src"
done
OLD=$(version "$work/old/src")
NEW=$OLD+later
bump "$work/new" "$NEW"
try "make deb" build "$work/old" || exit 1
try "make deb, a later version" build "$work/new" || exit 1
errors() { lintian --fail-on error,warning --allow-root "$work"/old/*.changes; }
try "lintian finds neither errors nor warnings" errors || true

in_root()
{
	chroot "$root" env -i DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 HOME=/root \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# What the packages could leave behind: the names of all files but those that
# apt, dpkg and the programs of others rewrite whenever they run.
files()
{
	(cd "$root" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./tmp \
		-o -path ./run -o -path ./var/log -o -path ./var/cache -o -path ./packages \
		-o -path ./var/lib/apt -o -path './var/lib/dpkg/*-old' -o -path './etc/*-' \
		-o -name __pycache__ -o -path ./root \) -prune -o -print) | sort
}

# DKMS builds for the kernel that runs, which in a chroot is another system's;
# for the others it is called by the hooks of their headers. Both come here.
dkms_builds()
{
	local v
	for v in $versions; do
		in_root dkms autoinstall -k "$v" || return
		in_root dkms status -k "$v"
		in_root dkms status -k "$v" | grep -q "^tcpcrypt/$1, $v.*: installed" || return
		# modprobe finds it by its name, and what it needs
		in_root modprobe -S "$v" --show-depends tcpcrypt | tee "$work/depends" || return
		grep -q "^insmod /lib/modules/$v/updates/dkms/tcpcrypt\.ko" "$work/depends" || return
		in_root modinfo -k "$v" tcpcrypt >/dev/null || return
	done
}

no_other_version() { in_root dkms status; ! in_root dkms status | grep -v "^tcpcrypt/$1[,:]"; }

install_packages()
{
	in_root sh -c "apt-get -qy -o Acquire::Retries=3 update &&
		apt-get -qy -o Acquire::Retries=3 install --no-install-recommends /packages/$1/*.deb"
}

packages() { in_root dpkg-query -W -f '${Package}\n' | sort -u; }

# What came with our packages goes with them; autoremove would keep what others
# recommend, or what is important to have.
purge()
{
	local extra
	in_root apt-get -qy purge tcpcrypt-dkms tcpcrypt-tools libtcpcrypt0 libtcpcrypt-dev ||
		return
	extra=$(packages | comm -13 "$work/$suite/packages" - | xargs)
	# shellcheck disable=SC2086 # a list of names
	[ -z "$extra" ] || in_root apt-get -qy purge $extra
}

nothing_left()
{
	local bad=0
	files | diff "$work/$suite/before" - || bad=1
	# passwd- and the like are what adduser and deluser keep of before
	! grep -rI --exclude='*-' tcpcrypt "$root/etc" "$root"/lib/modules/*/modules.dep \
		"$root/var/lib/dpkg/status" "$root/var/lib/systemd" || bad=1
	return "$bad"
}

# The hardening is as good as systemd says: 10 is none
exposure() { in_root systemd-analyze security --no-pager --offline=true --threshold=30 tcpcryptd.service; }
verify() { in_root systemd-analyze verify --man=no tcpcryptd.service tcpcryptd.socket; }

# An example of the development package, as its reader would build it; what
# the kernel's headers bring along need not have the name cc. pkg-config is the
# reader's own, and goes again with all that is extra.
example()
{
	in_root apt-get -qy -o Acquire::Retries=3 install --no-install-recommends pkgconf ||
		return
	in_root sh -ec 'cp -r /usr/share/doc/libtcpcrypt-dev/examples /tmp/examples
		cd /tmp/examples && gunzip -f *.gz 2>/dev/null || :
		cc=$(command -v cc || ls /usr/bin/*gcc-[0-9]* | head -n 1)
		flags=$(pkg-config --cflags --libs libtcpcrypt)
		"$cc" -Wall -Werror -o auth-words auth-words.c $flags
		rm -r /tmp/examples'
}

boot()
{
	local out=$work/$suite/out-$1 rc=0

	mkdir -p "$out"
	cp "$TOP/scripts/packages-guest.sh" "$out/guest.sh"
	"$TOP/scripts/vm.sh" "$1" --root "$root" --systemd --out "$out" -t 1800 \
		-- bash guest.sh "$OLD" "$NEW" >"$out/tap" 2>"$out/err" || rc=$?
	sed 's/^/    /' "$out/tap"
	if [ $rc -eq 0 ]; then
		ok "$suite: booted with $1"
	else
		not_ok "$suite: booted with $1 (exit code $rc)"
		tail -n 30 "$out/err" "$out/console.log" | sed 's/^/# /'
	fi
}

for suite in "$@"; do
	root=$work/$suite/root
	mkdir -p "$work/$suite"/{up,wk,root}
	mount -t overlay overlay -o "lowerdir=$(package_root "$suite"),upperdir=$work/$suite/up,workdir=$work/$suite/wk" "$root"
	mount -t proc proc "$root/proc"
	versions=$(for l in $(root_lines "$suite"); do kernel_version "$l"; done | xargs)
	files >"$work/$suite/before"
	packages >"$work/$suite/packages"
	for d in old new; do
		mkdir -p "$root/packages/$d"
		cp "$work/$d"/*.deb "$root/packages/$d/"
	done
	try "$suite: install" install_packages old || continue
	try "$suite: DKMS builds for $versions" dkms_builds "$OLD" || continue
	try "$suite: a program that uses the library" example || true
	try "$suite: systemd understands the units" verify || true
	try "$suite: systemd-analyze security" exposure || true
	tail -n 1 "$work/log" | sed 's/^/# /'
	umount "$root/proc"
	for l in $(root_lines "$suite"); do boot "$l"; done
	mount -t proc proc "$root/proc"
	try "$suite: upgrade" install_packages new || true
	try "$suite: DKMS builds the new version" dkms_builds "$NEW" || true
	try "$suite: and has forgotten the old one" no_other_version "$NEW" || true
	try "$suite: purge" purge || true
	try "$suite: nothing is left" nothing_left || true
	umount "$root/proc" "$root"
done
echo "1..$n"
exit $failed
