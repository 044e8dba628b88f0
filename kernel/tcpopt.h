/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_TCPOPT_H
#define _TCPCRYPT_TCPOPT_H

#include "proto.h"

/**
 * struct tcpcrypt_tcpopt_iter - walk over a TCP header's option field
 * @p: next byte to look at; after the walk it is short of @end only when a
 *	malformed option stands there
 * @end: first byte after the field
 * @kind: kind of the current option
 * @opt: the current option, from its kind byte on
 * @len: its length in bytes, 1 for NOP and EOL
 */
struct tcpcrypt_tcpopt_iter {
	const u8 *p;
	const u8 *end;
	const u8 *opt;
	u8 kind;
	u8 len;
};

void tcpcrypt_tcpopt_start(struct tcpcrypt_tcpopt_iter *it, const u8 *opts,
			   size_t len);
bool tcpcrypt_tcpopt_next(struct tcpcrypt_tcpopt_iter *it);
size_t tcpcrypt_tcpopt_room(const u8 *opts, size_t len);
int tcpcrypt_tcpopt_insert(u8 opts[TCPCRYPT_OPTSPACE], size_t len,
			   const u8 *opt, size_t optlen);
bool tcpcrypt_tcpopt_excludes_eno(const u8 *opts, size_t len);

#endif /* _TCPCRYPT_TCPOPT_H */
