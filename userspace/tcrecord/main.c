// SPDX-License-Identifier: GPL-2.0-only
/*
 * tcrecord - check and compare logs of sessions, see tcpcrypt_record(3)
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../libtcpcrypt/tcpcrypt.h"

static void usage(FILE *to)
{
	fputs("Usage: tcrecord show LOG\n"
	      "       tcrecord verify LOG [CHAIN]\n"
	      "       tcrecord compare LOG OTHER-LOG\n"
	      "Read logs of encrypted sessions.\n"
	      "\n"
	      "  show      print every record\n"
	      "  verify    check that no record was changed, and that CHAIN, noted\n"
	      "            down earlier, is in the log; print the last chain\n"
	      "  compare   check that every session in LOG is in OTHER-LOG, that of\n"
	      "            its peer: one that is not had somebody in the middle\n"
	      "\n"
	      "  -h, --help       show this and exit\n"
	      "  -V, --version    show the version and exit\n",
	      to);
}

/* The session IDs of a log */
struct sessions {
	char (*ids)[sizeof(((struct tcpcrypt_record *)0)->session_id)];
	char *roles;
	size_t count;
};

/* What is looked for while a log is read */
struct look {
	const char *chain;
	bool found;
	char last[sizeof(((struct tcpcrypt_record *)0)->chain)];
	struct sessions sessions;
	const struct sessions *other;
	unsigned int missing;
};

static void read_log(const char *path, tcpcrypt_record_fn fn, struct look *look)
{
	uint64_t count;

	if (!tcpcrypt_record_verify(path, fn, look, &count))
		return;
	if (errno == EBADMSG)
		errx(1, "%s: damaged or changed after record %" PRIu64, path,
		     count);
	err(1, "%s", path);
}

static int show_one(const struct tcpcrypt_record *rec, void *arg)
{
	time_t t = rec->time;
	char when[32];
	struct tm tm;

	strftime(when, sizeof(when), "%FT%TZ", gmtime_r(&t, &tm));
	printf("%" PRIu64 " %s %c %s %s %s %s\n", rec->number, when, rec->role,
	       rec->local, rec->remote, rec->session_id,
	       rec->note[0] ? rec->note : "-");
	return 0;
}

static int verify_one(const struct tcpcrypt_record *rec, void *arg)
{
	struct look *look = arg;

	memcpy(look->last, rec->chain, sizeof(look->last));
	if (look->chain && !strcmp(look->chain, rec->chain))
		look->found = true;
	return 0;
}

static void verify(const char *path, const char *chain)
{
	struct look look = { .chain = chain };

	read_log(path, verify_one, &look);
	if (chain && !look.found)
		errx(1, "%s: records are missing: chain %s is not in it", path,
		     chain);
	puts(look.last);
}

static int collect_one(const struct tcpcrypt_record *rec, void *arg)
{
	struct sessions *s = &((struct look *)arg)->sessions;

	if (!(s->count & (s->count + 1))) {
		s->ids = realloc(s->ids, 2 * (s->count + 1) * sizeof(*s->ids));
		s->roles = realloc(s->roles, 2 * (s->count + 1));
		if (!s->ids || !s->roles)
			err(1, NULL);
	}
	memcpy(s->ids[s->count], rec->session_id, sizeof(*s->ids));
	s->roles[s->count++] = rec->role;
	return 0;
}

static int compare_one(const struct tcpcrypt_record *rec, void *arg)
{
	struct look *look = arg;
	const struct sessions *s = look->other;
	size_t i;

	/* Of the two ends of a session one has each role */
	for (i = 0; i < s->count; i++)
		if (s->roles[i] != rec->role &&
		    !strcmp(s->ids[i], rec->session_id))
			return 0;
	look->missing++;
	return show_one(rec, NULL);
}

static void compare(const char *path, const char *other)
{
	struct look theirs = { 0 }, ours = { .other = &theirs.sessions };

	read_log(other, collect_one, &theirs);
	read_log(path, compare_one, &ours);
	free(theirs.sessions.ids);
	free(theirs.sessions.roles);
	if (ours.missing)
		errx(1, "%u sessions of %s are not in %s", ours.missing, path,
		     other);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "-h") || !strcmp(what, "--help")) {
		usage(stdout);
	} else if (!strcmp(what, "-V") || !strcmp(what, "--version")) {
		puts("tcrecord " VERSION);
	} else if (!strcmp(what, "show") && argc == 3) {
		read_log(argv[2], show_one, NULL);
	} else if (!strcmp(what, "verify") && (argc == 3 || argc == 4)) {
		verify(argv[2], argv[3]);
	} else if (!strcmp(what, "compare") && argc == 4) {
		compare(argv[2], argv[3]);
	} else {
		usage(stderr);
		return 2;
	}
	if (fflush(stdout) || ferror(stdout))
		err(1, "cannot write");
	return 0;
}
