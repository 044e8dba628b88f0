// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long until the first answer: a server that replies to one byte, or that
 * speaks first, and a client that prints the times in microseconds.
 *
 *	latency PORT reply|greet [BACKLOG]		the server, for ever
 *	latency ADDRESS PORT reply|greet [COUNT]	the client
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcpcrypt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "die.h"

/* A connection's fault is not the end of the server. */
static long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000L + ts.tv_nsec / 1000;
}

static void serve(int port, int greet, int backlog)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6 };
	int s = socket(AF_INET6, SOCK_STREAM, 0);
	int on = 1, fd;
	char c;

	a.sin6_port = htons(port);
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(s, (struct sockaddr *)&a, sizeof(a)) || listen(s, backlog))
		die("listen");
	printf("ready\n");
	fflush(stdout);
	while ((fd = accept(s, NULL, NULL)) >= 0) {
		if (greet) {
			if (write(fd, "g", 1) != 1)
				perror("greeting");
			while (read(fd, &c, 1) > 0)
				;
		} else {
			while (read(fd, &c, 1) > 0)
				if (write(fd, "r", 1) != 1)
					perror("reply");
		}
		close(fd);
	}
	die("accept");
}

static void connect_once(const struct addrinfo *ai, int greet)
{
	socklen_t len = TCPCRYPT_SESSID_BYTES;
	unsigned char id[TCPCRYPT_SESSID_BYTES];
	const char *how = "plain";
	long start, connected, answered;
	int fd = socket(ai->ai_family, SOCK_STREAM, 0);
	char c;

	start = now_us();
	if (connect(fd, ai->ai_addr, ai->ai_addrlen))
		die("connect");
	connected = now_us();
	if (!greet && write(fd, "q", 1) != 1)
		die("write");
	if (read(fd, &c, 1) != 1)
		die("read");
	answered = now_us();
	/* The v bit of its first byte tells a resumed session. */
	if (!getsockopt(fd, IPPROTO_TCP, TCP_ENO_SESSID, id, &len))
		how = id[0] & 0x80 ? "resumed" : "fresh";
	printf("%s connect=%ld answer=%ld\n", how, connected - start,
	       answered - start);
	fflush(stdout);
	shutdown(fd, SHUT_WR);
	while (read(fd, &c, 1) > 0)
		;
	close(fd);
}

int main(int argc, char **argv)
{
	struct addrinfo *ai;
	int count;

	if (argc < 3)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	if (strspn(argv[1], "0123456789") == strlen(argv[1]))
		serve(atoi(argv[1]), !strcmp(argv[2], "greet"),
		      argc > 3 ? atoi(argv[3]) : 64);
	if (getaddrinfo(argv[1], argv[2], NULL, &ai))
		die("address");
	for (count = argc > 4 ? atoi(argv[4]) : 1; count; count--)
		connect_once(ai, !strcmp(argv[3], "greet"));
	return 0;
}
