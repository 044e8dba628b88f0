// SPDX-License-Identifier: GPL-2.0-only
/*
 * New keys.
 */
#include <pthread.h>

#include "../tools/stream.h"
#include "options.h"

TEST(info_of_a_connection)
{
	struct tcpcrypt_info c, s;
	struct pair p;
	char in[4];

	open_pair(v, &p);
	ASSERT(encrypted(p.c) && encrypted(p.s));
	EXPECT_EQ(send(p.c, "abcd", 4, 0), 4);
	EXPECT_EQ(recv_all(p.s, in, 4), 4);
	c = info(p.c);
	s = info(p.s);
	EXPECT_EQ(c.state, TCPCRYPT_CONN_OPEN);
	EXPECT_EQ(c.role, TCPCRYPT_ROLE_A);
	EXPECT_EQ(s.role, TCPCRYPT_ROLE_B);
	EXPECT_EQ(c.passive, 0);
	EXPECT_EQ(s.passive, 1);
	EXPECT_EQ(c.tep, s.tep);
	EXPECT_EQ(c.aead, s.aead);
	EXPECT(c.aead != 0);
	EXPECT_EQ(c.tx_bytes, 4);
	EXPECT_EQ(s.rx_bytes, 4);
	EXPECT_EQ(c.tx_frames, 1);
	EXPECT_EQ(s.rx_frames, 1);
	EXPECT_EQ(c.error, 0);
	EXPECT_EQ(c.fallback[0], 0);
	close_pair(&p);
}

TEST(rekey_is_answered_without_a_reader)
{
	struct pair p;
	char in[8];
	int i;

	open_pair(v, &p);
	ASSERT(encrypted(p.c) && encrypted(p.s));
	/* nobody reads at either end, and there are data in between */
	EXPECT_EQ(send(p.c, "one", 3, 0), 3);
	for (i = 1; i <= 5; i++) {
		ASSERT_EQ(set_int(p.c, TCPCRYPT_REKEY, 1), 0);
		ASSERT(wait_gen(p.c, i, i));
		ASSERT(wait_gen(p.s, i, i));
	}
	EXPECT_EQ(send(p.c, "two", 3, 0), 3);
	EXPECT_EQ(send(p.s, "three", 5, 0), 5);
	EXPECT_EQ(recv_all(p.s, in, 6), 6);
	EXPECT(!memcmp(in, "onetwo", 6));
	EXPECT_EQ(recv_all(p.c, in, 5), 5);
	EXPECT(!memcmp(in, "three", 5));
	close_pair(&p);
}

TEST(rekey_before_accept_and_close)
{
	struct pair p;

	new_listener(v, &p, 8);
	p.c = new_socket(v);
	ASSERT_EQ(connect(p.c, (void *)&p.addr, p.len), 0);
	ASSERT(encrypted(p.c));
	ASSERT_EQ(set_int(p.c, TCPCRYPT_REKEY, 1), 0);
	usleep(QUIET_MS * 1000);
	/* the child dies unaccepted; the kernel log must stay quiet */
	close(p.l);
	close(p.c);
}

TEST(rekey_both_ends_at_once)
{
	struct pair p;
	int i;

	open_pair(v, &p);
	ASSERT(encrypted(p.c) && encrypted(p.s));
	for (i = 1; i <= 20; i++) {
		ASSERT_EQ(set_int(p.c, TCPCRYPT_REKEY, 1), 0);
		ASSERT_EQ(set_int(p.s, TCPCRYPT_REKEY, 1), 0);
	}
	/* ends up level, whoever was first */
	for (i = 0; i < 1000; i++) {
		struct tcpcrypt_info c = info(p.c), s = info(p.s);

		if (c.tx_generation == c.rx_generation &&
		    s.tx_generation == s.rx_generation &&
		    c.tx_generation == s.tx_generation)
			break;
		usleep(10000);
	}
	ASSERT(i < 1000);
	EXPECT(info(p.c).tx_generation >= 1);
	EXPECT_EQ(send(p.c, "x", 1, 0), 1);
	EXPECT_EQ(recv_one(p.s), 1);
	close_pair(&p);
}

/* RFC 8548 section 3.8: answered at once, whether anybody has accepted or not */
TEST(rekey_answered_before_accept)
{
	struct pair p;
	int i;

	new_listener(v, &p, 8);
	p.c = new_socket(v);
	ASSERT_EQ(connect(p.c, (void *)&p.addr, p.len), 0);
	ASSERT(encrypted(p.c));
	for (i = 1; i <= 3; i++) {
		EXPECT_EQ(send(p.c, "x", 1, 0), 1);
		EXPECT_EQ(set_int(p.c, TCPCRYPT_REKEY, 1), 0);
		ASSERT(wait_gen(p.c, i, i));
	}
	p.s = accept(p.l, NULL, NULL);
	for (i = 1; i <= 3; i++)
		EXPECT_EQ(recv_one(p.s), 1);
	EXPECT_EQ(set_int(p.s, TCPCRYPT_REKEY, 1), 0);
	ASSERT(wait_gen(p.s, 4, 4));
	close_pair(&p);
}

/* Its listener is closed while rekeys come: TCP warns if the child is owned */
TEST(rekey_and_no_accept)
{
	struct pair p;
	int i, n, on = 1;

	for (n = 0; n < 20; n++) {
		new_listener(v, &p, 8);
		p.c = new_socket(v);
		ASSERT_EQ(connect(p.c, (void *)&p.addr, p.len), 0);
		ASSERT(encrypted(p.c));
		for (i = 0; i < n; i++) {
			if (send(p.c, "x", 1, MSG_NOSIGNAL) != 1 ||
			    setsockopt(p.c, IPPROTO_TCP, TCPCRYPT_REKEY, &on,
				       sizeof(on)))
				break;
		}
		close(p.l);
		close(p.c);
	}
}

struct bulk {
	int fd;
	size_t len;
	bool send;
	bool ok;
};

static void *bulk_run(void *arg)
{
	struct stream st = { .seed = 7 };
	struct bulk *b = arg;
	char buf[16384], want[16384];
	size_t done = 0, n;
	ssize_t ret;

	while (done < b->len) {
		n = b->len - done < sizeof(buf) ? b->len - done : sizeof(buf);
		st.off = done;
		stream_fill(&st, want, n);
		if (b->send) {
			if (send_all(b->fd, want, n) != (ssize_t)n)
				return NULL;
			ret = n;
		} else {
			ret = recv(b->fd, buf, n, 0);
			if (ret <= 0 || memcmp(buf, want, ret))
				return NULL;
		}
		done += ret;
	}
	b->ok = true;
	return NULL;
}

TEST(rekey_under_load)
{
	struct bulk b[4];
	struct pair p;
	pthread_t t[4];
	int i;

	open_pair(v, &p);
	ASSERT(encrypted(p.c) && encrypted(p.s));
	for (i = 0; i < 4; i++) {
		b[i] = (struct bulk){
			.fd = i < 2 ? p.c : p.s, .len = 1 << 20,
			.send = !(i & 1),
		};
		ASSERT_EQ(pthread_create(&t[i], NULL, bulk_run, &b[i]), 0);
	}
	for (i = 0; i < 100; i++) {
		EXPECT_EQ(set_int(i & 1 ? p.c : p.s, TCPCRYPT_REKEY, 1), 0);
		usleep(1000);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(t[i], NULL);
		EXPECT(b[i].ok, "thread %d", i);
	}
	EXPECT(info(p.c).tx_generation > 0);
	close_pair(&p);
}

/* rekey.sh sets rekey_bytes to 64 KiB here */
TEST(limit_of_bytes)
{
	struct bulk out = { .len = 1 << 20, .send = true };
	struct bulk in = { .len = 1 << 20 };
	const char *max = getenv("REKEY_BYTES");
	struct pair p;
	pthread_t t;

	ASSERT(max);
	open_pair(v, &p);
	ASSERT(encrypted(p.c) && encrypted(p.s));
	out.fd = p.c;
	in.fd = p.s;
	ASSERT_EQ(pthread_create(&t, NULL, bulk_run, &out), 0);
	bulk_run(&in);
	pthread_join(t, NULL);
	EXPECT(in.ok && out.ok);
	/* a frame may go over the limit, so a little less often */
	EXPECT(info(p.c).tx_generation >= (1U << 20) / (2 * atoi(max)),
	       "generation %u", info(p.c).tx_generation);
	ASSERT(wait_gen(p.s, info(p.c).tx_generation, info(p.c).tx_generation));
	close_pair(&p);
}

/* rekey.sh sets rekey_secs to 1 here */
TEST(limit_of_seconds)
{
	struct pair p;
	char in[2];

	open_pair(v, &p);
	ASSERT(encrypted(p.c) && encrypted(p.s));
	EXPECT_EQ(info(p.c).tx_generation, 0);
	usleep(1200000);
	EXPECT_EQ(send(p.c, "x", 1, 0), 1);
	EXPECT_EQ(info(p.c).tx_generation, 1);
	ASSERT(wait_gen(p.c, 1, 1));
	EXPECT_EQ(recv_all(p.s, in, 1), 1);
	close_pair(&p);
}

TEST(rekey_on_what_is_not_encrypted)
{
	struct variant plain = { .family = v->family };
	struct pair p;

	open_pair(&plain, &p);
	EXPECT_ERR(set_int(p.c, TCPCRYPT_REKEY, 1), ENOPROTOOPT);
	close_pair(&p);

	open_pair(v, &p);
	ASSERT(encrypted(p.c) && encrypted(p.s));
	EXPECT_ERR(setsockopt(p.c, IPPROTO_TCP, TCPCRYPT_REKEY, "", 1), EINVAL);
	EXPECT_EQ(set_int(p.c, TCPCRYPT_REKEY, 0), 0);
	EXPECT_EQ(info(p.c).tx_generation, 0);
	EXPECT_EQ(shutdown(p.c, SHUT_WR), 0);
	EXPECT_ERR(set_int(p.c, TCPCRYPT_REKEY, 1), EPIPE);
	/* the other end still may, and gets no answer */
	EXPECT_EQ(set_int(p.s, TCPCRYPT_REKEY, 1), 0);
	EXPECT_EQ(recv_one(p.s), 0);
	EXPECT_EQ(send(p.s, "x", 1, 0), 1);
	EXPECT_EQ(recv_one(p.c), 1);
	close_pair(&p);
}
