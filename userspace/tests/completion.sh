#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What bash completes for each program is what its manual page tells of: every
# option, short and long, and nothing else. Prints TAP.

cd "$(dirname "$0")/.." || exit 1
export LD_LIBRARY_PATH=libtcpcrypt
# shellcheck disable=SC2317 # called by what comes next
complete() { BOUND="$*"; }
# shellcheck source=SCRIPTDIR/../completion/tcpcrypt
. completion/tcpcrypt
n=0 failed=0

point()
{
	n=$((n + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		diff <(echo "$2") <(echo "$3") | sed 's/^/# /'
		failed=1
	fi
}

# completed PROGRAM WORD PREVIOUS: one word a line, sorted
completed()
{
	local COMP_CWORD=1 COMPREPLY=()
	_tcpcrypt "$@"
	printf '%s\n' "${COMPREPLY[@]}" | sort -u
}

# Every flag of a page: ".It Fl c , -no-cache", and lists of them in the text
of_page()
{
	sed -n 's/^\.It Fl \(.*\)/\1/p; /^\.Fl [a-zA-Z] ,/s/^\.Fl //p; /^and$/{n;s/^\.Fl //p}' "$1" |
		sed 's/ Ar [a-z-]*//g; s/Fl //g' | tr -d ' ' | tr ',' '\n' |
		grep -v '^$' | sed 's/^/-/' | sort -u
}

for p in tcpcryptd.8 tcs.8 tcnetstat.8 tcrecord.1; do
	name=${p%.*}
	point "$name: its options" "$(completed "$name/$name" - "$name")" "$(of_page "man/$p")"
	case " $BOUND " in
	*" $name "*) bound=yes ;;
	*) bound=no ;;
	esac
	point "$name: is completed" "$bound" yes
done
point "the rest of an option" "$(completed tcpcryptd/tcpcryptd --no-n tcpcryptd)" --no-network-test
point "a user" "$(completed tcpcryptd/tcpcryptd roo -U)" root
point "a user, long" "$(completed tcs/tcs roo --user)" root
point "a file" "$(completed tcpcryptd/tcpcryptd man/tcs -F)" man/tcs.8
point "a directory, long" "$(completed tcs/tcs man/tcs --jail)" man/tcs.8
point "a control socket" "$(completed tcnetstat/tcnetstat man/tcs --control)" man/tcs.8
point "a command" "$(completed tcrecord/tcrecord ver tcrecord)" verify
echo "1..$n"
exit $failed
