// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sending and receiving.
 */
#include <poll.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "semantics.h"

TEST(send_recv)
{
	char a[] = "from the client", b[] = "from the server", buf[64];
	struct pair p;

	open_pair(v, &p);
	EXPECT_EQ(send(p.c, a, sizeof(a), 0), sizeof(a));
	EXPECT_EQ(recv(p.s, buf, sizeof(buf), 0), sizeof(a));
	EXPECT(!memcmp(buf, a, sizeof(a)));
	EXPECT_EQ(write(p.s, b, sizeof(b)), sizeof(b));
	EXPECT_EQ(read(p.c, buf, sizeof(buf)), sizeof(b));
	EXPECT(!memcmp(buf, b, sizeof(b)));
	close_pair(&p);
}

TEST(empty_send)
{
	struct pair p;
	char buf[8];

	open_pair(v, &p);
	EXPECT_EQ(send(p.c, buf, 0, 0), 0);
	EXPECT_ERR(recv(p.s, buf, 8, MSG_DONTWAIT), EAGAIN);
	EXPECT_EQ(recv(p.s, buf, 0, MSG_DONTWAIT) <= 0, 1);
	EXPECT_EQ(send(p.c, "x", 1, 0), 1);
	EXPECT_EQ(recv(p.s, buf, 8, 0), 1);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_ERR(send(p.c, buf, 0, MSG_NOSIGNAL), EPIPE);
	close_pair(&p);
}

/* A read of no bytes is over when one could be read. */
TEST(empty_recv)
{
	struct job j = { .flags = MSG_WAITALL, .ret = -2 };
	struct pair p;
	char buf[8];

	open_pair(v, &p);
	EXPECT_ERR(recv(p.s, buf, 0, MSG_DONTWAIT), EAGAIN);
	EXPECT_EQ(send(p.c, "x", 1, 0), 1);
	EXPECT_EQ(events(p.s, POLLIN, SHORT_MS), POLLIN);
	EXPECT_EQ(recv(p.s, buf, 0, MSG_DONTWAIT), 0);
	EXPECT_EQ(recv(p.s, buf, 0, MSG_PEEK), 0);
	EXPECT_EQ(recv(p.s, buf, 8, 0), 1);

	j.fd = p.s;
	j.buf = buf;
	job_start(&j, job_recv);
	usleep(QUIET_MS * 1000);
	EXPECT_EQ(j.ret, -2);
	EXPECT_EQ(send(p.c, "x", 1, 0), 1);
	job_wait(&j);
	EXPECT_EQ(j.ret, 0);
	EXPECT_EQ(recv(p.s, buf, 8, 0), 1);

	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_EQ(events(p.s, POLLIN, SHORT_MS), POLLIN);
	EXPECT_EQ(recv(p.s, buf, 0, MSG_DONTWAIT), 0);
	close_pair(&p);
}

/* After a reset calls without data fail like any other. */
TEST(empty_calls_after_reset)
{
	struct linger hard = { .l_onoff = 1 };
	struct pair p;
	char b = 0;
	int i;

	for (i = 0; i < 2; i++) {
		open_pair(v, &p);
		setsockopt(p.c, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		close(p.c);
		EXPECT(events(p.s, POLLIN, SHORT_MS) & POLLERR);
		if (i)
			EXPECT_ERR(recv(p.s, &b, 0, MSG_DONTWAIT), ECONNRESET);
		else
			EXPECT_ERR(send(p.s, &b, 0, MSG_NOSIGNAL), ECONNRESET);
		EXPECT_ERR(send(p.s, &b, 0, MSG_NOSIGNAL), EPIPE);
		close(p.s);
		close(p.l);
	}
}

/* sendto() that connects as well: there is a connection already. */
TEST(sendto_fastopen)
{
	struct pair p;
	char b;

	open_pair(v, &p);
	EXPECT_ERR(sendto(p.c, "x", 1, MSG_FASTOPEN, &p.addr.sa, p.len), EISCONN);
	EXPECT_EQ(send(p.c, "y", 1, 0), 1);
	EXPECT_EQ(recv(p.s, &b, 1, 0), 1);
	EXPECT_EQ(b, 'y');
	close_pair(&p);
}

TEST(short_reads)
{
	char out[5000], in[5000];
	struct pair p;
	size_t n = 0;
	ssize_t ret;

	open_pair(v, &p);
	fill(out, sizeof(out), 1);
	EXPECT_EQ(send_all(p.c, out, sizeof(out)), sizeof(out));
	while (n < sizeof(in)) {
		size_t want = 1 + n % 97;

		if (want > sizeof(in) - n)
			want = sizeof(in) - n;
		ret = recv(p.s, in + n, want, 0);
		ASSERT(ret > 0 && ret <= (ssize_t)want);
		n += ret;
	}
	EXPECT(!memcmp(in, out, sizeof(in)));
	EXPECT_ERR(recv(p.s, in, 1, MSG_DONTWAIT), EAGAIN);
	close_pair(&p);
}

TEST(many_small_writes)
{
	struct job j = { .len = 4000 };
	struct pair p;
	char b;
	int i;

	open_pair(v, &p);
	j.fd = p.s;
	j.buf = malloc(j.len);
	j.flags = MSG_WAITALL;
	job_start(&j, job_recv);
	for (i = 0; i < 4000; i++) {
		struct stream s = { .seed = 2, .off = i };

		stream_fill(&s, &b, 1);
		ASSERT_EQ(send(p.c, &b, 1, MSG_NOSIGNAL), 1);
	}
	job_wait(&j);
	EXPECT_EQ(j.ret, 4000);
	EXPECT(same(j.buf, 0, 4000, 2));
	close_pair(&p);
}

static void transfer(struct pair *p, size_t len, uint64_t seed)
{
	struct job j = { .fd = p->c, .len = len };

	j.buf = malloc(len);
	fill(j.buf, len, seed);
	job_start(&j, job_send_all);
	drain(p->s, len, seed);
	job_wait(&j);
	EXPECT_EQ(j.ret, len);
	free(j.buf);
}

TEST(big_write)
{
	struct pair p;

	open_pair(v, &p);
	transfer(&p, 4 << 20, 3);
	close_pair(&p);
}

static void tiny_rcvbuf(int fd)
{
	set_int(fd, SOL_SOCKET, SO_RCVBUF, 2304);
}

TEST(backpressure)
{
	struct prep prep = { small_buffers, small_buffers };
	struct pair p;

	open_pair_prep(v, &p, &prep);
	transfer(&p, 1 << 20, 4);
	close_pair(&p);
}

/* One write becomes one large frame; the receiver's buffer holds none. */
TEST(frame_larger_than_rcvbuf)
{
	struct prep prep = { tiny_rcvbuf, tiny_rcvbuf };
	struct pair p;

	open_pair_prep(v, &p, &prep);
	transfer(&p, 150000, 5);
	close_pair(&p);
}

TEST(tiny_rcvbuf_after_connect)
{
	struct pair p;

	open_pair(v, &p);
	tiny_rcvbuf(p.s);
	transfer(&p, 60000, 6);
	close_pair(&p);
}

TEST(sender_blocks_until_read)
{
	struct prep prep = { small_buffers, small_buffers };
	struct job j = { .len = 1 << 20 };
	struct pair p;

	open_pair_prep(v, &p, &prep);
	j.fd = p.c;
	j.buf = malloc(j.len);
	fill(j.buf, j.len, 7);
	j.ret = -2;
	job_start(&j, job_send_all);
	usleep(QUIET_MS * 1000);
	EXPECT_EQ(__atomic_load_n(&j.ret, __ATOMIC_RELAXED), -2);
	drain(p.s, j.len, 7);
	job_wait(&j);
	EXPECT_EQ(j.ret, j.len);
	close_pair(&p);
}

/* What a peer does not read stays bounded by the socket buffers. */
TEST(memory_is_bounded)
{
	struct prep prep = { small_buffers, small_buffers };
	struct pair p;
	size_t n;

	open_pair_prep(v, &p, &prep);
	n = fill_up(p.c, 8);
	EXPECT(n > 0 && n < 512 * 1024, "%zu bytes went into 16 KiB of buffer", n);
	EXPECT_ERR(send(p.c, "x", 1, MSG_DONTWAIT), EAGAIN);
	EXPECT_EQ(events(p.c, POLLOUT, 0), 0);
	drain(p.s, n, 8);
	EXPECT_EQ(events(p.c, POLLOUT, SHORT_MS), POLLOUT);
	close_pair(&p);
}

TEST(both_directions_full)
{
	struct prep prep = { small_buffers, small_buffers };
	struct pair p;
	size_t a, b;

	open_pair_prep(v, &p, &prep);
	a = fill_up(p.c, 9);
	b = fill_up(p.s, 10);
	drain(p.s, a, 9);
	drain(p.c, b, 10);
	EXPECT_EQ(send(p.c, "x", 1, 0), 1);
	EXPECT_EQ(events(p.s, POLLIN, SHORT_MS), POLLIN);
	close_pair(&p);
}

TEST(iovecs)
{
	char out[3000], in[3000], z[1];
	struct iovec iov[8];
	struct pair p;
	int i, off = 0;

	open_pair(v, &p);
	fill(out, sizeof(out), 11);
	for (i = 0; i < 8; i++) {
		int len = i == 3 ? 0 : i == 7 ? 3000 - off : 1 + i * 100;

		iov[i].iov_base = out + off;
		iov[i].iov_len = len;
		off += len;
	}
	EXPECT_EQ(writev(p.c, iov, 8), 3000);
	EXPECT_EQ(wait_inq(p.s, 3000), 3000);
	for (i = 0, off = 0; i < 8; i++) {
		int len = i == 2 ? 0 : i == 7 ? 3000 - off : 1 + (7 - i) * 90;

		iov[i].iov_base = i == 2 ? z : in + off;
		iov[i].iov_len = len;
		off += len;
	}
	EXPECT_EQ(readv(p.s, iov, 8), 3000);
	EXPECT(!memcmp(in, out, 3000));
	close_pair(&p);
}

TEST(recvmmsg)
{
	char out[4000], in[4][1000];
	struct mmsghdr mm[4];
	struct iovec iov[4];
	struct pair p;
	int i;

	open_pair(v, &p);
	fill(out, sizeof(out), 12);
	for (i = 0; i < 4; i++) {
		iov[i].iov_base = out + i * 1000;
		iov[i].iov_len = 1000;
		memset(&mm[i], 0, sizeof(mm[i]));
		mm[i].msg_hdr.msg_iov = &iov[i];
		mm[i].msg_hdr.msg_iovlen = 1;
	}
	EXPECT_EQ(sendmmsg(p.c, mm, 4, 0), 4);
	EXPECT_EQ(wait_inq(p.s, 4000), 4000);
	for (i = 0; i < 4; i++)
		iov[i].iov_base = in[i];
	EXPECT_EQ(recvmmsg(p.s, mm, 4, 0, NULL), 4);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(mm[i].msg_len, 1000);
	EXPECT(!memcmp(in, out, 4000));
	close_pair(&p);
}

TEST(recvmsg_name_and_flags)
{
	char buf[16];
	struct iovec iov = { buf, sizeof(buf) };
	union addr name;
	struct msghdr mh = {
		.msg_name = &name, .msg_namelen = sizeof(name),
		.msg_iov = &iov, .msg_iovlen = 1,
	};
	struct pair p;

	open_pair(v, &p);
	EXPECT_EQ(send(p.c, "abc", 3, 0), 3);
	EXPECT_EQ(recvmsg(p.s, &mh, 0), 3);
	EXPECT_EQ(mh.msg_namelen, 0);
	EXPECT_EQ(mh.msg_flags & ~MSG_EOR, 0);
	/* An address is ignored on a connected TCP socket. */
	EXPECT_EQ(sendto(p.c, "def", 3, 0, &p.addr.sa, p.len), 3);
	EXPECT_EQ(recv_all(p.s, buf, 3), 3);
	close_pair(&p);
}

TEST(bad_addresses)
{
	char ok[4096];
	struct iovec iov[2];
	struct pair p;
	ssize_t ret;

	open_pair(v, &p);
	EXPECT_ERR(send(p.c, (void *)1, 100, 0), EFAULT);
	fill(ok, sizeof(ok), 13);
	EXPECT_EQ(send(p.c, ok, 100, 0), 100);
	EXPECT_EQ(wait_inq(p.s, 100), 100);
	EXPECT_ERR(recv(p.s, (void *)1, 100, 0), EFAULT);
	/* The bytes are still there. */
	EXPECT_EQ(recv(p.s, ok, sizeof(ok), 0), 100);
	EXPECT(same(ok, 0, 100, 13));
	iov[0].iov_base = ok;
	iov[0].iov_len = 50;
	iov[1].iov_base = (void *)1;
	iov[1].iov_len = 50;
	ret = writev(p.c, iov, 2);
	EXPECT(ret == 50 || (ret == -1 && errno == EFAULT), "writev returned %zd", ret);
	ret = ret == 50 ? 50 : 0;
	EXPECT_EQ(send(p.c, "tail", 4, 0), 4);
	EXPECT_EQ(recv_all(p.s, ok, ret + 4), ret + 4);
	EXPECT(!memcmp(ok + ret, "tail", 4));
	close_pair(&p);
}

TEST(peek)
{
	char out[300], in[300];
	struct pair p;
	int i;

	open_pair(v, &p);
	fill(out, sizeof(out), 14);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(send(p.c, out + i * 100, 100, 0), 100);
	EXPECT_EQ(wait_inq(p.s, 300), 300);
	for (i = 0; i < 3; i++) {
		memset(in, 0, sizeof(in));
		EXPECT_EQ(recv(p.s, in, 300, MSG_PEEK), 300);
		EXPECT(!memcmp(in, out, 300));
		EXPECT_EQ(inq(p.s), 300);
	}
	EXPECT_EQ(recv(p.s, in, 10, MSG_PEEK), 10);
	EXPECT_EQ(recv(p.s, in, 150, 0), 150);
	EXPECT_EQ(recv(p.s, in + 150, 300, MSG_PEEK), 150);
	EXPECT(!memcmp(in, out, 300));
	EXPECT_EQ(recv(p.s, in + 150, 300, 0), 150);
	EXPECT(!memcmp(in, out, 300));
	EXPECT_ERR(recv(p.s, in, 1, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
	close_pair(&p);
}

TEST(peek_waitall_blocks_until_more)
{
	char in[64] = { 0 };
	struct job j = { .buf = in, .len = 20, .flags = MSG_PEEK | MSG_WAITALL };
	struct pair p;

	open_pair(v, &p);
	EXPECT_EQ(send(p.c, "0123456789", 10, 0), 10);
	j.fd = p.s;
	j.ret = -2;
	job_start(&j, job_recv);
	usleep(QUIET_MS * 1000);
	EXPECT_EQ(send(p.c, "0123456789", 10, 0), 10);
	job_wait(&j);
	EXPECT_EQ(j.ret, 20);
	EXPECT_EQ(recv_all(p.s, in, 20), 20);
	EXPECT(!memcmp(in, "01234567890123456789", 20));
	close_pair(&p);
}

TEST(peek_waitall_times_out)
{
	struct timeval tv = { .tv_usec = 200000 };
	struct pair p;
	char in[32];
	long t;

	open_pair(v, &p);
	EXPECT_EQ(send(p.c, "0123456789", 10, 0), 10);
	EXPECT_EQ(wait_inq(p.s, 10), 10);
	ASSERT_EQ(setsockopt(p.s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	t = now_ms();
	EXPECT_EQ(recv(p.s, in, 20, MSG_PEEK | MSG_WAITALL), 10);
	EXPECT(now_ms() - t >= 150, "only %ld ms", now_ms() - t);
	EXPECT_EQ(recv(p.s, in, 20, MSG_DONTWAIT), 10);
	close_pair(&p);
}

/* However much a reader wants to peek at, buffers bound what it gets. */
TEST(peek_is_bounded)
{
	struct prep prep = { small_buffers, small_buffers };
	struct timeval tv = { .tv_usec = 300000 };
	struct job j = { .len = 1 << 20, .ret = -2 };
	struct pair p;
	ssize_t n;
	char *in;

	open_pair_prep(v, &p, &prep);
	j.fd = p.c;
	j.buf = malloc(j.len);
	in = malloc(j.len);
	fill(j.buf, j.len, 20);
	job_start(&j, job_send_all);
	ASSERT_EQ(setsockopt(p.s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	n = recv(p.s, in, j.len, MSG_PEEK | MSG_WAITALL);
	EXPECT(n > 0 && n < 256 * 1024, "%zd bytes", n);
	EXPECT(n < 0 || same(in, 0, n, 20));
	memset(&tv, 0, sizeof(tv));
	ASSERT_EQ(setsockopt(p.s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	drain(p.s, j.len, 20);
	job_wait(&j);
	EXPECT_EQ(j.ret, j.len);
	free(j.buf);
	free(in);
	close_pair(&p);
}

TEST(peek_at_end)
{
	struct pair p;
	char in[8];

	open_pair(v, &p);
	EXPECT_EQ(send(p.c, "ab", 2, 0), 2);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_EQ(wait_inq(p.s, 2), 2);
	EXPECT_EQ(recv(p.s, in, 8, MSG_PEEK), 2);
	EXPECT_EQ(recv(p.s, in, 8, 0), 2);
	EXPECT_EQ(recv(p.s, in, 8, MSG_PEEK), 0);
	EXPECT_EQ(recv(p.s, in, 8, 0), 0);
	close_pair(&p);
}

static void expect_peek(int fd, size_t len, const char *want)
{
	char in[16] = "";

	EXPECT_EQ(recv(fd, in, len, MSG_PEEK), (int)strlen(want));
	EXPECT(!strcmp(in, want), "%s, not %s", in, want);
}

/* SO_PEEK_OFF: each peek goes on behind the last one. */
TEST(peek_offset)
{
	struct pair p;
	char in[16];
	int off = 0;

	open_pair(v, &p);
	if (setsockopt(p.s, SOL_SOCKET, SO_PEEK_OFF, &off, sizeof(off))) {
		/* since Linux 6.9 */
		EXPECT_EQ(errno, EOPNOTSUPP);
		close_pair(&p);
		return;
	}
	EXPECT_EQ(send(p.c, "abcdefgh", 8, 0), 8);
	EXPECT_EQ(send(p.c, "ij", 2, 0), 2);
	EXPECT_EQ(wait_inq(p.s, 10), 10);
	expect_peek(p.s, 3, "abc");
	expect_peek(p.s, 3, "def");
	EXPECT_EQ(get_int(p.s, SOL_SOCKET, SO_PEEK_OFF), 6);
	EXPECT_EQ(recv(p.s, in, 2, 0), 2);
	EXPECT(!memcmp(in, "ab", 2));
	EXPECT_EQ(get_int(p.s, SOL_SOCKET, SO_PEEK_OFF), 4);
	expect_peek(p.s, 15, "ghij");
	EXPECT_EQ(get_int(p.s, SOL_SOCKET, SO_PEEK_OFF), 8);
	EXPECT_ERR(recv(p.s, in, 3, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
	EXPECT_EQ(recv(p.s, in, 16, 0), 8);
	EXPECT_EQ(get_int(p.s, SOL_SOCKET, SO_PEEK_OFF), 0);
	set_int(p.s, SOL_SOCKET, SO_PEEK_OFF, -1);
	EXPECT_EQ(send(p.c, "kl", 2, 0), 2);
	EXPECT_EQ(wait_inq(p.s, 2), 2);
	expect_peek(p.s, 1, "k");
	expect_peek(p.s, 1, "k");
	close_pair(&p);
}

TEST(waitall)
{
	char in[100] = { 0 };
	struct job j = { .buf = in, .len = 30, .flags = MSG_WAITALL };
	struct pair p;
	int i;

	open_pair(v, &p);
	j.fd = p.s;
	job_start(&j, job_recv);
	for (i = 0; i < 3; i++) {
		usleep(20000);
		EXPECT_EQ(send(p.c, "0123456789", 10, 0), 10);
	}
	job_wait(&j);
	EXPECT_EQ(j.ret, 30);
	/* The end of the stream ends the wait. */
	EXPECT_EQ(send(p.c, "abc", 3, 0), 3);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_EQ(recv(p.s, in, 30, MSG_WAITALL), 3);
	EXPECT_EQ(recv(p.s, in, 30, MSG_WAITALL), 0);
	close_pair(&p);
}

TEST(trunc)
{
	char out[100], in[100];
	struct pair p;

	open_pair(v, &p);
	fill(out, sizeof(out), 15);
	EXPECT_EQ(send(p.c, out, 60, 0), 60);
	EXPECT_EQ(send(p.c, out + 60, 40, 0), 40);
	EXPECT_EQ(wait_inq(p.s, 100), 100);
	memset(in, 0x55, sizeof(in));
	/* TCP drops the bytes and touches no memory. */
	EXPECT_EQ(recv(p.s, in, 70, MSG_TRUNC), 70);
	EXPECT_EQ(in[0], 0x55);
	EXPECT_EQ(in[69], 0x55);
	EXPECT_EQ(recv(p.s, in, 100, 0), 30);
	EXPECT(!memcmp(in, out + 70, 30));
	close_pair(&p);
}

TEST(msg_more)
{
	char in[16];
	struct pair p;

	open_pair(v, &p);
	EXPECT_EQ(send(p.c, "abc", 3, MSG_MORE), 3);
	EXPECT_EQ(send(p.c, "def", 3, MSG_MORE), 3);
	EXPECT_EQ(send(p.c, "ghi", 3, 0), 3);
	EXPECT_EQ(recv(p.s, in, 9, MSG_WAITALL), 9);
	EXPECT(!memcmp(in, "abcdefghi", 9));
	/* Held back, but not for ever, and closed with. */
	EXPECT_EQ(send(p.c, "jkl", 3, MSG_MORE), 3);
	EXPECT_EQ(recv(p.s, in, 3, MSG_WAITALL), 3);
	EXPECT_EQ(send(p.c, "mno", 3, MSG_MORE), 3);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_EQ(recv(p.s, in, 16, MSG_WAITALL), 3);
	EXPECT_EQ(recv(p.s, in, 16, 0), 0);
	close_pair(&p);
}

TEST(cork)
{
	char in[16];
	struct pair p;

	open_pair(v, &p);
	set_int(p.c, IPPROTO_TCP, TCP_CORK, 1);
	EXPECT_EQ(send(p.c, "abc", 3, 0), 3);
	EXPECT_EQ(send(p.c, "def", 3, 0), 3);
	set_int(p.c, IPPROTO_TCP, TCP_CORK, 0);
	EXPECT_EQ(recv(p.s, in, 6, MSG_WAITALL), 6);
	EXPECT(!memcmp(in, "abcdef", 6));
	set_int(p.c, IPPROTO_TCP, TCP_CORK, 1);
	EXPECT_EQ(send(p.c, "ghi", 3, 0), 3);
	EXPECT_EQ(close(p.c), 0);
	EXPECT_EQ(recv(p.s, in, 3, MSG_WAITALL), 3);
	EXPECT_EQ(recv(p.s, in, 3, 0), 0);
	close(p.s);
	close(p.l);
}

TEST(dontwait)
{
	struct pair p;
	char in[8];
	long t;

	open_pair(v, &p);
	t = now_ms();
	EXPECT_ERR(recv(p.s, in, 8, MSG_DONTWAIT), EAGAIN);
	nonblock(p.s);
	EXPECT_ERR(recv(p.s, in, 8, 0), EAGAIN);
	EXPECT_ERR(recv(p.s, in, 8, MSG_WAITALL), EAGAIN);
	EXPECT(now_ms() - t < 10000);
	EXPECT_EQ(send(p.c, "abc", 3, MSG_DONTWAIT), 3);
	EXPECT_EQ(events(p.s, POLLIN, SHORT_MS), POLLIN);
	EXPECT_EQ(recv(p.s, in, 8, MSG_WAITALL), 3);
	close_pair(&p);
}

TEST(timeouts)
{
	struct prep prep = { small_buffers, small_buffers };
	struct timeval tv = { .tv_usec = 200000 };
	struct pair p;
	char buf[8];
	long t;

	open_pair_prep(v, &p, &prep);
	ASSERT_EQ(setsockopt(p.s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	ASSERT_EQ(setsockopt(p.c, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)), 0);
	t = now_ms();
	EXPECT_ERR(recv(p.s, buf, 8, 0), EAGAIN);
	EXPECT(now_ms() - t >= 150, "only %ld ms", now_ms() - t);
	EXPECT(now_ms() - t < 15000, "%ld ms", now_ms() - t);
	fill_up(p.c, 16);
	t = now_ms();
	EXPECT_ERR(send(p.c, buf, 8, 0), EAGAIN);
	EXPECT(now_ms() - t >= 150, "only %ld ms", now_ms() - t);
	EXPECT(now_ms() - t < 15000, "%ld ms", now_ms() - t);
	close_pair(&p);
}
