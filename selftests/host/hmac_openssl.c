// SPDX-License-Identifier: GPL-2.0-only
/* hmac.h on OpenSSL, for the tests. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "hmac.h"

struct tcpcrypt_hmac {
	EVP_MAC *mac;
};

struct tcpcrypt_hmac *tcpcrypt_hmac_alloc(void)
{
	struct tcpcrypt_hmac *hmac = calloc(1, sizeof(*hmac));

	if (!hmac)
		abort();
	hmac->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (!hmac->mac)
		abort();

	return hmac;
}

void tcpcrypt_hmac_free(struct tcpcrypt_hmac *hmac)
{
	EVP_MAC_free(hmac->mac);
	free(hmac);
}

int tcpcrypt_hmac(struct tcpcrypt_hmac *hmac, const u8 *key, size_t key_len,
		  const struct tcpcrypt_chunk *chunks, size_t n,
		  u8 out[TCPCRYPT_HMAC_LEN])
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
						 (char *)"SHA256", 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(hmac->mac);
	size_t i, len;
	int ok;

	ok = ctx && EVP_MAC_init(ctx, key, key_len, params);
	for (i = 0; ok && i < n; i++)
		ok = EVP_MAC_update(ctx, chunks[i].data, chunks[i].len);
	ok = ok && EVP_MAC_final(ctx, out, &len, TCPCRYPT_HMAC_LEN);
	EVP_MAC_CTX_free(ctx);

	return ok ? 0 : -EIO;
}
