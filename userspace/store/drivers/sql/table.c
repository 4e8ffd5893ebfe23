/* SPDX-License-Identifier: MIT */
#include "store/drivers/sql/table.h"

#include <errno.h>

/* Words that a type begins with; the first match counts. max: of SMALL, and without a sign. */
static const struct {
	const char *word;
	enum sql_storage storage;
	int64_t max, max_unsigned;
} storages[] = {
	{"bigint", SQL_STORAGE_NUMBER, 0, 0},
	{"int8", SQL_STORAGE_NUMBER, 0, 0},
	{"decimal", SQL_STORAGE_NUMBER, 0, 0},
	{"numeric", SQL_STORAGE_NUMBER, 0, 0},
	{"double", SQL_STORAGE_NUMBER, 0, 0},
	{"interval", SQL_STORAGE_OTHER, 0, 0},
	{"int", SQL_STORAGE_SMALL, INT32_MAX, UINT32_MAX}, /* and integer */
	{"tinyint", SQL_STORAGE_SMALL, INT8_MAX, UINT8_MAX},
	{"smallint", SQL_STORAGE_SMALL, INT16_MAX, UINT16_MAX},
	{"mediumint", SQL_STORAGE_SMALL, (1 << 23) - 1, (1 << 24) - 1},
	{"float", SQL_STORAGE_SMALL, 1 << 24, 1 << 24}, /* what is larger loses digits */
	{"real", SQL_STORAGE_SMALL, 1 << 24, 1 << 24},
	{"char", SQL_STORAGE_TEXT, 0, 0}, /* and character varying */
	{"varchar", SQL_STORAGE_TEXT, 0, 0},
	{"text", SQL_STORAGE_TEXT, 0, 0},
	{"tinytext", SQL_STORAGE_TEXT, 0, 0},
	{"mediumtext", SQL_STORAGE_TEXT, 0, 0},
	{"longtext", SQL_STORAGE_TEXT, 0, 0},
	{"bpchar", SQL_STORAGE_TEXT, 0, 0},
	{"citext", SQL_STORAGE_TEXT, 0, 0},
	{"bytea", SQL_STORAGE_BYTES, 0, 0},
	{"blob", SQL_STORAGE_BYTES, 0, 0},
	{"tinyblob", SQL_STORAGE_BYTES, 0, 0},
	{"mediumblob", SQL_STORAGE_BYTES, 0, 0},
	{"longblob", SQL_STORAGE_BYTES, 0, 0},
	{"binary", SQL_STORAGE_BYTES, 0, 0},
	{"varbinary", SQL_STORAGE_BYTES, 0, 0},
};

static void set_storage(struct sql_table_column *column, enum sql_dialect dialect)
{
	column->storage = SQL_STORAGE_OTHER;
	if (dialect == SQL_SQLITE)
		column->storage = SQL_STORAGE_ANY;
	for (size_t i = 0; dialect != SQL_SQLITE && i < sizeof(storages) / sizeof(*storages); i++) {
		if (strncasecmp(column->type, storages[i].word, strlen(storages[i].word)) != 0)
			continue;
		column->storage = storages[i].storage;
		column->max = strstr(column->type, "unsigned") ? storages[i].max_unsigned
							       : storages[i].max;
		break;
	}
}

static void copy_name(char out[SQL_NAME_SIZE], struct slice name)
{
	snprintf(out, SQL_NAME_SIZE, "%.*s", (int)name.len, name.len ? name.ptr : "");
}

size_t sql_length(struct slice text)
{
	struct sql_value value;

	return sql_value_parse(SQL_TYPE_UINT, text, &value) ? (size_t)value.number : 0;
}

void sql_table_add_column(struct sql_table *table, enum sql_dialect dialect,
			  const struct sql_column_row *row)
{
	struct sql_table_column *column;

	if (table->column_count == SQL_TABLE_COLUMNS_MAX)
		return;
	column = &table->columns[table->column_count++];
	*column = (struct sql_table_column){
		.nullable = row->nullable, .filled = row->filled, .length = row->length};
	copy_name(column->name, row->name);
	copy_name(column->type, row->type);
	set_storage(column, dialect);
}

void sql_table_add_key_column(struct sql_table *table, struct slice key, struct slice column,
			      bool unusable)
{
	size_t max = sizeof(table->keys) / sizeof(*table->keys);
	struct sql_table_key *last = table->key_count ? &table->keys[table->key_count - 1] : NULL;

	if (!last || !slice_is(key, last->name)) {
		if (table->key_count == max)
			return;
		last = &table->keys[table->key_count++];
		*last = (struct sql_table_key){0};
		copy_name(last->name, key);
	}
	if (unusable || last->column_count == SQL_KEY_COLUMNS_MAX)
		last->unusable = true;
	else
		copy_name(last->columns[last->column_count++], column);
}

/* --- the plan ---------------------------------------------------------------------------------*/

static const struct sql_table_column *find_column(const struct sql_table *table,
						  enum sql_dialect dialect, const char *name)
{
	for (size_t i = 0; i < table->column_count; i++)
		if (sql_name_is(dialect, name, table->columns[i].name))
			return &table->columns[i];
	return NULL;
}

/* The map's column of that catalogue name, or column_count. */
static size_t find_in_map(const struct sql_map *map, enum sql_dialect dialect, const char *column)
{
	size_t i = 0;

	while (i < map->column_count && !sql_name_is(dialect, map->columns[i].name, column))
		i++;
	return i;
}

/* A number into a column that is too small fails for every login: report it before the first. */
static int check_type(const struct sql_map *map, const struct sql_table_column *column,
		      const struct sql_need *need, struct error *error_r)
{
	enum sql_type type = map->columns[0].type;
	bool number = type == SQL_TYPE_INT || type == SQL_TYPE_UINT;
	const char *right = NULL;

	if (column->storage == SQL_STORAGE_SMALL && need && need->value > column->max)
		right = column->max < INT32_MAX
				? "BIGINT"
				: "a 64-bit integer (BIGINT), or last_login_precision = s";
	else if (column->storage == SQL_STORAGE_OTHER ||
		 (number && column->storage == SQL_STORAGE_BYTES))
		right = "BIGINT, which a view can show as a time";
	else if (type == SQL_TYPE_HEXBLOB && column->storage == SQL_STORAGE_NUMBER)
		right = "a binary column";
	if (!right)
		return 0;
	return error_set(error_r, EINVAL, "%s: table %s, column %s is %s; the map's %s needs %s",
			 map->where, map->table, column->name, column->type, sql_type_name(type),
			 right);
}

static int plan_columns(const struct sql_map *map, enum sql_dialect dialect,
			const struct sql_table *table, const struct sql_need *need,
			struct sql_plan *plan, struct error *error_r)
{
	for (size_t i = 0; i < map->column_count; i++) {
		const struct sql_column *wanted = &map->columns[i];
		const struct sql_table_column *found = find_column(table, dialect, wanted->name);
		int ret;

		if (!found)
			return error_set(error_r, EINVAL, "%s: table %s has no column %s",
					 map->where, map->table, wanted->name);
		/* Only the time's column is held to its type: the keys may be of any width. */
		ret = i == 0 ? check_type(map, found, need, error_r) : 0;
		if (ret < 0)
			return ret;
		memcpy(plan->columns[i].type, found->type, SQL_NAME_SIZE);
		plan->columns[i].storage = found->storage;
		plan->columns[i].max = found->max;
		plan->columns[i].nullable = found->nullable;
	}
	return 0;
}

/* Marks the key's columns; false when one of them is not written by the map. */
static bool take_key(const struct sql_map *map, enum sql_dialect dialect,
		     const struct sql_table_key *key, struct sql_plan *plan)
{
	bool in_key[SQL_COLUMNS_MAX] = {false};

	for (size_t i = 0; i < key->column_count; i++) {
		size_t column = find_in_map(map, dialect, key->columns[i]);

		if (column == 0 || column == map->column_count)
			return false;
		in_key[column] = true;
	}
	for (size_t i = 0; i < map->column_count; i++)
		plan->columns[i].in_key = in_key[i];
	return key->column_count > 0 && !key->unusable;
}

static bool time_is_in_key(const struct sql_map *map, enum sql_dialect dialect,
			   const struct sql_table *table)
{
	for (size_t i = 0; i < table->key_count; i++)
		for (size_t j = 0; j < table->keys[i].column_count; j++)
			if (sql_name_is(dialect, map->columns[0].name, table->keys[i].columns[j]))
				return true;
	return false;
}

static int plan_key(const struct sql_map *map, enum sql_dialect dialect,
		    const struct sql_table *table, struct sql_plan *plan, struct error *error_r)
{
	size_t user = sql_map_role(map, SQL_ROLE_USER);
	size_t service = sql_map_role(map, SQL_ROLE_SERVICE);

	for (size_t i = 0; i < table->key_count; i++)
		if (take_key(map, dialect, &table->keys[i], plan))
			return 0;
	if (map->key)
		return error_set(error_r, EINVAL, "%s: table %s needs PRIMARY KEY (%s)", map->where,
				 map->table, map->key);
	if (table->view)
		return error_set(error_r, EINVAL,
				 "%s: %s is a view, whose keys are not known; name the table that "
				 "it shows",
				 map->where, map->table);
	return error_set(
		error_r, EINVAL,
		"%s: table %s has no primary or unique key among the columns of the map%s; "
		"add PRIMARY KEY (%s%s%s)%s",
		map->where, map->table,
		time_is_in_key(map, dialect, table) ? " but with the time in it" : "",
		user ? map->columns[user].name : "...", user && service ? ", " : "",
		user && service ? map->columns[service].name : "",
		dialect == SQL_MYSQL ? ", or compat = strict to append a row for each "
				       "login, as the plugin does"
				     : "");
}

/* An INSERT that leaves such a column out is refused whether the row exists or not. */
static int check_others(const struct sql_map *map, enum sql_dialect dialect,
			const struct sql_table *table, struct error *error_r)
{
	for (size_t i = 0; i < table->column_count; i++) {
		const struct sql_table_column *column = &table->columns[i];

		if (column->nullable || column->filled ||
		    find_in_map(map, dialect, column->name) < map->column_count)
			continue;
		return error_set(error_r, EINVAL,
				 "%s: table %s, column %s is NOT NULL without a default and the "
				 "map does not write it; give it a DEFAULT",
				 map->where, map->table, column->name);
	}
	return 0;
}

int sql_plan_make(const struct sql_map *map, enum sql_dialect dialect,
		  const struct sql_table *table, const struct sql_need *need,
		  struct sql_plan *plan_r, struct error *error_r)
{
	struct sql_plan plan = {0};
	int ret;

	if (table->column_count == 0)
		return error_set(error_r, ENOENT, "%s: there is no table %s, or no right to see it",
				 map->where, map->table);
	ret = plan_columns(map, dialect, table, need, &plan, error_r);
	if (ret == 0)
		ret = plan_key(map, dialect, table, &plan, error_r);
	if (ret == 0)
		ret = check_others(map, dialect, table, error_r);
	if (ret == 0)
		*plan_r = plan;
	return ret;
}

int sql_need_check(const struct sql_map *map, enum sql_dialect dialect,
		   const struct sql_table *table, const struct sql_need *need,
		   struct error *error_r)
{
	size_t service = sql_map_role(map, SQL_ROLE_SERVICE);
	const struct sql_table_column *column =
		service ? find_column(table, dialect, map->columns[service].name) : NULL;
	size_t wanted = strlen(need->service);

	if (!column || column->length == 0 || wanted <= column->length)
		return 0;
	return error_set(error_r, EINVAL,
			 "%s: table %s, column %s is %s(%zu), and \"%s\" does not fit: its logins "
			 "would be refused; make it VARCHAR(20)",
			 map->where, map->table, column->name, column->type, column->length,
			 need->service);
}

bool sql_plan_fill_empty(const struct sql_plan *plan, size_t column, struct sql_value *value)
{
	enum sql_storage storage = plan->columns[column].storage;

	*value = (struct sql_value){.type = SQL_TYPE_STRING};
	if (storage == SQL_STORAGE_TEXT || storage == SQL_STORAGE_ANY ||
	    storage == SQL_STORAGE_BYTES)
		return true;
	value->null = true;
	return plan->columns[column].nullable && !plan->columns[column].in_key;
}
