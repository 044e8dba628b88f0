# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
#
# What the check groups share: each prints one TAP stream for prove. Sourced.

# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/common.sh"
set +e
cd "$TOP" || exit 1

mkdir -p "$LOGS"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

tap_n=0

point()
{
	local rc=$1
	shift
	tap_n=$((tap_n + 1))
	if [ "$rc" -eq 0 ]; then
		echo "ok $tap_n - $*"
	else
		echo "not ok $tap_n - $*"
	fi
}

diag() { sed 's/^/# /'; }
done_testing() { echo "1..$tap_n"; }

# try NAME COMMAND...: one test point; the output is shown if it fails.
try()
{
	local name=$1 rc=0
	shift
	"$@" >"$work/try" 2>&1 </dev/null || rc=$?
	point $rc "$name"
	if [ $rc -ne 0 ]; then
		head -n 200 "$work/try" | diag
		echo "# (exit code $rc)"
	fi
	return $rc
}

# Only what git tracks is judged: a work in progress is nobody's business.
tracked() { git -c safe.directory='*' -C "$TOP" ls-files -- "$@"; }

# Pass on the TAP stream on standard input as part of this one; its top-level
# points are numbered on from ours, its plan is checked here and not passed on.
relay_tap()
{
	local line one plan=0 count=0 rest
	while IFS= read -r line; do
		case $line in
		1..[0-9]*)
			# Several programs, one after the other: several plans.
			one=${line#1..}
			plan=$((plan + ${one%%[!0-9]*}))
			;;
		"ok "* | "not ok "* | ok | "not ok")
			count=$((count + 1))
			tap_n=$((tap_n + 1))
			rest=${line#not }
			rest=${rest#ok}
			rest=${rest# }
			rest=${rest#"${rest%%[!0-9]*}"}
			echo "${line%%ok*}ok $tap_n${rest:+ ${rest# }}"
			;;
		"TAP version"* | "KTAP version"*) ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
	[ "$count" -gt 0 ]
	point $? "the stream has test points ($count)"
	[ "$plan" -eq "$count" ]
	point $? "the stream is complete ($plan planned, $count run)"
}

# relay COMMAND...: the same for what a command prints.
relay()
{
	local rc failed
	"$@" >"$work/stream" 2>"$work/errors" </dev/null
	rc=$?
	relay_tap <"$work/stream"
	failed=$(grep -c '^not ok' "$work/stream")
	# An exit code that no failed test point explains.
	if [ $rc -ne 0 ] && [ "$failed" -eq 0 ]; then
		point 1 "the command ended well (exit code $rc)"
	fi
	[ $rc -eq 0 ] || head -n 200 "$work/errors" | diag
}
