// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP-ENO options: finding, parsing and building them, and what two of them
 * negotiate (RFC 8547 section 4, RFC 8548 sections 3.2 and 3.5).
 */
#include "eno.h"
#include "pure.h"
#include "tcpopt.h"

#define ENO_HDR_LEN		2	/* kind and length */
#define ENO_LENGTH_MASK		0x1f	/* RFC 8547 figure 6 */
#define ENO_TEP_MASK		0x7f

#define ENO_RESUME_MAX	\
	(TCPCRYPT_RESUME_HALF_LEN + TCPCRYPT_RESUME_NONCE_MAX)

static_assert(TCPCRYPT_TEP_X448 - TCPCRYPT_TEP_P256 + 1 == TCPCRYPT_TEP_COUNT);

/**
 * tcpcrypt_eno_find() - find the ENO option of a SYN segment
 * @opts: the segment's option field
 * @len: bytes in the field
 * @out: where the option goes; its length is 0 unless one is found
 *
 * More than one ENO option counts as none (RFC 8547 section 4.1), but the
 * caller may want to count it as a fault.
 *
 * Context: Any.
 * Return: 1 when there is exactly one option, 0 when there is none, -EBADMSG
 * when there are several or one with a length that it cannot have.
 */
int tcpcrypt_eno_find(const u8 *opts, size_t len, struct tcpcrypt_eno_opt *out)
{
	struct tcpcrypt_tcpopt_iter it;
	const u8 *found = NULL;
	u8 found_len = 0;

	out->len = 0;
	tcpcrypt_tcpopt_start(&it, opts, len);
	while (tcpcrypt_tcpopt_next(&it)) {
		if (it.kind != TCPCRYPT_OPT_ENO)
			continue;
		if (found || it.len > sizeof(out->bytes))
			return -EBADMSG;
		found = it.opt;
		found_len = it.len;
	}
	if (it.p < it.end && *it.p == TCPCRYPT_OPT_ENO)
		return -EBADMSG;
	if (!found)
		return 0;

	memcpy(out->bytes, found, found_len);
	out->len = found_len;
	return 1;
}

/**
 * tcpcrypt_eno_present() - does a non-SYN segment acknowledge ENO?
 * @opts: the segment's option field
 * @len: bytes in the field
 *
 * What non-SYN-form options hold is ignored, and several mean the same as
 * one (RFC 8547 section 4.1).
 *
 * Context: Any.
 * Return: true when there is at least one ENO option.
 */
bool tcpcrypt_eno_present(const u8 *opts, size_t len)
{
	struct tcpcrypt_tcpopt_iter it;

	tcpcrypt_tcpopt_start(&it, opts, len);
	while (tcpcrypt_tcpopt_next(&it)) {
		if (it.kind == TCPCRYPT_OPT_ENO)
			return true;
	}

	return false;
}

/* Of several global suboptions the first counts (RFC 8547 section 4.2). */
static void eno_add_global(struct tcpcrypt_eno *eno, u8 byte)
{
	if (eno->explicit_global)
		return;
	eno->explicit_global = true;
	eno->global = byte;
}

static void eno_add_sub(struct tcpcrypt_eno *eno, u8 byte, u8 off, u8 len)
{
	struct tcpcrypt_eno_sub *sub = &eno->subs[eno->nsubs++];

	sub->tep = byte & ENO_TEP_MASK;
	sub->v = byte & TCPCRYPT_ENO_V;
	sub->off = off;
	sub->len = len;
}

/*
 * Parse the suboption at @pos.  One with data and without a length byte
 * takes all the rest; one with a length byte must be a TEP with v = 1 whose
 * data ends inside the option (RFC 8547 section 4.4).
 */
static int eno_parse_sub(const struct tcpcrypt_eno_opt *opt, u8 pos,
			 struct tcpcrypt_eno *eno)
{
	u8 byte = opt->bytes[pos++];
	u8 len = 0;

	if (byte < TCPCRYPT_ENO_TEP_MIN) {
		eno_add_global(eno, byte);
		return pos;
	}
	if (byte & TCPCRYPT_ENO_V)
		len = opt->len - pos;
	if ((byte & ENO_TEP_MASK) < TCPCRYPT_ENO_TEP_MIN) {
		len = (byte & ENO_LENGTH_MASK) + 1;
		if (pos + 1 + len > opt->len)
			return -EBADMSG;
		byte = opt->bytes[pos++];
		if (byte < (TCPCRYPT_ENO_V | TCPCRYPT_ENO_TEP_MIN))
			return -EBADMSG;
	}
	eno_add_sub(eno, byte, pos, len);

	return pos + len;
}

/**
 * tcpcrypt_eno_parse() - parse a SYN-form ENO option
 * @opt: the option
 * @eno: what it says; offsets in it are into @opt
 *
 * Context: Any.
 * Return: 0, or -EBADMSG when the option is ill-formed and ENO must be
 * disabled (RFC 8547 section 4.4).
 */
int tcpcrypt_eno_parse(const struct tcpcrypt_eno_opt *opt,
		       struct tcpcrypt_eno *eno)
{
	int pos = ENO_HDR_LEN;

	memset(eno, 0, sizeof(*eno));
	if (opt->len < ENO_HDR_LEN || opt->len > sizeof(opt->bytes) ||
	    opt->bytes[0] != TCPCRYPT_OPT_ENO || opt->bytes[1] != opt->len)
		return -EBADMSG;

	while (pos < opt->len) {
		pos = eno_parse_sub(opt, pos, eno);
		if (pos < 0)
			return pos;
	}

	return 0;
}

static int eno_put(struct tcpcrypt_eno_opt *opt, const u8 *data, size_t len)
{
	if (len > sizeof(opt->bytes) - opt->len)
		return -ENOSPC;

	memcpy(opt->bytes + opt->len, data, len);
	opt->len += len;
	return 0;
}

/*
 * The suboption with data goes last, where its length needs no byte of its
 * own (RFC 8547 section 4.4).
 */
static int eno_put_resume(struct tcpcrypt_eno_opt *opt,
			  const struct tcpcrypt_eno_resume *resume)
{
	u8 sub[1 + ENO_RESUME_MAX];

	if (resume->nonce_len > TCPCRYPT_RESUME_NONCE_MAX)
		return -EINVAL;

	sub[0] = TCPCRYPT_ENO_V | resume->tep;
	memcpy(sub + 1, resume->local, TCPCRYPT_RESUME_HALF_LEN);
	memcpy(sub + 1 + TCPCRYPT_RESUME_HALF_LEN, resume->nonce,
	       resume->nonce_len);
	return eno_put(opt, sub,
		       1 + TCPCRYPT_RESUME_HALF_LEN + resume->nonce_len);
}

static int eno_put_teps(struct tcpcrypt_eno_opt *opt, const u8 *teps,
			size_t nteps, const struct tcpcrypt_eno_resume *resume)
{
	size_t i;
	int err;

	for (i = 0; i < nteps; i++) {
		if (resume && teps[i] == resume->tep)
			continue;
		if (teps[i] < TCPCRYPT_ENO_TEP_MIN || teps[i] > ENO_TEP_MASK)
			return -EINVAL;
		err = eno_put(opt, &teps[i], 1);
		if (err)
			return err;
	}

	return 0;
}

/**
 * tcpcrypt_eno_build() - write a SYN-form ENO option
 * @opt: where it goes
 * @global: global suboption: TCPCRYPT_ENO_GLOBAL_A and _B
 * @explicit_global: write the global suboption even if it is 0; any other
 *	value is always written
 * @teps: TEPs to offer, without the v bit, in the order to send them: the
 *	last has the highest priority if we turn out to be host B (RFC 8547
 *	section 4.5)
 * @nteps: how many; 0 without @resume makes a vacuous option
 * @resume: a session to resume, or NULL
 *
 * A TEP that is to be resumed is left out of @teps: repeating it would make
 * it invalid, and offering resumption offers a fresh key exchange as well
 * (RFC 8548 section 3.2).
 *
 * Context: Any.
 * Return: 0, -ENOSPC when the option would not fit a TCP header, -EINVAL
 * when an argument cannot be encoded.  On error @opt is empty.
 */
int tcpcrypt_eno_build(struct tcpcrypt_eno_opt *opt, u8 global,
		       bool explicit_global, const u8 *teps, size_t nteps,
		       const struct tcpcrypt_eno_resume *resume)
{
	int err = -EINVAL;

	opt->bytes[0] = TCPCRYPT_OPT_ENO;
	opt->len = ENO_HDR_LEN;
	if (global & ~(TCPCRYPT_ENO_GLOBAL_A | TCPCRYPT_ENO_GLOBAL_B))
		goto err_empty;
	if (explicit_global || global)
		opt->bytes[opt->len++] = global;
	err = eno_put_teps(opt, teps, nteps, resume);
	if (!err && resume)
		err = eno_put_resume(opt, resume);
	if (err)
		goto err_empty;

	opt->bytes[1] = opt->len;
	return 0;

err_empty:
	opt->len = 0;
	return err;
}

static bool eno_is_tcpcrypt(u8 tep)
{
	return tep >= TCPCRYPT_TEP_P256 && tep <= TCPCRYPT_TEP_X448;
}

/**
 * tcpcrypt_eno_is_resume() - does a suboption ask for resumption?
 * @sub: a suboption that tcpcrypt_eno_offer() returned
 *
 * With less data than an identifier half it asks for a fresh key exchange
 * (RFC 8548 section 3.5).
 *
 * Context: Any.
 * Return: true when @sub's data is an identifier half and a nonce.
 */
bool tcpcrypt_eno_is_resume(const struct tcpcrypt_eno_sub *sub)
{
	return sub->v && sub->len >= TCPCRYPT_RESUME_HALF_LEN &&
	       sub->len <= ENO_RESUME_MAX;
}

/**
 * tcpcrypt_eno_offer() - the suboption by which a host offers a TEP
 * @eno: the host's parsed option
 * @tep: TEP identifier, without the v bit
 *
 * tcpcrypt gives no meaning to a repeated TEP, nor to more data than an
 * identifier half and the longest nonce; neither offers anything (RFC 8547
 * section 4.5, conditions 2 and 3).
 *
 * Context: Any.
 * Return: the suboption, or NULL when the TEP is not offered validly.
 */
const struct tcpcrypt_eno_sub *
tcpcrypt_eno_offer(const struct tcpcrypt_eno *eno, u8 tep)
{
	const struct tcpcrypt_eno_sub *found = NULL;
	size_t i;

	if (!eno_is_tcpcrypt(tep))
		return NULL;

	for (i = 0; i < eno->nsubs; i++) {
		if (eno->subs[i].tep != tep)
			continue;
		if (found || eno->subs[i].len > ENO_RESUME_MAX)
			return NULL;
		found = &eno->subs[i];
	}

	return found;
}

/**
 * tcpcrypt_eno_choose() - the TEP a passive opener should answer with
 * @remote: the active opener's parsed option
 * @teps: TEPs we would use, without the v bit, best first
 * @nteps: how many
 *
 * Context: Any.
 * Return: the first of @teps that @remote offers validly, or 0.
 */
u8 tcpcrypt_eno_choose(const struct tcpcrypt_eno *remote, const u8 *teps,
		       size_t nteps)
{
	size_t i;

	for (i = 0; i < nteps; i++) {
		if (tcpcrypt_eno_offer(remote, teps[i]))
			return teps[i];
	}

	return 0;
}

/* One host's side of a negotiation */
struct eno_side {
	const struct tcpcrypt_eno_opt *opt;
	struct tcpcrypt_eno eno;
};

/* A TEP that both hosts offer, and how */
struct eno_match {
	const struct tcpcrypt_eno_sub *local;
	const struct tcpcrypt_eno_sub *remote;
	const struct tcpcrypt_eno_sub *b;	/* the one of the two B sent */
};

static bool eno_half_is(const struct tcpcrypt_eno_opt *opt,
			const struct tcpcrypt_eno_sub *sub,
			const u8 half[TCPCRYPT_RESUME_HALF_LEN])
{
	if (!tcpcrypt_eno_is_resume(sub))
		return false;

	return !crypto_memneq(opt->bytes + sub->off, half,
			      TCPCRYPT_RESUME_HALF_LEN);
}

/*
 * Host B's v bit says which it is: without, a fresh key exchange; with, the
 * resumption that both hosts' halves name, or nothing at all ("it MUST
 * ignore that suboption", RFC 8548 section 3.5).
 */
static bool eno_data_is_valid(const struct eno_side *local,
			      const struct eno_side *remote,
			      const struct tcpcrypt_eno_resume *resume,
			      const struct eno_match *match)
{
	if (!match->b->v)
		return true;

	return resume && resume->tep == match->b->tep &&
	       eno_half_is(local->opt, match->local, resume->local) &&
	       eno_half_is(remote->opt, match->remote, resume->remote);
}

/* The negotiated TEP is the last valid one of B's (RFC 8547 section 4.5). */
static bool eno_last_valid(const struct eno_side *local,
			   const struct eno_side *remote, bool role_b,
			   const struct tcpcrypt_eno_resume *resume,
			   struct eno_match *match)
{
	const struct tcpcrypt_eno *b = role_b ? &local->eno : &remote->eno;
	size_t i;

	for (i = b->nsubs; i > 0; i--) {
		u8 tep = b->subs[i - 1].tep;

		match->local = tcpcrypt_eno_offer(&local->eno, tep);
		match->remote = tcpcrypt_eno_offer(&remote->eno, tep);
		match->b = role_b ? match->local : match->remote;
		if (match->local && match->remote &&
		    eno_data_is_valid(local, remote, resume, match))
			return true;
	}

	return false;
}

static void eno_set_transcript(const struct tcpcrypt_eno_opt *a,
			       const struct tcpcrypt_eno_opt *b,
			       struct tcpcrypt_eno_result *res)
{
	memcpy(res->transcript, a->bytes, a->len);
	memcpy(res->transcript + a->len, b->bytes, b->len);
	res->transcript_len = a->len + b->len;
}

static void eno_set_result(const struct eno_side *local,
			   const struct eno_side *remote,
			   const struct eno_match *match,
			   struct tcpcrypt_eno_result *res)
{
	const struct tcpcrypt_eno_sub *sub = match->remote;

	res->tep = match->b->tep;
	res->tep_byte = res->tep | (match->b->v ? TCPCRYPT_ENO_V : 0);
	res->resume = match->b->v;
	if (res->resume) {
		res->peer_nonce_len = sub->len - TCPCRYPT_RESUME_HALF_LEN;
		memcpy(res->peer_nonce, remote->opt->bytes + sub->off +
		       TCPCRYPT_RESUME_HALF_LEN, res->peer_nonce_len);
	}
	if (res->role_b)
		eno_set_transcript(remote->opt, local->opt, res);
	else
		eno_set_transcript(local->opt, remote->opt, res);
}

/* RFC 8547 section 4.6, case 3: global suboptions that cannot go together */
static enum tcpcrypt_eno_fail eno_check_global(u8 local, u8 remote,
					       bool need_aware)
{
	if (!((local ^ remote) & TCPCRYPT_ENO_GLOBAL_B))
		return TCPCRYPT_ENO_FAIL_ROLE;
	if (need_aware && !(remote & TCPCRYPT_ENO_GLOBAL_A))
		return TCPCRYPT_ENO_FAIL_AWARE;

	return TCPCRYPT_ENO_OK;
}

/**
 * tcpcrypt_eno_negotiate() - what two SYN-form ENO options agree on
 * @local: the option we sent
 * @remote: the option we received
 * @resume: the session @local offers or agrees to resume, or NULL
 * @need_aware: mandatory application-aware mode (RFC 8547 section 4.2)
 * @res: the outcome; all zero except for the role and the peer's
 *	application-aware bit, if they are known, when it is failure
 *
 * Context: Any.
 * Return: TCPCRYPT_ENO_OK, or why the connection is plain TCP.
 */
enum tcpcrypt_eno_fail
tcpcrypt_eno_negotiate(const struct tcpcrypt_eno_opt *local,
		       const struct tcpcrypt_eno_opt *remote,
		       const struct tcpcrypt_eno_resume *resume,
		       bool need_aware, struct tcpcrypt_eno_result *res)
{
	struct eno_side l = { .opt = local }, r = { .opt = remote };
	enum tcpcrypt_eno_fail fail;
	struct eno_match match;

	memset(res, 0, sizeof(*res));
	if (tcpcrypt_eno_parse(local, &l.eno) ||
	    tcpcrypt_eno_parse(remote, &r.eno))
		return TCPCRYPT_ENO_FAIL_ILLFORMED;
	if (!l.eno.nsubs || !r.eno.nsubs)
		return TCPCRYPT_ENO_FAIL_VACUOUS;

	res->role_b = l.eno.global & TCPCRYPT_ENO_GLOBAL_B;
	res->peer_aware = r.eno.global & TCPCRYPT_ENO_GLOBAL_A;
	fail = eno_check_global(l.eno.global, r.eno.global, need_aware);
	if (fail)
		return fail;
	if (!eno_last_valid(&l, &r, res->role_b, resume, &match))
		return TCPCRYPT_ENO_FAIL_NO_TEP;

	eno_set_result(&l, &r, &match, res);
	return TCPCRYPT_ENO_OK;
}
