#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Is libtcpcrypt's binary interface the one that programs were linked to? Its
# description is kept in libtcpcrypt.abi, which "make -C userspace abi" writes
# anew when something has been added on purpose. Prints TAP.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
lib=libtcpcrypt/libtcpcrypt.so
stored=libtcpcrypt/libtcpcrypt.abi
tmp=$(mktemp) || exit 1
trap 'rm -f "$tmp" "$tmp.abi"' EXIT
failed=0

if abidiff "$stored" $lib >"$tmp" 2>&1; then
	echo "ok 1 - the interface of libtcpcrypt is what it was"
else
	echo "not ok 1 - the interface of libtcpcrypt is what it was"
	sed 's/^/# /' "$tmp"
	failed=1
fi

# Would it have been noticed?
sed 's/tcpcrypt_wait/tcpcrypt_gone/g' "$stored" >"$tmp.abi"
abidiff "$tmp.abi" $lib >"$tmp" 2>&1
if grep -q 'Removed.*function' "$tmp" && grep -q tcpcrypt_gone "$tmp"; then
	echo "ok 2 - a function that is missing is found out"
else
	echo "not ok 2 - a function that is missing is found out"
	sed 's/^/# /' "$tmp"
	failed=1
fi
sed "s/name='[a-z ]*int' size-in-bits='32'/name='long int' size-in-bits='64'/" "$stored" >"$tmp.abi"
if cmp -s "$stored" "$tmp.abi" || abidiff "$tmp.abi" $lib >"$tmp" 2>&1; then
	echo "not ok 3 - so is an argument that is larger"
	failed=1
else
	echo "ok 3 - so is an argument that is larger"
fi
echo "1..3"
exit $failed
