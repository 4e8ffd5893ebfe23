/* SPDX-License-Identifier: MIT */
/* Filters that hash, encode and decode. */
#include "login/template/v24.h"

#include <errno.h>
#include <stdio.h>

#include "login/template/functions.h"
#include "login/template/hash.h"

#define PADDING_MAX 256 /* since 2.4.3 */

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

/* A positive width keeps the last digits, a negative one the first. */
static int fit_hex(struct v24_state *state, struct slice hex, int64_t width)
{
	size_t wanted = (size_t)(width < 0 ? -width : width), common;
	char *text;

	if (width == 0)
		wanted = hex.len;
	text = run_take(state->run, wanted);
	if (!text)
		return -E2BIG;
	common = wanted < hex.len ? wanted : hex.len;
	memset(text, '0', wanted);
	if (width < 0)
		memcpy(text, hex.ptr, common);
	else
		memcpy(text + wanted - common, hex.ptr + hex.len - common, common);
	v24_set_data(state, (struct slice){text, wanted});
	return 0;
}

static int get_width(const struct v24_statement *statement, struct v24_state *state, int64_t *width)
{
	*width = 0;
	return statement->parameters ? v24_number(state, v24_positional(statement, 0), width) : 0;
}

static int apply_hex(const struct v24_statement *statement, struct v24_state *state)
{
	char hex[17];
	uint64_t number;
	int64_t width;
	int ret = get_width(statement, state, &width);

	if (ret < 0)
		return ret;
	if (!text_to_unsigned(v24_c_string(state).ptr, &number))
		return run_fail(state->run, "hex: '%s' is no number", state->transfer.ptr);
	if ((width > PADDING_MAX || width < -PADDING_MAX) && statement->since >= V24_CHECKS)
		return run_fail(state->run, "hex: the width is above %d", PADDING_MAX);
	(void)snprintf(hex, sizeof(hex), "%llx", (unsigned long long)number);
	return fit_hex(state, slice_str(hex), width);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int apply_unhex(const struct v24_statement *statement, struct v24_state *state)
{
	const char *text = v24_c_string(state).ptr;
	uint64_t number = 0;

	(void)statement;
	for (size_t i = 0; text[i] != '\0' || i == 0; i++) {
		if (hex_digit(text[i]) < 0 || number > UINT64_MAX >> 4)
			return run_fail(state->run, "unhex: '%s' is no hex number", text);
		number = number << 4 | (unsigned int)hex_digit(text[i]);
	}
	return v24_set_number(state, number, false);
}

static int apply_hexlify(const struct v24_statement *statement, struct v24_state *state)
{
	struct slice hex = {"", 0};
	int64_t width;
	size_t zeros = 0;
	char *text;
	int ret = get_width(statement, state, &width);

	if (ret == 0)
		ret = hash_hex(state->run, state->transfer, &hex);
	if (ret < 0)
		return ret;
	if (width < 0)
		return run_fail(state->run, "hexlify: the width is negative");
	if ((uint64_t)width > hex.len)
		zeros = (size_t)width - hex.len;
	else if (width > 0)
		hex.len = (size_t)width;
	if (zeros > PADDING_MAX && statement->since >= V24_CHECKS)
		return run_fail(state->run, "hexlify: more than %d zeros", PADDING_MAX);
	text = run_take(state->run, zeros + hex.len);
	if (!text)
		return -E2BIG;
	memset(text, '0', zeros);
	memcpy(text + zeros, hex.ptr, hex.len);
	v24_set_text(state, (struct slice){text, zeros + hex.len});
	return 0;
}

static int apply_unhexlify(const struct v24_statement *statement, struct v24_state *state)
{
	struct slice hex = v24_c_string(state);
	char *data = run_take(state->run, hex.len / 2);

	(void)statement;
	if (!data)
		return -E2BIG;
	if (state->transfer.len % 2 != 0 || hex.len % 2 != 0)
		return run_fail(state->run, "unhexlify: an odd number of digits");
	for (size_t i = 0; i < hex.len; i += 2) {
		int high = hex_digit(hex.ptr[i]), low = hex_digit(hex.ptr[i + 1]);

		if (high < 0 || low < 0)
			return run_fail(state->run, "unhexlify: '%s' is not hex", hex.ptr);
		data[i / 2] = (char)(high << 4 | low);
	}
	v24_set_binary(state, (struct slice){data, hex.len / 2});
	return 0;
}

static int apply_truncate(const struct v24_statement *statement, struct v24_state *state)
{
	const struct v24_parameter *bits = v24_keyed(statement, "bits");
	struct slice copy = {"", 0};
	int64_t len = 0;
	int ret = v24_number(state, bits ? bits : v24_positional(statement, 0), &len);

	if (ret == 0)
		ret = run_copy(state->run, state->transfer, &copy);
	if (ret < 0)
		return ret;
	if (len < 0)
		return run_fail(state->run, "truncate: the length is negative");
	if (bits)
		hash_keep_bits((char *)copy.ptr, &copy.len, (size_t)len);
	else if ((size_t)len < copy.len)
		copy.len = (size_t)len;
	((char *)copy.ptr)[copy.len] = '\0';
	v24_set_data(state, copy);
	return 0;
}

static int bytes_to_number(struct v24_state *state, bool big_endian)
{
	const unsigned char *bytes = (const unsigned char *)state->transfer.ptr;
	size_t len = state->transfer.len;
	uint64_t number = 0;

	if (len != 1 && len != 2 && len != 4 && len != 8)
		return run_fail(state->run, "%zu bytes make no number; 1, 2, 4 or 8 do", len);
	for (size_t i = 0; i < len; i++)
		number = number << 8 | bytes[big_endian ? i : len - 1 - i];
	return v24_set_number(state, number, false);
}

static int apply_lenumber(const struct v24_statement *statement, struct v24_state *state)
{
	(void)statement;
	return bytes_to_number(state, false);
}

static int apply_benumber(const struct v24_statement *statement, struct v24_state *state)
{
	(void)statement;
	return bytes_to_number(state, true);
}

const struct v24_filter v24_code_filters[] = {
	{"hash", apply_hash, 1, 1, "rounds salt", true, prepare_hash},
	{"md5", apply_hash, 0, 0, "rounds salt", true, prepare_hash},
	{"sha1", apply_hash, 0, 0, "rounds salt", true, prepare_hash},
	{"sha256", apply_hash, 0, 0, "rounds salt", true, prepare_hash},
	{"sha384", apply_hash, 0, 0, "rounds salt", true, prepare_hash},
	{"sha512", apply_hash, 0, 0, "rounds salt", true, prepare_hash},
	{"base64", apply_base64, 0, 0, "pad url", true, NULL},
	{"unbase64", apply_unbase64, 0, 0, "pad url", true, NULL},
	{"hex", apply_hex, 0, 1, NULL, true, NULL},
	{"unhex", apply_unhex, 0, 0, NULL, true, NULL},
	{"hexlify", apply_hexlify, 0, INT32_MAX, NULL, true, NULL},
	{"unhexlify", apply_unhexlify, 0, 0, NULL, true, NULL},
	{"truncate", apply_truncate, 1, 1, "bits", true, NULL},
	{"lenumber", apply_lenumber, 0, 0, NULL, true, NULL},
	{"benumber", apply_benumber, 0, 0, NULL, true, NULL},
	{NULL, NULL, 0, 0, NULL, false, NULL},
};
