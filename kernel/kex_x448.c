// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCPCRYPT_ECDHE_Curve448 (RFC 8548 section 5): X448 of RFC 7748.
 */
#include <linux/errno.h>
#include <linux/random.h>

#include "kex.h"
#include "x448.h"

static int x448_public(struct tcpcrypt_keypair *pair)
{
	return tcpcrypt_x448_base(pair->pub, pair->priv) ? 0 : -EINVAL;
}

static int x448_generate(struct tcpcrypt_keypair *pair)
{
	get_random_bytes(pair->priv, TCPCRYPT_X448_LEN);
	return x448_public(pair);
}

/* The check for zero is as mandatory as it is with X25519. */
static int x448_shared(const struct tcpcrypt_keypair *pair, const u8 *pub,
		       size_t pub_len, u8 *es)
{
	if (pub_len != TCPCRYPT_X448_LEN)
		return -EPROTO;
	return tcpcrypt_x448(es, pair->priv, pub) ? 0 : -EPROTO;
}

const struct tcpcrypt_kex tcpcrypt_kex_x448 = {
	.tep = TCPCRYPT_TEP_X448,
	.name = "x448",
	.priv_len = TCPCRYPT_X448_LEN,
	.pub_len = TCPCRYPT_X448_LEN,
	.shared_len = TCPCRYPT_X448_LEN,
	.generate = x448_generate,
	.public = x448_public,
	.shared = x448_shared,
};
