// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The client's side of tcpcryptd's control socket.  A socket for each question
 * makes it safe to ask from several threads.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl.h"

static int parse_port(const char *text, struct ctl_addr *addr)
{
	unsigned long port;
	char *end;

	port = strtoul(text, &end, 10);
	if (*end || port > UINT16_MAX || (*text && (*text < '0' || *text > '9')))
		return -EINVAL;
	addr->in.sin_family = AF_INET;
	addr->in.sin_port = htons(port);
	addr->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	addr->len = sizeof(addr->in);
	return 0;
}

/**
 * ctl_parse() - understand the address of a control socket
 * @text: "/path", "@name" in the abstract namespace, or ":port" of 127.0.0.1
 * @addr: for the address
 *
 * The lengths are those that the old tcpcryptd bound and its library sends to:
 * a zero byte after a path, two after an abstract name, which with fewer is
 * another name.
 *
 * Return: 0 or -EINVAL.
 */
int ctl_parse(const char *text, struct ctl_addr *addr)
{
	const size_t zeros = text[0] == '@' ? 2 : 1;
	size_t len = strlen(text);

	memset(addr, 0, sizeof(*addr));
	if (text[0] == ':')
		return parse_port(text + 1, addr);
	if ((text[0] != '/' && text[0] != '@') || len < 2 ||
	    len + zeros > sizeof(addr->un.sun_path))
		return -EINVAL;

	addr->un.sun_family = AF_UNIX;
	memcpy(addr->un.sun_path, text, len);
	if (text[0] == '@')
		addr->un.sun_path[0] = '\0';
	addr->len = offsetof(struct sockaddr_un, sun_path) + len + zeros;
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

/* A socket that the answer can reach */
static int ctl_socket(const struct ctl_addr *addr)
{
	struct sockaddr_un any = { .sun_family = AF_UNIX };
	int fd, saved;

	fd = socket(addr->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    0);
	if (fd < 0)
		return -errno;
	/* With nothing but a family the kernel makes a name up */
	if ((addr->sa.sa_family == AF_UNIX &&
	     bind(fd, (struct sockaddr *)&any, sizeof(any.sun_family))) ||
	    connect(fd, &addr->sa, addr->len)) {
		saved = errno;
		close(fd);
		return -saved;
	}
	return fd;
}

static int wait_fd(int fd, short events, int64_t deadline)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int64_t left;
	int rc;

	do {
		left = deadline - now_ms();
		rc = poll(&pfd, 1, left > 0 ? (int)left : 0);
	} while (rc < 0 && errno == EINTR);
	if (rc < 0)
		return -errno;
	return rc ? 0 : -ETIMEDOUT;
}

static int ctl_send(int fd, const void *buf, size_t len, int64_t deadline)
{
	int rc;

	while (send(fd, buf, len, MSG_NOSIGNAL) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != ENOBUFS)
			return -errno;
		rc = wait_fd(fd, POLLOUT, deadline);
		if (rc)
			return rc;
	}
	return 0;
}

/* The answer to the question with number @seq, in @buf */
static ssize_t ctl_recv(int fd, char *buf, size_t size, uint32_t seq,
			int64_t deadline)
{
	struct ctl_msg msg;
	ssize_t n;
	int rc;

	for (;;) {
		n = recv(fd, buf, size, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return -errno;
		if (n >= (ssize_t)sizeof(msg)) {
			memcpy(&msg, buf, sizeof(msg));
			if (msg.seq == seq && msg.len == n - sizeof(msg))
				return n;
		}
		if (n < 0) {
			rc = wait_fd(fd, POLLIN, deadline);
			if (rc)
				return rc;
		}
	}
}

/* A failure has always been -1, which is no errno */
static int ctl_error(uint32_t err)
{
	return err && err < 4096 ? -(int)err : -ENOPROTOOPT;
}

static int ctl_exchange(int fd, struct ctl_msg *msg, char *buf, void *reply,
			size_t room, int timeout)
{
	int64_t deadline = now_ms() + timeout;
	ssize_t n;
	int rc;

	rc = ctl_send(fd, buf, sizeof(*msg) + msg->len, deadline);
	if (rc)
		return rc;
	n = ctl_recv(fd, buf, CTL_MAX, msg->seq, deadline);
	if (n < 0)
		return n;

	memcpy(msg, buf, sizeof(*msg));
	if (msg->err)
		return ctl_error(msg->err);
	if (msg->len < room)
		room = msg->len;
	memcpy(reply, buf + sizeof(*msg), room);
	return room;
}

/**
 * ctl_ask() - ask tcpcryptd
 * @addr: its control socket, see ctl_parse()
 * @msg: the request's header; becomes that of the reply
 * @data: msg->len bytes, or NULL for as many zeros
 * @reply: for the data of the reply, or NULL
 * @room: most bytes of it
 * @timeout: milliseconds to wait for it
 *
 * Return: bytes put in @reply, or a negative errno.
 */
int ctl_ask(const char *addr, struct ctl_msg *msg, const void *data,
	    void *reply, size_t room, int timeout)
{
	struct ctl_addr to;
	char *buf;
	int fd, rc;

	rc = ctl_parse(addr, &to);
	if (rc)
		return rc;
	if (msg->len > CTL_MAX - sizeof(*msg))
		return -EMSGSIZE;
	buf = calloc(1, CTL_MAX);
	if (!buf)
		return -ENOMEM;

	fd = ctl_socket(&to);
	rc = fd;
	if (fd >= 0) {
		memcpy(buf, msg, sizeof(*msg));
		if (data && msg->len)
			memcpy(buf + sizeof(*msg), data, msg->len);
		rc = ctl_exchange(fd, msg, buf, reply, reply ? room : 0,
				  timeout);
		close(fd);
	}
	explicit_bzero(buf, CTL_MAX);
	free(buf);
	return rc;
}

static void entry_conn(const struct ctl_entry *e, struct conn *c)
{
	memset(c, 0, sizeof(*c));
	c->has = CONN_BIT(COOKIE) | CONN_BIT(FAMILY) | CONN_BIT(LADDR) |
		 CONN_BIT(LPORT) | CONN_BIT(RADDR) | CONN_BIT(RPORT) |
		 CONN_BIT(UID) | CONN_BIT(STATE) | CONN_BIT(PASSIVE) |
		 CONN_BIT(ROLE) | CONN_BIT(TEP) | CONN_BIT(AEAD) |
		 CONN_BIT(RESUMED) | CONN_BIT(SESSION_ID) | CONN_BIT(AGE) |
		 CONN_BIT(TX_GEN) | CONN_BIT(RX_GEN) | CONN_BIT(TX_BYTES) |
		 CONN_BIT(RX_BYTES);
	c->cookie = e->cookie;
	c->family = e->family;
	memcpy(c->laddr, e->laddr, sizeof(c->laddr));
	memcpy(c->raddr, e->raddr, sizeof(c->raddr));
	c->lport = ntohs(e->lport);
	c->rport = ntohs(e->rport);
	c->uid = e->uid;
	c->state = TCPCRYPT_CONN_OPEN;
	c->passive = e->passive;
	c->role = e->role;
	c->tep = e->tep;
	c->aead = e->aead;
	c->resumed = e->resumed;
	memcpy(c->sid, e->sid, sizeof(c->sid));
	c->sid_len = sizeof(c->sid);
	c->age = e->age;
	c->tx_gen = e->tx_gen;
	c->rx_gen = e->rx_gen;
	c->tx_bytes = e->tx_bytes;
	c->rx_bytes = e->rx_bytes;
}

/* One page; *after is where to go on, or 0 */
static int ctl_page(const char *addr, int family, uint64_t *after, char *buf,
		    conn_fn fn, void *arg, int timeout)
{
	struct ctl_list list = {
		.version = CTL_VERSION,
		.family = family,
		.after = *after,
		.room = CTL_MAX - sizeof(struct ctl_msg),
	};
	struct ctl_msg msg = { .opt = CTL_LIST, .len = sizeof(list) };
	struct ctl_entry entry;
	struct ctl_page page;
	struct conn c;
	uint32_t i;
	int n;

	n = ctl_ask(addr, &msg, &list, buf, CTL_MAX, timeout);
	if (n < 0)
		return n;
	if (n < (int)sizeof(page))
		return -EPROTO;
	memcpy(&page, buf, sizeof(page));
	if (page.version != CTL_VERSION || (page.next && page.next <= *after) ||
	    page.count > (n - sizeof(page)) / sizeof(entry))
		return -EPROTO;

	for (i = 0; i < page.count; i++) {
		memcpy(&entry, buf + sizeof(page) + i * sizeof(entry),
		       sizeof(entry));
		entry_conn(&entry, &c);
		fn(&c, arg);
	}
	*after = page.next;
	return 0;
}

/**
 * ctl_conns() - go through the encrypted connections
 * @addr: tcpcryptd's control socket
 * @family: AF_INET or AF_INET6; 0 for both
 * @fn: what to call with each
 * @arg: what to call it with
 * @timeout: milliseconds to wait for each answer
 *
 * Return: 0 or a negative errno.
 */
int ctl_conns(const char *addr, int family, conn_fn fn, void *arg, int timeout)
{
	uint64_t after = 0;
	char *buf;
	int rc;

	buf = malloc(CTL_MAX);
	if (!buf)
		return -ENOMEM;
	do {
		rc = ctl_page(addr, family, &after, buf, fn, arg, timeout);
	} while (!rc && after);
	free(buf);
	return rc;
}
