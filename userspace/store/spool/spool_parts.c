/* SPDX-License-Identifier: MIT */
#include "store/spool/spool_parts.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

/* What printf() would do, which is a tenth of what it costs to spool a record. */
static void append_number(struct buf *out, uint32_t number)
{
	char digits[10];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	buf_append(out, digits + at, sizeof(digits) - at);
}

int spool_parts_format(struct buf *out, const struct key_part *parts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_append_char(out, ';');
		buf_append_str(out, parts[i].variable);
		buf_append_char(out, ':');
		append_number(out, parts[i].offset);
		buf_append_char(out, ':');
		append_number(out, parts[i].len);
	}
	return out->failed;
}

size_t spool_parts_count(const char *text)
{
	size_t count = *text != '\0';

	for (; *text; text++)
		count += *text == ';';
	return count;
}

static bool parse_number(char **text, char end, uint32_t *number_r)
{
	uint64_t number = 0;
	char *p = *text;

	if (*p == '\0')
		return false;
	for (; *p >= '0' && *p <= '9' && number <= UINT32_MAX; p++)
		number = number * 10 + (uint64_t)(*p - '0');
	if (p == *text || *p != end || number > UINT32_MAX)
		return false;
	*text = p;
	*number_r = (uint32_t)number;
	return true;
}

/* One "name:offset:len", whose end was made a NUL. */
static bool parse_part(char *text, size_t key_len, struct key_part *part)
{
	char *number = strchr(text, ':');

	if (!number)
		return false;
	*number++ = '\0';
	part->variable = text;
	if (!parse_number(&number, ':', &part->offset))
		return false;
	number++;
	return parse_number(&number, '\0', &part->len) &&
	       (uint64_t)part->offset + part->len <= key_len;
}

int spool_parts_parse(char *text, size_t key_len, struct key_part *parts, size_t max)
{
	size_t count = 0;
	char *next;

	for (; text && *text; text = next) {
		next = strchr(text, ';');
		if (next)
			*next++ = '\0';
		if (count == max || !parse_part(text, key_len, &parts[count++]))
			return -EILSEQ;
	}
	return (int)count;
}
