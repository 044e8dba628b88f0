#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What tcpcryptd says about lines of its configuration that are wrong, under
# ASan and UBSan, and that it takes every form of one that is not. Prints TAP.

cd "$(dirname "$0")" || exit 1
file=$(mktemp)
trap 'rm -f "$file"' EXIT
n=0 failed=0

# complains LINE MESSAGE: about the last line, and none before it
complains()
{
	n=$((n + 1))
	echo "$1" >>"$file"
	out=$(timeout 60 ./tcpcryptd.asan -F "$file" -f -u "@tcpcryptd-conf-$$" 2>&1)
	rc=$?
	want="$file:$(wc -l <"$file"): $2"
	if [ $rc -eq 1 ] && [ "$out" = "$want" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		printf 'exit code %s\n%s\nand not\n%s\n' "$rc" "$out" "$want" | sed 's/^/# /'
		failed=1
	fi
	: >"$file"
}

# rule TEXT MESSAGE
rule() { complains "rule = $1" "rule: $2"; }

complains "nonsense" "neither a setting nor a comment"
complains "tepz = x25519" "there is no setting 'tepz'"
complains "teps = rot13" "'rot13' is no value for 'teps'"
complains "exclude_ports = 99999999980" "'99999999980' is no value for 'exclude_ports'"
complains "exclude_ports = 20-" "'20-' is no value for 'exclude_ports'"
rule "" "it needs a verdict: offer, refuse, require or next"
rule "in aware" "it needs a verdict: offer, refuse, require or next"
rule "allow in" "'allow' is no word of a rule"
rule "offer nocache" "'nocache' is no word of a rule"
rule "offer refuse" "'refuse' is a second verdict"
rule "offer in out" "'out' is a second direction"
rule "next aware aware" "'aware' is a second aware"
rule "next no-cache no-cache" "'no-cache' is a second no-cache"
rule "next off off" "'off' is a second off"
rule "offer lport 1 lport 2" "'lport' is a second lport"
rule "offer off" "'off' is for rules with the verdict next"
rule "off require" "'off' is for rules with the verdict next"
rule "refuse aware" "'aware' means nothing to what is refused"
rule "no-cache refuse" "'no-cache' means nothing to what is refused"
rule "offer rport" "'rport' needs a port or range of ports"
rule "offer uid" "'uid' needs a user"
rule "offer remote" "'remote' needs an address or network"
rule "offer rport 0" "'0' is not a port or range of ports"
rule "offer rport http" "'http' is not a port or range of ports"
rule "offer rport 4294967376" "'4294967376' is not a port or range of ports"
rule "offer lport 20-10" "'20-10' is not a port or range of ports"
rule "offer local 10.0.0/8" "'10.0.0/8' is not an address or network"
rule "offer local 10.0.0.0/33" "'10.0.0.0/33' is not an address or network"
rule "offer remote fe80::/129" "'fe80::/129' is not an address or network"
rule "offer local ::1 remote 127.0.0.1" "local and remote are not of the same family"
rule "offer mark 1/x" "'1/x' is not a mark"
rule "offer uid nobody-there" "'nobody-there' is not a user"
rule "offer $(printf '%0600d' 0)" "it is too long"
cat >"$file" <<-FILE
	# a comment
	  teps = x25519, p256  # another
	exclude_ports =
	exclude_ports = 22, 990-995,6000:6010
	rule = offer
	rule = refuse in lport 8080 # and another
	rule = out require remote 192.0.2.0/24 rport 5432-5440
	rule = offer aware no-cache local 2001:db8::1 remote 2001:db8::/32
	rule = next aware
	rule = next no-cache uid root
	rule = next off lport 1:65535 mark 0x10/0xff uid 65534
	rule = require aware mark 7
FILE
complains "and = nothing" "there is no setting 'and'"
i=0
while [ $i -lt 1023 ]; do
	echo "rule = offer"
	i=$((i + 1))
done >"$file"
complains "rule = offer" "rule: there are too many"
echo "1..$n"
exit $failed
