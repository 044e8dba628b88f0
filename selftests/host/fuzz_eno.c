// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two ENO options, A's and B's or any others.
 *
 * Input: flags, length of the first option, the first option, the second.
 */
#include "eno.h"
#include "fuzz.h"

#define FLAG_AWARE	0x01	/* the first host insists on awareness */
#define FLAG_RESUME	0x02	/* both hosts know the session named */

static const u8 all_teps[] = { 0x23, 0x24, 0x21, 0x22 };

/* Only the bytes in use: a read behind them is a read behind the block */
static struct tcpcrypt_eno_opt *take_opt(struct fuzz_input *in, size_t want)
{
	size_t head = offsetof(struct tcpcrypt_eno_opt, bytes);
	size_t len = min(want, in->left);
	u8 *raw;

	if (len > TCPCRYPT_OPTSPACE)
		len = TCPCRYPT_OPTSPACE;
	raw = malloc(head + len);
	if (!raw)
		abort();
	raw[offsetof(struct tcpcrypt_eno_opt, len)] = (u8)len;
	memcpy(raw + head, in->p, len);
	in->p += len;
	in->left -= len;
	return (struct tcpcrypt_eno_opt *)raw;
}

/* Suboptions are in order, inside the option, and not below a TEP. */
static void check_parsed(const struct tcpcrypt_eno_opt *opt,
			 const struct tcpcrypt_eno *eno)
{
	size_t pos = 2, i;

	ASSERT(eno->nsubs <= opt->len - 2);
	ASSERT(eno->global < 0x20);
	ASSERT(eno->explicit_global || !eno->global);
	for (i = 0; i < eno->nsubs; i++) {
		ASSERT(eno->subs[i].off > pos);
		ASSERT(eno->subs[i].tep >= 0x20 && eno->subs[i].tep < 0x80);
		ASSERT(eno->subs[i].v || !eno->subs[i].len);
		pos = eno->subs[i].off + eno->subs[i].len;
		ASSERT(pos <= opt->len);
		ASSERT(opt->bytes[eno->subs[i].off - 1] ==
		       (eno->subs[i].tep | (eno->subs[i].v ? 0x80 : 0)));
	}
}

/* Write a parsed option anew, as far as build() can say the same. */
static void check_rebuild(const struct tcpcrypt_eno_opt *opt,
			  const struct tcpcrypt_eno *eno)
{
	struct tcpcrypt_eno_resume resume = { 0 };
	struct tcpcrypt_eno_opt built;
	struct tcpcrypt_eno again;
	u8 teps[TCPCRYPT_OPTSPACE];
	bool has_resume = false;
	size_t i, n = 0;

	for (i = 0; i < eno->nsubs; i++) {
		if (!eno->subs[i].v) {
			teps[n++] = eno->subs[i].tep;
			continue;
		}
		if (i != eno->nsubs - 1u ||
		    !tcpcrypt_eno_is_resume(&eno->subs[i]) ||
		    memchr(teps, eno->subs[i].tep, n))
			return;
		has_resume = true;
		resume.tep = eno->subs[i].tep;
		resume.nonce_len = eno->subs[i].len - 9;
		memcpy(resume.local, opt->bytes + eno->subs[i].off, 9);
		memcpy(resume.nonce, opt->bytes + eno->subs[i].off + 9,
		       resume.nonce_len);
	}
	ASSERT(!tcpcrypt_eno_build(&built, eno->global & 3,
				   eno->explicit_global, teps, n,
				   has_resume ? &resume : NULL));
	ASSERT(built.len <= opt->len);
	ASSERT(!tcpcrypt_eno_parse(&built, &again));
	ASSERT(again.global == (eno->global & 3));
	ASSERT(again.explicit_global == eno->explicit_global);
	ASSERT(again.nsubs == eno->nsubs);
	for (i = 0; i < eno->nsubs; i++) {
		ASSERT(again.subs[i].tep == eno->subs[i].tep);
		ASSERT(again.subs[i].v == eno->subs[i].v);
		ASSERT(again.subs[i].len == eno->subs[i].len);
		ASSERT(!memcmp(built.bytes + again.subs[i].off,
			       opt->bytes + eno->subs[i].off,
			       eno->subs[i].len));
	}
}

/* A passive opener's answer to an option negotiates what it chose. */
static void check_answer(const struct tcpcrypt_eno_opt *opt,
			 const struct tcpcrypt_eno *eno)
{
	struct tcpcrypt_eno_result res;
	struct tcpcrypt_eno_opt answer;
	enum tcpcrypt_eno_fail fail;
	u8 tep;

	tep = tcpcrypt_eno_choose(eno, all_teps, ARRAY_SIZE(all_teps));
	ASSERT(!tcpcrypt_eno_build(&answer, TCPCRYPT_ENO_GLOBAL_B, true, &tep,
				   tep ? 1 : 0, NULL));
	fail = tcpcrypt_eno_negotiate(&answer, opt, NULL, false, &res);
	if (!eno->nsubs || !tep)
		ASSERT(fail == TCPCRYPT_ENO_FAIL_VACUOUS);
	else if (eno->global & TCPCRYPT_ENO_GLOBAL_B)
		ASSERT(fail == TCPCRYPT_ENO_FAIL_ROLE);
	else
		ASSERT(!fail && res.tep == tep && res.tep_byte == tep &&
		       res.role_b && !res.resume);
}

/* Take the halves from the options, as if they named a known session. */
static bool guess_session(const struct tcpcrypt_eno_opt *local,
			  const struct tcpcrypt_eno_opt *remote,
			  struct tcpcrypt_eno_resume *ours,
			  struct tcpcrypt_eno_resume *theirs)
{
	const struct tcpcrypt_eno_sub *l, *r;
	struct tcpcrypt_eno le, re;
	size_t i;

	if (tcpcrypt_eno_parse(local, &le) || tcpcrypt_eno_parse(remote, &re))
		return false;
	for (i = 0; i < ARRAY_SIZE(all_teps); i++) {
		l = tcpcrypt_eno_offer(&le, all_teps[i]);
		r = tcpcrypt_eno_offer(&re, all_teps[i]);
		if (!l || !r || !tcpcrypt_eno_is_resume(l) ||
		    !tcpcrypt_eno_is_resume(r))
			continue;
		memset(ours, 0, sizeof(*ours));
		memset(theirs, 0, sizeof(*theirs));
		ours->tep = all_teps[i];
		theirs->tep = all_teps[i];
		memcpy(ours->local, local->bytes + l->off, 9);
		memcpy(ours->remote, remote->bytes + r->off, 9);
		memcpy(theirs->local, ours->remote, 9);
		memcpy(theirs->remote, ours->local, 9);
		return true;
	}

	return false;
}

static void check_success(const struct tcpcrypt_eno_opt *a,
			  const struct tcpcrypt_eno_opt *b,
			  const struct tcpcrypt_eno_result *res)
{
	ASSERT(res->tep >= 0x21 && res->tep <= 0x24);
	ASSERT((res->tep_byte & 0x7f) == res->tep);
	ASSERT(res->resume == (res->tep_byte >= 0x80));
	ASSERT(res->peer_nonce_len <= TCPCRYPT_RESUME_NONCE_MAX);
	ASSERT(res->transcript_len == a->len + b->len);
	ASSERT(!memcmp(res->transcript, a->bytes, a->len));
	ASSERT(!memcmp(res->transcript + a->len, b->bytes, b->len));
}

/* Both hosts see the same outcome, and opposite roles. */
static void check_views(const struct tcpcrypt_eno_opt *first,
			const struct tcpcrypt_eno_opt *second, u8 flags)
{
	struct tcpcrypt_eno_resume ours, theirs;
	struct tcpcrypt_eno_result one, two;
	enum tcpcrypt_eno_fail fail, other;
	bool resume;

	resume = flags & FLAG_RESUME &&
		 guess_session(first, second, &ours, &theirs);
	fail = tcpcrypt_eno_negotiate(first, second, resume ? &ours : NULL,
				      false, &one);
	other = tcpcrypt_eno_negotiate(second, first, resume ? &theirs : NULL,
				       false, &two);
	ASSERT(fail == other);
	ASSERT(fail != TCPCRYPT_ENO_FAIL_AWARE);
	if (fail) {
		ASSERT(!one.tep_byte && !two.tep_byte);
		ASSERT(!one.transcript_len && !two.transcript_len);
		return;
	}
	ASSERT(one.tep_byte == two.tep_byte && one.resume == two.resume);
	ASSERT(one.role_b != two.role_b);
	ASSERT(resume || !one.resume);
	if (one.role_b) {
		check_success(second, first, &one);
		check_success(second, first, &two);
	} else {
		check_success(first, second, &one);
		check_success(first, second, &two);
	}

	/* Insisting on awareness changes nothing but that */
	if (flags & FLAG_AWARE) {
		fail = tcpcrypt_eno_negotiate(first, second,
					      resume ? &ours : NULL, true,
					      &two);
		ASSERT(fail == (one.peer_aware ? TCPCRYPT_ENO_OK :
						 TCPCRYPT_ENO_FAIL_AWARE));
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct fuzz_input in = { .p = data, .left = size };
	struct tcpcrypt_eno_opt *first, *second;
	struct tcpcrypt_eno eno;
	u8 flags, len;

	flags = fuzz_byte(&in);
	len = fuzz_byte(&in);
	first = take_opt(&in, len);
	second = take_opt(&in, in.left);
	if (!tcpcrypt_eno_parse(first, &eno)) {
		check_parsed(first, &eno);
		check_rebuild(first, &eno);
		check_answer(first, &eno);
	}
	check_views(first, second, flags);
	free(second);
	free(first);

	return 0;
}
