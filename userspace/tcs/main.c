// SPDX-License-Identifier: GPL-2.0-only
/*
 * tcs - the server for tcpcryptd's test of the network
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "../common/home.h"
#include "../libtcpcrypt/tcpcrypt.h"

#define CLIENTS		256
#define SEEN		1024
#define CLIENT_SECONDS	10

/* Segments looked at in a row */
#define BATCH		1024

/* TCP-ENO, RFC 8547; and its number in the drafts, with a magic number */
#define OPT_ENO		69
#define OPT_EXPERIMENT	253
#define ENO_MAGIC	0x454e

/* What the last byte of a reply says */
#define FLAG_SEEN_ENO	1

struct client {
	int fd;			/* -1: free */
	struct sockaddr_in6 peer;
	uint16_t port;		/* ours, host order */
	time_t since;
	char buf[128];
	size_t got;
};

/* A SYN that offered encryption */
struct seen {
	struct in6_addr addr;
	uint16_t sport;
	uint16_t dport;
};

static struct client clients[CLIENTS];
static struct seen seen[SEEN];
static unsigned int next_seen;

static const uint16_t ports[] = { 80, 7777 };

enum { FD_RAW4, FD_RAW6, FD_LISTEN, FDS = FD_LISTEN + 2 };

static struct pollfd fds[FDS + CLIENTS];

static void usage(FILE *to)
{
	fputs("Usage: tcs [OPTION...] [ADDRESS]\n"
	      "Serve tcpcryptd's test of the network on ports 80 and 7777.\n"
	      "\n"
	      "  -U, --user USER   user to become (" JAIL_USER ")\n"
	      "  -J, --jail DIR    directory to be locked up in (none)\n"
	      "  -h, --help        show this and exit\n"
	      "  -V, --version     show the version and exit\n",
	      to);
}

static void now_text(char text[32])
{
	time_t t = time(NULL);
	struct tm tm;

	strftime(text, 32, "%m/%d/%y %H:%M:%S", localtime_r(&t, &tm));
}

/* IPv4 addresses as people write them */
static void addr_text(const struct in6_addr *addr, char ip[INET6_ADDRSTRLEN])
{
	if (IN6_IS_ADDR_V4MAPPED(addr))
		inet_ntop(AF_INET, addr->s6_addr + 12, ip, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, addr, ip, INET6_ADDRSTRLEN);
}

/* -------------------------------------------------------------------- SYNs */

/* Is there a TCP-ENO option among these? */
static bool has_eno(const uint8_t *opt, size_t len)
{
	size_t i = 0;

	while (i < len && opt[i] != TCPOPT_EOL) {
		if (opt[i] == TCPOPT_NOP) {
			i++;
			continue;
		}
		if (i + 1 >= len || opt[i + 1] < 2 || i + opt[i + 1] > len)
			return false;
		if (opt[i] == OPT_ENO)
			return true;
		if (opt[i] == OPT_EXPERIMENT && opt[i + 1] >= 4 &&
		    (opt[i + 2] << 8 | opt[i + 3]) == ENO_MAGIC)
			return true;
		i += opt[i + 1];
	}
	return false;
}

static void on_segment(const uint8_t *p, size_t len, const struct in6_addr *from)
{
	struct tcphdr th;
	struct seen *s;

	if (len < sizeof(th))
		return;
	memcpy(&th, p, sizeof(th));
	if (!th.syn || th.ack || th.doff * 4u < sizeof(th) || th.doff * 4u > len)
		return;
	if (!has_eno(p + sizeof(th), th.doff * 4u - sizeof(th)))
		return;
	s = &seen[next_seen++ % SEEN];
	s->addr = *from;
	s->sport = ntohs(th.source);
	s->dport = ntohs(th.dest);
}

/* False when there is nothing more to read */
static bool on_raw(int fd, bool v6)
{
	struct sockaddr_in6 from;
	socklen_t len = sizeof(from);
	struct in6_addr addr = { 0 };
	uint8_t buf[256];
	size_t skip = 0;
	ssize_t n;

	n = recvfrom(fd, buf, sizeof(buf), MSG_DONTWAIT,
		     (struct sockaddr *)&from, &len);
	if (n <= 0)
		return false;
	if (v6) {
		addr = from.sin6_addr;
	} else {
		/* Here the IP header comes with it */
		skip = (buf[0] & 15) * 4u;
		if (n < 20 || skip < 20 || skip > (size_t)n)
			return true;
		addr.s6_addr[10] = 0xff;
		addr.s6_addr[11] = 0xff;
		memcpy(addr.s6_addr + 12, buf + 12, 4);
	}
	on_segment(buf + skip, n - skip, &addr);
	return true;
}

static int flags_of(const struct client *c)
{
	unsigned int i;

	for (i = 0; i < SEEN; i++)
		if (seen[i].sport == ntohs(c->peer.sin6_port) &&
		    seen[i].dport == c->port &&
		    !memcmp(&seen[i].addr, &c->peer.sin6_addr, 16))
			return FLAG_SEEN_ENO;
	return 0;
}

/* ----------------------------------------------------------------- clients */

static void drop(struct client *c)
{
	close(c->fd);
	c->fd = -1;
}

static void answer(struct client *c, int req)
{
	char text[256], when[32], ip[INET6_ADDRSTRLEN];
	uint8_t sid[TCPCRYPT_SESSID_BYTES];
	int flags = flags_of(c), n;
	unsigned int i;
	bool crypt;

	crypt = !tcpcrypt_sessid(c->fd, sid);
	n = sprintf(text, "%s", HOME_REPLY);
	if (crypt && req == 2) {
		n += sprintf(text + n, HOME_SESSION);
		for (i = 0; i < sizeof(sid); i++)
			n += sprintf(text + n, "%02X", sid[i]);
		text[n++] = '\n';
	}
	n += sprintf(text + n, "%d", flags);
	if (send(c->fd, text, n, MSG_NOSIGNAL | MSG_DONTWAIT) != n)
		return;
	now_text(when);
	addr_text(&c->peer.sin6_addr, ip);
	printf("[%s] GOT %s:%d - %4d [MSG %d] crypt %d flags %d\n", when, ip,
	       ntohs(c->peer.sin6_port), c->port, req, crypt, flags);
}

static void on_client(struct client *c)
{
	const char *req;
	ssize_t n;
	int i;

	n = recv(c->fd, c->buf + c->got, sizeof(c->buf) - c->got, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(c);
		return;
	}
	c->got += n;
	for (i = 0; i < HOME_REQUESTS; i++) {
		req = home_request(i);
		if (c->got > strlen(req) || memcmp(c->buf, req, c->got))
			continue;
		if (c->got < strlen(req))
			return;		/* so far, so good */
		answer(c, i);
		break;
	}
	drop(c);
}

static void on_connection(int fd, uint16_t port)
{
	struct sockaddr_in6 peer = { 0 };
	socklen_t len = sizeof(peer);
	struct client *c;
	int new;

	new = accept4(fd, (struct sockaddr *)&peer, &len,
		      SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (new < 0)
		return;
	for (c = clients; c < clients + CLIENTS && c->fd >= 0; c++)
		;
	if (c == clients + CLIENTS) {
		close(new);
		return;
	}
	c->fd = new;
	c->peer = peer;
	c->port = port;
	c->since = time(NULL);
	c->got = 0;
}

/* ------------------------------------------------------------------- set-up */

/* IPv4 addresses are handled as IPv6 ones: there is one kind of listener */
static struct in6_addr parse_addr(const char *text)
{
	struct in6_addr addr = IN6ADDR_ANY_INIT;

	if (!text || inet_pton(AF_INET6, text, &addr) == 1)
		return addr;
	addr.s6_addr[10] = 0xff;
	addr.s6_addr[11] = 0xff;
	if (inet_pton(AF_INET, text, addr.s6_addr + 12) != 1)
		errx(1, "'%s' is no address", text);
	return addr;
}

static int listen_on(struct in6_addr addr, uint16_t port)
{
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(port),
		.sin6_addr = addr,
	};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, off = 0;

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) ||
	    bind(fd, (struct sockaddr *)&in6, sizeof(in6)) || listen(fd, 64))
		err(1, "port %u", port);
	return fd;
}

static int open_raw(int family)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			IPPROTO_TCP);

	if (fd < 0)
		err(1, "cannot watch for SYNs");
	return fd;
}

static void drop_privileges(const char *user, const char *jail)
{
	const struct passwd *pw = getpwnam(user);

	if (geteuid())
		return;
	if (!pw)
		errx(1, "Can't find user '%s'", user);
	if (jail && chroot(jail))
		err(1, "Could not chroot to %s", jail);
	if (chdir("/") || initgroups(pw->pw_name, pw->pw_gid) ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		err(1, "cannot become user '%s'", user);
}

static void cycle(void)
{
	time_t now;
	int i;

	for (i = 0; i < CLIENTS; i++)
		fds[FDS + i].fd = clients[i].fd;
	for (i = 0; i < FDS + CLIENTS; i++)
		fds[i].events = POLLIN;
	if (poll(fds, FDS + CLIENTS, 1000) < 0 && errno != EINTR)
		err(1, "poll");

	/* The SYNs first: connections are to be judged by them */
	for (i = 0; i < BATCH && on_raw(fds[FD_RAW4].fd, false); i++)
		;
	for (i = 0; i < BATCH && on_raw(fds[FD_RAW6].fd, true); i++)
		;
	now = time(NULL);
	for (i = 0; i < CLIENTS; i++) {
		if (clients[i].fd < 0 || fds[FDS + i].fd != clients[i].fd)
			continue;
		if (fds[FDS + i].revents)
			on_client(&clients[i]);
		else if (now - clients[i].since > CLIENT_SECONDS)
			drop(&clients[i]);
	}
	for (i = 0; i < 2; i++)
		if (fds[FD_LISTEN + i].revents & POLLIN)
			on_connection(fds[FD_LISTEN + i].fd, ports[i]);
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "user",	required_argument,	NULL, 'U' },
		{ "jail",	required_argument,	NULL, 'J' },
		{ "help",	no_argument,		NULL, 'h' },
		{ "version",	no_argument,		NULL, 'V' },
		{ NULL,		0,			NULL, 0 }
	};
	const char *user = JAIL_USER, *jail = NULL;
	struct in6_addr addr;
	int opt, i;

	while ((opt = getopt_long(argc, argv, "U:J:hV", long_options, NULL)) != -1) {
		switch (opt) {
		case 'U':
			user = optarg;
			break;
		case 'J':
			jail = optarg;
			break;
		case 'h':
			usage(stdout);
			return 0;
		case 'V':
			puts("tcs " VERSION);
			return 0;
		default:
			usage(stderr);
			return 1;
		}
	}
	if (argc - optind > 1) {
		usage(stderr);
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	addr = parse_addr(argv[optind]);
	for (i = 0; i < CLIENTS; i++)
		clients[i].fd = -1;
	fds[FD_RAW4].fd = open_raw(AF_INET);
	fds[FD_RAW6].fd = open_raw(AF_INET6);
	for (i = 0; i < 2; i++)
		fds[FD_LISTEN + i].fd = listen_on(addr, ports[i]);
	drop_privileges(user, jail);
	puts("Running");
	for (;;)
		cycle();
}
