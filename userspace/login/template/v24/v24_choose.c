/* SPDX-License-Identifier: MIT */
/* Filters that choose a value. */
#include "login/template/functions.h"
#include "login/template/names.h"
#include "login/template/v24/v24.h"

/* A name that only a login brings in could reach variables that the operator never named. */
static int prepare_lookup(struct compiler *compiler, struct v24_statement *statement)
{
	struct v24_parameter *name = statement->parameters;
	int ret;

	if (name->kind != V24_PARAMETER_TEXT)
		return compiler_refuse(compiler, "lookup() needs the name of a variable in quotes");
	ret = v24_find(compiler, slice_str(name->text), &name->variable);
	if (ret == 0 && name->variable == VARIABLE_NONE)
		return v24_refuse_unknown(compiler, slice_str(name->text));
	if (ret == 0)
		compiler->used[name->variable]++;
	return ret;
}

static int apply_lookup(const struct v24_statement *statement, struct v24_state *state)
{
	struct slice value;
	int ret = run_variable(state->run, statement->parameters->variable, &value);

	if (ret == 0)
		v24_set_text(state, value);
	return ret;
}

static int set_any(struct v24_state *state, const struct v24_parameter *parameter)
{
	struct slice value;
	int ret = v24_any(state, parameter, &value);

	if (ret == 0)
		v24_set_text(state, value);
	return ret;
}

static int apply_literal(const struct v24_statement *statement, struct v24_state *state)
{
	return set_any(state, statement->parameters);
}

static int apply_default(const struct v24_statement *statement, struct v24_state *state)
{
	if (state->set && state->transfer.len > 0)
		return 0;
	if (statement->parameters)
		return set_any(state, statement->parameters);
	v24_set_text(state, (struct slice){"", 0});
	return 0;
}

/* Only that a value needs no escaping, and nothing is escaped in a key. */
static int apply_safe(const struct v24_statement *statement, struct v24_state *state)
{
	(void)statement;
	(void)state;
	return 0;
}

/* a is NULL for the transfer. */
static int compare_numbers(struct v24_state *state, const struct comparison *comparison,
			   const struct v24_parameter *a, const struct v24_parameter *b)
{
	int64_t left = 0, right = 0;
	int ret = 0;

	if (a)
		ret = v24_number(state, a, &left);
	else if (!text_to_number(v24_c_string(state).ptr, &left))
		return run_fail(state->run, "if: '%s' is no number", state->transfer.ptr);
	if (ret == 0)
		ret = v24_number(state, b, &right);
	return ret < 0 ? ret : comparison_of_numbers(comparison, left, right);
}

static int compare_texts(struct v24_state *state, const struct comparison *comparison,
			 const struct v24_parameter *a, const struct v24_parameter *b,
			 const regex_t *regex)
{
	struct slice left = v24_c_string(state), right = {"", 0};
	int ret = a ? v24_text(state, a, &left) : 0;

	if (ret == 0)
		ret = v24_text(state, b, &right);
	return ret < 0 ? ret
		       : comparison_of_texts(comparison, state->run, left.ptr, right.ptr,
					     b->kind != V24_PARAMETER_VARIABLE, regex);
}

static int find_comparison(struct v24_state *state, const struct v24_parameter *parameter,
			   const struct comparison **comparison_r)
{
	struct slice name;
	int ret = v24_text(state, parameter, &name);

	if (ret < 0)
		return ret;
	*comparison_r = comparison_find(name.ptr);
	return *comparison_r ? 0 : run_fail(state->run, "'%s' is no operator", name.ptr);
}

static int count_parameters(const struct v24_statement *statement)
{
	int count = 0;

	while (v24_positional(statement, count))
		count++;
	return count;
}

/* Compares the first parameter, or the transfer when the operator comes first, with b. */
static int test(const struct v24_statement *statement, struct v24_state *state, int operator_at,
		int b_at)
{
	const struct v24_parameter *a = operator_at > 0 ? v24_positional(statement, 0) : NULL;
	const struct v24_parameter *b = v24_positional(statement, b_at);
	const struct comparison *comparison;
	int ret = find_comparison(state, v24_positional(statement, operator_at), &comparison);

	if (ret < 0)
		return ret;
	if (comparison->kind == COMPARE_NUMBERS)
		return compare_numbers(state, comparison, a, b);
	return compare_texts(state, comparison, a, b,
			     b_at == operator_at + 1 ? statement->regex : NULL);
}

/* if(a, operator, b, then, else); with a transfer that one is a, and not a parameter. */
static int apply_if(const struct v24_statement *statement, struct v24_state *state)
{
	int operator_at = state->set ? 0 : 1;
	int ret;

	if (count_parameters(statement) != operator_at + 4)
		return run_fail(state->run, "if: %d parameters, not %d",
				count_parameters(statement), operator_at + 4);
	ret = test(statement, state, operator_at, operator_at + 1);
	if (ret < 0)
		return ret;
	return set_any(state, v24_positional(statement, operator_at + (ret ? 2 : 3)));
}

/* switch(a, operator, b1, value1, b2, value2, ..., default), the default optional. */
static int apply_switch(const struct v24_statement *statement, struct v24_state *state)
{
	int operator_at = state->set ? 0 : 1, count = count_parameters(statement);
	int at = operator_at + 1, ret = 0;

	for (; at + 1 < count && ret == 0; at += 2)
		ret = test(statement, state, operator_at, at);
	if (ret < 0)
		return ret;
	if (ret)
		return set_any(state, v24_positional(statement, at - 1));
	if (at >= count)
		return run_fail(state->run, "switch: nothing fits, and there is no default");
	return set_any(state, v24_positional(statement, at));
}

/* The operator is checked, and an expression in quotes compiled, before the first login. */
static int prepare_if(struct compiler *compiler, struct v24_statement *statement)
{
	int operator_at = count_parameters(statement) - 4;
	const struct v24_parameter *operator= v24_positional(statement, operator_at);
	const struct comparison *comparison;

	if (operator->kind != V24_PARAMETER_TEXT)
		return 0;
	comparison = comparison_find(operator->text);
	if (!comparison)
		return compiler_refuse(compiler,
				       "'%s' is no operator of if(); use == < <= > >= != eq lt le "
				       "gt ge ne * !* ~ !~",
				       operator->text);
	if (comparison->kind != COMPARE_REGEX)
		return 0;
	if (operator->next->kind == V24_PARAMETER_VARIABLE)
		return compiler_refuse(compiler, REGEX_VARIABLE);
	if (operator->next->kind != V24_PARAMETER_TEXT)
		return 0;
	return regex_compile(compiler, operator->next->text, &statement->regex);
}

const struct v24_filter v24_choose_filters[] = {
	{"lookup", apply_lookup, 1, INT32_MAX, NULL, false, prepare_lookup},
	{"literal", apply_literal, 1, INT32_MAX, NULL, false, NULL},
	{"default", apply_default, 0, 1, NULL, false, NULL},
	{"safe", apply_safe, 0, 0, NULL, false, NULL},
	{"if", apply_if, 4, 5, NULL, false, prepare_if},
	{"switch", apply_switch, 3, INT32_MAX, NULL, false, NULL},
	{NULL, NULL, 0, 0, NULL, false, NULL},
};
