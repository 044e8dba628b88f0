# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154
#
# What vm.sh and uml.sh share: options, the run directory, waiting with a time
# limit, and judging the kernel log. Sourced after common.sh.

# The options both understand; the caller's own come through guest_option.
module=build timeout=${TCPCRYPT_VM_TIMEOUT:-600} mem='' out='' append='' allow=''
envs=()

guest_options()
{
	while [ $# -gt 0 ]; do
		case $1 in
		-m) module=$2; shift ;;
		--no-module) module= ;;
		-t) timeout=$2; shift ;;
		--mem) mem=$2; shift ;;
		--out) out=$2; shift ;;
		--env) envs+=("$2"); shift ;;
		--append) append+=" $2"; shift ;;
		--allow-splat) allow=1 ;;
		--) shift; break ;;
		-h | --help) usage ;;
		*)
			guest_option "$@" || die "unknown option '$1'" "see ${0##*/} --help"
			shift "$taken"
			;;
		esac
		shift
	done
	command=("$@")
	[ ${#command[@]} -gt 0 ] || die "no command" "see ${0##*/} --help"
}

guest_pid='' relay_pid='' timer_pid='' keep=''

guest_cleanup()
{
	local rc=$?
	trap - EXIT INT TERM HUP
	[ -z "$guest_pid" ] || kill -KILL "$guest_pid" 2>/dev/null
	[ -z "$relay_pid" ] || kill "$relay_pid" 2>/dev/null
	[ -z "$timer_pid" ] || kill "$timer_pid" 2>/dev/null
	rm -f "$run/out.fifo"
	[ -n "$out" ] || [ -n "$keep" ] || rm -rf "$run"
	exit $rc
}

# The run directory, with the command and its environment for guest-init.sh.
guest_prepare()
{
	local e

	if [ "$module" = build ]; then
		module=$("$TOP/scripts/build-module.sh" "$line")
	fi
	if [ -n "$out" ]; then
		mkdir -p "$out"
		run=$(cd "$out" && pwd -P)
		rm -f "$run"/{rc,out.fifo,console.log,dmesg,tainted,kmemleak}
	else
		mkdir -p "$CACHE/run"
		run=$(mktemp -d "$CACHE/run/$line.XXXXXX")
	fi
	trap guest_cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP

	{
		printf 'export TCPCRYPT_LINE=%q TCPCRYPT_OUT=/run/out TCPCRYPT_TOP=%q\n' \
			"$line" "$TOP"
		for e in "${envs[@]+"${envs[@]}"}"; do
			printf 'export %q\n' "$e"
		done
		if [ -n "$module" ]; then
			echo 'export TCPCRYPT_KO=/run/tcpcrypt.ko'
			echo 'cp /run/out/tcpcrypt.ko /run/tcpcrypt.ko'
		fi
	} >"$run/env"
	# A copy: a rebuild during the run must not change the file below it.
	[ -z "$module" ] || cp "$module" "$run/tcpcrypt.ko"
	{
		printf 'cd %q || exit 126\n' "$TOP"
		printf 'exec'
		printf ' %q' "${command[@]}"
		echo
	} >"$run/cmd"
	mkfifo "$run/out.fifo"
	: >"$run/console.log"
	cat "$run/out.fifo" &
	relay_pid=$!
}

# Wait for guest_pid, within the time limit, and set rc.
guest_wait()
{
	sleep "$timeout" >/dev/null 2>&1 &
	timer_pid=$!
	wait -n "$guest_pid" "$timer_pid" 2>/dev/null || true
	rc=
	if ! kill -0 "$timer_pid" 2>/dev/null; then
		kill -KILL "$guest_pid" 2>/dev/null || true
		rc=124
	else
		kill "$timer_pid"
	fi
	wait "$timer_pid" 2>/dev/null || true
	timer_pid=
	wait "$guest_pid" 2>/dev/null || true
	guest_pid=
	# The writer is gone, so the relay ends once it has passed on the rest.
	wait "$relay_pid" 2>/dev/null || true
	relay_pid=

	if [ "$rc" = 124 ]; then
		say "${0##*/}: $line: no end after $timeout s; last lines of the console:"
		tail -n 20 "$run/console.log" | tr -d '\r' | sed 's/^/    | /' >&2
	elif [ -s "$run/rc" ]; then
		rc=$(cat "$run/rc")
	else
		say "${0##*/}: $line: the machine died before the command ended; last lines of the console:"
		tail -n 8 "$run/console.log" | tr -d '\r' | sed 's/^/    | /' >&2
		[ ! -s "$run/host.log" ] || sed 's/^/    host: /' "$run/host.log" >&2
		rc=123
	fi
}

# Judge the kernel log and exit.
guest_exit()
{
	# Leaks whose allocation went through the module. Frames of a module
	# that has been removed have lost their names and are bare addresses.
	if [ -s "$run/kmemleak" ]; then
		awk -v RS='unreferenced object' \
			'/\[tcpcrypt\]|\] 0x/ { print "BUG: memory leak: unreferenced object" $0 }' \
			"$run/kmemleak" >>"$run/dmesg"
	fi
	if [ -z "$allow" ]; then
		# The console has what dmesg may have dropped, so it is read as
		# well, but nobody wants to see everything twice.
		if ! "$TOP/scripts/splat.sh" "$run/dmesg" >&2 ||
		   ! "$TOP/scripts/splat.sh" "$run/console.log" >&2; then
			rc=125
		elif [ $(($(cat "$run/tainted" 2>/dev/null || echo 0) & 0x280)) -ne 0 ]; then
			# D (died) or W (warned), even if the log has overflowed.
			say "${0##*/}: $line: the kernel is tainted by a warning or an oops"
			rc=125
		fi
	fi
	case $rc in
	123 | 124 | 125)
		[ -n "$out" ] || say "    (run directory, kept: $run)"
		keep=1
		;;
	esac
	exit "$rc"
}
