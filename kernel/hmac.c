// SPDX-License-Identifier: GPL-2.0-only
/*
 * HMAC-SHA256 on the kernel's crypto API.
 *
 * Every key-schedule function starts from another key, so one transform is
 * keyed again for each message instead of one transform kept for each key.
 */
#include <crypto/hash.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "hmac.h"

/**
 * struct tcpcrypt_hmac - a transform and room for one computation
 * @tfm: "hmac(sha256)"
 * @desc: the computation at work; the driver's state follows it
 */
struct tcpcrypt_hmac {
	struct crypto_shash *tfm;
	struct shash_desc desc;
};

/**
 * tcpcrypt_hmac_alloc() - make an HMAC-SHA256 object
 *
 * An object serves one caller at a time: it holds the key and the state of
 * the message at work.
 *
 * Context: Process context; may sleep and load a module.
 * Return: the object, or an ERR_PTR().
 */
struct tcpcrypt_hmac *tcpcrypt_hmac_alloc(void)
{
	struct tcpcrypt_hmac *hmac;
	struct crypto_shash *tfm;

	tfm = crypto_alloc_shash("hmac(sha256)", 0, 0);
	if (IS_ERR(tfm))
		return ERR_CAST(tfm);
	hmac = kzalloc(sizeof(*hmac) + crypto_shash_descsize(tfm), GFP_KERNEL);
	if (!hmac) {
		crypto_free_shash(tfm);
		return ERR_PTR(-ENOMEM);
	}
	hmac->tfm = tfm;
	hmac->desc.tfm = tfm;
	return hmac;
}

/**
 * tcpcrypt_hmac_free() - wipe and free an HMAC-SHA256 object
 * @hmac: the object; NULL and an ERR_PTR() are fine
 *
 * Context: Process context.
 */
void tcpcrypt_hmac_free(struct tcpcrypt_hmac *hmac)
{
	if (IS_ERR_OR_NULL(hmac))
		return;
	crypto_free_shash(hmac->tfm);
	kfree_sensitive(hmac);
}

static int hmac_update(struct shash_desc *desc,
		       const struct tcpcrypt_chunk *chunks, size_t n)
{
	int err = 0;
	size_t i;

	for (i = 0; !err && i < n; i++)
		err = crypto_shash_update(desc, chunks[i].data, chunks[i].len);
	return err;
}

/**
 * tcpcrypt_hmac() - compute HMAC-SHA256 of one message
 * @hmac: the object to compute with
 * @key: the key, of any length
 * @key_len: its length in bytes
 * @chunks: the message in pieces
 * @n: how many pieces
 * @out: the result; may be the buffer of @key or of a chunk
 *
 * Context: Process context; one caller at a time per object.
 * Return: 0 or a negative errno; @out is written on success only.
 */
int tcpcrypt_hmac(struct tcpcrypt_hmac *hmac, const u8 *key, size_t key_len,
		  const struct tcpcrypt_chunk *chunks, size_t n,
		  u8 out[TCPCRYPT_HMAC_LEN])
{
	struct shash_desc *desc = &hmac->desc;
	int err;

	err = crypto_shash_setkey(hmac->tfm, key, key_len);
	if (!err)
		err = crypto_shash_init(desc);
	if (!err)
		err = hmac_update(desc, chunks, n);
	if (!err)
		err = crypto_shash_final(desc, out);
	/* The state is as good as the message, which may be ES. */
	memzero_explicit(shash_desc_ctx(desc), crypto_shash_descsize(hmac->tfm));
	return err;
}
