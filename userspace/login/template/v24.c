/* SPDX-License-Identifier: MIT */
#include "login/template/compile.h"
#include "login/template/names.h"

static struct slice trim(const char *from, const char *to)
{
	while (from < to && (*from == ' ' || *from == '\t'))
		from++;
	while (from < to && (to[-1] == ' ' || to[-1] == '\t'))
		to--;
	return (struct slice){from, (size_t)(to - from)};
}

static int compile_program(struct compiler *compiler, const char **text, struct piece_list *list)
{
	const char *end = strchr(*text, '}');
	enum variable variable;
	struct slice name;
	int ret;

	if (!end)
		return compiler_refuse(compiler, "\"%%{\" without its \"}\"");
	name = trim(*text, end);
	*text = end + 1;
	if (name.len == 0)
		return 0;
	ret = v24_find(compiler, name, &variable);
	if (ret == 0 && variable == VARIABLE_NONE)
		ret = v24_refuse_unknown(compiler, name);
	return ret < 0 ? ret : compiler_add_variable(compiler, list, variable);
}

int v24_compile(struct compiler *compiler, const char *text, struct piece_list *list)
{
	int ret = 0;

	while (*text != '\0' && ret == 0) {
		size_t literal = strcspn(text, "%");

		if (literal > 0) {
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
