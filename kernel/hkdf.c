// SPDX-License-Identifier: GPL-2.0-only
/*
 * HKDF over HMAC-SHA256: the Extract and CPRF functions of RFC 8548
 * (section 3.1, figure 1), which are those of RFC 5869.
 */
#include "hkdf.h"
#include "pure.h"

/* The block counter is one octet (RFC 5869 section 2.3) */
#define HKDF_BLOCKS_MAX	255

/**
 * tcpcrypt_hkdf_extract() - concentrate keying material into one key
 * @hmac: the hash
 * @salt: N_A in the key schedule
 * @salt_len: bytes of @salt
 * @ikm: the pieces of the input keying material, in order
 * @n: number of pieces
 * @prk: where the pseudo-random key goes
 *
 * Context: As tcpcrypt_hmac().
 * Return: 0, or what tcpcrypt_hmac() failed with.
 */
int tcpcrypt_hkdf_extract(struct tcpcrypt_hmac *hmac,
			  const u8 *salt, size_t salt_len,
			  const struct tcpcrypt_chunk *ikm, size_t n,
			  u8 prk[TCPCRYPT_HMAC_LEN])
{
	return tcpcrypt_hmac(hmac, salt, salt_len, ikm, n, prk);
}

/**
 * tcpcrypt_hkdf_expand() - derive key material from a pseudo-random key
 * @hmac: the hash
 * @prk: the key to derive from
 * @info: what the material is for
 * @info_len: bytes of @info
 * @okm: where the material goes; may be @prk itself if @len is not more
 *	than TCPCRYPT_HMAC_LEN
 * @len: bytes wanted, at most 255 * TCPCRYPT_HMAC_LEN
 *
 * Context: As tcpcrypt_hmac().
 * Return: 0, -EINVAL when @len is too large, or what tcpcrypt_hmac() failed
 * with; then @okm holds nothing of use.
 */
int tcpcrypt_hkdf_expand(struct tcpcrypt_hmac *hmac,
			 const u8 prk[TCPCRYPT_HMAC_LEN],
			 const u8 *info, size_t info_len, u8 *okm, size_t len)
{
	u8 t[TCPCRYPT_HMAC_LEN];
	size_t done, take;
	u8 count = 0;
	int err = 0;
	struct tcpcrypt_chunk chunks[] = {
		{ .data = t, .len = 0 },	/* T(0) is empty */
		{ .data = info, .len = info_len },
		{ .data = &count, .len = 1 },
	};

	if (len > HKDF_BLOCKS_MAX * TCPCRYPT_HMAC_LEN)
		return -EINVAL;

	for (done = 0; done < len; done += take) {
		count++;
		err = tcpcrypt_hmac(hmac, prk, TCPCRYPT_HMAC_LEN, chunks,
				    ARRAY_SIZE(chunks), t);
		if (err)
			break;
		chunks[0].len = sizeof(t);
		take = min(len - done, sizeof(t));
		memcpy(okm + done, t, take);
	}
	if (err)
		memzero_explicit(okm, len);
	memzero_explicit(t, sizeof(t));

	return err;
}
