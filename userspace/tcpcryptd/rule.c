// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules of the configuration file.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcpcryptd.h"

static int wrong(struct why *why, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static int wrong(struct why *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* ------------------------------------------ words that stand for themselves */

static const struct word {
	const char *word;
	const char *kind;	/* of which there is one in a rule */
	int attr;
	uint32_t value;
} words[] = {
	{ "in", "direction", TCPCRYPT_A_RULE_DIR, TCPCRYPT_DIR_IN },
	{ "out", "direction", TCPCRYPT_A_RULE_DIR, TCPCRYPT_DIR_OUT },
	{ "offer", "verdict", TCPCRYPT_A_RULE_VERDICT, TCPCRYPT_VERDICT_OFFER },
	{ "refuse", "verdict", TCPCRYPT_A_RULE_VERDICT, TCPCRYPT_VERDICT_REFUSE },
	{ "require", "verdict", TCPCRYPT_A_RULE_VERDICT,
	  TCPCRYPT_VERDICT_REQUIRE },
	{ "next", "verdict", TCPCRYPT_A_RULE_VERDICT, TCPCRYPT_VERDICT_NEXT },
	{ "aware", "aware", TCPCRYPT_A_RULE_AWARE, 1 },
	{ "no-cache", "no-cache", TCPCRYPT_A_RULE_NO_CACHE, 1 },
	{ "off", "off", TCPCRYPT_A_RULE_OFF, 1 },
};

static void set_word(struct rule *r, const struct word *w)
{
	switch (w->attr) {
	case TCPCRYPT_A_RULE_DIR:
		r->dir = w->value;
		break;
	case TCPCRYPT_A_RULE_VERDICT:
		r->verdict = w->value;
		break;
	case TCPCRYPT_A_RULE_AWARE:
		r->aware = true;
		break;
	case TCPCRYPT_A_RULE_NO_CACHE:
		r->no_cache = true;
		break;
	case TCPCRYPT_A_RULE_OFF:
		r->off = true;
		break;
	}
}

/* ------------------------------------------------- words that have a value */

static int addr(char *text, int *family, uint8_t to[16], uint32_t *prefix)
{
	char *slash = strchr(text, '/');
	uint64_t bits, max;

	*family = strchr(text, ':') ? AF_INET6 : AF_INET;
	max = *family == AF_INET6 ? 128 : 32;
	bits = max;
	if (slash) {
		*slash = '\0';
		if (conf_u64(slash + 1, max, &bits))
			return -EINVAL;
	}
	*prefix = bits;
	return inet_pton(*family, text, to) == 1 ? 0 : -EINVAL;
}

static int set_local(struct rule *r, char *text)
{
	r->has |= RULE_BIT(LPREFIX);
	return addr(text, &r->lfamily, r->laddr, &r->lprefix);
}

static int set_remote(struct rule *r, char *text)
{
	r->has |= RULE_BIT(RPREFIX);
	return addr(text, &r->rfamily, r->raddr, &r->rprefix);
}

/* No connection has port 0 */
static int ports(const char *text, uint16_t to[2])
{
	if (conf_range(text, &to[0], &to[1]) || !to[0])
		return -EINVAL;
	return 0;
}

static int set_lport(struct rule *r, char *text)
{
	return ports(text, r->lports);
}

static int set_rport(struct rule *r, char *text)
{
	return ports(text, r->rports);
}

static int set_mark(struct rule *r, char *text)
{
	char *slash = strchr(text, '/');
	uint64_t mark, mask = UINT32_MAX;

	if (slash) {
		*slash = '\0';
		if (conf_u64(slash + 1, UINT32_MAX, &mask))
			return -EINVAL;
	}
	if (conf_u64(text, UINT32_MAX, &mark))
		return -EINVAL;
	r->mark = mark;
	r->mask = mask;
	r->has |= RULE_BIT(MASK);
	return 0;
}

static int set_uid(struct rule *r, char *text)
{
	struct passwd *pw;
	uint64_t uid;

	if (conf_u64(text, UINT32_MAX - 1, &uid)) {
		pw = getpwnam(text);
		if (!pw)
			return -EINVAL;
		uid = pw->pw_uid;
	}
	r->uid = uid;
	return 0;
}

static const struct pair {
	const char *word;
	int attr;
	int (*set)(struct rule *r, char *text);
	const char *what;
} pairs[] = {
	{ "local", TCPCRYPT_A_RULE_LADDR, set_local, "an address or network" },
	{ "remote", TCPCRYPT_A_RULE_RADDR, set_remote, "an address or network" },
	{ "lport", TCPCRYPT_A_RULE_LPORTS, set_lport, "a port or range of ports" },
	{ "rport", TCPCRYPT_A_RULE_RPORTS, set_rport, "a port or range of ports" },
	{ "mark", TCPCRYPT_A_RULE_MARK, set_mark, "a mark" },
	{ "uid", TCPCRYPT_A_RULE_UID, set_uid, "a user" },
};

/* ------------------------------------------------------------ the whole rule */

/* Each kind of thing is said once; word must be one of a rule */
static int once(struct rule *r, int attr, const char *word, const char *kind,
		struct why *why)
{
	const uint64_t bit = UINT64_C(1) << attr;

	if (r->has & bit)
		return wrong(why, "'%s' is a second %s", word, kind);
	r->has |= bit;
	return 0;
}

static int take(struct rule *r, const char *word, char **save, struct why *why)
{
	const struct word *w;
	const struct pair *p;
	char *value, text[64];

	for (w = words; w < words + sizeof(words) / sizeof(*words); w++) {
		if (strcmp(w->word, word))
			continue;
		set_word(r, w);
		return once(r, w->attr, word, w->kind, why);
	}
	for (p = pairs; p < pairs + sizeof(pairs) / sizeof(*pairs); p++) {
		if (strcmp(p->word, word))
			continue;
		value = strtok_r(NULL, " \t", save);
		if (!value)
			return wrong(why, "'%s' needs %s", word, p->what);
		/* set() may cut it */
		snprintf(text, sizeof(text), "%s", value);
		if (p->set(r, value))
			return wrong(why, "'%s' is not %s", text, p->what);
		return once(r, p->attr, word, word, why);
	}
	return wrong(why, "'%s' is no word of a rule", word);
}

/* Does it make sense as a whole? */
static int check(const struct rule *r, struct why *why)
{
	if (!r->verdict)
		return wrong(why, "it needs a verdict: offer, refuse, require or next");
	if (r->lfamily && r->rfamily && r->lfamily != r->rfamily)
		return wrong(why, "local and remote are not of the same family");
	if (r->off && r->verdict != TCPCRYPT_VERDICT_NEXT)
		return wrong(why, "'off' is for rules with the verdict next");
	if (r->verdict == TCPCRYPT_VERDICT_REFUSE && (r->aware || r->no_cache))
		return wrong(why, "'%s' means nothing to what is refused",
			     r->aware ? "aware" : "no-cache");
	return 0;
}

/**
 * conf_rule() - read a rule
 * @rule: where to put it
 * @text: "offer|refuse|require|next [aware] [no-cache] [off] [in|out]
 *	[local CIDR] [remote CIDR] [lport PORTS] [rport PORTS]
 *	[mark MARK[/MASK]] [uid USER]", in any order
 * @why: told what is wrong with it
 *
 * Return: 0 or -EINVAL.
 */
int conf_rule(struct rule *rule, const char *text, struct why *why)
{
	char copy[512], *save, *word;
	int rc;

	memset(rule, 0, sizeof(*rule));
	if (strlen(text) >= sizeof(copy))
		return wrong(why, "it is too long");
	strcpy(copy, text);
	for (word = strtok_r(copy, " \t", &save); word;
	     word = strtok_r(NULL, " \t", &save)) {
		rc = take(rule, word, &save, why);
		if (rc)
			return rc;
	}
	return check(rule, why);
}

/**
 * conf_add_rule() - add a rule
 * @o: where
 * @rule: the rule
 * @first: before all others instead of behind them
 */
void conf_add_rule(struct options *o, const struct rule *rule, bool first)
{
	struct rule *rules;

	rules = realloc(o->rules, (o->nrules + 1) * sizeof(*rules));
	if (!rules)
		abort();
	o->rules = rules;
	if (first) {
		memmove(rules + 1, rules, o->nrules * sizeof(*rules));
		rules[0] = *rule;
	} else {
		rules[o->nrules] = *rule;
	}
	o->nrules++;
}
