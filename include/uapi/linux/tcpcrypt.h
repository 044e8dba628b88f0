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

/**
 * enum tcpcrypt_cmd - commands; all of them only read
 * @TCPCRYPT_CMD_CONN_GET: one connection, by cookie or by addresses and ports
 *	in a TCPCRYPT_A_CONN nest; or dump all that match such a nest
 * @TCPCRYPT_CMD_STATS_GET: the counters of the network namespace
 * @TCPCRYPT_CMD_CONFIG_GET: its configuration
 * @__TCPCRYPT_CMD_MAX: internal use
 */
enum tcpcrypt_cmd {
	TCPCRYPT_CMD_CONN_GET = 1,
	TCPCRYPT_CMD_STATS_GET,
	TCPCRYPT_CMD_CONFIG_GET,

	__TCPCRYPT_CMD_MAX
};

#define TCPCRYPT_CMD_MAX	(__TCPCRYPT_CMD_MAX - 1)

/**
 * enum tcpcrypt_attr - attributes of every message
 * @TCPCRYPT_A_CONN: nest of enum tcpcrypt_conn_attr
 * @TCPCRYPT_A_STAT: nest of enum tcpcrypt_stat_attr, once for each counter
 * @TCPCRYPT_A_CONFIG: nest of enum tcpcrypt_config_attr
 * @__TCPCRYPT_A_MAX: internal use
 */
enum tcpcrypt_attr {
	TCPCRYPT_A_CONN = 1,
	TCPCRYPT_A_STAT,
	TCPCRYPT_A_CONFIG,

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
 *	as are all that follow but the last two
 * @TCPCRYPT_A_CONN_RX_GEN: u32, generation of the keys for receiving
 * @TCPCRYPT_A_CONN_TX_BYTES: u64, application data sent
 * @TCPCRYPT_A_CONN_RX_BYTES: u64, application data received
 * @TCPCRYPT_A_CONN_TX_FRAMES: u64, frames sent
 * @TCPCRYPT_A_CONN_RX_FRAMES: u64, frames received
 * @TCPCRYPT_A_CONN_FALLBACK: name of the counter that says why it is plain
 * @TCPCRYPT_A_CONN_ERROR: u32, errno that ended it; only when failed
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
 * @__TCPCRYPT_A_CONFIG_MAX: internal use
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

#endif /* _UAPI_LINUX_TCPCRYPT_H */
