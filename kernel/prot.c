// SPDX-License-Identifier: GPL-2.0-only
/*
 * struct proto and struct proto_ops of sockets that carry tcpcrypt, and the
 * only code that puts them on a socket or takes them off.
 *
 * They are copies of TCP's own with some functions replaced. TCP's own are
 * found on a socket made for that purpose, because not all of their names
 * are exported.
 */
#include <linux/module.h>
#include <linux/poll.h>
#include <net/inet_common.h>
#include <net/tcp.h>
#include <asm/ioctls.h>

#include "listener.h"
#include "tcpcrypt.h"

/**
 * struct prot_pair - TCP of one address family, as it is and as we derive it
 * @base: TCP's own
 * @base_ops: TCP's own
 * @prot: ours
 * @ops: ours
 * @listen: TCP's own but for setsockopt() and getsockopt(), for listening
 *	sockets whose application did not ask for our ULP
 */
struct prot_pair {
	struct proto *base;
	const struct proto_ops *base_ops;
	struct proto prot;
	struct proto_ops ops;
	struct proto listen;
};

static struct prot_pair prot_v4 __ro_after_init;
static struct prot_pair prot_v6 __ro_after_init;

static struct prot_pair *prot_of(const struct sock *sk)
{
	return sk->sk_family == AF_INET6 ? &prot_v6 : &prot_v4;
}

/**
 * tcpcrypt_prot_is_base() - is this socket TCP as the kernel made it
 * @sk: a TCP socket
 *
 * Context: any.
 * Return: true if nothing (MPTCP, SMC, sockmap, kTLS) has replaced its proto.
 */
bool tcpcrypt_prot_is_base(const struct sock *sk)
{
	return READ_ONCE(sk->sk_prot) == prot_of(sk)->base;
}

/**
 * tcpcrypt_prot_base() - TCP's own functions for a socket
 * @sk: a TCP socket
 *
 * Context: any.
 * Return: struct proto of TCP over the socket's address family.
 */
const struct proto *tcpcrypt_prot_base(const struct sock *sk)
{
	return prot_of(sk)->base;
}

/**
 * tcpcrypt_ops_base() - TCP's own socket operations
 * @sk: a TCP socket
 *
 * Context: any.
 * Return: struct proto_ops of TCP over the socket's address family.
 */
const struct proto_ops *tcpcrypt_ops_base(const struct sock *sk)
{
	return prot_of(sk)->base_ops;
}

/**
 * tcpcrypt_prot_install() - put our functions on a socket
 * @sk: a socket whose state is attached
 *
 * Context: socket locked or not yet visible.
 */
void tcpcrypt_prot_install(struct sock *sk)
{
	/* pairs with READ_ONCE() in inet_sendmsg() and the like */
	WRITE_ONCE(sk->sk_prot, &prot_of(sk)->prot);
}

/**
 * tcpcrypt_prot_restore() - put TCP's own functions back
 * @sk: the socket, or a request, which gets them from its listener and may
 *	outlive this module
 *
 * Context: socket locked; a request's need not be.
 */
void tcpcrypt_prot_restore(struct sock *sk)
{
	struct prot_pair *pair = prot_of(sk);

	if (sk->sk_prot == &pair->prot || sk->sk_prot == &pair->listen)
		WRITE_ONCE(sk->sk_prot, pair->base);
}

/**
 * tcpcrypt_prot_listen() - hear of setsockopt(TCP_ULP) on a listening socket
 * @sk: a socket that carries our ULP
 *
 * A child is to inherit these functions with the ULP only: sk_clone() reads
 * the functions first, and cmpxchg() orders what the caller has written.
 *
 * Context: any; the socket need not be locked.
 */
void tcpcrypt_prot_listen(struct sock *sk)
{
	struct prot_pair *pair = prot_of(sk);

	cmpxchg(&sk->sk_prot, pair->base, &pair->listen);
}

/**
 * tcpcrypt_prot_listens() - has tcpcrypt_prot_listen() been here
 * @sk: a TCP socket
 *
 * Context: any.
 * Return: true if the socket has the functions it puts there.
 */
bool tcpcrypt_prot_listens(const struct sock *sk)
{
	return READ_ONCE(sk->sk_prot) == &prot_of(sk)->listen;
}

/**
 * tcpcrypt_prot_child() - a child has inherited what its listener had
 * @sk: the child
 *
 * Its memory must be given back through TCP's own struct proto: this module
 * may be gone by then.
 *
 * Context: from .clone: the child is not yet visible.
 */
void tcpcrypt_prot_child(struct sock *sk)
{
	struct prot_pair *pair = prot_of(sk);

	if (sk->sk_prot_creator == &pair->prot ||
	    sk->sk_prot_creator == &pair->listen)
		sk->sk_prot_creator = pair->base;
	tcpcrypt_prot_restore(sk);
}

/**
 * tcpcrypt_prot_refuse() - a child that must encrypt but has no memory to
 * @sk: the child, without ULP
 *
 * RFC 8547 section 4.6 forbids plaintext on it. With our functions and no
 * state behind them every use of it fails, and closing it sends a RST.
 *
 * Context: from .clone: the child is not yet visible.
 */
void tcpcrypt_prot_refuse(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	__module_get(THIS_MODULE);
	RCU_INIT_POINTER(icsk->icsk_ulp_data, NULL);
	icsk->icsk_ulp_ops = &tcpcrypt_ulp_ops;
	tcpcrypt_prot_install(sk);
}

/**
 * tcpcrypt_ops_install() - put our socket operations on a socket
 * @sk: the socket; before accept() it has no struct socket and waits for
 *	tcpcrypt_release_cb()
 *
 * Context: socket locked.
 */
void tcpcrypt_ops_install(struct sock *sk)
{
	struct prot_pair *pair = prot_of(sk);

	if (sk->sk_socket && sk->sk_socket->ops == pair->base_ops)
		WRITE_ONCE(sk->sk_socket->ops, &pair->ops);
}

/**
 * tcpcrypt_ops_restore() - put TCP's own socket operations back
 * @sk: the socket
 *
 * Context: socket locked.
 */
void tcpcrypt_ops_restore(struct sock *sk)
{
	struct prot_pair *pair = prot_of(sk);

	if (sk->sk_socket && sk->sk_socket->ops == &pair->ops)
		WRITE_ONCE(sk->sk_socket->ops, pair->base_ops);
}

#ifdef TCPCRYPT_HAVE_RECVMSG_ADDR_LEN
static int prot_recvmsg(struct sock *sk, struct msghdr *msg, size_t len,
			int flags, int *addr_len)
{
	int ret = tcpcrypt_recvmsg(sk, msg, len, flags);

	if (ret != -ENOPROTOOPT)
		return ret;
	return tcpcrypt_prot_base(sk)->recvmsg(sk, msg, len, flags, addr_len);
}
#else
static int prot_recvmsg(struct sock *sk, struct msghdr *msg, size_t len,
			int flags)
{
	int ret = tcpcrypt_recvmsg(sk, msg, len, flags);

	if (ret != -ENOPROTOOPT)
		return ret;
	return tcpcrypt_prot_base(sk)->recvmsg(sk, msg, len, flags);
}
#endif

#ifdef TCPCRYPT_HAVE_PROTO_SENDPAGE
static int prot_sendpage(struct sock *sk, struct page *page, int offset,
			 size_t size, int flags)
{
	struct msghdr msg = { .msg_flags = flags & ~MSG_SENDPAGE_NOTLAST };
	struct bio_vec bvec;

	if (flags & MSG_SENDPAGE_NOTLAST)
		msg.msg_flags |= MSG_MORE;
	bvec.bv_page = page;
	bvec.bv_offset = offset;
	bvec.bv_len = size;
	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, &bvec, 1, size);
	return tcpcrypt_sendmsg(sk, &msg, size);
}
#endif

#ifdef TCPCRYPT_HAVE_IOCTL_KARG
static int prot_ioctl(struct sock *sk, int cmd, int *karg)
{
	int ret = tcpcrypt_ioctl(sk, cmd, karg);

	if (ret != -ENOIOCTLCMD)
		return ret;
	return tcpcrypt_prot_base(sk)->ioctl(sk, cmd, karg);
}
#else
static int prot_ioctl(struct sock *sk, int cmd, unsigned long arg)
{
	int answ;
	int ret = tcpcrypt_ioctl(sk, cmd, &answ);

	if (ret != -ENOIOCTLCMD)
		return ret ?: put_user(answ, (int __user *)arg);
	return tcpcrypt_prot_base(sk)->ioctl(sk, cmd, arg);
}
#endif

/* What __sk_stream_memory_free() asks after it has compared the sizes */
static bool prot_stream_memory_free(const struct sock *sk, int wake)
{
	const struct tcpcrypt_sock *ctx;
	bool ok = true;

	rcu_read_lock();
	ctx = tcpcrypt_sock_rcu(sk);
	if (ctx) {
		if (READ_ONCE(ctx->tx.pushing))
			goto out;
		ok = READ_ONCE(ctx->state) != TCPCRYPT_KEX &&
		     !READ_ONCE(ctx->tx.pending);
	}
	ok = ok && tcp_stream_memory_free(sk, wake);
out:
	rcu_read_unlock();
	return ok;
}

static bool prot_is_readable(struct sock *sk)
{
	const struct tcpcrypt_sock *ctx;
	bool readable;

	rcu_read_lock();
	ctx = tcpcrypt_sock_rcu(sk);
	readable = ctx && tcpcrypt_rx_readable(ctx);
	rcu_read_unlock();
	return readable;
}

/* From now on frames are opened as they come: one may hold urgent data */
static void ops_poll_urgent(struct tcpcrypt_sock *ctx)
{
	if (READ_ONCE(ctx->urg.polled))
		return;
	WRITE_ONCE(ctx->urg.polled, true);
	if (READ_ONCE(ctx->state) != TCPCRYPT_OPEN ||
	    !refcount_inc_not_zero(&ctx->refs))
		return;
	tcpcrypt_event(ctx, TCPCRYPT_EV_OPEN);
	tcpcrypt_sock_put(ctx);
}

static __poll_t ops_poll(struct file *file, struct socket *sock,
			 struct poll_table_struct *wait)
{
	struct sock *sk = sock->sk;
	struct tcpcrypt_sock *ctx;
	__poll_t mask;

	mask = tcpcrypt_ops_base(sk)->poll(file, sock, wait);
	rcu_read_lock();
	ctx = tcpcrypt_sock_rcu(sk);
	if (ctx) {
		if (poll_requested_events(wait) & EPOLLPRI)
			ops_poll_urgent(ctx);
		/* the TCP header's urgent pointer is not authenticated */
		mask &= ~EPOLLPRI;
		if (READ_ONCE(ctx->urg.state) == TCPCRYPT_URG_VALID)
			mask |= EPOLLPRI;
	}
	/* TCP counts ciphertext, of which the last frame may be incomplete */
	if (ctx && !(READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN) &&
	    !tcpcrypt_rx_readable(ctx))
		mask &= ~(EPOLLIN | EPOLLRDNORM);
	/* shutdown(SHUT_RD) has not been told to TCP (close.c) */
	if (ctx && READ_ONCE(ctx->rx.shut))
		mask |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP |
			(READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN ?
			 EPOLLHUP : 0);
	rcu_read_unlock();
	return mask;
}

/* TCP works out what is possible; its own mark goes back to every byte */
static int ops_set_rcvlowat(struct sock *sk, int val)
{
	struct tcpcrypt_sock *ctx = tcpcrypt_sock_get(sk);
	int err;

	err = tcpcrypt_ops_base(sk)->set_rcvlowat(sk, val);
	if (!ctx)
		return err;
	WRITE_ONCE(ctx->rx.lowat, sk->sk_rcvlowat);
	WRITE_ONCE(sk->sk_rcvlowat, 1);
	tcpcrypt_rx_input(ctx);
	if (tcpcrypt_rx_readable(ctx))
		ctx->saved_data_ready(sk);
	tcpcrypt_sock_put(ctx);
	return err;
}

static int ops_peek_len(struct socket *sock)
{
	int answ;

	return tcpcrypt_ioctl(sock->sk, SIOCINQ, &answ) ? 0 : answ;
}

static void __init prot_derive(struct prot_pair *pair)
{
	struct proto *prot = &pair->prot;
	struct proto_ops *ops = &pair->ops;

	*prot = *pair->base;
	prot->close = tcpcrypt_close;
	prot->disconnect = tcpcrypt_disconnect;
	prot->setsockopt = tcpcrypt_setsockopt;
	prot->getsockopt = tcpcrypt_getsockopt;
	prot->recvmsg = prot_recvmsg;
	prot->sendmsg = tcpcrypt_sendmsg;
	prot->ioctl = prot_ioctl;
	prot->keepalive = tcpcrypt_keepalive;
	prot->release_cb = tcpcrypt_release_cb;
	prot->stream_memory_free = prot_stream_memory_free;
	prot->sock_is_readable = prot_is_readable;
#ifdef TCPCRYPT_HAVE_PROTO_SENDPAGE
	prot->sendpage = prot_sendpage;
#endif
#ifdef CONFIG_BPF_SYSCALL
	prot->psock_update_sk_prot = NULL;
#endif

	pair->listen = *pair->base;
	pair->listen.setsockopt = tcpcrypt_listener_setsockopt;
	pair->listen.getsockopt = tcpcrypt_listener_getsockopt;

	*ops = *pair->base_ops;
	ops->shutdown = tcpcrypt_shutdown;
	ops->poll = ops_poll;
	ops->set_rcvlowat = ops_set_rcvlowat;
	ops->peek_len = ops_peek_len;
	/* splice falls back to recvmsg; in-kernel readers of raw TCP must not */
	ops->splice_read = NULL;
	ops->read_sock = NULL;
	ops->read_skb = NULL;
	ops->sendmsg_locked = NULL;
#ifdef TCPCRYPT_HAVE_PROTO_SENDPAGE
	ops->sendpage_locked = NULL;
#endif
#ifdef CONFIG_MMU
	ops->mmap = sock_no_mmap;
#endif
}

static int __init prot_find(int family, struct prot_pair *pair)
{
	struct socket *sock;
	int err;

	err = sock_create_kern(&init_net, family, SOCK_STREAM, IPPROTO_TCP,
			       &sock);
	if (err)
		return err;
	pair->base = sock->sk->sk_prot;
	pair->base_ops = sock->ops;
	sock_release(sock);
	if (pair->base->stream_memory_free != tcp_stream_memory_free)
		return -EPROTONOSUPPORT;
	prot_derive(pair);
	return 0;
}

/**
 * tcpcrypt_prot_init() - derive our functions from TCP's
 *
 * Context: process, module load.
 * Return: 0, -EPROTONOSUPPORT if TCP is not what this module knows.
 */
int __init tcpcrypt_prot_init(void)
{
	int err;

	err = prot_find(AF_INET, &prot_v4);
	if (err)
		return err;
	err = prot_find(AF_INET6, &prot_v6);
	/* IPv6 switched off: no such socket will come */
	return err == -EAFNOSUPPORT ? 0 : err;
}
