// SPDX-License-Identifier: GPL-2.0-only
/* What one key may seal. */
#include "limits.h"
#include "tap.h"

/* RFC 8446 section 5.5 */
static void test_gcm(u16 aead)
{
	struct tcpcrypt_limits lim;

	tap_begin("limits: AEAD %u", aead);
	tcpcrypt_limits_get(aead, &lim);
	CHECK(lim.frames <= 1ULL << 24);
	CHECK(lim.bytes <= 1ULL << 38);
	CHECK(!tcpcrypt_limits_reached(&lim, lim.frames - 1, lim.bytes - 1));
	CHECK(tcpcrypt_limits_reached(&lim, lim.frames, 0));
	CHECK(tcpcrypt_limits_reached(&lim, 0, lim.bytes));
	CHECK(tcpcrypt_limits_reached(&lim, ~0ULL, ~0ULL));
	tap_end();
}

static void test_chacha(void)
{
	struct tcpcrypt_limits lim;

	tap_begin("limits: ChaCha20-Poly1305");
	tcpcrypt_limits_get(TCPCRYPT_AEAD_CHACHA20POLY1305, &lim);
	CHECK(!tcpcrypt_limits_reached(&lim, 1ULL << 48, 1ULL << 48));
	/* RFC 8548 section 3.6: the offset must not wrap */
	CHECK(tcpcrypt_limits_reached(&lim, 1, 1ULL << 63));
	tap_end();
}

int main(void)
{
	test_gcm(TCPCRYPT_AEAD_AES128GCM);
	test_gcm(TCPCRYPT_AEAD_AES256GCM);
	/* one that is not known gets the lowest */
	test_gcm(0xffff);
	test_chacha();

	return tap_finish(4);
}
