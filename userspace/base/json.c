/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/utf8.h"

static int add_name(struct buf *out, const char *name, const char *suffix)
{
	bool first = out->len == 0 || out->data[out->len - 1] == '{';

	return buf_appendf(out, "%s\"%s%s\":", first ? "" : ",", name, suffix);
}

int json_name(struct buf *out, const char *name)
{
	return add_name(out, name, "");
}

int json_number(struct buf *out, const char *name, int64_t number)
{
	json_name(out, name);
	return buf_appendf(out, "%" PRId64, number);
}

int json_bool(struct buf *out, const char *name, bool value)
{
	json_name(out, name);
	return buf_append_str(out, value ? "true" : "false");
}

static int add_hex(struct buf *out, const char *name, struct slice text)
{
	add_name(out, name, "_hex");
	buf_append_char(out, '"');
	for (size_t i = 0; i < text.len; i++)
		buf_appendf(out, "%02x", (unsigned char)text.ptr[i]);
	return buf_append_char(out, '"');
}

int json_text(struct buf *out, const char *name, struct slice text)
{
	if (!text_is_utf8(text))
		return add_hex(out, name, text);
	json_name(out, name);
	buf_append_char(out, '"');
	escape_json(out, text);
	return buf_append_char(out, '"');
}

int json_time(struct buf *out, const char *name, int64_t time_ns)
{
	json_name(out, name);
	buf_append_char(out, '"');
	clock_append_utc(out, time_ns);
	return buf_append_char(out, '"');
}
