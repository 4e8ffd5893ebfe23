/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "store/drivers/sql/pgsql_call.h"

/* --- reading ----------------------------------------------------------------------------------*/

static void hand_out(const PGresult *rows, sql_row_cb *cb, void *context)
{
	int count = PQnfields(rows) < SQL_COLUMNS_MAX ? PQnfields(rows) : SQL_COLUMNS_MAX;

	for (int row = 0; row < PQntuples(rows); row++) {
		struct slice columns[SQL_COLUMNS_MAX] = {0};

		for (int i = 0; i < count; i++)
			if (!PQgetisnull(rows, row, i))
				columns[i] = (struct slice){PQgetvalue(rows, row, i),
							    (size_t)PQgetlength(rows, row, i)};
		cb(columns, (size_t)count, context);
	}
}

static enum sql_result select_by(struct pgsql_conn *pg, const char *statement, struct slice param,
				 sql_row_cb *cb, void *context, struct error *error_r)
{
	char *text = strndup(param.len ? param.ptr : "", param.len);
	const char *values[] = {text};
	enum sql_result result = SQL_AGAIN;
	PGresult *rows = NULL;

	if (!text)
		pgsql_set_error(pg, "out of memory", error_r);
	else
		result = pgsql_finish(
			pg, PQsendQueryParams(pg->pg, statement, 1, NULL, values, NULL, NULL, 0),
			&rows, error_r);
	if (result == SQL_OK)
		hand_out(rows, cb, context);
	PQclear(rows);
	free(text);
	return result;
}

enum sql_result pgsql_select(struct sql_conn *conn, const char *statement, struct slice param,
			     int64_t deadline_ns, sql_row_cb *cb, void *context,
			     struct error *error_r)
{
	struct pgsql_conn *pg = (struct pgsql_conn *)conn;

	pgsql_begin(pg, deadline_ns, SIZE_MAX);
	return select_by(pg, statement, param, cb, context, error_r);
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

enum sql_result pgsql_describe(struct sql_conn *conn, const struct sql_map *map,
			       struct sql_table *table_r, int64_t deadline_ns,
			       struct error *error_r)
{
	struct pgsql_conn *pg = (struct pgsql_conn *)conn;
	enum sql_result result;
	struct buf name;

	buf_init(&name, PGSQL_STATEMENT_MAX);
	sql_name_quote(&name, SQL_PGSQL, map->table);
	pgsql_begin(pg, deadline_ns, PGSQL_ANSWER_MAX);
	result = select_by(pg, columns_query, buf_slice(&name), add_column, table_r, error_r);
	if (result == SQL_OK)
		result = select_by(pg, keys_query, buf_slice(&name), add_key_column, table_r,
				   error_r);
	buf_release(&name);
	return result;
}
