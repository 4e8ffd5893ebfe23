/* SPDX-License-Identifier: MIT */
#include "login/template/compile.h"

#include <errno.h>
#include <stdio.h>

int compiler_refuse(struct compiler *compiler, const char *fmt, ...)
{
	char text[sizeof(compiler->error_r->text)];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return error_set(compiler->error_r, EINVAL, "%s: %s: %s", compiler->where,
			 compiler->env.setting, text);
}

int compiler_no_memory(struct compiler *compiler)
{
	return error_set(compiler->error_r, ENOMEM, "%s: out of memory", compiler->where);
}

static struct piece *add_piece(struct compiler *compiler, struct piece_list *list)
{
	struct piece *pieces = list->pieces;

	if (list->count == list->size) {
		pieces = pool_alloc(compiler->pool, (list->size * 2 + 4) * sizeof(*pieces));
		if (!pieces)
			return NULL;
		if (list->count > 0)
			memcpy(pieces, list->pieces, list->count * sizeof(*pieces));
		list->pieces = pieces;
		list->size = list->size * 2 + 4;
	}
	pieces[list->count].variable = VARIABLE_NONE;
	return &pieces[list->count++];
}

static struct piece *last_literal(struct piece_list *list)
{
	struct piece *last = list->count > 0 ? &list->pieces[list->count - 1] : NULL;

	return last && last->variable == VARIABLE_NONE && !last->eval ? last : NULL;
}

int compiler_add_literal(struct compiler *compiler, struct piece_list *list, const char *text,
			 size_t len)
{
	struct piece *piece = last_literal(list);
	char *joined;

	if (len == 0)
		return 0;
	if (!piece)
		piece = add_piece(compiler, list);
	joined = piece ? pool_alloc(compiler->pool, piece->literal.len + len + 1) : NULL;
	if (!joined)
		return compiler_no_memory(compiler);
	if (piece->literal.len > 0)
		memcpy(joined, piece->literal.ptr, piece->literal.len);
	memcpy(joined + piece->literal.len, text, len);
	piece->literal = (struct slice){joined, piece->literal.len + len};
	return 0;
}

int compiler_add_variable(struct compiler *compiler, struct piece_list *list,
			  enum variable variable)
{
	struct piece *piece = add_piece(compiler, list);

	if (!piece)
		return compiler_no_memory(compiler);
	piece->variable = variable;
	compiler->used[variable]++;
	return 0;
}

int compiler_add_program(struct compiler *compiler, struct piece_list *list, program_eval_fn *eval,
			 const void *program)
{
	struct piece *piece = add_piece(compiler, list);

	if (!piece)
		return compiler_no_memory(compiler);
	piece->eval = eval;
	piece->program = program;
	return 0;
}

void compiler_note_slash(struct piece_list *list, size_t first, const char *text, const char *end)
{
	bool has_slash = memchr(text, '/', (size_t)(end - text)) != NULL;

	for (size_t i = first; i < list->count; i++)
		list->pieces[i].has_slash = has_slash && list->pieces[i].eval;
}

int run_fail(struct template_run *run, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return error_set(run->error_r, EINVAL, "%s", text);
}

char *run_take(struct template_run *run, size_t len)
{
	char *text = scratch_take(run->scratch, len);

	if (!text) {
		run->fatal = true;
		(void)error_set(run->error_r, E2BIG, "the expansion needs more than %u bytes",
				TEMPLATE_SCRATCH);
	}
	return text;
}

int run_copy(struct template_run *run, struct slice value, struct slice *copy_r)
{
	char *copy = run_take(run, value.len);

	if (!copy)
		return -E2BIG;
	if (value.len > 0)
		memcpy(copy, value.ptr, value.len);
	*copy_r = (struct slice){copy, value.len};
	return 0;
}

int run_replace(struct template_run *run, char byte, const char *with, struct slice *value)
{
	size_t count = 0, with_len = strlen(with), len = 0;
	char *text;

	for (size_t i = 0; i < value->len; i++)
		count += value->ptr[i] == byte;
	text = run_take(run, value->len - count + count * with_len);
	if (!text)
		return -E2BIG;
	for (size_t i = 0; i < value->len; i++) {
		bool found = value->ptr[i] == byte;

		memcpy(text + len, found ? with : value->ptr + i, found ? with_len : 1);
		len += found ? with_len : 1;
	}
	*value = (struct slice){text, len};
	return 0;
}

int run_variable(struct template_run *run, enum variable variable, struct slice *value_r)
{
	char text[VARIABLE_TEXT_MAX];
	struct slice value;
	int ret = variable_get(&run->source, variable, text, &value, run->error_r);

	if (ret < 0) {
		run->fatal = true;
		return ret;
	}
	return run_copy(run, value, value_r);
}

int run_piece(struct template_run *run, const struct piece *piece, struct slice *value_r)
{
	if (piece->eval)
		return piece->eval(piece->program, run, value_r);
	if (piece->variable != VARIABLE_NONE)
		return run_variable(run, piece->variable, value_r);
	*value_r = piece->literal;
	return 0;
}

int run_pieces(struct template_run *run, const struct piece_list *list, struct slice *value_r)
{
	struct slice all = {"", 0}, value;
	char *joined;
	int ret;

	for (size_t i = 0; i < list->count; i++) {
		ret = run_piece(run, &list->pieces[i], &value);
		if (ret < 0)
			return ret;
		if (all.len == 0) {
			all = value;
			continue;
		}
		joined = run_take(run, all.len + value.len);
		if (!joined)
			return -E2BIG;
		memcpy(joined, all.ptr, all.len);
		if (value.len > 0)
			memcpy(joined + all.len, value.ptr, value.len);
		all = (struct slice){joined, all.len + value.len};
	}
	*value_r = all;
	return 0;
}
