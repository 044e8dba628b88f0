// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of tcpopt.c: walking an option field and inserting into it.
 */
#include "hex.h"
#include "tcpopt.h"

/* What Linux sends: MSS, SACK permitted, timestamps, NOP, window scale */
#define SYN_FIELD	"020405b40402080a010203040000000001030307"
#define SYN_SQUEEZED	"020405b40402080a0102030400000000030307"
/* NOP, NOP, timestamps */
#define DATA_FIELD	"0101080a0102030405060708"

/**
 * struct walk_case - an option field to walk over
 * @name: what is special about it
 * @field: its bytes
 * @kinds: kinds of the options met
 * @left: bytes from a malformed option on
 */
struct walk_case {
	const char *name;
	const char *field;
	const char *kinds;
	size_t left;
};

static const struct walk_case walk_cases[] = {
	{ "empty", "", "", 0 },
	{ "SYN", SYN_FIELD, "0204080103", 0 },
	{ "data", DATA_FIELD, "010108", 0 },
	{ "EOL ends", "0100450323450323", "0100", 0 },
	{ "length 0", "01450001", "01", 3 },
	{ "length 1", "01450101", "01", 3 },
	{ "length 2", "01450201", "014501", 0 },
	{ "past the end", "45050101", "", 4 },
	{ "to the end", "45040101", "45", 0 },
	{ "kind alone", "01010145", "010101", 1 },
	{ "length 255", "02ff0101", "", 4 },
};

static void tcpopt_test_walk(struct kunit *test)
{
	struct tcpcrypt_tcpopt_iter it;
	u8 kinds[TCPCRYPT_OPTSPACE];
	size_t i, n, len;
	u8 *field;

	for (i = 0; i < ARRAY_SIZE(walk_cases); i++) {
		field = hex_bytes(test, walk_cases[i].field, &len);
		tcpcrypt_tcpopt_start(&it, field, len);
		for (n = 0; tcpcrypt_tcpopt_next(&it); n++)
			kinds[n] = it.kind;
		hex_expect(test, walk_cases[i].name, kinds, n,
			   walk_cases[i].kinds);
		KUNIT_EXPECT_EQ_MSG(test, (size_t)(it.end - it.p),
				    walk_cases[i].left, "%s",
				    walk_cases[i].name);
	}
}

/**
 * struct insert_case - an option to insert
 * @name: what is special about it
 * @field: the field
 * @opt: the option
 * @ret: what is returned
 * @want: the field afterwards
 */
struct insert_case {
	const char *name;
	const char *field;
	const char *opt;
	int ret;
	const char *want;
};

#define RESUME	"a30102030405060708091112131415161718"

static const struct insert_case insert_cases[] = {
	{ "empty field", "", "450323", 4, "45032301" },
	{ "SYN", SYN_FIELD, "45042324", 24, SYN_FIELD "45042324" },
	{ "resumption in a SYN", SYN_FIELD, "4514" RESUME, 40,
	  SYN_FIELD "4514" RESUME },
	{ "NOP squeezed out", SYN_FIELD, "451501" RESUME, 40,
	  SYN_SQUEEZED "451501" RESUME },
	{ "no room", SYN_FIELD, "45160121" RESUME, -ENOSPC, SYN_FIELD },
	{ "alignment stays", DATA_FIELD, "4502", 16, DATA_FIELD "45020101" },
	{ "padding is used", "01020405b4010101", "450323", 8,
	  "01020405b4450323" },
	{ "EOL is used", "020405b400000000", "450323", 8, "020405b445032301" },
	{ "unaligned", "0402010101", "450323", -EINVAL, "0402010101" },
	{ "malformed", "01020401", "450323", -EINVAL, "01020401" },
	{ "no option", "01010101", "", -EINVAL, "01010101" },
};

static void tcpopt_test_insert(struct kunit *test)
{
	size_t i, len, optlen, used;
	u8 *field, *room, *opt;
	int ret;

	room = kunit_kzalloc(test, TCPCRYPT_OPTSPACE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, room);
	for (i = 0; i < ARRAY_SIZE(insert_cases); i++) {
		field = hex_bytes(test, insert_cases[i].field, &len);
		opt = hex_bytes(test, insert_cases[i].opt, &optlen);
		memcpy(room, field, len);
		ret = tcpcrypt_tcpopt_insert(room, len, opt, optlen);
		KUNIT_EXPECT_EQ_MSG(test, ret, insert_cases[i].ret, "%s",
				    insert_cases[i].name);
		used = ret < 0 ? len : ret;
		hex_expect(test, insert_cases[i].name, room, used,
			   insert_cases[i].want);
	}
}

static void tcpopt_test_excludes(struct kunit *test)
{
	static const u8 kinds[] = { 19, 29, 30, 34, 253, 254 };
	u8 field[4] = { 1, 1, 0, 2 };
	unsigned int kind;

	for (kind = 2; kind < 256; kind++) {
		field[2] = kind;
		KUNIT_EXPECT_EQ_MSG(test,
				    tcpcrypt_tcpopt_excludes_eno(field, 4),
				    !!memchr(kinds, kind, sizeof(kinds)),
				    "kind %u", kind);
	}
}

static struct kunit_case tcpopt_test_cases[] = {
	KUNIT_CASE(tcpopt_test_walk),
	KUNIT_CASE(tcpopt_test_insert),
	KUNIT_CASE(tcpopt_test_excludes),
	{}
};

static struct kunit_suite tcpopt_test_suite = {
	.name = "tcpcrypt_tcpopt",
	.test_cases = tcpopt_test_cases,
};

kunit_test_suite(tcpopt_test_suite);
