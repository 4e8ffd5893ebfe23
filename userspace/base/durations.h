/* SPDX-License-Identifier: MIT */
/*
 * Durations, counted by fixed bounds from 5 ms to an hour: what a histogram of Prometheus is made
 * of. The bounds are part of the ledger and of docs/metrics.md: they stay as they are.
 */
#ifndef DOVETAP_BASE_DURATIONS_H
#define DOVETAP_BASE_DURATIONS_H

#include <stdint.h>

#define DURATIONS_BUCKETS 16

struct durations {
	uint64_t
		counts[DURATIONS_BUCKETS]; /* each duration in one; the last takes what is longer */
	uint64_t sum_us;
};

/* Less than 0, after a step of the clock, counts as 0. */
void durations_add(struct durations *durations, int64_t ns);

/* What a bucket holds at most, in seconds; the last one has INFINITY. */
double durations_bound(unsigned int bucket);

double durations_sum(const struct durations *durations); /* seconds */

#endif
