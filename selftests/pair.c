// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two ends of a connection over loopback.
 */
#include <arpa/inet.h>

#include "tools/stream.h"
#include "pair.h"

/* One that is excluded from encryption; tests at the same time need one each */
int plain_port(void)
{
	const char *p = getenv("PLAIN_PORT");

	return p ? atoi(p) : 9993;
}

int new_socket(const struct variant *v)
{
	int fd = socket(v->family == 4 ? AF_INET : AF_INET6,
			SOCK_STREAM | SOCK_CLOEXEC, 0);

	ASSERT(fd >= 0);
	return fd;
}

void loopback_addr(const struct variant *v, struct pair *p, int port)
{
	memset(&p->addr, 0, sizeof(p->addr));
	if (v->family == 4) {
		p->addr.in.sin_family = AF_INET;
		p->addr.in.sin_port = htons(port);
		p->addr.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		p->len = sizeof(p->addr.in);
	} else {
		p->addr.in6.sin6_family = AF_INET6;
		p->addr.in6.sin6_port = htons(port);
		if (v->family == 6)
			p->addr.in6.sin6_addr = in6addr_loopback;
		p->len = sizeof(p->addr.in6);
	}
}

void new_listener(const struct variant *v, struct pair *p, int backlog)
{
	int on = 1, off = 0, fd = new_socket(v);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (v->family == 46)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	loopback_addr(v, p, v->encrypted ? 0 : plain_port());
	ASSERT_EQ(bind(fd, &p->addr.sa, p->len), 0);
	ASSERT_EQ(listen(fd, backlog), 0);
	ASSERT_EQ(getsockname(fd, &p->addr.sa, &p->len), 0);
	if (v->family == 46)
		ASSERT_EQ(inet_pton(AF_INET6, "::ffff:127.0.0.1",
				    &p->addr.in6.sin6_addr), 1);
	p->l = fd;
}

/* connect and accept in one thread: nothing but the kernel runs in between */
void join(struct pair *p)
{
	ASSERT_EQ(connect(p->c, &p->addr.sa, p->len), 0);
	p->s = accept(p->l, NULL, NULL);
	ASSERT(p->s >= 0);
}

void close_pair(struct pair *p)
{
	close(p->c);
	close(p->s);
	close(p->l);
}

ssize_t send_all(int fd, const void *buf, size_t len)
{
	size_t n = 0;
	ssize_t ret;

	while (n < len) {
		ret = send(fd, (const char *)buf + n, len - n, MSG_NOSIGNAL);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret < 0)
			return -1;
		n += ret;
	}
	return n;
}

ssize_t recv_all(int fd, void *buf, size_t len)
{
	size_t n = 0;
	ssize_t ret;

	while (n < len) {
		ret = recv(fd, (char *)buf + n, len - n, 0);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret <= 0)
			return ret ? -1 : (ssize_t)n;
		n += ret;
	}
	return n;
}
