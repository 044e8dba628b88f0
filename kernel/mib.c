// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters, per network namespace and per CPU.
 *
 * They are unsigned long like those of the kernel's own /proc/net/netstat: one
 * instruction to add, never torn, and on 32-bit machines they wrap at 2^32.
 */
#include <linux/bug.h>
#include <linux/cpumask.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "mib.h"
#include "tcpcrypt.h"

static const char * const mib_names[TCPCRYPT_MIB_MAX] = {
	[TCPCRYPT_MIB_SYN_OFFERED]		= "SynOffered",
	[TCPCRYPT_MIB_SYN_NO_SPACE]		= "SynNoSpace",
	[TCPCRYPT_MIB_SYN_EXCLUDED]		= "SynExcluded",
	[TCPCRYPT_MIB_SYN_INELIGIBLE]		= "SynIneligible",
	[TCPCRYPT_MIB_SYN_BLACKHOLED]		= "SynBlackholed",
	[TCPCRYPT_MIB_SYN_RECEIVED]		= "SynReceived",
	[TCPCRYPT_MIB_SYNACK_SENT]		= "SynAckSent",
	[TCPCRYPT_MIB_SYNACK_NO_SPACE]		= "SynAckNoSpace",
	[TCPCRYPT_MIB_HALFOPEN_FULL]		= "HalfOpenFull",
	[TCPCRYPT_MIB_HALFOPEN_EXPIRED]		= "HalfOpenExpired",
	[TCPCRYPT_MIB_MIGRATED]			= "MigratedListener",
	[TCPCRYPT_MIB_NOMEM]			= "NoMemory",
	[TCPCRYPT_MIB_REQUIRE_REFUSED]		= "RequireRefused",
	[TCPCRYPT_MIB_BLACKHOLE_ADDED]		= "BlackholeAdded",
	[TCPCRYPT_MIB_FALLBACK_SYNACK_NONE]	= "FallbackNoSynAckEno",
	[TCPCRYPT_MIB_FALLBACK_ACK_NONE]	= "FallbackNoAckEno",
	[TCPCRYPT_MIB_FALLBACK_MULTIPLE]	= "FallbackMultipleEno",
	[TCPCRYPT_MIB_FALLBACK_ILLFORMED]	= "FallbackIllFormed",
	[TCPCRYPT_MIB_FALLBACK_VACUOUS]		= "FallbackVacuous",
	[TCPCRYPT_MIB_FALLBACK_NO_TEP]		= "FallbackNoTep",
	[TCPCRYPT_MIB_FALLBACK_ROLE]		= "FallbackRole",
	[TCPCRYPT_MIB_FALLBACK_AWARE]		= "FallbackNotAware",
	[TCPCRYPT_MIB_FALLBACK_SYN_RETRY]	= "FallbackSynRetries",
	[TCPCRYPT_MIB_FALLBACK_SIMULTANEOUS]	= "FallbackSimultaneous",
	[TCPCRYPT_MIB_FALLBACK_SYNCOOKIE]	= "FallbackSynCookie",
	[TCPCRYPT_MIB_FALLBACK_REFUSED]		= "FallbackRefused",
	[TCPCRYPT_MIB_KEX_STARTED]		= "KexStarted",
	[TCPCRYPT_MIB_ESTABLISHED]		= "Established",
	[TCPCRYPT_MIB_KEX_TIMEOUT]		= "KexTimeout",
	[TCPCRYPT_MIB_KEX_PROTOCOL]		= "KexProtocolError",
	[TCPCRYPT_MIB_KEX_BAD_KEY]		= "KexBadPublicKey",
	[TCPCRYPT_MIB_KEX_NO_CIPHER]		= "KexNoCommonCipher",
	[TCPCRYPT_MIB_KEX_FAILED]		= "KexLocalError",
	[TCPCRYPT_MIB_RESUME_OFFERED]		= "ResumeOffered",
	[TCPCRYPT_MIB_RESUME_REFUSED]		= "ResumeRefused",
	[TCPCRYPT_MIB_RESUME_UNKNOWN]		= "ResumeUnknown",
	[TCPCRYPT_MIB_RESUME_NO_SPACE]		= "ResumeNoSpace",
	[TCPCRYPT_MIB_RESUMED]			= "Resumed",
	[TCPCRYPT_MIB_CACHE_ADDED]		= "CacheAdded",
	[TCPCRYPT_MIB_CACHE_EVICTED]		= "CacheEvicted",
	[TCPCRYPT_MIB_CACHE_EXPIRED]		= "CacheExpired",
	[TCPCRYPT_MIB_CACHE_FLUSHED]		= "CacheFlushed",
	[TCPCRYPT_MIB_FRAMES_SENT]		= "FramesSent",
	[TCPCRYPT_MIB_FRAMES_RECEIVED]		= "FramesReceived",
	[TCPCRYPT_MIB_FRAME_BAD]		= "FrameAuthFailed",
	[TCPCRYPT_MIB_FRAME_MALFORMED]		= "FrameMalformed",
	[TCPCRYPT_MIB_FIN_NO_FINP]		= "FinWithoutFinp",
	[TCPCRYPT_MIB_DATA_AFTER_FINP]		= "DataAfterFinp",
	[TCPCRYPT_MIB_REKEY_SENT]		= "RekeySent",
	[TCPCRYPT_MIB_REKEY_RECEIVED]		= "RekeyReceived",
	[TCPCRYPT_MIB_REKEY_INITIATED]		= "RekeyInitiated",
	[TCPCRYPT_MIB_URG_SENT]			= "UrgentSent",
	[TCPCRYPT_MIB_URG_RECEIVED]		= "UrgentReceived",
	[TCPCRYPT_MIB_KEEPALIVE_PROBE]		= "KeepaliveProbes",
	[TCPCRYPT_MIB_KEEPALIVE_DEAD]		= "KeepaliveTimeouts",
	[TCPCRYPT_MIB_SEND_RETRIED]		= "SendRetried",
	[TCPCRYPT_MIB_SEND_FOREIGN]		= "SendForeign",
	[TCPCRYPT_MIB_CLOSED]			= "Closed",
	[TCPCRYPT_MIB_RESET]			= "Reset",
	[TCPCRYPT_MIB_ABORTED]			= "Aborted",
	[TCPCRYPT_MIB_LINGER_TIMEOUT]		= "LingerTimeout",
};

/**
 * tcpcrypt_mib_inc() - count an event
 * @net: network namespace it happened in
 * @id: which counter
 *
 * Context: Any.
 */
void tcpcrypt_mib_inc(struct net *net, enum tcpcrypt_mib id)
{
	this_cpu_inc(tcpcrypt_pernet(net)->mibs->v[id]);
}

/**
 * tcpcrypt_mib_read() - add up the counters of all CPUs
 * @net: network namespace to read
 * @out: the sums, indexed by enum tcpcrypt_mib
 *
 * The counters go on while they are read: the sums are no snapshot.
 *
 * Context: Any.
 */
void tcpcrypt_mib_read(struct net *net, u64 out[TCPCRYPT_MIB_MAX])
{
	const struct tcpcrypt_mibs *mibs;
	unsigned int i;
	int cpu;

	memset(out, 0, TCPCRYPT_MIB_MAX * sizeof(*out));
	for_each_possible_cpu(cpu) {
		mibs = per_cpu_ptr(tcpcrypt_pernet(net)->mibs, cpu);
		for (i = 0; i < TCPCRYPT_MIB_MAX; i++)
			out[i] += READ_ONCE(mibs->v[i]);
	}
}

/**
 * tcpcrypt_mib_name() - what users call a counter
 * @id: which counter
 *
 * Context: Any.
 * Return: its name in /proc/net/tcpcrypt_stat; never NULL.
 */
const char *tcpcrypt_mib_name(enum tcpcrypt_mib id)
{
	if ((unsigned int)id >= TCPCRYPT_MIB_MAX)
		return "Unknown";
	return mib_names[id];
}

/**
 * tcpcrypt_mib_seq_show() - print /proc/net/tcpcrypt_stat
 * @seq: where to; its private data is the network namespace
 * @v: unused
 *
 * Context: Process context.
 * Return: 0.
 */
int tcpcrypt_mib_seq_show(struct seq_file *seq, void *v)
{
	u64 sums[TCPCRYPT_MIB_MAX];
	unsigned int i;

	tcpcrypt_mib_read(seq->private, sums);
	for (i = 0; i < TCPCRYPT_MIB_MAX; i++)
		seq_printf(seq, "%-32s%llu\n", mib_names[i], sums[i]);
	return 0;
}
