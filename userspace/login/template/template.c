/* SPDX-License-Identifier: MIT */
#include "login/template/template.h"

#include <errno.h>
#include <stdlib.h>

#include "login/template/compile.h"

struct template
{
	struct pool pool;
	struct piece_list list;
	size_t part_count;
	struct scratch scratch;
	struct hasher *md5;
	const char *variables[VARIABLE_COUNT + 1];
	bool uses[VARIABLE_COUNT];
};

static int (*const parsers[])(struct compiler *, const char *, struct piece_list *) = {
	[TEMPLATE_V23] = v23_compile,
	[TEMPLATE_V24] = v24_compile,
};

static int take_scratch(struct compiler *compiler, struct template *template)
{
	bool programs = false;

	for (size_t i = 0; i < template->list.count; i++) {
		programs |= template->list.pieces[i].eval != NULL;
		template->part_count += template->list.pieces[i].literal.len == 0;
	}
	if (!programs)
		return 0;
	template->scratch.data = pool_alloc(&template->pool, TEMPLATE_SCRATCH);
	if (!template->scratch.data)
		return compiler_no_memory(compiler);
	template->scratch.size = TEMPLATE_SCRATCH;
	return 0;
}

static void list_variables(const struct compiler *compiler, struct template *template)
{
	const char **next = template->variables;

	for (unsigned int i = 0; i < VARIABLE_COUNT; i++) {
		template->uses[i] = compiler->used[i];
		if (compiler->used[i])
			*next++ = variable_name(i);
	}
}

static int parse(struct compiler *compiler, const char *text, enum template_language language,
		 struct template *template)
{
	if (strlen(text) > TEMPLATE_TEXT_MAX)
		return compiler_refuse(compiler, "the template is longer than %u bytes",
				       TEMPLATE_TEXT_MAX);
	return parsers[language](compiler, text, &template->list);
}

static int parse_prefix(const struct compiler *compiler, struct compiler *prefix,
			struct template *template)
{
	*prefix = *compiler;
	if (!compiler->env.prefix)
		return 0;
	prefix->where = compiler->env.prefix_where;
	prefix->env.setting = compiler->env.prefix_setting;
	return parse(prefix, compiler->env.prefix, compiler->env.prefix_language, template);
}

static int compile(struct compiler *compiler, const char *text, enum template_language language,
		   struct template *template)
{
	struct compiler prefix;
	int ret = parse_prefix(compiler, &prefix, template);

	memcpy(compiler->used, prefix.used, sizeof(prefix.used));
	compiler->md5 = prefix.md5;
	if (ret == 0)
		ret = parse(compiler, text, language, template);
	if (ret == 0)
		ret = take_scratch(compiler, template);
	if (ret == 0)
		list_variables(compiler, template);
	template->md5 = compiler->md5;
	return ret;
}

int template_compile(const char *text, enum template_language language, const char *where,
		     const struct template_env *env, struct template **template_r,
		     struct error *error_r)
{
	struct template *template = calloc(1, sizeof(*template));
	struct compiler compiler = {.where = where, .error_r = error_r};
	int ret;

	if (!template)
		return error_set(error_r, ENOMEM, "%s: out of memory", where);
	compiler.pool = &template->pool;
	if (env)
		compiler.env = *env;
	if (!compiler.env.setting)
		compiler.env.setting = "last_login_key";
	ret = compile(&compiler, text, language, template);
	if (ret < 0)
		template_free(&template);
	else
		*template_r = template;
	return ret;
}

void template_free(struct template **template)
{
	if (!*template)
		return;
	pool_release(&(*template)->pool);
	free(*template);
	*template = NULL;
}

size_t template_part_count(const struct template *template)
{
	return template->part_count;
}

const char *const *template_variables(const struct template *template)
{
	return template->variables;
}

struct part_list {
	const bool *uses; /* by the whole template */
	struct key_part *parts;
	size_t count, max;
};

/* Dovecot's keys end at a NUL, which only the program of a 2.4 template can bring in. */
static int append(struct template_run *run, struct buf *out, struct slice value)
{
	size_t len = value.len > 0 ? strnlen(value.ptr, value.len) : 0;

	if (run->ended)
		return 0;
	run->ended = len < value.len;
	if (buf_append(out, value.ptr, len) < 0)
		return error_set(run->error_r, -out->failed, "%s",
				 out->failed == -ENOMEM ? "out of memory" : "the key is too long");
	return 0;
}

static int append_piece(struct template_run *run, const struct piece *piece, struct buf *out,
			const char **name_r)
{
	char text[VARIABLE_TEXT_MAX];
	struct slice value;
	int ret;

	if (piece->variable != VARIABLE_NONE) {
		*name_r = variable_name(piece->variable);
		ret = variable_get(&run->source, piece->variable, text, &value, run->error_r);
	} else {
		*name_r = "";
		ret = piece->eval(piece->program, run, &value);
	}
	return ret < 0 ? ret : append(run, out, value);
}

static bool has_slash(struct slice text)
{
	return text.len > 0 && memchr(text.ptr, '/', text.len);
}

static bool login_has_slash(struct template_run *run, const bool *uses)
{
	char text[VARIABLE_TEXT_MAX];
	struct slice value;

	for (unsigned int i = 0; i < VARIABLE_COUNT; i++) {
		if (uses[i] && variable_get(&run->source, i, text, &value, NULL) == 0 &&
		    has_slash(value))
			return true;
	}
	return false;
}

/* What a function made, such as "mail/alice", is no one part when its slashes are those of the
 * template. */
static bool is_several(struct template_run *run, const struct part_list *list,
		       const struct piece *piece, struct slice value)
{
	return piece->has_slash && has_slash(value) && !login_has_slash(run, list->uses);
}

static int expand_piece(struct template_run *run, const struct piece *piece, struct buf *out,
			struct part_list *list)
{
	size_t offset = out->len;
	const char *name;
	int ret;

	if (piece->literal.len > 0)
		return append(run, out, piece->literal);
	ret = append_piece(run, piece, out, &name);
	if (ret < 0 || !list->parts)
		return ret;
	if (is_several(run, list, piece, (struct slice){buf_str(out) + offset, out->len - offset}))
		return 0;
	if (list->count == list->max)
		return error_set(run->error_r, E2BIG, "the key has more than %zu variables",
				 list->max);
	list->parts[list->count++] =
		(struct key_part){name, (uint32_t)offset, (uint32_t)(out->len - offset)};
	return 0;
}

static void cut(struct buf *out, size_t len)
{
	out->len = len;
	if (out->data)
		out->data[len] = '\0';
}

int template_expand(const struct template *template, const struct login *login,
		    const struct template_host *extra, struct buf *out, struct key_part *parts,
		    size_t part_max, size_t *part_count_r, struct error *error_r)
{
	static const struct template_host nothing;
	struct scratch scratch = template->scratch;
	struct template_run run = {.source = {login, extra ? extra : &nothing},
				   .scratch = &scratch,
				   .md5 = template->md5,
				   .error_r = error_r};
	struct part_list list = {template->uses, parts, 0, part_max};
	size_t start = out->len;
	int ret;

	for (size_t i = 0; i < template->list.count; i++) {
		ret = expand_piece(&run, &template->list.pieces[i], out, &list);
		if (ret < 0) {
			cut(out, start);
			return ret;
		}
	}
	if (part_count_r)
		*part_count_r = list.count;
	return 0;
}
