// SPDX-License-Identifier: GPL-2.0-only
/*
 * The chain of session secrets that one key exchange begins: ss[1], ss[2] ..,
 * each good for one connection (RFC 8548 section 3.5).
 *
 * A secret leaves the chain when it is used, for better or worse, and those
 * before it go with it: whoever has ss[i] has all that follow.  No secret
 * enters the chain twice.
 */
#include "chain.h"
#include "keysched.h"
#include "pure.h"

static struct tcpcrypt_chain_link *chain_link(struct tcpcrypt_chain *chain,
					      u64 i)
{
	return &chain->link[i & (TCPCRYPT_CHAIN_AHEAD - 1)];
}

/**
 * tcpcrypt_chain_look_ahead() - compute the secrets that follow one
 * @hmac: the hash
 * @i: index of @ss
 * @ss: ss[i]
 * @ahead: where they go; the caller wipes it
 *
 * This is the costly part, which is why it is apart from
 * tcpcrypt_chain_extend(), which needs no hash.
 *
 * Context: As tcpcrypt_hmac().
 * Return: 0, or what tcpcrypt_hmac() failed with; then @ahead is zeroed.
 */
int tcpcrypt_chain_look_ahead(struct tcpcrypt_hmac *hmac, u64 i,
			      const u8 ss[TCPCRYPT_K_LEN],
			      struct tcpcrypt_chain_ahead *ahead)
{
	const u8 *from = ss;
	unsigned int n;
	int err = 0;

	static_assert(!(TCPCRYPT_CHAIN_AHEAD & (TCPCRYPT_CHAIN_AHEAD - 1)));
	ahead->i = i;
	for (n = 0; n < TCPCRYPT_CHAIN_AHEAD && !err; n++) {
		struct tcpcrypt_chain_link *link = &ahead->link[n];

		err = tcpcrypt_ks_next_ss(hmac, from, link->ss);
		if (!err)
			err = tcpcrypt_ks_resume_id(hmac, link->ss, link->id);
		from = link->ss;
	}
	if (err)
		memzero_explicit(ahead, sizeof(*ahead));
	return err;
}

/**
 * tcpcrypt_chain_start() - begin a chain that holds nothing yet
 * @chain: the chain
 * @tep: TEP of the key exchange, without the v bit
 * @role_b: this host played role B in it
 *
 * ss[0] belongs to the connection that made it, so the chain begins behind.
 *
 * Context: Any.
 */
void tcpcrypt_chain_start(struct tcpcrypt_chain *chain, u8 tep, bool role_b)
{
	memset(chain, 0, sizeof(*chain));
	chain->tep = tep;
	chain->role_b = role_b;
	chain->next = 1;
	chain->last = 0;
}

/**
 * tcpcrypt_chain_extend() - put secrets into a chain as far as there is room
 * @chain: the chain
 * @ahead: secrets that follow one that has left @chain, or ss[0]
 *
 * Only those behind the last one are new; a secret that has been taken out
 * meanwhile does not come back.
 *
 * Context: Any.
 * Return: how many secrets are new; they are the last ones of @chain.
 */
unsigned int tcpcrypt_chain_extend(struct tcpcrypt_chain *chain,
				   const struct tcpcrypt_chain_ahead *ahead)
{
	unsigned int n, added = 0;

	for (n = 0; n < TCPCRYPT_CHAIN_AHEAD; n++) {
		u64 i = ahead->i + 1 + n;

		if (i != chain->last + 1)
			continue;
		if (i >= chain->next + TCPCRYPT_CHAIN_AHEAD)
			break;
		*chain_link(chain, i) = ahead->link[n];
		chain->last = i;
		added++;
	}
	return added;
}

/**
 * tcpcrypt_chain_take() - use a secret up
 * @chain: the chain
 * @i: which secret
 * @link: where it goes; the caller wipes it
 *
 * It leaves the chain together with all before it.
 *
 * Context: Any.
 * Return: false if the chain does not hold it; then nothing changes.
 */
bool tcpcrypt_chain_take(struct tcpcrypt_chain *chain, u64 i,
			 struct tcpcrypt_chain_link *link)
{
	if (i < chain->next || i > chain->last)
		return false;

	*link = *chain_link(chain, i);
	while (chain->next <= i) {
		memzero_explicit(chain_link(chain, chain->next),
				 sizeof(*link));
		chain->next++;
	}
	return true;
}

/**
 * tcpcrypt_chain_wipe() - erase all secrets of a chain
 * @chain: the chain; empty for ever afterwards
 *
 * Context: Any.
 */
void tcpcrypt_chain_wipe(struct tcpcrypt_chain *chain)
{
	memzero_explicit(chain->link, sizeof(chain->link));
	/* no secret will ever be the next */
	chain->next = ~0ULL;
	chain->last = ~0ULL - 1;
}

/**
 * tcpcrypt_chain_half() - the half of a resumption identifier a host sends
 * @id: resume[i]
 * @role_b: the host played role B in the key exchange
 *
 * RFC 8548 section 3.5, figures 2 and 3.
 *
 * Context: Any.
 * Return: TCPCRYPT_RESUME_HALF_LEN bytes inside @id.
 */
const u8 *tcpcrypt_chain_half(const u8 id[TCPCRYPT_RESUME_ID_LEN],
			      bool role_b)
{
	return role_b ? id + TCPCRYPT_RESUME_HALF_LEN : id;
}

/**
 * tcpcrypt_chain_sn() - the session nonce of a resumed session
 * @role_b: this host played role B in the key exchange
 * @local: the nonce this host sent
 * @local_len: its length in bytes, at most TCPCRYPT_RESUME_NONCE_MAX
 * @remote: the nonce the peer sent
 * @remote_len: its length likewise
 * @sn: where nonce_a | nonce_b goes
 *
 * The roles are those of the key exchange, whatever they are now.
 *
 * Context: Any.
 * Return: bytes used in @sn.
 */
size_t tcpcrypt_chain_sn(bool role_b, const u8 *local, size_t local_len,
			 const u8 *remote, size_t remote_len,
			 u8 sn[TCPCRYPT_SN_MAX])
{
	const u8 *a = role_b ? remote : local;
	const u8 *b = role_b ? local : remote;
	size_t a_len = role_b ? remote_len : local_len;
	size_t b_len = role_b ? local_len : remote_len;

	memcpy(sn, a, a_len);
	memcpy(sn + a_len, b, b_len);
	return a_len + b_len;
}
