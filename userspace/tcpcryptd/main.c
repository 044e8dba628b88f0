// SPDX-License-Identifier: GPL-2.0-only
/*
 * tcpcryptd - load, configure and watch the kernel's encryption of TCP
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tcpcryptd.h"

struct options options;

enum { FD_SIGNAL, FD_CONTROL, FD_KERNEL, FD_HOME, FDS = FD_HOME + 2 };

static struct pollfd fds[FDS];

static void dump(void)
{
	int i;

	say(0, "==== DUMPING STATE ====");
	for (i = 0; i < FD_HOME; i++)
		if (fds[i].fd >= 0)
			say(0, "FD %d state 1", fds[i].fd);
	kernel_dump();
	control_dump();
	say(0, "=======================");
}

static int open_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		err(1, "sigprocmask");
	signal(SIGPIPE, SIG_IGN);
	/* The children end when they want to; nobody waits for them */
	signal(SIGCHLD, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		err(1, "signalfd");
	return fd;
}

static void reload(int argc, char **argv)
{
	notify("RELOADING=1");
	if (options_reload(argc, argv)) {
		complain("the configuration stays as it was");
	} else {
		kernel_configure(false);
		if (kernel && home_disabled())
			apply_enable(kernel, false);
		say(0, "Configuration reloaded");
	}
	notify("READY=1");
}

/* False when it is time to go */
static bool on_signal(int fd, int argc, char **argv)
{
	struct signalfd_siginfo si;

	while (read(fd, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGUSR1)
			dump();
		else if (si.ssi_signo == SIGHUP)
			reload(argc, argv);
		else
			return false;
	}
	return true;
}

static bool cycle(int argc, char **argv)
{
	int timeout, i;

	timeout = sooner(kernel_timeout(), control_timeout());
	timeout = sooner(timeout, home_timeout());
	fds[FD_KERNEL].fd = kernel_fd();
	for (i = 0; i < FDS; i++) {
		fds[i].events = POLLIN;
		fds[i].revents = 0;
	}
	home_poll(&fds[FD_HOME]);
	if (poll(fds, FDS, timeout) < 0) {
		if (errno != EINTR)
			err(1, "poll");
		return true;
	}
	if (fds[FD_SIGNAL].revents && !on_signal(fds[FD_SIGNAL].fd, argc, argv))
		return false;
	if (fds[FD_KERNEL].revents)
		kernel_event();
	if (fds[FD_CONTROL].revents)
		control_event();
	kernel_tick();
	control_tick();
	home_event(&fds[FD_HOME]);
	return true;
}

int main(int argc, char **argv)
{
	bool test;
	int resolver = -1, rc;

	options_parse(argc, argv);
	test = !options.no_test && !options.disabled;
	notify(NULL);
	fds[FD_SIGNAL].fd = open_signals();
	say(0, "Initializing...");
	peer_init();
	rc = kernel_load();
	if (rc)
		complain("cannot load the kernel module: %s; will wait for it",
			 strerror(-rc));
	fds[FD_CONTROL].fd = control_open(options.control);
	if (test)
		resolver = resolver_start(options.server, options.user);
	privs_drop(options.user, options.jail);
	kernel_start();
	say(0, "Running");
	notify("READY=1");
	if (test)
		home_start(resolver);

	while (cycle(argc, argv))
		;
	notify("STOPPING=1");
	/* What is for as long as the daemon runs; the configuration stays */
	slots_clear();
	if (kernel && home_disabled() && !options.disabled)
		apply_enable(kernel, true);
	say(0, "%s", "");
	dump();
	return 0;
}
