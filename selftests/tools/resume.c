// SPDX-License-Identifier: GPL-2.0-only
/*
 * resume - connections between two hosts, one after the other or at once, and
 * what each end knows of them.
 *
 *	resume -l [-t TEP] ADDR PORT		the passive end
 *	resume ADDR PORT [-n N] [-j JOBS] [-d BYTES] [-q MS]
 *
 * On each connection the client sends a few bytes and the server sends them
 * back behind its own record of the session: session ID, TEP byte and role.
 * The client compares it with its own. It prints one line for each connection,
 * in the order they ended,
 *
 *	conn i=0 resumed=1 role=a tep=a3 sessid=..
 *
 * and a summary; it fails unless every connection was encrypted, both ends
 * agreed, and no session ID came twice. With -t the passive end allows only
 * that key exchange.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/tcpcrypt.h>

#include "die.h"

#define PATIENCE	60	/* seconds any call may take */

struct record {
	uint8_t sessid[TCPCRYPT_SESSID_BYTES];
	uint8_t tep;
	uint8_t role;
	uint8_t err;
};

struct conn {
	struct record r;
	const char *failed;
};

static struct sockaddr_storage addr;
static socklen_t addr_len;
static unsigned int count = 1, jobs = 1, bytes = 64, pause_ms;
static uint8_t only_tep;
static struct conn *conns;
static unsigned int next_conn, ended;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void patience(int fd)
{
	struct timeval tv = { .tv_sec = PATIENCE };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

static void get_record(int fd, struct record *r)
{
	socklen_t len = sizeof(r->sessid);
	int value = 0;

	memset(r, 0, sizeof(*r));
	if (getsockopt(fd, IPPROTO_TCP, TCP_ENO_SESSID, r->sessid, &len)) {
		r->err = errno;
		return;
	}
	len = sizeof(value);
	if (getsockopt(fd, IPPROTO_TCP, TCP_ENO_NEGTEP, &value, &len))
		r->err = errno;
	r->tep = value;
	len = sizeof(value);
	if (getsockopt(fd, IPPROTO_TCP, TCP_ENO_ROLE, &value, &len))
		r->err = errno;
	r->role = value;
}

static int read_all(int fd, void *buf, size_t len)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = recv(fd, (char *)buf + got, len - got, 0);

		if (n <= 0)
			return -1;
		got += n;
	}
	return 0;
}

static int write_all(int fd, const void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = send(fd, (const char *)buf + done, len - done,
				 MSG_NOSIGNAL);

		if (n <= 0)
			return -1;
		done += n;
	}
	return 0;
}

static void *serve_one(void *arg)
{
	int fd = (int)(intptr_t)arg;
	struct record r;
	char buf[4096];
	ssize_t n;
	int sent = 0;

	patience(fd);
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0) {
		if (!sent) {
			get_record(fd, &r);
			if (write_all(fd, &r, sizeof(r)))
				break;
			sent = 1;
		}
		if (write_all(fd, buf, n))
			break;
	}
	close(fd);
	return NULL;
}

static void allow_only(int fd)
{
	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tcpcrypt", 8) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_ENO_TEPS, &only_tep, 1))
		die("TCP_ENO_TEPS");
}

static void serve(void)
{
	pthread_attr_t attr;
	int one = 1, fd;

	fd = socket(addr.ss_family, SOCK_STREAM, 0);
	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	one = 0;
	if (only_tep)
		allow_only(fd);
	if (addr.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&addr, addr_len) || listen(fd, 1024))
		die("listen");
	printf("ready\n");
	fflush(stdout);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 128 << 10);
	for (;;) {
		int conn = accept(fd, NULL, NULL);
		pthread_t thread;

		if (conn < 0)
			die("accept");
		if (pthread_create(&thread, &attr, serve_one,
				   (void *)(intptr_t)conn))
			close(conn);
	}
}

static const char *talk(int fd, struct record *mine)
{
	struct record peer;
	char out[4096], in[4096];

	memset(out, 'x', sizeof(out));
	if (write_all(fd, out, bytes))
		return "send";
	if (read_all(fd, &peer, sizeof(peer)))
		return "receive the record";
	if (read_all(fd, in, bytes) || memcmp(in, out, bytes))
		return "receive the echo";
	get_record(fd, mine);
	if (mine->err)
		return "not encrypted here";
	if (peer.err)
		return "not encrypted there";
	if (memcmp(mine->sessid, peer.sessid, sizeof(peer.sessid)) ||
	    mine->tep != peer.tep || mine->role == peer.role ||
	    mine->sessid[0] != mine->tep)
		return "the ends disagree";
	if (shutdown(fd, SHUT_WR) || recv(fd, in, 1, 0))
		return "end of file";
	return NULL;
}

static void client_one(struct conn *c)
{
	int fd = socket(addr.ss_family, SOCK_STREAM, 0);

	if (fd < 0)
		die("socket");
	patience(fd);
	if (connect(fd, (struct sockaddr *)&addr, addr_len))
		c->failed = "connect";
	else
		c->failed = talk(fd, &c->r);
	if (c->failed)
		fprintf(stderr, "resume: %s: %s\n", c->failed, strerror(errno));
	close(fd);
}

static void print_conn(const struct conn *c)
{
	unsigned int i;

	printf("conn i=%u resumed=%d role=%c tep=%02x sessid=", ended++,
	       !!(c->r.tep & 0x80), c->r.role ? 'b' : 'a', c->r.tep);
	for (i = 0; i < sizeof(c->r.sessid); i++)
		printf("%02x", c->r.sessid[i]);
	printf("%s%s\n", c->failed ? " failed=" : "", c->failed ?: "");
	fflush(stdout);
}

static void *client(void *arg)
{
	for (;;) {
		struct conn *c;

		pthread_mutex_lock(&lock);
		c = next_conn < count ? &conns[next_conn++] : NULL;
		pthread_mutex_unlock(&lock);
		if (!c)
			return NULL;
		client_one(c);
		pthread_mutex_lock(&lock);
		print_conn(c);
		pthread_mutex_unlock(&lock);
		if (pause_ms)
			usleep(pause_ms * 1000);
	}
}

static int compare(const void *a, const void *b)
{
	const struct conn *x = a, *y = b;

	return memcmp(x->r.sessid, y->r.sessid, sizeof(x->r.sessid));
}

static int summary(void)
{
	unsigned int i, resumed = 0, failed = 0, twice = 0;

	qsort(conns, count, sizeof(*conns), compare);
	for (i = 0; i < count; i++) {
		if (conns[i].failed) {
			failed++;
			continue;
		}
		resumed += !!(conns[i].r.tep & 0x80);
		twice += i && !conns[i - 1].failed &&
			 !compare(&conns[i - 1], &conns[i]);
	}
	printf("connections=%u resumed=%u failed=%u twice=%u\n", count,
	       resumed, failed, twice);
	return failed || twice;
}

static int connect_all(void)
{
	pthread_t *threads = calloc(jobs, sizeof(*threads));
	unsigned int i;

	conns = calloc(count, sizeof(*conns));
	if (!threads || !conns)
		die("calloc");
	for (i = 0; i < jobs; i++)
		if (pthread_create(&threads[i], NULL, client, NULL))
			die("pthread_create");
	for (i = 0; i < jobs; i++)
		pthread_join(threads[i], NULL);
	return summary();
}

int main(int argc, char **argv)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	}, *ai;
	int c, listening = 0;

	while ((c = getopt(argc, argv, "ln:j:d:q:t:")) != -1) {
		switch (c) {
		case 'l':
			listening = 1;
			break;
		case 'n':
			count = atoi(optarg);
			break;
		case 'j':
			jobs = atoi(optarg);
			break;
		case 'd':
			bytes = atoi(optarg);
			break;
		case 'q':
			pause_ms = atoi(optarg);
			break;
		case 't':
			only_tep = strtoul(optarg, NULL, 16);
			break;
		default:
			return 2;
		}
	}
	if (argc - optind != 2 || !count || !jobs || bytes > 4096 ||
	    getaddrinfo(argv[optind], argv[optind + 1], &hints, &ai)) {
		fprintf(stderr,
			"usage: resume [-l [-t TEP]] [-n N] [-j JOBS] [-d BYTES] [-q MS] ADDR PORT\n");
		return 2;
	}
	memcpy(&addr, ai->ai_addr, ai->ai_addrlen);
	addr_len = ai->ai_addrlen;
	signal(SIGPIPE, SIG_IGN);
	if (listening)
		serve();
	return connect_all();
}
