/* SPDX-License-Identifier: MIT */
#include "store/drivers/sql/expire.h"

#include <errno.h>
#include <inttypes.h>

/* --- what may be removed ------------------------------------------------------------------- */

static bool same_table(const struct sql_map *a, const struct sql_map *b)
{
	return strcmp(a->table, b->table) == 0;
}

static bool is_mapped(const struct sql_map_set *set, const struct sql_map *of,
		      enum sql_dialect dialect, const char *column)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct sql_map *map = &set->maps[i];

		for (size_t j = 0; same_table(map, of) && j < map->column_count; j++) {
			if (sql_name_is(dialect, map->columns[j].name, column))
				return true;
		}
	}
	return false;
}

int sql_expiry_check_table(const struct sql_map_set *set, const struct sql_map *map,
			   enum sql_dialect dialect, const struct sql_table *table,
			   struct error *error_r)
{
	if (table->column_count == 0)
		return error_set(error_r, EINVAL, "%s: there is no table %s", map->where,
				 map->table);
	for (size_t i = 0; i < table->column_count; i++) {
		if (!is_mapped(set, map, dialect, table->columns[i].name) ||
		    table->column_count == SQL_TABLE_COLUMNS_MAX)
			return error_set(
				error_r, EINVAL,
				"%s: table %s has a column %s that is in no map: there is more "
				"than last logins in it, so no row is removed",
				map->where, map->table, table->columns[i].name);
	}
	return 0;
}

static bool is_number(enum sql_dialect dialect, const struct sql_table *table, const char *name)
{
	for (size_t i = 0; i < table->column_count; i++) {
		enum sql_storage storage = table->columns[i].storage;

		if (sql_name_is(dialect, name, table->columns[i].name))
			return storage == SQL_STORAGE_ANY || storage == SQL_STORAGE_NUMBER ||
			       storage == SQL_STORAGE_SMALL;
	}
	return false;
}

static bool has_time(const struct sql_expiry *expiry, const char *name)
{
	for (size_t i = 0; i < expiry->time_count; i++) {
		if (strcmp(expiry->times[i], name) == 0)
			return true;
	}
	return false;
}

static int add_time(struct sql_expiry *expiry, const struct sql_map *map, enum sql_dialect dialect,
		    const struct sql_table *table, struct error *error_r)
{
	const char *name = map->columns[0].name;

	if (has_time(expiry, name))
		return 0;
	if (!is_number(dialect, table, name) || expiry->time_count == SQL_COLUMNS_MAX)
		return error_set(
			error_r, EINVAL,
			"%s: column %s of table %s is no number: which rows are old cannot be "
			"determined",
			map->where, name, map->table);
	expiry->times[expiry->time_count++] = name;
	return 0;
}

static int add_times(struct sql_expiry *expiry, const struct sql_map_set *set,
		     const struct sql_map *map, enum sql_dialect dialect,
		     const struct sql_table *table, struct error *error_r)
{
	int ret = 0;

	for (size_t i = 0; i < set->count && ret == 0; i++) {
		if (same_table(&set->maps[i], map))
			ret = add_time(expiry, &set->maps[i], dialect, table, error_r);
	}
	return ret;
}

static void add_key(struct sql_expiry *expiry, const struct sql_table *table)
{
	for (size_t i = 0; i < table->key_count && expiry->key_count == 0; i++) {
		const struct sql_table_key *key = &table->keys[i];

		for (size_t j = 0; !key->unusable && j < key->column_count; j++)
			expiry->keys[expiry->key_count++] = key->columns[j];
	}
}

int sql_expiry_make(const struct sql_map_set *set, size_t map_index, enum sql_dialect dialect,
		    const struct sql_table *table, struct sql_expiry *expiry_r,
		    struct error *error_r)
{
	const struct sql_map *map = &set->maps[map_index];
	int ret = sql_expiry_check_table(set, map, dialect, table, error_r);

	*expiry_r = (struct sql_expiry){.table = map->table};
	if (ret == 0)
		ret = add_times(expiry_r, set, map, dialect, table, error_r);
	add_key(expiry_r, table);
	if (ret == 0 && dialect == SQL_SQLITE && expiry_r->key_count == 0)
		ret = error_set(error_r, EINVAL, "%s: table %s has no unique key", map->where,
				map->table);
	return ret;
}

/* --- the statement ------------------------------------------------------------------------- */

/* Seconds, milliseconds, microseconds, nanoseconds: the smallest number that is such a time. */
static const struct {
	int64_t smallest, per_unit_ns;
} units[] = {
	{INT64_C(1000000000), 1000000000},
	{INT64_C(1000000000000), 1000000},
	{INT64_C(1000000000000000), 1000},
	{INT64_C(1000000000000000000), 1},
};

static void put_old(struct buf *out, enum sql_dialect dialect, const char *name,
		    int64_t older_than_ns)
{
	buf_append_char(out, '(');
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		buf_append_str(out, i > 0 ? " OR (" : "(");
		sql_name_quote(out, dialect, name);
		buf_appendf(out, ">=%" PRId64 " AND ", units[i].smallest);
		sql_name_quote(out, dialect, name);
		buf_appendf(out, "<%" PRId64 ")", older_than_ns / units[i].per_unit_ns);
	}
	buf_append_char(out, ')');
	/* SQLite keeps texts in columns of numbers, too, and orders them behind all of those. */
	if (dialect == SQL_SQLITE) {
		buf_append_str(out, " AND typeof(");
		sql_name_quote(out, dialect, name);
		buf_append_str(out, ")='integer'");
	}
}

static void put_condition(struct buf *out, enum sql_dialect dialect,
			  const struct sql_expiry *expiry, int64_t older_than_ns)
{
	for (size_t i = 0; i < expiry->time_count; i++) {
		buf_append_str(out, i > 0 ? " OR (" : "((");
		put_old(out, dialect, expiry->times[i], older_than_ns);
		buf_append_char(out, ')');
	}
	buf_append_char(out, ')');
	for (size_t i = 0; expiry->time_count > 1 && i < expiry->time_count; i++) {
		buf_append_str(out, " AND (");
		sql_name_quote(out, dialect, expiry->times[i]);
		buf_append_str(out, " IS NULL OR (");
		put_old(out, dialect, expiry->times[i], older_than_ns);
		buf_append_str(out, "))");
	}
}

static void put_keys(struct buf *out, const struct sql_expiry *expiry)
{
	for (size_t i = 0; i < expiry->key_count; i++) {
		buf_append_str(out, i > 0 ? ",\"" : "\"");
		/* The catalogue's spelling may be anything. */
		for (const char *c = expiry->keys[i]; *c; c++)
			buf_append_str(out, *c == '"' ? "\"\"" : (const char[]){*c, '\0'});
		buf_append_char(out, '"');
	}
}

static void put_rows(struct buf *out, enum sql_dialect dialect, const struct sql_expiry *expiry)
{
	if (dialect == SQL_PGSQL)
		buf_append_str(out, "ctid");
	else
		put_keys(out, expiry);
}

int sql_expiry_statement(struct buf *out, enum sql_dialect dialect, const struct sql_expiry *expiry,
			 int64_t older_than_ns, size_t limit)
{
	buf_append_str(out, "DELETE FROM ");
	sql_name_quote(out, dialect, expiry->table);
	buf_append_str(out, " WHERE ");
	if (dialect != SQL_MYSQL) {
		buf_append_str(out, dialect == SQL_PGSQL ? "" : "(");
		put_rows(out, dialect, expiry);
		buf_append_str(out, dialect == SQL_PGSQL ? " IN (SELECT " : ") IN (SELECT ");
		put_rows(out, dialect, expiry);
		buf_append_str(out, " FROM ");
		sql_name_quote(out, dialect, expiry->table);
		buf_append_str(out, " WHERE ");
	}
	put_condition(out, dialect, expiry, older_than_ns);
	buf_appendf(out, " LIMIT %zu", limit);
	if (dialect != SQL_MYSQL)
		buf_append_char(out, ')');
	/* A login may have moved a row on while we waited for its lock. */
	if (dialect == SQL_PGSQL) {
		buf_append_str(out, " AND ");
		put_condition(out, dialect, expiry, older_than_ns);
	}
	return out->failed;
}

int sql_expiry_select(struct buf *out, enum sql_dialect dialect, const struct sql_expiry *expiry,
		      const struct sql_map *map, int64_t older_than_ns)
{
	for (size_t i = 0; i < map->column_count; i++) {
		buf_append_str(out, i > 0 ? "," : "SELECT ");
		sql_name_quote(out, dialect, map->columns[i].name);
	}
	buf_append_str(out, " FROM ");
	sql_name_quote(out, dialect, expiry->table);
	buf_append_str(out, " WHERE ");
	put_condition(out, dialect, expiry, older_than_ns);
	return out->failed;
}
