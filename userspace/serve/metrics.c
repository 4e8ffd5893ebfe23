/* SPDX-License-Identifier: MIT */
#include "serve/metrics.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const char *metric_type_name(enum metric_type type)
{
	static const char *const names[] = {
		[METRIC_COUNTER] = "counter",
		[METRIC_GAUGE] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
	};

	return names[type];
}

void metrics_init(struct metrics *metrics)
{
	*metrics = (struct metrics){0};
}

struct metrics_text {
	struct metrics_text *next;
	char text[12];
};

struct metrics_durations {
	struct metrics_durations *next;
	struct durations durations;
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

static void release_durations(struct metrics *metrics)
{
	struct metrics_durations *durations;

	while ((durations = metrics->durations)) {
		metrics->durations = durations->next;
		free(durations);
	}
}

void metrics_release(struct metrics *metrics)
{
	struct metrics_text *text;

	while ((text = metrics->texts)) {
		metrics->texts = text->next;
		free(text);
	}
	release_durations(metrics);
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

void metrics_add_durations(struct metrics *metrics, const struct metric *metric, const char *label1,
			   const char *label2, const struct durations *durations)
{
	struct metrics_durations *copy = malloc(sizeof(*copy));
	size_t count = metrics->count;

	if (!copy) {
		metrics->failed = -ENOMEM;
		return;
	}
	*copy = (struct metrics_durations){metrics->durations, *durations};
	metrics->durations = copy;
	metrics_add(metrics, metric, label1, label2, 0);
	if (metrics->count > count)
		metrics->samples[count].durations = &copy->durations;
}

bool metrics_is_first(const struct metrics *metrics, size_t index)
{
	return index == 0 || metrics->samples[index].metric != metrics->samples[index - 1].metric;
}

/* OpenMetrics wants a point in each; one spelling for all forms, so that a series has one name. */
void metrics_bound_text(unsigned int bucket, char text_r[METRICS_BOUND_MAX])
{
	double bound = durations_bound(bucket);

	if (isinf(bound))
		(void)snprintf(text_r, METRICS_BOUND_MAX, "+Inf");
	else
		(void)snprintf(text_r, METRICS_BOUND_MAX, bound == floor(bound) ? "%.1f" : "%g",
			       bound);
}
