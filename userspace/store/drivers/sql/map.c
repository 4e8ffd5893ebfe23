/* SPDX-License-Identifier: MIT */
#include "store/drivers/sql/map.h"

#include <stdlib.h>

static void sql_map_release(struct sql_map *map)
{
	for (size_t i = 0; i < map->column_count; i++) {
		free(map->columns[i].name);
		free(map->columns[i].variable);
	}
	free(map->pattern);
	free(map->table);
	free(map->service);
	free(map->where);
}

void sql_map_set_release(struct sql_map_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->count; i++)
		sql_map_release(&set->maps[i]);
	free(set->maps);
	*set = (struct sql_map_set){0};
}

/* --- matching ---------------------------------------------------------------------------------*/

/* Where matching stands in the key, and the first key part that is not behind it. */
struct cursor {
	const struct sql_key *key;
	bool strict;
	size_t at;
	size_t part;
};

static bool inside_part(struct cursor *cursor, size_t at)
{
	const struct sql_key *key = cursor->key;

	while (cursor->part < key->part_count &&
	       key->parts[cursor->part].offset + key->parts[cursor->part].len <= at)
		cursor->part++;
	return cursor->part < key->part_count && key->parts[cursor->part].offset <= at;
}

/* Positions only grow, so the parts are walked once per key. */
static bool is_separator(struct cursor *cursor, size_t at)
{
	return cursor->key->text.ptr[at] == '/' && (cursor->strict || !inside_part(cursor, at));
}

static bool match_literal(struct cursor *cursor, char c)
{
	const struct sql_key *key = cursor->key;

	if (cursor->at >= key->text.len || key->text.ptr[cursor->at] != c)
		return false;
	if (c == '/' && !is_separator(cursor, cursor->at))
		return false;
	cursor->at++;
	return true;
}

static bool may_be_empty(const struct cursor *cursor)
{
	const struct sql_key *key = cursor->key;

	for (size_t i = 0; !cursor->strict && i < key->part_count; i++)
		if (key->parts[i].offset == cursor->at && key->parts[i].len == 0)
			return strcmp(key->parts[i].variable, "user") != 0;
	return false;
}

static bool match_variable(struct cursor *cursor, bool last, struct slice *value_r)
{
	struct slice key = cursor->key->text;
	size_t end = cursor->at;

	if (last)
		end = key.len;
	while (end < key.len && !is_separator(cursor, end))
		end++;
	*value_r = (struct slice){key.ptr + cursor->at, end - cursor->at};
	if (last && value_r->len == 0 && !may_be_empty(cursor))
		return false;
	cursor->at = end;
	return true;
}

/* Where no "/" is left, Dovecot also steps over the byte behind the variable: "$user/" and
 * "${user}x" match a key that ends with the user. */
static bool skips_next(const struct cursor *cursor, const struct slice *value)
{
	return cursor->strict && value->len > 0 && cursor->at == cursor->key->text.len;
}

bool sql_map_match(const struct sql_map *map, const struct sql_key *key, bool strict,
		   struct slice values_r[SQL_COLUMNS_MAX])
{
	struct cursor cursor = {.key = key, .strict = strict};
	struct slice values[SQL_COLUMNS_MAX];
	size_t column = 1;

	for (const char *p = map->pattern; *p != '\0'; p++) {
		if (*p != '$') {
			if (!match_literal(&cursor, *p))
				return false;
		} else if (!match_variable(&cursor, p[1] == '\0', &values[column])) {
			return false;
		} else if (skips_next(&cursor, &values[column++]) && p[1] != '\0') {
			p++;
		}
	}
	if (cursor.at != key->text.len)
		return false;
	memcpy(values_r + 1, values + 1, (column - 1) * sizeof(*values));
	return true;
}

const struct sql_map *sql_map_set_find(const struct sql_map_set *set, const struct sql_key *key,
				       bool strict, struct slice values_r[SQL_COLUMNS_MAX])
{
	for (size_t i = 0; i < set->count; i++)
		if (sql_map_match(&set->maps[i], key, strict, values_r))
			return &set->maps[i];
	return NULL;
}

/* --- roles ------------------------------------------------------------------------------------*/

static const char *const role_names[SQL_ROLE_COUNT][8] = {
	[SQL_ROLE_USER] = {"user", "username", "userid", "user_id", "u", "login", "account"},
	[SQL_ROLE_SERVICE] = {"service", "protocol", "proto", "s"},
	[SQL_ROLE_REMOTE_IP] = {"remote_ip", "rip", "ip", "last_ip", "r", "address"},
};

static bool has_role(const char *name, enum sql_role role)
{
	for (size_t i = 0; i < 8 && role_names[role][i]; i++)
		if (strcmp(name, role_names[role][i]) == 0)
			return true;
	return false;
}

size_t sql_map_role(const struct sql_map *map, enum sql_role role)
{
	for (size_t i = 1; i < map->column_count; i++)
		if (has_role(map->columns[i].variable, role))
			return i;
	for (size_t i = 1; i < map->column_count; i++)
		if (has_role(map->columns[i].name, role))
			return i;
	return 0;
}
