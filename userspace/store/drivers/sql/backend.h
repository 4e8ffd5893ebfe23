/* SPDX-License-Identifier: MIT */
/*
 * A connection to one kind of SQL server. The driver on top of it (sql.c) decides what to send and
 * what to do about a failure; a backend connects, sends, and returns one of six results.
 */
#ifndef DOVETAP_SQL_BACKEND_H
#define DOVETAP_SQL_BACKEND_H

#include <stdint.h>

#include "base/error.h"
#include "store/dict.h"
#include "store/drivers/sql/statement.h"

struct conf_section;

enum sql_result {
	SQL_OK,
	SQL_ROW,    /* a value does not fit its column: nothing of the statement is stored */
	SQL_AGAIN,  /* deadlock, lock, disk full: not stored, may work later */
	SQL_SCHEMA, /* table, column or right is missing: not stored until an operator acts */
	SQL_MOVE,   /* the server takes no writes (now): not stored, another host may */
	SQL_LOST,   /* the connection is gone or the deadline has passed: it may be stored */
};

/* Rows of one map that go into one statement. */
struct sql_batch {
	const struct sql_map *map;
	size_t map_index; /* in its set; a backend caches statements by it */
	enum sql_form form;
	const struct sql_plan *plan; /* NULL in the strict forms */
	const struct sql_value *const *rows;
	size_t count; /* 1 to batch_max */
};

/* A backend's own struct starts with this one. */
struct sql_conn {
	const struct sql_backend *backend;
	size_t host_count; /* set by new(); 1 or more */
};

/* A SELECT; $1 or ? in it stand for the parameters. */
struct sql_question {
	const char *statement;
	const struct slice *params;
	size_t param_count;
	int64_t deadline_ns;
	int64_t idle_ns; /* not 0: with each row the deadline moves to so long from then */
};

/* One row of a SELECT; NULL columns have a NULL ptr. */
typedef void sql_row_cb(const struct slice *columns, size_t count, void *context);

struct sql_backend {
	enum sql_dialect dialect;
	size_t batch_max; /* rows in one statement */

	/* Reads the settings: connect of a 2.3 map file, or the dict block of 2.4; the other is
	 * NULL. strict: leave the session as Dovecot leaves it. Does not connect. */
	int (*new)(struct sql_conn **conn_r, const char *connect, const struct conf_section *block,
		   bool strict, struct error *error_r);

	/* Connects to a host by its number. A server that is there but read-only is -EROFS. The
	 * error text begins with driver and host. */
	int (*connect)(struct sql_conn *conn, size_t host, int64_t deadline_ns,
		       struct error *error_r);

	/* Closes without waiting for the server; statements are forgotten. */
	void (*disconnect)(struct sql_conn *conn);

	/* Asks the catalogue. A table that does not exist has no columns, and is SQL_OK. */
	enum sql_result (*describe)(struct sql_conn *conn, const struct sql_map *map,
				    struct sql_table *table_r, int64_t deadline_ns,
				    struct error *error_r);

	/* Stores all rows or none. changed_r: how many rows the server changed by its own count; 0
	 * only when every row was there already, as new or newer. */
	enum sql_result (*write)(struct sql_conn *conn, const struct sql_batch *batch,
				 int64_t deadline_ns, uint64_t *changed_r, struct error *error_r);

	/* The statements of a map are built anew at the next write. */
	void (*forget)(struct sql_conn *conn, size_t map_index);

	/* Runs a statement without parameters and without rows. */
	enum sql_result (*execute)(struct sql_conn *conn, const char *statement,
				   int64_t deadline_ns, uint64_t *changed_r, struct error *error_r);

	/* Runs a SELECT, or another statement with parameters; rows are handed out as they come,
	 * and none of them is kept. */
	enum sql_result (*select)(struct sql_conn *conn, const struct sql_question *question,
				  sql_row_cb *cb, void *context, struct error *error_r);

	/* The files that the settings name, as the dict's slot. */
	void (*places)(const struct sql_conn *conn, dict_place_cb *cb, void *context);

	void (*free)(struct sql_conn *conn); /* takes NULL */
};

extern const struct sql_backend sql_mysql_backend;
extern const struct sql_backend sql_pgsql_backend;
extern const struct sql_backend sql_sqlite_backend;

#endif
