#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Does a branch or an address depend on a private key? And would we be told?
set -u

n=0 failed=0
point()
{
	n=$((n + 1))
	if [ "$1" -eq "$2" ]; then
		echo "ok $n - $3"
	else
		echo "not ok $n - $3"
		sed 's/^/# /' build/ct.log
		failed=1
	fi
}

ct()
{
	valgrind -q --error-exitcode=99 build/ct_curves "$1" >build/ct.log 2>&1
}

cd "$(dirname "$0")" || exit 1
ct branch
point $? 99 "a branch on a secret is found"
ct index
point $? 99 "an index made of a secret is found"
ct x448
point $? 0 "X448: no branch and no index depends on the private key"
ct p521
point $? 0 "P-521: no branch and no index depends on the private key"
echo "1..$n"
exit $failed
