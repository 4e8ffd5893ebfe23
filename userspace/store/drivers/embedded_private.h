/* SPDX-License-Identifier: MIT */
/* What the files of the embedded dict share: its connection, its statements, its tables. */
#ifndef DOVETAP_EMBEDDED_PRIVATE_H
#define DOVETAP_EMBEDDED_PRIVATE_H

#include "base/buf.h"
#include "store/dict.h"
#include "store/sqlite_file.h"

enum embedded_statement {
	BEGIN,
	COMMIT,
	ROLLBACK,
	UPSERT, /* of a history: adds a row that is not there */
	OVERWRITE,
	SELECT,
	SELECT_LIKE, /* of a history: of all users */
	EXPIRE,
	EXPIRED, /* what that would remove */
	REMOVE,
	COUNT,
	TRIM, /* of a history only */
	STATEMENT_COUNT
};

struct embedded_table {
	const char *name, *schema, *sql[STATEMENT_COUNT];
};

struct embedded_settings {
	char *path;
	char *synchronous;
	int64_t busy_msecs;
};

struct embedded {
	struct dict dict;
	struct embedded_settings settings;
	const struct embedded_table *table;
	size_t history; /* rows of each user; 0: records */
	struct sqlite_handle *file;
	bool has_table; /* on this connection */
	struct buf scratch;
};

/* The error of the connection, or of that code. */
int embedded_fail(struct embedded *sqlite, int code, struct error *error_r);

/* Has the connection from begin to end. Reading: -ENOENT without a file. */
int embedded_begin(struct embedded *sqlite, enum sqlite_access access, int64_t deadline_ns,
		   struct error *error_r);
void embedded_end(struct embedded *sqlite, int ret);

/* Between them. Codes are SQLite's. */
int embedded_prepare(struct embedded *sqlite, enum embedded_statement which, sqlite3_stmt **stmt_r);
int embedded_run(struct embedded *sqlite, enum embedded_statement which);

/* Nobody wrote yet, or not to this table. */
bool embedded_table_missing(struct embedded *sqlite);

/* embedded_presence.c: the slot of the driver. */
int embedded_presence(struct dict *dict, const struct dict_key *keys, size_t key_count,
		      int64_t deadline_ns, struct dict_presence *presence_r, struct error *error_r);

/* embedded_history.c: the tables of a history, by their names. */
const struct embedded_table *embedded_history_table(const char *name);

/* A row, within a transaction. Returns SQLITE_OK with an outcome, or another code. */
int embedded_history_put(struct embedded *sqlite, struct dict_entry *entry);

/* The slot of the driver. */
int embedded_history(struct dict *dict, struct slice user, size_t limit, int64_t deadline_ns,
		     history_row_cb *cb, void *context, struct error *error_r);

#endif
