/* SPDX-License-Identifier: MIT */
/* Names of dicts: URIs, blocks, and what the dict server has behind a name. */
#include <errno.h>
#include <string.h>

#include "conf/arena.h"
#include "conf/last_login/last_login_rule.h"
#include "conf/parse.h"

static int no_memory(const struct conf_pos *pos, struct error *error_r)
{
	return conf_error(pos, error_r, ENOMEM, "out of memory");
}

/* Removes the options that may stand in front of SOCKET:NAME. */
static const char *skip_proxy_options(const char *rest)
{
	static const char *const options[] = {"idle_msecs=", "warn_slow_msecs=", NULL};

	for (size_t i = 0; options[i]; i++) {
		if (strncmp(rest, options[i], strlen(options[i])) == 0) {
			rest += strcspn(rest, ":");
			rest += *rest == ':';
			i = (size_t)-1;
		}
	}
	return rest;
}

/* Looks the name up in "dict { name = uri }" and in "dict_server { dict name { } }". */
static void find_name(const struct conf_section *root, struct last_login_dict *dict)
{
	const struct conf_section *block;
	const struct conf_setting *setting;

	for (block = root->sections; block; block = block->next) {
		setting = strcmp(block->type, "dict") == 0 && *block->name == '\0'
				  ? conf_setting_find(block, dict->proxy_name)
				  : NULL;
		if (setting) {
			dict->backend_uri = setting->value;
			dict->backend_pos = setting->pos;
		}
		if (strcmp(block->type, "dict_server") != 0 ||
		    !conf_section_find(block, "dict", dict->proxy_name))
			continue;
		dict->backend_block = conf_section_find(block, "dict", dict->proxy_name);
		dict->backend_pos = dict->backend_block->pos;
		dict->backend_uri = NULL;
	}
}

static int resolve_name(struct conf_section *const *roots, struct last_login_dict *dict,
			struct error *error_r)
{
	for (; *roots; roots++)
		find_name(*roots, dict);
	if (dict->backend_uri && !strchr(dict->backend_uri, ':'))
		return conf_error(&dict->backend_pos, error_r, EINVAL,
				  "dict %s: \"%.*s\" has no \":\"; driver:rest would be right",
				  dict->proxy_name, (int)strcspn(dict->backend_uri, " =,;"),
				  dict->backend_uri);
	return dict->backend_block
		       ? conf_load_files((struct conf_section *)dict->backend_block, error_r)
		       : 0;
}

int last_login_dict_from_uri(struct conf_section *const *roots, const struct conf_setting *setting,
			     const struct last_login_dict **dict_r, struct error *error_r)
{
	struct last_login_dict *dict = arena_alloc(conf_arena(*roots), sizeof(*dict));
	const char *rest;
	int ret = 0;

	if (!dict)
		return no_memory(&setting->pos, error_r);
	dict->uri = setting->value;
	dict->pos = setting->pos;
	if (!strchr(dict->uri, ':'))
		return conf_error(&dict->pos, error_r, EINVAL,
				  "%s: \"%.*s\" has no \":\"; driver:options such as "
				  "redis:host=127.0.0.1 would be right",
				  setting->key, (int)strcspn(dict->uri, " =,;"), dict->uri);
	if (strncmp(dict->uri, "proxy:", 6) == 0) {
		rest = skip_proxy_options(dict->uri + 6);
		dict->proxy_name = strrchr(rest, ':') ? strrchr(rest, ':') + 1 : rest;
		ret = resolve_name(roots, dict, error_r);
	}
	if (ret == 0)
		*dict_r = dict;
	return ret;
}

/* The long name of a setting, else the short one, else the default. */
static const char *either(const struct conf_section *block, const char *name,
			  const char *short_name, const char *otherwise)
{
	return conf_setting_value(block, name, conf_setting_value(block, short_name, otherwise));
}

int last_login_dict_from_block(struct conf_section *const *roots, struct conf_section *block,
			       const struct last_login_dict **dict_r, struct error *error_r)
{
	struct last_login_dict *dict = arena_alloc(conf_arena(*roots), sizeof(*dict));
	int ret;

	if (!dict)
		return no_memory(&block->pos, error_r);
	ret = conf_load_files(block, error_r);
	if (ret < 0)
		return ret;
	dict->block = block;
	dict->pos = block->pos;
	if (strcmp(either(block, "dict_driver", "driver", block->name), "proxy") == 0) {
		dict->proxy_name = either(block, "dict_proxy_name", "name", "");
		ret = resolve_name(roots, dict, error_r);
	}
	if (ret == 0)
		*dict_r = dict;
	return ret;
}
