// SPDX-License-Identifier: GPL-2.0-only
/*
 * Life of struct tcpcrypt_sock: from attaching to a socket to the grace
 * period after which its keys are wiped.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/wait.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "blackhole.h"
#include "cache.h"
#include "listener.h"
#include "nlevent.h"
#include "open.h"
#include "resume.h"
#include "skbopt.h"
#include "tcpcrypt.h"

#include <trace/events/tcpcrypt.h>

static struct kmem_cache *sock_cache;
static struct workqueue_struct *sock_wq;
static atomic_t sock_count = ATOMIC_INIT(0);
static atomic64_t sock_serial;
static DECLARE_WAIT_QUEUE_HEAD(sock_gone);

/**
 * tcpcrypt_sock_init() - prepare for connections
 *
 * Context: process, module load.
 * Return: 0 or -ENOMEM.
 */
int tcpcrypt_sock_init(void)
{
	sock_cache = KMEM_CACHE(tcpcrypt_sock, SLAB_ACCOUNT);
	if (!sock_cache)
		return -ENOMEM;
	sock_wq = alloc_workqueue("tcpcrypt", WQ_UNBOUND, 0);
	if (!sock_wq) {
		kmem_cache_destroy(sock_cache);
		return -ENOMEM;
	}
	return 0;
}

/**
 * tcpcrypt_sock_exit() - wait until no connection is left
 *
 * No socket is attached any more, but calls that slept in one and works may
 * still hold a reference.
 *
 * Context: process, module unload.
 */
void tcpcrypt_sock_exit(void)
{
	wait_event(sock_gone, !atomic_read(&sock_count));
	/* threads between their last put and the end of our function */
	synchronize_rcu_tasks();
	rcu_barrier();
	destroy_workqueue(sock_wq);
	kmem_cache_destroy(sock_cache);
}

static void sock_free(struct work_struct *work)
{
	struct tcpcrypt_sock *ctx = container_of(to_rcu_work(work),
						 struct tcpcrypt_sock, rwork);

	/* if it was never attached */
	tcpcrypt_event_orphan(ctx);
	tcpcrypt_handshake_free(ctx->hs);
	tcpcrypt_secret_free(ctx->offer);
	tcpcrypt_session_put(ctx->session);
	tcpcrypt_tx_free(&ctx->tx);
	tcpcrypt_rx_purge(&ctx->rx);
	tcpcrypt_stream_free(&ctx->rx.s);
	kfree(ctx->rx.aad);
	memzero_explicit(ctx, sizeof(*ctx));
	kmem_cache_free(sock_cache, ctx);
	if (atomic_dec_and_test(&sock_count))
		wake_up(&sock_gone);
}

/**
 * tcpcrypt_sock_alloc() - make the state of a connection
 * @tn: its namespace
 * @gfp: GFP_ATOMIC in softirq
 *
 * Context: any.
 * Return: the state with one reference, NULL when out of memory.
 */
struct tcpcrypt_sock *tcpcrypt_sock_alloc(struct tcpcrypt_net *tn, gfp_t gfp)
{
	struct tcpcrypt_sock *ctx;

	ctx = kmem_cache_zalloc(sock_cache, gfp);
	if (!ctx)
		return NULL;
	ctx->rx.aad = kmalloc(TCPCRYPT_FRAME_HDR_LEN, gfp);
	if (!ctx->rx.aad) {
		kmem_cache_free(sock_cache, ctx);
		return NULL;
	}
	atomic_inc(&sock_count);
	ctx->kind = TCPCRYPT_KIND_CONN;
	ctx->tn = tn;
	/* RFC 8548 section 3.5: "MUST default to eight bytes" */
	ctx->nonce_len = TCPCRYPT_RESUME_NONCE_MAX;
	tcpcrypt_opts_init(&ctx->opts);
	refcount_set(&ctx->refs, 1);
	skb_queue_head_init(&ctx->rx.cipher);
	skb_queue_head_init(&ctx->rx.plain);
	INIT_WORK(&ctx->work, tcpcrypt_event_work);
	INIT_DELAYED_WORK(&ctx->timer, tcpcrypt_event_timer);
	INIT_DELAYED_WORK(&ctx->keepalive.timer, tcpcrypt_keepalive_timer);
	INIT_RCU_WORK(&ctx->rwork, sock_free);
	return ctx;
}

/**
 * tcpcrypt_sock_rcu() - find the state of a socket
 * @sk: a full TCP socket
 *
 * Context: RCU read section.
 * Return: the state, valid until the section ends; NULL if there is none.
 */
struct tcpcrypt_sock *tcpcrypt_sock_rcu(const struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcpcrypt_sock *ctx;

	if (READ_ONCE(icsk->icsk_ulp_ops) != &tcpcrypt_ulp_ops)
		return NULL;
	ctx = rcu_dereference(icsk->icsk_ulp_data);
	return ctx && ctx->kind == TCPCRYPT_KIND_CONN ? ctx : NULL;
}

/**
 * tcpcrypt_sock_get() - find and hold the state of a socket
 * @sk: a full TCP socket
 *
 * Context: any; takes the RCU read lock.
 * Return: the state, NULL if the socket does not carry it.
 */
struct tcpcrypt_sock *tcpcrypt_sock_get(const struct sock *sk)
{
	struct tcpcrypt_sock *ctx;

	rcu_read_lock();
	ctx = tcpcrypt_sock_rcu(sk);
	if (ctx && !refcount_inc_not_zero(&ctx->refs))
		ctx = NULL;
	rcu_read_unlock();
	return ctx;
}

/**
 * tcpcrypt_sock_refused() - must this socket not be used at all
 * @sk: a socket with our functions and no state
 *
 * Context: any.
 * Return: true for a child made by tcpcrypt_prot_refuse().
 */
bool tcpcrypt_sock_refused(const struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);

	return READ_ONCE(icsk->icsk_ulp_ops) == &tcpcrypt_ulp_ops &&
	       !rcu_access_pointer(icsk->icsk_ulp_data);
}

/**
 * tcpcrypt_sock_put() - drop a reference
 * @ctx: the state
 *
 * The last one frees it, keys first, after a grace period.
 *
 * Context: any.
 */
void tcpcrypt_sock_put(struct tcpcrypt_sock *ctx)
{
	if (refcount_dec_and_test(&ctx->refs))
		queue_rcu_work(sock_wq, &ctx->rwork);
}

/**
 * tcpcrypt_sock_name() - who a socket is and who it talks to
 * @sk: a socket whose addresses are known
 * @t: filled in; AF_INET for v4-mapped
 *
 * Context: any.
 */
void tcpcrypt_sock_name(const struct sock *sk, struct tcpcrypt_tuple *t)
{
	const struct inet_sock *inet = inet_sk(sk);

	memset(t, 0, sizeof(*t));
	t->lport = inet->inet_sport;
	t->rport = inet->inet_dport;
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6 &&
	    !ipv6_addr_v4mapped(&sk->sk_v6_daddr)) {
		t->family = AF_INET6;
		t->laddr = sk->sk_v6_rcv_saddr;
		t->raddr = sk->sk_v6_daddr;
		return;
	}
#endif
	t->family = AF_INET;
	t->laddr.s6_addr32[0] = inet->inet_rcv_saddr;
	t->raddr.s6_addr32[0] = inet->inet_daddr;
}

/*
 * The socket's cookie, as SO_COOKIE and ss show it. sock_gen_cookie() is not
 * exported, so a socket that has none gets one here, from the half of the
 * numbers that the kernel's own counter never reaches.
 */
static u64 sock_cookie(struct sock *sk)
{
	u64 cookie = atomic64_inc_return(&sock_serial) | BIT_ULL(63);
	u64 old = atomic64_cmpxchg(&sk->sk_cookie, 0, cookie);

	return old ?: cookie;
}

/**
 * tcpcrypt_sock_attach() - put the state on a socket
 * @ctx: fresh state, its reference passes to the socket
 * @sk: a socket that carries no ULP, or ours because it was asked for
 *
 * A passive child has no addresses yet: its caller has set @ctx->id_tuple.
 *
 * Context: socket locked, or not yet visible to anybody else; may be softirq.
 * Return: 0 or -ENOMEM; then the caller keeps its reference.
 */
int tcpcrypt_sock_attach(struct tcpcrypt_sock *ctx, struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	int err;

	err = xa_alloc_bh(&ctx->tn->conns, &ctx->id, ctx, xa_limit_32b,
			  GFP_ATOMIC);
	if (err)
		return err;
	/* tcp_cleanup_ulp() drops it; our caller runs because one is held */
	__module_get(THIS_MODULE);
	ctx->sk = sk;
	ctx->asked = tcpcrypt_listener_asked(sk);
	ctx->cookie = sock_cookie(sk);
	ctx->uid = sock_net_uid(sock_net(sk), sk);
	if (!ctx->passive)
		tcpcrypt_sock_name(sk, &ctx->id_tuple);
	ctx->keepalive.on = sock_flag(sk, SOCK_KEEPOPEN);
	ctx->rx.lowat = sk->sk_rcvlowat;
	/* TCP is to report every byte of ciphertext */
	WRITE_ONCE(sk->sk_rcvlowat, 1);

	ctx->saved_data_ready = sk->sk_data_ready;
	ctx->saved_state_change = sk->sk_state_change;
	ctx->saved_write_space = sk->sk_write_space;

	rcu_assign_pointer(icsk->icsk_ulp_data, ctx);
	/* pairs with READ_ONCE() in tcpcrypt_sock_get() */
	WRITE_ONCE(icsk->icsk_ulp_ops, &tcpcrypt_ulp_ops);
	WRITE_ONCE(sk->sk_data_ready, tcpcrypt_data_ready);
	WRITE_ONCE(sk->sk_state_change, tcpcrypt_state_change);
	WRITE_ONCE(sk->sk_write_space, tcpcrypt_write_space);
	tcpcrypt_prot_install(sk);
	tcpcrypt_ops_install(sk);
	return 0;
}

static void sock_restore_callbacks(struct tcpcrypt_sock *ctx)
{
	struct sock *sk = ctx->sk;

	WRITE_ONCE(sk->sk_data_ready, ctx->saved_data_ready);
	WRITE_ONCE(sk->sk_state_change, ctx->saved_state_change);
	WRITE_ONCE(sk->sk_write_space, ctx->saved_write_space);
}

/* What detaching and the socket's end have in common */
static void sock_unlink(struct tcpcrypt_sock *ctx)
{
	/* before it is forgotten: open.c lists nothing that is detached */
	WRITE_ONCE(ctx->detached, true);
	tcpcrypt_open_forget(ctx);
	tcpcrypt_resume_abandon(ctx);
	tcpcrypt_event_orphan(ctx);
	tcpcrypt_event_cancel(ctx);
	tcpcrypt_keepalive_cancel(ctx);
	xa_erase_bh(&ctx->tn->conns, ctx->id);
	tcpcrypt_rx_purge(&ctx->rx);
}

/**
 * tcpcrypt_sock_detach() - make the socket plain TCP again
 * @ctx: state that carries no keys in use
 *
 * Everything the attaching changed is put back, so that another ULP (kTLS)
 * can be set. Calls that hold the state see TCPCRYPT_PLAIN and go on with
 * TCP's own functions.
 *
 * Context: socket locked; may be softirq, inside an RCU read section (our
 * code must outlive the module reference given back here).
 */
void tcpcrypt_sock_detach(struct tcpcrypt_sock *ctx)
{
	struct inet_connection_sock *icsk = inet_csk(ctx->sk);
	struct sock *sk = ctx->sk;

	if (ctx->detached)
		return;
	tcpcrypt_eno_stop(ctx);
	sock_unlink(ctx);
	sock_restore_callbacks(ctx);
	WRITE_ONCE(sk->sk_rcvlowat, ctx->rx.lowat);
	tcpcrypt_ops_restore(sk);
	if (ctx->asked) {
		/* the application can still read and set options */
		ctx->asked->opts = ctx->opts;
		ctx->asked->fallback = ctx->fallback;
		rcu_assign_pointer(icsk->icsk_ulp_data, ctx->asked);
	} else {
		tcpcrypt_prot_restore(sk);
		WRITE_ONCE(icsk->icsk_ulp_ops, NULL);
		RCU_INIT_POINTER(icsk->icsk_ulp_data, NULL);
	}
	module_put(THIS_MODULE);
	tcpcrypt_sock_put(ctx);
}

/**
 * tcpcrypt_sock_destroyed() - the socket is going away
 * @ctx: its state
 *
 * Context: from tcp_cleanup_ulp(), which drops the module reference; the
 * socket is dead; may be softirq.
 */
void tcpcrypt_sock_destroyed(struct tcpcrypt_sock *ctx)
{
	struct sock *sk = ctx->sk;

	if (ctx->state == TCPCRYPT_OPEN) {
		tcpcrypt_mib_inc(sock_net(sk), TCPCRYPT_MIB_CLOSED);
		tcpcrypt_nlevent(ctx, TCPCRYPT_EVENT_CLOSED);
	}
	sock_unlink(ctx);
	sock_restore_callbacks(ctx);
	RCU_INIT_POINTER(inet_csk(sk)->icsk_ulp_data, NULL);
	if (ctx->asked) {
		tcpcrypt_listener_free(ctx->asked);
		/* tcp_cleanup_ulp() drops one reference, there are two */
		module_put(THIS_MODULE);
	}
	tcpcrypt_sock_put(ctx);
}

/* What tracepoints tell, too: for those who have dynamic debug at hand */
#define sock_debug(ctx, fmt, ...)					\
	do {								\
		const struct tcpcrypt_sock *c_ = (ctx);			\
									\
		pr_debug("connection %llu, ports %u and %u: " fmt,	\
			 c_->cookie, ntohs(c_->id_tuple.lport),		\
			 ntohs(c_->id_tuple.rport), ##__VA_ARGS__);	\
	} while (0)

static const char * const state_name[TCPCRYPT_STATE_MAX] = {
	[TCPCRYPT_OFFERED] = "offered",
	[TCPCRYPT_KEX] = "kex",
	[TCPCRYPT_OPEN] = "open",
	[TCPCRYPT_PLAIN] = "plain",
	[TCPCRYPT_FAILED] = "failed",
};

/* Rows: from; columns: to.  Anything else is a bug of ours, not of a peer. */
static const bool state_may[TCPCRYPT_STATE_MAX][TCPCRYPT_STATE_MAX] = {
	[TCPCRYPT_OFFERED] = {
		[TCPCRYPT_KEX] = true,
		[TCPCRYPT_PLAIN] = true,
		[TCPCRYPT_FAILED] = true,
	},
	[TCPCRYPT_KEX] = {
		[TCPCRYPT_OPEN] = true,
		[TCPCRYPT_FAILED] = true,
	},
	[TCPCRYPT_OPEN] = {
		[TCPCRYPT_FAILED] = true,
	},
};

/**
 * tcpcrypt_set_state() - the only writer of tcpcrypt_sock.state
 * @ctx: the connection
 * @state: its new state
 *
 * Context: socket locked; may be softirq.
 */
void tcpcrypt_set_state(struct tcpcrypt_sock *ctx, enum tcpcrypt_state state)
{
	u8 old = ctx->state;

	DEBUG_NET_WARN_ON_ONCE(!state_may[old][state]);
	trace_tcpcrypt_state(ctx, old, state);
	sock_debug(ctx, "%s, was %s\n", state_name[state], state_name[old]);
	/* what a state promises is written before the state */
	smp_store_release(&ctx->state, state);
	tcpcrypt_nlevent_state(ctx, state);
}

/**
 * tcpcrypt_wake() - wake whoever waits for the connection to settle
 * @ctx: the connection
 *
 * Context: socket locked; may be softirq.
 */
void tcpcrypt_wake(struct tcpcrypt_sock *ctx)
{
	struct sock *sk = ctx->sk;

	if (!sock_flag(sk, SOCK_DEAD))
		ctx->saved_state_change(sk);
}

/**
 * tcpcrypt_fall_back() - go on as plain TCP
 * @ctx: connection in TCPCRYPT_OFFERED
 * @why: what to count
 *
 * RFC 8547 section 4.6. A connection that requires encryption fails instead,
 * unless TCP has ended it already.
 *
 * Context: as tcpcrypt_sock_detach().
 */
void tcpcrypt_fall_back(struct tcpcrypt_sock *ctx, enum tcpcrypt_mib why)
{
	if (ctx->state != TCPCRYPT_OFFERED)
		return;
	if (ctx->require && ctx->sk->sk_state != TCP_CLOSE) {
		tcpcrypt_refuse(ctx, why);
		return;
	}
	ctx->fallback = why;
	tcpcrypt_mib_inc(ctx->tn->net, why);
	trace_tcpcrypt_fallback(ctx, why);
	sock_debug(ctx, "plain because of %s\n", tcpcrypt_mib_name(why));
	tcpcrypt_set_state(ctx, TCPCRYPT_PLAIN);
	tcpcrypt_sock_detach(ctx);
}

static void sock_tell(const struct tcpcrypt_sock *ctx, int err,
		      enum tcpcrypt_mib why)
{
	tcpcrypt_mib_inc(ctx->tn->net, why);
	trace_tcpcrypt_error(ctx, err);
	sock_debug(ctx, "error %d because of %s\n", err,
		   tcpcrypt_mib_name(why));
}

/* Has the path, and not the peer, ended a key exchange? */
static bool sock_kex_vanished(const struct tcpcrypt_sock *ctx,
			      enum tcpcrypt_mib why)
{
	return ctx->state == TCPCRYPT_KEX && !ctx->passive &&
	       (why == TCPCRYPT_MIB_KEX_TIMEOUT || why == TCPCRYPT_MIB_RESET ||
		why == TCPCRYPT_MIB_FIN_NO_FINP);
}

/**
 * tcpcrypt_refuse() - the connection must not be plain, and nothing else is left
 * @ctx: connection in TCPCRYPT_OFFERED that has to encrypt
 * @why: what to count
 *
 * connect() is to fail with EPROTO: if TCP has just become ESTABLISHED it must
 * be closed before connect() looks again.
 *
 * Context: socket locked; may be softirq.
 */
void tcpcrypt_refuse(struct tcpcrypt_sock *ctx, enum tcpcrypt_mib why)
{
	struct sock *sk = ctx->sk;

	if (ctx->state != TCPCRYPT_OFFERED)
		return;
	ctx->fallback = why;
	tcpcrypt_mib_inc(ctx->tn->net, TCPCRYPT_MIB_REQUIRE_REFUSED);
	if (sk->sk_state != TCP_ESTABLISHED || ctx->simultaneous ||
	    ctx->passive) {
		tcpcrypt_fail(ctx, EPROTO, why);
		return;
	}
	sock_tell(ctx, EPROTO, why);
	WRITE_ONCE(ctx->err, EPROTO);
	tcpcrypt_set_state(ctx, TCPCRYPT_FAILED);
	tcpcrypt_eno_stop(ctx);
	/*
	 * Sends a RST; our own function would detach. The caller may be the
	 * backlog, in process context, and in an RCU read section: TCP, which
	 * asks whether bottom halves are off, must not sleep.
	 */
	local_bh_disable();
	tcpcrypt_prot_base(sk)->disconnect(sk, O_NONBLOCK);
	local_bh_enable();
	WRITE_ONCE(sk->sk_err, EPROTO);
	WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
}

/**
 * tcpcrypt_fail() - end the connection with an error that is not EOF
 * @ctx: connection that is not plain
 * @err: positive errno for the application, sticky
 * @why: what to count
 *
 * "Abort the connection" of RFC 8548 section 3.3: a RST is sent, the local
 * user is told. The reset itself happens in the work, which may sleep.
 *
 * Context: socket locked; may be softirq.
 */
void tcpcrypt_fail(struct tcpcrypt_sock *ctx, int err, enum tcpcrypt_mib why)
{
	struct sock *sk = ctx->sk;

	if (ctx->state == TCPCRYPT_FAILED)
		return;
	sock_tell(ctx, err, why);
	if (sock_kex_vanished(ctx, why))
		tcpcrypt_blackhole_add(ctx->tn, &ctx->id_tuple,
				       TCPCRYPT_BLACKHOLE_KEX);
	WRITE_ONCE(ctx->fallback, why);
	WRITE_ONCE(ctx->err, err);
	tcpcrypt_set_state(ctx, TCPCRYPT_FAILED);
	WRITE_ONCE(sk->sk_err, err);
	if (!sock_flag(sk, SOCK_DEAD))
		sk_error_report(sk);
	tcpcrypt_wake(ctx);
	tcpcrypt_event(ctx, TCPCRYPT_EV_ABORT);
}

/**
 * tcpcrypt_sock_reset() - end a connection as the peer's RST does
 * @sk: the socket; its owner still has it
 * @err: positive errno for the owner
 *
 * The caller wakes whoever waits.
 *
 * Context: socket locked, either way.
 */
void tcpcrypt_sock_reset(struct sock *sk, int err)
{
	const u8 locks = sk->sk_userlocks;

	/* as after the peer's RST, the local address stays */
	sk->sk_userlocks = locks | SOCK_BINDADDR_LOCK;
	if (sk->sk_state != TCP_CLOSE)
		tcpcrypt_prot_base(sk)->disconnect(sk, O_NONBLOCK);
	sk->sk_userlocks = locks;
	WRITE_ONCE(sk->sk_err, err);
	WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
}

/**
 * struct sock_abort - a connection without our state that has to end
 * @work: ends it
 * @sk: its socket, held
 * @isn: its initial sequence number
 * @err: positive errno for its owner
 */
struct sock_abort {
	struct work_struct work;
	struct sock *sk;
	u32 isn;
	int err;
};

static void sock_abort_work(struct work_struct *work)
{
	struct sock_abort *a = container_of(work, struct sock_abort, work);
	struct sock *sk = a->sk;

	lock_sock(sk);
	/*
	 * The application may have given it up, and begun another; the peer's
	 * SYN may have crossed ours. What is closed has nothing to send.
	 */
	if (!((1 << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN)) &&
	    !sock_flag(sk, SOCK_DEAD) && tcp_sk(sk)->snd_una - a->isn <= 1) {
		tcpcrypt_sock_reset(sk, a->err);
		sk_error_report(sk);
		sk->sk_state_change(sk);
	}
	release_sock(sk);
	sock_put(sk);
	kfree(a);
}

/**
 * tcpcrypt_sock_abort_later() - end a connection that has no state of ours
 * @sk: a socket in SYN_SENT
 * @err: positive errno for its owner
 *
 * When memory is short the connection goes on trying, in vain.
 *
 * Context: any; the socket need not be locked.
 */
void tcpcrypt_sock_abort_later(struct sock *sk, int err)
{
	struct sock_abort *a = kmalloc(sizeof(*a), GFP_ATOMIC);

	if (!a)
		return;
	INIT_WORK(&a->work, sock_abort_work);
	a->sk = sk;
	a->isn = tcp_sk(sk)->snd_una;
	a->err = err;
	sock_hold(sk);
	/* the queue is drained before the module goes */
	queue_work(sock_wq, &a->work);
}
