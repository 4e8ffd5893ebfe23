/* SPDX-License-Identifier: MIT */
/*
 * A batch is one statement for any number of rows: each column travels as one array. It has no
 * name: behind a pool that lends a server's connection for one transaction (PgBouncer) the next
 * batch may come to another connection, where the name is unknown or somebody else's.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/drivers/sql/pgsql_call.h"

/* --- statements -------------------------------------------------------------------------------*/

void pgsql_forget(struct sql_conn *conn, size_t map_index)
{
	struct pgsql_conn *pg = (struct pgsql_conn *)conn;

	if (map_index >= pg->map_count)
		return;
	free(pg->statements[map_index]);
	pg->statements[map_index] = NULL;
}

static int make_room(struct pgsql_conn *pg, size_t map_index)
{
	char **grown;

	if (map_index < pg->map_count)
		return 0;
	grown = realloc(pg->statements, (map_index + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memset(grown + pg->map_count, 0, (map_index + 1 - pg->map_count) * sizeof(*grown));
	pg->statements = grown;
	pg->map_count = map_index + 1;
	return 0;
}

/* The text of the map's statement; NULL: out of memory. */
static const char *statement_of(struct pgsql_conn *pg, const struct sql_batch *batch)
{
	char **statement;
	struct buf text;

	if (make_room(pg, batch->map_index) < 0)
		return NULL;
	statement = &pg->statements[batch->map_index];
	if (*statement)
		return *statement;
	buf_init(&text, PGSQL_STATEMENT_MAX);
	sql_statement_insert(&text, SQL_PGSQL, batch->form, batch->map, batch->plan, 1);
	*statement = text.failed ? NULL : strdup(buf_str(&text));
	buf_release(&text);
	return *statement;
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
		if (sql_form_is_for_many(batch->form))
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
	const char *statement = statement_of(pg, batch);

	pgsql_begin(pg, deadline_ns, PGSQL_ANSWER_MAX);
	if (!statement) {
		pgsql_set_error(pg, "out of memory", error_r);
		return SQL_AGAIN;
	}
	result = fill_params(pg, batch, values, error_r);
	if (result == SQL_OK)
		result = pgsql_finish(pg,
				      PQsendQueryParams(pg->pg, statement,
							(int)batch->map->column_count, NULL, values,
							NULL, NULL, 0),
				      &rows, error_r);
	if (result == SQL_OK)
		*changed_r = strtoull(PQcmdTuples(rows), NULL, 10);
	PQclear(rows);
	return result;
}
