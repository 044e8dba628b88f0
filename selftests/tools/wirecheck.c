// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reports what a capture file (tcpdump -w, Ethernet) says about the first
 * connection to a port, as key=value lines; with a marker, how often that
 * string stands in the reassembled streams.
 *
 *	wirecheck FILE PORT [MARKER]
 */
#include <stdlib.h>
#include <string.h>

#include "flow.h"

int main(int argc, char **argv)
{
	uint8_t frame[262144];
	uint32_t hdr[6], rec[4];
	unsigned int packets = 0;
	struct flow f;
	struct seg s;
	FILE *in;

	if (argc < 3) {
		fprintf(stderr, "usage: wirecheck FILE PORT [MARKER]\n");
		return 2;
	}
	in = fopen(argv[1], "rb");
	if (!in || fread(hdr, sizeof(hdr), 1, in) != 1) {
		fprintf(stderr, "wirecheck: cannot read %s\n", argv[1]);
		return 2;
	}
	if ((hdr[0] != 0xa1b2c3d4 && hdr[0] != 0xa1b23c4d) || hdr[5] != 1) {
		fprintf(stderr, "wirecheck: %s is not an Ethernet capture\n", argv[1]);
		return 2;
	}
	flow_init(&f, atoi(argv[2]));
	while (fread(rec, sizeof(rec), 1, in) == 1) {
		if (rec[2] > sizeof(frame) || fread(frame, 1, rec[2], in) != rec[2])
			break;
		packets++;
		if (seg_parse(&s, frame, rec[2]))
			flow_add(&f, &s);
	}
	fclose(in);
	printf("packets=%u\n", packets);
	flow_report(&f, argc > 3 ? argv[3] : NULL, stdout);
	return 0;
}
