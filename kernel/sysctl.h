/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_SYSCTL_H
#define _TCPCRYPT_SYSCTL_H

#include "tcpcrypt.h"

int tcpcrypt_sysctl_net_init(struct tcpcrypt_net *tn);
void tcpcrypt_sysctl_net_exit(struct tcpcrypt_net *tn);

#endif /* _TCPCRYPT_SYSCTL_H */
