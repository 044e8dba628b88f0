/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_HOOK_H
#define _TCPCRYPT_HOOK_H

#include "tcpcrypt.h"

int tcpcrypt_hook_net_init(struct tcpcrypt_net *tn);
void tcpcrypt_hook_net_exit(struct tcpcrypt_net *tn);

#endif /* _TCPCRYPT_HOOK_H */
