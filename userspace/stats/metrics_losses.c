/* SPDX-License-Identifier: MIT */
/* What was lost, and whether the numbers of all stages add up. */
#include <stdlib.h>

#include "stats/losses.h"
#include "stats/metrics_private.h"

struct differences {
	int64_t by_stage[4];
};

static const char *stage_name(unsigned int index)
{
	static const char *const names[] = {"probe", "ring", "pipeline", "dict"};

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

/* The structs that have the counters, by enum loss_from. */
struct lost {
	struct kernel_numbers kernel;
	struct writer_stats writers;
	struct audit_stats audit;
	const void *from[LOSS_FROM_COUNT]; /* NULL: no such stage */
};

static void look(const struct metrics_source *source, struct lost *lost_r)
{
	*lost_r = (struct lost){.writers = lost_by_writers(source)};
	metrics_kernel_numbers(source->counters, &lost_r->kernel);
	lost_r->from[LOSS_FROM_KERNEL] = &lost_r->kernel;
	lost_r->from[LOSS_FROM_PIPELINE] = pipeline_stats(source->pipeline);
	lost_r->from[LOSS_FROM_DELIVER] = pipeline_delivered(source->pipeline);
	lost_r->from[LOSS_FROM_WRITER] = &lost_r->writers;
	if (!source->audit)
		return;
	audit_stats(source->audit, &lost_r->audit);
	lost_r->from[LOSS_FROM_AUDIT] = &lost_r->audit;
}

void metrics_collect_losses(const struct metrics_source *source, struct metrics *metrics)
{
	struct lost lost;

	look(source, &lost);
	for (unsigned int from = 0; from < LOSS_FROM_COUNT; from++) {
		if (lost.from[from])
			losses_collect(from, lost.from[from], metrics);
	}
}

uint64_t metrics_lost(const struct metrics_source *source)
{
	uint64_t sum = 0;
	struct lost lost;

	look(source, &lost);
	for (unsigned int from = 0; from < LOSS_FROM_COUNT; from++) {
		if (from != LOSS_FROM_AUDIT)
			sum += losses_sum(from, lost.from[from]);
	}
	return sum;
}

void metrics_collect_differences(const struct metrics_source *source, struct metrics *metrics)
{
	const struct differences differences = {{
		metrics_kernel_difference(source->counters),
		metrics_ring_difference(source),
		pipeline_difference(source->pipeline),
		metrics_dicts_difference(source),
	}};

	metric_table_collect(&metrics_differences_table, &differences, metrics);
}

int64_t metrics_difference(const struct metrics_source *source)
{
	return llabs(metrics_kernel_difference(source->counters)) +
	       llabs(metrics_ring_difference(source)) +
	       llabs(pipeline_difference(source->pipeline)) + metrics_dicts_difference(source);
}
