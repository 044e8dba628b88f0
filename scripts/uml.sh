#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
#   scripts/uml.sh [OPTION...] -- COMMAND [ARGUMENT...]
#
# Run COMMAND in the checkout under the instrumented User-Mode Linux, on a
# writable overlay of this machine's root. Output, exit code, variables and the
# kernel log are treated as by vm.sh, and so are the options
#
#   -m FILE  --no-module  -t SECONDS  --mem M (default 1G)  --out DIR
#   --env K=V  --append ARGS  --allow-splat
#
# and there is one more:
#
#   --time-travel  time passes only while everything sleeps: round trips can be
#                  counted to the microsecond

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$TOP/scripts/guest-lib.sh"

usage()
{
	sed -n '4,16s/^# \{0,1\}//p' "$0"
	exit 0
}

travel=''
guest_option()
{
	taken=0
	case $1 in
	--time-travel) travel=time-travel=inf-cpu ;;
	*) return 1 ;;
	esac
}

line=uml
guest_options "$@"
"$TOP/scripts/debug-kernel.sh" uml
guest_prepare

# UML's memory is a file: better in memory than on the disk, if it fits.
TMPDIR=/tmp
if [ "$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')" -gt 1500000 ]; then
	TMPDIR=/dev/shm
fi
export TMPDIR

args=(
	"mem=${mem:-1G}" root=/dev/root rootfstype=hostfs hostfs=/ ro
	"init=$TOP/scripts/guest-uml.sh" con=null "con0=null,fd:4" "con1=null,fd:3" ssl=null
	quiet panic=-1 kunit.enable=1 "umid=tcpcrypt-$$" "uml_dir=$run/uml"
	"TCPCRYPT_UML_TOP=$TOP" "TCPCRYPT_UML_CACHE=$CACHE" "TCPCRYPT_UML_RUN=$run"
	"TCPCRYPT_UML_MODULES=$(kernel_modules uml)"
)
[ -z "$travel" ] || args+=("$travel")
# shellcheck disable=SC2206 # a list of words
args+=($append)

setpriv --pdeathsig KILL "$(kernel_dir uml)/linux" "${args[@]}" \
	</dev/null 3>"$run/out.fifo" 4>"$run/console.log" >"$run/host.log" 2>&1 &
guest_pid=$!
guest_wait
guest_exit
