// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control socket.  Whoever can reach it may send whatever they like, as
 * often as they like: nothing here blocks, waits for a client, or keeps more
 * than a bounded number of questions.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tcpcryptd.h"

/* Datagrams taken before other descriptors get their turn */
#define BATCH		64

/* Questions that wait for a handshake, and how long they do at most */
#define PENDING		256
#define PENDING_MS	30000
#define RECHECK_MS	100

/* A list is told page by page, from a copy that may be so old */
#define SNAPSHOT_MS	2000

#define SWEEP_MS	60000

struct client {
	union {
		struct sockaddr sa;
		struct sockaddr_un un;
		struct sockaddr_in in;
	};
	socklen_t len;
	pid_t pid;
	uid_t uid;
	bool known;		/* pid or uid are */
};

/* In a reply an errno is positive */
#define CTL_NOT_ALLOWED	EPERM

/* A question about one socket */
struct query {
	struct client from;
	struct ctl_msg msg;	/* as it came */
	uint32_t opt;		/* also that inside of a CTL_WRAP */
	struct conn want;
	uint8_t data[CTL_OLD_MAX];
	uint32_t len;		/* of data */
	int64_t deadline;
};

/* An answer: err as in struct ctl_msg, -EAGAIN to ask again later */
struct answer {
	int64_t err;
	uint8_t data[CTL_MAX];
	uint32_t len;
};

static int control = -1;
static struct query *pending[PENDING];
static unsigned int npending;
static int64_t next_recheck, next_sweep;
static unsigned long taken, ignored, unsent;

static struct ctl_entry *snapshot;
static size_t nsnapshot, room_snapshot;
static int64_t snapshot_time;

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

/* ----------------------------------------------------------------- answers */

static void reply(const struct query *q, const struct answer *a)
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

static void put(struct answer *a, const struct query *q, const void *value,
		size_t len)
{
	if (len > q->len)
		len = q->len;
	memcpy(a->data, value, len);
	a->len = len;
	a->err = 0;
}

static void put_int(struct answer *a, const struct query *q, int32_t value)
{
	put(a, q, &value, sizeof(value));
}

/* Encrypted connections in the old format, as many as there is room for */
static void add_netstat(const struct conn *c, void *arg)
{
	struct answer *a = arg;
	struct ctl_netstat e = { 0 };
	uint16_t sid_len = htons(c->sid_len);
	size_t need = sizeof(e) + sizeof(sid_len) + c->sid_len;
	uint8_t *p = a->data + a->len;

	if (a->err || a->len + need > sizeof(a->data))
		return;
	memcpy(&e.src, c->laddr, 4);
	memcpy(&e.dst, c->raddr, 4);
	e.sport = htons(c->lport);
	e.dport = htons(c->rport);
	memcpy(p, &e, sizeof(e));
	memcpy(p + sizeof(e), &sid_len, sizeof(sid_len));
	memcpy(p + sizeof(e) + sizeof(sid_len), c->sid, c->sid_len);
	a->len += need;
}

/* Whole entries only */
static void cut_netstat(struct answer *a, uint32_t room)
{
	const uint32_t entry = sizeof(struct ctl_netstat) + 2 +
			       TCPCRYPT_SESSID_BYTES;

	if (a->len > room)
		a->len = room / entry * entry;
}

static void get_netstat(const struct query *q, struct answer *a)
{
	struct conn want = {
		.has = CONN_BIT(FAMILY) | CONN_BIT(STATE),
		.family = AF_INET,
		.state = TCPCRYPT_CONN_OPEN,
	};

	a->len = 0;
	a->err = 0;
	if (kernel && module_conns(kernel, &want, add_netstat, a))
		a->err = CTL_FAILED;
	cut_netstat(a, q->len);
}

/* ------------------------------------------------------------- our own list */

static void add_snapshot(const struct conn *c, void *arg)
{
	struct ctl_entry *e;
	size_t room;

	if (nsnapshot == room_snapshot) {
		room = room_snapshot ? 2 * room_snapshot : 256;
		e = realloc(snapshot, room * sizeof(*e));
		if (!e)
			return;
		snapshot = e;
		room_snapshot = room;
	}
	e = &snapshot[nsnapshot++];
	memset(e, 0, sizeof(*e));
	e->cookie = c->cookie;
	memcpy(e->laddr, c->laddr, sizeof(e->laddr));
	memcpy(e->raddr, c->raddr, sizeof(e->raddr));
	e->lport = htons(c->lport);
	e->rport = htons(c->rport);
	e->family = c->family;
	e->aead = c->aead;
	e->uid = c->uid;
	e->tx_gen = c->tx_gen;
	e->rx_gen = c->rx_gen;
	e->tep = c->tep;
	e->role = c->role;
	e->passive = c->passive;
	e->resumed = c->resumed;
	e->tx_bytes = c->tx_bytes;
	e->rx_bytes = c->rx_bytes;
	e->age = c->age;
	memcpy(e->sid, c->sid, sizeof(e->sid));
}

static int by_cookie(const void *a, const void *b)
{
	uint64_t x = ((const struct ctl_entry *)a)->cookie;
	uint64_t y = ((const struct ctl_entry *)b)->cookie;

	return (x > y) - (x < y);
}

static int take_snapshot(void)
{
	struct conn want = {
		.has = CONN_BIT(STATE),
		.state = TCPCRYPT_CONN_OPEN,
	};
	int rc = 0;

	nsnapshot = 0;
	if (kernel)
		rc = module_conns(kernel, &want, add_snapshot, NULL);
	if (nsnapshot)
		qsort(snapshot, nsnapshot, sizeof(*snapshot), by_cookie);
	snapshot_time = now_ms();
	return rc;
}

static void get_list(const struct query *q, struct answer *a)
{
	struct ctl_page page = { .version = CTL_VERSION };
	struct ctl_list list;
	size_t room, i;

	a->len = 0;
	a->err = EINVAL;
	if (q->len < sizeof(list))
		return;
	memcpy(&list, q->data, sizeof(list));
	if (list.version != CTL_VERSION || list.room < sizeof(page))
		return;
	a->err = EIO;
	if ((!list.after || now_ms() - snapshot_time > SNAPSHOT_MS) &&
	    take_snapshot())
		return;

	room = CTL_MAX - sizeof(struct ctl_msg);
	if (room > list.room)
		room = list.room;
	room = (room - sizeof(page)) / sizeof(*snapshot);
	for (i = 0; i < nsnapshot && page.count < room; i++) {
		if (snapshot[i].cookie <= list.after ||
		    (list.family && snapshot[i].family != list.family))
			continue;
		memcpy(a->data + sizeof(page) + page.count++ * sizeof(*snapshot),
		       &snapshot[i], sizeof(*snapshot));
		page.next = snapshot[i].cookie;
	}
	if (i == nsnapshot)
		page.next = 0;
	memcpy(a->data, &page, sizeof(page));
	a->len = sizeof(page) + page.count * sizeof(*snapshot);
	a->err = 0;
}

/* -------------------------------------------------------------- one socket */

static struct slot *find_slot(const struct query *q)
{
	struct slot *s = NULL;

	if (q->from.known)
		s = slot_find(htons(q->want.lport), q->from.uid, false);
	return s ?: slot_find(htons(q->want.lport), 0, true);
}

static void get_from_slot(const struct query *q, struct answer *a)
{
	const struct slot *s = find_slot(q);

	switch (q->opt) {
	case CTL_ENABLE:
		put_int(a, q, s ? s->enable : 1);
		break;
	case CTL_CMODE:
		put_int(a, q, s ? s->cmode : 0);
		break;
	case CTL_NOCACHE:
		put_int(a, q, s ? s->nocache : 0);
		break;
	}
}

static void get_from_conn(const struct query *q, const struct conn *c,
			  struct answer *a)
{
	uint8_t both[1 + TCPCRYPT_SESSID_BYTES];

	if (q->opt == CTL_ENABLE) {
		put_int(a, q, 1);
		return;
	}
	if (q->opt != CTL_SESSID && q->opt != CTL_APP_SUPPORT)
		return;
	if (c->state == TCPCRYPT_CONN_OFFERED || c->state == TCPCRYPT_CONN_KEX) {
		a->err = -EAGAIN;
	} else if (c->state == TCPCRYPT_CONN_OPEN && q->opt == CTL_SESSID) {
		put(a, q, c->sid, c->sid_len);
	} else if (c->state == TCPCRYPT_CONN_OPEN && q->len >= sizeof(both)) {
		both[0] = (c->self_aware ? 1 : 0) | (c->peer_aware ? 2 : 0);
		memcpy(both + 1, c->sid, TCPCRYPT_SESSID_BYTES);
		put(a, q, both, sizeof(both));
	}
}

/* False when the kernel knows nothing about it: plain, or not connected */
static bool find_conn(const struct query *q, struct conn *c)
{
	if (!q->want.rport || !kernel)
		return false;
	return !module_conn(kernel, &q->want, c);
}

static void get(const struct query *q, struct answer *a)
{
	struct conn c;

	if (!q->want.lport)
		return;
	if (find_conn(q, &c))
		get_from_conn(q, &c, a);
	else
		get_from_slot(q, a);
}

static bool get_value(const struct query *q, int32_t *value)
{
	*value = 0;
	if (q->len > sizeof(*value))
		return false;
	memcpy(value, q->data, q->len);
	return true;
}

static int64_t set_reset(const struct query *q)
{
	struct slot *s = find_slot(q);

	if (!s || (s->any && !peer_is_admin(q->from.pid, q->from.uid)))
		return CTL_FAILED;
	slot_drop(s);
	return 0;
}

static int64_t set_slot(const struct query *q, int32_t value)
{
	bool admin = peer_is_admin(q->from.pid, q->from.uid);
	struct slot *s;

	s = slot_make(htons(q->want.lport), q->from.uid, admin);
	switch (q->opt) {
	case CTL_ENABLE:
		/* 1 changes nothing, not even back */
		if (!value)
			s->enable = 0;
		break;
	case CTL_CMODE:
		/* means nothing to the protocol, but can be read back */
		s->cmode = value;
		return 0;
	case CTL_APP_SUPPORT:
		s->app_support = value;
		break;
	case CTL_NOCACHE:
		s->nocache = value;
		break;
	default:
		return CTL_FAILED;
	}
	return -slot_tell(s);
}

static bool settable(uint32_t opt)
{
	return opt == CTL_ENABLE || opt == CTL_CMODE || opt == CTL_NOCACHE ||
	       opt == CTL_APP_SUPPORT || opt == CTL_RESET;
}

static int64_t set_conn(const struct query *q, const struct conn *c)
{
	if (c->uid != q->from.uid && !peer_is_admin(q->from.pid, q->from.uid))
		return CTL_NOT_ALLOWED;
	/* Too late for anything; this one was never an error */
	return q->opt == CTL_ENABLE ? 0 : CTL_FAILED;
}

static int64_t set(const struct query *q)
{
	int32_t value;
	struct conn c;

	if (!q->want.lport || !settable(q->opt) ||
	    (q->opt != CTL_RESET && !get_value(q, &value)))
		return CTL_FAILED;
	if (!q->from.known)
		return CTL_NOT_ALLOWED;
	if (find_conn(q, &c))
		return set_conn(q, &c);
	if (q->opt == CTL_RESET)
		return set_reset(q);
	return set_slot(q, value);
}

/* Unless it is found out otherwise: failure, with the request's data */
static void answer(const struct query *q, struct answer *a)
{
	a->err = CTL_FAILED;
	a->len = q->len;
	memcpy(a->data, q->data, q->len);
	if (q->msg.flags & CTL_FLAG_SET)
		a->err = set(q);
	else if (q->opt == CTL_NETSTAT)
		get_netstat(q, a);
	else if (q->opt == CTL_LIST)
		get_list(q, a);
	else
		get(q, a);
}

/* ----------------------------------------------------------------- waiting */

static void keep(const struct query *q, struct answer *a)
{
	struct query *copy = npending < PENDING ? malloc(sizeof(*q)) : NULL;

	if (!copy) {
		a->err = EBUSY;
		reply(q, a);
		return;
	}
	*copy = *q;
	copy->deadline = now_ms() + PENDING_MS;
	pending[npending++] = copy;
	next_recheck = now_ms() + RECHECK_MS;
}

static void handle(const struct query *q)
{
	static struct answer a;

	answer(q, &a);
	if (a.err == -EAGAIN)
		keep(q, &a);
	else
		reply(q, &a);
}

/**
 * control_recheck() - look whether questions that wait can be answered
 */
void control_recheck(void)
{
	static struct answer a;
	int64_t now = now_ms();
	unsigned int i = 0;

	next_recheck = now + RECHECK_MS;
	while (i < npending) {
		answer(pending[i], &a);
		if (a.err == -EAGAIN && now < pending[i]->deadline) {
			i++;
			continue;
		}
		if (a.err == -EAGAIN)
			a.err = CTL_FAILED;
		reply(pending[i], &a);
		free(pending[i]);
		pending[i] = pending[--npending];
	}
}

/**
 * control_timeout() - when control_tick() wants to be called
 *
 * Return: milliseconds, or -1.
 */
int control_timeout(void)
{
	int64_t now = now_ms(), next = npending ? next_recheck : INT64_MAX;

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

	if (npending && now >= next_recheck)
		control_recheck();
	if (now >= next_sweep) {
		slots_sweep();
		next_sweep = now + SWEEP_MS;
	}
}

/* ---------------------------------------------------------------- requests */

static void want_conn(struct conn *want, int family, const void *laddr,
		      const void *raddr, uint16_t lport, uint16_t rport)
{
	size_t size = family == AF_INET ? 4 : 16;

	memset(want, 0, sizeof(*want));
	want->has = CONN_BIT(FAMILY) | CONN_BIT(LADDR) | CONN_BIT(LPORT) |
		    CONN_BIT(RADDR) | CONN_BIT(RPORT);
	want->family = family;
	memcpy(want->laddr, laddr, size);
	memcpy(want->raddr, raddr, size);
	want->lport = ntohs(lport);
	want->rport = ntohs(rport);
}

/* What is inside a CTL_WRAP */
static bool unwrap(struct query *q)
{
	struct in6_addr laddr, raddr;
	struct ctl_wrap wrap;

	if (q->len < sizeof(wrap))
		return false;
	memcpy(&wrap, q->data, sizeof(wrap));
	if (wrap.version != CTL_VERSION || wrap.opt >= CTL_LIST)
		return false;
	memcpy(&laddr, wrap.laddr, 16);
	memcpy(&raddr, wrap.raddr, 16);
	if (IN6_IS_ADDR_V4MAPPED(&laddr) && IN6_IS_ADDR_V4MAPPED(&raddr))
		want_conn(&q->want, AF_INET, wrap.laddr + 12, wrap.raddr + 12,
			  wrap.lport, wrap.rport);
	else
		want_conn(&q->want, AF_INET6, wrap.laddr, wrap.raddr,
			  wrap.lport, wrap.rport);
	q->opt = wrap.opt;
	q->len -= sizeof(wrap);
	memmove(q->data, q->data + sizeof(wrap), q->len);
	return true;
}

static bool parse(struct query *q, const uint8_t *buf, size_t n)
{
	if (n < sizeof(q->msg) || n > CTL_OLD_MAX)
		return false;
	memcpy(&q->msg, buf, sizeof(q->msg));
	if (q->msg.len != n - sizeof(q->msg))
		return false;
	q->len = q->msg.len;
	memcpy(q->data, buf + sizeof(q->msg), q->len);
	q->opt = q->msg.opt;
	want_conn(&q->want, AF_INET, &q->msg.src, &q->msg.dst, q->msg.sport,
		  q->msg.dport);
	return q->opt != CTL_WRAP || unwrap(q);
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
	    !parse(&q, buf, n)) {
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

/**
 * control_dump() - print the state
 */
void control_dump(void)
{
	say(0, "control socket: %lu datagrams, %lu ignored, %lu answers not taken",
	    taken, ignored, unsent);
	say(0, "%u questions waiting, %u slots", npending, slots_count());
}
