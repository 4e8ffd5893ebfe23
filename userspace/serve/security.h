/* SPDX-License-Identifier: MIT */
/*
 * Who may ask an HTTP server that others than this machine reach, and how nobody else reads the
 * answer: TLS 1.2 or 1.3, a bearer token, a client's certificate. What is given is wanted: with
 * tokens and a CA, both.
 */
#ifndef DOVETAP_SERVE_SECURITY_H
#define DOVETAP_SERVE_SECURITY_H

#include <microhttpd.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/slice.h"

/* The contents of files, in PEM, with a NUL behind; ptr NULL: there is none. */
struct security_files {
	struct slice certificate,
		key; /* the server's, with those that lead to its CA; both or none */
	struct slice client_ca;
	struct slice tokens; /* serve/tokens.h */
};

/* May others than this machine be served with them? */
bool security_is_complete(const struct security_files *files);

/* Each is 0 or -EINVAL with what is wrong with the file. */
int security_check_certificate(const struct security_files *files, struct error *error_r);
int security_check_client_ca(const struct security_files *files, struct error *error_r);

struct security;

/* Borrows the files' contents. */
int security_new(const struct security_files *files, struct security **security_r,
		 struct error *error_r);
void security_free(struct security **security); /* takes NULL, sets NULL */

/* For MHD_start_daemon(): flags to add, and options, an array that ends with MHD_OPTION_END. NULL
 * is a server without TLS. */
unsigned int security_flags(const struct security *security);
#define SECURITY_OPTIONS 5
void security_options(const struct security *security,
		      struct MHD_OptionItem options_r[SECURITY_OPTIONS]);

/* 0: it may ask; or 401, 403. Takes NULL. */
unsigned int security_refuses(const struct security *security, struct MHD_Connection *connection);

#endif
