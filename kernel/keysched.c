// SPDX-License-Identifier: GPL-2.0-only
/*
 * The key schedule of RFC 8548: from the key exchange to session secrets,
 * master keys, traffic keys, the session ID and the resumption identifier.
 *
 * All functions here may be used wherever tcpcrypt_hmac() may, and keep no
 * copy of a secret once they return.
 */
#include "keysched.h"
#include "pure.h"

/* A session nonce is both hosts' resumption nonces (RFC 8548 section 3.5) */
#define KS_SN_MAX	(2 * TCPCRYPT_RESUME_NONCE_MAX)

/* CPRF(K, CONST | sn, L) of RFC 8548 section 3.3; sn is not secret. */
static int ks_cprf_sn(struct tcpcrypt_hmac *hmac, const u8 key[TCPCRYPT_K_LEN],
		      u8 constant, const u8 *sn, size_t sn_len,
		      u8 *out, size_t len)
{
	u8 info[1 + KS_SN_MAX];

	static_assert(TCPCRYPT_K_LEN == TCPCRYPT_HMAC_LEN);
	if (sn_len > KS_SN_MAX)
		return -EINVAL;

	info[0] = constant;
	if (sn_len)
		memcpy(info + 1, sn, sn_len);
	return tcpcrypt_hkdf_expand(hmac, key, info, 1 + sn_len, out, len);
}

static int ks_cprf(struct tcpcrypt_hmac *hmac, const u8 key[TCPCRYPT_K_LEN],
		   u8 constant, u8 *out, size_t len)
{
	return ks_cprf_sn(hmac, key, constant, NULL, 0, out, len);
}

/**
 * tcpcrypt_ks_prk() - the first session secret, from a key exchange
 * @hmac: the hash
 * @n_a: host A's nonce
 * @transcript: both SYN-form ENO options, host A's first
 * @transcript_len: bytes of @transcript
 * @init1: Init1 as transmitted, with any ignored bytes at its end
 * @init1_len: bytes of @init1
 * @init2: Init2 likewise
 * @init2_len: bytes of @init2
 * @es: the ephemeral secret; the caller wipes it
 * @es_len: bytes of @es
 * @prk: where PRK, which is also ss[0], goes
 *
 * RFC 8548 section 3.3: PRK = Extract(N_A, eno_transcript | Init1 | Init2 |
 * ES).
 *
 * Context: As tcpcrypt_hmac().
 * Return: 0, or what tcpcrypt_hmac() failed with.
 */
int tcpcrypt_ks_prk(struct tcpcrypt_hmac *hmac,
		    const u8 n_a[TCPCRYPT_NONCE_LEN],
		    const u8 *transcript, size_t transcript_len,
		    const u8 *init1, size_t init1_len,
		    const u8 *init2, size_t init2_len,
		    const u8 *es, size_t es_len, u8 prk[TCPCRYPT_K_LEN])
{
	const struct tcpcrypt_chunk ikm[] = {
		{ .data = transcript, .len = transcript_len },
		{ .data = init1, .len = init1_len },
		{ .data = init2, .len = init2_len },
		{ .data = es, .len = es_len },
	};

	return tcpcrypt_hkdf_extract(hmac, n_a, TCPCRYPT_NONCE_LEN, ikm,
				     ARRAY_SIZE(ikm), prk);
}

/**
 * tcpcrypt_ks_next_ss() - step from one session secret to the next
 * @hmac: the hash
 * @ss: ss[i]
 * @next: where ss[i + 1] goes; may be @ss itself
 *
 * RFC 8548 section 3.3.
 *
 * Context: As tcpcrypt_hmac().
 * Return: 0, or what tcpcrypt_hmac() failed with; then @next is zeroed.
 */
int tcpcrypt_ks_next_ss(struct tcpcrypt_hmac *hmac,
			const u8 ss[TCPCRYPT_K_LEN], u8 next[TCPCRYPT_K_LEN])
{
	return ks_cprf(hmac, ss, TCPCRYPT_CONST_NEXTK, next, TCPCRYPT_K_LEN);
}

/**
 * tcpcrypt_ks_first_mk() - the master key of generation 0
 * @hmac: the hash
 * @ss: the connection's session secret ss[i]
 * @sn: its session nonce sn[i]: nonce_a | nonce_b, empty after a fresh key
 *	exchange
 * @sn_len: bytes of @sn, at most 16
 * @mk: where mk[0] goes
 *
 * RFC 8548 section 3.3.
 *
 * Context: As tcpcrypt_hmac().
 * Return: 0, -EINVAL when @sn is too long, or what tcpcrypt_hmac() failed
 * with.
 */
int tcpcrypt_ks_first_mk(struct tcpcrypt_hmac *hmac,
			 const u8 ss[TCPCRYPT_K_LEN], const u8 *sn,
			 size_t sn_len, u8 mk[TCPCRYPT_K_LEN])
{
	return ks_cprf_sn(hmac, ss, TCPCRYPT_CONST_REKEY, sn, sn_len, mk,
			  TCPCRYPT_K_LEN);
}

/**
 * tcpcrypt_ks_next_mk() - step to the master key of the next generation
 * @hmac: the hash
 * @mk: mk[j]
 * @next: where mk[j + 1] goes; may be @mk itself
 *
 * RFC 8548 sections 3.3 and 3.8.
 *
 * Context: As tcpcrypt_hmac().
 * Return: 0, or what tcpcrypt_hmac() failed with; then @next is zeroed.
 */
int tcpcrypt_ks_next_mk(struct tcpcrypt_hmac *hmac,
			const u8 mk[TCPCRYPT_K_LEN], u8 next[TCPCRYPT_K_LEN])
{
	return ks_cprf(hmac, mk, TCPCRYPT_CONST_REKEY, next, TCPCRYPT_K_LEN);
}

/**
 * tcpcrypt_ks_traffic_key() - one direction's key of one generation
 * @hmac: the hash
 * @mk: the generation's master key
 * @host_b: the sender of that direction played role B in the session that
 *	the secrets come from (k_ba); otherwise role A (k_ab)
 * @key_len: ae_key_len in bytes, at most TCPCRYPT_AE_KEY_MAX
 * @out: where key and nonce randomizer go; the caller wipes it
 *
 * RFC 8548 section 3.3 for the derivation, 3.6 figure 4 for the split.
 *
 * Context: As tcpcrypt_hmac().
 * Return: 0, -EINVAL when @key_len is too large, or what tcpcrypt_hmac()
 * failed with.
 */
int tcpcrypt_ks_traffic_key(struct tcpcrypt_hmac *hmac,
			    const u8 mk[TCPCRYPT_K_LEN], bool host_b,
			    size_t key_len, struct tcpcrypt_traffic_key *out)
{
	u8 constant = host_b ? TCPCRYPT_CONST_KEY_B : TCPCRYPT_CONST_KEY_A;
	u8 okm[TCPCRYPT_AE_KEY_MAX + TCPCRYPT_AE_NONCE_LEN];
	int err;

	if (key_len > TCPCRYPT_AE_KEY_MAX)
		return -EINVAL;

	err = ks_cprf(hmac, mk, constant, okm,
		      key_len + TCPCRYPT_AE_NONCE_LEN);
	if (!err) {
		memset(out->key, 0, sizeof(out->key));
		memcpy(out->key, okm, key_len);
		memcpy(out->randomizer, okm + key_len, TCPCRYPT_AE_NONCE_LEN);
	}
	memzero_explicit(okm, sizeof(okm));

	return err;
}

/**
 * tcpcrypt_ks_session_id() - the session ID
 * @hmac: the hash
 * @tep_byte: the negotiated TEP's byte as host B sent it, with its v bit
 * @ss: the connection's session secret ss[i]
 * @sn: its session nonce sn[i]
 * @sn_len: bytes of @sn, at most 16
 * @id: where the ID goes
 *
 * RFC 8548 section 3.4.
 *
 * Context: As tcpcrypt_hmac().
 * Return: 0, -EINVAL when @sn is too long, or what tcpcrypt_hmac() failed
 * with.
 */
int tcpcrypt_ks_session_id(struct tcpcrypt_hmac *hmac, u8 tep_byte,
			   const u8 ss[TCPCRYPT_K_LEN], const u8 *sn,
			   size_t sn_len, u8 id[TCPCRYPT_SESSID_LEN])
{
	id[0] = tep_byte;
	return ks_cprf_sn(hmac, ss, TCPCRYPT_CONST_SESSID, sn, sn_len, id + 1,
			  TCPCRYPT_K_LEN);
}

/**
 * tcpcrypt_ks_resume_id() - the identifier that names a session secret
 * @hmac: the hash
 * @ss: the session secret ss[i]
 * @id: where resume[i] goes; its first half is what the original host A
 *	sends, its second half what the original host B sends
 *
 * RFC 8548 section 3.5.
 *
 * Context: As tcpcrypt_hmac().
 * Return: 0, or what tcpcrypt_hmac() failed with.
 */
int tcpcrypt_ks_resume_id(struct tcpcrypt_hmac *hmac,
			  const u8 ss[TCPCRYPT_K_LEN],
			  u8 id[TCPCRYPT_RESUME_ID_LEN])
{
	return ks_cprf(hmac, ss, TCPCRYPT_CONST_RESUME, id,
		       TCPCRYPT_RESUME_ID_LEN);
}
