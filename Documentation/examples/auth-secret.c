// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two ends that know a secret make sure that nobody is between them.
 *
 *	auth-secret listen 7000 SECRET
 *	auth-secret connect HOST 7000 SECRET
 *
 * (A real program takes the secret from a file: arguments can be seen by all.)
 */
#include <stdlib.h>
#include <tcpcrypt/tcpcrypt.h>

#include "example.h"

int main(int argc, char **argv)
{
	char **args;
	int fd;

	fd = example_open(argc, argv, &args);
	if (!args[0])
		errx(2, "no secret");
	if (tcpcrypt_secret_exchange(fd, args[0], strlen(args[0]), PATIENCE))
		err(1, "not authenticated");
	puts("authenticated");
	return 0;
}
