// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a connection: FINp, then FIN (RFC 8548 section 3.7).
 *
 * The peer's FINp frame is payload, and TCP answers payload on a closed
 * socket with RST. So close() leaves the socket alive without its file until
 * the peer's FINp is here, and only then calls TCP's close: the packets are
 * those of plain TCP.
 */
#include <net/tcp.h>

#include "tcpcrypt.h"

/* Closed sockets a namespace may keep waiting for their peer's FINp */
#define CLOSE_LINGER_MAX	16384

/* TCP's close() then sends RST instead of FIN */
static void close_reset(struct sock *sk)
{
	sock_set_flag(sk, SOCK_LINGER);
	sk->sk_lingertime = 0;
}

/* Jiffies until the deadline; it may pass at any time */
static unsigned long close_left(const struct tcpcrypt_sock *ctx)
{
	return max_t(long, ctx->deadline - jiffies, 0);
}

/* Say that nothing more follows; -EAGAIN if TCP had no memory for that */
static int close_send(struct tcpcrypt_sock *ctx)
{
	struct sock *sk = ctx->sk;
	int ret;

	if (sk->sk_shutdown & SEND_SHUTDOWN)
		return 0;
	ret = tcpcrypt_tx_finish(ctx);
	if (ret)
		return ret;
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | SEND_SHUTDOWN);
	tcpcrypt_prot_base(sk)->shutdown(sk, SEND_SHUTDOWN);
	return 0;
}

/* Open what is there; true if it holds data that nobody will read */
static bool close_unread(struct tcpcrypt_sock *ctx)
{
	while (!ctx->rx.plain_len && tcpcrypt_rx_open(ctx) > 0)
		;
	return ctx->rx.plain_len;
}

/*
 * One step towards the end of a connection nobody uses any more.
 * Return: true when TCP's own close() can take over.
 */
static bool close_step(struct tcpcrypt_sock *ctx)
{
	struct sock *sk = ctx->sk;
	int ret;

	if (sk->sk_state == TCP_CLOSE || ctx->detached)
		return true;
	if (ctx->state == TCPCRYPT_KEX)
		return false;
	if (ctx->state != TCPCRYPT_OPEN || close_unread(ctx)) {
		close_reset(sk);
		return true;
	}
	ret = close_send(ctx);
	if (ret == -EAGAIN)
		return false;
	if (ret || ctx->state != TCPCRYPT_OPEN) {
		close_reset(sk);
		return true;
	}
	/* a FIN without FINp: nobody is left to tell */
	return ctx->rx.finp || sock_flag(sk, SOCK_DONE);
}

/* Take the socket away from its file, as sock_orphan() does, but alive */
static bool close_linger(struct tcpcrypt_sock *ctx)
{
	struct sock *sk = ctx->sk;
	unsigned long wait = tcp_fin_time(sk);

	if (atomic_inc_return(&ctx->tn->lingering) > CLOSE_LINGER_MAX) {
		atomic_dec(&ctx->tn->lingering);
		return false;
	}
	tcpcrypt_ops_restore(sk);
	write_lock_bh(&sk->sk_callback_lock);
	sk_set_socket(sk, NULL);
	RCU_INIT_POINTER(sk->sk_wq, NULL);
	write_unlock_bh(&sk->sk_callback_lock);
	ctx->lingering = true;
	if (ctx->state == TCPCRYPT_OPEN)
		ctx->deadline = jiffies + wait;
	tcpcrypt_event_after(ctx, ctx->tx.pending ? HZ / 50 :
			     close_left(ctx));
	return true;
}

/**
 * tcpcrypt_linger_run() - has a closed socket's time come
 * @ctx: connection whose close() has returned
 *
 * Context: process, the connection's work; socket not locked.
 */
void tcpcrypt_linger_run(struct tcpcrypt_sock *ctx)
{
	struct sock *sk = ctx->sk;
	bool expired;

	lock_sock(sk);
	if (!ctx->lingering) {
		release_sock(sk);
		return;
	}
	expired = time_after_eq(jiffies, ctx->deadline);
	if (!close_step(ctx) && !expired) {
		tcpcrypt_event_after(ctx, ctx->state == TCPCRYPT_OPEN &&
				     !(sk->sk_shutdown & SEND_SHUTDOWN) ?
				     HZ / 50 : close_left(ctx));
		release_sock(sk);
		return;
	}
	if (expired)
		tcpcrypt_mib_inc(ctx->tn->net, TCPCRYPT_MIB_LINGER_TIMEOUT);
	ctx->lingering = false;
	atomic_dec(&ctx->tn->lingering);
	release_sock(sk);
	tcpcrypt_prot_base(sk)->close(sk, 0);
}

/* SO_LINGER: until the peer has acknowledged our FIN */
static void close_wait(struct sock *sk, long timeout)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);

	add_wait_queue(sk_sleep(sk), &wait);
	while (timeout && !signal_pending(current) &&
	       (1 << sk->sk_state) &
	       (TCPF_FIN_WAIT1 | TCPF_CLOSING | TCPF_LAST_ACK))
		sk_wait_event(sk, &timeout,
			      !((1 << READ_ONCE(sk->sk_state)) &
				(TCPF_FIN_WAIT1 | TCPF_CLOSING |
				 TCPF_LAST_ACK)), &wait);
	remove_wait_queue(sk_sleep(sk), &wait);
}

/* Context: socket owned. Return: true if TCP's close() is to follow */
static bool close_locked(struct tcpcrypt_sock *ctx, struct sock *sk,
			 long timeout)
{
	if (ctx->detached)
		return true;
	if (ctx->state == TCPCRYPT_OFFERED) {
		tcpcrypt_set_state(ctx, TCPCRYPT_PLAIN);
		tcpcrypt_sock_detach(ctx);
		return true;
	}
	/* SO_LINGER with time 0 asks for a RST, and TCP's close() sends it */
	if (sock_flag(sk, SOCK_LINGER) && !sk->sk_lingertime)
		return true;
	if (close_step(ctx))
		return true;
	if (timeout)
		close_wait(sk, timeout);
	return close_step(ctx) || !close_linger(ctx);
}

/**
 * tcpcrypt_close() - the last reference to the socket's file is gone
 * @sk: a socket that carries our ULP, or did a moment ago
 * @timeout: SO_LINGER time in jiffies
 *
 * Context: process.
 */
void tcpcrypt_close(struct sock *sk, long timeout)
{
	struct tcpcrypt_sock *ctx = tcpcrypt_sock_get(sk);
	bool now = true;

	if (ctx) {
		lock_sock(sk);
		now = close_locked(ctx, sk, timeout);
		release_sock(sk);
	} else if (tcpcrypt_sock_refused(sk)) {
		close_reset(sk);
	}
	if (now)
		tcpcrypt_prot_base(sk)->close(sk, timeout);
	if (ctx)
		tcpcrypt_sock_put(ctx);
}

/* Context: socket owned. Send FINp; shutdown() waits for the key exchange */
static int close_shutdown(struct tcpcrypt_sock *ctx, struct sock *sk)
{
	long timeo = MAX_SCHEDULE_TIMEOUT;
	int ret;

	ret = tcpcrypt_settle(ctx, sk, &timeo);
	if (ret)
		return ret == -ENOPROTOOPT || ret == -ctx->err ? 0 : ret;
	if (sk->sk_shutdown & SEND_SHUTDOWN)
		return 0;
	while ((ret = tcpcrypt_tx_finish(ctx)) == -EAGAIN) {
		ret = sk_stream_wait_memory(sk, &timeo);
		if (ret)
			return ret;
	}
	/* if the connection is gone TCP's shutdown() says so */
	return 0;
}

static bool close_encrypted(const struct tcpcrypt_sock *ctx)
{
	return !ctx->detached && (ctx->state == TCPCRYPT_KEX ||
				  ctx->state == TCPCRYPT_OPEN);
}

/*
 * TCP answers payload behind shutdown(SHUT_RDWR) with RST, and the peer's
 * FINp frame is payload: only the reader hears of SHUT_RD.
 */
static int close_shutdown_read(struct tcpcrypt_sock *ctx, struct socket *sock,
			       int how)
{
	struct sock *sk = ctx->sk;
	bool ours;

	lock_sock(sk);
	ours = close_encrypted(ctx) && sk->sk_state != TCP_CLOSE;
	if (ours) {
		WRITE_ONCE(ctx->rx.shut, true);
		tcpcrypt_wake(ctx);
	}
	release_sock(sk);
	if (!ours)
		return tcpcrypt_ops_base(sk)->shutdown(sock, how);
	return how == SHUT_RD ? 0 :
	       tcpcrypt_ops_base(sk)->shutdown(sock, SHUT_WR);
}

/**
 * tcpcrypt_shutdown() - proto_ops.shutdown
 * @sock: the socket
 * @how: SHUT_RD, SHUT_WR or SHUT_RDWR
 *
 * FINp must be sent before inet_shutdown() forbids sending.
 *
 * Context: process.
 * Return: 0 or a negative errno.
 */
int tcpcrypt_shutdown(struct socket *sock, int how)
{
	struct sock *sk = sock->sk;
	struct tcpcrypt_sock *ctx = tcpcrypt_sock_get(sk);
	int ret = 0;

	if (!ctx)
		return tcpcrypt_ops_base(sk)->shutdown(sock, how);
	if (how == SHUT_WR || how == SHUT_RDWR) {
		lock_sock(sk);
		if (close_encrypted(ctx))
			ret = close_shutdown(ctx, sk);
		release_sock(sk);
	}
	if (!ret && (how == SHUT_RD || how == SHUT_RDWR))
		ret = close_shutdown_read(ctx, sock, how);
	else if (!ret)
		ret = tcpcrypt_ops_base(sk)->shutdown(sock, how);
	tcpcrypt_sock_put(ctx);
	return ret;
}

/**
 * tcpcrypt_disconnect() - connect(AF_UNSPEC), and TCP's own use of it
 * @sk: the socket
 * @flags: O_NONBLOCK or 0
 *
 * The connection is reset and the socket is plain, ready for another one.
 *
 * Context: socket locked.
 * Return: 0 or a negative errno.
 */
int tcpcrypt_disconnect(struct sock *sk, int flags)
{
	struct tcpcrypt_sock *ctx;

	rcu_read_lock();
	ctx = tcpcrypt_sock_rcu(sk);
	if (ctx) {
		if (ctx->state == TCPCRYPT_OFFERED) {
			tcpcrypt_set_state(ctx, TCPCRYPT_PLAIN);
		} else if (ctx->state != TCPCRYPT_FAILED) {
			WRITE_ONCE(ctx->err, ECONNABORTED);
			tcpcrypt_set_state(ctx, TCPCRYPT_FAILED);
		}
		tcpcrypt_wake(ctx);
		tcpcrypt_sock_detach(ctx);
	}
	rcu_read_unlock();
	return tcpcrypt_prot_base(sk)->disconnect(sk, flags);
}
