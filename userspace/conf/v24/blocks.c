/* SPDX-License-Identifier: MIT */
#include "conf/v24/blocks.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <utlist.h>

#include "conf/arena.h"
#include "conf/block_filter.h"
#include "conf/v24/include.h"
#include "conf/v24/setting_names.h"

#define NAME_MAX_LEN 512 /* of a full name that a short one is tried as */

struct reader {
	struct arena *arena;
	unsigned int order;
};

static int no_memory(const struct conf_pos *pos, struct error *error_r)
{
	return conf_error(pos, error_r, ENOMEM, "out of memory");
}

/* --- values ---------------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static struct v24_value *find_value(const struct v24_block *block, const char *name,
				    const char *key)
{
	struct v24_value *value = block->values;

	while (value && (strcmp(value->name, name) != 0 || !same_text(value->key, key)))
		value = value->next;
	return value;
}

/* The value of that name in the block, made when it is new. */
static struct v24_value *take_value(struct reader *reader, struct v24_block *block,
				    const char *name, const char *key)
{
	struct v24_value *value = find_value(block, name, key);

	if (value)
		return value;
	value = arena_alloc(reader->arena, sizeof(*value));
	if (!value)
		return NULL;
	value->name = arena_strdup(reader->arena, name);
	value->key = key;
	if (!value->name)
		return NULL;
	if (block->last_value)
		block->last_value->next = value;
	else
		block->values = value;
	return block->last_value = value;
}

static int set_value(struct reader *reader, struct v24_block *block, const char *name,
		     const char *key, struct conf_setting *setting, struct error *error_r)
{
	struct v24_value *value = take_value(reader, block, name, key);

	if (!value)
		return no_memory(&setting->pos, error_r);
	value->setting = setting;
	return 0;
}

static bool is_inside_group(const struct v24_block *block)
{
	while (block && block->kind != V24_BLOCK_GROUP)
		block = block->parent;
	return block != NULL;
}

static int add_include(struct reader *reader, struct v24_block *block,
		       const struct conf_setting *setting, struct error *error_r)
{
	struct v24_include *include;

	if (is_inside_group(block))
		return conf_error(&setting->pos, error_r, EINVAL,
				  "%s: a group cannot include another one; write what it needs",
				  setting->key);
	LL_FOREACH(block->includes, include) {
		if (strcmp(include->label, setting->key) == 0)
			break;
	}
	if (!include) {
		include = arena_alloc(reader->arena, sizeof(*include));
		if (!include)
			return no_memory(&setting->pos, error_r);
		LL_APPEND(block->includes, include);
	}
	include->label = setting->key;
	include->setting = setting;
	return 0;
}

static bool begins_with_type(const char *name, const char *type)
{
	size_t len = strlen(type);

	return strncmp(name, type, len) == 0 && name[len] == '_';
}

static bool has_short_names(const struct v24_block *block)
{
	return block->kind == V24_BLOCK_NAMED || block->kind == V24_BLOCK_ENTRY;
}

/* In full, as it reads in that block. */
static const char *full_name(const struct v24_block *block, const char *word, char *out,
			     size_t size)
{
	const char *name = block->kind == V24_BLOCK_ENTRY ? block->section->name : "";

	return has_short_names(block) ? v24_full_name(block->type, name, word, out, size) : word;
}

static int read_setting(struct reader *reader, struct v24_block *block,
			struct conf_setting *setting, struct error *error_r)
{
	char out[NAME_MAX_LEN];
	const char *name;

	if (setting->key[0] == '@')
		return add_include(reader, block, setting, error_r);
	if (strncmp(setting->key, "plugin/", 7) == 0)
		return set_value(reader, block, "plugin", setting->key + 7, setting, error_r);
	name = full_name(block, setting->key, out, sizeof(out));
	if (block->kind == V24_BLOCK_NAMED && begins_with_type(name, block->type))
		block = block->parent;
	return set_value(reader, block, name, NULL, setting, error_r);
}

static int read_list(struct reader *reader, struct v24_block *block, const char *name,
		     const struct conf_section *list, struct error *error_r)
{
	struct conf_setting *setting;
	int ret = 0;

	LL_FOREACH(list->settings, setting) {
		if (ret == 0)
			ret = set_value(reader, block, name, setting->key, setting, error_r);
	}
	return ret;
}

/* Keys and values of this list are templates: it stays as it is. */
static int read_fields(struct reader *reader, struct v24_block *block, const char *name,
		       struct conf_section *list, struct error *error_r)
{
	struct v24_value *value = take_value(reader, block, name, NULL);

	if (!value)
		return no_memory(&list->pos, error_r);
	value->list = list;
	return 0;
}

/* --- blocks ---------------------------------------------------------------------------------- */

static struct v24_block *find_block(const struct v24_block *parent, const char *type,
				    const char *name)
{
	struct v24_block *block;

	LL_FOREACH(parent->blocks, block) {
		if (strcmp(block->type, type) == 0 && strcmp(block->section->name, name) == 0)
			break;
	}
	return block;
}

struct v24_block *v24_block_add(struct arena *arena, struct v24_block *parent,
				const struct v24_block *as)
{
	struct v24_block *block = arena_alloc(arena, sizeof(*block));

	if (!block)
		return NULL;
	block->section = as->section;
	block->type = as->type;
	block->kind = as->kind;
	block->parent = parent;
	block->inside = (struct v24_rank){UINT_MAX, UINT_MAX, UINT_MAX};
	if (parent->last_block)
		parent->last_block->next = block;
	else
		parent->blocks = block;
	return parent->last_block = block;
}

/* "mysql db {" is "mysql_host = db" as well, each time, until a later line sets another. */
static bool set_entry_name(struct reader *reader, struct v24_block *block)
{
	const char *name = v24_entry_name(block->type);
	struct v24_value *value = take_value(reader, block, name, NULL);
	struct conf_setting *setting = arena_alloc(reader->arena, sizeof(*setting));

	if (!value || !setting)
		return false;
	setting->key = value->name;
	setting->value = block->section->name;
	setting->pos = block->section->pos;
	value->setting = setting;
	return true;
}

static struct v24_block *open_block(struct reader *reader, struct v24_block *parent,
				    const char *type, const struct conf_section *section,
				    enum v24_block_kind kind)
{
	struct v24_block as = {.section = section, .kind = kind}, *block;

	block = find_block(parent, type, section->name);
	as.type = block ? block->type : arena_strdup(reader->arena, type);
	if (!as.type)
		return NULL;
	if (!block) {
		block = v24_block_add(reader->arena, parent, &as);
		if (!block)
			return NULL;
		block->rank = parent->rank;
		block->rank.entries += kind == V24_BLOCK_ENTRY;
		block->rank.named += kind == V24_BLOCK_NAMED;
		block->rank.order = ++reader->order;
	}
	return kind != V24_BLOCK_ENTRY || set_entry_name(reader, block) ? block : NULL;
}

static int read_inside(struct reader *reader, struct v24_block *block, struct conf_section *section,
		       struct error *error_r);

static int read_block(struct reader *reader, struct v24_block *parent, const char *type,
		      struct conf_section *section, enum v24_block_kind kind, struct error *error_r)
{
	struct v24_block *block = open_block(reader, parent, type, section, kind);

	return block ? read_inside(reader, block, section, error_r)
		     : no_memory(&section->pos, error_r);
}

static int read_section(struct reader *reader, struct v24_block *block,
			struct conf_section *section, struct error *error_r)
{
	char out[NAME_MAX_LEN];
	const char *type = full_name(block, section->type, out, sizeof(out));

	if (strcmp(type, "plugin") == 0)
		return read_list(reader, block, type, section, error_r);
	if (strcmp(type, "group") == 0 && block->kind == V24_BLOCK_ROOT)
		return read_block(reader, block, type, section, V24_BLOCK_GROUP, error_r);
	if (conf_is_filter(section))
		return read_block(reader, block, type, section, V24_BLOCK_FILTER, error_r);
	switch (v24_kind(type)) {
	case V24_NAMED:
		return read_block(reader, block, type, section, V24_BLOCK_NAMED, error_r);
	case V24_ENTRIES:
		if (*section->name == '\0')
			return 0; /* "dict { name = uri }" of 2.3 */
		return read_block(reader, block, type, section, V24_BLOCK_ENTRY, error_r);
	case V24_LIST:
		if (strcmp(type, "last_login_dict_fields") == 0)
			return read_fields(reader, block, type, section, error_r);
		return read_list(reader, block, type, section, error_r);
	case V24_SETTING:
	case V24_UNKNOWN:
		break;
	}
	return 0;
}

/* In the order of the file: of two ways to name a setting the later one counts. */
static int read_inside(struct reader *reader, struct v24_block *block, struct conf_section *section,
		       struct error *error_r)
{
	struct conf_setting *setting = section->settings;
	struct conf_section *child = section->sections;
	int ret = 0;

	while (ret == 0 && (setting || child)) {
		if (setting && (!child || setting->order < child->order)) {
			ret = read_setting(reader, block, setting, error_r);
			setting = setting->next;
		} else {
			ret = read_section(reader, block, child, error_r);
			child = child->next;
		}
	}
	return ret;
}

int v24_blocks_read(struct conf_section *root, struct v24_block **root_r, struct error *error_r)
{
	struct reader reader = {.arena = conf_arena(root)};
	struct v24_block *top = arena_alloc(reader.arena, sizeof(*top));
	int ret;

	if (!top)
		return no_memory(&root->pos, error_r);
	top->section = root;
	top->type = root->type;
	top->inside = (struct v24_rank){UINT_MAX, UINT_MAX, UINT_MAX};
	ret = read_inside(&reader, top, root, error_r);
	if (ret == 0)
		ret = v24_include_groups(reader.arena, top, error_r);
	if (ret == 0)
		*root_r = top;
	return ret;
}

static int compare_rank(const struct v24_rank *a, const struct v24_rank *b)
{
	if (a->entries != b->entries)
		return a->entries < b->entries ? -1 : 1;
	if (a->named != b->named)
		return a->named < b->named ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

int v24_block_compare(const struct v24_block *a, const struct v24_block *b)
{
	int ret = compare_rank(&a->rank, &b->rank);

	return ret ? ret : compare_rank(&a->inside, &b->inside);
}
