/* SPDX-License-Identifier: MIT */
/*
 * TLS as all drivers set it up that speak it themselves: TLS 1.2 or later, PEM files, the system's
 * certificates without a CA of one's own. Those with a client library (mysql, pgsql) leave it to
 * that.
 *
 * SIGPIPE must be ignored: OpenSSL writes with write(2).
 */
#ifndef DOVETAP_STORE_TLS_CLIENT_H
#define DOVETAP_STORE_TLS_CLIENT_H

#include <stdbool.h>

#include "base/error.h"

struct ssl_ctx_st;
struct ssl_st;

/* NULL or "" for what is not given. */
struct tls_files {
	const char *ca;		 /* else the system's; only with verify */
	const char *certificate; /* for a server that asks for one */
	const char *key;	 /* of the certificate; else in its file */
	const char *password;	 /* of the key; never asked for on a terminal */
};

/* A context, to be freed with SSL_CTX_free(). verify: the certificate must be by a known authority.
 * Errors: -EINVAL with the file's name, -ENOMEM. */
int tls_client_new(const struct tls_files *files, bool verify, struct ssl_ctx_st **context_r,
		   struct error *error_r);

/* The certificate must also be for this name or address. -EINVAL: it is neither. */
int tls_client_expect(struct ssl_st *ssl, const char *name, struct error *error_r);

/* Why an SSL call has failed; code is SSL_get_error()'s, errno that of the call. -EACCES: the
 * certificate is refused; -EPROTO, -ECONNRESET, or errno. */
int tls_client_error(struct ssl_st *ssl, int code, const char *what, struct error *error_r);

#endif
