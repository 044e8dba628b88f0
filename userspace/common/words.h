/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fingerprints to read aloud.
 */
#ifndef TCPCRYPT_COMMON_WORDS_H
#define TCPCRYPT_COMMON_WORDS_H

#include <stddef.h>
#include <stdint.h>

#define WORDS_COUNT	8
#define WORDS_LONGEST	8

/* Room for a fingerprint: the words, with a blank or the end behind each */
#define WORDS_TEXT	(WORDS_COUNT * (WORDS_LONGEST + 1))

extern const char words_list[256][WORDS_LONGEST + 1];

char *words_text(const void *sid, size_t len, char text[WORDS_TEXT]);

#endif /* TCPCRYPT_COMMON_WORDS_H */
