// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sending and receiving with a bound on the time.  The functions leave the
 * flags of the caller's descriptor alone.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <time.h>

#include "internal.h"

/**
 * lib_now_ms() - time that never goes back
 *
 * Return: milliseconds.
 */
int64_t lib_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/**
 * lib_poll() - wait for a descriptor
 * @fd: the descriptor
 * @events: POLLIN, POLLOUT
 * @deadline: of lib_now_ms()
 *
 * Return: 0, or -1 with errno; ETIMEDOUT at the deadline.
 */
int lib_poll(int fd, short events, int64_t deadline)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int64_t left;
	int rc;

	do {
		left = deadline - lib_now_ms();
		rc = poll(&pfd, 1, left > 0 ? (int)left : 0);
	} while (rc < 0 && errno == EINTR);
	if (!rc)
		errno = ETIMEDOUT;
	return rc > 0 ? 0 : -1;
}

/**
 * lib_send_all() - send all bytes
 * @fd: a stream socket
 * @buf: the bytes
 * @len: how many
 * @deadline: of lib_now_ms()
 *
 * Return: 0, or -1 with errno.
 */
int lib_send_all(int fd, const void *buf, size_t len, int64_t deadline)
{
	const char *p = buf;
	ssize_t n;

	while (len) {
		n = send(fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0) {
			p += n;
			len -= n;
		} else if (errno == EAGAIN) {
			if (lib_poll(fd, POLLOUT, deadline))
				return -1;
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

/**
 * lib_recv_all() - receive so many bytes and no more
 * @fd: a stream socket
 * @buf: for the bytes
 * @len: how many
 * @deadline: of lib_now_ms()
 *
 * Return: 0, or -1 with errno; ECONNRESET at an early end.
 */
int lib_recv_all(int fd, void *buf, size_t len, int64_t deadline)
{
	char *p = buf;
	ssize_t n;

	while (len) {
		n = recv(fd, p, len, MSG_DONTWAIT);
		if (n > 0) {
			p += n;
			len -= n;
		} else if (!n) {
			errno = ECONNRESET;
			return -1;
		} else if (errno == EAGAIN) {
			if (lib_poll(fd, POLLIN, deadline))
				return -1;
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return 0;
}

/**
 * lib_connected() - has the socket a peer?
 * @fd: a socket
 *
 * Return: true when it has; errno is kept.
 */
bool lib_connected(int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	int saved = errno, rc;

	rc = getpeername(fd, (struct sockaddr *)&peer, &len);
	errno = saved;
	return !rc;
}
