/* SPDX-License-Identifier: MIT */
#include "serve/metrics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/escape.h"

static const char *const type_names[] = {
	[METRIC_COUNTER] = "counter",
	[METRIC_GAUGE] = "gauge",
};

void metrics_init(struct metrics *metrics)
{
	*metrics = (struct metrics){0};
}

struct metrics_text {
	struct metrics_text *next;
	char text[12];
};

const char *metrics_number(struct metrics *metrics, unsigned int number)
{
	struct metrics_text *text = malloc(sizeof(*text));

	if (!text) {
		metrics->failed = -ENOMEM;
		return "";
	}
	(void)snprintf(text->text, sizeof(text->text), "%u", number);
	text->next = metrics->texts;
	metrics->texts = text;
	return text->text;
}

void metrics_release(struct metrics *metrics)
{
	struct metrics_text *text;

	while ((text = metrics->texts)) {
		metrics->texts = text->next;
		free(text);
	}
	free(metrics->samples);
	metrics_init(metrics);
}

static int grow(struct metrics *metrics)
{
	size_t size = metrics->size ? 2 * metrics->size : 64;
	struct metrics_sample *samples = reallocarray(metrics->samples, size, sizeof(*samples));

	if (!samples)
		return metrics->failed = -ENOMEM;
	metrics->samples = samples;
	metrics->size = size;
	return 0;
}

void metrics_add(struct metrics *metrics, const struct metric *metric, const char *label1,
		 const char *label2, double value)
{
	if (metrics->count == metrics->size && grow(metrics) < 0)
		return;
	metrics->samples[metrics->count++] = (struct metrics_sample){
		.metric = metric,
		.labels = {label1, label2},
		.value = value,
	};
}

#define LABEL_MAX 4096

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

static void append_labels(struct buf *out, const struct metrics_sample *sample)
{
	const char *comma = "{";

	for (size_t i = 0; i < 2 && sample->metric->labels[i]; i++) {
		buf_appendf(out, "%s%s=\"", comma, sample->metric->labels[i]);
		append_label_value(out, sample->labels[i]);
		buf_append_char(out, '"');
		comma = ",";
	}
	if (*comma == ',')
		buf_append_char(out, '}');
}

static bool is_first(const struct metrics *metrics, size_t index)
{
	return index == 0 || metrics->samples[index].metric != metrics->samples[index - 1].metric;
}

int metrics_print_prometheus(const struct metrics *metrics, struct buf *out)
{
	for (size_t i = 0; i < metrics->count; i++) {
		const struct metrics_sample *sample = &metrics->samples[i];

		if (is_first(metrics, i))
			buf_appendf(out, "# HELP %s %s\n# TYPE %s %s\n", sample->metric->name,
				    sample->metric->help, sample->metric->name,
				    type_names[sample->metric->type]);
		buf_append_str(out, sample->metric->name);
		append_labels(out, sample);
		buf_appendf(out, " %.15g\n", sample->value);
	}
	return out->failed;
}

static void append_sample(struct buf *out, const struct metrics_sample *sample)
{
	buf_append_char(out, '{');
	for (size_t i = 0; i < 2 && sample->metric->labels[i]; i++) {
		buf_appendf(out, "\"%s\":\"", sample->metric->labels[i]);
		escape_json(out, slice_str(sample->labels[i]));
		buf_append_str(out, "\",");
	}
	buf_appendf(out, "\"value\":%.15g}", sample->value);
}

/* {"dovetap_x_total":[{"label":"a","value":1},...],...} */
int metrics_print_json(const struct metrics *metrics, struct buf *out)
{
	buf_append_char(out, '{');
	for (size_t i = 0; i < metrics->count; i++) {
		if (!is_first(metrics, i))
			buf_append_char(out, ',');
		else
			buf_appendf(out, "%s\n\"%s\":[", i > 0 ? "]," : "",
				    metrics->samples[i].metric->name);
		append_sample(out, &metrics->samples[i]);
	}
	return buf_append_str(out, metrics->count > 0 ? "]\n}\n" : "}\n");
}
