/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_HKDF_H
#define _TCPCRYPT_HKDF_H

#include "hmac.h"

int tcpcrypt_hkdf_extract(struct tcpcrypt_hmac *hmac,
			  const u8 *salt, size_t salt_len,
			  const struct tcpcrypt_chunk *ikm, size_t n,
			  u8 prk[TCPCRYPT_HMAC_LEN]);
int tcpcrypt_hkdf_expand(struct tcpcrypt_hmac *hmac,
			 const u8 prk[TCPCRYPT_HMAC_LEN],
			 const u8 *info, size_t info_len, u8 *okm, size_t len);

#endif /* _TCPCRYPT_HKDF_H */
