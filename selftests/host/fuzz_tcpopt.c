// SPDX-License-Identifier: GPL-2.0-only
/*
 * An option field, and an option to put into it.
 *
 * Input: length of the field, the field, the option.
 */
#include "eno.h"
#include "fuzz.h"
#include "tcpopt.h"

/* All options of a field that are not padding, one after the other */
struct listing {
	u8 bytes[2 * TCPCRYPT_OPTSPACE];
	size_t len;
	bool whole;	/* nothing malformed stands in the field */
};

static void list_options(const u8 *field, size_t len, struct listing *list)
{
	struct tcpcrypt_tcpopt_iter it;
	const u8 *expect = field;

	list->len = 0;
	tcpcrypt_tcpopt_start(&it, field, len);
	while (tcpcrypt_tcpopt_next(&it)) {
		ASSERT(it.opt == expect && it.len > 0);
		ASSERT(it.opt + it.len <= field + len);
		ASSERT(it.kind == it.opt[0]);
		expect += it.len;
		if (it.kind <= 1) {
			ASSERT(it.len == 1);
			continue;
		}
		ASSERT(it.len == it.opt[1]);
		memcpy(list->bytes + list->len, it.opt, it.len);
		list->len += it.len;
	}
	list->whole = it.p == it.end;
}

/* Finding and classifying agree with the plain walk. */
static void check_find(const u8 *field, size_t len)
{
	struct tcpcrypt_eno_opt opt;
	int found = tcpcrypt_eno_find(field, len, &opt);
	struct tcpcrypt_eno eno;

	ASSERT(found == 1 || found == 0 || found == -EBADMSG);
	ASSERT((found == 1) == (opt.len != 0));
	if (found == 1) {
		ASSERT(tcpcrypt_eno_present(field, len));
		ASSERT(opt.bytes[0] == 69 && opt.bytes[1] == opt.len);
		tcpcrypt_eno_parse(&opt, &eno);
	}
	if (found == 0)
		ASSERT(!tcpcrypt_eno_present(field, len));
	tcpcrypt_tcpopt_excludes_eno(field, len);
}

/*
 * After an insertion the field lists what it listed before, then the new
 * option; a failed one leaves no trace and has a reason.
 */
static void check_insert(const u8 *field, size_t len, const u8 *opt,
			 size_t optlen)
{
	struct listing before, after;
	u8 *room = malloc(TCPCRYPT_OPTSPACE);
	int ret;

	if (!room)
		abort();
	memset(room, 0xee, TCPCRYPT_OPTSPACE);
	memcpy(room, field, len);
	list_options(field, len, &before);
	ret = tcpcrypt_tcpopt_insert(room, len, opt, optlen);
	if (ret < 0) {
		ASSERT(!memcmp(room, field, len));
		if (ret == -EINVAL)
			ASSERT(!before.whole || len % 4);
		else
			ASSERT(before.len + optlen > TCPCRYPT_OPTSPACE);
		goto out;
	}

	ASSERT(ret % 4 == 0 && ret <= TCPCRYPT_OPTSPACE);
	list_options(room, (size_t)ret, &after);
	ASSERT(after.whole);
	ASSERT(after.len == before.len + optlen);
	ASSERT(!memcmp(after.bytes, before.bytes, before.len));
	ASSERT(!memcmp(after.bytes + before.len, opt, optlen));
out:
	free(room);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_input in = { .p = data, .left = size };
	size_t len, optlen;
	struct listing list;
	u8 *field, *opt;

	field = fuzz_take(&in, fuzz_byte(&in) % (TCPCRYPT_OPTSPACE + 1), &len);
	opt = fuzz_take(&in, TCPCRYPT_OPTSPACE + 1, &optlen);
	list_options(field, len, &list);
	check_find(field, len);
	if (optlen >= 2) {
		/* Any other kind would be padding and vanish */
		opt[0] = opt[0] < 2 ? TCPCRYPT_OPT_ENO : opt[0];
		opt[1] = (u8)optlen;
		check_insert(field, len, opt, optlen);
	}
	free(opt);
	free(field);

	return 0;
}
