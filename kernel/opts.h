/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_OPTS_H
#define _TCPCRYPT_OPTS_H

#include "aead.h"
#include "proto.h"

/* TCP_ENO_ENABLED, with one value for "not said" */
enum {
	TCPCRYPT_OPTS_OFF,
	TCPCRYPT_OPTS_ON,
	TCPCRYPT_OPTS_REQUIRE,
	TCPCRYPT_OPTS_UNSET,
};

/* TCP_ENO_SELF_AWARE */
enum {
	TCPCRYPT_OPTS_UNAWARE,
	TCPCRYPT_OPTS_AWARE,
	TCPCRYPT_OPTS_AWARE_ONLY,
};

/**
 * struct tcpcrypt_opts - what an application has asked of a socket
 * @enabled: TCP_ENO_ENABLED, or TCPCRYPT_OPTS_UNSET: what the namespace says
 * @aware: TCP_ENO_SELF_AWARE
 * @role_b: TCP_ENO_ROLEOVERRIDE: be host B although opening actively
 * @no_resume: TCPCRYPT_RESUME is 0
 * @no_cache: TCPCRYPT_CACHE is 0
 * @nonce_len: TCPCRYPT_NONCELEN
 * @teps_set: @teps counts, else what the namespace says
 * @nteps: entries in @teps
 * @teps: TCP_ENO_TEPS
 * @naconf: entries in @aconf; 0: what the namespace says
 * @aconf: TCPCRYPT_ACONF
 * @nbconf: entries in @bconf; 0: what the namespace says
 * @bconf: TCPCRYPT_BCONF
 */
struct tcpcrypt_opts {
	u8 enabled;
	u8 aware;
	bool role_b;
	bool no_resume;
	bool no_cache;
	u8 nonce_len;
	bool teps_set;
	u8 nteps;
	u8 teps[TCPCRYPT_TEP_COUNT];
	u8 naconf;
	u16 aconf[TCPCRYPT_AEAD_COUNT];
	u8 nbconf;
	u16 bconf[TCPCRYPT_AEAD_COUNT];
};

struct tcpcrypt_lists;
struct tcpcrypt_net;
struct tcpcrypt_sock;
struct tcpcrypt_terms;

void tcpcrypt_opts_init(struct tcpcrypt_opts *opts);
bool tcpcrypt_opts_wanted(const struct tcpcrypt_opts *opts);
void tcpcrypt_opts_apply(struct tcpcrypt_sock *ctx);
u8 tcpcrypt_opts_global(const struct tcpcrypt_opts *opts, bool role_b);
void tcpcrypt_opts_terms(const struct tcpcrypt_opts *opts,
			 const struct tcpcrypt_lists *lists, bool role_b,
			 struct tcpcrypt_terms *terms);
const u8 *tcpcrypt_opts_reverse(const struct tcpcrypt_terms *terms,
				u8 teps[TCPCRYPT_TEP_COUNT]);
const u8 *tcpcrypt_opts_teps(const struct tcpcrypt_opts *opts,
			     const struct tcpcrypt_lists *lists, u8 *nteps);
const u16 *tcpcrypt_opts_ciphers(const struct tcpcrypt_opts *opts,
				 const struct tcpcrypt_lists *lists,
				 bool role_b, u8 *nciphers);
int tcpcrypt_opts_set(struct tcpcrypt_opts *opts, int optname, const u8 *value,
		      unsigned int len);
int tcpcrypt_opts_get(const struct tcpcrypt_opts *opts,
		      const struct tcpcrypt_net *tn, int optname, u8 *value);
bool tcpcrypt_opts_settable_late(int optname);

#endif /* _TCPCRYPT_OPTS_H */
