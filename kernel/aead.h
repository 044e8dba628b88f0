/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_AEAD_H
#define _TCPCRYPT_AEAD_H

#include "keysched.h"
#include "proto.h"

struct crypto_aead;
struct aead_request;
struct scatterlist;

/**
 * struct tcpcrypt_aead_alg - an AEAD algorithm (RFC 8548 section 6)
 * @id: identifier in Init1 and Init2
 * @name: what users call it
 * @driver: name for crypto_alloc_aead()
 * @key_len: ae_key_len in bytes
 */
struct tcpcrypt_aead_alg {
	u16 id;
	const char *name;
	const char *driver;
	u8 key_len;
};

/**
 * struct tcpcrypt_aead - the keyed cipher of one direction of a connection
 * @tfm: the kernel's transform
 * @req: its only request; a call never leaves it in flight
 * @randomizer: what a frame ID is XORed with to make the nonce
 * @nonce: the nonce of the call at work (not on a vmapped stack)
 */
struct tcpcrypt_aead {
	struct crypto_aead *tfm;
	struct aead_request *req;
	u8 randomizer[TCPCRYPT_AE_NONCE_LEN];
	u8 nonce[TCPCRYPT_AE_NONCE_LEN];
};

const struct tcpcrypt_aead_alg *tcpcrypt_aead_find(u16 id);
const struct tcpcrypt_aead_alg *tcpcrypt_aead_by_name(const char *name,
						      size_t len);
int tcpcrypt_aead_init(struct tcpcrypt_aead *aead,
		       const struct tcpcrypt_aead_alg *alg);
int tcpcrypt_aead_set_key(struct tcpcrypt_aead *aead,
			  const struct tcpcrypt_aead_alg *alg,
			  const struct tcpcrypt_traffic_key *key);
void tcpcrypt_aead_free(struct tcpcrypt_aead *aead);
int tcpcrypt_aead_seal(struct tcpcrypt_aead *aead, u64 offset,
		       struct scatterlist *src, struct scatterlist *dst,
		       unsigned int plen);
int tcpcrypt_aead_open(struct tcpcrypt_aead *aead, u64 offset,
		       struct scatterlist *src, struct scatterlist *dst,
		       unsigned int clen);
int tcpcrypt_aead_selftest(void);

#endif /* _TCPCRYPT_AEAD_H */
