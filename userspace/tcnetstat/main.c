// SPDX-License-Identifier: GPL-2.0-only
/*
 * tcnetstat - show encrypted TCP connections
 */
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

#include "../common/nl.h"
#include "print.h"

struct options {
	bool v4;
	bool v6;
	bool all;
	bool stats;
	bool details;
	bool json;
	const char *netns;
};

/* Where the objects go */
struct output {
	const struct options *opts;
	struct json_object *json;
};

static const struct option long_options[] = {
	{ "ipv4",	no_argument,		NULL, '4' },
	{ "ipv6",	no_argument,		NULL, '6' },
	{ "all",	no_argument,		NULL, 'a' },
	{ "details",	no_argument,		NULL, 'x' },
	{ "stats",	no_argument,		NULL, 's' },
	{ "json",	no_argument,		NULL, 'j' },
	{ "netns",	required_argument,	NULL, 'N' },
	{ "help",	no_argument,		NULL, 'h' },
	{ "version",	no_argument,		NULL, 'V' },
	{ NULL,		0,			NULL, 0 }
};

static void usage(void)
{
	puts("Usage: tcnetstat [OPTION...]\n"
	     "Show the encrypted TCP connections and their session IDs.\n"
	     "\n"
	     "  -4, --ipv4        only IPv4\n"
	     "  -6, --ipv6        only IPv6\n"
	     "  -a, --all         connections in every state, not only encrypted\n"
	     "  -x, --details     more about each connection, on a second line\n"
	     "  -s, --stats       show counters instead of connections\n"
	     "  -j, --json        print JSON\n"
	     "  -N, --netns NS    look in the network namespace NS (name or path)\n"
	     "  -h, --help        show this and exit\n"
	     "  -V, --version     show the version and exit");
}

static void parse(int argc, char **argv, struct options *o)
{
	int opt;

	while ((opt = getopt_long(argc, argv, "46axsjN:hV", long_options,
				  NULL)) != -1) {
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
		case 'j':
			o->json = true;
			break;
		case 'N':
			o->netns = optarg;
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
	if (argv[optind]) {
		fprintf(stderr, "tcnetstat: unexpected argument '%s'\n"
			"Try 'tcnetstat --help'.\n", argv[optind]);
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

static void on_conn(const struct conn *c, void *arg)
{
	struct output *out = arg;

	if (!out->json)
		print_conn(c, out->opts->details);
	else if (json_object_array_add(out->json, json_conn(c)))
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

static void show(struct module *module, const struct options *o)
{
	struct output out = { .opts = o };

	if (o->json) {
		out.json = o->stats ? json_object_new_object() :
				      json_object_new_array();
		if (!out.json)
			err(1, NULL);
	}

	if (o->stats) {
		check(module, module_stats(module, on_stat, &out));
	} else {
		if (!o->json)
			print_header();
		if (o->v4)
			show_family(module, AF_INET, &out);
		if (o->v6)
			show_family(module, AF_INET6, &out);
	}

	if (out.json) {
		puts(json_object_to_json_string_ext(out.json,
						    JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(out.json);
	}
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	struct module *module;

	parse(argc, argv, &o);
	if (o.netns)
		enter_netns(o.netns);

	module = module_open();
	if (!module && errno == ENOENT)
		errx(1, "the kernel module is not loaded; as root: modprobe tcpcrypt");
	if (!module)
		err(1, "cannot reach the kernel module");
	show(module, &o);
	module_close(module);

	if (fflush(stdout) || ferror(stdout))
		err(1, "cannot write");
	return 0;
}
