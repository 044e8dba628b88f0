// SPDX-License-Identifier: GPL-2.0-only
/*
 * The keys of one direction, generation by generation (RFC 8548 section 3.8).
 */
#include <linux/slab.h>

#include "keysched.h"
#include "tcpcrypt.h"

/**
 * tcpcrypt_stream_start() - key a direction for generation 0
 * @s: the stream, zeroed
 * @host_b: host B of the original session sends on it
 * @alg: negotiated AEAD
 * @hmac: for the key schedule
 * @mk: mk[0]
 *
 * Context: process; sleeps.
 * Return: 0 or a negative errno; tcpcrypt_stream_free() in either case.
 */
int tcpcrypt_stream_start(struct tcpcrypt_stream *s, bool host_b,
			  const struct tcpcrypt_aead_alg *alg,
			  struct tcpcrypt_hmac *hmac,
			  const u8 mk[TCPCRYPT_K_LEN])
{
	struct tcpcrypt_traffic_key key;
	int err;

	memcpy(s->mk, mk, sizeof(s->mk));
	err = tcpcrypt_aead_init(&s->aead, alg);
	if (!err)
		err = tcpcrypt_ks_traffic_key(hmac, mk, host_b, alg->key_len,
					      &key);
	if (!err)
		err = tcpcrypt_aead_set_key(&s->aead, alg, &key);
	memzero_explicit(&key, sizeof(key));
	return err;
}

/* Context: @mk and @key are the caller's to wipe */
static int stream_next(const struct tcpcrypt_stream *s, bool host_b,
		       const struct tcpcrypt_aead_alg *alg,
		       u8 mk[TCPCRYPT_K_LEN], struct tcpcrypt_traffic_key *key)
{
	struct tcpcrypt_hmac *hmac = tcpcrypt_hmac_alloc();
	int err;

	if (IS_ERR(hmac))
		return PTR_ERR(hmac);
	err = tcpcrypt_ks_next_mk(hmac, s->mk, mk);
	if (!err)
		err = tcpcrypt_ks_traffic_key(hmac, mk, host_b, alg->key_len,
					      key);
	tcpcrypt_hmac_free(hmac);
	return err;
}

/**
 * tcpcrypt_stream_rekey() - move a direction on to its next generation
 * @s: the stream; the old keys are gone afterwards
 * @host_b: host B of the original session sends on it
 * @alg: negotiated AEAD
 *
 * After an error the generation is what it was, but the cipher may be without
 * a key (@s->keyless): this has to succeed before the next frame.
 *
 * Context: process; sleeps.
 * Return: 0; -ENOMEM, to be tried again; or another negative errno.
 */
int tcpcrypt_stream_rekey(struct tcpcrypt_stream *s, bool host_b,
			  const struct tcpcrypt_aead_alg *alg)
{
	struct tcpcrypt_traffic_key key;
	u8 mk[TCPCRYPT_K_LEN];
	int err;

	err = stream_next(s, host_b, alg, mk, &key);
	if (err)
		goto out;
	err = tcpcrypt_aead_set_key(&s->aead, alg, &key);
	s->keyless = err;
	if (err)
		goto out;
	memcpy(s->mk, mk, sizeof(mk));
	s->gen++;
out:
	memzero_explicit(mk, sizeof(mk));
	memzero_explicit(&key, sizeof(key));
	return err;
}

/**
 * tcpcrypt_stream_free() - wipe a direction's keys
 * @s: the stream
 *
 * Context: process.
 */
void tcpcrypt_stream_free(struct tcpcrypt_stream *s)
{
	tcpcrypt_aead_free(&s->aead);
	memzero_explicit(s->mk, sizeof(s->mk));
}
