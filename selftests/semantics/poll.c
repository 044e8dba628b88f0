// SPDX-License-Identifier: GPL-2.0-only
/*
 * poll(), select(), epoll, and SO_RCVLOWAT.
 */
#include <linux/sockios.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>

#include "semantics.h"

TEST(poll_events)
{
	struct pair p;
	char in[8];

	open_pair(v, &p);
	EXPECT_EQ(events(p.s, POLLIN | POLLRDHUP, 0), 0);
	EXPECT_EQ(events(p.s, POLLIN | POLLOUT, SHORT_MS), POLLOUT);
	EXPECT_EQ(send(p.c, "ab", 2, 0), 2);
	EXPECT_EQ(events(p.s, POLLIN | POLLRDHUP, SHORT_MS), POLLIN);
	EXPECT_EQ(recv(p.s, in, 1, 0), 1);
	EXPECT_EQ(events(p.s, POLLIN, 0), POLLIN);
	EXPECT_EQ(recv(p.s, in, 1, 0), 1);
	EXPECT_EQ(events(p.s, POLLIN, 0), 0);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_EQ(events(p.s, POLLRDHUP, SHORT_MS), POLLRDHUP);
	EXPECT_EQ(events(p.s, POLLIN | POLLRDHUP, 0), POLLIN | POLLRDHUP);
	EXPECT_EQ(recv(p.s, in, 1, 0), 0);
	EXPECT_EQ(shutdown(p.s, SHUT_WR), 0);
	EXPECT_EQ(events(p.s, POLLIN | POLLRDHUP, SHORT_MS),
		  POLLIN | POLLRDHUP | POLLHUP);
	close_pair(&p);
}

TEST(select)
{
	struct timeval tv = { .tv_sec = 5 }, zero = { 0 };
	struct pair p;
	fd_set r, w;

	open_pair(v, &p);
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_SET(p.s, &r);
	FD_SET(p.s, &w);
	EXPECT_EQ(select(p.s + 1, &r, &w, NULL, &zero), 1);
	EXPECT(!FD_ISSET(p.s, &r) && FD_ISSET(p.s, &w));
	EXPECT_EQ(send(p.c, "a", 1, 0), 1);
	FD_SET(p.s, &r);
	EXPECT_EQ(select(p.s + 1, &r, NULL, NULL, &tv), 1);
	close_pair(&p);
}

TEST(epoll_level)
{
	struct epoll_event ev = { .events = EPOLLIN }, got;
	struct pair p;
	char in[8];
	int ep;

	open_pair(v, &p);
	ep = epoll_create1(0);
	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, p.s, &ev), 0);
	EXPECT_EQ(epoll_wait(ep, &got, 1, 0), 0);
	EXPECT_EQ(send(p.c, "ab", 2, 0), 2);
	EXPECT_EQ(epoll_wait(ep, &got, 1, SHORT_MS), 1);
	EXPECT_EQ(epoll_wait(ep, &got, 1, 0), 1);
	EXPECT_EQ(recv(p.s, in, 1, 0), 1);
	EXPECT_EQ(epoll_wait(ep, &got, 1, 0), 1);
	EXPECT_EQ(recv(p.s, in, 1, 0), 1);
	EXPECT_EQ(epoll_wait(ep, &got, 1, 0), 0);
	close(ep);
	close_pair(&p);
}

TEST(epoll_edge_in)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET }, got;
	struct pair p;
	char in[64];
	int ep, i;

	open_pair(v, &p);
	ep = epoll_create1(0);
	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, p.s, &ev), 0);
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(epoll_wait(ep, &got, 1, i ? 0 : QUIET_MS), 0);
		EXPECT_EQ(send(p.c, "abcd", 4, 0), 4);
		/* Each arrival is an edge, even with data unread. */
		EXPECT_EQ(epoll_wait(ep, &got, 1, SHORT_MS), 1);
		EXPECT_EQ(got.events, EPOLLIN);
		EXPECT_EQ(recv(p.s, in, i % 2 ? 2 : 4, MSG_DONTWAIT), i % 2 ? 2 : 4);
		while (epoll_wait(ep, &got, 1, 20) == 1)
			;
	}
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_EQ(epoll_wait(ep, &got, 1, SHORT_MS), 1);
	EXPECT_EQ(got.events, EPOLLIN | EPOLLRDHUP);
	EXPECT_EQ(recv_all(p.s, in, 64), 4);
	close(ep);
	close_pair(&p);
}

/* An edge that comes with a large write must not be lost in its middle. */
TEST(epoll_edge_stream)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET }, got;
	struct job j = { .len = 3 << 20 };
	struct stream s = { .seed = 17 };
	char buf[20000], want[20000];
	struct pair p;
	ssize_t ret;
	int ep;

	open_pair(v, &p);
	ep = epoll_create1(0);
	nonblock(p.s);
	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, p.s, &ev), 0);
	j.fd = p.c;
	j.buf = malloc(j.len);
	fill(j.buf, j.len, 17);
	job_start(&j, job_send_all);
	while (s.off < j.len) {
		ASSERT(epoll_wait(ep, &got, 1, SHORT_MS) == 1, "at %llu",
		       (unsigned long long)s.off);
		while ((ret = recv(p.s, buf, sizeof(buf), 0)) > 0) {
			stream_fill(&s, want, ret);
			ASSERT(!memcmp(buf, want, ret));
			s.off += ret;
		}
		ASSERT(ret < 0 && errno == EAGAIN);
	}
	job_wait(&j);
	close(ep);
	close_pair(&p);
}

/* As nginx does: read what SIOCINQ promised, then wait for an edge */
TEST(epoll_edge_inq)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET }, got;
	struct job j = { .len = 1 << 20, .ret = -2 };
	struct stream s = { .seed = 19 };
	char buf[4096], want[4096];
	struct pair p;
	int ep, n;

	open_pair(v, &p);
	set_int(p.s, SOL_SOCKET, SO_RCVBUF, 32768);
	ep = epoll_create1(0);
	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, p.s, &ev), 0);
	j.fd = p.c;
	j.buf = malloc(j.len);
	fill(j.buf, j.len, 19);
	job_start(&j, job_send_all);
	while (s.off < j.len) {
		ASSERT(epoll_wait(ep, &got, 1, SHORT_MS) == 1,
		       "no edge at %llu", (unsigned long long)s.off);
		/* let the queues fill up behind what the event tells of */
		usleep(1000);
		for (n = inq(p.s); n > 0; ) {
			ssize_t ret = recv(p.s, buf, n < 4096 ? n : 4096,
					   MSG_DONTWAIT);

			ASSERT(ret > 0);
			stream_fill(&s, want, ret);
			ASSERT(!memcmp(buf, want, ret));
			s.off += ret;
			n -= ret;
		}
	}
	job_wait(&j);
	EXPECT_EQ(j.ret, j.len);
	free(j.buf);
	close(ep);
	close_pair(&p);
}

TEST(epoll_edge_out)
{
	struct epoll_event ev = { .events = EPOLLOUT | EPOLLET }, got;
	struct prep prep = { small_buffers, small_buffers };
	struct pair p;
	size_t n, total = 0;
	int ep, i;

	open_pair_prep(v, &p, &prep);
	ep = epoll_create1(0);
	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, p.c, &ev), 0);
	EXPECT_EQ(epoll_wait(ep, &got, 1, SHORT_MS), 1);
	for (i = 0; i < 4; i++) {
		char buf[4096];

		n = fill_up(p.c, 18);
		EXPECT_EQ(events(p.c, POLLOUT, 0), 0);
		while (epoll_wait(ep, &got, 1, 20) == 1)
			;
		total += n;
		while (n) {
			ssize_t ret = recv(p.s, buf, n < 4096 ? n : 4096, 0);

			ASSERT(ret > 0);
			n -= ret;
		}
		ASSERT_EQ(epoll_wait(ep, &got, 1, SHORT_MS), 1);
		EXPECT(got.events & EPOLLOUT);
	}
	EXPECT(total > 0);
	close(ep);
	close_pair(&p);
}

TEST(epoll_hup_and_err)
{
	struct linger lg = { 1, 0 };
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET }, got;
	struct pair p;
	int ep;

	open_pair(v, &p);
	ep = epoll_create1(0);
	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, p.s, &ev), 0);
	ASSERT_EQ(setsockopt(p.c, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)), 0);
	close(p.c);
	EXPECT_EQ(epoll_wait(ep, &got, 1, SHORT_MS), 1);
	EXPECT_EQ(got.events, EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP);
	EXPECT_EQ(so_error(p.s), ECONNRESET);
	EXPECT_EQ(so_error(p.s), 0);
	close(p.s);
	close(p.l);
	close(ep);
}

TEST(epoll_oneshot)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLONESHOT }, got;
	struct pair p;
	int ep;

	open_pair(v, &p);
	ep = epoll_create1(0);
	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, p.s, &ev), 0);
	EXPECT_EQ(send(p.c, "a", 1, 0), 1);
	EXPECT_EQ(epoll_wait(ep, &got, 1, SHORT_MS), 1);
	EXPECT_EQ(epoll_wait(ep, &got, 1, 0), 0);
	ASSERT_EQ(epoll_ctl(ep, EPOLL_CTL_MOD, p.s, &ev), 0);
	EXPECT_EQ(epoll_wait(ep, &got, 1, SHORT_MS), 1);
	close(ep);
	close_pair(&p);
}

TEST(rcvlowat_poll)
{
	struct pair p;
	char in[200];

	open_pair(v, &p);
	set_int(p.s, SOL_SOCKET, SO_RCVLOWAT, 100);
	EXPECT_EQ(send(p.c, in, 40, 0), 40);
	EXPECT_EQ(send(p.c, in, 40, 0), 40);
	EXPECT_EQ(wait_inq(p.s, 80), 80);
	EXPECT_EQ(events(p.s, POLLIN, QUIET_MS), 0);
	EXPECT_EQ(send(p.c, in, 40, 0), 40);
	EXPECT_EQ(events(p.s, POLLIN, SHORT_MS), POLLIN);
	/* A nonblocking read takes what there is. */
	EXPECT_EQ(recv(p.s, in, 50, MSG_DONTWAIT), 50);
	EXPECT_EQ(events(p.s, POLLIN, 0), 0);
	set_int(p.s, SOL_SOCKET, SO_RCVLOWAT, 1);
	EXPECT_EQ(events(p.s, POLLIN, SHORT_MS), POLLIN);
	/* The end of the stream wakes whatever the mark. */
	set_int(p.s, SOL_SOCKET, SO_RCVLOWAT, 5000);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_EQ(events(p.s, POLLIN, SHORT_MS), POLLIN);
	close_pair(&p);
}

TEST(rcvlowat_recv)
{
	char in[200];
	struct job j = { .buf = in, .len = 200 };
	struct pair p;

	open_pair(v, &p);
	set_int(p.s, SOL_SOCKET, SO_RCVLOWAT, 60);
	j.fd = p.s;
	job_start(&j, job_recv);
	EXPECT_EQ(send(p.c, in, 40, 0), 40);
	usleep(QUIET_MS * 1000);
	/* TCP wakes a reader only for as many new bytes as the mark says. */
	EXPECT_EQ(send(p.c, in, 80, 0), 80);
	job_wait(&j);
	EXPECT_EQ(j.ret, 120);
	close_pair(&p);
}

TEST(rcvlowat_getsockopt)
{
	struct pair p;

	open_pair(v, &p);
	EXPECT_EQ(get_int(p.c, SOL_SOCKET, SO_RCVLOWAT), 1);
	set_int(p.c, SOL_SOCKET, SO_RCVLOWAT, 100);
	/* TCP's own mark is 1 while the socket is encrypted (design.rst) */
	EXPECT_EQ(get_int(p.c, SOL_SOCKET, SO_RCVLOWAT), v->encrypted ? 1 : 100);
	close_pair(&p);
}

/* A mark larger than a frame and than the first receive buffer */
TEST(rcvlowat_large)
{
	struct job j = { .len = 300000 };
	struct pair p;

	open_pair(v, &p);
	set_int(p.s, SOL_SOCKET, SO_RCVLOWAT, 200000);
	j.fd = p.c;
	j.buf = malloc(j.len);
	fill(j.buf, j.len, 19);
	job_start(&j, job_send_all);
	EXPECT_EQ(events(p.s, POLLIN, SHORT_MS), POLLIN);
	EXPECT(inq(p.s) >= 200000, "%d bytes", inq(p.s));
	set_int(p.s, SOL_SOCKET, SO_RCVLOWAT, 1);
	drain(p.s, j.len, 19);
	job_wait(&j);
	close_pair(&p);
}

TEST(peek_with_rcvlowat)
{
	struct pair p;
	char in[100];

	open_pair(v, &p);
	set_int(p.s, SOL_SOCKET, SO_RCVLOWAT, 50);
	EXPECT_EQ(send(p.c, in, 30, 0), 30);
	EXPECT_EQ(send(p.c, in, 30, 0), 30);
	EXPECT_EQ(recv(p.s, in, 100, MSG_PEEK), 60);
	EXPECT_EQ(events(p.s, POLLIN, SHORT_MS), POLLIN);
	EXPECT_EQ(recv(p.s, in, 100, 0), 60);
	close_pair(&p);
}
