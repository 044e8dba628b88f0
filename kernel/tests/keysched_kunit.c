// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of hkdf.c and keysched.c, on the project's test vectors
 * (gen_pure_vectors.py).
 */
#include "hex.h"
#include "keysched.h"

/**
 * struct secret_vector - session secrets of one key exchange
 * @name: which
 * @n_a: host A's nonce
 * @transcript: negotiation transcript
 * @init1: Init1
 * @init2: Init2
 * @es: ephemeral secret
 * @ss: ss[0], ss[1], ... in one string
 * @resume_id: resume[0], resume[1], ... likewise
 */
struct secret_vector {
	const char *name;
	const char *n_a;
	const char *transcript;
	const char *init1;
	const char *init2;
	const char *es;
	const char *ss;
	const char *resume_id;
};

/**
 * struct session_vector - the keys of one session
 * @name: which
 * @key_len: ae_key_len
 * @tep_byte: first byte of the session ID
 * @ss: session secret
 * @sn: session nonce
 * @mk: master keys in one string, one for each generation
 * @k_ab: traffic keys with their randomizers, likewise
 * @k_ba: those of the other direction
 * @session_id: session ID
 */
struct session_vector {
	const char *name;
	size_t key_len;
	u8 tep_byte;
	const char *ss;
	const char *sn;
	const char *mk;
	const char *k_ab;
	const char *k_ba;
	const char *session_id;
};

#include "keysched_vectors.h"

#define SECRETS		4
#define GENERATIONS	3

static struct tcpcrypt_hmac *keysched_test_hmac(struct kunit *test)
{
	return test->priv;
}

static int keysched_test_init(struct kunit *test)
{
	test->priv = tcpcrypt_hmac_alloc();
	return PTR_ERR_OR_ZERO(test->priv);
}

static void keysched_test_exit(struct kunit *test)
{
	if (!IS_ERR_OR_NULL(test->priv))
		tcpcrypt_hmac_free(test->priv);
}

static int keysched_test_prk(struct kunit *test, const struct secret_vector *v,
			     u8 *prk)
{
	size_t n_a_len, transcript_len, init1_len, init2_len, es_len;
	u8 *n_a, *transcript, *init1, *init2, *es;

	n_a = hex_bytes(test, v->n_a, &n_a_len);
	transcript = hex_bytes(test, v->transcript, &transcript_len);
	init1 = hex_bytes(test, v->init1, &init1_len);
	init2 = hex_bytes(test, v->init2, &init2_len);
	es = hex_bytes(test, v->es, &es_len);
	return tcpcrypt_ks_prk(keysched_test_hmac(test), n_a,
			       transcript, transcript_len, init1, init1_len,
			       init2, init2_len, es, es_len, prk);
}

static void keysched_test_secrets(struct kunit *test)
{
	u8 ids[SECRETS][TCPCRYPT_RESUME_ID_LEN], ss[SECRETS][TCPCRYPT_K_LEN];
	struct tcpcrypt_hmac *hmac = keysched_test_hmac(test);
	const struct secret_vector *v = secret_vectors;
	int i;

	for (; v < secret_vectors + ARRAY_SIZE(secret_vectors); v++) {
		KUNIT_EXPECT_EQ(test, keysched_test_prk(test, v, ss[0]), 0);
		for (i = 0; i < SECRETS; i++) {
			KUNIT_EXPECT_EQ(test,
					tcpcrypt_ks_resume_id(hmac, ss[i],
							      ids[i]), 0);
			if (i == SECRETS - 1)
				break;
			/* In place, as the session cache does it */
			memcpy(ss[i + 1], ss[i], TCPCRYPT_K_LEN);
			KUNIT_EXPECT_EQ(test,
					tcpcrypt_ks_next_ss(hmac, ss[i + 1],
							    ss[i + 1]), 0);
		}
		hex_expect(test, v->name, ss[0], sizeof(ss), v->ss);
		hex_expect(test, v->name, ids[0], sizeof(ids), v->resume_id);
	}
}

/* Key and randomizer in one string, as the vectors have them */
static u8 *keysched_test_key(struct kunit *test, const u8 *mk, bool host_b,
			     size_t key_len, u8 *out)
{
	struct tcpcrypt_traffic_key key;

	KUNIT_EXPECT_EQ(test,
			tcpcrypt_ks_traffic_key(keysched_test_hmac(test), mk,
						host_b, key_len, &key), 0);
	memcpy(out, key.key, key_len);
	memcpy(out + key_len, key.randomizer, TCPCRYPT_AE_NONCE_LEN);
	return out + key_len + TCPCRYPT_AE_NONCE_LEN;
}

static void keysched_test_session(struct kunit *test,
				  const struct session_vector *v)
{
	u8 ab[GENERATIONS * (TCPCRYPT_AE_KEY_MAX + TCPCRYPT_AE_NONCE_LEN)];
	struct tcpcrypt_hmac *hmac = keysched_test_hmac(test);
	u8 mk[GENERATIONS][TCPCRYPT_K_LEN], ba[sizeof(ab)];
	u8 *p_ab = ab, *p_ba = ba, *ss, *sn;
	u8 id[TCPCRYPT_SESSID_LEN];
	size_t len, sn_len;
	int j;

	ss = hex_bytes(test, v->ss, &len);
	sn = hex_bytes(test, v->sn, &sn_len);
	KUNIT_EXPECT_EQ(test, tcpcrypt_ks_session_id(hmac, v->tep_byte, ss, sn,
						     sn_len, id), 0);
	hex_expect(test, v->name, id, sizeof(id), v->session_id);
	KUNIT_EXPECT_EQ(test, tcpcrypt_ks_first_mk(hmac, ss, sn, sn_len,
						   mk[0]), 0);
	for (j = 0; j < GENERATIONS; j++) {
		if (j)
			KUNIT_EXPECT_EQ(test,
					tcpcrypt_ks_next_mk(hmac, mk[j - 1],
							    mk[j]), 0);
		p_ab = keysched_test_key(test, mk[j], false, v->key_len, p_ab);
		p_ba = keysched_test_key(test, mk[j], true, v->key_len, p_ba);
	}
	hex_expect(test, v->name, mk[0], sizeof(mk), v->mk);
	hex_expect(test, v->name, ab, p_ab - ab, v->k_ab);
	hex_expect(test, v->name, ba, p_ba - ba, v->k_ba);
}

static void keysched_test_sessions(struct kunit *test)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(session_vectors); i++)
		keysched_test_session(test, &session_vectors[i]);
}

static void keysched_test_limits(struct kunit *test)
{
	struct tcpcrypt_hmac *hmac = keysched_test_hmac(test);
	u8 key[TCPCRYPT_K_LEN] = { 1 }, sn[17] = { 0 };
	struct tcpcrypt_traffic_key traffic;

	KUNIT_EXPECT_EQ(test, tcpcrypt_ks_first_mk(hmac, key, sn, 17, key),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, tcpcrypt_ks_traffic_key(hmac, key, false, 33,
						      &traffic), -EINVAL);
	KUNIT_EXPECT_EQ(test, tcpcrypt_hkdf_expand(hmac, key, sn, 1, key,
						   255 * 32 + 1), -EINVAL);
}

static struct kunit_case keysched_test_cases[] = {
	KUNIT_CASE(keysched_test_secrets),
	KUNIT_CASE(keysched_test_sessions),
	KUNIT_CASE(keysched_test_limits),
	{}
};

static struct kunit_suite keysched_test_suite = {
	.name = "tcpcrypt_keysched",
	.init = keysched_test_init,
	.exit = keysched_test_exit,
	.test_cases = keysched_test_cases,
};

kunit_test_suite(keysched_test_suite);
