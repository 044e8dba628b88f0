/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_CHAIN_H
#define _TCPCRYPT_CHAIN_H

#include "eno.h"
#include "hmac.h"

/*
 * Session secrets that are kept ready.  A peer that could not use the first
 * of them (its SYN got no answer, or met SYN cookies) goes on to the next, and
 * both hosts still agree.
 */
#define TCPCRYPT_CHAIN_AHEAD	4

/* A session nonce: nonce_a and nonce_b */
#define TCPCRYPT_SN_MAX		(2 * TCPCRYPT_RESUME_NONCE_MAX)

/**
 * struct tcpcrypt_chain_link - one session secret and its name
 * @ss: ss[i]
 * @id: resume[i]
 */
struct tcpcrypt_chain_link {
	u8 ss[TCPCRYPT_K_LEN];
	u8 id[TCPCRYPT_RESUME_ID_LEN];
};

/**
 * struct tcpcrypt_chain - the secrets that follow from one key exchange
 * @tep: TEP of the key exchange, without the v bit
 * @role_b: this host played role B in it
 * @next: lowest i that has not been used
 * @last: highest i in @link; less than @next when nothing is left
 * @link: ss[i] is in @link[i % TCPCRYPT_CHAIN_AHEAD], for @next <= i <= @last;
 *	the others are zero
 */
struct tcpcrypt_chain {
	u8 tep;
	bool role_b;
	u64 next;
	u64 last;
	struct tcpcrypt_chain_link link[TCPCRYPT_CHAIN_AHEAD];
};

/**
 * struct tcpcrypt_chain_ahead - the secrets that follow ss[i]
 * @i: the i they follow; @link[0] is i + 1
 * @link: the secrets, in order
 */
struct tcpcrypt_chain_ahead {
	u64 i;
	struct tcpcrypt_chain_link link[TCPCRYPT_CHAIN_AHEAD];
};

int tcpcrypt_chain_look_ahead(struct tcpcrypt_hmac *hmac, u64 i,
			      const u8 ss[TCPCRYPT_K_LEN],
			      struct tcpcrypt_chain_ahead *ahead);
void tcpcrypt_chain_start(struct tcpcrypt_chain *chain, u8 tep, bool role_b);
unsigned int tcpcrypt_chain_extend(struct tcpcrypt_chain *chain,
				   const struct tcpcrypt_chain_ahead *ahead);
bool tcpcrypt_chain_take(struct tcpcrypt_chain *chain, u64 i,
			 struct tcpcrypt_chain_link *link);
void tcpcrypt_chain_wipe(struct tcpcrypt_chain *chain);
const u8 *tcpcrypt_chain_half(const u8 id[TCPCRYPT_RESUME_ID_LEN],
			      bool role_b);
size_t tcpcrypt_chain_sn(bool role_b, const u8 *local, size_t local_len,
			 const u8 *remote, size_t remote_len,
			 u8 sn[TCPCRYPT_SN_MAX]);

static inline bool tcpcrypt_chain_empty(const struct tcpcrypt_chain *chain)
{
	return chain->next > chain->last;
}

#endif /* _TCPCRYPT_CHAIN_H */
