/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Look at, and change, TCP segments in Ethernet frames; follow the first
 * connection to a port and report what was on the wire.
 */
#ifndef SELFTESTS_FLOW_H
#define SELFTESTS_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define OPT_ENO		69

#define TH_FIN		0x01
#define TH_SYN		0x02
#define TH_RST		0x04
#define TH_PSH		0x08
#define TH_ACK		0x10

enum dir { C2S, S2C, NDIRS };

/* A TCP segment inside the frame it came in; pointers go into the frame. */
struct seg {
	uint8_t *frame;
	size_t len;		/* without Ethernet padding */
	int family;
	uint8_t *ip;
	uint8_t *tcp;
	uint8_t *opts;
	size_t optlen;
	uint8_t *payload;
	size_t paylen;
	uint16_t sport;
	uint16_t dport;
	uint32_t seq;
	uint32_t ack;
	uint8_t flags;
};

bool seg_parse(struct seg *s, uint8_t *frame, size_t len);
void seg_fix_csum(struct seg *s);
/* Replaces the options; the frame's buffer must have 40 bytes to spare. */
bool seg_set_options(struct seg *s, const uint8_t *opts, size_t len);
void seg_set_payload_len(struct seg *s, size_t len);
const uint8_t *opt_find(const uint8_t *opts, size_t len, uint8_t kind);
size_t opt_count(const uint8_t *opts, size_t len, uint8_t kind);
/* Copies the options without @kind and without padding. */
size_t opt_without(const uint8_t *opts, size_t len, uint8_t kind, uint8_t *out);

#define EARLY_SEGS	64
#define ENO_MAX		40

struct early {
	uint32_t off;
	uint32_t len;
	uint8_t flags;
};

struct half {
	bool isn_known;
	uint32_t isn;
	unsigned int syns;
	uint8_t eno[ENO_MAX];
	size_t enolen;
	bool eno_changed;	/* a retransmitted SYN carried another option */
	unsigned int segs;	/* without SYN */
	unsigned int eno_segs;	/* those of them with the option */
	unsigned int missing_eno; /* before the peer's first non-SYN, without */
	unsigned int late_eno;	/* after it, with the option */
	int first_eno;		/* the first non-SYN: -1 none seen, 0, 1 */
	unsigned int fins;
	unsigned int rsts;
	struct early early[EARLY_SEGS];
	unsigned int nearly;
	uint8_t *data;
	uint8_t *seen;
	size_t cap;
	size_t end;		/* highest offset seen */
	unsigned int rewritten;	/* bytes that differed when sent again */
};

struct flow {
	uint16_t port;		/* the server's */
	uint16_t cport;
	unsigned int connections;
	struct half h[NDIRS];
};

void flow_init(struct flow *f, uint16_t port);
/* Returns the direction, or -1 when the segment is not of the flow. */
int flow_dir(const struct flow *f, const struct seg *s);
void flow_add(struct flow *f, const struct seg *s);
void flow_report(const struct flow *f, const char *marker, FILE *out);

#endif
