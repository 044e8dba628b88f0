#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every libFuzzer target for a bounded time: enough to notice a parser that has
# become careless. make fuzz FUZZ_SECONDS=3600 is the long run.

. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

relay make -s -C selftests/host fuzz SECONDS="${FUZZ_SECONDS:-15}"
done_testing
