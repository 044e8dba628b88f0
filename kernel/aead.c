// SPDX-License-Identifier: GPL-2.0-only
/*
 * The AEAD algorithms of RFC 8548 section 6 on the kernel's crypto API.
 *
 * Asynchronous drivers are welcome: on kernels before 7 the synchronous
 * AES-GCM is up to 16 times slower.  Each call waits for its request, so none
 * outlives the call, the key or the pages it works on.
 */
#define pr_fmt(fmt) "tcpcrypt: " fmt

#include <crypto/aead.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "aead.h"
#include "wire.h"

static const struct tcpcrypt_aead_alg aead_table[TCPCRYPT_AEAD_COUNT] = {
	{
		.id = TCPCRYPT_AEAD_AES128GCM,
		.name = "aes128gcm",
		.driver = "gcm(aes)",
		.key_len = 16,
	}, {
		.id = TCPCRYPT_AEAD_AES256GCM,
		.name = "aes256gcm",
		.driver = "gcm(aes)",
		.key_len = 32,
	}, {
		.id = TCPCRYPT_AEAD_CHACHA20POLY1305,
		.name = "chacha20poly1305",
		.driver = "rfc7539(chacha20,poly1305)",
		.key_len = 32,
	},
};

/*
 * Bit i: this kernel has no driver for aead_table[i].  Written by the
 * self-test only, before anything else runs.
 */
static unsigned int aead_missing __read_mostly;

static bool aead_usable(unsigned int i)
{
	return !(aead_missing & (1U << i));
}

/**
 * tcpcrypt_aead_find() - find the algorithm an identifier stands for
 * @id: identifier from an Init message
 *
 * Context: Any.
 * Return: the algorithm, or NULL when the module or this kernel lacks it.
 */
const struct tcpcrypt_aead_alg *tcpcrypt_aead_find(u16 id)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(aead_table); i++)
		if (aead_table[i].id == id && aead_usable(i))
			return &aead_table[i];
	return NULL;
}

/**
 * tcpcrypt_aead_by_name() - find an algorithm by the name users write
 * @name: the name, not necessarily terminated
 * @len: its length in bytes
 *
 * Context: Any.
 * Return: the algorithm, or NULL when the module or this kernel lacks it.
 */
const struct tcpcrypt_aead_alg *tcpcrypt_aead_by_name(const char *name,
						      size_t len)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(aead_table); i++)
		if (strlen(aead_table[i].name) == len && aead_usable(i) &&
		    !memcmp(aead_table[i].name, name, len))
			return &aead_table[i];
	return NULL;
}

/**
 * tcpcrypt_aead_init() - make the cipher of one direction, without a key
 * @aead: what to fill in; not on the stack
 * @alg: the algorithm
 *
 * Context: Process context; may sleep and load a module.
 * Return: 0 or a negative errno, with nothing left to free.
 */
int tcpcrypt_aead_init(struct tcpcrypt_aead *aead,
		       const struct tcpcrypt_aead_alg *alg)
{
	struct crypto_aead *tfm;
	int err;

	memset(aead, 0, sizeof(*aead));
	tfm = crypto_alloc_aead(alg->driver, 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	err = crypto_aead_setauthsize(tfm, TCPCRYPT_AE_TAG_LEN);
	if (err)
		goto err_free_tfm;

	err = -ENOMEM;
	aead->req = aead_request_alloc(tfm, GFP_KERNEL);
	if (!aead->req)
		goto err_free_tfm;
	aead->tfm = tfm;
	return 0;

err_free_tfm:
	crypto_free_aead(tfm);
	return err;
}

/**
 * tcpcrypt_aead_set_key() - install the key of a generation
 * @aead: an initialized cipher
 * @alg: the algorithm it was initialized with
 * @key: key and nonce randomizer; still the caller's to wipe
 *
 * After an error the cipher has no usable key until this succeeds.
 *
 * Context: Process context, serialized with seal and open by the caller.
 * Return: 0 or a negative errno.
 */
int tcpcrypt_aead_set_key(struct tcpcrypt_aead *aead,
			  const struct tcpcrypt_aead_alg *alg,
			  const struct tcpcrypt_traffic_key *key)
{
	memcpy(aead->randomizer, key->randomizer, sizeof(aead->randomizer));
	return crypto_aead_setkey(aead->tfm, key->key, alg->key_len);
}

/**
 * tcpcrypt_aead_free() - wipe and free a cipher
 * @aead: the cipher; one that is all zero or was freed is fine
 *
 * Context: Process context.
 */
void tcpcrypt_aead_free(struct tcpcrypt_aead *aead)
{
	if (aead->tfm) {
		aead_request_free(aead->req);
		crypto_free_aead(aead->tfm);
	}
	memzero_explicit(aead, sizeof(*aead));
}

/*
 * The nonce is NR xor frame ID (RFC 8548 section 3.6), the associated data is
 * the frame's header (section 4.2.2).
 */
static int aead_crypt(struct tcpcrypt_aead *aead, u64 offset,
		      struct scatterlist *src, struct scatterlist *dst,
		      unsigned int len, bool seal)
{
	struct aead_request *req = aead->req;
	DECLARE_CRYPTO_WAIT(wait);

	tcpcrypt_wire_nonce(aead->nonce, aead->randomizer, offset);
	aead_request_set_callback(req, CRYPTO_TFM_REQ_MAY_BACKLOG |
				       CRYPTO_TFM_REQ_MAY_SLEEP,
				  crypto_req_done, &wait);
	aead_request_set_ad(req, TCPCRYPT_FRAME_HDR_LEN);
	aead_request_set_crypt(req, src, dst, len, aead->nonce);
	return crypto_wait_req(seal ? crypto_aead_encrypt(req) :
				      crypto_aead_decrypt(req), &wait);
}

/**
 * tcpcrypt_aead_seal() - encrypt and authenticate one frame
 * @aead: the sending direction's cipher
 * @offset: offset of the frame in the TCP stream, in bytes; never used twice
 *	under one key
 * @src: frame header (TCPCRYPT_FRAME_HDR_LEN bytes) and plaintext
 * @dst: room for header, ciphertext and tag; the header is not copied by all
 *	drivers.  May be @src.
 * @plen: bytes of plaintext
 *
 * The header's bytes must not be on the stack.
 *
 * Context: Process context; may sleep.  One call at a time per cipher.
 * Return: 0 or a negative errno.
 */
int tcpcrypt_aead_seal(struct tcpcrypt_aead *aead, u64 offset,
		       struct scatterlist *src, struct scatterlist *dst,
		       unsigned int plen)
{
	return aead_crypt(aead, offset, src, dst, plen, true);
}

/**
 * tcpcrypt_aead_open() - decrypt one frame and check its tag
 * @aead: the receiving direction's cipher
 * @offset: offset of the frame in the TCP stream, in bytes
 * @src: frame header (TCPCRYPT_FRAME_HDR_LEN bytes), ciphertext and tag
 * @dst: room for header and plaintext; the header is not copied by all
 *	drivers.  May be @src.
 * @clen: bytes of ciphertext with the tag
 *
 * The header's bytes must not be on the stack.  After -EBADMSG @dst may hold
 * bytes nobody vouches for: they must not reach the application.
 *
 * Context: Process context; may sleep.  One call at a time per cipher.
 * Return: 0, -EBADMSG when the frame is not the peer's, or a negative errno.
 */
int tcpcrypt_aead_open(struct tcpcrypt_aead *aead, u64 offset,
		       struct scatterlist *src, struct scatterlist *dst,
		       unsigned int clen)
{
	if (clen < TCPCRYPT_AE_TAG_LEN)
		return -EBADMSG;
	return aead_crypt(aead, offset, src, dst, clen, false);
}

#define AEAD_TEST_OFFSET	78
#define AEAD_TEST_PLEN		6
#define AEAD_TEST_CLEN		(AEAD_TEST_PLEN + TCPCRYPT_AE_TAG_LEN)
#define AEAD_TEST_FRAME		(TCPCRYPT_FRAME_HDR_LEN + AEAD_TEST_CLEN)

/**
 * struct aead_answer - a known frame at AEAD_TEST_OFFSET
 * @key: key and nonce randomizer
 * @plain: header and plaintext
 * @frame: the whole frame
 */
struct aead_answer {
	struct tcpcrypt_traffic_key key;
	u8 plain[TCPCRYPT_FRAME_HDR_LEN + AEAD_TEST_PLEN];
	u8 frame[AEAD_TEST_FRAME];
};

/* In the order of aead_table */
static const struct aead_answer aead_answers[TCPCRYPT_AEAD_COUNT] = {
	{
		.key.key = {
			0x07, 0x57, 0xf6, 0x17, 0xfc, 0xc8, 0x9e, 0x6c, 0xf8, 0x6d, 0x27,
			0x3e, 0x60, 0x68, 0xc2, 0x4c,
		},
		.key.randomizer = {
			0xdc, 0xba, 0x0b, 0x5a, 0xe5, 0xfe, 0xb0, 0xc6, 0xf6, 0x12, 0xd8,
			0x7a,
		},
		.plain = {
			0x00, 0x00, 0x16, 0x00, 0x01, 0x4d, 0xfd, 0xd3, 0x66,
		},
		.frame = {
			0x00, 0x00, 0x16, 0x71, 0x00, 0x4e, 0x8e, 0x4c, 0xa6, 0x08, 0x9a,
			0x90, 0x24, 0xb0, 0x9f, 0x38, 0x49, 0xde, 0x6b, 0x18, 0xb0, 0x9c,
			0x47, 0xfd, 0xf8,
		},
	}, {
		.key.key = {
			0xa9, 0x82, 0x97, 0x74, 0xa0, 0x0b, 0x60, 0x6c, 0xe9, 0x29, 0x75,
			0x0a, 0x56, 0xd9, 0x40, 0xe6, 0x91, 0x2b, 0x88, 0x7b, 0x24, 0xaf,
			0xca, 0xe8, 0x29, 0x26, 0x91, 0xf0, 0xe4, 0x81, 0x02, 0x6d,
		},
		.key.randomizer = {
			0x46, 0xdc, 0xb9, 0x5c, 0x98, 0xe3, 0x77, 0x10, 0x19, 0xa9, 0x73,
			0xef,
		},
		.plain = {
			0x00, 0x00, 0x16, 0x00, 0xbb, 0x28, 0x36, 0x8c, 0xa2,
		},
		.frame = {
			0x00, 0x00, 0x16, 0xc6, 0x6a, 0x62, 0xd4, 0xef, 0xeb, 0x58, 0x10,
			0xfa, 0x1e, 0xcf, 0x2f, 0x3c, 0x65, 0xa6, 0x29, 0x10, 0x76, 0xe4,
			0xd1, 0x5d, 0x1e,
		},
	}, {
		.key.key = {
			0x7f, 0xb0, 0x0f, 0xdf, 0x87, 0x2a, 0x8f, 0x77, 0x52, 0x35, 0xec,
			0x3f, 0x65, 0xa8, 0x6f, 0x18, 0x64, 0xcb, 0xb1, 0xe5, 0x97, 0x64,
			0x0b, 0x83, 0x56, 0xd2, 0x74, 0x7e, 0x04, 0x01, 0x19, 0xfa,
		},
		.key.randomizer = {
			0xc5, 0xad, 0xab, 0x76, 0x51, 0xcc, 0x54, 0x4d, 0xf6, 0x69, 0x38,
			0x39,
		},
		.plain = {
			0x00, 0x00, 0x16, 0x00, 0x1b, 0xe0, 0xf4, 0x08, 0x54,
		},
		.frame = {
			0x00, 0x00, 0x16, 0x69, 0xe7, 0xa2, 0x35, 0xec, 0xb4, 0x17, 0x70,
			0xac, 0x80, 0x15, 0xc9, 0x03, 0xf6, 0xa8, 0xe7, 0x2f, 0x11, 0x53,
			0xbd, 0xf4, 0x41,
		},
	},
};

/* Seal it, break it, open it: all in place */
static int aead_test_frame(struct tcpcrypt_aead *aead,
			   const struct aead_answer *ans, u8 *buf)
{
	struct scatterlist sg;

	sg_init_one(&sg, buf, AEAD_TEST_FRAME);
	memcpy(buf, ans->plain, sizeof(ans->plain));
	if (tcpcrypt_aead_seal(aead, AEAD_TEST_OFFSET, &sg, &sg,
			       AEAD_TEST_PLEN) ||
	    memcmp(buf, ans->frame, AEAD_TEST_FRAME))
		return -EINVAL;

	buf[AEAD_TEST_FRAME - 1] ^= 1;
	if (tcpcrypt_aead_open(aead, AEAD_TEST_OFFSET, &sg, &sg,
			       AEAD_TEST_CLEN) != -EBADMSG)
		return -EINVAL;

	memcpy(buf, ans->frame, AEAD_TEST_FRAME);
	if (tcpcrypt_aead_open(aead, AEAD_TEST_OFFSET, &sg, &sg,
			       AEAD_TEST_CLEN) ||
	    memcmp(buf, ans->plain, sizeof(ans->plain)))
		return -EINVAL;
	return 0;
}

/* -ENOENT: no driver; the rest is a broken one or no memory */
static int aead_test(const struct tcpcrypt_aead_alg *alg,
		     const struct aead_answer *ans)
{
	struct tcpcrypt_aead *aead;
	int err;

	/* The frame's bytes follow the structure: both are off the stack. */
	aead = kzalloc(sizeof(*aead) + AEAD_TEST_FRAME, GFP_KERNEL);
	if (!aead)
		return -ENOMEM;
	err = tcpcrypt_aead_init(aead, alg);
	if (!err)
		err = tcpcrypt_aead_set_key(aead, alg, &ans->key);
	if (!err)
		err = aead_test_frame(aead, ans, (u8 *)(aead + 1));
	tcpcrypt_aead_free(aead);
	kfree(aead);
	return err;
}

/**
 * tcpcrypt_aead_selftest() - check every algorithm against a known frame
 *
 * An algorithm without a driver in this kernel is not found any more
 * afterwards, unless it is the one that "MUST" be there (RFC 8548 section 6,
 * table 3).
 *
 * Context: Process context, before anything else in this file is used.
 * Return: 0, or a negative errno after one line in the log.
 */
int tcpcrypt_aead_selftest(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(aead_table); i++) {
		err = aead_test(&aead_table[i], &aead_answers[i]);
		if (err == -ENOENT &&
		    aead_table[i].id != TCPCRYPT_AEAD_AES128GCM) {
			pr_info("no %s in this kernel\n", aead_table[i].name);
			aead_missing |= 1U << i;
		} else if (err) {
			pr_err("%s (%s) fails its self-test: error %d\n",
			       aead_table[i].name, aead_table[i].driver, err);
			return err;
		}
	}
	return 0;
}
