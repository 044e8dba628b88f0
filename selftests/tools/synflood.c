// SPDX-License-Identifier: GPL-2.0-only
/*
 * SYNs from addresses that do not answer, each with a TCP-ENO option: sound
 * ones, ones that ask to resume a session nobody has, and noise.
 *
 *	synflood ADDRESS PORT COUNT
 *
 * Sources are 10.99.0.0/16. Prints how many went out and the time it took.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH		64
#define OPT_MAX		40

/* No padding: all of it is words */
struct packet {
	struct iphdr ip;
	struct tcphdr tcp;
	uint8_t opt[OPT_MAX];
};

_Static_assert(sizeof(struct packet) == 20 + 20 + OPT_MAX, "padding");

static uint64_t rng_state = 0x9e3779b97f4a7c15;

static uint64_t rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return rng_state;
}

static uint32_t sum_words(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *p = data;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += p[i] << 8 | p[i + 1];
	return sum;
}

static uint16_t sum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

/* Bytes of options, a multiple of 4 */
static size_t make_options(uint8_t *opt)
{
	uint8_t *eno = opt + 4;
	size_t len, i;

	memcpy(opt, "\x02\x04\x05\xb4", 4);
	memset(eno, 1, OPT_MAX - 4);
	for (i = 2; i < OPT_MAX - 4; i++)
		eno[i] = rng() >> 32;
	switch (rng() % 4) {
	case 0:		/* sound */
		memcpy(eno + 2, "\x23\x21", 2);
		len = 4;
		break;
	case 1:		/* resumption */
		eno[2] = 0xa3;
		len = 3 + 9 + rng() % 9;
		break;
	case 2:		/* length bytes, unknown TEPs, then a sound one */
		eno[2] = 0x80 | (rng() % 8);
		eno[3] = 0xa0 | (rng() % 0x60);
		len = 4 + (eno[2] & 0x1f) + 1;
		eno[len++] = 0x23;
		break;
	default:	/* noise */
		len = 2 + rng() % (OPT_MAX - 5);
		break;
	}
	eno[0] = 69;
	eno[1] = len;
	while (len % 4)
		eno[len++] = 1;
	return 4 + len;
}

static size_t make_syn(struct packet *p, uint32_t to, uint16_t port)
{
	size_t optlen = make_options(p->opt);
	size_t len = sizeof(p->tcp) + optlen;
	uint32_t sum;

	memset(&p->ip, 0, sizeof(p->ip) + sizeof(p->tcp));
	p->ip.version = 4;
	p->ip.ihl = 5;
	p->ip.ttl = 64;
	p->ip.protocol = IPPROTO_TCP;
	p->ip.saddr = htonl(0x0a630000 | (rng() >> 20 & 0xffff));
	p->ip.daddr = to;
	p->ip.tot_len = htons(sizeof(p->ip) + len);
	p->tcp.source = htons(1024 + (rng() >> 24) % 60000);
	p->tcp.dest = port;
	p->tcp.seq = rng() >> 16;
	p->tcp.syn = 1;
	p->tcp.doff = len / 4;
	p->tcp.window = htons(65535);
	sum = sum_words(&p->ip.saddr, 8, IPPROTO_TCP + len);
	p->tcp.check = sum_fold(sum_words(&p->tcp, len, sum));
	return sizeof(p->ip) + len;
}

static void send_batch(int fd, const struct sockaddr_in *to, size_t n)
{
	static struct packet packets[BATCH];
	static struct mmsghdr msgs[BATCH];
	static struct iovec iov[BATCH];
	size_t i, done = 0;

	for (i = 0; i < n; i++) {
		iov[i].iov_base = &packets[i];
		iov[i].iov_len = make_syn(&packets[i], to->sin_addr.s_addr,
					  to->sin_port);
		msgs[i].msg_hdr = (struct msghdr) {
			.msg_name = (void *)to,
			.msg_namelen = sizeof(*to),
			.msg_iov = &iov[i],
			.msg_iovlen = 1,
		};
	}
	while (done < n) {
		int ret = sendmmsg(fd, msgs + done, n - done, 0);

		if (ret > 0) {
			done += ret;
		} else if (errno == ENOBUFS || errno == EAGAIN) {
			usleep(1000);
		} else {
			perror("synflood: sendmmsg");
			exit(1);
		}
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct timespec a, b;
	long count, left;
	int fd;

	if (argc != 4 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
		return 2;
	to.sin_port = htons(atoi(argv[2]));
	count = atol(argv[3]);
	fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	if (fd < 0) {
		perror("synflood: socket");
		return 1;
	}
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (left = count; left > 0; left -= BATCH)
		send_batch(fd, &to, left < BATCH ? left : BATCH);
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("sent=%ld seconds=%ld\n", count, b.tv_sec - a.tv_sec);
	return 0;
}
