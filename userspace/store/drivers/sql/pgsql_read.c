/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "store/drivers/sql/pgsql_call.h"

/* --- reading ----------------------------------------------------------------------------------*/

struct reading {
	sql_row_cb *cb;
	void *context;
};

static void hand_out(const PGresult *rows, void *context)
{
	const struct reading *reading = context;
	int count = PQnfields(rows) < SQL_COLUMNS_MAX ? PQnfields(rows) : SQL_COLUMNS_MAX;

	for (int row = 0; row < PQntuples(rows); row++) {
		struct slice columns[SQL_COLUMNS_MAX] = {0};

		for (int i = 0; i < count; i++)
			if (!PQgetisnull(rows, row, i))
				columns[i] = (struct slice){PQgetvalue(rows, row, i),
							    (size_t)PQgetlength(rows, row, i)};
		reading->cb(columns, (size_t)count, reading->context);
	}
}

static void free_texts(char **texts, size_t count)
{
	for (size_t i = 0; texts && i < count; i++)
		free(texts[i]);
	free(texts);
}

/* NULL: out of memory. */
static char **copy_params(const struct sql_question *question)
{
	char **texts = calloc(question->param_count + 1, sizeof(*texts));

	for (size_t i = 0; texts && i < question->param_count; i++) {
		struct slice param = question->params[i];

		texts[i] = strndup(param.len ? param.ptr : "", param.len);
		if (!texts[i]) {
			free_texts(texts, i);
			return NULL;
		}
	}
	return texts;
}

static enum sql_result ask(struct pgsql_conn *pg, const struct sql_question *question,
			   sql_row_cb *cb, void *context, struct error *error_r)
{
	struct reading reading = {cb, context};
	char **texts = copy_params(question);
	enum sql_result result = SQL_AGAIN;

	if (!texts)
		pgsql_set_error(pg, "out of memory", error_r);
	else if (!PQsendQueryParams(pg->pg, question->statement, (int)question->param_count, NULL,
				    (const char *const *)texts, NULL, NULL, 0) ||
		 !PQsetSingleRowMode(pg->pg))
		result = pgsql_finish(pg, 0, NULL, error_r);
	else
		result = pgsql_stream(pg, question->idle_ns, hand_out, &reading, error_r);
	free_texts(texts, question->param_count);
	return result;
}

enum sql_result pgsql_select(struct sql_conn *conn, const struct sql_question *question,
			     sql_row_cb *cb, void *context, struct error *error_r)
{
	struct pgsql_conn *pg = (struct pgsql_conn *)conn;

	pgsql_begin(pg, question->deadline_ns, SIZE_MAX);
	return ask(pg, question, cb, context, error_r);
}

/* --- the catalogue ----------------------------------------------------------------------------*/

static void add_column(const struct slice *columns, size_t count, void *context)
{
	const struct sql_column_row row = {
		.name = columns[0],
		.type = columns[1],
		.nullable = slice_is(columns[2], "t"),
		.filled = slice_is(columns[3], "t"),
		.length = sql_length(columns[4]),
	};

	if (count == 5)
		sql_table_add_column(context, SQL_PGSQL, &row);
}

static void add_key_column(const struct slice *columns, size_t count, void *context)
{
	if (count == 3)
		sql_table_add_key_column(context, columns[0], columns[1],
					 !slice_is(columns[2], "t"));
}

static const char columns_query[] =
	"SELECT attname,format_type(atttypid,-1),NOT attnotnull,atthasdef OR attidentity<>'',"
	"CASE WHEN atttypid IN ('varchar'::regtype,'bpchar'::regtype) AND atttypmod>4 "
	"THEN atttypmod-4 END "
	"FROM pg_attribute WHERE attrelid=to_regclass($1) AND attnum>0 AND NOT attisdropped "
	"ORDER BY attnum";

static const char keys_query[] =
	"SELECT c.relname,a.attname,i.indpred IS NULL AND i.indexprs IS NULL AND i.indisvalid AND "
	"i.indimmediate AND a.attname IS NOT NULL "
	"FROM pg_index i JOIN pg_class c ON c.oid=i.indexrelid "
	"CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum,pos) "
	"LEFT JOIN pg_attribute a ON a.attrelid=i.indrelid AND a.attnum=k.attnum AND k.attnum>0 "
	"WHERE i.indrelid=to_regclass($1) AND i.indisunique AND k.pos<=i.indnkeyatts "
	"ORDER BY NOT i.indisprimary,c.relname,k.pos";

static const char view_query[] =
	"SELECT 1 FROM pg_class WHERE oid=to_regclass($1) AND relkind IN ('v','m')";

static void set_view(const struct slice *columns, size_t count, void *context)
{
	(void)columns;
	(void)count;
	((struct sql_table *)context)->view = true;
}

enum sql_result pgsql_describe(struct sql_conn *conn, const struct sql_map *map,
			       struct sql_table *table_r, int64_t deadline_ns,
			       struct error *error_r)
{
	struct pgsql_conn *pg = (struct pgsql_conn *)conn;
	struct slice table;
	const struct sql_question columns = {columns_query, &table, 1, deadline_ns, 0};
	const struct sql_question keys = {keys_query, &table, 1, deadline_ns, 0};
	const struct sql_question view = {view_query, &table, 1, deadline_ns, 0};
	enum sql_result result;
	struct buf name;

	buf_init(&name, PGSQL_STATEMENT_MAX);
	sql_name_quote(&name, SQL_PGSQL, map->table);
	table = buf_slice(&name);
	pgsql_begin(pg, deadline_ns, PGSQL_ANSWER_MAX);
	result = ask(pg, &columns, add_column, table_r, error_r);
	if (result == SQL_OK)
		result = ask(pg, &keys, add_key_column, table_r, error_r);
	if (result == SQL_OK && table_r->key_count == 0)
		result = ask(pg, &view, set_view, table_r, error_r);
	buf_release(&name);
	return result;
}
