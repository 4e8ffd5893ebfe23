/* SPDX-License-Identifier: MIT */
/* The operators on numbers: + - * / %, with the results and the errors of Dovecot. */
#include <errno.h>
#include <stdio.h>

#include "login/template/functions.h"
#include "login/template/v24/v24.h"

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

const struct v24_filter v24_calculate_filters[] = {
	{"calculate", apply_calculate, 1, 2, NULL, true, prepare_calculate},
	{NULL, NULL, 0, 0, NULL, false, NULL},
};
