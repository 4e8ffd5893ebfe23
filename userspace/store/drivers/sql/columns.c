/* SPDX-License-Identifier: MIT */
#include "store/drivers/sql/columns.h"

static bool overlaps(struct slice value, const struct dict_key *key, const struct key_part *part)
{
	const char *start = key->text.ptr + part->offset;

	return part->len > 0 && start < value.ptr + value.len && value.ptr < start + part->len;
}

static void note_variable(struct sql_columns *columns, size_t column, const char *variable)
{
	const struct {
		const char *variable;
		size_t *column;
	} roles[] = {
		{"user", &columns->user},	 {"username", &columns->username},
		{"domain", &columns->domain},	 {"service", &columns->service},
		{"protocol", &columns->service}, {"remote_ip", &columns->remote_ip},
	};

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		if (strcmp(variable, roles[i].variable) == 0 && *roles[i].column == 0)
			*roles[i].column = column;
	}
}

static void note_column(struct sql_columns *columns, size_t column)
{
	const struct dict_key *key = columns->key;
	bool of_user = false, unknown = false;

	for (size_t i = 0; i < key->part_count; i++) {
		if (!overlaps(columns->values[column], key, &key->parts[i]))
			continue;
		note_variable(columns, column, key->parts[i].variable);
		of_user |= key->of_user >> i & 1;
		unknown |= (key->open & ~key->of_user) >> i & 1;
	}
	if (of_user && !unknown)
		columns->of_user |= UINT32_C(1) << column;
}

/* A text that a modifier has changed is not called "user", but is all there is of one. */
static void fall_back(struct sql_columns *columns, const struct sql_map *map)
{
	if (!columns->user && !columns->username && columns->of_user)
		columns->user = (size_t)__builtin_ctz(columns->of_user);
	if (!columns->service)
		columns->service = sql_map_role(map, SQL_ROLE_SERVICE);
	if (!columns->remote_ip)
		columns->remote_ip = sql_map_role(map, SQL_ROLE_REMOTE_IP);
	if (columns->service == columns->user || columns->service == columns->username)
		columns->service = 0;
}

bool sql_columns_find(const struct sql_map_set *set, size_t map_index, const struct dict_key *keys,
		      size_t key_count, bool strict, struct sql_columns *columns_r)
{
	const struct sql_map *map = &set->maps[map_index];

	*columns_r = (struct sql_columns){0};
	for (size_t i = 0; i < key_count && !columns_r->key; i++) {
		const struct sql_key key = {keys[i].text, keys[i].parts, keys[i].part_count};

		if (sql_map_set_find(set, &key, strict, columns_r->values) == map)
			columns_r->key = &keys[i];
	}
	for (size_t i = 1; i < map->column_count && columns_r->key; i++)
		note_column(columns_r, i);
	if (columns_r->key)
		fall_back(columns_r, map);
	return columns_r->key != NULL;
}

struct slice sql_columns_user(const struct sql_columns *columns, const struct slice *row,
			      struct buf *scratch)
{
	if (columns->user)
		return row[columns->user];
	if (!columns->domain || row[columns->domain].len == 0)
		return row[columns->username];
	buf_reset(scratch);
	buf_append_slice(scratch, row[columns->username]);
	buf_append_char(scratch, '@');
	buf_append_slice(scratch, row[columns->domain]);
	return buf_slice(scratch);
}
