// SPDX-License-Identifier: GPL-2.0-only
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

#include "crypto_openssl.h"

static int ossl_pkey_type(u8 tep)
{
	return tep == TCPCRYPT_TEP_X25519 ? EVP_PKEY_X25519 : EVP_PKEY_X448;
}

static bool ossl_is_nist(u8 tep)
{
	return tep == TCPCRYPT_TEP_P256 || tep == TCPCRYPT_TEP_P521;
}

/* What an elliptic-curve computation needs, made and freed together */
struct ossl_curve {
	EC_GROUP *group;
	EC_POINT *point;
	EC_POINT *product;
	BIGNUM *scalar;
	BIGNUM *x;
};

static bool ossl_curve_init(struct ossl_curve *c, u8 tep, const u8 *priv,
			    size_t priv_len)
{
	c->group = EC_GROUP_new_by_curve_name(tep == TCPCRYPT_TEP_P256 ?
					      NID_X9_62_prime256v1 :
					      NID_secp521r1);
	c->point = EC_POINT_new(c->group);
	c->product = EC_POINT_new(c->group);
	c->scalar = BN_bin2bn(priv, (int)priv_len, NULL);
	c->x = BN_new();

	return c->group && c->point && c->product && c->scalar && c->x;
}

static void ossl_curve_free(struct ossl_curve *c)
{
	BN_free(c->x);
	BN_clear_free(c->scalar);
	EC_POINT_free(c->product);
	EC_POINT_free(c->point);
	EC_GROUP_free(c->group);
}

static int ossl_nist_public(u8 tep, const u8 *priv, size_t priv_len, u8 *out)
{
	struct ossl_curve c;
	size_t len = 0;

	if (ossl_curve_init(&c, tep, priv, priv_len) &&
	    EC_POINT_mul(c.group, c.product, c.scalar, NULL, NULL, NULL))
		len = EC_POINT_point2oct(c.group, c.product,
					 POINT_CONVERSION_COMPRESSED, out,
					 TCPCRYPT_PUBKEY_MAX, NULL);
	ossl_curve_free(&c);

	return len ? (int)len : -1;
}

static int ossl_nist_shared(u8 tep, const u8 *priv, size_t priv_len,
			    const u8 *pub, size_t pub_len, u8 *out)
{
	int want = tep == TCPCRYPT_TEP_P256 ? 32 : 66;
	struct ossl_curve c;
	int len = -1;

	if (ossl_curve_init(&c, tep, priv, priv_len) &&
	    EC_POINT_oct2point(c.group, c.point, pub, pub_len, NULL) &&
	    !EC_POINT_is_at_infinity(c.group, c.point) &&
	    EC_POINT_is_on_curve(c.group, c.point, NULL) == 1 &&
	    EC_POINT_mul(c.group, c.product, NULL, c.point, c.scalar, NULL) &&
	    EC_POINT_get_affine_coordinates(c.group, c.product, c.x, NULL,
					    NULL))
		len = BN_bn2binpad(c.x, out, want);
	ossl_curve_free(&c);

	return len;
}

int ossl_public(u8 tep, const u8 *priv, size_t priv_len, u8 *out)
{
	size_t len = TCPCRYPT_PUBKEY_MAX;
	EVP_PKEY *pkey;
	int ok;

	if (ossl_is_nist(tep))
		return ossl_nist_public(tep, priv, priv_len, out);

	pkey = EVP_PKEY_new_raw_private_key(ossl_pkey_type(tep), NULL, priv,
					    priv_len);
	ok = pkey && EVP_PKEY_get_raw_public_key(pkey, out, &len);
	EVP_PKEY_free(pkey);

	return ok ? (int)len : -1;
}

int ossl_shared(u8 tep, const u8 *priv, size_t priv_len, const u8 *pub,
		size_t pub_len, u8 *out)
{
	size_t len = TCPCRYPT_PUBKEY_MAX;
	EVP_PKEY *ours, *theirs;
	EVP_PKEY_CTX *ctx;
	int ok;

	if (ossl_is_nist(tep))
		return ossl_nist_shared(tep, priv, priv_len, pub, pub_len,
					out);

	ours = EVP_PKEY_new_raw_private_key(ossl_pkey_type(tep), NULL, priv,
					    priv_len);
	theirs = EVP_PKEY_new_raw_public_key(ossl_pkey_type(tep), NULL, pub,
					     pub_len);
	ctx = EVP_PKEY_CTX_new(ours, NULL);
	/* The derivation itself refuses an all-zero secret */
	ok = ours && theirs && ctx && EVP_PKEY_derive_init(ctx) > 0 &&
	     EVP_PKEY_derive_set_peer(ctx, theirs) > 0 &&
	     EVP_PKEY_derive(ctx, out, &len) > 0;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(theirs);
	EVP_PKEY_free(ours);

	return ok ? (int)len : -1;
}

static const EVP_CIPHER *ossl_cipher(u16 aead)
{
	switch (aead) {
	case TCPCRYPT_AEAD_AES128GCM:
		return EVP_aes_128_gcm();
	case TCPCRYPT_AEAD_AES256GCM:
		return EVP_aes_256_gcm();
	case TCPCRYPT_AEAD_CHACHA20POLY1305:
		return EVP_chacha20_poly1305();
	default:
		return NULL;
	}
}

size_t ossl_key_len(u16 aead)
{
	return (size_t)EVP_CIPHER_get_key_length(ossl_cipher(aead));
}

bool ossl_seal(u16 aead, const u8 *key, const u8 *nonce, const u8 *aad,
	       size_t aad_len, const u8 *in, size_t len, u8 *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	bool ok;
	int n;

	ok = ctx &&
	     EVP_EncryptInit_ex(ctx, ossl_cipher(aead), NULL, key, nonce) &&
	     EVP_EncryptUpdate(ctx, NULL, &n, aad, (int)aad_len) &&
	     EVP_EncryptUpdate(ctx, out, &n, in, (int)len) &&
	     EVP_EncryptFinal_ex(ctx, out + n, &n) &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG,
				 TCPCRYPT_AE_TAG_LEN, out + len);
	EVP_CIPHER_CTX_free(ctx);

	return ok;
}

bool ossl_open(u16 aead, const u8 *key, const u8 *nonce, const u8 *aad,
	       size_t aad_len, const u8 *in, size_t len, u8 *out)
{
	size_t plen = len - TCPCRYPT_AE_TAG_LEN;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	u8 tag[TCPCRYPT_AE_TAG_LEN];
	bool ok;
	int n;

	memcpy(tag, in + plen, sizeof(tag));
	ok = ctx &&
	     EVP_DecryptInit_ex(ctx, ossl_cipher(aead), NULL, key, nonce) &&
	     EVP_DecryptUpdate(ctx, NULL, &n, aad, (int)aad_len) &&
	     EVP_DecryptUpdate(ctx, out, &n, in, (int)plen) &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(tag),
				 tag) &&
	     EVP_DecryptFinal_ex(ctx, out + n, &n) > 0;
	EVP_CIPHER_CTX_free(ctx);

	return ok;
}
