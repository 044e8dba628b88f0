// SPDX-License-Identifier: GPL-2.0-only
/*
 * X448 (RFC 7748 section 5): the Montgomery ladder on Curve448, which the
 * kernel does not have.
 *
 * A field element is an array of N digits of B bits in radix 2^B, N * B = 448.
 * The prime is p = 2^448 - 2^224 - 1, so what overflows at the top comes back
 * at digit 0 and, as 2^224 is a whole number of digits, at digit N / 2.
 * Digits are kept below 2^B plus a few; only fe_pack() makes them unique.
 *
 * No branch and no address depends on a secret.
 */
#include "limb.h"
#include "x448.h"

#ifdef LIMB64
#define FE_N	8
#define FE_B	56
#else
#define FE_N	16
#define FE_B	28
#endif
#define FE_MASK	(((limb_t)1 << FE_B) - 1)

/* (A - 2) / 4 for Curve448's A = 156326 */
#define X448_A24	39081

struct fe {
	limb_t d[FE_N];
};

/*
 * Bring every digit below 2^B, but for what the last carry of at most a few
 * bits adds to digits 0 and N / 2.
 */
static void fe_carry(struct fe *r, wide_t t[FE_N])
{
	limb_t top;
	int i;

	for (i = 0; i < FE_N - 1; i++) {
		t[i + 1] += t[i] >> FE_B;
		r->d[i] = (limb_t)t[i] & FE_MASK;
	}
	/* The top carry may be two digits wide: run it once more. */
	t[0] = r->d[0] + (t[FE_N - 1] >> FE_B);
	t[FE_N / 2] = r->d[FE_N / 2] + (t[FE_N - 1] >> FE_B);
	r->d[FE_N - 1] = (limb_t)t[FE_N - 1] & FE_MASK;

	for (i = 0; i < FE_N - 1; i++) {
		if (i != 0 && i != FE_N / 2)
			t[i] = r->d[i];
		t[i] += i ? t[i - 1] >> FE_B : 0;
		r->d[i] = (limb_t)t[i] & FE_MASK;
	}
	r->d[FE_N - 1] += (limb_t)(t[FE_N - 2] >> FE_B);
	top = r->d[FE_N - 1] >> FE_B;
	r->d[FE_N - 1] &= FE_MASK;
	r->d[0] += top;
	r->d[FE_N / 2] += top;
}

static void fe_add(struct fe *r, const struct fe *a, const struct fe *b)
{
	wide_t t[FE_N];
	int i;

	for (i = 0; i < FE_N; i++)
		t[i] = (wide_t)a->d[i] + b->d[i];
	fe_carry(r, t);
}

/* Digit @i of p */
static limb_t fe_p(int i)
{
	return FE_MASK - (i == FE_N / 2);
}

/* a - b + 2p, which no digit takes below zero */
static void fe_sub(struct fe *r, const struct fe *a, const struct fe *b)
{
	wide_t t[FE_N];
	int i;

	for (i = 0; i < FE_N; i++)
		t[i] = (wide_t)a->d[i] + 2 * fe_p(i) - b->d[i];
	fe_carry(r, t);
}

/*
 * A column sums up at most 5 N / 2 products: 20 * 2^112 of 128 bits, or
 * 40 * 2^56 of 64.
 */
static void fe_mul(struct fe *r, const struct fe *a, const struct fe *b)
{
	wide_t t[2 * FE_N - 1] = {};
	int i, j;

	for (i = 0; i < FE_N; i++)
		for (j = 0; j < FE_N; j++)
			t[i + j] += (wide_t)a->d[i] * b->d[j];
	/* 2^448 = 2^224 + 1; from the top, as a fold may land above N again */
	for (i = 2 * FE_N - 2; i >= FE_N; i--) {
		t[i - FE_N] += t[i];
		t[i - FE_N / 2] += t[i];
	}
	fe_carry(r, t);
}

static void fe_mul_a24(struct fe *r, const struct fe *a)
{
	wide_t t[FE_N];
	int i;

	for (i = 0; i < FE_N; i++)
		t[i] = (wide_t)a->d[i] * X448_A24;
	fe_carry(r, t);
}

/* r = a^(2^n), n > 0 */
static void fe_square_n(struct fe *r, const struct fe *a, int n)
{
	fe_mul(r, a, a);
	while (--n)
		fe_mul(r, r, r);
}

/* r = a^(2^n - 1), n > 1: double the number of ones, append one more */
static void fe_ones(struct fe *r, const struct fe *a, int n)
{
	struct fe t, u = *a;
	int bit = 1, have = 1;

	while (bit * 2 <= n)
		bit *= 2;
	for (bit /= 2; bit; bit /= 2) {
		fe_square_n(&t, &u, have);
		fe_mul(&u, &t, &u);
		have *= 2;
		if (n & bit) {
			fe_square_n(&t, &u, 1);
			fe_mul(&u, &t, a);
			have++;
		}
	}
	*r = u;
	memzero_explicit(&t, sizeof(t));
	memzero_explicit(&u, sizeof(u));
}

/* a^(p - 2), and p - 2 is 223 ones, a zero, 222 ones, a zero, a one */
static void fe_invert(struct fe *r, const struct fe *a)
{
	struct fe ones, t;

	fe_ones(&ones, a, 222);
	fe_square_n(&t, &ones, 1);
	fe_mul(&t, &t, a);
	fe_square_n(&t, &t, 223);
	fe_mul(&t, &t, &ones);
	fe_square_n(&t, &t, 2);
	fe_mul(r, &t, a);
	memzero_explicit(&ones, sizeof(ones));
	memzero_explicit(&t, sizeof(t));
}

/* Little-endian bytes; values of p and above are fine (RFC 7748 section 5) */
static void fe_unpack(struct fe *r, const u8 in[TCPCRYPT_X448_LEN])
{
	unsigned int bits = 0;
	u64 acc = 0;
	int i, n = 0;

	for (i = 0; i < TCPCRYPT_X448_LEN; i++) {
		acc |= (u64)in[i] << bits;
		bits += 8;
		if (bits >= FE_B) {
			r->d[n++] = (limb_t)acc & FE_MASK;
			acc >>= FE_B;
			bits -= FE_B;
		}
	}
}

/* r = a - p with borrow; returns the borrow */
static limb_t fe_sub_p(struct fe *r, const struct fe *a)
{
	limb_t t, borrow = 0;
	int i;

	for (i = 0; i < FE_N; i++) {
		t = a->d[i] - fe_p(i) - borrow;
		borrow = t >> (8 * sizeof(t) - 1);
		r->d[i] = t & FE_MASK;
	}
	return borrow;
}

/* The one representation below p, little endian */
static void fe_pack(u8 out[TCPCRYPT_X448_LEN], const struct fe *a)
{
	struct fe r, t;
	unsigned int bits = 0;
	limb_t carry = 0, keep;
	int i, pass, n = 0;
	u64 acc = 0;

	/* The first carry at the top, if there is one, is the last. */
	r = *a;
	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < FE_N; i++) {
			carry += r.d[i];
			r.d[i] = carry & FE_MASK;
			carry >>= FE_B;
		}
		r.d[0] += carry;
		r.d[FE_N / 2] += carry;
		carry = 0;
	}
	/* Now below 2p. */
	keep = limb_mask(fe_sub_p(&t, &r));
	for (i = 0; i < FE_N; i++)
		r.d[i] = (r.d[i] & keep) | (t.d[i] & ~keep);

	for (i = 0; i < FE_N; i++) {
		acc |= (u64)r.d[i] << bits;
		for (bits += FE_B; bits >= 8; bits -= 8) {
			out[n++] = acc & 0xff;
			acc >>= 8;
		}
	}
	memzero_explicit(&r, sizeof(r));
	memzero_explicit(&t, sizeof(t));
}

/* Swap @a and @b if @mask is all ones */
static void fe_cswap(struct fe *a, struct fe *b, limb_t mask)
{
	limb_t t;
	int i;

	for (i = 0; i < FE_N; i++) {
		t = (a->d[i] ^ b->d[i]) & mask;
		a->d[i] ^= t;
		b->d[i] ^= t;
	}
}

/**
 * struct x448 - the ladder's state, in the names of RFC 7748 section 5
 * @x1: the peer's u coordinate
 * @x2: X of n P
 * @z2: Z of n P
 * @x3: X of (n + 1) P
 * @z3: Z of (n + 1) P
 * @a: scratch, as the rest
 * @b: scratch
 * @c: scratch
 * @d: scratch
 */
struct x448 {
	struct fe x1, x2, z2, x3, z3;
	struct fe a, b, c, d;
};

/* Doubles (x2, z2) and adds it to (x3, z3), whose difference is x1 */
static void x448_step(struct x448 *s)
{
	fe_add(&s->a, &s->x2, &s->z2);
	fe_sub(&s->b, &s->x2, &s->z2);
	fe_add(&s->c, &s->x3, &s->z3);
	fe_sub(&s->d, &s->x3, &s->z3);
	fe_mul(&s->d, &s->d, &s->a);		/* DA */
	fe_mul(&s->c, &s->c, &s->b);		/* CB */

	fe_add(&s->x3, &s->d, &s->c);
	fe_mul(&s->x3, &s->x3, &s->x3);
	fe_sub(&s->z3, &s->d, &s->c);
	fe_mul(&s->z3, &s->z3, &s->z3);
	fe_mul(&s->z3, &s->z3, &s->x1);

	fe_mul(&s->a, &s->a, &s->a);		/* AA */
	fe_mul(&s->b, &s->b, &s->b);		/* BB */
	fe_mul(&s->x2, &s->a, &s->b);
	fe_sub(&s->b, &s->a, &s->b);		/* E */
	fe_mul_a24(&s->c, &s->b);
	fe_add(&s->c, &s->c, &s->a);
	fe_mul(&s->z2, &s->b, &s->c);
}

/* Bit @i of the scalar as RFC 7748 decodes it */
static limb_t x448_bit(const u8 scalar[TCPCRYPT_X448_LEN], int i)
{
	if (i < 2)
		return 0;
	if (i == 447)
		return 1;
	return scalar[i / 8] >> (i % 8) & 1;
}

/**
 * tcpcrypt_x448() - the function X448 of RFC 7748
 * @out: the result, 56 bytes
 * @scalar: a private key, 56 bytes, which need not be clamped
 * @point: a u coordinate, 56 bytes
 *
 * Context: Any, but takes some hundred microseconds and half a kilobyte of
 *	stack.
 * Return: whether @out is not all zero, as it is for points of small order.
 */
bool tcpcrypt_x448(u8 out[TCPCRYPT_X448_LEN],
		   const u8 scalar[TCPCRYPT_X448_LEN],
		   const u8 point[TCPCRYPT_X448_LEN])
{
	static const u8 zero[TCPCRYPT_X448_LEN];
	struct x448 s = {};
	limb_t bit, swap = 0;
	int i;

	fe_unpack(&s.x1, point);
	s.x2.d[0] = 1;
	s.x3 = s.x1;
	s.z3.d[0] = 1;
	for (i = 447; i >= 0; i--) {
		bit = x448_bit(scalar, i);
		fe_cswap(&s.x2, &s.x3, limb_mask(swap ^ bit));
		fe_cswap(&s.z2, &s.z3, limb_mask(swap ^ bit));
		swap = bit;
		x448_step(&s);
	}
	/* Bit 0 of a scalar is 0: nothing to swap back. */
	fe_invert(&s.a, &s.z2);
	fe_mul(&s.a, &s.a, &s.x2);
	fe_pack(out, &s.a);
	memzero_explicit(&s, sizeof(s));
	return crypto_memneq(out, zero, sizeof(zero));
}

/**
 * tcpcrypt_x448_base() - X448 of a scalar and the base point
 * @out: the public key, 56 bytes
 * @scalar: the private key, 56 bytes, which need not be clamped
 *
 * Context: As tcpcrypt_x448().
 * Return: true; the base point is not of small order.
 */
bool tcpcrypt_x448_base(u8 out[TCPCRYPT_X448_LEN],
			const u8 scalar[TCPCRYPT_X448_LEN])
{
	static const u8 base[TCPCRYPT_X448_LEN] = { 5 };

	return tcpcrypt_x448(out, scalar, base);
}
