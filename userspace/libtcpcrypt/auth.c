// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Finding out who is at the other end.  All helpers bind what they do to the
 * session: somebody in the middle has two sessions, with two session IDs.
 */
#include <errno.h>
#include <string.h>

#include "../common/sha256.h"
#include "../common/words.h"
#include "internal.h"

_Static_assert(WORDS_TEXT == TCPCRYPT_WORDS_BYTES, "as promised");
_Static_assert(SHA256_BYTES == TCPCRYPT_TAG_BYTES, "as promised");

/* Each with its zero byte: no label is the beginning of another */
static const char secret_label[] = "tcpcrypt secret 1";
static const char sign_label[] = "tcpcrypt signature 1";

static int fail(int error)
{
	errno = error;
	return -1;
}

/**
 * tcpcrypt_secret_tag() - prove knowledge of a secret in this session
 * @secret: the secret; long and random, or whoever is in the middle can guess
 *	it at leisure from the tag
 * @len: bytes of it, at least one
 * @name: who proves: tcpcrypt_local_name()
 * @name_len: bytes of it
 * @tag: for the proof, to be sent to the peer
 *
 * The tag is HMAC-SHA256 with the secret as key, over "tcpcrypt secret 1", a
 * zero byte, and the name.
 *
 * Return: 0, or -1 with errno.
 */
EXPORT int tcpcrypt_secret_tag(const void *secret, size_t len, const void *name,
			       size_t name_len, uint8_t tag[TCPCRYPT_TAG_BYTES])
{
	struct hmac_sha256 h;

	if (!secret || !len || !name || !name_len)
		return fail(EINVAL);
	hmac_sha256_init(&h, secret, len);
	hmac_sha256_update(&h, secret_label, sizeof(secret_label));
	hmac_sha256_update(&h, name, name_len);
	hmac_sha256_final(&h, tag);
	return 0;
}

/**
 * tcpcrypt_secret_check() - check the peer's proof, in constant time
 * @secret: the secret
 * @len: bytes of it
 * @name: who proves: tcpcrypt_peer_name()
 * @name_len: bytes of it
 * @tag: what the peer sent
 *
 * Return: 0, or -1 with errno.
 */
EXPORT int tcpcrypt_secret_check(const void *secret, size_t len,
				 const void *name, size_t name_len,
				 const uint8_t tag[TCPCRYPT_TAG_BYTES])
{
	uint8_t want[TCPCRYPT_TAG_BYTES];
	volatile uint8_t diff = 0;
	int i;

	if (tcpcrypt_secret_tag(secret, len, name, name_len, want))
		return -1;
	for (i = 0; i < TCPCRYPT_TAG_BYTES; i++)
		diff |= want[i] ^ tag[i];
	explicit_bzero(want, sizeof(want));
	return diff ? fail(EKEYREJECTED) : 0;
}

static int both_names(int fd, uint8_t *local, uint8_t *peer)
{
	if (tcpcrypt_local_name(fd, local))
		return -1;
	return tcpcrypt_peer_name(fd, peer);
}

/**
 * tcpcrypt_secret_exchange() - authenticate both ends by a shared secret
 * @fd: a connected socket; nothing else may send or receive meanwhile
 * @secret: the secret, the same at the other end
 * @len: bytes of it
 * @timeout: milliseconds
 *
 * Both ends call this at the same point of their conversation.  Each sends its
 * tag, 32 bytes, and checks that of the other.  Roles keep a tag from being
 * sent back as the answer to itself.
 *
 * Return: 0 when the peer knows the secret and nobody is in the middle, or -1
 * with errno.
 */
EXPORT int tcpcrypt_secret_exchange(int fd, const void *secret, size_t len,
				    int timeout)
{
	uint8_t local[TCPCRYPT_NAME_BYTES], peer[TCPCRYPT_NAME_BYTES];
	int64_t deadline = lib_now_ms() + timeout;
	uint8_t tag[TCPCRYPT_TAG_BYTES];
	int rc;

	rc = tcpcrypt_wait(fd, timeout);
	if (rc <= 0)
		return rc ? -1 : fail(ENODATA);
	if (both_names(fd, local, peer) ||
	    tcpcrypt_secret_tag(secret, len, local, sizeof(local), tag) ||
	    lib_send_all(fd, tag, sizeof(tag), deadline) ||
	    lib_recv_all(fd, tag, sizeof(tag), deadline))
		return -1;
	return tcpcrypt_secret_check(secret, len, peer, sizeof(peer), tag);
}

#define SIGNED_BYTES	(sizeof(sign_label) + TCPCRYPT_NAME_BYTES)

static void signed_message(uint8_t msg[SIGNED_BYTES], const uint8_t *name)
{
	memcpy(msg, sign_label, sizeof(sign_label));
	memcpy(msg + sizeof(sign_label), name, TCPCRYPT_NAME_BYTES);
}

/**
 * tcpcrypt_sign() - sign this session
 * @fd: a connected socket
 * @fn: signs a message
 * @arg: what to call it with
 * @sig: for the signature
 * @sig_len: room in bytes; becomes the length of the signature
 *
 * Signed is "tcpcrypt signature 1", a zero byte, and tcpcrypt_local_name().
 *
 * Return: 0, or -1 with errno.
 */
EXPORT int tcpcrypt_sign(int fd, tcpcrypt_sign_fn fn, void *arg, void *sig,
			 size_t *sig_len)
{
	uint8_t name[TCPCRYPT_NAME_BYTES], msg[SIGNED_BYTES];

	if (tcpcrypt_local_name(fd, name))
		return -1;
	signed_message(msg, name);
	return fn(arg, msg, sizeof(msg), sig, sig_len) ? -1 : 0;
}

/**
 * tcpcrypt_verify() - verify the peer's signature of this session
 * @fd: a connected socket
 * @fn: verifies the signature of a message
 * @arg: what to call it with
 * @sig: the signature
 * @sig_len: bytes of it
 *
 * Return: 0, or -1 with errno.
 */
EXPORT int tcpcrypt_verify(int fd, tcpcrypt_verify_fn fn, void *arg,
			   const void *sig, size_t sig_len)
{
	uint8_t name[TCPCRYPT_NAME_BYTES], msg[SIGNED_BYTES];

	if (tcpcrypt_peer_name(fd, name))
		return -1;
	signed_message(msg, name);
	return fn(arg, msg, sizeof(msg), sig, sig_len) ? -1 : 0;
}

static int send_signature(int fd, tcpcrypt_sign_fn fn, void *arg,
			  int64_t deadline)
{
	uint8_t buf[2 + TCPCRYPT_SIG_MAX];
	size_t len = TCPCRYPT_SIG_MAX;

	if (!fn)
		len = 0;
	else if (tcpcrypt_sign(fd, fn, arg, buf + 2, &len))
		return -1;
	if (len > TCPCRYPT_SIG_MAX)
		return fail(EMSGSIZE);
	buf[0] = len >> 8;
	buf[1] = len;
	return lib_send_all(fd, buf, 2 + len, deadline);
}

static int check_signature(int fd, tcpcrypt_verify_fn fn, void *arg,
			   int64_t deadline)
{
	uint8_t buf[TCPCRYPT_SIG_MAX];
	uint8_t head[2];
	size_t len;

	if (lib_recv_all(fd, head, sizeof(head), deadline))
		return -1;
	len = head[0] << 8 | head[1];
	if (len > sizeof(buf))
		return fail(EMSGSIZE);
	if (lib_recv_all(fd, buf, len, deadline))
		return -1;
	if (!fn)
		return 0;
	/* Who does not sign cannot be trusted to have meant to */
	return len ? tcpcrypt_verify(fd, fn, arg, buf, len) :
		     fail(EKEYREJECTED);
}

/**
 * tcpcrypt_signature_exchange() - authenticate one end or both by signatures
 * @fd: a connected socket; nothing else may send or receive meanwhile
 * @sign: signs a message; NULL not to sign
 * @sign_arg: what to call it with
 * @verify: verifies the signature of a message; NULL to take any, or none
 * @verify_arg: what to call it with
 * @timeout: milliseconds
 *
 * Both ends call this at the same point of their conversation.  Each sends the
 * length of its signature as 16 bits, most significant first, and the
 * signature.
 *
 * Return: 0, or -1 with errno.
 */
EXPORT int tcpcrypt_signature_exchange(int fd, tcpcrypt_sign_fn sign,
				       void *sign_arg,
				       tcpcrypt_verify_fn verify,
				       void *verify_arg, int timeout)
{
	int64_t deadline = lib_now_ms() + timeout;
	int rc;

	rc = tcpcrypt_wait(fd, timeout);
	if (rc <= 0)
		return rc ? -1 : fail(ENODATA);
	if (send_signature(fd, sign, sign_arg, deadline))
		return -1;
	return check_signature(fd, verify, verify_arg, deadline);
}

/**
 * tcpcrypt_words_of() - a session ID as words to read aloud
 * @sid: the session ID
 * @len: bytes of it
 * @words: for eight words with a blank between them
 *
 * Return: 0, or -1 with errno.
 */
EXPORT int tcpcrypt_words_of(const void *sid, size_t len,
			     char words[TCPCRYPT_WORDS_BYTES])
{
	if (!sid || !len)
		return fail(EINVAL);
	words_text(sid, len, words);
	return 0;
}

/**
 * tcpcrypt_words() - this session as words to read aloud
 * @fd: a connected socket
 * @words: for eight words with a blank between them
 *
 * Return: 0, or -1 with errno.
 */
EXPORT int tcpcrypt_words(int fd, char words[TCPCRYPT_WORDS_BYTES])
{
	uint8_t sid[TCPCRYPT_SESSID_BYTES];

	if (tcpcrypt_sessid(fd, sid))
		return -1;
	return tcpcrypt_words_of(sid, sizeof(sid), words);
}
