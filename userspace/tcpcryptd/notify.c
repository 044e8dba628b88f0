// SPDX-License-Identifier: GPL-2.0-only
/*
 * What systemd wants to hear, and what it hands over: sd_notify(3) and
 * sd_listen_fds(3) in a few lines.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tcpcryptd.h"

#define LISTEN_FDS_START	3

static struct sockaddr_un to;
static socklen_t to_len;
static int fd = -1;

static void notify_open(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	if (!path || (*path != '/' && *path != '@') ||
	    strlen(path) >= sizeof(to.sun_path))
		return;
	to.sun_family = AF_UNIX;
	strcpy(to.sun_path, path);
	to_len = offsetof(struct sockaddr_un, sun_path) + strlen(path);
	if (*path == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* Connected now: the path may be out of reach later */
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, to_len)) {
		close(fd);
		fd = -1;
	}
}

/**
 * notify() - tell the service manager
 * @text: "READY=1" and the like; NULL to find the manager, at the start
 */
void notify(const char *text)
{
	if (!text)
		notify_open();
	else if (fd >= 0)
		send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/**
 * listen_fd() - the control socket, when the service manager has opened it
 *
 * Return: its descriptor, or -1.
 */
int listen_fd(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	int type;
	socklen_t len = sizeof(type);

	if (!pid || !fds || atoi(pid) != getpid() || atoi(fds) < 1)
		return -1;
	if (getsockopt(LISTEN_FDS_START, SOL_SOCKET, SO_TYPE, &type, &len) ||
	    type != SOCK_DGRAM)
		return -1;
	fcntl(LISTEN_FDS_START, F_SETFD, FD_CLOEXEC);
	fcntl(LISTEN_FDS_START, F_SETFL, O_NONBLOCK);
	return LISTEN_FDS_START;
}
