/* SPDX-License-Identifier: MIT */
#include "conf/last_login_rule.h"

#include "conf/arena.h"
#include "conf/parse.h"

#include <errno.h>
#include <string.h>
#include <utlist.h>

#define PLUGIN "last_login"

const struct last_login_dict last_login_no_dict = {.uri = "", .pos = {"default", 0}};

/* Where the walk through the tree is. */
struct walk {
	struct conf_section *const *roots; /* all; the first one lends its memory */
	struct last_login_rule **rules;	   /* of the tree that is walked */
	struct last_login_rules *all;
	const struct conf_filter *filter;
	bool v23; /* inside plugin { } */
};

static struct last_login_rule *add_rule(const struct walk *walk, unsigned int order,
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

static int set_enable(const struct walk *walk, unsigned int order, const struct conf_pos *pos,
		      bool on, struct error *error_r)
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

static const struct last_login_text *new_text(const struct walk *walk,
					      const struct conf_setting *setting)
{
	struct last_login_text *text = arena_alloc(conf_arena(*walk->roots), sizeof(*text));

	if (text)
		*text = (struct last_login_text){setting->value, setting->pos, !walk->v23};
	return text;
}

static int set_mail_plugins(const struct walk *walk, const struct conf_setting *setting,
			    struct error *error_r)
{
	return set_enable(walk, setting->order, &setting->pos, list_has(setting->value, PLUGIN),
			  error_r);
}

static int set_dict(const struct walk *walk, const struct conf_setting *setting,
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

static int set_key(const struct walk *walk, const struct conf_setting *setting,
		   struct error *error_r)
{
	struct last_login_rule *rule = add_rule(walk, setting->order, &setting->pos);

	if (rule)
		rule->key = new_text(walk, setting);
	return rule && rule->key ? 0 : no_memory(&setting->pos, error_r);
}

static int set_precision(const struct walk *walk, const struct conf_setting *setting,
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

#define IN_PLUGIN     1U /* plugin { } */
#define IN_LAST_LOGIN 2U /* last_login { } */
#define IN_FILTER     4U /* the top level, protocol { }, remote { }... */

static const struct {
	const char *name;
	unsigned int where;
	int (*set)(const struct walk *, const struct conf_setting *, struct error *);
} settings[] = {
	{"mail_plugins", IN_FILTER, set_mail_plugins},
	{"last_login_dict", IN_PLUGIN, set_dict},
	{"last_login_key", IN_PLUGIN | IN_LAST_LOGIN | IN_FILTER, set_key},
	{"last_login_precision", IN_PLUGIN | IN_LAST_LOGIN | IN_FILTER, set_precision},
	{"key", IN_LAST_LOGIN, set_key},
	{"precision", IN_LAST_LOGIN, set_precision},
};

static int read_setting(const struct walk *walk, struct conf_setting *setting, unsigned int where,
			struct error *error_r)
{
	struct conf_setting inner = *setting;
	struct walk in_plugin = *walk;
	int ret;

	if (where == IN_FILTER && strncmp(setting->key, "plugin/", 7) == 0) {
		inner.key += 7;
		in_plugin.v23 = true;
		return read_setting(&in_plugin, &inner, IN_PLUGIN, error_r);
	}
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (!(settings[i].where & where) || strcmp(settings[i].name, setting->key) != 0)
			continue;
		ret = setting->from_file ? conf_load_file(*walk->roots, setting, error_r) : 0;
		return ret < 0 ? ret : settings[i].set(walk, setting, error_r);
	}
	return 0;
}

static int read_settings(const struct walk *walk, struct conf_section *section, unsigned int where,
			 struct error *error_r)
{
	struct conf_setting *setting;
	int ret = 0;

	for (setting = section->settings; setting && ret == 0; setting = setting->next)
		ret = read_setting(walk, setting, where, error_r);
	return ret;
}

static int read_dict_block(const struct walk *walk, struct conf_section *block,
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

/* The section holds at most one "dict NAME { }": Dovecot's plugin writes to none of two. */
static int read_dict_blocks(const struct walk *walk, struct conf_section *section,
			    struct error *error_r)
{
	struct conf_section *block, *found = NULL;

	for (block = section->sections; block; block = block->next) {
		if (strcmp(block->type, "dict") != 0 || *block->name == '\0')
			continue;
		if (found && strcmp(found->name, block->name) != 0)
			return conf_error(&block->pos, error_r, EINVAL,
					  "dict %s beside dict %s at line %u: last_login writes "
					  "to one dict only; remove one of them",
					  block->name, found->name, found->pos.line);
		found = block;
	}
	return found ? read_dict_block(walk, found, error_r) : 0;
}

static int read_filter(const struct walk *walk, struct conf_section *section,
		       struct error *error_r);

static int read_plugin(const struct walk *walk, struct conf_section *section, struct error *error_r)
{
	struct walk inside = *walk;

	inside.v23 = true;
	return read_settings(&inside, section, IN_PLUGIN, error_r);
}

static int read_last_login(const struct walk *walk, struct conf_section *section,
			   struct error *error_r)
{
	int ret = read_settings(walk, section, IN_LAST_LOGIN, error_r);

	return ret < 0 ? ret : read_dict_blocks(walk, section, error_r);
}

static int read_plugin_list(const struct walk *walk, struct conf_section *section,
			    struct error *error_r)
{
	const struct conf_setting *setting = conf_setting_find(section, PLUGIN);

	if (!setting)
		return 0;
	return set_enable(walk, setting->order, &setting->pos, strcmp(setting->value, "no") != 0,
			  error_r);
}

static int read_narrower(const struct walk *walk, struct conf_section *section,
			 struct error *error_r)
{
	struct conf_filter filter;
	struct walk inside = *walk;
	int ret = conf_filter_narrow(walk->filter, section, &filter, error_r);

	if (ret < 0)
		return ret;
	inside.filter = &filter;
	return read_filter(&inside, section, error_r);
}

static const struct {
	const char *type;
	int (*read)(const struct walk *, struct conf_section *, struct error *);
} sections[] = {
	{"plugin", read_plugin},
	{"last_login", read_last_login},
	{"mail_plugins", read_plugin_list},
	{"protocol", read_narrower},
	{"remote", read_narrower},
	{"local", read_narrower},
	{"local_name", read_narrower},
};

static int read_section(const struct walk *walk, struct conf_section *section,
			struct error *error_r)
{
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		if (strcmp(sections[i].type, section->type) == 0)
			return sections[i].read(walk, section, error_r);
	}
	return 0;
}

/* A section in which settings of a filter may stand: the root or a block of filter.h. */
static int read_filter(const struct walk *walk, struct conf_section *section, struct error *error_r)
{
	struct conf_section *child;
	int ret = read_settings(walk, section, IN_FILTER, error_r);

	for (child = section->sections; child && ret == 0; child = child->next)
		ret = read_section(walk, child, error_r);
	return ret < 0 ? ret : read_dict_blocks(walk, section, error_r);
}

static int by_order(const struct last_login_rule *a, const struct last_login_rule *b)
{
	return a->order < b->order ? -1 : a->order > b->order;
}

static int compare_v23(const struct last_login_rule *a, const struct last_login_rule *b)
{
	int ret = conf_filter_compare(&a->filter, &b->filter);

	return ret ? ret : by_order(a, b);
}

/* 2.4 knows no specificity: what stands in a block wins over what stands in none, else the later
 * one ("Global setting won't change the setting inside an earlier filter", says its doveconf). */
static int compare_v24(const struct last_login_rule *a, const struct last_login_rule *b)
{
	bool a_narrow = !conf_filter_is_any(&a->filter), b_narrow = !conf_filter_is_any(&b->filter);

	return a_narrow == b_narrow ? by_order(a, b) : a_narrow ? 1 : -1;
}

int last_login_rules_read(struct conf_section *const *roots, struct last_login_rules *rules,
			  struct error *error_r)
{
	const struct conf_filter everything = {0};
	struct last_login_rule *of_tree;
	struct walk walk = {roots, &of_tree, rules, &everything, false};
	int ret = 0;

	for (; *roots && ret == 0; roots++) {
		of_tree = NULL;
		ret = read_filter(&walk, *roots, error_r);
		if (conf_is_v24(*roots))
			LL_SORT(of_tree, compare_v24);
		else
			LL_SORT(of_tree, compare_v23);
		LL_CONCAT(rules->first, of_tree);
	}
	return ret;
}
