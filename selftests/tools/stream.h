/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A byte stream that both ends can compute: a pseudo-random one from a seed,
 * or a text repeated, and the names of the errors connections end with.
 */
#ifndef SELFTESTS_STREAM_H
#define SELFTESTS_STREAM_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct stream {
	uint64_t seed;
	const char *marker;	/* repeat this instead */
	uint64_t off;
	uint64_t hash;
};

static inline uint64_t stream_word(uint64_t seed, uint64_t i)
{
	uint64_t z = seed + (i + 1) * 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* The bytes at s->off; does not move it. */
static inline void stream_fill(const struct stream *s, void *buf, size_t len)
{
	uint64_t off = s->off, w;
	uint8_t *p = buf;
	size_t n;

	if (s->marker) {
		size_t mlen = strlen(s->marker);

		for (n = 0; n < len; n++)
			p[n] = s->marker[(off + n) % mlen];
		return;
	}
	while (len) {
		w = stream_word(s->seed, off / 8);
		n = 8 - off % 8;
		if (n > len)
			n = len;
		if (n == 8)
			memcpy(p, &w, 8);
		else
			memcpy(p, (uint8_t *)&w + off % 8, n);
		p += n;
		off += n;
		len -= n;
	}
}

/* Account for @len bytes; the hash depends on the bytes, not on the pieces. */
static inline void stream_advance(struct stream *s, const void *buf, size_t len)
{
	const uint8_t *p = buf;
	uint64_t w;

	while (len && s->off % 8) {
		s->hash ^= (uint64_t)*p++ << (s->off % 8 * 8);
		s->off++;
		len--;
		if (s->off % 8 == 0)
			s->hash *= 0x100000001b3ULL;
	}
	for (; len >= 8; len -= 8, p += 8, s->off += 8) {
		memcpy(&w, p, 8);
		s->hash = (s->hash ^ w) * 0x100000001b3ULL;
	}
	for (; len; len--, s->off++)
		s->hash ^= (uint64_t)*p++ << (s->off % 8 * 8);
}

static const struct {
	int num;
	const char *name;
} errno_names[] = {
	{ 0, "0" }, { EBADMSG, "EBADMSG" }, { ECONNRESET, "ECONNRESET" },
	{ EPIPE, "EPIPE" }, { ETIMEDOUT, "ETIMEDOUT" },
	{ ECONNREFUSED, "ECONNREFUSED" }, { ENOPROTOOPT, "ENOPROTOOPT" },
	{ EEXIST, "EEXIST" }, { ENOENT, "ENOENT" }, { ENOTCONN, "ENOTCONN" },
	{ EAGAIN, "EAGAIN" }, { EPROTO, "EPROTO" }, { ENODATA, "ENODATA" },
	{ ECONNABORTED, "ECONNABORTED" }, { EINVAL, "EINVAL" },
	{ EOPNOTSUPP, "EOPNOTSUPP" }, { EHOSTUNREACH, "EHOSTUNREACH" },
	{ ENETUNREACH, "ENETUNREACH" }, { EINTR, "EINTR" },
	{ EPERM, "EPERM" }, { ENOMEM, "ENOMEM" }, { EIO, "EIO" },
	{ EFAULT, "EFAULT" },
};

static inline const char *errno_name(int num)
{
	static char other[16];
	size_t i;

	for (i = 0; i < sizeof(errno_names) / sizeof(errno_names[0]); i++)
		if (errno_names[i].num == num)
			return errno_names[i].name;
	snprintf(other, sizeof(other), "%d", num);
	return other;
}

#endif
