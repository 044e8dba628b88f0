// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections and processes, threads and signals.
 */
#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "semantics.h"

TEST(forked_server)
{
	char buf[1000], in[1000];
	struct pair p;
	pid_t pid;
	int st, i;

	new_listener(v, &p, 8);
	pid = fork();
	if (!pid) {
		for (i = 0; i < 3; i++) {
			int s = accept(p.l, NULL, NULL);

			if (s < 0)
				_exit(1);
			if (!fork()) {
				ssize_t n;

				close(p.l);
				while ((n = recv(s, buf, sizeof(buf), 0)) > 0)
					send_all(s, buf, n);
				_exit(n < 0);
			}
			close(s);
		}
		for (i = 0; i < 3; i++) {
			wait(&st);
			if (st)
				_exit(2);
		}
		_exit(0);
	}
	close(p.l);
	for (i = 0; i < 3; i++) {
		p.c = new_socket(v);
		ASSERT_EQ(connect(p.c, &p.addr.sa, p.len), 0);
		check_mode(v, p.c);
		fill(buf, sizeof(buf), 26 + i);
		EXPECT_EQ(send_all(p.c, buf, sizeof(buf)), sizeof(buf));
		EXPECT_EQ(recv_all(p.c, in, sizeof(in)), sizeof(in));
		EXPECT(!memcmp(buf, in, sizeof(in)));
		EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
		EXPECT_EQ(recv(p.c, in, 1, 0), 0);
		close(p.c);
	}
	EXPECT_EQ(waitpid(pid, &st, 0), pid);
	EXPECT_EQ(st, 0);
}

TEST(dup_keeps_open)
{
	struct pair p;
	char in[4];
	int d;

	open_pair(v, &p);
	d = dup(p.c);
	ASSERT(d >= 0);
	EXPECT_EQ(close(p.c), 0);
	EXPECT_EQ(events(p.s, POLLIN, QUIET_MS), 0);
	EXPECT_EQ(send(d, "abc", 3, 0), 3);
	EXPECT_EQ(recv_all(p.s, in, 3), 3);
	check_mode(v, d);
	EXPECT_EQ(close(d), 0);
	EXPECT_EQ(recv(p.s, in, 3, 0), 0);
	close(p.s);
	close(p.l);
}

TEST(fd_passing)
{
	char ctl[CMSG_SPACE(sizeof(int))] = { 0 }, b = 0;
	struct iovec iov = { &b, 1 };
	struct msghdr mh = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl, .msg_controllen = sizeof(ctl),
	};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&mh);
	struct pair p;
	int sp[2], st;
	pid_t pid;

	open_pair(v, &p);
	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sp), 0);
	pid = fork();
	if (!pid) {
		int fd;

		close(p.s);
		if (recvmsg(sp[1], &mh, 0) != 1)
			_exit(1);
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&mh)), sizeof(fd));
		_exit(send(fd, "passed", 6, 0) != 6);
	}
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cm), &p.s, sizeof(int));
	EXPECT_EQ(sendmsg(sp[0], &mh, 0), 1);
	close(p.s);
	EXPECT_EQ(waitpid(pid, &st, 0), pid);
	EXPECT_EQ(st, 0);
	close(sp[0]);
	close(sp[1]);
	{
		char in[16];

		EXPECT_EQ(recv_all(p.c, in, 16), 6);
	}
	close(p.c);
	close(p.l);
}

static void on_alarm(int sig)
{
}

static void alarm_in(int ms)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval it = { .it_value.tv_usec = ms * 1000 };

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
}

TEST(eintr_recv)
{
	struct pair p;
	char in[4];

	open_pair(v, &p);
	alarm_in(100);
	EXPECT_ERR(recv(p.s, in, 4, 0), EINTR);
	EXPECT_EQ(send(p.c, "abc", 3, 0), 3);
	EXPECT_EQ(recv_all(p.s, in, 3), 3);
	/* MSG_WAITALL gives what it has got. */
	EXPECT_EQ(send(p.c, "ab", 2, 0), 2);
	EXPECT_EQ(wait_inq(p.s, 2), 2);
	alarm_in(100);
	EXPECT_EQ(recv(p.s, in, 4, MSG_WAITALL), 2);
	close_pair(&p);
}

TEST(eintr_send)
{
	struct prep prep = { small_buffers, small_buffers };
	struct pair p;
	size_t n;
	char *big = malloc(1 << 20);
	ssize_t ret;

	open_pair_prep(v, &p, &prep);
	n = fill_up(p.c, 27);
	alarm_in(100);
	EXPECT_ERR(send(p.c, "x", 1, 0), EINTR);
	drain(p.s, n, 27);
	/* A large write that has begun returns how far it came. */
	fill(big, 1 << 20, 28);
	alarm_in(100);
	ret = send(p.c, big, 1 << 20, 0);
	EXPECT(ret > 0 && ret < 1 << 20, "send returned %zd", ret);
	if (ret > 0)
		drain(p.s, ret, 28);
	EXPECT_EQ(inq(p.s), 0);
	close_pair(&p);
}

TEST(sigkill_in_send)
{
	struct prep prep = { small_buffers, small_buffers };
	char *big = calloc(1, 1 << 20);
	struct pollfd pfd;
	struct pair p;
	pid_t pid;
	int st;
	size_t n = 0;
	ssize_t ret;

	open_pair_prep(v, &p, &prep);
	pid = fork();
	if (!pid) {
		close(p.s);
		close(p.l);
		send(p.c, big, 1 << 20, 0);
		_exit(0);
	}
	close(p.c);
	/* it has begun to send, and soon finds no more room */
	pfd = (struct pollfd){ .fd = p.s, .events = POLLIN };
	EXPECT_EQ(poll(&pfd, 1, 20000), 1);
	usleep(100000);
	EXPECT_EQ(kill(pid, SIGKILL), 0);
	EXPECT_EQ(waitpid(pid, &st, 0), pid);
	EXPECT(WIFSIGNALED(st));
	/* What was taken arrives, then the end. */
	while ((ret = recv(p.s, big, 65536, 0)) > 0)
		n += ret;
	EXPECT_EQ(ret, 0);
	EXPECT(n > 0 && n < 1 << 20);
	close(p.s);
	close(p.l);
}

TEST(sigkill_in_recv)
{
	struct pair p;
	char in[4];
	pid_t pid;
	int st;

	open_pair(v, &p);
	pid = fork();
	if (!pid) {
		close(p.c);
		close(p.l);
		recv(p.s, in, 4, 0);
		_exit(0);
	}
	close(p.s);
	usleep(50000);
	EXPECT_EQ(kill(pid, SIGKILL), 0);
	EXPECT_EQ(waitpid(pid, &st, 0), pid);
	EXPECT_EQ(recv(p.c, in, 4, 0), 0);
	close(p.c);
	close(p.l);
}

TEST(two_threads_send)
{
	struct job a = { .len = 300000 }, b = { .len = 300000 };
	struct pair p;
	size_t n = 0, na = 0;
	char buf[16384];
	ssize_t ret, i;

	open_pair(v, &p);
	a.fd = p.c;
	b.fd = p.c;
	a.buf = malloc(a.len);
	b.buf = malloc(b.len);
	memset(a.buf, 'a', a.len);
	memset(b.buf, 'b', b.len);
	job_start(&a, job_send_all);
	job_start(&b, job_send_all);
	while (n < 600000) {
		ret = recv(p.s, buf, sizeof(buf), 0);
		ASSERT(ret > 0);
		for (i = 0; i < ret; i++) {
			ASSERT(buf[i] == 'a' || buf[i] == 'b');
			na += buf[i] == 'a';
		}
		n += ret;
	}
	job_wait(&a);
	job_wait(&b);
	EXPECT_EQ(na, 300000);
	close_pair(&p);
}

static void job_recv_count(struct job *j)
{
	char buf[3000];
	ssize_t ret;

	j->ret = 0;
	while ((ret = recv(j->fd, buf, sizeof(buf), 0)) > 0)
		j->ret += ret;
	j->err = ret < 0 ? errno : 0;
}

TEST(two_threads_recv)
{
	struct job a = { 0 }, b = { 0 };
	struct pair p;
	char *big = calloc(1, 500000);

	open_pair(v, &p);
	a.fd = p.s;
	b.fd = p.s;
	job_start(&a, job_recv_count);
	job_start(&b, job_recv_count);
	EXPECT_EQ(send_all(p.c, big, 500000), 500000);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	job_wait(&a);
	job_wait(&b);
	EXPECT_EQ(a.ret + b.ret, 500000);
	EXPECT_EQ(a.err, 0);
	EXPECT_EQ(b.err, 0);
	close_pair(&p);
}
