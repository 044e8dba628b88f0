// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCPCRYPT_ECDHE_P256 (RFC 8548 section 5): ECSVDP-DH of IEEE 1363 over the
 * kernel's ECC code.
 *
 * That code knows points by both coordinates, the wire carries compressed
 * ones: y comes from the curve's equation here.  Its numbers are arrays of
 * 64-bit digits, least significant first; private keys are kept as
 * big-endian strings of the field's length, like everything on the wire, and
 * are turned into what the kernel at hand wants in one place,
 * ecc_load_private().
 *
 * P-521 cannot be had this way.  crypto_ecdh_shared_secret() starts from a
 * random Z of whole digits, up to 2^576, and the kernel's reduction modulo
 * 2^521 - 1 takes factors below the prime only: the secrets come out wrong on
 * 6.12 and 7.3 alike.  So p521.c does it.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mpi.h>
#include <linux/random.h>
#include <linux/string.h>
/* These two lean on <linux/kernel.h>. */
#include <crypto/ecdh.h>
#include <crypto/internal/ecc.h>

#include "kex.h"
#include "tcpcrypt-config.h"

#ifdef TCPCRYPT_HAVE_ECC

/* The first byte of an encoded point (IEEE 1363 section E.2.3) */
#define ECC_COMPRESSED		0x02
#define ECC_COMPRESSED_ODD	0x03

/*
 * A draw misses the range of private keys with a probability of 2^-32: more
 * than a few in a row is a broken generator.
 */
#define ECC_DRAWS		8

/**
 * struct ecc_params - what the kernel's ECC code does not tell about a curve
 * @id: the curve's name in <crypto/ecdh.h>
 * @ndigits: 64-bit digits of a number below the field's prime
 * @len: bytes of a field element on the wire
 */
struct ecc_params {
	unsigned int id;
	u8 ndigits;
	u8 len;
};

/* A string of the curve's length, padded to whole digits in front */
static void ecc_pad(const struct ecc_params *ec, const u8 *str, u64 *padded)
{
	const unsigned int size = ec->ndigits * sizeof(u64);

	memset(padded, 0, size);
	memcpy((u8 *)padded + size - ec->len, str, ec->len);
}

/* The last bytes of a padded string */
static void ecc_unpad(const struct ecc_params *ec, const u64 *padded, u8 *str)
{
	const unsigned int size = ec->ndigits * sizeof(u64);

	memcpy(str, (const u8 *)padded + size - ec->len, ec->len);
}

/* Big-endian string of the curve's length to a number */
static void ecc_load(const struct ecc_params *ec, const u8 *str, u64 *num)
{
	u64 padded[ECC_MAX_DIGITS];

	ecc_pad(ec, str, padded);
	ecc_swap_digits(padded, num, ec->ndigits);
	memzero_explicit(padded, sizeof(padded));
}

/*
 * The form in which the kernel takes a private key: since the release with
 * ecc_digits_from_bytes() a number, before it a padded big-endian string.
 * Nothing else shows the difference, so tcpcrypt_kex_selftest() has to prove
 * the choice.
 */
static void ecc_load_private(const struct ecc_params *ec, const u8 *str,
			     u64 *key)
{
#ifdef TCPCRYPT_HAVE_ECC_NATIVE_PRIVKEY
	ecc_load(ec, str, key);
#else
	ecc_pad(ec, str, key);
#endif
}

static int ecc_public(const struct ecc_params *ec,
		      struct tcpcrypt_keypair *pair)
{
	u64 point[2 * ECC_MAX_DIGITS], key[ECC_MAX_DIGITS];
	const u8 *end = (const u8 *)&point[2 * ec->ndigits];
	int err;

	ecc_load_private(ec, pair->priv, key);
	err = ecc_make_pub_key(ec->id, ec->ndigits, key, point);
	memzero_explicit(key, sizeof(key));
	if (err)
		return err;

	pair->pub[0] = end[-1] & 1 ? ECC_COMPRESSED_ODD : ECC_COMPRESSED;
	ecc_unpad(ec, point, pair->pub + 1);
	return 0;
}

/*
 * Not ecc_gen_privkey(), which takes its bytes from the crypto API's default
 * generator: that is one more module to load, and one more way to fail.
 */
static int ecc_generate(const struct ecc_params *ec,
			struct tcpcrypt_keypair *pair)
{
	u64 num[ECC_MAX_DIGITS];
	int draws, err = -EINVAL;

	for (draws = 0; err && draws < ECC_DRAWS; draws++) {
		get_random_bytes(pair->priv, ec->len);
		ecc_load(ec, pair->priv, num);
		err = ecc_is_key_valid(ec->id, ec->ndigits, num,
				       ec->ndigits * sizeof(u64));
	}
	memzero_explicit(num, sizeof(num));
	return err ?: ecc_public(ec, pair);
}

/* r = (a + b) mod p, of numbers below p; the kernel exports no addition */
static void ecc_mod_add(u64 *r, const u64 *a, const u64 *b, const u64 *p,
			unsigned int ndigits)
{
	u64 neg[ECC_MAX_DIGITS], zero[ECC_MAX_DIGITS] = {};

	vli_sub(neg, p, b, ndigits);
	if (vli_cmp(a, neg, ndigits) < 0)	/* no reduction: a - (0 - b) */
		vli_sub(neg, zero, b, ndigits);
	vli_sub(r, a, neg, ndigits);
}

/* r = x^3 + a x + b, the square of y */
static void ecc_y_squared(const struct ecc_params *ec,
			  const struct ecc_curve *curve, const u64 *x, u64 *r)
{
	u64 t[ECC_MAX_DIGITS];

	vli_mod_mult_slow(t, x, x, curve->p, ec->ndigits);
	ecc_mod_add(t, t, curve->a, curve->p, ec->ndigits);
	vli_mod_mult_slow(t, t, x, curve->p, ec->ndigits);
	ecc_mod_add(r, t, curve->b, curve->p, ec->ndigits);
}

/* e = (p + 1) / 4 = floor(p / 4) + 1, since p = 3 mod 4 */
static void ecc_sqrt_exponent(const u64 *p, unsigned int ndigits, u64 *e)
{
	bool carry = true;
	unsigned int i;

	for (i = 0; i < ndigits; i++) {
		e[i] = p[i] >> 2;
		if (i + 1 < ndigits)
			e[i] |= p[i + 1] << 62;
		e[i] += carry;
		carry = carry && !e[i];
	}
}

static MPI ecc_to_mpi(const u64 *num, unsigned int ndigits)
{
	u64 str[ECC_MAX_DIGITS];

	ecc_swap_digits(num, str, ndigits);
	return mpi_read_raw_data(str, ndigits * sizeof(u64));
}

static int ecc_from_mpi(MPI mpi, unsigned int ndigits, u64 *num)
{
	const unsigned int size = ndigits * sizeof(u64);
	u64 str[ECC_MAX_DIGITS] = {};
	unsigned int n = 0;
	int err;

	err = mpi_read_buffer(mpi, (u8 *)str, size, &n, NULL);
	if (err)
		return err;
	/* It comes without leading zeros. */
	memmove((u8 *)str + size - n, str, n);
	memset(str, 0, size - n);
	ecc_swap_digits(str, num, ndigits);
	return 0;
}

/*
 * r = square^((p + 1) / 4) mod p, a square root of @square if it has one.
 * All numbers are public: nothing here has to take constant time.
 */
static int ecc_mod_sqrt(const u64 *square, const u64 *p, unsigned int ndigits,
			u64 *r)
{
	MPI res, base, exp, mod;
	u64 e[ECC_MAX_DIGITS];
	int err = -ENOMEM;

	ecc_sqrt_exponent(p, ndigits, e);
	res = mpi_alloc(0);
	base = ecc_to_mpi(square, ndigits);
	exp = ecc_to_mpi(e, ndigits);
	mod = ecc_to_mpi(p, ndigits);
	if (res && base && exp && mod)
		err = mpi_powm(res, base, exp, mod);
	if (!err)
		err = ecc_from_mpi(res, ndigits, r);
	mpi_free(mod);
	mpi_free(exp);
	mpi_free(base);
	mpi_free(res);
	return err;
}

/*
 * The point of a compressed encoding, as the two padded big-endian strings
 * the kernel takes.  A point found this way satisfies the curve's equation
 * and, the curve being of prime order, is in the right group: together with
 * the range check that is the validation RFC 8548 section 5 demands (IEEE
 * 1363 section A.16.10).  The point at infinity has no such encoding.
 */
static int ecc_decode(const struct ecc_params *ec, const u8 *pub, u64 *point)
{
	u64 x[ECC_MAX_DIGITS], y[ECC_MAX_DIGITS];
	u64 square[ECC_MAX_DIGITS], t[ECC_MAX_DIGITS];
	const unsigned int ndigits = ec->ndigits;
	const struct ecc_curve *curve;
	int err;

	if (pub[0] != ECC_COMPRESSED && pub[0] != ECC_COMPRESSED_ODD)
		return -EPROTO;
	curve = ecc_get_curve(ec->id);
	if (!curve)
		return -EOPNOTSUPP;

	ecc_load(ec, pub + 1, x);
	if (vli_cmp(x, curve->p, ndigits) >= 0)
		return -EPROTO;

	ecc_y_squared(ec, curve, x, square);
	err = ecc_mod_sqrt(square, curve->p, ndigits, y);
	if (err)
		return err;
	vli_mod_mult_slow(t, y, y, curve->p, ndigits);
	if (vli_cmp(t, square, ndigits))
		return -EPROTO;

	if ((y[0] ^ pub[0]) & 1)
		vli_sub(y, curve->p, y, ndigits);
	ecc_swap_digits(x, point, ndigits);
	ecc_swap_digits(y, point + ndigits, ndigits);
	return 0;
}

static int ecc_shared(const struct ecc_params *ec,
		      const struct tcpcrypt_keypair *pair, const u8 *pub,
		      size_t pub_len, u8 *es)
{
	u64 point[2 * ECC_MAX_DIGITS], key[ECC_MAX_DIGITS];
	u64 secret[ECC_MAX_DIGITS];
	int err;

	if (pub_len != 1 + ec->len)
		return -EPROTO;
	err = ecc_decode(ec, pub, point);
	if (err)
		return err;

	ecc_load_private(ec, pair->priv, key);
	err = crypto_ecdh_shared_secret(ec->id, ec->ndigits, key, point,
					secret);
	if (!err)
		ecc_unpad(ec, secret, es);
	memzero_explicit(secret, sizeof(secret));
	memzero_explicit(key, sizeof(key));
	/* It validates once more: -EINVAL, or -EFAULT for infinity. */
	return err && err != -ENOMEM ? -EPROTO : err;
}

static const struct ecc_params ecc_p256 = {
	.id = ECC_CURVE_NIST_P256,
	.ndigits = ECC_CURVE_NIST_P256_DIGITS,
	.len = 32,
};

static int p256_generate(struct tcpcrypt_keypair *pair)
{
	return ecc_generate(&ecc_p256, pair);
}

static int p256_public(struct tcpcrypt_keypair *pair)
{
	return ecc_public(&ecc_p256, pair);
}

static int p256_shared(const struct tcpcrypt_keypair *pair, const u8 *pub,
		       size_t pub_len, u8 *es)
{
	return ecc_shared(&ecc_p256, pair, pub, pub_len, es);
}

const struct tcpcrypt_kex tcpcrypt_kex_p256 = {
	.tep = TCPCRYPT_TEP_P256,
	.name = "p256",
	.priv_len = 32,
	.pub_len = 33,
	.shared_len = 32,
	.generate = p256_generate,
	.public = p256_public,
	.shared = p256_shared,
};

#endif /* TCPCRYPT_HAVE_ECC */
