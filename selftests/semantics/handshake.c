// SPDX-License-Identifier: GPL-2.0-only
/*
 * connect(), listen() and accept().
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "semantics.h"

TEST(connect_send_accept)
{
	struct pair p;
	char in[8];

	new_listener(v, &p, 8);
	p.c = new_socket(v);
	ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
	EXPECT_EQ(send(p.c, "early", 5, 0), 5);
	EXPECT_EQ(events(p.l, POLLIN, SHORT_MS), POLLIN);
	p.s = accept(p.l, NULL, NULL);
	ASSERT(p.s >= 0);
	EXPECT_EQ(recv_all(p.s, in, 5), 5);
	EXPECT(!memcmp(in, "early", 5));
	check_pair(v, &p);
	close_pair(&p);
}

TEST(much_data_before_accept)
{
	struct stream s = { .seed = 25 };
	struct pair p;
	char buf[8192];
	ssize_t ret;

	new_listener(v, &p, 8);
	p.c = new_socket(v);
	ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
	check_mode(v, p.c);
	while (s.off < 256 * 1024) {
		stream_fill(&s, buf, sizeof(buf));
		ret = send(p.c, buf, sizeof(buf), MSG_DONTWAIT);
		if (ret < 0)
			break;
		s.off += ret;
	}
	EXPECT(s.off >= 8192, "only %llu bytes fit", (unsigned long long)s.off);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	p.s = accept(p.l, NULL, NULL);
	ASSERT(p.s >= 0);
	drain(p.s, s.off, 25);
	EXPECT_EQ(recv(p.s, buf, 1, 0), 0);
	close_pair(&p);
}

TEST(close_before_accept)
{
	struct pair p;
	char in[8];

	new_listener(v, &p, 8);
	p.c = new_socket(v);
	ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
	EXPECT_EQ(send(p.c, "bye", 3, 0), 3);
	EXPECT_EQ(close(p.c), 0);
	p.s = accept(p.l, NULL, NULL);
	ASSERT(p.s >= 0);
	EXPECT_EQ(recv_all(p.s, in, 8), 3);
	EXPECT_EQ(recv(p.s, in, 8, 0), 0);
	close(p.s);
	close(p.l);
}

TEST(close_at_once)
{
	struct pair p;
	char in[8];
	int i;

	new_listener(v, &p, 8);
	for (i = 0; i < 5; i++) {
		p.c = new_socket(v);
		ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
		EXPECT_EQ(close(p.c), 0);
		p.s = accept(p.l, NULL, NULL);
		ASSERT(p.s >= 0);
		EXPECT_EQ(recv(p.s, in, 8, 0), 0);
		close(p.s);
	}
	close(p.l);
}

TEST(reset_before_accept)
{
	struct linger lg = { 1, 0 };
	struct pair p;
	char in[8];

	new_listener(v, &p, 8);
	p.c = new_socket(v);
	ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
	check_mode(v, p.c);
	ASSERT_EQ(setsockopt(p.c, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)), 0);
	EXPECT_EQ(close(p.c), 0);
	usleep(50000);
	p.s = accept(p.l, NULL, NULL);
	ASSERT(p.s >= 0);
	EXPECT_ERR(recv(p.s, in, 8, 0), ECONNRESET);
	close(p.s);
	close(p.l);
}

TEST(server_speaks_first)
{
	struct pair p;
	char in[8];

	new_listener(v, &p, 8);
	p.c = new_socket(v);
	ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
	p.s = accept(p.l, NULL, NULL);
	ASSERT(p.s >= 0);
	EXPECT_EQ(send(p.s, "220 hi", 6, 0), 6);
	EXPECT_EQ(recv_all(p.c, in, 6), 6);
	check_pair(v, &p);
	close_pair(&p);
}

TEST(nonblocking_connect)
{
	struct epoll_event ev = { .events = EPOLLOUT | EPOLLIN | EPOLLET }, got;
	struct pair p;
	char in[8];
	int ep, ret;

	new_listener(v, &p, 8);
	p.c = new_socket(v);
	nonblock(p.c);
	ep = epoll_create1(0);
	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, p.c, &ev), 0);
	ret = connect(p.c, &p.addr.sa, p.len);
	ASSERT(!ret || errno == EINPROGRESS);
	/* New sockets report EPOLLHUP until connect() gets under way. */
	do {
		ASSERT_EQ(epoll_wait(ep, &got, 1, SHORT_MS), 1);
	} while (!(got.events & EPOLLOUT) || got.events & EPOLLHUP);
	EXPECT_EQ(so_error(p.c), 0);
	do {
		ret = send(p.c, "hello", 5, 0);
		if (ret < 0) {
			ASSERT(errno == EAGAIN);
			ASSERT_EQ(epoll_wait(ep, &got, 1, SHORT_MS), 1);
		}
	} while (ret < 0);
	p.s = accept(p.l, NULL, NULL);
	ASSERT(p.s >= 0);
	EXPECT_EQ(recv_all(p.s, in, 5), 5);
	EXPECT_EQ(send(p.s, "world", 5, 0), 5);
	do {
		ASSERT_EQ(epoll_wait(ep, &got, 1, SHORT_MS), 1);
	} while (!(got.events & EPOLLIN));
	EXPECT_EQ(recv(p.c, in, 5, 0), 5);
	block(p.c);
	check_pair(v, &p);
	close(ep);
	close_pair(&p);
}

TEST(nonblocking_accept)
{
	struct pair p;

	new_listener(v, &p, 8);
	nonblock(p.l);
	EXPECT_ERR(accept(p.l, NULL, NULL), EAGAIN);
	p.c = new_socket(v);
	ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
	EXPECT_EQ(events(p.l, POLLIN, SHORT_MS), POLLIN);
	p.s = accept4(p.l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	ASSERT(p.s >= 0);
	EXPECT_EQ(fcntl(p.s, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	EXPECT_EQ(fcntl(p.s, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	EXPECT_ERR(recv(p.s, &p, 1, 0), EAGAIN);
	close_pair(&p);
}

TEST(blocked_accept)
{
	struct pair p, q;
	pid_t pid;
	int st;

	new_listener(v, &p, 8);
	pid = fork();
	if (!pid) {
		usleep(50000);
		q.c = new_socket(v);
		if (connect(q.c, &p.addr.sa, p.len) || send(q.c, "abc", 3, 0) != 3)
			_exit(1);
		_exit(0);
	}
	p.s = accept(p.l, NULL, NULL);
	ASSERT(p.s >= 0);
	check_mode(v, p.s);
	EXPECT_EQ(waitpid(pid, &st, 0), pid);
	EXPECT_EQ(st, 0);
	EXPECT_EQ(recv_all(p.s, &q, 3), 3);
	close(p.s);
	close(p.l);
}

TEST(defer_accept)
{
	struct pair p;
	char in[8];

	new_listener(v, &p, 8);
	set_int(p.l, IPPROTO_TCP, TCP_DEFER_ACCEPT, 3);
	p.c = new_socket(v);
	ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
	EXPECT_EQ(send(p.c, "abc", 3, 0), 3);
	p.s = accept(p.l, NULL, NULL);
	ASSERT(p.s >= 0);
	EXPECT_EQ(recv_all(p.s, in, 3), 3);
	check_pair(v, &p);
	close_pair(&p);
}

TEST(reuseport)
{
	int on = 1, fds[3], i, n = 0, s, c;
	struct pair p;
	struct pollfd pfd[3];

	memset(&p, 0, sizeof(p));
	for (i = 0; i < 3; i++) {
		union addr a;

		fds[i] = new_socket(v);
		setsockopt(fds[i], SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
		setsockopt(fds[i], SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (!i) {
			memset(&p.addr, 0, sizeof(p.addr));
			if (v->family == 4) {
				p.addr.in.sin_family = AF_INET;
				p.addr.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
				p.len = sizeof(p.addr.in);
			} else {
				p.addr.in6.sin6_family = AF_INET6;
				inet_pton(AF_INET6, v->family == 6 ? "::1" :
					  "::ffff:127.0.0.1", &p.addr.in6.sin6_addr);
				p.len = sizeof(p.addr.in6);
			}
			p.addr.in.sin_port = htons(v->encrypted ? 0 : plain_port());
		}
		a = p.addr;
		ASSERT_EQ(bind(fds[i], &a.sa, p.len), 0);
		ASSERT_EQ(listen(fds[i], 64), 0);
		if (!i)
			ASSERT_EQ(getsockname(fds[i], &p.addr.sa, &p.len), 0);
		pfd[i].fd = fds[i];
		pfd[i].events = POLLIN;
	}
	for (i = 0; i < 12; i++) {
		char b;

		c = new_socket(v);
		ASSERT_EQ(connect(c, &p.addr.sa, p.len), 0);
		check_mode(v, c);
		ASSERT_EQ(poll(pfd, 3, SHORT_MS), 1);
		for (n = 0; !(pfd[n].revents & POLLIN); n++)
			;
		s = accept(fds[n], NULL, NULL);
		ASSERT(s >= 0);
		check_mode(v, s);
		EXPECT_EQ(send(c, "x", 1, 0), 1);
		EXPECT_EQ(recv(s, &b, 1, 0), 1);
		close(c);
		close(s);
		if (i == 8) {
			close(fds[2]);
			pfd[2].fd = -1;
		}
	}
	close(fds[0]);
	close(fds[1]);
}

TEST(connect_refused_then_elsewhere)
{
	struct pair p, dead;
	char in[4];

	new_listener(v, &dead, 1);
	close(dead.l);
	p.c = new_socket(v);
	EXPECT_ERR(connect(p.c, &dead.addr.sa, dead.len), ECONNREFUSED);
	new_listener(v, &p, 8);
	ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
	p.s = accept(p.l, NULL, NULL);
	ASSERT(p.s >= 0);
	check_pair(v, &p);
	EXPECT_EQ(send(p.c, "abc", 3, 0), 3);
	EXPECT_EQ(recv_all(p.s, in, 3), 3);
	close_pair(&p);
}

TEST(nonblocking_connect_refused)
{
	struct pair dead;
	int fd, ret;

	new_listener(v, &dead, 1);
	close(dead.l);
	fd = new_socket(v);
	nonblock(fd);
	ret = connect(fd, &dead.addr.sa, dead.len);
	EXPECT(ret == -1 && (errno == EINPROGRESS || errno == ECONNREFUSED));
	if (errno == EINPROGRESS) {
		EXPECT_EQ(events(fd, POLLOUT, SHORT_MS) & (POLLERR | POLLHUP),
			  POLLERR | POLLHUP);
		EXPECT_EQ(so_error(fd), ECONNREFUSED);
	}
	close(fd);
}

/* AF_UNSPEC dissolves a connection; the socket can be used again. */
TEST(disconnect_and_reuse)
{
	struct sockaddr un = { .sa_family = AF_UNSPEC };
	struct pair p;
	char in[8];
	int s2;

	open_pair(v, &p);
	EXPECT_EQ(connect(p.c, &un, sizeof(un)), 0);
	EXPECT_ERR(send(p.c, "x", 1, MSG_NOSIGNAL), ECONNRESET);
	EXPECT_ERR(send(p.c, "x", 1, MSG_NOSIGNAL), EPIPE);
	EXPECT_ERR(recv(p.s, in, 8, 0), ECONNRESET);
	ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
	s2 = accept(p.l, NULL, NULL);
	ASSERT(s2 >= 0);
	EXPECT_EQ(send(p.c, "again", 5, 0), 5);
	EXPECT_EQ(recv_all(s2, in, 5), 5);
	EXPECT_EQ(send(s2, "reply", 5, 0), 5);
	EXPECT_EQ(recv_all(p.c, in, 5), 5);
	close(s2);
	close_pair(&p);
}

/* connect(AF_UNSPEC) ends a read that waits in another thread. */
TEST(disconnect_wakes_recv)
{
	struct sockaddr un = { .sa_family = AF_UNSPEC };
	struct job j = { .len = 1, .ret = -2 };
	struct pair p;
	char b;

	open_pair(v, &p);
	j.fd = p.c;
	j.buf = &b;
	job_start(&j, job_recv);
	usleep(QUIET_MS * 1000);
	EXPECT_EQ(j.ret, -2);
	EXPECT_EQ(connect(p.c, &un, sizeof(un)), 0);
	job_wait(&j);
	EXPECT_EQ(j.ret, -1);
	EXPECT_EQ(j.err, EPIPE);
	close_pair(&p);
}

/*
 * The same while it connects, which it does for long: no SYN is answered whose
 * connection nobody would accept. What comes then is not for who waited before.
 */
TEST(disconnect_while_connecting)
{
	struct sockaddr un = { .sa_family = AF_UNSPEC };
	struct job j = { .len = 8, .ret = -2 };
	int fill[4], i, s;
	struct pair full, p;
	char in[8];

	new_listener(v, &full, 0);
	for (i = 0; i < 4; i++) {
		fill[i] = new_socket(v);
		nonblock(fill[i]);
		(void)!connect(fill[i], &full.addr.sa, full.len);
		usleep(QUIET_MS * 1000);
	}
	/* two listeners at once: excluded ports that no other test uses */
	if (!v->encrypted)
		setenv("PLAIN_PORT", v->family == 4 ? "989" :
				     v->family == 6 ? "990" : "853", 1);
	open_pair(v, &p);
	for (i = 0; i < 20; i++) {
		int c = new_socket(v);

		nonblock(c);
		EXPECT_ERR(connect(c, &full.addr.sa, full.len), EINPROGRESS);
		block(c);
		j = (struct job) { .fd = c, .len = 8, .buf = in, .ret = -2 };
		job_start(&j, job_recv);
		usleep(20000);
		EXPECT_EQ(j.ret, -2);
		EXPECT_EQ(connect(c, &un, sizeof(un)), 0);
		ASSERT_EQ(connect(c, &p.addr.sa, p.len), 0);
		s = accept(p.l, NULL, NULL);
		ASSERT(s >= 0);
		EXPECT_EQ(send(s, "01234567", 8, 0), 8);
		job_wait(&j);
		/* on a busy machine it may be so late that this one is its */
		if (j.ret < 0) {
			EXPECT_EQ(j.err, EPIPE);
			EXPECT_EQ(recv_all(c, in, 8), 8);
		} else {
			EXPECT_EQ(j.ret, 8);
		}
		EXPECT(!memcmp(in, "01234567", 8));
		close(c);
		close(s);
	}
	for (i = 0; i < 4; i++)
		close(fill[i]);
	close(full.l);
	close_pair(&p);
}

/*
 * Threads that write whenever they can, while another one connects: one of them
 * may have got into TCP's send() before there was anything to encrypt with.
 */
struct eager {
	int fd;
	atomic_bool stop;
};

static void *send_eagerly(void *arg)
{
	struct eager *e = arg;

	while (!atomic_load(&e->stop))
		(void)!send(e->fd, "eeeee", 5, MSG_NOSIGNAL | MSG_DONTWAIT);
	return NULL;
}

/* What comes is what was sent, until it is reset */
static void receive_eagerly(int s)
{
	char b[640];
	ssize_t n;
	int i;

	for (i = 0; i < 4; i++) {
		n = recv(s, b, sizeof(b), 0);
		EXPECT(n);
		if (n < 0)
			EXPECT_EQ(errno, ECONNRESET);
		if (n <= 0)
			return;
		while (n--)
			EXPECT_EQ(b[n], 'e');
	}
}

TEST(send_while_connecting)
{
	struct eager e = {};
	pthread_t t[4];
	struct pair p;
	int i, k;

	new_listener(v, &p, 8);
	for (k = 0; k < 40; k++) {
		e.fd = new_socket(v);
		atomic_store(&e.stop, false);
		for (i = 0; i < 4; i++)
			ASSERT(!pthread_create(&t[i], NULL, send_eagerly, &e));
		usleep(300 + k * 17);
		/* one of the threads may be told why it failed instead */
		if (connect(e.fd, &p.addr.sa, p.len))
			EXPECT(errno == EPROTO || errno == ECONNABORTED);
		EXPECT_EQ(events(p.l, POLLIN, SHORT_MS), POLLIN);
		p.s = accept(p.l, NULL, NULL);
		ASSERT(p.s >= 0);
		receive_eagerly(p.s);
		atomic_store(&e.stop, true);
		for (i = 0; i < 4; i++)
			pthread_join(t[i], NULL);
		close(e.fd);
		close(p.s);
	}
	close(p.l);
}

/* An accepted socket, disconnected, can become a listener (an old TCP trick). */
TEST(disconnect_server_side)
{
	struct sockaddr un = { .sa_family = AF_UNSPEC };
	struct pair p;
	char in[8];

	open_pair(v, &p);
	EXPECT_EQ(connect(p.s, &un, sizeof(un)), 0);
	EXPECT_ERR(recv(p.c, in, 8, 0), ECONNRESET);
	close_pair(&p);
}

TEST(listener_closed_with_children)
{
	struct pair p;
	int fds[6], i, closed = 0;
	char b;

	new_listener(v, &p, 8);
	for (i = 0; i < 6; i++) {
		fds[i] = new_socket(v);
		nonblock(fds[i]);
		if (connect(fds[i], &p.addr.sa, p.len))
			ASSERT(errno == EINPROGRESS);
		/* Some have finished their key exchange by then, some have not. */
		if (i < 3) {
			EXPECT_EQ(events(fds[i], POLLOUT, SHORT_MS) & POLLOUT, POLLOUT);
			(void)!send(fds[i], "x", 1, MSG_NOSIGNAL);
		}
	}
	EXPECT_EQ(close(p.l), 0);
	for (i = 0; i < 6; i++) {
		EXPECT(events(fds[i], POLLIN, SHORT_MS) > 0);
		if (recv(fds[i], &b, 1, MSG_DONTWAIT) == -1 && errno != EAGAIN)
			closed++;
		close(fds[i]);
	}
	EXPECT_EQ(closed, 6);
}

TEST(listener_shutdown)
{
	struct pair p;
	char in[4];
	int c2;

	open_pair(v, &p);
	EXPECT_EQ(shutdown(p.l, SHUT_RDWR), 0);
	c2 = new_socket(v);
	EXPECT_ERR(connect(c2, &p.addr.sa, p.len), ECONNREFUSED);
	EXPECT_EQ(listen(p.l, 8), 0);
	close(c2);
	EXPECT_EQ(send(p.c, "abc", 3, 0), 3);
	EXPECT_EQ(recv_all(p.s, in, 3), 3);
	close_pair(&p);
}

TEST(backlog_overflow)
{
	struct pair p;
	int fds[8], i, ok = 0;
	char b;

	new_listener(v, &p, 1);
	for (i = 0; i < 8; i++) {
		fds[i] = new_socket(v);
		nonblock(fds[i]);
		if (connect(fds[i], &p.addr.sa, p.len))
			ASSERT(errno == EINPROGRESS);
	}
	/* With room again the retransmitted handshakes get through. */
	nonblock(p.l);
	for (i = 0; i < 4; i++) {
		if (!events(p.l, POLLIN, SHORT_MS))
			break;
		p.s = accept(p.l, NULL, NULL);
		if (p.s < 0)
			continue;
		block(p.s);
		EXPECT_EQ(send(p.s, "k", 1, MSG_NOSIGNAL), 1);
		close(p.s);
	}
	for (i = 0; i < 8; i++) {
		if (events(fds[i], POLLIN, QUIET_MS) & POLLIN &&
		    recv(fds[i], &b, 1, MSG_DONTWAIT) == 1)
			ok++;
		close(fds[i]);
	}
	EXPECT(ok >= 3, "%d of 8 connections were served", ok);
	close(p.l);
}

/* Both ends in one socket: a simultaneous open must at least work plain. */
TEST(self_connect)
{
	union addr a = { 0 };
	socklen_t len;
	char in[4];
	int fd, on = 1;

	fd = new_socket(v);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (v->family == 4) {
		a.in.sin_family = AF_INET;
		a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		len = sizeof(a.in);
	} else {
		a.in6.sin6_family = AF_INET6;
		inet_pton(AF_INET6, v->family == 6 ? "::1" : "::ffff:127.0.0.1",
			  &a.in6.sin6_addr);
		len = sizeof(a.in6);
	}
	a.in.sin_port = htons(v->encrypted ? 0 : plain_port());
	ASSERT_EQ(bind(fd, &a.sa, len), 0);
	ASSERT_EQ(getsockname(fd, &a.sa, &len), 0);
	ASSERT_EQ(connect(fd, &a.sa, len), 0);
	EXPECT_EQ(send(fd, "abc", 3, MSG_NOSIGNAL), 3);
	EXPECT_EQ(events(fd, POLLIN, SHORT_MS) & POLLIN, POLLIN);
	EXPECT_EQ(recv_all(fd, in, 3), 3);
	EXPECT(!memcmp(in, "abc", 3));
	close(fd);
}
