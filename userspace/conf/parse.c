/* SPDX-License-Identifier: MIT */
#include "conf/parse.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "base/read_file.h"
#include "conf/arena.h"
#include "conf/expand.h"
#include "conf/lex.h"

/* One run over a file and its includes. */
struct parser {
	struct conf_section *root;
	struct conf_section *section; /* the innermost open one */
	unsigned int flags;
	unsigned int section_depth, include_depth, files;
	bool may_read; /* false: pure text */
	const char *open_files[CONF_INCLUDE_DEPTH];
};

static int no_memory(const struct conf_pos *pos, struct error *error_r)
{
	return conf_error(pos, error_r, ENOMEM, "no memory for the configuration (at most %u MiB)",
			  CONF_TREE_MAX >> 20);
}

/* Sections in which "$name" is a variable of an SQL map's pattern. */
static bool is_map_section(const struct conf_section *section)
{
	static const char *const types[] = {
		"map",	       "fields",
		"dict_map",    "dict_map_key_field",
		"key_field",   "dict_map_value_field",
		"value_field", NULL,
	};

	for (; section; section = section->parent) {
		for (size_t i = 0; types[i]; i++) {
			if (strcmp(section->type, types[i]) == 0)
				return true;
		}
	}
	return false;
}

static enum conf_dollar dollar_of(const struct parser *parser)
{
	if (parser->flags & CONF_PARSE_MAP || is_map_section(parser->section))
		return CONF_DOLLAR_ENV_ONLY;
	return conf_is_v24(parser->root) ? CONF_DOLLAR_V24 : CONF_DOLLAR_V23;
}

static int add_setting(struct parser *parser, const struct conf_line *line,
		       const struct conf_pos *pos, struct error *error_r)
{
	struct conf_setting *setting = NULL;
	struct buf value;

	buf_init(&value, CONF_LINE_MAX);
	if (line->quoted)
		buf_append_str(&value, line->value);
	else
		conf_expand(&value, parser->section, dollar_of(parser), line->value);
	if (value.failed == 0)
		setting = conf_setting_add(parser->section, line->key, buf_str(&value), *pos);
	if (setting)
		setting->quoted = line->quoted;
	buf_release(&value);
	return setting ? 0 : no_memory(pos, error_r);
}

/* A relative path counts from the folder of the file that names it, an absolute one from the root
 * of that file. */
static char *path_beside(struct parser *parser, const char *file, const char *path)
{
	const char *slash = strrchr(file, '/'), *dir = conf_root_dir(parser->root);

	if (*path == '/' && dir)
		return arena_printf(conf_arena(parser->root), "%s%s", dir, path);
	if (*path == '/' || !slash)
		return arena_strdup(conf_arena(parser->root), path);
	return arena_printf(conf_arena(parser->root), "%.*s%s", (int)(slash + 1 - file), file,
			    path);
}

static int add_file_setting(struct parser *parser, const struct conf_line *line,
			    const struct conf_pos *pos, struct error *error_r)
{
	char *path = path_beside(parser, pos->file, line->value);
	struct conf_setting *setting;

	if (!path)
		return no_memory(pos, error_r);
	setting = conf_setting_add(parser->section, line->key, path, *pos);
	if (!setting)
		return no_memory(pos, error_r);
	setting->from_file = true;
	return 0;
}

static int begin_section(struct parser *parser, const struct conf_line *line,
			 const struct conf_pos *pos, struct error *error_r)
{
	struct conf_section *section;

	if (parser->section_depth == CONF_SECTION_DEPTH)
		return conf_error(pos, error_r, E2BIG, "sections are nested deeper than %d",
				  CONF_SECTION_DEPTH);
	section = conf_section_add(parser->section, line->key, line->value, *pos);
	if (!section)
		return no_memory(pos, error_r);
	parser->section = section;
	parser->section_depth++;
	return 0;
}

static int end_section(struct parser *parser, const struct conf_line *line,
		       const struct conf_pos *pos, struct error *error_r)
{
	(void)line;
	if (!parser->section->parent)
		return conf_error(pos, error_r, EINVAL, "\"}\" without an open section; remove it");
	parser->section = parser->section->parent;
	parser->section_depth--;
	return 0;
}

static int parse_file(struct parser *parser, const char *path, const struct conf_pos *from,
		      struct error *error_r);

static int include_matches(struct parser *parser, const glob_t *found, const struct conf_pos *pos,
			   bool try, struct error *error_r)
{
	int ret = 0;

	for (size_t i = 0; i < found->gl_pathc && ret == 0; i++) {
		char *path = arena_strdup(conf_arena(parser->root), found->gl_pathv[i]);

		if (!path)
			return no_memory(pos, error_r);
		ret = parse_file(parser, path, pos, error_r);
		if (try && (ret == -ENOENT || ret == -EACCES))
			ret = 0;
	}
	return ret;
}

static int include(struct parser *parser, const struct conf_line *line, const struct conf_pos *pos,
		   struct error *error_r)
{
	bool try = line->type == CONF_LINE_INCLUDE_TRY;
	char *pattern = path_beside(parser, pos->file, line->value);
	glob_t found = {0};
	int ret;

	if (!pattern)
		return no_memory(pos, error_r);
	ret = parser->may_read ? glob(pattern, GLOB_BRACE, NULL, &found) : GLOB_NOMATCH;
	if (ret == 0)
		ret = include_matches(parser, &found, pos, try, error_r);
	else if (ret == GLOB_NOSPACE)
		ret = no_memory(pos, error_r);
	else if (!try)
		ret = conf_error(pos, error_r, ENOENT,
				 "no file matches \"%s\"; correct it or use !include_try", pattern);
	else
		ret = 0;
	globfree(&found);
	return ret;
}

static int apply_line(struct parser *parser, const struct conf_line *line, const char *file,
		      struct error *error_r)
{
	static int (*const apply[])(struct parser *, const struct conf_line *,
				    const struct conf_pos *, struct error *) = {
		[CONF_LINE_SETTING] = add_setting, [CONF_LINE_FILE] = add_file_setting,
		[CONF_LINE_BEGIN] = begin_section, [CONF_LINE_END] = end_section,
		[CONF_LINE_INCLUDE] = include,	   [CONF_LINE_INCLUDE_TRY] = include,
	};
	const struct conf_pos pos = {file, line->line};

	return apply[line->type](parser, line, &pos, error_r);
}

/* file is in the tree's arena. */
static int parse_text(struct parser *parser, struct slice text, const char *file,
		      struct error *error_r)
{
	struct conf_line line;
	struct conf_lex lex;
	int ret;

	conf_lex_init(&lex, text);
	while ((ret = conf_lex_next(&lex, &line, error_r)) > 0) {
		ret = apply_line(parser, &line, file, error_r);
		if (ret < 0)
			goto out;
	}
	if (ret < 0)
		error_prefix(error_r, "%s:%u", file, lex.line);
out:
	conf_lex_release(&lex);
	return ret;
}

static int read_of(const struct conf_section *root, const char *path, struct buf *out)
{
	const char *dir = conf_root_dir(root);

	return read_file_below(dir, dir ? path + strlen(dir) : path, out);
}

static int check_include(const struct parser *parser, const char *path, struct error *error_r)
{
	for (unsigned int i = 0; i < parser->include_depth; i++) {
		if (strcmp(parser->open_files[i], path) == 0)
			return error_set(error_r, ELOOP, "%s includes itself", path);
	}
	if (parser->include_depth == CONF_INCLUDE_DEPTH)
		return error_set(error_r, ELOOP, "files are included deeper than %d levels",
				 CONF_INCLUDE_DEPTH);
	if (parser->files == CONF_FILES_MAX)
		return error_set(error_r, E2BIG, "more than %d files are included", CONF_FILES_MAX);
	return 0;
}

static int parse_file(struct parser *parser, const char *path, const struct conf_pos *from,
		      struct error *error_r)
{
	struct buf text;
	int ret;

	buf_init(&text, CONF_FILE_MAX);
	ret = check_include(parser, path, error_r);
	if (ret == 0) {
		ret = read_of(parser->root, path, &text);
		if (ret < 0)
			error_set(error_r, -ret, "cannot read %s: %s", path, strerror(-ret));
	}
	if (ret < 0 && from)
		error_prefix(error_r, "%s:%u", from->file, from->line);
	if (ret < 0)
		goto out;
	parser->files++;
	parser->open_files[parser->include_depth++] = path;
	ret = parse_text(parser, buf_slice(&text), path, error_r);
	parser->include_depth--;
out:
	buf_release(&text);
	return ret;
}

static int finish(struct parser *parser, int ret, struct conf_section **root_r,
		  struct error *error_r)
{
	if (ret == 0 && parser->section->parent)
		ret = conf_error(&parser->section->pos, error_r, EINVAL,
				 "the section \"%s\" that begins here is never closed; add \"}\"",
				 parser->section->type);
	if (ret == 0)
		*root_r = parser->root;
	else
		conf_free(&parser->root);
	return ret;
}

/* The name in the tree's memory, or NULL. */
static const char *start(struct parser *parser, const char *name)
{
	parser->section = parser->root = conf_new();
	if (!parser->root)
		return NULL;
	parser->root->pos.file = arena_strdup(conf_arena(parser->root), name);
	if (!parser->root->pos.file)
		conf_free(&parser->root);
	return parser->root ? parser->root->pos.file : NULL;
}

bool conf_path_is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	while (len > 0 && dir[len - 1] == '/')
		len--;
	return len > 0 && strncmp(path, dir, len) == 0 && path[len] == '/';
}

/* dir without what ends it. */
static int set_root_dir(struct conf_section *root, const char *dir)
{
	size_t len = strlen(dir);
	char *copy;
	int ret;

	while (len > 0 && dir[len - 1] == '/')
		len--;
	copy = strndup(dir, len);
	ret = copy ? conf_set_root_dir(root, copy) : -ENOMEM;
	free(copy);
	return ret;
}

int conf_parse_file(const char *path, unsigned int flags, struct conf_section **root_r,
		    struct error *error_r)
{
	return conf_parse_file_below(NULL, path, flags, root_r, error_r);
}

int conf_parse_file_below(const char *dir, const char *path, unsigned int flags,
			  struct conf_section **root_r, struct error *error_r)
{
	struct parser parser = {.flags = flags, .may_read = true};
	const char *name = start(&parser, path);

	if (!name)
		return error_set(error_r, ENOMEM, "%s: out of memory", path);
	if (dir && set_root_dir(parser.root, dir) < 0)
		return finish(&parser, no_memory(&parser.root->pos, error_r), root_r, error_r);
	return finish(&parser, parse_file(&parser, name, NULL, error_r), root_r, error_r);
}

int conf_parse_text(struct slice text, const char *name, unsigned int flags,
		    struct conf_section **root_r, struct error *error_r)
{
	struct parser parser = {.flags = flags};
	const char *file = start(&parser, name);

	if (!file)
		return error_set(error_r, ENOMEM, "out of memory for %s",
				 *name ? name : "settings");
	return finish(&parser, parse_text(&parser, text, file, error_r), root_r, error_r);
}

int conf_load_file(struct conf_section *root, struct conf_setting *setting, struct error *error_r)
{
	struct buf text;
	char *value;
	int ret;

	if (conf_is_sealed(root))
		return conf_error(&setting->pos, error_r, EPERM, "%s: %s was not read in time",
				  setting->key, setting->value);
	buf_init(&text, CONF_LINE_MAX);
	ret = read_of(root, setting->value, &text);
	if (ret < 0) {
		conf_error(&setting->pos, error_r, -ret, "%s: cannot read %s: %s", setting->key,
			   setting->value, strerror(-ret));
		goto out;
	}
	if (text.len > 0 && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	value = arena_strdup(conf_arena(root), buf_str(&text));
	if (!value) {
		ret = no_memory(&setting->pos, error_r);
		goto out;
	}
	setting->value = value;
	setting->from_file = false;
out:
	buf_release(&text);
	return ret;
}

int conf_load_files(struct conf_section *section, struct error *error_r)
{
	struct conf_setting *setting;
	struct conf_section *child;
	int ret = 0;

	for (setting = section->settings; setting && ret == 0; setting = setting->next) {
		if (setting->from_file)
			ret = conf_load_file(section, setting, error_r);
	}
	for (child = section->sections; child && ret == 0; child = child->next)
		ret = conf_load_files(child, error_r); /* at most CONF_SECTION_DEPTH deep */
	return ret;
}
