/* SPDX-License-Identifier: MIT */
/* One setting of a configuration into the rules of last_login: a function for each setting's name.
 * */
#include <errno.h>
#include <string.h>
#include <utlist.h>

#include "conf/arena.h"
#include "conf/last_login/last_login_walk.h"
#include "conf/parse.h"

const struct last_login_dict last_login_no_dict = {.uri = "", .pos = {"default", 0}};
const char *const last_login_source_words[] = {
	[LAST_LOGIN_MAIL_USER] = "mail_user",
	[LAST_LOGIN_AUTH] = "auth",
	[LAST_LOGIN_PROXY] = "proxy",
	[LAST_LOGIN_ANY] = "any",
	NULL,
};

static struct last_login_rule *add_rule(const struct last_login_walk *walk, unsigned int order,
					const struct conf_pos *pos)
{
	struct last_login_rule *rule = arena_alloc(walk->all->arena, sizeof(*rule));

	if (!rule)
		return NULL;
	rule->block = walk->block;
	rule->filter = walk->filter;
	rule->order = order;
	rule->pos = *pos;
	LL_PREPEND(*walk->of_tree, rule);
	return rule;
}

static int no_memory(const struct conf_pos *pos, struct error *error_r)
{
	return conf_error(pos, error_r, ENOMEM, "out of memory");
}

static int set_enable(const struct last_login_walk *walk, unsigned int order,
		      const struct conf_pos *pos, bool on, struct error *error_r)
{
	struct last_login_rule *rule = add_rule(walk, order, pos);

	if (!rule)
		return no_memory(pos, error_r);
	rule->enable = on ? LAST_LOGIN_ON : LAST_LOGIN_OFF;
	walk->all->any_enabled |= on;
	return 0;
}

static bool list_has(const char *list, const char *word)
{
	static const char separators[] = " \t,";

	for (list += strspn(list, separators); *list != '\0'; list += strspn(list, separators)) {
		size_t len = strcspn(list, separators);

		if (len == strlen(word) && memcmp(list, word, len) == 0)
			return true;
		list += len;
	}
	return false;
}

static const struct last_login_text *new_text(const struct last_login_walk *walk,
					      const struct conf_setting *setting)
{
	struct last_login_text *text = arena_alloc(walk->all->arena, sizeof(*text));

	if (text)
		*text = (struct last_login_text){setting->value, setting->pos, !walk->v23};
	return text;
}

static int set_mail_plugins(const struct last_login_walk *walk, const struct conf_setting *setting,
			    struct error *error_r)
{
	return set_enable(walk, setting->order, &setting->pos,
			  list_has(setting->value, "last_login"), error_r);
}

static int set_dict(const struct last_login_walk *walk, const struct conf_setting *setting,
		    struct error *error_r)
{
	const struct last_login_dict *dict = &last_login_no_dict;
	struct last_login_rule *rule;
	int ret = 0;

	if (*setting->value != '\0')
		ret = last_login_dict_from_uri(walk->all->arena, setting, &dict, error_r);
	if (ret < 0)
		return ret;
	rule = add_rule(walk, setting->order, &setting->pos);
	if (!rule)
		return no_memory(&setting->pos, error_r);
	rule->dict = dict;
	walk->all->any_dict = true;
	return 0;
}

static int set_key(const struct last_login_walk *walk, const struct conf_setting *setting,
		   struct error *error_r)
{
	struct last_login_rule *rule = add_rule(walk, setting->order, &setting->pos);

	if (rule)
		rule->key = new_text(walk, setting);
	return rule && rule->key ? 0 : no_memory(&setting->pos, error_r);
}

static int set_auth_key(const struct last_login_walk *walk, const struct conf_setting *setting,
			struct error *error_r)
{
	struct last_login_rule *rule = add_rule(walk, setting->order, &setting->pos);

	if (rule)
		rule->auth_key = new_text(walk, setting);
	return rule && rule->auth_key ? 0 : no_memory(&setting->pos, error_r);
}

static int set_failure_key(const struct last_login_walk *walk, const struct conf_setting *setting,
			   struct error *error_r)
{
	struct last_login_rule *rule = add_rule(walk, setting->order, &setting->pos);

	if (rule)
		rule->failure_key = new_text(walk, setting);
	return rule && rule->failure_key ? 0 : no_memory(&setting->pos, error_r);
}

static bool is_source(const char *value)
{
	const char *const *word = last_login_source_words;

	while (*word && strcmp(*word, value) != 0)
		word++;
	return *word != NULL;
}

static int set_source(const struct last_login_walk *walk, const struct conf_setting *setting,
		      struct error *error_r)
{
	struct last_login_rule *rule;

	if (!is_source(setting->value))
		return conf_error(&setting->pos, error_r, EINVAL,
				  "%s: \"%s\" is unknown; mail_user, auth, proxy or any would be "
				  "right",
				  setting->key, setting->value);
	rule = add_rule(walk, setting->order, &setting->pos);
	if (rule)
		rule->source = new_text(walk, setting);
	return rule && rule->source ? 0 : no_memory(&setting->pos, error_r);
}

static int set_precision(const struct last_login_walk *walk, const struct conf_setting *setting,
			 struct error *error_r)
{
	struct last_login_rule *rule;

	if (!list_has("s ms us ns", setting->value))
		return conf_error(&setting->pos, error_r, EINVAL,
				  "%s: \"%s\" is unknown; s, ms, us or ns would be right",
				  setting->key, setting->value);
	rule = add_rule(walk, setting->order, &setting->pos);
	if (rule)
		rule->precision = new_text(walk, setting);
	return rule && rule->precision ? 0 : no_memory(&setting->pos, error_r);
}

static const struct {
	const char *name;
	bool in_plugin, outside;
	int (*set)(const struct last_login_walk *, const struct conf_setting *, struct error *);
} settings[] = {
	{"mail_plugins", false, true, set_mail_plugins},
	{"last_login_dict", true, false, set_dict},
	{"last_login_key", true, true, set_key},
	{"last_login_precision", true, true, set_precision},
	{"last_login_source", true, true, set_source},
	{"last_auth_key", true, true, set_auth_key},
	{"last_failure_key", true, true, set_failure_key},
};

#define SETTING_COUNT (sizeof(settings) / sizeof(settings[0]))

static size_t setting_find(const char *name, bool in_plugin)
{
	size_t i = 0;

	while (i < SETTING_COUNT && (!(in_plugin ? settings[i].in_plugin : settings[i].outside) ||
				     strcmp(settings[i].name, name) != 0))
		i++;
	return i;
}

bool last_login_is_setting(const char *name, bool in_plugin)
{
	return setting_find(name, in_plugin) < SETTING_COUNT;
}

int last_login_set(const struct last_login_walk *walk, const char *name,
		   struct conf_setting *setting, struct error *error_r)
{
	size_t i = setting_find(name, walk->v23);
	int ret;

	if (i == SETTING_COUNT)
		return 0;
	ret = setting->from_file ? conf_load_file(walk->root, setting, error_r) : 0;
	return ret < 0 ? ret : settings[i].set(walk, setting, error_r);
}

int last_login_set_plugin(const struct last_login_walk *walk, const struct conf_setting *setting,
			  struct error *error_r)
{
	return set_enable(walk, setting->order, &setting->pos, strcmp(setting->value, "no") != 0,
			  error_r);
}

int last_login_set_fields(const struct last_login_walk *walk, struct conf_section *block,
			  struct error *error_r)
{
	struct last_login_rule *rule;
	int ret = conf_load_files(block, error_r);

	if (ret < 0)
		return ret;
	rule = add_rule(walk, block->order, &block->pos);
	if (!rule)
		return no_memory(&block->pos, error_r);
	rule->fields = block;
	return 0;
}

int last_login_set_entry(const struct last_login_walk *walk, const struct v24_block *entry,
			 struct error *error_r)
{
	const struct conf_section *section = entry->section;
	struct last_login_rule *rule = add_rule(walk, section->order, &section->pos);

	if (!rule)
		return no_memory(&section->pos, error_r);
	rule->entry = entry;
	rule->tree = walk->tree;
	walk->all->any_dict = true;
	return 0;
}
