/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_MIB_H
#define _TCPCRYPT_MIB_H

#include <linux/percpu.h>
#include <linux/types.h>

struct net;
struct seq_file;

/*
 * One counter for each outcome and for each reason.  What users call them is
 * in mib.c; Documentation/counters.rst says more about each.
 */
enum tcpcrypt_mib {
	/* negotiation, active opener */
	TCPCRYPT_MIB_SYN_OFFERED,	/* SYN sent with ENO */
	TCPCRYPT_MIB_SYN_NO_SPACE,	/* option field full */
	TCPCRYPT_MIB_SYN_EXCLUDED,	/* port, loopback, off */
	TCPCRYPT_MIB_SYN_INELIGIBLE,	/* MD5, AO, TFO, ULP.. */
	TCPCRYPT_MIB_SYN_BLACKHOLED,	/* destination remembered */
	/* negotiation, passive opener */
	TCPCRYPT_MIB_SYN_RECEIVED,	/* SYN-ACK due for ENO */
	TCPCRYPT_MIB_SYNACK_SENT,	/* SYN-ACK with ENO */
	TCPCRYPT_MIB_SYNACK_NO_SPACE,	/* option field full */
	TCPCRYPT_MIB_HALFOPEN_FULL,	/* table at its bound */
	TCPCRYPT_MIB_HALFOPEN_EXPIRED,	/* no third ACK came */
	TCPCRYPT_MIB_MIGRATED,		/* third ACK refused */
	TCPCRYPT_MIB_NOMEM,		/* allocation failed */
	/* policy and bad paths */
	TCPCRYPT_MIB_REQUIRE_REFUSED,	/* plain was not allowed */
	TCPCRYPT_MIB_BLACKHOLE_ADDED,	/* destination found out */
	/* fallback to plain TCP, RFC 8547 section 4.6 */
	TCPCRYPT_MIB_FALLBACK_SYNACK_NONE,
	TCPCRYPT_MIB_FALLBACK_ACK_NONE,
	TCPCRYPT_MIB_FALLBACK_MULTIPLE,
	TCPCRYPT_MIB_FALLBACK_ILLFORMED,
	TCPCRYPT_MIB_FALLBACK_VACUOUS,
	TCPCRYPT_MIB_FALLBACK_NO_TEP,
	TCPCRYPT_MIB_FALLBACK_ROLE,
	TCPCRYPT_MIB_FALLBACK_AWARE,
	TCPCRYPT_MIB_FALLBACK_SYN_RETRY,
	TCPCRYPT_MIB_FALLBACK_SIMULTANEOUS,
	TCPCRYPT_MIB_FALLBACK_SYNCOOKIE,
	TCPCRYPT_MIB_FALLBACK_REFUSED,	/* SYN never answered */
	/* key exchange */
	TCPCRYPT_MIB_KEX_STARTED,
	TCPCRYPT_MIB_ESTABLISHED,
	TCPCRYPT_MIB_KEX_TIMEOUT,
	TCPCRYPT_MIB_KEX_PROTOCOL,	/* malformed Init */
	TCPCRYPT_MIB_KEX_BAD_KEY,
	TCPCRYPT_MIB_KEX_NO_CIPHER,
	TCPCRYPT_MIB_KEX_FAILED,	/* local resource failure */
	/* session resumption */
	TCPCRYPT_MIB_RESUME_OFFERED,	/* SYN names a session */
	TCPCRYPT_MIB_RESUME_REFUSED,	/* the peer exchanged keys */
	TCPCRYPT_MIB_RESUME_UNKNOWN,	/* the peer named one we lack */
	TCPCRYPT_MIB_RESUME_NO_SPACE,	/* option field full */
	TCPCRYPT_MIB_RESUMED,
	TCPCRYPT_MIB_CACHE_ADDED,
	TCPCRYPT_MIB_CACHE_EVICTED,	/* cache full, memory short */
	TCPCRYPT_MIB_CACHE_EXPIRED,
	TCPCRYPT_MIB_CACHE_FLUSHED,
	/* record layer */
	TCPCRYPT_MIB_FRAMES_SENT,
	TCPCRYPT_MIB_FRAMES_RECEIVED,
	TCPCRYPT_MIB_FRAME_BAD,
	TCPCRYPT_MIB_FRAME_MALFORMED,
	TCPCRYPT_MIB_FIN_NO_FINP,
	TCPCRYPT_MIB_DATA_AFTER_FINP,
	TCPCRYPT_MIB_REKEY_SENT,
	TCPCRYPT_MIB_REKEY_RECEIVED,
	TCPCRYPT_MIB_REKEY_INITIATED,
	TCPCRYPT_MIB_URG_SENT,
	TCPCRYPT_MIB_URG_RECEIVED,
	TCPCRYPT_MIB_KEEPALIVE_PROBE,
	TCPCRYPT_MIB_KEEPALIVE_DEAD,	/* no answer */
	TCPCRYPT_MIB_SEND_RETRIED,	/* sealed frame resent */
	TCPCRYPT_MIB_SEND_FOREIGN,	/* not ours, in an encrypted stream */
	/* end of connection */
	TCPCRYPT_MIB_CLOSED,
	TCPCRYPT_MIB_RESET,		/* by the peer */
	TCPCRYPT_MIB_ABORTED,		/* by us, after an error */
	TCPCRYPT_MIB_LINGER_TIMEOUT,	/* peer's FINp never came */
	TCPCRYPT_MIB_MAX
};

/**
 * struct tcpcrypt_mibs - the counters of one CPU
 * @v: indexed by enum tcpcrypt_mib
 */
struct tcpcrypt_mibs {
	unsigned long v[TCPCRYPT_MIB_MAX];
};

void tcpcrypt_mib_inc(struct net *net, enum tcpcrypt_mib id);
void tcpcrypt_mib_read(struct net *net, u64 out[TCPCRYPT_MIB_MAX]);
const char *tcpcrypt_mib_name(enum tcpcrypt_mib id);
int tcpcrypt_mib_seq_show(struct seq_file *seq, void *v);

#endif /* _TCPCRYPT_MIB_H */
