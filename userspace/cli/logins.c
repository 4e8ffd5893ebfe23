/* SPDX-License-Identifier: MIT */
#include "cli/logins.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/escape.h"

#define CELL_MAX 4096

static int copy(struct slice from, struct slice *to)
{
	char *text = malloc(from.len + 1);

	if (!text)
		return -ENOMEM;
	if (from.len > 0)
		memcpy(text, from.ptr, from.len);
	text[from.len] = '\0';
	*to = (struct slice){text, from.len};
	return 0;
}

static void row_release(struct logins_row *row)
{
	free((void *)row->user.ptr);
	free((void *)row->service.ptr);
	free((void *)row->remote_ip.ptr);
	free((void *)row->value.ptr);
}

static int grow(struct logins *logins)
{
	size_t size = logins->size ? 2 * logins->size : 16;
	struct logins_row *rows = reallocarray(logins->rows, size, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	logins->rows = rows;
	logins->size = size;
	return 0;
}

int logins_add(struct logins *logins, const struct logins_row *row)
{
	struct logins_row own = {.time_ns = row->time_ns};

	if (logins->count == logins->size && grow(logins) < 0)
		return -ENOMEM;
	if (copy(row->user, &own.user) < 0 || copy(row->service, &own.service) < 0 ||
	    copy(row->remote_ip, &own.remote_ip) < 0 || copy(row->value, &own.value) < 0) {
		row_release(&own);
		return -ENOMEM;
	}
	logins->rows[logins->count++] = own;
	return 0;
}

void logins_release(struct logins *logins)
{
	for (size_t i = 0; i < logins->count; i++)
		row_release(&logins->rows[i]);
	free(logins->rows);
	*logins = (struct logins){0};
}

static int compare_slices(struct slice a, struct slice b)
{
	int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_rows(const void *left, const void *right)
{
	const struct logins_row *a = left, *b = right;
	int order = compare_slices(a->user, b->user);

	if (order == 0)
		order = (a->time_ns < b->time_ns) - (a->time_ns > b->time_ns);
	return order != 0 ? order : compare_slices(a->service, b->service);
}

static bool same_place(const struct logins_row *a, const struct logins_row *b)
{
	return slice_equal(a->user, b->user) && slice_equal(a->service, b->service) &&
	       slice_equal(a->remote_ip, b->remote_ip);
}

static bool is_older_copy(const struct logins *logins, size_t kept, const struct logins_row *row)
{
	for (size_t i = kept; i > 0 && slice_equal(logins->rows[i - 1].user, row->user); i--) {
		if (same_place(&logins->rows[i - 1], row))
			return true;
	}
	return false;
}

void logins_sort(struct logins *logins)
{
	size_t kept = 0;

	if (logins->count > 0)
		qsort(logins->rows, logins->count, sizeof(*logins->rows), compare_rows);
	for (size_t i = 0; i < logins->count; i++) {
		if (is_older_copy(logins, kept, &logins->rows[i]))
			row_release(&logins->rows[i]);
		else
			logins->rows[kept++] = logins->rows[i];
	}
	logins->count = kept;
}

void logins_keep_older(struct logins *logins, int64_t older_than_ns)
{
	size_t kept = 0, from;

	for (size_t i = 0; i < logins->count; i = from) {
		struct logins_row newest = logins->rows[i];

		/* The others of this user. */
		for (from = i + 1;
		     from < logins->count && slice_equal(logins->rows[from].user, newest.user);
		     from++)
			row_release(&logins->rows[from]);
		if (newest.time_ns < older_than_ns)
			logins->rows[kept++] = newest;
		else
			row_release(&newest);
	}
	logins->count = kept;
}

/* Local time; with its offset from UTC when a program will read it. */
static void append_time(struct buf *out, int64_t time_ns, bool for_programs)
{
	time_t seconds = (time_t)(time_ns / NS_PER_SEC);
	char text[64];
	struct tm tm;
	size_t len;

	if (!localtime_r(&seconds, &tm))
		return;
	len = for_programs ? strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S%z", &tm)
			   : strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	buf_append(out, text, len);
}

/* "12s", "5m", "3h", "41d": the largest unit that is not zero. */
static void append_age(struct buf *out, int64_t age_ns)
{
	static const struct {
		int64_t seconds;
		char unit;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	int64_t seconds = age_ns > 0 ? age_ns / NS_PER_SEC : 0;
	size_t i = 0;

	while (i < 3 && seconds < units[i].seconds)
		i++;
	buf_appendf(out, "%" PRId64 "%c", seconds / units[i].seconds, units[i].unit);
}

enum column { COLUMN_USER, COLUMN_SERVICE, COLUMN_TIME, COLUMN_AGE, COLUMN_IP, COLUMN_COUNT };

static const char *const titles[COLUMN_COUNT] = {"USER", "SERVICE", "LAST LOGIN", "AGE",
						 "REMOTE IP"};

static void append_cell(struct buf *out, const struct logins_row *row, enum column column,
			int64_t now_ns)
{
	switch (column) {
	case COLUMN_USER:
		escape_terminal(out, row->user);
		break;
	case COLUMN_SERVICE:
		escape_terminal(out, row->service.len > 0 ? row->service : slice_str("-"));
		break;
	case COLUMN_TIME:
		if (row->time_ns >= 0)
			append_time(out, row->time_ns, false);
		else
			escape_terminal(out, row->value);
		break;
	case COLUMN_AGE:
		if (row->time_ns >= 0)
			append_age(out, now_ns - row->time_ns);
		break;
	case COLUMN_IP:
		escape_terminal(out, row->remote_ip.len > 0 ? row->remote_ip : slice_str("-"));
		break;
	case COLUMN_COUNT:
		break;
	}
}

/* Counts code points, so that names outside ASCII line up. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void measure(const struct logins *logins, int64_t now_ns, struct buf *cell,
		    size_t widths[COLUMN_COUNT])
{
	for (unsigned int column = 0; column < COLUMN_COUNT; column++) {
		widths[column] = strlen(titles[column]);
		for (size_t i = 0; i < logins->count; i++) {
			buf_reset(cell);
			append_cell(cell, &logins->rows[i], column, now_ns);
			if (width_of(buf_str(cell)) > widths[column])
				widths[column] = width_of(buf_str(cell));
		}
	}
}

static void print_cell(FILE *to, const char *text, size_t width, bool last)
{
	(void)fputs(text, to);
	for (size_t used = width_of(text); !last && used < width + 2; used++)
		(void)fputc(' ', to);
	if (last)
		(void)fputc('\n', to);
}

int logins_print_table(const struct logins *logins, int64_t now_ns, FILE *to)
{
	size_t widths[COLUMN_COUNT];
	struct buf cell;

	buf_init(&cell, CELL_MAX);
	measure(logins, now_ns, &cell, widths);
	for (unsigned int column = 0; column < COLUMN_COUNT; column++)
		print_cell(to, titles[column], widths[column], column == COLUMN_IP);
	for (size_t i = 0; i < logins->count; i++) {
		for (unsigned int column = 0; column < COLUMN_COUNT; column++) {
			buf_reset(&cell);
			append_cell(&cell, &logins->rows[i], column, now_ns);
			print_cell(to, buf_str(&cell), widths[column], column == COLUMN_IP);
		}
	}
	buf_release(&cell);
	return fflush(to) == 0 && !ferror(to) ? 0 : -EIO;
}

static void append_member(struct buf *out, const char *name, struct slice text)
{
	if (text.len == 0)
		return;
	buf_appendf(out, ",\"%s\":\"", name);
	escape_json(out, text);
	buf_append_char(out, '"');
}

static void append_object(struct buf *out, const struct logins_row *row, int64_t now_ns)
{
	buf_append_str(out, "{\"user\":\"");
	escape_json(out, row->user);
	buf_append_char(out, '"');
	append_member(out, "service", row->service);
	append_member(out, "remote_ip", row->remote_ip);
	append_member(out, "value", row->value);
	if (row->time_ns >= 0) {
		buf_append_str(out, ",\"time\":\"");
		append_time(out, row->time_ns, true);
		buf_appendf(out, "\",\"age_seconds\":%" PRId64,
			    (int64_t)((now_ns - row->time_ns) / NS_PER_SEC));
	}
	buf_append_char(out, '}');
}

int logins_print_json(const struct logins *logins, int64_t now_ns, FILE *to)
{
	struct buf line;

	buf_init(&line, (size_t)16 * CELL_MAX);
	(void)fputc('[', to);
	for (size_t i = 0; i < logins->count; i++) {
		buf_reset(&line);
		append_object(&line, &logins->rows[i], now_ns);
		(void)fprintf(to, "%s\n%s", i > 0 ? "," : "", buf_str(&line));
	}
	(void)fputs("\n]\n", to);
	buf_release(&line);
	return fflush(to) == 0 && !ferror(to) ? 0 : -EIO;
}
