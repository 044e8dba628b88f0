// SPDX-License-Identifier: GPL-2.0-only
/*
 * The configuration file: lines "name = value".
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcpcryptd.h"

enum kind { BOOL, U32, U64, TEPS, CIPHERS, PORTS };

static const struct name {
	const char *name;
	enum kind kind;
	int attr;
} names[] = {
	{ "enable", BOOL, TCPCRYPT_A_CONFIG_ENABLE },
	{ "loopback", BOOL, TCPCRYPT_A_CONFIG_LOOPBACK },
	{ "teps", TEPS, TCPCRYPT_A_CONFIG_TEP },
	{ "ciphers", CIPHERS, TCPCRYPT_A_CONFIG_AEAD },
	{ "exclude_ports", PORTS, TCPCRYPT_A_CONFIG_EXCLUDE },
	{ "ports", PORTS, TCPCRYPT_A_CONFIG_PORTS },
	{ "mark", U32, TCPCRYPT_A_CONFIG_MARK },
	{ "resume", BOOL, TCPCRYPT_A_CONFIG_RESUME },
	{ "cache_size", U32, TCPCRYPT_A_CONFIG_CACHE_SIZE },
	{ "cache_lifetime", U32, TCPCRYPT_A_CONFIG_CACHE_LIFETIME },
	{ "syn_retries", U32, TCPCRYPT_A_CONFIG_SYN_RETRIES },
	{ "max_halfopen", U32, TCPCRYPT_A_CONFIG_MAX_HALFOPEN },
	{ "rekey_bytes", U64, TCPCRYPT_A_CONFIG_REKEY_BYTES },
	{ "rekey_secs", U32, TCPCRYPT_A_CONFIG_REKEY_SECS },
	{ "kex_timeout", U32, TCPCRYPT_A_CONFIG_KEX_TIMEOUT },
	{ "max_frame", U32, TCPCRYPT_A_CONFIG_MAX_FRAME },
	{ "blackhole_size", U32, TCPCRYPT_A_CONFIG_BLACKHOLE_SIZE },
	{ "blackhole_lifetime", U32, TCPCRYPT_A_CONFIG_BLACKHOLE_LIFETIME },
	{ "eno_enable_connect", BOOL, TCPCRYPT_A_CONFIG_ENO_ENABLE_CONNECT },
	{ "eno_enable_listen", BOOL, TCPCRYPT_A_CONFIG_ENO_ENABLE_LISTEN },
	{ "eno_bad_connect_ports", PORTS,
	  TCPCRYPT_A_CONFIG_ENO_BAD_CONNECT_PORTS },
	{ "eno_bad_listen_ports", PORTS,
	  TCPCRYPT_A_CONFIG_ENO_BAD_LISTEN_PORTS },
};

static const struct id {
	const char *name;
	uint32_t id;
} teps[] = {
	{ "x25519", TCPCRYPT_TEP_ID_X25519 },
	{ "x448", TCPCRYPT_TEP_ID_X448 },
	{ "p256", TCPCRYPT_TEP_ID_P256 },
	{ "p521", TCPCRYPT_TEP_ID_P521 },
	{ NULL, 0 }
}, ciphers[] = {
	{ "aes128gcm", TCPCRYPT_AEAD_ID_AES128GCM },
	{ "aes256gcm", TCPCRYPT_AEAD_ID_AES256GCM },
	{ "chacha20poly1305", TCPCRYPT_AEAD_ID_CHACHA20POLY1305 },
	{ NULL, 0 }
};

static int parse_number(const char *text, int base, uint64_t max, uint64_t *to)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	*to = strtoull(text, &end, base);
	return *end || errno || *to > max ? -EINVAL : 0;
}

/**
 * conf_u64() - read a number
 * @text: the number, 0x.. and 0.. as in C
 * @max: the largest it may be
 * @to: where to put it
 *
 * Return: 0 or -EINVAL.
 */
int conf_u64(const char *text, uint64_t max, uint64_t *to)
{
	return parse_number(text, 0, max, to);
}

static int parse_bool(const char *text, uint64_t *to)
{
	static const char *const yes[] = { "1", "yes", "on", "true" };
	static const char *const no[] = { "0", "no", "off", "false" };
	unsigned int i;

	for (i = 0; i < 4; i++) {
		*to = !strcasecmp(text, yes[i]);
		if (*to || !strcasecmp(text, no[i]))
			return 0;
	}
	return -EINVAL;
}

static int parse_ids(const char *text, const struct id *id, struct setting *s)
{
	char copy[256], *save, *word;
	const struct id *i;

	s->count = 0;
	if (strlen(text) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, text);
	for (word = strtok_r(copy, ", \t", &save); word;
	     word = strtok_r(NULL, ", \t", &save)) {
		for (i = id; i->name && strcasecmp(i->name, word); i++)
			;
		if (!i->name || s->count >= 16)
			return -EINVAL;
		s->ids[s->count++] = i->id;
	}
	return s->count ? 0 : -EINVAL;
}

/**
 * conf_range() - read a range of ports
 * @text: N, N-M or, as packet filters have it, N:M, in decimal
 * @lo: becomes the first
 * @hi: becomes the last
 *
 * Return: 0 or -EINVAL.
 */
int conf_range(const char *text, uint16_t *lo, uint16_t *hi)
{
	char copy[16], *second;
	uint64_t a, b;

	if (strlen(text) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, text);
	second = strpbrk(copy, "-:");
	if (second)
		*second++ = '\0';
	if (parse_number(copy, 10, UINT16_MAX, &a) ||
	    parse_number(second ?: copy, 10, UINT16_MAX, &b) || a > b)
		return -EINVAL;
	*lo = a;
	*hi = b;
	return 0;
}

static int parse_ports(const char *text, struct setting *s)
{
	char copy[1024], *save, *word;
	struct range *r;

	s->count = 0;
	if (strlen(text) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, text);
	for (word = strtok_r(copy, ", \t", &save); word;
	     word = strtok_r(NULL, ", \t", &save)) {
		if (s->count >= TCPCRYPT_PORT_RANGES_MAX)
			return -EINVAL;
		r = &s->ranges[s->count++];
		if (conf_range(word, &r->lo, &r->hi))
			return -EINVAL;
	}
	return 0;
}

static int parse_setting(const struct name *n, const char *value,
			 struct setting *s)
{
	switch (n->kind) {
	case BOOL:
		return parse_bool(value, &s->number);
	case U32:
		return conf_u64(value, UINT32_MAX, &s->number);
	case U64:
		return conf_u64(value, UINT64_MAX, &s->number);
	case TEPS:
		return parse_ids(value, teps, s);
	case CIPHERS:
		return parse_ids(value, ciphers, s);
	case PORTS:
		return parse_ports(value, s);
	}
	return -EINVAL;
}

/**
 * conf_setting() - set a setting of the module
 * @o: where
 * @name: what it is called
 * @value: its value, as the module's parameter of the same name
 *
 * Return: 0; -ENOENT when there is none of that name, -EINVAL when the value
 * is none.
 */
int conf_setting(struct options *o, const char *name, const char *value)
{
	struct setting s = { .set = true };
	unsigned int i;
	int rc;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].name, name))
			continue;
		rc = parse_setting(&names[i], value, &s);
		if (!rc)
			o->settings[names[i].attr] = s;
		return rc;
	}
	return -ENOENT;
}

/* --------------------------------------------------------------- the file */

static char *trim(char *s)
{
	char *end = s + strlen(s);

	while (end > s && isspace((unsigned char)end[-1]))
		*--end = '\0';
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

static int set_string(char **to, const char *value)
{
	char *copy;

	if (!*value)
		return -EINVAL;
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(*to);
	*to = copy;
	return 0;
}

static int add_rule(struct options *o, const char *value, struct why *why)
{
	struct rule rule;
	int rc;

	rc = conf_rule(&rule, value, why);
	/* there is one more on the command line, perhaps */
	if (!rc && o->nrules >= TCPCRYPT_RULES_MAX - 1) {
		snprintf(why->text, sizeof(why->text), "there are too many");
		rc = -E2BIG;
	}
	if (!rc)
		conf_add_rule(o, &rule, false);
	return rc;
}

/* What is the daemon's own; -ENOENT when it is not */
static int own_setting(struct options *o, const char *name, const char *value,
		       struct why *why)
{
	uint64_t n;
	int rc;

	if (!strcmp(name, "control"))
		return set_string(&o->control, value);
	if (!strcmp(name, "user"))
		return set_string(&o->user, value);
	if (!strcmp(name, "jail"))
		return set_string(&o->jail, value);
	if (!strcmp(name, "test_server"))
		return set_string(&o->server, value);
	if (!strcmp(name, "network_test")) {
		rc = parse_bool(value, &n);
		o->no_test = !n;
		return rc;
	}
	if (!strcmp(name, "verbose")) {
		rc = conf_u64(value, 9, &n);
		if (!rc)
			o->verbose = n;
		return rc;
	}
	if (!strcmp(name, "rule"))
		return add_rule(o, value, why);
	return -ENOENT;
}

static int conf_line(const char *path, unsigned int number, char *line,
		     struct options *o)
{
	char *value = strchr(line, '='), *name;
	struct why why = { "" };
	int rc = -EINVAL;

	if (value) {
		*value++ = '\0';
		name = trim(line);
		value = trim(value);
		rc = own_setting(o, name, value, &why);
		if (rc == -ENOENT)
			rc = conf_setting(o, name, value);
		if (rc == -ENOENT)
			complain("%s:%u: there is no setting '%s'", path, number,
				 name);
		else if (rc && *why.text)
			complain("%s:%u: %s: %s", path, number, name, why.text);
		else if (rc)
			complain("%s:%u: '%s' is no value for '%s'", path,
				 number, value, name);
	} else {
		complain("%s:%u: neither a setting nor a comment", path, number);
	}
	return rc;
}

/**
 * conf_read() - read a configuration file
 * @path: the file
 * @o: where to put what it says
 * @missing_ok: that there is no such file is no error
 *
 * Return: 0 or a negative errno, after a complaint for each line that is wrong.
 */
int conf_read(const char *path, struct options *o, bool missing_ok)
{
	unsigned int number = 0;
	char *line = NULL, *p;
	size_t size = 0;
	int rc = 0, one;
	FILE *f;

	f = fopen(path, "re");
	if (!f) {
		if (errno == ENOENT && missing_ok)
			return 0;
		rc = -errno;
		complain("%s: %s", path, strerror(-rc));
		return rc;
	}
	while (getline(&line, &size, f) >= 0) {
		number++;
		p = strchr(line, '#');
		if (p)
			*p = '\0';
		p = trim(line);
		one = *p ? conf_line(path, number, p, o) : 0;
		if (one)
			rc = one;
	}
	free(line);
	fclose(f);
	return rc;
}
