#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Round trips counted to the microsecond, where time passes only while
# everything sleeps.

. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/in-guest.sh"

in_guest latency scripts/uml.sh --time-travel -t 300 --out "$LOGS/latency" \
	-- selftests/latency.sh
done_testing
