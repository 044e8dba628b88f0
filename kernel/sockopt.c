// SPDX-License-Identifier: GPL-2.0-only
/*
 * Socket options of encrypted sockets, level IPPROTO_TCP; the names are
 * those of draft-ietf-tcpinc-api.
 */
#include <linux/tcp.h>
#include <net/tcp.h>
#include <uapi/linux/tcpcrypt.h>

#include "cache.h"
#include "listener.h"
#include "tcpcrypt.h"

/* What would show or change TCP's stream behind the record layer */
static bool sockopt_set_refused(int level, int optname)
{
	if (level == SOL_IPV6)
		return optname == IPV6_ADDRFORM;
	return level == SOL_TCP && optname == TCP_REPAIR;
}

static bool sockopt_ours(int level, int optname)
{
	return level == SOL_TCP && optname > TCP_ENO_BASE &&
	       optname <= TCPCRYPT_INFO;
}

/* What SO_KEEPALIVE goes by */
static bool sockopt_keepalive(int level, int optname)
{
	return level == SOL_TCP &&
	       (optname == TCP_KEEPIDLE || optname == TCP_KEEPINTVL ||
		optname == TCP_KEEPCNT);
}

/* The longest value that can be set: a list of AEADs */
#define SOCKOPT_SET_MAX		16

/**
 * struct sockopt_value - the value of an option that is being set
 * @len: bytes in @bytes
 * @bytes: the value
 */
struct sockopt_value {
	unsigned int len;
	u8 bytes[SOCKOPT_SET_MAX];
};

static int sockopt_copy_in(struct sockopt_value *v, sockptr_t optval,
			   unsigned int optlen)
{
	if (optlen > sizeof(v->bytes))
		return -EINVAL;
	v->len = optlen;
	return copy_from_sockptr(v->bytes, optval, optlen) ? -EFAULT : 0;
}

/* What is done rather than set: an int that is not 0 */
static int sockopt_do(struct tcpcrypt_sock *ctx, int optname,
		      const struct sockopt_value *v)
{
	int val;

	if (v->len < sizeof(val))
		return -EINVAL;
	memcpy(&val, v->bytes, sizeof(val));
	if (!val)
		return 0;
	if (!ctx)
		return -ENOTCONN;
	if (optname == TCPCRYPT_REKEY)
		return tcpcrypt_rekey_start(ctx);
	if (ctx->detached)
		return -ENOTCONN;
	tcpcrypt_cache_flush_conn(ctx);
	return 0;
}

/*
 * Context: socket owned. @ctx: the connection, or NULL; @l: what
 * setsockopt(TCP_ULP) has left, or NULL.
 */
static int sockopt_set(struct tcpcrypt_sock *ctx, struct tcpcrypt_listener *l,
		       int optname, const struct sockopt_value *v)
{
	struct tcpcrypt_opts opts;
	int err;

	if (optname == TCPCRYPT_REKEY || optname == TCPCRYPT_CACHE_FLUSH)
		return sockopt_do(ctx, optname, v);
	if (l)
		return tcpcrypt_opts_set(&l->opts, optname, v->bytes, v->len);
	opts = ctx->opts;
	err = tcpcrypt_opts_set(&opts, optname, v->bytes, v->len);
	if (err)
		return err;
	if (!tcpcrypt_opts_settable_late(optname))
		return -EISCONN;
	ctx->opts = opts;
	tcpcrypt_opts_apply(ctx);
	return 0;
}

/* Context: socket not locked. Return: -ENOPROTOOPT if TCP is to answer */
static int sockopt_set_ours(struct sock *sk, int optname, sockptr_t optval,
			    unsigned int optlen)
{
	struct tcpcrypt_listener *l;
	struct tcpcrypt_sock *ctx;
	struct sockopt_value v;
	int err;

	err = sockopt_copy_in(&v, optval, optlen);
	lock_sock(sk);
	ctx = tcpcrypt_sock_get(sk);
	l = ctx ? NULL : tcpcrypt_listener_asked(sk);
	if (!ctx && !l)
		err = -ENOPROTOOPT;
	else if (!err)
		err = sockopt_set(ctx, l, optname, &v);
	release_sock(sk);
	if (ctx)
		tcpcrypt_sock_put(ctx);
	return err;
}

/**
 * tcpcrypt_setsockopt() - proto.setsockopt
 * @sk: a socket that carries our ULP, or did a moment ago
 * @level: SOL_TCP, SOL_IP or SOL_IPV6
 * @optname: option
 * @optval: its value
 * @optlen: length of the value in bytes
 *
 * Context: process.
 * Return: 0 or a negative errno.
 */
int tcpcrypt_setsockopt(struct sock *sk, int level, int optname,
			sockptr_t optval, unsigned int optlen)
{
	struct tcpcrypt_sock *ctx;
	int err;

	if (sockopt_ours(level, optname))
		return sockopt_set_ours(sk, optname, optval, optlen);
	ctx = tcpcrypt_sock_get(sk);
	if (ctx && sockopt_set_refused(level, optname)) {
		tcpcrypt_sock_put(ctx);
		return -EOPNOTSUPP;
	}
	err = tcpcrypt_prot_base(sk)->setsockopt(sk, level, optname, optval,
						 optlen);
	if (!err && ctx && sockopt_keepalive(level, optname)) {
		lock_sock(sk);
		tcpcrypt_keepalive_arm(ctx);
		release_sock(sk);
	}
	if (ctx)
		tcpcrypt_sock_put(ctx);
	return err;
}

/* The longest value is struct tcpcrypt_info */
#define SOCKOPT_VALUE_MAX	sizeof(struct tcpcrypt_info)

static_assert(SOCKOPT_VALUE_MAX >= 2 * TCPCRYPT_OPTSPACE);
static_assert(SOCKOPT_VALUE_MAX <= 256);

static int sockopt_int(u8 *value, int i)
{
	memcpy(value, &i, sizeof(i));
	return sizeof(i);
}

/* RFC 8547 section 5.1: the role makes the two ends' names distinct */
static int sockopt_name(const struct tcpcrypt_sock *ctx, bool role_b,
			u8 *value)
{
	value[0] = role_b;
	memcpy(value + 1, ctx->session_id, sizeof(ctx->session_id));
	return 1 + sizeof(ctx->session_id);
}

/* Context: socket owned, TCPCRYPT_OPEN. Return: length of the value */
static int sockopt_value(const struct tcpcrypt_sock *ctx, int optname,
			 u8 value[SOCKOPT_VALUE_MAX])
{
	const struct tcpcrypt_eno_result *eno = &ctx->eno;

	switch (optname) {
	case TCP_ENO_SESSID:
		memcpy(value, ctx->session_id, sizeof(ctx->session_id));
		return sizeof(ctx->session_id);
	case TCP_ENO_NEGTEP:
		return sockopt_int(value, eno->tep_byte);
	case TCP_ENO_PEER_AWARE:
		return sockopt_int(value, eno->peer_aware);
	case TCP_ENO_ROLE:
		return sockopt_int(value, eno->role_b);
	case TCP_ENO_LOCAL_NAME:
		return sockopt_name(ctx, eno->role_b, value);
	case TCP_ENO_PEER_NAME:
		return sockopt_name(ctx, !eno->role_b, value);
	case TCP_ENO_TRANSCRIPT:
		memcpy(value, eno->transcript, eno->transcript_len);
		return eno->transcript_len;
	default:
		return -ENOPROTOOPT;
	}
}

static void sockopt_info_open(const struct tcpcrypt_sock *ctx,
			      struct tcpcrypt_info *info)
{
	info->role = ctx->eno.role_b;
	info->resumed = ctx->resumed;
	info->tep = ctx->eno.tep_byte;
	info->peer_aware = ctx->eno.peer_aware;
	info->aead = ctx->aead->id;
	info->tx_generation = ctx->tx.s.gen;
	info->rx_generation = ctx->rx.s.gen;
	info->tx_bytes = ctx->tx.s.bytes;
	info->rx_bytes = ctx->rx.s.bytes;
	info->tx_frames = ctx->tx.s.frames;
	info->rx_frames = ctx->rx.s.frames;
	info->age_ms = jiffies64_to_msecs(get_jiffies_64() - ctx->established);
}

/* Context: socket owned. Return: length of the value */
static int sockopt_info(const struct tcpcrypt_sock *ctx, u8 *value)
{
	struct tcpcrypt_info info = {};

	info.state = ctx->state;
	info.passive = ctx->passive;
	info.error = ctx->err;
	if (ctx->fallback)
		strscpy(info.fallback, tcpcrypt_mib_name(ctx->fallback),
			sizeof(info.fallback));
	/* set when the keys were in place, and never unset */
	if (ctx->aead)
		sockopt_info_open(ctx, &info);
	memcpy(value, &info, sizeof(info));
	return sizeof(info);
}

static bool sockopt_nonblock(const struct sock *sk)
{
	const struct socket *sock = sk->sk_socket;

	return sock && sock->file && (sock->file->f_flags & O_NONBLOCK);
}

/*
 * Before the connection is established there is nothing to ask; during the
 * key exchange a blocking socket waits for the answer.
 */
static int sockopt_get(struct tcpcrypt_sock *ctx, struct sock *sk,
		       int optname, u8 value[SOCKOPT_VALUE_MAX])
{
	long timeo = sock_rcvtimeo(sk, sockopt_nonblock(sk));
	int ret;

	if (optname == TCPCRYPT_INFO)
		return sockopt_info(ctx, value);
	ret = tcpcrypt_opts_get(&ctx->opts, ctx->tn, optname, value);
	if (ret != -ENOPROTOOPT)
		return ret;
	if (sk->sk_state == TCP_SYN_SENT)
		return -ENOTCONN;
	ret = tcpcrypt_settle(ctx, sk, &timeo);
	return ret ?: sockopt_value(ctx, optname, value);
}

/* The same of a socket that is no connection of ours: not yet, or plain */
static int sockopt_get_asked(const struct tcpcrypt_listener *l,
			     const struct sock *sk, int optname,
			     u8 value[SOCKOPT_VALUE_MAX])
{
	const struct tcpcrypt_net *tn = tcpcrypt_pernet(sock_net(sk));
	struct tcpcrypt_info info = {};
	int ret;

	ret = tcpcrypt_opts_get(&l->opts, tn, optname, value);
	if (ret != -ENOPROTOOPT)
		return ret;
	if (optname == TCPCRYPT_REKEY || optname == TCPCRYPT_CACHE_FLUSH)
		return ret;
	if (optname != TCPCRYPT_INFO)
		return l->fallback ||
		       ((1 << sk->sk_state) & ~(TCPF_CLOSE | TCPF_LISTEN |
						TCPF_SYN_SENT)) ?
		       -ENODATA : -ENOTCONN;
	if (!l->fallback && sk->sk_state != TCP_ESTABLISHED)
		return -ENOTCONN;
	info.state = TCPCRYPT_PLAIN;
	if (l->fallback)
		strscpy(info.fallback, tcpcrypt_mib_name(l->fallback),
			sizeof(info.fallback));
	memcpy(value, &info, sizeof(info));
	return sizeof(info);
}

static int sockopt_copy(const u8 *value, int have, char __user *optval,
			int __user *optlen)
{
	int len;

	if (get_user(len, optlen))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	len = min(len, have);
	if (put_user(len, optlen) || copy_to_user(optval, value, len))
		return -EFAULT;
	return 0;
}

/* Context: socket not locked */
static int sockopt_get_ours(struct sock *sk, int optname, char __user *optval,
			    int __user *optlen)
{
	u8 value[SOCKOPT_VALUE_MAX];
	struct tcpcrypt_listener *l;
	struct tcpcrypt_sock *ctx;
	int ret;

	lock_sock(sk);
	ctx = tcpcrypt_sock_get(sk);
	l = ctx ? NULL : tcpcrypt_listener_asked(sk);
	if (ctx)
		ret = sockopt_get(ctx, sk, optname, value);
	else
		ret = l ? sockopt_get_asked(l, sk, optname, value) :
			  -ENOPROTOOPT;
	release_sock(sk);
	if (ctx)
		tcpcrypt_sock_put(ctx);
	return ret < 0 ? ret : sockopt_copy(value, ret, optval, optlen);
}

/**
 * tcpcrypt_getsockopt() - proto.getsockopt
 * @sk: a socket that carries our ULP, or did a moment ago
 * @level: SOL_TCP, SOL_IP or SOL_IPV6
 * @optname: option
 * @optval: where its value goes
 * @optlen: room there in bytes; set to the length of the value
 *
 * Context: process.
 * Return: 0 or a negative errno. On a plain socket it is -ENOPROTOOPT, which TCP
 * itself would say, or -ENODATA if its application has set the ULP.
 */
int tcpcrypt_getsockopt(struct sock *sk, int level, int optname,
			char __user *optval, int __user *optlen)
{
	struct tcpcrypt_sock *ctx;

	if (sockopt_ours(level, optname))
		return sockopt_get_ours(sk, optname, optval, optlen);
	ctx = tcpcrypt_sock_get(sk);
	if (ctx) {
		tcpcrypt_sock_put(ctx);
		if (level == SOL_TCP && optname == TCP_ZEROCOPY_RECEIVE)
			return -EOPNOTSUPP;
	}
	/* it may become plain meanwhile */
	if (level == SOL_TCP && optname == TCP_ULP)
		return tcpcrypt_listener_getsockopt(sk, level, optname, optval,
						    optlen);
	return tcpcrypt_prot_base(sk)->getsockopt(sk, level, optname, optval,
						  optlen);
}
