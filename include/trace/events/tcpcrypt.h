/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM tcpcrypt

#if !defined(_TRACE_TCPCRYPT_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_TCPCRYPT_H

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

/*
 * Includers have read the module's own tcpcrypt.h before, which has struct
 * tcpcrypt_sock and enum tcpcrypt_state.
 */

#ifndef _TRACE_TCPCRYPT_HELPERS
#define _TRACE_TCPCRYPT_HELPERS

/* Room for one end of a connection */
#define TRACE_TCPCRYPT_ADDR	sizeof(struct sockaddr_in6)

/* One end of a connection in the form %pISpc wants */
static inline void trace_tcpcrypt_end(void *to, u16 family,
				      const struct in6_addr *addr, __be16 port)
{
	struct sockaddr_in6 *sin6 = to;
	struct sockaddr_in *sin = to;

	memset(to, 0, TRACE_TCPCRYPT_ADDR);
	if (family == AF_INET) {
		sin->sin_family = AF_INET;
		sin->sin_port = port;
		sin->sin_addr.s_addr = addr->s6_addr32[0];
	} else {
		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = port;
		sin6->sin6_addr = *addr;
	}
}

static inline void trace_tcpcrypt_ends(const struct tcpcrypt_tuple *tuple,
				       void *laddr, void *raddr)
{
	trace_tcpcrypt_end(laddr, tuple->family, &tuple->laddr, tuple->lport);
	trace_tcpcrypt_end(raddr, tuple->family, &tuple->raddr, tuple->rport);
}

#endif /* _TRACE_TCPCRYPT_HELPERS */

TRACE_DEFINE_ENUM(TCPCRYPT_OFFERED);
TRACE_DEFINE_ENUM(TCPCRYPT_KEX);
TRACE_DEFINE_ENUM(TCPCRYPT_OPEN);
TRACE_DEFINE_ENUM(TCPCRYPT_PLAIN);
TRACE_DEFINE_ENUM(TCPCRYPT_FAILED);

#define show_tcpcrypt_state(state)			\
	__print_symbolic(state,				\
			 { TCPCRYPT_OFFERED, "offered" },	\
			 { TCPCRYPT_KEX, "kex" },		\
			 { TCPCRYPT_OPEN, "open" },		\
			 { TCPCRYPT_PLAIN, "plain" },		\
			 { TCPCRYPT_FAILED, "failed" })

/* A connection goes from one state to another */
TRACE_EVENT(tcpcrypt_state,
	    TP_PROTO(const struct tcpcrypt_sock *ctx, int oldstate, int newstate),

	    TP_ARGS(ctx, oldstate, newstate),

	    TP_STRUCT__entry(__field(u64, cookie)
			     __field(u16, family)
			     __array(u8, laddr, TRACE_TCPCRYPT_ADDR)
			     __array(u8, raddr, TRACE_TCPCRYPT_ADDR)
			     __field(int, oldstate)
			     __field(int, newstate)),

	    TP_fast_assign(__entry->cookie = ctx->cookie;
			   __entry->family = ctx->id_tuple.family;
			   trace_tcpcrypt_ends(&ctx->id_tuple, __entry->laddr,
					       __entry->raddr);
			   __entry->oldstate = oldstate;
			   __entry->newstate = newstate;),

	    TP_printk("cookie=%llu laddr=%pISpc raddr=%pISpc oldstate=%s newstate=%s",
		      __entry->cookie, __entry->laddr, __entry->raddr,
		      show_tcpcrypt_state(__entry->oldstate),
		      show_tcpcrypt_state(__entry->newstate))
);

/*
 * A connection becomes plain TCP.  The reason is the name of the counter that
 * counts it: numbers would mean something else in the next version.
 */
TRACE_EVENT(tcpcrypt_fallback,
	    TP_PROTO(const struct tcpcrypt_sock *ctx, enum tcpcrypt_mib why),

	    TP_ARGS(ctx, why),

	    TP_STRUCT__entry(__field(u64, cookie)
			     __field(u16, family)
			     __array(u8, laddr, TRACE_TCPCRYPT_ADDR)
			     __array(u8, raddr, TRACE_TCPCRYPT_ADDR)
			     __array(char, reason, 32)),

	    TP_fast_assign(__entry->cookie = ctx->cookie;
			   __entry->family = ctx->id_tuple.family;
			   trace_tcpcrypt_ends(&ctx->id_tuple, __entry->laddr,
					       __entry->raddr);
			   strscpy(__entry->reason, tcpcrypt_mib_name(why),
				   sizeof(__entry->reason));),

	    TP_printk("cookie=%llu laddr=%pISpc raddr=%pISpc reason=%s",
		      __entry->cookie, __entry->laddr, __entry->raddr,
		      __entry->reason)
);

/* A connection is aborted with an errno */
TRACE_EVENT(tcpcrypt_error,
	    TP_PROTO(const struct tcpcrypt_sock *ctx, int err),

	    TP_ARGS(ctx, err),

	    TP_STRUCT__entry(__field(u64, cookie)
			     __field(u16, family)
			     __array(u8, laddr, TRACE_TCPCRYPT_ADDR)
			     __array(u8, raddr, TRACE_TCPCRYPT_ADDR)
			     __field(int, err)),

	    TP_fast_assign(__entry->cookie = ctx->cookie;
			   __entry->family = ctx->id_tuple.family;
			   trace_tcpcrypt_ends(&ctx->id_tuple, __entry->laddr,
					       __entry->raddr);
			   __entry->err = err;),

	    TP_printk("cookie=%llu laddr=%pISpc raddr=%pISpc err=%d",
		      __entry->cookie, __entry->laddr, __entry->raddr,
		      __entry->err)
);

#endif /* _TRACE_TCPCRYPT_H */

#include <trace/define_trace.h>
