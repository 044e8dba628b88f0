// SPDX-License-Identifier: GPL-2.0-only
/*
 * tcnetstat - show encrypted TCP connections
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../common/ctl.h"
#include "../common/nl.h"
#include "print.h"

/* How long tcpcryptd may take; milliseconds */
#define PATIENCE	30000

/* One end of a connection that is looked for */
struct end {
	int family;		/* 0: any address */
	uint8_t addr[16];
	uint16_t port;		/* 0: any */
};

struct options {
	bool v4;
	bool v6;
	bool all;
	bool stats;
	bool details;
	bool json;
	bool pretty;
	bool words;
	bool events;
	int watch;		/* seconds; 0 is once */
	const char *netns;
	const char *control;
	struct end local;
	struct end remote;
};

/* Where the objects go */
struct output {
	const struct options *opts;
	struct json_object *json;
};

enum { OPT_WORDS = 256, OPT_LOCAL, OPT_REMOTE };

static const struct option long_options[] = {
	{ "ipv4",	no_argument,		NULL, '4' },
	{ "ipv6",	no_argument,		NULL, '6' },
	{ "all",	no_argument,		NULL, 'a' },
	{ "details",	no_argument,		NULL, 'x' },
	{ "words",	no_argument,		NULL, OPT_WORDS },
	{ "stats",	no_argument,		NULL, 's' },
	{ "events",	no_argument,		NULL, 'e' },
	{ "watch",	required_argument,	NULL, 'w' },
	{ "json",	no_argument,		NULL, 'j' },
	{ "pretty",	no_argument,		NULL, 'p' },
	{ "local",	required_argument,	NULL, OPT_LOCAL },
	{ "remote",	required_argument,	NULL, OPT_REMOTE },
	{ "netns",	required_argument,	NULL, 'N' },
	{ "control",	required_argument,	NULL, 'u' },
	{ "help",	no_argument,		NULL, 'h' },
	{ "version",	no_argument,		NULL, 'V' },
	{ NULL,		0,			NULL, 0 }
};

static void usage(void)
{
	puts("Usage: tcnetstat [OPTION...]\n"
	     "Show the encrypted TCP connections and their session IDs.\n"
	     "\n"
	     "  -4, --ipv4          only IPv4\n"
	     "  -6, --ipv6          only IPv6\n"
	     "      --local END     only with this local end: ADDR, ADDR:PORT or :PORT\n"
	     "      --remote END    only with this remote end\n"
	     "  -a, --all           connections in every state, not only encrypted\n"
	     "  -x, --details       more about each connection, on a second line\n"
	     "      --words         session IDs as words to read aloud\n"
	     "  -s, --stats         show counters instead of connections\n"
	     "  -e, --events        show what happens to connections, until stopped\n"
	     "  -w, --watch SECS    show it all again every SECS seconds\n"
	     "  -j, --json          print JSON\n"
	     "  -p, --pretty        print JSON for people\n"
	     "  -N, --netns NS      look in the network namespace NS (name or path)\n"
	     "  -u, --control ADDR  ask tcpcryptd at ADDR instead of the kernel\n"
	     "  -h, --help          show this and exit\n"
	     "  -V, --version       show the version and exit");
}

static void wrong(const char *what, const char *value)
{
	fprintf(stderr, "tcnetstat: %s '%s'\nTry 'tcnetstat --help'.\n", what,
		value);
	exit(2);
}

/* ADDR, ADDR:PORT, :PORT, [ADDR] or [ADDR]:PORT */
static void parse_end(const char *text, struct end *to)
{
	char copy[INET6_ADDRSTRLEN + 8], *addr = copy, *port, *stop;
	unsigned long n;

	if (strlen(text) >= sizeof(copy))
		wrong("no address", text);
	strcpy(copy, text);
	port = strrchr(copy, ':');
	if (*copy == '[') {
		addr++;
		stop = strchr(copy, ']');
		if (!stop || (stop[1] && stop[1] != ':'))
			wrong("no address", text);
		port = stop[1] ? stop + 1 : NULL;
		*stop = '\0';
	} else if (port && strchr(copy, ':') != port) {
		port = NULL;	/* an IPv6 address alone */
	}
	if (port) {
		n = strtoul(port + 1, &stop, 10);
		if (*stop || !n || n > UINT16_MAX)
			wrong("no port", text);
		to->port = n;
		*port = '\0';
	}
	if (!*addr)
		return;
	to->family = strchr(addr, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(to->family, addr, to->addr) != 1)
		wrong("no address", text);
}

static void parse_one(int opt, struct options *o)
{
	switch (opt) {
	case '4':
		o->v4 = true;
		break;
	case '6':
		o->v6 = true;
		break;
	case 'a':
		o->all = true;
		break;
	case 'x':
		o->details = true;
		break;
	case 's':
		o->stats = true;
		break;
	case 'e':
		o->events = true;
		break;
	case 'w':
		o->watch = atoi(optarg);
		if (o->watch < 1)
			wrong("no number of seconds", optarg);
		break;
	case 'p':
		o->pretty = true;
		o->json = true;
		break;
	case 'j':
		o->json = true;
		break;
	case 'N':
		o->netns = optarg;
		break;
	case 'u':
		o->control = optarg;
		break;
	case OPT_WORDS:
		o->words = true;
		break;
	case OPT_LOCAL:
		parse_end(optarg, &o->local);
		break;
	case OPT_REMOTE:
		parse_end(optarg, &o->remote);
		break;
	case 'h':
		usage();
		exit(0);
	case 'V':
		puts("tcnetstat " VERSION);
		exit(0);
	default:
		fputs("Try 'tcnetstat --help'.\n", stderr);
		exit(2);
	}
}

static void parse(int argc, char **argv, struct options *o)
{
	int opt;

	while ((opt = getopt_long(argc, argv, "46axsew:jpN:u:hV", long_options,
				  NULL)) != -1)
		parse_one(opt, o);
	if (argv[optind])
		wrong("unexpected argument", argv[optind]);
	if (o->control && (o->stats || o->events || o->all || o->netns)) {
		fputs("tcnetstat: tcpcryptd tells of encrypted connections only:\n"
		      "-u goes without -a, -e, -s, -N\n", stderr);
		exit(2);
	}
	if (!o->v4 && !o->v6) {
		o->v4 = true;
		o->v6 = true;
	}
}

/* @name as "ip netns" knows it, or a path like /proc/PID/ns/net */
static void enter_netns(const char *name)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s%s",
		 strchr(name, '/') ? "" : "/run/netns/", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "network namespace %s", name);
	if (setns(fd, CLONE_NEWNET))
		err(1, "cannot enter the network namespace %s", name);
	close(fd);
}

static bool end_matches(const struct end *want, int family, const uint8_t *addr,
			uint16_t port)
{
	if (want->port && want->port != port)
		return false;
	if (!want->family)
		return true;
	return want->family == family &&
	       !memcmp(want->addr, addr, family == AF_INET ? 4 : 16);
}

static bool matches(const struct options *o, const struct conn *c)
{
	if (!(c->family == AF_INET6 ? o->v6 : o->v4))
		return false;
	return end_matches(&o->local, c->family, c->laddr, c->lport) &&
	       end_matches(&o->remote, c->family, c->raddr, c->rport);
}

static void on_conn(const struct conn *c, void *arg)
{
	struct output *out = arg;

	if (!matches(out->opts, c))
		return;
	if (!out->json)
		print_conn(c, out->opts->details, out->opts->words);
	else if (json_object_array_add(out->json,
				       json_conn(c, out->opts->words)))
		err(1, NULL);
}

static void on_stat(const char *name, uint64_t value, void *arg)
{
	struct output *out = arg;

	if (out->json)
		json_add_stat(out->json, name, value);
	else
		print_stat(name, value);
}

static void put_json(struct json_object *obj, const struct options *o)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	if (o->pretty)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	puts(json_object_to_json_string_ext(obj, flags));
	fflush(stdout);
	json_object_put(obj);
}

static void on_event(const char *event, const struct conn *c, void *arg)
{
	const struct options *o = arg;

	if (!matches(o, c))
		return;
	if (o->json)
		put_json(json_event(event, c, o->words), o);
	else
		print_event(event, c, o->details, o->words);
}

static void check(struct module *module, int rc)
{
	if (!rc)
		return;
	errno = -rc;
	err(1, "the kernel module does not answer%s%s",
	    *module_why(module) ? ": " : "", module_why(module));
}

static void show_family(struct module *module, int family, struct output *out)
{
	struct conn want = {
		.has = CONN_BIT(FAMILY),
		.family = family,
		.state = TCPCRYPT_CONN_OPEN,
	};

	if (!out->opts->all)
		want.has |= CONN_BIT(STATE);
	check(module, module_conns(module, &want, on_conn, out));
}

static void show_control(const struct options *o, int family,
			 struct output *out)
{
	int rc = ctl_conns(o->control, family, on_conn, out, PATIENCE);

	if (rc) {
		errno = -rc;
		err(1, "tcpcryptd at %s", o->control);
	}
}

static void show_conns(struct module *module, struct output *out)
{
	static const int families[] = { AF_INET, AF_INET6 };
	const struct options *o = out->opts;
	int i;

	if (!o->json)
		print_header();
	for (i = 0; i < 2; i++) {
		if (!(families[i] == AF_INET6 ? o->v6 : o->v4))
			continue;
		if (o->control)
			show_control(o, families[i], out);
		else
			show_family(module, families[i], out);
	}
}

static void show(struct module *module, const struct options *o)
{
	struct output out = { .opts = o };

	if (o->json) {
		out.json = o->stats ? json_object_new_object() :
				      json_object_new_array();
		if (!out.json)
			err(1, NULL);
	}
	if (o->stats)
		check(module, module_stats(module, on_stat, &out));
	else
		show_conns(module, &out);
	if (out.json)
		put_json(out.json, o);
}

/* Again and again; on a terminal in place */
static void watch(struct module *module, const struct options *o)
{
	for (;;) {
		if (isatty(STDOUT_FILENO))
			fputs("\033[H\033[2J", stdout);
		show(module, o);
		if (fflush(stdout))
			err(1, "cannot write");
		sleep(o->watch);
	}
}

int main(int argc, char **argv)
{
	struct module *module = NULL;
	struct options o = { 0 };

	parse(argc, argv, &o);
	if (o.netns)
		enter_netns(o.netns);
	if (!o.control) {
		module = module_open();
		if (!module && errno == ENOENT)
			errx(1, "the kernel module is not loaded; as root: modprobe tcpcrypt");
		if (!module)
			err(1, "cannot reach the kernel module");
	}

	if (o.events)
		events_follow(on_event, &o);
	if (o.watch)
		watch(module, &o);
	show(module, &o);
	module_close(module);

	if (fflush(stdout) || ferror(stdout))
		err(1, "cannot write");
	return 0;
}
