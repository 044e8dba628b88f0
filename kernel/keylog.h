/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_KEYLOG_H
#define _TCPCRYPT_KEYLOG_H

#include "tcpcrypt.h"

void tcpcrypt_keylog_switch(bool on);
bool tcpcrypt_keylog_on(void);
void tcpcrypt_keylog_add(const struct tcpcrypt_sock *ctx, u16 aead,
			 const u8 session_id[TCPCRYPT_SESSID_LEN],
			 const u8 mk[TCPCRYPT_K_LEN]);
int tcpcrypt_keylog_net_init(struct tcpcrypt_net *tn);
void tcpcrypt_keylog_net_exit(struct tcpcrypt_net *tn);
void tcpcrypt_keylog_exit(void);

#endif /* _TCPCRYPT_KEYLOG_H */
