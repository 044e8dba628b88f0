#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every behaviour test on the debug kernel.

. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/in-guest.sh"

in_guest behaviour-debug scripts/vm.sh debug -t "${BEHAVIOUR_SECONDS:-1500}" \
	--out "$LOGS/behaviour-debug" -- selftests/run-in-vm.sh
done_testing
