/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_P521_H
#define _TCPCRYPT_P521_H

#include "proto.h"

#define TCPCRYPT_P521_LEN	66	/* a private key, a coordinate */
#define TCPCRYPT_P521_PUB_LEN	67	/* a compressed point */

bool tcpcrypt_p521_valid(const u8 priv[TCPCRYPT_P521_LEN]);
bool tcpcrypt_p521_base(u8 pub[TCPCRYPT_P521_PUB_LEN],
			const u8 priv[TCPCRYPT_P521_LEN]);
bool tcpcrypt_p521_shared(u8 es[TCPCRYPT_P521_LEN],
			  const u8 priv[TCPCRYPT_P521_LEN],
			  const u8 pub[TCPCRYPT_P521_PUB_LEN]);

#endif /* _TCPCRYPT_P521_H */
