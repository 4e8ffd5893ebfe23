/* SPDX-License-Identifier: MIT */
/*
 * The numbers of metrics_collect.h for a person: where the logins of this collector's life went, from the
 * probes to the dicts, and whether that adds up.
 */
#ifndef DOVETAP_STATS_SUMMARY_H
#define DOVETAP_STATS_SUMMARY_H

#include "base/buf.h"
#include "stats/metrics_collect.h"

/* Returns 0 or the buffer's error. */
int summary(const struct metrics_source *source, struct buf *out);

#endif
