#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Fetch and prepare everything the harness needs that a fresh Debian 12 lacks.
#
#   scripts/setup.sh [--update] [WHAT...]
#
# WHAT: packages qemu kernel-6.1 kernel-6.12 kernel-7.3 source chroot uml
# debug; nothing means all of them. root-bookworm and root-trixie, for
# scripts/packages.sh, are made when asked for. What is there already is left
# alone; --update looks for newer kernels. Everything but the Debian packages of
# the running system goes to the cache directory (TCPCRYPT_CACHE).

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# The one list of what the running system needs.
PACKAGES=(
	# building the module and the debug kernels
	gcc make libc6-dev flex bison bc libelf-dev libssl-dev pahole rsync
	cpio zstd xz-utils patch kmod python3 perl pkg-config ca-certificates git
	linux-source-6.1 linux-headers-amd64
	# building and fuzzing the user-space parts
	libnl-3-dev libnl-genl-3-dev libkmod-dev libjson-c-dev
	clang libclang-rt-14-dev
	# virtual machines and the trixie build root
	qemu-system-x86 busybox-static debootstrap util-linux
	# what the tests run inside the machines
	iproute2 iputils-ping iperf3 nftables tcpdump ethtool wireguard-tools
	iptables python3 python3-yaml python3-cryptography nginx-light redis-server curl socat openssl procps
	# style and unit checks
	sparse codespell shellcheck yamllint mandoc valgrind tshark abigail-tools
	# the project's own packages
	build-essential fakeroot debhelper dh-dkms lintian
)

APT_DIR=$CACHE/apt

usage()
{
	sed -n '4,13s/^# \{0,1\}//p' "$0"
	exit "${1:-0}"
}

# ---------------------------------------------------------------- packages

# Each step runs in a shell of its own: within "step ... || die" this one would
# ignore errexit, and a failed command in the middle would go unseen.
self() { "$BASH" "$0" --do "$@"; }

missing_packages()
{
	local p
	for p in "${PACKAGES[@]}"; do
		dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null |
			grep -q '^ii' || echo "$p"
	done
}

# Daemons that come with the packages are wanted inside the test machines,
# not running on this one: policy-rc.d is how Debian says so.
install_packages()
{
	local policy=/usr/sbin/policy-rc.d made=

	if [ ! -e $policy ]; then
		printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
		as_root chmod 755 $policy
		made=1
	fi
	local rc=0
	retry as_root env DEBIAN_FRONTEND=noninteractive apt-get -qy \
		-o Acquire::Retries=3 -o Dpkg::Use-Pty=0 \
		install --no-install-recommends "$@" || rc=$?
	[ -z "$made" ] || as_root rm -f $policy
	return $rc
}

system_apt_update()
{
	retry as_root apt-get -qy -o Acquire::Retries=3 update
}

setup_packages()
{
	local want
	command -v apt-get >/dev/null ||
		die "this is not a Debian system (no apt-get)" \
		    "the harness is made for Debian 12; building the module alone needs only: make modules KDIR=..."
	mapfile -t want < <(missing_packages)
	[ ${#want[@]} -gt 0 ] || return 0
	step "updating the package lists" self system_apt_update ||
		die "apt-get update failed" "check /etc/apt/sources.list and the network, then run this again"
	step "installing ${#want[@]} packages" self install_packages "${want[@]}" ||
		die "apt-get install failed" "see the lines above, then run this again"
}

# ------------------------------------------------- private apt state

# Prints "URI SUITE" for every active source of the running system, from both
# formats apt knows.
system_sources()
{
	local f
	for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -r "$f" ] || continue
		sed -E 's/#.*//; s/\[[^]]*\]//' "$f" |
			awk '$1 == "deb" { print $2, $3 }'
	done
	for f in /etc/apt/sources.list.d/*.sources; do
		[ -r "$f" ] || continue
		awk '
			function flush(  i, j) {
				if (types ~ /(^| )deb( |$)/ && enabled != "no")
					for (i = 1; i <= nu; i++)
						for (j = 1; j <= ns; j++)
							print u[i], s[j]
				types = ""; enabled = ""; nu = ns = 0
			}
			/^[[:space:]]*#/ { next }
			/^[[:space:]]*$/ { flush(); next }
			{ key = tolower($1) }
			key == "types:" { $1 = ""; types = substr($0, 2) " " }
			key == "enabled:" { enabled = tolower($2) }
			key == "uris:" { for (nu = 0; nu < NF - 1; nu++) u[nu + 1] = $(nu + 2) }
			key == "suites:" { for (ns = 0; ns < NF - 1; ns++) s[ns + 1] = $(ns + 2) }
			END { flush() }
		' "$f"
	done
}

debian_mirror()
{
	local m
	m=$(system_sources | awk '$2 ~ /^(bookworm|stable|oldstable)$/ { print $1; exit }')
	[ -n "$m" ] || die "no source for the suite bookworm in /etc/apt" \
		"add Debian 12's main archive to /etc/apt/sources.list and run this again"
	echo "$m"
}

security_mirror() { system_sources | awk '$2 ~ /-security$/ { print $1; exit }'; }

write_apt_conf()
{
	local mirror security key=/usr/share/keyrings/debian-archive-keyring.gpg s
	mirror=$(debian_mirror)
	security=$(security_mirror)
	mkdir -p "$APT_DIR"/{parts,lists/partial,cache/archives/partial}
	{
		for s in bookworm bookworm-updates bookworm-backports trixie trixie-backports; do
			echo "deb [signed-by=$key] $mirror $s main"
		done
		[ -z "$security" ] ||
			echo "deb [signed-by=$key] $security bookworm-security main"
	} >"$APT_DIR/sources.list"
	cat >"$APT_DIR/apt.conf" <<-CONF
		Dir::Etc::sourcelist "$APT_DIR/sources.list";
		Dir::Etc::sourceparts "$APT_DIR/parts";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "$APT_DIR/parts";
		Dir::State::lists "$APT_DIR/lists";
		Dir::Cache "$APT_DIR/cache";
		APT::Architecture "amd64";
		APT::Sandbox::User "root";
		Acquire::Retries "3";
		Acquire::Languages "none";
		Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
	CONF
}

papt() { APT_CONFIG=$APT_DIR/apt.conf "$@"; }
papt_update() { retry papt apt-get -q update --error-on=any; }

APT_READY=
need_apt()
{
	[ -z "$APT_READY" ] || return 0
	APT_READY=1
	# Lists older than half a day may name files the mirror has dropped.
	if [ -n "$UPDATE" ] || ! [ -e "$APT_DIR/fresh" ] ||
	   [ -n "$(find "$APT_DIR/fresh" -mmin +720)" ]; then
		write_apt_conf
		step "reading the package lists of bookworm and trixie" self papt_update ||
			die "the private apt state could not be updated" \
			    "check the network and run this again (state: $APT_DIR)"
		touch "$APT_DIR/fresh"
	fi
}

# fetch DIR PACKAGE[=VERSION]...: download into DIR
fetch_debs()
{
	local dir=$1
	shift
	mkdir -p "$dir"
	(cd "$dir" && retry papt apt-get -q download "$@")
}

# unpack ROOT DEB...: without dpkg's database, beside whatever is installed
unpack_debs()
{
	local root=$1 d
	shift
	mkdir -p "$root"
	for d in "$@"; do
		dpkg-deb --fsys-tarfile "$d" | tar -x -C "$root" --keep-directory-symlink
	done
}

# The newest version of PACKAGE whose version starts with PREFIX.
newest_version()
{
	papt apt-cache madison "$1" | awk -F ' *[|] *' '{ print $2 }' |
		grep -E "${2:-.}" | sort -V | tail -n 1
}

# ------------------------------------------------------------------- QEMU

fetch_qemu()
{
	local p v debs=()
	rm -rf "$CACHE/qemu"
	v=$(newest_version qemu-system-x86 '~bpo12')
	[ -n "$v" ] || { echo "no qemu-system-x86 in bookworm-backports"; return 1; }
	for p in qemu-system-x86 qemu-system-common qemu-system-data; do
		debs+=("$p=$v")
	done
	fetch_debs "$CACHE/qemu/deb" "${debs[@]}" &&
	unpack_debs "$QEMU_ROOT" "$CACHE"/qemu/deb/*.deb &&
	"$QEMU_ROOT/usr/bin/qemu-system-x86_64" --version >"$CACHE/qemu/version" &&
	rm -rf "$CACHE/qemu/deb"
}

setup_qemu()
{
	have qemu && [ -z "$UPDATE" ] && return 0
	setup_packages
	need_apt
	step "unpacking QEMU from bookworm-backports" self fetch_qemu ||
		die "QEMU could not be unpacked or does not run" "see the lines above, then run this again"
	stamp qemu
}

# ---------------------------------------------------------------- kernels

# Names of the image packages of a line, newest last: linux-image-* up to
# 6.12, linux-binary-* once the image was split in two. Trixie has a 6.12, too,
# whose headers want a compiler that bookworm lacks; only 7.3 is built for there.
newest_abi()
{
	local line=$1 others='[+]deb1[3-9]'
	[ "$line" != 7.3 ] || others='[+]deb12'
	papt apt-cache pkgnames |
		sed -nE "s/^linux-(image|binary)-(${line//./\\.}\\..*-amd64)\$/\\2/p" |
		grep -vE "cloud|rt-|dbg|unsigned|$others" | sort -V | tail -n 1
}

has_package() { papt apt-cache show "$1" >/dev/null 2>&1; }

# The uncompressed image saves the firmware and the guest six seconds of
# emulated decompression. Boot protocol: setup sectors at 0x1f1, offset and
# length of the compressed payload at 0x248 and 0x24c.
extract_vmlinux()
{
	python3 - "$1" "$2" <<-'PY'
		import struct, subprocess, sys
		image = open(sys.argv[1], "rb").read()
		setup = image[0x1f1] or 4
		offset, length = struct.unpack_from("<II", image, 0x248)
		start = (setup + 1) * 512 + offset
		payload = image[start:start + length - 4]
		tools = {b"\xfd7zXZ": ["xz", "-dc"], b"\x28\xb5\x2f\xfd": ["zstd", "-dcq"],
		         b"\x1f\x8b": ["gzip", "-dc"]}
		for magic, tool in tools.items():
		    if payload.startswith(magic):
		        with open(sys.argv[2], "wb") as out:
		            done = subprocess.run(tool, input=payload, stdout=out, check=True)
		        break
		else:
		    sys.exit("unknown compression of " + sys.argv[1])
		if open(sys.argv[2], "rb").read(4) != b"\x7fELF":
		    sys.exit("what came out of %s is not an ELF file" % sys.argv[1])
	PY
}

# make_initramfs LINE: static busybox and the few modules that mount the
# host's root; modprobe is busybox's, which reads modules.dep.
make_initramfs()
{
	local dir version root m f tree
	dir=$(kernel_dir "$1")
	version=$(cat "$dir/version")
	root=$dir/root
	tree=$(mktemp -d "$dir/initramfs.XXXXXX")
	mkdir -p "$tree"/{bin,dev,proc,sys,new,lower,upper,stash,"lib/modules/$version"}
	cp /bin/busybox "$tree/bin/busybox"
	install -m 755 "$TOP/scripts/guest-initramfs.sh" "$tree/init"
	for m in virtio_pci virtio_console 9pnet_virtio 9p overlay; do
		# What is built in prints "builtin NAME".
		modprobe -d "$root" -S "$version" --show-depends "$m" 2>/dev/null || {
			echo "no module $m for $version" >&2
			return 1
		}
	done | awk '$1 == "insmod" { print $2 }' | awk '!seen[$0]++' |
		while read -r f; do
			# Order of loading is the order of the list.
			case $f in
			*.xz) xz -dc "$f" >"$tree/lib/modules/$(basename "${f%.xz}")" ;;
			*.zst) zstd -dcq "$f" >"$tree/lib/modules/$(basename "${f%.zst}")" ;;
			*) cp "$f" "$tree/lib/modules/" ;;
			esac
			f=${f%.xz}
			basename "${f%.zst}"
		done >"$tree/modules"
	(cd "$tree" && find . | cpio -o -H newc --quiet) | gzip -1 >"$dir/initramfs.gz.new"
	mv "$dir/initramfs.gz.new" "$dir/initramfs.gz"
	initramfs_id "$1" >"$dir/initramfs.id"
	rm -rf "$tree"
}

fetch_kernel()
{
	local line=$1 dir abi p image=() headers=() v
	dir=$(kernel_dir "$line")
	abi=$(newest_abi "$line")
	[ -n "$abi" ] || { echo "no $line kernel in the archive"; return 1; }
	if [ "$(cat "$dir/version" 2>/dev/null)" = "$abi" ] && [ -e "$dir/vmlinux" ]; then
		return 0
	fi
	rm -rf "$dir"
	mkdir -p "$dir/deb"
	for p in linux-{image,binary,modules,base}-"$abi"; do
		if has_package "$p"; then image+=("$p"); fi
	done

	for p in linux-headers-"$abi" linux-headers-"${abi%-amd64}"-common; do
		if has_package "$p"; then headers+=("$p"); fi
	done
	fetch_debs "$dir/deb" "${image[@]}" "${headers[@]}"
	# The exact kbuild package the headers ask for.
	p=$(dpkg-deb -f "$dir"/deb/linux-headers-"$abi"_*.deb Depends |
		grep -oE 'linux-kbuild-[^ ,]+')
	v=$(dpkg-deb -f "$dir"/deb/linux-headers-"$abi"_*.deb Version)
	fetch_debs "$dir/deb" "$p=$v" || fetch_debs "$dir/deb" "$p"
	unpack_debs "$dir/root" "$dir"/deb/*.deb
	# Under a merged /usr newer packages ship usr/lib only.
	if [ ! -d "$dir/root/lib/modules/$abi" ]; then
		mkdir -p "$dir/root/lib/modules"
		mv "$dir/root/usr/lib/modules/$abi" "$dir/root/lib/modules/"
	fi
	# The headers name their common half by its place under /usr/src.
	sed -i "s,/usr/src/,$dir/root/usr/src/,g" \
		"$dir/root/usr/src/linux-headers-$abi/Makefile"
	depmod -b "$dir/root" "$abi"
	image=("$dir"/root/boot/vmlinuz-"$abi")
	[ -e "${image[0]}" ] || image=("$dir"/root/lib/modules/"$abi"/vmlinuz)
	extract_vmlinux "${image[0]}" "$dir/vmlinux"
	echo "$abi" >"$dir/version"
	if [ "$line" != 7.3 ]; then
		rm -rf "$dir/deb"
	fi
}

setup_kernel()
{
	local line=$1 dir
	dir=$(kernel_dir "$line")
	if ! have "kernel-$line" || [ -n "$UPDATE" ]; then
		setup_packages
		need_apt
		step "unpacking the newest $line kernel and its headers" self fetch_kernel "$line" ||
			die "the $line kernel could not be prepared" "see the lines above, then run this again"
	fi
	if ! initramfs_current "$line"; then
		step "making the initramfs for $(cat "$dir/version")" self make_initramfs "$line" ||
			die "the initramfs for $line could not be made" "see the lines above, then run this again"
	fi
	stamp "kernel-$line"
}

# ------------------------------------------------------------ kernel source

unpack_source()
{
	local p
	rm -rf "$CACHE/source"
	mkdir -p "$CACHE/source"
	tar -x -C "$CACHE/source" -f /usr/src/linux-source-6.1.tar.xz
	for p in "$TOP"/selftests/qemu/*.patch; do
		patch -s -p1 -d "$SOURCE" <"$p"
	done
	source_id >"$CACHE/source/id"
}

setup_source()
{
	if have source && source_current; then
		return 0
	fi
	setup_packages
	step "unpacking linux-source-6.1" self unpack_source ||
		die "the kernel source could not be unpacked" \
		    "apt-get install --reinstall linux-source-6.1, then run this again"
	stamp source
}

# ------------------------------------------------------------- trixie chroot

make_chroot()
{
	local dir abi
	dir=$(kernel_dir 7.3)
	abi=$(cat "$dir/version")
	if [ ! -e "$CHROOT/usr/bin/gcc" ]; then
		rm -rf "$CHROOT"
		retry as_root debootstrap --variant=minbase \
			--include=gcc-14,make,libc6-dev,libelf1t64,kmod,xz-utils,pahole \
			trixie "$CHROOT" "$(debian_mirror)"
		as_root ln -sf gcc-14 "$CHROOT/usr/bin/gcc"
		as_root rm -rf "$CHROOT"/var/cache/apt/archives/*.deb
	fi
	# Inside the chroot the headers are where their Makefile expects them.
	for d in "$dir"/deb/linux-{headers,kbuild}-*.deb; do
		dpkg-deb --fsys-tarfile "$d" | as_root tar -x -C "$CHROOT" --keep-directory-symlink
	done
	as_root mkdir -p "$CHROOT/build"
	as_root chroot "$CHROOT" test -e "/usr/src/linux-headers-$abi/Makefile"
}

setup_chroot()
{
	setup_kernel 7.3
	have chroot && [ "$CACHE/stamp/chroot" -nt "$(kernel_dir 7.3)/version" ] && return 0
	setup_packages
	step "making a trixie build root for the 7.3 headers" self make_chroot ||
		die "the trixie build root could not be made" "see the lines above, then run this again"
	stamp chroot
}

# ------------------------------------------- systems to install packages on

# make_root SUITE: a Debian as somebody might have it who uses DKMS: the kernels
# of the test matrix that this suite has, their headers, systemd.
make_root()
{
	local suite=$1 root line v p
	local packages=(systemd-sysv kmod iproute2 procps curl python3-minimal dkms)
	root=$(package_root "$suite")
	rm -rf "$root" "$root.new"
	mkdir -p "$root.new"
	for line in $(root_lines "$suite"); do
		v=$(kernel_version "$line")
		packages+=("linux-image-$v" "linux-headers-$v")
	done
	retry debootstrap --variant=minbase "$suite" "$root.new" "$(debian_mirror)"
	rm -f "$root.new/etc/apt/sources.list"
	grep -E " $suite(-[a-z]+)? main" "$APT_DIR/sources.list" \
		>"$root.new/etc/apt/sources.list.d/debian.list"
	printf 'Package: linux-*\nPin: release a=*-backports\nPin-Priority: 500\n' \
		>"$root.new/etc/apt/preferences.d/kernels"
	mount -t proc proc "$root.new/proc"
	# No initial file system: these kernels boot without one of their own.
	p="DEBIAN_FRONTEND=noninteractive INITRD=No apt-get -qy -o Acquire::Retries=3"
	retry chroot "$root.new" sh -ec "$p update
		$p install --no-install-recommends ${packages[*]}
		apt-get clean"
	umount "$root.new/proc"
	mv "$root.new" "$root"
}

setup_root()
{
	local suite=$1 line
	for line in $(root_lines "$suite"); do
		setup_kernel "$line"
	done
	[ -z "$UPDATE" ] && root_current "$suite" && return 0
	[ "$(id -u)" -eq 0 ] || die "a system of its own takes root to install" "run this as root"
	setup_packages
	need_apt
	step "installing a $suite with the kernels $(root_lines "$suite")" \
		unshare -m "$BASH" "$0" --do make_root "$suite" ||
		die "the $suite could not be installed" "see the lines above, then run this again"
	root_id "$suite" >"$(package_root "$suite").id"
}

# ---------------------------------------------------------------------------

setup_one()
{
	lock "setup-$1"
	case $1 in
	packages) setup_packages ;;
	qemu) setup_qemu ;;
	kernel-7.3) setup_chroot ;;
	kernel-6.1 | kernel-6.12) setup_kernel "${1#kernel-}" ;;
	source) setup_source ;;
	initramfs-debug)
		step "making the initramfs of the instrumented kernel" self make_initramfs debug ||
			die "the initramfs could not be made" "see the lines above"
		;;
	chroot) setup_chroot ;;
	root-bookworm | root-trixie) setup_root "${1#root-}" ;;
	uml) "$TOP/scripts/debug-kernel.sh" uml ;;
	debug) "$TOP/scripts/debug-kernel.sh" x86 ;;
	*) die "unknown piece '$1'" \
		"known: packages qemu kernel-6.1 kernel-6.12 kernel-7.3 source chroot uml debug" \
		"       root-bookworm root-trixie" ;;
	esac
	unlock
}

if [ "${1:-}" = --do ]; then
	UPDATE=
	shift
	"$@"
	exit
fi

UPDATE=
what=()
for a in "$@"; do
	case $a in
	--update) UPDATE=1 ;;
	-h | --help) usage ;;
	-*) usage 2 >&2 ;;
	*) what+=("$a") ;;
	esac
done
if [ ${#what[@]} -eq 0 ]; then
	what=(packages qemu kernel-6.1 kernel-6.12 kernel-7.3 source uml debug)
	say "Setting up in $CACHE"
fi
for a in "${what[@]}"; do
	setup_one "$a"
done
