/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SHA-256 (FIPS 180-4) and HMAC-SHA256 (RFC 2104).
 */
#ifndef TCPCRYPT_COMMON_SHA256_H
#define TCPCRYPT_COMMON_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES	32
#define SHA256_BLOCK	64

struct sha256 {
	uint32_t state[8];
	uint64_t len;			/* bytes so far */
	uint8_t block[SHA256_BLOCK];	/* the part that is not full yet */
};

struct hmac_sha256 {
	struct sha256 inner;
	struct sha256 outer;
};

void sha256_init(struct sha256 *h);
void sha256_update(struct sha256 *h, const void *data, size_t len);
void sha256_final(struct sha256 *h, uint8_t out[SHA256_BYTES]);

void hmac_sha256_init(struct hmac_sha256 *h, const void *key, size_t len);
void hmac_sha256_update(struct hmac_sha256 *h, const void *data, size_t len);
void hmac_sha256_final(struct hmac_sha256 *h, uint8_t out[SHA256_BYTES]);

#endif /* TCPCRYPT_COMMON_SHA256_H */
