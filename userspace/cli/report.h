/* SPDX-License-Identifier: MIT */
/*
 * Rows for people and for programs: a table whose columns line up, CSV (RFC 4180, with a line of
 * names), or JSON, one object a line.
 *
 *	cell		table			CSV			JSON
 *	none		the column's word	nothing			null
 *	text		escaped			quoted if need be,	text, or NAME_hex when it is
 *						see below		no UTF-8
 *	time		local, to the second	RFC 3339, as exact as it was stored
 *	age		"41d"			seconds			seconds
 *	number		as it is		as it is		as it is
 *
 * CSV has a last column "user_hex" where there is a column "user": the bytes of a name that is no
 * UTF-8, that has characters which no terminal should get, or that begins with "=", "+", "-" or
 * "@", by which spreadsheets know what they run; "user" is empty then. Other texts have the
 * former as \xNN, and "'" in front of the latter.
 */
#ifndef DOVETAP_CLI_REPORT_H
#define DOVETAP_CLI_REPORT_H

#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/error.h"

enum report_form { REPORT_TABLE, REPORT_CSV, REPORT_JSON };

#define REPORT_COLUMNS_MAX 16

struct report_column {
	const char *title; /* of the table; NULL: not there */
	const char *name;  /* of CSV and JSON */
	const char *none;  /* in the table, where there is nothing; "-" */
};

enum report_kind { REPORT_NONE, REPORT_TEXT, REPORT_TIME, REPORT_AGE, REPORT_NUMBER };

struct report_cell {
	enum report_kind kind;
	unsigned int decimals; /* of a second, that are known of a time: 0, 3, 6 or 9 */
	struct slice text;
	int64_t ns; /* of a time or an age; the number */
};

struct report {
	enum report_form form;
	const struct report_column *columns;
	size_t column_count;
	FILE *to;
	size_t widths[REPORT_COLUMNS_MAX];
	struct buf line, cell;
};

/* columns end with a name that is NULL. */
void report_init(struct report *report, enum report_form form, const struct report_column *columns,
		 FILE *to);
void report_release(struct report *report);

/* Before the first line: makes columns of a table wide enough for such a row. */
void report_measure(struct report *report, const struct report_cell *cells);

void report_begin(struct report *report); /* the titles */
void report_row(struct report *report, const struct report_cell *cells);

/* Errors of all that was printed: a full disk, a pipe whose reader is gone. */
int report_end(struct report *report, struct error *error_r);

/* The same for what is printed without a report. */
int output_end(FILE *to, struct error *error_r);

/* Decimals of the times that such a value stands for. */
unsigned int report_decimals(struct slice value);

/* "2026-11-29T10:00:00.123+01:00" */
void report_append_time(struct buf *out, int64_t time_ns, unsigned int decimals);

#endif
