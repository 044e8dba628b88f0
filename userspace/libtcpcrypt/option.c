// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The socket options.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>

#include "internal.h"

#ifndef TCP_ULP
#define TCP_ULP		31
#endif

static const char ulp[] = "tcpcrypt";

/* Does the socket carry our ULP, or another one? */
static bool attached(int fd)
{
	char name[16] = "";
	socklen_t len = sizeof(name);

	return !getsockopt(fd, IPPROTO_TCP, TCP_ULP, name, &len) &&
	       !strncmp(name, ulp, sizeof(name));
}

/**
 * tcpcrypt_attach() - make the socket options available before connect()
 * @fd: a TCP socket, connected to nothing yet or listening
 *
 * The other functions call this when there is need.
 *
 * Return: 0, or -1 with errno; ENOENT when the module is not loaded, EEXIST
 * when the socket has another upper layer protocol, such as "tls".
 */
EXPORT int tcpcrypt_attach(int fd)
{
	int tries;

	/*
	 * A listening socket may get it from the module just then, and only the
	 * next call makes it ours; if that fails, too, it was.
	 */
	for (tries = 2; tries; tries--) {
		if (!setsockopt(fd, IPPROTO_TCP, TCP_ULP, ulp, sizeof(ulp) - 1))
			return 0;
		if (errno != EEXIST || !attached(fd))
			return -1;
	}
	return 0;
}

/* TCP itself answers on a socket that we have nothing to do with */
static void plain_errno(int fd)
{
	if (errno != ENOPROTOOPT && errno != EPROTO && errno != EOPNOTSUPP)
		return;
	errno = lib_connected(fd) ? ENODATA : ENOTCONN;
}

/* What is decided before the connection exists */
static bool is_setting(int opt)
{
	switch (opt) {
	case TCP_ENO_ENABLED:
	case TCP_ENO_TEPS:
	case TCP_ENO_SELF_AWARE:
	case TCP_ENO_ROLEOVERRIDE:
	case TCPCRYPT_ACONF:
	case TCPCRYPT_BCONF:
	case TCPCRYPT_RESUME:
	case TCPCRYPT_CACHE:
	case TCPCRYPT_NONCELEN:
		return true;
	default:
		return false;
	}
}

static bool is_option(int opt)
{
	return opt > TCP_ENO_BASE && opt <= TCPCRYPT_INFO;
}

/**
 * tcpcrypt_get() - get a socket option
 * @fd: a TCP socket
 * @opt: TCP_ENO_* or TCPCRYPT_*
 * @val: for its value
 * @len: room in bytes; becomes the length of the value
 *
 * Return: 0, or -1 with errno.
 */
EXPORT int tcpcrypt_get(int fd, int opt, void *val, socklen_t *len)
{
	if (!is_option(opt)) {
		errno = EINVAL;
		return -1;
	}
	if (!getsockopt(fd, IPPROTO_TCP, opt, val, len))
		return 0;
	/* Settings have a value before the first connect() as well */
	if (errno == ENOPROTOOPT && is_setting(opt) && !lib_connected(fd)) {
		if (tcpcrypt_attach(fd))
			return -1;
		return getsockopt(fd, IPPROTO_TCP, opt, val, len);
	}
	plain_errno(fd);
	return -1;
}

/**
 * tcpcrypt_set() - set a socket option
 * @fd: a TCP socket
 * @opt: TCP_ENO_* or TCPCRYPT_*
 * @val: its value
 * @len: bytes of it
 *
 * Return: 0, or -1 with errno.
 */
EXPORT int tcpcrypt_set(int fd, int opt, const void *val, socklen_t len)
{
	if (!is_option(opt)) {
		errno = EINVAL;
		return -1;
	}
	if (is_setting(opt) && !lib_connected(fd) && tcpcrypt_attach(fd))
		return -1;
	if (!setsockopt(fd, IPPROTO_TCP, opt, val, len))
		return 0;
	plain_errno(fd);
	return -1;
}

/**
 * tcpcrypt_get_int() - get a socket option that is a number
 * @fd: a TCP socket
 * @opt: TCP_ENO_* or TCPCRYPT_*
 * @val: for its value
 *
 * Return: 0, or -1 with errno.
 */
EXPORT int tcpcrypt_get_int(int fd, int opt, int *val)
{
	socklen_t len = sizeof(*val);

	*val = 0;
	return tcpcrypt_get(fd, opt, val, &len);
}

/**
 * tcpcrypt_set_int() - set a socket option that is a number
 * @fd: a TCP socket
 * @opt: TCP_ENO_* or TCPCRYPT_*
 * @val: its value
 *
 * Return: 0, or -1 with errno.
 */
EXPORT int tcpcrypt_set_int(int fd, int opt, int val)
{
	return tcpcrypt_set(fd, opt, &val, sizeof(val));
}

/* Wait for connect() and, a little, for the key exchange */
static int settle_step(int fd, int64_t deadline)
{
	int64_t now = lib_now_ms();

	if (errno == ENOTCONN)
		return lib_poll(fd, POLLOUT, deadline);
	if (now >= deadline) {
		errno = ETIMEDOUT;
		return -1;
	}
	/* Nothing becomes readable when the keys exist: look again soon */
	poll(NULL, 0, deadline - now < 10 ? (int)(deadline - now) : 10);
	return 0;
}

/* After poll() said that connect() is through: how did it end? */
static int connect_error(int fd)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (lib_connected(fd))
		return 0;
	if (!getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len))
		errno = error ? error : ENOTCONN;
	return -1;
}

/**
 * tcpcrypt_wait() - wait until a connection is encrypted or plain for good
 * @fd: a TCP socket, connected or connecting
 * @timeout: milliseconds.  On a blocking socket the kernel's own bound for a
 *	key exchange, kex_timeout, applies as well.
 *
 * Return: 1 encrypted, 0 plain, -1 with errno; ETIMEDOUT when it is not settled.
 */
EXPORT int tcpcrypt_wait(int fd, int timeout)
{
	int64_t deadline = lib_now_ms() + (timeout > 0 ? timeout : 0);
	uint8_t sid[TCPCRYPT_SESSID_BYTES];
	bool connecting;
	int rc;

	for (;;) {
		rc = tcpcrypt_sessid(fd, sid);
		if (!rc)
			return 1;
		if (errno == ENODATA)
			return 0;
		connecting = errno == ENOTCONN;
		if (errno != EAGAIN && errno != EINTR && !connecting)
			return -1;
		if (settle_step(fd, deadline) ||
		    (connecting && connect_error(fd)))
			return -1;
	}
}

static int get_exactly(int fd, int opt, void *val, socklen_t len)
{
	socklen_t got = len;

	if (tcpcrypt_get(fd, opt, val, &got))
		return -1;
	if (got != len) {
		errno = EPROTO;
		return -1;
	}
	return 0;
}

/**
 * tcpcrypt_sessid() - the session ID, the same at both ends and nowhere else
 * @fd: a connected TCP socket
 * @sid: for it
 *
 * On a blocking socket this waits for the key exchange.
 *
 * Return: 0, or -1 with errno.
 */
EXPORT int tcpcrypt_sessid(int fd, uint8_t sid[TCPCRYPT_SESSID_BYTES])
{
	return get_exactly(fd, TCP_ENO_SESSID, sid, TCPCRYPT_SESSID_BYTES);
}

/**
 * tcpcrypt_local_name() - our name in this session: role and session ID
 * @fd: a connected TCP socket
 * @name: for it
 *
 * Return: 0, or -1 with errno.
 */
EXPORT int tcpcrypt_local_name(int fd, uint8_t name[TCPCRYPT_NAME_BYTES])
{
	return get_exactly(fd, TCP_ENO_LOCAL_NAME, name, TCPCRYPT_NAME_BYTES);
}

/**
 * tcpcrypt_peer_name() - the peer's name in this session, its local name
 * @fd: a connected TCP socket
 * @name: for it
 *
 * Return: 0, or -1 with errno.
 */
EXPORT int tcpcrypt_peer_name(int fd, uint8_t name[TCPCRYPT_NAME_BYTES])
{
	return get_exactly(fd, TCP_ENO_PEER_NAME, name, TCPCRYPT_NAME_BYTES);
}
