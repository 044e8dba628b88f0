/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_HALFOPEN_H
#define _TCPCRYPT_HALFOPEN_H

#include "skbopt.h"
#include "tcpcrypt.h"

/**
 * struct tcpcrypt_halfopen - a passive open that answered with ENO
 * @node: in tcpcrypt_net.halfopen
 * @key: the connection
 * @rcv_isn: the peer's initial sequence number
 * @snt_isn: ours
 * @req: the request, with a reference; TCP has forgotten it when that is the last
 * @rcv_wnd: the window our SYN-ACK offered
 * @plain: fell back; the SYN-ACK's retransmissions carry no option
 * @acked: the first ACK carried ENO, too
 * @done: a child exists
 * @require: the child must not be plain
 * @tn: namespace
 * @listener: whose child it will be
 * @local: the option we send
 * @eno: the outcome, given that @acked
 * @secret: the session secret to resume from, or NULL
 * @opts: the listener's
 * @created: jiffies
 * @expires: jiffies; moved on by each SYN-ACK, not earlier than the request
 * @fifo: in one of tcpcrypt_net's lists, under halfopen_lock
 * @rcu: readers of the table
 */
struct tcpcrypt_halfopen {
	struct rhlist_head node;
	struct tcpcrypt_tuple key;
	u32 rcv_isn;
	u32 snt_isn;
	struct request_sock *req;
	u32 rcv_wnd;
	bool plain;
	bool acked;
	bool done;
	bool require;
	struct tcpcrypt_net *tn;
	struct tcpcrypt_listener *listener;
	struct tcpcrypt_eno_opt local;
	struct tcpcrypt_eno_result eno;
	struct tcpcrypt_secret *secret;
	struct tcpcrypt_opts opts;
	unsigned long created;
	unsigned long expires;
	struct list_head fifo;
	struct rcu_head rcu;
};

int tcpcrypt_halfopen_net_init(struct tcpcrypt_net *tn);
void tcpcrypt_halfopen_net_exit(struct tcpcrypt_net *tn);
void tcpcrypt_halfopen_flush(struct tcpcrypt_net *tn);
void tcpcrypt_halfopen_tuple(const struct request_sock *req,
			     struct tcpcrypt_tuple *tuple);
struct tcpcrypt_halfopen *
tcpcrypt_halfopen_find(struct tcpcrypt_net *tn, const struct request_sock *req);
struct tcpcrypt_halfopen *
tcpcrypt_halfopen_alloc(struct tcpcrypt_net *tn, struct request_sock *req,
			const struct tcpcrypt_opts *opts);
void tcpcrypt_halfopen_discard(struct tcpcrypt_halfopen *h);
int tcpcrypt_halfopen_add(struct tcpcrypt_halfopen *h, struct sock *listener);
void tcpcrypt_halfopen_keep(struct tcpcrypt_halfopen *h);
void tcpcrypt_halfopen_done(struct tcpcrypt_halfopen *h);
void tcpcrypt_halfopen_syn(struct tcpcrypt_net *tn, const struct sk_buff *skb,
			   const struct tcpcrypt_seg *seg);
bool tcpcrypt_halfopen_ack(struct tcpcrypt_net *tn, struct sk_buff *skb,
			   unsigned int hook, const struct tcpcrypt_seg *seg);

/* child.c */
void tcpcrypt_child_born(const struct request_sock *req, struct sock *newsk,
			 const struct tcpcrypt_opts *opts);

#endif /* _TCPCRYPT_HALFOPEN_H */
