// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCPCRYPT_ECDHE_P521 (RFC 8548 section 5).
 */
#include <linux/errno.h>
#include <linux/random.h>

#include "kex.h"
#include "p521.h"

/* A draw is out of range once in 2^260: twice is a broken generator. */
#define P521_DRAWS	2

static int p521_public(struct tcpcrypt_keypair *pair)
{
	if (!tcpcrypt_p521_valid(pair->priv))
		return -EINVAL;
	return tcpcrypt_p521_base(pair->pub, pair->priv) ? 0 : -EINVAL;
}

static int p521_generate(struct tcpcrypt_keypair *pair)
{
	int draws, err = -EINVAL;

	for (draws = 0; err && draws < P521_DRAWS; draws++) {
		get_random_bytes(pair->priv, TCPCRYPT_P521_LEN);
		pair->priv[0] &= 0x01;
		err = p521_public(pair);
	}
	return err;
}

static int p521_shared(const struct tcpcrypt_keypair *pair, const u8 *pub,
		       size_t pub_len, u8 *es)
{
	if (pub_len != TCPCRYPT_P521_PUB_LEN)
		return -EPROTO;
	return tcpcrypt_p521_shared(es, pair->priv, pub) ? 0 : -EPROTO;
}

const struct tcpcrypt_kex tcpcrypt_kex_p521 = {
	.tep = TCPCRYPT_TEP_P521,
	.name = "p521",
	.priv_len = TCPCRYPT_P521_LEN,
	.pub_len = TCPCRYPT_P521_PUB_LEN,
	.shared_len = TCPCRYPT_P521_LEN,
	.generate = p521_generate,
	.public = p521_public,
	.shared = p521_shared,
};
