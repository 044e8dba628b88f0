/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HMAC-SHA256, the only hash the key schedule needs (RFC 8548 section 5).
 *
 * hmac.c puts it on the kernel's crypto API; the user-space tests put it on
 * OpenSSL, so that hkdf.c and keysched.c are the same in both.
 */
#ifndef _TCPCRYPT_HMAC_H
#define _TCPCRYPT_HMAC_H

#include "proto.h"

#define TCPCRYPT_HMAC_LEN	32

/**
 * struct tcpcrypt_chunk - one piece of a message
 * @data: its bytes
 * @len: how many
 */
struct tcpcrypt_chunk {
	const u8 *data;
	size_t len;
};

struct tcpcrypt_hmac;

struct tcpcrypt_hmac *tcpcrypt_hmac_alloc(void);
void tcpcrypt_hmac_free(struct tcpcrypt_hmac *hmac);
int tcpcrypt_hmac(struct tcpcrypt_hmac *hmac, const u8 *key, size_t key_len,
		  const struct tcpcrypt_chunk *chunks, size_t n,
		  u8 out[TCPCRYPT_HMAC_LEN]);

#endif /* _TCPCRYPT_HMAC_H */
