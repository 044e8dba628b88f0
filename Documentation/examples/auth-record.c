// SPDX-License-Identifier: GPL-2.0-only
/*
 * Both ends keep a log; "tcrecord compare" tells afterwards whether somebody
 * was between them.
 *
 *	auth-record listen 7000 LOG
 *	auth-record connect HOST 7000 LOG
 */
#include <tcpcrypt/tcpcrypt.h>

#include "example.h"

int main(int argc, char **argv)
{
	char **args, byte = 0;
	int fd;

	fd = example_open(argc, argv, &args);
	if (!args[0])
		errx(2, "no log");
	if (tcpcrypt_wait(fd, PATIENCE) != 1)
		errx(1, "not encrypted");
	if (tcpcrypt_record(args[0], fd, argv[0]))
		err(1, "%s", args[0]);
	puts("recorded");
	if (send(fd, "", 1, MSG_NOSIGNAL) != 1 || recv(fd, &byte, 1, 0) != 1)
		errx(1, "the other end is gone");
	return 0;
}
