/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_NLEVENT_H
#define _TCPCRYPT_NLEVENT_H

#include "tcpcrypt.h"

void tcpcrypt_nlevent(const struct tcpcrypt_sock *ctx, u32 event);
void tcpcrypt_nlevent_state(const struct tcpcrypt_sock *ctx,
			    enum tcpcrypt_state state);

#endif /* _TCPCRYPT_NLEVENT_H */
