// SPDX-License-Identifier: GPL-2.0-only
/* Init messages and frames: the vectors' lists, and cases of our own. */
#include <stdlib.h>

#include "crypto_openssl.h"
#include "keysched.h"
#include "tap.h"
#include "vectors.h"
#include "wire.h"

static struct tcpcrypt_hmac *hmac;

enum verdict { ABORT, INCOMPLETE, OK };

static u32 init_magic(int init)
{
	return init == 1 ? TCPCRYPT_INIT1_MAGIC : TCPCRYPT_INIT2_MAGIC;
}

/* What a receiver does with the first bytes of a stream */
static enum verdict receive(int which, u8 tep, const u8 *p, size_t len,
			    struct tcpcrypt_init *init)
{
	int total, err;

	if (len < TCPCRYPT_INIT_HDR_LEN)
		return INCOMPLETE;
	total = tcpcrypt_wire_init_len(init_magic(which), p);
	if (total < 0)
		return ABORT;
	if (len < (size_t)total)
		return INCOMPLETE;
	if (which == 1)
		err = tcpcrypt_wire_parse_init1(tep, p, (size_t)total, init);
	else
		err = tcpcrypt_wire_parse_init2(tep, p, (size_t)total, init);

	return err ? ABORT : OK;
}

static void check_init(const struct vec_init_parse *vec, const u8 *msg,
		       const struct tcpcrypt_init *init)
{
	const u8 *end = init->pub + init->pub_len;
	size_t i;

	if (CHECK_EQ(init->nciphers, vec->ciphers.n)) {
		for (i = 0; i < vec->ciphers.n; i++)
			CHECK_EQ(get_unaligned_be16(init->ciphers + 2 * i),
				 vec->ciphers.v[i]);
	}
	CHECK_VEC(init->nonce, TCPCRYPT_NONCE_LEN, vec->nonce);
	CHECK_VEC(init->pub, init->pub_len, vec->point);
	CHECK_EQ(init->pub_len, tcpcrypt_wire_pub_len(vec->tep));
	CHECK_VEC(end, (size_t)(msg + vec->bytes.len - end), vec->ignored);
}

static void test_init_parse(const struct vec_init_parse *vec)
{
	u8 *msg = exact_copy(vec->bytes.p, vec->bytes.len);
	struct tcpcrypt_init init;
	enum verdict verdict;

	tap_begin("init%d, TEP %#x: %s", vec->init, vec->tep, vec->name);
	CHECK(vec->init == 1 || vec->init == 2);
	verdict = receive(vec->init, vec->tep, msg, vec->bytes.len, &init);
	if (!strcmp(vec->result, "ok")) {
		if (CHECK_EQ(verdict, OK))
			check_init(vec, msg, &init);
	} else if (!strcmp(vec->result, "incomplete")) {
		CHECK_EQ(verdict, INCOMPLETE);
	} else {
		CHECK(!strcmp(vec->result, "abort"));
		CHECK_EQ(verdict, ABORT);
	}
	tap_end();
	free(msg);
}

/* An Init1 with one cipher, a public-key field, and @pad bytes to ignore */
static size_t wrap_field(const struct vec_bytes *field, size_t pad, u8 *out)
{
	size_t head = TCPCRYPT_INIT_HDR_LEN + 3 + TCPCRYPT_NONCE_LEN;
	size_t len = head + field->len + pad;

	memset(out, 0, len);
	put_unaligned_be32(TCPCRYPT_INIT1_MAGIC, out);
	put_unaligned_be32((u32)len, out + 4);
	out[TCPCRYPT_INIT_HDR_LEN] = 1;
	put_unaligned_be16(1, out + TCPCRYPT_INIT_HDR_LEN + 1);
	memcpy(out + head, field->p, field->len);
	return len;
}

static bool key_accepted(u8 tep, const struct vec_bytes *field, size_t pad)
{
	u8 buf[512], es[TCPCRYPT_PUBKEY_MAX], priv[TCPCRYPT_PRIVKEY_MAX];
	size_t priv_len = tcpcrypt_wire_pub_len(tep);
	size_t len = wrap_field(field, pad, buf);
	u8 *msg = exact_copy(buf, len);
	struct tcpcrypt_init init;
	bool accepted;

	/* Any scalar will do, X25519 and X448 clamp it */
	memset(priv, 0x40, sizeof(priv));
	priv[0] = 0;
	if (tep == TCPCRYPT_TEP_P256 || tep == TCPCRYPT_TEP_P521)
		priv_len--;
	accepted = receive(1, tep, msg, len, &init) == OK &&
		   ossl_shared(tep, priv, priv_len, init.pub,
			       init.pub_len, es) >= 0;
	free(msg);

	return accepted;
}

static void test_bad_key(const struct vec_bad_key *vec)
{
	tap_begin("bad key, TEP %#x: %s", vec->tep, vec->name);
	CHECK(!key_accepted(vec->tep, &vec->field, 0));
	/* Nor may a short field borrow from what follows it */
	CHECK(!key_accepted(vec->tep, &vec->field, 64));
	tap_end();
}

/* So that no bad key is refused for a reason of the test's own */
static void test_good_keys(void)
{
	size_t i;

	tap_begin("good keys");
	for (i = 0; i < ARRAY_SIZE(vec_key_exchange); i++) {
		CHECK(key_accepted(vec_key_exchange[i].tep,
				   &vec_key_exchange[i].pub_a, 0));
		CHECK(key_accepted(vec_key_exchange[i].tep,
				   &vec_key_exchange[i].pub_b, 64));
	}
	tap_end();
}

/* Decrypt and parse one frame under generation 0, or rekeyed once */
static bool frame_accepted(const struct vec_frame_decode *vec, const u8 *bytes)
{
	u8 mk[TCPCRYPT_K_LEN], nonce[TCPCRYPT_AE_NONCE_LEN];
	struct tcpcrypt_traffic_key key;
	struct tcpcrypt_plain plain;
	bool ok;
	int clen;
	u8 *out;

	clen = tcpcrypt_wire_frame_clen(bytes);
	if (clen < 0)
		return false;
	CHECK((size_t)clen + TCPCRYPT_FRAME_HDR_LEN <= vec->bytes.len);

	CHECK_EQ(tcpcrypt_ks_first_mk(hmac, vec->ss.p, NULL, 0, mk), 0);
	if (bytes[0] & TCPCRYPT_FRAME_REKEY)
		CHECK_EQ(tcpcrypt_ks_next_mk(hmac, mk, mk), 0);
	CHECK_EQ(tcpcrypt_ks_traffic_key(hmac, mk, vec->direction[0] == 'b',
					 ossl_key_len(vec->aead), &key), 0);
	tcpcrypt_wire_nonce(nonce, key.randomizer, vec->offset);
	out = malloc((size_t)clen - TCPCRYPT_AE_TAG_LEN);
	ok = ossl_open(vec->aead, key.key, nonce, bytes,
		       TCPCRYPT_FRAME_HDR_LEN, bytes + TCPCRYPT_FRAME_HDR_LEN,
		       (size_t)clen, out) &&
	     !tcpcrypt_wire_parse_plain(out,
					(size_t)clen - TCPCRYPT_AE_TAG_LEN,
					&plain);
	free(out);

	return ok;
}

static void test_frame_decode(const struct vec_frame_decode *vec)
{
	u8 *bytes = exact_copy(vec->bytes.p, vec->bytes.len);
	bool accept = !strcmp(vec->result, "accept");

	tap_begin("frame, AEAD %u: %s", vec->aead, vec->name);
	CHECK(accept || !strcmp(vec->result, "abort"));
	CHECK_EQ(frame_accepted(vec, bytes), accept);
	tap_end();
	free(bytes);
}

static void test_pubkey_len(void)
{
	static const u8 teps[] = { TCPCRYPT_TEP_P256, TCPCRYPT_TEP_P521 };
	u8 nonce[TCPCRYPT_NONCE_LEN] = { 7 };
	u8 pub[TCPCRYPT_PUBKEY_MAX] = { 2 };
	u8 msg[TCPCRYPT_INIT_SENT_MAX];
	struct tcpcrypt_init init;
	size_t i, n;
	int len;

	tap_begin("pubkey_len: both readings are taken, one is sent");
	for (i = 0; i < ARRAY_SIZE(teps); i++) {
		n = tcpcrypt_wire_pub_len(teps[i]);
		len = tcpcrypt_wire_build_init2(teps[i], 1, nonce, pub, n,
						msg, sizeof(msg));
		CHECK_EQ(len, 10 + 32 + 2 + n);
		CHECK_EQ(get_unaligned_be16(msg + 42), n + 2);
		CHECK_EQ(receive(2, teps[i], msg, (size_t)len, &init), OK);
		put_unaligned_be16((u16)n, msg + 42);
		CHECK_EQ(receive(2, teps[i], msg, (size_t)len, &init), OK);
		CHECK(init.pub == msg + 44);
		put_unaligned_be16((u16)(n + 1), msg + 42);
		CHECK_EQ(receive(2, teps[i], msg, (size_t)len, &init), ABORT);
		put_unaligned_be16((u16)(n + 3), msg + 42);
		CHECK_EQ(receive(2, teps[i], msg, (size_t)len, &init), ABORT);
	}
	tap_end();
}

static void test_pub_len(void)
{
	tap_begin("public keys: lengths by TEP");
	CHECK_EQ(tcpcrypt_wire_pub_len(TCPCRYPT_TEP_P256), 33);
	CHECK_EQ(tcpcrypt_wire_pub_len(TCPCRYPT_TEP_P521), 67);
	CHECK_EQ(tcpcrypt_wire_pub_len(TCPCRYPT_TEP_X25519), 32);
	CHECK_EQ(tcpcrypt_wire_pub_len(TCPCRYPT_TEP_X448), 56);
	CHECK_EQ(tcpcrypt_wire_pub_len(0x20), 0);
	CHECK_EQ(tcpcrypt_wire_pub_len(0x25), 0);
	CHECK_EQ(tcpcrypt_wire_pub_len(0xa3), 0);
	tap_end();
}

static void test_init_len(void)
{
	u8 hdr[TCPCRYPT_INIT_HDR_LEN];

	tap_begin("message_len: bounds");
	put_unaligned_be32(TCPCRYPT_INIT1_MAGIC, hdr);
	put_unaligned_be32(72, hdr + 4);
	CHECK_EQ(tcpcrypt_wire_init_len(TCPCRYPT_INIT1_MAGIC, hdr), -EPROTO);
	put_unaligned_be32(73, hdr + 4);
	CHECK_EQ(tcpcrypt_wire_init_len(TCPCRYPT_INIT1_MAGIC, hdr), 73);
	CHECK_EQ(tcpcrypt_wire_init_len(TCPCRYPT_INIT2_MAGIC, hdr), -EPROTO);
	put_unaligned_be32(TCPCRYPT_INIT2_MAGIC, hdr);
	CHECK_EQ(tcpcrypt_wire_init_len(TCPCRYPT_INIT2_MAGIC, hdr), -EPROTO);
	put_unaligned_be32(74, hdr + 4);
	CHECK_EQ(tcpcrypt_wire_init_len(TCPCRYPT_INIT2_MAGIC, hdr), 74);
	put_unaligned_be32(TCPCRYPT_INIT_MAX, hdr + 4);
	CHECK_EQ(tcpcrypt_wire_init_len(TCPCRYPT_INIT2_MAGIC, hdr),
		 TCPCRYPT_INIT_MAX);
	put_unaligned_be32(TCPCRYPT_INIT_MAX + 1, hdr + 4);
	CHECK_EQ(tcpcrypt_wire_init_len(TCPCRYPT_INIT2_MAGIC, hdr), -EPROTO);
	put_unaligned_be32(0xffffffff, hdr + 4);
	CHECK_EQ(tcpcrypt_wire_init_len(TCPCRYPT_INIT2_MAGIC, hdr), -EPROTO);
	tap_end();
}

/*
 * A message of a hundred bytes whose list of ciphers takes ever more of it:
 * nonce and key move to its end and past it.
 */
static void test_nciphers(u8 tep)
{
	size_t field = tcpcrypt_wire_pub_len(tep);
	struct tcpcrypt_init init;
	size_t len, n, pub;
	bool prefixed;
	u8 *msg;

	prefixed = tep == TCPCRYPT_TEP_P256 || tep == TCPCRYPT_TEP_P521;
	field += prefixed ? 2 : 0;
	tap_begin("nciphers: every value, TEP %#x", tep);
	for (n = 0; n <= 2 * 255 + 1; n++) {
		len = 150 + n % 2;
		pub = 9 + n / 2 * 2 + TCPCRYPT_NONCE_LEN;
		msg = exact_copy(NULL, len);
		put_unaligned_be32(TCPCRYPT_INIT1_MAGIC, msg);
		put_unaligned_be32((u32)len, msg + 4);
		msg[8] = (u8)(n / 2);
		if (prefixed && pub + 2 <= len)
			put_unaligned_be16((u16)field, msg + pub);
		CHECK_EQ(tcpcrypt_wire_parse_init1(tep, msg, len, &init),
			 pub + field <= len ? 0 : -EPROTO);
		free(msg);
	}
	tap_end();
}

/* Cut off anywhere, a message is refused without a look behind its end. */
static void test_truncated(void)
{
	const struct vec_kex *vec = &vec_key_exchange[0];
	struct tcpcrypt_init init;
	size_t len;
	u8 *msg;

	tap_begin("truncated messages");
	for (len = 0; len < vec->init1.len; len++) {
		msg = exact_copy(vec->init1.p, len);
		CHECK_EQ(tcpcrypt_wire_parse_init1(vec->tep, msg, len, &init),
			 -EPROTO);
		free(msg);
	}
	for (len = 0; len < vec->init2.len; len++) {
		msg = exact_copy(vec->init2.p, len);
		CHECK_EQ(tcpcrypt_wire_parse_init2(vec->tep, msg, len, &init),
			 -EPROTO);
		free(msg);
	}
	tap_end();
}

static void test_wrong_len(void)
{
	const struct vec_bytes *init1 = &vec_key_exchange[0].init1;
	const struct vec_bytes *init2 = &vec_key_exchange[0].init2;
	u8 tep = vec_key_exchange[0].tep;
	struct tcpcrypt_init init;
	u8 msg[512] = { 0 };

	tap_begin("message_len: must be the length parsed");
	memcpy(msg, init1->p, init1->len);
	CHECK_EQ(tcpcrypt_wire_parse_init1(tep, msg, init1->len, &init), 0);
	CHECK_EQ(tcpcrypt_wire_parse_init1(tep, msg, init1->len + 1, &init),
		 -EPROTO);
	CHECK_EQ(tcpcrypt_wire_parse_init2(tep, msg, init1->len, &init),
		 -EPROTO);
	CHECK_EQ(tcpcrypt_wire_parse_init1(tep, msg, 0, &init), -EPROTO);
	memcpy(msg, init2->p, init2->len);
	CHECK_EQ(tcpcrypt_wire_parse_init2(tep, msg, init2->len, &init), 0);
	CHECK_EQ(tcpcrypt_wire_parse_init2(tep, msg, init2->len + 1, &init),
		 -EPROTO);
	CHECK_EQ(tcpcrypt_wire_parse_init1(tep, msg, init2->len, &init),
		 -EPROTO);
	CHECK_EQ(tcpcrypt_wire_parse_init2(tep, msg, 0, &init), -EPROTO);
	tap_end();
}

static void test_build_errors(void)
{
	u8 out[TCPCRYPT_INIT_SENT_MAX], nonce[32] = { 0 }, pub[69] = { 0 };
	const u16 ciphers[] = { 1, 2, 16 };

	tap_begin("build: what makes no message");
	CHECK_EQ(tcpcrypt_wire_build_init1(0x22, ciphers, 3, nonce, pub, 67,
					   out, sizeof(out)), sizeof(out));
	CHECK_EQ(tcpcrypt_wire_build_init1(0x22, ciphers, 3, nonce, pub, 67,
					   out, sizeof(out) - 1), -ENOSPC);
	CHECK_EQ(tcpcrypt_wire_build_init1(0x22, ciphers, 0, nonce, pub, 67,
					   out, sizeof(out)), -EINVAL);
	CHECK_EQ(tcpcrypt_wire_build_init1(0x22, ciphers, 256, nonce, pub, 67,
					   out, sizeof(out)), -EINVAL);
	CHECK_EQ(tcpcrypt_wire_build_init1(0x23, ciphers, 3, nonce, pub, 33,
					   out, sizeof(out)), -EINVAL);
	CHECK_EQ(tcpcrypt_wire_build_init1(0x20, ciphers, 3, nonce, pub, 0,
					   out, sizeof(out)), -EINVAL);
	CHECK_EQ(tcpcrypt_wire_build_init2(0x23, 1, nonce, pub, 32, out, 74),
		 74);
	CHECK_EQ(tcpcrypt_wire_build_init2(0x23, 1, nonce, pub, 32, out, 73),
		 -ENOSPC);
	CHECK_EQ(tcpcrypt_wire_build_init2(0x24, 1, nonce, pub, 32, out, 98),
		 -EINVAL);
	tap_end();
}

static void test_choose_cipher(void)
{
	const u8 listed[] = { 0x00, 0x10, 0x00, 0x01, 0x12, 0x34 };
	const struct tcpcrypt_init init = { .nciphers = 3, .ciphers = listed };
	const struct tcpcrypt_init none = { .nciphers = 0, .ciphers = listed };
	const u16 gcm_first[] = { 0x0002, 0x0001, 0x0010 };
	const u16 chacha_first[] = { 0x0010, 0x0001 };
	const u16 others[] = { 0x0002, 0x1000 };

	tap_begin("ciphers: our preference decides");
	CHECK_EQ(tcpcrypt_wire_choose_cipher(&init, gcm_first, 3), 0x0001);
	CHECK_EQ(tcpcrypt_wire_choose_cipher(&init, chacha_first, 2), 0x0010);
	CHECK_EQ(tcpcrypt_wire_choose_cipher(&init, others, 2), 0);
	CHECK_EQ(tcpcrypt_wire_choose_cipher(&init, gcm_first, 0), 0);
	CHECK_EQ(tcpcrypt_wire_choose_cipher(&none, gcm_first, 3), 0);
	tap_end();
}

static void test_frame_hdr(void)
{
	u8 hdr[TCPCRYPT_FRAME_HDR_LEN];
	unsigned int clen;

	tap_begin("frame header: every clen");
	for (clen = 0; clen <= TCPCRYPT_FRAME_CLEN_MAX; clen++) {
		tcpcrypt_wire_frame_hdr(hdr, clen & 1, (u16)clen);
		CHECK_EQ(hdr[0], clen & 1);
		CHECK_EQ(tcpcrypt_wire_frame_clen(hdr),
			 clen < 17 ? -EBADMSG : (int)clen);
	}
	hdr[0] = 0xfe;
	CHECK_EQ(tcpcrypt_wire_frame_clen(hdr), TCPCRYPT_FRAME_CLEN_MAX);
	tap_end();
}

static void test_nonce(void)
{
	const u8 randomizer[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
	const u8 want[12] = { 1, 2, 3, 4, 5 ^ 0xf1, 6 ^ 0xe2, 7 ^ 0xd3,
			      8 ^ 0xc4, 9 ^ 0xb5, 10 ^ 0xa6, 11 ^ 0x97,
			      12 ^ 0x88 };
	u8 nonce[12];

	tap_begin("nonce: offset in the last eight bytes");
	tcpcrypt_wire_nonce(nonce, randomizer, 0);
	CHECK_MEM(nonce, 12, randomizer, 12);
	tcpcrypt_wire_nonce(nonce, randomizer, 0xf1e2d3c4b5a69788ULL);
	CHECK_MEM(nonce, 12, want, 12);
	tap_end();
}

struct plain_case {
	u8 bytes[4];
	u8 len;
	int ret;
	bool finp, urgp;
	u16 urgent;
	u8 off;
};

static const struct plain_case plain_cases[] = {
	{ { 0 }, 0, -EBADMSG, false, false, 0, 0 },
	{ { 0x00 }, 1, 0, false, false, 0, 1 },
	{ { 0x01 }, 1, 0, true, false, 0, 1 },
	{ { 0xfc, 1, 2 }, 3, 0, false, false, 0, 1 },
	{ { 0x02 }, 1, -EBADMSG, false, false, 0, 0 },
	{ { 0x02, 1 }, 2, -EBADMSG, false, false, 0, 0 },
	{ { 0x02, 1, 2 }, 3, 0, false, true, 0x0102, 3 },
	{ { 0xff, 1, 2, 3 }, 4, 0, true, true, 0x0102, 3 },
};

static void test_plain(void)
{
	const struct plain_case *c;
	struct tcpcrypt_plain plain;
	u8 *head;

	tap_begin("plaintext: flags and urgent field");
	for (c = plain_cases; c < plain_cases + ARRAY_SIZE(plain_cases); c++) {
		head = exact_copy(c->bytes, c->len);
		CHECK_EQ(tcpcrypt_wire_parse_plain(head, c->len, &plain),
			 c->ret);
		free(head);
		if (c->ret)
			continue;
		CHECK_EQ(plain.finp, c->finp);
		CHECK_EQ(plain.urgp, c->urgp);
		CHECK_EQ(plain.urgent, c->urgent);
		CHECK_EQ(plain.data_off, c->off);
	}
	tap_end();
}

int main(void)
{
	size_t i;

	static_assert(ARRAY_SIZE(vec_init_parse) == 80);
	static_assert(ARRAY_SIZE(vec_bad_public_keys) == 33);
	static_assert(ARRAY_SIZE(vec_frame_decode) == 54);

	hmac = tcpcrypt_hmac_alloc();
	for (i = 0; i < ARRAY_SIZE(vec_init_parse); i++)
		test_init_parse(&vec_init_parse[i]);
	for (i = 0; i < ARRAY_SIZE(vec_bad_public_keys); i++)
		test_bad_key(&vec_bad_public_keys[i]);
	for (i = 0; i < ARRAY_SIZE(vec_frame_decode); i++)
		test_frame_decode(&vec_frame_decode[i]);
	test_good_keys();
	test_pubkey_len();
	test_pub_len();
	test_init_len();
	test_truncated();
	test_wrong_len();
	for (i = TCPCRYPT_TEP_P256; i <= TCPCRYPT_TEP_X448; i++)
		test_nciphers((u8)i);
	test_build_errors();
	test_choose_cipher();
	test_frame_hdr();
	test_nonce();
	test_plain();
	tcpcrypt_hmac_free(hmac);

	return tap_finish(80 + 33 + 54 + 11 + 4);
}
