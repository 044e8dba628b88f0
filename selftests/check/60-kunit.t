#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The KUnit suites of the module, on both instrumented kernels.

. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/in-guest.sh"

in_guest kunit-uml scripts/uml.sh -t 300 --out "$LOGS/kunit-uml" \
	-- selftests/check/kunit-guest.sh
in_guest kunit-x86 scripts/vm.sh debug -t 600 --out "$LOGS/kunit-x86" \
	-- selftests/check/kunit-guest.sh
done_testing
