// SPDX-License-Identifier: GPL-2.0-only
/*
 * Socket options of encrypted sockets, level IPPROTO_TCP; the names are
 * those of draft-ietf-tcpinc-api.
 */
#include <linux/tcp.h>
#include <net/tcp.h>
#include <uapi/linux/tcpcrypt.h>

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

static int sockopt_get_int(sockptr_t optval, unsigned int optlen, int *val)
{
	if (optlen < sizeof(*val))
		return -EINVAL;
	return copy_from_sockptr(val, optval, sizeof(*val)) ? -EFAULT : 0;
}

/* Context: socket owned */
static int sockopt_set(struct tcpcrypt_sock *ctx, int optname,
		       sockptr_t optval, unsigned int optlen)
{
	int val, err;

	if (optname != TCPCRYPT_REKEY)
		return -ENOPROTOOPT;
	err = sockopt_get_int(optval, optlen, &val);
	if (err || !val)
		return err;
	return tcpcrypt_rekey_start(ctx);
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
	struct tcpcrypt_sock *ctx = tcpcrypt_sock_get(sk);
	bool ours = ctx && sockopt_ours(level, optname);
	int err = 0;

	if (ours) {
		lock_sock(sk);
		err = sockopt_set(ctx, optname, optval, optlen);
		release_sock(sk);
	} else if (ctx && sockopt_set_refused(level, optname)) {
		err = -EOPNOTSUPP;
	}
	if (ctx)
		tcpcrypt_sock_put(ctx);
	if (ours || err)
		return err;
	return tcpcrypt_prot_base(sk)->setsockopt(sk, level, optname, optval,
						  optlen);
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
	if (sk->sk_state == TCP_SYN_SENT)
		return -ENOTCONN;
	ret = tcpcrypt_settle(ctx, sk, &timeo);
	return ret ?: sockopt_value(ctx, optname, value);
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

/**
 * tcpcrypt_getsockopt() - proto.getsockopt
 * @sk: a socket that carries our ULP, or did a moment ago
 * @level: SOL_TCP, SOL_IP or SOL_IPV6
 * @optname: option
 * @optval: where its value goes
 * @optlen: room there in bytes; set to the length of the value
 *
 * Context: process.
 * Return: 0 or a negative errno; on a plain socket TCP itself answers our
 * options with -ENOPROTOOPT.
 */
int tcpcrypt_getsockopt(struct sock *sk, int level, int optname,
			char __user *optval, int __user *optlen)
{
	u8 value[SOCKOPT_VALUE_MAX];
	struct tcpcrypt_sock *ctx;
	int ret;

	ctx = tcpcrypt_sock_get(sk);
	if (!ctx)
		goto base;
	if (level == SOL_TCP && optname == TCP_ZEROCOPY_RECEIVE) {
		tcpcrypt_sock_put(ctx);
		return -EOPNOTSUPP;
	}
	if (!sockopt_ours(level, optname)) {
		tcpcrypt_sock_put(ctx);
		goto base;
	}
	lock_sock(sk);
	ret = sockopt_get(ctx, sk, optname, value);
	release_sock(sk);
	tcpcrypt_sock_put(ctx);
	return ret < 0 ? ret : sockopt_copy(value, ret, optval, optlen);
base:
	return tcpcrypt_prot_base(sk)->getsockopt(sk, level, optname, optval,
						  optlen);
}
