// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON.  What is not known is absent; numbers are numbers.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "../common/words.h"
#include "print.h"

static void add(struct json_object *obj, const char *key,
		struct json_object *val)
{
	if (!val || json_object_object_add(obj, key, val))
		err(1, NULL);
}

static void add_string(struct json_object *obj, const char *key,
		       const char *val)
{
	add(obj, key, json_object_new_string(val));
}

static void add_u64(struct json_object *obj, const char *key, uint64_t val)
{
	add(obj, key, json_object_new_uint64(val));
}

static void add_bool(struct json_object *obj, const char *key, bool val)
{
	add(obj, key, json_object_new_boolean(val));
}

static void add_identity(struct json_object *obj, const struct conn *c)
{
	char buf[INET6_ADDRSTRLEN];

	add_string(obj, "family", c->family == AF_INET6 ? "inet6" : "inet");
	add_string(obj, "local_address", addr_text(c, c->laddr, buf));
	add_u64(obj, "local_port", c->lport);
	add_string(obj, "remote_address", addr_text(c, c->raddr, buf));
	add_u64(obj, "remote_port", c->rport);
	add_u64(obj, "cookie", c->cookie);
	add_u64(obj, "uid", c->uid);
	add_bool(obj, "passive", c->passive);
}

static void add_session(struct json_object *obj, const struct conn *c)
{
	char sid[SID_TEXT], buf[NAME_TEXT];

	if (conn_has(c, TCPCRYPT_A_CONN_SESSION_ID))
		add_string(obj, "session_id", sid_text(c, sid));
	if (conn_has(c, TCPCRYPT_A_CONN_ROLE))
		add_string(obj, "role", c->role == TCPCRYPT_ROLE_B ? "B" : "A");
	if (conn_has(c, TCPCRYPT_A_CONN_TEP))
		add_string(obj, "tep", tep_name(c->tep, buf));
	if (conn_has(c, TCPCRYPT_A_CONN_AEAD))
		add_string(obj, "aead", aead_name(c->aead, buf));
	if (conn_has(c, TCPCRYPT_A_CONN_RESUMED))
		add_bool(obj, "resumed", c->resumed);
	if (conn_has(c, TCPCRYPT_A_CONN_AGE))
		add_u64(obj, "age_ms", c->age);
}

static void add_streams(struct json_object *obj, const struct conn *c)
{
	if (conn_has(c, TCPCRYPT_A_CONN_TX_GEN)) {
		add_u64(obj, "tx_generation", c->tx_gen);
		add_u64(obj, "tx_bytes", c->tx_bytes);
		add_u64(obj, "tx_frames", c->tx_frames);
	}
	if (conn_has(c, TCPCRYPT_A_CONN_RX_GEN)) {
		add_u64(obj, "rx_generation", c->rx_gen);
		add_u64(obj, "rx_bytes", c->rx_bytes);
		add_u64(obj, "rx_frames", c->rx_frames);
	}
}

/**
 * json_conn() - a connection as an object
 * @c: connection
 * @words: the session ID as words, too
 *
 * Return: the object, which is the caller's.
 */
struct json_object *json_conn(const struct conn *c, bool words)
{
	struct json_object *obj = json_object_new_object();
	char buf[NAME_TEXT], text[WORDS_TEXT];

	if (!obj)
		err(1, NULL);

	add_identity(obj, c);
	add_string(obj, "state", state_name(c->state, buf));
	add_session(obj, c);
	add_streams(obj, c);
	if (conn_has(c, TCPCRYPT_A_CONN_FALLBACK))
		add_string(obj, "fallback", c->fallback);
	if (conn_has(c, TCPCRYPT_A_CONN_ERROR))
		add_u64(obj, "errno", c->error);
	if (conn_has(c, TCPCRYPT_A_CONN_REQUIRE))
		add_bool(obj, "require", c->require);
	if (conn_has(c, TCPCRYPT_A_CONN_SELF_AWARE))
		add_bool(obj, "self_aware", c->self_aware);
	if (conn_has(c, TCPCRYPT_A_CONN_PEER_AWARE))
		add_bool(obj, "peer_aware", c->peer_aware);
	if (words && c->sid_len)
		add_string(obj, "words", words_text(c->sid, c->sid_len, text));
	return obj;
}

/**
 * json_event() - something that happens to a connection as an object
 * @event: what happens
 * @c: connection
 * @words: as for json_conn()
 *
 * Return: the object, which is the caller's.
 */
struct json_object *json_event(const char *event, const struct conn *c,
			       bool words)
{
	struct json_object *obj = json_conn(c, words);

	add_string(obj, "event", event);
	return obj;
}

/**
 * json_add_stat() - add a counter to an object
 * @obj: the object
 * @name: name of the counter, the key
 * @value: its value
 */
void json_add_stat(struct json_object *obj, const char *name, uint64_t value)
{
	add_u64(obj, name, value);
}
