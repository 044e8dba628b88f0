// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moves a known byte stream over one TCP connection and checks every byte and
 * the way the connection ends. Prints one line of key=value pairs per
 * connection; exits 0 only if everything was as the options say.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/tcpcrypt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "stream.h"

#ifndef TCP_ULP
#define TCP_ULP 31
#endif

#define CHUNK_MAX	(4U << 20)

enum io { IO_POLL, IO_EPOLL_ET, IO_THREADS };

static struct {
	bool server;
	int family;		/* 4, 6 or 46: IPv4-mapped */
	const char *addr;
	uint16_t port;
	uint64_t bytes;
	uint32_t chunk;
	bool c2s;
	bool s2c;
	bool half_close;
	enum io io;
	int expect;		/* -1 anything, 0 plain, 1 encrypted */
	const char *expect_err;
	const char *marker;
	uint64_t seed;
	int timeout;
	unsigned int count;
	bool tls;
	bool print;
	int hold_ms;
	int bufs;
	uint32_t mark;
} cfg = {
	.family = 4, .port = 7000, .bytes = 1 << 20, .chunk = 65536,
	.c2s = true, .s2c = true, .expect = -1, .timeout = 60, .count = 1,
	.seed = 0x7463706372797074ULL,
};

static struct {
	int fd;
	struct stream tx;
	struct stream rx;
	uint64_t to_send;
	uint64_t to_recv;
	bool tx_done;
	bool rx_done;
	bool eof;
	int tx_err;
	int rx_err;
	char reason[160];
	char sessid[2 * TCPCRYPT_SESSID_BYTES + 1];
	const char *tls;
	struct timespec start;
} c;

static pthread_mutex_t fail_lock = PTHREAD_MUTEX_INITIALIZER;

#define fail(...) do {							\
	pthread_mutex_lock(&fail_lock);					\
	if (!c.reason[0])						\
		snprintf(c.reason, sizeof(c.reason), __VA_ARGS__);	\
	pthread_mutex_unlock(&fail_lock);				\
} while (0)

static double elapsed(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - c.start.tv_sec +
	       (now.tv_nsec - c.start.tv_nsec) / 1e9;
}

static void report(void)
{
	printf("role=%s result=%s sent=%llu received=%llu",
	       cfg.server ? "server" : "client", c.reason[0] ? "fail" : "ok",
	       (unsigned long long)c.tx.off, (unsigned long long)c.rx.off);
	printf(" hash_sent=%016llx hash_received=%016llx",
	       (unsigned long long)c.tx.hash, (unsigned long long)c.rx.hash);
	printf(" sessid=%s eof=%d send_errno=%s recv_errno=%s",
	       c.sessid[0] ? c.sessid : "none", c.eof, errno_name(c.tx_err),
	       errno_name(c.rx_err));
	if (c.tls)
		printf(" tls=%s", c.tls);
	printf(" seconds=%.3f reason=\"%s\"\n", elapsed(), c.reason);
	fflush(stdout);
}

static void on_alarm(int sig)
{
	/* Not async-signal-safe, but the process ends here whatever happens. */
	signal(SIGALRM, SIG_DFL);
	alarm(2);
	snprintf(c.reason, sizeof(c.reason), "timeout after %d s", cfg.timeout);
	report();
	_exit(3);
}

static void die(const char *what)
{
	const char *error = errno_name(errno), *text = strerror(errno);

	printf("role=%s result=fail sent=0 received=0 sessid=none eof=0",
	       cfg.server ? "server" : "client");
	printf(" send_errno=%s recv_errno=%s reason=\"%s: %s\"\n", error,
	       error, what, text);
	fflush(stdout);
	exit(2);
}

/*
 * The connection can end before connect() has been scheduled again, and then
 * it is connect() that says how. Return: what that means for the exit code.
 */
static int connect_failed(void)
{
	const char *error = errno_name(errno);

	if (!cfg.expect_err || strcmp(error, cfg.expect_err))
		die("connect");
	memset(&c, 0, sizeof(c));
	clock_gettime(CLOCK_MONOTONIC, &c.start);
	c.rx_err = errno;
	report();
	return 0;
}

static socklen_t make_addr(struct sockaddr_storage *ss, const char *addr)
{
	struct sockaddr_in *in = (void *)ss;
	struct sockaddr_in6 *in6 = (void *)ss;
	char mapped[64];

	memset(ss, 0, sizeof(*ss));
	if (cfg.family == 4) {
		in->sin_family = AF_INET;
		in->sin_port = htons(cfg.port);
		if (inet_pton(AF_INET, addr ? addr : "0.0.0.0", &in->sin_addr) != 1)
			die("bad IPv4 address");
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(cfg.port);
	if (cfg.family == 46 && addr) {
		snprintf(mapped, sizeof(mapped), "::ffff:%s", addr);
		addr = mapped;
	}
	if (inet_pton(AF_INET6, addr ? addr : "::", &in6->sin6_addr) != 1)
		die("bad IPv6 address");
	return sizeof(*in6);
}

static int new_socket(void)
{
	int fd, on = 1;

	fd = socket(cfg.family == 4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);
	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (cfg.bufs) {
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &cfg.bufs, sizeof(cfg.bufs));
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &cfg.bufs, sizeof(cfg.bufs));
	}
	if (cfg.mark)
		setsockopt(fd, SOL_SOCKET, SO_MARK, &cfg.mark, sizeof(cfg.mark));
	return fd;
}

static void check_session(void)
{
	uint8_t id[64];
	socklen_t len = sizeof(id);
	unsigned int i;
	int err = 0;

	if (getsockopt(c.fd, IPPROTO_TCP, TCP_ENO_SESSID, id, &len))
		err = errno;
	if (!err && len == TCPCRYPT_SESSID_BYTES) {
		for (i = 0; i < len; i++)
			sprintf(c.sessid + 2 * i, "%02x", id[i]);
	} else {
		snprintf(c.sessid, sizeof(c.sessid), "%s",
			 err == ENOPROTOOPT ? "plain" : errno_name(err));
	}
	/* A stream that is spoilt at once may have failed by now. */
	if (cfg.expect == 1 && (err || len != TCPCRYPT_SESSID_BYTES) &&
	    !(cfg.expect_err && !strcmp(errno_name(err), cfg.expect_err)))
		fail("not encrypted: TCP_ENO_SESSID says %s, length %u",
		     errno_name(err), len);
	if (cfg.expect == 0 && err != ENOPROTOOPT)
		fail("not plain: TCP_ENO_SESSID says %s", errno_name(err));
	if (cfg.tls)
		c.tls = setsockopt(c.fd, IPPROTO_TCP, TCP_ULP, "tls", 4) ?
			errno_name(errno) : "ok";
}

static bool tx_finish(void)
{
	c.tx_done = true;
	/* Without half close the end of the stream comes with close(). */
	if (!cfg.half_close)
		return true;
	if (shutdown(c.fd, SHUT_WR)) {
		c.tx_err = errno;
		if (!cfg.expect_err)
			fail("shutdown: %s", strerror(errno));
		return false;
	}
	return true;
}

/* Send until @once or all is sent; false: would block, or an error. */
static bool do_send(uint8_t *buf, int flags)
{
	size_t n = cfg.chunk;
	ssize_t ret;

	if (n > c.to_send - c.tx.off)
		n = c.to_send - c.tx.off;
	stream_fill(&c.tx, buf, n);
	ret = send(c.fd, buf, n, flags | MSG_NOSIGNAL);
	if (ret < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return false;
		c.tx_err = errno;
		c.tx_done = true;
		if (!cfg.expect_err)
			fail("send at %llu: %s", (unsigned long long)c.tx.off,
			     strerror(errno));
		return false;
	}
	stream_advance(&c.tx, buf, ret);
	if (c.tx.off == c.to_send)
		return tx_finish();
	return true;
}

static bool do_recv(uint8_t *buf, uint8_t *want, int flags)
{
	ssize_t ret;
	size_t i;

	ret = recv(c.fd, buf, cfg.chunk, flags);
	if (ret < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return false;
		c.rx_err = errno;
		c.rx_done = true;
		c.tx_done = true;
		if (!cfg.expect_err)
			fail("recv at %llu: %s", (unsigned long long)c.rx.off,
			     strerror(errno));
		return false;
	}
	if (!ret) {
		c.eof = true;
		c.rx_done = true;
		if (c.rx.off != c.to_recv)
			fail("end of file at %llu of %llu",
			     (unsigned long long)c.rx.off,
			     (unsigned long long)c.to_recv);
		return false;
	}
	stream_fill(&c.rx, want, ret);
	if (memcmp(buf, want, ret)) {
		for (i = 0; buf[i] == want[i]; i++)
			;
		fail("wrong data at %llu", (unsigned long long)c.rx.off + i);
		c.rx_done = true;
		return false;
	}
	stream_advance(&c.rx, buf, ret);
	if (c.rx.off > c.to_recv) {
		fail("more data than was sent");
		c.rx_done = true;
		return false;
	}
	/* The end is read after our own half is closed, see run(). */
	if (c.rx.off == c.to_recv && !cfg.half_close && !cfg.expect_err)
		c.rx_done = true;
	return true;
}

static void io_poll(uint8_t *tx, uint8_t *rx, uint8_t *want)
{
	struct pollfd pfd = { .fd = c.fd };

	while (!c.tx_done || !c.rx_done) {
		pfd.events = (c.tx_done ? 0 : POLLOUT) | (c.rx_done ? 0 : POLLIN);
		if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
			die("poll");
		if (pfd.revents & POLLERR && c.tx_done && c.rx_done)
			break;
		if (!c.rx_done && pfd.revents & (POLLIN | POLLERR | POLLHUP))
			do_recv(rx, want, MSG_DONTWAIT);
		if (!c.tx_done && pfd.revents & (POLLOUT | POLLERR | POLLHUP))
			do_send(tx, MSG_DONTWAIT);
	}
}

/* A lost edge shows as a timeout: nothing is tried without an event. */
static void io_epoll_et(uint8_t *tx, uint8_t *rx, uint8_t *want)
{
	struct epoll_event ev = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
	};
	int ep = epoll_create1(0);

	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, c.fd, &ev))
		die("epoll");
	while (!c.tx_done || !c.rx_done) {
		if (epoll_wait(ep, &ev, 1, -1) < 0) {
			if (errno == EINTR)
				continue;
			die("epoll_wait");
		}
		if (ev.events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP))
			while (!c.rx_done && do_recv(rx, want, MSG_DONTWAIT))
				;
		if (ev.events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
			while (!c.tx_done && do_send(tx, MSG_DONTWAIT))
				;
	}
	close(ep);
}

static void *sender(void *buf)
{
	while (!c.tx_done)
		do_send(buf, 0);
	return NULL;
}

static void io_threads(uint8_t *tx, uint8_t *rx, uint8_t *want)
{
	pthread_t t;

	if (pthread_create(&t, NULL, sender, tx))
		die("pthread_create");
	while (!c.rx_done)
		do_recv(rx, want, 0);
	pthread_join(t, NULL);
}

static int run(int fd)
{
	static uint8_t *tx, *rx, *want;
	ssize_t ret;
	char b;

	memset(&c, 0, sizeof(c));
	clock_gettime(CLOCK_MONOTONIC, &c.start);
	c.fd = fd;
	c.tx.seed = cfg.seed + cfg.server;
	c.rx.seed = cfg.seed + !cfg.server;
	c.tx.marker = cfg.marker;
	c.rx.marker = cfg.marker;
	c.to_send = (cfg.server ? cfg.s2c : cfg.c2s) ? cfg.bytes : 0;
	c.to_recv = (cfg.server ? cfg.c2s : cfg.s2c) ? cfg.bytes : 0;
	if (!tx) {
		tx = malloc(cfg.chunk);
		rx = malloc(cfg.chunk);
		want = malloc(cfg.chunk);
		if (!tx || !rx || !want)
			die("malloc");
	}
	check_session();
	if (!c.to_send)
		tx_finish();
	if (!c.to_recv && !cfg.half_close && !cfg.expect_err)
		c.rx_done = true;

	if (cfg.io == IO_POLL)
		io_poll(tx, rx, want);
	else if (cfg.io == IO_EPOLL_ET)
		io_epoll_et(tx, rx, want);
	else
		io_threads(tx, rx, want);

	/*
	 * Without half close in both: the client closes its half once it has
	 * everything, the server sees that and closes.
	 */
	if (!cfg.half_close && !cfg.expect_err && !c.reason[0]) {
		if (!cfg.server && shutdown(fd, SHUT_WR))
			fail("shutdown: %s", strerror(errno));
		ret = recv(fd, &b, 1, 0);
		if (ret < 0) {
			c.rx_err = errno;
			fail("recv at the end: %s", strerror(errno));
		} else if (ret > 0) {
			fail("data after the end");
		} else {
			c.eof = true;
		}
	}
	if (c.eof && recv(fd, &b, 1, 0) != 0)
		fail("end of file is not sticky");
	if (cfg.expect_err) {
		if (strcmp(errno_name(c.rx_err), cfg.expect_err))
			fail("recv ended with %s, eof %d; expected %s",
			     errno_name(c.rx_err), c.eof, cfg.expect_err);
		/* The error of a spoilt stream stays; a reset is told once. */
		else if (!strcmp(cfg.expect_err, "EBADMSG") &&
			 (recv(fd, &b, 1, 0) != -1 || errno != EBADMSG))
			fail("the error is not sticky");
	}
	if (cfg.hold_ms)
		usleep(cfg.hold_ms * 1000);
	report();
	close(fd);
	return c.reason[0] ? 1 : 0;
}

static int serve(void)
{
	struct sockaddr_storage ss;
	socklen_t len = make_addr(&ss, cfg.addr);
	unsigned int i;
	int l, fd, rc = 0;

	l = new_socket();
	if (bind(l, (struct sockaddr *)&ss, len))
		die("bind");
	if (listen(l, 128))
		die("listen");
	printf("ready\n");
	fflush(stdout);
	for (i = 0; !cfg.count || i < cfg.count; i++) {
		if (i)
			alarm(cfg.timeout);
		fd = accept(l, NULL, NULL);
		if (fd < 0)
			die("accept");
		rc |= run(fd);
	}
	close(l);
	return rc;
}

static int connect_out(void)
{
	struct sockaddr_storage ss;
	socklen_t len = make_addr(&ss, cfg.addr);
	struct pollfd pfd;
	unsigned int i;
	int fd, err, rc = 0;

	for (i = 0; i < cfg.count; i++) {
		fd = new_socket();
		err = 0;
		if (cfg.io == IO_EPOLL_ET) {
			fcntl(fd, F_SETFL, O_NONBLOCK);
			if (connect(fd, (struct sockaddr *)&ss, len) &&
			    errno != EINPROGRESS)
				die("connect");
			pfd.fd = fd;
			pfd.events = POLLOUT;
			poll(&pfd, 1, -1);
			len = sizeof(err);
			if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len))
				die("SO_ERROR");
			fcntl(fd, F_SETFL, 0);
			len = make_addr(&ss, cfg.addr);
		} else if (connect(fd, (struct sockaddr *)&ss, len)) {
			err = errno;
		}
		errno = err;
		rc |= err ? connect_failed() : run(fd);
	}
	return rc;
}

static uint64_t size_arg(const char *s)
{
	char *end;
	uint64_t v = strtoull(s, &end, 0);

	if (*end == 'k')
		v <<= 10;
	else if (*end == 'M')
		v <<= 20;
	return v;
}

static const char usage_text[] =
"usage: xfer -l [options]            be the server\n"
"       xfer -c ADDRESS [options]    be the client\n"
"  -p PORT        (7000)\n"
"  -4 | -6 | -m   IPv4, IPv6, IPv4-mapped\n"
"  -b BYTES       per direction, k and M understood (1M)\n"
"  -k CHUNK       bytes per send and recv call (64k)\n"
"  -d both|c2s|s2c\n"
"  -H             close the sending half when all is sent, read to the end\n"
"  -e             epoll, edge-triggered\n"
"  -B             blocking calls, one thread per direction\n"
"  -n COUNT       connections, one after the other (server: 0 without end)\n"
"  -t SECONDS     bound on the whole run (60)\n"
"  --expect plain|encrypted   check TCP_ENO_SESSID\n"
"  --expect-error NAME        recv must end with this error, e.g. EBADMSG\n"
"  --marker TEXT  send this text again and again\n"
"  --seed N       of the pseudo-random stream\n"
"  --tls          try to attach the ULP 'tls' and say what came of it\n"
"  --hold MS      keep the connection that long after the transfer\n"
"  --bufs BYTES   SO_SNDBUF and SO_RCVBUF\n"
"  --mark N       SO_MARK\n"
"  --print-sessid print the session ID alone on a line as well\n";

static void usage(void)
{
	fputs(usage_text, stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "expect", 1, NULL, 'x' }, { "expect-error", 1, NULL, 'X' },
		{ "marker", 1, NULL, 'M' }, { "seed", 1, NULL, 'S' },
		{ "tls", 0, NULL, 'T' }, { "hold", 1, NULL, 'h' },
		{ "bufs", 1, NULL, 'u' }, { "mark", 1, NULL, 'K' },
		{ "print-sessid", 0, NULL, 'P' }, { NULL, 0, NULL, 0 }
	};
	struct sigaction sa = { .sa_handler = on_alarm };
	bool role = false;
	int o, rc;

	while ((o = getopt_long(argc, argv, "lc:p:46mb:k:d:HeBn:t:", opts, NULL)) != -1) {
		switch (o) {
		case 'l':
			cfg.server = true;
			role = true;
			break;
		case 'c':
			cfg.addr = optarg;
			role = true;
			break;
		case 'p':
			cfg.port = atoi(optarg);
			break;
		case '4':
			cfg.family = 4;
			break;
		case '6':
			cfg.family = 6;
			break;
		case 'm':
			cfg.family = 46;
			break;
		case 'b':
			cfg.bytes = size_arg(optarg);
			break;
		case 'k':
			cfg.chunk = size_arg(optarg);
			break;
		case 'd':
			cfg.c2s = strcmp(optarg, "s2c");
			cfg.s2c = strcmp(optarg, "c2s");
			break;
		case 'H':
			cfg.half_close = true;
			break;
		case 'e':
			cfg.io = IO_EPOLL_ET;
			break;
		case 'B':
			cfg.io = IO_THREADS;
			break;
		case 'n':
			cfg.count = atoi(optarg);
			break;
		case 't':
			cfg.timeout = atoi(optarg);
			break;
		case 'x':
			cfg.expect = !strcmp(optarg, "encrypted") ? 1 :
				     !strcmp(optarg, "plain") ? 0 : -1;
			break;
		case 'X':
			cfg.expect_err = optarg;
			break;
		case 'M':
			cfg.marker = optarg;
			break;
		case 'S':
			cfg.seed = strtoull(optarg, NULL, 0);
			break;
		case 'T':
			cfg.tls = true;
			break;
		case 'h':
			cfg.hold_ms = atoi(optarg);
			break;
		case 'u':
			cfg.bufs = size_arg(optarg);
			break;
		case 'K':
			cfg.mark = strtoul(optarg, NULL, 0);
			break;
		case 'P':
			cfg.print = true;
			break;
		default:
			usage();
		}
	}
	if (!role || optind != argc || !cfg.chunk || cfg.chunk > CHUNK_MAX)
		usage();
	clock_gettime(CLOCK_MONOTONIC, &c.start);
	sigaction(SIGALRM, &sa, NULL);
	alarm(cfg.timeout);
	rc = cfg.server ? serve() : connect_out();
	if (cfg.print)
		printf("%s\n", c.sessid);
	return rc;
}
