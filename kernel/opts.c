// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an application may ask of a socket: checking it, keeping it, and what
 * follows from it together with the configuration of the namespace.
 */
#include <linux/string.h>
#include <linux/unaligned.h>
#include <uapi/linux/tcpcrypt.h>

#include "cache.h"
#include "opts.h"
#include "tcpcrypt.h"

/**
 * tcpcrypt_opts_init() - what a socket starts with
 * @opts: filled in
 *
 * Context: any.
 */
void tcpcrypt_opts_init(struct tcpcrypt_opts *opts)
{
	memset(opts, 0, sizeof(*opts));
	opts->enabled = TCPCRYPT_OPTS_UNSET;
	/* RFC 8548 section 3.5: "MUST default to eight bytes" */
	opts->nonce_len = TCPCRYPT_RESUME_NONCE_MAX;
}

/**
 * tcpcrypt_opts_wanted() - has the application asked for encryption
 * @opts: the socket's
 *
 * Context: any.
 * Return: true if TCP_ENO_ENABLED has been set, and not to 0.
 */
bool tcpcrypt_opts_wanted(const struct tcpcrypt_opts *opts)
{
	return opts->enabled == TCPCRYPT_OPTS_ON ||
	       opts->enabled == TCPCRYPT_OPTS_REQUIRE;
}

/**
 * tcpcrypt_opts_teps() - the key exchanges to offer or accept
 * @opts: the socket's
 * @lists: the namespace's; RCU read section
 * @nteps: set to how many there are
 *
 * Context: any.
 * Return: the TEPs, best first.
 */
const u8 *tcpcrypt_opts_teps(const struct tcpcrypt_opts *opts,
			     const struct tcpcrypt_lists *lists, u8 *nteps)
{
	*nteps = opts->teps_set ? opts->nteps : lists->nteps;
	return opts->teps_set ? opts->teps : lists->teps;
}

/**
 * tcpcrypt_opts_ciphers() - the AEADs to offer or choose from
 * @opts: the socket's
 * @lists: the namespace's; RCU read section
 * @role_b: host B chooses, host A offers
 * @nciphers: set to how many there are
 *
 * Context: any.
 * Return: their identifiers, best first.
 */
const u16 *tcpcrypt_opts_ciphers(const struct tcpcrypt_opts *opts,
				 const struct tcpcrypt_lists *lists,
				 bool role_b, u8 *nciphers)
{
	*nciphers = role_b ? opts->nbconf : opts->naconf;
	if (*nciphers)
		return role_b ? opts->bconf : opts->aconf;
	*nciphers = lists->nciphers;
	return lists->ciphers;
}

/**
 * tcpcrypt_opts_apply() - a connection follows what was asked for
 * @ctx: the connection, its @opts are set
 *
 * Context: not yet attached, or the socket is locked, or its first SYN is on its
 * way out.
 */
void tcpcrypt_opts_apply(struct tcpcrypt_sock *ctx)
{
	const struct tcpcrypt_opts *opts = &ctx->opts;

	/* the policy may have said so, too */
	if (opts->enabled == TCPCRYPT_OPTS_REQUIRE)
		ctx->require = true;
	/* a session is resumed with the default roles only */
	ctx->no_resume = opts->no_resume || opts->role_b;
	WRITE_ONCE(ctx->no_cache, opts->no_cache);
	ctx->nonce_len = opts->nonce_len;
}

/**
 * tcpcrypt_opts_global() - the global suboption to send
 * @opts: the socket's
 * @role_b: be host B
 *
 * Context: any.
 * Return: the suboption's bits (RFC 8547 section 4.2).
 */
u8 tcpcrypt_opts_global(const struct tcpcrypt_opts *opts, bool role_b)
{
	return (role_b ? TCPCRYPT_ENO_GLOBAL_B : 0) |
	       (opts->aware ? TCPCRYPT_ENO_GLOBAL_A : 0);
}

/**
 * tcpcrypt_opts_terms() - what a connection may use
 * @opts: the socket's
 * @lists: the namespace's; RCU read section
 * @role_b: this end is host B
 * @terms: TEPs and AEADs are set, best first
 *
 * Context: any.
 */
void tcpcrypt_opts_terms(const struct tcpcrypt_opts *opts,
			 const struct tcpcrypt_lists *lists, bool role_b,
			 struct tcpcrypt_terms *terms)
{
	u8 n;

	terms->teps = tcpcrypt_opts_teps(opts, lists, &n);
	terms->nteps = n;
	terms->ciphers = tcpcrypt_opts_ciphers(opts, lists, role_b, &n);
	terms->nciphers = n;
}

/**
 * tcpcrypt_opts_reverse() - the TEPs as host B sends them
 * @terms: TEPs, best first
 * @teps: room for them
 *
 * Of host B's, the last has the highest priority (RFC 8547 section 4.5).
 *
 * Context: any.
 * Return: @teps.
 */
const u8 *tcpcrypt_opts_reverse(const struct tcpcrypt_terms *terms,
				u8 teps[TCPCRYPT_TEP_COUNT])
{
	unsigned int i;

	for (i = 0; i < terms->nteps; i++)
		teps[i] = terms->teps[terms->nteps - 1 - i];
	return teps;
}

static int opts_set_int(const u8 *value, unsigned int len, int max, u8 *out)
{
	int val;

	if (len < sizeof(val))
		return -EINVAL;
	memcpy(&val, value, sizeof(val));
	if (val < 0 || val > max)
		return -EINVAL;
	*out = val;
	return 0;
}

static int opts_set_flag(const u8 *value, unsigned int len, bool invert,
			 bool *flag)
{
	u8 val;
	int err;

	err = opts_set_int(value, len, 1, &val);
	if (!err)
		*flag = val ^ invert;
	return err;
}

/* One byte each; none at all makes a vacuous option */
static int opts_set_teps(struct tcpcrypt_opts *opts, const u8 *value,
			 unsigned int len)
{
	unsigned int i;

	if (len > ARRAY_SIZE(opts->teps))
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (!tcpcrypt_kex_find(value[i]) ||
		    memchr(value, value[i], i))
			return -EINVAL;
	opts->teps_set = true;
	opts->nteps = len;
	memcpy(opts->teps, value, len);
	return 0;
}

/* Two bytes each, as in an Init message; none: what the namespace says */
static int opts_set_ciphers(const u8 *value, unsigned int len,
			    u16 ciphers[TCPCRYPT_AEAD_COUNT], u8 *n)
{
	u16 ids[TCPCRYPT_AEAD_COUNT];
	unsigned int i, j;

	if (len % 2 || len > sizeof(ids))
		return -EINVAL;
	for (i = 0; i < len / 2; i++) {
		ids[i] = get_unaligned_be16(value + 2 * i);
		if (!tcpcrypt_aead_find(ids[i]))
			return -EINVAL;
		for (j = 0; j < i; j++)
			if (ids[j] == ids[i])
				return -EINVAL;
	}
	memcpy(ciphers, ids, len);
	*n = len / 2;
	return 0;
}

/**
 * tcpcrypt_opts_settable_late() - may an option still change anything
 * @optname: the option
 *
 * Context: any.
 * Return: true if it matters after the negotiation.
 */
bool tcpcrypt_opts_settable_late(int optname)
{
	return optname == TCPCRYPT_CACHE;
}

/**
 * tcpcrypt_opts_set() - set one option
 * @opts: the socket's
 * @optname: the option
 * @value: its value
 * @len: bytes in @value
 *
 * Context: any; the socket is locked.
 * Return: 0, -EINVAL, or -ENOPROTOOPT for what cannot be set.
 */
int tcpcrypt_opts_set(struct tcpcrypt_opts *opts, int optname, const u8 *value,
		      unsigned int len)
{
	switch (optname) {
	case TCP_ENO_ENABLED:
		return opts_set_int(value, len, TCPCRYPT_OPTS_REQUIRE,
				    &opts->enabled);
	case TCP_ENO_TEPS:
		return opts_set_teps(opts, value, len);
	case TCP_ENO_SELF_AWARE:
		return opts_set_int(value, len, TCPCRYPT_OPTS_AWARE_ONLY,
				    &opts->aware);
	case TCP_ENO_ROLEOVERRIDE:
		return opts_set_flag(value, len, false, &opts->role_b);
	case TCPCRYPT_ACONF:
		return opts_set_ciphers(value, len, opts->aconf,
					&opts->naconf);
	case TCPCRYPT_BCONF:
		return opts_set_ciphers(value, len, opts->bconf,
					&opts->nbconf);
	case TCPCRYPT_RESUME:
		return opts_set_flag(value, len, true, &opts->no_resume);
	case TCPCRYPT_CACHE:
		return opts_set_flag(value, len, true, &opts->no_cache);
	case TCPCRYPT_NONCELEN:
		return opts_set_int(value, len, TCPCRYPT_RESUME_NONCE_MAX,
				    &opts->nonce_len);
	default:
		return -ENOPROTOOPT;
	}
}

static int opts_put_int(u8 *value, int val)
{
	memcpy(value, &val, sizeof(val));
	return sizeof(val);
}

static int opts_put_ciphers(u8 *value, const u16 *ciphers, u8 n)
{
	u8 i;

	for (i = 0; i < n; i++)
		put_unaligned_be16(ciphers[i], value + 2 * i);
	return 2 * n;
}

/* Context: RCU read section */
static int opts_get_list(const struct tcpcrypt_opts *opts,
			 const struct tcpcrypt_lists *lists, int optname,
			 u8 *value)
{
	const u16 *ciphers;
	const u8 *teps;
	u8 n;

	if (optname == TCP_ENO_TEPS) {
		teps = tcpcrypt_opts_teps(opts, lists, &n);
		memcpy(value, teps, n);
		return n;
	}
	ciphers = tcpcrypt_opts_ciphers(opts, lists, optname == TCPCRYPT_BCONF,
					&n);
	return opts_put_ciphers(value, ciphers, n);
}

/**
 * tcpcrypt_opts_get() - read back what was set, or what holds without it
 * @opts: the socket's
 * @tn: the namespace
 * @optname: the option
 * @value: room for 16 bytes
 *
 * Context: process; the socket is locked.
 * Return: bytes in @value, or -ENOPROTOOPT for what cannot be set.
 */
int tcpcrypt_opts_get(const struct tcpcrypt_opts *opts,
		      const struct tcpcrypt_net *tn, int optname, u8 *value)
{
	int ret;

	switch (optname) {
	case TCP_ENO_ENABLED:
		return opts_put_int(value,
				    opts->enabled == TCPCRYPT_OPTS_UNSET ?
				    READ_ONCE(tn->config.enable) :
				    opts->enabled);
	case TCP_ENO_SELF_AWARE:
		return opts_put_int(value, opts->aware);
	case TCP_ENO_ROLEOVERRIDE:
		return opts_put_int(value, opts->role_b);
	case TCP_ENO_TEPS:
	case TCPCRYPT_ACONF:
	case TCPCRYPT_BCONF:
		rcu_read_lock();
		ret = opts_get_list(opts, rcu_dereference(tn->lists), optname,
				    value);
		rcu_read_unlock();
		return ret;
	case TCPCRYPT_RESUME:
		return opts_put_int(value, !opts->no_resume);
	case TCPCRYPT_CACHE:
		return opts_put_int(value, !opts->no_cache);
	case TCPCRYPT_NONCELEN:
		return opts_put_int(value, opts->nonce_len);
	default:
		return -ENOPROTOOPT;
	}
}
