// SPDX-License-Identifier: GPL-2.0-only
/* ENO options: the vectors' lists, and cases of our own. */
#include <stdio.h>
#include <stdlib.h>

#include "eno.h"
#include "keysched.h"
#include "tap.h"
#include "vectors.h"

static struct tcpcrypt_hmac *hmac;

/*
 * Just the bytes that a whole structure has in use, so that the address
 * sanitizer sees a read behind the option.  The caller frees it.
 */
static struct tcpcrypt_eno_opt *opt_of(const struct vec_bytes *vec)
{
	size_t head = offsetof(struct tcpcrypt_eno_opt, bytes);
	u8 *raw = malloc(head + vec->len);

	if (!raw)
		abort();
	raw[offsetof(struct tcpcrypt_eno_opt, len)] = (u8)vec->len;
	memcpy(raw + head, vec->p, vec->len);
	return (struct tcpcrypt_eno_opt *)raw;
}

static void check_sub(const struct tcpcrypt_eno_opt *opt,
		      const struct tcpcrypt_eno_sub *sub,
		      const struct vec_sub *want)
{
	CHECK_EQ(sub->tep, want->glt);
	CHECK_EQ(sub->v, want->v);
	CHECK_EQ(sub->v, !!want->data.p);
	CHECK_VEC(opt->bytes + sub->off, sub->len, want->data);
}

static void test_parse(const struct vec_eno_parse *vec)
{
	struct tcpcrypt_eno_opt *opt = opt_of(&vec->option);
	struct tcpcrypt_eno eno;
	size_t i;
	int err;

	tap_begin("parse: %s", vec->name);
	err = tcpcrypt_eno_parse(opt, &eno);
	CHECK_EQ(err, vec->ok ? 0 : -EBADMSG);
	CHECK(vec->ok == !vec->error);
	if (!err && vec->ok) {
		CHECK_EQ(eno.global, vec->glob);
		CHECK_EQ(eno.explicit_global, vec->explicit);
		CHECK_EQ(!!(eno.global & TCPCRYPT_ENO_GLOBAL_A), vec->a);
		CHECK_EQ(!!(eno.global & TCPCRYPT_ENO_GLOBAL_B), vec->b);
		CHECK_EQ(!eno.nsubs, vec->vacuous);
		if (CHECK_EQ(eno.nsubs, vec->subs.n)) {
			for (i = 0; i < eno.nsubs; i++)
				check_sub(opt, &eno.subs[i], &vec->subs.v[i]);
		}
	}
	tap_end();
	free(opt);
}

static void test_parse_header(void)
{
	struct tcpcrypt_eno_opt opt = { .len = 3, .bytes = { 69, 3, 35 } };
	struct tcpcrypt_eno eno;

	tap_begin("parse: what is not an ENO option");
	CHECK_EQ(tcpcrypt_eno_parse(&opt, &eno), 0);
	opt.bytes[0] = 68;
	CHECK_EQ(tcpcrypt_eno_parse(&opt, &eno), -EBADMSG);
	opt.bytes[0] = 69;
	opt.bytes[1] = 4;
	CHECK_EQ(tcpcrypt_eno_parse(&opt, &eno), -EBADMSG);
	opt.bytes[1] = 2;
	CHECK_EQ(tcpcrypt_eno_parse(&opt, &eno), -EBADMSG);
	opt.len = 0;
	CHECK_EQ(tcpcrypt_eno_parse(&opt, &eno), -EBADMSG);
	opt.len = 1;
	opt.bytes[1] = 1;
	CHECK_EQ(tcpcrypt_eno_parse(&opt, &eno), -EBADMSG);
	opt.len = 41;
	opt.bytes[1] = 41;
	CHECK_EQ(tcpcrypt_eno_parse(&opt, &eno), -EBADMSG);
	tap_end();
}

static void test_syn_segment(const struct vec_syn_segment *vec)
{
	u8 *field = exact_copy(vec->options.p, vec->options.len);
	struct tcpcrypt_eno_opt opt;
	struct tcpcrypt_eno eno;
	bool usable;
	int found;

	tap_begin("syn: %s", vec->name);
	found = tcpcrypt_eno_find(field, vec->options.len, &opt);
	usable = found == 1 && !tcpcrypt_eno_parse(&opt, &eno);
	CHECK_EQ(usable, !!vec->usable_eno.p);
	if (usable)
		CHECK_VEC(opt.bytes, opt.len, vec->usable_eno);
	if (found != 1)
		CHECK_EQ(opt.len, 0);
	tap_end();
	free(field);
}

struct find_case {
	const char *name;
	struct vec_bytes field;
	int found;
	bool present;
};

#define BYTES(...)	{ (const u8[]){ __VA_ARGS__ },			\
			  sizeof((const u8[]){ __VA_ARGS__ }) }

static const struct find_case find_cases[] = {
	{ "none", BYTES(2, 4, 5, 180), 0, false },
	{ "empty", BYTES(69, 2, 1, 1), 1, true },
	{ "two", BYTES(69, 2, 69, 2), -EBADMSG, true },
	{ "second one cut off", BYTES(69, 2, 69, 3), -EBADMSG, true },
	{ "only one cut off", BYTES(1, 69, 5, 35), -EBADMSG, false },
	{ "other option cut off", BYTES(69, 2, 8, 10), 1, true },
	{ "behind a malformed one", BYTES(8, 1, 69, 2), 0, false },
	{ "behind EOL", BYTES(0, 1, 69, 2), 0, false },
	{ "EOL in front of a second", BYTES(69, 3, 35, 0, 69, 3, 35, 0), 1,
	  true },
};

static void test_find(const struct find_case *c)
{
	u8 *field = exact_copy(c->field.p, c->field.len);
	struct tcpcrypt_eno_opt opt;

	tap_begin("find: %s", c->name);
	CHECK_EQ(tcpcrypt_eno_find(field, c->field.len, &opt), c->found);
	CHECK_EQ(opt.len != 0, c->found == 1);
	CHECK_EQ(tcpcrypt_eno_present(field, c->field.len), c->present);
	tap_end();
	free(field);
}

/* The session of a negotiation vector, as one of its hosts has it */
static void resume_from(const struct vec_session *session, bool original_a,
			struct tcpcrypt_eno_resume *resume)
{
	u8 id[TCPCRYPT_RESUME_ID_LEN];
	const u8 *a = id, *b = id + TCPCRYPT_RESUME_HALF_LEN;

	memset(resume, 0, sizeof(*resume));
	resume->tep = session->tep;
	CHECK_EQ(tcpcrypt_ks_resume_id(hmac, session->ss.p, id), 0);
	memcpy(resume->local, original_a ? a : b, TCPCRYPT_RESUME_HALF_LEN);
	memcpy(resume->remote, original_a ? b : a, TCPCRYPT_RESUME_HALF_LEN);
}

/* A negotiation vector from the side of one of its hosts */
struct view {
	const struct vec_bytes *local;
	const struct vec_bytes *remote;
	bool need_aware;
	bool first;
	enum tcpcrypt_eno_fail fail;
	struct tcpcrypt_eno_result res;
};

static void view_run(struct view *view, const struct vec_session *session)
{
	struct tcpcrypt_eno_opt *remote = opt_of(view->remote);
	struct tcpcrypt_eno_opt *local = opt_of(view->local);
	struct tcpcrypt_eno_resume resume;
	bool original_a;

	if (session) {
		original_a = (session->first_original_role[0] == 'A') ==
			     view->first;
		resume_from(session, original_a, &resume);
	}
	view->fail = tcpcrypt_eno_negotiate(local, remote,
					    session ? &resume : NULL,
					    view->need_aware, &view->res);
	free(local);
	free(remote);
}

static void view_check(const struct view *view, const struct vec_outcome *want)
{
	const struct tcpcrypt_eno_result *res = &view->res;
	bool first_is_b = want->first_is[0] == 'B';
	bool resume = !strcmp(want->mode, "resume");

	CHECK(resume || !strcmp(want->mode, "fresh"));
	if (!CHECK_EQ(view->fail, TCPCRYPT_ENO_OK))
		return;
	CHECK_EQ(res->tep, want->tep);
	CHECK_EQ(res->tep_byte, want->tep_byte);
	CHECK_EQ(res->role_b, view->first == first_is_b);
	CHECK_EQ(res->resume, resume);
	CHECK_VEC(res->transcript, res->transcript_len, want->transcript);
	if (resume) {
		/* The suboption is the last, and the nonce ends it */
		CHECK_MEM(res->peer_nonce, res->peer_nonce_len,
			  view->remote->p + view->remote->len -
			  res->peer_nonce_len, res->peer_nonce_len);
		CHECK_EQ(res->peer_nonce_len, view->remote->len -
			 (res->role_b ? 0 : 1) - 3 - TCPCRYPT_RESUME_HALF_LEN);
	} else {
		CHECK_EQ(res->peer_nonce_len, 0);
	}
}

static void view_check_none(const struct tcpcrypt_eno_result *res)
{
	CHECK_EQ(res->tep, 0);
	CHECK_EQ(res->tep_byte, 0);
	CHECK_EQ(res->transcript_len, 0);
	CHECK(!res->resume);
}

static void test_negotiation(const struct vec_negotiation *vec)
{
	struct view first = {
		.local = &vec->first, .remote = &vec->second,
		.need_aware = vec->mandatory_a_first, .first = true,
	};
	struct view second = {
		.local = &vec->second, .remote = &vec->first,
		.need_aware = vec->mandatory_a_second, .first = false,
	};

	tap_begin("negotiate: %s", vec->name);
	view_run(&first, vec->session);
	view_run(&second, vec->session);
	if (vec->result) {
		view_check(&first, vec->result);
		view_check(&second, vec->result);
	} else if (vec->mandatory_a_first || vec->mandatory_a_second) {
		/* Only the host that insists can know */
		CHECK_EQ(first.fail == TCPCRYPT_ENO_FAIL_AWARE,
			 vec->mandatory_a_first);
		CHECK_EQ(second.fail == TCPCRYPT_ENO_FAIL_AWARE,
			 vec->mandatory_a_second);
	} else {
		CHECK(first.fail != TCPCRYPT_ENO_OK);
		CHECK_EQ(first.fail, second.fail);
		view_check_none(&first.res);
		view_check_none(&second.res);
	}
	tap_end();
}

struct fail_case {
	const char *name;
	struct vec_bytes local;
	struct vec_bytes remote;
	bool need_aware;
	enum tcpcrypt_eno_fail fail;
	bool peer_aware;
};

static const struct fail_case fail_cases[] = {
	{ "ill-formed", BYTES(69, 3, 35), BYTES(69, 3, 128), false,
	  TCPCRYPT_ENO_FAIL_ILLFORMED, false },
	{ "vacuous", BYTES(69, 3, 35), BYTES(69, 3, 1), false,
	  TCPCRYPT_ENO_FAIL_VACUOUS, false },
	{ "same role", BYTES(69, 3, 35), BYTES(69, 4, 2, 35), false,
	  TCPCRYPT_ENO_FAIL_ROLE, true },
	{ "not aware", BYTES(69, 4, 2, 35), BYTES(69, 4, 1, 35), true,
	  TCPCRYPT_ENO_FAIL_AWARE, false },
	{ "no common TEP", BYTES(69, 3, 35), BYTES(69, 4, 3, 36), true,
	  TCPCRYPT_ENO_FAIL_NO_TEP, true },
	{ "aware", BYTES(69, 3, 35), BYTES(69, 4, 3, 35), true,
	  TCPCRYPT_ENO_OK, true },
};

static void test_fail(const struct fail_case *c)
{
	struct tcpcrypt_eno_opt *remote = opt_of(&c->remote);
	struct tcpcrypt_eno_opt *local = opt_of(&c->local);
	struct tcpcrypt_eno_result res;

	tap_begin("reason: %s", c->name);
	CHECK_EQ(tcpcrypt_eno_negotiate(local, remote, NULL, c->need_aware,
					&res), c->fail);
	CHECK_EQ(res.peer_aware, c->peer_aware);
	tap_end();
	free(local);
	free(remote);
}

static const struct tcpcrypt_eno_resume sample = {
	.tep = TCPCRYPT_TEP_X25519,
	.local = { 1, 2, 3, 4, 5, 6, 7, 8, 9 },
	.remote = { 11, 12, 13, 14, 15, 16, 17, 18, 19 },
	.nonce = { 21, 22, 23, 24, 25, 26, 27, 28 },
	.nonce_len = 8,
};

#define SAMPLE_SUB	0xa3, 1, 2, 3, 4, 5, 6, 7, 8, 9, \
			21, 22, 23, 24, 25, 26, 27, 28

static void check_build(struct tcpcrypt_eno_opt *opt, int err,
			const u8 *want, size_t want_len)
{
	CHECK_EQ(err, 0);
	CHECK_MEM(opt->bytes, opt->len, want, want_len);
}

#define CHECK_BUILD(global, explicit, teps, nteps, resume, ...)		\
	do {								\
		struct tcpcrypt_eno_opt _opt;				\
		const u8 _want[] = { __VA_ARGS__ };			\
		int _err = tcpcrypt_eno_build(&_opt, global, explicit,	\
					      teps, nteps, resume);	\
									\
		check_build(&_opt, _err, _want, sizeof(_want));		\
	} while (0)

static void test_build(void)
{
	static const u8 teps[] = { 0x21, 0x22, 0x24, 0x23 };
	struct tcpcrypt_eno_resume bare = sample;

	bare.nonce_len = 0;
	tap_begin("build: options");
	CHECK_BUILD(0, false, teps, 4, NULL,
		    69, 6, 0x21, 0x22, 0x24, 0x23);
	CHECK_BUILD(0, true, teps, 4, NULL,
		    69, 7, 0, 0x21, 0x22, 0x24, 0x23);
	CHECK_BUILD(1, true, teps + 3, 1, NULL, 69, 4, 1, 0x23);
	CHECK_BUILD(2, false, teps + 3, 1, NULL, 69, 4, 2, 0x23);
	CHECK_BUILD(0, false, NULL, 0, NULL, 69, 2);
	CHECK_BUILD(1, true, NULL, 0, NULL, 69, 3, 1);
	CHECK_BUILD(0, false, NULL, 0, &sample, 69, 20, SAMPLE_SUB);
	CHECK_BUILD(1, true, NULL, 0, &sample, 69, 21, 1, SAMPLE_SUB);
	CHECK_BUILD(0, false, teps + 3, 1, &sample, 69, 20, SAMPLE_SUB);
	CHECK_BUILD(0, false, teps, 4, &sample,
		    69, 23, 0x21, 0x22, 0x24, SAMPLE_SUB);
	CHECK_BUILD(0, false, NULL, 0, &bare,
		    69, 12, 0xa3, 1, 2, 3, 4, 5, 6, 7, 8, 9);
	tap_end();
}

static void test_build_errors(void)
{
	struct tcpcrypt_eno_resume odd = sample;
	struct tcpcrypt_eno_opt opt;
	u8 teps[40];

	tap_begin("build: errors");
	memset(teps, 0x55, sizeof(teps));
	CHECK_EQ(tcpcrypt_eno_build(&opt, 0, false, teps, 38, NULL), 0);
	CHECK_EQ(opt.len, 40);
	CHECK_EQ(tcpcrypt_eno_build(&opt, 0, false, teps, 39, NULL), -ENOSPC);
	CHECK_EQ(opt.len, 0);
	CHECK_EQ(tcpcrypt_eno_build(&opt, 1, false, teps, 38, NULL), -ENOSPC);
	CHECK_EQ(tcpcrypt_eno_build(&opt, 0, false, teps, 20, &sample), 0);
	CHECK_EQ(opt.len, 40);
	CHECK_EQ(tcpcrypt_eno_build(&opt, 0, false, teps, 21, &sample),
		 -ENOSPC);
	CHECK_EQ(opt.len, 0);
	CHECK_EQ(tcpcrypt_eno_build(&opt, 4, true, teps, 1, NULL), -EINVAL);
	teps[0] = 0x1f;
	CHECK_EQ(tcpcrypt_eno_build(&opt, 0, true, teps, 1, NULL), -EINVAL);
	teps[0] = 0xa3;
	CHECK_EQ(tcpcrypt_eno_build(&opt, 0, true, teps, 1, NULL), -EINVAL);
	odd.nonce_len = 9;
	CHECK_EQ(tcpcrypt_eno_build(&opt, 0, true, NULL, 0, &odd), -EINVAL);
	CHECK_EQ(opt.len, 0);
	tap_end();
}

struct choose_case {
	const char *name;
	struct vec_bytes option;
	u8 choice;	/* of X25519, X448, P-256, P-521, 0x20 in this order */
};

static const struct choose_case choose_cases[] = {
	{ "ours first", BYTES(69, 6, 33, 34, 36, 35), 35 },
	{ "second best", BYTES(69, 5, 33, 34, 36), 36 },
	{ "repeated is invalid", BYTES(69, 5, 35, 35, 33), 33 },
	{ "repeated with data too", BYTES(69, 4, 35, 0xa3), 0 },
	{ "v=1, empty", BYTES(69, 3, 0xa3), 35 },
	{ "v=1, 8 bytes", BYTES(69, 11, 0xa3, 0, 0, 0, 0, 0, 0, 0, 0), 35 },
	{ "v=1, 17 bytes", BYTES(69, 20, SAMPLE_SUB), 35 },
	{ "v=1, 18 bytes", BYTES(69, 21, SAMPLE_SUB, 0), 0 },
	{ "v=1, 18 bytes, and another",
	  BYTES(69, 23, 33, 0x91, SAMPLE_SUB, 0), 33 },
	{ "vacuous", BYTES(69, 3, 2), 0 },
	{ "unknown and experimental", BYTES(69, 4, 0x20, 0x55), 0 },
};

static void test_choose(const struct choose_case *c)
{
	static const u8 teps[] = { 0x23, 0x24, 0x21, 0x22, 0x20 };
	struct tcpcrypt_eno_opt *opt = opt_of(&c->option);
	struct tcpcrypt_eno eno;

	tap_begin("choose: %s", c->name);
	CHECK_EQ(tcpcrypt_eno_parse(opt, &eno), 0);
	CHECK_EQ(tcpcrypt_eno_choose(&eno, teps, ARRAY_SIZE(teps)), c->choice);
	CHECK_EQ(tcpcrypt_eno_choose(&eno, teps, 0), 0);
	tap_end();
	free(opt);
}

/* The session as the peer of the host that has @ours knows it */
static struct tcpcrypt_eno_resume mirror(const struct tcpcrypt_eno_resume *ours)
{
	struct tcpcrypt_eno_resume theirs = *ours;

	memcpy(theirs.local, ours->remote, sizeof(theirs.local));
	memcpy(theirs.remote, ours->local, sizeof(theirs.remote));
	memset(theirs.nonce, 0x77, sizeof(theirs.nonce));
	theirs.nonce_len = 5;
	return theirs;
}

static void test_resume(void)
{
	const struct tcpcrypt_eno_resume peer = mirror(&sample);
	struct tcpcrypt_eno_resume other = sample;
	struct tcpcrypt_eno_result res;
	struct tcpcrypt_eno_opt a, b;
	const u8 tep = 0x24;

	tap_begin("resume: both sides, other offers beside it, other sessions");
	CHECK_EQ(tcpcrypt_eno_build(&a, 0, false, &tep, 1, &sample), 0);
	CHECK_EQ(tcpcrypt_eno_build(&b, 1, true, NULL, 0, &peer), 0);
	CHECK_EQ(tcpcrypt_eno_negotiate(&a, &b, &sample, false, &res), 0);
	CHECK_EQ(res.tep_byte, 0xa3);
	CHECK(res.resume && !res.role_b);
	CHECK_MEM(res.peer_nonce, res.peer_nonce_len, peer.nonce, 5);
	CHECK_EQ(tcpcrypt_eno_negotiate(&b, &a, &peer, false, &res), 0);
	CHECK(res.resume && res.role_b);
	CHECK_MEM(res.peer_nonce, res.peer_nonce_len, sample.nonce, 8);

	/* Without the session, or with another one, B's suboption is void */
	CHECK_EQ(tcpcrypt_eno_negotiate(&a, &b, NULL, false, &res),
		 TCPCRYPT_ENO_FAIL_NO_TEP);
	CHECK_EQ(tcpcrypt_eno_negotiate(&a, &b, &peer, false, &res),
		 TCPCRYPT_ENO_FAIL_NO_TEP);
	other.tep = 0x24;
	CHECK_EQ(tcpcrypt_eno_negotiate(&a, &b, &other, false, &res),
		 TCPCRYPT_ENO_FAIL_NO_TEP);

	/* B may always prefer a fresh key exchange, with any offered TEP */
	CHECK_EQ(tcpcrypt_eno_build(&b, 1, true, &tep, 1, NULL), 0);
	CHECK_EQ(tcpcrypt_eno_negotiate(&a, &b, &sample, false, &res), 0);
	CHECK_EQ(res.tep_byte, 0x24);
	CHECK(!res.resume);
	tap_end();
}

static void test_offer(void)
{
	struct tcpcrypt_eno_opt opt;
	const struct tcpcrypt_eno_sub *sub;
	struct tcpcrypt_eno eno;
	const u8 tep = 0x24;

	tap_begin("offer: how a TEP is offered");
	CHECK_EQ(tcpcrypt_eno_build(&opt, 0, false, &tep, 1, &sample), 0);
	CHECK_EQ(tcpcrypt_eno_parse(&opt, &eno), 0);
	sub = tcpcrypt_eno_offer(&eno, 0x24);
	CHECK(sub && !tcpcrypt_eno_is_resume(sub));
	sub = tcpcrypt_eno_offer(&eno, 0x23);
	CHECK(sub && tcpcrypt_eno_is_resume(sub));
	CHECK(!tcpcrypt_eno_offer(&eno, 0x21));
	CHECK(!tcpcrypt_eno_offer(&eno, 0x20));
	opt.len = 11;
	opt.bytes[1] = 11;
	CHECK_EQ(tcpcrypt_eno_parse(&opt, &eno), 0);
	sub = tcpcrypt_eno_offer(&eno, 0x23);
	CHECK(sub && !tcpcrypt_eno_is_resume(sub));
	CHECK(tcpcrypt_eno_is_resume(&(struct tcpcrypt_eno_sub){
		.tep = 0x23, .v = true, .len = 17 }));
	CHECK(!tcpcrypt_eno_is_resume(&(struct tcpcrypt_eno_sub){
		.tep = 0x23, .v = true, .len = 18 }));
	tap_end();
}

int main(void)
{
	size_t i;

	static_assert(ARRAY_SIZE(vec_eno_parse) == 84);
	static_assert(ARRAY_SIZE(vec_syn_segment) == 14);
	static_assert(ARRAY_SIZE(vec_negotiation) == 68);

	hmac = tcpcrypt_hmac_alloc();
	for (i = 0; i < ARRAY_SIZE(vec_eno_parse); i++)
		test_parse(&vec_eno_parse[i]);
	for (i = 0; i < ARRAY_SIZE(vec_syn_segment); i++)
		test_syn_segment(&vec_syn_segment[i]);
	for (i = 0; i < ARRAY_SIZE(vec_negotiation); i++)
		test_negotiation(&vec_negotiation[i]);
	for (i = 0; i < ARRAY_SIZE(find_cases); i++)
		test_find(&find_cases[i]);
	for (i = 0; i < ARRAY_SIZE(fail_cases); i++)
		test_fail(&fail_cases[i]);
	for (i = 0; i < ARRAY_SIZE(choose_cases); i++)
		test_choose(&choose_cases[i]);
	test_parse_header();
	test_build();
	test_build_errors();
	test_resume();
	test_offer();
	tcpcrypt_hmac_free(hmac);

	return tap_finish(84 + 14 + 68 + ARRAY_SIZE(find_cases) +
			  ARRAY_SIZE(fail_cases) + ARRAY_SIZE(choose_cases) +
			  5);
}
