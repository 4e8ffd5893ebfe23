/* SPDX-License-Identifier: MIT */
/*
 * The driver on top of the three backends: sql.c opens, sql_conn.c keeps a connection and knows
 * the tables, sql_write.c, sql_lookup.c, sql_search.c, sql_expect.c, sql_expire.c and sql_remove.c
 * are slots of the dict, sql_history*.c those of a history. Each backend's file ends with the
 * driver that it makes of them; none of these files knows one.
 */
#ifndef DOVETAP_SQL_PRIVATE_H
#define DOVETAP_SQL_PRIVATE_H

#include "store/drivers/sql/backend.h"
#include "store/drivers/sql/rows.h"

#define SQL_STATEMENT_MAX (1U << 20)
#define SQL_TEXTS_MAX	  (1UL << 26) /* of the rows of one write() */

struct sql_dict {
	struct dict dict;
	const struct sql_backend *backend;
	struct sql_conn *conn;
	size_t host; /* the one that is connected, or the next to try */
	bool connected;
	bool strict;
	enum sql_form form;
	struct sql_map_set maps;
	struct sql_plan *plans; /* one per map */
	struct sql_need *needs; /* the same */
	bool *planned;
	struct sql_rows rows;

	/* Of a history. */
	size_t history; /* rows of each user; 0: records */
	bool past;	/* it is not kept any more: there may be no table */
	bool untrimmed; /* what is too many of the last rows may still be there */
	struct buf scratch, texts;
};

/* --- sql_conn.c */

void sql_disconnect(struct sql_dict *sql);

/* Tries every host once, beginning with the one that worked last. */
int sql_connect(struct sql_dict *sql, int64_t deadline_ns, struct error *error_r);

/* After SQL_LOST and SQL_MOVE: the connection is of no use any more. */
int sql_reconnect(struct sql_dict *sql, enum sql_result why, int64_t deadline_ns,
		  struct error *error_r);
bool sql_is_broken(enum sql_result result);

int sql_describe(struct sql_dict *sql, const struct sql_map *map, struct sql_table *table,
		 int64_t deadline_ns, struct error *error_r);

/* Returns 0 with a plan; -ENOENT or -EINVAL when the schema does not fit the map; or another
 * negative errno when the server is not there. */
int sql_make_plan(struct sql_dict *sql, size_t map_index, int64_t deadline_ns,
		  struct error *error_r);
/* The same anew; what would be refused row by row is an error as well. */
int sql_check_table(struct sql_dict *sql, size_t map_index, int64_t deadline_ns,
		    struct error *error_r);
void sql_forget_plan(struct sql_dict *sql, size_t map_index);

/* --- sql_write.c */

/* Writes sql->rows.sent, max rows at a time. */
int sql_write_taken(struct sql_dict *sql, size_t map_index, const struct sql_plan *plan, size_t max,
		    int64_t deadline_ns, struct error *error_r);

/* --- sql_history.c and sql_history_read.c: a dict with a history, whose one map is our table */

/* The columns of that map, in their order. */
enum { SQL_HISTORY_TIME, SQL_HISTORY_USER, SQL_HISTORY_FIELDS };
#define SQL_HISTORY_COLUMNS (SQL_HISTORY_FIELDS + HISTORY_FIELDS)

/* In place of the maps of the configuration. */
int sql_history_map(struct sql_dict *sql, const struct dict_config *config, struct error *error_r);

/* sql_make_plan() of the table. 1 when there is none and need not be. */
int sql_history_table(struct sql_dict *sql, int64_t deadline_ns, struct error *error_r);

/* Appends the statement that leaves each of so many users, its parameters, the newest rows. */
int sql_history_trim_statement(struct buf *out, enum sql_dialect dialect, const char *table,
			       size_t users, size_t kept);

/* Runs a statement; a connection that turns out to be dead is made anew. */
enum sql_result sql_history_run(struct sql_dict *sql, const struct sql_question *question,
				sql_row_cb *cb, void *context, struct error *error_r);

extern const struct dict_driver sql_history_driver;
int sql_history(struct dict *dict, struct slice user, size_t limit, int64_t deadline_ns,
		history_row_cb *cb, void *context, struct error *error_r);
int sql_history_remove(struct dict *dict, const struct dict_removal *what, int64_t deadline_ns,
		       struct error *error_r);
int sql_history_expire(struct dict *dict, const struct dict_expiry *expiry, int64_t deadline_ns,
		       struct error *error_r);

/* --- slots, and what the drivers' open() does */

int sql_open(const struct dict_driver *driver, const struct sql_backend *backend,
	     const struct dict_config *config, struct dict **dict_r, struct error *error_r);
int sql_ping(struct dict *dict, int64_t deadline_ns, struct error *error_r);
void sql_places(const struct dict *dict, dict_place_cb *cb, void *context);
void sql_close(struct dict *dict);
int sql_write(struct dict *dict, struct dict_entry *entries, size_t count, int64_t deadline_ns,
	      struct error *error_r);
int sql_lookup(struct dict *dict, struct slice user, const struct slice *keys, size_t key_count,
	       int64_t deadline_ns, dict_record_cb *cb, void *context, struct error *error_r);
int sql_expect(struct dict *dict, const struct dict_entry *entry, struct error *error_r);
void sql_notes(const struct dict *dict, dict_note_cb *cb, void *context);
int sql_search(struct dict *dict, struct slice user, const struct dict_key *keys, size_t key_count,
	       int64_t deadline_ns, dict_record_cb *cb, void *context, struct error *error_r);
int64_t sql_list(struct dict *dict, const struct dict_listing *what, int64_t idle_ns,
		 dict_record_cb *cb, void *context, struct error *error_r);
int sql_presence(struct dict *dict, const struct dict_key *keys, size_t key_count,
		 int64_t deadline_ns, struct dict_presence *presence_r, struct error *error_r);
int sql_expire(struct dict *dict, const struct dict_expiry *expiry, int64_t deadline_ns,
	       struct error *error_r);

int sql_remove(struct dict *dict, const struct dict_removal *what, int64_t deadline_ns,
	       struct error *error_r);

#define SQL_DRIVER(called, opener)                                                                 \
	{                                                                                          \
		.name = (called),                                                                  \
		.caps = DICT_CAP_NEWEST_WINS | DICT_CAP_TIMES_ONLY | DICT_CAP_EXPIRE |             \
			DICT_CAP_COLUMNS,                                                          \
		.open = (opener), .write = sql_write, .lookup = sql_lookup, .search = sql_search,  \
		.list = sql_list, .history = sql_history, .presence = sql_presence,                \
		.ping = sql_ping, .expect = sql_expect, .notes = sql_notes, .expire = sql_expire,  \
		.remove = sql_remove, .places = sql_places, .close = sql_close,                    \
	}

#endif
