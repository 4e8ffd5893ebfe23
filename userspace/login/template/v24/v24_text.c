/* SPDX-License-Identifier: MIT */
/* Filters on text. Dovecot's texts end at a NUL, so most see a binary value up to its first. */
#include <errno.h>

#include "login/template/v24/v24.h"

/* The bytes behind a NUL stay as they are. */
static int map_case(struct v24_state *state, char from, char to)
{
	size_t len = v24_c_string(state).len;
	struct slice copy;
	int ret = run_copy(state->run, state->transfer, &copy);

	if (ret < 0)
		return ret;
	for (char *c = (char *)copy.ptr; len > 0; c++, len--)
		if (*c >= from && *c <= to)
			*c ^= 'a' ^ 'A';
	v24_set_data(state, copy);
	return 0;
}

static int apply_lower(const struct v24_statement *statement, struct v24_state *state)
{
	(void)statement;
	return map_case(state, 'A', 'Z');
}

static int apply_upper(const struct v24_statement *statement, struct v24_state *state)
{
	(void)statement;
	return map_case(state, 'a', 'z');
}

static int apply_reverse(const struct v24_statement *statement, struct v24_state *state)
{
	struct slice from = state->transfer;
	char *text = run_take(state->run, from.len);

	(void)statement;
	if (!text)
		return -E2BIG;
	for (size_t i = 0; i < from.len; i++)
		text[i] = from.ptr[from.len - 1 - i];
	v24_set_data(state, (struct slice){text, from.len});
	return 0;
}

static int set_joined(struct v24_state *state, struct slice a, struct slice b)
{
	char *text = run_take(state->run, a.len + b.len);

	if (!text)
		return -E2BIG;
	if (a.len > 0)
		memcpy(text, a.ptr, a.len);
	if (b.len > 0)
		memcpy(text + a.len, b.ptr, b.len);
	v24_set_data(state, (struct slice){text, a.len + b.len});
	return 0;
}

static int apply_concat(const struct v24_statement *statement, struct v24_state *state)
{
	struct slice value;
	int ret = 0;

	for (const struct v24_parameter *p = statement->parameters; p && ret == 0; p = p->next) {
		ret = v24_any(state, p, &value);
		if (ret == 0)
			ret = set_joined(state, state->transfer, value);
	}
	return ret;
}

static int set_piece(struct v24_state *state, const char *from, size_t len)
{
	struct slice piece;
	int ret = run_copy(state->run, (struct slice){from, len}, &piece);

	if (ret == 0)
		v24_set_text(state, piece);
	return ret;
}

static int apply_username(const struct v24_statement *statement, struct v24_state *state)
{
	const char *text = v24_c_string(state).ptr;

	(void)statement;
	return set_piece(state, text, strcspn(text, "@"));
}

static int apply_domain(const struct v24_statement *statement, struct v24_state *state)
{
	const char *at = strchr(v24_c_string(state).ptr, '@');

	(void)statement;
	return set_piece(state, at ? at + 1 : "", at ? strlen(at + 1) : 0);
}

static int count_pieces(const char *text, const char *separator)
{
	int count = 1;

	for (; (text = strstr(text, separator)); text += strlen(separator))
		count++;
	return count;
}

static int apply_index(const struct v24_statement *statement, struct v24_state *state)
{
	const char *text = v24_c_string(state).ptr, *end;
	struct slice separator = {"", 0};
	int64_t index = 0;
	int ret = v24_text(state, v24_positional(statement, 0), &separator);

	if (ret == 0)
		ret = v24_number(state, v24_positional(statement, 1), &index);
	if (ret < 0)
		return ret;
	if (separator.len == 0)
		return run_fail(state->run, "index: the separator is empty");
	if (index < 0)
		index += count_pieces(text, separator.ptr);
	if (index < 0 || index >= count_pieces(text, separator.ptr))
		return run_fail(state->run, "index: there is no such piece");
	while (index-- > 0)
		text = strstr(text, separator.ptr) + separator.len;
	end = strstr(text, separator.ptr);
	return set_piece(state, text, end ? (size_t)(end - text) : strlen(text));
}

static int apply_ldap_dn(const struct v24_statement *statement, struct v24_state *state)
{
	struct slice text = v24_c_string(state);
	int ret = run_replace(state->run, '.', ",dc=", &text);

	(void)statement;
	if (ret == 0)
		v24_set_data(state, text);
	return ret;
}

const struct v24_filter v24_text_filters[] = {
	{"lower", apply_lower, 0, 0, NULL, true, NULL},
	{"upper", apply_upper, 0, 0, NULL, true, NULL},
	{"reverse", apply_reverse, 0, 0, NULL, true, NULL},
	{"concat", apply_concat, 1, INT32_MAX, NULL, false, NULL},
	{"username", apply_username, 0, 0, NULL, true, NULL},
	{"domain", apply_domain, 0, 0, NULL, true, NULL},
	{"index", apply_index, 2, 2, NULL, true, NULL},
	{"ldap_dn", apply_ldap_dn, 0, 0, NULL, true, NULL},
	{NULL, NULL, 0, 0, NULL, false, NULL},
};
