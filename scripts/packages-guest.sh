#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2317 # check calls functions, one runs perl
#
# What packages.sh runs on a system booted with the packages installed: is it as
# its administrator would expect, does an upgrade restart the daemon, and does
# purging on the running system leave nothing. Prints TAP.
#
#	packages-guest.sh OLD NEW	(the versions)

OLD=$1 NEW=$2
n=0 failed=0
check()
{
	local what=$1
	shift
	n=$((n + 1))
	if "$@" >/run/check.log 2>&1; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		failed=1
		tail -n 30 /run/check.log | sed 's/^/# /'
	fi
}

# Something a busy machine may take its time for
within()
{
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.5
	done
}

loaded() { grep -q '^tcpcrypt ' /proc/modules; }
unloaded() { ! loaded; }
active() { systemctl -q is-active tcpcryptd.service; }
pid() { systemctl show -P MainPID tcpcryptd.service; }

running()
{
	within 120 active && return 0
	systemctl status --no-pager tcpcryptd.service tcpcryptd.socket
	journalctl --no-pager -u tcpcryptd | tail -n 20
	return 1
}

unprivileged()
{
	local status
	status=/proc/$(pid)/status
	cat "$status"
	# CAP_NET_ADMIN, bit 12, and nothing else
	[ "$(stat -c %U "${status%/status}")" = tcpcryptd ] &&
		grep -q '^CapPrm:.0000000000001000' "$status" &&
		grep -q '^CapBnd:.0000000000001000' "$status"
}

by_name()
{
	systemctl stop tcpcryptd.service tcpcryptd.socket && modprobe -r tcpcrypt || return
	unloaded && modprobe tcpcrypt && loaded && systemctl start tcpcryptd.service || return
	modinfo -n tcpcrypt | grep /updates/dkms/
}

two_hosts()
{
	ip netns add a && ip netns add b &&
	ip link add eth0 netns a type veth peer name eth0 netns b &&
	ip -n a addr add 10.0.0.1/24 dev eth0 && ip -n b addr add 10.0.0.2/24 dev eth0 &&
	ip -n a link set eth0 up && ip -n b link set eth0 up && ip -n b link set lo up || return
	# What every system has is perl
	ip netns exec b perl -MIO::Socket::INET -e '
		my $s = IO::Socket::INET->new(LocalPort => 8000, Listen => 9) or die;
		$SIG{CHLD} = "IGNORE";
		while (my $c = $s->accept) {
			next if fork;
			sysread $c, $_, 4096;
			print $c "HTTP/1.0 200 OK\r\nContent-Length: 1000000\r\n\r\n";
			# Whoever asks for /half gets no more and waits
			print $c "x" x (m,^GET /half, ? 500000 : 1000000);
			$c->flush;
			sysread $c, $_, 1 if m,^GET /half,;
			exit;
		}' &
	server=$!
	within 60 ip netns exec a curl -s -o /dev/null http://10.0.0.2:8000/
}

# The connection is there in both hosts' lists, with one session ID.
listed()
{
	ip netns exec a tcnetstat >/run/a 2>&1
	ip netns exec b tcnetstat >/run/b 2>&1
	grep -q '10.0.0.2:8000' /run/a && grep -q '^10.0.0.2:8000' /run/b &&
		[ "$(awk 'NR == 2 { print $3 }' /run/a)" = "$(awk 'NR == 2 { print $3 }' /run/b)" ]
}

encrypted()
{
	local curl
	ip netns exec a curl -s -o /run/got http://10.0.0.2:8000/half &
	curl=$!
	within 60 listed
	local rc=$?
	cat /run/a /run/b
	ip netns exec a tcnetstat -s | grep -vw 0
	kill "$curl"
	wait "$curl"
	return "$rc"
}

asked() { tcnetstat -u /run/tcpcryptd.control; }

# As README says: edit the file, then systemctl reload
reloaded() { journalctl --no-pager -u tcpcryptd | grep -q 'Configuration reloaded'; }
reload()
{
	local conf=/etc/tcpcrypt/tcpcryptd.conf rc

	cp -p "$conf" /run/conf
	printf 'kex_timeout = 11\nrule = refuse out uid backup\n' >>"$conf"
	systemctl reload tcpcryptd.service && within 60 reloaded &&
		[ "$(cat /proc/sys/net/tcpcrypt/kex_timeout)" = 11 ]
	rc=$?
	journalctl --no-pager -u tcpcryptd | tail -n 5
	cp -p /run/conf "$conf"
	return "$rc"
}

upgrade()
{
	was=$(pid)
	dpkg -i /packages/new/libtcpcrypt0_*.deb /packages/new/tcpcrypt-tools_*.deb &&
		[ "$(tcpcryptd -V)" = "tcpcrypt version $NEW" ] && running && [ "$(pid)" != "$was" ]
}

purge()
{
	kill "$server"
	ip netns del a
	ip netns del b
	dpkg --purge tcpcrypt-tools libtcpcrypt-dev libtcpcrypt0 tcpcrypt-dkms
}

gone()
{
	local left
	left=$(find / -xdev \( -path /packages -o -path /proc -o -path /run -o -path /var/log \
		-o -path /sys -o -path /dev \) -prune -o -iname '*tcpcrypt*' -print
		find /run -xdev -path /run/out -prune -o -name '*tcpcrypt*' -print
		getent passwd tcpcryptd; getent group tcpcryptd
		systemctl list-units --all --no-legend '*tcpcrypt*'
		systemctl list-unit-files --no-legend '*tcpcrypt*'
		dkms status)
	echo "$left"
	[ -z "$left" ]
}

check "this is systemd" systemctl show -P Version
check "tcpcryptd runs after boot" running
check "the module is there" loaded
check "the packages' version" grep -q "version $OLD\$" <(tcpcryptd -V)
check "tcpcryptd has CAP_NET_ADMIN and no other privilege" unprivileged
check "modprobe by name" by_name
check "tcpcryptd runs again" running
check "two hosts" two_hosts
check "curl's connection is encrypted" encrypted
check "tcnetstat asks tcpcryptd" asked
check "systemctl reload reads the configuration again" reload
check "no unit failed" test -z "$(systemctl list-units --failed --no-legend | grep tcpcrypt)"
check "upgrade restarts the daemon" upgrade
check "the new daemon answers" asked
check "purge" purge
check "the module is gone" within 60 unloaded
check "nothing is left" gone
echo "1..$n"
exit $failed
