/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tcpcryptd's control socket: datagrams of a header and data, the same both
 * ways.  The header and the options below CTL_LIST are those of the tcpcryptd
 * of 2010-2016, to the byte: its programs must find what they know.
 */
#ifndef TCPCRYPT_COMMON_CTL_H
#define TCPCRYPT_COMMON_CTL_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "nl.h"

#ifndef CTL_DEFAULT
#define CTL_DEFAULT	"/run/tcpcryptd.control"
#endif

/* Longest datagram of either direction; that of an old client is 4096 */
#define CTL_MAX		32768
#define CTL_OLD_MAX	4096

#define CTL_FLAG_SET	0x2

/* Host byte order but for addresses and ports */
struct ctl_msg {
	uint32_t seq;		/* repeated in the reply */
	uint32_t src;		/* of the socket asked about */
	uint16_t sport;
	uint16_t pad0;
	uint32_t dst;		/* 0 while it is not connected */
	uint16_t dport;
	uint16_t pad1;
	uint32_t flags;		/* CTL_FLAG_SET; else get */
	uint32_t err;		/* in a reply: 0, CTL_FAILED or an errno */
	uint32_t opt;
	uint32_t len;		/* bytes of data; in a get also the room */
};

#define CTL_FAILED	0xffffffffu

_Static_assert(sizeof(struct ctl_msg) == 36, "as it always was");

enum {
	CTL_ENABLE	= 0,
	CTL_CMODE	= 1,
	CTL_SESSID	= 2,
	CTL_RSA_KEY	= 3,
	CTL_APP_SUPPORT	= 15,
	CTL_RESET	= 100,
	CTL_NOCACHE	= 101,
	CTL_NETSTAT	= 102,
	/* Ours */
	CTL_LIST	= 1000,	/* connections of any family, page by page */
	CTL_WRAP	= 1001,	/* one of the above for an IPv6 socket */
};

/* In a reply to CTL_NETSTAT; sidlen, in network order, and the ID follow */
struct ctl_netstat {
	uint32_t src;
	uint16_t sport;
	uint16_t pad0;
	uint32_t dst;
	uint16_t dport;
} __attribute__((packed));

#define CTL_VERSION	1

/* Data of a CTL_LIST request; its header's address and ports do not matter */
struct ctl_list {
	uint32_t version;	/* CTL_VERSION */
	uint32_t family;	/* AF_INET, AF_INET6, or 0 for both */
	uint64_t after;		/* 0, or next of the reply before */
	uint32_t room;		/* longest data the client can take */
	uint32_t pad;
};

/* Data of the reply: this, and count entries in the order of their cookies */
struct ctl_page {
	uint32_t version;
	uint32_t count;
	uint64_t next;		/* what to go on after; 0 at the end */
};

struct ctl_entry {
	uint64_t cookie;
	uint8_t laddr[16];
	uint8_t raddr[16];
	uint16_t lport;		/* network order */
	uint16_t rport;		/* network order */
	uint16_t family;
	uint16_t aead;
	uint32_t uid;
	uint32_t tx_gen;
	uint32_t rx_gen;
	uint8_t tep;
	uint8_t role;		/* enum tcpcrypt_role */
	uint8_t passive;
	uint8_t resumed;
	uint64_t tx_bytes;
	uint64_t rx_bytes;
	uint64_t age;		/* milliseconds */
	uint8_t sid[TCPCRYPT_SESSID_BYTES];
	uint8_t pad[7];
};

_Static_assert(sizeof(struct ctl_entry) == 128, "no holes");

/* CTL_WRAP: this goes before the data of the option inside */
struct ctl_wrap {
	uint32_t version;
	uint32_t opt;		/* the option inside */
	uint8_t laddr[16];
	uint8_t raddr[16];
	uint16_t lport;		/* network order */
	uint16_t rport;		/* network order */
	uint32_t pad;
};

struct ctl_addr {
	union {
		struct sockaddr sa;
		struct sockaddr_un un;
		struct sockaddr_in in;
	};
	socklen_t len;
};

int ctl_parse(const char *text, struct ctl_addr *addr);
int ctl_ask(const char *addr, struct ctl_msg *msg, const void *data,
	    void *reply, size_t room, int timeout);
int ctl_conns(const char *addr, int family, conn_fn fn, void *arg,
	      int timeout);

#endif /* TCPCRYPT_COMMON_CTL_H */
