/* SPDX-License-Identifier: MIT */
/* Filters that cut, fill and clean text. */
#include <errno.h>

#include "login/template/dovecot_utf8.h"
#include "login/template/v24/v24.h"

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

const struct v24_filter v24_shape_filters[] = {
	{"substr", apply_substr, 1, 2, NULL, true, NULL},
	{"lfill", apply_lfill, 1, 2, NULL, true, NULL},
	{"rfill", apply_rfill, 1, 2, NULL, true, NULL},
	{"list", apply_list, 0, 1, NULL, true, NULL},
	{"text", apply_text, 0, 0, NULL, true, NULL},
	{NULL, NULL, 0, 0, NULL, false, NULL},
};
