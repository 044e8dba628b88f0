// SPDX-License-Identifier: GPL-2.0-only
/*
 * Socket semantics over loopback: whatever an application can see of a TCP
 * socket must be the same whether the connection is encrypted or not. Every
 * test runs over a plain connection first (a port that is excluded from
 * encryption), which proves the test, then over an encrypted one.
 *
 *	tcpcrypt [-p] [-l] [-t SECONDS] [TEST...]
 *
 * -p runs the plain variants only; TEST is a part of a name.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "semantics.h"

int limit = 60;

static const struct variant variants[] = {
	{ "plain.ipv4", false, 4 },
	{ "plain.ipv6", false, 6 },
	{ "plain.mapped", false, 46 },
	{ "encrypted.ipv4", true, 4 },
	{ "encrypted.ipv6", true, 6 },
	{ "encrypted.mapped", true, 46 },
};

#define NVARIANTS	(sizeof(variants) / sizeof(variants[0]))

/*
 * Most tests wait more than they work, so several run at once, each in a
 * child of its own. What a child prints is shown when it has ended.
 */
#define JOBS_MAX	8

struct run {
	pid_t pid;
	int out;
	long start;
	bool late;
	char name[128];
};

/* In the default exclude_ports; tests at the same time need one each */
static const char * const plain_ports[JOBS_MAX] = {
	"9993", "6697", "8883", "5061", "995", "994", "993", "992"
};

static struct run runs[JOBS_MAX];
static int jobs = 4;
static int ended;
static int failed;

static void run_child(const struct test *t, const struct variant *v, int slot)
{
	setpgid(0, 0);
	signal(SIGPIPE, SIG_IGN);
	dup2(runs[slot].out, STDOUT_FILENO);
	setvbuf(stdout, NULL, _IOLBF, 0);
	setenv("PLAIN_PORT", plain_ports[slot], 1);
	t->fn(v);
	fflush(stdout);
	_exit(test_failures ? 1 : 0);
}

static void run_start(const struct test *t, const struct variant *v, int slot)
{
	struct run *r = &runs[slot];

	fflush(stdout);
	memset(r, 0, sizeof(*r));
	r->out = memfd_create("output", MFD_CLOEXEC);
	r->start = now_ms();
	snprintf(r->name, sizeof(r->name), "%s.%s", t->name, v->name);
	r->pid = r->out < 0 ? -1 : fork();
	if (!r->pid)
		run_child(t, v, slot);
	if (r->pid < 0) {
		perror("fork");
		exit(2);
	}
	setpgid(r->pid, r->pid);
}

static void run_end(struct run *r, int status)
{
	char buf[4096];
	off_t pos = 0;
	ssize_t len;

	/* a test may leave children of its own behind */
	kill(-r->pid, SIGKILL);
	while ((len = pread(r->out, buf, sizeof(buf), pos)) > 0) {
		fwrite(buf, 1, len, stdout);
		pos += len;
	}
	close(r->out);
	if (r->late)
		printf("# ended by the time limit of %d s\n", limit);
	else if (WIFSIGNALED(status))
		printf("# ended by signal %d\n", WTERMSIG(status));
	if (status) {
		failed++;
		printf("not ");
	}
	printf("ok %d - %s # %ld ms\n", ++ended, r->name, now_ms() - r->start);
	fflush(stdout);
	r->pid = 0;
}

/* Wait until some slot is free, or with @all until all are */
static int run_wait(bool all)
{
	int i, status, idle;

	for (;;) {
		for (i = 0, idle = 0; i < jobs; i++) {
			struct run *r = &runs[i];

			if (r->pid && waitpid(r->pid, &status, WNOHANG) == r->pid)
				run_end(r, status);
			if (!r->pid && !all)
				return i;
			if (r->pid && !r->late &&
			    now_ms() - r->start > limit * 1000L) {
				r->late = true;
				kill(-r->pid, SIGKILL);
			}
			idle += !r->pid;
		}
		if (idle == jobs)
			return 0;
		usleep(2000);
	}
}

/* Without encryption IPv4 is enough: those cases test the tests */
static bool variant_wanted(const struct variant *v, bool plain_only, bool all)
{
	if (v->encrypted)
		return !plain_only;
	return plain_only || all || v->family == 4;
}

int main(int argc, char **argv)
{
	bool plain_only = false, list = false, all = false;
	struct test *t;
	unsigned int k;
	int o, i;

	while ((o = getopt(argc, argv, "aj:plt:")) != -1) {
		switch (o) {
		case 'a':
			all = true;
			break;
		case 'j':
			jobs = atoi(optarg);
			break;
		case 'p':
			plain_only = true;
			break;
		case 'l':
			list = true;
			break;
		case 't':
			limit = atoi(optarg);
			break;
		default:
			jobs = 0;
		}
	}
	if (jobs < 1 || jobs > JOBS_MAX || limit < 1) {
		fputs("usage: tcpcrypt [-a] [-p] [-l] [-j JOBS] [-t SECONDS] [TEST...]\n",
		      stderr);
		return 2;
	}
	for (t = tests; t; t = t->next) {
		for (k = 0; k < NVARIANTS; k++) {
			bool want = optind == argc;
			char name[128];

			snprintf(name, sizeof(name), "%s.%s", t->name, variants[k].name);
			for (i = optind; i < argc; i++)
				want |= !!strstr(name, argv[i]);
			if (!want || !variant_wanted(&variants[k], plain_only, all))
				continue;
			if (list)
				puts(name);
			else
				run_start(t, &variants[k], run_wait(false));
		}
	}
	if (list)
		return 0;
	run_wait(true);
	printf("1..%d\n# %d of %d failed\n", ended, failed, ended);
	return failed ? 1 : 0;
}
