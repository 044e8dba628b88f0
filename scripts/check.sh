#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
#   scripts/check.sh [GROUP...]
#
# Run check groups through prove: harness style unit peer fuzz behaviour kunit
# latency, or behaviour-6.1 and so on; nothing means all of them. The summary
# comes last.

. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

groups=()
if [ $# -eq 0 ]; then
	groups=("$TOP"/selftests/check/[0-9]*.t)
else
	for g in "$@"; do
		found=("$TOP"/selftests/check/[0-9]*-"$g".t)
		[ -e "${found[0]}" ] || found=("$TOP"/selftests/check/[0-9]*-"$g"-*.t)
		[ -e "${found[0]}" ] || die "no check group '$g'" \
			"known: $(cd "$TOP/selftests/check" && printf '%s ' *.t | sed -E 's/[0-9]+-//g; s/\.t//g')"
		groups+=("${found[@]}")
	done
fi

export TCPCRYPT_LOGS=$LOGS
mkdir -p "$LOGS"
start=$SECONDS

# Only what the chosen groups need, and before prove: a group whose
# prerequisite is missing fails, and it fails for that reason.
what=(packages)
case " ${groups[*]} " in *style* | *kunit* | *debug*) what+=(source) ;; esac
case " ${groups[*]} " in *style* | *harness* | *6.1.t*) what+=(kernel-6.1) ;; esac
case " ${groups[*]} " in *style* | *6.12.t*) what+=(kernel-6.12) ;; esac
case " ${groups[*]} " in *style* | *7.3.t*) what+=(kernel-7.3) ;; esac
case " ${groups[*]} " in *kunit* | *behaviour* | *harness*) what+=(qemu) ;; esac
instrumented=()
case " ${groups[*]} " in *kunit* | *latency*) instrumented+=(uml) ;; esac
case " ${groups[*]} " in *kunit* | *debug*) instrumented+=(debug) ;; esac
# Their groups come last, and stock kernels' tests leave processors idle at
# times: enough to build the instrumented ones. A group waits for its own.
case " ${groups[*]} " in
*6.1.t* | *6.12.t* | *7.3.t*) ;;
*) what+=("${instrumented[@]}") instrumented=() ;;
esac
"$TOP/scripts/setup.sh" "${what[@]}"
if [ ${#instrumented[@]} -gt 0 ]; then
	say "  the instrumented kernels are built meanwhile: tail -f $LOGS/instrumented.log"
	setsid nice -n 19 "$TOP/scripts/setup.sh" "${instrumented[@]}" \
		>"$LOGS/instrumented.log" 2>&1 </dev/null &
	trap 'kill -- -'$!' 2>/dev/null || true' EXIT
fi

case " ${groups[*]} " in
*behaviour* | *latency*)
	step "building the tools" make -s -C "$TOP" tools
	step "building the test programs" make -s -C "$TOP/selftests"
	;;
esac
# A test nobody runs is one that cannot fail: say so.
idle=()
for s in "$TOP"/selftests/*.sh; do
	case ${s##*/} in lib.sh | run-in-vm.sh) continue ;; esac
	grep -qw -- "${s##*/}" "$TOP"/selftests/run-in-vm.sh "$TOP"/selftests/check/*.t ||
		idle+=("${s##*/}")
done
[ ${#idle[@]} -eq 0 ] || say "  in no group yet, to be run by hand: ${idle[*]}"
say "  ready after $((SECONDS - start)) s; logs go to $LOGS"

cd "$TOP"
prove --timer --failures --comments --exec "bash $TOP/scripts/tap-run.sh" "${groups[@]}"
