/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_CACHE_H
#define _TCPCRYPT_CACHE_H

#include "chain.h"
#include "tcpcrypt.h"

struct tcpcrypt_session;

/**
 * struct tcpcrypt_secret - a session secret that left the cache to be used
 * @session: where it came from; a reference
 * @i: which one of the session's
 * @link: the secret and its identifier
 * @eno: the resumption suboption that names it, nonce included
 * @role_b: this host played role B when the session began
 * @offered: it stands in a SYN of ours; @session is busy until that is settled
 * @aead: the session's cipher
 */
struct tcpcrypt_secret {
	struct tcpcrypt_session *session;
	u64 i;
	struct tcpcrypt_chain_link link;
	struct tcpcrypt_eno_resume eno;
	bool role_b;
	bool offered;
	const struct tcpcrypt_aead_alg *aead;
};

/**
 * struct tcpcrypt_terms - on which terms a connection may be resumed
 * @teps: TEPs that it may use
 * @nteps: how many
 * @ciphers: AEADs that it may use
 * @nciphers: how many
 * @nonce_len: bytes of the nonce to send
 */
struct tcpcrypt_terms {
	const u8 *teps;
	unsigned int nteps;
	const u16 *ciphers;
	unsigned int nciphers;
	u8 nonce_len;
};

/**
 * struct tcpcrypt_session_info - what users may know of a session
 * @peer: the peer's address; its port if this host was the active opener, 0
 *	else; the rest is zero
 * @tep: TEP
 * @aead: identifier of the cipher
 * @role_b: this host played role B when the session began
 * @next: the secret to be used next
 * @age: seconds since the key exchange
 * @left: seconds until it is forgotten
 */
struct tcpcrypt_session_info {
	struct tcpcrypt_tuple peer;
	u8 tep;
	u16 aead;
	bool role_b;
	u64 next;
	u64 age;
	u64 left;
};

/* cache_all.c: what all namespaces' caches have in common */
int tcpcrypt_cache_init(void);
void tcpcrypt_cache_exit(void);

/* cache.c: a namespace's cache */
int tcpcrypt_cache_net_init(struct tcpcrypt_net *tn);
void tcpcrypt_cache_net_exit(struct tcpcrypt_net *tn);
bool tcpcrypt_cache_next(struct tcpcrypt_net *tn, unsigned long *id,
			 struct tcpcrypt_session_info *info);

/* cache_gc.c: forgetting */
void tcpcrypt_cache_flush_conn(struct tcpcrypt_sock *ctx);
unsigned int tcpcrypt_cache_flush(struct tcpcrypt_net *tn,
				  const struct tcpcrypt_tuple *peer);
void tcpcrypt_cache_retune(struct tcpcrypt_net *tn);

/* secret.c: secrets that leave the cache */
struct tcpcrypt_secret *
tcpcrypt_cache_take_peer(struct tcpcrypt_net *tn,
			 const struct tcpcrypt_tuple *tuple,
			 const struct tcpcrypt_terms *terms);
struct tcpcrypt_secret *
tcpcrypt_cache_take_half(struct tcpcrypt_net *tn, u8 tep,
			 const u8 half[TCPCRYPT_RESUME_HALF_LEN],
			 const struct tcpcrypt_terms *terms);
void tcpcrypt_cache_refused(struct tcpcrypt_net *tn,
			    struct tcpcrypt_secret *secret, __be16 rport);
struct tcpcrypt_secret *
tcpcrypt_secret_dup(const struct tcpcrypt_secret *secret, gfp_t gfp);
void tcpcrypt_secret_free(struct tcpcrypt_secret *secret);

/* session.c: what a key exchange begins, and resumption goes on with */
struct tcpcrypt_session *
tcpcrypt_cache_add(struct tcpcrypt_sock *ctx, struct tcpcrypt_hmac *hmac,
		   const u8 ss[TCPCRYPT_K_LEN],
		   const struct tcpcrypt_aead_alg *aead);
struct tcpcrypt_session *
tcpcrypt_cache_resumed(struct tcpcrypt_sock *ctx, struct tcpcrypt_hmac *hmac,
		       const struct tcpcrypt_secret *secret);
void tcpcrypt_session_put(struct tcpcrypt_session *session);

#endif /* _TCPCRYPT_CACHE_H */
