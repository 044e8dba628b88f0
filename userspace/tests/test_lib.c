// SPDX-License-Identifier: GPL-2.0-only
/*
 * What of the library can be tested without the kernel module: hashes, words,
 * records, errno on sockets that are not encrypted, and the control socket
 * against a daemon made up here.  Prints TAP.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../common/ctl.h"
#include "../common/sha256.h"
#include "../common/words.h"
#include "../libtcpcrypt/tcpcrypt.h"

static unsigned int points, failures;

static void ok(bool good, const char *what)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++points, what);
	failures += !good;
}

static void hex(char *to, const uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		sprintf(to + 2 * i, "%02x", data[i]);
}

/* ------------------------------------------------------------------ hashes */

static bool sha_is(const char *text, size_t times, size_t step,
		   const char *want)
{
	size_t len = strlen(text), i, n;
	uint8_t out[SHA256_BYTES];
	struct sha256 h;
	char got[65];

	sha256_init(&h);
	while (times--)
		for (i = 0; i < len; i += n) {
			n = len - i < step ? len - i : step;
			sha256_update(&h, text + i, n);
		}
	sha256_final(&h, out);
	hex(got, out, sizeof(out));
	return !strcmp(got, want);
}

static bool hmac_is(const void *key, size_t key_len, const char *text,
		    const char *want)
{
	uint8_t out[SHA256_BYTES];
	struct hmac_sha256 h;
	char got[65];

	hmac_sha256_init(&h, key, key_len);
	hmac_sha256_update(&h, text, strlen(text));
	hmac_sha256_final(&h, out);
	hex(got, out, sizeof(out));
	return !strcmp(got, want);
}

/* FIPS 180-4 examples; RFC 4231 cases 2 and 6 */
static void test_hashes(void)
{
	uint8_t key[131];

	memset(key, 0xaa, sizeof(key));
	ok(sha_is("", 1, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
	   "SHA-256 of nothing");
	ok(sha_is("abc", 1, 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
	   "SHA-256 of abc, byte by byte");
	ok(sha_is("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1, 100,
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
	   "SHA-256 of two blocks");
	ok(sha_is("aaaaaaaaaa", 100000, 10,
		  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
	   "SHA-256 of a million a");
	ok(hmac_is("Jefe", 4, "what do ya want for nothing?",
		   "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
	   "HMAC with a short key");
	ok(hmac_is(key, sizeof(key),
		   "Test Using Larger Than Block-Size Key - Hash Key First",
		   "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
	   "HMAC with a long key");
}

/* ---------------------------------------------------------- authentication */

static void test_secret(void)
{
	uint8_t a[TCPCRYPT_NAME_BYTES] = { 0, 0x23, 1 }, b[TCPCRYPT_NAME_BYTES];
	uint8_t tag[TCPCRYPT_TAG_BYTES];

	memcpy(b, a, sizeof(b));
	b[0] = 1;
	ok(!tcpcrypt_secret_tag("s3cret", 6, a, sizeof(a), tag), "a tag");
	ok(!tcpcrypt_secret_check("s3cret", 6, a, sizeof(a), tag), "is good");
	ok(tcpcrypt_secret_check("s3cret", 6, b, sizeof(b), tag) == -1 &&
	   errno == EKEYREJECTED, "not for the other role");
	ok(tcpcrypt_secret_check("s3creT", 6, a, sizeof(a), tag) == -1 &&
	   errno == EKEYREJECTED, "not with another secret");
	tag[31] ^= 1;
	ok(tcpcrypt_secret_check("s3cret", 6, a, sizeof(a), tag) == -1 &&
	   errno == EKEYREJECTED, "not with one bit changed");
	ok(tcpcrypt_secret_tag("", 0, a, sizeof(a), tag) == -1 && errno == EINVAL,
	   "no empty secret");
}

static bool words_good(void)
{
	int i;

	for (i = 0; i < 256; i++)
		if (!words_list[i][0] || words_list[i][WORDS_LONGEST] ||
		    (i && strcmp(words_list[i - 1], words_list[i]) >= 0))
			return false;
	return true;
}

static void test_words(void)
{
	char one[TCPCRYPT_WORDS_BYTES], two[TCPCRYPT_WORDS_BYTES];
	uint8_t sid[TCPCRYPT_SESSID_BYTES] = { 0x23 };
	unsigned int blanks = 0;
	char *p;

	ok(words_good(), "256 different words in order");
	tcpcrypt_words_of(sid, sizeof(sid), one);
	for (p = one; *p; p++)
		blanks += *p == ' ';
	ok(blanks == 7, "eight words");
	ok(!strcmp(one, "ankle hammer giraffe flute rainbow sapphire temple jungle"),
	   "the words never change");
	sid[32] = 1;
	tcpcrypt_words_of(sid, sizeof(sid), two);
	ok(strcmp(one, two), "another session has other words");
	ok(tcpcrypt_words_of(sid, 0, two) == -1 && errno == EINVAL,
	   "nothing has no words");
}

/* ----------------------------------------------------------------- records */

static char log_path[64] = "/tmp/test_lib.XXXXXX";

static void write_log(const char *one, const char *two)
{
	FILE *f = fopen(log_path, "w");

	fputs(one, f);
	fputs(two, f);
	fclose(f);
}

static int keep_record(const struct tcpcrypt_record *rec, void *arg)
{
	*(struct tcpcrypt_record *)arg = *rec;
	return 0;
}

static void make_line(char *line, const char *prev, const char *text)
{
	uint8_t out[SHA256_BYTES];
	struct sha256 h;
	char chain[65];

	sha256_init(&h);
	sha256_update(&h, prev, 64);
	sha256_update(&h, text, strlen(text));
	sha256_final(&h, out);
	hex(chain, out, sizeof(out));
	sprintf(line, "%s%s\n", text, chain);
}

static void test_record(void)
{
	static const char zeros[] =
		"0000000000000000000000000000000000000000000000000000000000000000";
	struct tcpcrypt_record rec;
	char one[512], two[512];
	uint64_t count;

	close(mkstemp(log_path));
	make_line(one, zeros, "1 1 1700000000 A 10.0.0.1:4 10.0.0.2:7000 23ab hello%20you ");
	make_line(two, one + strlen(one) - 65, "1 2 1700000001 B [::1]:4 [::1]:5 23cd - ");
	write_log(one, two);
	ok(!tcpcrypt_record_verify(log_path, keep_record, &rec, &count) &&
	   count == 2, "a log of two records");
	ok(rec.number == 2 && rec.role == 'B' && !strcmp(rec.session_id, "23cd") &&
	   !rec.note[0] && !strcmp(rec.local, "[::1]:4"), "its last record");
	write_log(one, "");
	ok(!tcpcrypt_record_verify(log_path, keep_record, &rec, NULL) &&
	   !strcmp(rec.note, "hello you"), "its first note");
	write_log(two, "");
	ok(tcpcrypt_record_verify(log_path, NULL, NULL, &count) == -1 &&
	   errno == EBADMSG && !count, "the first record removed");
	one[30] ^= 1;
	write_log(one, two);
	ok(tcpcrypt_record_verify(log_path, NULL, NULL, &count) == -1 &&
	   errno == EBADMSG && !count, "a record changed");
	one[30] ^= 1;
	two[strlen(two) - 1] = '\0';
	write_log(one, two);
	ok(tcpcrypt_record_verify(log_path, NULL, NULL, &count) == -1 &&
	   errno == EBADMSG && count == 1, "the last record cut off");
	unlink(log_path);
	ok(tcpcrypt_record_verify(log_path, NULL, NULL, NULL) == -1 &&
	   errno == ENOENT, "no log");
}

/* ------------------------------------------------- sockets without encryption */

static int pair(int fds[2])
{
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(in);
	int l = socket(AF_INET, SOCK_STREAM, 0);

	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(l, (struct sockaddr *)&in, len) || listen(l, 1) ||
	    getsockname(l, (struct sockaddr *)&in, &len) ||
	    connect(fds[0], (struct sockaddr *)&in, len))
		return -1;
	fds[1] = accept(l, NULL, NULL);
	close(l);
	return 0;
}

static void test_plain(void)
{
	int fds[2] = { -1, -1 }, fd = socket(AF_INET, SOCK_STREAM, 0), n;
	uint8_t buf[TCPCRYPT_NAME_BYTES];
	socklen_t len = sizeof(buf);

	ok(!pair(fds), "a plain connection");
	ok(tcpcrypt_sessid(fds[0], buf) == -1 && errno == ENODATA,
	   "no session ID on it");
	ok(!tcpcrypt_wait(fds[0], 100), "waiting says plain");
	ok(tcpcrypt_wait(fd, 100) == -1, "waiting for nothing fails");
	ok(tcpcrypt_sessid(fd, buf) == -1 && errno == ENOTCONN,
	   "no session ID before connect()");
	ok(tcpcrypt_get(fds[0], 1, buf, &len) == -1 && errno == EINVAL,
	   "no option of somebody else's");
	ok(tcpcrypt_sessid(-1, buf) == -1 && errno == EBADF, "no descriptor");
	ok(tcpcrypt_getsockopt(fds[0], IPPROTO_TCP, TCP_CRYPT_SESSID, buf, &len) == -1 &&
	   errno == ENODATA, "none through the old function");
	ok(tcpcrypt_getsockopt(fds[0], SOL_SOCKET, TCP_CRYPT_SESSID, buf, &len) == -1 &&
	   errno == EINVAL, "a wrong level is no reason to exit");
	ok(tcpcrypt_setsockopt(fds[0], SOL_SOCKET, 0, buf, 4) == -1 &&
	   errno == EINVAL, "nor when setting");
	ok(tcpcrypt_setsockopt(fds[0], IPPROTO_TCP, TCP_CRYPT_ENABLE, buf, 2000) == -1 &&
	   errno == EINVAL, "nor is a long value");
	n = 0;
	ok(!tcpcrypt_setsockopt(fds[0], IPPROTO_TCP, TCP_CRYPT_ENABLE, &n, 4),
	   "disabling a connection is ignored");
	ok(tcpcrypt_secret_exchange(fds[0], "x", 1, 100) == -1 && errno == ENODATA,
	   "nothing to authenticate");
	ok(tcpcrypt_record("/dev/null", fds[0], NULL) == -1 && errno == ENODATA,
	   "nothing to record");
	ok(!tcpcrypt_getsessid("not an address", 1, "", 0) && errno == EINVAL,
	   "a wrong address");
	ok(!tcpcrypt_getsessid("127.0.0.1", 1, "", 0), "a connection of nobody");
	close(fds[0]);
	close(fds[1]);
	close(fd);
}

/* ---------------------------------------------------------- control socket */

static void test_addresses(void)
{
	char path[120];
	struct ctl_addr a;

	ok(!ctl_parse("/run/x", &a) && a.len == 2 + 6 + 1 &&
	   !strcmp(a.un.sun_path, "/run/x"), "a path");
	ok(!ctl_parse("@abc", &a) && a.len == 2 + 4 + 2 &&
	   !memcmp(a.un.sun_path, "\0abc\0", 6), "an abstract name");
	ok(!ctl_parse(":666", &a) && a.in.sin_port == htons(666) &&
	   a.in.sin_addr.s_addr == htonl(INADDR_LOOPBACK), "a port");
	ok(!ctl_parse(":", &a) && !a.in.sin_port, "no port is port 0");
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[107] = '\0';
	ok(!ctl_parse(path, &a), "107 characters");
	path[107] = 'x';
	path[108] = '\0';
	ok(ctl_parse(path, &a) == -EINVAL, "108 characters");
	path[0] = '@';
	path[107] = '\0';
	ok(ctl_parse(path, &a) == -EINVAL, "107 of an abstract name");
	path[106] = '\0';
	ok(!ctl_parse(path, &a) && a.len == sizeof(a.un), "106");
	ok(ctl_parse("", &a) == -EINVAL && ctl_parse("x", &a) == -EINVAL &&
	   ctl_parse(":65536", &a) == -EINVAL && ctl_parse(":-1", &a) == -EINVAL &&
	   ctl_parse(":1x", &a) == -EINVAL && ctl_parse("@", &a) == -EINVAL,
	   "what is no address");
}

/* A daemon that answers to the port, and first with what is no answer */
static void *daemon_thread(void *arg)
{
	int fd = *(int *)arg;
	struct sockaddr_un from;
	uint8_t buf[CTL_OLD_MAX];
	struct ctl_msg msg;
	socklen_t len;
	ssize_t n;

	for (;;) {
		len = sizeof(from);
		n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from,
			     &len);
		if (n < (ssize_t)sizeof(msg))
			return NULL;
		memcpy(&msg, buf, sizeof(msg));
		sendto(fd, "?", 1, 0, (struct sockaddr *)&from, len);
		if (msg.opt == CTL_RESET)
			msg.err = CTL_FAILED;
		if (msg.opt == CTL_RSA_KEY)
			msg.err = EPERM;
		if (msg.opt == CTL_CMODE)
			continue;
		msg.len = n - sizeof(msg);
		if (msg.opt == CTL_SESSID && msg.len > 33)
			msg.len = 33;
		memset(buf + sizeof(msg), ntohs(msg.sport) & 0xff, msg.len);
		memcpy(buf, &msg, sizeof(msg));
		sendto(fd, buf, sizeof(msg) + msg.len, 0,
		       (struct sockaddr *)&from, len);
	}
}

static void *client_thread(void *arg)
{
	struct sockaddr_in in;
	uint8_t value[64];
	socklen_t len;
	long bad = 0;
	int fd, i;

	for (i = 0; i < 50; i++) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		len = sizeof(value);
		if (tcpcrypt_getsockopt(fd, IPPROTO_TCP, TCP_CRYPT_SESSID,
					value, &len) || len != 33)
			bad++;
		len = sizeof(in);
		getsockname(fd, (struct sockaddr *)&in, &len);
		if (value[0] != (ntohs(in.sin_port) & 0xff) || value[32] != value[0])
			bad++;
		close(fd);
	}
	return (void *)bad;
}

static void test_threads(void)
{
	pthread_t t[4];
	long bad = 0;
	void *ret;
	int i;

	for (i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, client_thread, NULL);
	for (i = 0; i < 4; i++) {
		pthread_join(t[i], &ret);
		bad += (long)ret;
	}
	ok(!bad, "200 questions from 4 threads, each with its own answer");
}

static void test_control(void)
{
	struct ctl_msg msg = { .opt = CTL_CMODE, .len = 4 };
	char addr[64], value[64], big[4000];
	struct timespec a, b;
	struct ctl_addr ca;
	pthread_t thread;
	socklen_t len;
	int fd, s;

	snprintf(addr, sizeof(addr), "@test_lib-%d", getpid());
	ctl_parse(addr, &ca);
	s = socket(AF_INET, SOCK_STREAM, 0);
	tcpcrypt_setparam(TCPCRYPT_PARAM_CTLPATH, addr);
	len = 4;
	ok(tcpcrypt_getsockopt(s, IPPROTO_TCP, TCP_CRYPT_ENABLE, value, &len) == -1 &&
	   errno == ECONNREFUSED, "no daemon");

	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	bind(fd, &ca.sa, ca.len);
	clock_gettime(CLOCK_MONOTONIC, &a);
	ok(ctl_ask(addr, &msg, NULL, value, 4, 300) == -ETIMEDOUT,
	   "a daemon that does not answer");
	clock_gettime(CLOCK_MONOTONIC, &b);
	ok(b.tv_sec - a.tv_sec < 20, "is not waited for endlessly");
	recv(fd, value, sizeof(value), 0);

	pthread_create(&thread, NULL, daemon_thread, &fd);
	test_threads();
	ok(tcpcrypt_setsockopt(s, IPPROTO_TCP, TCP_CRYPT_RESET, NULL, 0) == -1 &&
	   errno == ENOPROTOOPT, "the old failure is ENOPROTOOPT");
	len = 4;
	ok(tcpcrypt_getsockopt(s, IPPROTO_TCP, TCP_CRYPT_RSA_KEY, value, &len) == -1 &&
	   errno == EPERM, "other failures are what they are");
	len = 4000;
	ok(!tcpcrypt_getsockopt(s, IPPROTO_TCP, TCP_CRYPT_NETSTAT, big, &len) &&
	   len == 1200, "a long buffer is used up to 1200 bytes");
	sendto(fd, "", 0, 0, &ca.sa, ca.len);
	pthread_join(thread, NULL);
	tcpcrypt_setparam(99, "what");
	tcpcrypt_setparam(TCPCRYPT_PARAM_CTLPATH, "nonsense");
	ok(tcpcrypt_setsockopt(s, IPPROTO_TCP, TCP_CRYPT_ENABLE, value, 4) == -1 &&
	   errno == EINVAL, "an address that is none");
	tcpcrypt_setparam(TCPCRYPT_PARAM_CTLPATH, NULL);
	close(fd);
	close(s);
}

int main(void)
{
	test_hashes();
	test_secret();
	test_words();
	test_record();
	test_plain();
	test_addresses();
	test_control();
	printf("1..%u\n", points);
	return !!failures;
}
