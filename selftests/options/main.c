// SPDX-License-Identifier: GPL-2.0-only
/*
 * What applications can ask of the module, and what an encrypted connection
 * does by itself: options, new keys, liveness, urgent data. Over loopback,
 * each test once over IPv4 and once over IPv6; semantics that plain TCP has,
 * too, are tried on it first.
 *
 *	options [-l] [-t SECONDS] [TEST...]
 */
#include <signal.h>
#include <sys/wait.h>

#include "../harness.h"

static const struct variant variants[] = {
	{ "ipv4", true, 4 },
	{ "ipv6", true, 6 },
};

#define NVARIANTS	(sizeof(variants) / sizeof(variants[0]))

static pid_t child;

static void on_timeout(int sig)
{
	if (child > 0)
		kill(-child, SIGKILL);
}

static int run_one(const struct test *t, const struct variant *v, int limit)
{
	struct sigaction sa = { .sa_handler = on_timeout };
	int st = 0;

	fflush(stdout);
	child = fork();
	if (!child) {
		setpgid(0, 0);
		signal(SIGPIPE, SIG_IGN);
		setvbuf(stdout, NULL, _IOLBF, 0);
		t->fn(v);
		fflush(stdout);
		_exit(test_failures ? 1 : 0);
	}
	setpgid(child, child);
	sigaction(SIGALRM, &sa, NULL);
	alarm(limit);
	while (waitpid(child, &st, 0) < 0 && errno == EINTR)
		;
	alarm(0);
	kill(-child, SIGKILL);
	if (WIFSIGNALED(st))
		printf("# ended by signal %d%s\n", WTERMSIG(st),
		       WTERMSIG(st) == SIGKILL ? " (time limit)" : "");
	return st;
}

static bool wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++)
		if (strstr(name, argv[i]))
			return true;
	return !argc;
}

int main(int argc, char **argv)
{
	int o, limit = 60, n = 0, failed = 0;
	bool list = false;
	struct test *t;
	unsigned int k;
	long start;

	while ((o = getopt(argc, argv, "lt:")) != -1) {
		if (o == 'l') {
			list = true;
		} else if (o == 't') {
			limit = atoi(optarg);
		} else {
			fprintf(stderr, "usage: options [-l] [-t SECONDS] [TEST...]\n");
			return 2;
		}
	}
	for (t = tests; t; t = t->next) {
		for (k = 0; k < NVARIANTS; k++) {
			char name[128];

			snprintf(name, sizeof(name), "%s.%s", t->name, variants[k].name);
			if (!wanted(name, argc - optind, argv + optind))
				continue;
			if (list) {
				puts(name);
				continue;
			}
			n++;
			start = now_ms();
			if (run_one(t, &variants[k], limit)) {
				failed++;
				printf("not ");
			}
			printf("ok %d - %s # %ld ms\n", n, name, now_ms() - start);
		}
	}
	if (!list)
		printf("1..%d\n# %d of %d failed\n", n, failed, n);
	return failed || !n;
}
