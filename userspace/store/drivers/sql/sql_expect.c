/* SPDX-License-Identifier: MIT */
/* What is known of a made-up entry without the server, and of the tables once they are known. */
#include <errno.h>
#include <time.h>

#include "store/drivers/sql/sql_private.h"

#define PATTERN_MAX 1024

/* The key with the names of its variables: what its pattern would be. */
static void put_pattern(struct buf *out, const struct dict_entry *entry)
{
	size_t at = 0;

	for (size_t i = 0; i < entry->part_count; i++) {
		const struct key_part *part = &entry->parts[i];

		buf_append(out, entry->key.ptr + at, part->offset - at);
		buf_appendf(out, "$%s", part->variable[0] ? part->variable : "value");
		at = part->offset + part->len;
	}
	buf_append(out, entry->key.ptr + at, entry->key.len - at);
}

static int explain_unmapped(const struct sql_dict *sql, const struct dict_entry *entry,
			    struct error *error_r)
{
	struct buf pattern;
	int ret;

	buf_init(&pattern, PATTERN_MAX);
	put_pattern(&pattern, entry);
	ret = error_set(error_r, ENOENT,
			"%s: no map has a pattern for the key %.*s, so it would be stored nowhere; "
			"pattern = %s would be right",
			sql->maps.count > 0 ? sql->maps.maps[0].where : "the map file",
			(int)entry->key.len, entry->key.ptr, buf_str(&pattern));
	buf_release(&pattern);
	return ret;
}

/* --- what goes to which column ----------------------------------------------------------------*/

static const char *const role_variables[SQL_ROLE_COUNT] = {
	[SQL_ROLE_USER] = "user",
	[SQL_ROLE_SERVICE] = "service",
	[SQL_ROLE_REMOTE_IP] = "remote_ip",
};

/* The part of the key that begins where the value does, or NULL. */
static const struct key_part *part_at(const struct dict_entry *entry, struct slice value)
{
	size_t offset = (size_t)(value.ptr - entry->key.ptr);

	for (size_t i = 0; i < entry->part_count; i++)
		if (entry->parts[i].offset == offset && entry->parts[i].len > 0)
			return &entry->parts[i];
	return NULL;
}

/* Is it the text of a variable that has another role? */
static bool has_other_role(const struct key_part *part, enum sql_role role)
{
	for (size_t i = 0; part && i < SQL_ROLE_COUNT; i++)
		if (i != role && strcmp(part->variable, role_variables[i]) == 0)
			return true;
	return false;
}

/* A user's column that gets "imap/alice", or the service. */
static int check_role(const struct sql_map *map, enum sql_role role, const struct dict_entry *entry,
		      const struct slice values[], struct error *error_r)
{
	size_t column = sql_map_role(map, role);
	const struct key_part *part = column ? part_at(entry, values[column]) : NULL;
	struct buf pattern;
	int ret;

	if (!column || values[column].len == 0 ||
	    (part && part->len == values[column].len && !has_other_role(part, role)))
		return 0;
	if (!part && !memchr(values[column].ptr, '/', values[column].len))
		return 0; /* a literal text, or a part of a name */
	buf_init(&pattern, PATTERN_MAX);
	put_pattern(&pattern, entry);
	ret = error_set(error_r, EINVAL,
			"%s: the key %.*s would put \"%.*s\" into column %s, which is that of the "
			"%s; pattern = %s would be right",
			map->where, (int)entry->key.len, entry->key.ptr, (int)values[column].len,
			values[column].ptr, map->columns[column].name, role_variables[role],
			buf_str(&pattern));
	buf_release(&pattern);
	return ret;
}

static int check_value(const struct sql_map *map, size_t column, struct slice text,
		       struct error *error_r)
{
	struct sql_value value;

	if (text.len == 0 || sql_value_parse(map->columns[column].type, text, &value))
		return 0;
	return error_set(error_r, EINVAL, "%s: column %s is %s, and \"%.*s\" %s", map->where,
			 map->columns[column].name, sql_type_name(map->columns[column].type),
			 (int)text.len, text.ptr, sql_type_complaint(map->columns[column].type));
}

/* --- what it needs ----------------------------------------------------------------------------*/

static void add_need(struct sql_need *need, const struct sql_map *map,
		     const struct dict_entry *entry, const struct slice values[])
{
	size_t service = sql_map_role(map, SQL_ROLE_SERVICE);
	struct sql_value value;

	if (sql_value_parse(SQL_TYPE_UINT, entry->value, &value) && value.number > need->value)
		need->value = value.number;
	if (service && values[service].len > strlen(need->service))
		(void)snprintf(need->service, sizeof(need->service), "%.*s",
			       (int)values[service].len, values[service].ptr);
}

int sql_expect(struct dict *dict, const struct dict_entry *entry, struct error *error_r)
{
	struct sql_dict *sql = (struct sql_dict *)dict;
	const struct sql_key key = {entry->key, entry->parts, entry->part_count};
	struct slice values[SQL_COLUMNS_MAX] = {0};
	const struct sql_map *map = sql_map_set_find(&sql->maps, &key, sql->strict, values);
	int ret = 0;

	if (!map)
		return explain_unmapped(sql, entry, error_r);
	values[0] = entry->value;
	for (enum sql_role role = 0; role < SQL_ROLE_COUNT && ret == 0; role++)
		ret = check_role(map, role, entry, values, error_r);
	for (size_t i = 0; i < map->column_count && ret == 0; i++)
		ret = check_value(map, i, values[i], error_r);
	if (ret == 0)
		add_need(&sql->needs[map - sql->maps.maps], map, entry, values);
	return ret;
}

/* --- notes ------------------------------------------------------------------------------------*/

static void note_end(const struct sql_map *map, const struct sql_plan *plan, dict_note_cb *cb,
		     void *context)
{
	const time_t end = (time_t)plan->columns[0].max;
	char text[512], day[16];
	struct tm tm;

	if (plan->columns[0].storage != SQL_STORAGE_SMALL || !gmtime_r(&end, &tm))
		return;
	(void)strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	(void)snprintf(
		text, sizeof(text),
		"%s: table %s, column %s is %s: it takes seconds until %s; BIGINT has no end",
		map->where, map->table, map->columns[0].name, plan->columns[0].type, day);
	cb(context, text);
}

void sql_notes(const struct dict *dict, dict_note_cb *cb, void *context)
{
	const struct sql_dict *sql = (const struct sql_dict *)dict;

	for (size_t i = 0; i < sql->maps.count; i++)
		if (sql->planned[i])
			note_end(&sql->maps.maps[i], &sql->plans[i], cb, context);
}
