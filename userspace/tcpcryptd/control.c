// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control socket.  Whoever can reach it may send whatever they like, as
 * often as they like: nothing here blocks, waits for a client, or keeps more
 * than a bounded number of questions.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control.h"

/* Datagrams taken before other descriptors get their turn */
#define BATCH		64

#define SWEEP_MS	60000

static int control = -1;
static int64_t next_sweep;
static unsigned long taken, ignored, unsent;

/* ----------------------------------------------------------------- opening */

static bool somebody_there(const struct ctl_addr *addr)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool there;

	if (fd < 0)
		err(1, "socket");
	there = !connect(fd, &addr->sa, addr->len);
	close(fd);
	return there;
}

/* Where programs of old look; on most systems that is the same place */
static void link_old_path(const char *path)
{
	static const char old[] = "/var/run/tcpcryptd.control";
	struct stat a, b;

	if (strcmp(path, CTL_DEFAULT) || (!stat(path, &a) && !stat(old, &b) &&
					  a.st_ino == b.st_ino))
		return;
	unlink(old);
	if (symlink(path, old))
		say(1, "%s: %s", old, strerror(errno));
}

/**
 * control_open() - open the control socket
 * @text: its address
 *
 * Return: its descriptor for poll().
 */
int control_open(const char *text)
{
	struct ctl_addr addr;
	int on = 1;

	if (ctl_parse(text, &addr))
		errx(1, "couldn't understand socket description '%s'", text);
	control = listen_fd();
	if (control < 0) {
		say(1, "Opening control socket at %s", text);
		if (addr.sa.sa_family == AF_UNIX && somebody_there(&addr))
			errx(1, "%s: a tcpcryptd is running already", text);
		if (*text == '/')
			unlink(text);
		control = socket(addr.sa.sa_family,
				 SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (control < 0 || bind(control, &addr.sa, addr.len))
			err(1, "cannot open control socket %s", text);
		if (*text == '/') {
			if (chmod(text, 0666))
				err(1, "%s", text);
			link_old_path(text);
			janitor_start(text);
		}
	}
	setsockopt(control, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	next_sweep = now_ms() + SWEEP_MS;
	return control;
}

/* ----------------------------------------------------------- taking, giving */

/**
 * control_reply() - send an answer, if that is possible
 * @q: what it answers
 * @a: the answer
 */
void control_reply(const struct query *q, const struct answer *a)
{
	static uint8_t buf[sizeof(struct ctl_msg) + CTL_MAX];
	struct ctl_msg msg = q->msg;

	msg.err = a->err;
	msg.len = a->len;
	memcpy(buf, &msg, sizeof(msg));
	memcpy(buf + sizeof(msg), a->data, a->len);
	/* The client may have gone, may not read, or be out of reach */
	if (sendto(control, buf, sizeof(msg) + a->len, MSG_DONTWAIT | MSG_NOSIGNAL,
		   q->from.len ? &q->from.sa : NULL, q->from.len) < 0)
		unsent++;
}

static void handle(const struct query *q)
{
	static struct answer a;

	answer(q, &a);
	if (a.err == -EAGAIN)
		waiting_add(q, &a);
	else
		control_reply(q, &a);
}

static void get_creds(struct msghdr *mh, struct client *from)
{
	struct cmsghdr *cm;
	struct ucred cred;

	from->known = false;
	from->pid = 0;
	for (cm = CMSG_FIRSTHDR(mh); cm; cm = CMSG_NXTHDR(mh, cm)) {
		if (cm->cmsg_level != SOL_SOCKET ||
		    cm->cmsg_type != SCM_CREDENTIALS)
			continue;
		memcpy(&cred, CMSG_DATA(cm), sizeof(cred));
		from->pid = cred.pid;
		from->uid = cred.uid;
		from->known = true;
	}
	if (!from->known && from->len && from->sa.sa_family == AF_INET)
		from->known = peer_udp_uid(from->in.sin_port, &from->uid);
}

/* False when there is nothing more to take */
static bool take(void)
{
	char space[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(64 * sizeof(int))];
	static uint8_t buf[CTL_OLD_MAX + 1];
	static struct query q;
	struct iovec iov = { .iov_base = buf, .iov_len = sizeof(buf) };
	struct msghdr mh = {
		.msg_name = &q.from.un,
		.msg_namelen = sizeof(q.from.un),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = space,
		.msg_controllen = sizeof(space),
	};
	struct cmsghdr *cm;
	ssize_t n;
	size_t i;
	int fd;

	n = recvmsg(control, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EINTR || errno == ECONNREFUSED;
	/* Somebody sends descriptors: they are not wanted */
	for (cm = CMSG_FIRSTHDR(&mh); cm; cm = CMSG_NXTHDR(&mh, cm)) {
		if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_RIGHTS)
			continue;
		for (i = 0; i < (cm->cmsg_len - CMSG_LEN(0)) / sizeof(fd); i++) {
			memcpy(&fd, CMSG_DATA(cm) + i * sizeof(fd), sizeof(fd));
			close(fd);
		}
	}
	q.from.len = mh.msg_namelen;
	taken++;
	/* A sender without a name cannot be answered, so is not listened to */
	if (mh.msg_flags & MSG_TRUNC || mh.msg_namelen <= sizeof(sa_family_t) ||
	    !request_parse(&q, buf, n)) {
		ignored++;
		say(3, "control socket: %zd bytes that are no request", n);
		return true;
	}
	get_creds(&mh, &q.from);
	handle(&q);
	return true;
}

/**
 * control_event() - take requests
 */
void control_event(void)
{
	int i;

	for (i = 0; i < BATCH && take(); i++)
		;
}

/* ------------------------------------------------------------------- chores */

/**
 * control_recheck() - look whether questions that wait can be answered
 */
void control_recheck(void)
{
	waiting_recheck();
}

/**
 * control_timeout() - when control_tick() wants to be called
 *
 * Return: milliseconds, or -1.
 */
int control_timeout(void)
{
	int64_t now = now_ms(), next = waiting_next();

	if (slots_count() && next_sweep < next)
		next = next_sweep;
	if (next == INT64_MAX)
		return -1;
	return next > now ? (int)(next - now) : 0;
}

/**
 * control_tick() - do what is due
 */
void control_tick(void)
{
	int64_t now = now_ms();

	if (now >= waiting_next())
		waiting_recheck();
	if (now >= next_sweep) {
		slots_sweep();
		next_sweep = now + SWEEP_MS;
	}
}

/**
 * control_dump() - print the state
 */
void control_dump(void)
{
	say(0, "control socket: %lu datagrams, %lu ignored, %lu answers not taken",
	    taken, ignored, unsent);
	say(0, "%u questions waiting, %u slots", waiting_count(), slots_count());
}
