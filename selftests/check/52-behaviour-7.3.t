#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every behaviour test on the 7.3 kernel.

. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/in-guest.sh"

in_guest behaviour-7.3 scripts/vm.sh 7.3 -t "${BEHAVIOUR_SECONDS:-2400}" \
	--out "$LOGS/behaviour-7.3" -- selftests/run-in-vm.sh
done_testing
