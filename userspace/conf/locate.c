/* SPDX-License-Identifier: MIT */
#include "conf/locate.h"

#include <errno.h>
#include <string.h>

#include "conf/arena.h"

static int take_place(struct conf_section *section, struct conf_pos *to,
		      const struct conf_pos *from)
{
	const char *file = arena_strdup(conf_arena(section), from->file);

	if (!file)
		return -ENOMEM;
	*to = (struct conf_pos){file, from->line};
	return 0;
}

static bool same_block(const struct conf_section *a, const struct conf_section *b)
{
	return strcmp(a->type, b->type) == 0 && strcmp(a->name, b->name) == 0;
}

/* True when the original section stands under the same names as the printed one. */
static bool same_path(const struct conf_section *original, const struct conf_section *printed)
{
	while (original->parent && printed->parent && same_block(original, printed)) {
		original = original->parent;
		printed = printed->parent;
	}
	return !original->parent && !printed->parent;
}

/* The last place of key in a block like printed, at or below section: a file may open the same
 * block several times, doveconf prints it once. */
static const struct conf_setting *find_setting(const struct conf_section *section,
					       const struct conf_section *printed, const char *key)
{
	const struct conf_setting *found = NULL, *inner;
	const struct conf_section *child;

	if (same_path(section, printed))
		found = conf_setting_find(section, key);
	for (child = section->sections; child; child = child->next) {
		inner = find_setting(child, printed, key);
		if (inner)
			found = inner;
	}
	return found;
}

static const struct conf_pos *find_place(const struct conf_section *section,
					 const struct conf_section *printed)
{
	const struct conf_pos *found = NULL;
	const struct conf_section *child;

	if (same_path(section, printed))
		return &section->pos;
	for (child = section->sections; child && !found; child = child->next)
		found = find_place(child, printed);
	return found;
}

int conf_locate(struct conf_section *root, const struct conf_section *original)
{
	const struct conf_pos *block = find_place(original, root);
	struct conf_setting *setting;
	struct conf_section *child;
	int ret = block ? take_place(root, &root->pos, block) : 0;

	for (setting = root->settings; setting && ret == 0; setting = setting->next) {
		const struct conf_setting *place = find_setting(original, root, setting->key);

		if (place)
			ret = take_place(root, &setting->pos, &place->pos);
	}
	for (child = root->sections; child && ret == 0; child = child->next)
		ret = conf_locate(child, original);
	return ret;
}
