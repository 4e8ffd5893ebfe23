/* SPDX-License-Identifier: MIT */
#include "login/template/v24/v24.h"

#include <stdio.h>

#include "login/template/names.h"

/* The username and domain of the user are variables of 2.3, and so named parts for SQL maps. */
static enum variable plain_variable(const struct v24_statement *first)
{
	const struct v24_statement *second = first->next;

	if (!second || first->variable == VARIABLE_NONE)
		return first->variable;
	if (first->variable != VARIABLE_USER || second->next || second->parameters)
		return VARIABLE_NONE;
	if (strcmp(second->name, "username") == 0)
		return VARIABLE_USERNAME;
	return strcmp(second->name, "domain") == 0 ? VARIABLE_DOMAIN : VARIABLE_NONE;
}

static int compile_program(struct compiler *compiler, const char **text, struct piece_list *list)
{
	struct v24_statement *first = NULL;
	size_t before = list->count;
	const char *start = *text;
	enum variable variable;
	int ret = v24_parse(compiler, text, &first);

	if (ret < 0 || !first)
		return ret;
	variable = plain_variable(first);
	if (variable != VARIABLE_NONE) {
		compiler->used[first->variable]--; /* counted as what it becomes */
		return compiler_add_variable(compiler, list, variable);
	}
	ret = compiler_add_program(compiler, list, v24_run, first);
	if (ret == 0)
		compiler_note_slash(list, before, start, *text);
	return ret;
}

/* A slip in the lexer of 2.4.1 and 2.4.2: where "y" is all between two "%", or between one and an
 * end, it is not there. */
static bool swallows(const struct compiler *compiler, const char *text, size_t len)
{
	int since = v24_since(compiler);

	return len == 1 && *text == 'y' && (since == 1 || since == 2);
}

int v24_compile(struct compiler *compiler, const char *text, struct piece_list *list)
{
	int ret = 0;

	while (*text != '\0' && ret == 0) {
		size_t literal = strcspn(text, "%");

		if (literal > 0) {
			if (!swallows(compiler, text, literal))
				ret = compiler_add_literal(compiler, list, text, literal);
			text += literal;
		} else if (strncmp(text, "%%{", 3) == 0) {
			ret = compiler_add_literal(compiler, list, "%{", 2);
			text += 3;
		} else if (text[1] == '{') {
			text += 2;
			ret = compile_program(compiler, &text, list);
		} else {
			ret = compiler_add_literal(compiler, list, "%", 1);
			text++;
		}
	}
	return ret;
}
