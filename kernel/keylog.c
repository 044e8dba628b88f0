// SPDX-License-Identifier: GPL-2.0-only
/*
 * The key log: with it, somebody who debugs a network decrypts what he has
 * captured.  It takes away all that the module is for, so it is off unless root
 * switches it on (parameter keylog), says so in the kernel log, and can be read
 * by root alone: /proc/net/tcpcrypt_keylog.
 *
 * A connection has one line, from which all of its generations can be derived:
 *
 *	TCPCRYPT laddr lport raddr rport A|B aead session-id mk[0]
 *
 * A or B is the role that this host's sending key is of (k_ab or k_ba, RFC 8548
 * section 3.3), the rest is as in the RFC.  The last KEYLOG_MAX connections are
 * kept, and wiped when the log is switched off.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>

#include "keylog.h"

#define KEYLOG_MAX	1024

/**
 * struct keylog_entry - the keys of one connection
 * @net: its network namespace, compared and never followed; NULL: no entry
 * @tuple: its addresses
 * @key_b: we encrypt with k_ba
 * @aead: the cipher
 * @session_id: its session ID
 * @mk: mk[0]
 */
struct keylog_entry {
	const struct net *net;
	struct tcpcrypt_tuple tuple;
	bool key_b;
	u16 aead;
	u8 session_id[TCPCRYPT_SESSID_LEN];
	u8 mk[TCPCRYPT_K_LEN];
};

/* Guards the following, except that keylog_enabled is peeked at without it */
static DEFINE_MUTEX(keylog_lock);
static bool keylog_enabled;
/* KEYLOG_MAX entries; there is none before the first key */
static struct keylog_entry *keylog_ring;
/* Entries made so far: the next one goes to this, modulo KEYLOG_MAX */
static u64 keylog_count;

static void keylog_drop(void)
{
	lockdep_assert_held(&keylog_lock);

	if (keylog_ring)
		kvfree_sensitive(keylog_ring,
				 KEYLOG_MAX * sizeof(*keylog_ring));
	keylog_ring = NULL;
	keylog_count = 0;
}

/**
 * tcpcrypt_keylog_switch() - switch the key log on, or off and wipe it
 * @on: which
 *
 * Context: Process context; sleeps.  Works before the module's init.
 */
void tcpcrypt_keylog_switch(bool on)
{
	mutex_lock(&keylog_lock);
	if (on && !keylog_enabled)
		pr_warn("KEY LOG IS ON: from now on root can read the keys of every encrypted connection in /proc/net/tcpcrypt_keylog; write 0 to /sys/module/tcpcrypt/parameters/keylog to end this\n");
	else if (!on && keylog_enabled)
		pr_warn("key log is off, its keys are wiped\n");
	WRITE_ONCE(keylog_enabled, on);
	if (!on)
		keylog_drop();
	mutex_unlock(&keylog_lock);
}

/**
 * tcpcrypt_keylog_on() - is the key log switched on
 *
 * Context: Any.
 * Return: true when it is.
 */
bool tcpcrypt_keylog_on(void)
{
	return READ_ONCE(keylog_enabled);
}

/**
 * tcpcrypt_keylog_add() - log the keys of a connection, if that is wanted
 * @ctx: the connection, its work running
 * @aead: its cipher
 * @session_id: its session ID
 * @mk: mk[0]
 *
 * Context: process, socket not locked; sleeps.
 */
void tcpcrypt_keylog_add(const struct tcpcrypt_sock *ctx, u16 aead,
			 const u8 session_id[TCPCRYPT_SESSID_LEN],
			 const u8 mk[TCPCRYPT_K_LEN])
{
	struct keylog_entry *e;

	if (likely(!tcpcrypt_keylog_on()))
		return;
	mutex_lock(&keylog_lock);
	if (!keylog_enabled)
		goto out;
	if (!keylog_ring)
		keylog_ring = kvcalloc(KEYLOG_MAX, sizeof(*keylog_ring),
				       GFP_KERNEL | __GFP_NOWARN);
	if (!keylog_ring)
		goto out;
	e = &keylog_ring[keylog_count++ % KEYLOG_MAX];
	e->net = ctx->tn->net;
	e->tuple = ctx->id_tuple;
	e->key_b = ctx->key_b;
	e->aead = aead;
	memcpy(e->session_id, session_id, sizeof(e->session_id));
	memcpy(e->mk, mk, sizeof(e->mk));
out:
	mutex_unlock(&keylog_lock);
}

/* The first entry of the reader's namespace from *pos on; header at 0 */
static void *keylog_seek(struct seq_file *seq, loff_t *pos)
{
	u64 first = keylog_count > KEYLOG_MAX ? keylog_count - KEYLOG_MAX : 0;
	u64 n;

	if (!*pos)
		return SEQ_START_TOKEN;
	/* Entry n is at position n + 1 for as long as the log is on */
	for (n = max_t(u64, *pos - 1, first); n < keylog_count; n++) {
		struct keylog_entry *e = &keylog_ring[n % KEYLOG_MAX];

		if (e->net != seq_file_net(seq))
			continue;
		*pos = n + 1;
		return e;
	}
	*pos = max_t(u64, *pos, keylog_count + 1);
	return NULL;
}

/*
 * The root of a user namespace owns its network namespaces, and their files in
 * proc with them, but is not who switched this on.
 */
static void *keylog_start(struct seq_file *seq, loff_t *pos)
{
	mutex_lock(&keylog_lock);
	if (!file_ns_capable(seq->file, &init_user_ns, CAP_NET_ADMIN))
		return ERR_PTR(-EPERM);
	return keylog_seek(seq, pos);
}

static void *keylog_next(struct seq_file *seq, void *v, loff_t *pos)
{
	++*pos;
	return keylog_seek(seq, pos);
}

static void keylog_stop(struct seq_file *seq, void *v)
{
	mutex_unlock(&keylog_lock);
}

static void keylog_addr(struct seq_file *seq, u16 family,
			const struct in6_addr *addr, __be16 port)
{
	if (family == AF_INET)
		seq_printf(seq, " %pI4", addr);
	else
		seq_printf(seq, " %pI6c", addr);
	seq_printf(seq, " %u", ntohs(port));
}

static int keylog_show(struct seq_file *seq, void *v)
{
	const struct keylog_entry *e = v;

	if (v == SEQ_START_TOKEN) {
		seq_printf(seq, "# tcpcrypt key log, which is %s\n",
			   keylog_enabled ? "on" : "off");
		return 0;
	}
	seq_puts(seq, "TCPCRYPT");
	keylog_addr(seq, e->tuple.family, &e->tuple.laddr, e->tuple.lport);
	keylog_addr(seq, e->tuple.family, &e->tuple.raddr, e->tuple.rport);
	seq_printf(seq, " %c %04x %*phN %*phN\n", e->key_b ? 'B' : 'A', e->aead,
		   (int)sizeof(e->session_id), e->session_id,
		   (int)sizeof(e->mk), e->mk);
	return 0;
}

static const struct seq_operations keylog_ops = {
	.start	= keylog_start,
	.next	= keylog_next,
	.stop	= keylog_stop,
	.show	= keylog_show,
};

/**
 * tcpcrypt_keylog_net_init() - the log of a network namespace
 * @tn: the namespace
 *
 * Context: Process context; sleeps.
 * Return: 0 or -ENOMEM.
 */
int tcpcrypt_keylog_net_init(struct tcpcrypt_net *tn)
{
	if (!proc_create_net("tcpcrypt_keylog", 0400, tn->net->proc_net,
			     &keylog_ops, sizeof(struct seq_net_private)))
		return -ENOMEM;
	return 0;
}

/**
 * tcpcrypt_keylog_net_exit() - take it away, and wipe what it showed
 * @tn: the namespace
 *
 * Context: Process context; sleeps.
 */
void tcpcrypt_keylog_net_exit(struct tcpcrypt_net *tn)
{
	unsigned int i;

	remove_proc_entry("tcpcrypt_keylog", tn->net->proc_net);
	mutex_lock(&keylog_lock);
	for (i = 0; keylog_ring && i < KEYLOG_MAX; i++) {
		if (keylog_ring[i].net == tn->net)
			memzero_explicit(&keylog_ring[i],
					 sizeof(keylog_ring[i]));
	}
	mutex_unlock(&keylog_lock);
}

/**
 * tcpcrypt_keylog_exit() - wipe and free the log
 *
 * Context: Process context, when no connection is left.
 */
void tcpcrypt_keylog_exit(void)
{
	mutex_lock(&keylog_lock);
	keylog_drop();
	mutex_unlock(&keylog_lock);
}
