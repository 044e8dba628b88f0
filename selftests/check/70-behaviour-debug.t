#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Some of the behaviour tests on the debug kernel. The module comes and goes in
# them; its KUnit suites, which run at each load, are tested elsewhere.

. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/in-guest.sh"

in_guest behaviour-debug scripts/vm.sh debug -t "${BEHAVIOUR_SECONDS:-1500}" \
	--append kunit.enable=0 --out "$LOGS/behaviour-debug" -- selftests/run-in-vm.sh
done_testing
