// SPDX-License-Identifier: GPL-2.0-only
/* The option field: walking, inserting, and the kinds that exclude ENO. */
#include <stdlib.h>

#include "tap.h"
#include "tcpopt.h"

/* MSS 1460, SACK permitted, timestamps, NOP, window scale: Linux's SYN */
#define SYN_FIELD	2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, \
			1, 3, 3, 7
/* NOP, NOP, timestamps: Linux's data segment */
#define DATA_FIELD	1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8

struct walk_case {
	const char *name;
	u8 len;
	u8 field[TCPCRYPT_OPTSPACE];
	u8 nkinds;
	u8 kinds[TCPCRYPT_OPTSPACE];
	u8 left;	/* bytes from a malformed option on */
};

static const struct walk_case walk_cases[] = {
	{ "empty field", 0, { 0 }, 0, { 0 }, 0 },
	{ "SYN", 20, { SYN_FIELD }, 5, { 2, 4, 8, 1, 3 }, 0 },
	{ "data segment", 12, { DATA_FIELD }, 3, { 1, 1, 8 }, 0 },
	{ "all NOP", 4, { 1, 1, 1, 1 }, 4, { 1, 1, 1, 1 }, 0 },
	{ "EOL ends the walk", 8, { 1, 0, 69, 3, 35, 69, 3, 35 }, 2,
	  { 1, 0 }, 0 },
	{ "EOL last", 4, { 69, 3, 35, 0 }, 2, { 69, 0 }, 0 },
	{ "length 0", 4, { 1, 69, 0, 1 }, 1, { 1 }, 3 },
	{ "length 1", 4, { 1, 69, 1, 1 }, 1, { 1 }, 3 },
	{ "length 2", 4, { 1, 69, 2, 1 }, 3, { 1, 69, 1 }, 0 },
	{ "length past the end", 4, { 69, 5, 1, 1 }, 0, { 0 }, 4 },
	{ "length to the end", 4, { 69, 4, 1, 1 }, 1, { 69 }, 0 },
	{ "kind alone at the end", 4, { 1, 1, 1, 69 }, 3, { 1, 1, 1 }, 1 },
	{ "length 255", 4, { 2, 255, 1, 1 }, 0, { 0 }, 4 },
};

static void test_walk(const struct walk_case *c)
{
	u8 *field = exact_copy(c->field, c->len);
	struct tcpcrypt_tcpopt_iter it;
	u8 n = 0;

	tap_begin("walk: %s", c->name);
	tcpcrypt_tcpopt_start(&it, field, c->len);
	while (tcpcrypt_tcpopt_next(&it) && CHECK(n < c->nkinds)) {
		CHECK_EQ(it.kind, c->kinds[n]);
		CHECK_EQ(it.opt[0], it.kind);
		n++;
	}
	CHECK_EQ(n, c->nkinds);
	CHECK_EQ(it.end - it.p, c->left);
	CHECK(!tcpcrypt_tcpopt_next(&it));
	tap_end();
	free(field);
}

struct insert_case {
	const char *name;
	u8 len;
	u8 field[TCPCRYPT_OPTSPACE];
	u8 optlen;	/* the option is 69, optlen, 0xa0, 0xa0, ... */
	int ret;
	u8 want[TCPCRYPT_OPTSPACE];
};

#define X4	0xa0, 0xa0, 0xa0, 0xa0
#define X16	X4, X4, X4, X4

static const struct insert_case insert_cases[] = {
	{ "into an empty field", 0, { 0 }, 3, 4, { 69, 3, 0xa0, 1 } },
	{ "into an empty field, 40 bytes", 0, { 0 }, 40, 40,
	  { 69, 40, 0xa0, 0xa0, X4, X16, X16 } },
	{ "one byte too many", 0, { 0 }, 41, -ENOSPC, { 0 } },
	{ "fresh offer in a SYN", 20, { SYN_FIELD }, 4, 24,
	  { SYN_FIELD, 69, 4, 0xa0, 0xa0 } },
	{ "padded to a word", 20, { SYN_FIELD }, 5, 28,
	  { SYN_FIELD, 69, 5, 0xa0, 0xa0, 0xa0, 1, 1, 1 } },
	{ "fills a SYN without squeezing", 20, { SYN_FIELD }, 20, 40,
	  { SYN_FIELD, 69, 20, 0xa0, 0xa0, X16 } },
	{ "resumption squeezes the SYN's NOP out", 20, { SYN_FIELD }, 21, 40,
	  { 2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 3, 3, 7,
	    69, 21, 0xa0, 0xa0, 0xa0, X16 } },
	{ "not even squeezed", 20, { SYN_FIELD }, 22, -ENOSPC, { 0 } },
	{ "aligned timestamps stay aligned", 12, { DATA_FIELD }, 2, 16,
	  { DATA_FIELD, 69, 2, 1, 1 } },
	{ "trailing NOPs are used", 8, { 1, 2, 4, 5, 180, 1, 1, 1 }, 3, 8,
	  { 1, 2, 4, 5, 180, 69, 3, 0xa0 } },
	{ "EOL gives way", 8, { 2, 4, 5, 180, 0, 0, 0, 0 }, 3, 8,
	  { 2, 4, 5, 180, 69, 3, 0xa0, 1 } },
	{ "NOP EOL give way, junk after EOL too", 8,
	  { 2, 4, 5, 180, 1, 0, 69, 2 }, 2, 8,
	  { 2, 4, 5, 180, 69, 2, 1, 1 } },
	{ "only NOPs", 4, { 1, 1, 1, 1 }, 4, 4, { 69, 4, 0xa0, 0xa0 } },
	{ "squeezing pads at the end only", 36,
	  { 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8,
	    1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8,
	    1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8 }, 7, 40,
	  { 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8,
	    8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 69, 7, X4, 0xa0, 1, 1, 1 } },
	{ "full of NOPs between options", 40,
	  { 4, 2, 1, 1, 4, 2, 1, 1, 4, 2, 1, 1, 4, 2, 1, 1, 4, 2, 1, 1,
	    4, 2, 1, 1, 4, 2, 1, 1, 4, 2, 1, 1, 4, 2, 1, 1, 4, 2, 4, 2 },
	  18, 40,
	  { 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2, 4, 2,
	    69, 18, X16 } },
	{ "full", 40, { 8, 40 }, 2, -ENOSPC, { 0 } },
	{ "unaligned field", 5, { 4, 2, 1, 1, 1 }, 3, -EINVAL, { 0 } },
	{ "malformed field", 4, { 1, 2, 4, 1 }, 3, -EINVAL, { 0 } },
	{ "no option", 4, { 1, 1, 1, 1 }, 0, -EINVAL, { 0 } },
	{ "option of one byte", 4, { 1, 1, 1, 1 }, 1, -EINVAL, { 0 } },
};

static void test_insert(const struct insert_case *c)
{
	u8 *field = malloc(TCPCRYPT_OPTSPACE);
	u8 *opt = malloc(c->optlen ? c->optlen : 1);
	int ret;

	if (!field || !opt)
		abort();
	memset(opt, 0xa0, c->optlen);
	if (c->optlen)
		opt[0] = TCPCRYPT_OPT_ENO;
	if (c->optlen > 1)
		opt[1] = c->optlen;
	memset(field, 0xee, TCPCRYPT_OPTSPACE);
	memcpy(field, c->field, c->len);

	tap_begin("insert: %s", c->name);
	ret = tcpcrypt_tcpopt_insert(field, c->len, opt, c->optlen);
	CHECK_EQ(ret, c->ret);
	if (ret > 0)
		CHECK_MEM(field, (size_t)ret, c->want, (size_t)c->ret);
	else
		CHECK_MEM(field, c->len, c->field, c->len);
	tap_end();
	free(opt);
	free(field);
}

static void test_insert_too_long(void)
{
	u8 field[TCPCRYPT_OPTSPACE] = { 0 };
	const u8 opt[2] = { 69, 2 };

	tap_begin("insert: field longer than a header's");
	CHECK_EQ(tcpcrypt_tcpopt_insert(field, 44, opt, 2), -EINVAL);
	tap_end();
}

struct exclude_case {
	u8 kind;
	bool excludes;
};

static const struct exclude_case exclude_cases[] = {
	{ 2, false }, { 3, false }, { 4, false }, { 5, false }, { 8, false },
	{ 19, true }, { 29, true }, { 30, true }, { 34, true },
	{ 69, false }, { 253, true }, { 254, true },
};

static void test_exclude(const struct exclude_case *c)
{
	u8 *field = exact_copy((const u8[]){ 1, 1, c->kind, 2 }, 4);

	tap_begin("excludes: kind %u", c->kind);
	CHECK_EQ(tcpcrypt_tcpopt_excludes_eno(field, 4), c->excludes);
	field[1] = 0;
	CHECK(!tcpcrypt_tcpopt_excludes_eno(field, 4));
	tap_end();
	free(field);
}

int main(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(walk_cases); i++)
		test_walk(&walk_cases[i]);
	for (i = 0; i < ARRAY_SIZE(insert_cases); i++)
		test_insert(&insert_cases[i]);
	test_insert_too_long();
	for (i = 0; i < ARRAY_SIZE(exclude_cases); i++)
		test_exclude(&exclude_cases[i]);

	return tap_finish(ARRAY_SIZE(walk_cases) + ARRAY_SIZE(insert_cases) +
			  1 + ARRAY_SIZE(exclude_cases));
}
