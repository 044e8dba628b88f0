# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154
#
# Run a TAP-producing command in a machine and relay its stream. Sourced by the
# groups, after tap.sh.

# in_guest NAME RUNNER...: RUNNER is vm.sh or uml.sh with its options, --, and
# the command.
in_guest()
{
	local name=$1 out=$LOGS/$1 rc=0 runner=$2
	shift 2
	mkdir -p "$out"
	# The stream goes to prove while it comes, and to the log.
	"$runner" "$@" 2>"$work/stderr" >"$work/fifo" &
	local pid=$!
	tee "$out/output.tap" <"$work/fifo" >"$work/relay" &
	relay_tap <"$work/relay"
	wait $pid || rc=$?
	wait
	cp "$work/stderr" "$out/stderr.log"
	case $rc in
	123) point 1 "$name: the machine lived to the end" ;;
	124) point 1 "$name: the machine ended in time" ;;
	125) point 1 "$name: no splat in the kernel log" ;;
	*)
		point 0 "$name: no splat in the kernel log"
		# A failed test point speaks for itself; an exit code that
		# none explains does not.
		if [ $rc -ne 0 ] && ! grep -q '^not ok' "$out/output.tap"; then
			point 1 "$name: the command ended well (exit code $rc)"
		fi
		;;
	esac
	if [ $rc -ne 0 ]; then
		diag <"$work/stderr"
		echo "# logs: $out"
	fi
}
mkfifo "$work/fifo" "$work/relay"
