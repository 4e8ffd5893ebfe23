/* SPDX-License-Identifier: MIT */
/*
 * {"dovetap_x_total":[{"label":"a","value":1},...],
 *  "dovetap_y_seconds":[{"label":"a","buckets":{"0.005":0,...,"+Inf":2},"sum":0.3,"count":2}],...}
 */
#include <inttypes.h>

#include "base/escape.h"
#include "serve/metrics.h"

static void append_durations(struct buf *out, const struct durations *durations)
{
	char bound[METRICS_BOUND_MAX];
	uint64_t count = 0;

	buf_append_str(out, "\"buckets\":{");
	for (unsigned int i = 0; i < DURATIONS_BUCKETS; i++) {
		metrics_bound_text(i, bound);
		count += durations->counts[i];
		buf_appendf(out, "%s\"%s\":%" PRIu64, i > 0 ? "," : "", bound, count);
	}
	buf_appendf(out, "},\"sum\":%.15g,\"count\":%" PRIu64, durations_sum(durations), count);
}

static void append_sample(struct buf *out, const struct metrics_sample *sample)
{
	buf_append_char(out, '{');
	for (size_t i = 0; i < 2 && sample->metric->labels[i]; i++) {
		buf_appendf(out, "\"%s\":\"", sample->metric->labels[i]);
		escape_json(out, slice_str(sample->labels[i]));
		buf_append_str(out, "\",");
	}
	if (sample->durations)
		append_durations(out, sample->durations);
	else
		buf_appendf(out, "\"value\":%.15g", sample->value);
	buf_append_char(out, '}');
}

int metrics_print_json(const struct metrics *metrics, struct buf *out)
{
	buf_append_char(out, '{');
	for (size_t i = 0; i < metrics->count; i++) {
		if (!metrics_is_first(metrics, i))
			buf_append_char(out, ',');
		else
			buf_appendf(out, "%s\n\"%s\":[", i > 0 ? "]," : "",
				    metrics->samples[i].metric->name);
		append_sample(out, &metrics->samples[i]);
	}
	return buf_append_str(out, metrics->count > 0 ? "]\n}\n" : "}\n");
}
