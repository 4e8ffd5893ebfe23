/* SPDX-License-Identifier: MIT */
/* What was lost, and whether the numbers of all stages add up. */
#include <stdlib.h>

#include "stats/losses.h"
#include "stats/metrics_private.h"

struct differences {
	int64_t by_stage[3];
};

static const char *stage_name(unsigned int index)
{
	static const char *const names[] = {"probe", "pipeline", "dict"};

	return names[index];
}

static const struct metric_row rows[] = {
	{.metric = {"dovetap_events_unexplained",
		    "What came into a stage less what is known to have become of it.",
		    METRIC_GAUGE,
		    {"stage"}},
	 .advice = "Alert when it is not 0 for minutes, and report it. What is on its way at the "
		   "moment may show.",
	 AT_ARRAY(struct differences, by_stage, stage_name)},
};

const struct metric_table metrics_differences_table = METRIC_TABLE("Completeness", rows);

/* The losses of all dicts together. */
static struct writer_stats lost_by_writers(const struct metrics_source *source)
{
	struct writer_stats sum = {.up = true};

	for (size_t i = 0; i < plan_dict_count(source->targets->plan); i++) {
		struct writer_stats writer;

		writer_stats(source->targets->writers[i], &writer);
		for (unsigned int reason = 0; reason < WRITER_LOST_COUNT; reason++)
			sum.lost[reason] += writer.lost[reason];
	}
	return sum;
}

void metrics_collect_losses(const struct metrics_source *source, struct metrics *metrics)
{
	const struct writer_stats writers = lost_by_writers(source);
	struct kernel_numbers kernel;
	struct audit_stats audit;

	metrics_kernel_numbers(source->counters, &kernel);
	losses_collect(LOSS_FROM_KERNEL, &kernel, metrics);
	losses_collect(LOSS_FROM_PIPELINE, pipeline_stats(source->pipeline), metrics);
	losses_collect(LOSS_FROM_DELIVER, pipeline_delivered(source->pipeline), metrics);
	losses_collect(LOSS_FROM_WRITER, &writers, metrics);
	if (!source->audit)
		return;
	audit_stats(source->audit, &audit);
	losses_collect(LOSS_FROM_AUDIT, &audit, metrics);
}

uint64_t metrics_lost(const struct metrics_source *source)
{
	const struct writer_stats writers = lost_by_writers(source);
	struct kernel_numbers kernel;

	metrics_kernel_numbers(source->counters, &kernel);
	return losses_sum(LOSS_FROM_KERNEL, &kernel) +
	       losses_sum(LOSS_FROM_PIPELINE, pipeline_stats(source->pipeline)) +
	       losses_sum(LOSS_FROM_DELIVER, pipeline_delivered(source->pipeline)) +
	       losses_sum(LOSS_FROM_WRITER, &writers);
}

void metrics_collect_differences(const struct metrics_source *source, struct metrics *metrics)
{
	const struct differences differences = {{
		metrics_kernel_difference(source->counters),
		pipeline_difference(source->pipeline),
		metrics_dicts_difference(source),
	}};

	metric_table_collect(&metrics_differences_table, &differences, metrics);
}

int64_t metrics_difference(const struct metrics_source *source)
{
	return llabs(metrics_kernel_difference(source->counters)) +
	       llabs(pipeline_difference(source->pipeline)) + metrics_dicts_difference(source);
}
