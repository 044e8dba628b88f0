#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# prove's --exec: run one check group and keep its stream in the log directory.

set -o pipefail
bash "$1" | tee "$TCPCRYPT_LOGS/$(basename "$1" .t).tap"
