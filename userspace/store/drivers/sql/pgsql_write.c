/* SPDX-License-Identifier: MIT */
/* A batch is one prepared statement for any number of rows: each column travels as one array. */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/drivers/sql/pgsql_call.h"

/* --- statements -------------------------------------------------------------------------------*/

static void statement_name(char name[24], size_t map_index)
{
	snprintf(name, 24, "map%zu", map_index);
}

void pgsql_forget(struct sql_conn *conn, size_t map_index)
{
	struct pgsql_conn *pg = (struct pgsql_conn *)conn;
	char command[64], name[24];

	if (map_index >= pg->map_count || !pg->prepared[map_index])
		return;
	statement_name(name, map_index);
	snprintf(command, sizeof(command), "DEALLOCATE %s", name);
	pgsql_begin(pg, clock_monotonic_ns() + NS_PER_SEC, PGSQL_ANSWER_MAX);
	pgsql_finish(pg, PQsendQuery(pg->pg, command), NULL, NULL);
	pg->prepared[map_index] = false;
}

static int make_room(struct pgsql_conn *pg, size_t map_index)
{
	bool *grown;

	if (map_index < pg->map_count)
		return 0;
	grown = realloc(pg->prepared, (map_index + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memset(grown + pg->map_count, 0, (map_index + 1 - pg->map_count) * sizeof(*grown));
	pg->prepared = grown;
	pg->map_count = map_index + 1;
	return 0;
}

static enum sql_result prepare(struct pgsql_conn *pg, const struct sql_batch *batch,
			       const char *name, struct error *error_r)
{
	enum sql_result result;
	struct buf text;

	if (make_room(pg, batch->map_index) < 0) {
		pgsql_set_error(pg, "out of memory", error_r);
		return SQL_AGAIN;
	}
	if (pg->prepared[batch->map_index])
		return SQL_OK;
	buf_init(&text, PGSQL_STATEMENT_MAX);
	sql_statement_insert(&text, SQL_PGSQL, batch->form, batch->map, batch->plan, 1);
	result = pgsql_finish(pg, PQsendPrepare(pg->pg, name, buf_str(&text), 0, NULL), NULL,
			      error_r);
	pg->prepared[batch->map_index] = result == SQL_OK;
	buf_release(&text);
	return result;
}

/* --- writing ----------------------------------------------------------------------------------*/

/* The value in PostgreSQL's text form: blobs get their "\x". */
static struct slice text_of(const struct sql_value *value, char number[SQL_NUMBER_SIZE],
			    struct buf *out)
{
	if (value->type == SQL_TYPE_HEXBLOB)
		buf_append_str(out, "\\x");
	return sql_value_text(value, number);
}

/* An element of an array: {"a\"b\\c",NULL} */
static void put_element(struct buf *out, const struct sql_value *value)
{
	char number[SQL_NUMBER_SIZE];
	struct slice text;

	if (value->null) {
		buf_append_str(out, "NULL");
		return;
	}
	buf_append_char(out, '"');
	if (value->type == SQL_TYPE_HEXBLOB)
		buf_append_char(out, '\\');
	text = text_of(value, number, out);
	for (const char *p = text.ptr, *end = p + text.len; p < end;) {
		const char *plain = p;

		while (p < end && *p != '"' && *p != '\\')
			p++;
		buf_append(out, plain, (size_t)(p - plain));
		if (p < end) {
			buf_append_char(out, '\\');
			buf_append_char(out, *p++);
		}
	}
	buf_append_char(out, '"');
}

static void put_array(struct buf *out, const struct sql_batch *batch, size_t column)
{
	for (size_t i = 0; i < batch->count; i++) {
		buf_append_char(out, i ? ',' : '{');
		put_element(out, &batch->rows[i][column]);
	}
	buf_append_char(out, '}');
}

static void put_single(struct buf *out, const struct sql_value *value)
{
	char number[SQL_NUMBER_SIZE];

	buf_append_slice(out, text_of(value, number, out));
}

/* libpq takes parameters as C strings, and the server has no text with a NUL anyway. */
static bool has_nul(const struct buf *param)
{
	return param->len > 0 && memchr(param->data, '\0', param->len) != NULL;
}

static enum sql_result fill_params(struct pgsql_conn *pg, const struct sql_batch *batch,
				   const char *values[SQL_COLUMNS_MAX], struct error *error_r)
{
	for (size_t i = 0; i < batch->map->column_count; i++) {
		struct buf *param = &pg->params[i];

		buf_reset(param);
		if (batch->form == SQL_FORM_NEWEST)
			put_array(param, batch, i);
		else
			put_single(param, &batch->rows[0][i]);
		if (param->failed) {
			pgsql_set_error(pg, "out of memory", error_r);
			return SQL_AGAIN;
		}
		if (has_nul(param)) {
			pgsql_set_error(pg, "a text with a NUL byte cannot be stored", error_r);
			return SQL_ROW;
		}
		values[i] = buf_str(param);
	}
	return SQL_OK;
}

enum sql_result pgsql_write(struct sql_conn *conn, const struct sql_batch *batch,
			    int64_t deadline_ns, uint64_t *changed_r, struct error *error_r)
{
	struct pgsql_conn *pg = (struct pgsql_conn *)conn;
	const char *values[SQL_COLUMNS_MAX];
	PGresult *rows = NULL;
	enum sql_result result;
	char name[24];

	pgsql_begin(pg, deadline_ns, PGSQL_ANSWER_MAX);
	statement_name(name, batch->map_index);
	result = fill_params(pg, batch, values, error_r);
	if (result == SQL_OK)
		result = prepare(pg, batch, name, error_r);
	if (result == SQL_OK)
		result = pgsql_finish(pg,
				      PQsendQueryPrepared(pg->pg, name,
							  (int)batch->map->column_count, values,
							  NULL, NULL, 0),
				      &rows, error_r);
	if (result == SQL_OK)
		*changed_r = strtoull(PQcmdTuples(rows), NULL, 10);
	PQclear(rows);
	return result;
}
