// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module parameters.
 *
 * They are what every network namespace starts with.  All are checked once,
 * when the module is loaded: a bad value refuses the load with one line that
 * says what was wrong and what would have been accepted.  Only "enable" can
 * be written later, and then counts for all namespaces at once.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "param.h"
#include "tcpcrypt.h"

static const char param_default_teps[] = "x25519,p256";

static char *param_teps = (char *)param_default_teps;
static char *param_ciphers = "aes128gcm,aes256gcm,chacha20poly1305";
static char *param_ports =
	"22,261,443,465,563,614,636,684,695,853,989,990,992-995,5061,6697,8883,9993";

static struct tcpcrypt_config param_config = {
	.enable		= true,
	.kex_timeout	= 10,
	.max_halfopen	= 4096,
	.max_frame	= 16384,
};

/* Written before the module's init as well, when no namespace is known yet */
static int param_set_enable(const char *val, const struct kernel_param *kp)
{
	int err;

	err = param_set_bool(val, kp);
	if (err)
		return err;
	tcpcrypt_netns_enable_all(READ_ONCE(param_config.enable));
	return 0;
}

static const struct kernel_param_ops param_enable_ops = {
	.flags	= KERNEL_PARAM_OPS_FL_NOARG,
	.set	= param_set_enable,
	.get	= param_get_bool,
};

module_param_cb(enable, &param_enable_ops, &param_config.enable, 0644);
__MODULE_PARM_TYPE(enable, "bool");
MODULE_PARM_DESC(enable, "offer and accept encryption; a write sets it in every network namespace (default: 1)");

module_param_named(teps, param_teps, charp, 0444);
MODULE_PARM_DESC(teps, "key exchanges to offer, in order of preference (default: x25519,p256)");

module_param_named(ciphers, param_ciphers, charp, 0444);
MODULE_PARM_DESC(ciphers, "ciphers to offer or choose, in order of preference (default: aes128gcm,aes256gcm,chacha20poly1305)");

module_param_named(exclude_ports, param_ports, charp, 0444);
MODULE_PARM_DESC(exclude_ports, "ports and ranges, at either end, of connections to leave alone; empty for none (default: ports of protocols that encrypt by themselves)");

module_param_named(loopback, param_config.loopback, bool, 0444);
MODULE_PARM_DESC(loopback, "encrypt over the loopback device too (default: 0)");

module_param_named(kex_timeout, param_config.kex_timeout, uint, 0444);
MODULE_PARM_DESC(kex_timeout, "seconds a key exchange may take, 1 to 300 (default: 10)");

module_param_named(max_halfopen, param_config.max_halfopen, uint, 0444);
MODULE_PARM_DESC(max_halfopen, "passive connections being negotiated at a time, per network namespace, 16 to 1048576 (default: 4096)");

module_param_named(max_frame, param_config.max_frame, uint, 0444);
MODULE_PARM_DESC(max_frame, "most bytes of data in a frame sent, 64 to 65000 (default: 16384)");

/*
 * Next item of the comma separated list at *@pos, or NULL at its end.  An
 * empty list has one item, which is empty.
 */
static const char * __init param_item(const char **pos, size_t *len)
{
	const char *item = *pos;

	if (!item)
		return NULL;

	*len = strcspn(item, ",");
	*pos = item[*len] ? item + *len + 1 : NULL;
	return item;
}

/* The names this build of the module knows, for an error message */
static const char * __init param_known_teps(char *buf, size_t size)
{
	static const u8 all[TCPCRYPT_TEP_COUNT] __initconst = {
		TCPCRYPT_TEP_X25519, TCPCRYPT_TEP_P256,
		TCPCRYPT_TEP_X448, TCPCRYPT_TEP_P521,
	};
	const struct tcpcrypt_kex *kex;
	size_t i, n = 0;

	buf[0] = '\0';
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		kex = tcpcrypt_kex_find(all[i]);
		if (kex)
			n += scnprintf(buf + n, size - n, "%s%s",
				       n ? "," : "", kex->name);
	}
	return buf;
}

static const char * __init param_known_ciphers(char *buf, size_t size)
{
	static const u16 all[TCPCRYPT_AEAD_COUNT] __initconst = {
		TCPCRYPT_AEAD_AES128GCM, TCPCRYPT_AEAD_AES256GCM,
		TCPCRYPT_AEAD_CHACHA20POLY1305,
	};
	const struct tcpcrypt_aead_alg *alg;
	size_t i, n = 0;

	buf[0] = '\0';
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		alg = tcpcrypt_aead_find(all[i]);
		if (alg)
			n += scnprintf(buf + n, size - n, "%s%s",
				       n ? "," : "", alg->name);
	}
	return buf;
}

static int __init param_bad_item(const char *param, const char *item,
				 size_t len, const char *known)
{
	pr_err("%s: \"%.*s\" is unknown or given twice; accepted is a list, separated by commas, of %s\n",
	       param, (int)min_t(size_t, len, 64), item, known);
	return -EINVAL;
}

static bool __init param_add_tep(struct tcpcrypt_config *config, u8 tep)
{
	unsigned int i;

	for (i = 0; i < config->nteps; i++)
		if (config->teps[i] == tep)
			return false;
	if (config->nteps == ARRAY_SIZE(config->teps))
		return false;

	config->teps[config->nteps++] = tep;
	return true;
}

static bool __init param_add_cipher(struct tcpcrypt_config *config, u16 id)
{
	unsigned int i;

	for (i = 0; i < config->nciphers; i++)
		if (config->ciphers[i] == id)
			return false;
	if (config->nciphers == ARRAY_SIZE(config->ciphers))
		return false;

	config->ciphers[config->nciphers++] = id;
	return true;
}

static int __init param_parse_teps(struct tcpcrypt_config *config,
				   const char *list)
{
	bool is_default = list == param_default_teps;
	const struct tcpcrypt_kex *kex;
	const char *item;
	char known[64];
	size_t len;

	config->nteps = 0;
	while ((item = param_item(&list, &len))) {
		kex = tcpcrypt_kex_by_name(item, len);
		/* The kernel this was built for may lack elliptic curves */
		if (!kex && is_default)
			continue;
		if (!kex || !param_add_tep(config, kex->tep))
			return param_bad_item("teps", item, len,
					      param_known_teps(known, sizeof(known)));
	}
	return 0;
}

static int __init param_parse_ciphers(struct tcpcrypt_config *config,
				      const char *list)
{
	const struct tcpcrypt_aead_alg *alg;
	const char *item;
	char known[64];
	size_t len;

	config->nciphers = 0;
	while ((item = param_item(&list, &len))) {
		alg = tcpcrypt_aead_by_name(item, len);
		if (!alg || !param_add_cipher(config, alg->id))
			return param_bad_item("ciphers", item, len,
					      param_known_ciphers(known, sizeof(known)));
	}
	return 0;
}

/* A port number at *@pos, which is moved behind it */
static bool __init param_port(const char **pos, u16 *port)
{
	const char *p = *pos;
	unsigned int n = 0;

	for (; isdigit(*p) && n <= U16_MAX; p++)
		n = 10 * n + *p - '0';
	if (!n || n > U16_MAX)
		return false;

	*pos = p;
	*port = n;
	return true;
}

/* "80" or "80-90"; @item ends after @len bytes */
static bool __init param_port_range(const char *item, size_t len,
				    struct tcpcrypt_ports *ports)
{
	const char *end = item + len;

	if (!param_port(&item, &ports->lo))
		return false;

	ports->hi = ports->lo;
	if (*item == '-') {
		item++;
		if (!param_port(&item, &ports->hi))
			return false;
	}
	return item == end && ports->lo <= ports->hi;
}

static int __init param_parse_ports(struct tcpcrypt_config *config,
				    const char *list)
{
	struct tcpcrypt_ports ports;
	const char *item;
	size_t len;

	config->nexclude = 0;
	if (!*list)
		return 0;

	while ((item = param_item(&list, &len))) {
		if (!param_port_range(item, len, &ports)) {
			pr_err("exclude_ports: \"%.*s\" is not a port; accepted is a list, separated by commas, of ports (1 to 65535) and ranges like 992-995\n",
			       (int)min_t(size_t, len, 64), item);
			return -EINVAL;
		}
		if (config->nexclude == ARRAY_SIZE(config->exclude)) {
			pr_err("exclude_ports: too long; accepted are up to %zu ports and ranges\n",
			       ARRAY_SIZE(config->exclude));
			return -EINVAL;
		}
		config->exclude[config->nexclude++] = ports;
	}
	return 0;
}

static int __init param_check(const char *param, unsigned int val,
			      unsigned int min, unsigned int max)
{
	if (val >= min && val <= max)
		return 0;

	pr_err("%s: %u is out of range; accepted is %u to %u\n",
	       param, val, min, max);
	return -EINVAL;
}

static int __init param_check_numbers(const struct tcpcrypt_config *config)
{
	int err;

	err = param_check("kex_timeout", config->kex_timeout,
			  TCPCRYPT_KEX_TIMEOUT_MIN, TCPCRYPT_KEX_TIMEOUT_MAX);
	if (err)
		return err;

	err = param_check("max_halfopen", config->max_halfopen,
			  TCPCRYPT_MAX_HALFOPEN_MIN, TCPCRYPT_MAX_HALFOPEN_MAX);
	if (err)
		return err;

	return param_check("max_frame", config->max_frame,
			   TCPCRYPT_MAX_FRAME_MIN, TCPCRYPT_MAX_FRAME_MAX);
}

/**
 * tcpcrypt_param_init() - check the module parameters
 *
 * Has to come before tcpcrypt_netns_init().
 *
 * Context: Process context, from the module's init.
 * Return: 0, or -EINVAL after one line in the log that says which parameter
 * is wrong and what it accepts.
 */
int __init tcpcrypt_param_init(void)
{
	int err;

	err = param_parse_teps(&param_config, param_teps);
	if (err)
		return err;

	err = param_parse_ciphers(&param_config, param_ciphers);
	if (err)
		return err;

	err = param_parse_ports(&param_config, param_ports);
	if (err)
		return err;

	return param_check_numbers(&param_config);
}

/**
 * tcpcrypt_param_config() - what a new network namespace starts with
 *
 * Context: Any.
 * Return: the configuration.  Only its enable member ever changes after
 * tcpcrypt_param_init(); read it with READ_ONCE().
 */
const struct tcpcrypt_config *tcpcrypt_param_config(void)
{
	return &param_config;
}
