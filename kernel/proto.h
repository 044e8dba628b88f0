/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Constants and limits of RFC 8547 (TCP-ENO) and RFC 8548 (tcpcrypt).
 *
 * Shared by the module and by the user-space tests of the pure files, so it
 * includes nothing but fixed-width types.
 */
#ifndef _TCPCRYPT_PROTO_H
#define _TCPCRYPT_PROTO_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include "host.h"
#endif

/* RFC 8547 section 4.1 */
#define TCPCRYPT_OPT_ENO		69
#define TCPCRYPT_OPTSPACE		40	/* TCP header option field */

/* RFC 8547 section 4.2, the global suboption byte */
#define TCPCRYPT_ENO_GLOBAL_B		0x01	/* passive role bit */
#define TCPCRYPT_ENO_GLOBAL_A		0x02	/* application-aware bit */
#define TCPCRYPT_ENO_V			0x80	/* suboption carries data */
#define TCPCRYPT_ENO_TEP_MIN		0x20	/* below: global or length */

/* RFC 8548 section 7, table 4 */
#define TCPCRYPT_TEP_P256		0x21
#define TCPCRYPT_TEP_P521		0x22
#define TCPCRYPT_TEP_X25519		0x23
#define TCPCRYPT_TEP_X448		0x24
#define TCPCRYPT_TEP_COUNT		4

/* RFC 8548 section 7, table 5 */
#define TCPCRYPT_AEAD_AES128GCM		0x0001
#define TCPCRYPT_AEAD_AES256GCM		0x0002
#define TCPCRYPT_AEAD_CHACHA20POLY1305	0x0010
#define TCPCRYPT_AEAD_COUNT		3

/* RFC 8548 section 4.3 */
#define TCPCRYPT_CONST_NEXTK		0x01
#define TCPCRYPT_CONST_SESSID		0x02
#define TCPCRYPT_CONST_REKEY		0x03
#define TCPCRYPT_CONST_KEY_A		0x04
#define TCPCRYPT_CONST_KEY_B		0x05
#define TCPCRYPT_CONST_RESUME		0x06
#define TCPCRYPT_INIT1_MAGIC		0x15101a0e
#define TCPCRYPT_INIT2_MAGIC		0x097105e0

/* RFC 8548 section 5 */
#define TCPCRYPT_NONCE_LEN		32	/* N_A_LEN, N_B_LEN */
#define TCPCRYPT_K_LEN			32
#define TCPCRYPT_SESSID_LEN		(1 + TCPCRYPT_K_LEN)

/* RFC 8548 section 3.5 */
#define TCPCRYPT_RESUME_ID_LEN		18
#define TCPCRYPT_RESUME_HALF_LEN	9
#define TCPCRYPT_RESUME_NONCE_MAX	8

/* RFC 8548 section 6, table 3: the largest of each over all ciphers */
#define TCPCRYPT_AE_KEY_MAX		32
#define TCPCRYPT_AE_NONCE_LEN		12
#define TCPCRYPT_AE_TAG_LEN		16

/*
 * Public keys as they stand in Init1 and Init2, with the two length bytes of
 * the NIST curves: P-521 needs 2 + 1 + 66.  pubkey_len counts its own two
 * bytes (RFC 8548 section 5, the figure).
 */
#define TCPCRYPT_PUBKEY_MAX		69
#define TCPCRYPT_PRIVKEY_MAX		66
#define TCPCRYPT_SHARED_MAX		66

/* RFC 8548 section 4.1 */
#define TCPCRYPT_INIT_HDR_LEN		8	/* magic and message_len */
#define TCPCRYPT_INIT_CIPHERS_MAX	255
/*
 * An Init message ends with bytes that "MUST be permitted and ignored" but go
 * into the key schedule, so all of it is held in memory: bound it like a
 * frame.
 */
#define TCPCRYPT_INIT_MAX		65535
/* The longest Init message this implementation sends (all ciphers, P-521) */
#define TCPCRYPT_INIT_SENT_MAX	\
	(9 + 2 * TCPCRYPT_AEAD_COUNT + TCPCRYPT_NONCE_LEN + TCPCRYPT_PUBKEY_MAX)

/* RFC 8548 section 4.2 */
#define TCPCRYPT_FRAME_HDR_LEN		3	/* control and clen; also the AAD */
#define TCPCRYPT_FRAME_REKEY		0x01	/* control byte */
#define TCPCRYPT_FRAME_FINP		0x01	/* flags byte */
#define TCPCRYPT_FRAME_URGP		0x02	/* flags byte */
#define TCPCRYPT_FRAME_CLEN_MIN		(1 + TCPCRYPT_AE_TAG_LEN)
#define TCPCRYPT_FRAME_CLEN_MAX		65535
#define TCPCRYPT_FRAME_OVERHEAD	\
	(TCPCRYPT_FRAME_HDR_LEN + 1 + TCPCRYPT_AE_TAG_LEN)

#endif /* _TCPCRYPT_PROTO_H */
