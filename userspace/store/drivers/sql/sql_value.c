/* SPDX-License-Identifier: MIT */
#include "store/drivers/sql/sql_value.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool parse_string(struct slice text, struct sql_value *value)
{
	value->text = text;
	return true;
}

/* strtoll() with nothing forgiven: no blanks, no plus sign, no byte behind the digits. */
static bool parse_int(struct slice text, struct sql_value *value)
{
	char digits[24];
	char *end;
	size_t sign = text.len > 0 && text.ptr[0] == '-';

	if (text.len <= sign || text.len >= sizeof(digits) ||
	    !isdigit((unsigned char)text.ptr[sign]))
		return false;
	memcpy(digits, text.ptr, text.len);
	digits[text.len] = '\0';
	errno = 0;
	value->number = strtoll(digits, &end, 10);
	value->text = text;
	return errno == 0 && end == digits + text.len;
}

static bool parse_uint(struct slice text, struct sql_value *value)
{
	return text.len > 0 && text.ptr[0] != '-' && parse_int(text, value);
}

static bool parse_double(struct slice text, struct sql_value *value)
{
	char digits[64];
	char *end;

	if (text.len == 0 || text.len >= sizeof(digits) || isspace((unsigned char)text.ptr[0]))
		return false;
	memcpy(digits, text.ptr, text.len);
	digits[text.len] = '\0';
	errno = 0;
	value->real = strtod(digits, &end);
	value->text = text;
	return errno == 0 && end == digits + text.len && isfinite(value->real);
}

static bool parse_hexblob(struct slice text, struct sql_value *value)
{
	for (size_t i = 0; i < text.len; i++)
		if (!isxdigit((unsigned char)text.ptr[i]))
			return false;
	value->text = text;
	return text.len % 2 == 0;
}

/* Takes the forms that Dovecot takes (with dashes, without, in braces) and keeps the first. */
static bool parse_uuid(struct slice text, struct sql_value *value)
{
	bool braces = text.len == SQL_UUID_SIZE + 1 && text.ptr[0] == '{' &&
		      text.ptr[text.len - 1] == '}';
	struct slice inner = braces ? (struct slice){text.ptr + 1, text.len - 2} : text;
	bool dashes = inner.len == SQL_UUID_SIZE - 1;
	size_t in = 0;

	if (!dashes && (braces || inner.len != 32))
		return false;
	for (size_t out = 0; out < SQL_UUID_SIZE - 1; out++) {
		if (out == 8 || out == 13 || out == 18 || out == 23) {
			value->uuid[out] = '-';
			if (dashes && inner.ptr[in++] != '-')
				return false;
		} else if (isxdigit((unsigned char)inner.ptr[in])) {
			value->uuid[out] = (char)tolower((unsigned char)inner.ptr[in++]);
		} else {
			return false;
		}
	}
	value->uuid[SQL_UUID_SIZE - 1] = '\0';
	value->text = text;
	return true;
}

static const struct {
	const char *name;
	const char *complaint;
	bool (*parse)(struct slice text, struct sql_value *value);
} types[SQL_TYPE_COUNT] = {
	[SQL_TYPE_STRING] = {"string", "isn't a string", parse_string},
	[SQL_TYPE_INT] = {"int", "isn't 64bit signed integer", parse_int},
	[SQL_TYPE_UINT] = {"uint", "isn't 64bit unsigned integer", parse_uint},
	[SQL_TYPE_DOUBLE] = {"double", "isn't a double", parse_double},
	[SQL_TYPE_HEXBLOB] = {"hexblob", "isn't hexblob", parse_hexblob},
	[SQL_TYPE_UUID] = {"uuid", "isn't an uuid", parse_uuid},
};

const char *sql_type_name(enum sql_type type)
{
	return type < SQL_TYPE_COUNT ? types[type].name : NULL;
}

const char *sql_type_complaint(enum sql_type type)
{
	return types[type].complaint;
}

bool sql_value_parse(enum sql_type type, struct slice text, struct sql_value *value_r)
{
	struct sql_value value = {.type = type};

	if (!types[type].parse(text, &value))
		return false;
	*value_r = value;
	return true;
}

struct slice sql_value_text(const struct sql_value *value, char buf[SQL_NUMBER_SIZE])
{
	switch (value->type) {
	case SQL_TYPE_INT:
	case SQL_TYPE_UINT:
		snprintf(buf, SQL_NUMBER_SIZE, "%lld", (long long)value->number);
		return slice_str(buf);
	case SQL_TYPE_DOUBLE:
		snprintf(buf, SQL_NUMBER_SIZE, "%.17g", value->real);
		return slice_str(buf);
	case SQL_TYPE_UUID:
		return slice_str(value->uuid);
	default:
		return value->text;
	}
}

int sql_value_compare(const struct sql_value *a, const struct sql_value *b)
{
	size_t common = a->text.len < b->text.len ? a->text.len : b->text.len;
	int order;

	if (a->null || b->null)
		return (int)b->null - (int)a->null;
	order = common > 0 ? memcmp(a->text.ptr, b->text.ptr, common) : 0;
	return order ? order : (a->text.len > b->text.len) - (a->text.len < b->text.len);
}

static unsigned int nibble(char c)
{
	return (unsigned int)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

void sql_value_unhex(struct slice hex, unsigned char *out)
{
	/* UNSAFE: the caller gives hex.len / 2 bytes. */
	for (size_t i = 0; i + 1 < hex.len; i += 2)
		out[i / 2] = (unsigned char)(nibble(hex.ptr[i]) << 4 | nibble(hex.ptr[i + 1]));
}
