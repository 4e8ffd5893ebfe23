/* SPDX-License-Identifier: MIT */
/* %{if;a;op;b;then;else} of 2.3, whose parameters are templates of their own. */
#include <errno.h>

#include "login/template/functions.h"
#include "login/template/v23/v23.h"

#define IF_PARAMETERS 5

struct v23_if {
	struct piece_list parameters[IF_PARAMETERS]; /* a, operator, b, then, else */
	const struct comparison *comparison;	     /* NULL when a variable names it */
	const regex_t *regex;			     /* NULL when there is none, or none yet */
};

static int find_comparison(const struct v23_if *test, struct template_run *run, const char *name,
			   const struct comparison **comparison_r)
{
	*comparison_r = test->comparison ? test->comparison : comparison_find(name);
	return *comparison_r ? 0 : run_fail(run, "if: '%s' is no operator", name);
}

static int compare(const struct v23_if *test, struct template_run *run,
		   const struct slice values[IF_PARAMETERS])
{
	const struct comparison *comparison;
	const char *a = values[0].ptr, *b = values[2].ptr;
	int64_t number_a, number_b;
	int ret = find_comparison(test, run, values[1].ptr, &comparison);

	if (ret < 0)
		return ret;
	if (comparison->kind != COMPARE_NUMBERS)
		return comparison_of_texts(comparison, run, a, b,
					   pieces_constant(&test->parameters[2]) != NULL,
					   test->regex);
	if (!text_to_number(a, &number_a) || !text_to_number(b, &number_b))
		return run_fail(run, "if: '%s' %s '%s' compares what is no number", a,
				comparison->name, b);
	return comparison_of_numbers(comparison, number_a, number_b);
}

/* All parameters are expanded, as in Dovecot: an error in the branch not taken counts. */
static int evaluate_if(const void *program, struct template_run *run, struct slice *value_r)
{
	const struct v23_if *test = program;
	struct slice values[IF_PARAMETERS];
	int ret = 0;

	for (unsigned int i = 0; i < IF_PARAMETERS && ret == 0; i++)
		ret = run_pieces(run, &test->parameters[i], &values[i]);
	if (ret == 0)
		ret = compare(test, run, values);
	if (ret < 0)
		return ret;
	*value_r = values[ret ? 3 : 4];
	return 0;
}

/*
 * Moves one parameter from text to out, up to an unescaped ";" outside of %{...}, and returns what
 * ended it: ';', ':' or 0. A backslash vanishes; the byte behind it means nothing special. A
 * percent sign is remembered until the next brace, even over the end of its parameter.
 */
static char next_parameter(struct slice *text, bool *percent, struct buf *out)
{
	bool escaped = false;
	unsigned int depth = 0;

	for (; text->len > 0; text->ptr++, text->len--) {
		char c = *text->ptr;

		if (c == '\\') {
			escaped = true;
			continue;
		}
		if (escaped) {
			escaped = false;
		} else if (c == '%') {
			*percent = true;
		} else if (*percent && c == '{') {
			depth++;
			*percent = false;
		} else if (depth > 0 && c == '}') {
			depth--;
		} else if (depth == 0 && (c == ';' || c == ':')) {
			text->ptr++;
			text->len--;
			return c;
		}
		buf_append_char(out, c);
	}
	/* Dovecot sees the colon that separates a function from its field, here without a field. */
	if (escaped)
		buf_append_char(out, ':');
	return '\0';
}

/* Returns how many there were. An empty parameter at the end does not count. */
static int compile_parameters(struct compiler *compiler, struct slice text,
			      struct piece_list lists[IF_PARAMETERS])
{
	struct buf parameter;
	int count = 0, ret = 0;
	bool percent = false;
	char end = ';';

	buf_init(&parameter, TEMPLATE_TEXT_MAX);
	while (end == ';' && ret == 0) {
		buf_reset(&parameter);
		end = next_parameter(&text, &percent, &parameter);
		if (parameter.failed)
			ret = compiler_no_memory(compiler);
		if (ret < 0 || (end != ';' && parameter.len == 0))
			break;
		if (count < IF_PARAMETERS)
			ret = v23_compile_copy(compiler, buf_slice(&parameter), &lists[count]);
		count++;
	}
	buf_release(&parameter);
	return ret < 0 ? ret : count;
}

static int precompile_if(struct compiler *compiler, struct v23_if *test)
{
	const char *name = pieces_constant(&test->parameters[1]);
	const char *pattern = pieces_constant(&test->parameters[2]);

	if (!name)
		return 0;
	test->comparison = comparison_find(name);
	if (!test->comparison)
		return compiler_refuse(compiler,
				       "'%s' is no operator of %%{if}; use == < <= > >= != eq lt "
				       "le gt ge ne * !* ~ !~",
				       name);
	if (test->comparison->kind != COMPARE_REGEX)
		return 0;
	if (!pattern)
		return compiler_refuse(compiler, REGEX_VARIABLE);
	return regex_compile(compiler, pattern, &test->regex);
}

int v23_compile_if(struct compiler *compiler, struct slice parameters, struct piece *piece_r)
{
	struct v23_if *test = pool_alloc(compiler->pool, sizeof(*test));
	int count;

	if (!test)
		return compiler_no_memory(compiler);
	count = compile_parameters(compiler, parameters, test->parameters);
	if (count >= 0 && count != IF_PARAMETERS && count != IF_PARAMETERS - 1)
		return compiler_refuse(
			compiler, "%%{if;a;operator;b;then;else} has %d parameters, not 4 or 5",
			count);
	*piece_r = (struct piece){.variable = VARIABLE_NONE, .eval = evaluate_if, .program = test};
	return count < 0 ? count : precompile_if(compiler, test);
}
