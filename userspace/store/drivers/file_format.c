/* SPDX-License-Identifier: MIT */
#include "store/drivers/file_format.h"

#include "store/drivers/tabescape.h"

/* Cuts the line at *text off; false at the end of the text. */
static bool next_line(char **text, char *end, char **line_r, size_t *len_r)
{
	char *newline;

	if (*text == end)
		return false;
	newline = memchr(*text, '\n', (size_t)(end - *text));
	*line_r = *text;
	*len_r = (size_t)((newline ? newline : end) - *text);
	*text = newline ? newline + 1 : end;
	return true;
}

int file_format_parse(char *text, size_t len, file_record_cb *cb, void *context)
{
	char *end = text + len, *key, *value;
	size_t key_len, value_len;
	int ret = 0;

	if (len == 0)
		return 0;
	while (ret == 0 && next_line(&text, end, &key, &key_len) &&
	       next_line(&text, end, &value, &value_len)) {
		key_len = tabunescape(key, key_len);
		value_len = tabunescape(value, value_len);
		ret = cb((struct slice){key, key_len}, (struct slice){value, value_len}, context);
	}
	return ret;
}

int file_format_append(struct buf *out, struct slice key, struct slice value)
{
	tabescape(out, key);
	buf_append_char(out, '\n');
	tabescape(out, value);
	return buf_append_char(out, '\n');
}
