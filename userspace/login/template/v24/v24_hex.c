/* SPDX-License-Identifier: MIT */
/* Filters on hex digits and bytes. */
#include <errno.h>
#include <stdio.h>

#include "login/template/functions.h"
#include "login/template/template_hash.h"
#include "login/template/v24/v24.h"

#define PADDING_MAX 256 /* since 2.4.3 */

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

const struct v24_filter v24_hex_filters[] = {
	{"hex", apply_hex, 0, 1, NULL, true, NULL},
	{"unhex", apply_unhex, 0, 0, NULL, true, NULL},
	{"hexlify", apply_hexlify, 0, INT32_MAX, NULL, true, NULL},
	{"unhexlify", apply_unhexlify, 0, 0, NULL, true, NULL},
	{"truncate", apply_truncate, 1, 1, "bits", true, NULL},
	{"lenumber", apply_lenumber, 0, 0, NULL, true, NULL},
	{"benumber", apply_benumber, 0, 0, NULL, true, NULL},
	{NULL, NULL, 0, 0, NULL, false, NULL},
};
