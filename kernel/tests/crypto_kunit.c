// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of the cryptographic primitives: hmac.c, kex*.c, aead.c.
 *
 * The tables come from the project's test vectors, see gen_crypto_vectors.py;
 * all byte strings in them are hexadecimal.
 */
#include <kunit/test.h>
#include <linux/kernel.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../aead.h"
#include "../hmac.h"
#include "../kex.h"

/**
 * struct kex_vector - one key agreement
 * @tep: TEP identifier
 * @priv_a: A's private key
 * @priv_b: B's
 * @pub_a: A's public key, without a length prefix
 * @pub_b: B's
 * @es: the ephemeral secret
 */
struct kex_vector {
	u8 tep;
	const char *priv_a;
	const char *priv_b;
	const char *pub_a;
	const char *pub_b;
	const char *es;
};

/**
 * struct bad_key - a public key to refuse
 * @tep: TEP identifier
 * @name: what is wrong with it
 * @pub: the key, without a length prefix
 */
struct bad_key {
	u8 tep;
	const char *name;
	const char *pub;
};

/**
 * struct frame_vector - one frame
 * @aead: AEAD identifier
 * @offset: where it stands in the TCP stream
 * @key: AEAD key and nonce randomizer
 * @plain: header and plaintext
 * @frame: the frame
 */
struct frame_vector {
	u16 aead;
	u64 offset;
	const char *key;
	const char *plain;
	const char *frame;
};

#include "crypto_vectors.h"

/* Bytes of a hexadecimal string, on the heap as long as the test runs */
static u8 *crypto_test_hex(struct kunit *test, const char *hex, size_t *len)
{
	u8 *bin;

	*len = strlen(hex) / 2;
	bin = kunit_kzalloc(test, *len + 1, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, bin);
	KUNIT_ASSERT_EQ(test, hex2bin(bin, hex, *len), 0);
	return bin;
}

static void crypto_test_equal(struct kunit *test, const u8 *got,
			      const char *want_hex)
{
	size_t len;
	u8 *want;

	want = crypto_test_hex(test, want_hex, &len);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(got, want, len), 0,
			    "got %*phN, want %s", (int)len, got, want_hex);
}

/* --- HMAC-SHA256: RFC 4231 --------------------------------------------- */

struct hmac_vector {
	u8 key;		/* byte the key consists of */
	size_t key_len;
	const char *data;
	const char *mac;
};

static const struct hmac_vector hmac_vectors[] = {
	{ 0x0b, 20, "4869205468657265", /* case 1 */
	  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
	{ 0xaa, 131, /* case 6: a key longer than a block */
	  "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374",
	  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
};

static void crypto_test_hmac(struct kunit *test)
{
	struct tcpcrypt_hmac *hmac = tcpcrypt_hmac_alloc();
	u8 key[160], out[TCPCRYPT_HMAC_LEN];
	struct tcpcrypt_chunk chunks[3];
	size_t i, len;
	u8 *data;

	KUNIT_ASSERT_FALSE(test, IS_ERR(hmac));
	for (i = 0; i < ARRAY_SIZE(hmac_vectors); i++) {
		const struct hmac_vector *v = &hmac_vectors[i];

		data = crypto_test_hex(test, v->data, &len);
		memset(key, v->key, sizeof(key));
		chunks[0] = (struct tcpcrypt_chunk){ data, 3 };
		chunks[1] = (struct tcpcrypt_chunk){ data + 3, 0 };
		chunks[2] = (struct tcpcrypt_chunk){ data + 3, len - 3 };
		KUNIT_EXPECT_EQ(test, tcpcrypt_hmac(hmac, key, v->key_len,
						    chunks, 3, out), 0);
		crypto_test_equal(test, out, v->mac);

		/* The result may replace the key. */
		chunks[0] = (struct tcpcrypt_chunk){ data, len };
		KUNIT_EXPECT_EQ(test, tcpcrypt_hmac(hmac, key, v->key_len,
						    chunks, 1, key), 0);
		crypto_test_equal(test, key, v->mac);
	}
	tcpcrypt_hmac_free(hmac);
	tcpcrypt_hmac_free(NULL);
	tcpcrypt_hmac_free(ERR_PTR(-ENOMEM));
}

/* --- key agreement ------------------------------------------------------ */

static void crypto_test_kex_side(struct kunit *test,
				 const struct tcpcrypt_kex *kex,
				 const char *priv_hex, const char *pub_hex,
				 const char *peer_hex, const char *es_hex)
{
	struct tcpcrypt_keypair *pair;
	u8 es[TCPCRYPT_SHARED_MAX];
	u8 *priv, *peer;
	size_t len;

	pair = kunit_kzalloc(test, sizeof(*pair), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pair);
	priv = crypto_test_hex(test, priv_hex, &len);
	KUNIT_ASSERT_EQ(test, len, (size_t)kex->priv_len);
	memcpy(pair->priv, priv, len);
	KUNIT_EXPECT_EQ(test, kex->public(pair), 0);
	KUNIT_ASSERT_EQ(test, strlen(pub_hex), (size_t)2 * kex->pub_len);
	crypto_test_equal(test, pair->pub, pub_hex);

	peer = crypto_test_hex(test, peer_hex, &len);
	KUNIT_EXPECT_EQ(test, kex->shared(pair, peer, len, es), 0);
	KUNIT_ASSERT_EQ(test, strlen(es_hex), (size_t)2 * kex->shared_len);
	crypto_test_equal(test, es, es_hex);
}

static void crypto_test_kex_answers(struct kunit *test)
{
	const struct tcpcrypt_kex *kex;
	unsigned int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(kex_vectors); i++) {
		const struct kex_vector *v = &kex_vectors[i];

		kex = tcpcrypt_kex_find(v->tep);
		if (!kex)
			continue;
		crypto_test_kex_side(test, kex, v->priv_a, v->pub_a, v->pub_b,
				     v->es);
		crypto_test_kex_side(test, kex, v->priv_b, v->pub_b, v->pub_a,
				     v->es);
		n++;
	}
	KUNIT_EXPECT_GT(test, n, 0U);
}

static void crypto_test_kex_bad_keys(struct kunit *test)
{
	u8 es[TCPCRYPT_SHARED_MAX];
	struct tcpcrypt_keypair *pair;
	const struct tcpcrypt_kex *kex;
	unsigned int i;
	size_t len;
	u8 *pub;

	pair = kunit_kzalloc(test, sizeof(*pair), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pair);
	for (i = 0; i < ARRAY_SIZE(bad_keys); i++) {
		kex = tcpcrypt_kex_find(bad_keys[i].tep);
		if (!kex)
			continue;
		KUNIT_ASSERT_EQ(test, kex->generate(pair), 0);
		pub = crypto_test_hex(test, bad_keys[i].pub, &len);
		KUNIT_EXPECT_EQ_MSG(test, kex->shared(pair, pub, len, es),
				    -EPROTO, "%s: %s", kex->name,
				    bad_keys[i].name);
	}
}

static void crypto_test_kex_fresh(struct kunit *test)
{
	u8 es_a[TCPCRYPT_SHARED_MAX], es_b[TCPCRYPT_SHARED_MAX];
	struct tcpcrypt_keypair *pairs, *a, *b;
	const struct tcpcrypt_kex *kex;
	unsigned int tep, i;

	pairs = kunit_kzalloc(test, 2 * sizeof(*pairs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pairs);
	a = &pairs[0];
	b = &pairs[1];
	for (tep = TCPCRYPT_TEP_P256; tep <= TCPCRYPT_TEP_X448; tep++) {
		kex = tcpcrypt_kex_find(tep);
		for (i = 0; kex && i < 8; i++) {
			KUNIT_ASSERT_EQ(test, kex->generate(a), 0);
			KUNIT_ASSERT_EQ(test, kex->generate(b), 0);
			KUNIT_EXPECT_EQ(test, kex->shared(a, b->pub,
							  kex->pub_len, es_a),
					0);
			KUNIT_EXPECT_EQ(test, kex->shared(b, a->pub,
							  kex->pub_len, es_b),
					0);
			KUNIT_EXPECT_EQ(test, memcmp(es_a, es_b,
						     kex->shared_len), 0);
		}
	}
}

static void crypto_test_kex_find(struct kunit *test)
{
	const struct tcpcrypt_kex *kex = tcpcrypt_kex_find(TCPCRYPT_TEP_X25519);

	KUNIT_EXPECT_PTR_EQ(test, kex, &tcpcrypt_kex_x25519);
	KUNIT_EXPECT_PTR_EQ(test, kex, tcpcrypt_kex_by_name("x25519,", 6));
	KUNIT_EXPECT_TRUE(test, !tcpcrypt_kex_by_name("x25519", 5));
	KUNIT_EXPECT_TRUE(test, !tcpcrypt_kex_by_name("", 0));
	KUNIT_EXPECT_TRUE(test, !tcpcrypt_kex_find(0x20));
	KUNIT_EXPECT_TRUE(test, !tcpcrypt_kex_find(0x80 | TCPCRYPT_TEP_X25519));
	KUNIT_EXPECT_EQ(test, tcpcrypt_kex_selftest(), 0);
}

/* --- AEAD --------------------------------------------------------------- */

/**
 * struct frame_test - one frame at work
 * @aead: a keyed cipher
 * @offset: where the frame stands in the stream
 * @plain: header and plaintext
 * @plain_len: bytes of both
 * @frame: the frame
 * @frame_len: bytes of it
 * @buf: as many bytes to work on
 */
struct frame_test {
	struct tcpcrypt_aead aead;
	u64 offset;
	u8 *plain;
	size_t plain_len;
	u8 *frame;
	size_t frame_len;
	u8 *buf;
};

static struct frame_test *frame_test_start(struct kunit *test,
					   const struct frame_vector *v)
{
	const struct tcpcrypt_aead_alg *alg = tcpcrypt_aead_find(v->aead);
	struct tcpcrypt_traffic_key key = {};
	struct frame_test *t;
	size_t len;
	u8 *bin;

	if (!alg)
		return NULL;
	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->offset = v->offset;
	t->plain = crypto_test_hex(test, v->plain, &t->plain_len);
	t->frame = crypto_test_hex(test, v->frame, &t->frame_len);
	KUNIT_ASSERT_EQ(test, t->plain_len + TCPCRYPT_AE_TAG_LEN, t->frame_len);
	t->buf = kunit_kzalloc(test, t->frame_len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->buf);

	bin = crypto_test_hex(test, v->key, &len);
	KUNIT_ASSERT_EQ(test, len,
			(size_t)alg->key_len + TCPCRYPT_AE_NONCE_LEN);
	memcpy(key.key, bin, alg->key_len);
	memcpy(key.randomizer, bin + alg->key_len, TCPCRYPT_AE_NONCE_LEN);
	KUNIT_ASSERT_EQ(test, tcpcrypt_aead_init(&t->aead, alg), 0);
	KUNIT_ASSERT_EQ(test, tcpcrypt_aead_set_key(&t->aead, alg, &key), 0);
	return t;
}

static int frame_test_open(struct frame_test *t, u64 offset)
{
	struct scatterlist sg;

	sg_init_one(&sg, t->buf, t->frame_len);
	return tcpcrypt_aead_open(&t->aead, offset, &sg, &sg,
				  t->frame_len - TCPCRYPT_FRAME_HDR_LEN);
}

static int frame_test_seal(struct frame_test *t)
{
	struct scatterlist sg;

	sg_init_one(&sg, t->buf, t->frame_len);
	return tcpcrypt_aead_seal(&t->aead, t->offset, &sg, &sg,
				  t->plain_len - TCPCRYPT_FRAME_HDR_LEN);
}

/* Every frame of the vectors, both ways, in place */
static void crypto_test_aead_frames(struct kunit *test)
{
	struct frame_test *t;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(frame_vectors); i++) {
		t = frame_test_start(test, &frame_vectors[i]);
		if (!t)
			continue;
		memcpy(t->buf, t->plain, t->plain_len);
		KUNIT_EXPECT_EQ(test, frame_test_seal(t), 0);
		KUNIT_EXPECT_EQ(test, memcmp(t->buf, t->frame, t->frame_len),
				0);
		KUNIT_EXPECT_EQ(test, frame_test_open(t, t->offset), 0);
		KUNIT_EXPECT_EQ(test, memcmp(t->buf, t->plain, t->plain_len),
				0);
		tcpcrypt_aead_free(&t->aead);
	}
}

/* From one buffer to another, with the header in an entry of its own */
static void crypto_test_aead_scattered(struct kunit *test)
{
	struct scatterlist src[3], dst[3];
	const unsigned int hdr = TCPCRYPT_FRAME_HDR_LEN;
	struct frame_test *t;
	unsigned int i, cut;

	for (i = 0; i < ARRAY_SIZE(frame_vectors); i++) {
		t = frame_test_start(test, &frame_vectors[i]);
		if (!t)
			continue;
		cut = (t->plain_len - hdr) / 2 + 1;
		memset(t->buf, 0, t->frame_len);
		sg_init_table(src, 2);
		sg_set_buf(&src[0], t->plain, hdr);
		sg_set_buf(&src[1], t->plain + hdr, t->plain_len - hdr);
		sg_init_table(dst, 3);
		sg_set_buf(&dst[0], t->buf, hdr);
		sg_set_buf(&dst[1], t->buf + hdr, cut);
		sg_set_buf(&dst[2], t->buf + hdr + cut,
			   t->frame_len - hdr - cut);
		KUNIT_EXPECT_EQ(test,
				tcpcrypt_aead_seal(&t->aead, t->offset, src,
						   dst, t->plain_len - hdr), 0);
		KUNIT_EXPECT_EQ(test, memcmp(t->buf + hdr, t->frame + hdr,
					     t->frame_len - hdr), 0);
		tcpcrypt_aead_free(&t->aead);
	}
}

/* A changed bit anywhere, header and tag included, or another offset */
static void crypto_test_aead_flips(struct kunit *test)
{
	struct frame_test *t;
	unsigned int i;
	size_t bit;

	for (i = 0; i < ARRAY_SIZE(frame_vectors); i++) {
		t = frame_test_start(test, &frame_vectors[i]);
		if (!t)
			continue;
		for (bit = 0; bit < 8 * t->frame_len; bit += 5) {
			memcpy(t->buf, t->frame, t->frame_len);
			t->buf[bit / 8] ^= 1 << (bit % 8);
			KUNIT_EXPECT_EQ(test, frame_test_open(t, t->offset),
					-EBADMSG);
		}
		for (bit = 0; bit < 64; bit++) {
			memcpy(t->buf, t->frame, t->frame_len);
			KUNIT_EXPECT_EQ(test,
					frame_test_open(t, t->offset ^
							BIT_ULL(bit)),
					-EBADMSG);
		}
		tcpcrypt_aead_free(&t->aead);
	}
}

static void crypto_test_aead_short(struct kunit *test)
{
	struct frame_test *t = frame_test_start(test, &frame_vectors[0]);
	struct scatterlist sg;
	unsigned int clen;

	KUNIT_ASSERT_NOT_NULL(test, t);
	sg_init_one(&sg, t->buf, t->frame_len);
	for (clen = 0; clen <= TCPCRYPT_AE_TAG_LEN; clen++)
		KUNIT_EXPECT_EQ(test, tcpcrypt_aead_open(&t->aead, t->offset,
							 &sg, &sg, clen),
				-EBADMSG);
	tcpcrypt_aead_free(&t->aead);
	tcpcrypt_aead_free(&t->aead);
}

/* The largest frame there can be, through pages */
static void crypto_test_aead_large(struct kunit *test)
{
	const unsigned int plen = TCPCRYPT_FRAME_CLEN_MAX - TCPCRYPT_AE_TAG_LEN;
	struct frame_test *t;
	struct scatterlist sg;
	unsigned int i;
	u8 *buf;

	buf = kunit_kzalloc(test, TCPCRYPT_FRAME_HDR_LEN +
			    TCPCRYPT_FRAME_CLEN_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	for (i = 0; i < ARRAY_SIZE(frame_vectors); i += 9) {
		t = frame_test_start(test, &frame_vectors[i]);
		if (!t)
			continue;
		memset(buf, 0x5a, TCPCRYPT_FRAME_HDR_LEN + plen);
		sg_init_one(&sg, buf, TCPCRYPT_FRAME_HDR_LEN +
			    TCPCRYPT_FRAME_CLEN_MAX);
		KUNIT_EXPECT_EQ(test, tcpcrypt_aead_seal(&t->aead, U64_MAX,
							 &sg, &sg, plen), 0);
		KUNIT_EXPECT_EQ(test,
				tcpcrypt_aead_open(&t->aead, U64_MAX, &sg, &sg,
						   TCPCRYPT_FRAME_CLEN_MAX), 0);
		KUNIT_EXPECT_TRUE(test, !memchr_inv(buf, 0x5a, plen));
		tcpcrypt_aead_free(&t->aead);
	}
}

static void crypto_test_aead_find(struct kunit *test)
{
	const struct tcpcrypt_aead_alg *alg;

	alg = tcpcrypt_aead_find(TCPCRYPT_AEAD_AES128GCM);
	KUNIT_ASSERT_NOT_NULL(test, alg);
	KUNIT_EXPECT_PTR_EQ(test, alg, tcpcrypt_aead_by_name("aes128gcm", 9));
	KUNIT_EXPECT_TRUE(test, !tcpcrypt_aead_by_name("aes128", 6));
	KUNIT_EXPECT_TRUE(test, !tcpcrypt_aead_find(0));
	KUNIT_EXPECT_EQ(test, tcpcrypt_aead_selftest(), 0);
}

static struct kunit_case crypto_test_cases[] = {
	KUNIT_CASE(crypto_test_hmac),
	KUNIT_CASE(crypto_test_kex_find),
	KUNIT_CASE(crypto_test_kex_answers),
	KUNIT_CASE(crypto_test_kex_bad_keys),
	KUNIT_CASE(crypto_test_kex_fresh),
	KUNIT_CASE(crypto_test_aead_find),
	KUNIT_CASE(crypto_test_aead_frames),
	KUNIT_CASE(crypto_test_aead_scattered),
	KUNIT_CASE(crypto_test_aead_flips),
	KUNIT_CASE(crypto_test_aead_short),
	KUNIT_CASE(crypto_test_aead_large),
	{}
};

static struct kunit_suite crypto_test_suite = {
	.name = "tcpcrypt_crypto",
	.test_cases = crypto_test_cases,
};

kunit_test_suite(crypto_test_suite);
