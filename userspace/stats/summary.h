/* SPDX-License-Identifier: MIT */
/*
 * The metrics as text for a person: where the logins since the counters began went, from the
 * probes to the dicts, and whether the sums agree.
 */
#ifndef DOVETAP_STATS_SUMMARY_H
#define DOVETAP_STATS_SUMMARY_H

#include "base/buf.h"
#include "stats/metrics_collect.h"

/* Returns 0 or the buffer's error. */
int summary(const struct metrics_source *source, struct buf *out);

#endif
