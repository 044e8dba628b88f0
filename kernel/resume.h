/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_RESUME_H
#define _TCPCRYPT_RESUME_H

#include "cache.h"

int tcpcrypt_resume_offer(struct tcpcrypt_sock *ctx, u8 global,
			  bool explicit_global,
			  const struct tcpcrypt_terms *terms, size_t room);
struct tcpcrypt_secret *
tcpcrypt_resume_accept(struct tcpcrypt_net *tn, const struct tcpcrypt_eno *eno,
		       const struct tcpcrypt_eno_opt *opt,
		       const struct tcpcrypt_terms *terms, size_t room);
void tcpcrypt_resume_settled(struct tcpcrypt_sock *ctx);
void tcpcrypt_resume_declined(struct tcpcrypt_sock *ctx);
void tcpcrypt_resume_abandon(struct tcpcrypt_sock *ctx);

#endif /* _TCPCRYPT_RESUME_H */
