// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is the peer still there? SO_KEEPALIVE asks by rekeying (RFC 8548 section
 * 3.9): only the peer itself can answer, where anybody could acknowledge TCP's
 * keep-alive probe. TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT mean what they
 * mean to TCP, whose own keep-alive goes on as well.
 *
 * One probe is one empty frame, which TCP repeats until it is acknowledged:
 * a second one must not be sent before the answer (RFC 8548 section 3.8). What
 * would have been further probes are further intervals of waiting.
 */
#include <net/tcp.h>

#include "tcpcrypt.h"

/* How soon to look again at a socket that cannot be asked now */
#define KEEPALIVE_RETRY		HZ

static void keepalive_after(struct tcpcrypt_sock *ctx, unsigned long delay)
{
	refcount_inc(&ctx->refs);
	sock_hold(ctx->sk);
	if (mod_delayed_work(system_percpu_wq, &ctx->keepalive.timer, delay)) {
		sock_put(ctx->sk);
		tcpcrypt_sock_put(ctx);
	}
}

/**
 * tcpcrypt_keepalive_cancel() - stop asking
 * @ctx: the connection
 *
 * Context: socket locked; a timer that runs already is not waited for.
 */
void tcpcrypt_keepalive_cancel(struct tcpcrypt_sock *ctx)
{
	if (cancel_delayed_work(&ctx->keepalive.timer)) {
		sock_put(ctx->sk);
		tcpcrypt_sock_put(ctx);
	}
}

/**
 * tcpcrypt_keepalive_arm() - ask from now on, or at other times than before
 * @ctx: the connection
 *
 * Context: socket locked; may be softirq.
 */
void tcpcrypt_keepalive_arm(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_keepalive *ka = &ctx->keepalive;
	const struct tcp_sock *tp = tcp_sk(ctx->sk);
	long left;

	if (!ka->on || ctx->detached || ctx->state != TCPCRYPT_OPEN)
		return;
	ka->probes = 0;
	left = ka->heard + keepalive_time_when(tp) - jiffies;
	keepalive_after(ctx, max(left, 1L));
}

/**
 * tcpcrypt_keepalive_heard() - the peer has sent something authentic
 * @ctx: the connection
 *
 * Context: socket locked.
 */
void tcpcrypt_keepalive_heard(struct tcpcrypt_sock *ctx)
{
	ctx->keepalive.heard = jiffies;
	ctx->keepalive.probes = 0;
}

/*
 * Is it TCP's turn to find out? It is while it has something on its way other
 * than our probe: then nobody's keep-alive asks.
 */
static bool keepalive_tcp_knows(const struct tcpcrypt_sock *ctx)
{
	const struct sock *sk = ctx->sk;
	const struct tcp_sock *tp = tcp_sk(sk);

	if (tcp_rtx_and_write_queues_empty(sk))
		return false;
	return ctx->keepalive.probes == 0 || !tcp_write_queue_empty(sk) ||
	       tp->write_seq != ctx->keepalive.end;
}

/*
 * Frames that nobody has read may hold the answer: then what TCP hears from
 * the peer has to do.
 */
static bool keepalive_unread(const struct tcpcrypt_sock *ctx)
{
	const struct tcp_sock *tp = tcp_sk(ctx->sk);

	return (ctx->rx.p.frames || tp->rcv_nxt != tp->copied_seq) &&
	       keepalive_time_elapsed(tp) < keepalive_intvl_when(tp);
}

static void keepalive_probe(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_keepalive *ka = &ctx->keepalive;

	ka->probes = 1;
	tcpcrypt_rekey_start(ctx);
	ka->end = tcp_sk(ctx->sk)->write_seq;
	tcpcrypt_mib_inc(ctx->tn->net, TCPCRYPT_MIB_KEEPALIVE_PROBE);
}

static bool keepalive_dead(const struct tcpcrypt_sock *ctx)
{
	const struct inet_connection_sock *icsk = inet_csk(ctx->sk);
	const u32 limit = READ_ONCE(icsk->icsk_user_timeout);

	/* TCP_USER_TIMEOUT overrides the number of probes, as for TCP */
	if (limit)
		return jiffies - ctx->keepalive.heard >=
		       msecs_to_jiffies(limit);
	return ctx->keepalive.probes >= keepalive_probes(tcp_sk(ctx->sk));
}

/* Context: socket owned. Return: jiffies until the next look, 0 for never */
static unsigned long keepalive_step(struct tcpcrypt_sock *ctx)
{
	struct tcpcrypt_keepalive *ka = &ctx->keepalive;
	const struct tcp_sock *tp = tcp_sk(ctx->sk);
	long left;

	if (!ka->on || ctx->detached || ctx->state != TCPCRYPT_OPEN ||
	    ctx->tx.finp)
		return 0;
	left = ka->heard + keepalive_time_when(tp) - jiffies;
	if (left > 0)
		return left;
	if (keepalive_tcp_knows(ctx) || keepalive_unread(ctx))
		return keepalive_intvl_when(tp);
	if (ka->probes && keepalive_dead(ctx)) {
		tcpcrypt_fail(ctx, ETIMEDOUT, TCPCRYPT_MIB_KEEPALIVE_DEAD);
		return 0;
	}
	if (ka->probes)
		ka->probes++;
	else
		keepalive_probe(ctx);
	return keepalive_intvl_when(tp);
}

/**
 * tcpcrypt_keepalive_timer() - the time of a probe, or of its answer, has come
 * @work: tcpcrypt_keepalive.timer
 *
 * Context: process; holds the socket and the state.
 */
void tcpcrypt_keepalive_timer(struct work_struct *work)
{
	struct tcpcrypt_sock *ctx = container_of(to_delayed_work(work),
						 struct tcpcrypt_sock,
						 keepalive.timer);
	unsigned long next = KEEPALIVE_RETRY;
	struct sock *sk = ctx->sk;
	struct sock *listener;

	if (!tcpcrypt_event_own(ctx, &listener)) {
		if (!READ_ONCE(ctx->detached))
			keepalive_after(ctx, next);
	} else {
		next = keepalive_step(ctx);
		if (next)
			keepalive_after(ctx, next);
		tcpcrypt_event_disown(ctx, listener);
	}
	sock_put(sk);
	tcpcrypt_sock_put(ctx);
}

/**
 * tcpcrypt_keepalive() - proto.keepalive: SO_KEEPALIVE is being set
 * @sk: a socket that carries our ULP, or did a moment ago
 * @val: on or off
 *
 * Context: process, socket owned.
 */
void tcpcrypt_keepalive(struct sock *sk, int val)
{
	struct tcpcrypt_sock *ctx = tcpcrypt_sock_get(sk);

	tcpcrypt_prot_base(sk)->keepalive(sk, val);
	if (!ctx)
		return;
	ctx->keepalive.on = val;
	if (val)
		tcpcrypt_keepalive_arm(ctx);
	else
		tcpcrypt_keepalive_cancel(ctx);
	tcpcrypt_sock_put(ctx);
}
