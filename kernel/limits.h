/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_LIMITS_H
#define _TCPCRYPT_LIMITS_H

#include "proto.h"

/**
 * struct tcpcrypt_limits - how much one key may seal
 * @frames: frames
 * @bytes: bytes on the wire
 */
struct tcpcrypt_limits {
	u64 frames;
	u64 bytes;
};

void tcpcrypt_limits_get(u16 aead, struct tcpcrypt_limits *lim);
bool tcpcrypt_limits_reached(const struct tcpcrypt_limits *lim, u64 frames,
			     u64 bytes);

#endif /* _TCPCRYPT_LIMITS_H */
