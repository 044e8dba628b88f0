// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whole connections: from private keys to the bytes of the last frame, and
 * the sessions resumed from them.
 */
#include <stdlib.h>

#include "crypto_openssl.h"
#include "eno.h"
#include "keysched.h"
#include "tap.h"
#include "vectors.h"
#include "wire.h"

#define FRAMES		9
#define GENERATIONS	3
#define SECRETS		4
#define RESUMED		2

static struct tcpcrypt_hmac *hmac;

static bool is_nist(u8 tep)
{
	return tep == TCPCRYPT_TEP_P256 || tep == TCPCRYPT_TEP_P521;
}

/* Skip the length prefix that a NIST curve's public key has on the wire */
static struct vec_bytes bare_key(u8 tep, struct vec_bytes pub)
{
	size_t prefix = is_nist(tep) ? 2 : 0;

	return (struct vec_bytes){ pub.p + prefix, pub.len - prefix };
}

static void copy_opt(struct tcpcrypt_eno_opt *opt, struct vec_bytes vec)
{
	opt->len = (u8)vec.len;
	memcpy(opt->bytes, vec.p, vec.len);
}

static void check_eno(const struct vec_kex *vec)
{
	struct tcpcrypt_eno_result res;
	struct tcpcrypt_eno_opt a, b;

	CHECK_EQ(tcpcrypt_eno_build(&a, 0, false, &vec->tep, 1, NULL), 0);
	CHECK_VEC(a.bytes, a.len, vec->eno_a);
	CHECK_EQ(tcpcrypt_eno_build(&b, TCPCRYPT_ENO_GLOBAL_B, true,
				    &vec->tep, 1, NULL), 0);
	CHECK_VEC(b.bytes, b.len, vec->eno_b);
	CHECK_EQ(tcpcrypt_eno_negotiate(&a, &b, NULL, false, &res),
		 TCPCRYPT_ENO_OK);
	CHECK_EQ(res.tep_byte, vec->tep);
	CHECK_VEC(res.transcript, res.transcript_len, vec->transcript);
}

static void check_public(const struct vec_kex *vec, struct vec_bytes priv,
			 struct vec_bytes pub)
{
	u8 out[TCPCRYPT_PUBKEY_MAX];
	int len = ossl_public(vec->tep, priv.p, priv.len, out);

	if (CHECK(len > 0))
		CHECK_VEC(out, (size_t)len, bare_key(vec->tep, pub));
}

static void check_shared(const struct vec_kex *vec, struct vec_bytes priv,
			 struct vec_bytes pub)
{
	struct vec_bytes bare = bare_key(vec->tep, pub);
	u8 out[TCPCRYPT_PUBKEY_MAX];
	int len = ossl_shared(vec->tep, priv.p, priv.len, bare.p, bare.len,
			      out);

	if (CHECK(len > 0))
		CHECK_VEC(out, (size_t)len, vec->es);
}

static void check_build_inits(const struct vec_kex *vec)
{
	struct vec_bytes pub_a = bare_key(vec->tep, vec->pub_a);
	struct vec_bytes pub_b = bare_key(vec->tep, vec->pub_b);
	u8 out[TCPCRYPT_INIT_SENT_MAX];
	int len;

	CHECK_EQ(vec->ignored_a.len, 0);
	CHECK_EQ(vec->ignored_b.len, 0);
	len = tcpcrypt_wire_build_init1(vec->tep, vec->ciphers.v,
					vec->ciphers.n, vec->n_a.p, pub_a.p,
					pub_a.len, out, sizeof(out));
	if (CHECK(len > 0))
		CHECK_VEC(out, (size_t)len, vec->init1);
	len = tcpcrypt_wire_build_init2(vec->tep, vec->aead, vec->n_b.p,
					pub_b.p, pub_b.len, out, sizeof(out));
	if (CHECK(len > 0))
		CHECK_VEC(out, (size_t)len, vec->init2);
}

static void check_parse_inits(const struct vec_kex *vec)
{
	u8 *init1 = exact_copy(vec->init1.p, vec->init1.len);
	u8 *init2 = exact_copy(vec->init2.p, vec->init2.len);
	struct tcpcrypt_init init;

	CHECK_EQ(tcpcrypt_wire_init_len(TCPCRYPT_INIT1_MAGIC, init1),
		 vec->init1.len);
	CHECK_EQ(tcpcrypt_wire_parse_init1(vec->tep, init1, vec->init1.len,
					   &init), 0);
	CHECK_VEC(init.nonce, TCPCRYPT_NONCE_LEN, vec->n_a);
	CHECK_VEC(init.pub, init.pub_len, bare_key(vec->tep, vec->pub_a));
	CHECK_EQ(tcpcrypt_wire_choose_cipher(&init, &vec->aead, 1), vec->aead);

	CHECK_EQ(tcpcrypt_wire_init_len(TCPCRYPT_INIT2_MAGIC, init2),
		 vec->init2.len);
	CHECK_EQ(tcpcrypt_wire_parse_init2(vec->tep, init2, vec->init2.len,
					   &init), 0);
	CHECK_VEC(init.nonce, TCPCRYPT_NONCE_LEN, vec->n_b);
	CHECK_VEC(init.pub, init.pub_len, bare_key(vec->tep, vec->pub_b));
	CHECK_EQ(tcpcrypt_wire_choose_cipher(&init, vec->ciphers.v,
					     vec->ciphers.n), vec->aead);
	free(init2);
	free(init1);
}

static void check_secrets(const struct vec_kex *vec)
{
	u8 ss[TCPCRYPT_K_LEN], id[TCPCRYPT_RESUME_ID_LEN];
	size_t i;

	CHECK_EQ(tcpcrypt_ks_prk(hmac, vec->n_a.p,
				 vec->transcript.p, vec->transcript.len,
				 vec->init1.p, vec->init1.len,
				 vec->init2.p, vec->init2.len,
				 vec->es.p, vec->es.len, ss), 0);
	CHECK_VEC(ss, sizeof(ss), vec->prk);
	if (!CHECK_EQ(vec->ss.n, SECRETS) ||
	    !CHECK_EQ(vec->resume_id.n, SECRETS))
		return;
	for (i = 0; i < SECRETS; i++) {
		CHECK_VEC(ss, sizeof(ss), vec->ss.v[i]);
		CHECK_EQ(tcpcrypt_ks_resume_id(hmac, ss, id), 0);
		CHECK_VEC(id, sizeof(id), vec->resume_id.v[i]);
		CHECK_EQ(tcpcrypt_ks_next_ss(hmac, ss, ss), 0);
	}
}

/* What a session's keys and frames are checked against */
struct session {
	u16 aead;
	u8 tep_byte;
	struct vec_bytes ss;
	struct vec_bytes sn;
	struct vec_bytes_list mk;
	struct vec_bytes_list k_ab;
	struct vec_bytes_list k_ba;
	struct vec_bytes session_id;
};

static void check_traffic_key(const struct session *s, const u8 *mk,
			      bool host_b, struct vec_bytes want)
{
	size_t key_len = ossl_key_len(s->aead);
	struct tcpcrypt_traffic_key key;
	u8 joined[sizeof(key)];

	memset(&key, 0xee, sizeof(key));
	CHECK_EQ(tcpcrypt_ks_traffic_key(hmac, mk, host_b, key_len, &key), 0);
	memcpy(joined, key.key, key_len);
	memcpy(joined + key_len, key.randomizer, sizeof(key.randomizer));
	CHECK_VEC(joined, key_len + sizeof(key.randomizer), want);
}

static void check_keys(const struct session *s)
{
	u8 mk[TCPCRYPT_K_LEN], id[TCPCRYPT_SESSID_LEN];
	size_t j;

	CHECK_EQ(tcpcrypt_ks_session_id(hmac, s->tep_byte, s->ss.p, s->sn.p,
					s->sn.len, id), 0);
	CHECK_VEC(id, sizeof(id), s->session_id);
	if (!CHECK_EQ(s->mk.n, GENERATIONS) ||
	    !CHECK_EQ(s->k_ab.n, GENERATIONS) ||
	    !CHECK_EQ(s->k_ba.n, GENERATIONS))
		return;
	CHECK_EQ(tcpcrypt_ks_first_mk(hmac, s->ss.p, s->sn.p, s->sn.len, mk),
		 0);
	for (j = 0; j < GENERATIONS; j++) {
		CHECK_VEC(mk, sizeof(mk), s->mk.v[j]);
		check_traffic_key(s, mk, false, s->k_ab.v[j]);
		check_traffic_key(s, mk, true, s->k_ba.v[j]);
		CHECK_EQ(tcpcrypt_ks_next_mk(hmac, mk, mk), 0);
	}
}

static void check_plain(const struct vec_frame *frame, const u8 *plaintext)
{
	struct tcpcrypt_plain plain;

	CHECK_EQ(tcpcrypt_wire_parse_plain(plaintext, frame->plaintext.len,
					   &plain), 0);
	CHECK_EQ(frame->plaintext.p[0], frame->flags);
	CHECK_EQ(plain.finp, !!(frame->flags & TCPCRYPT_FRAME_FINP));
	CHECK_EQ(plain.urgp, frame->urgent >= 0);
	CHECK_EQ(plain.urgent, frame->urgent >= 0 ? frame->urgent : 0);
	CHECK_VEC(plaintext + plain.data_off,
		  frame->plaintext.len - plain.data_off, frame->data);
}

/* Seal and open one frame under the key the schedule gives it. */
static void check_frame(const struct session *s, const struct vec_frame *frame,
			const struct tcpcrypt_traffic_key *key, bool rekey)
{
	static const u8 zero[TCPCRYPT_AE_NONCE_LEN];
	size_t plen = frame->plaintext.len;
	u8 nonce[TCPCRYPT_AE_NONCE_LEN];
	u8 *out = malloc(frame->frame.len);
	u8 *back = malloc(plen);

	CHECK_EQ(frame->clen, plen + TCPCRYPT_AE_TAG_LEN);
	CHECK_EQ(frame->control, rekey);
	tcpcrypt_wire_frame_hdr(out, rekey, frame->clen);
	CHECK_VEC(out, TCPCRYPT_FRAME_HDR_LEN, frame->aad);
	CHECK_EQ(tcpcrypt_wire_frame_clen(out), frame->clen);

	tcpcrypt_wire_nonce(nonce, zero, frame->offset);
	CHECK_VEC(nonce, sizeof(nonce), frame->frame_id);
	tcpcrypt_wire_nonce(nonce, key->randomizer, frame->offset);
	CHECK_VEC(nonce, sizeof(nonce), frame->nonce);

	CHECK(ossl_seal(s->aead, key->key, nonce, out, TCPCRYPT_FRAME_HDR_LEN,
			frame->plaintext.p, plen,
			out + TCPCRYPT_FRAME_HDR_LEN));
	CHECK_VEC(out, TCPCRYPT_FRAME_HDR_LEN + (size_t)frame->clen,
		  frame->frame);
	CHECK(ossl_open(s->aead, key->key, nonce, frame->frame.p,
			TCPCRYPT_FRAME_HDR_LEN,
			frame->frame.p + TCPCRYPT_FRAME_HDR_LEN, frame->clen,
			back));
	CHECK_VEC(back, plen, frame->plaintext);
	check_plain(frame, back);
	free(back);
	free(out);
}

/*
 * All frames of one direction, each where the one before it ended, with the
 * rekey bit on the first of every generation but the first, and FINp on the
 * last frame only.
 */
static void check_frames(const struct session *s, bool host_b, u64 offset,
			 const struct vec_frames *frames)
{
	struct tcpcrypt_traffic_key key;
	u8 mk[TCPCRYPT_K_LEN];
	u64 generation = 0;
	bool rekey;
	size_t i;

	if (!CHECK_EQ(frames->n, FRAMES))
		return;
	CHECK_EQ(tcpcrypt_ks_first_mk(hmac, s->ss.p, s->sn.p, s->sn.len, mk),
		 0);
	for (i = 0; i < FRAMES; i++) {
		rekey = frames->v[i].generation != generation;
		if (rekey) {
			generation++;
			CHECK_EQ(tcpcrypt_ks_next_mk(hmac, mk, mk), 0);
		}
		CHECK_EQ(frames->v[i].generation, generation);
		CHECK_EQ(frames->v[i].offset, offset);
		CHECK_EQ(frames->v[i].flags & TCPCRYPT_FRAME_FINP,
			 i == FRAMES - 1);
		CHECK_EQ(tcpcrypt_ks_traffic_key(hmac, mk, host_b,
						 ossl_key_len(s->aead), &key),
			 0);
		check_frame(s, &frames->v[i], &key, rekey);
		offset += frames->v[i].frame.len;
	}
	CHECK_EQ(generation, GENERATIONS - 1);
}

static void test_fresh(const struct vec_kex *vec)
{
	const struct session s = {
		.aead = vec->aead, .tep_byte = vec->tep, .ss = vec->ss.v[0],
		.sn = vec->sn, .mk = vec->mk, .k_ab = vec->k_ab,
		.k_ba = vec->k_ba, .session_id = vec->session_id,
	};

	tap_begin("%s: fresh", vec->name);
	check_eno(vec);
	check_public(vec, vec->priv_a, vec->pub_a);
	check_public(vec, vec->priv_b, vec->pub_b);
	check_shared(vec, vec->priv_a, vec->pub_b);
	check_shared(vec, vec->priv_b, vec->pub_a);
	check_build_inits(vec);
	check_parse_inits(vec);
	check_secrets(vec);
	check_keys(&s);
	check_frames(&s, false, vec->init1.len, &vec->frames_ab);
	check_frames(&s, true, vec->init2.len, &vec->frames_ba);
	CHECK_EQ(vec->resumed.n, RESUMED);
	tap_end();
}

/* A session to resume, as the host with that role in the first one has it */
static void resume_of(const struct vec_kex *vec, const struct vec_resumed *r,
		      bool original_a, struct tcpcrypt_eno_resume *resume)
{
	const u8 *a = vec->resume_id.v[r->i].p;
	const u8 *b = a + TCPCRYPT_RESUME_HALF_LEN;
	struct vec_bytes nonce = original_a ? r->nonce_a : r->nonce_b;

	memset(resume, 0, sizeof(*resume));
	resume->tep = vec->tep;
	memcpy(resume->local, original_a ? a : b, TCPCRYPT_RESUME_HALF_LEN);
	memcpy(resume->remote, original_a ? b : a, TCPCRYPT_RESUME_HALF_LEN);
	memcpy(resume->nonce, nonce.p, nonce.len);
	resume->nonce_len = (u8)nonce.len;
}

static void check_resumed_view(const struct vec_resumed *r,
			       const struct tcpcrypt_eno_opt *local,
			       const struct tcpcrypt_eno_opt *remote,
			       const struct tcpcrypt_eno_resume *ours,
			       const struct tcpcrypt_eno_resume *theirs)
{
	struct tcpcrypt_eno_result res;

	CHECK_EQ(tcpcrypt_eno_negotiate(local, remote, ours, false, &res),
		 TCPCRYPT_ENO_OK);
	CHECK(res.resume);
	CHECK_EQ(res.tep_byte, r->session_id.p[0]);
	CHECK_MEM(res.peer_nonce, res.peer_nonce_len, theirs->nonce,
		  theirs->nonce_len);
	CHECK_VEC(res.transcript, res.transcript_len, r->transcript);
}

/*
 * Roles in this connection decide who sends which ENO option; roles in the
 * first session decide halves, nonce order and keys.
 */
static void check_resumed_eno(const struct vec_kex *vec,
			      const struct vec_resumed *r)
{
	bool a_is_a = r->original_a_is[0] == 'A';
	struct tcpcrypt_eno_resume a, b;
	struct tcpcrypt_eno_opt opt_a, opt_b, want;

	resume_of(vec, r, a_is_a, &a);
	resume_of(vec, r, !a_is_a, &b);
	CHECK_EQ(tcpcrypt_eno_build(&opt_a, 0, false, &vec->tep, 1, &a), 0);
	CHECK_VEC(opt_a.bytes, opt_a.len, r->eno_a);
	CHECK_EQ(tcpcrypt_eno_build(&opt_b, TCPCRYPT_ENO_GLOBAL_B, true,
				    &vec->tep, 1, &b), 0);
	CHECK_VEC(opt_b.bytes, opt_b.len, r->eno_b);

	copy_opt(&want, a_is_a ? r->eno_a : r->eno_b);
	CHECK_VEC(want.bytes + want.len - r->suboption_orig_a.len,
		  r->suboption_orig_a.len, r->suboption_orig_a);
	copy_opt(&want, a_is_a ? r->eno_b : r->eno_a);
	CHECK_VEC(want.bytes + want.len - r->suboption_orig_b.len,
		  r->suboption_orig_b.len, r->suboption_orig_b);

	check_resumed_view(r, &opt_a, &opt_b, &a, &b);
	check_resumed_view(r, &opt_b, &opt_a, &b, &a);
}

static void check_sn(const struct vec_resumed *r)
{
	u8 sn[2 * TCPCRYPT_RESUME_NONCE_MAX];

	memcpy(sn, r->nonce_a.p, r->nonce_a.len);
	memcpy(sn + r->nonce_a.len, r->nonce_b.p, r->nonce_b.len);
	CHECK_VEC(sn, r->nonce_a.len + r->nonce_b.len, r->sn);
}

static void test_resumed(const struct vec_kex *vec,
			 const struct vec_resumed *r)
{
	const struct session s = {
		.aead = vec->aead, .tep_byte = TCPCRYPT_ENO_V | vec->tep,
		.ss = vec->ss.v[r->i], .sn = r->sn, .mk = r->mk,
		.k_ab = r->k_ab, .k_ba = r->k_ba, .session_id = r->session_id,
	};

	tap_begin("%s: resumed, i = %u, original A is %s", vec->name,
		  (unsigned int)r->i, r->original_a_is);
	check_resumed_eno(vec, r);
	check_sn(r);
	check_keys(&s);
	check_frames(&s, false, 0, &r->frames_ab);
	check_frames(&s, true, 0, &r->frames_ba);
	tap_end();
}

/* RFC 5869 appendix A.1: HKDF itself, with a length of one and a bit blocks */
static void test_hkdf(void)
{
	static const u8 salt[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
	static const u8 info[] = { 0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6,
				   0xf7, 0xf8, 0xf9 };
	static const u8 okm[42] = {
		0x3c, 0xb2, 0x5f, 0x25, 0xfa, 0xac, 0xd5, 0x7a, 0x90, 0x43,
		0x4f, 0x64, 0xd0, 0x36, 0x2f, 0x2a, 0x2d, 0x2d, 0x0a, 0x90,
		0xcf, 0x1a, 0x5a, 0x4c, 0x5d, 0xb0, 0x2d, 0x56, 0xec, 0xc4,
		0xc5, 0xbf, 0x34, 0x00, 0x72, 0x08, 0xd5, 0xb8, 0x87, 0x18,
		0x58, 0x65,
	};
	u8 ikm[22], prk[TCPCRYPT_HMAC_LEN], out[sizeof(okm)];
	const struct tcpcrypt_chunk chunks[] = {
		{ .data = ikm, .len = 10 }, { .data = ikm + 10, .len = 0 },
		{ .data = ikm + 10, .len = 12 },
	};

	tap_begin("HKDF: RFC 5869, test case 1");
	memset(ikm, 0x0b, sizeof(ikm));
	CHECK_EQ(tcpcrypt_hkdf_extract(hmac, salt, sizeof(salt), chunks, 3,
				       prk), 0);
	CHECK_EQ(tcpcrypt_hkdf_expand(hmac, prk, info, sizeof(info), out,
				      sizeof(out)), 0);
	CHECK_MEM(out, sizeof(out), okm, sizeof(okm));
	tap_end();
}

static void test_limits(void)
{
	size_t max = 255 * TCPCRYPT_HMAC_LEN;
	u8 key[TCPCRYPT_K_LEN] = { 1 }, out[TCPCRYPT_SESSID_LEN];
	u8 *okm = malloc(max + 1);
	struct tcpcrypt_traffic_key tk;
	u8 sn[17] = { 0 };

	tap_begin("limits");
	CHECK_EQ(tcpcrypt_hkdf_expand(hmac, key, sn, 1, okm, max), 0);
	CHECK_EQ(tcpcrypt_hkdf_expand(hmac, key, sn, 1, okm, max + 1),
		 -EINVAL);
	CHECK_EQ(tcpcrypt_hkdf_expand(hmac, key, sn, 1, okm, 0), 0);
	CHECK_EQ(tcpcrypt_ks_first_mk(hmac, key, sn, 16, out), 0);
	CHECK_EQ(tcpcrypt_ks_first_mk(hmac, key, sn, 17, out), -EINVAL);
	CHECK_EQ(tcpcrypt_ks_session_id(hmac, 0x23, key, sn, 17, out),
		 -EINVAL);
	CHECK_EQ(tcpcrypt_ks_traffic_key(hmac, key, false, 33, &tk), -EINVAL);
	tap_end();
	free(okm);
}

int main(void)
{
	const struct vec_kex *vec;
	size_t i, j;

	static_assert(ARRAY_SIZE(vec_key_exchange) == 12);

	hmac = tcpcrypt_hmac_alloc();
	for (i = 0; i < ARRAY_SIZE(vec_key_exchange); i++) {
		vec = &vec_key_exchange[i];
		test_fresh(vec);
		for (j = 0; j < vec->resumed.n; j++)
			test_resumed(vec, &vec->resumed.v[j]);
	}
	test_hkdf();
	test_limits();
	tcpcrypt_hmac_free(hmac);

	return tap_finish(12 * (1 + RESUMED) + 2);
}
