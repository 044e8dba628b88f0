/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tcpcryptd: loads, configures and watches the kernel module, and answers on
 * the control socket.
 */
#ifndef TCPCRYPTD_H
#define TCPCRYPTD_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../common/ctl.h"
#include "../common/nl.h"

#define CONF_DEFAULT	SYSCONFDIR "/tcpcrypt/tcpcryptd.conf"

/* A rule of the policy; has holds bits 1 << TCPCRYPT_A_RULE_x */
struct rule {
	uint64_t has;
	uint32_t dir;
	uint32_t verdict;
	int lfamily;
	int rfamily;
	uint8_t laddr[16];
	uint8_t raddr[16];
	uint32_t lprefix;
	uint32_t rprefix;
	uint16_t lports[2];
	uint16_t rports[2];
	uint32_t mark;
	uint32_t mask;
	uint32_t uid;
	bool aware;
	bool no_cache;
	bool off;
};

#define RULE_BIT(name)	(UINT64_C(1) << TCPCRYPT_A_RULE_##name)

struct range {
	uint16_t lo;
	uint16_t hi;
};

/* A setting of the module: the value of an attribute TCPCRYPT_A_CONFIG_x */
struct setting {
	bool set;
	unsigned int count;
	union {
		uint64_t number;
		uint32_t ids[16];
		struct range ranges[TCPCRYPT_PORT_RANGES_MAX];
	};
};

struct options {
	const char *conf;
	bool conf_given;
	char *control;
	char *user;
	char *jail;
	char *server;
	bool no_test;
	bool disabled;
	int verbose;
	int retest_secs;	/* hidden: 30 minutes are long for a test */
	int test_secs;		/* hidden: how long a network test may take */
	int answer_secs;	/* hidden: how long a question may wait */
	struct setting settings[TCPCRYPT_A_CONFIG_MAX + 1];
	struct rule *rules;
	unsigned int nrules;
};

extern struct options options;

/* What is wrong with something, for who wrote it */
struct why {
	char text[128];
};

/* opts.c, conf.c, rule.c */
void options_parse(int argc, char **argv);
int options_reload(int argc, char **argv);
int conf_read(const char *path, struct options *o, bool missing_ok);
int conf_setting(struct options *o, const char *name, const char *value);
int conf_u64(const char *text, uint64_t max, uint64_t *to);
int conf_range(const char *text, uint16_t *lo, uint16_t *hi);
int conf_rule(struct rule *rule, const char *text, struct why *why);
void conf_add_rule(struct options *o, const struct rule *rule, bool first);

/* log.c */
void say(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

struct slot;

/* apply.c */
int apply_settings(struct module *module, const struct options *o);
int apply_rules(struct module *module, const struct options *o);
int apply_enable(struct module *module, bool enable);
bool apply_enabled(struct module *module);
int apply_slot(struct module *module, const struct slot *slot, uint32_t *id);
int apply_unslot(struct module *module, uint32_t id);

/* kernel.c: the module, present or not, and what it tells */
extern struct module *kernel;
int kernel_load(void);
void kernel_start(void);
void kernel_configure(bool fresh);
int kernel_fd(void);
void kernel_event(void);
int kernel_timeout(void);
void kernel_tick(void);
void kernel_dump(void);

/* control.c */
int control_open(const char *addr);
void control_event(void);
void control_recheck(void);
int control_timeout(void);
void control_tick(void);
void control_dump(void);

/* slots.c: what was asked for sockets that are not connected */
struct slot {
	uint16_t port;		/* network order */
	bool any;		/* set by the administrator: whoever's socket */
	uint32_t uid;
	int32_t enable;
	int32_t cmode;
	int32_t app_support;
	int32_t nocache;
	uint32_t rule;		/* of the module, 0 for none */
	int64_t made;
};

struct slot *slot_find(uint16_t port, uint32_t uid, bool any);
struct slot *slot_make(uint16_t port, uint32_t uid, bool any);
void slot_drop(struct slot *slot);
int slot_tell(struct slot *slot);
void slots_used(const struct conn *c);
void slots_restore(void);
void slots_sweep(void);
void slots_clear(void);
unsigned int slots_count(void);

/* peer.c: who sends */
bool peer_is_admin(pid_t pid, uid_t uid);
bool peer_udp_uid(uint16_t port, uid_t *uid);
bool port_in_use(uint16_t port);
void peer_init(void);

/* privs.c */
void privs_drop(const char *user, const char *jail);
void privs_to_user(const char *user);
void privs_only_cap(int cap);

/* janitor.c: children that have to exist before privileges are dropped */
void janitor_start(const char *path);
int resolver_start(const char *host, const char *user);
void resolver_ask(void);

/* What the resolver writes */
struct resolved {
	bool v4;
	bool v6;
	struct in_addr in;
	struct in6_addr in6;
};

/* home.c: the test of the network */
void home_start(int resolver);
void home_poll(struct pollfd pfd[2]);
void home_event(const struct pollfd pfd[2]);
int home_timeout(void);
bool home_disabled(void);

/* notify.c */
void notify(const char *text);
int listen_fd(void);

int64_t now_ms(void);
int sooner(int a, int b);

#endif /* TCPCRYPTD_H */
