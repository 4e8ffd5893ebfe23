/* SPDX-License-Identifier: MIT */
/* What was lost, by where and why, and whether the numbers of all stages add up. */
#include <stdlib.h>

#include "capture/counters.h"
#include "stats/metrics_collect.h"
#include "stats/metrics_private.h"

static const struct metric lost = {"dovetap_events_lost_total",
				   "Events lost, by where and why.",
				   METRIC_COUNTER,
				   {"stage", "reason"}};
static const struct metric unexplained = {
	"dovetap_events_unexplained",
	"What came into a stage less what is known of it; 0 but for what is on its way now.",
	METRIC_GAUGE,
	{"stage"}};

bool filter_is_loss(enum filter_result result)
{
	return result == FILTER_CUT_NAME || result == FILTER_NO_NAME || result == FILTER_FUTURE;
}

static uint64_t lost_by_writers(const struct metrics_source *source, enum writer_lost reason)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < plan_dict_count(source->targets->plan); i++) {
		struct writer_stats writer;

		writer_stats(source->targets->writers[i], &writer);
		sum += writer.lost[reason];
	}
	return sum;
}

void metrics_collect_losses(const struct metrics_source *source, struct metrics *metrics)
{
	const struct pipeline_stats *stats = pipeline_stats(source->pipeline);

	for (unsigned int i = 0; i < DOVETAP_COUNTER_COUNT; i++) {
		if (counter_use(i) == DOVETAP_COUNTS_LOGIN_LOST)
			metrics_add(metrics, &lost, "probe", counter_name(i),
				    (double)counter_value(source->counters, i));
	}
	metrics_add(metrics, &lost, "probe", "unknown",
		    (double)counters_unknown(source->counters, DOVETAP_COUNTS_LOGIN_LOST));
	metrics_add(metrics, &lost, "decode", "undecodable", (double)stats->undecodable);
	metrics_add(metrics, &lost, "decode", "other_version", (double)stats->other_version);
	for (unsigned int i = 0; i < FILTER_RESULT_COUNT; i++) {
		if (filter_is_loss(i))
			metrics_add(metrics, &lost, "filter", filter_result_name(i),
				    (double)(stats->filtered[i] + stats->others[i]));
	}
	metrics_add(metrics, &lost, "join", "no_auth", (double)stats->unmatched);
	metrics_add(metrics, &lost, "key", "unexpandable",
		    (double)pipeline_delivered(source->pipeline)->unexpandable);
	for (unsigned int reason = 0; reason < WRITER_LOST_COUNT; reason++)
		metrics_add(metrics, &lost, reason == WRITER_LOST_DAMAGED ? "spool" : "dict",
			    writer_lost_name(reason), (double)lost_by_writers(source, reason));
}

uint64_t metrics_lost(const struct metrics_source *source)
{
	const struct pipeline_stats *stats = pipeline_stats(source->pipeline);
	uint64_t sum = stats->undecodable + stats->other_version + stats->unmatched +
		       pipeline_delivered(source->pipeline)->unexpandable;

	for (unsigned int i = 0; i < DOVETAP_COUNTER_COUNT; i++) {
		if (counter_use(i) == DOVETAP_COUNTS_LOGIN_LOST)
			sum += counter_value(source->counters, i);
	}
	sum += counters_unknown(source->counters, DOVETAP_COUNTS_LOGIN_LOST);
	for (unsigned int i = 0; i < FILTER_RESULT_COUNT; i++) {
		if (filter_is_loss(i))
			sum += stats->filtered[i] + stats->others[i];
	}
	for (unsigned int reason = 0; reason < WRITER_LOST_COUNT; reason++)
		sum += lost_by_writers(source, reason);
	return sum;
}

void metrics_collect_audit_losses(const struct audit *audit, struct metrics *metrics)
{
	struct audit_stats stats;

	if (!audit)
		return;
	audit_stats(audit, &stats);
	for (unsigned int reason = 0; reason < AUDIT_LOST_COUNT; reason++)
		metrics_add(metrics, &lost, "audit", audit_lost_name(reason),
			    (double)stats.lost[reason]);
}

void metrics_collect_differences(const struct metrics_source *source, struct metrics *metrics)
{
	metrics_add(metrics, &unexplained, "probe", NULL,
		    (double)metrics_kernel_difference(source->counters));
	metrics_add(metrics, &unexplained, "pipeline", NULL,
		    (double)pipeline_difference(source->pipeline));
	metrics_add(metrics, &unexplained, "dict", NULL, (double)metrics_dicts_difference(source));
}

int64_t metrics_difference(const struct metrics_source *source)
{
	return llabs(metrics_kernel_difference(source->counters)) +
	       llabs(pipeline_difference(source->pipeline)) + metrics_dicts_difference(source);
}
