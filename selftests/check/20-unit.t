#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The pure protocol code in user space, under ASan and UBSan; and the library,
# under these and TSan.

. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

try "the unit tests build" make -s -C selftests/host -j"$JOBS" all
relay make -s -C selftests/host check
try "the tests of the library build" make -s -C userspace -j"$JOBS" tests
relay make -s -C userspace check
done_testing
