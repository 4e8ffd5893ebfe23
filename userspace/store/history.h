/* SPDX-License-Identifier: MIT */
/*
 * A row of the login history: one login, or one failure, of a user.
 *
 * On its way to the store it is an entry like any other (dict.h), with a key of its own, so that
 * no two are taken for one:
 *
 *	shared/login-history/USER/ID	the part "user" is USER
 *	shared/failure-history/USER/ID
 *
 * and the row as its value: "name=text" with tabs between, each text escaped as Dovecot does
 * (tabescape.h); what is not known is left out. ID stands for the event, not for its time, which a
 * replay may find to be some nanoseconds another.
 */
#ifndef DOVETAP_STORE_HISTORY_H
#define DOVETAP_STORE_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/key_part.h"
#include "base/slice.h"

struct dict_entry;

enum history_field {
	HISTORY_ID, /* 16 hexadecimal digits */
	HISTORY_SERVICE,
	HISTORY_REMOTE_IP,
	HISTORY_COUNTRY,
	HISTORY_ASN,
	HISTORY_CLIENT_ID, /* the name that the client gives itself */
	HISTORY_MECH,
	HISTORY_TLS, /* "yes" or "no" */
	HISTORY_NODE,
	HISTORY_SESSION,
	HISTORY_OUTCOME, /* of a failure */
	HISTORY_FIELDS
};

/* Also the names of the columns of a table: "id", "service", "remote_ip"... */
extern const char *const history_names[HISTORY_FIELDS];

/* The tables, and what keys begin with behind "shared/". */
#define HISTORY_LOGINS		"login_history"
#define HISTORY_FAILURES	"failure_history"
#define HISTORY_LOGINS_PREFIX	"login-history/"
#define HISTORY_FAILURES_PREFIX "failure-history/"

/* For error texts. */
#define HISTORY_STORES "the embedded SQLite store, SQL and Redis can"

#define HISTORY_VALUE_MAX 8192

#define HISTORY_MAX 1000 /* rows of a user, at most: the bound of the settings */

/* What a field holds at most; the rest of a longer text is cut, at the end of a character. */
#define HISTORY_TEXT_MAX 255

struct history_row {
	struct slice user;
	int64_t time_ns; /* ns since 1970 */
	struct slice field[HISTORY_FIELDS];
};

/* Valid during the callback. */
typedef void history_row_cb(const struct history_row *row, void *context);

/* Appends the value of a row. Returns 0 or the buffer's error. */
int history_format(struct buf *out, const struct history_row *row);

/* The fields of a value; texts are in scratch, whose ceiling is HISTORY_VALUE_MAX or more. Names
 * that are not known are skipped. False: it is none, or has no id. */
bool history_parse(struct slice value, struct buf *scratch, struct history_row *row_r);

/* Is it the key of a row? */
bool history_is_key(struct slice key);

/* Appends the key of a user's row, "shared/login-history/USER/ID", and sets the part that is the
 * user's. Without an id: what the keys of all the user's rows begin with, up to the last slash. */
int history_append_key(struct buf *out, const char *table, struct slice user, struct slice id,
		       struct key_part *part_r);

/* What the keys of all rows of that user begin with: "login-history/USER", without "shared/". The
 * entry has the user's part. */
struct slice history_set_of(const struct dict_entry *entry);

/* The row of an entry, with user and time. False as above, or when the key does not show whose it
 * is; the entry is refused then. */
bool history_row_of(struct dict_entry *entry, struct buf *scratch, struct history_row *row_r);

#endif
