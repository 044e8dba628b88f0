/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the examples share: one TCP connection, as client or as server.
 *
 *	PROGRAM listen PORT ...
 *	PROGRAM connect HOST PORT ...
 */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <err.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Milliseconds to wait for the other end */
#define PATIENCE	60000

static struct addrinfo *example_lookup(const char *host, const char *port)
{
	struct addrinfo hints = {
		.ai_family = host ? AF_UNSPEC : AF_INET6,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE,
	};
	struct addrinfo *ai;
	int rc;

	rc = getaddrinfo(host, port, &hints, &ai);
	if (rc)
		errx(1, "%s", gai_strerror(rc));
	return ai;
}

static int example_connect(const char *host, const char *port)
{
	struct addrinfo *ai = example_lookup(host, port);
	int fd = socket(ai->ai_family, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, ai->ai_addr, ai->ai_addrlen))
		err(1, "%s port %s", host, port);
	freeaddrinfo(ai);
	return fd;
}

static int example_accept(const char *port)
{
	struct addrinfo *ai = example_lookup(NULL, port);
	int l = socket(AF_INET6, SOCK_STREAM, 0), on = 1, off = 0, fd;

	if (l < 0 ||
	    setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    setsockopt(l, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) ||
	    bind(l, ai->ai_addr, ai->ai_addrlen) || listen(l, 1))
		err(1, "port %s", port);
	freeaddrinfo(ai);
	puts("ready");
	fflush(stdout);
	fd = accept(l, NULL, NULL);
	if (fd < 0)
		err(1, "accept");
	close(l);
	return fd;
}

/* The connection; *args becomes what follows on the command line */
static inline int example_open(int argc, char **argv, char ***args)
{
	if (argc >= 3 && !strcmp(argv[1], "listen")) {
		*args = argv + 3;
		return example_accept(argv[2]);
	}
	if (argc >= 4 && !strcmp(argv[1], "connect")) {
		*args = argv + 4;
		return example_connect(argv[2], argv[3]);
	}
	errx(2, "usage: %s listen PORT ... | connect HOST PORT ...", argv[0]);
}

#endif /* EXAMPLE_H */
