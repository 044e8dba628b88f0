/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_X448_H
#define _TCPCRYPT_X448_H

#include "proto.h"

#define TCPCRYPT_X448_LEN	56

bool tcpcrypt_x448(u8 out[TCPCRYPT_X448_LEN],
		   const u8 scalar[TCPCRYPT_X448_LEN],
		   const u8 point[TCPCRYPT_X448_LEN]);
bool tcpcrypt_x448_base(u8 out[TCPCRYPT_X448_LEN],
			const u8 scalar[TCPCRYPT_X448_LEN]);

#endif /* _TCPCRYPT_X448_H */
