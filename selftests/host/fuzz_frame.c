// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frame headers, plaintexts and nonces.
 *
 * Input: frame header, randomizer, offset, plaintext.
 */
#include "fuzz.h"
#include "wire.h"

static void check_header(const u8 *hdr)
{
	u8 again[TCPCRYPT_FRAME_HDR_LEN];
	int clen = tcpcrypt_wire_frame_clen(hdr);

	if (clen < 0) {
		ASSERT(clen == -EBADMSG);
		ASSERT(get_unaligned_be16(hdr + 1) < 17);
		return;
	}
	ASSERT(clen >= 17 && clen <= 65535);
	tcpcrypt_wire_frame_hdr(again, hdr[0] & TCPCRYPT_FRAME_REKEY,
				(u16)clen);
	/* Reserved bits are ignored and not sent */
	ASSERT(again[0] == (hdr[0] & 1));
	ASSERT(!memcmp(again + 1, hdr + 1, 2));
}

/* The randomizer comes back out, and the offset is in the last 8 bytes. */
static void check_nonce(const u8 *randomizer, u64 offset)
{
	u8 nonce[TCPCRYPT_AE_NONCE_LEN], back[TCPCRYPT_AE_NONCE_LEN];
	u64 seen;

	tcpcrypt_wire_nonce(nonce, randomizer, offset);
	tcpcrypt_wire_nonce(back, nonce, offset);
	ASSERT(!memcmp(back, randomizer, sizeof(back)));
	ASSERT(!memcmp(nonce, randomizer, 4));
	seen = (u64)(get_unaligned_be32(nonce + 4) ^
		     get_unaligned_be32(randomizer + 4)) << 32;
	seen |= get_unaligned_be32(nonce + 8) ^
		get_unaligned_be32(randomizer + 8);
	ASSERT(seen == offset);
}

/* Only the first three bytes may be looked at, however long it is. */
static void check_plain(const u8 *text, size_t len)
{
	size_t head_len = len < 3 ? len : 3;
	u8 *head = malloc(head_len ? head_len : 1);
	struct tcpcrypt_plain plain;
	int err;

	if (!head)
		abort();
	if (head_len)
		memcpy(head, text, head_len);
	err = tcpcrypt_wire_parse_plain(head, len, &plain);
	if (err) {
		ASSERT(err == -EBADMSG);
		ASSERT(!len || (len < 3 && text[0] & TCPCRYPT_FRAME_URGP));
	} else {
		ASSERT(plain.data_off <= len);
		ASSERT(plain.data_off == (plain.urgp ? 3 : 1));
		ASSERT(plain.finp == (text[0] & 1));
		ASSERT(plain.urgp == !!(text[0] & 2));
		ASSERT(plain.urgp ?
		       plain.urgent == get_unaligned_be16(text + 1) :
		       !plain.urgent);
	}
	free(head);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_input in = { .p = data, .left = size };
	size_t hdr_len, rnd_len, len, i;
	u8 *hdr, *rnd, *text;
	u64 offset = 0;

	hdr = fuzz_take(&in, TCPCRYPT_FRAME_HDR_LEN, &hdr_len);
	rnd = fuzz_take(&in, TCPCRYPT_AE_NONCE_LEN, &rnd_len);
	for (i = 0; i < 8; i++)
		offset = offset << 8 | fuzz_byte(&in);
	text = fuzz_take(&in, in.left, &len);
	if (hdr_len == TCPCRYPT_FRAME_HDR_LEN)
		check_header(hdr);
	if (rnd_len == TCPCRYPT_AE_NONCE_LEN)
		check_nonce(rnd, offset);
	check_plain(text, len);
	free(text);
	free(rnd);
	free(hdr);

	return 0;
}
