/* SPDX-License-Identifier: MIT */
/*
 *	configuration	own, command line, 0 or 1 and server, maps, audit key,
 *			files of the metrics, doveconf, why not
 *	tree		the root as a section
 *	section		type, name, place, order, count of settings, settings, count of sections,
 *			sections
 *	setting		key, value, place, order, bits
 *	place		line, 1 or 0: the file as that of the place before, or its name
 */
#include "conf/config_pack.h"

#include <errno.h>

#include "conf/arena.h"
#include "conf/parse.h"

#define DEPTH_MAX (2 * CONF_SECTION_DEPTH) /* doveconf and the command line add some */
#define MAPS_MAX  CONF_FILES_MAX

enum { FROM_FILE = 1, QUOTED = 2 };

struct packing {
	struct buf *out;
	const char *file; /* of the place before */
};

static void pack_place(struct packing *to, const struct conf_pos *pos)
{
	bool same = pos->file == to->file;

	pack_u32(to->out, pos->line);
	pack_u32(to->out, same);
	if (!same)
		pack_text(to->out, pos->file);
	to->file = pos->file;
}

static void pack_setting(struct packing *to, const struct conf_setting *setting)
{
	pack_text(to->out, setting->key);
	pack_text(to->out, setting->value);
	pack_place(to, &setting->pos);
	pack_u32(to->out, setting->order);
	pack_u32(to->out, (setting->from_file ? FROM_FILE : 0U) | (setting->quoted ? QUOTED : 0U));
}

static void pack_settings(struct packing *to, const struct conf_section *section)
{
	uint32_t count = 0;

	for (const struct conf_setting *s = section->settings; s; s = s->next)
		count++;
	pack_u32(to->out, count);
	for (const struct conf_setting *s = section->settings; s; s = s->next)
		pack_setting(to, s);
}

static void pack_section(struct packing *to, const struct conf_section *section)
{
	uint32_t count = 0;

	pack_text(to->out, section->type);
	pack_text(to->out, section->name);
	pack_place(to, &section->pos);
	pack_u32(to->out, section->order);
	pack_settings(to, section);
	for (const struct conf_section *s = section->sections; s; s = s->next)
		count++;
	pack_u32(to->out, count);
	for (const struct conf_section *s = section->sections; s; s = s->next)
		pack_section(to, s);
}

static void pack_tree(struct buf *out, const struct conf_section *root)
{
	struct packing to = {.out = out};

	pack_section(&to, root);
}

static void pack_maps(struct buf *out, const struct config_map *maps)
{
	uint32_t count = 0;

	for (const struct config_map *map = maps; map; map = map->next)
		count++;
	pack_u32(out, count);
	for (const struct config_map *map = maps; map; map = map->next) {
		pack_text(out, map->path);
		pack_tree(out, map->tree);
	}
}

static void pack_secret(struct buf *out, struct slice secret)
{
	pack_u32(out, secret.ptr != NULL);
	pack_bytes(out, secret);
}

void config_pack(const struct config *config, struct buf *out)
{
	pack_tree(out, config->own);
	pack_tree(out, config->command_line);
	pack_u32(out, config->server != NULL);
	if (config->server)
		pack_tree(out, config->server);
	pack_maps(out, config->maps);
	pack_secret(out, config->audit_key);
	for (unsigned int i = 0; i < CONFIG_METRICS_FILES; i++)
		pack_secret(out, config->metrics_files[i]);
	pack_text(out, config->doveconf);
	pack_u32(out, (uint32_t)config->doveconf_error.code);
	pack_text(out, config->doveconf_error.text);
}

/* --- and back ------------------------------------------------------------------------------- */

struct unpacking {
	struct unpack *in;
	struct conf_section *root;
	const char *file; /* of the place before */
	bool no_memory;
};

static bool failed(const struct unpacking *from)
{
	return from->in->failed || from->no_memory;
}

static const char *unpack_file(struct unpacking *from)
{
	const char *file = unpack_text(from->in), *copy;

	if (!file) {
		from->in->failed = true;
		return NULL;
	}
	copy = arena_strdup(conf_arena(from->root), file);
	from->no_memory |= !copy;
	return copy;
}

static struct conf_pos unpack_place(struct unpacking *from)
{
	struct conf_pos pos = {.line = unpack_u32(from->in)};
	uint32_t same = unpack_u32(from->in);

	if (same > 1 || (same && !from->file))
		from->in->failed = true;
	if (!same)
		from->file = unpack_file(from);
	pos.file = from->file;
	return pos;
}

static void unpack_setting(struct unpacking *from, struct conf_section *section)
{
	const char *key = unpack_text(from->in), *value = unpack_text(from->in);
	struct conf_pos pos = unpack_place(from);
	uint32_t order = unpack_u32(from->in), bits = unpack_u32(from->in);
	struct conf_setting *setting;

	if (!key || !value || bits > (FROM_FILE | QUOTED))
		from->in->failed = true;
	if (failed(from))
		return;
	setting = conf_setting_add(section, key, value, pos);
	if (!setting) {
		from->no_memory = true;
		return;
	}
	setting->order = order;
	setting->from_file = bits & FROM_FILE;
	setting->quoted = bits & QUOTED;
}

static void unpack_section(struct unpacking *from, struct conf_section *section,
			   unsigned int depth);

static void unpack_inside(struct unpacking *from, struct conf_section *parent, unsigned int depth)
{
	const char *type = unpack_text(from->in), *name = unpack_text(from->in);
	struct conf_pos pos = unpack_place(from);
	struct conf_section *section;

	if (!type || !name || depth == DEPTH_MAX)
		from->in->failed = true;
	if (failed(from))
		return;
	section = conf_section_add(parent, type, name, pos);
	if (section)
		unpack_section(from, section, depth);
	else
		from->no_memory = true;
}

/* What stands behind type, name and place. */
static void unpack_section(struct unpacking *from, struct conf_section *section, unsigned int depth)
{
	uint32_t count;

	section->order = unpack_u32(from->in);
	count = unpack_u32(from->in);
	for (uint32_t i = 0; i < count && !failed(from); i++)
		unpack_setting(from, section);
	count = unpack_u32(from->in);
	for (uint32_t i = 0; i < count && !failed(from); i++)
		unpack_inside(from, section, depth + 1);
}

static int broken(struct error *error_r)
{
	return error_set(error_r, EINVAL, "the resolved configuration is broken");
}

static int no_memory(struct error *error_r)
{
	return error_set(error_r, ENOMEM, "out of memory for the resolved configuration");
}

static int unpack_tree(struct unpack *in, struct conf_section **root_r, struct error *error_r)
{
	struct unpacking from = {.in = in, .root = conf_new()};
	const char *type = unpack_text(in), *name = unpack_text(in);

	if (!from.root)
		return no_memory(error_r);
	if (!type || *type || !name || *name)
		in->failed = true;
	from.root->pos = unpack_place(&from);
	if (!in->failed)
		unpack_section(&from, from.root, 0);
	conf_seal(from.root);
	if (!failed(&from)) {
		*root_r = from.root;
		return 0;
	}
	conf_free(&from.root);
	return from.no_memory ? no_memory(error_r) : broken(error_r);
}

static int unpack_maps(struct unpack *in, struct config *config, struct error *error_r)
{
	uint32_t count = unpack_u32(in);
	int ret = count > MAPS_MAX ? broken(error_r) : 0;

	for (uint32_t i = 0; i < count && ret == 0; i++) {
		const char *path = unpack_text(in);
		struct conf_section *tree = NULL;

		ret = path ? unpack_tree(in, &tree, error_r) : broken(error_r);
		if (ret == 0 && config_add_map(config, path, tree) < 0)
			ret = no_memory(error_r);
	}
	return ret;
}

static int unpack_secret(struct unpack *in, const struct config *config, struct slice *secret_r,
			 struct error *error_r)
{
	uint32_t is_there = unpack_u32(in);
	struct slice key = unpack_bytes(in);
	char *copy;

	if (in->failed || is_there > 1)
		return broken(error_r);
	if (!is_there)
		return 0;
	copy = arena_strndup(conf_arena(config->own), key.ptr, key.len);
	if (!copy)
		return no_memory(error_r);
	*secret_r = (struct slice){copy, key.len};
	return 0;
}

static int unpack_secrets(struct unpack *in, struct config *config, struct error *error_r)
{
	int ret = unpack_secret(in, config, &config->audit_key, error_r);

	for (unsigned int i = 0; i < CONFIG_METRICS_FILES && ret == 0; i++)
		ret = unpack_secret(in, config, &config->metrics_files[i], error_r);
	return ret;
}

static int unpack_doveconf(struct unpack *in, struct config *config, struct error *error_r)
{
	const char *program = unpack_text(in);
	uint32_t code = unpack_u32(in);
	const char *text = unpack_text(in);

	if (in->failed || !text || code > INT32_MAX)
		return broken(error_r);
	config->doveconf = program ? arena_strdup(conf_arena(config->own), program) : NULL;
	if (program && !config->doveconf)
		return no_memory(error_r);
	if (code != 0)
		error_set(&config->doveconf_error, (int)code, "%s", text);
	return 0;
}

static int unpack_trees(struct unpack *in, struct config *config, struct error *error_r)
{
	uint32_t has_server;
	int ret = unpack_tree(in, &config->own, error_r);

	if (ret == 0)
		ret = unpack_tree(in, &config->command_line, error_r);
	if (ret < 0)
		return ret;
	has_server = unpack_u32(in);
	if (in->failed || has_server > 1)
		return broken(error_r);
	return has_server ? unpack_tree(in, &config->server, error_r) : 0;
}

int config_unpack(struct unpack *in, struct config *config_r, struct error *error_r)
{
	struct config config = {.resolved = true};
	int ret = unpack_trees(in, &config, error_r);

	if (ret == 0)
		ret = unpack_maps(in, &config, error_r);
	if (ret == 0)
		ret = unpack_secrets(in, &config, error_r);
	if (ret == 0)
		ret = unpack_doveconf(in, &config, error_r);
	if (ret == 0)
		ret = config_read_settings(&config, error_r);
	if (ret == 0)
		ret = config_read_last_login(&config, error_r);
	if (ret < 0)
		config_release(&config);
	else
		*config_r = config;
	return ret;
}
