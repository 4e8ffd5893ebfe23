/* SPDX-License-Identifier: MIT */
/* Inside of report.h. */
#ifndef DOVETAP_CLI_REPORT_PRIVATE_H
#define DOVETAP_CLI_REPORT_PRIVATE_H

#include "cli/report.h"

/* A time or an age as programs take it; nothing for other cells. */
void report_fill_value(struct buf *out, const struct report_cell *cell);

/* report_csv.c: append to the line. */
void report_csv_titles(struct report *report);
void report_csv_row(struct report *report, const struct report_cell *cells);

#endif
