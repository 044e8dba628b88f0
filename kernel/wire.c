// SPDX-License-Identifier: GPL-2.0-only
/*
 * The encodings of RFC 8548 section 4: Init1, Init2 and encryption frames.
 */
#include "pure.h"
#include "wire.h"

/* RFC 8548 section 5: what stands in front of a NIST curve's public key */
#define WIRE_PREFIX_LEN		2

/* Shortest Init messages of any TEP: X25519, and no cipher in Init1 */
#define WIRE_PUB_MIN		32
#define WIRE_INIT1_MIN	\
	(TCPCRYPT_INIT_HDR_LEN + 1 + TCPCRYPT_NONCE_LEN + WIRE_PUB_MIN)
#define WIRE_INIT2_MIN	\
	(TCPCRYPT_INIT_HDR_LEN + 2 + TCPCRYPT_NONCE_LEN + WIRE_PUB_MIN)

/**
 * tcpcrypt_wire_pub_len() - length of a TEP's public keys
 * @tep: TEP identifier, without the v bit
 *
 * The NIST curves have compressed points, the others are sent as they are
 * (RFC 8548 section 5).
 *
 * Context: Any.
 * Return: bytes of a public key without any length prefix, 0 for a TEP that
 * is not tcpcrypt's.
 */
size_t tcpcrypt_wire_pub_len(u8 tep)
{
	switch (tep) {
	case TCPCRYPT_TEP_P256:
		return 33;
	case TCPCRYPT_TEP_P521:
		return 67;
	case TCPCRYPT_TEP_X25519:
		return 32;
	case TCPCRYPT_TEP_X448:
		return 56;
	default:
		return 0;
	}
}

static bool wire_pub_is_prefixed(u8 tep)
{
	return tep == TCPCRYPT_TEP_P256 || tep == TCPCRYPT_TEP_P521;
}

/**
 * tcpcrypt_wire_init_len() - how long is the Init message that begins here?
 * @magic: TCPCRYPT_INIT1_MAGIC or TCPCRYPT_INIT2_MAGIC, whichever is due
 * @hdr: the first bytes of the peer's data stream
 *
 * Context: Any.
 * Return: length of the whole message in bytes, or -EPROTO when the magic
 * is another one or no message of that length can be valid.
 */
int tcpcrypt_wire_init_len(u32 magic, const u8 hdr[TCPCRYPT_INIT_HDR_LEN])
{
	u32 min = magic == TCPCRYPT_INIT1_MAGIC ? WIRE_INIT1_MIN :
						  WIRE_INIT2_MIN;
	u32 len = get_unaligned_be32(hdr + 4);

	if (get_unaligned_be32(hdr) != magic)
		return -EPROTO;
	if (len < min || len > TCPCRYPT_INIT_MAX)
		return -EPROTO;

	return len;
}

/*
 * Find the public key that begins a message's last @len bytes.  The length
 * prefix counts itself; RFC 8548 can be read the other way, and the key's
 * length is fixed by the TEP, so both are taken.  Bytes after the key "MUST
 * be permitted and ignored" (RFC 8548 section 4.1).
 */
static int wire_parse_pub(u8 tep, const u8 *p, size_t len,
			  struct tcpcrypt_init *init)
{
	size_t pub_len = tcpcrypt_wire_pub_len(tep);
	u16 prefix;

	if (wire_pub_is_prefixed(tep)) {
		if (len < WIRE_PREFIX_LEN)
			return -EPROTO;
		prefix = get_unaligned_be16(p);
		if (prefix != pub_len && prefix != pub_len + WIRE_PREFIX_LEN)
			return -EPROTO;
		p += WIRE_PREFIX_LEN;
		len -= WIRE_PREFIX_LEN;
	}
	if (!pub_len || len < pub_len)
		return -EPROTO;

	init->pub = p;
	init->pub_len = pub_len;
	return 0;
}

/* Parse a message whose cipher identifiers begin at @off. */
static int wire_parse_init(u32 magic, u8 tep, const u8 *msg, size_t len,
			   size_t off, struct tcpcrypt_init *init)
{
	size_t nonce = off + 2 * (size_t)init->nciphers;
	size_t pub = nonce + TCPCRYPT_NONCE_LEN;

	if (tcpcrypt_wire_init_len(magic, msg) != (int)len)
		return -EPROTO;
	if (len < pub)
		return -EPROTO;

	init->ciphers = msg + off;
	init->nonce = msg + nonce;
	return wire_parse_pub(tep, msg + pub, len - pub, init);
}

/**
 * tcpcrypt_wire_parse_init1() - parse host A's key-exchange message
 * @tep: the negotiated TEP identifier, without the v bit
 * @msg: the whole message
 * @len: its length in bytes, as tcpcrypt_wire_init_len() told
 * @init: what it says; points into @msg
 *
 * A list without ciphers parses: nothing can be chosen from it.  Whether the
 * key is a valid one is for the key agreement to find out.
 *
 * Context: Any.
 * Return: 0, or -EPROTO when the message is malformed.
 */
int tcpcrypt_wire_parse_init1(u8 tep, const u8 *msg, size_t len,
			      struct tcpcrypt_init *init)
{
	if (len < WIRE_INIT1_MIN || len > TCPCRYPT_INIT_MAX)
		return -EPROTO;

	init->nciphers = msg[TCPCRYPT_INIT_HDR_LEN];
	return wire_parse_init(TCPCRYPT_INIT1_MAGIC, tep, msg, len,
			       TCPCRYPT_INIT_HDR_LEN + 1, init);
}

/**
 * tcpcrypt_wire_parse_init2() - parse host B's key-exchange message
 * @tep: the negotiated TEP identifier, without the v bit
 * @msg: the whole message
 * @len: its length in bytes, as tcpcrypt_wire_init_len() told
 * @init: what it says; points into @msg
 *
 * The caller still has to see that the cipher is one it offered, with
 * tcpcrypt_wire_choose_cipher() (RFC 8548 section 3.3).
 *
 * Context: Any.
 * Return: 0, or -EPROTO when the message is malformed.
 */
int tcpcrypt_wire_parse_init2(u8 tep, const u8 *msg, size_t len,
			      struct tcpcrypt_init *init)
{
	if (len < WIRE_INIT2_MIN || len > TCPCRYPT_INIT_MAX)
		return -EPROTO;

	init->nciphers = 1;
	return wire_parse_init(TCPCRYPT_INIT2_MAGIC, tep, msg, len,
			       TCPCRYPT_INIT_HDR_LEN, init);
}

/* Write nonce and public key, which end both messages. */
static void wire_put_tail(u8 *p, u8 tep, const u8 nonce[TCPCRYPT_NONCE_LEN],
			  const u8 *pub, size_t pub_len)
{
	memcpy(p, nonce, TCPCRYPT_NONCE_LEN);
	p += TCPCRYPT_NONCE_LEN;
	if (wire_pub_is_prefixed(tep)) {
		put_unaligned_be16(WIRE_PREFIX_LEN + pub_len, p);
		p += WIRE_PREFIX_LEN;
	}
	memcpy(p, pub, pub_len);
}

/*
 * Length of a message with @head bytes in front of the nonce, or a negative
 * error when it cannot be built.
 */
static int wire_build_len(u8 tep, size_t head, size_t pub_len, size_t size)
{
	size_t len = head + TCPCRYPT_NONCE_LEN + pub_len;

	if (!pub_len || pub_len != tcpcrypt_wire_pub_len(tep))
		return -EINVAL;
	if (wire_pub_is_prefixed(tep))
		len += WIRE_PREFIX_LEN;

	return len <= size ? (int)len : -ENOSPC;
}

/**
 * tcpcrypt_wire_build_init1() - write host A's key-exchange message
 * @tep: the negotiated TEP identifier, without the v bit
 * @ciphers: identifiers of the ciphers to offer
 * @nciphers: how many, 1 to 255
 * @nonce: N_A
 * @pub: Pub_A without a length prefix
 * @pub_len: bytes of @pub
 * @out: where the message goes
 * @size: bytes of room at @out
 *
 * Context: Any.
 * Return: length of the message in bytes, -EINVAL when an argument makes no
 * valid message, -ENOSPC when @size is too small.
 */
int tcpcrypt_wire_build_init1(u8 tep, const u16 *ciphers, size_t nciphers,
			      const u8 nonce[TCPCRYPT_NONCE_LEN],
			      const u8 *pub, size_t pub_len,
			      u8 *out, size_t size)
{
	u8 *p = out + TCPCRYPT_INIT_HDR_LEN;
	size_t i;
	int len;

	if (!nciphers || nciphers > TCPCRYPT_INIT_CIPHERS_MAX)
		return -EINVAL;
	len = wire_build_len(tep, TCPCRYPT_INIT_HDR_LEN + 1 + 2 * nciphers,
			     pub_len, size);
	if (len < 0)
		return len;

	put_unaligned_be32(TCPCRYPT_INIT1_MAGIC, out);
	put_unaligned_be32(len, out + 4);
	*p++ = nciphers;
	for (i = 0; i < nciphers; i++, p += 2)
		put_unaligned_be16(ciphers[i], p);
	wire_put_tail(p, tep, nonce, pub, pub_len);

	return len;
}

/**
 * tcpcrypt_wire_build_init2() - write host B's key-exchange message
 * @tep: the negotiated TEP identifier, without the v bit
 * @cipher: identifier of the chosen cipher
 * @nonce: N_B
 * @pub: Pub_B without a length prefix
 * @pub_len: bytes of @pub
 * @out: where the message goes
 * @size: bytes of room at @out
 *
 * Context: Any.
 * Return: length of the message in bytes, -EINVAL when an argument makes no
 * valid message, -ENOSPC when @size is too small.
 */
int tcpcrypt_wire_build_init2(u8 tep, u16 cipher,
			      const u8 nonce[TCPCRYPT_NONCE_LEN],
			      const u8 *pub, size_t pub_len,
			      u8 *out, size_t size)
{
	int len = wire_build_len(tep, TCPCRYPT_INIT_HDR_LEN + 2, pub_len, size);

	if (len < 0)
		return len;

	put_unaligned_be32(TCPCRYPT_INIT2_MAGIC, out);
	put_unaligned_be32(len, out + 4);
	put_unaligned_be16(cipher, out + TCPCRYPT_INIT_HDR_LEN);
	wire_put_tail(out + TCPCRYPT_INIT_HDR_LEN + 2, tep, nonce, pub,
		      pub_len);

	return len;
}

static bool wire_lists_cipher(const struct tcpcrypt_init *init, u16 cipher)
{
	size_t i;

	for (i = 0; i < init->nciphers; i++) {
		if (get_unaligned_be16(init->ciphers + 2 * i) == cipher)
			return true;
	}

	return false;
}

/**
 * tcpcrypt_wire_choose_cipher() - find a cipher that both sides know
 * @init1: the peer's message; an Init2 works too and holds one cipher
 * @pref: identifiers of our ciphers, best first
 * @npref: how many
 *
 * The order that host A lists its ciphers in has no meaning; host B's
 * preference decides (RFC 8548 section 3.3).
 *
 * Context: Any.
 * Return: identifier of the first of @pref that the peer lists, or 0.
 */
u16 tcpcrypt_wire_choose_cipher(const struct tcpcrypt_init *init1,
				const u16 *pref, size_t npref)
{
	size_t i;

	for (i = 0; i < npref; i++) {
		if (wire_lists_cipher(init1, pref[i]))
			return pref[i];
	}

	return 0;
}

/**
 * tcpcrypt_wire_frame_clen() - length of the ciphertext in a frame
 * @hdr: the frame's first bytes
 *
 * Checked before a byte of the ciphertext is waited for: it holds a flags
 * byte and a tag at least.
 *
 * Context: Any.
 * Return: clen in bytes, or -EBADMSG when it is too small.
 */
int tcpcrypt_wire_frame_clen(const u8 hdr[TCPCRYPT_FRAME_HDR_LEN])
{
	u16 clen = get_unaligned_be16(hdr + 1);

	return clen < TCPCRYPT_FRAME_CLEN_MIN ? -EBADMSG : clen;
}

/**
 * tcpcrypt_wire_frame_hdr() - write a frame's header, which is also its AAD
 * @hdr: where it goes
 * @rekey: the frame is the first one under a new key set
 * @clen: bytes of ciphertext, tag included
 *
 * RFC 8548 sections 4.2 and 4.2.2; the reserved bits are 0.
 *
 * Context: Any.
 */
void tcpcrypt_wire_frame_hdr(u8 hdr[TCPCRYPT_FRAME_HDR_LEN], bool rekey,
			     u16 clen)
{
	hdr[0] = rekey ? TCPCRYPT_FRAME_REKEY : 0;
	put_unaligned_be16(clen, hdr + 1);
}

/**
 * tcpcrypt_wire_nonce() - the AEAD nonce of a frame
 * @nonce: where it goes
 * @randomizer: the second part of the traffic key
 * @offset: offset in bytes of the frame's first byte in the sender's TCP
 *	data stream
 *
 * RFC 8548 sections 3.6 and 4.2.3: the offset is padded on the left to the
 * nonce's length and XORed with the randomizer.
 *
 * Context: Any.
 */
void tcpcrypt_wire_nonce(u8 nonce[TCPCRYPT_AE_NONCE_LEN],
			 const u8 randomizer[TCPCRYPT_AE_NONCE_LEN], u64 offset)
{
	size_t i;

	memcpy(nonce, randomizer, TCPCRYPT_AE_NONCE_LEN);
	for (i = TCPCRYPT_AE_NONCE_LEN; offset; offset >>= 8)
		nonce[--i] ^= offset & 0xff;
}

/**
 * tcpcrypt_wire_parse_plain() - parse what was in a frame
 * @head: the first bytes of the plaintext: 3, or all of it if it is shorter
 * @plen: bytes of the whole plaintext
 * @plain: what it says
 *
 * RFC 8548 section 4.2.1; the reserved flags are ignored.
 *
 * Context: Any.
 * Return: 0, or -EBADMSG when the fields that must be there are not.
 */
int tcpcrypt_wire_parse_plain(const u8 *head, size_t plen,
			      struct tcpcrypt_plain *plain)
{
	if (plen < 1)
		return -EBADMSG;

	plain->finp = head[0] & TCPCRYPT_FRAME_FINP;
	plain->urgp = head[0] & TCPCRYPT_FRAME_URGP;
	plain->urgent = 0;
	plain->data_off = 1;
	if (!plain->urgp)
		return 0;
	if (plen < 3)
		return -EBADMSG;

	plain->urgent = get_unaligned_be16(head + 1);
	plain->data_off = 3;
	return 0;
}
