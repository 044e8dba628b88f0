// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel module: loading it, noticing that it comes and goes, and passing
 * on what it tells about connections.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <libkmod.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "tcpcryptd.h"

/* Between looks for a module that is not there; milliseconds */
#define LOOK_MS		5000

/* Until one that has just been announced answers */
#define READY_MS	50

/* Events may come in bursts */
#define EVENT_BUFFER	(1024 * 1024)

struct module *kernel;

static struct nl_sock *events;
static bool joined;		/* to the group of the module that is there */
static int64_t next_look;
static unsigned long overruns;
static bool rules_ours;		/* the policy is what we made it */

/**
 * kernel_load() - load the module unless it is there
 *
 * Return: 0 or a negative errno.
 */
int kernel_load(void)
{
	struct kmod_list *list = NULL, *it;
	struct module *there;
	struct kmod_ctx *ctx;
	int rc;

	there = module_open();
	if (there) {
		module_close(there);
		return 0;
	}
	ctx = kmod_new(NULL, NULL);
	if (!ctx)
		return -ENOMEM;
	rc = kmod_module_new_from_lookup(ctx, "tcpcrypt", &list);
	if (!rc && !list)
		rc = -ENOENT;
	kmod_list_foreach(it, list) {
		struct kmod_module *mod = kmod_module_get_module(it);

		rc = kmod_module_probe_insert_module(mod,
						     KMOD_PROBE_APPLY_BLACKLIST,
						     NULL, NULL, NULL, NULL);
		kmod_module_unref(mod);
		if (rc)
			break;
	}
	kmod_module_unref_list(list);
	kmod_unref(ctx);
	return rc > 0 ? -EPERM : rc;	/* blacklisted */
}

static void addr_port(char *to, size_t size, const struct conn *c,
		      const uint8_t *addr, uint16_t port)
{
	char ip[INET6_ADDRSTRLEN];

	inet_ntop(c->family, addr, ip, sizeof(ip));
	snprintf(to, size, c->family == AF_INET6 ? "[%s]:%u" : "%s:%u", ip,
		 port);
}

static const char *const event_names[] = {
	[TCPCRYPT_EVENT_ESTABLISHED] = "encrypted",
	[TCPCRYPT_EVENT_FALLBACK] = "plain",
	[TCPCRYPT_EVENT_REKEYED] = "rekeyed",
	[TCPCRYPT_EVENT_FAILED] = "failed",
	[TCPCRYPT_EVENT_CLOSED] = "closed",
};

static const int event_levels[] = {
	[TCPCRYPT_EVENT_ESTABLISHED] = 1,
	[TCPCRYPT_EVENT_FALLBACK] = 2,
	[TCPCRYPT_EVENT_REKEYED] = 3,
	[TCPCRYPT_EVENT_FAILED] = 1,
	[TCPCRYPT_EVENT_CLOSED] = 3,
};

static void show_event(uint32_t event, const struct conn *c)
{
	char local[64], remote[64], more[128] = "";

	if (event_levels[event] > options.verbose)
		return;
	addr_port(local, sizeof(local), c, c->laddr, c->lport);
	addr_port(remote, sizeof(remote), c, c->raddr, c->rport);
	if (event == TCPCRYPT_EVENT_ESTABLISHED)
		snprintf(more, sizeof(more), " tep 0x%02x aead 0x%04x%s",
			 c->tep, c->aead, c->resumed ? " resumed" : "");
	else if (event == TCPCRYPT_EVENT_FAILED)
		snprintf(more, sizeof(more), ": %s %s", strerror(c->error),
			 c->fallback);
	else if (event == TCPCRYPT_EVENT_FALLBACK)
		snprintf(more, sizeof(more), ": %s", c->fallback);
	say(event_levels[event], "%s->%s [%s] %s%s", local, remote,
	    c->passive ? "in" : "out", event_names[event], more);
}

static int on_conn_event(struct nlmsghdr *nlh)
{
	struct nlattr *event, *nest;
	struct conn c;
	uint32_t what;

	event = nlmsg_find_attr(nlh, GENL_HDRLEN, TCPCRYPT_A_EVENT);
	nest = nlmsg_find_attr(nlh, GENL_HDRLEN, TCPCRYPT_A_CONN);
	if (!event || nla_len(event) != 4 || !nest || !module_get_conn(nest, &c))
		return NL_OK;
	what = nla_get_u32(event);
	if (!what || what > TCPCRYPT_EVENT_MAX)
		return NL_OK;
	if (what == TCPCRYPT_EVENT_ESTABLISHED || what == TCPCRYPT_EVENT_FALLBACK)
		slots_used(&c);
	show_event(what, &c);
	return NL_OK;
}

static void module_gone(void)
{
	if (!kernel)
		return;
	module_close(kernel);
	kernel = NULL;
	joined = false;
	next_look = now_ms() + LOOK_MS;
	complain("the kernel module is gone: new connections are plain TCP");
	notify("STATUS=kernel module not loaded");
}

static int on_family(struct nlmsghdr *nlh)
{
	struct nlattr *name;
	int cmd = ((struct genlmsghdr *)nlmsg_data(nlh))->cmd;

	name = nlmsg_find_attr(nlh, GENL_HDRLEN, CTRL_ATTR_FAMILY_NAME);
	if (!name || nla_strcmp(name, TCPCRYPT_GENL_NAME))
		return NL_OK;
	if (cmd == CTRL_CMD_DELFAMILY)
		module_gone();
	else if (cmd == CTRL_CMD_NEWFAMILY)
		next_look = now_ms();
	return NL_OK;
}

static int on_message(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);

	if (nlmsg_datalen(nlh) < (int)GENL_HDRLEN)
		return NL_OK;
	if (nlh->nlmsg_type == GENL_ID_CTRL)
		return on_family(nlh);
	return on_conn_event(nlh);
}

static void join(void)
{
	struct nl_sock *sk = nl_socket_alloc();
	int group;

	if (!sk)
		return;
	if (!genl_connect(sk)) {
		group = genl_ctrl_resolve_grp(sk, TCPCRYPT_GENL_NAME,
					      TCPCRYPT_MCGRP_CONN);
		if (group >= 0)
			joined = !nl_socket_add_membership(events, group);
	}
	nl_socket_free(sk);
	if (!joined)
		say(1, "the kernel module tells no events");
}

static void open_events(void)
{
	int group;

	events = nl_socket_alloc();
	if (!events || genl_connect(events))
		goto err;
	group = genl_ctrl_resolve_grp(events, "nlctrl", "notify");
	nl_socket_disable_seq_check(events);
	if (group < 0 || nl_socket_add_membership(events, group) ||
	    nl_socket_set_nonblocking(events))
		goto err;
	nl_socket_set_buffer_size(events, EVENT_BUFFER, 0);
	nl_socket_modify_cb(events, NL_CB_VALID, NL_CB_CUSTOM, on_message, NULL);
	return;
err:
	complain("cannot listen to the kernel's events");
	nl_socket_free(events);
	events = NULL;
}

/* True when the policy was replaced */
static bool configure_rules(void)
{
	int rc;

	/* A policy that somebody else has made is left alone */
	if (!options.nrules && !rules_ours)
		return false;
	rc = apply_rules(kernel, &options);
	if (rc)
		complain("cannot set the policy: %s %s", strerror(-rc),
			 module_why(kernel));
	rules_ours = options.nrules;
	return !rc;
}

/**
 * kernel_configure() - tell the module what the configuration says
 * @fresh: it has just been loaded, and knows nothing
 */
void kernel_configure(bool fresh)
{
	int rc;

	if (!kernel)
		return;
	rc = apply_settings(kernel, &options);
	if (rc)
		complain("cannot configure the kernel module: %s %s",
			 strerror(-rc), module_why(kernel));
	if (configure_rules() || fresh)
		slots_restore();
}

static void ignore_stat(const char *name, uint64_t value, void *arg)
{
}

/* The family is announced a moment before the module takes requests */
static bool not_ready(void)
{
	if (module_stats(kernel, ignore_stat, NULL) != -EAGAIN)
		return false;
	module_close(kernel);
	kernel = NULL;
	next_look = now_ms() + READY_MS;
	return true;
}

static void look(void)
{
	next_look = now_ms() + LOOK_MS;
	kernel = module_open();
	if (!kernel || not_ready())
		return;
	join();
	kernel_configure(true);
	if (home_disabled())
		apply_enable(kernel, false);
	say(1, "the kernel module is there");
	notify("STATUS=kernel module loaded");
}

/**
 * kernel_start() - begin to work with the module, if it is there
 */
void kernel_start(void)
{
	open_events();
	look();
}

/**
 * kernel_fd() - the descriptor of events
 *
 * Return: the descriptor for poll(), or -1.
 */
int kernel_fd(void)
{
	return events ? nl_socket_get_fd(events) : -1;
}

/**
 * kernel_event() - take the events there are
 */
void kernel_event(void)
{
	int i, rc = 0;

	/* A bound: other descriptors want their turn */
	for (i = 0; i < 256 && rc >= 0; i++)
		rc = nl_recvmsgs_default(events);
	/* ENOBUFS: some are lost; what hangs on them looks for itself */
	if (rc < 0 && rc != -NLE_AGAIN && rc != -NLE_INTR) {
		overruns++;
		if (!(overruns & (overruns - 1)))
			complain("events of the kernel module were lost (%lu times)",
				 overruns);
	}
	control_recheck();
}

/**
 * kernel_timeout() - when kernel_tick() wants to be called
 *
 * Return: milliseconds, or -1.
 */
int kernel_timeout(void)
{
	int64_t left = next_look - now_ms();

	if (kernel)
		return -1;
	return left > 0 ? left : 0;
}

/**
 * kernel_tick() - look for a module that was not there
 */
void kernel_tick(void)
{
	if (!kernel && now_ms() >= next_look)
		look();
}

/**
 * kernel_dump() - print the state
 */
void kernel_dump(void)
{
	say(0, "kernel module %s, events %s, lost %lu times",
	    kernel ? "loaded" : "not loaded", joined ? "on" : "off", overruns);
}
