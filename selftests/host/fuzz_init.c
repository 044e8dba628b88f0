// SPDX-License-Identifier: GPL-2.0-only
/*
 * The start of a data stream: Init1 or Init2.
 *
 * Input: which of them and the TEP in one byte, the stream.
 */
#include "fuzz.h"
#include "wire.h"

static const u16 ours[] = {
	TCPCRYPT_AEAD_AES256GCM,
	TCPCRYPT_AEAD_AES128GCM,
	TCPCRYPT_AEAD_CHACHA20POLY1305,
};

/* All that the parser points to lies inside the message. */
static void check_pointers(const u8 *msg, size_t len, u8 tep,
			   const struct tcpcrypt_init *init)
{
	ASSERT(init->ciphers > msg);
	ASSERT(init->nonce == init->ciphers + 2 * init->nciphers);
	ASSERT(init->pub >= init->nonce + TCPCRYPT_NONCE_LEN);
	ASSERT(init->pub + init->pub_len <= msg + len);
	ASSERT(init->pub_len == tcpcrypt_wire_pub_len(tep));
}

static void check_cipher(const struct tcpcrypt_init *init)
{
	u16 chosen = tcpcrypt_wire_choose_cipher(init, ours, ARRAY_SIZE(ours));
	size_t i, ciphers = 0;

	for (i = 0; i < init->nciphers; i++)
		ciphers += get_unaligned_be16(init->ciphers + 2 * i) == chosen;
	ASSERT(!chosen || ciphers);
	for (i = 0; i < ARRAY_SIZE(ours) && ours[i] != chosen; i++)
		ASSERT(!tcpcrypt_wire_choose_cipher(init, &ours[i], 1));
}

static int build(bool first, u8 tep, const struct tcpcrypt_init *init,
		 u8 *out, size_t size)
{
	u16 ciphers[TCPCRYPT_INIT_CIPHERS_MAX];
	size_t i;

	for (i = 0; i < init->nciphers; i++)
		ciphers[i] = get_unaligned_be16(init->ciphers + 2 * i);
	if (first)
		return tcpcrypt_wire_build_init1(tep, ciphers, init->nciphers,
						 init->nonce, init->pub,
						 init->pub_len, out, size);
	return tcpcrypt_wire_build_init2(tep, ciphers[0], init->nonce,
					 init->pub, init->pub_len, out, size);
}

static int parse(bool first, u8 tep, const u8 *msg, size_t len,
		 struct tcpcrypt_init *init)
{
	if (first)
		return tcpcrypt_wire_parse_init1(tep, msg, len, init);
	return tcpcrypt_wire_parse_init2(tep, msg, len, init);
}

/* What was parsed, built anew, is the message without its ignored end. */
static void check_rebuild(bool first, u8 tep, const u8 *msg,
			  const struct tcpcrypt_init *init)
{
	size_t used = (size_t)(init->pub + init->pub_len - msg);
	struct tcpcrypt_init again;
	u8 *out = malloc(used);
	int len;

	if (!out)
		abort();
	len = build(first, tep, init, out, used - 1);
	ASSERT(len == (init->nciphers ? -ENOSPC : -EINVAL));
	len = build(first, tep, init, out, used);
	if (init->nciphers) {
		ASSERT(len == (int)used);
		/* Equal but for message_len and pubkey_len */
		ASSERT(!memcmp(out + 8, msg + 8,
			       (size_t)(init->nonce + 32 - msg) - 8));
		ASSERT(!memcmp(out + used - init->pub_len, init->pub,
			       init->pub_len));
		ASSERT(!parse(first, tep, out, used, &again));
		ASSERT(again.pub + again.pub_len == out + used);
	}
	free(out);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_input in = { .p = data, .left = size };
	struct tcpcrypt_init init;
	size_t len;
	bool first;
	u8 *msg, tep;
	int total;
	u32 magic;

	tep = fuzz_byte(&in);
	first = tep & 0x80;
	tep = TCPCRYPT_TEP_P256 + tep % (TCPCRYPT_TEP_COUNT + 1);
	magic = first ? TCPCRYPT_INIT1_MAGIC : TCPCRYPT_INIT2_MAGIC;
	msg = fuzz_take(&in, in.left, &len);

	/* Whatever the caller says about the length */
	if (!parse(first, tep, msg, len, &init)) {
		total = tcpcrypt_wire_init_len(magic, msg);
		ASSERT(total == (int)len);
		check_pointers(msg, len, tep, &init);
		check_cipher(&init);
		check_rebuild(first, tep, msg, &init);
		/* One byte less is another message, and a wrong one */
		ASSERT(parse(first, tep, msg, len - 1, &init));
	}
	free(msg);

	return 0;
}
