#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every behaviour test on the 6.1 kernel.

. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/in-guest.sh"

in_guest behaviour-6.1 scripts/vm.sh 6.1 -t "${BEHAVIOUR_SECONDS:-2400}" \
	--out "$LOGS/behaviour-6.1" -- selftests/run-in-vm.sh
done_testing
