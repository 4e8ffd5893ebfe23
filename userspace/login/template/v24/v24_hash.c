/* SPDX-License-Identifier: MIT */
/* Filters that hash, and base64. */
#include <errno.h>

#include "login/template/template_hash.h"
#include "login/template/v24/v24.h"

static int prepare_hash(struct compiler *compiler, struct v24_statement *statement)
{
	const struct v24_parameter *algorithm = v24_positional(statement, 0);
	const char *name = algorithm ? algorithm->text : statement->name;

	if (strcmp(statement->name, "hash") == 0 &&
	    (!algorithm || algorithm->kind != V24_PARAMETER_TEXT))
		return compiler_refuse(compiler,
				       "hash() needs the name of its algorithm in quotes, first");
	if (!hash_is_known(slice_str(name)))
		return compiler_refuse(compiler, "'%s' is no hash algorithm", name);
	return hasher_new(compiler, slice_str(name), &statement->hasher);
}

static int apply_hash(const struct v24_statement *statement, struct v24_state *state)
{
	const struct v24_parameter *rounds_given = v24_keyed(statement, "rounds");
	const struct v24_parameter *salt_given = v24_keyed(statement, "salt");
	struct slice salt = {"", 0}, digest;
	int64_t rounds = 1;
	int ret = 0;

	if (rounds_given)
		ret = v24_number(state, rounds_given, &rounds);
	if (ret == 0 && salt_given)
		ret = v24_text(state, salt_given, &salt);
	if (ret < 0)
		return ret;
	if (rounds > TEMPLATE_ROUNDS_MAX)
		return run_fail(state->run, "hash: more than %u rounds", TEMPLATE_ROUNDS_MAX);
	ret = hasher_digest(statement->hasher, state->run, rounds > 0 ? (uint64_t)rounds : 0, salt,
			    state->transfer, &digest);
	if (ret == 0)
		v24_set_binary(state, digest);
	return ret;
}

/* 0 or 1 behind a key. */
static int get_switch(const struct v24_statement *statement, struct v24_state *state,
		      const char *key, bool *on)
{
	const struct v24_parameter *parameter = v24_keyed(statement, key);
	int64_t number;
	int ret;

	if (!parameter)
		return 0;
	ret = v24_number(state, parameter, &number);
	if (ret == 0 && number != 0 && number != 1)
		return run_fail(state->run, "%s: %s is 0 or 1", statement->name, key);
	if (ret == 0)
		*on = number == 1;
	return ret;
}

static void swap_alphabet(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '+')
			text[i] = '-';
		else if (text[i] == '/')
			text[i] = '_';
	}
}

static int apply_base64(const struct v24_statement *statement, struct v24_state *state)
{
	bool pad = true, url = false;
	struct slice text = {"", 0};
	int ret = get_switch(statement, state, "pad", &pad);

	if (ret == 0)
		ret = get_switch(statement, state, "url", &url);
	if (ret == 0)
		ret = hash_base64(state->run, state->transfer, &text);
	if (ret < 0)
		return ret;
	if (url)
		swap_alphabet((char *)text.ptr, text.len);
	while (!pad && text.len > 0 && text.ptr[text.len - 1] == '=')
		text.len--;
	ret = run_copy(state->run, text, &text);
	v24_set_text(state, text);
	return ret;
}

static int base64_value(char c, bool url)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789";
	const char *digit = c != '\0' ? strchr(digits, c) : NULL;

	if (digit)
		return (int)(digit - digits);
	if (c == (url ? '-' : '+'))
		return 62;
	return c == (url ? '_' : '/') ? 63 : -1;
}

/* Dovecot keeps what could be decoded and skips blanks; the padding need not be there. */
static int apply_unbase64(const struct v24_statement *statement, struct v24_state *state)
{
	bool pad = true, url = false;
	unsigned int bits = 0, have = 0;
	size_t len = 0;
	char *data = run_take(state->run, state->transfer.len);
	int ret = get_switch(statement, state, "pad", &pad);

	if (!data)
		return -E2BIG;
	if (ret == 0)
		ret = get_switch(statement, state, "url", &url);
	for (size_t i = 0; i < state->transfer.len && ret == 0; i++) {
		char c = state->transfer.ptr[i];
		int value = base64_value(c, url);

		if (value < 0 && c != '\0' && strchr(" \t\r\n", c))
			continue;
		if (value < 0)
			break;
		bits = bits << 6 | (unsigned int)value;
		have += 6;
		if (have >= 8) {
			have -= 8;
			data[len++] = (char)(bits >> have);
		}
	}
	data[len] = '\0';
	if (ret == 0)
		v24_set_binary(state, (struct slice){data, len});
	return ret;
}

const struct v24_filter v24_hash_filters[] = {
	{"hash", apply_hash, 1, 1, "rounds salt", true, prepare_hash},
	{"md5", apply_hash, 0, 0, "rounds salt", true, prepare_hash},
	{"sha1", apply_hash, 0, 0, "rounds salt", true, prepare_hash},
	{"sha256", apply_hash, 0, 0, "rounds salt", true, prepare_hash},
	{"sha384", apply_hash, 0, 0, "rounds salt", true, prepare_hash},
	{"sha512", apply_hash, 0, 0, "rounds salt", true, prepare_hash},
	{"base64", apply_base64, 0, 0, "pad url", true, NULL},
	{"unbase64", apply_unbase64, 0, 0, "pad url", true, NULL},
	{NULL, NULL, 0, 0, NULL, false, NULL},
};
