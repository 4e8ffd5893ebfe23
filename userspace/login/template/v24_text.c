/* SPDX-License-Identifier: MIT */
/* Filters on text. Dovecot's texts end at a NUL, so most see a binary value up to its first. */
#include "login/template/v24.h"

#include <errno.h>

#include "login/template/utf8.h"

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

/* The value may be any number of bytes outside of the text: then it is an error. */
static int apply_substr(const struct v24_statement *statement, struct v24_state *state)
{
	const struct v24_parameter *length = v24_positional(statement, 1);
	int64_t size = (int64_t)state->transfer.len, offset, len = size;
	struct slice piece;
	int ret = v24_number(state, v24_positional(statement, 0), &offset);

	if (ret == 0 && length)
		ret = v24_number(state, length, &len);
	if (ret < 0)
		return ret;
	if (offset < -size || offset > size || len < -size || len > size)
		return run_fail(state->run, "substr: outside of the text");
	if (len == 0) {
		v24_set_data(state, (struct slice){"", 0});
		return 0;
	}
	if (offset < 0)
		offset += size;
	if (!length)
		len = size - offset;
	else if (len < 0)
		len += size - offset;
	if (len < 0 || offset + len > size)
		return run_fail(state->run, "substr: outside of the text");
	ret = run_copy(state->run, (struct slice){state->transfer.ptr + offset, (size_t)len},
		       &piece);
	if (ret == 0)
		v24_set_data(state, piece);
	return ret;
}

static int fill(const struct v24_statement *statement, struct v24_state *state, bool left)
{
	struct slice filler = {"0", 1}, value = state->transfer;
	int64_t amount;
	size_t count = 0;
	char *text;
	int ret = v24_number(state, v24_positional(statement, 0), &amount);

	if (ret == 0 && v24_positional(statement, 1))
		ret = v24_text(state, v24_positional(statement, 1), &filler);
	if (ret < 0)
		return ret;
	if (amount < 1 || amount > INT32_MAX || filler.len == 0)
		return run_fail(state->run, "fill: to %lld bytes with '%s'", (long long)amount,
				filler.ptr);
	if (value.len < (size_t)amount)
		count = ((size_t)amount - value.len + filler.len - 1) / filler.len;
	text = run_take(state->run, value.len + count * filler.len);
	if (!text)
		return -E2BIG;
	for (size_t i = 0; i < count; i++)
		memcpy(text + (left ? 0 : value.len) + i * filler.len, filler.ptr, filler.len);
	memcpy(text + (left ? count * filler.len : 0), value.ptr, value.len);
	v24_set_data(state, (struct slice){text, value.len + count * filler.len});
	return 0;
}

static int apply_lfill(const struct v24_statement *statement, struct v24_state *state)
{
	return fill(statement, state, true);
}

static int apply_rfill(const struct v24_statement *statement, struct v24_state *state)
{
	return fill(statement, state, false);
}

/* Fields end at a tab; byte 1 escapes the byte behind it. */
static char unescape_tab(const char **text)
{
	static const char letters[] = "1trn", bytes[] = "\001\t\r\n";
	const char *letter;
	char byte = *(*text)++;

	if (byte != '\001')
		return byte;
	byte = *(*text)++;
	letter = byte != '\0' ? strchr(letters, byte) : NULL;
	if (letter)
		byte = bytes[letter - letters];
	return byte;
}

/* A field ends at an escaped NUL, or at an escape that the end of the text cuts off. */
static size_t unescape_field(const char *text, const char *end, char *out)
{
	size_t len = 0;

	while (text < end) {
		if (*text == '\001' && (text + 1 == end || text[1] == '0'))
			break;
		out[len++] = unescape_tab(&text);
	}
	return len;
}

static int apply_list(const struct v24_statement *statement, struct v24_state *state)
{
	const char *text = v24_c_string(state).ptr;
	struct slice separator = {",", 1};
	size_t len = 0, room = strlen(text);
	char *list;
	int ret = 0;

	if (statement->parameters)
		ret = v24_text(state, statement->parameters, &separator);
	if (ret < 0)
		return ret;
	for (const char *c = text; *c; c++)
		room += *c == '\t' ? separator.len : 0;
	list = run_take(state->run, room);
	if (!list)
		return -E2BIG;
	/* UNSAFE: unescaping never makes a field longer, and room has every separator. */
	for (;;) {
		size_t field = strcspn(text, "\t");

		len += unescape_field(text, text + field, list + len);
		text += field;
		if (*text++ == '\0')
			break;
		memcpy(list + len, separator.ptr, separator.len);
		len += separator.len;
	}
	list[len] = '\0';
	v24_set_text(state, (struct slice){list, len});
	return 0;
}

static void append(struct slice *out, const char *text, size_t len)
{
	memcpy((char *)out->ptr + out->len, text, len);
	out->len += len;
}

/* Control bytes and what is not UTF-8 become U+FFFD. When the text ends inside a character,
 * an ellipsis takes the place of that one and of the one before it. */
static int apply_text(const struct v24_statement *statement, struct v24_state *state)
{
	const char *text = v24_c_string(state).ptr;
	struct slice out = {run_take(state->run, strlen(text) * 3 + 3), 0};
	size_t last = 0;
	int len = 1;

	(void)statement;
	if (!out.ptr)
		return -E2BIG;
	/* UNSAFE: a byte becomes three at most, and there is room for an ellipsis. */
	for (; *text != '\0' && (len = utf8_char_len(text)) != 0; text += len > 0 ? len : 1) {
		last = out.len;
		if (len < 0 || (unsigned char)*text < ' ' || *text == '\x7f')
			append(&out, "\xef\xbf\xbd", 3);
		else
			append(&out, text, (size_t)len);
	}
	if (*text != '\0') {
		out.len = last;
		append(&out, "\xe2\x80\xa6", 3);
	}
	((char *)out.ptr)[out.len] = '\0';
	v24_set_text(state, out);
	return 0;
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
	{"substr", apply_substr, 1, 2, NULL, true, NULL},
	{"lfill", apply_lfill, 1, 2, NULL, true, NULL},
	{"rfill", apply_rfill, 1, 2, NULL, true, NULL},
	{"list", apply_list, 0, 1, NULL, true, NULL},
	{"text", apply_text, 0, 0, NULL, true, NULL},
	{NULL, NULL, 0, 0, NULL, false, NULL},
};
