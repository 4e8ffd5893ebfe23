/* SPDX-License-Identifier: MIT */
#include "store/drivers/sql/map_build.h"

/* Settings and filters of 2.4 have a long name, with the block's as prefix, and a short one. */
static bool is_called(const char *word, const char *prefix, const char *name)
{
	size_t len = strlen(prefix);

	return strcmp(word, name) == 0 ||
	       (strncmp(word, prefix, len) == 0 && strcmp(word + len, name) == 0);
}

static const struct conf_setting *find_setting(const struct conf_section *section,
					       const char *prefix, const char *name)
{
	const struct conf_setting *setting, *found = NULL;

	for (setting = section->settings; setting; setting = setting->next)
		if (is_called(setting->key, prefix, name))
			found = setting;
	return found;
}

static int read_type(const struct conf_section *section, const char *prefix, enum sql_type *type_r,
		     struct error *error_r)
{
	const struct conf_setting *type = find_setting(section, prefix, "type");

	*type_r = SQL_TYPE_STRING;
	if (!type || map_find_type(slice_str(type->value), SQL_TYPE_UUID, type_r))
		return 0;
	return map_fail(&type->pos, error_r,
			"%stype: Invalid value: %s (string, int, uint, double, hexblob or uuid)",
			prefix, type->value);
}

static int read_key_field(struct map_fields *fields, const struct conf_section *section,
			  struct error *error_r)
{
	const struct conf_setting *value = find_setting(section, "dict_map_key_field_", "value");
	const struct conf_setting *name = find_setting(section, "dict_map_key_field_", "name");
	struct map_field field = {.column = name ? name->value : section->name,
				  .pos = &section->pos};
	enum sql_type type;
	int ret;

	if (!value || value->value[0] != '$')
		return map_fail(value ? &value->pos : &section->pos, error_r,
				"Value is missing '$' for field: %s", field.column);
	map_read_variable(value->value + 1, &field);
	ret = read_type(section, "dict_map_key_field_", &type, error_r);
	if (ret < 0)
		return ret;
	field.type = type;
	return map_add_field(fields, &field, error_r);
}

static int read_value_field(struct sql_map *map, const struct conf_section *section,
			    struct error *error_r)
{
	const struct conf_setting *name = find_setting(section, "dict_map_value_field_", "name");
	const char *column = name ? name->value : section->name;
	enum sql_type type;
	int ret = read_type(section, "dict_map_value_field_", &type, error_r);

	if (ret < 0)
		return ret;
	return map_set_value(map, slice_str(column), type, &section->pos, error_r);
}

static int load_dict_map(struct sql_map *map, const struct conf_section *section,
			 struct error *error_r)
{
	const struct conf_setting *table = find_setting(section, "dict_map_", "sql_table");
	const struct conf_setting *pattern = find_setting(section, "dict_map_", "pattern");
	const struct conf_section *sub;
	struct map_fields fields = {0};
	int ret = map_set_where(map, &section->pos, error_r);

	if (ret == 0 && !table)
		ret = map_fail(&section->pos, error_r, "Missing setting: sql_table");
	if (ret == 0)
		ret = map_set_table(map, table, error_r);
	for (sub = section->sections; sub && ret == 0; sub = sub->next) {
		if (is_called(sub->type, "dict_map_", "value_field"))
			ret = read_value_field(map, sub, error_r);
		else if (is_called(sub->type, "dict_map_", "key_field"))
			ret = read_key_field(&fields, sub, error_r);
		else
			ret = map_fail(&sub->pos, error_r, "Unknown section name: %s", sub->type);
	}
	if (ret == 0 && map->column_count == 0)
		ret = map_fail(&section->pos, error_r,
			       "dict_map_value_field { .. } named list filter is missing");
	if (ret < 0)
		return ret;
	return map_set_pattern(map, pattern ? pattern->value : section->name, &fields,
			       pattern ? &pattern->pos : &section->pos, error_r);
}

int sql_map_set_load_block(struct sql_map_set *set_r, const struct conf_section *dict,
			   struct error *error_r)
{
	const struct conf_section *section = dict;

	/* A setting of 2.4 that a block lacks comes from the blocks around it. */
	while (!conf_section_find(section, "dict_map", NULL)) {
		section = section->parent;
		if (!section)
			return map_fail(&dict->pos, error_r,
					"dict_map { .. } named list filter is missing");
	}
	return map_load_all(set_r, section, "dict_map", load_dict_map, error_r);
}
