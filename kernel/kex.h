/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_KEX_H
#define _TCPCRYPT_KEX_H

#include "proto.h"

/**
 * struct tcpcrypt_keypair - an ephemeral key pair
 * @priv: private key: octets for X25519 and X448, a big-endian number for the
 *	NIST curves; wipe with memzero_explicit()
 * @pub: public key as it stands on the wire, without a length prefix
 */
struct tcpcrypt_keypair {
	u8 priv[TCPCRYPT_PRIVKEY_MAX + 6] __aligned(8);
	u8 pub[TCPCRYPT_PUBKEY_MAX];
};

/**
 * struct tcpcrypt_kex - a key-agreement scheme (RFC 8548 section 5)
 * @tep: TEP identifier
 * @name: what users call it
 * @priv_len: bytes of a private key
 * @pub_len: bytes of a public key, without a length prefix
 * @shared_len: bytes of the ephemeral secret ES
 * @generate: make a key pair; may sleep
 * @public: make the public key of a private one; may sleep
 * @shared: compute ES from our pair and the peer's public key; may sleep.
 *	-EPROTO when the key fails validation
 */
struct tcpcrypt_kex {
	u8 tep;
	const char *name;
	u8 priv_len;
	u8 pub_len;
	u8 shared_len;
	int (*generate)(struct tcpcrypt_keypair *pair);
	int (*public)(struct tcpcrypt_keypair *pair);
	int (*shared)(const struct tcpcrypt_keypair *pair, const u8 *pub,
		      size_t pub_len, u8 *es);
};

const struct tcpcrypt_kex *tcpcrypt_kex_find(u8 tep);
const struct tcpcrypt_kex *tcpcrypt_kex_by_name(const char *name, size_t len);
int tcpcrypt_kex_selftest(void);

extern const struct tcpcrypt_kex tcpcrypt_kex_x25519;
extern const struct tcpcrypt_kex tcpcrypt_kex_x448;
extern const struct tcpcrypt_kex tcpcrypt_kex_p256;	/* TCPCRYPT_HAVE_ECC */
extern const struct tcpcrypt_kex tcpcrypt_kex_p521;

#endif /* _TCPCRYPT_KEX_H */
