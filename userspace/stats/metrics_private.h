/* SPDX-License-Identifier: MIT */
/* The parts of gather(), one for each stage that a login passes. */
#ifndef DOVETAP_STATS_METRICS_PRIVATE_H
#define DOVETAP_STATS_METRICS_PRIVATE_H

#include "stats/metrics_collect.h"

void metrics_collect_kernel(const struct counters *counters, struct metrics *metrics);
void metrics_collect_ring(const struct metrics_source *source, struct metrics *metrics);
void metrics_collect_pipeline(const struct pipeline *pipeline, struct metrics *metrics);
void metrics_collect_dicts(const struct metrics_source *source, struct metrics *metrics);
void metrics_collect_audit(const struct audit *audit, struct metrics *metrics); /* takes NULL */
void metrics_collect_failures(const struct failures *failures, struct metrics *metrics);

void metrics_collect_losses(const struct metrics_source *source, struct metrics *metrics);
void metrics_collect_audit_losses(const struct audit *audit,
				  struct metrics *metrics); /* takes NULL */
void metrics_collect_differences(const struct metrics_source *source, struct metrics *metrics);

/* What came in less what is known of it. The dicts' are added up without their signs. */
int64_t metrics_kernel_difference(const struct counters *counters);
int64_t metrics_dicts_difference(const struct metrics_source *source);

#endif
