// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plain text.  The header and the three columns are those of the tcnetstat
 * that came with tcpcryptd, to the byte: scripts read them.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../common/words.h"
#include "print.h"

struct name {
	uint32_t id;
	const char *name;
};

static const struct name teps[] = {
	{ TCPCRYPT_TEP_ID_P256, "p256" },
	{ TCPCRYPT_TEP_ID_P521, "p521" },
	{ TCPCRYPT_TEP_ID_X25519, "x25519" },
	{ TCPCRYPT_TEP_ID_X448, "x448" },
	{ 0, NULL }
};

static const struct name aeads[] = {
	{ TCPCRYPT_AEAD_ID_AES128GCM, "aes128gcm" },
	{ TCPCRYPT_AEAD_ID_AES256GCM, "aes256gcm" },
	{ TCPCRYPT_AEAD_ID_CHACHA20POLY1305, "chacha20poly1305" },
	{ 0, NULL }
};

static const struct name states[] = {
	{ TCPCRYPT_CONN_OFFERED, "offered" },
	{ TCPCRYPT_CONN_KEX, "kex" },
	{ TCPCRYPT_CONN_OPEN, "open" },
	{ TCPCRYPT_CONN_PLAIN, "plain" },
	{ TCPCRYPT_CONN_FAILED, "failed" },
	{ 0, NULL }
};

static const char *find_name(const struct name *n, uint32_t id,
			     char buf[NAME_TEXT])
{
	for (; n->name; n++)
		if (n->id == id)
			return n->name;
	snprintf(buf, NAME_TEXT, "0x%" PRIx32, id);
	return buf;
}

/**
 * tep_name() - name of a key exchange, as in the module's parameters
 * @id: TEP identifier
 * @buf: for the number of one that has no name
 *
 * Return: the name, or @buf.
 */
const char *tep_name(uint32_t id, char buf[NAME_TEXT])
{
	return find_name(teps, id, buf);
}

/**
 * aead_name() - name of a cipher, as in the module's parameters
 * @id: AEAD identifier
 * @buf: for the number of one that has no name
 *
 * Return: the name, or @buf.
 */
const char *aead_name(uint32_t id, char buf[NAME_TEXT])
{
	return find_name(aeads, id, buf);
}

/**
 * state_name() - name of a connection's state
 * @state: enum tcpcrypt_conn_state
 * @buf: for the number of one that has no name
 *
 * Return: the name, or @buf.
 */
const char *state_name(uint32_t state, char buf[NAME_TEXT])
{
	return find_name(states, state, buf);
}

/**
 * sid_text() - the session ID in upper-case hexadecimal digits
 * @c: connection
 * @buf: for the digits
 *
 * Return: @buf, which is empty when there is no session ID.
 */
const char *sid_text(const struct conn *c, char buf[SID_TEXT])
{
	unsigned int i;

	buf[0] = '\0';
	for (i = 0; i < c->sid_len; i++)
		snprintf(buf + 2 * i, 3, "%02X", c->sid[i]);
	return buf;
}

/**
 * addr_text() - an address of a connection
 * @c: connection
 * @addr: its laddr or raddr
 * @buf: for the text
 *
 * Return: @buf.
 */
const char *addr_text(const struct conn *c, const void *addr,
		      char buf[INET6_ADDRSTRLEN])
{
	if (!inet_ntop(c->family, addr, buf, INET6_ADDRSTRLEN))
		strcpy(buf, "?");
	return buf;
}

static void print_end(FILE *to, const struct conn *c, const void *addr,
		      uint16_t port)
{
	char ip[INET6_ADDRSTRLEN], end[INET6_ADDRSTRLEN + 9];

	snprintf(end, sizeof(end), c->family == AF_INET6 ? "[%s]:%u" : "%s:%u",
		 addr_text(c, addr, ip), port);
	fprintf(to, "%-21s\t", end);
}

/**
 * print_header() - the line above the connections
 */
void print_header(void)
{
	puts("Local address\t\tForeign address\t\tSID");
}

static void print_session(FILE *to, const struct conn *c)
{
	char buf[NAME_TEXT];

	if (conn_has(c, TCPCRYPT_A_CONN_AEAD))
		fprintf(to, " aead:%s", aead_name(c->aead, buf));
	if (conn_has(c, TCPCRYPT_A_CONN_RESUMED))
		fprintf(to, " resumed:%s", c->resumed ? "yes" : "no");
	if (conn_has(c, TCPCRYPT_A_CONN_AGE))
		fprintf(to, " age:%" PRIu64 ".%03us", c->age / 1000,
			(unsigned int)(c->age % 1000));
	if (conn_has(c, TCPCRYPT_A_CONN_TX_GEN))
		fprintf(to, " tx_gen:%" PRIu32 " tx_bytes:%" PRIu64
			" tx_frames:%" PRIu64,
			c->tx_gen, c->tx_bytes, c->tx_frames);
	if (conn_has(c, TCPCRYPT_A_CONN_RX_GEN))
		fprintf(to, " rx_gen:%" PRIu32 " rx_bytes:%" PRIu64
			" rx_frames:%" PRIu64,
			c->rx_gen, c->rx_bytes, c->rx_frames);
}

/* One more line, with words like those of ss -i */
static void print_details(FILE *to, const struct conn *c)
{
	char buf[NAME_TEXT];

	fprintf(to, "\tstate:%s opener:%s", state_name(c->state, buf),
		c->passive ? "passive" : "active");
	if (conn_has(c, TCPCRYPT_A_CONN_ROLE))
		fprintf(to, " role:%s", c->role == TCPCRYPT_ROLE_B ? "B" : "A");
	if (conn_has(c, TCPCRYPT_A_CONN_TEP))
		fprintf(to, " tep:%s", tep_name(c->tep, buf));
	print_session(to, c);
	if (conn_has(c, TCPCRYPT_A_CONN_FALLBACK))
		fprintf(to, " fallback:%s", c->fallback);
	if (conn_has(c, TCPCRYPT_A_CONN_ERROR))
		fprintf(to, " errno:%" PRIu32, c->error);
	if (c->require)
		fprintf(to, " require:yes");
	if (c->self_aware)
		fprintf(to, " self_aware:yes");
	if (c->peer_aware)
		fprintf(to, " peer_aware:yes");
	fprintf(to, " uid:%" PRIu32 " cookie:%" PRIx64, c->uid, c->cookie);
}

/* The columns of a connection, behind what @to has already */
static void show_conn(FILE *to, const struct conn *c, bool details, bool words)
{
	char sid[SID_TEXT], phrase[WORDS_TEXT];

	print_end(to, c, c->laddr, c->lport);
	print_end(to, c, c->raddr, c->rport);
	if (c->sid_len && words)
		fputs(words_text(c->sid, c->sid_len, phrase), to);
	else
		fputs(c->sid_len ? sid_text(c, sid) : "-", to);
	fold_end(to, '\t');
	if (!details)
		return;
	to = fold_begin();
	print_details(to, c);
	fold_end(to, ' ');
}

/**
 * print_conn() - a line for a connection
 * @c: connection
 * @details: a second line with everything else that is known
 * @words: the session ID as words
 */
void print_conn(const struct conn *c, bool details, bool words)
{
	show_conn(fold_begin(), c, details, words);
}

/**
 * print_event() - a line for something that happens to a connection
 * @event: what happens
 * @c: connection
 * @details: as for print_conn()
 * @words: as for print_conn()
 */
void print_event(const char *event, const struct conn *c, bool details,
		 bool words)
{
	FILE *to = fold_begin();

	fprintf(to, "%-11s\t", event);
	show_conn(to, c, details, words);
	fflush(stdout);
}

/**
 * print_stat() - a line for a counter, as in /proc/net/tcpcrypt_stat
 * @name: what it is called
 * @value: its value
 */
void print_stat(const char *name, uint64_t value)
{
	printf("%-32s%" PRIu64 "\n", name, value);
}
