// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of rekeying when memory is short: stream.c, and what tx.c and rx.c
 * make of it. The cipher is one that fails when it is told to.
 */
#include <crypto/internal/aead.h>
#include <crypto/scatterwalk.h>
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <net/sock.h>

#include "../keysched.h"
#include "../mib.h"
#include "../rx.h"
#include "../tcpcrypt.h"
#include "../wire.h"

#define TEST_CIPHER	"tcpcrypt-kunit"
#define TEST_KEY_LEN	16
/* flags, and what stands where the tag would */
#define TEST_CLEN	(1 + TCPCRYPT_AE_TAG_LEN)

/* What the cipher returns; cases run one after the other */
static int test_setkey_ret;
static int test_crypt_ret;

static int test_setkey(struct crypto_aead *tfm, const u8 *key,
		       unsigned int len)
{
	return len == TEST_KEY_LEN ? test_setkey_ret : -EINVAL;
}

static int test_setauthsize(struct crypto_aead *tfm, unsigned int size)
{
	return size == TCPCRYPT_AE_TAG_LEN ? 0 : -EINVAL;
}

static int test_encrypt(struct aead_request *req)
{
	return test_crypt_ret;
}

static int test_decrypt(struct aead_request *req)
{
	const unsigned int len = req->cryptlen - TCPCRYPT_AE_TAG_LEN;
	u8 byte;

	if (test_crypt_ret || len != 1)
		return test_crypt_ret ?: -EINVAL;
	scatterwalk_map_and_copy(&byte, req->src, req->assoclen, 1, 0);
	scatterwalk_map_and_copy(&byte, req->dst, req->assoclen, 1, 1);
	return 0;
}

static struct aead_alg test_cipher = {
	.setkey = test_setkey,
	.setauthsize = test_setauthsize,
	.encrypt = test_encrypt,
	.decrypt = test_decrypt,
	.ivsize = TCPCRYPT_AE_NONCE_LEN,
	.maxauthsize = TCPCRYPT_AE_TAG_LEN,
	.base = {
		.cra_name = TEST_CIPHER,
		.cra_driver_name = TEST_CIPHER,
		.cra_blocksize = 1,
		.cra_module = THIS_MODULE,
	},
};

static const struct tcpcrypt_aead_alg test_alg = {
	.id = TCPCRYPT_AEAD_AES128GCM,
	.name = TEST_CIPHER,
	.driver = TEST_CIPHER,
	.key_len = TEST_KEY_LEN,
};

static const u8 test_mk[TCPCRYPT_K_LEN] = { 1, 2, 3 };

/* More than there are kinds of state that namespaces have */
#define TEST_GENERIC	64

/**
 * struct test_conn - a connection that TCP knows nothing of
 * @hmac: for the key schedule
 * @sock: its socket; what it is given to send fails with -EPIPE
 * @net: its namespace: suites may run before the module's init has been
 * @gen: whatever is looked for in @net is @tn
 * @tn: our state in @net
 * @ctx: its state
 * @next: mk[1]
 */
struct test_conn {
	struct tcpcrypt_hmac *hmac;
	struct socket *sock;
	struct net *net;
	struct net_generic *gen;
	struct tcpcrypt_net *tn;
	struct tcpcrypt_sock *ctx;
	u8 next[TCPCRYPT_K_LEN];
};

static void *test_alloc(struct kunit *test, size_t size)
{
	void *p = kunit_kzalloc(test, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	return p;
}

/* The counters count in it, and nobody listens to its events */
static void test_conn_net(struct kunit *test, struct test_conn *c)
{
	unsigned int i;

	c->net = test_alloc(test, sizeof(*c->net));
	c->gen = test_alloc(test, sizeof(void *) * TEST_GENERIC);
	c->tn = test_alloc(test, sizeof(*c->tn));
	for (i = 0; i < TEST_GENERIC; i++)
		c->gen->ptr[i] = c->tn;
	rcu_assign_pointer(c->net->gen, c->gen);
	c->net->genl_sock = init_net.genl_sock;
	c->tn->net = c->net;
	c->tn->mibs = alloc_percpu(struct tcpcrypt_mibs);
	KUNIT_ASSERT_NOT_NULL(test, (void __force *)c->tn->mibs);
}

static void test_conn_ctx(struct kunit *test, struct test_conn *c)
{
	struct tcpcrypt_sock *ctx = test_alloc(test, sizeof(*ctx));

	ctx->tn = c->tn;
	ctx->sk = c->sock->sk;
	ctx->aead = &test_alg;
	ctx->state = TCPCRYPT_OPEN;
	ctx->rx.aad = test_alloc(test, TCPCRYPT_FRAME_HDR_LEN);
	skb_queue_head_init(&ctx->rx.cipher);
	skb_queue_head_init(&ctx->rx.plain);
	c->ctx = ctx;
}

static void test_conn_key(struct kunit *test, struct test_conn *c,
			  struct tcpcrypt_stream *s)
{
	KUNIT_ASSERT_EQ(test, tcpcrypt_stream_start(s, false, &test_alg,
						    c->hmac, test_mk), 0);
}

static void rekey_test_exit(struct kunit *test)
{
	struct test_conn *c = test->priv;

	if (c->ctx) {
		tcpcrypt_tx_free(&c->ctx->tx);
		tcpcrypt_rx_purge(&c->ctx->rx);
		tcpcrypt_stream_free(&c->ctx->rx.s);
	}
	if (c->tn)
		free_percpu(c->tn->mibs);
	if (c->sock)
		sock_release(c->sock);
	if (!IS_ERR_OR_NULL(c->hmac))
		tcpcrypt_hmac_free(c->hmac);
}

static int rekey_test_init(struct kunit *test)
{
	struct test_conn *c = test_alloc(test, sizeof(*c));

	test->priv = c;
	test_setkey_ret = 0;
	test_crypt_ret = 0;
	c->hmac = tcpcrypt_hmac_alloc();
	KUNIT_ASSERT_FALSE(test, IS_ERR(c->hmac));
	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, PF_INET, SOCK_STREAM,
					       IPPROTO_TCP, &c->sock), 0);
	test_conn_net(test, c);
	test_conn_ctx(test, c);
	test_conn_key(test, c, &c->ctx->tx.s);
	test_conn_key(test, c, &c->ctx->rx.s);
	KUNIT_ASSERT_EQ(test, tcpcrypt_ks_next_mk(c->hmac, test_mk, c->next), 0);
	return 0;
}

static void rekey_test_stream(struct kunit *test)
{
	struct test_conn *c = test->priv;
	struct tcpcrypt_stream *s = &c->ctx->tx.s;

	test_setkey_ret = -ENOMEM;
	KUNIT_EXPECT_EQ(test, tcpcrypt_stream_rekey(s, false, &test_alg),
			-ENOMEM);
	KUNIT_EXPECT_EQ(test, s->gen, 0);
	KUNIT_EXPECT_EQ(test, memcmp(s->mk, test_mk, sizeof(test_mk)), 0);
	KUNIT_EXPECT_TRUE(test, s->keyless);

	test_setkey_ret = 0;
	KUNIT_EXPECT_EQ(test, tcpcrypt_stream_rekey(s, false, &test_alg), 0);
	KUNIT_EXPECT_EQ(test, s->gen, 1);
	KUNIT_EXPECT_EQ(test, memcmp(s->mk, c->next, sizeof(c->next)), 0);
	KUNIT_EXPECT_FALSE(test, s->keyless);
}

/*
 * The frame that was to begin a generation is not sent, and the one that comes
 * next has no reason of its own to begin one: it is the last.
 */
static void rekey_test_send(struct kunit *test)
{
	struct test_conn *c = test->priv;
	struct tcpcrypt_sock *ctx = c->ctx;
	struct tcpcrypt_tx *tx = &ctx->tx;
	const u8 *frame;

	lock_sock(ctx->sk);
	ctx->rekey.wanted = true;
	test_setkey_ret = -ENOMEM;
	KUNIT_EXPECT_EQ(test, tcpcrypt_tx_frame(ctx, NULL, 0, false, 0),
			-ENOMEM);
	KUNIT_EXPECT_EQ(test, tx->s.gen, 0);
	KUNIT_EXPECT_EQ(test, tx->s.frames, 0);
	KUNIT_EXPECT_EQ(test, (int)ctx->state, (int)TCPCRYPT_OPEN);

	test_setkey_ret = 0;
	KUNIT_EXPECT_EQ(test, tcpcrypt_tx_frame(ctx, NULL, 0, true, 0), -EPIPE);
	KUNIT_EXPECT_EQ(test, tx->s.gen, 1);
	KUNIT_EXPECT_EQ(test, tx->s.frames, 1);
	KUNIT_EXPECT_EQ(test, memcmp(tx->s.mk, c->next, sizeof(c->next)), 0);
	KUNIT_EXPECT_EQ(test, tx->nr_pieces, 1);
	if (tx->nr_pieces) {
		frame = page_address(tx->piece[0].bv_page);
		frame += tx->piece[0].bv_offset;
		KUNIT_EXPECT_EQ(test, frame[0], TCPCRYPT_FRAME_REKEY);
		KUNIT_EXPECT_EQ(test, frame[3], TCPCRYPT_FRAME_FINP);
	}
	release_sock(ctx->sk);
}

/* As the parser would leave it: one complete frame with the rekey bit */
static void test_conn_frame(struct kunit *test, struct tcpcrypt_rx *rx)
{
	const u32 len = TCPCRYPT_FRAME_HDR_LEN + TEST_CLEN;
	struct sk_buff *skb = alloc_skb(len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	tcpcrypt_wire_frame_hdr(skb_put_zero(skb, len), true, TEST_CLEN);
	tcpcrypt_rx_cb(skb)->off = 0;
	tcpcrypt_rx_cb(skb)->len = len;
	__skb_queue_tail(&rx->cipher, skb);
	rx->cipher_len = len;
	rx->truesize = skb->truesize;
	rx->p.ready = len;
	rx->p.frames = 1;
	rx->p.rekeys = 1;
}

static void rekey_test_receive(struct kunit *test)
{
	struct test_conn *c = test->priv;
	struct tcpcrypt_sock *ctx = c->ctx;
	struct tcpcrypt_rx *rx = &ctx->rx;

	lock_sock(ctx->sk);
	test_conn_frame(test, rx);
	/* nothing is to be answered */
	ctx->tx.finp = true;
	test_setkey_ret = -ENOMEM;
	KUNIT_EXPECT_EQ(test, tcpcrypt_rx_open(ctx), -ENOMEM);
	KUNIT_EXPECT_EQ(test, rx->s.gen, 0);
	KUNIT_EXPECT_EQ(test, rx->p.frames, 1);

	/* the key is the next one now, and the frame cannot be opened yet */
	test_setkey_ret = 0;
	test_crypt_ret = -ENOMEM;
	KUNIT_EXPECT_EQ(test, tcpcrypt_rx_open(ctx), -ENOMEM);
	KUNIT_EXPECT_EQ(test, rx->s.gen, 1);
	KUNIT_EXPECT_EQ(test, rx->p.frames, 1);

	test_crypt_ret = 0;
	KUNIT_EXPECT_EQ(test, tcpcrypt_rx_open(ctx), 1);
	KUNIT_EXPECT_EQ(test, rx->s.gen, 1);
	KUNIT_EXPECT_EQ(test, memcmp(rx->s.mk, c->next, sizeof(c->next)), 0);
	KUNIT_EXPECT_EQ(test, rx->p.frames, 0);
	KUNIT_EXPECT_EQ(test, rx->p.rekeys, 0);
	KUNIT_EXPECT_EQ(test, (int)ctx->state, (int)TCPCRYPT_OPEN);
	release_sock(ctx->sk);
}

static int rekey_test_suite_init(struct kunit_suite *suite)
{
	return crypto_register_aead(&test_cipher);
}

static void rekey_test_suite_exit(struct kunit_suite *suite)
{
	crypto_unregister_aead(&test_cipher);
}

static struct kunit_case rekey_test_cases[] = {
	KUNIT_CASE(rekey_test_stream),
	KUNIT_CASE(rekey_test_send),
	KUNIT_CASE(rekey_test_receive),
	{}
};

static struct kunit_suite rekey_test_suite = {
	.name = "tcpcrypt_rekey",
	.suite_init = rekey_test_suite_init,
	.suite_exit = rekey_test_suite_exit,
	.init = rekey_test_init,
	.exit = rekey_test_exit,
	.test_cases = rekey_test_cases,
};

kunit_test_suite(rekey_test_suite);
