// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module parameters.
 *
 * They are what every network namespace starts with.  All are checked once,
 * when the module is loaded: a bad value refuses the load with one line that
 * says what was wrong and what would have been accepted.  Two can be written
 * later: "enable", which then counts for all namespaces at once, and "keylog",
 * which is no setting of a namespace.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "config.h"
#include "keylog.h"

static const char param_default_teps[] = "x25519,x448,p256,p521";

/* By enum tcpcrypt_list; what has no parameter is empty */
static char *param_texts[TCPCRYPT_LIST_COUNT] = {
	[TCPCRYPT_LIST_TEPS]		= (char *)param_default_teps,
	[TCPCRYPT_LIST_CIPHERS]		=
		"aes128gcm,aes256gcm,chacha20poly1305",
	[TCPCRYPT_LIST_PORTS]		= "",
	[TCPCRYPT_LIST_EXCLUDE]		=
		"22,261,443,465,563,614,636,684,695,853,989,990,992-995,5061,6697,8883,9993",
	[TCPCRYPT_LIST_BAD_CONNECT]	= "",
	[TCPCRYPT_LIST_BAD_LISTEN]	= "",
};

static struct tcpcrypt_lists param_lists;

static struct tcpcrypt_config param_config = {
	.enable			= true,
	.resume			= true,
	.eno_enable_connect	= true,
	.eno_enable_listen	= true,
	.cache_size		= 4096,
	.cache_lifetime		= 3600,
	.syn_retries		= 2,
	.max_halfopen		= 4096,
	.rekey_bytes		= 0,
	.rekey_secs		= 3600,
	.kex_timeout		= 10,
	.max_frame		= 16384,
	.blackhole_size		= 1024,
	.blackhole_lifetime	= 1800,
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

static int param_set_keylog(const char *val, const struct kernel_param *kp)
{
	bool on;
	int err;

	err = val ? kstrtobool(val, &on) : -EINVAL;
	if (!err)
		tcpcrypt_keylog_switch(on);
	return err;
}

static int param_get_keylog(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%c\n", tcpcrypt_keylog_on() ? 'Y' : 'N');
}

static const struct kernel_param_ops param_keylog_ops = {
	.set	= param_set_keylog,
	.get	= param_get_keylog,
};

module_param_cb(keylog, &param_keylog_ops, NULL, 0600);
__MODULE_PARM_TYPE(keylog, "bool");
MODULE_PARM_DESC(keylog, "let root read the keys of all connections in /proc/net/tcpcrypt_keylog, to debug a network (default: 0)");

module_param_named(teps, param_texts[TCPCRYPT_LIST_TEPS], charp, 0444);
MODULE_PARM_DESC(teps, "key exchanges to offer, in order of preference (default: x25519,x448,p256,p521)");

module_param_named(ciphers, param_texts[TCPCRYPT_LIST_CIPHERS], charp, 0444);
MODULE_PARM_DESC(ciphers, "ciphers to offer or choose, in order of preference (default: aes128gcm,aes256gcm,chacha20poly1305)");

module_param_named(ports, param_texts[TCPCRYPT_LIST_PORTS], charp, 0444);
MODULE_PARM_DESC(ports, "ports and ranges, at either end, of the only connections not to leave alone; empty for all (default: empty)");

module_param_named(exclude_ports, param_texts[TCPCRYPT_LIST_EXCLUDE], charp, 0444);
MODULE_PARM_DESC(exclude_ports, "ports and ranges, at either end, of connections to leave alone; empty for none (default: ports of protocols that encrypt by themselves)");

module_param_named(mark, param_config.mark, uint, 0444);
MODULE_PARM_DESC(mark, "firewall mark that a SYN must carry, or its connection is left alone; 0 for all (default: 0)");

module_param_named(loopback, param_config.loopback, bool, 0444);
MODULE_PARM_DESC(loopback, "encrypt over the loopback device too (default: 0)");

module_param_named(resume, param_config.resume, bool, 0444);
MODULE_PARM_DESC(resume, "resume earlier sessions without a new key exchange (default: 1)");

module_param_named(cache_size, param_config.cache_size, uint, 0444);
MODULE_PARM_DESC(cache_size, "sessions kept to be resumed, per network namespace, 0 to 1048576 (default: 4096)");

module_param_named(cache_lifetime, param_config.cache_lifetime, uint, 0444);
MODULE_PARM_DESC(cache_lifetime, "seconds a session can be resumed, 1 to 2592000 (default: 3600)");

module_param_named(syn_retries, param_config.syn_retries, uint, 0444);
MODULE_PARM_DESC(syn_retries, "SYNs with the option that may get lost before it is left out, 1 to 127 (default: 2)");

module_param_named(max_halfopen, param_config.max_halfopen, uint, 0444);
MODULE_PARM_DESC(max_halfopen, "passive connections being negotiated at a time, per network namespace, 16 to 1048576 (default: 4096)");

module_param_named(rekey_bytes, param_config.rekey_bytes, ulong, 0444);
MODULE_PARM_DESC(rekey_bytes, "bytes of data in one direction after which its keys change; 0 for the cipher's own limit (default: 0)");

module_param_named(rekey_secs, param_config.rekey_secs, uint, 0444);
MODULE_PARM_DESC(rekey_secs, "seconds after which the keys of a connection in use change, up to 2592000; 0 for never (default: 3600)");

module_param_named(kex_timeout, param_config.kex_timeout, uint, 0444);
MODULE_PARM_DESC(kex_timeout, "seconds a key exchange may take, 1 to 300 (default: 10)");

module_param_named(max_frame, param_config.max_frame, uint, 0444);
MODULE_PARM_DESC(max_frame, "most bytes of data in a frame sent, 64 to 65000 (default: 16384)");

module_param_named(blackhole_size, param_config.blackhole_size, uint, 0444);
MODULE_PARM_DESC(blackhole_size, "destinations that encryption did not reach to remember, per network namespace, 0 to 65536 (default: 1024)");

module_param_named(blackhole_lifetime, param_config.blackhole_lifetime, uint, 0444);
MODULE_PARM_DESC(blackhole_lifetime, "seconds to remember them, 1 to 2592000 (default: 1800)");

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

static int __init param_bad_item(enum tcpcrypt_list id,
				 const struct tcpcrypt_bad_item *bad)
{
	const char *name = tcpcrypt_list_name(id);
	int len = min_t(size_t, bad->len, 64);
	char known[64];

	if (tcpcrypt_list_ports(&param_lists, id))
		pr_err("%s: \"%.*s\" is not a port; accepted is a list, separated by commas, of ports (1 to 65535) and ranges like 992-995\n",
		       name, len, bad->text);
	else
		pr_err("%s: \"%.*s\" is unknown or given twice; accepted is a list, separated by commas, of %s\n",
		       name, len, bad->text, id == TCPCRYPT_LIST_TEPS ?
		       param_known_teps(known, sizeof(known)) :
		       param_known_ciphers(known, sizeof(known)));
	return -EINVAL;
}

static int __init param_parse_list(enum tcpcrypt_list id)
{
	struct tcpcrypt_bad_item bad;
	int err;

	err = tcpcrypt_list_parse(&param_lists, id, param_texts[id], &bad);
	if (err == -E2BIG) {
		pr_err("%s: too long; accepted are up to %d ports and ranges\n",
		       tcpcrypt_list_name(id), TCPCRYPT_PORT_RANGES_MAX);
		return -EINVAL;
	}
	return err ? param_bad_item(id, &bad) : 0;
}

/*
 * What param_default_teps says, but for what is missing here: the kernel this
 * was built for may lack elliptic curves.
 */
static void __init param_default_lists(void)
{
	tcpcrypt_list_add_tep(&param_lists, TCPCRYPT_TEP_X25519);
	tcpcrypt_list_add_tep(&param_lists, TCPCRYPT_TEP_X448);
	tcpcrypt_list_add_tep(&param_lists, TCPCRYPT_TEP_P256);
	tcpcrypt_list_add_tep(&param_lists, TCPCRYPT_TEP_P521);
}

static int __init param_parse_lists(void)
{
	enum tcpcrypt_list id;
	int err = 0;

	for (id = 0; id < TCPCRYPT_LIST_COUNT && !err; id++) {
		if (param_texts[id] == param_default_teps)
			param_default_lists();
		else
			err = param_parse_list(id);
	}
	return err;
}

static int __init param_check_numbers(void)
{
	const struct tcpcrypt_knob *knob;
	u64 value;

	for (knob = tcpcrypt_knobs;
	     knob < tcpcrypt_knobs + TCPCRYPT_KNOB_COUNT; knob++) {
		if (knob->type == TCPCRYPT_KNOB_ULONG)
			continue;
		value = tcpcrypt_knob_get(&param_config, knob);
		if (value >= knob->min && value <= knob->max)
			continue;
		pr_err("%s: %llu is out of range; accepted is %u to %u\n",
		       knob->name, value, knob->min, knob->max);
		return -EINVAL;
	}
	return 0;
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

	err = param_parse_lists();
	return err ?: param_check_numbers();
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

/**
 * tcpcrypt_param_lists() - the lists a new network namespace starts with
 *
 * Context: Any, after tcpcrypt_param_init().
 * Return: the lists, which never change.
 */
const struct tcpcrypt_lists *tcpcrypt_param_lists(void)
{
	return &param_lists;
}
