// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scalar multiplication on NIST P-521, of which the kernel has the curve but
 * no Diffie-Hellman that works (see kex_ecc.c), and 6.1 not even the curve.
 *
 * A field element is an array of N digits of B bits in radix 2^B.  N * B is
 * 522 and the prime p = 2^521 - 1, so what overflows at the top comes back
 * twice at digit 0.  Digits are kept to at most 2^B + 1; only fe_pack() makes
 * them unique.
 *
 * Points are projective, (X : Y : Z) for x = X / Z and y = Y / Z, and there is
 * one formula for every sum: that of Renes, Costello and Batina (Eurocrypt
 * 2016), complete on curves of odd order.  It doubles, and it adds infinity.
 *
 * No branch and no address depends on a private key.
 */
#include "limb.h"
#include "p521.h"

#ifdef LIMB64
#define FE_N	9
#define FE_B	58
#else
#define FE_N	18
#define FE_B	29
#endif
#define FE_MASK	(((limb_t)1 << FE_B) - 1)

#define P521_BITS	521

struct fe {
	limb_t d[FE_N];
};

struct point {
	struct fe x, y, z;
};

/* The order of the group, big endian */
static const u8 p521_n[TCPCRYPT_P521_LEN] = {
	0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xfa, 0x51, 0x86, 0x87, 0x83, 0xbf, 0x2f, 0x96, 0x6b, 0x7f, 0xcc,
	0x01, 0x48, 0xf7, 0x09, 0xa5, 0xd0, 0x3b, 0xb5, 0xc9, 0xb8, 0x89,
	0x9c, 0x47, 0xae, 0xbb, 0x6f, 0xb7, 0x1e, 0x91, 0x38, 0x64, 0x09,
};

/* The curve's b, big endian */
static const u8 p521_b[TCPCRYPT_P521_LEN] = {
	0x00, 0x51, 0x95, 0x3e, 0xb9, 0x61, 0x8e, 0x1c, 0x9a, 0x1f, 0x92,
	0x9a, 0x21, 0xa0, 0xb6, 0x85, 0x40, 0xee, 0xa2, 0xda, 0x72, 0x5b,
	0x99, 0xb3, 0x15, 0xf3, 0xb8, 0xb4, 0x89, 0x91, 0x8e, 0xf1, 0x09,
	0xe1, 0x56, 0x19, 0x39, 0x51, 0xec, 0x7e, 0x93, 0x7b, 0x16, 0x52,
	0xc0, 0xbd, 0x3b, 0xb1, 0xbf, 0x07, 0x35, 0x73, 0xdf, 0x88, 0x3d,
	0x2c, 0x34, 0xf1, 0xef, 0x45, 0x1f, 0xd4, 0x6b, 0x50, 0x3f, 0x00,
};

/* The generator, compressed */
static const u8 p521_g[TCPCRYPT_P521_PUB_LEN] = {
	0x02, 0x00, 0xc6, 0x85, 0x8e, 0x06, 0xb7, 0x04, 0x04, 0xe9, 0xcd,
	0x9e, 0x3e, 0xcb, 0x66, 0x23, 0x95, 0xb4, 0x42, 0x9c, 0x64, 0x81,
	0x39, 0x05, 0x3f, 0xb5, 0x21, 0xf8, 0x28, 0xaf, 0x60, 0x6b, 0x4d,
	0x3d, 0xba, 0xa1, 0x4b, 0x5e, 0x77, 0xef, 0xe7, 0x59, 0x28, 0xfe,
	0x1d, 0xc1, 0x27, 0xa2, 0xff, 0xa8, 0xde, 0x33, 0x48, 0xb3, 0xc1,
	0x85, 0x6a, 0x42, 0x9b, 0xf9, 0x7e, 0x7e, 0x31, 0xc2, 0xe5, 0xbd,
	0x66,
};

/* Two passes: the first leaves a carry of some digits, the second of a bit */
static void fe_carry(struct fe *r, wide_t t[FE_N])
{
	wide_t carry;
	int i, pass;

	for (pass = 0; pass < 2; pass++) {
		carry = 0;
		for (i = 0; i < FE_N; i++) {
			carry += t[i];
			t[i] = carry & FE_MASK;
			carry >>= FE_B;
		}
		t[0] += 2 * carry;
	}
	for (i = 0; i < FE_N; i++)
		r->d[i] = (limb_t)t[i];
}

static void fe_add(struct fe *r, const struct fe *a, const struct fe *b)
{
	wide_t t[FE_N];
	int i;

	for (i = 0; i < FE_N; i++)
		t[i] = (wide_t)a->d[i] + b->d[i];
	fe_carry(r, t);
}

/* a - b + 4p, which no digit takes below zero: 2p is 2^522 - 2 */
static void fe_sub(struct fe *r, const struct fe *a, const struct fe *b)
{
	wide_t t[FE_N];
	int i;

	for (i = 0; i < FE_N; i++)
		t[i] = (wide_t)a->d[i] + 2 * (FE_MASK - !i) - b->d[i];
	fe_carry(r, t);
}

static void fe_triple(struct fe *r, const struct fe *a)
{
	wide_t t[FE_N];
	int i;

	for (i = 0; i < FE_N; i++)
		t[i] = (wide_t)a->d[i] * 3;
	fe_carry(r, t);
}

/*
 * A column sums up less than 2 N products: 18 * 2^116 of 128 bits, or
 * 36 * 2^58 of 64, which just fits.
 */
static void fe_mul(struct fe *r, const struct fe *a, const struct fe *b)
{
	wide_t t[2 * FE_N - 1] = {};
	int i, j;

	for (i = 0; i < FE_N; i++)
		for (j = 0; j < FE_N; j++)
			t[i + j] += (wide_t)a->d[i] * b->d[j];
	for (i = FE_N; i < 2 * FE_N - 1; i++)
		t[i - FE_N] += 2 * t[i];
	fe_carry(r, t);
	memzero_explicit(t, sizeof(t));
}

/* r = a^(2^n) */
static void fe_square_n(struct fe *r, const struct fe *a, int n)
{
	*r = *a;
	while (n--)
		fe_mul(r, r, r);
}

/* a^(p - 2), and p - 2 is 519 ones, a zero, a one */
static void fe_invert(struct fe *r, const struct fe *a)
{
	struct fe t, ones = *a;
	int bit, have = 1;

	/* a^(2^have - 1): double the ones, and append one where 519 has a bit */
	for (bit = 256; bit; bit >>= 1) {
		fe_square_n(&t, &ones, have);
		fe_mul(&ones, &t, &ones);
		have *= 2;
		if (519 & bit) {
			fe_square_n(&t, &ones, 1);
			fe_mul(&ones, &t, a);
			have++;
		}
	}
	fe_square_n(&t, &ones, 2);
	fe_mul(r, &t, a);
	memzero_explicit(&t, sizeof(t));
	memzero_explicit(&ones, sizeof(ones));
}

/* Big-endian bytes */
static void fe_unpack(struct fe *r, const u8 in[TCPCRYPT_P521_LEN])
{
	int i, n, bits;
	limb_t byte;

	memset(r, 0, sizeof(*r));
	for (i = 0; i < TCPCRYPT_P521_LEN; i++) {
		byte = in[TCPCRYPT_P521_LEN - 1 - i];
		n = 8 * i / FE_B;
		bits = 8 * i % FE_B;
		r->d[n] |= byte << bits & FE_MASK;
		if (bits + 8 > FE_B && n + 1 < FE_N)
			r->d[n + 1] |= byte >> (FE_B - bits);
	}
}

/* Fold bit 521 and those above it: 2^521 = 1 */
static void fe_fold(struct fe *r)
{
	limb_t carry = r->d[FE_N - 1] >> (FE_B - 1);
	int i;

	r->d[FE_N - 1] &= FE_MASK >> 1;
	for (i = 0; i < FE_N - 1; i++) {
		carry += r->d[i];
		r->d[i] = carry & FE_MASK;
		carry >>= FE_B;
	}
	r->d[FE_N - 1] += carry;
}

/* The one representation below p, big endian */
static void fe_pack(u8 out[TCPCRYPT_P521_LEN], const struct fe *a)
{
	struct fe r = *a;
	limb_t ones, byte;
	int i, n, bits;

	/* The first fold leaves less than 2^521 + 4, the second at most p. */
	fe_fold(&r);
	fe_fold(&r);
	/* p itself, all ones, is zero. */
	ones = r.d[FE_N - 1] | ~(FE_MASK >> 1);
	for (i = 0; i < FE_N - 1; i++)
		ones &= r.d[i] | ~FE_MASK;
	ones = limb_mask((limb_t)(ones + 1) == 0);
	for (i = 0; i < FE_N; i++)
		r.d[i] &= ~ones;

	for (i = 0; i < TCPCRYPT_P521_LEN; i++) {
		n = 8 * i / FE_B;
		bits = 8 * i % FE_B;
		byte = r.d[n] >> bits;
		if (bits + 8 > FE_B && n + 1 < FE_N)
			byte |= r.d[n + 1] << (FE_B - bits);
		out[TCPCRYPT_P521_LEN - 1 - i] = byte & 0xff;
	}
	memzero_explicit(&r, sizeof(r));
}

/* Of public values only */
static bool fe_equal(const struct fe *a, const struct fe *b)
{
	u8 x[TCPCRYPT_P521_LEN], y[TCPCRYPT_P521_LEN];

	fe_pack(x, a);
	fe_pack(y, b);
	return !memcmp(x, y, sizeof(x));
}

/**
 * struct p521 - what a scalar multiplication works on
 * @b: the curve's b
 * @low: n P
 * @high: (n + 1) P
 * @x: product of the X coordinates
 * @y: of the Y coordinates
 * @z: of the Z coordinates
 * @xy: X1 Y2 + X2 Y1
 * @yz: Y1 Z2 + Y2 Z1
 * @xz: X1 Z2 + X2 Z1
 * @s: scratch
 * @t: scratch
 */
struct p521 {
	struct fe b;
	struct point low, high;
	struct fe x, y, z, xy, yz, xz, s, t;
};

/* r = a1 b2 + a2 b1, from aa = a1 a2 and bb = b1 b2 that are there already */
static void p521_cross(struct p521 *c, struct fe *r,
		       const struct fe *a1, const struct fe *b1,
		       const struct fe *a2, const struct fe *b2,
		       const struct fe *aa, const struct fe *bb)
{
	fe_add(&c->s, a1, b1);
	fe_add(&c->t, a2, b2);
	fe_mul(r, &c->s, &c->t);
	fe_sub(r, r, aa);
	fe_sub(r, r, bb);
}

/*
 * r = p + q, any of them the same.  With w = 3 (b z - xz),
 * u = 3 (b xz - x - 3 z) and v = 3 (x - z) the sum is
 *	X = xy (y - w) - yz u
 *	Y = (y + w) (y - w) + v u
 *	Z = yz (y + w) + xy v
 */
static void p521_add(struct p521 *c, struct point *r, const struct point *p,
		     const struct point *q)
{
	/* Each takes the place of what it is the last to need. */
	struct fe *u = &c->xz, *v = &c->x, *less = &c->z, *more = &c->y;

	fe_mul(&c->x, &p->x, &q->x);
	fe_mul(&c->y, &p->y, &q->y);
	fe_mul(&c->z, &p->z, &q->z);
	p521_cross(c, &c->xy, &p->x, &p->y, &q->x, &q->y, &c->x, &c->y);
	p521_cross(c, &c->yz, &p->y, &p->z, &q->y, &q->z, &c->y, &c->z);
	p521_cross(c, &c->xz, &p->x, &p->z, &q->x, &q->z, &c->x, &c->z);

	fe_mul(&c->s, &c->b, &c->z);
	fe_sub(&c->s, &c->s, &c->xz);
	fe_triple(&c->s, &c->s);		/* w */
	fe_mul(u, &c->b, &c->xz);
	fe_sub(u, u, &c->x);
	fe_triple(&c->t, &c->z);
	fe_sub(u, u, &c->t);
	fe_triple(u, u);
	fe_sub(v, &c->x, &c->z);
	fe_triple(v, v);
	fe_sub(less, &c->y, &c->s);
	fe_add(more, &c->y, &c->s);

	fe_mul(&c->s, &c->xy, less);
	fe_mul(&c->t, &c->yz, u);
	fe_sub(&r->x, &c->s, &c->t);
	fe_mul(&c->s, more, less);
	fe_mul(&c->t, v, u);
	fe_add(&r->y, &c->s, &c->t);
	fe_mul(&c->s, &c->yz, more);
	fe_mul(&c->t, &c->xy, v);
	fe_add(&r->z, &c->s, &c->t);
}

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

/* Swap the two points of the ladder if @mask is all ones */
static void p521_cswap(struct p521 *c, limb_t mask)
{
	fe_cswap(&c->low.x, &c->high.x, mask);
	fe_cswap(&c->low.y, &c->high.y, mask);
	fe_cswap(&c->low.z, &c->high.z, mask);
}

/*
 * The point of a compressed encoding, with Z = 1.  Being on the curve is being
 * in the right group, as the curve is of prime order, and infinity has no such
 * encoding: this is the validation of RFC 8548 section 5 (IEEE 1363 section
 * A.16.10).
 */
static bool p521_decode(struct p521 *c, struct point *r,
			const u8 pub[TCPCRYPT_P521_PUB_LEN])
{
	u8 str[TCPCRYPT_P521_LEN];

	if (pub[0] != 2 && pub[0] != 3)
		return false;
	fe_unpack(&r->x, pub + 1);
	fe_pack(str, &r->x);
	if (memcmp(str, pub + 1, sizeof(str)))
		return false;	/* not below p */
	memset(&r->z, 0, sizeof(r->z));
	r->z.d[0] = 1;

	/* s = x^3 - 3 x + b; if it is a square, s^((p + 1) / 4) is a root. */
	fe_mul(&c->s, &r->x, &r->x);
	fe_triple(&c->t, &r->z);
	fe_sub(&c->s, &c->s, &c->t);
	fe_mul(&c->s, &c->s, &r->x);
	fe_add(&c->s, &c->s, &c->b);
	fe_square_n(&r->y, &c->s, P521_BITS - 2);
	fe_mul(&c->t, &r->y, &r->y);
	if (!fe_equal(&c->t, &c->s))
		return false;

	fe_pack(str, &r->y);
	if ((str[TCPCRYPT_P521_LEN - 1] ^ pub[0]) & 1) {
		memset(&c->t, 0, sizeof(c->t));
		fe_sub(&r->y, &c->t, &r->y);
	}
	return true;
}

/* low = priv * high */
static void p521_ladder(struct p521 *c, const u8 priv[TCPCRYPT_P521_LEN])
{
	limb_t bit, swap = 0;
	int i;

	memset(&c->low, 0, sizeof(c->low));
	c->low.y.d[0] = 1;
	for (i = P521_BITS - 1; i >= 0; i--) {
		bit = priv[TCPCRYPT_P521_LEN - 1 - i / 8] >> (i % 8) & 1;
		p521_cswap(c, limb_mask(swap ^ bit));
		swap = bit;
		p521_add(c, &c->high, &c->low, &c->high);
		p521_add(c, &c->low, &c->low, &c->low);
	}
	p521_cswap(c, limb_mask(swap));
}

/* The coordinates of priv * pub; false if @pub is not a point */
static bool p521_mult(u8 x[TCPCRYPT_P521_LEN], u8 y[TCPCRYPT_P521_LEN],
		      const u8 priv[TCPCRYPT_P521_LEN],
		      const u8 pub[TCPCRYPT_P521_PUB_LEN])
{
	struct p521 c = {};
	bool ok;

	fe_unpack(&c.b, p521_b);
	ok = p521_decode(&c, &c.high, pub);
	if (ok) {
		p521_ladder(&c, priv);
		fe_invert(&c.s, &c.low.z);
		fe_mul(&c.t, &c.low.x, &c.s);
		fe_pack(x, &c.t);
		fe_mul(&c.t, &c.low.y, &c.s);
		fe_pack(y, &c.t);
	}
	memzero_explicit(&c, sizeof(c));
	return ok;
}

/**
 * tcpcrypt_p521_valid() - check the range of a private key
 * @priv: 66 bytes, big endian
 *
 * Takes the same time for all keys.
 *
 * Context: Any.
 * Return: whether @priv is at least 1 and below the order of the group.
 */
bool tcpcrypt_p521_valid(const u8 priv[TCPCRYPT_P521_LEN])
{
	unsigned int borrow = 0;
	u8 any = 0;
	int i;

	for (i = TCPCRYPT_P521_LEN - 1; i >= 0; i--) {
		borrow = ((unsigned int)priv[i] - p521_n[i] - borrow) >> 31;
		any |= priv[i];
	}
	return borrow && any;
}

/**
 * tcpcrypt_p521_base() - make the public key of a private one
 * @pub: the public key, 67 bytes, compressed
 * @priv: the private key, 66 bytes, big endian, valid
 *
 * Context: Any, but takes milliseconds and two kilobytes of stack.
 * Return: true.
 */
bool tcpcrypt_p521_base(u8 pub[TCPCRYPT_P521_PUB_LEN],
			const u8 priv[TCPCRYPT_P521_LEN])
{
	u8 y[TCPCRYPT_P521_LEN];

	if (!p521_mult(pub + 1, y, priv, p521_g))
		return false;
	pub[0] = 2 | (y[TCPCRYPT_P521_LEN - 1] & 1);
	return true;
}

/**
 * tcpcrypt_p521_shared() - Diffie-Hellman
 * @es: the x coordinate of the product, 66 bytes, big endian
 * @priv: our private key, 66 bytes, big endian, valid
 * @pub: the peer's public key, 67 bytes
 *
 * Context: Any, but takes milliseconds and two kilobytes of stack.
 * Return: false if @pub is not a point of the curve in compressed form.
 */
bool tcpcrypt_p521_shared(u8 es[TCPCRYPT_P521_LEN],
			  const u8 priv[TCPCRYPT_P521_LEN],
			  const u8 pub[TCPCRYPT_P521_PUB_LEN])
{
	u8 y[TCPCRYPT_P521_LEN];
	bool ok;

	ok = p521_mult(es, y, priv, pub);
	memzero_explicit(y, sizeof(y));
	return ok;
}
