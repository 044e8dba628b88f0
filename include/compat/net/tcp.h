/* SPDX-License-Identifier: GPL-2.0-only */
/* MSG_SPLICE_PAGES replaced tcp_sendpage_locked() */
#ifndef _COMPAT_NET_TCP_H
#define _COMPAT_NET_TCP_H

#include_next <net/tcp.h>

#include "tcpcrypt-config.h"

/**
 * tcp_sendmsg_pages() - queue pages without copying them
 * @sk: a TCP socket, owned
 * @msg: flags; its iterator holds @size bytes of page fragments
 * @size: bytes to queue
 *
 * Context: as tcp_sendmsg_locked().
 * Return: bytes taken or a negative errno.
 */
static inline int tcp_sendmsg_pages(struct sock *sk, struct msghdr *msg,
				    size_t size)
#ifdef TCPCRYPT_HAVE_SPLICE_PAGES
{
	msg->msg_flags |= MSG_SPLICE_PAGES;
	return tcp_sendmsg_locked(sk, msg, size);
}
#else
{
	const struct bio_vec *bvec = msg->msg_iter.bvec;
	size_t skip = msg->msg_iter.iov_offset;
	int done = 0, ret = 0;

	while (size) {
		size_t len = min_t(size_t, size, bvec->bv_len - skip);
		int flags = msg->msg_flags;

		if (len < size)
			flags |= MSG_MORE | MSG_SENDPAGE_NOTLAST;
		ret = tcp_sendpage_locked(sk, bvec->bv_page,
					  bvec->bv_offset + skip, len, flags);
		if (ret <= 0)
			break;
		done += ret;
		size -= ret;
		skip += ret;
		if (skip == bvec->bv_len) {
			bvec++;
			skip = 0;
		}
	}
	return done ?: ret;
}
#endif

/* PSP, another encryption below the socket */
static inline bool sk_has_psp(const struct sock *sk)
{
#ifdef TCPCRYPT_HAVE_PSP
	return rcu_access_pointer(sk->psp_assoc);
#else
	return false;
#endif
}

#endif /* _COMPAT_NET_TCP_H */
