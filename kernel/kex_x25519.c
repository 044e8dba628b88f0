// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCPCRYPT_ECDHE_Curve25519 (RFC 8548 section 5): X25519 of RFC 7748, from
 * the kernel's library.  The one scheme every implementation has to have.
 */
#include <crypto/curve25519.h>
#include <linux/errno.h>
#include <linux/random.h>

#include "kex.h"

/* Zero bytes come out for a zero private key only; that is not a peer's doing */
static int x25519_public(struct tcpcrypt_keypair *pair)
{
	return curve25519_generate_public(pair->pub, pair->priv) ? 0 : -EINVAL;
}

static int x25519_generate(struct tcpcrypt_keypair *pair)
{
	get_random_bytes(pair->priv, CURVE25519_KEY_SIZE);
	curve25519_clamp_secret(pair->priv);
	return x25519_public(pair);
}

/*
 * An all-zero secret says that the peer sent a point of small order.
 * "Implementations MUST check whether the computed Diffie-Hellman shared
 * secret is the all-zero value and abort if so" (RFC 8548 section 5); the
 * library compares in constant time.
 */
static int x25519_shared(const struct tcpcrypt_keypair *pair, const u8 *pub,
			 size_t pub_len, u8 *es)
{
	if (pub_len != CURVE25519_KEY_SIZE)
		return -EPROTO;
	return curve25519(es, pair->priv, pub) ? 0 : -EPROTO;
}

const struct tcpcrypt_kex tcpcrypt_kex_x25519 = {
	.tep = TCPCRYPT_TEP_X25519,
	.name = "x25519",
	.priv_len = CURVE25519_KEY_SIZE,
	.pub_len = CURVE25519_KEY_SIZE,
	.shared_len = CURVE25519_KEY_SIZE,
	.generate = x25519_generate,
	.public = x25519_public,
	.shared = x25519_shared,
};
