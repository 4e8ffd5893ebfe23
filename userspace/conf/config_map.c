/* SPDX-License-Identifier: MIT */
/* The map files of a configuration: read when a dict asks for one, and kept. */
#include <errno.h>
#include <string.h>
#include <utlist.h>

#include "conf/arena.h"
#include "conf/config.h"
#include "conf/parse.h"

static struct config_map *find(const struct config *config, const char *path)
{
	struct config_map *map;

	LL_FOREACH(config->maps, map) {
		if (strcmp(map->path, path) == 0)
			return map;
	}
	return NULL;
}

int config_add_map(struct config *config, const char *path, struct conf_section *tree)
{
	struct config_map *map = arena_alloc(conf_arena(config->own), sizeof(*map));

	if (map)
		map->path = arena_strdup(conf_arena(config->own), path);
	if (!map || !map->path) {
		conf_free(&tree);
		return -ENOMEM;
	}
	map->tree = tree;
	LL_APPEND(config->maps, map);
	return 0;
}

/* A map that a container's file names lies in the container, too. */
static const char *root_of(const struct config *config, const char *path)
{
	const char *dir = config->server ? conf_root_dir(config->server) : NULL;

	return dir && conf_path_is_below(path, dir) ? dir : NULL;
}

int config_map(struct config *config, const char *path, const struct conf_section **map_r,
	       struct error *error_r)
{
	const struct config_map *map = find(config, path);
	struct conf_section *tree;
	int ret;

	if (map) {
		*map_r = map->tree;
		return 0;
	}
	if (config->resolved)
		return error_set(error_r, ENOENT, "%s: it was not resolved", path);
	ret = conf_parse_file_below(root_of(config, path), path, CONF_PARSE_MAP, &tree, error_r);
	if (ret < 0)
		return ret;
	ret = conf_load_files(tree, error_r);
	if (ret < 0) {
		conf_free(&tree);
		return ret;
	}
	if (config_add_map(config, path, tree) < 0)
		return error_set(error_r, ENOMEM, "%s: out of memory", path);
	*map_r = tree;
	return 0;
}
