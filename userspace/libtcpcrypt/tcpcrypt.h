/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libtcpcrypt: what a program can know about, and ask of, the encryption of
 * its TCP connections.  See libtcpcrypt(3).
 *
 * All functions may be called from several threads at once.  None prints, ends
 * the process or waits without a bound.
 */
#ifndef TCPCRYPT_TCPCRYPT_H
#define TCPCRYPT_TCPCRYPT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <linux/tcpcrypt.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The interface of the libtcpcrypt.so.0 that came with tcpcryptd in user
 * space; programs built for it run with this library.
 */
#define TCPCRYPT_SID_MAXLEN	32	/* too small: a session ID has 33 bytes */

enum {
	TCP_CRYPT_ENABLE	= 0,
	TCP_CRYPT_CMODE		= 1,
	TCP_CRYPT_SESSID	= 2,
	TCP_CRYPT_RSA_KEY	= 3,
	TCP_CRYPT_APP_SUPPORT	= 15,
	TCP_CRYPT_RESET		= 100,
	TCP_CRYPT_NOCACHE	= 101,
	TCP_CRYPT_NETSTAT	= 102,
};

enum {
	TCPCRYPT_PARAM_CTLPATH	= 0,
};

void tcpcrypt_setparam(int param, void *val);
int tcpcrypt_getsockopt(int s, int level, int optname, void *optval,
			socklen_t *optlen);
int tcpcrypt_setsockopt(int s, int level, int optname, const void *optval,
			socklen_t optlen);
char *tcpcrypt_getsessid(char *remote_ip, uint16_t remote_port, char *local_ip,
			 uint16_t local_port);

/*
 * Socket options, TCP_ENO_* and TCPCRYPT_* of linux/tcpcrypt.h.
 * errno: ENOTCONN not connected yet, EAGAIN the keys are still being
 * exchanged, ENODATA plain TCP.
 */
#define TCPCRYPT_NAME_BYTES	34	/* a role and a session ID */

int tcpcrypt_attach(int fd);
int tcpcrypt_get(int fd, int opt, void *val, socklen_t *len);
int tcpcrypt_set(int fd, int opt, const void *val, socklen_t len);
int tcpcrypt_get_int(int fd, int opt, int *val);
int tcpcrypt_set_int(int fd, int opt, int val);
int tcpcrypt_wait(int fd, int timeout);
int tcpcrypt_sessid(int fd, uint8_t sid[TCPCRYPT_SESSID_BYTES]);
int tcpcrypt_local_name(int fd, uint8_t name[TCPCRYPT_NAME_BYTES]);
int tcpcrypt_peer_name(int fd, uint8_t name[TCPCRYPT_NAME_BYTES]);

/*
 * Who is at the other end.  errno: EKEYREJECTED it is not who it should be.
 */
#define TCPCRYPT_TAG_BYTES	32
#define TCPCRYPT_SIG_MAX	4096

/* A secret that both ends know */
int tcpcrypt_secret_tag(const void *secret, size_t len, const void *name,
			size_t name_len, uint8_t tag[TCPCRYPT_TAG_BYTES]);
int tcpcrypt_secret_check(const void *secret, size_t len, const void *name,
			  size_t name_len,
			  const uint8_t tag[TCPCRYPT_TAG_BYTES]);
int tcpcrypt_secret_exchange(int fd, const void *secret, size_t len,
			     int timeout);

/* Signatures, with keys and functions of the caller: 0, or -1 with errno */
typedef int (*tcpcrypt_sign_fn)(void *arg, const void *msg, size_t len,
				void *sig, size_t *sig_len);
typedef int (*tcpcrypt_verify_fn)(void *arg, const void *msg, size_t len,
				  const void *sig, size_t sig_len);

int tcpcrypt_sign(int fd, tcpcrypt_sign_fn fn, void *arg, void *sig,
		  size_t *sig_len);
int tcpcrypt_verify(int fd, tcpcrypt_verify_fn fn, void *arg, const void *sig,
		    size_t sig_len);
int tcpcrypt_signature_exchange(int fd, tcpcrypt_sign_fn sign, void *sign_arg,
				tcpcrypt_verify_fn verify, void *verify_arg,
				int timeout);

/* Words for people to compare */
#define TCPCRYPT_WORDS_BYTES	72

int tcpcrypt_words(int fd, char words[TCPCRYPT_WORDS_BYTES]);
int tcpcrypt_words_of(const void *sid, size_t len,
		      char words[TCPCRYPT_WORDS_BYTES]);

/* A log to compare afterwards */
struct tcpcrypt_record {
	uint64_t number;
	int64_t time;			/* seconds since 1970 */
	char role;			/* 'A' or 'B' */
	char local[64];			/* address and port */
	char remote[64];
	char session_id[67];		/* hexadecimal */
	char note[256];
	char chain[65];			/* hash over all so far */
};

typedef int (*tcpcrypt_record_fn)(const struct tcpcrypt_record *rec, void *arg);

int tcpcrypt_record(const char *path, int fd, const char *note);
int tcpcrypt_record_verify(const char *path, tcpcrypt_record_fn fn, void *arg,
			   uint64_t *count);

#ifdef __cplusplus
}
#endif

#endif /* TCPCRYPT_TCPCRYPT_H */
