/* SPDX-License-Identifier: MIT */
/* Runs the statements of a program for one login; what the filters share. */
#include <errno.h>
#include <stdio.h>

#include "login/template/functions.h"
#include "login/template/template_hash.h"
#include "login/template/v24/v24.h"

const struct v24_filter *v24_filter_find(const char *name)
{
	static const struct v24_filter *const tables[] = {
		v24_text_filters,   v24_shape_filters,	   v24_hash_filters,   v24_hex_filters,
		v24_choose_filters, v24_calculate_filters, v24_regexp_filters,
	};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct v24_filter *filter = tables[i]; filter->name; filter++)
			if (strcmp(filter->name, name) == 0)
				return filter;
	return NULL;
}

const struct v24_parameter *v24_positional(const struct v24_statement *statement, int index)
{
	const struct v24_parameter *parameter = statement->parameters;

	while (parameter && parameter->index != index)
		parameter = parameter->next;
	return parameter;
}

/* Of several with the same key Dovecot uses the one that it sees last. */
const struct v24_parameter *v24_keyed(const struct v24_statement *statement, const char *key)
{
	const struct v24_parameter *found = NULL;

	for (const struct v24_parameter *p = statement->parameters; p; p = p->next)
		if (p->key && strcmp(p->key, key) == 0)
			found = p;
	return found;
}

int v24_number(struct v24_state *state, const struct v24_parameter *parameter, int64_t *number_r)
{
	struct slice value = {"", 0};
	int ret;

	if (!parameter)
		return run_fail(state->run, "a parameter is missing");
	if (parameter->kind == V24_PARAMETER_NUMBER) {
		*number_r = parameter->number;
		return 0;
	}
	if (parameter->kind == V24_PARAMETER_TEXT)
		return run_fail(state->run, "'%s' is no number", parameter->text);
	ret = run_variable(state->run, parameter->variable, &value);
	if (ret == 0 && !text_to_number(value.ptr, number_r))
		return run_fail(state->run, "'%s' (%s) is no number", value.ptr, parameter->text);
	return ret;
}

int v24_any(struct v24_state *state, const struct v24_parameter *parameter, struct slice *text_r)
{
	char number[24];

	if (!parameter)
		return run_fail(state->run, "a parameter is missing");
	if (parameter->kind == V24_PARAMETER_VARIABLE)
		return run_variable(state->run, parameter->variable, text_r);
	*text_r = slice_str(parameter->text);
	if (parameter->kind == V24_PARAMETER_TEXT)
		return 0;
	(void)snprintf(number, sizeof(number), "%lld", (long long)parameter->number);
	return run_copy(state->run, slice_str(number), text_r);
}

int v24_text(struct v24_state *state, const struct v24_parameter *parameter, struct slice *text_r)
{
	if (parameter && parameter->kind == V24_PARAMETER_NUMBER)
		return run_fail(state->run, "%lld is no text", (long long)parameter->number);
	return v24_any(state, parameter, text_r);
}

void v24_set_data(struct v24_state *state, struct slice data)
{
	state->transfer = data;
	state->set = true;
}

void v24_set_text(struct v24_state *state, struct slice text)
{
	v24_set_data(state, text);
	state->binary = false;
}

void v24_set_binary(struct v24_state *state, struct slice data)
{
	v24_set_data(state, data);
	state->binary = true;
}

struct slice v24_c_string(const struct v24_state *state)
{
	return (struct slice){state->transfer.ptr,
			      strnlen(state->transfer.ptr, state->transfer.len)};
}

static void unset(struct v24_state *state)
{
	state->transfer = (struct slice){"", 0};
	state->set = false;
}

/* An error may be rescued by the next statement, but two in a row end the program. */
static int note_failure(struct v24_state *state, int ret)
{
	unset(state);
	if (state->failed || state->run->fatal)
		return ret;
	state->failed = true;
	return 0;
}

static int run_statement(const struct v24_statement *statement, struct v24_state *state)
{
	struct slice value;
	int ret;

	if (statement->variable != VARIABLE_NONE) {
		ret = run_variable(state->run, statement->variable, &value);
		if (ret == 0)
			v24_set_text(state, value);
		return ret;
	}
	if (!statement->filter)
		return note_failure(state,
				    run_fail(state->run, "unknown variable '%s'", statement->name));
	if (statement->filter->needs_value && !state->set)
		ret = run_fail(state->run, "%s has no value to work on", statement->name);
	else
		ret = statement->filter->apply(statement, state);
	if (ret < 0)
		return note_failure(state, ret);
	state->failed = false;
	return 0;
}

/* Until 2.4.2 a program whose last statement failed on a binary value gave an empty text. */
static int finish(struct v24_state *state, int since, struct slice *value_r)
{
	if ((!state->set && !state->binary) || (state->failed && since >= V24_CHECKS))
		return -EINVAL; /* the text is there since the failure */
	if (state->binary)
		return hash_hex(state->run, state->transfer, value_r);
	*value_r = state->transfer;
	return 0;
}

int v24_run(const void *program, struct template_run *run, struct slice *value_r)
{
	const struct v24_statement *first = program;
	struct v24_state state = {.run = run, .transfer = {"", 0}};
	const struct v24_statement *statement = first;
	int ret;

	do {
		ret = run_statement(statement, &state);
		if (ret < 0)
			return ret;
		statement = statement->next;
	} while (statement);
	return finish(&state, first->since, value_r);
}
