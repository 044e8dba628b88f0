/* SPDX-License-Identifier: GPL-2.0-only */
/* Key agreement and AEAD on OpenSSL, to check the vectors end to end. */
#ifndef _TCPCRYPT_CRYPTO_OPENSSL_H
#define _TCPCRYPT_CRYPTO_OPENSSL_H

#include "proto.h"

/*
 * Both return the number of bytes written, or -1 when a key is refused.
 * Public keys have no length prefix; @out has room for
 * TCPCRYPT_PUBKEY_MAX bytes.
 */
int ossl_public(u8 tep, const u8 *priv, size_t priv_len, u8 *out);
int ossl_shared(u8 tep, const u8 *priv, size_t priv_len, const u8 *pub,
		size_t pub_len, u8 *out);

size_t ossl_key_len(u16 aead);

/* @out gets @len + 16 bytes; false on any failure */
bool ossl_seal(u16 aead, const u8 *key, const u8 *nonce, const u8 *aad,
	       size_t aad_len, const u8 *in, size_t len, u8 *out);
/* @len counts the tag, @out gets @len - 16 bytes; false if not authentic */
bool ossl_open(u16 aead, const u8 *key, const u8 *nonce, const u8 *aad,
	       size_t aad_len, const u8 *in, size_t len, u8 *out);

#endif /* _TCPCRYPT_CRYPTO_OPENSSL_H */
