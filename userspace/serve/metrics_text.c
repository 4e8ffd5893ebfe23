/* SPDX-License-Identifier: MIT */
/* The text format of Prometheus, version 0.0.4, and OpenMetrics 1.0.0, which came of it. */
#include <inttypes.h>
#include <string.h>

#include "base/escape.h"
#include "serve/metrics.h"

#define LABEL_MAX 4096

struct text {
	struct buf *out;
	bool openmetrics;
};

/*
 * A scrape with any other escape than these of a backslash, a quote or a newline, or with bytes
 * that are no UTF-8, is refused as a whole: so the value is made printable first ("\\x1b").
 */
static void append_label_value(struct buf *out, const char *value)
{
	struct buf text;

	buf_init(&text, LABEL_MAX);
	escape_terminal(&text, slice_str(value));
	for (const char *p = buf_str(&text); *p; p++) {
		if (*p == '\\' || *p == '"')
			buf_append_char(out, '\\');
		buf_append_char(out, *p);
	}
	buf_release(&text);
}

static void append_label(struct buf *out, const char *name, const char *value, char *before)
{
	buf_appendf(out, "%c%s=\"", *before, name);
	append_label_value(out, value);
	buf_append_char(out, '"');
	*before = ',';
}

/* bound: the label "le" of a bucket, or NULL. */
static void append_labels(struct buf *out, const struct metrics_sample *sample, const char *bound)
{
	char before = '{';

	for (size_t i = 0; i < 2 && sample->metric->labels[i]; i++)
		append_label(out, sample->metric->labels[i], sample->labels[i], &before);
	if (bound)
		append_label(out, "le", bound, &before);
	if (before == ',')
		buf_append_char(out, '}');
}

/* --- the head of a metric -------------------------------------------------------------------- */

static bool ends_with(const char *name, size_t len, const char *end)
{
	size_t end_len = strlen(end);

	return len > end_len && strncmp(name + len - end_len, end, end_len) == 0;
}

/* OpenMetrics calls the family of x_total "x". */
static size_t family_len(const struct text *text, const struct metric *metric)
{
	size_t len = strlen(metric->name);

	if (text->openmetrics && metric->type == METRIC_COUNTER &&
	    ends_with(metric->name, len, "_total"))
		len -= strlen("_total");
	return len;
}

static const char *unit_of(const char *name, size_t len)
{
	static const char *const units[] = {"seconds", "bytes"};
	char end[16];

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		(void)snprintf(end, sizeof(end), "_%s", units[i]);
		if (ends_with(name, len, end))
			return units[i];
	}
	return NULL;
}

static void append_help(const struct text *text, const char *help)
{
	for (; *help; help++) {
		if (*help == '\\' || (*help == '"' && text->openmetrics))
			buf_append_char(text->out, '\\');
		buf_append_char(text->out, *help);
	}
	buf_append_char(text->out, '\n');
}

static void append_head(const struct text *text, const struct metric *metric)
{
	size_t len = family_len(text, metric);
	const char *unit = unit_of(metric->name, len);
	int width = (int)len;

	buf_appendf(text->out, "# HELP %.*s ", width, metric->name);
	append_help(text, metric->help);
	buf_appendf(text->out, "# TYPE %.*s %s\n", width, metric->name,
		    metric_type_name(metric->type));
	if (text->openmetrics && unit)
		buf_appendf(text->out, "# UNIT %.*s %s\n", width, metric->name, unit);
}

/* --- samples --------------------------------------------------------------------------------- */

static void append_part(struct buf *out, const struct metrics_sample *sample, const char *suffix,
			const char *bound)
{
	buf_appendf(out, "%s%s", sample->metric->name, suffix);
	append_labels(out, sample, bound);
	buf_append_char(out, ' ');
}

static void append_durations(struct buf *out, const struct metrics_sample *sample)
{
	char bound[METRICS_BOUND_MAX];
	uint64_t count = 0;

	for (unsigned int i = 0; i < DURATIONS_BUCKETS; i++) {
		metrics_bound_text(i, bound);
		append_part(out, sample, "_bucket", bound);
		count += sample->durations->counts[i];
		buf_appendf(out, "%" PRIu64 "\n", count);
	}
	append_part(out, sample, "_sum", NULL);
	buf_appendf(out, "%.15g\n", durations_sum(sample->durations));
	append_part(out, sample, "_count", NULL);
	buf_appendf(out, "%" PRIu64 "\n", count);
}

static void append_sample(struct buf *out, const struct metrics_sample *sample)
{
	if (sample->durations) {
		append_durations(out, sample);
		return;
	}
	append_part(out, sample, "", NULL);
	buf_appendf(out, "%.15g\n", sample->value);
}

static void print(const struct text *text, const struct metrics *metrics)
{
	for (size_t i = 0; i < metrics->count; i++) {
		if (metrics_is_first(metrics, i))
			append_head(text, metrics->samples[i].metric);
		append_sample(text->out, &metrics->samples[i]);
	}
}

int metrics_print_prometheus(const struct metrics *metrics, struct buf *out)
{
	const struct text text = {out, false};

	print(&text, metrics);
	return out->failed;
}

int metrics_print_openmetrics(const struct metrics *metrics, struct buf *out)
{
	const struct text text = {out, true};

	print(&text, metrics);
	return buf_append_str(out, "# EOF\n");
}
