/* SPDX-License-Identifier: MIT */
#include "cli/ask_wire.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"

#define FIELDS	   6
#define NUMBER_MAX 24

/* --- to lines --------------------------------------------------------------------------------- */

static void add_hex(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		buf_appendf(out, "%02x", (unsigned char)text.ptr[i]);
	buf_append_char(out, '\t');
}

void ask_wire_add_since(struct buf *out, const struct ask_since *since)
{
	buf_appendf(out, "since\t%" PRId64 "\t%d\t", since->from_ns, since->error.code);
	escape_terminal(out, slice_str(since->error.text));
	buf_append_char(out, '\n');
}

void ask_wire_add_record(struct buf *out, const struct roster_record *record)
{
	buf_append_str(out, "record\t");
	add_hex(out, record->service);
	add_hex(out, record->remote_ip);
	add_hex(out, record->value);
	buf_appendf(out, "%" PRId64 "\t%d\n", record->time_ns, (int)record->class);
}

/* --- from lines ------------------------------------------------------------------------------- */

static struct slice cut(struct slice *from, char end)
{
	const char *at = from->len > 0 ? memchr(from->ptr, end, from->len) : NULL;
	struct slice word = {from->ptr, at ? (size_t)(at - from->ptr) : from->len};

	from->ptr += word.len + (at ? 1 : 0);
	from->len -= word.len + (at ? 1 : 0);
	return word;
}

static size_t split(struct slice line, struct slice fields[FIELDS])
{
	size_t count = 0;

	memset(fields, 0, FIELDS * sizeof(*fields));
	while (count + 1 < FIELDS && memchr(line.ptr, '\t', line.len))
		fields[count++] = cut(&line, '\t');
	fields[count++] = line;
	return count;
}

static bool parse_number(struct slice text, int64_t *number_r)
{
	char copy[NUMBER_MAX], *end;

	if (text.len == 0 || text.len >= sizeof(copy) || isspace((unsigned char)text.ptr[0]))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	errno = 0;
	*number_r = strtoll(copy, &end, 10);
	return errno == 0 && end == copy + text.len;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_hex(struct slice text, struct buf *out)
{
	buf_reset(out);
	for (size_t i = 0; i + 1 < text.len; i += 2) {
		int high = digit(text.ptr[i]), low = digit(text.ptr[i + 1]);

		if (high < 0 || low < 0)
			return false;
		buf_append_char(out, (char)(high * 16 + low));
	}
	return text.len % 2 == 0 && out->failed == 0;
}

static bool parse_since(const struct slice fields[FIELDS], size_t count, struct ask_since *since)
{
	int64_t code;

	if (count != 4 || !parse_number(fields[1], &since->from_ns) ||
	    !parse_number(fields[2], &code) || since->from_ns < 0 || code < 0 || code > 4095)
		return false;
	if (code > 0)
		error_set(&since->error, (int)code, "%.*s",
			  (int)(fields[3].len < sizeof(since->error.text)
					? fields[3].len
					: sizeof(since->error.text)),
			  fields[3].ptr);
	return true;
}

struct texts {
	struct buf service, remote_ip, value;
};

static bool parse_record(const struct slice fields[FIELDS], size_t count, struct texts *texts,
			 struct roster_record *record)
{
	int64_t class;

	if (count != FIELDS || !parse_hex(fields[1], &texts->service) ||
	    !parse_hex(fields[2], &texts->remote_ip) || !parse_hex(fields[3], &texts->value) ||
	    !parse_number(fields[4], &record->time_ns) || record->time_ns < -1 ||
	    !parse_number(fields[5], &class) || class < 0 || class >= SERVICE_CLASSES)
		return false;
	record->service = buf_slice(&texts->service);
	record->remote_ip = buf_slice(&texts->remote_ip);
	record->value = buf_slice(&texts->value);
	record->class = (enum service_class) class;
	return true;
}

static int foreign(struct error *error_r)
{
	return error_set(error_r, EPROTO, "this is not dovetap's answer");
}

static int parse_records(struct slice answer, struct texts *texts, ask_wire_cb *cb, void *context,
			 struct error *error_r)
{
	struct slice fields[FIELDS];
	int ret = 0;

	while (ret == 0 && answer.len > 0) {
		struct slice line = cut(&answer, '\n');
		struct roster_record record = {.time_ns = -1};
		size_t count = split(line, fields);

		if (!slice_is(fields[0], "record") || !parse_record(fields, count, texts, &record))
			ret = foreign(error_r);
		else
			ret = cb(&record, context, error_r);
	}
	return ret;
}

int ask_wire_parse(struct slice answer, struct ask_since *since_r, ask_wire_cb *cb, void *context,
		   struct error *error_r)
{
	struct slice fields[FIELDS], line = cut(&answer, '\n');
	size_t count = line.len > 0 ? split(line, fields) : 0;
	struct texts texts;
	int ret;

	*since_r = (struct ask_since){.from_ns = 0};
	if (count == 0 || !slice_is(fields[0], "since") || !parse_since(fields, count, since_r))
		return foreign(error_r);
	buf_init(&texts.service, ASK_WIRE_TEXT_MAX);
	buf_init(&texts.remote_ip, ASK_WIRE_TEXT_MAX);
	buf_init(&texts.value, ASK_WIRE_TEXT_MAX);
	ret = parse_records(answer, &texts, cb, context, error_r);
	buf_release(&texts.service);
	buf_release(&texts.remote_ip);
	buf_release(&texts.value);
	return ret;
}
