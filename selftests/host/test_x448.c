// SPDX-License-Identifier: GPL-2.0-only
/*
 * x448.c against RFC 7748 and the project's vectors.
 */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/rand.h>

#include "crypto_openssl.h"
#include "tap.h"
#include "vectors.h"
#include "x448.h"

static void unhex(u8 *bin, const char *hex)
{
	unsigned int byte;

	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		*bin++ = (u8)byte;
}

/* RFC 7748 section 5.2, the two single runs: scalar, u coordinate, result */
static const char *const rfc7748_single[][3] = {
	{
		"3d262fddf9ec8e88495266fea19a34d28882acef045104d0d1aae121700a779c984c24f8cdd78fbff44943eba368f54b29259a4f1c600ad3",
		"06fce640fa3487bfda5f6cf2d5263f8aad88334cbd07437f020f08f9814dc031ddbdc38c19c6da2583fa5429db94ada18aa7a7fb4ef8a086",
		"ce3e4ff95a60dc6697da1db1d85e6afbdf79b50a2412d7546d5f239fe14fbaadeb445fc66a01b0779d98223961111e21766282f73dd96b6f",
	}, {
		"203d494428b8399352665ddca42f9de8fef600908e0d461cb021f8c538345dd77c3e4806e25f46d3315c44e0a5b4371282dd2c8d5be3095f",
		"0fbcc2f993cd56d3305b0b7d9e55d4c1a8fb5dbb52f8e9a1e9b6201b165d015894e56c4d3570bee52fe205e28a78b91cdfbde71ce8d157db",
		"884a02576239ff7a2f2f63b2db6a9ff37047ac13568e1e30fe63c4a7ad1b3ee3a5700df34321d62077e63633c575c1c954514e99da7c179d",
	},
};

/* RFC 7748 section 5.2, the iterated test after 1, 1000 and 1000000 rounds */
static const char *const rfc7748_iterated[] = {
	"3f482c8a9f19b01e6c46ee9711d9dc14fd4bf67af30765c2ae2b846a4d23a8cd0db897086239492caf350b51f833868b9bc2b3bca9cf4113",
	"aa3b4749d55b9daf1e5b00288826c467274ce3ebbdd5c17b975e09d4af6c67cf10d087202db88286e2b79fceea3ec353ef54faa26e219f38",
	"077f453681caca3693198420bbe515cae0002472519b3e67661a7e89cab94695c8f4bcd66e61b9b9c946da8d524de3d69bd9d9d66b997e37",
};

static void test_rfc7748_single(void)
{
	u8 in[3][TCPCRYPT_X448_LEN], out[TCPCRYPT_X448_LEN];
	size_t i, j;

	tap_begin("RFC 7748 single");
	for (i = 0; i < ARRAY_SIZE(rfc7748_single); i++) {
		for (j = 0; j < 3; j++)
			unhex(in[j], rfc7748_single[i][j]);
		CHECK(tcpcrypt_x448(out, in[0], in[1]));
		CHECK_MEM(out, sizeof(out), in[2], sizeof(in[2]));
	}
	tap_end();
}

/* Which of the above to expect after @i rounds, if any */
static const char *iterated(int i)
{
	switch (i) {
	case 1:
		return rfc7748_iterated[0];
	case 1000:
		return rfc7748_iterated[1];
	case 1000000:
		return rfc7748_iterated[2];
	default:
		return NULL;
	}
}

/*
 * k = X448(k, u) with u the former k, over and over. A million rounds take
 * minutes: X448_ROUNDS=1000000 asks for them.
 */
static void test_rfc7748_iterated(void)
{
	const char *env = getenv("X448_ROUNDS");
	int rounds = env ? atoi(env) : 1000;
	u8 k[TCPCRYPT_X448_LEN] = { 5 }, u[TCPCRYPT_X448_LEN] = { 5 };
	u8 out[TCPCRYPT_X448_LEN], want[TCPCRYPT_X448_LEN];
	int i;

	tap_begin("RFC 7748 iterated");
	for (i = 1; i <= rounds; i++) {
		CHECK(tcpcrypt_x448(out, k, u));
		memcpy(u, k, sizeof(u));
		memcpy(k, out, sizeof(k));
		if (iterated(i)) {
			unhex(want, iterated(i));
			CHECK_MEM(k, sizeof(k), want, sizeof(want));
		}
	}
	tap_end();
}

static void test_exchange(const struct vec_kex *vec)
{
	u8 out[TCPCRYPT_X448_LEN];

	tap_begin("%s", vec->name);
	CHECK(tcpcrypt_x448_base(out, vec->priv_a.p));
	CHECK_VEC(out, sizeof(out), vec->pub_a);
	CHECK(tcpcrypt_x448_base(out, vec->priv_b.p));
	CHECK_VEC(out, sizeof(out), vec->pub_b);
	CHECK(tcpcrypt_x448(out, vec->priv_a.p, vec->pub_b.p));
	CHECK_VEC(out, sizeof(out), vec->es);
	CHECK(tcpcrypt_x448(out, vec->priv_b.p, vec->pub_a.p));
	CHECK_VEC(out, sizeof(out), vec->es);
	tap_end();
}

static void test_bad_key(const struct vec_bad_key *vec)
{
	u8 out[TCPCRYPT_X448_LEN];
	u8 scalar[TCPCRYPT_X448_LEN];

	tap_begin("bad key %s", vec->name);
	memset(scalar, 0xff, sizeof(scalar));
	CHECK(!tcpcrypt_x448(out, scalar, vec->field.p));
	tap_end();
}

/* Both ends of random exchanges, one of them OpenSSL's */
static void test_openssl(void)
{
	u8 priv[2][TCPCRYPT_X448_LEN], pub[2][TCPCRYPT_PUBKEY_MAX];
	u8 out[TCPCRYPT_X448_LEN], want[TCPCRYPT_PUBKEY_MAX];
	int i;

	tap_begin("against OpenSSL");
	for (i = 0; i < 100; i++) {
		CHECK(RAND_bytes(priv[0], sizeof(priv[0])) == 1);
		CHECK(RAND_bytes(priv[1], sizeof(priv[1])) == 1);
		CHECK(tcpcrypt_x448_base(pub[0], priv[0]));
		CHECK_EQ(ossl_public(TCPCRYPT_TEP_X448, priv[1],
				     sizeof(priv[1]), pub[1]), sizeof(out));
		CHECK(tcpcrypt_x448(out, priv[0], pub[1]));
		CHECK_EQ(ossl_shared(TCPCRYPT_TEP_X448, priv[1],
				     sizeof(priv[1]), pub[0], sizeof(out),
				     want), sizeof(out));
		CHECK_MEM(out, sizeof(out), want, sizeof(out));
	}
	tap_end();
}

/* u and u + p are the same point (RFC 7748: accept non-canonical values) */
static void test_not_reduced(void)
{
	u8 small[TCPCRYPT_X448_LEN] = { 9 }, large[TCPCRYPT_X448_LEN];
	u8 a[TCPCRYPT_X448_LEN], b[TCPCRYPT_X448_LEN];

	tap_begin("u not reduced");
	/* p + 9 = 2^448 - 2^224 + 8 */
	memset(large, 0, 28);
	memset(large + 28, 0xff, 28);
	large[0] = 8;
	CHECK(tcpcrypt_x448(a, small, small));
	CHECK(tcpcrypt_x448(b, small, large));
	CHECK_MEM(a, sizeof(a), b, sizeof(b));
	tap_end();
}

int main(void)
{
	unsigned int n = 4;
	size_t i;

	test_rfc7748_single();
	test_rfc7748_iterated();
	test_not_reduced();
	test_openssl();
	for (i = 0; i < ARRAY_SIZE(vec_key_exchange); i++)
		if (vec_key_exchange[i].tep == TCPCRYPT_TEP_X448) {
			test_exchange(&vec_key_exchange[i]);
			n++;
		}
	for (i = 0; i < ARRAY_SIZE(vec_bad_public_keys); i++)
		if (vec_bad_public_keys[i].tep == TCPCRYPT_TEP_X448) {
			test_bad_key(&vec_bad_public_keys[i]);
			n++;
		}
	return tap_finish(n);
}
