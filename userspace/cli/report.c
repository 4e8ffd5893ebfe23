/* SPDX-License-Identifier: MIT */
#include "cli/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/json.h"
#include "cli/report_private.h"

#define LINE_MAX_BYTES (1U << 20)

void report_init(struct report *report, enum report_form form, const struct report_column *columns,
		 FILE *to)
{
	*report = (struct report){.form = form, .columns = columns, .to = to};
	while (columns[report->column_count].name)
		report->column_count++;
	for (size_t i = 0; i < report->column_count; i++)
		report->widths[i] = columns[i].title ? strlen(columns[i].title) : 0;
	buf_init(&report->line, LINE_MAX_BYTES);
	buf_init(&report->cell, LINE_MAX_BYTES);
}

void report_release(struct report *report)
{
	buf_release(&report->line);
	buf_release(&report->cell);
}

/* --- times ------------------------------------------------------------------------------------ */

unsigned int report_decimals(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] < '0' || value.ptr[i] > '9')
			return 0;
	}
	return value.len <= 11 ? 0 : value.len <= 14 ? 3 : value.len <= 17 ? 6 : 9;
}

static void append_fraction(struct buf *out, int64_t time_ns, unsigned int decimals)
{
	int64_t fraction = time_ns % NS_PER_SEC;

	for (unsigned int i = decimals; i < 9; i++)
		fraction /= 10;
	if (decimals > 0)
		buf_appendf(out, ".%0*" PRId64, (int)decimals, fraction);
}

void report_append_time(struct buf *out, int64_t time_ns, unsigned int decimals)
{
	time_t seconds = (time_t)(time_ns / NS_PER_SEC);
	char text[64];
	struct tm tm;
	int minutes;

	if (!localtime_r(&seconds, &tm))
		return;
	buf_append(out, text, strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm));
	append_fraction(out, time_ns, decimals);
	minutes = abs((int)tm.tm_gmtoff) / 60;
	buf_appendf(out, "%c%02d:%02d", tm.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

static void append_local_time(struct buf *out, int64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / NS_PER_SEC);
	char text[64];
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		buf_append(out, text, strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm));
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
	buf_appendf(out, "%" PRId64 "%c", (int64_t)(seconds / units[i].seconds), units[i].unit);
}

/* --- the table -------------------------------------------------------------------------------- */

/* Counts code points, so that names outside ASCII line up. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void fill_cell(struct report *report, size_t column, const struct report_cell *cell)
{
	const char *none = report->columns[column].none;

	buf_reset(&report->cell);
	switch (cell->kind) {
	case REPORT_NONE:
		buf_append_str(&report->cell, none ? none : "-");
		break;
	case REPORT_TEXT:
		escape_terminal(&report->cell, cell->text.len > 0 ? cell->text : slice_str("-"));
		break;
	case REPORT_TIME:
		append_local_time(&report->cell, cell->ns);
		break;
	case REPORT_AGE:
		append_age(&report->cell, cell->ns);
		break;
	case REPORT_NUMBER:
		buf_appendf(&report->cell, "%" PRId64, cell->ns);
		break;
	}
}

void report_measure(struct report *report, const struct report_cell *cells)
{
	for (size_t i = 0; i < report->column_count; i++) {
		size_t width;

		fill_cell(report, i, &cells[i]);
		width = width_of(buf_str(&report->cell));
		if (width > report->widths[i])
			report->widths[i] = width;
	}
}

static bool is_last(const struct report *report, size_t column)
{
	for (column++; column < report->column_count; column++) {
		if (report->columns[column].title)
			return false;
	}
	return true;
}

static void pad(struct report *report, size_t column, const char *text)
{
	buf_append_str(&report->line, text);
	for (size_t used = width_of(text);
	     !is_last(report, column) && used < report->widths[column]; used++)
		buf_append_char(&report->line, ' ');
	if (!is_last(report, column))
		buf_append_str(&report->line, "  ");
}

static void table_row(struct report *report, const struct report_cell *cells)
{
	for (size_t i = 0; i < report->column_count; i++) {
		if (!report->columns[i].title)
			continue;
		fill_cell(report, i, &cells[i]);
		pad(report, i, buf_str(&report->cell));
	}
}

/* --- for programs ----------------------------------------------------------------------------- */

void report_fill_value(struct buf *out, const struct report_cell *cell)
{
	if (cell->kind == REPORT_TIME)
		report_append_time(out, cell->ns, cell->decimals);
	else if (cell->kind == REPORT_AGE)
		buf_appendf(out, "%" PRId64, (int64_t)(cell->ns / NS_PER_SEC));
	else if (cell->kind == REPORT_NUMBER)
		buf_appendf(out, "%" PRId64, cell->ns);
}

static void json_member(struct report *report, const char *name, const struct report_cell *cell)
{
	const char *quote = cell->kind == REPORT_TIME ? "\"" : "";

	if (cell->kind == REPORT_TEXT) {
		json_text(&report->line, name, cell->text);
		return;
	}
	buf_reset(&report->cell);
	report_fill_value(&report->cell, cell);
	json_name(&report->line, name);
	buf_appendf(&report->line, "%s%s%s", quote,
		    cell->kind == REPORT_NONE ? "null" : buf_str(&report->cell), quote);
}

static void json_row(struct report *report, const struct report_cell *cells)
{
	buf_append_char(&report->line, '{');
	for (size_t i = 0; i < report->column_count; i++)
		json_member(report, report->columns[i].name, &cells[i]);
	buf_append_char(&report->line, '}');
}

/* --- all of them ------------------------------------------------------------------------------ */

static void print_line(struct report *report)
{
	buf_append_char(&report->line, '\n');
	(void)fwrite(report->line.data, 1, report->line.len, report->to);
	buf_reset(&report->line);
}

void report_begin(struct report *report)
{
	buf_reset(&report->line);
	for (size_t i = 0; i < report->column_count && report->form == REPORT_TABLE; i++) {
		if (report->columns[i].title)
			pad(report, i, report->columns[i].title);
	}
	if (report->form == REPORT_CSV)
		report_csv_titles(report);
	if (report->form != REPORT_JSON)
		print_line(report);
}

void report_row(struct report *report, const struct report_cell *cells)
{
	static void (*const rows[])(struct report *, const struct report_cell *) = {
		[REPORT_TABLE] = table_row,
		[REPORT_CSV] = report_csv_row,
		[REPORT_JSON] = json_row,
	};

	rows[report->form](report, cells);
	print_line(report);
}

int output_end(FILE *to, struct error *error_r)
{
	errno = 0;
	if (fflush(to) == 0 && !ferror(to))
		return 0;
	return error_set(error_r, errno ? errno : EIO, "standard output: %s",
			 strerrordesc_np(errno ? errno : EIO));
}

int report_end(struct report *report, struct error *error_r)
{
	return output_end(report->to, error_r);
}
