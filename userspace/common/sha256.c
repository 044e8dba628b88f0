// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * SHA-256 (FIPS 180-4) and HMAC-SHA256 (RFC 2104), so that the library needs
 * no other for them.
 */
#include <string.h>

#include "sha256.h"

static const uint32_t k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t ror(uint32_t x, unsigned int n)
{
	return x >> n | x << (32 - n);
}

static uint32_t get_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static void put_be32(uint8_t *p, uint32_t x)
{
	p[0] = x >> 24;
	p[1] = x >> 16;
	p[2] = x >> 8;
	p[3] = x;
}

/* FIPS 180-4 section 6.2.2, step 1 */
static void schedule(uint32_t w[64], const uint8_t *block)
{
	uint32_t s0, s1;
	int t;

	for (t = 0; t < 16; t++)
		w[t] = get_be32(block + 4 * t);
	for (; t < 64; t++) {
		s0 = ror(w[t - 15], 7) ^ ror(w[t - 15], 18) ^ w[t - 15] >> 3;
		s1 = ror(w[t - 2], 17) ^ ror(w[t - 2], 19) ^ w[t - 2] >> 10;
		w[t] = s1 + w[t - 7] + s0 + w[t - 16];
	}
}

static void compress(uint32_t state[8], const uint8_t *block)
{
	uint32_t v[8], w[64], t1, t2;
	int t;

	schedule(w, block);
	memcpy(v, state, sizeof(v));
	for (t = 0; t < 64; t++) {
		t1 = v[7] + (ror(v[4], 6) ^ ror(v[4], 11) ^ ror(v[4], 25)) +
		     ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[t] + w[t];
		t2 = (ror(v[0], 2) ^ ror(v[0], 13) ^ ror(v[0], 22)) +
		     ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof(v[0]));
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (t = 0; t < 8; t++)
		state[t] += v[t];
	explicit_bzero(v, sizeof(v));
	explicit_bzero(w, sizeof(w));
}

/**
 * sha256_init() - begin
 * @h: the state
 */
void sha256_init(struct sha256 *h)
{
	static const uint32_t iv[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	};

	memcpy(h->state, iv, sizeof(iv));
	h->len = 0;
}

/**
 * sha256_update() - go on
 * @h: the state
 * @data: what comes next
 * @len: bytes of it
 */
void sha256_update(struct sha256 *h, const void *data, size_t len)
{
	size_t have = h->len % SHA256_BLOCK, n;
	const uint8_t *p = data;

	h->len += len;
	while (len) {
		n = SHA256_BLOCK - have;
		if (n > len)
			n = len;
		memcpy(h->block + have, p, n);
		have += n;
		p += n;
		len -= n;
		if (have == SHA256_BLOCK) {
			compress(h->state, h->block);
			have = 0;
		}
	}
}

/**
 * sha256_final() - end
 * @h: the state, which is wiped
 * @out: for the hash
 */
void sha256_final(struct sha256 *h, uint8_t out[SHA256_BYTES])
{
	static const uint8_t pad[SHA256_BLOCK] = { 0x80 };
	uint64_t bits = h->len * 8;
	uint8_t len[8];
	int i;

	put_be32(len, bits >> 32);
	put_be32(len + 4, bits);
	sha256_update(h, pad, (119 - h->len % SHA256_BLOCK) % SHA256_BLOCK + 1);
	sha256_update(h, len, sizeof(len));
	for (i = 0; i < 8; i++)
		put_be32(out + 4 * i, h->state[i]);
	explicit_bzero(h, sizeof(*h));
}

/**
 * hmac_sha256_init() - begin
 * @h: the state
 * @key: the key
 * @len: bytes of it
 */
void hmac_sha256_init(struct hmac_sha256 *h, const void *key, size_t len)
{
	uint8_t block[SHA256_BLOCK] = { 0 };
	int i;

	if (len > sizeof(block)) {
		sha256_init(&h->inner);
		sha256_update(&h->inner, key, len);
		sha256_final(&h->inner, block);
	} else if (len) {
		memcpy(block, key, len);
	}

	for (i = 0; i < SHA256_BLOCK; i++)
		block[i] ^= 0x36;
	sha256_init(&h->inner);
	sha256_update(&h->inner, block, sizeof(block));
	for (i = 0; i < SHA256_BLOCK; i++)
		block[i] ^= 0x36 ^ 0x5c;
	sha256_init(&h->outer);
	sha256_update(&h->outer, block, sizeof(block));
	explicit_bzero(block, sizeof(block));
}

/**
 * hmac_sha256_update() - go on
 * @h: the state
 * @data: what comes next
 * @len: bytes of it
 */
void hmac_sha256_update(struct hmac_sha256 *h, const void *data, size_t len)
{
	sha256_update(&h->inner, data, len);
}

/**
 * hmac_sha256_final() - end
 * @h: the state, which is wiped
 * @out: for the authenticator
 */
void hmac_sha256_final(struct hmac_sha256 *h, uint8_t out[SHA256_BYTES])
{
	sha256_final(&h->inner, out);
	sha256_update(&h->outer, out, SHA256_BYTES);
	sha256_final(&h->outer, out);
}
