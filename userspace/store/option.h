/* SPDX-License-Identifier: MIT */
/*
 * The settings of a driver as a table, filled from a 2.3 URI ("host=a:port=1") or from a 2.4
 * block ("redis_host = a").
 *
 * A URI is split at ":" and has no quoting, as in Dovecot, so that a value can never contain a
 * ":"; the extensions are an address in [brackets] and ports in lists of hosts. Texts of errors
 * begin with Dovecot's own words. Values of secret options never enter a text.
 */
#ifndef DOVETAP_OPTION_H
#define DOVETAP_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct conf_section;

enum option_type {
	OPTION_STRING, /* char *, owned by the struct */
	OPTION_SECRET, /* the same, never shown */
	OPTION_HOSTS,  /* the same: "a,b:6380,[::1]:6381", where a URI may have these colons */
	OPTION_NUMBER, /* int64_t, min to max */
	OPTION_SECS,   /* int64_t; "90" in a URI, "90s" or "1h" in a block */
	OPTION_MSECS,  /* int64_t; "500" in a URI, "500ms" or "2s" in a block */
	OPTION_FLAG,   /* bool; a bare word in a URI, yes or no in a block */
};

struct option {
	const char *uri;   /* before "=" in a URI; NULL when only a block has it */
	const char *block; /* the setting in a block; NULL when only a URI has it */
	enum option_type type;
	uint32_t offset; /* in the driver's struct */
	int64_t min, max;
	const char *fallback; /* the default as it would stand in a URI; NULL: NULL, 0, false */
	const char *invalid;  /* how the error begins: "Invalid port" */
	const char *expected; /* and ends: "1 to 65535" */
	bool extension;	      /* of ours; unknown to Dovecot, refused when strict */
};

/* All take a table that ends with an empty row, in which "invalid" may hold other words for
 * "Unknown parameter:". settings was zeroed by the caller and is always to be released by
 * option_release(). Errors: -EINVAL, -ENOMEM. */
int option_defaults(const struct option *table, void *settings, struct error *error_r);
int option_from_uri(const struct option *table, void *settings, const char *rest, bool strict,
		    struct error *error_r);
int option_from_block(const struct option *table, void *settings, const struct conf_section *block,
		      struct error *error_r);
void option_release(const struct option *table, void *settings);

#endif
