#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The module against a host of our own that was written from the RFCs alone, in
# user space, segment by segment (selftests/peer/).

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

modprobe -q tun
[ -c /dev/net/tun ] || bail "no /dev/net/tun"

# reload [PARAMETER...]: connections of the test before may live for a moment
reload()
{
	wait_for 30 rmmod tcpcrypt && insmod "${TCPCRYPT_KO:?}" loopback=1 "$@"
}

# All key agreements for this script, then the module as it was
reload teps=x25519,p256,x448,p521 || bail "the module cannot be loaded again"
CLEANUP+=(reload)

cd "$SELFTESTS/peer" || bail "no $SELFTESTS/peer"
/usr/bin/python3 -B run.py "$@"
