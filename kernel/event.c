// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to a socket while nobody calls into it: TCP's callbacks, the
 * work that does what may sleep, the timer that bounds every wait.
 *
 * A bottom half that finds the socket owned by a user leaves its part to
 * release_cb, as TCP's own deferred work does.
 */
#include <net/tcp.h>

#include "answer.h"
#include "open.h"
#include "tcpcrypt.h"

/**
 * tcpcrypt_event() - let the work do something
 * @ctx: the connection
 * @ev: what
 *
 * Context: socket locked, or the caller's reference keeps it; any.
 */
void tcpcrypt_event(struct tcpcrypt_sock *ctx, enum tcpcrypt_event ev)
{
	set_bit(ev, &ctx->events);
	refcount_inc(&ctx->refs);
	sock_hold(ctx->sk);
	if (!schedule_work(&ctx->work)) {
		sock_put(ctx->sk);
		tcpcrypt_sock_put(ctx);
	}
}

/**
 * tcpcrypt_event_after() - set the connection's timer
 * @ctx: the connection
 * @delay: jiffies from now
 *
 * Context: as tcpcrypt_event().
 */
void tcpcrypt_event_after(struct tcpcrypt_sock *ctx, unsigned long delay)
{
	refcount_inc(&ctx->refs);
	sock_hold(ctx->sk);
	if (mod_delayed_work(system_percpu_wq, &ctx->timer, delay)) {
		sock_put(ctx->sk);
		tcpcrypt_sock_put(ctx);
	}
}

/**
 * tcpcrypt_event_cancel() - stop the connection's timer
 * @ctx: the connection
 *
 * Context: as tcpcrypt_event(); a timer that runs already is not waited for.
 */
void tcpcrypt_event_cancel(struct tcpcrypt_sock *ctx)
{
	if (cancel_delayed_work(&ctx->timer)) {
		sock_put(ctx->sk);
		tcpcrypt_sock_put(ctx);
	}
}

/**
 * tcpcrypt_event_unaccepted() - is this a child that nobody has accepted
 * @ctx: the connection
 *
 * Such a socket must not be owned: TCP would warn if its listener were closed
 * meanwhile. Once accepted it stays so.
 *
 * Context: socket locked by its spinlock.
 * Return: true if it waits in a listener's queue.
 */
bool tcpcrypt_event_unaccepted(const struct tcpcrypt_sock *ctx)
{
	const struct sock *sk = ctx->sk;

	return ctx->passive && !ctx->lingering && !sk->sk_socket &&
	       !sock_flag(sk, SOCK_DEAD);
}

/*
 * By now the application may have taken the connection off the socket, with
 * connect(AF_UNSPEC), and have another one there, or listen. tcp_abort() takes
 * the lock itself, too late to look: it is for a socket that nobody can use
 * again, and that it frees.
 */
static void event_abort_owned(struct tcpcrypt_sock *ctx)
{
	struct sock *sk = ctx->sk;
	bool dead;

	lock_sock(sk);
	dead = sock_flag(sk, SOCK_DEAD);
	if (!dead && !ctx->detached && sk->sk_state != TCP_CLOSE) {
		tcpcrypt_sock_reset(sk, ctx->err);
		tcpcrypt_wake(ctx);
	}
	release_sock(sk);
	if (dead)
		tcp_abort(sk, ctx->err);
}

/*
 * Reset a connection. TCP would warn if a child that nobody has accepted
 * were owned by us when its listener is closed, so such a child is reset
 * under the spinlock alone, as the listener itself would do it.
 */
static void event_abort(struct tcpcrypt_sock *ctx)
{
	struct sock *sk = ctx->sk;
	bool done = false;

	local_bh_disable();
	bh_lock_sock(sk);
	if (tcpcrypt_event_unaccepted(ctx) && !sock_owned_by_user(sk)) {
		tcpcrypt_sock_reset(sk, ctx->err);
		done = true;
	}
	bh_unlock_sock(sk);
	local_bh_enable();
	if (!done)
		event_abort_owned(ctx);
	tcpcrypt_mib_inc(ctx->tn->net, TCPCRYPT_MIB_ABORTED);
	if (ctx->lingering)
		tcpcrypt_linger_run(ctx);
}

/* Nothing that came back lets this connection be encrypted */
static void event_refuse(struct tcpcrypt_sock *ctx)
{
	struct sock *sk = ctx->sk;

	lock_sock(sk);
	rcu_read_lock();
	if (!ctx->detached)
		tcpcrypt_fall_back(ctx, ctx->fallback);
	rcu_read_unlock();
	release_sock(sk);
}

/*
 * The listener whose accept() would return the socket, held; NULL if that is
 * not known. @unaccepted says whether it waits for one, and that is noted then.
 */
static struct sock *event_listener(struct tcpcrypt_sock *ctx, bool *unaccepted)
{
	struct sock *sk = ctx->sk;
	struct sock *listener = NULL;

	local_bh_disable();
	bh_lock_sock(sk);
	*unaccepted = tcpcrypt_event_unaccepted(ctx);
	ctx->rekey.deferred = *unaccepted;
	if (*unaccepted)
		listener = ctx->listener;
	if (listener)
		sock_hold(listener);
	bh_unlock_sock(sk);
	local_bh_enable();
	return listener;
}

/**
 * tcpcrypt_event_own() - own a socket from a work
 * @ctx: the connection
 * @listener: set to what tcpcrypt_event_disown() wants back
 *
 * Nobody may own a child that waits to be accepted when its listener is closed:
 * TCP warns. Whoever closes a listener owns it, so the listener is owned first,
 * for as long as the child is. One that does not listen any more has let go of
 * its children, or has left them to another listener (net.ipv4.tcp_migrate_req),
 * which is not known here.
 *
 * Context: process; the socket is held. Sleeps.
 * Return: true if the socket is owned now; false if accept() has to be waited
 * for, whereafter tcpcrypt_release_cb() lets the work run.
 */
bool tcpcrypt_event_own(struct tcpcrypt_sock *ctx, struct sock **listener)
{
	bool unaccepted;

	*listener = event_listener(ctx, &unaccepted);
	if (!unaccepted) {
		lock_sock(ctx->sk);
		return true;
	}
	if (!*listener)
		return false;
	lock_sock(*listener);
	if ((*listener)->sk_state != TCP_LISTEN) {
		release_sock(*listener);
		sock_put(*listener);
		return false;
	}
	lock_sock_nested(ctx->sk, SINGLE_DEPTH_NESTING);
	ctx->rekey.deferred = false;
	return true;
}

/**
 * tcpcrypt_event_disown() - undo tcpcrypt_event_own()
 * @ctx: the connection
 * @listener: what it has set
 *
 * Context: process, socket owned.
 */
void tcpcrypt_event_disown(struct tcpcrypt_sock *ctx, struct sock *listener)
{
	release_sock(ctx->sk);
	if (!listener)
		return;
	release_sock(listener);
	sock_put(listener);
}

/**
 * tcpcrypt_event_orphan() - a child has been accepted, or has come to its end
 * @ctx: the connection
 *
 * Context: socket locked or dead; any.
 */
void tcpcrypt_event_orphan(struct tcpcrypt_sock *ctx)
{
	struct sock *listener = xchg(&ctx->listener, NULL);

	if (listener)
		sock_put(listener);
}

static void event_flush(struct tcpcrypt_sock *ctx)
{
	struct sock *listener;

	if (!tcpcrypt_event_own(ctx, &listener))
		return;
	if (!ctx->detached && ctx->state == TCPCRYPT_OPEN) {
		if (ctx->tx.pending)
			tcpcrypt_tx_flush(ctx, 0);
		tcpcrypt_rekey_run(ctx);
	}
	tcpcrypt_event_disown(ctx, listener);
}

/* Open what waits to be opened */
static void event_open(struct tcpcrypt_sock *ctx, bool rekey)
{
	struct sock *listener;

	if (!tcpcrypt_event_own(ctx, &listener)) {
		if (rekey)
			WRITE_ONCE(ctx->rekey.wanted, true);
		return;
	}
	if (!ctx->detached && ctx->state == TCPCRYPT_OPEN) {
		tcpcrypt_rekey_open(ctx);
		if (rekey)
			tcpcrypt_rekey_start(ctx);
	}
	tcpcrypt_event_disown(ctx, listener);
}

/**
 * tcpcrypt_event_work() - do what the events ask for
 * @work: tcpcrypt_sock.work
 *
 * Context: process; holds the socket and the state.
 */
void tcpcrypt_event_work(struct work_struct *work)
{
	struct tcpcrypt_sock *ctx = container_of(work, struct tcpcrypt_sock,
						 work);
	struct sock *sk = ctx->sk;

	if (test_and_clear_bit(TCPCRYPT_EV_KEX, &ctx->events))
		tcpcrypt_handshake_run(ctx);
	if (test_and_clear_bit(TCPCRYPT_EV_REFUSE, &ctx->events))
		event_refuse(ctx);
	if (test_and_clear_bit(TCPCRYPT_EV_FLUSH, &ctx->events))
		event_flush(ctx);
	if (test_and_clear_bit(TCPCRYPT_EV_OPEN, &ctx->events))
		event_open(ctx, false);
	if (test_and_clear_bit(TCPCRYPT_EV_REKEY, &ctx->events))
		event_open(ctx, true);
	if (test_and_clear_bit(TCPCRYPT_EV_ABORT, &ctx->events))
		event_abort(ctx);
	if (test_and_clear_bit(TCPCRYPT_EV_LINGER, &ctx->events))
		tcpcrypt_linger_run(ctx);
	sock_put(sk);
	tcpcrypt_sock_put(ctx);
}

/* Either the time of a retry or the end of our patience */
static void event_kex(struct tcpcrypt_sock *ctx)
{
	const long left = ctx->deadline - jiffies;

	if (left <= 0) {
		tcpcrypt_fail(ctx, ETIMEDOUT, TCPCRYPT_MIB_KEX_TIMEOUT);
		return;
	}
	tcpcrypt_event_after(ctx, left);
	tcpcrypt_handshake_apply(ctx);
}

static void event_expired(struct tcpcrypt_sock *ctx)
{
	if (ctx->detached)
		return;
	if (ctx->state == TCPCRYPT_KEX) {
		event_kex(ctx);
	} else if (ctx->state == TCPCRYPT_OPEN) {
		if (ctx->tx.pending || ctx->tx.s.gen < ctx->rx.s.gen ||
		    ctx->tx.rekey || ctx->rekey.wanted)
			tcpcrypt_event(ctx, TCPCRYPT_EV_FLUSH);
		tcpcrypt_rekey_input(ctx);
		if (ctx->rx.stalled) {
			ctx->rx.stalled = false;
			tcpcrypt_rx_input(ctx);
		}
	}
	if (ctx->lingering)
		tcpcrypt_event(ctx, TCPCRYPT_EV_LINGER);
}

/**
 * tcpcrypt_event_timer() - a deadline or the time of a retry has come
 * @work: tcpcrypt_sock.timer
 *
 * Context: process; holds the socket and the state.
 */
void tcpcrypt_event_timer(struct work_struct *work)
{
	struct tcpcrypt_sock *ctx = container_of(to_delayed_work(work),
						 struct tcpcrypt_sock, timer);
	struct sock *sk = ctx->sk;

	local_bh_disable();
	bh_lock_sock(sk);
	if (!sock_owned_by_user(sk))
		event_expired(ctx);
	else if (!ctx->detached)
		/* a user is in a call: soon again */
		tcpcrypt_event_after(ctx, HZ / 20);
	bh_unlock_sock(sk);
	local_bh_enable();
	sock_put(sk);
	tcpcrypt_sock_put(ctx);
}

/**
 * tcpcrypt_data_ready() - ciphertext has arrived, or an end of the stream
 * @sk: the socket
 *
 * Context: socket locked; softirq or backlog.
 */
void tcpcrypt_data_ready(struct sock *sk)
{
	struct tcpcrypt_sock *ctx;

	rcu_read_lock();
	ctx = tcpcrypt_sock_rcu(sk);
	if (ctx)
		tcpcrypt_rx_input(ctx);
	rcu_read_unlock();
}

/**
 * tcpcrypt_state_change() - TCP's state has changed
 * @sk: the socket
 *
 * Context: socket locked; softirq, backlog or process.
 */
void tcpcrypt_state_change(struct sock *sk)
{
	void (*saved)(struct sock *sk);
	struct tcpcrypt_sock *ctx;

	rcu_read_lock();
	ctx = tcpcrypt_sock_rcu(sk);
	if (!ctx)
		goto out;
	saved = ctx->saved_state_change;
	if (ctx->state == TCPCRYPT_OFFERED)
		tcpcrypt_answer_settled(ctx);
	else
		tcpcrypt_rx_input(ctx);
	saved(sk);
out:
	rcu_read_unlock();
}

/**
 * tcpcrypt_write_space() - TCP can take more
 * @sk: the socket
 *
 * Context: softirq or process; the socket need not be locked.
 */
void tcpcrypt_write_space(struct sock *sk)
{
	struct tcpcrypt_sock *ctx;

	rcu_read_lock();
	ctx = tcpcrypt_sock_rcu(sk);
	if (ctx) {
		if ((READ_ONCE(ctx->tx.pending) ||
		     READ_ONCE(ctx->rekey.wanted)) &&
		    !READ_ONCE(ctx->tx.pushing))
			tcpcrypt_event(ctx, TCPCRYPT_EV_FLUSH);
		ctx->saved_write_space(sk);
	}
	rcu_read_unlock();
}

/**
 * tcpcrypt_release_cb() - the owner lets go of the socket
 * @sk: the socket
 *
 * Runs inside accept() right after sock_graft(), too: the first moment a
 * child has a struct socket whose operations can be replaced.
 *
 * Context: socket owned, its spinlock held, bottom halves off.
 */
void tcpcrypt_release_cb(struct sock *sk)
{
	struct tcpcrypt_sock *ctx;

	rcu_read_lock();
	ctx = tcpcrypt_sock_rcu(sk);
	if (ctx) {
		if (unlikely(!ctx->lingering))
			tcpcrypt_ops_install(sk);
		if (unlikely(ctx->deferred)) {
			ctx->deferred = false;
			tcpcrypt_handshake_apply(ctx);
		}
		/* accept() runs this, too, and works do for those who wait */
		if (unlikely(ctx->listener) && !tcpcrypt_event_unaccepted(ctx))
			tcpcrypt_event_orphan(ctx);
		if (unlikely(ctx->rekey.deferred) && sk->sk_socket) {
			ctx->rekey.deferred = false;
			tcpcrypt_event(ctx, TCPCRYPT_EV_OPEN);
		}
	}
	rcu_read_unlock();
	tcpcrypt_prot_base(sk)->release_cb(sk);
}
