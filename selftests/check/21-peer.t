#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The peer of the behaviour tests against the vectors, and the conformance
# document against the tests it names.

. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

relay /usr/bin/python3 -B selftests/peer/vectors.py
relay /usr/bin/python3 -B selftests/peer/clauses.py
done_testing
