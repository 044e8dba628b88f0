// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which session secrets go over the wire, by the identifiers that name them
 * (RFC 8548 section 3.5): is each of them used once?
 *
 *	secrets INTERFACE
 *
 * Prints "ready", looks at every SYN and SYN-ACK until it is ended with
 * SIGTERM, and then says
 *
 *	syns=N offered=N agreed=N twice=N missed=N
 *
 * how many connections there were, in how many a secret was offered, and in how
 * many the other end agreed; how many of those secrets had been offered, or
 * agreed to, before, in either direction; and how many packets it has not seen.
 * A nonce goes into the session ID, so that a secret used twice would not show
 * there.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_ether.h>

#include "die.h"
#include "flow.h"

#define HALF_LEN	9
#define FRAME_MAX	65600
#define RCVBUF		(64 << 20)
/* A SYN-ACK, or a SYN sent again, is looked for among so many SYNs */
#define LOOK_BACK	4096

struct open {
	uint8_t addr[32];	/* of the active opener and the other end */
	size_t addr_len;
	uint16_t sport, dport;
	uint32_t isn;
	uint8_t half[HALF_LEN];
	bool offered;
	bool agreed;
};

struct halves {
	uint8_t (*half)[HALF_LEN];
	size_t n, room;
};

static struct open *opens;
static size_t nopens, room;
static struct halves offered, agreed;
static volatile sig_atomic_t ended;

static void on_term(int sig)
{
	ended = 1;
}

static void *more(void *array, size_t n, size_t *space, size_t size)
{
	if (n < *space)
		return array;
	*space = *space ? 2 * *space : 1024;
	array = reallocarray(array, *space, size);
	if (!array)
		die("memory");
	return array;
}

static void halves_add(struct halves *h, const uint8_t *half)
{
	h->half = more(h->half, h->n, &h->room, HALF_LEN);
	memcpy(h->half[h->n++], half, HALF_LEN);
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, HALF_LEN);
}

static unsigned int halves_twice(struct halves *h)
{
	unsigned int twice = 0;
	size_t i;

	if (h->n)
		qsort(h->half, h->n, HALF_LEN, compare);
	for (i = 1; i < h->n; i++)
		twice += !compare(h->half[i - 1], h->half[i]);
	return twice;
}

/* The identifier half of a resumption suboption, NULL if there is none */
static const uint8_t *resumption(const struct seg *s)
{
	const uint8_t *opt = opt_find(s->opts, s->optlen, OPT_ENO);
	const uint8_t *end, *p;

	if (!opt)
		return NULL;
	end = opt + opt[1];
	for (p = opt + 2; p < end; p++) {
		size_t len = end - p - 1;

		if (*p >= 0x80 && *p < 0xa0) {
			if (p + 1 == end)
				return NULL;
			len = (*p & 0x1f) + 1;
			p++;
			if (*p < 0xa0 || p + len >= end)
				return NULL;
		} else if (*p < 0x80) {
			continue;
		}
		if (*p >= 0xa1 && *p <= 0xa4 && len >= HALF_LEN)
			return p + 1;
		p += len;
	}
	return NULL;
}

/* The connection as the active opener's SYN names it */
static void name(struct open *o, const struct seg *s)
{
	const uint8_t *addr = s->ip + (s->family == 4 ? 12 : 8);
	const size_t len = s->family == 4 ? 4 : 16;
	const bool back = s->flags & TH_ACK;

	memset(o, 0, sizeof(*o));
	memcpy(o->addr, addr + (back ? len : 0), len);
	memcpy(o->addr + len, addr + (back ? 0 : len), len);
	o->addr_len = 2 * len;
	o->sport = back ? s->dport : s->sport;
	o->dport = back ? s->sport : s->dport;
	o->isn = back ? s->ack - 1 : s->seq;
}

static struct open *find(const struct open *o)
{
	size_t i;

	for (i = nopens; i && nopens - i < LOOK_BACK; i--) {
		struct open *old = &opens[i - 1];

		if (old->isn == o->isn && old->sport == o->sport &&
		    old->dport == o->dport && old->addr_len == o->addr_len &&
		    !memcmp(old->addr, o->addr, o->addr_len))
			return old;
	}
	return NULL;
}

static void look(const struct seg *s)
{
	const uint8_t *half;
	struct open o, *old;

	if (!(s->flags & TH_SYN))
		return;
	name(&o, s);
	half = resumption(s);
	old = find(&o);
	if (!(s->flags & TH_ACK) && !old) {
		if (half) {
			memcpy(o.half, half, HALF_LEN);
			o.offered = true;
			halves_add(&offered, half);
		}
		opens = more(opens, nopens, &room, sizeof(*opens));
		opens[nopens++] = o;
	} else if (s->flags & TH_ACK && old && half && old->offered &&
		   !old->agreed) {
		old->agreed = true;
		halves_add(&agreed, old->half);
		halves_add(&agreed, half);
	}
}

static int listen_on(const char *interface)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(interface),
	};
	const int size = RCVBUF;
	int fd;

	fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	if (fd < 0 || !addr.sll_ifindex ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die(interface);
	return fd;
}

static void report(int fd)
{
	struct tpacket_stats {
		unsigned int packets;
		unsigned int drops;
	} stats = {};
	socklen_t len = sizeof(stats);
	size_t resumed = agreed.n / 2;

	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
		die("statistics");
	printf("syns=%zu offered=%zu agreed=%zu twice=%u missed=%u\n", nopens,
	       offered.n, resumed,
	       halves_twice(&offered) + halves_twice(&agreed), stats.drops);
}

int main(int argc, char **argv)
{
	struct sigaction act = { .sa_handler = on_term };
	static uint8_t frame[FRAME_MAX];
	struct seg s;
	ssize_t len;
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: secrets INTERFACE\n");
		return 2;
	}
	fd = listen_on(argv[1]);
	sigaction(SIGTERM, &act, NULL);
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		/* what is in the buffer when it is ended counts, too */
		len = recv(fd, frame, sizeof(frame), ended ? MSG_DONTWAIT : 0);
		if (len < 0 && errno != EINTR)
			break;
		if (len > 0 && seg_parse(&s, frame, len))
			look(&s);
	}
	report(fd);
	return 0;
}
