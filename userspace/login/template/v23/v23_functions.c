/* SPDX-License-Identifier: MIT */
#include "login/template/names.h"
#include "login/template/template_hash.h"
#include "login/template/v23/v23.h"

/* "name" is text up to the separator, or all of it; text moves behind the separator. */
struct slice v23_split(struct slice *text, char separator)
{
	const char *at = text->len > 0 ? memchr(text->ptr, separator, text->len) : NULL;
	struct slice name = *text;

	if (at)
		name.len = (size_t)(at - text->ptr);
	text->len -= name.len + (at != NULL);
	text->ptr = at ? at + 1 : text->ptr + name.len;
	return name;
}

int v23_compile_copy(struct compiler *compiler, struct slice text, struct piece_list *list)
{
	char *copy = pool_strndup(compiler->pool, text.ptr, text.len);

	*list = (struct piece_list){0};
	return copy ? v23_compile(compiler, copy, list) : compiler_no_memory(compiler);
}

static bool is_hash(const struct compiler *compiler, struct slice function)
{
	if (slice_is(function, "sha384") && v23_is_before_2_3_14(compiler))
		return false;
	return hash_is_known(function) || slice_is(function, "pkcs5");
}

static int compile_function(struct compiler *compiler, struct slice name, struct piece *piece_r)
{
	struct slice rest = name, key = v23_split(&rest, ':'), options = key, if_parameters = name;
	struct slice function = v23_split(&options, ';');

	if (is_hash(compiler, function))
		return v23_compile_hash(compiler, function, options, rest, piece_r);
	if (function.len == 2 && strncasecmp(function.ptr, "if", 2) == 0) {
		v23_split(&if_parameters, ';');
		return v23_compile_if(compiler, if_parameters, piece_r);
	}
	return v23_find_long(compiler, name, &piece_r->variable);
}

int v23_compile_long(struct compiler *compiler, struct slice name, struct piece *piece_r)
{
	int ret;

	*piece_r = (struct piece){.variable = VARIABLE_NONE};
	if (++compiler->depth > TEMPLATE_DEPTH_MAX)
		return compiler_refuse(compiler, "functions are nested more than %u deep",
				       TEMPLATE_DEPTH_MAX);
	ret = compile_function(compiler, name, piece_r);
	compiler->depth--;
	if (ret == 0 && piece_r->variable != VARIABLE_NONE)
		compiler->used[piece_r->variable]++;
	return ret;
}
