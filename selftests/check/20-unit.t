#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The pure protocol code in user space, under ASan and UBSan.

. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

try "the unit tests build" make -s -C selftests/host -j"$JOBS" all
relay make -s -C selftests/host check
done_testing
