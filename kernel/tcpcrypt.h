/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the module share.  Prototypes are grouped by the file
 * that holds the functions.
 *
 * Locking.  Everything in struct tcpcrypt_sock is guarded by the socket lock
 * (owned by a user, or the spinlock taken with the socket not owned) unless
 * its comment says otherwise.  The AEADs and everything that may sleep run
 * only in process context with the socket owned.
 */
#ifndef _TCPCRYPT_H
#define _TCPCRYPT_H

#include <linux/bvec.h>
#include <linux/net.h>
#include <linux/netfilter.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/skbuff.h>
#include <linux/workqueue.h>
#include <net/inet_connection_sock.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <uapi/linux/tcpcrypt.h>

#include "aead.h"
#include "eno.h"
#include "kex.h"
#include "mib.h"
#include "netns.h"
#include "opts.h"
#include "proto.h"
#include "tcpcrypt-config.h"

#define TCPCRYPT_ULP_NAME	"tcpcrypt"

/**
 * enum tcpcrypt_state - life of a connection as this module sees it
 * @TCPCRYPT_OFFERED: our SYN carries ENO, no SYN-ACK yet
 * @TCPCRYPT_KEX: ENO succeeded; Init1 and Init2 are under way
 * @TCPCRYPT_OPEN: keys exist, frames flow
 * @TCPCRYPT_PLAIN: fell back; the socket is plain TCP again
 * @TCPCRYPT_FAILED: aborted with tcpcrypt_sock.err
 * @TCPCRYPT_STATE_MAX: how many there are
 */
enum tcpcrypt_state {
	TCPCRYPT_OFFERED,
	TCPCRYPT_KEX,
	TCPCRYPT_OPEN,
	TCPCRYPT_PLAIN,
	TCPCRYPT_FAILED,
	TCPCRYPT_STATE_MAX
};

/**
 * struct tcpcrypt_tuple - a connection as the packets seen here name it
 * @family: AF_INET or AF_INET6
 * @lport: local port, network order
 * @rport: remote port, network order
 * @pad: zero: tuples are compared as bytes
 * @laddr: local address; IPv4 in the first word
 * @raddr: remote address; IPv4 in the first word
 */
struct tcpcrypt_tuple {
	u16 family;
	__be16 lport;
	__be16 rport;
	u16 pad;
	struct in6_addr laddr;
	struct in6_addr raddr;
};

/**
 * struct tcpcrypt_stream - one direction of the record layer
 * @aead: keyed cipher
 * @mk: master key mk[@gen], for the next rekey
 * @gen: generation number
 * @keyless: the key of @gen is gone, the next one could not be set
 * @off: bytes of the TCP stream before the next frame (RFC 8548 section 3.6)
 * @bytes: application bytes that went through
 * @frames: frames that went through
 */
struct tcpcrypt_stream {
	struct tcpcrypt_aead aead;
	u8 mk[TCPCRYPT_K_LEN];
	u32 gen;
	bool keyless;
	u64 off;
	u64 bytes;
	u64 frames;
};

struct tcpcrypt_handshake;
struct tcpcrypt_secret;
struct tcpcrypt_session;
struct tcpcrypt_listener;

/* A sealed frame lies in at most this many pieces of page fragments */
#define TCPCRYPT_TX_PIECES	20

/**
 * struct tcpcrypt_tx - sending half (tx.c)
 * @s: the stream's cipher and counters
 * @frag: page that the next frame is built in
 * @piece: where the frame at work lies
 * @nr_pieces: entries of @piece in use
 * @pending: bytes of that frame TCP has not taken yet
 * @given: TCP's write_seq when it took the last byte of ours
 * @rekey: the next frame is the first of its generation
 * @finp: FINp has been sealed; nothing may follow
 * @pushing: a sealed frame is on its way into TCP, bounds are lifted
 * @urgent: bytes from the next frame's first to the urgent one, both included;
 *	0: nothing is urgent
 */
struct tcpcrypt_tx {
	struct tcpcrypt_stream s;
	struct page_frag frag;
	struct bio_vec piece[TCPCRYPT_TX_PIECES];
	unsigned int nr_pieces;
	unsigned int pending;
	u32 given;
	bool rekey;
	bool finp;
	bool pushing;
	u32 urgent;
};

/**
 * struct tcpcrypt_rxparse - where one message ends and the next begins
 * @hdr: header of the message that is arriving
 * @hdr_len: bytes in @hdr
 * @left: bytes that are missing of that message, after its header
 * @msg_len: length of that message with its header
 * @ready: bytes of complete messages in the queue
 * @frames: complete frames in the queue
 * @rekeys: how many of those have the rekey bit
 * @inq: application bytes in those frames
 * @bad: errno of a malformed header behind the complete messages
 */
struct tcpcrypt_rxparse {
	u8 hdr[TCPCRYPT_INIT_HDR_LEN];
	u8 hdr_len;
	u32 left;
	u32 msg_len;
	u32 ready;
	u32 frames;
	u32 rekeys;
	u32 inq;
	int bad;
};

/**
 * struct tcpcrypt_rxahead - a look at what waits in TCP's queue (rxparse.c)
 * @on: the rest is valid
 * @p: a parser that has seen all before @seq
 * @seq: TCP sequence number, not before the first byte in the queue
 * @end: that of the first byte behind the last frame seen with the rekey bit
 */
struct tcpcrypt_rxahead {
	bool on;
	struct tcpcrypt_rxparse p;
	u32 seq;
	u32 end;
};

/**
 * struct tcpcrypt_rx - receiving half (rxparse.c, rx.c)
 * @s: the stream's cipher and counters
 * @p: the parser
 * @ahead: where another one has got to
 * @forced: bytes to be taken out of TCP's queue although there is enough here
 * @cipher: bytes taken out of TCP's queue, in stream order
 * @cipher_len: bytes in @cipher
 * @truesize: memory that @cipher takes
 * @init_done: the peer's Init message has been taken out of @cipher
 * @frames_on: what comes is frames, not an Init message
 * @stalled: memory was short; the timer tries again
 * @plain: authenticated application data, in order
 * @plain_len: bytes in @plain
 * @plain_mem: memory that @plain takes
 * @rekeyed: the key is the one of the frame at the front of @cipher, which
 *	has the rekey bit and could not be opened yet
 * @aad: where the AEAD puts its copy of the associated data
 * @finp: FINp has been received and authenticated
 * @shut: shutdown(SHUT_RD) has been called
 * @lowat: the application's SO_RCVLOWAT; TCP's own is kept at 1
 */
struct tcpcrypt_rx {
	struct tcpcrypt_stream s;
	struct tcpcrypt_rxparse p;
	struct tcpcrypt_rxahead ahead;
	u32 forced;
	struct sk_buff_head cipher;
	u32 cipher_len;
	u32 truesize;
	bool init_done;
	bool frames_on;
	bool stalled;
	struct sk_buff_head plain;
	u32 plain_len;
	u32 plain_mem;
	bool rekeyed;
	u8 *aad;
	bool finp;
	bool shut;
	int lowat;
};

/**
 * struct tcpcrypt_rekey - when the sending key is replaced (rekey.c)
 * @frames: tcpcrypt_stream.frames when it was set
 * @bytes: tcpcrypt_stream.bytes then
 * @off: tcpcrypt_stream.off then
 * @since: jiffies then
 * @wanted: replace it with the next frame
 * @deferred: there is something to do, but the socket has to be accepted first
 */
struct tcpcrypt_rekey {
	u64 frames;
	u64 bytes;
	u64 off;
	unsigned long since;
	bool wanted;
	bool deferred;
};

/* What is known of the urgent byte, as TCP_URG_* for tcp_sock.urg_data */
enum tcpcrypt_urg_state {
	TCPCRYPT_URG_NONE,	/* no mark */
	TCPCRYPT_URG_NOTYET,	/* the mark is known, the byte has not come */
	TCPCRYPT_URG_VALID,	/* the byte can be had with MSG_OOB */
	TCPCRYPT_URG_READ,	/* it has been */
};

/**
 * struct tcpcrypt_urg - urgent data received (urg.c)
 * @state: enum tcpcrypt_urg_state
 * @byte: the urgent byte
 * @polled: somebody has asked for POLLPRI
 * @at: index of the urgent byte in the application's stream
 */
struct tcpcrypt_urg {
	u8 state;
	u8 byte;
	bool polled;
	u64 at;
};

/**
 * struct tcpcrypt_keepalive - is the peer still there (keepalive.c)
 * @timer: the time of a probe, or of its answer
 * @heard: jiffies when an authentic frame came last
 * @end: sequence number behind the probe
 * @probes: intervals without an answer that have begun, the probe's included
 * @on: SO_KEEPALIVE
 */
struct tcpcrypt_keepalive {
	struct delayed_work timer;
	unsigned long heard;
	u32 end;
	unsigned int probes;
	bool on;
};

/* What icsk_ulp_data points to: the first member of either struct tells */
enum tcpcrypt_kind {
	TCPCRYPT_KIND_CONN,
	TCPCRYPT_KIND_LISTENER,
};

/* Bits of tcpcrypt_sock.events: what the work has to do */
enum tcpcrypt_event {
	TCPCRYPT_EV_KEX,	/* advance the key exchange */
	TCPCRYPT_EV_REFUSE,	/* it requires encryption and cannot have it */
	TCPCRYPT_EV_ABORT,	/* reset the connection with @err */
	TCPCRYPT_EV_FLUSH,	/* hand over what TCP would not take */
	TCPCRYPT_EV_LINGER,	/* look whether a closed socket may go */
	TCPCRYPT_EV_OPEN,	/* open frames that no reader comes for */
	TCPCRYPT_EV_REKEY,	/* initiate rekeying */
};

/**
 * struct tcpcrypt_sock - a connection this module is attached to
 * @kind: TCPCRYPT_KIND_CONN
 * @state: enum tcpcrypt_state; written with smp_store_release()
 * @passive: this end is the passive opener
 * @resumed: the session is resumed rather than freshly agreed
 * @key_b: we encrypt with k_ba: this host played role B when the session began
 * @no_resume: neither offer nor agree to resume a session
 * @no_cache: leave no session behind
 * @nonce_len: bytes of the resumption nonce we send
 * @detached: the socket is gone or plain again; @sk must not be used
 * @eno_sending: segments still carry the non-SYN ENO option
 * @eno_hdr: icsk_ext_hdr_len counts that option
 * @lingering: close() has been called; waiting for the peer's FINp
 * @deferred: a bottom half found the socket owned, release_cb has to act
 * @listed: in tcpcrypt_net.opens
 * @require: it must not become plain TCP: it fails instead
 * @simultaneous: the peer's SYN crossed ours (open.c)
 * @acked: a segment with ACK and the option has come (open.c)
 * @undecided: the verdict waits for the mark of the first SYN
 * @silent: its SYNs carry no option, because of @fallback
 * @offer_short: beside @offer there was no room for all TEPs
 * @syns: SYNs with the option
 * @err: positive errno that ended the connection, sticky
 * @refs: one for the socket, one for each call or work that uses it
 * @sk: the socket; valid until @detached, and in works that hold it
 * @listener: the socket whose accept() will return @sk, held; NULL afterwards
 * @tn: its network namespace
 * @id: index in tcpcrypt_net.conns
 * @cookie: the identity users see; never used twice
 * @uid: owner of the socket when it was attached
 * @id_tuple: addresses for users; AF_INET for v4-mapped
 * @open_node: in tcpcrypt_net.opens
 * @open_key: the tuple as packets name it at the hooks
 * @fallback: counter that says why the connection is plain or has failed
 * @opts: what the application has asked for
 * @asked: record of setsockopt(TCP_ULP), given back when this is detached
 * @syn_seq: sequence number of our SYN
 * @synack_seq: sequence number of the peer's SYN-ACK
 * @synack: how the SYN-ACKs seen so far looked (open.c)
 * @local: the ENO option we send in SYN segments
 * @remote: the ENO option the peer sent
 * @eno: outcome of the negotiation
 * @aead: negotiated algorithm
 * @session_id: valid in TCPCRYPT_OPEN and after
 * @offer: the session secret that @local offers, until that is settled
 * @session: where the next connection may go on from this one, or NULL
 * @established: jiffies64 when the keys were in place
 * @deadline: jiffies when the key exchange or the linger gives up
 * @hs: key exchange, gone once open
 * @tx: sending half
 * @rx: receiving half
 * @rekey: when the sending key is replaced
 * @urg: urgent data received
 * @keepalive: is the peer still there
 * @saved_data_ready: the socket's own callback
 * @saved_state_change: the socket's own callback
 * @saved_write_space: the socket's own callback
 * @events: bits of enum tcpcrypt_event; atomic
 * @work: runs @events
 * @timer: fires at @deadline, or sooner for a retry
 * @rwork: frees this after an RCU grace period
 */
struct tcpcrypt_sock {
	u8 kind;
	u8 state;
	bool passive;
	bool resumed;
	bool key_b;
	bool no_resume;
	bool no_cache;
	u8 nonce_len;
	bool detached;
	bool eno_sending;
	bool eno_hdr;
	bool lingering;
	bool deferred;
	bool listed;
	bool require;
	bool simultaneous;
	bool acked;
	bool undecided;
	bool silent;
	bool offer_short;
	u8 syns;
	int err;
	refcount_t refs;
	struct sock *sk;
	struct sock *listener;
	struct tcpcrypt_net *tn;
	u32 id;
	u64 cookie;
	kuid_t uid;
	struct tcpcrypt_tuple id_tuple;
	struct rhash_head open_node;
	struct tcpcrypt_tuple open_key;
	enum tcpcrypt_mib fallback;
	struct tcpcrypt_opts opts;
	struct tcpcrypt_listener *asked;
	u32 syn_seq;
	u32 synack_seq;
	atomic_t synack;
	struct tcpcrypt_eno_opt local;
	struct tcpcrypt_eno_opt remote;
	struct tcpcrypt_eno_result eno;
	const struct tcpcrypt_aead_alg *aead;
	u8 session_id[TCPCRYPT_SESSID_LEN];
	struct tcpcrypt_secret *offer;
	struct tcpcrypt_session *session;
	u64 established;
	unsigned long deadline;
	struct tcpcrypt_handshake *hs;
	struct tcpcrypt_tx tx;
	struct tcpcrypt_rx rx;
	struct tcpcrypt_rekey rekey;
	struct tcpcrypt_urg urg;
	struct tcpcrypt_keepalive keepalive;
	void (*saved_data_ready)(struct sock *sk);
	void (*saved_state_change)(struct sock *sk);
	void (*saved_write_space)(struct sock *sk);
	unsigned long events;
	struct work_struct work;
	struct delayed_work timer;
	struct rcu_work rwork;
};

/* netlink.c */
int tcpcrypt_netlink_init(void);
void tcpcrypt_netlink_exit(void);

/* sock.c: life of struct tcpcrypt_sock */
int tcpcrypt_sock_init(void);
void tcpcrypt_sock_exit(void);
struct tcpcrypt_sock *tcpcrypt_sock_alloc(struct tcpcrypt_net *tn, gfp_t gfp);
struct tcpcrypt_sock *tcpcrypt_sock_rcu(const struct sock *sk);
struct tcpcrypt_sock *tcpcrypt_sock_get(const struct sock *sk);
void tcpcrypt_sock_put(struct tcpcrypt_sock *ctx);
bool tcpcrypt_sock_refused(const struct sock *sk);
int tcpcrypt_sock_attach(struct tcpcrypt_sock *ctx, struct sock *sk);
void tcpcrypt_sock_detach(struct tcpcrypt_sock *ctx);
void tcpcrypt_sock_destroyed(struct tcpcrypt_sock *ctx);
void tcpcrypt_sock_name(const struct sock *sk, struct tcpcrypt_tuple *t);
void tcpcrypt_sock_reset(struct sock *sk, int err);
void tcpcrypt_sock_abort_later(struct sock *sk, int err);
void tcpcrypt_set_state(struct tcpcrypt_sock *ctx, enum tcpcrypt_state state);
void tcpcrypt_fall_back(struct tcpcrypt_sock *ctx, enum tcpcrypt_mib why);
void tcpcrypt_refuse(struct tcpcrypt_sock *ctx, enum tcpcrypt_mib why);
void tcpcrypt_fail(struct tcpcrypt_sock *ctx, int err, enum tcpcrypt_mib why);
void tcpcrypt_wake(struct tcpcrypt_sock *ctx);

/* event.c: callbacks of the socket, works and timers */
void tcpcrypt_data_ready(struct sock *sk);
void tcpcrypt_state_change(struct sock *sk);
void tcpcrypt_write_space(struct sock *sk);
void tcpcrypt_release_cb(struct sock *sk);
void tcpcrypt_event(struct tcpcrypt_sock *ctx, enum tcpcrypt_event ev);
void tcpcrypt_event_after(struct tcpcrypt_sock *ctx, unsigned long delay);
bool tcpcrypt_event_unaccepted(const struct tcpcrypt_sock *ctx);
bool tcpcrypt_event_own(struct tcpcrypt_sock *ctx, struct sock **listener);
void tcpcrypt_event_disown(struct tcpcrypt_sock *ctx, struct sock *listener);
void tcpcrypt_event_orphan(struct tcpcrypt_sock *ctx);
void tcpcrypt_event_cancel(struct tcpcrypt_sock *ctx);
void tcpcrypt_event_work(struct work_struct *work);
void tcpcrypt_event_timer(struct work_struct *work);

/* prot.c: derived struct proto and proto_ops, the only writer of sk_prot */
int tcpcrypt_prot_init(void);
bool tcpcrypt_prot_is_base(const struct sock *sk);
const struct proto *tcpcrypt_prot_base(const struct sock *sk);
const struct proto_ops *tcpcrypt_ops_base(const struct sock *sk);
void tcpcrypt_prot_install(struct sock *sk);
void tcpcrypt_prot_restore(struct sock *sk);
void tcpcrypt_prot_listen(struct sock *sk);
bool tcpcrypt_prot_listens(const struct sock *sk);
void tcpcrypt_ops_install(struct sock *sk);
void tcpcrypt_ops_restore(struct sock *sk);
void tcpcrypt_prot_refuse(struct sock *sk);
void tcpcrypt_prot_child(struct sock *sk);

/* ulp.c */
extern struct tcp_ulp_ops tcpcrypt_ulp_ops;

/* handshake.c: Init1 and Init2 */
int tcpcrypt_handshake_alloc(struct tcpcrypt_sock *ctx, gfp_t gfp);
void tcpcrypt_handshake_resume(struct tcpcrypt_sock *ctx,
			       struct tcpcrypt_secret *secret);
void tcpcrypt_handshake_begin(struct tcpcrypt_sock *ctx);
void tcpcrypt_handshake_input(struct tcpcrypt_sock *ctx);
void tcpcrypt_handshake_run(struct tcpcrypt_sock *ctx);
void tcpcrypt_handshake_apply(struct tcpcrypt_sock *ctx);
void tcpcrypt_handshake_free(struct tcpcrypt_handshake *hs);
int tcpcrypt_settle(struct tcpcrypt_sock *ctx, struct sock *sk, long *timeo);

/* stream.c: one direction's keys, generation by generation */
int tcpcrypt_stream_start(struct tcpcrypt_stream *s, bool host_b,
			  const struct tcpcrypt_aead_alg *alg,
			  struct tcpcrypt_hmac *hmac,
			  const u8 mk[TCPCRYPT_K_LEN]);
int tcpcrypt_stream_rekey(struct tcpcrypt_stream *s, bool host_b,
			  const struct tcpcrypt_aead_alg *alg);
void tcpcrypt_stream_free(struct tcpcrypt_stream *s);

/* tx.c */
int tcpcrypt_sendmsg(struct sock *sk, struct msghdr *msg, size_t size);
int tcpcrypt_tx_frame(struct tcpcrypt_sock *ctx, struct msghdr *msg,
		      size_t len, bool finp, int flags);
bool tcpcrypt_tx_foreign(struct tcpcrypt_sock *ctx);
int tcpcrypt_tx_flush(struct tcpcrypt_sock *ctx, int flags);
int tcpcrypt_tx_finish(struct tcpcrypt_sock *ctx);
int tcpcrypt_tx_init_msg(struct sock *sk, u8 *msg, size_t len);
void tcpcrypt_tx_free(struct tcpcrypt_tx *tx);

/* rxparse.c: from TCP's queue to complete messages */
void tcpcrypt_rx_input(struct tcpcrypt_sock *ctx);
void tcpcrypt_rx_pull(struct tcpcrypt_sock *ctx);
void tcpcrypt_rx_frames_on(struct tcpcrypt_sock *ctx);
void tcpcrypt_rx_consume(struct tcpcrypt_rx *rx, u32 len);
void tcpcrypt_rx_charge(struct tcpcrypt_sock *ctx, struct sk_buff *skb,
			bool held);
bool tcpcrypt_rx_held(const struct sk_buff *skb);
void tcpcrypt_rx_purge(struct tcpcrypt_rx *rx);

/* rx.c */
int tcpcrypt_rx_open(struct tcpcrypt_sock *ctx);
int tcpcrypt_rx_end(struct tcpcrypt_sock *ctx);
void tcpcrypt_rx_skip(struct tcpcrypt_rx *rx, size_t len);
bool tcpcrypt_rx_readable(const struct tcpcrypt_sock *ctx);
int tcpcrypt_recvmsg(struct sock *sk, struct msghdr *msg, size_t len,
		     int flags);
int tcpcrypt_ioctl(struct sock *sk, int cmd, int *karg);

/* rekey.c: new keys, of our own accord or the peer's */
void tcpcrypt_rekey_begin(struct tcpcrypt_sock *ctx);
bool tcpcrypt_rekey_due(const struct tcpcrypt_sock *ctx, size_t len, bool finp);
int tcpcrypt_rekey_start(struct tcpcrypt_sock *ctx);
int tcpcrypt_rekey_request(struct tcpcrypt_sock *ctx);
void tcpcrypt_rekey_input(struct tcpcrypt_sock *ctx);
void tcpcrypt_rekey_open(struct tcpcrypt_sock *ctx);
void tcpcrypt_rekey_run(struct tcpcrypt_sock *ctx);

/* urg.c: urgent data */
bool tcpcrypt_urg_watched(const struct tcpcrypt_sock *ctx);
void tcpcrypt_urg_mark(struct tcpcrypt_sock *ctx, u16 urgent);
void tcpcrypt_urg_data(struct tcpcrypt_sock *ctx, const struct sk_buff *skb,
		       u32 off, u32 len);
size_t tcpcrypt_urg_limit(const struct tcpcrypt_sock *ctx, u32 skip, bool some,
			  size_t len, bool *hole);
void tcpcrypt_urg_passed(struct tcpcrypt_sock *ctx);
u32 tcpcrypt_urg_hidden(const struct tcpcrypt_sock *ctx);
int tcpcrypt_urg_atmark(struct tcpcrypt_sock *ctx);
u32 tcpcrypt_urg_inq(const struct tcpcrypt_sock *ctx, u32 inq);
int tcpcrypt_urg_recv(struct tcpcrypt_sock *ctx, struct msghdr *msg,
		      size_t len, int flags);

/* keepalive.c: is the peer still there */
void tcpcrypt_keepalive(struct sock *sk, int val);
void tcpcrypt_keepalive_arm(struct tcpcrypt_sock *ctx);
void tcpcrypt_keepalive_cancel(struct tcpcrypt_sock *ctx);
void tcpcrypt_keepalive_heard(struct tcpcrypt_sock *ctx);
void tcpcrypt_keepalive_timer(struct work_struct *work);

/* close.c */
void tcpcrypt_close(struct sock *sk, long timeout);
int tcpcrypt_shutdown(struct socket *sock, int how);
int tcpcrypt_disconnect(struct sock *sk, int flags);
void tcpcrypt_linger_run(struct tcpcrypt_sock *ctx);

/* sockopt.c */
int tcpcrypt_setsockopt(struct sock *sk, int level, int optname,
			sockptr_t optval, unsigned int optlen);
int tcpcrypt_getsockopt(struct sock *sk, int level, int optname,
			char __user *optval, int __user *optlen);

#endif /* _TCPCRYPT_H */
