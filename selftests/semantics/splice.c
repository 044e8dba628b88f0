// SPDX-License-Identifier: GPL-2.0-only
/*
 * sendfile(), splice() and zero copies.
 */
#include <fcntl.h>
#include <linux/errqueue.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "semantics.h"

#ifndef TCP_ZEROCOPY_RECEIVE
#define TCP_ZEROCOPY_RECEIVE 35
#endif
#ifndef SO_ZEROCOPY
#define SO_ZEROCOPY 60
#endif
#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY 0x4000000
#endif

static int temp_file(size_t len, uint64_t seed)
{
	char *buf = malloc(len);
	int fd = memfd_create("selftest", 0);

	ASSERT(fd >= 0);
	fill(buf, len, seed);
	ASSERT_EQ(write(fd, buf, len), len);
	free(buf);
	return fd;
}

static void job_drain(struct job *j)
{
	drain(j->fd, j->len, j->flags);
	j->ret = j->len;
}

TEST(sendfile_to_socket)
{
	struct job j = { .len = 1000000, .flags = 30 };
	off_t off = 0;
	struct pair p;
	int f;

	open_pair(v, &p);
	f = temp_file(j.len, 30);
	j.fd = p.s;
	job_start(&j, job_drain);
	while (off < (off_t)j.len)
		ASSERT(sendfile(p.c, f, &off, j.len - off) > 0, "at %ld", (long)off);
	job_wait(&j);
	EXPECT_EQ(j.ret, j.len);
	close(f);
	close_pair(&p);
}

TEST(sendfile_then_send)
{
	char in[110];
	off_t off = 0;
	struct pair p;
	int f;

	open_pair(v, &p);
	f = temp_file(100, 31);
	EXPECT_EQ(send(p.c, "head:", 5, MSG_MORE), 5);
	EXPECT_EQ(sendfile(p.c, f, &off, 100), 100);
	EXPECT_EQ(send(p.c, ":tail", 5, 0), 5);
	EXPECT_EQ(recv_all(p.s, in, 110), 110);
	EXPECT(!memcmp(in, "head:", 5) && !memcmp(in + 105, ":tail", 5));
	EXPECT(same(in + 5, 0, 100, 31));
	close(f);
	close_pair(&p);
}

/* The file changes after sendfile(): what is sealed is what is sent. */
TEST(sendfile_file_changes)
{
	char in[4096], x[4096];
	off_t off = 0;
	struct pair p;
	int f;

	open_pair(v, &p);
	f = temp_file(4096, 32);
	EXPECT_EQ(sendfile(p.c, f, &off, 4096), 4096);
	memset(x, 'x', sizeof(x));
	EXPECT_EQ(recv(p.s, in, 100, MSG_WAITALL), 100);
	EXPECT_EQ(pwrite(f, x, sizeof(x), 0), sizeof(x));
	EXPECT_EQ(recv_all(p.s, in + 100, 3996), 3996);
	if (v->encrypted)
		EXPECT(same(in, 0, 4096, 32));
	close(f);
	close_pair(&p);
}

TEST(splice_from_socket)
{
	char out[20000], in[20000];
	struct pair p;
	int pi[2];
	size_t n = 0;
	ssize_t ret;

	open_pair(v, &p);
	ASSERT_EQ(pipe(pi), 0);
	fill(out, sizeof(out), 33);
	EXPECT_EQ(send_all(p.c, out, sizeof(out)), sizeof(out));
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	while (n < sizeof(in)) {
		ret = splice(p.s, NULL, pi[1], NULL, sizeof(in) - n, SPLICE_F_MOVE);
		ASSERT(ret > 0, "splice returned %zd at %zu", ret, n);
		ASSERT_EQ(read(pi[0], in + n, ret), ret);
		n += ret;
	}
	EXPECT(!memcmp(in, out, sizeof(in)));
	EXPECT_EQ(splice(p.s, NULL, pi[1], NULL, 100, 0), 0);
	close(pi[0]);
	close(pi[1]);
	close_pair(&p);
}

TEST(splice_nonblock)
{
	struct pair p;
	int pi[2];

	open_pair(v, &p);
	ASSERT_EQ(pipe(pi), 0);
	nonblock(p.s);
	EXPECT_ERR(splice(p.s, NULL, pi[1], NULL, 100, SPLICE_F_NONBLOCK), EAGAIN);
	EXPECT_EQ(send(p.c, "abc", 3, 0), 3);
	EXPECT_EQ(events(p.s, POLLIN, SHORT_MS), POLLIN);
	EXPECT_EQ(splice(p.s, NULL, pi[1], NULL, 100, SPLICE_F_NONBLOCK), 3);
	close(pi[0]);
	close(pi[1]);
	close_pair(&p);
}

TEST(splice_to_socket)
{
	char out[30000], in[30000];
	struct pair p;
	int pi[2];
	ssize_t n = 0, ret;

	open_pair(v, &p);
	ASSERT_EQ(pipe(pi), 0);
	fill(out, sizeof(out), 34);
	EXPECT_EQ(write(pi[1], out, sizeof(out)), sizeof(out));
	while (n < (ssize_t)sizeof(out)) {
		ret = splice(pi[0], NULL, p.c, NULL, sizeof(out) - n,
			     n ? 0 : SPLICE_F_MORE);
		ASSERT(ret > 0);
		n += ret;
	}
	EXPECT_EQ(recv_all(p.s, in, sizeof(in)), sizeof(in));
	EXPECT(!memcmp(in, out, sizeof(in)));
	close(pi[0]);
	close(pi[1]);
	close_pair(&p);
}

TEST(tee_and_vmsplice)
{
	char out[4096] __attribute__((aligned(4096))), in[4096];
	struct iovec iov = { out, sizeof(out) };
	struct pair p;
	int a[2], b[2];

	open_pair(v, &p);
	ASSERT_EQ(pipe(a), 0);
	ASSERT_EQ(pipe(b), 0);
	fill(out, sizeof(out), 35);
	EXPECT_EQ(vmsplice(a[1], &iov, 1, 0), 4096);
	EXPECT_EQ(tee(a[0], b[1], 4096, 0), 4096);
	EXPECT_EQ(splice(a[0], NULL, p.c, NULL, 4096, 0), 4096);
	EXPECT_EQ(splice(b[0], NULL, p.c, NULL, 4096, 0), 4096);
	EXPECT_EQ(recv_all(p.s, in, 4096), 4096);
	EXPECT(!memcmp(in, out, 4096));
	EXPECT_EQ(recv_all(p.s, in, 4096), 4096);
	EXPECT(!memcmp(in, out, 4096));
	close_pair(&p);
}

/* A proxy in one process: socket -> pipe -> socket */
TEST(splice_proxy)
{
	struct pair p, q;
	struct job w = { .len = 500000 }, r = { .len = 500000, .flags = 36 };
	size_t n = 0;
	int pi[2];

	open_pair(v, &p);
	if (!v->encrypted) {
		/* The excluded port is taken once only. */
		close(p.l);
		p.l = -1;
	}
	open_pair(v, &q);
	ASSERT_EQ(pipe(pi), 0);
	w.fd = p.c;
	w.buf = malloc(w.len);
	fill(w.buf, w.len, 36);
	r.fd = q.s;
	job_start(&w, job_send_all);
	job_start(&r, job_drain);
	while (n < w.len) {
		ssize_t ret = splice(p.s, NULL, pi[1], NULL, 65536, SPLICE_F_MOVE);
		ssize_t out = 0, k;

		ASSERT(ret > 0);
		while (out < ret) {
			k = splice(pi[0], NULL, q.c, NULL, ret - out, SPLICE_F_MOVE);
			ASSERT(k > 0);
			out += k;
		}
		n += ret;
	}
	job_wait(&w);
	job_wait(&r);
	close_pair(&p);
	close_pair(&q);
}

TEST(zerocopy_send)
{
	char *buf = malloc(65536), ctl[256], in[1];
	struct msghdr mh = { .msg_control = ctl, .msg_controllen = sizeof(ctl) };
	struct sock_extended_err *ee;
	struct cmsghdr *cm;
	struct pair p;
	struct pollfd pfd;

	open_pair(v, &p);
	set_int(p.c, SOL_SOCKET, SO_ZEROCOPY, 1);
	fill(buf, 65536, 37);
	EXPECT_EQ(send(p.c, buf, 20000, MSG_ZEROCOPY), 20000);
	drain(p.s, 20000, 37);
	pfd.fd = p.c;
	pfd.events = 0;
	ASSERT_EQ(poll(&pfd, 1, SHORT_MS), 1);
	EXPECT_EQ(pfd.revents, POLLERR);
	ASSERT(recvmsg(p.c, &mh, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0);
	cm = CMSG_FIRSTHDR(&mh);
	ASSERT(cm);
	ee = (void *)CMSG_DATA(cm);
	EXPECT_EQ(ee->ee_errno, 0);
	EXPECT_EQ(ee->ee_origin, SO_EE_ORIGIN_ZEROCOPY);
	EXPECT_EQ(ee->ee_code, SO_EE_CODE_ZEROCOPY_COPIED);
	EXPECT_EQ(ee->ee_info, 0);
	/* The error queue does not disturb the stream. */
	EXPECT_ERR(recv(p.c, in, 1, MSG_DONTWAIT), EAGAIN);
	EXPECT_EQ(so_error(p.c), 0);
	close_pair(&p);
}

/* Without memory for the notification nothing is sent. */
TEST(zerocopy_no_memory)
{
	struct rlimit none = { 0, 0 };
	struct pair p;
	char b = 0;

	open_pair(v, &p);
	set_int(p.c, SOL_SOCKET, SO_ZEROCOPY, 1);
	/* what root has no limit of */
	ASSERT_EQ(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	ASSERT_EQ(setuid(65534), 0);
	EXPECT_ERR(send(p.c, "lost", 4, MSG_ZEROCOPY), ENOBUFS);
	EXPECT_EQ(send(p.c, "x", 1, 0), 1);
	EXPECT_EQ(recv(p.s, &b, 1, 0), 1);
	EXPECT_EQ(b, 'x');
	EXPECT_EQ(inq(p.s), 0);
	close_pair(&p);
}

TEST(zerocopy_receive_refused)
{
	uint64_t zc[8] = { 0 };
	socklen_t len = sizeof(zc);
	struct pair p;
	void *map;

	open_pair(v, &p);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, p.s, 0);
	if (v->encrypted) {
		EXPECT(map == MAP_FAILED);
		EXPECT(getsockopt(p.s, IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, zc, &len) < 0);
	} else {
		EXPECT(map != MAP_FAILED);
	}
	close_pair(&p);
}

TEST(repair_refused)
{
	struct pair p;
	int on = 1, ret;

	open_pair(v, &p);
	ret = setsockopt(p.c, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on));
	if (v->encrypted)
		EXPECT(ret < 0);
	else
		EXPECT(!ret || errno == EPERM);
	close_pair(&p);
}
