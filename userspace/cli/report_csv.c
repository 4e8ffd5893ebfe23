/* SPDX-License-Identifier: MIT */
/* Rows as CSV; the rules for texts are in report.h. */
#include <string.h>

#include "base/escape.h"
#include "cli/report_private.h"

/* A spreadsheet runs what begins with one of these, quoted or not. */
static bool is_formula(struct slice text)
{
	return text.len > 0 && text.ptr[0] != '\0' && strchr("=+-@", text.ptr[0]);
}

/* UTF-8, and none of the characters that escape_terminal() changes, beside the backslash. */
static bool is_printable(struct report *report, struct slice text)
{
	size_t backslashes = 0;

	for (size_t i = 0; i < text.len; i++)
		backslashes += text.ptr[i] == '\\';
	buf_reset(&report->cell);
	return escape_terminal(&report->cell, text) == 0 &&
	       report->cell.len == text.len + backslashes;
}

static bool has_byte(struct slice text, char byte)
{
	return text.len > 0 && memchr(text.ptr, byte, text.len);
}

static void csv_quoted(struct buf *out, const char *before, struct slice text)
{
	const char *quote = has_byte(text, ',') || has_byte(text, '"') ? "\"" : "";

	buf_appendf(out, "%s%s", quote, before);
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '"')
			buf_append_char(out, '"');
		buf_append_char(out, text.ptr[i]);
	}
	buf_append_str(out, quote);
}

/* Whose name it is must not be changed, others may. */
static bool csv_takes_name(struct report *report, struct slice name)
{
	return is_printable(report, name) && !is_formula(name);
}

static void csv_hex(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		buf_appendf(out, "%02x", (unsigned char)text.ptr[i]);
}

static void csv_text(struct report *report, struct slice text)
{
	bool printable = is_printable(report, text); /* fills the cell */

	csv_quoted(&report->line, is_formula(text) ? "'" : "",
		   printable ? text : buf_slice(&report->cell));
}

/* The column that has another one with the bytes in hex; column_count: none. */
static size_t name_column(const struct report *report)
{
	size_t i = 0;

	while (i < report->column_count && strcmp(report->columns[i].name, "user") != 0)
		i++;
	return i;
}

static void csv_cell(struct report *report, const struct report_cell *cell)
{
	if (cell->kind == REPORT_TEXT) {
		csv_text(report, cell->text);
		return;
	}
	report_fill_value(&report->line, cell);
}

void report_csv_row(struct report *report, const struct report_cell *cells)
{
	size_t name = name_column(report);
	bool hidden = name < report->column_count && cells[name].kind == REPORT_TEXT &&
		      !csv_takes_name(report, cells[name].text);

	for (size_t i = 0; i < report->column_count; i++) {
		buf_append_str(&report->line, i > 0 ? "," : "");
		if (i != name || !hidden)
			csv_cell(report, &cells[i]);
	}
	buf_append_str(&report->line, name < report->column_count ? "," : "");
	if (hidden)
		csv_hex(&report->line, cells[name].text);
}

void report_csv_titles(struct report *report)
{
	for (size_t i = 0; i < report->column_count; i++)
		buf_appendf(&report->line, "%s%s", i > 0 ? "," : "", report->columns[i].name);
	if (name_column(report) < report->column_count)
		buf_append_str(&report->line, ",user_hex");
}
