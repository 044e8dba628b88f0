// SPDX-License-Identifier: GPL-2.0-only
/*
 * The server signs the session with an Ed25519 key; the client knows the public
 * key, and so that it talks to the server and to nobody else.
 *
 *	openssl genpkey -algorithm ed25519 -out key.pem
 *	openssl pkey -in key.pem -pubout -out pub.pem
 *	auth-sign listen 7000 key.pem
 *	auth-sign connect HOST 7000 pub.pem
 */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <tcpcrypt/tcpcrypt.h>

#include "example.h"

static int sign(void *key, const void *msg, size_t len, void *sig,
		size_t *sig_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int good;

	good = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
	       EVP_DigestSign(ctx, sig, sig_len, msg, len) == 1;
	EVP_MD_CTX_free(ctx);
	errno = good ? 0 : EIO;
	return good ? 0 : -1;
}

static int verify(void *key, const void *msg, size_t len, const void *sig,
		  size_t sig_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int good;

	good = ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
	       EVP_DigestVerify(ctx, sig, sig_len, msg, len) == 1;
	EVP_MD_CTX_free(ctx);
	errno = good ? 0 : EKEYREJECTED;
	return good ? 0 : -1;
}

static EVP_PKEY *read_key(const char *path, int private)
{
	FILE *f = path ? fopen(path, "re") : NULL;
	EVP_PKEY *key;

	if (!f)
		err(1, "%s", path ? path : "no key");
	key = private ? PEM_read_PrivateKey(f, NULL, NULL, NULL) :
			PEM_read_PUBKEY(f, NULL, NULL, NULL);
	fclose(f);
	if (!key)
		errx(1, "%s: no key", path);
	return key;
}

int main(int argc, char **argv)
{
	int fd, server, rc;
	EVP_PKEY *key;
	char **args;

	fd = example_open(argc, argv, &args);
	server = !strcmp(argv[1], "listen");
	key = read_key(args[0], server);
	rc = tcpcrypt_signature_exchange(fd, server ? sign : NULL, key,
					 server ? NULL : verify, key, PATIENCE);
	if (rc)
		err(1, "not authenticated");
	puts(server ? "signed" : "authenticated");
	EVP_PKEY_free(key);
	return 0;
}
