/* SPDX-License-Identifier: MIT */
/*
 * Bearer tokens (RFC 6750): who knows one may ask. A file has one a line, as it is or as
 * "sha256:HEX" of it; empty lines, and those that begin with "#", are passed over:
 *
 *	# of Prometheus, from 2026-11
 *	sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b
 *
 * What is kept are the hashes, and the time of a comparison depends on no token.
 */
#ifndef DOVETAP_SERVE_TOKENS_H
#define DOVETAP_SERVE_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/slice.h"

#define TOKENS_MAX	 16 /* an old and a new one, for a few who ask */
#define TOKEN_LENGTH_MIN 16
#define TOKEN_HASH	 32

struct tokens {
	size_t count;
	unsigned char hashes[TOKENS_MAX][TOKEN_HASH];
};

/* -EINVAL: "line 2: ..."; a file without a token, too. */
int tokens_parse(struct slice text, struct tokens *tokens_r, struct error *error_r);

/* The value of the header "Authorization"; NULL: there was none. */
bool tokens_accept(const struct tokens *tokens, const char *authorization);

#endif
