#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every behaviour test on the 6.12 kernel.

. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/in-guest.sh"

in_guest behaviour-6.12 scripts/vm.sh 6.12 -t "${BEHAVIOUR_SECONDS:-2400}" \
	--out "$LOGS/behaviour-6.12" -- selftests/run-in-vm.sh
done_testing
