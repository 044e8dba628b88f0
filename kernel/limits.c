// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much one AEAD key may seal before it has to be replaced (RFC 8548
 * section 3.8: "ciphers that can securely encrypt only a bounded number of
 * messages under a given key").
 *
 * AES-GCM: RFC 8446 section 5.5 allows 2^24.5 records of 2^14 bytes, which
 * keeps an attacker's advantage below 2^-57 (Luykx and Paterson, "Limits on
 * authenticated encryption use in TLS"). The advantage grows with the square
 * of the number of blocks, and our frames may be larger than such records, so
 * both are bounded: 2^24 frames and 2^38 bytes.
 *
 * ChaCha20-Poly1305: the same section finds no limit below the number of
 * nonces, so the frame offset decides: 2^62 bytes.
 *
 * Forgeries need no limit: the first one ends the connection.
 */
#include "limits.h"
#include "pure.h"

#define LIMITS_GCM_FRAMES	0x1000000ULL
#define LIMITS_GCM_BYTES	0x4000000000ULL
/* RFC 8548 section 3.6: the offset must not wrap under one key */
#define LIMITS_MAX		0x4000000000000000ULL

/**
 * tcpcrypt_limits_get() - what one key of an algorithm may seal
 * @aead: identifier of the algorithm
 * @lim: the answer
 *
 * An algorithm that is not known gets the lowest limits.
 *
 * Context: Any.
 */
void tcpcrypt_limits_get(u16 aead, struct tcpcrypt_limits *lim)
{
	bool chacha = aead == TCPCRYPT_AEAD_CHACHA20POLY1305;

	lim->frames = chacha ? LIMITS_MAX : LIMITS_GCM_FRAMES;
	lim->bytes = chacha ? LIMITS_MAX : LIMITS_GCM_BYTES;
}

/**
 * tcpcrypt_limits_reached() - must the next frame use another key
 * @lim: the limits
 * @frames: frames the key has sealed
 * @bytes: bytes on the wire it has sealed
 *
 * A frame that goes over the limit of bytes is at most 64 KiB too long, which
 * the limits leave room for.
 *
 * Context: Any.
 * Return: true when the key has done its part.
 */
bool tcpcrypt_limits_reached(const struct tcpcrypt_limits *lim, u64 frames,
			     u64 bytes)
{
	return frames >= lim->frames || bytes >= lim->bytes;
}
