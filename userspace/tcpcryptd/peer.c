// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who sends on the control socket, from /proc, which is opened before the
 * daemon is locked up somewhere without it.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/capability.h>

#include "tcpcryptd.h"

static int proc = -1;
static char own_map[1024];	/* user IDs of our user namespace */

static FILE *open_proc(const char *path)
{
	int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? NULL : fdopen(fd, "re");
}

static bool read_proc(const char *path, char *buf, size_t size)
{
	FILE *f = open_proc(path);
	size_t n;

	if (!f)
		return false;
	n = fread(buf, 1, size - 1, f);
	buf[n] = '\0';
	fclose(f);
	return n > 0;
}

/**
 * peer_init() - remember where /proc is
 */
void peer_init(void)
{
	proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0 || !read_proc("self/uid_map", own_map, sizeof(own_map)))
		err(1, "/proc");
}

/**
 * peer_is_admin() - may a process administer this network namespace?
 * @pid: the process, as the kernel says
 * @uid: its user, as the kernel says
 *
 * In a user namespace of its own everybody has every capability; that counts
 * only where it maps users as ours does, which takes privileges to set up.
 *
 * Return: true when it has CAP_NET_ADMIN.
 */
bool peer_is_admin(pid_t pid, uid_t uid)
{
	char path[64], buf[4096], map[sizeof(own_map)];
	unsigned int real, effective;
	uint64_t caps;
	char *p, *q;

	if (pid <= 0)
		return false;
	snprintf(path, sizeof(path), "%d/uid_map", pid);
	if (!read_proc(path, map, sizeof(map)) || strcmp(map, own_map))
		return false;
	snprintf(path, sizeof(path), "%d/status", pid);
	if (!read_proc(path, buf, sizeof(buf)))
		return false;
	p = strstr(buf, "\nUid:");
	q = strstr(buf, "\nCapEff:");
	/* Another user's process by now: the number has been used again */
	if (!p || sscanf(p, "\nUid: %u %u", &real, &effective) != 2 ||
	    (real != uid && effective != uid))
		return false;
	return q && sscanf(q, "\nCapEff: %" SCNx64, &caps) == 1 &&
	       caps & UINT64_C(1) << CAP_NET_ADMIN;
}

/* Look for a local port in a table like /proc/net/tcp */
static bool find_port(const char *path, uint16_t port, const char *addr,
		      uid_t *uid)
{
	unsigned int local, owner;
	bool found = false;
	char line[512], ip[40];
	FILE *f;

	f = open_proc(path);
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %*u: %39[0-9A-F]:%x %*s %*x %*s %*s %*s %u",
			   ip, &local, &owner) != 3)
			continue;
		if (local != ntohs(port) || (addr && strcmp(ip, addr) &&
					     strcmp(ip, "00000000")))
			continue;
		found = true;
		if (uid)
			*uid = owner;
	}
	fclose(f);
	return found;
}

/**
 * peer_udp_uid() - whose is a UDP port of 127.0.0.1?
 * @port: in network order
 * @uid: becomes its user
 *
 * Return: true when that could be found out.
 */
bool peer_udp_uid(uint16_t port, uid_t *uid)
{
	char addr[9];

	snprintf(addr, sizeof(addr), "%08X", htonl(INADDR_LOOPBACK));
	return find_port("self/net/udp", port, addr, uid);
}

/**
 * port_in_use() - is there a TCP socket with a local port?
 * @port: in network order
 *
 * Return: true when there is, other than one that is bound and no more.
 */
bool port_in_use(uint16_t port)
{
	return find_port("self/net/tcp", port, NULL, NULL) ||
	       find_port("self/net/tcp6", port, NULL, NULL);
}
