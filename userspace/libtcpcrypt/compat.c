// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The four functions of the old libtcpcrypt.so.0.  They asked tcpcryptd; these
 * ask the kernel, and tcpcryptd only when the program names its socket.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/ctl.h"
#include "internal.h"

/* Longest value the old library could carry */
#define VALUE_MAX	1200

static pthread_mutex_t path_lock = PTHREAD_MUTEX_INITIALIZER;
static char path[sizeof(((struct sockaddr_un *)0)->sun_path)];

static int fail(int error)
{
	errno = error;
	return -1;
}

/* Return 0, or turn a negative errno into -1 with errno */
static int result(int rc)
{
	return rc < 0 ? fail(-rc) : 0;
}

/**
 * tcpcrypt_setparam() - set a parameter of the library
 * @param: TCPCRYPT_PARAM_CTLPATH; others are ignored
 * @val: address of tcpcryptd's control socket, which the functions below then
 *	ask; NULL to ask the kernel again
 *
 * An address that is too long makes the functions fail with EINVAL.
 */
EXPORT void tcpcrypt_setparam(int param, void *val)
{
	const char *text = val;

	if (param != TCPCRYPT_PARAM_CTLPATH)
		return;
	pthread_mutex_lock(&path_lock);
	path[0] = '\0';
	if (text)
		snprintf(path, sizeof(path), "%s",
			 strlen(text) < sizeof(path) ? text : "?");
	pthread_mutex_unlock(&path_lock);
}

static bool ctl_path(char copy[sizeof(path)])
{
	pthread_mutex_lock(&path_lock);
	memcpy(copy, path, sizeof(path));
	pthread_mutex_unlock(&path_lock);
	return copy[0];
}

/* ------------------------------------------------- through the control socket */

/* tcpcryptd knows sockets by their ports: one without gets one */
static int bind_unbound(int s, struct sockaddr_storage *ss)
{
	socklen_t len = sizeof(*ss);

	if (getsockname(s, (struct sockaddr *)ss, &len))
		return -1;
	if ((ss->ss_family != AF_INET && ss->ss_family != AF_INET6) ||
	    /* the port is at the same place in both */
	    ((struct sockaddr_in *)ss)->sin_port)
		return 0;
	if (bind(s, (struct sockaddr *)ss, len))
		return -1;
	len = sizeof(*ss);
	return getsockname(s, (struct sockaddr *)ss, &len);
}

/* An address as the control socket takes it; true when it fits in IPv4 */
static bool split(const struct sockaddr_storage *ss, uint8_t addr[16],
		  uint16_t *port)
{
	const struct sockaddr_in6 *in6 = (const void *)ss;
	const struct sockaddr_in *in = (const void *)ss;

	if (ss->ss_family == AF_INET6) {
		memcpy(addr, &in6->sin6_addr, 16);
		*port = in6->sin6_port;
		return IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) ||
		       IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);
	}
	memset(addr, 0, 16);
	addr[10] = 0xff;
	addr[11] = 0xff;
	memcpy(addr + 12, &in->sin_addr, 4);
	*port = in->sin_port;
	return true;
}

static void narrow(struct ctl_msg *msg, const struct ctl_wrap *wrap)
{
	memcpy(&msg->src, wrap->laddr + 12, 4);
	memcpy(&msg->dst, wrap->raddr + 12, 4);
	msg->sport = wrap->lport;
	msg->dport = wrap->rport;
}

/* Fill in what identifies the socket; 1 when that takes a CTL_WRAP */
static int identify(int s, struct ctl_msg *msg, struct ctl_wrap *wrap)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	bool v4;

	memset(wrap, 0, sizeof(*wrap));
	if (bind_unbound(s, &ss))
		return -1;
	if (ss.ss_family != AF_INET && ss.ss_family != AF_INET6)
		return fail(EAFNOSUPPORT);
	v4 = split(&ss, wrap->laddr, &wrap->lport);
	if (!getpeername(s, (struct sockaddr *)&ss, &len))
		v4 = split(&ss, wrap->raddr, &wrap->rport) && v4;
	else if (errno != ENOTCONN)
		return -1;
	if (v4) {
		narrow(msg, wrap);
		return 0;
	}
	wrap->version = CTL_VERSION;
	wrap->opt = msg->opt;
	msg->opt = CTL_WRAP;
	return 1;
}

/* Bytes put in @reply, or -1 with errno */
static int ask_daemon(const char *ctl, int s, struct ctl_msg *msg,
		      const void *data, void *reply)
{
	uint8_t buf[sizeof(struct ctl_wrap) + VALUE_MAX] = { 0 };
	uint32_t room = msg->len;
	struct ctl_wrap wrap;
	int rc;

	rc = identify(s, msg, &wrap);
	if (rc < 0)
		return -1;
	if (rc) {
		memcpy(buf, &wrap, sizeof(wrap));
		if (data)
			memcpy(buf + sizeof(wrap), data, room);
		msg->len += sizeof(wrap);
		rc = ctl_ask(ctl, msg, buf, reply, room, SETTLE_MS);
	} else {
		rc = ctl_ask(ctl, msg, data, reply, room, SETTLE_MS);
	}
	return rc < 0 ? fail(-rc) : rc;
}

/* --------------------------------------------------------- from the kernel */

static int put_value(const void *value, size_t size, void *val, socklen_t *len)
{
	if (*len > size)
		*len = size;
	memcpy(val, value, *len);
	return 0;
}

static int put_int(int value, void *val, socklen_t *len)
{
	return put_value(&value, sizeof(value), val, len);
}

/* As ever: the answer comes when the handshake has settled, whatever the flags */
static int settled(int s)
{
	int rc = tcpcrypt_wait(s, SETTLE_MS);

	return rc ? (rc < 0 ? -1 : 0) : fail(ENODATA);
}

static int get_sessid(int s, void *val, socklen_t *len)
{
	uint8_t sid[TCPCRYPT_SESSID_BYTES];

	if (!lib_connected(s))
		return fail(ENOTCONN);
	if (settled(s) || tcpcrypt_sessid(s, sid))
		return -1;
	return put_value(sid, sizeof(sid), val, len);
}

/* Bit 0: we are aware, bit 1: the peer is; then the session ID */
static int get_app_support(int s, void *val, socklen_t *len)
{
	uint8_t value[1 + TCPCRYPT_SESSID_BYTES];
	int self, peer;

	if (*len < sizeof(value))
		return fail(EINVAL);
	if (!lib_connected(s))
		return fail(ENOTCONN);
	if (settled(s) || tcpcrypt_sessid(s, value + 1) ||
	    tcpcrypt_get_int(s, TCP_ENO_SELF_AWARE, &self) ||
	    tcpcrypt_get_int(s, TCP_ENO_PEER_AWARE, &peer))
		return -1;
	value[0] = (self ? 1 : 0) | (peer ? 2 : 0);
	return put_value(value, sizeof(value), val, len);
}

static int get_enable(int s, void *val, socklen_t *len)
{
	int enabled;

	/* A plain connection was never told from an enabled one */
	if (tcpcrypt_get_int(s, TCP_ENO_ENABLED, &enabled)) {
		if (errno != ENODATA)
			return -1;
		enabled = 1;
	}
	return put_int(!!enabled, val, len);
}

static int get_nocache(int s, void *val, socklen_t *len)
{
	int cache;

	if (tcpcrypt_get_int(s, TCPCRYPT_CACHE, &cache))
		return -1;
	return put_int(!cache, val, len);
}

struct netstat {
	uint8_t *buf;
	size_t room;
	size_t len;
};

static void add_netstat(const struct conn *c, void *arg)
{
	struct ctl_netstat e = { 0 };
	struct netstat *list = arg;
	uint16_t sid_len = htons(c->sid_len);
	uint8_t *p = list->buf + list->len;

	if (sizeof(e) + 2 + c->sid_len > list->room - list->len)
		return;
	memcpy(&e.src, c->laddr, 4);
	memcpy(&e.dst, c->raddr, 4);
	e.sport = htons(c->lport);
	e.dport = htons(c->rport);
	memcpy(p, &e, sizeof(e));
	memcpy(p + sizeof(e), &sid_len, 2);
	memcpy(p + sizeof(e) + 2, c->sid, c->sid_len);
	list->len += sizeof(e) + 2 + c->sid_len;
}

/* A negative errno, or 0 */
static int kernel_conns(const struct conn *want, conn_fn fn, void *arg)
{
	struct module *module = module_open();
	int rc;

	if (!module)
		return errno == ENOENT ? -ENOPROTOOPT : -errno;
	rc = module_conns(module, want, fn, arg);
	module_close(module);
	return rc;
}

static int get_netstat(void *val, socklen_t *len)
{
	struct conn want = {
		.has = CONN_BIT(FAMILY) | CONN_BIT(STATE),
		.family = AF_INET,
		.state = TCPCRYPT_CONN_OPEN,
	};
	struct netstat list = { .buf = val, .room = *len };
	int rc;

	rc = kernel_conns(&want, add_netstat, &list);
	if (!rc)
		*len = list.len;
	return result(rc);
}

static int get_kernel(int s, int opt, void *val, socklen_t *len)
{
	switch (opt) {
	case TCP_CRYPT_ENABLE:
		return get_enable(s, val, len);
	case TCP_CRYPT_CMODE:
		return lib_connected(s) ? fail(EISCONN) : put_int(0, val, len);
	case TCP_CRYPT_SESSID:
		return get_sessid(s, val, len);
	case TCP_CRYPT_APP_SUPPORT:
		return get_app_support(s, val, len);
	case TCP_CRYPT_NOCACHE:
		return get_nocache(s, val, len);
	case TCP_CRYPT_NETSTAT:
		return get_netstat(val, len);
	default:
		return fail(ENOPROTOOPT);
	}
}

/* Back to what a new socket has */
static int reset(int s)
{
	if (lib_connected(s))
		return fail(EISCONN);
	if (tcpcrypt_set_int(s, TCP_ENO_ENABLED, 1) ||
	    tcpcrypt_set_int(s, TCP_ENO_SELF_AWARE, 0))
		return -1;
	return tcpcrypt_set_int(s, TCPCRYPT_CACHE, 1);
}

static int set_kernel(int s, int opt, const void *val, socklen_t len)
{
	int i = 0;

	if (opt == TCP_CRYPT_RESET)
		return reset(s);
	if (len > sizeof(i))
		return fail(EINVAL);
	memcpy(&i, val, len);

	switch (opt) {
	case TCP_CRYPT_ENABLE:
		/* Too late to change anything, and never an error */
		if (lib_connected(s))
			return 0;
		return tcpcrypt_set_int(s, TCP_ENO_ENABLED, !!i);
	case TCP_CRYPT_CMODE:
		/* It never had an effect on the wire */
		return lib_connected(s) ? fail(EISCONN) : 0;
	case TCP_CRYPT_APP_SUPPORT:
		if (lib_connected(s))
			return fail(EISCONN);
		return tcpcrypt_set_int(s, TCP_ENO_SELF_AWARE, !!i);
	case TCP_CRYPT_NOCACHE:
		if (lib_connected(s))
			return fail(EISCONN);
		return tcpcrypt_set_int(s, TCPCRYPT_CACHE, !i);
	default:
		return fail(ENOPROTOOPT);
	}
}

/* --------------------------------------------------------------- interface */

/**
 * tcpcrypt_getsockopt() - get an option of a connection
 * @s: a TCP socket
 * @level: IPPROTO_TCP
 * @optname: TCP_CRYPT_*, or an option for tcpcrypt_get()
 * @optval: for its value
 * @optlen: room in bytes, of which at most 1200 are used for TCP_CRYPT_*;
 *	becomes the length of the value
 *
 * Return: 0, or -1 with errno.
 */
EXPORT int tcpcrypt_getsockopt(int s, int level, int optname, void *optval,
			       socklen_t *optlen)
{
	struct ctl_msg msg = { .opt = optname };
	char ctl[sizeof(path)];
	int rc;

	if (level != IPPROTO_TCP || !optlen || (*optlen && !optval))
		return fail(EINVAL);
	if (optname > TCP_ENO_BASE)
		return tcpcrypt_get(s, optname, optval, optlen);
	if (*optlen > VALUE_MAX)
		*optlen = VALUE_MAX;
	if (!ctl_path(ctl))
		return get_kernel(s, optname, optval, optlen);

	msg.len = *optlen;
	rc = ask_daemon(ctl, s, &msg, NULL, optval);
	if (rc < 0)
		return -1;
	*optlen = rc;
	return 0;
}

/**
 * tcpcrypt_setsockopt() - set an option of a socket, before it is connected
 * @s: a TCP socket
 * @level: IPPROTO_TCP
 * @optname: TCP_CRYPT_*, or an option for tcpcrypt_set()
 * @optval: its value
 * @optlen: bytes of it
 *
 * Return: 0, or -1 with errno.
 */
EXPORT int tcpcrypt_setsockopt(int s, int level, int optname,
			       const void *optval, socklen_t optlen)
{
	struct ctl_msg msg = { .opt = optname, .flags = CTL_FLAG_SET };
	char ctl[sizeof(path)];

	if (level != IPPROTO_TCP || (optlen && !optval))
		return fail(EINVAL);
	if (optname > TCP_ENO_BASE)
		return tcpcrypt_set(s, optname, optval, optlen);
	if (optlen > VALUE_MAX)
		return fail(EINVAL);
	if (!ctl_path(ctl))
		return set_kernel(s, optname, optval, optlen);

	msg.len = optlen;
	return ask_daemon(ctl, s, &msg, optval, NULL) < 0 ? -1 : 0;
}

/* Looking for a connection by what the caller knows of it */
struct find {
	struct conn want;
	struct conn found;
	int quality;		/* of found; 0 is none */
};

static void find_conn(const struct conn *c, void *arg)
{
	struct find *find = arg;
	const struct conn *want = &find->want;
	size_t size = want->family == AF_INET ? 4 : 16;
	int quality = 1;

	if (c->family != want->family || c->rport != want->rport ||
	    memcmp(c->raddr, want->raddr, size))
		return;
	if (want->lport && c->lport == want->lport)
		quality += 2;
	if (conn_has(want, TCPCRYPT_A_CONN_LADDR) &&
	    !memcmp(c->laddr, want->laddr, size))
		quality++;
	if (quality > find->quality) {
		find->found = *c;
		find->quality = quality;
	}
}

static int find_in(struct find *find)
{
	struct conn want = find->want;
	char ctl[sizeof(path)];

	if (ctl_path(ctl))
		return ctl_conns(ctl, want.family, find_conn, find, SETTLE_MS);
	want.has = CONN_BIT(FAMILY) | CONN_BIT(RADDR) | CONN_BIT(RPORT) |
		   CONN_BIT(STATE);
	want.state = TCPCRYPT_CONN_OPEN;
	return kernel_conns(&want, find_conn, find);
}

/**
 * tcpcrypt_getsessid() - the session ID of somebody's connection
 * @remote_ip: IPv4 or IPv6 address of its peer
 * @remote_port: port of its peer
 * @local_ip: its local address, or "": helps to choose among several
 * @local_port: its local port, or 0
 *
 * Return: upper-case hexadecimal digits, valid until the thread's next call;
 * NULL with errno, ENOENT when there is no such connection.
 */
EXPORT char *tcpcrypt_getsessid(char *remote_ip, uint16_t remote_port,
				char *local_ip, uint16_t local_port)
{
	static __thread char text[2 * TCPCRYPT_SESSID_BYTES + 1];
	struct find find = { .want.rport = remote_port };
	unsigned int i;
	int rc;

	find.want.lport = local_port;
	find.want.family = remote_ip && strchr(remote_ip, ':') ? AF_INET6 : AF_INET;
	if (!remote_ip ||
	    inet_pton(find.want.family, remote_ip, find.want.raddr) != 1) {
		errno = EINVAL;
		return NULL;
	}
	/* The bit says that there is a local address to compare */
	if (local_ip && inet_pton(find.want.family, local_ip, find.want.laddr) == 1)
		find.want.has = CONN_BIT(LADDR);

	rc = find_in(&find);
	if (rc || !find.quality) {
		errno = rc ? -rc : ENOENT;
		return NULL;
	}
	for (i = 0; i < find.found.sid_len; i++)
		snprintf(text + 2 * i, 3, "%02X", find.found.sid[i]);
	return text;
}
