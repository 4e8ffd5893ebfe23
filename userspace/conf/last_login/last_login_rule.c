/* SPDX-License-Identifier: MIT */
#include "conf/last_login/last_login_rule.h"

#include <errno.h>
#include <string.h>
#include <utlist.h>

#include "conf/arena.h"
#include "conf/last_login/last_login_walk.h"
#include "conf/v24/setting_names.h"

static int no_memory(const struct conf_pos *pos, struct error *error_r)
{
	return conf_error(pos, error_r, ENOMEM, "out of memory");
}

/* --- what a block holds ----------------------------------------------------------------------- */

/* The plugin reads what stands outside of all blocks but last_login { } and those for logins. */
static bool plugin_reads(const struct v24_block *block)
{
	for (; block; block = block->parent) {
		if (block->kind == V24_BLOCK_ENTRY ||
		    (block->kind == V24_BLOCK_NAMED && strcmp(block->type, "last_login") != 0))
			return false;
	}
	return true;
}

static bool is_inside_entry(const struct v24_block *block)
{
	while (block && block->kind != V24_BLOCK_ENTRY)
		block = block->parent;
	return block != NULL;
}

static bool is_of_plugin(const struct v24_value *value)
{
	if (strcmp(value->name, "plugin") == 0)
		return last_login_is_setting(value->key, true);
	return strcmp(value->name, "mail_plugins") == 0 || value->list ||
	       last_login_is_setting(value->name, false);
}

/* A word that nobody knows is the driver's to complain of. */
static bool is_of_dict(const struct v24_block *block, const struct v24_value *value)
{
	return !is_of_plugin(value) && strcmp(value->name, "plugin") != 0 &&
	       (v24_kind(value->name) != V24_UNKNOWN || is_inside_entry(block));
}

/* True when something inside the block is about last_login or a dict. */
static bool concerns_us(const struct v24_block *block)
{
	const struct v24_value *value;
	const struct v24_block *child;
	bool concerns = block->kind == V24_BLOCK_ENTRY;

	for (value = block->values; value && !concerns; value = value->next)
		concerns = is_of_plugin(value) || is_of_dict(block, value);
	for (child = block->blocks; child && !concerns; child = child->next)
		concerns = concerns_us(child);
	return concerns;
}

static int add_dict_rule(const struct last_login_walk *walk, const struct v24_value *value,
			 const struct v24_block *entry)
{
	struct last_login_tree *tree = walk->tree;
	struct last_login_dict_rule *rules = tree->rules;

	if ((tree->count & (tree->count - 1)) == 0) { /* full: the room doubles */
		rules = arena_alloc(walk->all->arena, (2 * tree->count + 1) * sizeof(*rules));
		if (!rules)
			return -ENOMEM;
		if (tree->count > 0)
			memcpy(rules, tree->rules, tree->count * sizeof(*rules));
	}
	tree->rules = rules;
	rules[tree->count] = (struct last_login_dict_rule){
		.block = walk->block,
		.filter = walk->filter,
		.nth = (unsigned int)tree->count,
		.value = value,
		.entry = entry,
	};
	tree->count++;
	return 0;
}

static int read_plugin_value(const struct last_login_walk *walk, const struct v24_value *value,
			     struct error *error_r)
{
	struct last_login_walk in_plugin = *walk;

	if (strcmp(value->name, "plugin") == 0) {
		in_plugin.v23 = true;
		return last_login_set(&in_plugin, value->key, value->setting, error_r);
	}
	if (value->list)
		return last_login_set_fields(walk, value->list, error_r);
	if (!value->key)
		return last_login_set(walk, value->name, value->setting, error_r);
	return strcmp(value->key, "last_login") == 0
		       ? last_login_set_plugin(walk, value->setting, error_r)
		       : 0;
}

static int read_value(const struct last_login_walk *walk, const struct v24_value *value,
		      struct error *error_r)
{
	if (is_of_plugin(value))
		return plugin_reads(walk->block) ? read_plugin_value(walk, value, error_r) : 0;
	if (is_of_dict(walk->block, value) && add_dict_rule(walk, value, NULL) < 0)
		return no_memory(&value->setting->pos, error_r);
	return 0;
}

static int read_entry(const struct last_login_walk *walk, const struct v24_block *entry,
		      struct error *error_r)
{
	if (add_dict_rule(walk, NULL, entry) < 0)
		return no_memory(&entry->section->pos, error_r);
	if (strcmp(entry->type, "dict") == 0 && plugin_reads(walk->block))
		return last_login_set_entry(walk, entry, error_r);
	return 0;
}

/* --- which logins it is for ------------------------------------------------------------------ */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_filter(const struct conf_filter *a, const struct conf_filter *b)
{
	return same_text(a->protocol, b->protocol) && same_text(a->local_name, b->local_name) &&
	       conf_net_equal(&a->remote, &b->remote) && conf_net_equal(&a->local, &b->local);
}

static int find_filter(struct last_login_rules *rules, const struct conf_filter *filter,
		       unsigned int *index_r)
{
	struct conf_filter *filters = rules->filters;
	size_t count = rules->filter_count;

	for (size_t i = 0; i < count; i++) {
		if (same_filter(&filters[i], filter)) {
			*index_r = (unsigned int)i;
			return 0;
		}
	}
	if ((count & (count - 1)) == 0) {
		filters = arena_alloc(rules->arena, (2 * count + 1) * sizeof(*filters));
		if (!filters)
			return -ENOMEM;
		if (count > 0)
			memcpy(filters, rules->filters, count * sizeof(*filters));
	}
	filters[count] = *filter;
	rules->filters = filters;
	*index_r = (unsigned int)rules->filter_count++;
	return 0;
}

/* --- the walk -------------------------------------------------------------------------------- */

static int read_block(const struct last_login_walk *walk, struct error *error_r);

static int read_child(const struct last_login_walk *walk, const struct v24_block *child,
		      struct error *error_r)
{
	struct last_login_walk inside = *walk;
	struct conf_filter filter;
	int ret;

	inside.block = child;
	if (child->kind == V24_BLOCK_ENTRY) {
		ret = read_entry(walk, child, error_r);
		return ret < 0 ? ret : read_block(&inside, error_r);
	}
	if (!concerns_us(child))
		return 0; /* a server's block for other things may be as it likes */
	if (child->kind != V24_BLOCK_FILTER)
		return read_block(&inside, error_r);
	ret = conf_filter_narrow(&walk->all->filters[walk->filter], child->section, &filter,
				 error_r);
	if (ret < 0)
		return ret;
	if (find_filter(walk->all, &filter, &inside.filter) < 0)
		return no_memory(&child->section->pos, error_r);
	return read_block(&inside, error_r);
}

/* At most CONF_SECTION_DEPTH deep. */
static int read_block(const struct last_login_walk *walk, struct error *error_r)
{
	const struct v24_value *value;
	const struct v24_block *child;
	int ret = 0;

	for (value = walk->block->values; value && ret == 0; value = value->next)
		ret = read_value(walk, value, error_r);
	for (child = walk->block->blocks; child && ret == 0; child = child->next)
		ret = read_child(walk, child, error_r);
	return ret;
}

/* --- order ----------------------------------------------------------------------------------- */

static int by_order(const struct last_login_rule *a, const struct last_login_rule *b)
{
	return a->order < b->order ? -1 : a->order > b->order;
}

/* LL_SORT() passes nothing but the elements: the filters of the tree that is sorted. */
static _Thread_local const struct conf_filter *sorted_filters;

/* Of two blocks for the same logins in other words ("imap", "!pop3") the one opened first wins. */
static int compare_v23(const struct last_login_rule *a, const struct last_login_rule *b)
{
	int ret = conf_filter_compare(&sorted_filters[a->filter], &sorted_filters[b->filter]);

	if (ret == 0 && a->filter != b->filter)
		ret = a->block->rank.order < b->block->rank.order ? 1 : -1;
	return ret ? ret : by_order(a, b);
}

static int compare_v24(const struct last_login_rule *a, const struct last_login_rule *b)
{
	int ret = v24_block_compare(a->block, b->block);

	return ret ? ret : by_order(a, b);
}

/* The one that wins first; within a block as they were found. */
static int compare_dict_rules(const void *a, const void *b)
{
	const struct last_login_dict_rule *rule = a, *other = b;
	int ret = v24_block_compare(other->block, rule->block);

	return ret ? ret : rule->nth < other->nth ? -1 : 1;
}

static int read_tree(struct conf_section *root, struct last_login_rules *rules,
		     struct last_login_tree *tree, struct error *error_r)
{
	struct last_login_rule *of_tree = NULL;
	struct last_login_walk walk = {
		.root = root, .of_tree = &of_tree, .tree = tree, .all = rules};
	struct v24_block *blocks;
	int ret = v24_blocks_read(root, &blocks, error_r);

	if (ret < 0)
		return ret;
	*tree = (struct last_login_tree){.root = root, .v24 = conf_is_v24(root)};
	walk.block = blocks;
	ret = read_block(&walk, error_r);
	if (ret < 0)
		return ret;
	sorted_filters = rules->filters;
	if (tree->v24)
		LL_SORT(of_tree, compare_v24);
	else
		LL_SORT(of_tree, compare_v23);
	LL_CONCAT(rules->first, of_tree);
	if (tree->count > 0)
		qsort(tree->rules, tree->count, sizeof(*tree->rules), compare_dict_rules);
	return 0;
}

int last_login_rules_read(struct conf_section *const *roots, struct last_login_rules *rules,
			  struct error *error_r)
{
	unsigned int any;
	size_t count = 0;
	int ret = find_filter(rules, &(struct conf_filter){0}, &any);

	while (roots[count])
		count++;
	rules->trees = arena_alloc(rules->arena, (count + 1) * sizeof(*rules->trees));
	if (ret < 0 || !rules->trees)
		return no_memory(&(*roots)->pos, error_r);
	for (; *roots && ret == 0; roots++)
		ret = read_tree(*roots, rules, &rules->trees[rules->tree_count++], error_r);
	return ret;
}
