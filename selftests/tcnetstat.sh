#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tcnetstat: filters, words, JSON against its schema, watching, and asking
# tcpcryptd. What it shows by default is looked at in netlink.sh.
#
# shellcheck disable=SC2317 # called by "run" and "wait_for"

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

SCHEMA=$USERSPACE/tcnetstat/tcnetstat.schema.json

setup_daemon

tcn() { "$USERSPACE/tcnetstat/tcnetstat" -N "$C" "$@"; }
lines() { tcn "$@" | tail -n +2 | wc -l; }
fits() { tcn "$@" | python3 "$USERSPACE/tests/schema.py" "$SCHEMA"; }

for f in 4 6; do
	start_ready "s$f" in_s "$BIN/xfer" -l -$f -p $((PORT + f)) -b 100 --hold 600000 -t 900
	start "c$f" in_c "$BIN/xfer" -c "$(addr_of -$f)" -$f -p $((PORT + f)) -b 100 --hold 600000 -t 900
done
two_open() { [ "$(lines)" -eq 2 ]; }
wait_for 60 two_open || bail "no connections to look at"

# ------------------------------------------------------------------ filters

is "--remote with a port" "$(lines --remote ":$((PORT + 4))")" 1
is "--remote with an address" "$(lines --remote $S6)" 1
is "--remote with both" "$(lines --remote "[$S6]:$((PORT + 6))")" 1
is "--remote with both, IPv4" "$(lines --remote "$S4:$((PORT + 4))")" 1
is "--remote with another port" "$(lines --remote "$S4:$((PORT + 6))")" 0
is "--local with an address" "$(lines --local $C4)" 1
is "--local in brackets" "$(lines --local "[$C6]")" 1
is "--local with another address" "$(lines --local $S4)" 0
is "--local with the port of the peer" "$(lines --local ":$((PORT + 4))")" 0
for bad in 1.2.3 ':' ':0' ':65536' '[::1' '[::1]x' 10.0.0.1:x; do
	tcn --local "$bad" >/dev/null 2>&1
	is "'$bad' is no end of a connection" $? 2
done
tcn -w 0 >/dev/null 2>&1
is "-w 0" $? 2
tcn --nonsense >/dev/null 2>&1
is "an unknown option" $? 2

# A connection that is being offered encryption, by nobody who would answer
NOBODY=10.77.0.99
ip -n "$C" neigh add $NOBODY lladdr 02:00:00:00:00:99 dev eth0
start offered in_c timeout 60 bash -c "exec 3<>/dev/tcp/$NOBODY/$PORT"
offered=$PID
one_offered() { [ "$(lines -a --remote "$NOBODY")" -eq 1 ]; }
run "-a shows what is not encrypted" wait_for 20 one_offered
run "-a says so" grep -q 'state:offered' <<<"$(tcn -a -x --remote $NOBODY)"
is "without it that is not shown" "$(lines --remote $NOBODY)" 0

# ------------------------------------------------------------- long options

# Each does what its letter does; ages differ
ageless() { tcn "$1" | sed 's/age:[0-9.]*s//; s/"age_ms": *[0-9]*//g'; }
same_long() { is "$1" "$(ageless "$1")" "$(ageless "$2")"; }
same_long --ipv4 -4
same_long --ipv6 -6
same_long --all -a
same_long --details -x
same_long --json -j
same_long --pretty -p
same_long --help -h
same_long --version -V
is "--netns" "$("$USERSPACE/tcnetstat/tcnetstat" --netns "$C")" "$(tcn)"
run "-h" grep -q '^Usage: tcnetstat ' <<<"$(tcn -h)"
run "-V" grep -q '^tcnetstat ' <<<"$(tcn -V)"
stop "$offered"
same_long --stats -s

# -------------------------------------------------------------------- words

words=$(tcn -4 --words | awk -F '\t' 'NR == 2 { print $3 }')
is "eight words" "$(wc -w <<<"$words")" 8
is "the same at the other end" "$("$USERSPACE/tcnetstat/tcnetstat" -N "$S" -4 --words |
	awk -F '\t' 'NR == 2 { print $3 }')" "$words"
is "which the columns leave room for" "$([ ${#words} -le 71 ] && echo yes)" yes

# ---------------------------------------------------------------- a terminal

# on_terminal COLUMNS ARGS...: what people see, tabs as blanks
on_terminal()
{
	local columns=$1
	shift
	script -qec "stty cols $columns; $USERSPACE/tcnetstat/tcnetstat -N $C $*" \
		/dev/null </dev/null | tr -d '\r' | expand
}
too_long() { awk -v most="$1" 'length > most'; }
each_word() { sed 's/age:[0-9.]*s//' | tr -s '[:space:]' '\n'; }
sids() { grep -Eo '[0-9A-F]{66}'; }
for args in "" -x "-x -4" "-x -6"; do
	# shellcheck disable=SC2086
	want=$(tcn $args)
	# shellcheck disable=SC2086
	got=$(on_terminal 80 $args)
	is "'$args' on 80 columns: no line is longer" "$(too_long 80 <<<"$got")" ""
	run "'$args' on 80 columns: they are folded" test "$(wc -l <<<"$got")" -gt "$(wc -l <<<"$want")"
	is "'$args' on 80 columns: all session IDs" "$(sids <<<"$got")" "$(sids <<<"$want")"
	is "'$args' on 80 columns: every word" \
		"$(each_word <<<"$got")" "$(each_word <<<"$want")"
done
is "--words on 80 columns: no line is longer" "$(on_terminal 80 --words | too_long 80)" ""
is "on 400 columns all is as in a file" "$(on_terminal 400)" "$(tcn | expand)"
is "and so it is where nobody knows how many there are" "$(on_terminal 0)" "$(tcn | expand)"

# --------------------------------------------------------------------- JSON

run "-j follows the schema" fits -j
run "-j --words too" fits -j --words
run "-j -a too" fits -j -a
run "-j -s too" fits -j -s
run "-p too" fits -p
is "-p has lines" "$([ "$(tcn -p | wc -l)" -gt 20 ] && echo yes)" yes
is "-j has one" "$(tcn -j | wc -l)" 1
echo '[{"family":"inet"}]' >"$TMP/bad.json"
fails "the schema refuses what lacks a member" \
	python3 "$USERSPACE/tests/schema.py" "$SCHEMA" <"$TMP/bad.json"

# ----------------------------------------------------------- watching, asking

start watch "$USERSPACE/tcnetstat/tcnetstat" -N "$C" -w 1
twice() { [ "$(grep -c ^Local "$TMP/watch.log")" -ge 2 ]; }
run "-w repeats" wait_for 30 twice
stop "$PID"

start watch-long "$USERSPACE/tcnetstat/tcnetstat" --netns "$C" --watch 1
twice_long() { [ "$(grep -c ^Local "$TMP/watch-long.log")" -ge 2 ]; }
run "--watch too" wait_for 30 twice_long
stop "$PID"

start daemon in_c "$USERSPACE/tcpcryptd/tcpcryptd" -f -u "@tcn-$$"
wait_for 30 has_line "$TMP/daemon.log" ^Running
is "-u shows the same" "$(in_c "$USERSPACE/tcnetstat/tcnetstat" -u "@tcn-$$")" "$(tcn)"
is "--control is -u" "$(in_c "$USERSPACE/tcnetstat/tcnetstat" --control "@tcn-$$")" "$(tcn)"
is "-u -6 too" "$(in_c "$USERSPACE/tcnetstat/tcnetstat" -6 -u "@tcn-$$")" "$(tcn -6)"
"$USERSPACE/tcnetstat/tcnetstat" -u "@nobody-$$" >"$TMP/out" 2>&1
is "-u with nobody there" $? 1
"$USERSPACE/tcnetstat/tcnetstat" -u "@tcn-$$" -s >"$TMP/out" 2>&1
is "-u -s" $? 2
stop "$PID"

# ------------------------------------------------------------------- events

start events "$USERSPACE/tcnetstat/tcnetstat" -N "$C" -e --remote ":$((PORT + 1))"
start json "$USERSPACE/tcnetstat/tcnetstat" -N "$C" --events -j --remote ":$((PORT + 1))"
sleep 2
start_ready s1 in_s "$BIN/xfer" -l -4 -p $((PORT + 1)) -b 10 -t 60
in_c "$BIN/xfer" -c $S4 -4 -p $((PORT + 1)) -b 10 -t 60 >"$TMP/c1.log" 2>&1
sid=$(value "$TMP/c1.log" sessid | tr a-f A-F)
run "-e shows what is established" wait_for 20 has_line "$TMP/events.log" \
	"^established.*$S4:$((PORT + 1)) .*$sid"
run "and what is closed" wait_for 20 has_line "$TMP/events.log" "^closed .*$S4:$((PORT + 1)) .*$sid"
run "-e -j shows an object" wait_for 20 has_line "$TMP/json.log" "\"event\":\"established\""
run "-e -j follows the schema" sh -c "head -n 1 '$TMP/json.log' |
	python3 '$USERSPACE/tests/schema.py' '$SCHEMA'"

finish
