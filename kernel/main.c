// SPDX-License-Identifier: GPL-2.0-only
/*
 * tcpcrypt: encryption of TCP connections (RFC 8547, RFC 8548).
 *
 * Loading and unloading, layer by layer.
 */
#include <linux/module.h>
#include <net/tcp.h>

#include "cache.h"
#include "keylog.h"
#include "syn.h"
#include "tcpcrypt.h"

static int __init tcpcrypt_crypto_init(void)
{
	int err;

	err = tcpcrypt_kex_selftest();
	return err ?: tcpcrypt_aead_selftest();
}

static int __init tcpcrypt_init(void)
{
	int err;

	err = tcpcrypt_param_init();
	if (err)
		return err;
	err = tcpcrypt_crypto_init();
	if (err)
		return err;
	err = tcpcrypt_prot_init();
	if (err)
		return err;
	err = tcpcrypt_sock_init();
	if (err)
		return err;
	err = tcpcrypt_syn_init();
	if (err)
		goto err_sock;
	err = tcpcrypt_cache_init();
	if (err)
		goto err_syn;
	err = tcp_register_ulp(&tcpcrypt_ulp_ops);
	if (err)
		goto err_cache;
	err = tcpcrypt_netlink_init();
	if (err)
		goto err_ulp;
	/* last: packets are looked at from here on */
	err = tcpcrypt_netns_init();
	if (err)
		goto err_netlink;
	return 0;

err_netlink:
	tcpcrypt_netlink_exit();
err_ulp:
	tcp_unregister_ulp(&tcpcrypt_ulp_ops);
err_cache:
	tcpcrypt_cache_exit();
err_syn:
	tcpcrypt_syn_exit();
err_sock:
	tcpcrypt_sock_exit();
	return err;
}

/*
 * Every attached socket and every half-open connection holds the module, so
 * none is left; calls and works that are on their way out are waited for.
 */
static void __exit tcpcrypt_exit(void)
{
	tcpcrypt_netlink_exit();
	tcpcrypt_netns_exit();
	tcp_unregister_ulp(&tcpcrypt_ulp_ops);
	tcpcrypt_cache_exit();
	tcpcrypt_keylog_exit();
	tcpcrypt_sock_exit();
	tcpcrypt_syn_exit();
}

module_init(tcpcrypt_init);
module_exit(tcpcrypt_exit);

MODULE_DESCRIPTION("TCP encryption negotiation (RFC 8547) and tcpcrypt (RFC 8548)");
MODULE_AUTHOR("The tcpcrypt for Linux authors");
MODULE_LICENSE("GPL");
MODULE_ALIAS_TCP_ULP("tcpcrypt");
