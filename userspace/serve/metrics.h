/* SPDX-License-Identifier: MIT */
/*
 * The numbers of one moment, gathered anew for every reader and printed in two forms: the
 * Prometheus text format (version 0.0.4) and one JSON object. No user name or address is ever a
 * label.
 */
#ifndef DOVETAP_METRICS_H
#define DOVETAP_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE };

/* A family of samples; make them static. */
struct metric {
	const char *name; /* "dovetap_logins_total" */
	const char *help;
	enum metric_type type;
	const char *labels[2]; /* names, NULL = none */
};

struct metrics_sample {
	const struct metric *metric;
	const char *labels[2]; /* values; must stay valid until the list is printed */
	double value;
};

struct metrics {
	struct metrics_sample *samples;
	size_t count, size;
	struct metrics_text *texts; /* of metrics_number() */
	int failed;		    /* -ENOMEM: some samples are missing */
};

void metrics_init(struct metrics *metrics);
void metrics_release(struct metrics *metrics);

/* Appends a sample; those of one metric must follow each other. NULL for labels it has not. */
void metrics_add(struct metrics *metrics, const struct metric *metric, const char *label1,
		 const char *label2, double value);

/* A number as a label value; valid until metrics_release(). "" without memory. */
const char *metrics_number(struct metrics *metrics, unsigned int number);

/* Both return 0 or the buffer's error. */
int metrics_print_prometheus(const struct metrics *metrics, struct buf *out);
int metrics_print_json(const struct metrics *metrics, struct buf *out);

#endif
