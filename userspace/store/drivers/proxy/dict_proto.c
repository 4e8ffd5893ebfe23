/* SPDX-License-Identifier: MIT */
#include "store/drivers/proxy/dict_proto.h"

#include <errno.h>
#include <inttypes.h>

#include "base/clock.h"
#include "store/drivers/tabescape.h"

#define RESULTS "ONFWM" /* M: found, several values, of which the first counts */

int dict_proto_hello(struct buf *out, unsigned int major, struct slice user, const char *dict_name)
{
	/* Minor 2 of majors 2 and 3 means numbered replies; in major 4 everybody has them. */
	buf_appendf(out, "H%u\t%u\t0\t", major, major < 4 ? 2U : 0U);
	if (major < 3)
		tabescape(out, user);
	buf_append_char(out, '\t');
	tabescape(out, slice_str(dict_name));
	return buf_append_char(out, '\n');
}

int dict_proto_lookup(struct buf *out, unsigned int major, struct slice key)
{
	buf_append_char(out, 'L');
	if (major < 3) {
		buf_append_slice(out, key);
		return buf_append_char(out, '\n');
	}
	tabescape(out, key);
	return buf_append_str(out, "\t\n");
}

bool dict_proto_can_lookup(unsigned int major, struct slice key)
{
	return major >= 3 || key.len == 0 ||
	       (!memchr(key.ptr, '\n', key.len) && key.ptr[key.len - 1] != '\r');
}

static void append_begin(struct buf *out, unsigned int major, uint64_t id, struct slice user)
{
	buf_appendf(out, "B%" PRIu64, id);
	if (major >= 3) {
		buf_append_char(out, '\t');
		tabescape(out, user);
	}
	if (major >= 4)
		buf_append_str(out, "\t0");
	buf_append_char(out, '\n');
}

int dict_proto_set(struct buf *out, unsigned int major, uint64_t id, struct slice user,
		   struct slice key, struct slice value, int64_t time_ns)
{
	append_begin(out, major, id, user);
	if (time_ns >= 0)
		buf_appendf(out, "T%" PRIu64 "\t%lld\t%lld\n", id,
			    (long long)(time_ns / NS_PER_SEC), (long long)(time_ns % NS_PER_SEC));
	buf_appendf(out, "S%" PRIu64 "\t", id);
	tabescape(out, key);
	buf_append_char(out, '\t');
	tabescape(out, value);
	return buf_appendf(out, "\nC%" PRIu64 "\n", id);
}

int dict_proto_unset(struct buf *out, unsigned int major, uint64_t id, struct slice key)
{
	append_begin(out, major, id, (struct slice){0});
	buf_appendf(out, "U%" PRIu64 "\t", id);
	tabescape(out, key);
	return buf_appendf(out, "\nC%" PRIu64 "\n", id);
}

static bool parse_number(struct slice text, uint64_t *number_r)
{
	uint64_t number = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9' ||
		    __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(text.ptr[i] - '0'), &number))
			return false;
	}
	*number_r = number;
	return text.len > 0;
}

/* Cuts the field up to the next tab off the line. */
static struct slice next_field(char **line, char *end)
{
	char *tab = memchr(*line, '\t', (size_t)(end - *line));
	struct slice field = {*line, (size_t)((tab ? tab : end) - *line)};

	*line = tab ? tab + 1 : end;
	return field;
}

static struct slice unescaped(char **line, char *end)
{
	char *start = *line;
	struct slice field = next_field(line, end);

	field.len = tabunescape(start, field.len);
	return field;
}

static int parse_result(char *line, char *end, struct dict_proto_reply *reply)
{
	if (line == end || !memchr(RESULTS, (unsigned char)*line, sizeof(RESULTS) - 1))
		return -EPROTO;
	reply->result = *line++;
	reply->first = unescaped(&line, end);
	reply->second = unescaped(&line, end);
	/* Four times follow, of which the second field is one where there is no error. */
	for (size_t times = 1; reply->number > 0 && line < end; times++) {
		(void)next_field(&line, end);
		reply->timed = times >= 3;
	}
	return 0;
}

static int parse_line(char *line, char *end, struct dict_proto_reply *reply)
{
	bool numbered = line < end && (*line == '*' || *line == '+');
	struct slice field;

	if (!numbered)
		return parse_result(line, end, reply);
	reply->numbering = *line++ == '*';
	field = next_field(&line, end);
	if (!parse_number(field, &reply->number) || reply->number == 0)
		return -EPROTO;
	return reply->numbering ? 0 : parse_result(line, end, reply);
}

ssize_t dict_proto_parse(char *text, size_t len, struct dict_proto_reply *reply_r)
{
	struct dict_proto_reply reply = {0};
	char *newline = len > 0 ? memchr(text, '\n', len) : NULL;

	if (!newline)
		return len > DICT_PROTO_LINE_MAX ? -EPROTO : 0;
	if (parse_line(text, newline, &reply) < 0)
		return -EPROTO;
	*reply_r = reply;
	return newline - text + 1;
}
