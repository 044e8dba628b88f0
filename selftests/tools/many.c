// SPDX-License-Identifier: GPL-2.0-only
/*
 * many - hold many connections open, or keep some coming and going
 *
 *	many -l ADDR PORT	the other end: answers a byte, waits for the end
 *	many ADDR PORT N	N connections that stay
 *	many -c ADDR PORT N	N connections, one of which is always replaced
 *
 * "ready" is printed when all of them have carried a byte in each direction.
 * It ends by SIGTERM; with -c it then says how many have gone: "gone N".
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "die.h"

#define MAX_CONNS	20000
#define PATIENCE	60	/* seconds any call may take */

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = 1;
}

static void usage(void)
{
	fprintf(stderr, "usage: many [-l | -c] ADDR PORT [N]\n");
	exit(2);
}

/* --- the other end ------------------------------------------------------- */

static void add_conns(int ep, int listener)
{
	struct epoll_event ev = { .events = EPOLLIN };

	while ((ev.data.fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
		if (epoll_ctl(ep, EPOLL_CTL_ADD, ev.data.fd, &ev))
			die("epoll_ctl");
	if (errno != EAGAIN && errno != ECONNABORTED)
		die("accept");
}

static void answer(int fd)
{
	ssize_t n;
	char c;

	n = read(fd, &c, 1);
	if (n == 1)
		n = write(fd, &c, 1);
	if (n == 1 || (n < 0 && errno == EAGAIN))
		return;
	close(fd);
}

static void serve(const struct addrinfo *ai)
{
	int on = 1, ep = epoll_create1(0), listener, i, n;
	struct epoll_event ev[64] = { { .events = EPOLLIN } };

	listener = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	ev[0].data.fd = listener;
	if (bind(listener, ai->ai_addr, ai->ai_addrlen) ||
	    listen(listener, 1024) ||
	    epoll_ctl(ep, EPOLL_CTL_ADD, listener, ev))
		die("listen");
	puts("ready");
	while (!stop) {
		n = epoll_wait(ep, ev, 64, -1);
		for (i = 0; i < n; i++) {
			if (ev[i].data.fd == listener)
				add_conns(ep, listener);
			else
				answer(ev[i].data.fd);
		}
	}
}

/* --- this end -------------------------------------------------------------- */

/* A connection that has carried a byte in each direction; -1 when told to end */
static int open_one(const struct addrinfo *ai)
{
	struct timeval tv = { .tv_sec = PATIENCE };
	int fd = socket(ai->ai_family, SOCK_STREAM, 0);
	char c = 'x';

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) || write(fd, &c, 1) != 1 ||
	    read(fd, &c, 1) != 1) {
		if (!stop)
			die("a connection");
		return -1;
	}
	return fd;
}

/* Without TIME-WAIT, of which there would soon be one for every port */
static void close_one(int fd)
{
	struct linger lin = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &lin, sizeof(lin));
	close(fd);
}

static void hold(const struct addrinfo *ai, int n, bool churn)
{
	static int fds[MAX_CONNS];
	unsigned long gone = 0;
	int i;

	for (i = 0; i < n && !stop; i++)
		fds[i] = open_one(ai);
	puts("ready");
	for (i = 0; !stop; i = (i + 1) % n) {
		if (!churn) {
			pause();
			continue;
		}
		close_one(fds[i]);
		gone++;
		fds[i] = open_one(ai);
	}
	if (churn)
		printf("gone %lu\n", gone);
}

int main(int argc, char **argv)
{
	struct rlimit lim = { MAX_CONNS + 64, MAX_CONNS + 64 };
	struct sigaction sa = { .sa_handler = on_signal };
	struct addrinfo *ai;
	bool listen, churn;
	int n;

	setvbuf(stdout, NULL, _IOLBF, 0);
	listen = argc > 1 && !strcmp(argv[1], "-l");
	churn = argc > 1 && !strcmp(argv[1], "-c");
	argv += listen || churn;
	argc -= listen || churn;
	if (argc != (listen ? 3 : 4))
		usage();
	sigaction(SIGTERM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (setrlimit(RLIMIT_NOFILE, &lim))
		die("setrlimit");
	if (getaddrinfo(argv[1], argv[2], NULL, &ai))
		usage();
	if (listen) {
		serve(ai);
		return 0;
	}
	n = atoi(argv[3]);
	if (n < 1 || n > MAX_CONNS)
		usage();
	hold(ai, n, churn);
	return 0;
}
