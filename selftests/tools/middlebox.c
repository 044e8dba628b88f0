// SPDX-License-Identifier: GPL-2.0-only
/*
 * A box in the path: forwards Ethernet frames between two interfaces and does
 * to the first TCP connection on a port what the options say. It knows TCP,
 * not tcpcrypt: all it does to ENO and to the byte stream, any router could.
 *
 * Offloads on the links must be off: each packet needs its real checksum and
 * must fit the MTU.
 */
#include <errno.h>
#include <getopt.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "die.h"
#include "flow.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

/* Kinds of segments a rule can name */
enum kind { K_SYN, K_SYNACK, K_ACK, K_C2S, K_S2C, K_NKINDS };

static const char * const kind_names[K_NKINDS] = {
	"syn", "synack", "ack", "c2s", "s2c"
};

#define MAX_FLIPS	16
#define MAX_DROPS	16

struct flip {
	enum dir dir;
	uint32_t off;
	uint8_t mask;
};

struct drop {
	enum kind kind;
	unsigned int nth;
};

static struct {
	uint16_t port;
	uint8_t opt;
	bool strip[K_NKINDS];
	bool dup[K_NKINDS];
	bool replace[K_NKINDS];
	uint8_t bytes[K_NKINDS][ENO_MAX];
	size_t nbytes[K_NKINDS];
	bool eat[K_NKINDS];
	bool echo;
	struct flip flips[MAX_FLIPS];
	unsigned int nflips;
	struct drop drops[MAX_DROPS];
	unsigned int ndrops;
	int cut_dir;		/* -1: none */
	uint32_t cut_off;
	uint8_t cut_flag;
	const char *marker;
} cfg = { .opt = OPT_ENO, .cut_dir = -1 };

static struct flow flow;
static unsigned int seen[K_NKINDS];
static unsigned int forwarded, dropped, changed, flipped, injected;
static bool cut_done;
static uint8_t syn_opt[ENO_MAX];
static size_t syn_optlen;
static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = 1;
}

static int open_link(const char *name)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(name),
	};
	struct packet_mreq mr = {
		.mr_ifindex = ll.sll_ifindex,
		.mr_type = PACKET_MR_PROMISC,
	};
	int fd, on = 1, size = 8 << 20;

	if (!ll.sll_ifindex)
		die(name);
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0)
		die("socket");
	if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)))
		die("PACKET_IGNORE_OUTGOING");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&ll, sizeof(ll)))
		die("bind");
	if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mr, sizeof(mr)))
		die("PACKET_ADD_MEMBERSHIP");
	return fd;
}

static void send_frame(int fd, const uint8_t *frame, size_t len)
{
	if (send(fd, frame, len, 0) == (ssize_t)len)
		forwarded++;
	else
		dropped++;
}

static enum kind seg_kind(const struct seg *s)
{
	if (s->flags & TH_SYN)
		return s->flags & TH_ACK ? K_SYNACK : K_SYN;
	return K_ACK;
}

static void strip(struct seg *s)
{
	uint8_t *o;

	while ((o = (uint8_t *)opt_find(s->opts, s->optlen, cfg.opt))) {
		memset(o, 1, o[1]);
		changed++;
	}
}

/* Rebuild the options with @opt (@len bytes, may be none) put last. */
static void put_option(struct seg *s, const uint8_t *opt, size_t len, bool keep)
{
	uint8_t o[120];
	size_t n;

	n = opt_without(s->opts, s->optlen, keep ? 0 : cfg.opt, o);
	if (n + len > 40) {
		fprintf(stderr, "middlebox: no option space\n");
		return;
	}
	memcpy(o + n, opt, len);
	if (seg_set_options(s, o, n + len))
		changed++;
}

static void rewrite_options(struct seg *s, enum kind kind)
{
	const uint8_t *o = opt_find(s->opts, s->optlen, cfg.opt);
	uint8_t copy[ENO_MAX];

	if (kind == K_SYN && o && o[1] <= ENO_MAX) {
		syn_optlen = o[1];
		memcpy(syn_opt, o, syn_optlen);
	}
	if (cfg.strip[kind])
		strip(s);
	if (cfg.dup[kind] && o && o[1] <= ENO_MAX) {
		size_t len = o[1];

		memcpy(copy, o, len);
		put_option(s, copy, len, true);
	}
	if (cfg.replace[kind])
		put_option(s, cfg.bytes[kind], cfg.nbytes[kind], false);
	if (cfg.echo && kind == K_SYNACK && syn_optlen)
		put_option(s, syn_opt, syn_optlen, false);
}

static bool must_drop(struct seg *s, enum kind what, int dir)
{
	unsigned int i, n[K_NKINDS] = { 0 };

	n[what] = ++seen[what];
	if (s->paylen)
		n[K_C2S + dir] = ++seen[K_C2S + dir];
	for (i = 0; i < cfg.ndrops; i++)
		if (n[cfg.drops[i].kind] == cfg.drops[i].nth)
			return true;
	/* segments with the option, or all that have data */
	return (cfg.eat[what] && opt_find(s->opts, s->optlen, cfg.opt)) ||
	       (s->paylen && cfg.eat[K_C2S + dir]);
}

static void flip(struct seg *s, int dir, uint32_t off)
{
	unsigned int i;

	for (i = 0; i < cfg.nflips; i++) {
		struct flip *f = &cfg.flips[i];

		if ((int)f->dir != dir || f->off < off || f->off - off >= s->paylen)
			continue;
		s->payload[f->off - off] ^= f->mask;
		flipped++;
	}
}

/* End the stream early; returns false when nothing is left to forward. */
static bool cut(struct seg *s, int dir, uint32_t off)
{
	if (dir != cfg.cut_dir)
		return true;
	if (cut_done) {
		/*
		 * What follows the injected end must not reach the peer. What
		 * follows a reset may: the peer's answer tells the sender.
		 */
		return cfg.cut_flag == TH_RST ||
		       !(off + s->paylen > cfg.cut_off || (s->flags & TH_FIN));
	}
	if (off + s->paylen < cfg.cut_off ||
	    (off + s->paylen == cfg.cut_off && !(s->flags & TH_FIN)))
		return true;
	if (off > cfg.cut_off)
		return false;
	/* This segment reaches the place. */
	cut_done = true;
	injected++;
	if (cfg.cut_flag == TH_RST)
		seg_set_payload_len(s, 0);
	else
		seg_set_payload_len(s, cfg.cut_off - off);
	s->tcp[13] |= cfg.cut_flag;
	s->tcp[13] &= ~TH_PSH;
	return true;
}

static void handle(int in, int out)
{
	static uint8_t frame[262144 + 64];
	enum kind kind;
	struct seg s;
	uint32_t off;
	ssize_t len;
	int dir;

	len = recv(in, frame, sizeof(frame) - 64, MSG_DONTWAIT);
	if (len <= 0)
		return;
	if (!seg_parse(&s, frame, len)) {
		send_frame(out, frame, len);
		return;
	}
	flow_add(&flow, &s);
	dir = flow_dir(&flow, &s);
	if (dir < 0 || !flow.cport) {
		send_frame(out, frame, len);
		return;
	}
	kind = seg_kind(&s);
	if (must_drop(&s, kind, dir)) {
		dropped++;
		return;
	}
	rewrite_options(&s, kind);
	if (kind == K_ACK && !(s.flags & TH_RST)) {
		off = s.seq - (flow.h[dir].isn + 1);
		if (!cut(&s, dir, off)) {
			dropped++;
			return;
		}
		flip(&s, dir, off);
	}
	seg_fix_csum(&s);
	send_frame(out, frame, s.len);
}

static enum kind parse_kind(const char *s, const char **rest)
{
	size_t n;
	int k;

	for (k = 0; k < K_NKINDS; k++) {
		n = strlen(kind_names[k]);
		if (!strncmp(s, kind_names[k], n) && (!s[n] || s[n] == ':')) {
			*rest = s[n] ? s + n + 1 : "";
			return k;
		}
	}
	fprintf(stderr, "middlebox: bad segment kind in '%s'\n", s);
	exit(2);
}

static size_t parse_hex(const char *s, uint8_t *out, size_t max)
{
	unsigned int v;
	size_t n = 0;

	while (n < max && sscanf(s, "%2x", &v) == 1) {
		out[n++] = v;
		s += s[1] ? 2 : 1;
	}
	return n;
}

static const char usage_text[] =
"usage: middlebox [options] -p PORT CLIENT-LINK SERVER-LINK\n"
"  -p PORT            port of the server; other traffic passes untouched\n"
"  --kind N           the option the rules are about (69)\n"
"  --strip KIND       option -> NOPs; KIND: syn synack ack\n"
"  --dup KIND         send the option twice\n"
"  --replace KIND:HEX put these bytes in its place (or add them)\n"
"  --echo             put the SYN's option into the SYN-ACK\n"
"  --flip DIR:OFF[:MASK]  flip bits at a stream offset; DIR: c2s s2c\n"
"  --drop KIND:N      drop the Nth such segment; also c2s, s2c (data)\n"
"  --eat KIND         drop all such segments that have the option; also c2s,\n"
"                     s2c: all that have data\n"
"  --fin DIR:OFF      cut the stream there and set FIN\n"
"  --rst DIR:OFF      reset the receiver there\n"
"  --marker TEXT      count this text in the streams\n"
"  --timeout SECS     end after that time at the latest (120)\n"
"Prints 'ready', forwards until SIGTERM or SIGINT, then reports.\n";

static void usage(void)
{
	fputs(usage_text, stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "kind", 1, NULL, 'k' }, { "strip", 1, NULL, 's' },
		{ "dup", 1, NULL, 'd' }, { "replace", 1, NULL, 'r' },
		{ "echo", 0, NULL, 'e' }, { "flip", 1, NULL, 'f' },
		{ "drop", 1, NULL, 'x' }, { "eat", 1, NULL, 'E' },
		{ "fin", 1, NULL, 'F' },
		{ "rst", 1, NULL, 'R' }, { "marker", 1, NULL, 'm' },
		{ "timeout", 1, NULL, 't' }, { NULL, 0, NULL, 0 }
	};
	struct sigaction sa = { .sa_handler = on_signal };
	struct pollfd pfd[2] = { { .events = POLLIN }, { .events = POLLIN } };
	time_t end = time(NULL) + 120;
	const char *rest;
	enum kind k;
	int c, i;

	while ((c = getopt_long(argc, argv, "p:", opts, NULL)) != -1) {
		switch (c) {
		case 'p':
			cfg.port = atoi(optarg);
			break;
		case 'k':
			cfg.opt = atoi(optarg);
			break;
		case 's':
			cfg.strip[parse_kind(optarg, &rest)] = true;
			break;
		case 'd':
			cfg.dup[parse_kind(optarg, &rest)] = true;
			break;
		case 'r':
			k = parse_kind(optarg, &rest);
			cfg.replace[k] = true;
			cfg.nbytes[k] = parse_hex(rest, cfg.bytes[k], ENO_MAX);
			break;
		case 'e':
			cfg.echo = true;
			break;
		case 'f':
			if (cfg.nflips == MAX_FLIPS)
				usage();
			k = parse_kind(optarg, &rest);
			cfg.flips[cfg.nflips].dir = k - K_C2S;
			cfg.flips[cfg.nflips].off = strtoul(rest, (char **)&rest, 0);
			cfg.flips[cfg.nflips].mask =
				*rest == ':' ? strtoul(rest + 1, NULL, 0) : 1;
			cfg.nflips++;
			break;
		case 'x':
			if (cfg.ndrops == MAX_DROPS)
				usage();
			cfg.drops[cfg.ndrops].kind = parse_kind(optarg, &rest);
			cfg.drops[cfg.ndrops++].nth = atoi(rest);
			break;
		case 'E':
			k = parse_kind(optarg, &rest);
			cfg.eat[k] = true;
			break;
		case 'F':
		case 'R':
			cfg.cut_dir = parse_kind(optarg, &rest) - K_C2S;
			cfg.cut_off = strtoul(rest, NULL, 0);
			cfg.cut_flag = c == 'F' ? TH_FIN : TH_RST;
			break;
		case 'm':
			cfg.marker = optarg;
			break;
		case 't':
			end = time(NULL) + atoi(optarg);
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 2 || !cfg.port)
		usage();
	flow_init(&flow, cfg.port);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	for (i = 0; i < 2; i++)
		pfd[i].fd = open_link(argv[optind + i]);
	printf("ready\n");
	fflush(stdout);

	while (!stop && time(NULL) < end) {
		if (poll(pfd, 2, 500) <= 0)
			continue;
		for (i = 0; i < 2; i++)
			if (pfd[i].revents)
				handle(pfd[i].fd, pfd[!i].fd);
	}
	printf("forwarded=%u\ndropped=%u\nchanged=%u\nflipped=%u\ninjected=%u\n",
	       forwarded, dropped, changed, flipped, injected);
	flow_report(&flow, cfg.marker, stdout);
	return 0;
}
