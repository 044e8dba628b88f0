// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A log of sessions, to find out afterwards whether somebody was in the middle.
 * Each line ends with a hash over all that went before, so that changing a line
 * means changing all that follow.
 *
 *	1 NUMBER TIME ROLE LOCAL REMOTE SESSION-ID NOTE CHAIN
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../common/sha256.h"
#include "internal.h"

#define LINE_MAX_BYTES	1536
#define CHAIN_CHARS	(2 * SHA256_BYTES)

static int fail(int error)
{
	errno = error;
	return -1;
}

static void to_hex(char *text, const uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		sprintf(text + 2 * i, "%02x", data[i]);
}

/* The hash after @prev and the @len bytes at @line */
static void next_chain(char chain[CHAIN_CHARS + 1], const char *prev,
		       const char *line, size_t len)
{
	uint8_t hash[SHA256_BYTES];
	struct sha256 h;

	sha256_init(&h);
	sha256_update(&h, prev, CHAIN_CHARS);
	sha256_update(&h, line, len);
	sha256_final(&h, hash);
	to_hex(chain, hash, sizeof(hash));
}

static void first_chain(char chain[CHAIN_CHARS + 1])
{
	memset(chain, '0', CHAIN_CHARS);
	chain[CHAIN_CHARS] = '\0';
}

static int addr_text(int rc, const struct sockaddr_storage *ss, char text[64])
{
	const struct sockaddr_in6 *in6 = (const void *)ss;
	const struct sockaddr_in *in = (const void *)ss;
	char ip[INET6_ADDRSTRLEN];

	if (rc)
		return -1;
	if (ss->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &in6->sin6_addr, ip, sizeof(ip));
		snprintf(text, 64, "[%s]:%u", ip, ntohs(in6->sin6_port));
	} else if (ss->ss_family == AF_INET) {
		inet_ntop(AF_INET, &in->sin_addr, ip, sizeof(ip));
		snprintf(text, 64, "%s:%u", ip, ntohs(in->sin_port));
	} else {
		return fail(EAFNOSUPPORT);
	}
	return 0;
}

static int both_ends(int fd, char local[64], char remote[64])
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (addr_text(getsockname(fd, (struct sockaddr *)&ss, &len), &ss, local))
		return -1;
	len = sizeof(ss);
	return addr_text(getpeername(fd, (struct sockaddr *)&ss, &len), &ss,
			 remote);
}

/* One word: what is no letter, digit or simple mark becomes %xx; "-" is none */
static void encode_note(char *out, size_t size, const char *note)
{
	static const char simple[] = "_.,:/@+=()";
	char *end = out + size - 4;
	unsigned char c;

	if (!note || !*note) {
		strcpy(out, "-");
		return;
	}
	for (; *note && out < end; note++) {
		c = *note;
		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z') || strchr(simple, c))
			*out++ = c;
		else
			out += sprintf(out, "%%%02x", c);
	}
	*out = '\0';
}

/* Number and chain of the last line; the file position does not matter */
static int read_last(int fd, uint64_t *number, char chain[CHAIN_CHARS + 1])
{
	char buf[LINE_MAX_BYTES + 1], *line, *last;
	struct stat st;
	ssize_t n;
	off_t at;

	*number = 0;
	first_chain(chain);
	if (fstat(fd, &st))
		return -1;
	if (!S_ISREG(st.st_mode))
		return fail(EINVAL);
	if (!st.st_size)
		return 0;

	at = st.st_size > LINE_MAX_BYTES ? st.st_size - LINE_MAX_BYTES : 0;
	n = pread(fd, buf, LINE_MAX_BYTES, at);
	if (n < 0)
		return -1;
	/* A line that was not finished must not be added to */
	if (n < CHAIN_CHARS + 2 || buf[n - 1] != '\n')
		return fail(EBADMSG);
	buf[n - 1] = '\0';
	line = strrchr(buf, '\n');
	line = line ? line + 1 : buf;
	last = strrchr(line, ' ');
	if (!last || strlen(last + 1) != CHAIN_CHARS ||
	    sscanf(line, "1 %" SCNu64 " ", number) != 1)
		return fail(EBADMSG);
	memcpy(chain, last + 1, CHAIN_CHARS);
	return 0;
}

static int append(int log, const char *rest)
{
	char chain[CHAIN_CHARS + 1], line[LINE_MAX_BYTES];
	uint64_t number;
	int len;

	if (read_last(log, &number, chain))
		return -1;
	len = snprintf(line, sizeof(line), "1 %" PRIu64 " %lld %s ", number + 1,
		       (long long)time(NULL), rest);
	if (len < 0 || (size_t)len + CHAIN_CHARS + 2 > sizeof(line))
		return fail(EMSGSIZE);
	next_chain(chain, chain, line, len);
	memcpy(line + len, chain, CHAIN_CHARS);
	line[len + CHAIN_CHARS] = '\n';
	len += CHAIN_CHARS + 1;
	if (write(log, line, len) != len)
		return errno ? -1 : fail(ENOSPC);
	return fsync(log);
}

/**
 * tcpcrypt_record() - write a session into a log
 * @path: the log, which is created when it does not exist; readable by its
 *	owner only, because it tells who talked to whom
 * @fd: a connected, encrypted socket
 * @note: what else to write, or NULL
 *
 * Return: 0, or -1 with errno; EBADMSG when the end of the log is damaged.
 */
EXPORT int tcpcrypt_record(const char *path, int fd, const char *note)
{
	char local[64], remote[64], sid[2 * TCPCRYPT_SESSID_BYTES + 1];
	char encoded[3 * 255 + 1], rest[LINE_MAX_BYTES];
	uint8_t name[TCPCRYPT_NAME_BYTES];
	int log, rc, saved;

	if (tcpcrypt_local_name(fd, name) || both_ends(fd, local, remote))
		return -1;
	to_hex(sid, name + 1, TCPCRYPT_SESSID_BYTES);
	encode_note(encoded, sizeof(encoded), note);
	snprintf(rest, sizeof(rest), "%c %s %s %s %s", name[0] ? 'B' : 'A',
		 local, remote, sid, encoded);

	log = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		   0600);
	if (log < 0)
		return -1;
	errno = 0;
	rc = flock(log, LOCK_EX);
	if (!rc)
		rc = append(log, rest);
	saved = errno;
	close(log);
	errno = saved;
	return rc;
}

static void decode_note(char out[256], const char *note)
{
	char *end = out + 255;
	unsigned int c;

	if (!strcmp(note, "-"))
		note = "";
	while (*note && out < end) {
		if (note[0] == '%' && sscanf(note + 1, "%2x", &c) == 1 &&
		    note[1] && note[2]) {
			*out++ = c;
			note += 3;
		} else {
			*out++ = *note++;
		}
	}
	*out = '\0';
}

/* Check a line without its newline; @chain is that of the line before */
static int parse_line(const char *line, uint64_t number,
		      char chain[CHAIN_CHARS + 1], struct tcpcrypt_record *rec)
{
	char want[CHAIN_CHARS + 1], note[3 * 255 + 1];
	int end = 0;

	memset(rec, 0, sizeof(*rec));
	if (sscanf(line, "1 %" SCNu64 " %" SCNd64
		   " %c %63s %63s %66[0-9a-f] %765s %n%64[0-9a-f]",
		   &rec->number, &rec->time, &rec->role, rec->local,
		   rec->remote, rec->session_id, note, &end, rec->chain) != 8 ||
	    rec->number != number ||
	    strlen(line) != (size_t)end + CHAIN_CHARS)
		return fail(EBADMSG);

	next_chain(want, chain, line, end);
	if (memcmp(want, rec->chain, CHAIN_CHARS))
		return fail(EBADMSG);
	memcpy(chain, want, sizeof(want));
	decode_note(rec->note, note);
	return 0;
}

static int verify_lines(FILE *f, tcpcrypt_record_fn fn, void *arg,
			uint64_t *count)
{
	struct tcpcrypt_record rec;
	char chain[CHAIN_CHARS + 1];
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int rc = 0;

	first_chain(chain);
	while (!rc && (len = getline(&line, &size, f)) >= 0) {
		if (!len || line[len - 1] != '\n' ||
		    strlen(line) != (size_t)len) {
			rc = fail(EBADMSG);
			break;
		}
		line[len - 1] = '\0';
		rc = parse_line(line, *count + 1, chain, &rec);
		if (!rc) {
			++*count;
			rc = fn ? fn(&rec, arg) : 0;
		}
	}
	if (!rc && ferror(f))
		rc = -1;
	free(line);
	return rc;
}

/**
 * tcpcrypt_record_verify() - read a log and check that it is whole
 * @path: the log
 * @fn: what to call with each record; other than 0 ends it; may be NULL
 * @arg: what to call it with
 * @count: becomes the number of good records before the end or an error; may
 *	be NULL
 *
 * Lines cut off at the end do not show: keep the last chain somewhere else.
 *
 * Return: 0, or -1 with errno, EBADMSG when the log was changed; or what @fn
 * returned.
 */
EXPORT int tcpcrypt_record_verify(const char *path, tcpcrypt_record_fn fn,
				  void *arg, uint64_t *count)
{
	uint64_t unused;
	int rc, saved;
	FILE *f;

	if (!count)
		count = &unused;
	*count = 0;
	f = fopen(path, "re");
	if (!f)
		return -1;
	rc = verify_lines(f, fn, arg, count);
	saved = errno;
	fclose(f);
	errno = saved;
	return rc;
}
