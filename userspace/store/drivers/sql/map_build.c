/* SPDX-License-Identifier: MIT */
#include "store/drivers/sql/map_build.h"

#include <ctype.h>
#include <stdlib.h>

#include "store/drivers/sql/dialect.h"

static int no_memory(struct error *error_r)
{
	return error_set(error_r, ENOMEM, "out of memory");
}

/* --- the pattern ------------------------------------------------------------------------------*/

/* "$name" ends at the first byte that is no letter, digit or "_"; "${name}" at the brace. */
static struct slice cut_variable(const char **p)
{
	const char *start = *p, *end;

	if (*start == '{') {
		end = strchr(++start, '}');
		*p = end ? end + 1 : start + strlen(start);
		return (struct slice){start, end ? (size_t)(end - start) : 0};
	}
	end = start;
	while (isalnum((unsigned char)*end) || *end == '_')
		end++;
	*p = end;
	return (struct slice){start, (size_t)(end - start)};
}

static struct map_field *find_field(struct map_fields *fields, struct slice variable)
{
	for (size_t i = 0; i < fields->count; i++)
		if (!fields->list[i].used && slice_equal(fields->list[i].variable, variable))
			return &fields->list[i];
	return NULL;
}

static int add_column(struct sql_map *map, struct slice name, struct slice variable,
		      enum sql_type type, struct error *error_r)
{
	struct sql_column *column = &map->columns[map->column_count++];

	column->type = type;
	column->name = strndup(name.ptr, name.len);
	column->variable = variable.ptr ? strndup(variable.ptr, variable.len) : NULL;
	if (!column->name || (variable.ptr && !column->variable))
		return no_memory(error_r);
	return 0;
}

static int add_variable(struct sql_map *map, struct map_fields *fields, const char **p,
			const struct conf_pos *pos, struct error *error_r)
{
	struct slice name = cut_variable(p);
	struct map_field *field = find_field(fields, name);

	if (!field && fields->count == 0)
		return map_fail(pos, error_r, "Missing fields for pattern variables");
	if (!field)
		return map_fail(pos, error_r, "Missing SQL field for variable: %.*s", (int)name.len,
				name.ptr);
	field->used = true;
	return add_column(map, slice_str(field->column), name, field->type, error_r);
}

static int check_all_used(const struct map_fields *fields, struct error *error_r)
{
	for (size_t i = 0; i < fields->count; i++)
		if (!fields->list[i].used)
			return map_fail(fields->list[i].pos, error_r, "Unused variable: %.*s",
					(int)fields->list[i].variable.len,
					fields->list[i].variable.ptr);
	return 0;
}

/* The last word of the pattern that is literal, behind "shared/" and the first word. */
static int set_service(struct sql_map *map, struct error *error_r)
{
	const char *word = map->pattern, *service = NULL;
	size_t len = 0;

	for (unsigned int i = 0; *word != '\0'; i++) {
		size_t word_len = strcspn(word, "/");

		if (i >= 2 && word_len > 0 && !memchr(word, '$', word_len)) {
			service = word;
			len = word_len;
		}
		word += word_len + (word[word_len] == '/');
	}
	if (!service)
		return 0;
	map->service = strndup(service, len);
	return map->service ? 0 : no_memory(error_r);
}

int map_set_pattern(struct sql_map *map, const char *pattern, struct map_fields *fields,
		    const struct conf_pos *pos, struct error *error_r)
{
	const char *p = pattern;
	char *out;
	int ret;

	map->pattern = out = calloc(1, strlen(pattern) + 1);
	if (!out)
		return no_memory(error_r);
	while (*p != '\0') {
		if ((*out++ = *p++) != '$')
			continue;
		ret = add_variable(map, fields, &p, pos, error_r);
		if (ret < 0)
			return ret;
	}
	ret = check_all_used(fields, error_r);
	return ret < 0 ? ret : set_service(map, error_r);
}

/* --- what both forms share --------------------------------------------------------------------*/

int map_add_field(struct map_fields *fields, const struct map_field *field, struct error *error_r)
{
	if (fields->count == SQL_COLUMNS_MAX - 1)
		return map_fail(field->pos, error_r, "Too many fields: at most %d",
				SQL_COLUMNS_MAX - 1);
	if (!sql_name_valid(field->column, 1))
		return map_fail(field->pos, error_r, "Invalid column name: %s", field->column);
	fields->list[fields->count++] = *field;
	return 0;
}

int map_set_value(struct sql_map *map, struct slice name, enum sql_type type,
		  const struct conf_pos *pos, struct error *error_r)
{
	int ret;

	if (map->column_count > 0)
		return 0;
	ret = add_column(map, name, (struct slice){0}, type, error_r);
	if (ret == 0 && !sql_name_valid(map->columns[0].name, 1))
		ret = map_fail(pos, error_r, "Invalid column name: %s", map->columns[0].name);
	return ret;
}

int map_set_table(struct sql_map *map, const struct conf_setting *table, struct error *error_r)
{
	if (!sql_name_valid(table->value, 3))
		return map_fail(&table->pos, error_r, "Invalid table name: %s", table->value);
	map->table = strdup(table->value);
	return map->table ? 0 : no_memory(error_r);
}

int map_set_where(struct sql_map *map, const struct conf_pos *pos, struct error *error_r)
{
	return asprintf(&map->where, "%s:%u", pos->file, pos->line) < 0 ? no_memory(error_r) : 0;
}

bool map_find_type(struct slice name, enum sql_type last, enum sql_type *type_r)
{
	for (enum sql_type type = 0; type <= last; type++) {
		/* 2.3 does not know the two types that 2.4 added. */
		if (last == SQL_TYPE_HEXBLOB && type == SQL_TYPE_DOUBLE)
			continue;
		if (slice_is(name, sql_type_name(type))) {
			*type_r = type;
			return true;
		}
	}
	return false;
}

/* "$user", "${user}" or "${uint:user}" */
void map_read_variable(const char *value, struct map_field *field)
{
	static const struct {
		const char *prefix;
		enum sql_type type;
	} typed[] = {{"{hexblob:", SQL_TYPE_HEXBLOB},
		     {"{int:", SQL_TYPE_INT},
		     {"{uint:", SQL_TYPE_UINT},
		     {"{", SQL_TYPE_STRING}};
	size_t len = strlen(value);

	field->variable = (struct slice){value, len};
	for (size_t i = 0; i < 4; i++) {
		size_t prefix = strlen(typed[i].prefix);

		if (len > prefix && strncmp(value, typed[i].prefix, prefix) == 0 &&
		    value[len - 1] == '}') {
			field->variable = (struct slice){value + prefix, len - prefix - 1};
			field->type = typed[i].type;
			return;
		}
	}
}

/* --- all maps ---------------------------------------------------------------------------------*/

int map_load_all(struct sql_map_set *set_r, const struct conf_section *parent, const char *type,
		 map_load_fn *load, struct error *error_r)
{
	const struct conf_section *section;
	struct sql_map_set set = {0};
	size_t count = 0;
	int ret = 0;

	for (section = parent->sections; section; section = section->next)
		count += strcmp(section->type, type) == 0;
	set.maps = calloc(count ? count : 1, sizeof(*set.maps));
	if (!set.maps)
		return no_memory(error_r);
	for (section = parent->sections; section && ret == 0; section = section->next)
		if (strcmp(section->type, type) == 0)
			ret = load(&set.maps[set.count++], section, error_r);
	if (ret < 0)
		sql_map_set_release(&set);
	else
		*set_r = set;
	return ret;
}
