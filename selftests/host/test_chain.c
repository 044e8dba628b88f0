// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chains of session secrets: which secret is used when, and that none is used
 * twice.
 */
#include <stdlib.h>

#include "chain.h"
#include "keysched.h"
#include "tap.h"
#include "vectors.h"

#define AHEAD	TCPCRYPT_CHAIN_AHEAD

static struct tcpcrypt_hmac *hmac;

static const u8 ss0[TCPCRYPT_K_LEN] = "thirty-two bytes of a secret....";

/* ss[i] and resume[i], the long way */
static void reference(u64 i, struct tcpcrypt_chain_link *link)
{
	memcpy(link->ss, ss0, sizeof(link->ss));
	while (i--)
		tcpcrypt_ks_next_ss(hmac, link->ss, link->ss);
	tcpcrypt_ks_resume_id(hmac, link->ss, link->id);
}

static void check_link(const struct tcpcrypt_chain_link *link, u64 i)
{
	struct tcpcrypt_chain_link want;

	reference(i, &want);
	CHECK_MEM(link->ss, sizeof(link->ss), want.ss, sizeof(want.ss));
	CHECK_MEM(link->id, sizeof(link->id), want.id, sizeof(want.id));
}

static void start(struct tcpcrypt_chain *chain)
{
	struct tcpcrypt_chain_ahead ahead;

	tcpcrypt_chain_start(chain, TCPCRYPT_TEP_X25519, false);
	CHECK(tcpcrypt_chain_empty(chain));
	CHECK_EQ(tcpcrypt_chain_look_ahead(hmac, 0, ss0, &ahead), 0);
	CHECK_EQ(tcpcrypt_chain_extend(chain, &ahead), AHEAD);
	CHECK(!tcpcrypt_chain_empty(chain));
}

/* As a connection does that has used @link, which is ss[@i] */
static unsigned int refill(struct tcpcrypt_chain *chain, u64 i,
			   const struct tcpcrypt_chain_link *link)
{
	struct tcpcrypt_chain_ahead ahead;

	CHECK_EQ(tcpcrypt_chain_look_ahead(hmac, i, link->ss, &ahead), 0);
	return tcpcrypt_chain_extend(chain, &ahead);
}

/* Everything that is not between next and last has been erased */
static void check_erased(const struct tcpcrypt_chain *chain)
{
	static const struct tcpcrypt_chain_link zero;
	u64 held = tcpcrypt_chain_empty(chain) ? 0 :
		   chain->last - chain->next + 1;
	unsigned int n, zeros = 0;

	for (n = 0; n < AHEAD; n++)
		zeros += !memcmp(&chain->link[n], &zero, sizeof(zero));
	CHECK_EQ(zeros, AHEAD - held);
}

static void test_vectors(const struct vec_kex *vec)
{
	struct tcpcrypt_chain_ahead ahead;
	struct tcpcrypt_chain_link link;
	struct tcpcrypt_chain chain;
	u64 i;

	tap_begin("%s: the chain is that of the vectors", vec->name);
	tcpcrypt_chain_start(&chain, vec->tep, true);
	CHECK_EQ(tcpcrypt_chain_look_ahead(hmac, 0, vec->prk.p, &ahead), 0);
	CHECK_EQ(tcpcrypt_chain_extend(&chain, &ahead), AHEAD);
	for (i = 1; i < vec->ss.n; i++) {
		CHECK(tcpcrypt_chain_take(&chain, i, &link));
		CHECK_VEC(link.ss, sizeof(link.ss), vec->ss.v[i]);
		CHECK_VEC(link.id, sizeof(link.id), vec->resume_id.v[i]);
		CHECK_MEM(tcpcrypt_chain_half(link.id, false),
			  TCPCRYPT_RESUME_HALF_LEN, vec->resume_id.v[i].p,
			  TCPCRYPT_RESUME_HALF_LEN);
		CHECK_MEM(tcpcrypt_chain_half(link.id, true),
			  TCPCRYPT_RESUME_HALF_LEN,
			  vec->resume_id.v[i].p + TCPCRYPT_RESUME_HALF_LEN,
			  TCPCRYPT_RESUME_HALF_LEN);
	}
	for (i = 0; i < vec->resumed.n; i++) {
		const struct vec_resumed *r = &vec->resumed.v[i];
		u8 sn[TCPCRYPT_SN_MAX];
		size_t len;

		len = tcpcrypt_chain_sn(false, r->nonce_a.p, r->nonce_a.len,
					r->nonce_b.p, r->nonce_b.len, sn);
		CHECK_VEC(sn, len, r->sn);
		len = tcpcrypt_chain_sn(true, r->nonce_b.p, r->nonce_b.len,
					r->nonce_a.p, r->nonce_a.len, sn);
		CHECK_VEC(sn, len, r->sn);
	}
	tap_end();
}

static void test_order(void)
{
	struct tcpcrypt_chain_link link;
	struct tcpcrypt_chain chain;
	u64 i;

	tap_begin("each secret once, in order, refilled after each use");
	start(&chain);
	CHECK(!tcpcrypt_chain_take(&chain, 0, &link));
	for (i = 1; i <= 50; i++) {
		CHECK_EQ(chain.next, i);
		CHECK(tcpcrypt_chain_take(&chain, chain.next, &link));
		check_link(&link, i);
		check_erased(&chain);
		CHECK(!tcpcrypt_chain_take(&chain, i, &link));
		CHECK_EQ(refill(&chain, i, &link), 1);
		CHECK_EQ(chain.last, i + AHEAD);
	}
	tap_end();

	tap_begin("a chain that is not refilled ends");
	start(&chain);
	for (i = 1; i <= AHEAD; i++)
		CHECK(tcpcrypt_chain_take(&chain, i, &link));
	CHECK(tcpcrypt_chain_empty(&chain));
	check_erased(&chain);
	CHECK(!tcpcrypt_chain_take(&chain, AHEAD + 1, &link));
	check_link(&link, AHEAD);
	CHECK_EQ(refill(&chain, AHEAD, &link), AHEAD);
	CHECK(tcpcrypt_chain_take(&chain, AHEAD + 1, &link));
	check_link(&link, AHEAD + 1);
	tap_end();
}

static void test_skip(void)
{
	struct tcpcrypt_chain_link first, third;
	struct tcpcrypt_chain chain;

	tap_begin("a secret takes those before it along");
	start(&chain);
	CHECK(tcpcrypt_chain_take(&chain, 3, &third));
	check_link(&third, 3);
	check_erased(&chain);
	CHECK(!tcpcrypt_chain_take(&chain, 1, &first));
	CHECK(!tcpcrypt_chain_take(&chain, 2, &first));
	CHECK_EQ(refill(&chain, 3, &third), 3);
	CHECK_EQ(chain.last, 7);
	tap_end();

	tap_begin("two connections at once: none comes back, none is doubled");
	start(&chain);
	CHECK(tcpcrypt_chain_take(&chain, 1, &first));
	CHECK(tcpcrypt_chain_take(&chain, 3, &third));
	CHECK_EQ(refill(&chain, 3, &third), 3);
	CHECK_EQ(refill(&chain, 1, &first), 0);
	CHECK_EQ(refill(&chain, 3, &third), 0);
	CHECK_EQ(chain.next, 4);
	CHECK_EQ(chain.last, 7);
	CHECK(tcpcrypt_chain_take(&chain, 7, &third));
	check_link(&third, 7);
	check_erased(&chain);
	/* too old to be of any use: its four end where the chain begins */
	CHECK_EQ(refill(&chain, 1, &first), 0);
	CHECK(tcpcrypt_chain_empty(&chain));
	tap_end();
}

static void test_wipe(void)
{
	struct tcpcrypt_chain_link link;
	struct tcpcrypt_chain chain;

	tap_begin("a chain that has been wiped stays empty");
	start(&chain);
	CHECK(tcpcrypt_chain_take(&chain, 1, &link));
	tcpcrypt_chain_wipe(&chain);
	CHECK(tcpcrypt_chain_empty(&chain));
	check_erased(&chain);
	CHECK_EQ(refill(&chain, 1, &link), 0);
	CHECK(!tcpcrypt_chain_take(&chain, 2, &link));
	memcpy(link.ss, ss0, sizeof(link.ss));
	CHECK_EQ(refill(&chain, 0, &link), 0);
	CHECK(tcpcrypt_chain_empty(&chain));
	check_erased(&chain);
	tap_end();
}

static void test_nonces(void)
{
	static const u8 a[8] = "AAAAAAAA", b[8] = "BBBBBBBB";
	u8 sn[TCPCRYPT_SN_MAX];
	size_t m, n;

	tap_begin("nonces of any two lengths");
	for (m = 0; m <= sizeof(a); m++) {
		for (n = 0; n <= sizeof(b); n++) {
			CHECK_EQ(tcpcrypt_chain_sn(false, a, m, b, n, sn),
				 m + n);
			CHECK_MEM(sn, m, a, m);
			CHECK_MEM(sn + m, n, b, n);
			CHECK_EQ(tcpcrypt_chain_sn(true, a, m, b, n, sn),
				 m + n);
			CHECK_MEM(sn, n, b, n);
			CHECK_MEM(sn + n, m, a, m);
		}
	}
	tap_end();
}

/* What two hosts do, with every fourth SYN or so lost in one way or another */
static void test_hosts(void)
{
	struct tcpcrypt_chain active, passive;
	struct tcpcrypt_chain_link ours, theirs;
	unsigned int lost = 0, resumed = 0;
	u64 i;

	tap_begin("two hosts agree although secrets get lost on the way");
	start(&active);
	start(&passive);
	srandom(1);
	while (resumed < 500 && !tcpcrypt_chain_empty(&active)) {
		i = active.next;
		CHECK(tcpcrypt_chain_take(&active, i, &ours));
		if (random() % 4 == 0 && lost < AHEAD - 1) {
			lost++;
			continue;
		}
		lost = 0;
		if (!CHECK(tcpcrypt_chain_take(&passive, i, &theirs)))
			break;
		CHECK(!memcmp(&ours, &theirs, sizeof(ours)));
		refill(&active, i, &ours);
		refill(&passive, i, &theirs);
		resumed++;
	}
	CHECK_EQ(resumed, 500);
	tap_end();
}

int main(void)
{
	size_t i;

	hmac = tcpcrypt_hmac_alloc();
	for (i = 0; i < ARRAY_SIZE(vec_key_exchange); i++)
		test_vectors(&vec_key_exchange[i]);
	test_order();
	test_skip();
	test_wipe();
	test_nonces();
	test_hosts();
	tcpcrypt_hmac_free(hmac);
	return tap_finish(ARRAY_SIZE(vec_key_exchange) + 7);
}
