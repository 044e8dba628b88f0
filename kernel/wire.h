/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TCPCRYPT_WIRE_H
#define _TCPCRYPT_WIRE_H

#include "proto.h"

/**
 * struct tcpcrypt_init - a parsed Init1 or Init2 message
 * @nciphers: number of two-byte cipher identifiers at @ciphers (1 in Init2)
 * @ciphers: the identifiers, big endian, unaligned, inside the message
 * @nonce: N_A or N_B, TCPCRYPT_NONCE_LEN bytes inside the message
 * @pub: the public key without the length prefix of the NIST curves
 * @pub_len: its length in bytes
 */
struct tcpcrypt_init {
	u8 nciphers;
	const u8 *ciphers;
	const u8 *nonce;
	const u8 *pub;
	u8 pub_len;
};

/**
 * struct tcpcrypt_plain - a parsed frame plaintext (RFC 8548 section 4.2.1)
 * @finp: the FINp bit
 * @urgp: the URGp bit
 * @urgent: the urgent field, 0 unless @urgp
 * @data_off: where the data starts, counted from the flags byte
 */
struct tcpcrypt_plain {
	bool finp;
	bool urgp;
	u16 urgent;
	u8 data_off;
};

size_t tcpcrypt_wire_pub_len(u8 tep);
int tcpcrypt_wire_init_len(u32 magic, const u8 hdr[TCPCRYPT_INIT_HDR_LEN]);
int tcpcrypt_wire_parse_init1(u8 tep, const u8 *msg, size_t len,
			      struct tcpcrypt_init *init);
int tcpcrypt_wire_parse_init2(u8 tep, const u8 *msg, size_t len,
			      struct tcpcrypt_init *init);
int tcpcrypt_wire_build_init1(u8 tep, const u16 *ciphers, size_t nciphers,
			      const u8 nonce[TCPCRYPT_NONCE_LEN],
			      const u8 *pub, size_t pub_len,
			      u8 *out, size_t size);
int tcpcrypt_wire_build_init2(u8 tep, u16 cipher,
			      const u8 nonce[TCPCRYPT_NONCE_LEN],
			      const u8 *pub, size_t pub_len,
			      u8 *out, size_t size);
u16 tcpcrypt_wire_choose_cipher(const struct tcpcrypt_init *init1,
				const u16 *pref, size_t npref);

int tcpcrypt_wire_frame_clen(const u8 hdr[TCPCRYPT_FRAME_HDR_LEN]);
void tcpcrypt_wire_frame_hdr(u8 hdr[TCPCRYPT_FRAME_HDR_LEN], bool rekey,
			     u16 clen);
void tcpcrypt_wire_nonce(u8 nonce[TCPCRYPT_AE_NONCE_LEN],
			 const u8 randomizer[TCPCRYPT_AE_NONCE_LEN], u64 offset);
int tcpcrypt_wire_parse_plain(const u8 *head, size_t plen,
			      struct tcpcrypt_plain *plain);

#endif /* _TCPCRYPT_WIRE_H */
