/* SPDX-License-Identifier: MIT */
#include "store/drivers/sql/select.h"

#include <errno.h>
#include <inttypes.h>

#define TEXT_MAX (1U << 20)

void sql_select_init(struct sql_select *select)
{
	*select = (struct sql_select){.param_count = 0};
	buf_init(&select->text, TEXT_MAX);
}

void sql_select_release(struct sql_select *select)
{
	buf_release(&select->text);
}

static void put(struct sql_select *select, const char *text)
{
	buf_append_str(&select->text, text);
}

static void put_column(struct sql_select *select, enum sql_dialect dialect,
		       const struct sql_map *map, size_t column)
{
	sql_name_quote(&select->text, dialect, map->columns[column].name);
}

static void put_param(struct sql_select *select, enum sql_dialect dialect, struct slice value)
{
	if (select->param_count == SQL_PARAMS_MAX) {
		select->text.failed = -E2BIG;
		return;
	}
	select->params[select->param_count++] = value;
	if (dialect == SQL_PGSQL)
		buf_appendf(&select->text, "$%zu", select->param_count);
	else
		put(select, "?");
}

static void put_from(struct sql_select *select, enum sql_dialect dialect, const struct sql_map *map)
{
	put(select, "SELECT ");
	for (size_t i = 0; i < map->column_count; i++) {
		put(select, i ? "," : "");
		put_column(select, dialect, map, i);
	}
	put(select, " FROM ");
	sql_name_quote(&select->text, dialect, map->table);
}

void sql_select_where_user(struct sql_select *select, enum sql_dialect dialect,
			   const struct sql_map *map, const struct sql_columns *columns)
{
	const char *before = " WHERE ";

	for (size_t i = 1; i < map->column_count; i++) {
		if (!(columns->of_user >> i & 1))
			continue;
		put(select, before);
		put_column(select, dialect, map, i);
		put(select, "=");
		put_param(select, dialect, columns->values[i]);
		before = " AND ";
	}
}

/* One name in the column's own letters, and the same in those of the other side. */
static void put_as_bytes(struct sql_select *select, enum sql_dialect dialect,
			 const struct sql_map *map, const struct sql_columns *columns,
			 size_t column)
{
	put(select, " AND CAST(LOWER(CONVERT(");
	put_column(select, dialect, map, column);
	put(select, " USING utf8mb4)) AS BINARY)=CAST(LOWER(CONVERT(");
	put_param(select, dialect, columns->values[column]);
	put(select, " USING utf8mb4)) AS BINARY)");
}

void sql_select_where_user_alone(struct sql_select *select, enum sql_dialect dialect,
				 const struct sql_map *map, const struct sql_columns *columns)
{
	sql_select_where_user(select, dialect, map, columns);
	for (size_t i = 1; i < map->column_count && dialect == SQL_MYSQL; i++) {
		if (columns->of_user >> i & 1)
			put_as_bytes(select, dialect, map, columns, i);
	}
}

int sql_select_of_user(struct sql_select *select, enum sql_dialect dialect,
		       const struct sql_map *map, const struct sql_columns *columns)
{
	put_from(select, dialect, map);
	sql_select_where_user(select, dialect, map, columns);
	return select->text.failed;
}

int sql_select_all(struct sql_select *select, enum sql_dialect dialect, const struct sql_map *map)
{
	put_from(select, dialect, map);
	put(select, " WHERE ");
	put_column(select, dialect, map, 0);
	put(select, " IS NOT NULL");
	return select->text.failed;
}

int sql_select_any(struct sql_select *select, enum sql_dialect dialect, const struct sql_map *map)
{
	(void)sql_select_all(select, dialect, map);
	put(select, " AND CAST(");
	put_column(select, dialect, map, 0);
	put(select, dialect == SQL_MYSQL ? " AS CHAR(40))" : " AS TEXT)");
	put(select, " NOT IN ('','0','never','NULL','0000-00-00 00:00:00') LIMIT 1");
	return select->text.failed;
}

int sql_select_like(struct sql_select *select, enum sql_dialect dialect, const struct sql_map *map,
		    const struct sql_columns *columns, struct slice like)
{
	put(select, " AND ");
	put_column(select, dialect, map, columns->user);
	put(select, " LIKE ");
	put_param(select, dialect, like);
	put(select, " ESCAPE '!'");
	return select->text.failed;
}

/* --- who has a record that is new enough ------------------------------------------------------ */

/* Seconds, milliseconds, microseconds, nanoseconds: the smallest number that is such a time. */
static const struct {
	int64_t smallest, per_unit_ns;
} units[] = {
	{INT64_C(1), 1000000000},
	{INT64_C(1000000000000), 1000000},
	{INT64_C(1000000000000000), 1000},
	{INT64_C(1000000000000000000), 1},
};

#define UNITS (sizeof(units) / sizeof(units[0]))

/* The first whole unit that is not older: what is cut to units belongs to the younger. */
static int64_t first_of(size_t unit, int64_t older_than_ns)
{
	int64_t first = older_than_ns / units[unit].per_unit_ns;

	return first < units[unit].smallest ? units[unit].smallest : first;
}

static void put_newer(struct sql_select *select, enum sql_dialect dialect,
		      const struct sql_map *map, int64_t older_than_ns)
{
	for (size_t i = 0; i < UNITS; i++) {
		put(select, i ? " OR (" : " AND ((");
		put_column(select, dialect, map, 0);
		buf_appendf(&select->text, ">=%" PRId64, first_of(i, older_than_ns));
		if (i + 1 < UNITS) {
			put(select, " AND ");
			put_column(select, dialect, map, 0);
			buf_appendf(&select->text, "<%" PRId64, units[i + 1].smallest);
		}
		put(select, ")");
	}
	put(select, ")");
	if (dialect != SQL_SQLITE) /* which keeps texts among numbers, and has them the largest */
		return;
	put(select, " AND typeof(");
	put_column(select, dialect, map, 0);
	put(select, ")='integer'");
}

static void put_user(struct sql_select *select, enum sql_dialect dialect, const struct sql_map *map,
		     const struct sql_columns *columns, const char *behind)
{
	if (columns->user) {
		put_column(select, dialect, map, columns->user);
		put(select, behind);
		return;
	}
	put_column(select, dialect, map, columns->username);
	put(select, behind);
	if (!columns->domain)
		return;
	put(select, *behind ? " AND " : ",");
	put_column(select, dialect, map, columns->domain);
	put(select, behind);
}

static void put_unjudged(struct sql_select *select, enum sql_dialect dialect,
			 const struct sql_judge *judge)
{
	if (!judge->columns->service || !judge->unjudged[0])
		return;
	put(select, " AND ");
	put_column(select, dialect, judge->map, judge->columns->service);
	for (size_t i = 0; judge->unjudged[i]; i++) {
		put(select, i ? "," : " NOT IN (");
		put_param(select, dialect, slice_str(judge->unjudged[i]));
	}
	put(select, ")");
}

int sql_select_inactive(struct sql_select *select, enum sql_dialect dialect,
			const struct sql_map *map, const struct sql_columns *columns,
			const struct sql_judge *judge, int64_t older_than_ns)
{
	put(select, " AND (");
	put_user(select, dialect, map, columns, "");
	put(select, ") NOT IN (SELECT ");
	put_user(select, dialect, judge->map, judge->columns, "");
	put(select, " FROM ");
	sql_name_quote(&select->text, dialect, judge->map->table);
	put(select, " WHERE ");
	put_user(select, dialect, judge->map, judge->columns, " IS NOT NULL");
	put_unjudged(select, dialect, judge);
	put_newer(select, dialect, judge->map, older_than_ns);
	put(select, ")");
	return select->text.failed;
}
