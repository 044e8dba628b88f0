/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The test vectors as C tables; gen_vectors.py fills them in from the JSON
 * file and selftests/vectors/README.md says what they mean.
 */
#ifndef _TCPCRYPT_VECTORS_H
#define _TCPCRYPT_VECTORS_H

#include "host.h"

/* A byte string; @p is NULL for the JSON's null, not for an empty one */
struct vec_bytes {
	const u8 *p;
	size_t len;
};

struct vec_bytes_list {
	const struct vec_bytes *v;
	size_t n;
};

struct vec_numbers {
	const u16 *v;
	size_t n;
};

struct vec_frame {
	u64 offset;
	u64 generation;
	u8 control;
	u16 clen;
	u8 flags;
	int urgent;	/* -1: no such field */
	struct vec_bytes data;
	struct vec_bytes plaintext;
	struct vec_bytes aad;
	struct vec_bytes frame_id;
	struct vec_bytes nonce;
	struct vec_bytes frame;
};

struct vec_frames {
	const struct vec_frame *v;
	size_t n;
};

struct vec_resumed {
	u64 i;
	const char *original_a_is;
	struct vec_bytes nonce_a;
	struct vec_bytes nonce_b;
	struct vec_bytes suboption_orig_a;
	struct vec_bytes suboption_orig_b;
	struct vec_bytes eno_a;
	struct vec_bytes eno_b;
	struct vec_bytes transcript;
	struct vec_bytes sn;
	struct vec_bytes_list mk;
	struct vec_bytes_list k_ab;
	struct vec_bytes_list k_ba;
	struct vec_bytes session_id;
	struct vec_frames frames_ab;
	struct vec_frames frames_ba;
};

struct vec_resumed_list {
	const struct vec_resumed *v;
	size_t n;
};

struct vec_kex {
	const char *name;
	u8 tep;
	u16 aead;
	struct vec_bytes eno_a;
	struct vec_bytes eno_b;
	struct vec_bytes transcript;
	struct vec_bytes priv_a;
	struct vec_bytes priv_b;
	struct vec_bytes pub_a;
	struct vec_bytes pub_b;
	struct vec_bytes n_a;
	struct vec_bytes n_b;
	struct vec_numbers ciphers;
	struct vec_bytes ignored_a;
	struct vec_bytes ignored_b;
	struct vec_bytes init1;
	struct vec_bytes init2;
	struct vec_bytes es;
	struct vec_bytes prk;
	struct vec_bytes_list ss;
	struct vec_bytes sn;
	struct vec_bytes_list mk;
	struct vec_bytes_list k_ab;
	struct vec_bytes_list k_ba;
	struct vec_bytes session_id;
	struct vec_bytes_list resume_id;
	struct vec_frames frames_ab;
	struct vec_frames frames_ba;
	struct vec_resumed_list resumed;
};

struct vec_sub {
	u8 glt;
	bool v;
	struct vec_bytes data;
};

struct vec_subs {
	const struct vec_sub *v;
	size_t n;
};

struct vec_eno_parse {
	const char *name;
	struct vec_bytes option;
	bool ok;
	u8 glob;
	bool explicit;
	bool a;
	bool b;
	bool vacuous;
	struct vec_subs subs;
	const char *error;
};

struct vec_syn_segment {
	const char *name;
	struct vec_bytes options;
	struct vec_bytes usable_eno;
};

struct vec_outcome {
	u8 tep;
	u8 tep_byte;
	const char *mode;
	const char *first_is;
	struct vec_bytes transcript;
};

struct vec_session {
	u8 tep;
	struct vec_bytes ss;
	const char *first_original_role;
};

struct vec_negotiation {
	const char *name;
	struct vec_bytes first;
	struct vec_bytes second;
	bool mandatory_a_first;
	bool mandatory_a_second;
	const struct vec_outcome *result;	/* NULL: plain TCP */
	const struct vec_session *session;	/* NULL: nothing cached */
};

struct vec_init_parse {
	const char *name;
	int init;
	u8 tep;
	struct vec_bytes bytes;
	const char *result;
	struct vec_numbers ciphers;
	struct vec_bytes nonce;
	struct vec_bytes point;
	struct vec_bytes ignored;
};

struct vec_bad_key {
	u8 tep;
	const char *name;
	struct vec_bytes field;
};

struct vec_frame_decode {
	const char *name;
	u16 aead;
	struct vec_bytes ss;
	const char *direction;
	u64 offset;
	struct vec_bytes bytes;
	const char *result;
};

#include "vectors_data.h"

#endif /* _TCPCRYPT_VECTORS_H */
