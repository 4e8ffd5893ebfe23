/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/drivers/sql/mysql_call.h"

/* --- reading ----------------------------------------------------------------------------------*/

enum sql_result mysql_prepare(struct mysql_conn *my, struct slice text, MYSQL_STMT **stmt_r,
			      struct error *error_r)
{
	MYSQL_STMT *stmt = mysql_stmt_init(my->mysql);
	enum sql_result result;
	my_bool closed = 0;
	int failed = 0;

	if (!stmt)
		return mysql_fail(my, error_r);
	AWAIT(my, mysql_stmt_prepare, failed, stmt, text.ptr, text.len);
	if (!failed) {
		*stmt_r = stmt;
		return SQL_OK;
	}
	result = mysql_fail_stmt(my, stmt, error_r);
	AWAIT(my, mysql_stmt_close, closed, stmt);
	return result;
}

#define TEXT_MAX 4096

struct reader {
	MYSQL_BIND binds[SQL_COLUMNS_MAX];
	unsigned long lengths[SQL_COLUMNS_MAX];
	my_bool nulls[SQL_COLUMNS_MAX];
	char texts[SQL_COLUMNS_MAX][TEXT_MAX];
	unsigned int columns;
};

static void reader_bind(struct reader *reader, MYSQL_STMT *stmt)
{
	reader->columns = mysql_stmt_field_count(stmt);
	if (reader->columns > SQL_COLUMNS_MAX)
		reader->columns = SQL_COLUMNS_MAX;
	for (unsigned int i = 0; i < reader->columns; i++) {
		reader->binds[i].buffer_type = MYSQL_TYPE_STRING;
		reader->binds[i].buffer = reader->texts[i];
		reader->binds[i].buffer_length = TEXT_MAX;
		reader->binds[i].length = &reader->lengths[i];
		reader->binds[i].is_null = &reader->nulls[i];
	}
	mysql_stmt_bind_result(stmt, reader->binds);
}

static void reader_hand_out(struct reader *reader, sql_row_cb *cb, void *context)
{
	struct slice columns[SQL_COLUMNS_MAX] = {0};

	for (unsigned int i = 0; i < reader->columns; i++)
		if (!reader->nulls[i])
			columns[i] = (struct slice){reader->texts[i], reader->lengths[i] < TEXT_MAX
									      ? reader->lengths[i]
									      : TEXT_MAX};
	cb(columns, reader->columns, context);
}

/* What has arrived of a stream is no part of what is still to come. */
static void go_on(struct mysql_conn *my, const struct sql_question *question)
{
	if (question->idle_ns > 0)
		mysql_begin(my, clock_monotonic_ns() + question->idle_ns, SIZE_MAX);
}

/* Rows are taken as they come. The server waits with those that we do not take yet. */
static enum sql_result read_rows(struct mysql_conn *my, MYSQL_STMT *stmt, struct reader *reader,
				 const struct sql_question *question, sql_row_cb *cb, void *context,
				 struct error *error_r)
{
	int failed = 0;

	AWAIT(my, mysql_stmt_execute, failed, stmt);
	if (failed)
		return mysql_fail_stmt(my, stmt, error_r);
	if (mysql_stmt_field_count(stmt) == 0) /* it was no SELECT */
		return SQL_OK;
	reader_bind(reader, stmt);
	for (;;) {
		AWAIT(my, mysql_stmt_fetch, failed, stmt);
		if (failed != 0 && failed != MYSQL_DATA_TRUNCATED)
			return failed == MYSQL_NO_DATA ? SQL_OK
						       : mysql_fail_stmt(my, stmt, error_r);
		reader_hand_out(reader, cb, context);
		go_on(my, question);
	}
}

static enum sql_result execute(struct mysql_conn *my, const struct sql_question *question,
			       MYSQL_BIND *binds, sql_row_cb *cb, void *context,
			       struct error *error_r)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	MYSQL_STMT *stmt = NULL;
	enum sql_result result = SQL_AGAIN;
	my_bool closed = 0;

	if (!reader) {
		error_set(error_r, ENOMEM, "out of memory");
		return result;
	}
	result = mysql_prepare(my, slice_str(question->statement), &stmt, error_r);
	if (result == SQL_OK && question->param_count > 0 && mysql_stmt_bind_param(stmt, binds))
		result = mysql_fail_stmt(my, stmt, error_r);
	if (result == SQL_OK)
		result = read_rows(my, stmt, reader, question, cb, context, error_r);
	if (stmt)
		AWAIT(my, mysql_stmt_close, closed, stmt);
	free(reader);
	return result;
}

static MYSQL_BIND text_param(struct slice text)
{
	return (MYSQL_BIND){.buffer_type = MYSQL_TYPE_STRING,
			    .buffer = (void *)(text.ptr ? text.ptr : ""),
			    .buffer_length = text.len};
}

static enum sql_result ask(struct mysql_conn *my, const struct sql_question *question,
			   sql_row_cb *cb, void *context, struct error *error_r)
{
	MYSQL_BIND *binds = calloc(question->param_count + 1, sizeof(*binds));
	enum sql_result result;

	if (!binds) {
		error_set(error_r, ENOMEM, "out of memory");
		return SQL_AGAIN;
	}
	for (size_t i = 0; i < question->param_count; i++)
		binds[i] = text_param(question->params[i]);
	result = execute(my, question, binds, cb, context, error_r);
	free(binds);
	return result;
}

enum sql_result mysql_select(struct sql_conn *conn, const struct sql_question *question,
			     sql_row_cb *cb, void *context, struct error *error_r)
{
	struct mysql_conn *my = (struct mysql_conn *)conn;

	mysql_begin(my, question->deadline_ns, SIZE_MAX);
	return ask(my, question, cb, context, error_r);
}

/* --- the catalogue ----------------------------------------------------------------------------*/

static void add_column(const struct slice *columns, size_t count, void *context)
{
	const struct sql_column_row row = {
		.name = columns[0],
		.type = columns[1],
		.nullable = slice_is(columns[2], "1"),
		.filled = slice_is(columns[3], "1"),
		.length = sql_length(columns[4]),
	};

	if (count == 5)
		sql_table_add_column(context, SQL_MYSQL, &row);
}

static void add_key_column(const struct slice *columns, size_t count, void *context)
{
	if (count == 3)
		sql_table_add_key_column(context, columns[0], columns[1],
					 !slice_is(columns[2], "1"));
}

/* The second parameter is the database, or empty for that of the connection. */
#define OF_TABLE "WHERE table_name=? AND table_schema=COALESCE(NULLIF(?,''),DATABASE()) "

static const char columns_query[] =
	"SELECT column_name,CONCAT(data_type,IF(column_type LIKE '%unsigned%',' unsigned','')),"
	"is_nullable='YES',"
	"column_default IS NOT NULL OR extra LIKE '%auto_increment%' OR extra LIKE '%GENERATED%',"
	"character_maximum_length "
	"FROM information_schema.columns " OF_TABLE "ORDER BY ordinal_position";

static const char keys_query[] =
	"SELECT index_name,column_name,sub_part IS NULL AND column_name IS NOT NULL "
	"FROM information_schema.statistics " OF_TABLE
	"AND non_unique=0 ORDER BY index_name<>'PRIMARY',index_name,seq_in_index";

static const char view_query[] = "SELECT 1 FROM information_schema.views " OF_TABLE;

static void set_view(const struct slice *columns, size_t count, void *context)
{
	(void)columns;
	(void)count;
	((struct sql_table *)context)->view = true;
}

enum sql_result mysql_describe(struct sql_conn *conn, const struct sql_map *map,
			       struct sql_table *table_r, int64_t deadline_ns,
			       struct error *error_r)
{
	struct mysql_conn *my = (struct mysql_conn *)conn;
	struct buf table, schema;
	struct slice params[2];
	const struct sql_question columns = {columns_query, params, 2, deadline_ns, 0};
	const struct sql_question keys = {keys_query, params, 2, deadline_ns, 0};
	const struct sql_question view = {view_query, params, 2, deadline_ns, 0};
	enum sql_result result;

	buf_init(&table, SQL_NAME_SIZE);
	buf_init(&schema, SQL_NAME_SIZE);
	sql_name_word(&table, SQL_MYSQL, map->table, true);
	sql_name_word(&schema, SQL_MYSQL, map->table, false);
	params[0] = buf_slice(&table);
	params[1] = buf_slice(&schema);
	mysql_begin(my, deadline_ns, MYSQL_ANSWER_MAX);
	result = ask(my, &columns, add_column, table_r, error_r);
	if (result == SQL_OK)
		result = ask(my, &keys, add_key_column, table_r, error_r);
	if (result == SQL_OK && table_r->key_count == 0)
		result = ask(my, &view, set_view, table_r, error_r);
	buf_release(&table);
	buf_release(&schema);
	return result;
}
