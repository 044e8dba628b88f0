// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many connections at once, opened and closed without end: an echo server and
 * a client that checks each echo and closes in every way there is.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "die.h"
#include "stream.h"

#define MAX_CONNS	2048
#define BUF_SIZE	16384
/* No connection may take longer than this: a hang is a failure. */
#define STALL_SECS	30

enum how { CLOSE_FIN, CLOSE_HALF, CLOSE_RST, CLOSE_UNREAD, CLOSE_EARLY, NHOW };

struct conn {
	int fd;
	bool connected;
	bool write_closed;
	enum how how;
	uint32_t want;
	struct stream tx;
	struct stream rx;
	time_t since;
	/* server: bytes read and not yet echoed */
	uint32_t off;
	uint32_t len;
	bool eof;
	uint8_t *buf;
};

static struct conn conns[MAX_CONNS];
static uint64_t opened, finished, failed, errors, closed_as[NHOW];
/* Errors are expected; wrong data, a false end and a hang are not */
static bool tolerant;
/* Run when the first one hangs: what does the system think of it? */
static const char *on_stall;
static char reason[160];
static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = 1;
}

/*
 * The memory that is not there must be the kernel's own: have all of ours
 * before any of it fails.
 */
static void lock_memory(void)
{
	const size_t size = 8 << 20;
	void *mem;

	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, 2 * size);
	mem = malloc(size);
	if (!mem)
		die("malloc");
	free(mem);
	if (mlockall(MCL_CURRENT))
		die("mlockall");
}

static void say_ready(void)
{
	if (tolerant)
		lock_memory();
	printf("ready\n");
	fflush(stdout);
}

static socklen_t make_addr(struct sockaddr_in6 *in6, const char *addr, int port)
{
	struct sockaddr_in *in = (void *)in6;

	memset(in6, 0, sizeof(*in6));
	if (addr && !strchr(addr, ':')) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		if (inet_pton(AF_INET, addr, &in->sin_addr) != 1)
			die("bad address");
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	if (addr && inet_pton(AF_INET6, addr, &in6->sin6_addr) != 1)
		die("bad address");
	return sizeof(*in6);
}

static void fail(const char *what, int err)
{
	if (tolerant && err) {
		errors++;
		return;
	}
	failed++;
	if (!reason[0])
		snprintf(reason, sizeof(reason), "%s: %s", what, errno_name(err));
}

/* ------------------------------------------------------------- the server */

static void set_reset(int fd)
{
	struct linger lg = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg));
}

/* What the server could not finish must not look like an end of file. */
static void server_close(struct conn *k, bool good)
{
	if (!good)
		set_reset(k->fd);
	close(k->fd);
	free(k->buf);
	k->fd = -1;
	finished++;
}

static void server_event(struct conn *k)
{
	ssize_t ret;

	for (;;) {
		while (k->off < k->len) {
			ret = send(k->fd, k->buf + k->off, k->len - k->off,
				   MSG_DONTWAIT | MSG_NOSIGNAL);
			if (ret < 0) {
				if (errno == EAGAIN)
					return;
				server_close(k, false);
				return;
			}
			k->off += ret;
		}
		ret = recv(k->fd, k->buf, BUF_SIZE, MSG_DONTWAIT);
		if (ret < 0 && errno == EAGAIN)
			return;
		if (ret <= 0) {
			server_close(k, !ret);
			return;
		}
		k->off = 0;
		k->len = ret;
	}
}

static int serve(const char *addr, int port, int seconds)
{
	struct epoll_event ev, evs[64];
	time_t end = time(NULL) + seconds;
	struct sockaddr_in6 sa;
	socklen_t len = make_addr(&sa, addr, port);
	int l, ep, n, i, on = 1, fd;

	l = socket(sa.sin6_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (l < 0 || bind(l, (struct sockaddr *)&sa, len) || listen(l, 1024))
		die("listen");
	ep = epoll_create1(0);
	ev.events = EPOLLIN;
	ev.data.ptr = NULL;
	epoll_ctl(ep, EPOLL_CTL_ADD, l, &ev);
	say_ready();
	while (!stop && time(NULL) < end) {
		n = epoll_wait(ep, evs, 64, 500);
		for (i = 0; i < n; i++) {
			struct conn *k = evs[i].data.ptr;

			if (k) {
				if (k->fd >= 0)
					server_event(k);
				continue;
			}
			fd = accept4(l, NULL, NULL, SOCK_NONBLOCK);
			if (fd < 0)
				continue;
			for (k = conns; k < conns + MAX_CONNS && k->fd >= 0; k++)
				;
			if (k == conns + MAX_CONNS) {
				close(fd);
				continue;
			}
			memset(k, 0, sizeof(*k));
			k->fd = fd;
			k->buf = malloc(BUF_SIZE);
			if (!k->buf)
				die("malloc");
			opened++;
			ev.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
			ev.data.ptr = k;
			if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev))
				server_close(k, false);
			else
				server_event(k);
		}
	}
	printf("opened=%llu finished=%llu\n", (unsigned long long)opened,
	       (unsigned long long)finished);
	return 0;
}

/* ------------------------------------------------------------- the client */

static void client_close(struct conn *k, bool good)
{
	if (k->how == CLOSE_RST || k->how == CLOSE_EARLY)
		set_reset(k->fd);
	close(k->fd);
	k->fd = -1;
	if (good) {
		finished++;
		closed_as[k->how]++;
	}
}

static void client_open(struct conn *k, int ep, struct sockaddr_in6 *sa,
			socklen_t len)
{
	struct epoll_event ev = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = k,
	};

	memset(k, 0, sizeof(*k));
	k->fd = socket(sa->sin6_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (k->fd < 0 && tolerant) {
		fail("socket", errno);
		return;
	}
	if (k->fd < 0)
		die("socket");
	k->how = random() % NHOW;
	k->want = 1 + random() % (random() % 4 ? 4096 : 65536);
	k->tx.seed = random();
	k->rx.seed = k->tx.seed;
	k->since = time(NULL);
	opened++;
	if (connect(k->fd, (struct sockaddr *)sa, len) && errno != EINPROGRESS) {
		fail("connect", errno);
		client_close(k, false);
		return;
	}
	if (epoll_ctl(ep, EPOLL_CTL_ADD, k->fd, &ev)) {
		if (!tolerant)
			die("epoll_ctl");
		fail("epoll_ctl", errno);
		client_close(k, false);
	}
}

static void client_event(struct conn *k, uint32_t events)
{
	uint8_t buf[BUF_SIZE], want[BUF_SIZE];
	socklen_t len = sizeof(int);
	ssize_t ret;
	int err = 0;
	size_t n;

	if (!k->connected) {
		if (!(events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
			return;
		getsockopt(k->fd, SOL_SOCKET, SO_ERROR, &err, &len);
		if (err) {
			fail("connect", err);
			client_close(k, false);
			return;
		}
		k->connected = true;
	}
	while (k->tx.off < k->want) {
		n = k->want - k->tx.off;
		if (n > sizeof(buf))
			n = sizeof(buf);
		stream_fill(&k->tx, buf, n);
		ret = send(k->fd, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (ret < 0) {
			if (errno == EAGAIN)
				break;
			fail("send", errno);
			client_close(k, false);
			return;
		}
		stream_advance(&k->tx, buf, ret);
		if (k->how == CLOSE_EARLY) {
			client_close(k, true);
			return;
		}
	}
	if (k->tx.off == k->want && k->how == CLOSE_HALF && !k->write_closed) {
		k->write_closed = true;
		if (shutdown(k->fd, SHUT_WR))
			fail("shutdown", errno);
	}
	for (;;) {
		ret = recv(k->fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (ret < 0) {
			if (errno == EAGAIN)
				return;
			fail("recv", errno);
			client_close(k, false);
			return;
		}
		if (!ret) {
			if (k->how != CLOSE_HALF || k->rx.off != k->want)
				fail("early end of file", 0);
			client_close(k, k->rx.off == k->want);
			return;
		}
		stream_fill(&k->rx, want, ret);
		if (memcmp(buf, want, ret)) {
			fail("wrong data", 0);
			client_close(k, false);
			return;
		}
		stream_advance(&k->rx, buf, ret);
		if (k->how == CLOSE_UNREAD && k->rx.off * 2 > k->want) {
			client_close(k, true);
			return;
		}
		if (k->rx.off == k->want && k->how != CLOSE_HALF) {
			client_close(k, true);
			return;
		}
	}
}

static void give_up(struct conn *k)
{
	struct sockaddr_in6 sa = { 0 };
	socklen_t len = sizeof(sa);

	getsockname(k->fd, (struct sockaddr *)&sa, &len);
	printf("stalled: port %d, sent %u, received %u of %u, closing %d\n",
	       ntohs(sa.sin6_port), (unsigned int)k->tx.off,
	       (unsigned int)k->rx.off, k->want, k->how);
	fflush(stdout);
	if (on_stall && system(on_stall))
		printf("\"%s\" failed\n", on_stall);
	on_stall = NULL;
	fail("stalled", 0);
	client_close(k, false);
}

static int churn(const char *addr, int port, int count, int seconds)
{
	struct epoll_event evs[64];
	struct sockaddr_in6 sa;
	socklen_t len = make_addr(&sa, addr, port);
	time_t now, end = time(NULL) + seconds, checked = 0;
	int ep = epoll_create1(0), n, i, live = 1;

	say_ready();
	for (;;) {
		now = time(NULL);
		if (now != checked) {
			checked = now;
			for (i = 0; i < count; i++)
				if (conns[i].fd >= 0 && now - conns[i].since > STALL_SECS)
					give_up(&conns[i]);
		}
		if (now >= end || stop) {
			for (live = 0, i = 0; i < count; i++)
				live += conns[i].fd >= 0;
			if (!live)
				break;
		}
		for (i = 0; now < end && !stop && i < count; i++)
			if (conns[i].fd < 0)
				client_open(&conns[i], ep, &sa, len);
		n = epoll_wait(ep, evs, 64, 200);
		for (i = 0; i < n; i++) {
			struct conn *k = evs[i].data.ptr;

			if (k->fd >= 0)
				client_event(k, evs[i].events);
		}
	}
	printf("opened=%llu finished=%llu failed=%llu errors=%llu",
	       (unsigned long long)opened, (unsigned long long)finished,
	       (unsigned long long)failed, (unsigned long long)errors);
	printf(" fin=%llu half=%llu rst=%llu unread=%llu early=%llu reason=\"%s\"\n",
	       (unsigned long long)closed_as[CLOSE_FIN],
	       (unsigned long long)closed_as[CLOSE_HALF],
	       (unsigned long long)closed_as[CLOSE_RST],
	       (unsigned long long)closed_as[CLOSE_UNREAD],
	       (unsigned long long)closed_as[CLOSE_EARLY], reason);
	return failed ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct rlimit rl = { .rlim_cur = 8192, .rlim_max = 8192 };
	struct sigaction sa = { .sa_handler = on_signal };
	const char *addr = NULL;
	int o, i, port = 7000, count = 200, seconds = 60;
	bool server = false;

	while ((o = getopt(argc, argv, "elc:p:n:s:x:")) != -1) {
		switch (o) {
		case 'e':
			tolerant = true;
			break;
		case 'l':
			server = true;
			break;
		case 'c':
			addr = optarg;
			break;
		case 'p':
			port = atoi(optarg);
			break;
		case 'n':
			count = atoi(optarg);
			break;
		case 's':
			seconds = atoi(optarg);
			break;
		case 'x':
			on_stall = optarg;
			break;
		default:
			goto usage;
		}
	}
	if ((!server && !addr) || count < 1 || count > MAX_CONNS)
		goto usage;
	for (i = 0; i < MAX_CONNS; i++)
		conns[i].fd = -1;
	setrlimit(RLIMIT_NOFILE, &rl);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	return server ? serve(addr, port, seconds) :
			churn(addr, port, count, seconds);
usage:
	fputs("usage: churn -l | -c ADDRESS [-p PORT] [-n COUNT] [-s SECONDS] [-e]\n"
	      "             [-x COMMAND]\n", stderr);
	return 2;
}
