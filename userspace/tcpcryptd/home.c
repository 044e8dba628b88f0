// SPDX-License-Identifier: GPL-2.0-only
/*
 * The test of the network, "phoning home": does tcpcrypt get through to a
 * server that speaks it, on two ports, where plain TCP does?  If not, encryption
 * is switched off for half an hour.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../common/home.h"
#include "../libtcpcrypt/tcpcrypt.h"
#include "tcpcryptd.h"

/* Numbers that people have seen in the output for ever */
enum state { START, CONNECTING, SENT, SUCCESS };

enum {
	ERR_TIMEOUT	= 666,
	ERR_DISCONNECT	= 667,
	ERR_INPUT	= 668,
	ERR_CRYPT	= 669,	/* encrypted, or seen to be offered, but should not be */
	ERR_NO_CRYPT	= 670,
	ERR_SESSION	= 671,	/* the server has another session ID */
};

/* A server can only answer so much that is of interest */
#define REPLY_MAX	512

struct test {
	uint16_t port;
	bool crypt;
	int req;
	enum state state;
	int err;
	int flags;
};

static const struct test all_tests[] = {
	{ 80, false, 0, START, 0, 0 },
	{ 80, false, 1, START, 0, 0 },
	{ 80, true, 2, START, 0, 0 },
	{ 7777, false, 0, START, 0, 0 },
	{ 7777, false, 1, START, 0, 0 },
	{ 7777, true, 2, START, 0, 0 },
};

#define TESTS	(sizeof(all_tests) / sizeof(all_tests[0]))

static struct test tests[TESTS];
static unsigned int current = TESTS;	/* TESTS: none runs */
static int fd = -1, resolver = -1;
static int64_t deadline, retest;
static char buf[REPLY_MAX];
static size_t got;
static bool disabled, v6_next;
static bool blocked;	/* an address of the server showed encryption to fail */
static bool wanted;	/* as soon as there is a module to be tested */
static struct resolved server;

static void finish(struct test *t, int error)
{
	t->err = error;
	if (!error)
		t->state = SUCCESS;
	close(fd);
	fd = -1;
	say(0, "Test result: port %u crypt %d req %d state %d err %d flags %d",
	    t->port, t->crypt, t->req, t->state, t->err, t->flags);
	current++;
}

/* ------------------------------------------------------------------ one test */

static int prepare(const struct test *t)
{
	if (!t->crypt)
		return tcpcrypt_set_int(fd, TCP_ENO_ENABLED, 0);
	/* An exchange of keys is what is to be tested, not their resumption */
	if (tcpcrypt_set_int(fd, TCPCRYPT_RESUME, 0) ||
	    tcpcrypt_set_int(fd, TCPCRYPT_CACHE, 0))
		say(1, "cannot keep the test from resuming: %s",
		    strerror(errno));
	return 0;
}

static int start_connect(const struct test *t)
{
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(t->port),
		.sin6_addr = server.in6,
	};
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_port = htons(t->port),
		.sin_addr = server.in,
	};

	fd = socket(v6_next ? AF_INET6 : AF_INET,
		    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || prepare(t))
		return errno;
	if (!connect(fd, v6_next ? (struct sockaddr *)&in6 :
				   (struct sockaddr *)&in,
		     v6_next ? sizeof(in6) : sizeof(in)) ||
	    errno == EINPROGRESS)
		return 0;
	return errno;
}

static void start_test(struct test *t)
{
	int error;

	got = 0;
	deadline = now_ms() + options.test_secs * 1000;
	t->state = CONNECTING;
	error = start_connect(t);
	if (error)
		finish(t, error);
}

static void on_connected(struct test *t)
{
	const char *text = home_request(t->req);
	socklen_t len = sizeof(int);
	int error = 0;

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (!error && send(fd, text, strlen(text), MSG_NOSIGNAL) !=
	    (ssize_t)strlen(text))
		error = errno;
	if (error == EAGAIN)
		return;
	if (error)
		finish(t, error);
	else
		t->state = SENT;
}

/* Compare session IDs with a server that sends its own */
static int check_session(const char *text, size_t len)
{
	uint8_t sid[TCPCRYPT_SESSID_BYTES];
	char hex[2 * sizeof(sid) + 1];
	unsigned int i;

	if (tcpcrypt_sessid(fd, sid))
		return ERR_NO_CRYPT;
	for (i = 0; i < sizeof(sid); i++)
		sprintf(hex + 2 * i, "%02X", sid[i]);
	if (len < strlen(HOME_SESSION) ||
	    memcmp(text, HOME_SESSION, strlen(HOME_SESSION)))
		return 0;
	text += strlen(HOME_SESSION);
	len -= strlen(HOME_SESSION);
	if (len < strlen(hex) || memcmp(text, hex, strlen(hex)))
		return ERR_SESSION;
	return 0;
}

/* An errno or number for a complete reply */
static int judge(struct test *t)
{
	size_t head = strlen(HOME_REPLY);
	uint8_t sid[TCPCRYPT_SESSID_BYTES];
	char last;

	if (got <= head || memcmp(buf, HOME_REPLY, head))
		return ERR_INPUT;
	last = buf[got - 1];
	if (last < '0' || last > '9')
		return ERR_INPUT;
	t->flags = last - '0';
	if (t->crypt)
		return check_session(buf + head, got - head);
	return t->flags || !tcpcrypt_sessid(fd, sid) ? ERR_CRYPT : 0;
}

/*
 * The reply ends where the connection does, or with a digit after which nothing
 * follows: old servers close late.
 */
static bool complete(void)
{
	size_t head = strlen(HOME_REPLY), session = strlen(HOME_SESSION);

	if (got <= head)
		return false;
	/* A session ID has digits in it */
	if (got - head >= 1 && buf[head] == HOME_SESSION[0])
		return got >= head + session + 2 * TCPCRYPT_SESSID_BYTES + 2;
	return true;
}

static void on_readable(struct test *t)
{
	ssize_t n = recv(fd, buf + got, sizeof(buf) - got, 0);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		finish(t, errno);
	} else if (!n) {
		finish(t, got ? judge(t) : ERR_DISCONNECT);
	} else if (n > 0) {
		got += n;
		if (got == sizeof(buf))
			finish(t, ERR_INPUT);
		/* What begins differently need not be waited for */
		else if (memcmp(buf, HOME_REPLY, got < strlen(HOME_REPLY) ?
				got : strlen(HOME_REPLY)))
			finish(t, ERR_INPUT);
		else if (complete())
			finish(t, judge(t));
	}
}

/* ---------------------------------------------------------------- all tests */

static void begin(void)
{
	char ip[INET6_ADDRSTRLEN];

	inet_ntop(v6_next ? AF_INET6 : AF_INET,
		  v6_next ? (void *)&server.in6 : (void *)&server.in, ip,
		  sizeof(ip));
	say(0, "Testing network via %s", ip);
	memcpy(tests, all_tests, sizeof(tests));
	current = 0;
}

static void ask(void)
{
	v6_next = false;
	resolver_ask();
}

static void disable(void)
{
	int rc;

	say(0, "Disabling tcpcrypt for %d minutes", 30);
	disabled = true;
	retest = now_ms() + options.retest_secs * INT64_C(1000);
	if (!kernel)
		return;
	rc = apply_enable(kernel, false);
	if (rc)
		complain("cannot disable: %s %s", strerror(-rc),
			 module_why(kernel));
}

static void results(void)
{
	unsigned int i, failed = 0;
	char line[128];
	int n;

	n = snprintf(line, sizeof(line), "Tests done!");
	for (i = 0; i < TESTS; i++) {
		if (tests[i].state == SUCCESS)
			continue;
		failed++;
		n += snprintf(line + n, sizeof(line) - n, " %u", i + 1);
	}
	if (!failed) {
		say(0, "%s All passed", line);
	} else {
		say(0, "%s failed [%u/%zu]!", line, failed, TESTS);
		/* When not even plain TCP works, encryption is not to blame */
		if (tests[0].state == SUCCESS)
			blocked = true;
	}
	/* Before the last address is tested, off would be what is tested */
	if (!v6_next && server.v6) {
		v6_next = true;
		begin();
	} else if (blocked && !disabled) {
		disable();
	}
}

static void on_resolved(void)
{
	if (recv(resolver, &server, sizeof(server), MSG_DONTWAIT) !=
	    sizeof(server))
		return;
	if (!server.v4 && !server.v6) {
		say(0, "Won't test network - can't resolve %s", options.server);
		return;
	}
	v6_next = !server.v4;
	blocked = false;
	begin();
}

/* Switched on again, for the test to be one */
static void again(void)
{
	disabled = false;
	/* by now the configuration may say that it is to be off */
	wanted = !options.disabled;
	if (kernel && wanted)
		apply_enable(kernel, true);
}

static void step(void)
{
	while (current < TESTS && fd < 0)
		start_test(&tests[current]);
}

/**
 * home_start() - test the network
 * @fd: of resolver_start()
 */
void home_start(int fd)
{
	resolver = fd;
	wanted = true;
	home_event(NULL);
}

/**
 * home_poll() - what to wait for
 * @pfd: two descriptors to fill in
 */
void home_poll(struct pollfd pfd[2])
{
	pfd[0].fd = resolver;
	pfd[0].events = POLLIN;
	pfd[1].fd = fd;
	pfd[1].events = 0;
	if (fd >= 0)
		pfd[1].events = tests[current].state == SENT ? POLLIN : POLLOUT;
}

/**
 * home_event() - go on with the tests
 * @pfd: the two descriptors after poll(), or NULL
 */
void home_event(const struct pollfd pfd[2])
{
	bool running = current < TESTS;

	if (resolver < 0)
		return;
	if (wanted && kernel) {
		wanted = false;
		/* Else the test would fail, and somebody's setting be undone */
		if (apply_enabled(kernel))
			ask();
		else
			say(0, "Won't test network - encryption is off");
	}
	if (!pfd)
		return;
	if (pfd[0].revents & POLLIN)
		on_resolved();
	else if (pfd[0].revents)
		resolver = -1;
	if (fd >= 0 && pfd[1].fd == fd && pfd[1].revents) {
		if (tests[current].state == SENT)
			on_readable(&tests[current]);
		else
			on_connected(&tests[current]);
	}
	if (fd >= 0 && now_ms() >= deadline)
		finish(&tests[current], ERR_TIMEOUT);
	step();
	if (running && current == TESTS) {
		results();
		step();
	}
	if (disabled && current == TESTS && now_ms() >= retest) {
		again();
		home_event(NULL);
	}
}

/**
 * home_timeout() - when home_event() wants to be called
 *
 * Return: milliseconds, or -1.
 */
int home_timeout(void)
{
	int64_t next = -1;

	if (fd >= 0)
		next = deadline;
	else if (disabled)
		next = retest;
	if (next < 0)
		return -1;
	next -= now_ms();
	return next > 0 ? (int)next : 0;
}

/**
 * home_disabled() - have the tests switched encryption off?
 *
 * Return: true when they have.
 */
bool home_disabled(void)
{
	return disabled;
}
