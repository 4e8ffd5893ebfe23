/* SPDX-License-Identifier: MIT */
#include "conf/last_login/last_login_gather.h"

#include <string.h>

#include "conf/v24/setting_names.h"

#define DEPTH 4 /* dict, dict_map, dict_map_key_field, and one to spare */

/* The blocks that a process has entered: it finds what stands in those and around them. */
struct gathering {
	const struct last_login_tree *tree;
	const uint64_t *filters;
	const char *around;
	const struct v24_block *entered[DEPTH];
	size_t depth;
	struct buf *out;
};

static bool same_entry(const struct v24_block *a, const struct v24_block *b)
{
	return strcmp(a->type, b->type) == 0 && strcmp(a->section->name, b->section->name) == 0;
}

static bool has_entered(const struct gathering *g, const struct v24_block *block)
{
	for (size_t i = 0; i < g->depth; i++) {
		if (same_entry(g->entered[i], block))
			return true;
	}
	return false;
}

/* Is all that stands in the block for this process? */
static bool reads(const struct gathering *g, const struct v24_block *block, unsigned int filter)
{
	if (!last_login_has_filter(g->filters, filter))
		return false;
	for (; block; block = block->parent) {
		if (block->kind == V24_BLOCK_NAMED && strcmp(block->type, g->around) != 0)
			return false;
		if (block->kind == V24_BLOCK_ENTRY && !has_entered(g, block))
			return false;
	}
	return true;
}

static void put(struct gathering *g, const struct v24_value *value, const struct v24_block *begin)
{
	const struct last_login_piece piece = {value, begin};

	buf_append(g->out, &piece, sizeof(piece));
}

static const struct last_login_piece *piece_at(const struct gathering *g, size_t offset)
{
	return (const struct last_login_piece *)(const void *)(g->out->data + offset);
}

/* --- values ---------------------------------------------------------------------------------- */

static bool begins_with(const char *text, const char *const *prefixes)
{
	for (; *prefixes; prefixes++) {
		if (strncmp(text, *prefixes, strlen(*prefixes)) == 0)
			return true;
	}
	return false;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Did a value that wins come already? One without a key is the whole of a list. */
static bool has_winner(const struct gathering *g, size_t from, const struct v24_value *value)
{
	for (; from < g->out->len; from += sizeof(struct last_login_piece)) {
		const struct v24_value *other = piece_at(g, from)->value;

		if (other && strcmp(other->name, value->name) == 0 &&
		    (!other->key || same_text(other->key, value->key)))
			return true;
	}
	return false;
}

static bool is_own_word(const struct gathering *g, const struct last_login_dict_rule *rule)
{
	return v24_kind(rule->value->name) == V24_UNKNOWN && rule->block->kind == V24_BLOCK_ENTRY &&
	       same_entry(rule->block, g->entered[g->depth - 1]);
}

/* The values whose names begin so, and the words of the entry itself that nobody knows. */
static void put_values(struct gathering *g, const char *const *prefixes)
{
	size_t from = g->out->len;

	for (size_t i = 0; i < g->tree->count && g->out->failed == 0; i++) {
		const struct last_login_dict_rule *rule = &g->tree->rules[i];

		if (rule->value && reads(g, rule->block, rule->filter) &&
		    (begins_with(rule->value->name, prefixes) || is_own_word(g, rule)) &&
		    !has_winner(g, from, rule->value))
			put(g, rule->value, NULL);
	}
}

/* The value of the setting, or the text otherwise. */
static const char *find_value(const struct gathering *g, const char *name, const char *otherwise)
{
	for (size_t i = 0; i < g->tree->count; i++) {
		const struct last_login_dict_rule *rule = &g->tree->rules[i];

		if (rule->value && !rule->value->key && strcmp(rule->value->name, name) == 0 &&
		    reads(g, rule->block, rule->filter))
			return rule->value->setting->value;
	}
	return otherwise;
}

/* --- entries --------------------------------------------------------------------------------- */

/* What is read of an entry: of the dict itself by its driver. */
static const struct kind {
	const char *type; /* of the entry; of a dict: its driver */
	const char *const *prefixes;
	const char *const *entries;
} kinds[] = {
	{"redis", (const char *const[]){"dict_driver", "redis_", NULL}, NULL},
	{"file", (const char *const[]){"dict_driver", "dict_file_", NULL}, NULL},
	{"proxy", (const char *const[]){"dict_driver", "dict_proxy_", NULL}, NULL},
	{"fs", (const char *const[]){"dict_driver", NULL}, (const char *const[]){"fs", NULL}},
	{"sql",
	 (const char *const[]){"dict_driver", "sql_", "sqlite_", "cassandra_", "ssl_client_", NULL},
	 (const char *const[]){"mysql", "pgsql", "dict_map", NULL}},
	{"", (const char *const[]){"dict_driver", NULL}, NULL},
};

static const struct kind entry_kinds[] = {
	{"mysql", (const char *const[]){"mysql_", "ssl_client_", NULL}, NULL},
	{"pgsql", (const char *const[]){"pgsql_", NULL}, NULL},
	{"fs", (const char *const[]){"fs_", NULL}, NULL},
	{"dict_map",
	 (const char *const[]){"dict_map_pattern", "dict_map_sql_table", "dict_map_username_field",
			       "dict_map_expire_field", NULL},
	 (const char *const[]){"dict_map_key_field", "dict_map_value_field", NULL}},
	{"dict_map_key_field", (const char *const[]){"dict_map_key_field_", NULL}, NULL},
	{"dict_map_value_field", (const char *const[]){"dict_map_value_field_", NULL}, NULL},
	{"", (const char *const[]){NULL}, NULL},
};

static const struct kind *find_kind(const struct kind *from, const char *type)
{
	while (from->type[0] != '\0' && strcmp(from->type, type) != 0)
		from++;
	return from;
}

static void put_entry(struct gathering *g, const struct v24_block *entry, const struct kind *kind);

static bool came_before(const struct gathering *g, size_t nth)
{
	const struct last_login_dict_rule *rules = g->tree->rules;

	for (size_t i = 0; i < nth; i++) {
		if (rules[i].entry && same_entry(rules[i].entry, rules[nth].entry) &&
		    reads(g, rules[i].block, rules[i].filter))
			return true;
	}
	return false;
}

static void put_entries(struct gathering *g, const char *type)
{
	const struct last_login_dict_rule *rules = g->tree->rules;

	for (size_t i = 0; i < g->tree->count && g->out->failed == 0; i++) {
		if (rules[i].entry && strcmp(rules[i].entry->type, type) == 0 &&
		    reads(g, rules[i].block, rules[i].filter) && !came_before(g, i))
			put_entry(g, rules[i].entry, find_kind(entry_kinds, type));
	}
}

static void put_entry(struct gathering *g, const struct v24_block *entry, const struct kind *kind)
{
	const char *const *type = kind->entries;

	if (g->depth == DEPTH)
		return;
	put(g, NULL, entry);
	g->entered[g->depth++] = entry;
	put_values(g, kind->prefixes);
	for (; type && *type; type++)
		put_entries(g, *type);
	g->depth--;
	put(g, NULL, NULL);
}

void last_login_gather(const struct last_login_tree *tree, const struct v24_block *entry,
		       const char *around, const uint64_t *filters, struct buf *out)
{
	struct gathering g = {.tree = tree, .filters = filters, .around = around, .out = out};
	const char *driver;

	g.entered[g.depth++] = entry;
	driver = find_value(&g, "dict_driver", entry->section->name);
	g.depth--;
	put_entry(&g, entry, find_kind(kinds, driver));
}

const struct v24_block *last_login_gather_find(const struct last_login_tree *tree, const char *name,
					       const char *around, const uint64_t *filters)
{
	const struct gathering g = {.tree = tree, .filters = filters, .around = around};

	for (size_t i = 0; i < tree->count; i++) {
		const struct v24_block *entry = tree->rules[i].entry;

		if (entry && strcmp(entry->type, "dict") == 0 &&
		    strcmp(entry->section->name, name) == 0 &&
		    reads(&g, tree->rules[i].block, tree->rules[i].filter))
			return entry;
	}
	return NULL;
}
