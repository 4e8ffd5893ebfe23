/* SPDX-License-Identifier: MIT */
#include "conf/v24/include.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>

#include "conf/arena.h"

static int no_memory(const struct conf_pos *pos, struct error *error_r)
{
	return conf_error(pos, error_r, ENOMEM, "out of memory");
}

/* "@label name" */
static bool is_called(const struct v24_block *group, const char *label, const char *name)
{
	size_t len = strlen(label);
	const char *words = group->section->name;

	return strncmp(words, label, len) == 0 && words[len] == ' ' &&
	       (!name || strcmp(words + len + 1, name) == 0);
}

static const struct v24_block *find_group(const struct v24_block *groups, const char *label,
					  const char *name)
{
	while (groups && !is_called(groups, label, name))
		groups = groups->next;
	return groups;
}

static int unknown_group(const struct v24_block *groups, const struct v24_include *include,
			 struct error *error_r)
{
	const struct conf_setting *setting = include->setting;
	const struct v24_block *other = find_group(groups, include->label, NULL);

	if (!other)
		return conf_error(
			&setting->pos, error_r, EINVAL,
			"%s = %s: no group has that label; \"group %s %s { }\" at the top "
			"would be right",
			setting->key, setting->value, setting->key, setting->value);
	return conf_error(&setting->pos, error_r, EINVAL,
			  "%s = %s: there is no such group; \"%s\" at line %u would be right",
			  setting->key, setting->value, other->section->name,
			  other->section->pos.line);
}

/* Everything inside the group, at the rank of the block that includes it. */
static int copy_inside(struct arena *arena, struct v24_block *to, const struct v24_block *from,
		       struct error *error_r)
{
	const struct v24_block *child;
	int ret = 0;

	to->values = from->values;
	to->inside = from->rank;
	LL_FOREACH(from->blocks, child) {
		struct v24_block *copy = v24_block_add(arena, to, child);

		if (!copy)
			return no_memory(&child->section->pos, error_r);
		copy->rank = to->rank;
		ret = copy_inside(arena, copy, child, error_r);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int include_group(struct arena *arena, struct v24_block *block,
			 const struct v24_block *group, struct error *error_r)
{
	struct v24_block as = *group, *copy;

	as.kind = V24_BLOCK_INCLUDED;
	copy = v24_block_add(arena, block, &as);
	if (!copy)
		return no_memory(&group->section->pos, error_r);
	copy->rank = block->rank;
	return copy_inside(arena, copy, group, error_r);
}

static int include_all(struct arena *arena, struct v24_block *block, const struct v24_block *groups,
		       struct error *error_r)
{
	struct v24_block *child, *last = block->last_block;
	struct v24_include *include;
	int ret = 0;

	LL_FOREACH(block->includes, include) {
		const struct v24_block *group =
			find_group(groups, include->label, include->setting->value);

		ret = group ? include_group(arena, block, group, error_r)
			    : unknown_group(groups, include, error_r);
		if (ret < 0)
			return ret;
	}
	/* Behind the last one stand the copies, which include nothing. */
	for (child = last ? block->blocks : NULL; child && ret == 0; child = child->next) {
		ret = include_all(arena, child, groups, error_r);
		if (child == last)
			break;
	}
	return ret;
}

static struct v24_block *take_groups(struct v24_block *root)
{
	struct v24_block *groups = NULL, *all = root->blocks, *block, *next;

	root->blocks = root->last_block = NULL;
	LL_FOREACH_SAFE(all, block, next) {
		block->next = NULL;
		if (block->kind == V24_BLOCK_GROUP)
			LL_APPEND(groups, block);
		else if (root->last_block)
			root->last_block = root->last_block->next = block;
		else
			root->blocks = root->last_block = block;
	}
	return groups;
}

int v24_include_groups(struct arena *arena, struct v24_block *root, struct error *error_r)
{
	const struct v24_block *groups = take_groups(root);

	return include_all(arena, root, groups, error_r);
}
