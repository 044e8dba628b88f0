#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
#   scripts/sign.sh KDIR KEY CERT MODULE
#
# Sign a module for a machine with Secure Boot. KEY and CERT are made when they
# do not exist; the firmware is told of CERT once, with mokutil, and asks for
# the password at the next start.

set -eu

die()
{
	printf '%s: %s\n' "${0##*/}" "$1" >&2
	exit 1
}

[ $# -eq 4 ] || die "usage: sign.sh KDIR KEY CERT MODULE"
kdir=$1 key=$2 cert=$3 module=$4
tool=$kdir/scripts/sign-file
[ -x "$tool" ] || die "$tool is missing: install the kernel's headers"
[ -e "$module" ] || die "$module does not exist"

if [ ! -e "$key" ] && [ ! -e "$cert" ]; then
	command -v openssl >/dev/null || die "a key takes openssl: apt install openssl"
	echo "making the key $key" >&2
	mkdir -p "$(dirname "$key")" "$(dirname "$cert")"
	(umask 077 && openssl req -new -x509 -newkey rsa:2048 -nodes -days 36500 \
		-subj "/CN=Signing key of modules/" -addext extendedKeyUsage=codeSigning \
		-outform DER -keyout "$key" -out "$cert" 2>/dev/null) ||
		die "cannot make a key"
fi
"$tool" sha256 "$key" "$cert" "$module" || die "cannot sign"
[ "$(tail -c 28 "$module")" = "~Module signature appended~" ] ||
	die "the signature is not there"
echo "$module is signed" >&2
if command -v mokutil >/dev/null && mokutil --sb-state 2>/dev/null | grep -q enabled &&
   ! mokutil --test-key "$cert" 2>/dev/null | grep -q already; then
	echo "the firmware does not know the key yet: mokutil --import $cert, and restart" >&2
fi
