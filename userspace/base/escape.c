/* SPDX-License-Identifier: MIT */
#include "base/escape.h"

#include <stdint.h>

#include "base/utf8.h"

/* C1, and what is not seen but changes how the rest is shown: zero width, writing direction, line
 * and paragraph separators. */
static bool is_invisible(const uint8_t *p, size_t len)
{
	static const struct {
		char first[4], last[4];
	} ranges[] = {
		{"\xc2\x80", "\xc2\x9f"},	  /* C1 */
		{"\xd8\x9c", "\xd8\x9c"},	  /* U+061C */
		{"\xe2\x80\x8b", "\xe2\x80\x8f"}, /* U+200B to 200F */
		{"\xe2\x80\xa8", "\xe2\x80\xae"}, /* U+2028 to 202E */
		{"\xe2\x81\xa0", "\xe2\x81\xaf"}, /* U+2060 to 206F */
		{"\xef\xbb\xbf", "\xef\xbb\xbf"}, /* U+FEFF */
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (strlen(ranges[i].first) == len && memcmp(p, ranges[i].first, len) >= 0 &&
		    memcmp(p, ranges[i].last, len) <= 0)
			return true;
	}
	return false;
}

static void append_hex(struct buf *out, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_appendf(out, "\\x%02x", p[i]);
}

static void terminal_one(struct buf *out, const uint8_t *p, size_t len)
{
	if (*p == '\\')
		buf_append_str(out, "\\\\");
	else if (len == 0 || *p < 0x20 || *p == 0x7f)
		append_hex(out, p, 1);
	else if (is_invisible(p, len))
		append_hex(out, p, len);
	else
		buf_append(out, p, len);
}

static void quoted_one(struct buf *out, const uint8_t *p, size_t len)
{
	if (*p == '"')
		buf_append_str(out, "\\\"");
	else
		terminal_one(out, p, len);
}

static void json_one(struct buf *out, const uint8_t *p, size_t len)
{
	if (*p == '"' || *p == '\\')
		buf_appendf(out, "\\%c", *p);
	else if (len == 0 || *p < 0x20 || *p == 0x7f)
		buf_appendf(out, "\\u%04x", *p);
	else
		buf_append(out, p, len);
}

static int each_sequence(struct buf *out, struct slice text,
			 void (*one)(struct buf *, const uint8_t *, size_t))
{
	const uint8_t *p = (const uint8_t *)text.ptr;

	for (size_t i = 0, len; i < text.len; i += len ? len : 1) {
		len = utf8_sequence(p + i, text.len - i);
		one(out, p + i, len);
	}
	return out->failed;
}

int escape_terminal(struct buf *out, struct slice text)
{
	return each_sequence(out, text, terminal_one);
}

int escape_quoted(struct buf *out, struct slice text)
{
	buf_append_char(out, '"');
	(void)each_sequence(out, text, quoted_one);
	return buf_append_char(out, '"');
}

int escape_json(struct buf *out, struct slice text)
{
	return each_sequence(out, text, json_one);
}
