// SPDX-License-Identifier: GPL-2.0-only
/*
 * p521.c against the project's vectors and, on random keys, against OpenSSL.
 */
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <openssl/rand.h>

#include "p521.h"
#include "tap.h"
#include "vectors.h"

/* The vectors carry public keys with their two bytes of length. */
#define PREFIX	2

static void test_exchange(const struct vec_kex *vec)
{
	u8 pub[TCPCRYPT_P521_PUB_LEN], es[TCPCRYPT_P521_LEN];

	tap_begin("%s", vec->name);
	CHECK(tcpcrypt_p521_valid(vec->priv_a.p));
	CHECK(tcpcrypt_p521_base(pub, vec->priv_a.p));
	CHECK_MEM(pub, sizeof(pub), vec->pub_a.p + PREFIX,
		  vec->pub_a.len - PREFIX);
	CHECK(tcpcrypt_p521_base(pub, vec->priv_b.p));
	CHECK_MEM(pub, sizeof(pub), vec->pub_b.p + PREFIX,
		  vec->pub_b.len - PREFIX);
	CHECK(tcpcrypt_p521_shared(es, vec->priv_a.p, vec->pub_b.p + PREFIX));
	CHECK_VEC(es, sizeof(es), vec->es);
	CHECK(tcpcrypt_p521_shared(es, vec->priv_b.p, vec->pub_a.p + PREFIX));
	CHECK_VEC(es, sizeof(es), vec->es);
	tap_end();
}

static void test_bad_key(const struct vec_bad_key *vec)
{
	u8 priv[TCPCRYPT_P521_LEN] = { 1 }, es[TCPCRYPT_P521_LEN];

	tap_begin("bad key %s", vec->name);
	CHECK(!tcpcrypt_p521_shared(es, priv, vec->field.p + PREFIX));
	tap_end();
}

/* n * P as OpenSSL computes it, compressed */
static void openssl_mult(const EC_GROUP *group, const BIGNUM *n,
			 const u8 *pub, u8 out[TCPCRYPT_P521_PUB_LEN])
{
	EC_POINT *p = EC_POINT_new(group), *r = EC_POINT_new(group);

	EC_POINT_copy(p, EC_GROUP_get0_generator(group));
	if (pub)
		CHECK(EC_POINT_oct2point(group, p, pub, TCPCRYPT_P521_PUB_LEN,
					 NULL));
	CHECK(EC_POINT_mul(group, r, NULL, p, n, NULL));
	CHECK_EQ(EC_POINT_point2oct(group, r, POINT_CONVERSION_COMPRESSED, out,
				    TCPCRYPT_P521_PUB_LEN, NULL),
		 TCPCRYPT_P521_PUB_LEN);
	EC_POINT_free(p);
	EC_POINT_free(r);
}

static void check_scalar(const EC_GROUP *group, const BIGNUM *n,
			 const u8 peer[TCPCRYPT_P521_PUB_LEN])
{
	u8 want[TCPCRYPT_P521_PUB_LEN], got[TCPCRYPT_P521_PUB_LEN];
	u8 priv[TCPCRYPT_P521_LEN];

	BN_bn2binpad(n, priv, sizeof(priv));
	CHECK(tcpcrypt_p521_valid(priv));
	openssl_mult(group, n, NULL, want);
	CHECK(tcpcrypt_p521_base(got, priv));
	CHECK_MEM(got, sizeof(got), want, sizeof(want));
	openssl_mult(group, n, peer, want);
	CHECK(tcpcrypt_p521_shared(got + 1, priv, peer));
	CHECK_MEM(got + 1, TCPCRYPT_P521_LEN, want + 1, TCPCRYPT_P521_LEN);
}

/* The ends of the range, and a few from the middle */
static void test_openssl(void)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_secp521r1);
	const BIGNUM *order = EC_GROUP_get0_order(group);
	u8 priv[TCPCRYPT_P521_LEN], peer[TCPCRYPT_P521_PUB_LEN];
	BIGNUM *n = BN_new();
	int i;

	tap_begin("against OpenSSL");
	for (i = 1; i <= 20; i++) {
		CHECK(BN_rand_range(n, order));
		openssl_mult(group, n, NULL, peer);
		CHECK(BN_rand_range(n, order));
		check_scalar(group, n, peer);
		CHECK(BN_set_word(n, i));
		check_scalar(group, n, peer);
		CHECK(BN_sub(n, order, n));
		check_scalar(group, n, peer);
	}
	BN_bn2binpad(order, priv, sizeof(priv));
	CHECK(!tcpcrypt_p521_valid(priv));
	memset(priv, 0xff, sizeof(priv));
	CHECK(!tcpcrypt_p521_valid(priv));
	memset(priv, 0, sizeof(priv));
	CHECK(!tcpcrypt_p521_valid(priv));
	BN_free(n);
	EC_GROUP_free(group);
	tap_end();
}

int main(void)
{
	unsigned int n = 1;
	size_t i;

	test_openssl();
	for (i = 0; i < ARRAY_SIZE(vec_key_exchange); i++)
		if (vec_key_exchange[i].tep == TCPCRYPT_TEP_P521) {
			test_exchange(&vec_key_exchange[i]);
			n++;
		}
	/* Those of another length never get this far. */
	for (i = 0; i < ARRAY_SIZE(vec_bad_public_keys); i++)
		if (vec_bad_public_keys[i].tep == TCPCRYPT_TEP_P521 &&
		    vec_bad_public_keys[i].field.len ==
		    PREFIX + TCPCRYPT_P521_PUB_LEN) {
			test_bad_key(&vec_bad_public_keys[i]);
			n++;
		}
	return tap_finish(n);
}
