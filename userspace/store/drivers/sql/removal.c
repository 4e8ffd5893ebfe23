/* SPDX-License-Identifier: MIT */
#include "store/drivers/sql/removal.h"

#include <errno.h>

#include "store/drivers/sql/expire.h"

/* --- what becomes of a column --------------------------------------------------------------- */

static const struct sql_table_column *find_column(enum sql_dialect dialect,
						  const struct sql_table *table, const char *name)
{
	for (size_t i = 0; i < table->column_count; i++) {
		if (sql_name_is(dialect, name, table->columns[i].name))
			return &table->columns[i];
	}
	return NULL;
}

static bool in_key(enum sql_dialect dialect, const struct sql_table *table, const char *name)
{
	for (size_t i = 0; i < table->key_count; i++) {
		for (size_t j = 0; j < table->keys[i].column_count; j++) {
			if (sql_name_is(dialect, name, table->keys[i].columns[j]))
				return true;
		}
	}
	return false;
}

/* What reads it takes 0 and an empty text for no login. */
static const char *nothing_of(const struct sql_table_column *column)
{
	if (column->nullable)
		return "NULL";
	switch (column->storage) {
	case SQL_STORAGE_ANY:
	case SQL_STORAGE_TEXT:
	case SQL_STORAGE_BYTES:
		return "''";
	case SQL_STORAGE_NUMBER:
	case SQL_STORAGE_SMALL:
		return "0";
	case SQL_STORAGE_OTHER:
		break;
	}
	return NULL;
}

static int empty_column(struct sql_removal *removal, size_t index, enum sql_dialect dialect,
			const struct sql_table *table, struct error *error_r)
{
	const struct sql_map *map = removal->map;
	const char *name = map->columns[index].name;
	const struct sql_table_column *column = find_column(dialect, table, name);

	if (removal->columns->of_user >> index & 1 || (index > 0 && in_key(dialect, table, name)))
		return 0;
	removal->empty[index] = column ? nothing_of(column) : NULL;
	if (removal->empty[index])
		return 0;
	return error_set(
		error_r, EINVAL,
		"%s: table %s has columns that are in no map, so its rows stay, and column "
		"%s takes neither NULL nor anything else that means no login",
		map->where, map->table, name);
}

int sql_removal_make(const struct sql_map_set *set, const struct sql_map *map,
		     const struct sql_columns *columns, enum sql_dialect dialect,
		     const struct sql_table *table, struct sql_removal *removal_r,
		     struct error *error_r)
{
	int ret = 0;

	*removal_r = (struct sql_removal){.map = map, .columns = columns};
	if (table->column_count == 0)
		return error_set(error_r, EINVAL, "%s: there is no table %s", map->where,
				 map->table);
	removal_r->rows = sql_expiry_check_table(set, map, dialect, table, NULL) == 0;
	for (size_t i = 0; i < map->column_count && ret == 0 && !removal_r->rows; i++)
		ret = empty_column(removal_r, i, dialect, table, error_r);
	return ret;
}

/* --- the statements ------------------------------------------------------------------------- */

static void put_condition(struct sql_select *select, enum sql_dialect dialect,
			  const struct sql_removal *removal)
{
	sql_select_where_user_alone(select, dialect, removal->map, removal->columns);
	if (removal->rows)
		return;
	buf_append_str(&select->text, " AND ");
	sql_name_quote(&select->text, dialect, removal->map->columns[0].name);
	if (!removal->empty[0] || strcmp(removal->empty[0], "NULL") == 0)
		buf_append_str(&select->text, " IS NOT NULL");
	else
		buf_appendf(&select->text, "<>%s", removal->empty[0]);
}

int sql_removal_count(struct sql_select *select, enum sql_dialect dialect,
		      const struct sql_removal *removal)
{
	buf_append_str(&select->text, "SELECT 1 FROM ");
	sql_name_quote(&select->text, dialect, removal->map->table);
	put_condition(select, dialect, removal);
	return select->text.failed;
}

int sql_removal_statement(struct sql_select *select, enum sql_dialect dialect,
			  const struct sql_removal *removal)
{
	const char *before = " SET ";

	buf_append_str(&select->text, removal->rows ? "DELETE FROM " : "UPDATE ");
	sql_name_quote(&select->text, dialect, removal->map->table);
	for (size_t i = 0; i < removal->map->column_count && !removal->rows; i++) {
		if (!removal->empty[i])
			continue;
		buf_append_str(&select->text, before);
		sql_name_quote(&select->text, dialect, removal->map->columns[i].name);
		buf_appendf(&select->text, "=%s", removal->empty[i]);
		before = ",";
	}
	put_condition(select, dialect, removal);
	return select->text.failed;
}
