/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_ENO_H
#define _TCPCRYPT_ENO_H

#include "proto.h"

/**
 * struct tcpcrypt_eno_opt - one TCP-ENO option as it stands on the wire
 * @len: bytes used in @bytes; 0 means there is no option
 * @bytes: the option from its kind byte on, as the transcript wants it
 */
struct tcpcrypt_eno_opt {
	u8 len;
	u8 bytes[TCPCRYPT_OPTSPACE];
};

/**
 * struct tcpcrypt_eno_sub - one TEP suboption
 * @tep: TEP identifier, without the v bit
 * @v: the suboption carries data (which may be empty)
 * @off: where the data starts, counted from the option's kind byte
 * @len: bytes of data
 */
struct tcpcrypt_eno_sub {
	u8 tep;
	bool v;
	u8 off;
	u8 len;
};

/**
 * struct tcpcrypt_eno - a parsed SYN-form ENO option
 * @global: the first global suboption, 0 when there is none
 * @explicit_global: the option holds a global suboption
 * @nsubs: entries in @subs; 0 means the option is vacuous
 * @subs: the TEP suboptions in the order they were sent
 */
struct tcpcrypt_eno {
	u8 global;
	bool explicit_global;
	u8 nsubs;
	struct tcpcrypt_eno_sub subs[TCPCRYPT_OPTSPACE - 2];
};

/**
 * struct tcpcrypt_eno_resume - what a host offers in a resumption suboption
 * @tep: TEP of the cached session, without the v bit
 * @local: the half of the resumption identifier this host sends
 * @remote: the half it expects from its peer
 * @nonce: the nonce this host sends
 * @nonce_len: its length, 0 to 8 bytes
 */
struct tcpcrypt_eno_resume {
	u8 tep;
	u8 local[TCPCRYPT_RESUME_HALF_LEN];
	u8 remote[TCPCRYPT_RESUME_HALF_LEN];
	u8 nonce[TCPCRYPT_RESUME_NONCE_MAX];
	u8 nonce_len;
};

/**
 * struct tcpcrypt_eno_result - the outcome of a negotiation
 * @tep: negotiated TEP identifier, without the v bit
 * @tep_byte: that byte as host B sent it, the first byte of the session ID
 * @role_b: the local host plays role B
 * @resume: both sent the resumption suboptions that belong together
 * @peer_aware: the peer set the application-aware bit
 * @peer_nonce: the peer's resumption nonce, if @resume
 * @peer_nonce_len: its length in bytes
 * @transcript_len: bytes used in @transcript
 * @transcript: host A's option, then host B's (RFC 8547 section 4.8)
 */
struct tcpcrypt_eno_result {
	u8 tep;
	u8 tep_byte;
	bool role_b;
	bool resume;
	bool peer_aware;
	u8 peer_nonce[TCPCRYPT_RESUME_NONCE_MAX];
	u8 peer_nonce_len;
	u8 transcript_len;
	u8 transcript[2 * TCPCRYPT_OPTSPACE];
};

/**
 * enum tcpcrypt_eno_fail - why a negotiation ends in plain TCP
 * @TCPCRYPT_ENO_OK: it does not
 * @TCPCRYPT_ENO_FAIL_ILLFORMED: an ill-formed option
 * @TCPCRYPT_ENO_FAIL_VACUOUS: an option without any TEP
 * @TCPCRYPT_ENO_FAIL_NO_TEP: no TEP that is valid
 * @TCPCRYPT_ENO_FAIL_ROLE: both hosts sent the same role bit
 * @TCPCRYPT_ENO_FAIL_AWARE: we insist on application awareness, and the peer
 *	is not aware
 *
 * These are the cases 1, 2, 2, 3 and 3 of RFC 8547 section 4.6; each is
 * counted on its own.
 */
enum tcpcrypt_eno_fail {
	TCPCRYPT_ENO_OK,
	TCPCRYPT_ENO_FAIL_ILLFORMED,
	TCPCRYPT_ENO_FAIL_VACUOUS,
	TCPCRYPT_ENO_FAIL_NO_TEP,
	TCPCRYPT_ENO_FAIL_ROLE,
	TCPCRYPT_ENO_FAIL_AWARE,
};

int tcpcrypt_eno_find(const u8 *opts, size_t len, struct tcpcrypt_eno_opt *out);
bool tcpcrypt_eno_present(const u8 *opts, size_t len);
int tcpcrypt_eno_parse(const struct tcpcrypt_eno_opt *opt,
		       struct tcpcrypt_eno *eno);
int tcpcrypt_eno_build(struct tcpcrypt_eno_opt *opt, u8 global,
		       bool explicit_global, const u8 *teps, size_t nteps,
		       const struct tcpcrypt_eno_resume *resume);
bool tcpcrypt_eno_is_resume(const struct tcpcrypt_eno_sub *sub);
const struct tcpcrypt_eno_sub *
tcpcrypt_eno_offer(const struct tcpcrypt_eno *eno, u8 tep);
u8 tcpcrypt_eno_choose(const struct tcpcrypt_eno *remote, const u8 *teps,
		       size_t nteps);
enum tcpcrypt_eno_fail
tcpcrypt_eno_negotiate(const struct tcpcrypt_eno_opt *local,
		       const struct tcpcrypt_eno_opt *remote,
		       const struct tcpcrypt_eno_resume *resume,
		       bool need_aware, struct tcpcrypt_eno_result *res);

#endif /* _TCPCRYPT_ENO_H */
