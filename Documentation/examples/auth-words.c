// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two people on the telephone make sure that nobody is between their computers:
 * each reads the words aloud.
 *
 *	auth-words listen 7000
 *	auth-words connect HOST 7000
 */
#include <tcpcrypt/tcpcrypt.h>

#include "example.h"

int main(int argc, char **argv)
{
	char words[TCPCRYPT_WORDS_BYTES], **args, byte = 0;
	int fd;

	fd = example_open(argc, argv, &args);
	if (tcpcrypt_wait(fd, PATIENCE) != 1 || tcpcrypt_words(fd, words))
		errx(1, "not encrypted");
	puts(words);
	/* Stay until the other end has got so far */
	if (send(fd, "", 1, MSG_NOSIGNAL) != 1 || recv(fd, &byte, 1, 0) != 1)
		errx(1, "the other end is gone");
	return 0;
}
