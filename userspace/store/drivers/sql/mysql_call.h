/* SPDX-License-Identifier: MIT */
/*
 * A connection through libmariadb's non-blocking calls: each "start" returns what the library waits
 * for, we poll until the deadline, and "cont" goes on. Only the look-up of a host name blocks
 * inside the library. mysql.c connects, mysql_write.c and mysql_read.c send, mysql_call.c waits and
 * fails.
 */
#ifndef DOVETAP_SQL_MYSQL_CALL_H
#define DOVETAP_SQL_MYSQL_CALL_H

#include <mysql.h>

#include "store/drivers/sql/backend.h"
#include "store/drivers/sql/mysql_limit.h"
#include "store/drivers/sql/mysql_settings.h"

#define MYSQL_ANSWER_MAX (1U << 20) /* to a write, and for a table's columns in the catalogue */
#define MYSQL_ROW_COUNTS 20

/* Prepared statements are kept by map and number of rows. */
struct mysql_statements {
	MYSQL_STMT *by_rows[MYSQL_ROW_COUNTS];
};

struct mysql_conn {
	struct sql_conn conn;
	struct mysql_hosts hosts;
	size_t host;
	bool strict;
	MYSQL *mysql;
	struct mysql_limit limit; /* of the call that is under way */
	struct mysql_statements *statements;
	size_t map_count; /* of statements */
	MYSQL_BIND *binds;
	size_t bind_count;
};

/* What happened of that for which the library waits; at the deadline, a timeout. */
int mysql_wait_for(struct mysql_conn *my, int status);

/* Drives a pair of calls to its end. */
#define AWAIT(my, call, result, object, ...)                                                       \
	do {                                                                                       \
		int status_ = call##_start(&(result), (object), ##__VA_ARGS__);                    \
		while (status_)                                                                    \
			status_ = call##_cont(&(result), (object), mysql_wait_for((my), status_)); \
	} while (0)

/* Before each call of a slot: how long it may take, and how much the server may send. */
void mysql_begin(struct mysql_conn *my, int64_t deadline_ns, size_t answer_max);
void mysql_begin_connecting(struct mysql_conn *my, int64_t deadline_ns);

const char *mysql_host_name(const struct mysql_host *host);
const struct mysql_host *mysql_host_of(const struct mysql_conn *my);

/* What the last error of the connection, or of the statement, comes to. */
enum sql_result mysql_fail(struct mysql_conn *my, struct error *error_r);
enum sql_result mysql_fail_stmt(struct mysql_conn *my, MYSQL_STMT *stmt, struct error *error_r);

/* mysql_write.c */
void mysql_forget(struct sql_conn *conn, size_t map_index);
enum sql_result mysql_write(struct sql_conn *conn, const struct sql_batch *batch,
			    int64_t deadline_ns, uint64_t *changed_r, struct error *error_r);

/* mysql_read.c */
enum sql_result mysql_prepare(struct mysql_conn *my, struct slice text, MYSQL_STMT **stmt_r,
			      struct error *error_r);
enum sql_result mysql_select(struct sql_conn *conn, const struct sql_question *question,
			     sql_row_cb *cb, void *context, struct error *error_r);
enum sql_result mysql_describe(struct sql_conn *conn, const struct sql_map *map,
			       struct sql_table *table_r, int64_t deadline_ns,
			       struct error *error_r);

#endif
