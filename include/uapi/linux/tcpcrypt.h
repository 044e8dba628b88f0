/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * User interface of the tcpcrypt module: socket options and the generic
 * netlink family.
 */
#ifndef _UAPI_LINUX_TCPCRYPT_H
#define _UAPI_LINUX_TCPCRYPT_H

#include <linux/types.h>

/*
 * Socket options, level IPPROTO_TCP.  Far above the numbers mainline uses,
 * so that the two never meet.
 */
#define TCP_ENO_BASE		0x454e00
#define TCP_ENO_ENABLED		(TCP_ENO_BASE + 1)
#define TCP_ENO_SESSID		(TCP_ENO_BASE + 2)
#define TCP_ENO_NEGTEP		(TCP_ENO_BASE + 3)
#define TCP_ENO_TEPS		(TCP_ENO_BASE + 4)
#define TCP_ENO_SELF_AWARE	(TCP_ENO_BASE + 5)
#define TCP_ENO_PEER_AWARE	(TCP_ENO_BASE + 6)
#define TCP_ENO_ROLEOVERRIDE	(TCP_ENO_BASE + 7)
#define TCP_ENO_ROLE		(TCP_ENO_BASE + 8)
#define TCP_ENO_LOCAL_NAME	(TCP_ENO_BASE + 9)
#define TCP_ENO_PEER_NAME	(TCP_ENO_BASE + 10)
#define TCP_ENO_TRANSCRIPT	(TCP_ENO_BASE + 11)
#define TCPCRYPT_ACONF		(TCP_ENO_BASE + 12)
#define TCPCRYPT_BCONF		(TCP_ENO_BASE + 13)
#define TCPCRYPT_RESUME		(TCP_ENO_BASE + 14)
#define TCPCRYPT_CACHE		(TCP_ENO_BASE + 15)
#define TCPCRYPT_CACHE_FLUSH	(TCP_ENO_BASE + 16)
#define TCPCRYPT_NONCELEN	(TCP_ENO_BASE + 17)
#define TCPCRYPT_REKEY		(TCP_ENO_BASE + 18)
#define TCPCRYPT_INFO		(TCP_ENO_BASE + 19)

#define TCPCRYPT_SESSID_BYTES	33

/**
 * struct tcpcrypt_info - what TCPCRYPT_INFO tells
 * @state: enum tcpcrypt_conn_state
 * @role: enum tcpcrypt_role
 * @passive: 1 when the other end sent the first SYN
 * @resumed: 1 when the keys come from an earlier session
 * @tep: key exchange, as TCP_ENO_NEGTEP
 * @peer_aware: the other end's application-aware bit
 * @aead: cipher
 * @error: errno that ended the connection, or 0
 * @tx_generation: generation of the key for sending
 * @rx_generation: generation of the key for receiving
 * @reserved: 0
 * @tx_bytes: application data sent
 * @rx_bytes: application data received
 * @tx_frames: frames sent
 * @rx_frames: frames received
 * @age_ms: milliseconds since the keys exist
 * @fallback: name of the counter that says why the connection is plain, or
 *	empty
 *
 * Members up to @resumed are always valid, @error and @fallback too; the others
 * in TCPCRYPT_CONN_OPEN and after it.  Later versions may add members at the
 * end: a caller gets as many bytes as it asks for, and is told how many.
 */
struct tcpcrypt_info {
	__u8 state;
	__u8 role;
	__u8 passive;
	__u8 resumed;
	__u8 tep;
	__u8 peer_aware;
	__u16 aead;
	__u32 error;
	__u32 tx_generation;
	__u32 rx_generation;
	__u32 reserved;
	__u64 tx_bytes;
	__u64 rx_bytes;
	__u64 tx_frames;
	__u64 rx_frames;
	__u64 age_ms;
	char fallback[32];
};

/*
 * Key exchanges (TEPs) and AEADs by their IANA numbers, RFC 8548 section 7.
 */
#define TCPCRYPT_TEP_ID_P256			0x21
#define TCPCRYPT_TEP_ID_P521			0x22
#define TCPCRYPT_TEP_ID_X25519			0x23
#define TCPCRYPT_TEP_ID_X448			0x24

#define TCPCRYPT_AEAD_ID_AES128GCM		0x0001
#define TCPCRYPT_AEAD_ID_AES256GCM		0x0002
#define TCPCRYPT_AEAD_ID_CHACHA20POLY1305	0x0010

/*
 * Generic netlink.  Documentation/netlink/specs/tcpcrypt.yaml says the same
 * for machines.  Numbers are in host byte order but for addresses and ports.
 */
#define TCPCRYPT_GENL_NAME	"tcpcrypt"
#define TCPCRYPT_GENL_VERSION	1

#define TCPCRYPT_MCGRP_CONN	"conn"

/* Most rules of a policy */
#define TCPCRYPT_RULES_MAX	1024
/* Most ranges in a list of ports */
#define TCPCRYPT_PORT_RANGES_MAX 64

/**
 * enum tcpcrypt_cmd - commands
 * @TCPCRYPT_CMD_CONN_GET: one connection, by cookie or by addresses and ports
 *	in a TCPCRYPT_A_CONN nest; or dump all that match such a nest
 * @TCPCRYPT_CMD_STATS_GET: the counters of the network namespace
 * @TCPCRYPT_CMD_CONFIG_GET: its configuration
 * @TCPCRYPT_CMD_CONFIG_SET: change what a TCPCRYPT_A_CONFIG nest names, all of
 *	it or nothing
 * @TCPCRYPT_CMD_POLICY_GET: dump the rules in the order they are tried, or one
 *	by TCPCRYPT_A_RULE_ID
 * @TCPCRYPT_CMD_POLICY_REPLACE: the TCPCRYPT_A_RULE nests of the request, in
 *	their order, become the whole policy; without any it becomes empty
 * @TCPCRYPT_CMD_POLICY_ADD: one more rule, before TCPCRYPT_A_RULE_BEFORE or
 *	last; the answer has its TCPCRYPT_A_RULE_ID
 * @TCPCRYPT_CMD_POLICY_DEL: one rule less, by TCPCRYPT_A_RULE_ID
 * @TCPCRYPT_CMD_BLACKHOLE_GET: dump the destinations that are left alone
 *	because encryption did not get through to them
 * @TCPCRYPT_CMD_BLACKHOLE_FLUSH: forget all, or the TCPCRYPT_A_BLACKHOLE_ADDR
 *	(and TCPCRYPT_A_BLACKHOLE_PORT) of a TCPCRYPT_A_BLACKHOLE nest; the answer
 *	has TCPCRYPT_A_COUNT
 * @TCPCRYPT_CMD_CACHE_GET: dump the sessions that can be resumed; no secrets
 * @TCPCRYPT_CMD_CACHE_FLUSH: forget all, or those with the
 *	TCPCRYPT_A_CACHE_ADDR of a TCPCRYPT_A_CACHE nest; the answer has
 *	TCPCRYPT_A_COUNT
 * @TCPCRYPT_CMD_CONN_REKEY: fresh keys for one connection, named as for
 *	TCPCRYPT_CMD_CONN_GET
 * @TCPCRYPT_CMD_CONN_EVENT: never sent by users: what multicast group
 *	TCPCRYPT_MCGRP_CONN hears, a TCPCRYPT_A_EVENT and a TCPCRYPT_A_CONN
 * @__TCPCRYPT_CMD_MAX: internal use
 *
 * CONFIG_SET, POLICY_REPLACE, _ADD, _DEL, the _FLUSH commands and CONN_REKEY
 * need CAP_NET_ADMIN in the user namespace that owns the network namespace;
 * the others are open to every user.
 */
enum tcpcrypt_cmd {
	TCPCRYPT_CMD_CONN_GET = 1,
	TCPCRYPT_CMD_STATS_GET,
	TCPCRYPT_CMD_CONFIG_GET,
	TCPCRYPT_CMD_CONFIG_SET,
	TCPCRYPT_CMD_POLICY_GET,
	TCPCRYPT_CMD_POLICY_REPLACE,
	TCPCRYPT_CMD_POLICY_ADD,
	TCPCRYPT_CMD_POLICY_DEL,
	TCPCRYPT_CMD_BLACKHOLE_GET,
	TCPCRYPT_CMD_BLACKHOLE_FLUSH,
	TCPCRYPT_CMD_CACHE_GET,
	TCPCRYPT_CMD_CACHE_FLUSH,
	TCPCRYPT_CMD_CONN_REKEY,
	TCPCRYPT_CMD_CONN_EVENT,

	__TCPCRYPT_CMD_MAX
};

#define TCPCRYPT_CMD_MAX	(__TCPCRYPT_CMD_MAX - 1)

/**
 * enum tcpcrypt_attr - attributes of every message
 * @TCPCRYPT_A_CONN: nest of enum tcpcrypt_conn_attr
 * @TCPCRYPT_A_STAT: nest of enum tcpcrypt_stat_attr, once for each counter
 * @TCPCRYPT_A_CONFIG: nest of enum tcpcrypt_config_attr
 * @TCPCRYPT_A_RULE: nest of enum tcpcrypt_rule_attr, once for each rule
 * @TCPCRYPT_A_BLACKHOLE: nest of enum tcpcrypt_blackhole_attr
 * @TCPCRYPT_A_CACHE: nest of enum tcpcrypt_cache_attr
 * @TCPCRYPT_A_EVENT: u32, enum tcpcrypt_conn_event
 * @TCPCRYPT_A_COUNT: u32, how many a flush has removed
 * @__TCPCRYPT_A_MAX: internal use
 */
enum tcpcrypt_attr {
	TCPCRYPT_A_CONN = 1,
	TCPCRYPT_A_STAT,
	TCPCRYPT_A_CONFIG,
	TCPCRYPT_A_RULE,
	TCPCRYPT_A_BLACKHOLE,
	TCPCRYPT_A_CACHE,
	TCPCRYPT_A_EVENT,
	TCPCRYPT_A_COUNT,

	__TCPCRYPT_A_MAX
};

#define TCPCRYPT_A_MAX		(__TCPCRYPT_A_MAX - 1)

/**
 * enum tcpcrypt_conn_state - TCPCRYPT_A_CONN_STATE
 * @TCPCRYPT_CONN_OFFERED: our SYN offered encryption, no answer yet
 * @TCPCRYPT_CONN_KEX: both ends agreed, keys are being exchanged
 * @TCPCRYPT_CONN_OPEN: encrypted
 * @TCPCRYPT_CONN_PLAIN: plain TCP; seen for a moment only
 * @TCPCRYPT_CONN_FAILED: aborted
 * @__TCPCRYPT_CONN_STATE_MAX: internal use
 */
enum tcpcrypt_conn_state {
	TCPCRYPT_CONN_OFFERED,
	TCPCRYPT_CONN_KEX,
	TCPCRYPT_CONN_OPEN,
	TCPCRYPT_CONN_PLAIN,
	TCPCRYPT_CONN_FAILED,

	__TCPCRYPT_CONN_STATE_MAX
};

#define TCPCRYPT_CONN_STATE_MAX	(__TCPCRYPT_CONN_STATE_MAX - 1)

/**
 * enum tcpcrypt_role - TCPCRYPT_A_CONN_ROLE, RFC 8547 section 4.2
 * @TCPCRYPT_ROLE_A: usually the active opener
 * @TCPCRYPT_ROLE_B: usually the passive opener
 */
enum tcpcrypt_role {
	TCPCRYPT_ROLE_A,
	TCPCRYPT_ROLE_B,
};

/**
 * enum tcpcrypt_conn_event - TCPCRYPT_A_EVENT
 * @TCPCRYPT_EVENT_ESTABLISHED: encrypted from now on
 * @TCPCRYPT_EVENT_FALLBACK: plain TCP; TCPCRYPT_A_CONN_FALLBACK says why
 * @TCPCRYPT_EVENT_REKEYED: the keys of one direction have changed
 * @TCPCRYPT_EVENT_FAILED: aborted; TCPCRYPT_A_CONN_ERROR says how, and
 *	TCPCRYPT_A_CONN_FALLBACK why
 * @TCPCRYPT_EVENT_CLOSED: an encrypted connection has ended
 * @__TCPCRYPT_EVENT_MAX: internal use
 */
enum tcpcrypt_conn_event {
	TCPCRYPT_EVENT_ESTABLISHED = 1,
	TCPCRYPT_EVENT_FALLBACK,
	TCPCRYPT_EVENT_REKEYED,
	TCPCRYPT_EVENT_FAILED,
	TCPCRYPT_EVENT_CLOSED,

	__TCPCRYPT_EVENT_MAX
};

#define TCPCRYPT_EVENT_MAX	(__TCPCRYPT_EVENT_MAX - 1)

/**
 * enum tcpcrypt_conn_attr - a connection
 * @TCPCRYPT_A_CONN_PAD: pads 64 bit values
 * @TCPCRYPT_A_CONN_COOKIE: u64, socket cookie as SO_COOKIE and ss show it
 * @TCPCRYPT_A_CONN_FAMILY: u16, AF_INET (v4-mapped addresses too) or AF_INET6
 * @TCPCRYPT_A_CONN_LADDR: local address, 4 or 16 bytes
 * @TCPCRYPT_A_CONN_LPORT: be16, local port
 * @TCPCRYPT_A_CONN_RADDR: remote address, 4 or 16 bytes
 * @TCPCRYPT_A_CONN_RPORT: be16, remote port
 * @TCPCRYPT_A_CONN_UID: u32, owner of the socket
 * @TCPCRYPT_A_CONN_STATE: u32, enum tcpcrypt_conn_state
 * @TCPCRYPT_A_CONN_PASSIVE: u32, 1 when the other end sent the first SYN
 * @TCPCRYPT_A_CONN_ROLE: u32, enum tcpcrypt_role; once negotiated
 * @TCPCRYPT_A_CONN_TEP: u32, key exchange; once negotiated
 * @TCPCRYPT_A_CONN_AEAD: u32, cipher; once open
 * @TCPCRYPT_A_CONN_RESUMED: u32, 1 when keys come from an earlier session;
 *	once open
 * @TCPCRYPT_A_CONN_SESSION_ID: session ID, TCPCRYPT_SESSID_BYTES; once open
 * @TCPCRYPT_A_CONN_AGE: u64, milliseconds since the keys exist; once open
 * @TCPCRYPT_A_CONN_TX_GEN: u32, generation of the keys for sending; once open,
 *	as are all that follow up to RX_FRAMES
 * @TCPCRYPT_A_CONN_RX_GEN: u32, generation of the keys for receiving
 * @TCPCRYPT_A_CONN_TX_BYTES: u64, application data sent
 * @TCPCRYPT_A_CONN_RX_BYTES: u64, application data received
 * @TCPCRYPT_A_CONN_TX_FRAMES: u64, frames sent
 * @TCPCRYPT_A_CONN_RX_FRAMES: u64, frames received
 * @TCPCRYPT_A_CONN_FALLBACK: name of the counter that says why it is plain, or
 *	has failed
 * @TCPCRYPT_A_CONN_ERROR: u32, errno that ended it; only when failed
 * @TCPCRYPT_A_CONN_REQUIRE: u32, 1 when it may not become plain TCP
 * @TCPCRYPT_A_CONN_PEER_AWARE: u32, the peer's application-aware bit; once
 *	negotiated
 * @TCPCRYPT_A_CONN_SELF_AWARE: u32, this end's application-aware bit; once
 *	negotiated
 * @__TCPCRYPT_A_CONN_MAX: internal use
 *
 * A TCPCRYPT_A_CONN nest in a request may hold COOKIE, FAMILY, LADDR, LPORT,
 * RADDR, RPORT and STATE.  Without a dump it needs COOKIE, or both addresses
 * and both ports.
 */
enum tcpcrypt_conn_attr {
	TCPCRYPT_A_CONN_PAD = 1,
	TCPCRYPT_A_CONN_COOKIE,
	TCPCRYPT_A_CONN_FAMILY,
	TCPCRYPT_A_CONN_LADDR,
	TCPCRYPT_A_CONN_LPORT,
	TCPCRYPT_A_CONN_RADDR,
	TCPCRYPT_A_CONN_RPORT,
	TCPCRYPT_A_CONN_UID,
	TCPCRYPT_A_CONN_STATE,
	TCPCRYPT_A_CONN_PASSIVE,
	TCPCRYPT_A_CONN_ROLE,
	TCPCRYPT_A_CONN_TEP,
	TCPCRYPT_A_CONN_AEAD,
	TCPCRYPT_A_CONN_RESUMED,
	TCPCRYPT_A_CONN_SESSION_ID,
	TCPCRYPT_A_CONN_AGE,
	TCPCRYPT_A_CONN_TX_GEN,
	TCPCRYPT_A_CONN_RX_GEN,
	TCPCRYPT_A_CONN_TX_BYTES,
	TCPCRYPT_A_CONN_RX_BYTES,
	TCPCRYPT_A_CONN_TX_FRAMES,
	TCPCRYPT_A_CONN_RX_FRAMES,
	TCPCRYPT_A_CONN_FALLBACK,
	TCPCRYPT_A_CONN_ERROR,
	TCPCRYPT_A_CONN_REQUIRE,
	TCPCRYPT_A_CONN_PEER_AWARE,
	TCPCRYPT_A_CONN_SELF_AWARE,

	__TCPCRYPT_A_CONN_MAX
};

#define TCPCRYPT_A_CONN_MAX	(__TCPCRYPT_A_CONN_MAX - 1)

/**
 * enum tcpcrypt_stat_attr - a counter
 * @TCPCRYPT_A_STAT_PAD: pads 64 bit values
 * @TCPCRYPT_A_STAT_NAME: string, as in /proc/net/tcpcrypt_stat
 * @TCPCRYPT_A_STAT_VALUE: u64
 * @__TCPCRYPT_A_STAT_MAX: internal use
 */
enum tcpcrypt_stat_attr {
	TCPCRYPT_A_STAT_PAD = 1,
	TCPCRYPT_A_STAT_NAME,
	TCPCRYPT_A_STAT_VALUE,

	__TCPCRYPT_A_STAT_MAX
};

#define TCPCRYPT_A_STAT_MAX	(__TCPCRYPT_A_STAT_MAX - 1)

/**
 * enum tcpcrypt_config_attr - configuration of a network namespace
 * @TCPCRYPT_A_CONFIG_VERSION: string, version of the module
 * @TCPCRYPT_A_CONFIG_ENABLE: u32, 1 when encryption is offered and accepted
 * @TCPCRYPT_A_CONFIG_LOOPBACK: u32, 1 when also over the loopback device
 * @TCPCRYPT_A_CONFIG_TEP: u32, a key exchange; once for each, preferred first
 * @TCPCRYPT_A_CONFIG_AEAD: u32, a cipher; once for each, preferred first
 * @TCPCRYPT_A_CONFIG_EXCLUDE: nest of enum tcpcrypt_ports_attr, ports left
 *	alone; once for each range
 * @TCPCRYPT_A_CONFIG_KEX_TIMEOUT: u32, seconds
 * @TCPCRYPT_A_CONFIG_MAX_HALFOPEN: u32, connections
 * @TCPCRYPT_A_CONFIG_MAX_FRAME: u32, bytes
 * @TCPCRYPT_A_CONFIG_PAD: pads 64 bit values
 * @TCPCRYPT_A_CONFIG_PORTS: nest of enum tcpcrypt_ports_attr, the only ports
 *	that are not left alone; once for each range; none means all ports
 * @TCPCRYPT_A_CONFIG_MARK: u32, only connections whose SYN carries this mark
 *	are not left alone; 0 means all
 * @TCPCRYPT_A_CONFIG_RESUME: u32, 1 when sessions are resumed
 * @TCPCRYPT_A_CONFIG_CACHE_SIZE: u32, most sessions kept for that
 * @TCPCRYPT_A_CONFIG_CACHE_LIFETIME: u32, seconds they are kept
 * @TCPCRYPT_A_CONFIG_SYN_RETRIES: u32, SYNs with the option that may get lost
 *	before it is left out
 * @TCPCRYPT_A_CONFIG_REKEY_BYTES: u64, application data in one direction after
 *	which its keys change; 0 means only when the cipher asks for it
 * @TCPCRYPT_A_CONFIG_REKEY_SECS: u32, seconds after which they do; 0 means
 *	never
 * @TCPCRYPT_A_CONFIG_BLACKHOLE_SIZE: u32, most destinations remembered because
 *	encryption did not get through; 0 means none
 * @TCPCRYPT_A_CONFIG_BLACKHOLE_LIFETIME: u32, seconds they are remembered
 * @TCPCRYPT_A_CONFIG_ENO_ENABLE_CONNECT: u32, 1 when active openers offer
 * @TCPCRYPT_A_CONFIG_ENO_ENABLE_LISTEN: u32, 1 when passive openers accept
 * @TCPCRYPT_A_CONFIG_ENO_BAD_CONNECT_PORTS: nest of enum tcpcrypt_ports_attr,
 *	ports, at the other end, of active opens left alone; once for each range
 * @TCPCRYPT_A_CONFIG_ENO_BAD_LISTEN_PORTS: nest of enum tcpcrypt_ports_attr,
 *	ports, at this end, of passive opens left alone; once for each range
 * @__TCPCRYPT_A_CONFIG_MAX: internal use
 *
 * TCPCRYPT_CMD_CONFIG_SET takes all but VERSION.  A list is replaced as a
 * whole; EXCLUDE, PORTS, ENO_BAD_CONNECT_PORTS and ENO_BAD_LISTEN_PORTS once and
 * empty (a nest without attributes) make an empty list.
 */
enum tcpcrypt_config_attr {
	TCPCRYPT_A_CONFIG_VERSION = 1,
	TCPCRYPT_A_CONFIG_ENABLE,
	TCPCRYPT_A_CONFIG_LOOPBACK,
	TCPCRYPT_A_CONFIG_TEP,
	TCPCRYPT_A_CONFIG_AEAD,
	TCPCRYPT_A_CONFIG_EXCLUDE,
	TCPCRYPT_A_CONFIG_KEX_TIMEOUT,
	TCPCRYPT_A_CONFIG_MAX_HALFOPEN,
	TCPCRYPT_A_CONFIG_MAX_FRAME,
	TCPCRYPT_A_CONFIG_PAD,
	TCPCRYPT_A_CONFIG_PORTS,
	TCPCRYPT_A_CONFIG_MARK,
	TCPCRYPT_A_CONFIG_RESUME,
	TCPCRYPT_A_CONFIG_CACHE_SIZE,
	TCPCRYPT_A_CONFIG_CACHE_LIFETIME,
	TCPCRYPT_A_CONFIG_SYN_RETRIES,
	TCPCRYPT_A_CONFIG_REKEY_BYTES,
	TCPCRYPT_A_CONFIG_REKEY_SECS,
	TCPCRYPT_A_CONFIG_BLACKHOLE_SIZE,
	TCPCRYPT_A_CONFIG_BLACKHOLE_LIFETIME,
	TCPCRYPT_A_CONFIG_ENO_ENABLE_CONNECT,
	TCPCRYPT_A_CONFIG_ENO_ENABLE_LISTEN,
	TCPCRYPT_A_CONFIG_ENO_BAD_CONNECT_PORTS,
	TCPCRYPT_A_CONFIG_ENO_BAD_LISTEN_PORTS,

	__TCPCRYPT_A_CONFIG_MAX
};

#define TCPCRYPT_A_CONFIG_MAX	(__TCPCRYPT_A_CONFIG_MAX - 1)

/**
 * enum tcpcrypt_ports_attr - a range of ports
 * @TCPCRYPT_A_PORTS_LO: u16, the first
 * @TCPCRYPT_A_PORTS_HI: u16, the last
 * @__TCPCRYPT_A_PORTS_MAX: internal use
 */
enum tcpcrypt_ports_attr {
	TCPCRYPT_A_PORTS_LO = 1,
	TCPCRYPT_A_PORTS_HI,

	__TCPCRYPT_A_PORTS_MAX
};

#define TCPCRYPT_A_PORTS_MAX	(__TCPCRYPT_A_PORTS_MAX - 1)

/**
 * enum tcpcrypt_dir - TCPCRYPT_A_RULE_DIR
 * @TCPCRYPT_DIR_IN: passive opens: the other end sent the first SYN
 * @TCPCRYPT_DIR_OUT: active opens
 * @__TCPCRYPT_DIR_MAX: internal use
 */
enum tcpcrypt_dir {
	TCPCRYPT_DIR_IN = 1,
	TCPCRYPT_DIR_OUT,

	__TCPCRYPT_DIR_MAX
};

#define TCPCRYPT_DIR_MAX	(__TCPCRYPT_DIR_MAX - 1)

/**
 * enum tcpcrypt_verdict - TCPCRYPT_A_RULE_VERDICT
 * @TCPCRYPT_VERDICT_REFUSE: plain TCP, neither offer nor accept encryption
 * @TCPCRYPT_VERDICT_OFFER: encrypt when the other end can, else plain TCP
 * @TCPCRYPT_VERDICT_REQUIRE: encrypt or fail with EPROTO
 * @TCPCRYPT_VERDICT_NEXT: a later rule decides; what else this one says holds
 * @__TCPCRYPT_VERDICT_MAX: internal use
 */
enum tcpcrypt_verdict {
	TCPCRYPT_VERDICT_REFUSE = 1,
	TCPCRYPT_VERDICT_OFFER,
	TCPCRYPT_VERDICT_REQUIRE,
	TCPCRYPT_VERDICT_NEXT,

	__TCPCRYPT_VERDICT_MAX
};

#define TCPCRYPT_VERDICT_MAX	(__TCPCRYPT_VERDICT_MAX - 1)

/**
 * enum tcpcrypt_rule_attr - a rule of the policy
 * @TCPCRYPT_A_RULE_PAD: pads 64 bit values
 * @TCPCRYPT_A_RULE_ID: u32, names the rule for as long as it exists; given by
 *	the kernel, never 0
 * @TCPCRYPT_A_RULE_BEFORE: u32, only to add: ID of the rule this one goes before
 * @TCPCRYPT_A_RULE_DIR: u32, enum tcpcrypt_dir; absent: both
 * @TCPCRYPT_A_RULE_FAMILY: u16, AF_INET (v4-mapped addresses too) or AF_INET6;
 *	absent: that of the addresses, or both
 * @TCPCRYPT_A_RULE_LADDR: local address, 4 or 16 bytes
 * @TCPCRYPT_A_RULE_LPREFIX: u32, bits of it that count; absent: all
 * @TCPCRYPT_A_RULE_RADDR: remote address, 4 or 16 bytes
 * @TCPCRYPT_A_RULE_RPREFIX: u32, bits of it that count; absent: all
 * @TCPCRYPT_A_RULE_LPORTS: nest of enum tcpcrypt_ports_attr, local ports
 * @TCPCRYPT_A_RULE_RPORTS: nest of enum tcpcrypt_ports_attr, remote ports
 * @TCPCRYPT_A_RULE_MARK: u32, mark of the SYN
 * @TCPCRYPT_A_RULE_MASK: u32, bits of the mark that count; absent: all
 * @TCPCRYPT_A_RULE_UID: u32, owner of the socket, when listening of the
 *	listening one
 * @TCPCRYPT_A_RULE_VERDICT: u32, enum tcpcrypt_verdict; always there
 * @TCPCRYPT_A_RULE_HITS: u64, connections it has decided; only told
 * @TCPCRYPT_A_RULE_AWARE: u32, 1: they set the application-aware bit
 * @TCPCRYPT_A_RULE_NO_CACHE: u32, 1: their sessions are not resumed, nor kept
 *	for that
 * @TCPCRYPT_A_RULE_OFF: u32, 1: where TCPCRYPT_VERDICT_OFFER comes of the other
 *	rules or the configuration, refuse
 * @__TCPCRYPT_A_RULE_MAX: internal use
 *
 * A rule matches when all that it asks for does.  The first rule that matches
 * decides, unless its verdict is TCPCRYPT_VERDICT_NEXT; if none does, the
 * configuration does (ports, loopback, and so on).
 */
enum tcpcrypt_rule_attr {
	TCPCRYPT_A_RULE_PAD = 1,
	TCPCRYPT_A_RULE_ID,
	TCPCRYPT_A_RULE_BEFORE,
	TCPCRYPT_A_RULE_DIR,
	TCPCRYPT_A_RULE_FAMILY,
	TCPCRYPT_A_RULE_LADDR,
	TCPCRYPT_A_RULE_LPREFIX,
	TCPCRYPT_A_RULE_RADDR,
	TCPCRYPT_A_RULE_RPREFIX,
	TCPCRYPT_A_RULE_LPORTS,
	TCPCRYPT_A_RULE_RPORTS,
	TCPCRYPT_A_RULE_MARK,
	TCPCRYPT_A_RULE_MASK,
	TCPCRYPT_A_RULE_UID,
	TCPCRYPT_A_RULE_VERDICT,
	TCPCRYPT_A_RULE_HITS,
	TCPCRYPT_A_RULE_AWARE,
	TCPCRYPT_A_RULE_NO_CACHE,
	TCPCRYPT_A_RULE_OFF,

	__TCPCRYPT_A_RULE_MAX
};

#define TCPCRYPT_A_RULE_MAX	(__TCPCRYPT_A_RULE_MAX - 1)

/**
 * enum tcpcrypt_blackhole - TCPCRYPT_A_BLACKHOLE_REASON
 * @TCPCRYPT_BLACKHOLE_SYN: SYNs with the option vanished, one without did not
 * @TCPCRYPT_BLACKHOLE_KEX: the key exchange vanished or was cut off
 * @__TCPCRYPT_BLACKHOLE_MAX: internal use
 */
enum tcpcrypt_blackhole {
	TCPCRYPT_BLACKHOLE_SYN = 1,
	TCPCRYPT_BLACKHOLE_KEX,

	__TCPCRYPT_BLACKHOLE_MAX
};

#define TCPCRYPT_BLACKHOLE_MAX	(__TCPCRYPT_BLACKHOLE_MAX - 1)

/**
 * enum tcpcrypt_blackhole_attr - a destination that encryption does not reach
 * @TCPCRYPT_A_BLACKHOLE_PAD: pads 64 bit values
 * @TCPCRYPT_A_BLACKHOLE_FAMILY: u16, AF_INET or AF_INET6
 * @TCPCRYPT_A_BLACKHOLE_ADDR: its address, 4 or 16 bytes
 * @TCPCRYPT_A_BLACKHOLE_PORT: be16, its port
 * @TCPCRYPT_A_BLACKHOLE_REASON: u32, enum tcpcrypt_blackhole
 * @TCPCRYPT_A_BLACKHOLE_AGE: u64, milliseconds since it was found out
 * @TCPCRYPT_A_BLACKHOLE_EXPIRES: u64, milliseconds until it is forgotten
 * @TCPCRYPT_A_BLACKHOLE_HITS: u64, connections left plain because of it
 * @__TCPCRYPT_A_BLACKHOLE_MAX: internal use
 */
enum tcpcrypt_blackhole_attr {
	TCPCRYPT_A_BLACKHOLE_PAD = 1,
	TCPCRYPT_A_BLACKHOLE_FAMILY,
	TCPCRYPT_A_BLACKHOLE_ADDR,
	TCPCRYPT_A_BLACKHOLE_PORT,
	TCPCRYPT_A_BLACKHOLE_REASON,
	TCPCRYPT_A_BLACKHOLE_AGE,
	TCPCRYPT_A_BLACKHOLE_EXPIRES,
	TCPCRYPT_A_BLACKHOLE_HITS,

	__TCPCRYPT_A_BLACKHOLE_MAX
};

#define TCPCRYPT_A_BLACKHOLE_MAX	(__TCPCRYPT_A_BLACKHOLE_MAX - 1)

/**
 * enum tcpcrypt_cache_attr - a session that can be resumed
 * @TCPCRYPT_A_CACHE_PAD: pads 64 bit values
 * @TCPCRYPT_A_CACHE_FAMILY: u16, AF_INET or AF_INET6
 * @TCPCRYPT_A_CACHE_ADDR: address of the other end, 4 or 16 bytes
 * @TCPCRYPT_A_CACHE_PORT: be16, its port; 0 when it was the active opener
 * @TCPCRYPT_A_CACHE_ROLE: u32, enum tcpcrypt_role, ours in the session the
 *	secrets come from
 * @TCPCRYPT_A_CACHE_TEP: u32, key exchange of that session
 * @TCPCRYPT_A_CACHE_AEAD: u32, its cipher
 * @TCPCRYPT_A_CACHE_INDEX: u32, number in its chain of the lowest secret that
 *	has not been used
 * @TCPCRYPT_A_CACHE_AGE: u64, milliseconds since that session
 * @TCPCRYPT_A_CACHE_EXPIRES: u64, milliseconds until it is forgotten
 * @__TCPCRYPT_A_CACHE_MAX: internal use
 */
enum tcpcrypt_cache_attr {
	TCPCRYPT_A_CACHE_PAD = 1,
	TCPCRYPT_A_CACHE_FAMILY,
	TCPCRYPT_A_CACHE_ADDR,
	TCPCRYPT_A_CACHE_PORT,
	TCPCRYPT_A_CACHE_ROLE,
	TCPCRYPT_A_CACHE_TEP,
	TCPCRYPT_A_CACHE_AEAD,
	TCPCRYPT_A_CACHE_INDEX,
	TCPCRYPT_A_CACHE_AGE,
	TCPCRYPT_A_CACHE_EXPIRES,

	__TCPCRYPT_A_CACHE_MAX
};

#define TCPCRYPT_A_CACHE_MAX	(__TCPCRYPT_A_CACHE_MAX - 1)

#endif /* _UAPI_LINUX_TCPCRYPT_H */
