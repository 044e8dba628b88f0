// SPDX-License-Identifier: GPL-2.0-only
/*
 * No branch and no address may depend on a private key.
 *
 * Valgrind tracks every bit that comes from memory said to be undefined, and
 * complains when one decides a jump or is part of an address. So the private
 * key is said to be undefined, and what is public (the result, and whether it
 * is zero) defined again.
 *
 *	ct_curves x448|p521	silent under valgrind
 *	ct_curves branch|index	must not be
 */
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "p521.h"
#include "x448.h"

static void secret(void *p, size_t len)
{
	VALGRIND_MAKE_MEM_UNDEFINED(p, len);
}

static void public(void *p, size_t len)
{
	VALGRIND_MAKE_MEM_DEFINED(p, len);
}

static int x448(void)
{
	u8 scalar[TCPCRYPT_X448_LEN], pub[TCPCRYPT_X448_LEN];
	u8 es[TCPCRYPT_X448_LEN];
	bool ok;

	memset(scalar, 0xa5, sizeof(scalar));
	secret(scalar, sizeof(scalar));
	ok = tcpcrypt_x448_base(pub, scalar);
	public(&ok, sizeof(ok));
	public(pub, sizeof(pub));
	if (!ok)
		return 1;
	ok = tcpcrypt_x448(es, scalar, pub);
	public(&ok, sizeof(ok));
	return !ok;
}

static int p521(void)
{
	u8 priv[TCPCRYPT_P521_LEN], pub[TCPCRYPT_P521_PUB_LEN];
	u8 es[TCPCRYPT_P521_LEN];
	bool ok;

	memset(priv, 0x5a, sizeof(priv));
	priv[0] = 0;
	secret(priv, sizeof(priv));
	ok = tcpcrypt_p521_base(pub, priv);
	public(&ok, sizeof(ok));
	public(pub, sizeof(pub));
	if (!ok)
		return 1;
	ok = tcpcrypt_p521_shared(es, priv, pub);
	public(&ok, sizeof(ok));
	return !ok;
}

/* What the tool has to find, or its silence proves nothing */
static int leak(bool branch)
{
	static const u8 table[256] = { 1, 2, 3 };
	volatile u8 out = 0;
	u8 scalar[8];

	memset(scalar, 1, sizeof(scalar));
	secret(scalar, sizeof(scalar));
	if (!branch)
		out = table[scalar[0]];
	else if (scalar[1] & 1)
		out = table[1];
	return !out;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "x448"))
		return x448();
	if (!strcmp(what, "p521"))
		return p521();
	if (!strcmp(what, "branch") || !strcmp(what, "index"))
		return leak(*what == 'b');
	fprintf(stderr, "usage: ct_curves x448|p521|branch|index\n");
	return 2;
}
