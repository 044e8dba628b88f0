// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP segments and one TCP connection as seen on the wire.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "flow.h"

#define ETH_LEN		14
#define STREAM_MAX	(64U << 20)

static uint16_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

bool seg_parse(struct seg *s, uint8_t *frame, size_t len)
{
	size_t iplen, hlen, doff, tot;

	memset(s, 0, sizeof(*s));
	s->frame = frame;
	if (len < ETH_LEN + 40)
		return false;
	s->ip = frame + ETH_LEN;
	switch (get16(frame + 12)) {
	case 0x0800:
		s->family = 4;
		hlen = (s->ip[0] & 15) * 4;
		tot = get16(s->ip + 2);
		if (s->ip[9] != 6 || hlen < 20 || (get16(s->ip + 6) & 0x3fff))
			return false;
		break;
	case 0x86dd:
		s->family = 6;
		hlen = 40;
		tot = 40 + get16(s->ip + 4);
		if (s->ip[6] != 6)
			return false;
		break;
	default:
		return false;
	}
	/* A packet of an offloading device may say 0; take the frame's word. */
	if (tot == (s->family == 6 ? 40 : 0))
		tot = len - ETH_LEN;
	if (tot > len - ETH_LEN || tot < hlen + 20)
		return false;
	iplen = tot - hlen;
	s->len = ETH_LEN + tot;
	s->tcp = s->ip + hlen;
	doff = (s->tcp[12] >> 4) * 4;
	if (doff < 20 || doff > iplen)
		return false;
	s->opts = s->tcp + 20;
	s->optlen = doff - 20;
	s->payload = s->tcp + doff;
	s->paylen = iplen - doff;
	s->sport = get16(s->tcp);
	s->dport = get16(s->tcp + 2);
	s->seq = get32(s->tcp + 4);
	s->ack = get32(s->tcp + 8);
	s->flags = s->tcp[13];
	return true;
}

static uint32_t sum16(uint32_t sum, const uint8_t *p, size_t len)
{
	for (; len > 1; p += 2, len -= 2)
		sum += get16(p);
	if (len)
		sum += p[0] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

void seg_fix_csum(struct seg *s)
{
	size_t tcplen = s->payload + s->paylen - s->tcp;
	uint32_t sum = 6 + tcplen;

	if (s->family == 4) {
		put16(s->ip + 10, 0);
		put16(s->ip + 10, fold(sum16(0, s->ip, (s->ip[0] & 15) * 4)));
		sum = sum16(sum, s->ip + 12, 8);
	} else {
		sum = sum16(sum, s->ip + 8, 32);
	}
	put16(s->tcp + 16, 0);
	put16(s->tcp + 16, fold(sum16(sum, s->tcp, tcplen)));
}

static void set_lengths(struct seg *s)
{
	size_t tcplen = s->payload + s->paylen - s->tcp;

	s->len = s->payload + s->paylen - s->frame;
	if (s->family == 4)
		put16(s->ip + 2, s->tcp - s->ip + tcplen);
	else
		put16(s->ip + 4, tcplen);
}

bool seg_set_options(struct seg *s, const uint8_t *opts, size_t len)
{
	size_t pad = (len + 3) / 4 * 4;

	if (pad > 40)
		return false;
	memmove(s->tcp + 20 + pad, s->payload, s->paylen);
	memset(s->tcp + 20, 0, pad);
	memcpy(s->tcp + 20, opts, len);
	memset(s->tcp + 20 + len, 1, pad - len);
	s->optlen = pad;
	s->payload = s->tcp + 20 + pad;
	s->tcp[12] = (s->tcp[12] & 15) | (20 + pad) / 4 << 4;
	set_lengths(s);
	return true;
}

void seg_set_payload_len(struct seg *s, size_t len)
{
	s->paylen = len;
	set_lengths(s);
}

static size_t opt_len(const uint8_t *opts, size_t len, size_t i)
{
	if (opts[i] <= 1)
		return 1;
	if (i + 1 >= len || opts[i + 1] < 2 || i + opts[i + 1] > len)
		return len - i;
	return opts[i + 1];
}

const uint8_t *opt_find(const uint8_t *opts, size_t len, uint8_t kind)
{
	size_t i;

	for (i = 0; i < len && opts[i]; i += opt_len(opts, len, i))
		if (opts[i] == kind)
			return i + 1 < len ? opts + i : NULL;
	return NULL;
}

size_t opt_count(const uint8_t *opts, size_t len, uint8_t kind)
{
	size_t i, n = 0;

	for (i = 0; i < len && opts[i]; i += opt_len(opts, len, i))
		n += opts[i] == kind;
	return n;
}

size_t opt_without(const uint8_t *opts, size_t len, uint8_t kind, uint8_t *out)
{
	size_t i, n, o = 0;

	for (i = 0; i < len && opts[i]; i += n) {
		n = opt_len(opts, len, i);
		if (opts[i] == kind || opts[i] == 1)
			continue;
		memcpy(out + o, opts + i, n);
		o += n;
	}
	return o;
}

void flow_init(struct flow *f, uint16_t port)
{
	memset(f, 0, sizeof(*f));
	f->port = port;
	f->h[C2S].first_eno = -1;
	f->h[S2C].first_eno = -1;
}

int flow_dir(const struct flow *f, const struct seg *s)
{
	if (s->dport == f->port && (!f->cport || s->sport == f->cport))
		return C2S;
	if (s->sport == f->port && (!f->cport || s->dport == f->cport))
		return S2C;
	return -1;
}

static void keep(struct half *h, size_t off, const uint8_t *p, size_t len)
{
	size_t i;

	if (off + len > STREAM_MAX)
		return;
	if (off + len > h->cap) {
		size_t cap = (off + len) * 2 + 65536;

		h->data = realloc(h->data, cap);
		h->seen = realloc(h->seen, cap);
		if (!h->data || !h->seen) {
			perror("realloc");
			exit(2);
		}
		memset(h->data + h->cap, 0, cap - h->cap);
		memset(h->seen + h->cap, 0, cap - h->cap);
		h->cap = cap;
	}
	for (i = 0; i < len; i++)
		if (h->seen[off + i] && h->data[off + i] != p[i])
			h->rewritten++;
	memcpy(h->data + off, p, len);
	memset(h->seen + off, 1, len);
	if (off + len > h->end)
		h->end = off + len;
}

void flow_add(struct flow *f, const struct seg *s)
{
	const uint8_t *eno = opt_find(s->opts, s->optlen, OPT_ENO);
	int dir = flow_dir(f, s);
	struct half *h, *peer;
	uint32_t off;

	if ((s->flags & (TH_SYN | TH_ACK)) == TH_SYN && s->dport == f->port) {
		if (!f->cport) {
			f->cport = s->sport;
			f->connections = 1;
		} else if (f->cport != s->sport) {
			f->connections++;
		}
		dir = flow_dir(f, s);
	}
	if (dir < 0 || !f->cport)
		return;
	h = &f->h[dir];
	peer = &f->h[!dir];
	if (s->flags & TH_RST) {
		h->rsts++;
		return;
	}
	if (s->flags & TH_SYN) {
		size_t len = eno ? eno[1] : 0;

		if (len > ENO_MAX)
			len = ENO_MAX;
		if (h->syns && (len != h->enolen || (len && memcmp(eno, h->eno, len))))
			h->eno_changed = true;
		if (!h->syns && len) {
			memcpy(h->eno, eno, len);
			h->enolen = len;
		}
		h->syns++;
		h->isn = s->seq;
		h->isn_known = true;
		return;
	}
	if (!h->isn_known)
		return;
	h->segs++;
	if (h->first_eno < 0)
		h->first_eno = !!eno;
	h->eno_segs += !!eno;
	if (!peer->segs && !eno)
		h->missing_eno++;
	if (peer->segs && eno)
		h->late_eno++;
	if (s->flags & TH_FIN)
		h->fins++;
	off = s->seq - (h->isn + 1);
	if (!s->paylen || off > STREAM_MAX)
		return;
	if (h->nearly < EARLY_SEGS) {
		h->early[h->nearly].off = off;
		h->early[h->nearly].len = s->paylen;
		h->early[h->nearly].flags = s->flags;
		h->nearly++;
	}
	keep(h, off, s->payload, s->paylen);
}

static void hex(FILE *out, const uint8_t *p, size_t len)
{
	while (len--)
		fprintf(out, "%02x", *p++);
}

static unsigned int count_marker(const struct half *h, const char *marker)
{
	size_t len = strlen(marker), off = 0;
	unsigned int n = 0;
	const uint8_t *p;

	if (!h->end)
		return 0;
	while ((p = memmem(h->data + off, h->end - off, marker, len))) {
		n++;
		off = p - h->data + len;
	}
	return n;
}

/* The length of an Init message if the stream starts with one, else 0 */
static size_t init_len(const struct half *h)
{
	uint32_t magic, len;

	if (h->end < 8)
		return 0;
	magic = get32(h->data);
	len = get32(h->data + 4);
	if ((magic != 0x15101a0e && magic != 0x097105e0) || len > h->end)
		return 0;
	return len;
}

void flow_report(const struct flow *f, const char *marker, FILE *out)
{
	static const char * const names[NDIRS] = { "c2s", "s2c" };
	int d;

	fprintf(out, "connections=%u\n", f->connections);
	for (d = 0; d < NDIRS; d++) {
		const struct half *h = &f->h[d];
		const char *n = names[d];
		size_t init = init_len(h), off, holes = 0;
		unsigned int i, frames = 0, psh = 0;

		fprintf(out, "%s_syns=%u\n%s_eno=", n, h->syns, n);
		hex(out, h->eno, h->enolen);
		fprintf(out, "\n%s_eno_changed=%d\n", n, h->eno_changed);
		fprintf(out, "%s_segs=%u\n", n, h->segs);
		fprintf(out, "%s_eno_segs=%u\n", n, h->eno_segs);
		fprintf(out, "%s_first_eno=%d\n", n, h->first_eno);
		fprintf(out, "%s_missing_eno=%u\n", n, h->missing_eno);
		fprintf(out, "%s_late_eno=%u\n", n, h->late_eno);
		fprintf(out, "%s_fins=%u\n%s_rsts=%u\n", n, h->fins, n, h->rsts);
		fprintf(out, "%s_bytes=%zu\n", n, h->end);
		fprintf(out, "%s_rewritten=%u\n", n, h->rewritten);
		fprintf(out, "%s_first=", n);
		if (h->end)
			hex(out, h->data, h->end < 32 ? h->end : 32);
		for (off = 0; off < h->end; off++)
			holes += !h->seen[off];
		fprintf(out, "\n%s_holes=%zu\n", n, holes);
		fprintf(out, "%s_init_len=%zu\n", n, init);
		for (i = 0; init && i < h->nearly; i++)
			if (h->early[i].off < init &&
			    h->early[i].off + h->early[i].len >= init)
				psh = !!(h->early[i].flags & TH_PSH);
		fprintf(out, "%s_init_psh=%u\n", n, psh);
		/* Frames: control byte, clen, ciphertext */
		fprintf(out, "%s_frame_offsets=", n);
		for (off = init; init && off + 3 <= h->end; frames++) {
			if (frames < 16)
				fprintf(out, "%s%zu", frames ? "," : "", off);
			off += 3 + get16(h->data + off + 1);
		}
		fprintf(out, "\n%s_frames=%u\n", n, frames);
		fprintf(out, "%s_frames_exact=%d\n", n, init && off == h->end);
		if (marker)
			fprintf(out, "%s_marker=%u\n", n, count_marker(h, marker));
	}
}
