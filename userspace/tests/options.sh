#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Each option of each program is in its manual page and in its --help, and
# nothing else is. Prints TAP.

cd "$(dirname "$0")/.." || exit 1
export LD_LIBRARY_PATH=libtcpcrypt
n=0 failed=0

point()
{
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "# $2" | tr '\n' ' '
		echo
		failed=1
	fi
}

# Long options, as "--name", sorted
of_help() { "$1" --help | grep -Eo -- '--[a-z][a-z0-9-]*' | sort -u; }
of_page() { grep -Eo '(Fl| ,) -[a-z][a-z0-9-]*' "$1" | sed 's/.* -/--/' | sort -u; }

for p in tcpcryptd.8 tcs.8 tcnetstat.8 tcrecord.1; do
	name=${p%.*}
	of_help "$name/$name" >tests/help.tmp
	of_page "man/$p" >tests/page.tmp
	point "$name: what --help tells is in the manual page" \
		"$(comm -23 tests/help.tmp tests/page.tmp)"
	point "$name: and the other way round" "$(comm -13 tests/help.tmp tests/page.tmp)"
	refused=
	while read -r o; do
		grep -q "\"${o#--}\"\\|\"$o\"" "$name"/*.c || refused="$refused $o"
	done <tests/page.tmp
	point "$name: knows each" "$refused"
done
sed -n 's/^	{ "\([a-z_]*\)", .*TCPCRYPT_A_CONFIG.*/\1/p; s/^	{ "\([a-z_]*\)", PORTS,$/\1/p' \
	tcpcryptd/conf.c >tests/out.tmp
missing=
while read -r s; do
	grep -q "^.Cm $s" man/tcpcryptd.conf.5 || missing="$missing $s"
done <tests/out.tmp
point "tcpcryptd.conf.5 has every setting" "$missing"
sed -n 's/^	{ "\([a-z-]*\)", .*TCPCRYPT_A_RULE.*/\1/p' tcpcryptd/rule.c >tests/out.tmp
missing=$([ "$(wc -l <tests/out.tmp)" -ge 15 ] || echo "all of them")
while read -r s; do
	grep -Eq "(Cm|\|) $s( |$)" man/tcpcryptd.conf.5 || missing="$missing $s"
done <tests/out.tmp
point "tcpcryptd.conf.5 has every word of a rule" "$missing"
sed 's/\\t/ /g' tcnetstat/print.c | grep -Eo '[a-z_]{3,}:(%|yes)' | cut -d : -f 1 | sort -u >tests/out.tmp
missing=$([ "$(wc -l <tests/out.tmp)" -ge 20 ] || echo "all of them")
while read -r s; do
	grep -Eq "^.It Cm (.* )?$s( |$)" man/tcnetstat.8 || missing="$missing $s"
done <tests/out.tmp
point "tcnetstat.8 has everything that -x shows" "$missing"
sed -n 's/^	\(tcpcrypt_[a-z_]*\);$/\1/p' libtcpcrypt/libtcpcrypt.map >tests/out.tmp
missing=
while read -r s; do
	grep -q "^.Fn $s " man/libtcpcrypt.3 || missing="$missing $s"
done <tests/out.tmp
point "libtcpcrypt.3 has every function" "$missing"
rm -f tests/*.tmp
echo "1..$n"
exit $failed
