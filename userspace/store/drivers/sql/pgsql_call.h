/* SPDX-License-Identifier: MIT */
/*
 * A connection through libpq's asynchronous calls, so that every wait ends at the deadline; only
 * the look-up of a host name blocks inside the library. pgsql.c connects, pgsql_write.c and
 * pgsql_read.c send, pgsql_call.c waits and fails.
 */
#ifndef DOVETAP_SQL_PGSQL_CALL_H
#define DOVETAP_SQL_PGSQL_CALL_H

#include <libpq-fe.h>

#include "store/drivers/sql/backend.h"
#include "store/drivers/sql/pgsql_settings.h"

#define PGSQL_ANSWER_MAX    (1U << 20) /* to a write, and for a table's columns in the catalogue */
#define PGSQL_STATEMENT_MAX (1U << 20)

struct pgsql_conn {
	struct sql_conn conn;
	struct pgsql_hosts hosts;
	size_t host;
	PGconn *pg;
	int64_t deadline_ns; /* of the call that is under way */
	size_t bytes_left;   /* that the server may send in it, more or less */
	char **statements;   /* by map; NULL: not made yet */
	size_t map_count;    /* of statements */
	struct buf params[SQL_COLUMNS_MAX];
};

/* Before each call of a slot: how long it may take, and how much the server may send. */
void pgsql_begin(struct pgsql_conn *pg, int64_t deadline_ns, size_t answer_max);

bool pgsql_wait_for(struct pgsql_conn *pg, int events); /* false at the deadline */

/* The answer to what was sent. The last result counts; there is only one. */
enum sql_result pgsql_finish(struct pgsql_conn *pg, int sent, PGresult **result_r,
			     struct error *error_r);

/* The same when rows come one by one (PQsetSingleRowMode()), each of which is handed to cb. With
 * idle_ns the deadline moves on at each. */
typedef void pgsql_rows_cb(const PGresult *rows, void *context);
enum sql_result pgsql_stream(struct pgsql_conn *pg, int64_t idle_ns, pgsql_rows_cb *cb,
			     void *context, struct error *error_r);

void pgsql_set_error(struct pgsql_conn *pg, const char *text, struct error *error_r);

/* --- slots */

void pgsql_forget(struct sql_conn *conn, size_t map_index);
enum sql_result pgsql_write(struct sql_conn *conn, const struct sql_batch *batch,
			    int64_t deadline_ns, uint64_t *changed_r, struct error *error_r);
enum sql_result pgsql_select(struct sql_conn *conn, const struct sql_question *question,
			     sql_row_cb *cb, void *context, struct error *error_r);
enum sql_result pgsql_describe(struct sql_conn *conn, const struct sql_map *map,
			       struct sql_table *table_r, int64_t deadline_ns,
			       struct error *error_r);

#endif
