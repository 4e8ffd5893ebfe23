/* SPDX-License-Identifier: MIT */
/*
 * The tables of metrics, one for each stage: what is collected, what docs/metrics.md describes and
 * where the number stands are one row.
 *
 *	{.metric = {"dovetap_dict_spool_records_total", "Records by their way ...", METRIC_COUNTER,
 *		    {"dict", "way"}},
 *	 .advice = "...", .outer = "the dict's name", .parts = spool_ways}
 *
 * A row is of a struct of its stage (struct writer_stats, ...). It has one value (AT), an array of
 * them with a label value each (AT_ARRAY), or parts: label values with an offset each. Label values
 * of the row itself are those of the metric's last label; before it stands the outer label, whose
 * value the collecting function gives (a dict, a CPU, a service).
 *
 * To add a metric: a member of the stage's struct, a row in its table, "make docs".
 */
#ifndef DOVETAP_STATS_METRICS_ROWS_H
#define DOVETAP_STATS_METRICS_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "serve/metrics.h"

enum metric_number {
	METRIC_U64,
	METRIC_I64,
	METRIC_UINT,
	METRIC_INT,
	METRIC_BOOL,
	METRIC_DOUBLE,
	METRIC_NS,	 /* int64_t, nanoseconds: printed in seconds */
	METRIC_DURATIONS /* of a histogram */
};

#define METRIC_NUMBER(type, member)                                                                \
	_Generic(((type *)0)->member, uint64_t                                                     \
		 : METRIC_U64, int64_t                                                             \
		 : METRIC_I64, unsigned int                                                        \
		 : METRIC_UINT, int                                                                \
		 : METRIC_INT, bool                                                                \
		 : METRIC_BOOL, double                                                             \
		 : METRIC_DOUBLE, struct durations                                                 \
		 : METRIC_DURATIONS)

/* The value of a row; an array of values, each with the label value that names() has for its index,
 * or none when that is NULL. */
/* NOLINTBEGIN(bugprone-macro-parentheses): types and members */
#define AT(type, member)    .number = METRIC_NUMBER(type, member), .offset = offsetof(type, member)
#define AT_NS(type, member) .number = METRIC_NS, .offset = offsetof(type, member)
#define AT_ARRAY(type, member, names)                                                              \
	.number = METRIC_NUMBER(type, member[0]), .offset = offsetof(type, member),                \
	.count = sizeof(((type *)0)->member) / sizeof(((type *)0)->member[0]), .name = (names)

/* NOLINTEND(bugprone-macro-parentheses) */

/* A label value and where its number is, an uint64_t. The list ends with a NULL label. */
struct metric_part {
	const char *label;
	size_t offset;
};

struct metric_row {
	struct metric metric;
	const char *advice; /* what an operator does about it */
	const char *outer;  /* what the values of the outer label are; NULL: there is none */
	size_t offset;
	const char *(*name)(unsigned int index);
	const struct metric_part *parts;
	enum metric_number number;
	unsigned int count;
	bool only_nonzero; /* there is no sample while it is 0 */
};

struct metric_table {
	const char *title;
	const struct metric_row *rows;
	size_t count;
};

/* Adds the samples of a row, whose struct is at base. outer is NULL where the row has none; it must
 * stay valid until the metrics are printed. */
void metric_row_collect(const struct metric_row *row, const void *base, const char *outer,
			struct metrics *metrics);

/* The same for all rows of a table without an outer label. */
void metric_table_collect(const struct metric_table *table, const void *base,
			  struct metrics *metrics);

/* All tables, for those who describe them; NULL ends the list. dovetap_events_lost_total is in none
 * of them: its rows are the list of losses.h. */
const struct metric_table *const *metrics_tables(void);

#endif
