/* SPDX-License-Identifier: MIT */
#include "conf/last_login/last_login_rule.h"

#include <errno.h>
#include <string.h>
#include <utlist.h>

#include "conf/last_login/last_login_walk.h"

static int read_settings(const struct last_login_walk *walk, struct conf_section *section,
			 enum last_login_place place, struct error *error_r)
{
	struct conf_setting *setting;
	int ret = 0;

	for (setting = section->settings; setting && ret == 0; setting = setting->next)
		ret = last_login_set(walk, setting, place, error_r);
	return ret;
}

/* The section holds at most one "dict NAME { }": Dovecot's plugin writes to none of two. */
static int read_dict_blocks(const struct last_login_walk *walk, struct conf_section *section,
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
	return found ? last_login_set_block(walk, found, error_r) : 0;
}

static int read_filter(const struct last_login_walk *walk, struct conf_section *section,
		       struct error *error_r);

static int read_plugin(const struct last_login_walk *walk, struct conf_section *section,
		       struct error *error_r)
{
	struct last_login_walk inside = *walk;

	inside.v23 = true;
	return read_settings(&inside, section, LAST_LOGIN_IN_PLUGIN, error_r);
}

static bool is_fields(const struct conf_section *section)
{
	return strcmp(section->type, "last_login_dict_fields") == 0 ||
	       strcmp(section->type, "dict_fields") == 0;
}

static int read_last_login(const struct last_login_walk *walk, struct conf_section *section,
			   struct error *error_r)
{
	struct conf_section *child;
	int ret = read_settings(walk, section, LAST_LOGIN_IN_LAST_LOGIN, error_r);

	for (child = section->sections; child && ret == 0; child = child->next) {
		if (is_fields(child))
			ret = last_login_set_fields(walk, child, error_r);
	}
	return ret < 0 ? ret : read_dict_blocks(walk, section, error_r);
}

static int read_plugin_list(const struct last_login_walk *walk, struct conf_section *section,
			    struct error *error_r)
{
	const struct conf_setting *setting = conf_setting_find(section, "last_login");

	return setting ? last_login_set_plugin(walk, setting, error_r) : 0;
}

static bool has_setting(const struct conf_section *section, enum last_login_place place)
{
	const struct conf_setting *setting;

	for (setting = section->settings; setting; setting = setting->next) {
		if (last_login_is_setting(setting->key, place))
			return true;
	}
	return false;
}

/* True when something inside the block is about last_login. */
static bool concerns_us(const struct conf_section *block)
{
	const struct conf_section *child;
	bool concerns = has_setting(block, LAST_LOGIN_IN_FILTER);

	for (child = block->sections; child && !concerns; child = child->next) {
		if (conf_is_filter(child))
			concerns = concerns_us(child);
		else if (strcmp(child->type, "plugin") == 0)
			concerns = has_setting(child, LAST_LOGIN_IN_PLUGIN);
		else
			concerns = strcmp(child->type, "last_login") == 0 ||
				   strcmp(child->type, "mail_plugins") == 0 ||
				   strcmp(child->type, "last_login_dict_fields") == 0 ||
				   strcmp(child->type, "dict") == 0;
	}
	return concerns;
}

static int read_narrower(const struct last_login_walk *walk, struct conf_section *section,
			 struct error *error_r)
{
	struct conf_filter filter;
	struct last_login_walk inside = *walk;
	int ret;

	if (!concerns_us(section))
		return 0; /* a server's block for other things may be as it likes */
	ret = conf_filter_narrow(walk->filter, section, &filter, error_r);
	if (ret < 0)
		return ret;
	inside.filter = &filter;
	return read_filter(&inside, section, error_r);
}

static const struct {
	const char *type;
	int (*read)(const struct last_login_walk *, struct conf_section *, struct error *);
} sections[] = {
	{"plugin", read_plugin},
	{"last_login", read_last_login},
	{"last_login_dict_fields", last_login_set_fields},
	{"mail_plugins", read_plugin_list},
	{"protocol", read_narrower},
	{"remote", read_narrower},
	{"local", read_narrower},
	{"local_name", read_narrower},
};

static int read_section(const struct last_login_walk *walk, struct conf_section *section,
			struct error *error_r)
{
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		if (strcmp(sections[i].type, section->type) == 0)
			return sections[i].read(walk, section, error_r);
	}
	return 0;
}

/* A section in which settings of a filter may stand: the root or a block of filter.h. */
static int read_filter(const struct last_login_walk *walk, struct conf_section *section,
		       struct error *error_r)
{
	struct conf_section *child;
	int ret = read_settings(walk, section, LAST_LOGIN_IN_FILTER, error_r);

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

/* 2.4 has no specificity: a setting in a block overrides one in none, else the later one wins (its
 * doveconf warns "Global setting won't change the setting inside an earlier filter"). */
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
	struct last_login_walk walk = {roots, &of_tree, rules, &everything, false};
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
