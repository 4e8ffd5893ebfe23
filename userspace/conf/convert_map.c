/* SPDX-License-Identifier: MIT */
/* Dicts behind the dict server: SQL map files of 2.3 and "dict NAME { driver = sql }" of 2.4. */
#include "conf/convert_parts.h"
#include "conf/parse.h"
#include "conf/print.h"

#include <errno.h>
#include <string.h>

static void print(const struct convert *convert, const char *key, const char *value)
{
	conf_print_setting(convert->out, convert->depth, 0, key, value, NULL);
}

static void begin(struct convert *convert, const char *type, const char *name)
{
	conf_print_begin(convert->out, convert->depth++, type, name);
}

static void end(struct convert *convert)
{
	conf_print_end(convert->out, --convert->depth);
}

static int missing(const struct conf_section *section, const char *key, struct error *error_r)
{
	return conf_error(&section->pos, error_r, EINVAL, "%s without \"%s\"; add it",
			  *section->type ? section->type : "map file", key);
}

/* --- 2.3 to 2.4 ----------------------------------------------------------------------------- */

/* The next word of a list by commas, NUL-terminated in word; NULL at the end. */
static const char *next_in_list(const char **list, char *word, size_t size)
{
	size_t len;

	*list += strspn(*list, " \t,");
	len = strcspn(*list, " \t,");
	if (len == 0 || len >= size)
		return NULL;
	memcpy(word, *list, len);
	word[len] = '\0';
	*list += len;
	return word;
}

/* The columns of value_field with the types of value_type, which defaults to string. */
static int print_value_fields(struct convert *convert, const struct conf_section *map,
			      struct error *error_r)
{
	const char *fields = conf_setting_value(map, "value_field", NULL);
	const char *types = conf_setting_value(map, "value_type", "");
	bool hexblob = strcmp(conf_setting_value(map, "value_hexblob", "no"), "yes") == 0;
	char field[128], type[32];

	if (!fields)
		return missing(map, "value_field", error_r);
	while (next_in_list(&fields, field, sizeof(field))) {
		const char *known = next_in_list(&types, type, sizeof(type));

		begin(convert, "value_field", field);
		if (known || hexblob)
			print(convert, "type", known ? known : "hexblob");
		end(convert);
	}
	return 0;
}

/* "$v", "${v}" or "${int:v}". */
static int print_key_field(struct convert *convert, const struct conf_setting *field,
			   struct error *error_r)
{
	const char *name = field->value + 1, *colon;
	char text[256];
	size_t len;

	if (field->value[0] != '$')
		return conf_error(&field->pos, error_r, EINVAL,
				  "%s: \"%s\" has no \"$\"; $variable would be right", field->key,
				  field->value);
	name += *name == '{';
	len = strcspn(name, "}");
	colon = memchr(name, ':', len);
	begin(convert, "key_field", field->key);
	if (colon) {
		(void)snprintf(text, sizeof(text), "%.*s", (int)(colon - name), name);
		print(convert, "type", text);
		len -= (size_t)(colon + 1 - name);
		name = colon + 1;
	}
	(void)snprintf(text, sizeof(text), "$%.*s", (int)len, name);
	print(convert, "value", text);
	end(convert);
	return 0;
}

static int print_dict_map(struct convert *convert, const struct conf_section *map,
			  struct error *error_r)
{
	const struct conf_section *fields = conf_section_find(map, "fields", NULL);
	const struct conf_setting *field = fields ? fields->settings : NULL;
	const char *pattern = conf_setting_value(map, "pattern", NULL);
	const char *table = conf_setting_value(map, "table", NULL);
	int ret;

	if (!pattern || !table)
		return missing(map, pattern ? "table" : "pattern", error_r);
	begin(convert, "dict_map", pattern);
	print(convert, "sql_table", table);
	if (conf_setting_find(map, "username_field"))
		print(convert, "username_field", conf_setting_value(map, "username_field", ""));
	ret = print_value_fields(convert, map, error_r);
	for (; field && ret == 0; field = field->next)
		ret = print_key_field(convert, field, error_r);
	end(convert);
	return ret;
}

static int print_map_file(struct convert *convert, const char *driver,
			  const struct conf_section *file, struct error *error_r)
{
	const struct conf_setting *connect = conf_setting_find(file, "connect");
	const struct conf_section *map = conf_section_find(file, "map", NULL);
	int ret;

	if (!connect)
		return missing(file, "connect", error_r);
	print(convert, "driver", "sql");
	print(convert, "sql_driver", driver);
	ret = convert_connect_to_block(convert, driver, connect, error_r);
	for (; map && ret == 0; map = conf_section_next(map, "map", NULL))
		ret = print_dict_map(convert, map, error_r);
	return ret;
}

int convert_map_to_block(struct convert *convert, const struct last_login_dict *dict,
			 struct error *error_r)
{
	const char *path = strchr(dict->backend_uri, ':') + 1;
	struct conf_section *file = NULL;
	char driver[32];
	int ret;

	(void)snprintf(driver, sizeof(driver), "%.*s", (int)(path - 1 - dict->backend_uri),
		       dict->backend_uri);
	ret = conf_parse_file(path, CONF_PARSE_MAP, &file, error_r);
	if (ret < 0)
		return error_prefix(error_r, "%s:%u", dict->backend_pos.file,
				    dict->backend_pos.line);
	begin(convert, "dict", dict->proxy_name);
	ret = print_map_file(convert, driver, file, error_r);
	end(convert);
	conf_free(&file);
	return ret;
}

/* --- 2.4 to 2.3 ----------------------------------------------------------------------------- */

const char *convert_sql_driver(const struct conf_section *block)
{
	const char *driver = conf_setting_value(block, "dict_driver",
						conf_setting_value(block, "driver", block->name));

	return strcmp(driver, "sql") == 0 ? conf_setting_value(block, "sql_driver", "") : NULL;
}

/* A block may be called by its long name or without "dict_map_". */
static bool is_type(const struct conf_section *block, const char *type)
{
	return strcmp(block->type, type) == 0 ||
	       (strncmp(block->type, "dict_map_", 9) == 0 && strcmp(block->type + 9, type) == 0);
}

static const char *value_of(const struct conf_section *block, const char *prefix, const char *key)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "dict_map_%s%s", prefix, key);
	return conf_setting_value(block, name, conf_setting_value(block, key, NULL));
}

static void append_list(struct buf *list, const char *word)
{
	buf_appendf(list, "%s%s", list->len > 0 ? "," : "", word);
}

static int print_map_values(const struct convert *convert, const struct conf_section *map,
			    struct error *error_r)
{
	const struct conf_section *field;
	struct buf names, types;
	int ret = 0;

	buf_init(&names, CONF_TREE_MAX);
	buf_init(&types, CONF_TREE_MAX);
	for (field = map->sections; field; field = field->next) {
		const char *type = value_of(field, "value_field_", "type");

		if (!is_type(field, "value_field"))
			continue;
		append_list(&names, field->name);
		append_list(&types, type ? type : "string");
	}
	print(convert, "value_field", buf_str(&names));
	print(convert, "value_type", buf_str(&types));
	if (strstr(buf_str(&types), "double") || strstr(buf_str(&types), "uuid"))
		ret = conf_error(&map->pos, error_r, EINVAL, "2.3 has no type double or uuid");
	buf_release(&types);
	buf_release(&names);
	return ret;
}

static int print_map_field(const struct convert *convert, const struct conf_section *field,
			   struct error *error_r)
{
	const char *value = value_of(field, "key_field_", "value");
	const char *type = value_of(field, "key_field_", "type");
	char text[256];

	if (!value || value[0] != '$')
		return conf_error(&field->pos, error_r, EINVAL,
				  "%s: 2.3 knows only \"value = $variable\"", field->name);
	if (type && strcmp(type, "string") != 0)
		(void)snprintf(text, sizeof(text), "${%s:%s}", type, value + 1);
	else
		(void)snprintf(text, sizeof(text), "%s", value);
	print(convert, field->name, text);
	return 0;
}

static int print_map(struct convert *convert, const struct conf_section *map, struct error *error_r)
{
	const char *table = conf_setting_value(map, "sql_table", NULL);
	const char *username = value_of(map, "", "username_field");
	const struct conf_section *field;
	int ret;

	if (!table || value_of(map, "", "expire_field"))
		return table ? conf_error(&map->pos, error_r, EINVAL,
					  "2.3 has no dict_map_expire_field")
			     : missing(map, "sql_table", error_r);
	buf_append_char(convert->out, '\n');
	begin(convert, "map", "");
	print(convert, "pattern", map->name);
	print(convert, "table", table);
	if (username)
		print(convert, "username_field", username);
	ret = print_map_values(convert, map, error_r);
	begin(convert, "fields", "");
	for (field = map->sections; field && ret == 0; field = field->next) {
		if (is_type(field, "key_field"))
			ret = print_map_field(convert, field, error_r);
	}
	end(convert);
	end(convert);
	return ret;
}

int convert_block_to_map(struct convert *convert, const struct last_login_dict *dict,
			 struct error *error_r)
{
	const struct conf_section *map = conf_section_find(dict->backend_block, "dict_map", NULL);
	struct buf connect;
	int ret;

	buf_init(&connect, CONF_TREE_MAX);
	ret = convert_block_to_connect(convert, convert_sql_driver(dict->backend_block),
				       dict->backend_block, &connect, error_r);
	if (ret == 0)
		print(convert, "connect", buf_str(&connect));
	buf_release(&connect);
	for (; map && ret == 0; map = conf_section_next(map, "dict_map", NULL))
		ret = print_map(convert, map, error_r);
	return ret;
}
