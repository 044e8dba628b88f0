// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of chain.c: with the kernel's own HMAC, and with KASAN looking
 * at every access. The vectors are in selftests/host and keysched_kunit.c.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/string.h>

#include "chain.h"
#include "keysched.h"

#define AHEAD	TCPCRYPT_CHAIN_AHEAD

static const u8 chain_ss0[TCPCRYPT_K_LEN] = { 1, 2, 3 };

static int chain_test_init(struct kunit *test)
{
	struct tcpcrypt_hmac *hmac = tcpcrypt_hmac_alloc();

	if (IS_ERR(hmac))
		return PTR_ERR(hmac);
	test->priv = hmac;
	return 0;
}

static void chain_test_exit(struct kunit *test)
{
	tcpcrypt_hmac_free(test->priv);
}

/* ss[i] and resume[i], the long way */
static void chain_test_link(struct kunit *test, u64 i,
			    const struct tcpcrypt_chain_link *link)
{
	struct tcpcrypt_chain_link want;

	memcpy(want.ss, chain_ss0, sizeof(want.ss));
	while (i--)
		KUNIT_EXPECT_EQ(test, tcpcrypt_ks_next_ss(test->priv, want.ss,
							  want.ss), 0);
	KUNIT_EXPECT_EQ(test, tcpcrypt_ks_resume_id(test->priv, want.ss,
						    want.id), 0);
	KUNIT_EXPECT_EQ(test, memcmp(&want, link, sizeof(want)), 0);
}

static unsigned int chain_test_refill(struct kunit *test,
				      struct tcpcrypt_chain *chain, u64 i,
				      const u8 ss[TCPCRYPT_K_LEN])
{
	struct tcpcrypt_chain_ahead ahead;

	KUNIT_EXPECT_EQ(test, tcpcrypt_chain_look_ahead(test->priv, i, ss,
							&ahead), 0);
	return tcpcrypt_chain_extend(chain, &ahead);
}

static void chain_test_start(struct kunit *test, struct tcpcrypt_chain *chain)
{
	tcpcrypt_chain_start(chain, TCPCRYPT_TEP_X25519, false);
	KUNIT_EXPECT_TRUE(test, tcpcrypt_chain_empty(chain));
	KUNIT_EXPECT_EQ(test, chain_test_refill(test, chain, 0, chain_ss0),
			AHEAD);
}

/* Each secret once and in order, and what has been used is erased */
static void chain_test_order(struct kunit *test)
{
	struct tcpcrypt_chain_link link;
	struct tcpcrypt_chain chain;
	u64 i;

	chain_test_start(test, &chain);
	KUNIT_EXPECT_FALSE(test, tcpcrypt_chain_take(&chain, 0, &link));
	for (i = 1; i <= 3 * AHEAD; i++) {
		KUNIT_EXPECT_EQ(test, chain.next, i);
		KUNIT_ASSERT_TRUE(test, tcpcrypt_chain_take(&chain, i, &link));
		chain_test_link(test, i, &link);
		KUNIT_EXPECT_PTR_EQ(test, memchr_inv(&chain.link[i % AHEAD], 0,
						     sizeof(link)), NULL);
		KUNIT_EXPECT_FALSE(test, tcpcrypt_chain_take(&chain, i, &link));
		KUNIT_EXPECT_EQ(test, chain_test_refill(test, &chain, i,
							link.ss), 1);
	}
}

/* Two connections at once: none comes back, none is doubled */
static void chain_test_skip(struct kunit *test)
{
	struct tcpcrypt_chain_link first, third;
	struct tcpcrypt_chain chain;

	chain_test_start(test, &chain);
	KUNIT_ASSERT_TRUE(test, tcpcrypt_chain_take(&chain, 1, &first));
	KUNIT_ASSERT_TRUE(test, tcpcrypt_chain_take(&chain, 3, &third));
	KUNIT_EXPECT_FALSE(test, tcpcrypt_chain_take(&chain, 2, &first));
	KUNIT_EXPECT_EQ(test, chain_test_refill(test, &chain, 3, third.ss), 3);
	KUNIT_EXPECT_EQ(test, chain_test_refill(test, &chain, 1, first.ss), 0);
	KUNIT_EXPECT_EQ(test, chain.next, 4);
	KUNIT_EXPECT_EQ(test, chain.last, 7);
}

static void chain_test_wipe(struct kunit *test)
{
	struct tcpcrypt_chain_link link;
	struct tcpcrypt_chain chain;

	chain_test_start(test, &chain);
	tcpcrypt_chain_wipe(&chain);
	KUNIT_EXPECT_TRUE(test, tcpcrypt_chain_empty(&chain));
	KUNIT_EXPECT_PTR_EQ(test, memchr_inv(chain.link, 0, sizeof(chain.link)),
			    NULL);
	KUNIT_EXPECT_EQ(test, chain_test_refill(test, &chain, 0, chain_ss0), 0);
	KUNIT_EXPECT_FALSE(test, tcpcrypt_chain_take(&chain, 1, &link));
}

static struct kunit_case chain_test_cases[] = {
	KUNIT_CASE(chain_test_order),
	KUNIT_CASE(chain_test_skip),
	KUNIT_CASE(chain_test_wipe),
	{}
};

static struct kunit_suite chain_test_suite = {
	.name = "tcpcrypt_chain",
	.init = chain_test_init,
	.exit = chain_test_exit,
	.test_cases = chain_test_cases,
};

kunit_test_suite(chain_test_suite);
