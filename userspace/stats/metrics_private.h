/* SPDX-License-Identifier: MIT */
/* The parts of gather(), one for each stage that a login passes. */
#ifndef DOVETAP_STATS_METRICS_PRIVATE_H
#define DOVETAP_STATS_METRICS_PRIVATE_H

#include "stats/metrics_collect.h"

void gather_kernel(const struct counters *counters, struct metrics *metrics);
void gather_ring(const struct gather_source *source, struct metrics *metrics);
void gather_pipeline(const struct pipeline *pipeline, struct metrics *metrics);
void gather_dicts(const struct gather_source *source, struct metrics *metrics);
void gather_audit(const struct audit *audit, struct metrics *metrics); /* takes NULL */
void gather_failures(const struct failures *failures, struct metrics *metrics);

void gather_losses(const struct gather_source *source, struct metrics *metrics);
void gather_audit_losses(const struct audit *audit, struct metrics *metrics); /* takes NULL */
void gather_differences(const struct gather_source *source, struct metrics *metrics);

/* What came in less what is known of it. The dicts' are added up without their signs. */
int64_t gather_kernel_difference(const struct counters *counters);
int64_t gather_dicts_difference(const struct gather_source *source);

#endif
