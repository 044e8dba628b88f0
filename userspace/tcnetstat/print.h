/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How connections and counters are shown, to people and to programs.
 */
#ifndef TCNETSTAT_PRINT_H
#define TCNETSTAT_PRINT_H

#include <stdio.h>

#include <json-c/json.h>

#include "../common/nl.h"

/* Room for the session ID in hexadecimal */
#define SID_TEXT	(2 * TCPCRYPT_SESSID_BYTES + 1)

/* Room for a name, or for the number of something that has none */
#define NAME_TEXT	16

const char *tep_name(uint32_t id, char buf[NAME_TEXT]);
const char *aead_name(uint32_t id, char buf[NAME_TEXT]);
const char *state_name(uint32_t state, char buf[NAME_TEXT]);
const char *sid_text(const struct conn *c, char buf[SID_TEXT]);
const char *addr_text(const struct conn *c, const void *addr,
		      char buf[INET6_ADDRSTRLEN]);

void print_header(void);
void print_conn(const struct conn *c, bool details, bool words);
void print_event(const char *event, const struct conn *c, bool details,
		 bool words);
void print_stat(const char *name, uint64_t value);

/* fold.c */
FILE *fold_begin(void);
void fold_end(FILE *to, char separator);

/* json.c */
struct json_object *json_conn(const struct conn *c, bool words);
struct json_object *json_event(const char *event, const struct conn *c,
			       bool words);
void json_add_stat(struct json_object *obj, const char *name, uint64_t value);

/* event.c */
typedef void (*event_fn)(const char *event, const struct conn *c, void *arg);

void events_follow(event_fn fn, void *arg) __attribute__((noreturn));

#endif /* TCNETSTAT_PRINT_H */
