/* SPDX-License-Identifier: MIT */
/*
 * The numbers of one moment, gathered anew for every reader and printed in three forms: the
 * Prometheus text format (version 0.0.4), OpenMetrics (1.0.0), and one JSON object. No user name or
 * address is ever a label.
 */
#ifndef DOVETAP_METRICS_H
#define DOVETAP_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/durations.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* A family of samples; make them static. */
struct metric {
	const char
		*name; /* "dovetap_logins_total": a counter ends so, a unit (seconds, bytes) stands
			   * at the end or before that */
	const char *help;
	enum metric_type type;
	const char *labels[2]; /* names, NULL = none */
};

struct metrics_sample {
	const struct metric *metric;
	const char *labels[2]; /* values; must stay valid until the list is printed */
	double value;
	const struct durations *durations; /* of a histogram, which has no value */
};

struct metrics {
	struct metrics_sample *samples;
	size_t count, size;
	struct metrics_text *texts;	     /* of metrics_number() */
	struct metrics_durations *durations; /* copies, for the samples */
	int failed;			     /* -ENOMEM: some samples are missing */
};

void metrics_init(struct metrics *metrics);
void metrics_release(struct metrics *metrics);

/* Appends a sample; those of one metric must follow each other. NULL for labels it has not. */
void metrics_add(struct metrics *metrics, const struct metric *metric, const char *label1,
		 const char *label2, double value);

/* The same for one of METRIC_HISTOGRAM; the durations are copied. */
void metrics_add_durations(struct metrics *metrics, const struct metric *metric, const char *label1,
			   const char *label2, const struct durations *durations);

/* A number as a label value; valid until metrics_release(). "" without memory. */
const char *metrics_number(struct metrics *metrics, unsigned int number);

/* What stands for the type in all forms and documents. */
const char *metric_type_name(enum metric_type type);

/* Is the sample the first one of its metric? */
bool metrics_is_first(const struct metrics *metrics, size_t index);

/* The bound of a bucket as a label value: "0.005", "1.0", "+Inf". */
#define METRICS_BOUND_MAX 16
void metrics_bound_text(unsigned int bucket, char text_r[METRICS_BOUND_MAX]);

/* All return 0 or the buffer's error. */
int metrics_print_prometheus(const struct metrics *metrics, struct buf *out);
int metrics_print_openmetrics(const struct metrics *metrics, struct buf *out);
int metrics_print_json(const struct metrics *metrics, struct buf *out);

#endif
