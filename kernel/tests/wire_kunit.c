// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of wire.c, on the project's test vectors (gen_pure_vectors.py).
 */
#include "hex.h"
#include "wire.h"

/**
 * struct init_vector - the start of a data stream
 * @name: what is special about it
 * @init: 1 for Init1, 2 for Init2
 * @tep: the negotiated TEP
 * @bytes: what has been received
 * @incomplete: more is needed before anything can be said
 * @ciphers: the cipher identifiers; NULL when the message is refused
 * @nonce: the nonce
 * @pub: the public key, without a length prefix
 */
struct init_vector {
	const char *name;
	int init;
	u8 tep;
	const char *bytes;
	bool incomplete;
	const char *ciphers;
	const char *nonce;
	const char *pub;
};

#include "wire_vectors.h"

/* 0, -EPROTO, or -EAGAIN when bytes are missing */
static int wire_test_receive(const struct init_vector *v, const u8 *p,
			     size_t len, struct tcpcrypt_init *init)
{
	u32 magic = v->init == 1 ? TCPCRYPT_INIT1_MAGIC : TCPCRYPT_INIT2_MAGIC;
	int total;

	if (len < TCPCRYPT_INIT_HDR_LEN)
		return -EAGAIN;
	total = tcpcrypt_wire_init_len(magic, p);
	if (total < 0)
		return total;
	if (len < total)
		return -EAGAIN;
	if (v->init == 1)
		return tcpcrypt_wire_parse_init1(v->tep, p, total, init);
	return tcpcrypt_wire_parse_init2(v->tep, p, total, init);
}

static void wire_test_parse(struct kunit *test)
{
	const struct init_vector *v = init_vectors;
	struct tcpcrypt_init init;
	size_t len;
	int want;
	u8 *p;

	for (; v < init_vectors + ARRAY_SIZE(init_vectors); v++) {
		want = v->ciphers ? 0 : -EPROTO;
		if (v->incomplete)
			want = -EAGAIN;
		p = hex_bytes(test, v->bytes, &len);
		KUNIT_EXPECT_EQ_MSG(test, wire_test_receive(v, p, len, &init),
				    want, "%s", v->name);
		if (want)
			continue;
		hex_expect(test, v->name, init.ciphers, 2 * init.nciphers,
			   v->ciphers);
		hex_expect(test, v->name, init.nonce, TCPCRYPT_NONCE_LEN,
			   v->nonce);
		hex_expect(test, v->name, init.pub, init.pub_len, v->pub);
	}
}

/* The good messages, built from what they say */
static void wire_test_build(struct kunit *test)
{
	static const u16 ciphers[] = { 1, 2, 16 };
	const struct init_vector *v = init_vectors;
	u8 out[TCPCRYPT_INIT_SENT_MAX];
	size_t nonce_len, pub_len;
	u8 *nonce, *pub;
	int len, n = 0;

	for (; v < init_vectors + ARRAY_SIZE(init_vectors); v++) {
		if (strcmp(v->name, "good"))
			continue;
		n++;
		nonce = hex_bytes(test, v->nonce, &nonce_len);
		pub = hex_bytes(test, v->pub, &pub_len);
		if (v->init == 1)
			len = tcpcrypt_wire_build_init1(v->tep, ciphers, 3,
							nonce, pub, pub_len,
							out, sizeof(out));
		else
			len = tcpcrypt_wire_build_init2(v->tep, 16, nonce, pub,
							pub_len, out,
							sizeof(out));
		KUNIT_ASSERT_GT(test, len, 0);
		hex_expect(test, v->name, out, len, v->bytes);
	}
	KUNIT_EXPECT_EQ(test, n, 4);
}

static void wire_test_choose_cipher(struct kunit *test)
{
	static const u8 list[] = { 0, 16, 0, 1 };
	const struct tcpcrypt_init init = { .nciphers = 2, .ciphers = list };
	static const u16 pref[] = { 2, 1, 16 };

	KUNIT_EXPECT_EQ(test, tcpcrypt_wire_choose_cipher(&init, pref, 3), 1);
	KUNIT_EXPECT_EQ(test, tcpcrypt_wire_choose_cipher(&init, pref, 1), 0);
}

static void wire_test_frame(struct kunit *test)
{
	static const u8 randomizer[TCPCRYPT_AE_NONCE_LEN] = { 0xff };
	u8 nonce[TCPCRYPT_AE_NONCE_LEN];
	u8 hdr[TCPCRYPT_FRAME_HDR_LEN];

	tcpcrypt_wire_frame_hdr(hdr, true, 0x1234);
	hex_expect(test, "header", hdr, sizeof(hdr), "011234");
	KUNIT_EXPECT_EQ(test, tcpcrypt_wire_frame_clen(hdr), 0x1234);
	tcpcrypt_wire_frame_hdr(hdr, false, 16);
	KUNIT_EXPECT_EQ(test, tcpcrypt_wire_frame_clen(hdr), -EBADMSG);
	tcpcrypt_wire_nonce(nonce, randomizer, 0x0102030405060708ULL);
	hex_expect(test, "nonce", nonce, sizeof(nonce),
		   "ff0000000102030405060708");
	tcpcrypt_wire_nonce(nonce, randomizer, U64_MAX);
	hex_expect(test, "last nonce", nonce, sizeof(nonce),
		   "ff000000ffffffffffffffff");
}

static void wire_test_plain(struct kunit *test)
{
	struct tcpcrypt_plain plain;
	size_t len;
	u8 *p;

	p = hex_bytes(test, "", &len);
	KUNIT_EXPECT_EQ(test, tcpcrypt_wire_parse_plain(p, 0, &plain),
			-EBADMSG);
	p = hex_bytes(test, "0201", &len);
	KUNIT_EXPECT_EQ(test, tcpcrypt_wire_parse_plain(p, 2, &plain),
			-EBADMSG);
	p = hex_bytes(test, "fd", &len);
	KUNIT_EXPECT_EQ(test, tcpcrypt_wire_parse_plain(p, 1, &plain), 0);
	KUNIT_EXPECT_TRUE(test, plain.finp && !plain.urgp);
	KUNIT_EXPECT_EQ(test, plain.data_off, 1);
	p = hex_bytes(test, "020102", &len);
	KUNIT_EXPECT_EQ(test, tcpcrypt_wire_parse_plain(p, 3, &plain), 0);
	KUNIT_EXPECT_TRUE(test, !plain.finp && plain.urgp);
	KUNIT_EXPECT_EQ(test, plain.urgent, 0x0102);
	KUNIT_EXPECT_EQ(test, plain.data_off, 3);
}

static struct kunit_case wire_test_cases[] = {
	KUNIT_CASE(wire_test_parse),
	KUNIT_CASE(wire_test_build),
	KUNIT_CASE(wire_test_choose_cipher),
	KUNIT_CASE(wire_test_frame),
	KUNIT_CASE(wire_test_plain),
	{}
};

static struct kunit_suite wire_test_suite = {
	.name = "tcpcrypt_wire",
	.test_cases = wire_test_cases,
};

kunit_test_suite(wire_test_suite);
