// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much is in the queues.
 */
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "semantics.h"

#ifndef TCP_INQ
#define TCP_INQ 36
#define TCP_CM_INQ TCP_INQ
#endif
#ifndef TCP_CM_INQ
#define TCP_CM_INQ TCP_INQ
#endif

TEST(inq_outq)
{
	char buf[1000];
	struct pair p;
	int n = -1;

	open_pair(v, &p);
	EXPECT_EQ(inq(p.s), 0);
	EXPECT_EQ(wait_outq(p.c, 0), 0);
	EXPECT_EQ(send(p.c, buf, 1000, 0), 1000);
	EXPECT_EQ(wait_inq(p.s, 1000), 1000);
	EXPECT_EQ(ioctl(p.s, FIONREAD, &n), 0);
	EXPECT_EQ(n, 1000);
	EXPECT_EQ(wait_outq(p.c, 0), 0);
	EXPECT_EQ(recv(p.s, buf, 300, 0), 300);
	EXPECT_EQ(inq(p.s), 700);
	EXPECT_EQ(recv(p.s, buf, 700, 0), 700);
	EXPECT_EQ(inq(p.s), 0);
	/* The peer's end counts for nothing once the data is read. */
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_EQ(events(p.s, POLLRDHUP, SHORT_MS), POLLRDHUP);
	EXPECT_EQ(inq(p.s), 0);
	close_pair(&p);
}

TEST(outq_full)
{
	struct prep prep = { small_buffers, small_buffers };
	struct pair p;
	size_t n;

	open_pair_prep(v, &p, &prep);
	n = fill_up(p.c, 20);
	EXPECT(outq(p.c) > 0 && outq(p.c) <= (int)n, "%d of %zu", outq(p.c), n);
	drain(p.s, n, 20);
	EXPECT_EQ(wait_outq(p.c, 0), 0);
	close_pair(&p);
}

TEST(outq_not_sent)
{
	char in[10];
	struct pair p;
	int n = -1;

	open_pair(v, &p);
	set_int(p.c, IPPROTO_TCP, TCP_CORK, 1);
	EXPECT_EQ(send(p.c, "0123456789", 10, 0), 10);
	EXPECT_EQ(ioctl(p.c, SIOCOUTQNSD, &n), 0);
	EXPECT_EQ(n, 10);
	set_int(p.c, IPPROTO_TCP, TCP_CORK, 0);
	EXPECT_EQ(recv_all(p.s, in, 10), 10);
	EXPECT_EQ(ioctl(p.c, SIOCOUTQNSD, &n), 0);
	EXPECT_EQ(n, 0);
	close_pair(&p);
}

TEST(inq_cmsg)
{
	char buf[100], ctl[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { buf, 30 };
	struct msghdr mh = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl, .msg_controllen = sizeof(ctl),
	};
	struct cmsghdr *cm;
	struct pair p;
	int n;

	open_pair(v, &p);
	set_int(p.s, IPPROTO_TCP, TCP_INQ, 1);
	EXPECT_EQ(send(p.c, buf, 100, 0), 100);
	EXPECT_EQ(wait_inq(p.s, 100), 100);
	EXPECT_EQ(recvmsg(p.s, &mh, 0), 30);
	cm = CMSG_FIRSTHDR(&mh);
	ASSERT(cm && cm->cmsg_level == SOL_TCP && cm->cmsg_type == TCP_CM_INQ);
	memcpy(&n, CMSG_DATA(cm), sizeof(n));
	EXPECT_EQ(n, 70);
	close_pair(&p);
}
