/* SPDX-License-Identifier: MIT */
/*
 * Since every number of rows would need a prepared statement of its own, there are only some
 * numbers, and a batch is filled up to the next by its last row again, which changes nothing.
 */
#include <errno.h>
#include <stdlib.h>

#include "store/drivers/sql/mysql_call.h"

#define STATEMENT_MAX (4U << 20)

/* Filling up costs a half at most, a fifth on average. */
static const size_t row_counts[MYSQL_ROW_COUNTS] = {1,	2,  3,	4,   6,	  8,   12,  16,	 24,  32,
						    48, 64, 96, 128, 192, 256, 384, 512, 768, 1000};

/* --- statements -------------------------------------------------------------------------------*/

void mysql_forget(struct sql_conn *conn, size_t map_index)
{
	struct mysql_conn *my = (struct mysql_conn *)conn;

	if (map_index >= my->map_count)
		return;
	mysql_begin(my, INT64_MAX, MYSQL_ANSWER_MAX);
	for (size_t i = 0; i < MYSQL_ROW_COUNTS; i++) {
		MYSQL_STMT *stmt = my->statements[map_index].by_rows[i];
		my_bool closed = 0;

		if (stmt)
			AWAIT(my, mysql_stmt_close, closed, stmt);
		my->statements[map_index].by_rows[i] = NULL;
	}
}

static int make_room(struct mysql_conn *my, size_t map_index)
{
	struct mysql_statements *grown;

	if (map_index < my->map_count)
		return 0;
	grown = realloc(my->statements, (map_index + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memset(grown + my->map_count, 0, (map_index + 1 - my->map_count) * sizeof(*grown));
	my->statements = grown;
	my->map_count = map_index + 1;
	return 0;
}

static size_t row_class(size_t rows)
{
	size_t i = 0;

	while (row_counts[i] < rows)
		i++;
	return i;
}

static enum sql_result get_statement(struct mysql_conn *my, const struct sql_batch *batch,
				     size_t class, MYSQL_STMT **stmt_r, struct error *error_r)
{
	enum sql_result result = SQL_OK;
	MYSQL_STMT **kept;
	struct buf text;

	if (make_room(my, batch->map_index) < 0) {
		error_set(error_r, ENOMEM, "out of memory");
		return SQL_AGAIN;
	}
	kept = &my->statements[batch->map_index].by_rows[class];
	buf_init(&text, STATEMENT_MAX);
	if (!*kept) {
		sql_statement_insert(&text, SQL_MYSQL, batch->form, batch->map, batch->plan,
				     row_counts[class]);
		result = mysql_prepare(my, buf_slice(&text), kept, error_r);
	}
	*stmt_r = *kept;
	buf_release(&text);
	return result;
}

/* --- writing ----------------------------------------------------------------------------------*/

/* The bound memory is the value itself: nothing is copied. */
static void bind_value(MYSQL_BIND *bind, const struct sql_value *value)
{
	static my_bool yes = 1;
	struct slice text = value->type == SQL_TYPE_UUID ? slice_str(value->uuid) : value->text;

	switch (value->type) {
	case SQL_TYPE_INT:
	case SQL_TYPE_UINT:
		bind->buffer_type = MYSQL_TYPE_LONGLONG;
		bind->buffer = (void *)&value->number;
		break;
	case SQL_TYPE_DOUBLE:
		bind->buffer_type = MYSQL_TYPE_DOUBLE;
		bind->buffer = (void *)&value->real;
		break;
	default:
		bind->buffer_type = MYSQL_TYPE_STRING;
		bind->buffer = (void *)(text.ptr ? text.ptr : "");
		bind->buffer_length = text.len;
	}
	if (value->null)
		bind->is_null = &yes;
}

static int bind_rows(struct mysql_conn *my, const struct sql_batch *batch, size_t rows)
{
	size_t columns = batch->map->column_count;
	size_t count = rows * columns + (batch->form == SQL_FORM_UPSERT);

	if (count > my->bind_count) {
		free(my->binds);
		my->binds = calloc(count, sizeof(*my->binds));
		my->bind_count = my->binds ? count : 0;
		if (!my->binds)
			return -ENOMEM;
	}
	memset(my->binds, 0, count * sizeof(*my->binds));
	for (size_t row = 0; row < rows; row++)
		for (size_t i = 0; i < columns; i++)
			bind_value(&my->binds[row * columns + i],
				   &batch->rows[row < batch->count ? row : batch->count - 1][i]);
	if (batch->form == SQL_FORM_UPSERT)
		bind_value(&my->binds[count - 1], &batch->rows[0][0]);
	return 0;
}

enum sql_result mysql_write(struct sql_conn *conn, const struct sql_batch *batch,
			    int64_t deadline_ns, uint64_t *changed_r, struct error *error_r)
{
	struct mysql_conn *my = (struct mysql_conn *)conn;
	size_t class = row_class(batch->count);
	MYSQL_STMT *stmt = NULL;
	enum sql_result result;
	int failed = 0;

	mysql_begin(my, deadline_ns, MYSQL_ANSWER_MAX);
	result = get_statement(my, batch, class, &stmt, error_r);
	if (result != SQL_OK)
		return result;
	if (bind_rows(my, batch, row_counts[class]) < 0) {
		error_set(error_r, ENOMEM, "out of memory");
		return SQL_AGAIN;
	}
	if (mysql_stmt_bind_param(stmt, my->binds))
		return mysql_fail_stmt(my, stmt, error_r);
	AWAIT(my, mysql_stmt_execute, failed, stmt);
	if (failed)
		return mysql_fail_stmt(my, stmt, error_r);
	*changed_r = mysql_stmt_affected_rows(stmt);
	return SQL_OK;
}
