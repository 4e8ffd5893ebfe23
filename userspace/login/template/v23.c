/* SPDX-License-Identifier: MIT */
#include "login/template/compile.h"
#include "login/template/names.h"

static int compile_long(struct compiler *compiler, const char **text, struct piece_list *list)
{
	const char *name = *text + 1, *end = strchr(name, '}');
	enum variable variable;
	int ret;

	if (!end)
		return compiler_refuse(compiler, "\"%%{\" without its \"}\"");
	ret = v23_find_long(compiler, (struct slice){name, (size_t)(end - name)}, &variable);
	*text = end + 1;
	return ret < 0 ? ret : compiler_add_variable(compiler, list, variable);
}

static int compile_percent(struct compiler *compiler, const char **text, struct piece_list *list)
{
	enum variable variable;
	int ret;

	if (**text == '{')
		return compile_long(compiler, text, list);
	if (**text == '%') {
		++*text;
		return compiler_add_literal(compiler, list, "%", 1);
	}
	ret = v23_find_short(compiler, **text, &variable);
	++*text;
	return ret < 0 ? ret : compiler_add_variable(compiler, list, variable);
}

int v23_compile(struct compiler *compiler, const char *text, struct piece_list *list)
{
	int ret = 0;

	while (*text != '\0' && ret == 0) {
		size_t literal = strcspn(text, "%");

		ret = compiler_add_literal(compiler, list, text, literal);
		text += literal;
		if (ret < 0 || *text == '\0')
			break;
		text++;
		/* A percent sign at the very end vanishes. */
		if (*text != '\0')
			ret = compile_percent(compiler, &text, list);
	}
	return ret;
}
