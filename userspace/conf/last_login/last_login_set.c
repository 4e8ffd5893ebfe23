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
	struct last_login_rule *rule = arena_alloc(conf_arena(*walk->roots), sizeof(*rule));

	if (!rule)
		return NULL;
	rule->filter = *walk->filter;
	rule->order = order;
	rule->pos = *pos;
	LL_PREPEND(*walk->rules, rule);
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
	struct last_login_text *text = arena_alloc(conf_arena(*walk->roots), sizeof(*text));

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
		ret = last_login_dict_from_uri(walk->roots, setting, &dict, error_r);
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

#define ANYWHERE (LAST_LOGIN_IN_PLUGIN | LAST_LOGIN_IN_LAST_LOGIN | LAST_LOGIN_IN_FILTER)

static const struct {
	const char *name;
	unsigned int places; /* enum last_login_place */
	int (*set)(const struct last_login_walk *, const struct conf_setting *, struct error *);
} settings[] = {
	{"mail_plugins", LAST_LOGIN_IN_FILTER, set_mail_plugins},
	{"last_login_dict", LAST_LOGIN_IN_PLUGIN, set_dict},
	{"last_login_key", ANYWHERE, set_key},
	{"last_login_precision", ANYWHERE, set_precision},
	{"last_login_source", ANYWHERE, set_source},
	{"last_auth_key", ANYWHERE, set_auth_key},
	{"last_failure_key", ANYWHERE, set_failure_key},
	{"key", LAST_LOGIN_IN_LAST_LOGIN, set_key},
	{"precision", LAST_LOGIN_IN_LAST_LOGIN, set_precision},
	{"source", LAST_LOGIN_IN_LAST_LOGIN, set_source},
};

#define SETTING_COUNT (sizeof(settings) / sizeof(settings[0]))

/* "plugin/last_login_key = x" is a way to write it without the block. */
static const char *plugin_path(const char *key, enum last_login_place place)
{
	return place == LAST_LOGIN_IN_FILTER && strncmp(key, "plugin/", 7) == 0 ? key + 7 : NULL;
}

static size_t setting_find(const char *key, enum last_login_place place)
{
	size_t i = 0;

	while (i < SETTING_COUNT &&
	       (!(settings[i].places & place) || strcmp(settings[i].name, key) != 0))
		i++;
	return i;
}

bool last_login_is_setting(const char *key, enum last_login_place place)
{
	const char *inner = plugin_path(key, place);

	if (inner)
		return setting_find(inner, LAST_LOGIN_IN_PLUGIN) < SETTING_COUNT;
	return setting_find(key, place) < SETTING_COUNT;
}

static int set_in_plugin(const struct last_login_walk *walk, const struct conf_setting *setting,
			 const char *key, struct error *error_r)
{
	struct last_login_walk in_plugin = *walk;
	struct conf_setting inner = *setting;

	in_plugin.v23 = true;
	inner.key = key;
	return last_login_set(&in_plugin, &inner, LAST_LOGIN_IN_PLUGIN, error_r);
}

int last_login_set(const struct last_login_walk *walk, struct conf_setting *setting,
		   enum last_login_place place, struct error *error_r)
{
	const char *inner = plugin_path(setting->key, place);
	size_t i = setting_find(setting->key, place);
	int ret;

	if (inner)
		return set_in_plugin(walk, setting, inner, error_r);
	if (i == SETTING_COUNT)
		return 0;
	ret = setting->from_file ? conf_load_file(*walk->roots, setting, error_r) : 0;
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

int last_login_set_block(const struct last_login_walk *walk, struct conf_section *block,
			 struct error *error_r)
{
	const struct last_login_dict *dict;
	struct last_login_rule *rule;
	int ret = last_login_dict_from_block(walk->roots, block, &dict, error_r);

	if (ret < 0)
		return ret;
	rule = add_rule(walk, block->order, &block->pos);
	if (!rule)
		return no_memory(&block->pos, error_r);
	rule->dict = dict;
	walk->all->any_dict = true;
	return 0;
}
