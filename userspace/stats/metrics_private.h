/* SPDX-License-Identifier: MIT */
/* The parts of metrics_collect(), one for each stage that a login passes, and their tables. */
#ifndef DOVETAP_STATS_METRICS_PRIVATE_H
#define DOVETAP_STATS_METRICS_PRIVATE_H

#include "capture/counters.h"
#include "stats/metrics_collect.h"
#include "stats/metrics_rows.h"

extern const struct metric_table metrics_collector_table;
extern const struct metric_table metrics_processes_table;
extern const struct metric_table metrics_ring_table;
extern const struct metric_table metrics_kernel_table;
extern const struct metric_table metrics_cpu_table;
extern const struct metric_table metrics_pipeline_table;
extern const struct metric_table metrics_dicts_table;
extern const struct metric_table metrics_differences_table;
extern const struct metric_table metrics_audit_table;
extern const struct metric_table metrics_failures_table;
extern const struct metric_table metrics_layouts_table;
extern const struct metric_table metrics_layout_members_table;

#define METRIC_TABLE(title, rows)                                                                  \
	{                                                                                          \
		(title), (rows), sizeof(rows) / sizeof((rows)[0])                                  \
	}

/* The counters of the probes at one moment, read once. */
struct kernel_numbers {
	uint64_t seen;
	uint64_t counts[DOVETAP_COUNTER_COUNT + 1]; /* the last: results of a newer version */
	uint64_t lost_unknown;			    /* of those: lost logins */
};

void metrics_kernel_numbers(const struct counters *counters, struct kernel_numbers *numbers_r);

/* attacher 0: none is known. */
void metrics_collect_processes(pid_t attacher, struct metrics *metrics);
void metrics_collect_kernel(const struct counters *counters, struct metrics *metrics);
void metrics_collect_ring(const struct metrics_source *source, struct metrics *metrics);
void metrics_collect_pipeline(const struct pipeline *pipeline, struct metrics *metrics);
void metrics_collect_dicts(const struct metrics_source *source, struct metrics *metrics);
void metrics_collect_audit(const struct audit *audit, struct metrics *metrics); /* takes NULL */
void metrics_collect_failures(const struct failures *failures, struct metrics *metrics);
void metrics_collect_layouts(const struct judge *judge, struct metrics *metrics); /* takes NULL */
void metrics_collect_losses(const struct metrics_source *source, struct metrics *metrics);
void metrics_collect_differences(const struct metrics_source *source, struct metrics *metrics);

/* What came in less what is known of it. The dicts' are added up without their signs. */
int64_t metrics_kernel_difference(const struct counters *counters);
int64_t metrics_ring_difference(const struct metrics_source *source);
int64_t metrics_dicts_difference(const struct metrics_source *source);

#endif
