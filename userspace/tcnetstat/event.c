// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to connections, as the kernel module tells it.
 */
#include <err.h>
#include <errno.h>
#include <string.h>

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "print.h"

#define EVENT_BUFFER	(1024 * 1024)

struct listener {
	event_fn fn;
	void *arg;
};

static const char *const names[] = {
	[TCPCRYPT_EVENT_ESTABLISHED] = "established",
	[TCPCRYPT_EVENT_FALLBACK] = "fallback",
	[TCPCRYPT_EVENT_REKEYED] = "rekeyed",
	[TCPCRYPT_EVENT_FAILED] = "failed",
	[TCPCRYPT_EVENT_CLOSED] = "closed",
};

static int on_message(struct nl_msg *msg, void *arg)
{
	struct listener *l = arg;
	struct nlattr *event, *nest;
	struct conn c;
	uint32_t what;

	event = nlmsg_find_attr(nlmsg_hdr(msg), GENL_HDRLEN, TCPCRYPT_A_EVENT);
	nest = nlmsg_find_attr(nlmsg_hdr(msg), GENL_HDRLEN, TCPCRYPT_A_CONN);
	if (!event || nla_len(event) != sizeof(what) || !nest ||
	    !module_get_conn(nest, &c))
		return NL_OK;
	what = nla_get_u32(event);
	if (what && what <= TCPCRYPT_EVENT_MAX)
		l->fn(names[what], &c, l->arg);
	return NL_OK;
}

/**
 * events_follow() - listen until the program is ended
 * @fn: what to call with each event
 * @arg: what to call it with
 */
void events_follow(event_fn fn, void *arg)
{
	struct listener l = { .fn = fn, .arg = arg };
	struct nl_sock *sk = nl_socket_alloc();
	int group, rc;

	if (!sk || genl_connect(sk))
		errx(1, "cannot open a netlink socket");
	group = genl_ctrl_resolve_grp(sk, TCPCRYPT_GENL_NAME, TCPCRYPT_MCGRP_CONN);
	if (group < 0)
		errx(1, "the kernel module tells no events");
	nl_socket_disable_seq_check(sk);
	nl_socket_set_buffer_size(sk, EVENT_BUFFER, 0);
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, on_message, &l);
	rc = nl_socket_add_membership(sk, group);
	if (rc)
		errx(1, "cannot listen to events: %s", nl_geterror(rc));
	for (;;) {
		rc = nl_recvmsgs_default(sk);
		if (rc < 0 && rc != -NLE_INTR)
			warnx("some events were lost");
	}
}
