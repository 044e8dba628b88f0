// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic netlink without a library, for programs that also send what no
 * library would.
 */
#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/tcpcrypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "genl.h"

static uint32_t seq;
int fd;
uint16_t family;
uint32_t mcgrp;
bool interrupted;
const char *extack = "";

static void die(const char *what)
{
	perror(what);
	exit(2);
}

void start(struct req *r, uint16_t type, int flags, int cmd)
{
	memset(r, 0, sizeof(*r));
	r->nlh.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	r->nlh.nlmsg_type = type;
	r->nlh.nlmsg_flags = NLM_F_REQUEST | flags;
	r->nlh.nlmsg_seq = ++seq;
	r->genl.cmd = cmd;
	r->genl.version = TCPCRYPT_GENL_VERSION;
}

struct nlattr *put(struct req *r, int type, const void *data, size_t len)
{
	struct nlattr *a = (void *)((char *)r + NLMSG_ALIGN(r->nlh.nlmsg_len));

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy((char *)a + NLA_HDRLEN, data, len);
	r->nlh.nlmsg_len = NLMSG_ALIGN(r->nlh.nlmsg_len) + NLA_ALIGN(a->nla_len);
	return a;
}

struct nlattr *nest_start(struct req *r, int type)
{
	return put(r, type | NLA_F_NESTED, NULL, 0);
}

void nest_end(struct req *r, struct nlattr *nest)
{
	nest->nla_len = (char *)r + r->nlh.nlmsg_len - (char *)nest;
}

void put_u16(struct req *r, int type, uint16_t v)
{
	put(r, type, &v, sizeof(v));
}

void put_u32(struct req *r, int type, uint32_t v)
{
	put(r, type, &v, sizeof(v));
}

void put_u64(struct req *r, int type, uint64_t v)
{
	put(r, type, &v, sizeof(v));
}

void send_req(struct req *r)
{
	if (send(fd, r, r->nlh.nlmsg_len, 0) < 0)
		die("send");
}

const struct nlattr *find(const void *p, int len, int type)
{
	const struct nlattr *a;

	for (; len >= NLA_HDRLEN; p += NLA_ALIGN(a->nla_len),
	     len -= NLA_ALIGN(a->nla_len)) {
		a = p;
		if (a->nla_len < NLA_HDRLEN || a->nla_len > len)
			break;
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
	}
	return NULL;
}

const void *data(const struct nlattr *a)
{
	return (const char *)a + NLA_HDRLEN;
}

/* What the kernel says about an error, behind the header it gives back */
static void keep_extack(const struct nlmsghdr *h)
{
	const int head = NLMSG_LENGTH(sizeof(struct nlmsgerr));
	const struct nlattr *a;

	extack = "";
	if (h->nlmsg_type != NLMSG_ERROR || !(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	a = find((const char *)h + head, h->nlmsg_len - head,
		 NLMSGERR_ATTR_MSG);
	if (a)
		extack = data(a);
}

/*
 * Read answers until the acknowledgment, the end of the dump or an error, and
 * give its errno.
 */
int answers(answer_fn fn, bool slow)
{
	static char buf[1 << 17] __attribute__((aligned(8)));
	struct nlmsghdr *h;
	int n;

	for (;;) {
		n = recv(fd, buf, sizeof(buf), 0);
		if (n < 0)
			die("recv");
		for (h = (void *)buf; NLMSG_OK(h, (unsigned int)n);
		     h = NLMSG_NEXT(h, n)) {
			if (h->nlmsg_seq != seq)
				continue;
			if (h->nlmsg_type == NLMSG_ERROR ||
			    h->nlmsg_type == NLMSG_DONE) {
				keep_extack(h);
				return -*(int *)NLMSG_DATA(h);
			}
			if (h->nlmsg_flags & NLM_F_DUMP_INTR)
				interrupted = true;
			if (fn)
				fn(NLMSG_DATA(h) + GENL_HDRLEN,
				   h->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN));
		}
		if (slow)
			usleep(10000);
	}
}

static void on_family(const struct nlattr *attrs, int len)
{
	const struct nlattr *a = find(attrs, len, CTRL_ATTR_FAMILY_ID);

	if (a)
		family = *(const uint16_t *)data(a);
	a = find(attrs, len, CTRL_ATTR_MCAST_GROUPS);
	if (!a)
		return;
	/* a list of groups, of which there is one */
	a = data(a);
	a = find(data(a), a->nla_len - NLA_HDRLEN, CTRL_ATTR_MCAST_GRP_ID);
	if (a)
		mcgrp = *(const uint32_t *)data(a);
}

void resolve(void)
{
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK };
	struct req r;
	int on = 1;

	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)))
		die("netlink socket");
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	start(&r, GENL_ID_CTRL, NLM_F_ACK, CTRL_CMD_GETFAMILY);
	put(&r, CTRL_ATTR_FAMILY_NAME, TCPCRYPT_GENL_NAME,
	    sizeof(TCPCRYPT_GENL_NAME));
	send_req(&r);
	if (answers(on_family, false) || !family) {
		fprintf(stderr, "no generic netlink family tcpcrypt\n");
		exit(2);
	}
}

void put_addr(struct req *r, int type, const char *val)
{
	uint8_t addr[16];

	if (inet_pton(AF_INET, val, addr) == 1)
		put(r, type, addr, 4);
	else if (inet_pton(AF_INET6, val, addr) == 1)
		put(r, type, addr, 16);
	else
		exit(2);
}
