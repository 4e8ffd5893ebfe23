/* SPDX-License-Identifier: MIT */
/* Filters that choose, calculate and match. */
#include "login/template/v24.h"

#include <errno.h>
#include <stdio.h>

#include "login/template/functions.h"
#include "login/template/names.h"

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

int v24_set_number(struct v24_state *state, uint64_t number, bool negative)
{
	struct slice copy;
	char text[24];
	int ret;

	(void)snprintf(text, sizeof(text), "%s%llu", negative ? "-" : "",
		       (unsigned long long)number);
	ret = run_copy(state->run, slice_str(text), &copy);
	if (ret == 0)
		v24_set_text(state, copy);
	return ret;
}

/* A binary value takes part in one calculation: its last eight bytes, modulo something. */
static int binary_modulo(const struct v24_statement *statement, struct v24_state *state,
			 int64_t divisor)
{
	size_t len = state->transfer.len;
	uint64_t number = 0;

	(void)statement;
	if (divisor <= 0)
		return run_fail(state->run, "a binary value modulo %lld", (long long)divisor);
	for (size_t i = len > 8 ? len - 8 : 0; i < len; i++)
		number = number << 8 | (unsigned char)state->transfer.ptr[i];
	return v24_set_number(state, number % (uint64_t)divisor, false);
}

enum operation { PLUS, MINUS, TIMES, DIVIDED, MODULO };

static bool may_divide(const struct v24_statement *statement, int64_t divisor)
{
	return divisor > 0 || (divisor < 0 && statement->since < V24_DIVISION);
}

/* Wraps around, as the machine does. */
static int64_t calculate(int64_t a, int64_t operation, int64_t b)
{
	uint64_t left = (uint64_t)a, right = (uint64_t)b;

	switch (operation) {
	case PLUS:
		return (int64_t)(left + right);
	case MINUS:
		return (int64_t)(left - right);
	case TIMES:
		return (int64_t)(left * right);
	case DIVIDED:
		return b == -1 ? (int64_t)-left : a / b;
	default:
		return b == -1 ? 0 : a % b;
	}
}

static int apply_calculate(const struct v24_statement *statement, struct v24_state *state)
{
	int64_t operation = statement->parameters->number, right = operation, left;
	bool binary = state->binary;
	int ret = 0;

	if (v24_positional(statement, 1))
		ret = v24_number(state, v24_positional(statement, 1), &right);
	if (ret < 0)
		return ret;
	if (binary && operation == MODULO)
		return binary_modulo(statement, state, right);
	if (!text_to_number(v24_c_string(state).ptr, &left))
		return run_fail(state->run, "'%s' is no number to calculate with",
				state->transfer.ptr);
	if ((operation == DIVIDED || operation == MODULO) && !may_divide(statement, right))
		return run_fail(state->run, "division by %lld", (long long)right);
	left = calculate(left, operation, right);
	ret = v24_set_number(state, left < 0 ? -(uint64_t)left : (uint64_t)left, left < 0);
	state->binary = binary; /* a decoded number stays binary, and is printed as hex digits */
	return ret;
}

static int prepare_calculate(struct compiler *compiler, struct v24_statement *statement)
{
	const struct v24_parameter *operation = statement->parameters;

	if (operation->kind != V24_PARAMETER_NUMBER || operation->number < PLUS ||
	    operation->number > MODULO)
		return compiler_refuse(compiler, "calculate() needs 0 to 4 for + - * / %%, first");
	return 0;
}

/* Until here a is the transfer or the first parameter; b is always a parameter. */
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
		       : comparison_of_texts(comparison, state->run, left.ptr, right.ptr, regex);
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

/* The condition in front of parameter "from": the operator stands there, b behind it. */
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
	if (comparison->kind != COMPARE_REGEX || operator->next->kind != V24_PARAMETER_TEXT)
		return 0;
	return regex_compile(compiler, operator->next->text, &statement->regex);
}

static int prepare_regexp(struct compiler *compiler, struct v24_statement *statement)
{
	if (statement->parameters->kind != V24_PARAMETER_TEXT)
		return 0;
	return regex_compile(compiler, statement->parameters->text, &statement->regex);
}

#define GROUPS 10

/* "\1" is what the first group matched; another backslash stands for itself, two for one. */
static int replace(struct v24_state *state, const char *text, const regmatch_t groups[GROUPS],
		   const char *with, struct slice *out_r)
{
	struct slice value = {"", 0};
	size_t room = 1;
	char *out;

	for (const char *c = with; *c; c++)
		room += *c == '\\' ? strlen(text) + 1 : 1;
	out = run_take(state->run, room);
	if (!out)
		return -E2BIG;
	*out_r = (struct slice){out, 0};
	while (*with != '\0') {
		const regmatch_t *group =
			with[1] >= '0' && with[1] <= '9' ? &groups[with[1] - '0'] : NULL;

		value = (struct slice){with, 1};
		if (*with == '\\' && group && group->rm_so < 0)
			return run_fail(state->run, "regexp: no such group");
		if (*with == '\\' && group)
			value = (struct slice){text + group->rm_so,
					       (size_t)(group->rm_eo - group->rm_so)};
		with += *with == '\\' && (group || with[1] == '\\') ? 2 : 1;
		/* UNSAFE: room has the whole text for every backslash. */
		memcpy(out + out_r->len, value.ptr, value.len);
		out_r->len += value.len;
	}
	out[out_r->len] = '\0';
	return 0;
}

static int keep_surroundings(struct v24_state *state, const char *text, const regmatch_t *match,
			     struct slice *value)
{
	size_t before = (size_t)match->rm_so, behind = strlen(text + match->rm_eo);
	char *joined = run_take(state->run, before + value->len + behind);

	if (!joined)
		return -E2BIG;
	memcpy(joined, text, before);
	memcpy(joined + before, value->ptr, value->len);
	memcpy(joined + before + value->len, text + match->rm_eo, behind);
	*value = (struct slice){joined, before + value->len + behind};
	return 0;
}

static int match_now(struct v24_state *state, const struct v24_parameter *pattern, const char *text,
		     regmatch_t groups[GROUPS])
{
	struct slice expression;
	regex_t regex;
	int ret = v24_text(state, pattern, &expression);

	if (ret < 0)
		return ret;
	if (regcomp(&regex, expression.ptr, REG_EXTENDED) != 0)
		return run_fail(state->run, "'%s' is no regular expression", expression.ptr);
	ret = regexec(&regex, text, GROUPS, groups, 0);
	regfree(&regex);
	return ret == 0;
}

static int apply_regexp(const struct v24_statement *statement, struct v24_state *state)
{
	const char *text = v24_c_string(state).ptr;
	regmatch_t groups[GROUPS] = {0};
	struct slice with = {"", 0}, value = {"", 0};
	int ret = v24_text(state, v24_positional(statement, 1), &with);

	if (ret < 0)
		return ret;
	ret = statement->regex ? regexec(statement->regex, text, GROUPS, groups, 0) == 0
			       : match_now(state, statement->parameters, text, groups);
	if (ret <= 0)
		return ret;
	ret = replace(state, text, groups, with.ptr, &value);
	if (ret == 0 && statement->since >= V24_PCRE)
		ret = keep_surroundings(state, text, &groups[0], &value);
	if (ret == 0)
		v24_set_data(state, value);
	return ret;
}

const struct v24_filter v24_logic_filters[] = {
	{"lookup", apply_lookup, 1, INT32_MAX, NULL, false, prepare_lookup},
	{"literal", apply_literal, 1, INT32_MAX, NULL, false, NULL},
	{"default", apply_default, 0, 1, NULL, false, NULL},
	{"safe", apply_safe, 0, 0, NULL, false, NULL},
	{"calculate", apply_calculate, 1, 2, NULL, true, prepare_calculate},
	{"if", apply_if, 4, 5, NULL, false, prepare_if},
	{"switch", apply_switch, 3, INT32_MAX, NULL, false, NULL},
	{"regexp", apply_regexp, 2, 2, NULL, true, prepare_regexp},
	{NULL, NULL, 0, 0, NULL, false, NULL},
};
