/* SPDX-License-Identifier: MIT */
#include "conf/last_login/last_login_resolve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "conf/arena.h"
#include "conf/last_login/last_login_gather.h"
#include "conf/parse.h"
#include "conf/v24/setting_names.h"

#define PIECES_MAX (4U << 20) /* bytes of one dict's */

/* A dict by the settings that it is made of. */
struct resolved {
	UT_hash_handle hh;
	const struct last_login_dict *dict;
	size_t len;
	char pieces[];
};

static int no_memory(struct error *error_r)
{
	return error_set(error_r, ENOMEM, "out of memory for the configuration");
}

int last_login_resolver_init(struct last_login_resolver *resolver,
			     const struct last_login_rules *rules)
{
	uint64_t *none = calloc(LAST_LOGIN_WORDS(rules), sizeof(*none));

	*resolver = (struct last_login_resolver){.rules = rules, .none = none};
	if (!none)
		return -ENOMEM;
	none[0] = 1; /* the filter that asks for nothing */
	return 0;
}

void last_login_resolver_release(struct last_login_resolver *resolver)
{
	struct resolved *known = resolver->known, *next;

	HASH_CLEAR(hh, resolver->known); /* the table; the chain of its elements stays */
	for (; known; known = next) {
		next = known->hh.next;
		free(known);
	}
	free((uint64_t *)resolver->none);
	*resolver = (struct last_login_resolver){0};
}

/* --- pieces to a block ----------------------------------------------------------------------- */

/* "cassandra_hosts { a = yes }": the section of the list, made at its first key. */
static struct conf_section *list_of(struct conf_section *block, const struct v24_value *value)
{
	const struct conf_section *list = conf_section_find(block, value->name, "");

	return list ? (struct conf_section *)list
		    : conf_section_add(block, value->name, "", value->setting->pos);
}

/* Is it but the name in the first line of the block? */
static bool is_its_name(const struct conf_section *block, const struct v24_value *value)
{
	const char *name = v24_entry_name(block->type);

	return name && strcmp(name, value->name) == 0 &&
	       strcmp(block->name, value->setting->value) == 0;
}

static int put_value(struct conf_section *root, struct conf_section *block,
		     const struct v24_value *value, struct error *error_r)
{
	struct conf_setting *from = value->setting, *setting;
	int ret = from->from_file ? conf_load_file(root, from, error_r) : 0;

	if (ret < 0 || is_its_name(block, value))
		return ret;
	if (value->key)
		block = list_of(block, value);
	setting = block ? conf_setting_add(block, value->key ? value->key : value->name,
					   from->value, from->pos)
			: NULL;
	if (!setting)
		return no_memory(error_r);
	setting->quoted = from->quoted;
	return 0;
}

static int make_block(struct conf_section *root, const struct last_login_piece *piece,
		      const struct last_login_piece *end, struct conf_section **block_r,
		      struct error *error_r)
{
	struct conf_section *block = root;
	int ret = 0;

	for (; piece < end && ret == 0; piece++) {
		const struct conf_section *from = piece->begin ? piece->begin->section : NULL;

		if (piece->value) {
			ret = put_value(root, block, piece->value, error_r);
			continue;
		}
		if (!from) {
			block = block->parent;
			continue;
		}
		block = (block == root ? conf_section_apart : conf_section_add)(
			block, piece->begin->type, from->name, from->pos);
		if (!block)
			return no_memory(error_r);
		if (block->parent == root)
			*block_r = block;
	}
	return ret;
}

static int make_from(const struct last_login_tree *tree, const struct buf *pieces,
		     struct conf_section **block_r, struct error *error_r)
{
	const struct last_login_piece *first = (const void *)buf_str(pieces);

	if (pieces->failed)
		return no_memory(error_r);
	return make_block(tree->root, first, first + pieces->len / sizeof(*first), block_r,
			  error_r);
}

/* --- behind the dict server ------------------------------------------------------------------ */

static int resolve_backend(struct last_login_resolver *resolver, const struct last_login_tree *tree,
			   struct last_login_dict *dict, struct error *error_r)
{
	const struct v24_block *entry =
		last_login_gather_find(tree, dict->proxy_name, "dict_server", resolver->none);
	struct conf_section *block = NULL;
	struct buf pieces;
	int ret;

	if (!entry)
		return 0;
	buf_init(&pieces, PIECES_MAX);
	last_login_gather(tree, entry, "dict_server", resolver->none, &pieces);
	ret = make_from(tree, &pieces, &block, error_r);
	buf_release(&pieces);
	if (!block)
		return ret;
	dict->backend_block = block;
	dict->backend_pos = block->pos;
	dict->backend_uri = NULL;
	return 0;
}

/* The map file of a container's configuration, as the host has it. NULL: out of memory. */
static const char *uri_of(const struct conf_section *root, const char *uri)
{
	static const char *const with_map[] = {"mysql:/", "pgsql:/", "sqlite:/", "cassandra:/"};
	const char *dir = conf_root_dir(root);

	for (size_t i = 0; dir && i < sizeof(with_map) / sizeof(with_map[0]); i++) {
		size_t driver = strlen(with_map[i]) - 1;

		if (strncmp(uri, with_map[i], driver + 1) == 0)
			return arena_printf(conf_arena(root), "%.*s%s%s", (int)driver, uri, dir,
					    uri + driver);
	}
	return uri;
}

/* "dict { name = uri }" */
static int find_uri(const struct conf_section *root, struct last_login_dict *dict)
{
	const struct conf_section *block = conf_section_find(root, "dict", "");
	const struct conf_setting *setting;

	for (; block; block = conf_section_next(block, "dict", "")) {
		setting = conf_setting_find(block, dict->proxy_name);
		if (!setting)
			continue;
		dict->backend_uri = uri_of(root, setting->value);
		if (!dict->backend_uri)
			return -ENOMEM;
		dict->backend_pos = setting->pos;
		dict->backend_block = NULL;
	}
	return 0;
}

int last_login_resolve_name(struct last_login_resolver *resolver, struct last_login_dict *dict,
			    struct error *error_r)
{
	int ret = 0;

	for (size_t i = 0; i < resolver->rules->tree_count && ret == 0; i++) {
		if (find_uri(resolver->rules->trees[i].root, dict) < 0)
			return no_memory(error_r);
		ret = resolve_backend(resolver, &resolver->rules->trees[i], dict, error_r);
	}
	if (ret == 0 && dict->backend_uri && !strchr(dict->backend_uri, ':'))
		ret = conf_error(&dict->backend_pos, error_r, EINVAL,
				 "dict %s: \"%.*s\" has no \":\"; driver:rest would be right",
				 dict->proxy_name, (int)strcspn(dict->backend_uri, " =,;"),
				 dict->backend_uri);
	return ret;
}

/* --- one dict -------------------------------------------------------------------------------- */

static int make_dict(struct last_login_resolver *resolver, const struct last_login_tree *tree,
		     const struct buf *pieces, const struct last_login_dict **dict_r,
		     struct error *error_r)
{
	struct last_login_dict *dict = arena_alloc(resolver->rules->arena, sizeof(*dict));
	struct conf_section *block = NULL;
	int ret = dict ? make_from(tree, pieces, &block, error_r) : no_memory(error_r);

	if (!dict || !block)
		return ret;
	dict->block = block;
	dict->pos = block->pos;
	if (strcmp(conf_setting_value(block, "dict_driver", block->name), "proxy") == 0) {
		dict->proxy_name = conf_setting_value(block, "dict_proxy_name", "");
		ret = last_login_resolve_name(resolver, dict, error_r);
	}
	*dict_r = dict;
	return ret;
}

static int remember(struct last_login_resolver *resolver, const struct buf *pieces,
		    const struct last_login_dict *dict, struct error *error_r)
{
	struct resolved *known = calloc(1, sizeof(*known) + pieces->len);

	if (!known)
		return no_memory(error_r);
	known->dict = dict;
	known->len = pieces->len;
	/* UNSAFE: calloc() made room for it. */
	memcpy(known->pieces, pieces->data, pieces->len);
	HASH_ADD(hh, resolver->known, pieces, known->len, known);
	if (hash_added(known))
		return 0;
	free(known);
	return no_memory(error_r);
}

int last_login_resolve(struct last_login_resolver *resolver, const struct last_login_tree *tree,
		       const struct v24_block *entry, const uint64_t *filters,
		       const struct last_login_dict **dict_r, struct error *error_r)
{
	struct resolved *known;
	struct buf pieces;
	int ret = 0;

	buf_init(&pieces, PIECES_MAX);
	last_login_gather(tree, entry, "last_login", filters, &pieces);
	if (pieces.failed) {
		ret = no_memory(error_r);
		goto out;
	}
	HASH_FIND(hh, resolver->known, pieces.data, pieces.len, known);
	if (known) {
		*dict_r = known->dict;
		goto out;
	}
	ret = make_dict(resolver, tree, &pieces, dict_r, error_r);
	if (ret == 0)
		ret = remember(resolver, &pieces, *dict_r, error_r);
out:
	buf_release(&pieces);
	return ret;
}
