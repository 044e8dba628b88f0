// SPDX-License-Identifier: GPL-2.0-only
/*
 * The option field of a TCP header: walking it and putting an option in.
 *
 * The kernel builds its own options before any of our hooks sees a segment,
 * so an ENO option has to be fitted in beside them, inside the 40 bytes that
 * the header can hold.
 */
#include "pure.h"
#include "tcpopt.h"

/* Kinds from IANA's registry; uapi headers name them differently, or not. */
enum {
	TCPOPT_KIND_EOL = 0,
	TCPOPT_KIND_NOP = 1,
	TCPOPT_KIND_MD5 = 19,
	TCPOPT_KIND_AO = 29,
	TCPOPT_KIND_MPTCP = 30,
	TCPOPT_KIND_TFO = 34,
	TCPOPT_KIND_EXP1 = 253,
	TCPOPT_KIND_EXP2 = 254,
};

/**
 * tcpcrypt_tcpopt_start() - begin a walk over an option field
 * @it: the walk
 * @opts: first byte after the fixed TCP header
 * @len: bytes in the field
 *
 * Context: Any.
 */
void tcpcrypt_tcpopt_start(struct tcpcrypt_tcpopt_iter *it, const u8 *opts,
			   size_t len)
{
	it->p = opts;
	it->end = opts + len;
	it->opt = NULL;
	it->kind = TCPOPT_KIND_EOL;
	it->len = 0;
}

/*
 * Bytes taken by the option at it->p, or 0 when its length is not one an
 * option can have.
 */
static u8 tcpopt_len(const struct tcpcrypt_tcpopt_iter *it)
{
	size_t left = it->end - it->p;

	if (it->p[0] == TCPOPT_KIND_EOL || it->p[0] == TCPOPT_KIND_NOP)
		return 1;
	if (left < 2 || it->p[1] < 2 || it->p[1] > left)
		return 0;

	return it->p[1];
}

/**
 * tcpcrypt_tcpopt_next() - step to the next option
 * @it: a walk begun with tcpcrypt_tcpopt_start()
 *
 * NOP and EOL are stepped on like any other option.  EOL is the last one:
 * what follows it is padding, whatever it looks like (RFC 9293 section 3.1).
 *
 * Context: Any.
 * Return: true when @it stands on an option, false at the end of the field
 * or in front of a malformed option.
 */
bool tcpcrypt_tcpopt_next(struct tcpcrypt_tcpopt_iter *it)
{
	u8 len;

	if (it->p >= it->end)
		return false;
	len = tcpopt_len(it);
	if (!len)
		return false;

	it->opt = it->p;
	it->kind = it->p[0];
	it->len = len;
	it->p = it->kind == TCPOPT_KIND_EOL ? it->end : it->p + len;
	return true;
}

static bool tcpopt_is_padding(const struct tcpcrypt_tcpopt_iter *it)
{
	return it->kind == TCPOPT_KIND_EOL || it->kind == TCPOPT_KIND_NOP;
}

/*
 * Measure a field: where its last option ends, and what all options come to
 * without any padding.  False when the walk meets a malformed option.
 */
static bool tcpopt_measure(const u8 *opts, size_t len, size_t *used,
			   size_t *squeezed)
{
	struct tcpcrypt_tcpopt_iter it;

	*used = 0;
	*squeezed = 0;
	tcpcrypt_tcpopt_start(&it, opts, len);
	while (tcpcrypt_tcpopt_next(&it)) {
		if (tcpopt_is_padding(&it))
			continue;
		*squeezed += it.len;
		*used = it.opt + it.len - opts;
	}

	return it.p == it.end;
}

/* Move all options together in place; nothing before the cursor is ahead. */
static void tcpopt_squeeze(u8 *opts, size_t len)
{
	struct tcpcrypt_tcpopt_iter it;
	u8 *to = opts;

	tcpcrypt_tcpopt_start(&it, opts, len);
	while (tcpcrypt_tcpopt_next(&it)) {
		if (tcpopt_is_padding(&it))
			continue;
		memmove(to, it.opt, it.len);
		to += it.len;
	}
}

/**
 * tcpcrypt_tcpopt_room() - how long an option can be appended?
 * @opts: the field
 * @len: bytes of it in use
 *
 * Context: Any.
 * Return: bytes that tcpcrypt_tcpopt_insert() would find room for.
 */
size_t tcpcrypt_tcpopt_room(const u8 *opts, size_t len)
{
	size_t used, squeezed;

	if (len > TCPCRYPT_OPTSPACE ||
	    !tcpopt_measure(opts, len, &used, &squeezed))
		return 0;
	return TCPCRYPT_OPTSPACE - squeezed;
}

/**
 * tcpcrypt_tcpopt_insert() - append an option to an option field
 * @opts: the field, with room for TCPCRYPT_OPTSPACE bytes
 * @len: bytes of it in use, a multiple of 4
 * @opt: the option to append, from its kind byte on
 * @optlen: its length in bytes
 *
 * The option goes where the padding at the end of the field begins.  Only
 * when it does not fit there are the NOPs between the other options given
 * up: they keep timestamps aligned, which receivers have a fast path for.
 * Order and bytes of the other options never change.
 *
 * Context: Any.
 * Return: the field's new length in bytes, a multiple of 4; -ENOSPC when
 * there is no room, -EINVAL when the field or an argument is malformed.  On
 * error @opts is as it was.
 */
int tcpcrypt_tcpopt_insert(u8 opts[TCPCRYPT_OPTSPACE], size_t len,
			   const u8 *opt, size_t optlen)
{
	size_t used, squeezed, total;

	if (len > TCPCRYPT_OPTSPACE || len % 4 || optlen < 2)
		return -EINVAL;
	if (!tcpopt_measure(opts, len, &used, &squeezed))
		return -EINVAL;
	if (optlen > TCPCRYPT_OPTSPACE - squeezed)
		return -ENOSPC;

	if (used + optlen > TCPCRYPT_OPTSPACE) {
		tcpopt_squeeze(opts, len);
		used = squeezed;
	}
	memcpy(opts + used, opt, optlen);
	used += optlen;
	total = (used + 3) & ~(size_t)3;
	memset(opts + used, TCPOPT_KIND_NOP, total - used);

	return total;
}

/**
 * tcpcrypt_tcpopt_excludes_eno() - do a segment's options rule out ENO?
 * @opts: the option field
 * @len: bytes in the field
 *
 * MD5 and AO sign the header, so it must not change after them; MPTCP and
 * TFO give the SYN's data another meaning (RFC 8547 section 4.7); what an
 * experimental option implies is not for us to guess.
 *
 * Context: Any.
 * Return: true when ENO must stay out.
 */
bool tcpcrypt_tcpopt_excludes_eno(const u8 *opts, size_t len)
{
	struct tcpcrypt_tcpopt_iter it;

	tcpcrypt_tcpopt_start(&it, opts, len);
	while (tcpcrypt_tcpopt_next(&it)) {
		switch (it.kind) {
		case TCPOPT_KIND_MD5:
		case TCPOPT_KIND_AO:
		case TCPOPT_KIND_MPTCP:
		case TCPOPT_KIND_TFO:
		case TCPOPT_KIND_EXP1:
		case TCPOPT_KIND_EXP2:
			return true;
		}
	}

	return false;
}
