// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite of eno.c, on the project's test vectors (gen_pure_vectors.py).
 */
#include "eno.h"
#include "hex.h"
#include "keysched.h"

/**
 * struct eno_vector - an option to parse
 * @name: what is special about it
 * @option: its bytes
 * @ok: it is well-formed; otherwise nothing below counts
 * @global: the global suboption
 * @explicit_global: there is one
 * @subs: for each suboption TEP, v bit, length of the data, and the data
 */
struct eno_vector {
	const char *name;
	const char *option;
	bool ok;
	u8 global;
	bool explicit_global;
	const char *subs;
};

/**
 * struct syn_vector - the option field of a SYN
 * @name: what is special about it
 * @field: its bytes
 * @usable: the ENO option that counts, or NULL
 */
struct syn_vector {
	const char *name;
	const char *field;
	const char *usable;
};

/**
 * struct negotiation_vector - two hosts' options
 * @name: what is special about them
 * @first: what one host sends
 * @second: what the other sends
 * @aware_first: the first host insists on application awareness
 * @aware_second: the second does
 * @ss: a session secret both know, or NULL
 * @ss_tep: its TEP
 * @first_was_a: the first host played A in its first session
 * @tep_byte: the negotiated TEP byte, 0 for plain TCP
 * @first_is_b: the first host plays B now
 * @transcript: the negotiation transcript
 */
struct negotiation_vector {
	const char *name;
	const char *first;
	const char *second;
	bool aware_first;
	bool aware_second;
	const char *ss;
	u8 ss_tep;
	bool first_was_a;
	u8 tep_byte;
	bool first_is_b;
	const char *transcript;
};

#include "eno_vectors.h"

/* An option in a block that ends where its bytes do */
static struct tcpcrypt_eno_opt *eno_test_opt(struct kunit *test,
					     const char *hex)
{
	size_t head = offsetof(struct tcpcrypt_eno_opt, bytes);
	size_t len;
	u8 *bytes, *raw;

	bytes = hex_bytes(test, hex, &len);
	raw = kunit_kzalloc(test, head + len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, raw);
	raw[offsetof(struct tcpcrypt_eno_opt, len)] = len;
	memcpy(raw + head, bytes, len);
	return (struct tcpcrypt_eno_opt *)raw;
}

/* Suboptions the way the vectors list them */
static size_t eno_test_list(const struct tcpcrypt_eno_opt *opt,
			    const struct tcpcrypt_eno *eno, u8 *out)
{
	const struct tcpcrypt_eno_sub *sub;
	u8 *p = out;

	for (sub = eno->subs; sub < eno->subs + eno->nsubs; sub++) {
		*p++ = sub->tep;
		*p++ = sub->v;
		*p++ = sub->len;
		memcpy(p, opt->bytes + sub->off, sub->len);
		p += sub->len;
	}

	return p - out;
}

static void eno_test_parse(struct kunit *test)
{
	const struct eno_vector *v = eno_vectors;
	u8 list[4 * TCPCRYPT_OPTSPACE];
	struct tcpcrypt_eno_opt *opt;
	struct tcpcrypt_eno eno;
	int err;

	for (; v < eno_vectors + ARRAY_SIZE(eno_vectors); v++) {
		opt = eno_test_opt(test, v->option);
		err = tcpcrypt_eno_parse(opt, &eno);
		KUNIT_EXPECT_EQ_MSG(test, err, v->ok ? 0 : -EBADMSG, "%s",
				    v->name);
		if (err || !v->ok)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, eno.global, v->global, "%s",
				    v->name);
		KUNIT_EXPECT_EQ_MSG(test, eno.explicit_global,
				    v->explicit_global, "%s", v->name);
		hex_expect(test, v->name, list,
			   eno_test_list(opt, &eno, list), v->subs);
	}
}

static void eno_test_find(struct kunit *test)
{
	const struct syn_vector *v = syn_vectors;
	struct tcpcrypt_eno_opt opt;
	struct tcpcrypt_eno eno;
	bool usable;
	size_t len;
	u8 *field;

	for (; v < syn_vectors + ARRAY_SIZE(syn_vectors); v++) {
		field = hex_bytes(test, v->field, &len);
		usable = tcpcrypt_eno_find(field, len, &opt) == 1 &&
			 !tcpcrypt_eno_parse(&opt, &eno);
		KUNIT_EXPECT_EQ_MSG(test, usable, !!v->usable, "%s", v->name);
		if (usable && v->usable)
			hex_expect(test, v->name, opt.bytes, opt.len,
				   v->usable);
	}
}

static void eno_test_present(struct kunit *test)
{
	static const u8 two[] = { 69, 2, 69, 3, 35, 0 };
	static const u8 none[] = { 1, 0, 69, 2 };

	KUNIT_EXPECT_TRUE(test, tcpcrypt_eno_present(two, sizeof(two)));
	KUNIT_EXPECT_FALSE(test, tcpcrypt_eno_present(none, sizeof(none)));
	KUNIT_EXPECT_FALSE(test, tcpcrypt_eno_present(none, 0));
}

/* The session of a vector, as the host has it that was A in it or was not */
static void eno_test_session(struct kunit *test,
			     const struct negotiation_vector *v, bool was_a,
			     struct tcpcrypt_eno_resume *resume)
{
	struct tcpcrypt_hmac *hmac = tcpcrypt_hmac_alloc();
	u8 id[TCPCRYPT_RESUME_ID_LEN];
	size_t len;
	u8 *ss;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, hmac);
	ss = hex_bytes(test, v->ss, &len);
	KUNIT_EXPECT_EQ(test, tcpcrypt_ks_resume_id(hmac, ss, id), 0);
	tcpcrypt_hmac_free(hmac);

	memset(resume, 0, sizeof(*resume));
	resume->tep = v->ss_tep;
	memcpy(was_a ? resume->local : resume->remote, id,
	       TCPCRYPT_RESUME_HALF_LEN);
	memcpy(was_a ? resume->remote : resume->local,
	       id + TCPCRYPT_RESUME_HALF_LEN, TCPCRYPT_RESUME_HALF_LEN);
}

/* A vector as one of its two hosts sees it; true when they negotiate */
static bool eno_test_view(struct kunit *test,
			  const struct negotiation_vector *v, bool first)
{
	bool need_aware = first ? v->aware_first : v->aware_second;
	struct tcpcrypt_eno_opt *local, *remote;
	struct tcpcrypt_eno_result res;
	struct tcpcrypt_eno_resume resume;

	local = eno_test_opt(test, first ? v->first : v->second);
	remote = eno_test_opt(test, first ? v->second : v->first);
	if (v->ss)
		eno_test_session(test, v, first == v->first_was_a, &resume);
	if (tcpcrypt_eno_negotiate(local, remote, v->ss ? &resume : NULL,
				   need_aware, &res))
		return false;
	if (!v->tep_byte)
		return true;

	KUNIT_EXPECT_EQ_MSG(test, res.tep_byte, v->tep_byte, "%s", v->name);
	KUNIT_EXPECT_EQ_MSG(test, res.role_b, first == v->first_is_b, "%s",
			    v->name);
	KUNIT_EXPECT_EQ_MSG(test, res.resume, v->tep_byte >= 0x80, "%s",
			    v->name);
	hex_expect(test, v->name, res.transcript, res.transcript_len,
		   v->transcript);
	return true;
}

static void eno_test_negotiate(struct kunit *test)
{
	const struct negotiation_vector *v = negotiation_vectors;
	bool first, second;

	for (; v < negotiation_vectors + ARRAY_SIZE(negotiation_vectors); v++) {
		first = eno_test_view(test, v, true);
		second = eno_test_view(test, v, false);
		KUNIT_EXPECT_EQ_MSG(test, first && second, !!v->tep_byte, "%s",
				    v->name);
		/* Only awareness can be missed by one host alone */
		if (!v->aware_first && !v->aware_second)
			KUNIT_EXPECT_EQ_MSG(test, first, second, "%s",
					    v->name);
	}
}

static void eno_test_build(struct kunit *test)
{
	static const u8 teps[] = { 0x24, 0x23 };
	struct tcpcrypt_eno_resume resume = {
		.tep = 0x23, .local = { 1, 2, 3, 4, 5, 6, 7, 8, 9 },
		.nonce = { 10, 11 }, .nonce_len = 2,
	};
	struct tcpcrypt_eno_opt opt;

	KUNIT_EXPECT_EQ(test, tcpcrypt_eno_build(&opt, 0, false, teps, 2,
						 NULL), 0);
	hex_expect(test, "fresh", opt.bytes, opt.len, "45042423");
	KUNIT_EXPECT_EQ(test, tcpcrypt_eno_build(&opt, 1, true, teps, 2,
						 &resume), 0);
	hex_expect(test, "resume", opt.bytes, opt.len,
		   "45100124a30102030405060708090a0b");
	resume.nonce_len = 9;
	KUNIT_EXPECT_EQ(test, tcpcrypt_eno_build(&opt, 1, true, teps, 2,
						 &resume), -EINVAL);
	KUNIT_EXPECT_EQ(test, opt.len, 0);
}

static void eno_test_choose(struct kunit *test)
{
	static const u8 teps[] = { 0x23, 0x24, 0x21 };
	struct tcpcrypt_eno eno;

	KUNIT_ASSERT_EQ(test, tcpcrypt_eno_parse(eno_test_opt(test,
							      "4505212423"),
						 &eno), 0);
	KUNIT_EXPECT_EQ(test, tcpcrypt_eno_choose(&eno, teps, 3), 0x23);
	KUNIT_ASSERT_EQ(test, tcpcrypt_eno_parse(eno_test_opt(test,
							      "450623232124"),
						 &eno), 0);
	KUNIT_EXPECT_EQ(test, tcpcrypt_eno_choose(&eno, teps, 3), 0x24);
	KUNIT_ASSERT_EQ(test, tcpcrypt_eno_parse(eno_test_opt(test,
							      "45042055"),
						 &eno), 0);
	KUNIT_EXPECT_EQ(test, tcpcrypt_eno_choose(&eno, teps, 3), 0);
}

static struct kunit_case eno_test_cases[] = {
	KUNIT_CASE(eno_test_parse),
	KUNIT_CASE(eno_test_find),
	KUNIT_CASE(eno_test_present),
	KUNIT_CASE(eno_test_negotiate),
	KUNIT_CASE(eno_test_build),
	KUNIT_CASE(eno_test_choose),
	{}
};

static struct kunit_suite eno_test_suite = {
	.name = "tcpcrypt_eno",
	.test_cases = eno_test_cases,
};

kunit_test_suite(eno_test_suite);
