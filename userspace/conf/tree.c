/* SPDX-License-Identifier: MIT */
#include "conf/tree.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/arena.h"

/* The root is the first member, so a root is also its tree. */
struct conf_tree {
	struct conf_section root;
	struct arena *arena;
	const char *root_dir; /* see conf_root_dir() */
	unsigned int order;
	bool sealed;
};

static const struct conf_section *matching(const struct conf_section *section, const char *type,
					   const char *name)
{
	while (section &&
	       (strcmp(section->type, type) != 0 || (name && strcmp(section->name, name) != 0)))
		section = section->next;
	return section;
}

const struct conf_section *conf_section_find(const struct conf_section *section, const char *type,
					     const char *name)
{
	return matching(section->sections, type, name);
}

const struct conf_section *conf_section_next(const struct conf_section *section, const char *type,
					     const char *name)
{
	return matching(section->next, type, name);
}

const struct conf_setting *conf_setting_find(const struct conf_section *section, const char *key)
{
	const struct conf_setting *setting, *found = NULL;

	for (setting = section->settings; setting; setting = setting->next) {
		if (strcmp(setting->key, key) == 0)
			found = setting;
	}
	return found;
}

const char *conf_setting_value(const struct conf_section *section, const char *key,
			       const char *otherwise)
{
	const struct conf_setting *setting = conf_setting_find(section, key);

	return setting ? setting->value : otherwise;
}

bool conf_is_v24(const struct conf_section *root)
{
	return conf_setting_find(root, "dovecot_config_version") != NULL;
}

int conf_error(const struct conf_pos *pos, struct error *error_r, int code, const char *fmt, ...)
{
	char text[sizeof(error_r->text)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (pos->line == 0)
		return error_set(error_r, code, "%s%s%s", pos->file, *pos->file ? ": " : "", text);
	return error_set(error_r, code, "%s:%u: %s", pos->file, pos->line, text);
}

struct conf_section *conf_new(void)
{
	struct arena *arena = arena_new(CONF_TREE_MAX);
	struct conf_tree *tree = arena ? arena_alloc(arena, sizeof(*tree)) : NULL;

	if (!tree) {
		arena_free(&arena);
		return NULL;
	}
	tree->arena = arena;
	tree->root.type = tree->root.name = "";
	tree->root.pos.file = "";
	return &tree->root;
}

static struct conf_tree *tree_of(const struct conf_section *section)
{
	while (section->parent)
		section = section->parent;
	return (struct conf_tree *)section;
}

void conf_free(struct conf_section **root)
{
	struct arena *arena;

	if (!*root)
		return;
	arena = tree_of(*root)->arena; /* the tree itself lives in it */
	arena_free(&arena);
	*root = NULL;
}

struct arena *conf_arena(const struct conf_section *any)
{
	return tree_of(any)->arena;
}

const char *conf_root_dir(const struct conf_section *any)
{
	return tree_of(any)->root_dir;
}

int conf_set_root_dir(struct conf_section *any, const char *dir)
{
	struct conf_tree *tree = tree_of(any);

	tree->root_dir = arena_strdup(tree->arena, dir);
	return tree->root_dir ? 0 : -ENOMEM;
}

void conf_seal(const struct conf_section *any)
{
	tree_of(any)->sealed = true;
}

bool conf_is_sealed(const struct conf_section *any)
{
	return tree_of(any)->sealed;
}

struct conf_section *conf_section_apart(struct conf_section *parent, const char *type,
					const char *name, struct conf_pos pos)
{
	struct conf_tree *tree = tree_of(parent);
	struct conf_section *section = arena_alloc(tree->arena, sizeof(*section));

	if (!section)
		return NULL;
	section->type = arena_strdup(tree->arena, type);
	section->name = arena_strdup(tree->arena, name);
	if (!section->type || !section->name)
		return NULL;
	section->parent = parent;
	section->pos = pos;
	section->order = tree->order++;
	return section;
}

struct conf_section *conf_section_add(struct conf_section *parent, const char *type,
				      const char *name, struct conf_pos pos)
{
	struct conf_section *section = conf_section_apart(parent, type, name, pos);

	if (!section)
		return NULL;
	if (parent->last_section)
		parent->last_section->next = section;
	else
		parent->sections = section;
	return parent->last_section = section;
}

struct conf_setting *conf_setting_add(struct conf_section *section, const char *key,
				      const char *value, struct conf_pos pos)
{
	struct conf_tree *tree = tree_of(section);
	struct conf_setting *setting = arena_alloc(tree->arena, sizeof(*setting));

	if (!setting)
		return NULL;
	setting->key = arena_strdup(tree->arena, key);
	setting->value = arena_strdup(tree->arena, value);
	if (!setting->key || !setting->value)
		return NULL;
	setting->pos = pos;
	setting->order = tree->order++;
	if (section->last_setting)
		section->last_setting->next = setting;
	else
		section->settings = setting;
	return section->last_setting = setting;
}

int conf_set(struct conf_section *root, const char *path, const char *value, const char *where)
{
	const struct conf_pos pos = {.file = where};
	const char *slash = strchr(path, '/');
	struct conf_section *section = root;
	char *type;

	if (slash) {
		type = arena_strndup(conf_arena(root), path, (size_t)(slash - path));
		if (!type)
			return -ENOMEM;
		section = conf_section_add(root, type, "", pos);
		path = slash + 1;
	}
	return section && conf_setting_add(section, path, value, pos) ? 0 : -ENOMEM;
}
