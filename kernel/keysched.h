/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_KEYSCHED_H
#define _TCPCRYPT_KEYSCHED_H

#include "hkdf.h"
#include "proto.h"

/**
 * struct tcpcrypt_traffic_key - key and nonce randomizer of one direction
 * @key: AEAD key, the first ae_key_len bytes of it
 * @randomizer: what the frame ID is XORed with
 */
struct tcpcrypt_traffic_key {
	u8 key[TCPCRYPT_AE_KEY_MAX];
	u8 randomizer[TCPCRYPT_AE_NONCE_LEN];
};

int tcpcrypt_ks_prk(struct tcpcrypt_hmac *hmac,
		    const u8 n_a[TCPCRYPT_NONCE_LEN],
		    const u8 *transcript, size_t transcript_len,
		    const u8 *init1, size_t init1_len,
		    const u8 *init2, size_t init2_len,
		    const u8 *es, size_t es_len, u8 prk[TCPCRYPT_K_LEN]);
int tcpcrypt_ks_next_ss(struct tcpcrypt_hmac *hmac,
			const u8 ss[TCPCRYPT_K_LEN], u8 next[TCPCRYPT_K_LEN]);
int tcpcrypt_ks_first_mk(struct tcpcrypt_hmac *hmac,
			 const u8 ss[TCPCRYPT_K_LEN], const u8 *sn,
			 size_t sn_len, u8 mk[TCPCRYPT_K_LEN]);
int tcpcrypt_ks_next_mk(struct tcpcrypt_hmac *hmac,
			const u8 mk[TCPCRYPT_K_LEN], u8 next[TCPCRYPT_K_LEN]);
int tcpcrypt_ks_traffic_key(struct tcpcrypt_hmac *hmac,
			    const u8 mk[TCPCRYPT_K_LEN], bool host_b,
			    size_t key_len, struct tcpcrypt_traffic_key *out);
int tcpcrypt_ks_session_id(struct tcpcrypt_hmac *hmac, u8 tep_byte,
			   const u8 ss[TCPCRYPT_K_LEN], const u8 *sn,
			   size_t sn_len, u8 id[TCPCRYPT_SESSID_LEN]);
int tcpcrypt_ks_resume_id(struct tcpcrypt_hmac *hmac,
			  const u8 ss[TCPCRYPT_K_LEN],
			  u8 id[TCPCRYPT_RESUME_ID_LEN]);

#endif /* _TCPCRYPT_KEYSCHED_H */
