/* SPDX-License-Identifier: MIT */
#include "store/drivers/sql/map_build.h"

/* Cuts the next word of a list, at commas and blanks around them. */
static bool next_word(const char **list, struct slice *word_r)
{
	const char *p = *list + strspn(*list, ", \t");

	*word_r = (struct slice){p, strcspn(p, ", \t")};
	*list = p + word_r->len;
	return word_r->len > 0;
}

static size_t count_words(const char *list)
{
	struct slice word;
	size_t count = 0;

	while (next_word(&list, &word))
		count++;
	return count;
}

/* Only the first column is written, but all of the list must make sense. */
static int read_value_types(const struct conf_section *section, const struct conf_setting *field,
			    enum sql_type *type_r, struct error *error_r)
{
	const struct conf_setting *types = conf_setting_find(section, "value_type");
	const struct conf_setting *hexblob = conf_setting_find(section, "value_hexblob");
	const char *list = types ? types->value : "";
	enum sql_type type;
	struct slice word;

	*type_r = hexblob && strcasecmp(hexblob->value, "yes") == 0 ? SQL_TYPE_HEXBLOB
								    : SQL_TYPE_STRING;
	if (!types)
		return 0;
	if (count_words(list) != count_words(field->value))
		return map_fail(&types->pos, error_r,
				"Number of fields in value_fields doesn't match value_type");
	for (bool first = true; next_word(&list, &word); first = false) {
		if (!map_find_type(word, SQL_TYPE_HEXBLOB, &type))
			return map_fail(
				&types->pos, error_r,
				"Invalid value in value_type: '%.*s' is none of string, int, "
				"uint, hexblob",
				(int)word.len, word.ptr);
		if (first)
			*type_r = type;
	}
	return 0;
}

static int add_value_list(struct sql_map *map, const struct conf_section *section,
			  const struct conf_setting *setting, struct error *error_r)
{
	const char *list = setting->value;
	enum sql_type type;
	struct slice word;
	int ret = read_value_types(section, setting, &type, error_r);

	if (ret < 0)
		return ret;
	if (!next_word(&list, &word))
		return map_fail(&setting->pos, error_r, "Missing setting: value_field");
	return map_set_value(map, word, type, &setting->pos, error_r);
}

static int read_fields(struct map_fields *fields, const struct conf_section *section,
		       struct error *error_r)
{
	const struct conf_setting *setting;
	int ret = 0;

	if (section->sections)
		return map_fail(&section->sections->pos, error_r, "Unknown section: %s",
				section->sections->type);
	for (setting = section->settings; setting && ret == 0; setting = setting->next) {
		struct map_field field = {.column = setting->key, .pos = &setting->pos};

		if (setting->value[0] != '$')
			return map_fail(&setting->pos, error_r,
					"Value is missing '$' for field: %s", setting->key);
		map_read_variable(setting->value + 1, &field);
		ret = map_add_field(fields, &field, error_r);
	}
	return ret;
}

static int check_known(const struct conf_section *section, const char *const *settings,
		       const char *inner, struct error *error_r)
{
	const struct conf_setting *setting;
	const struct conf_section *sub;
	size_t i;

	for (setting = section->settings; setting; setting = setting->next) {
		for (i = 0; settings[i] && strcmp(settings[i], setting->key) != 0; i++)
			;
		if (!settings[i])
			return map_fail(&setting->pos, error_r, "Unknown setting: %s",
					setting->key);
	}
	for (sub = section->sections; sub; sub = sub->next)
		if (strcmp(sub->type, inner) != 0)
			return map_fail(&sub->pos, error_r, "Unknown section: %s", sub->type);
	return 0;
}

static const char *const map_settings[] = {
	"pattern", "table", "username_field", "value_field", "value_type", "value_hexblob", NULL};

static int require(const struct conf_section *section, const char *key,
		   const struct conf_setting **setting_r, struct error *error_r)
{
	*setting_r = conf_setting_find(section, key);
	if (*setting_r)
		return 0;
	return map_fail(&section->pos, error_r, "Missing setting: %s", key);
}

static int load_map(struct sql_map *map, const struct conf_section *section, struct error *error_r)
{
	const struct conf_setting *pattern, *table, *value;
	const struct conf_section *sub;
	struct map_fields fields = {0};
	int ret = check_known(section, map_settings, "fields", error_r);

	if (ret < 0 || (ret = require(section, "pattern", &pattern, error_r)) < 0 ||
	    (ret = require(section, "table", &table, error_r)) < 0 ||
	    (ret = require(section, "value_field", &value, error_r)) < 0)
		return ret;
	for (sub = section->sections; sub; sub = sub->next)
		if ((ret = read_fields(&fields, sub, error_r)) < 0)
			return ret;
	if ((ret = map_set_where(map, &section->pos, error_r)) < 0 ||
	    (ret = map_set_table(map, table, error_r)) < 0 ||
	    (ret = add_value_list(map, section, value, error_r)) < 0)
		return ret;
	return map_set_pattern(map, pattern->value, &fields, &pattern->pos, error_r);
}

static const char *const file_settings[] = {"connect", NULL};

int sql_map_set_load_file(struct sql_map_set *set_r, const struct conf_section *root,
			  struct error *error_r)
{
	int ret = check_known(root, file_settings, "map", error_r);

	if (ret < 0)
		return ret;
	if (!conf_setting_find(root, "connect"))
		return error_set(error_r, EINVAL, "%s: Missing connect setting",
				 root->pos.file ? root->pos.file : "map file");
	return map_load_all(set_r, root, "map", load_map, error_r);
}
