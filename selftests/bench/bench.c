// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a connection costs: bulk data, one-byte ping-pong, connections.
 *
 *	bench [-l PORT]... [-t PORT]... [-T PORT]...	serve; the ports of -t speak
 *			kTLS with AES-128-GCM, those of -T with ChaCha20-Poly1305
 *	bench -c ADDRESS -p PORT [-k | -K] [-e] -m bulk|pingpong|connect -n COUNT
 *
 * The client prints nanoseconds of CLOCK_MONOTONIC. kTLS (-k, -K) is TLS 1.3
 * with fixed keys: its handshake is not measured. With -e the connection has
 * to be encrypted by tcpcrypt, without it must not.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcpcrypt.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../tools/die.h"

#ifndef TCP_ULP
#define TCP_ULP 31
#endif
#ifndef SOL_TLS
#define SOL_TLS 282
#endif

#define CHUNK		65536
#define MAX_PORTS	8

struct command {
	char what;
	char pad[7];
	uint64_t count;
};

enum tls_kind {
	TLS_NONE,
	TLS_AES,
	TLS_CHACHA,
};

static char buf[CHUNK];

static void set_tls(int fd, enum tls_kind kind, bool server)
{
	struct tls12_crypto_info_aes_gcm_128 aes[2] = { {
		.info.version = TLS_1_3_VERSION,
		.info.cipher_type = TLS_CIPHER_AES_GCM_128,
		.iv = "iviviviv", .key = "keykeykeykeykey", .salt = "slt",
	} };
	struct tls12_crypto_info_chacha20_poly1305 chacha[2] = { {
		.info.version = TLS_1_3_VERSION,
		.info.cipher_type = TLS_CIPHER_CHACHA20_POLY1305,
		.iv = "iviviviviv", .key = "keykeykeykeykeykeykeykeykeykey",
	} };
	const bool is_aes = kind == TLS_AES;
	socklen_t len = is_aes ? sizeof(*aes) : sizeof(*chacha);
	const void *key[2] = {
		is_aes ? (void *)&aes[0] : &chacha[0],
		is_aes ? (void *)&aes[1] : &chacha[1],
	};

	/* a key for each direction */
	aes[1] = aes[0];
	aes[1].key[0] ^= 1;
	chacha[1] = chacha[0];
	chacha[1].key[0] ^= 1;
	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", 4))
		die("TCP_ULP tls");
	if (setsockopt(fd, SOL_TLS, TLS_TX, key[server], len) ||
	    setsockopt(fd, SOL_TLS, TLS_RX, key[!server], len))
		die("TLS keys");
}

static void put(int fd, const void *p, size_t len)
{
	ssize_t ret;

	while (len) {
		ret = send(fd, p, len, MSG_NOSIGNAL);
		if (ret <= 0)
			die("send");
		p = (const char *)p + ret;
		len -= ret;
	}
}

static bool get(int fd, void *p, size_t len)
{
	ssize_t ret;

	while (len) {
		ret = recv(fd, p, len, 0);
		if (ret < 0)
			die("recv");
		if (!ret)
			return false;
		p = (char *)p + ret;
		len -= ret;
	}
	return true;
}

static int new_socket(void)
{
	int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static void serve_one(int fd, enum tls_kind tls)
{
	struct command cmd;
	uint64_t n;
	ssize_t ret;
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (tls)
		set_tls(fd, tls, true);
	if (!get(fd, &cmd, sizeof(cmd)))
		return;
	switch (cmd.what) {
	case 'b':
		for (n = 0; n < cmd.count; n += ret) {
			ret = recv(fd, buf, sizeof(buf), 0);
			if (ret <= 0)
				die("recv");
		}
		put(fd, "k", 1);
		break;
	case 'p':
		for (n = 0; n < cmd.count && get(fd, buf, 1); n++)
			put(fd, buf, 1);
		break;
	case 'c':
		put(fd, "k", 1);
		break;
	}
	/* The client closes first: TIME_WAIT stays on its side. */
	(void)!recv(fd, buf, 1, 0);
}

static int serve(const int *ports, const enum tls_kind *tls, int nports)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct pollfd pfd[MAX_PORTS];
	int i, fd;

	for (i = 0; i < nports; i++) {
		pfd[i].fd = new_socket();
		pfd[i].events = POLLIN;
		in.sin_port = htons(ports[i]);
		if (bind(pfd[i].fd, (struct sockaddr *)&in, sizeof(in)) ||
		    listen(pfd[i].fd, 128))
			die("listen");
	}
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		/* Nobody comes for that long: the benchmark is over. */
		if (poll(pfd, nports, 600000) <= 0)
			return 0;
		for (i = 0; i < nports; i++) {
			if (!pfd[i].revents)
				continue;
			fd = accept(pfd[i].fd, NULL, NULL);
			if (fd < 0)
				die("accept");
			serve_one(fd, tls[i]);
			close(fd);
		}
	}
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static int dial(const struct sockaddr_in *in, enum tls_kind tls,
		bool encrypted)
{
	uint8_t id[64];
	socklen_t len = sizeof(id);
	int fd = new_socket();

	if (connect(fd, (struct sockaddr *)in, sizeof(*in)))
		die("connect");
	if (tls) {
		set_tls(fd, tls, false);
	} else if (getsockopt(fd, IPPROTO_TCP, TCP_ENO_SESSID, id, &len) !=
		 (encrypted ? 0 : -1)) {
		fprintf(stderr, "bench: the session ID: %s\n",
			encrypted ? strerror(errno) : "there is one");
		exit(1);
	}
	return fd;
}

static void say(int fd, char what, uint64_t count)
{
	struct command cmd = { .what = what, .count = count };

	put(fd, &cmd, sizeof(cmd));
}

int main(int argc, char **argv)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	int ports[MAX_PORTS], nports = 0, o, fd, port = 0;
	enum tls_kind kinds[MAX_PORTS] = { TLS_NONE }, tls = TLS_NONE;
	bool server = false, encrypted = false;
	const char *mode = "bulk";
	uint64_t n, i, t = 0;

	signal(SIGPIPE, SIG_IGN);
	while ((o = getopt(argc, argv, "l:t:T:kKc:p:m:n:e")) != -1) {
		switch (o) {
		case 'l':
		case 't':
		case 'T':
			if (nports == MAX_PORTS)
				return 2;
			server = true;
			kinds[nports] = o == 't' ? TLS_AES :
					o == 'T' ? TLS_CHACHA : TLS_NONE;
			ports[nports++] = atoi(optarg);
			break;
		case 'k':
			tls = TLS_AES;
			break;
		case 'K':
			tls = TLS_CHACHA;
			break;
		case 'c':
			if (inet_pton(AF_INET, optarg, &in.sin_addr) != 1)
				return 2;
			break;
		case 'p':
			port = atoi(optarg);
			break;
		case 'm':
			mode = optarg;
			break;
		case 'n':
			t = strtoull(optarg, NULL, 0);
			break;
		case 'e':
			encrypted = true;
			break;
		default:
			fputs("usage: bench {-l|-t|-T} PORT...\n"
			      "       bench -c ADDRESS -p PORT -m MODE -n COUNT [-k|-K] [-e]\n",
			      stderr);
			return 2;
		}
	}
	if (server)
		return serve(ports, kinds, nports);

	n = t;
	in.sin_port = htons(port);
	alarm(300);
	switch (mode[0]) {
	case 'b':
		fd = dial(&in, tls, encrypted);
		say(fd, 'b', n);
		t = now();
		for (i = 0; i < n; i += CHUNK)
			put(fd, buf, n - i < CHUNK ? n - i : CHUNK);
		if (!get(fd, buf, 1))
			die("early end");
		t = now() - t;
		close(fd);
		break;
	case 'p':
		fd = dial(&in, tls, encrypted);
		say(fd, 'p', n + 16);
		for (i = 0; i < n + 16; i++) {
			if (i == 16)
				t = now();
			put(fd, buf, 1);
			if (!get(fd, buf, 1))
				die("early end");
		}
		t = now() - t;
		close(fd);
		break;
	default:
		/* The first alone may load modules; it is not counted. */
		for (i = 0; i < n + 1; i++) {
			if (i == 1)
				t = now();
			fd = dial(&in, tls, encrypted);
			say(fd, 'c', 1);
			if (!get(fd, buf, 1))
				die("early end");
			close(fd);
		}
		t = now() - t;
	}
	printf("%llu\n", (unsigned long long)t);
	return 0;
}
