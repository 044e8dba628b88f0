// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two children from the time before privileges are dropped: one that removes
 * the control socket when the daemon has ended, however that came about, and
 * one that looks up the test server's name, which takes files that the daemon
 * may not see and time that it does not have.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/capability.h>

#include "tcpcryptd.h"

#define CHILD_FD	3

/* A socket pair with a child at the other end; -1 in the child */
static int child(int *theirs)
{
	int fds[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		err(1, "socketpair");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid) {
		close(fds[1]);
		return fds[0];
	}
	/* The descriptors of the daemon are not to outlive it here */
	if (dup2(fds[1], CHILD_FD) != CHILD_FD)
		_exit(1);
	close_range(CHILD_FD + 1, ~0U, 0);
	*theirs = CHILD_FD;
	return -1;
}

/* Who ends the daemon often means its children too: they end after it */
static void ignore_signals(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

/**
 * janitor_start() - have a socket removed when this process ends
 * @path: the socket
 */
void janitor_start(const char *path)
{
	struct stat made, now;
	int fd;
	char c;

	if (stat(path, &made))
		err(1, "%s", path);
	if (child(&fd) >= 0)
		return;
	ignore_signals();
	privs_only_cap(CAP_DAC_OVERRIDE);
	while (read(fd, &c, 1) > 0)
		;
	/* Unless somebody else has put another one there */
	if (!stat(path, &now) && now.st_ino == made.st_ino &&
	    now.st_dev == made.st_dev)
		unlink(path);
	_exit(0);
}

static void resolve(const char *host, struct resolved *r)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *ai;

	memset(r, 0, sizeof(*r));
	if (getaddrinfo(host, NULL, &hints, &list))
		return;
	for (ai = list; ai; ai = ai->ai_next) {
		if (ai->ai_family == AF_INET && !r->v4) {
			r->v4 = true;
			r->in = ((struct sockaddr_in *)ai->ai_addr)->sin_addr;
		} else if (ai->ai_family == AF_INET6 && !r->v6) {
			r->v6 = true;
			r->in6 = ((struct sockaddr_in6 *)ai->ai_addr)->sin6_addr;
		}
	}
	freeaddrinfo(list);
}

static int resolver = -1;

/**
 * resolver_start() - start the child that looks the test server up
 * @host: name of the server
 * @user: who it runs as
 *
 * Return: a descriptor that becomes readable, with a struct resolved, after
 * resolver_ask().
 */
int resolver_start(const char *host, const char *user)
{
	struct resolved r;
	int fd;
	char c;

	resolver = child(&fd);
	if (resolver >= 0)
		return resolver;
	ignore_signals();
	privs_to_user(user);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(fd, &c, 1) == 1) {
		resolve(host, &r);
		if (write(fd, &r, sizeof(r)) != sizeof(r))
			break;
	}
	_exit(0);
}

/**
 * resolver_ask() - look the test server up
 */
void resolver_ask(void)
{
	send(resolver, "?", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}
