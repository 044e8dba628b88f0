// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line.
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcpcryptd.h"

enum {
	OPT_RETEST = 256,
	OPT_TEST_SECS,
	OPT_ANSWER_SECS,
};

static const char short_options[] = "hp:vdu:camnPt:T:S:Dx:NC:M:r:RifF:s:VU:J:e";

static const struct option long_options[] = {
	{ "help",		no_argument,		NULL, 'h' },
	{ "version",		no_argument,		NULL, 'V' },
	{ "config",		required_argument,	NULL, 'F' },
	{ "mark",		required_argument,	NULL, 'p' },
	{ "control",		required_argument,	NULL, 'u' },
	{ "test-server",	required_argument,	NULL, 's' },
	{ "no-network-test",	no_argument,		NULL, 'f' },
	{ "verbose",		no_argument,		NULL, 'v' },
	{ "disable",		no_argument,		NULL, 'd' },
	{ "no-cache",		no_argument,		NULL, 'c' },
	{ "user",		required_argument,	NULL, 'U' },
	{ "jail",		required_argument,	NULL, 'J' },
	{ "skip-mark",		required_argument,	NULL, 'x' },
	{ "retest-seconds",	required_argument,	NULL, OPT_RETEST },
	{ "test-seconds",	required_argument,	NULL, OPT_TEST_SECS },
	{ "answer-seconds",	required_argument,	NULL, OPT_ANSWER_SECS },
	{ NULL,			0,			NULL, 0 }
};

static void usage(FILE *to)
{
	fputs("Usage: tcpcryptd [OPTION...]\n"
	      "Load, configure and watch the kernel's encryption of TCP.\n"
	      "\n"
	      "  -F, --config FILE        settings and rules (" CONF_DEFAULT ")\n"
	      "  -p, --mark N             divert port: encrypt only connections to which the\n"
	      "                           packet filter gives mark N\n"
	      "  -x, --skip-mark HEX      leave alone connections with a bit of mark HEX set\n"
	      "  -d, --disable            do not encrypt new connections\n"
	      "  -c, --no-cache           do not resume sessions\n"
	      "  -u, --control ADDR       control socket: /path, @name or :port\n"
	      "                           (" CTL_DEFAULT ")\n"
	      "  -s, --test-server HOST   whom to test the network with\n"
	      "                           (" TEST_SERVER ")\n"
	      "  -f, --no-network-test    do not test the network\n"
	      "  -U, --user USER          user to become (" JAIL_USER ")\n"
	      "  -J, --jail DIR           directory to be locked up in (none)\n"
	      "  -v, --verbose            say more; may be repeated\n"
	      "  -h, --help               show this and exit\n"
	      "  -V, --version            show the version and exit\n"
	      "\n"
	      "Taken and ignored, for they were about packets in user space:\n"
	      "  -a -m -n -e -i -P -D -N -R, -S -t -T -C -M -r with an argument\n",
	      to);
}

static void replace(char **to, const char *value)
{
	free(*to);
	*to = strdup(value);
	if (!*to)
		err(1, NULL);
}

static void must_set(struct options *o, int opt, const char *name,
		     const char *value)
{
	if (conf_setting(o, name, value))
		errx(1, "-%c: '%s' is no number that fits", opt, value);
}

/*
 * The mark was always hexadecimal, with or without 0x.  Any of its bits counts,
 * and a rule matches all of its bits: there is one for each.
 */
static void skip_mark(struct options *o, const char *value)
{
	struct rule rule = {
		.has = RULE_BIT(MARK) | RULE_BIT(MASK),
		.verdict = TCPCRYPT_VERDICT_REFUSE,
	};
	unsigned long mark, bit;
	char *end;

	mark = strtoul(value, &end, 16);
	if (!isxdigit((unsigned char)*value) || *end || !mark ||
	    mark > UINT32_MAX)
		errx(1, "-x: '%s' is no mark", value);
	for (; mark; mark &= mark - 1) {
		bit = mark & -mark;
		rule.mark = bit;
		rule.mask = bit;
		conf_add_rule(o, &rule, true);
	}
}

static int seconds(const char *value)
{
	int n = atoi(value);

	if (n < 1 || n > 86400)
		errx(1, "'%s' seconds?", value);
	return n;
}

/* Those that say something about the daemon */
static bool parse_own(struct options *o, int opt)
{
	switch (opt) {
	case 'u':
		replace(&o->control, optarg);
		return true;
	case 's':
		replace(&o->server, optarg);
		return true;
	case 'U':
		replace(&o->user, optarg);
		return true;
	case 'J':
		replace(&o->jail, optarg);
		return true;
	case 'f':
		o->no_test = true;
		return true;
	case 'v':
		o->verbose++;
		return true;
	case OPT_RETEST:
		o->retest_secs = seconds(optarg);
		return true;
	case OPT_TEST_SECS:
		o->test_secs = seconds(optarg);
		return true;
	case OPT_ANSWER_SECS:
		o->answer_secs = seconds(optarg);
		return true;
	default:
		return false;
	}
}

/* Those that say something about the module */
static bool parse_module(struct options *o, int opt)
{
	switch (opt) {
	case 'p':
		must_set(o, opt, "mark", optarg);
		return true;
	case 'x':
		skip_mark(o, optarg);
		return true;
	case 'd':
		o->disabled = true;
		return true;
	case 'c':
		must_set(o, opt, "resume", "0");
		return true;
	default:
		return false;
	}
}

static void parse_one(struct options *o, int opt, bool quiet)
{
	if (parse_own(o, opt) || parse_module(o, opt))
		return;
	if (opt == 'F')
		return;
	if (opt == '?') {
		usage(stderr);
		exit(1);
	}
	if (!quiet)
		fprintf(stderr, "tcpcryptd: -%c has no meaning with the kernel module, ignored\n",
			opt);
}

static void defaults(struct options *o)
{
	memset(o, 0, sizeof(*o));
	o->conf = CONF_DEFAULT;
	o->retest_secs = 30 * 60;
	o->test_secs = 5;
	o->answer_secs = 30;
	replace(&o->control, CTL_DEFAULT);
	replace(&o->server, TEST_SERVER);
	replace(&o->user, JAIL_USER);
}

/* What only prints comes first: it works without a configuration */
static void first_pass(int argc, char **argv, struct options *o)
{
	int opt;

	opterr = 0;
	optind = 1;
	while ((opt = getopt_long(argc, argv, short_options, long_options,
				  NULL)) != -1) {
		switch (opt) {
		case 'h':
			usage(stdout);
			exit(0);
		case 'V':
			puts("tcpcrypt version " VERSION);
			exit(0);
		case 'F':
			o->conf = optarg;
			o->conf_given = true;
			break;
		}
	}
}

/* "enable = no" in the file is as good as -d */
static bool says_off(const struct options *o)
{
	const struct setting *s = &o->settings[TCPCRYPT_A_CONFIG_ENABLE];

	return s->set && !s->number;
}

static int parse_all(int argc, char **argv, struct options *o, bool again)
{
	int opt, rc;

	defaults(o);
	first_pass(argc, argv, o);
	rc = conf_read(o->conf, o, !o->conf_given);
	if (rc)
		return rc;
	opterr = !again;
	optind = 1;
	while ((opt = getopt_long(argc, argv, short_options, long_options,
				  NULL)) != -1)
		parse_one(o, opt, again);
	if (o->disabled)
		conf_setting(o, "enable", "0");
	o->disabled = says_off(o);
	return 0;
}

/**
 * options_parse() - read the command line and the configuration file
 * @argc: of main()
 * @argv: of main()
 *
 * Does not return when there is something wrong.
 */
void options_parse(int argc, char **argv)
{
	if (parse_all(argc, argv, &options, false))
		exit(1);
}

/**
 * options_reload() - read the configuration file again
 * @argc: of main()
 * @argv: of main(): it still overrides the file
 *
 * What was set up at the start, such as the control socket, stays as it is.
 *
 * Return: 0 or a negative errno; then the options are as they were.
 */
int options_reload(int argc, char **argv)
{
	struct options fresh;
	int rc;

	rc = parse_all(argc, argv, &fresh, true);
	if (!rc) {
		free(options.rules);
		memcpy(options.settings, fresh.settings,
		       sizeof(options.settings));
		options.rules = fresh.rules;
		options.nrules = fresh.nrules;
		options.verbose = fresh.verbose;
		options.disabled = fresh.disabled;
	} else {
		free(fresh.rules);
	}
	free(fresh.control);
	free(fresh.server);
	free(fresh.user);
	free(fresh.jail);
	return rc;
}
