/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tcpcryptd says to a test server, and the server to it.  The bytes of the
 * requests and of the reply's beginning are those that the servers in the
 * network know.
 */
#ifndef TCPCRYPT_COMMON_HOME_H
#define TCPCRYPT_COMMON_HOME_H

#define HOME_REQUESTS	3

#define HOME_REPLY	"HTTP/1.0 200 OK\r\n\r\n"

/* Behind HOME_REPLY, from our tcs on an encrypted connection: "SID HEX\n" */
#define HOME_SESSION	"SID "

static inline const char *home_request(int i)
{
	static const char *const requests[HOME_REQUESTS] = {
		"GET /check HTTP/1.0\r\nHost: check.tcpcrypt.org\r\n\r\n",
		"MORTEasldkfjasldkfjaslkfjaslfkjasdlfkjas",
		"GHGHHGHGHGHREHEHGEHRGHERHGHERG",
	};

	return requests[i];
}

#endif /* TCPCRYPT_COMMON_HOME_H */
