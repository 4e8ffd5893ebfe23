/* SPDX-License-Identifier: MIT */
#include "base/durations.h"

#include <math.h>

static const int64_t bounds_ms[DURATIONS_BUCKETS - 1] = {
	5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 3600000,
};

void durations_add(struct durations *durations, int64_t ns)
{
	unsigned int bucket = 0;

	ns = ns < 0 ? 0 : ns;
	while (bucket < DURATIONS_BUCKETS - 1 && ns > bounds_ms[bucket] * 1000000)
		bucket++;
	durations->counts[bucket]++;
	durations->sum_us += (uint64_t)ns / 1000;
}

double durations_bound(unsigned int bucket)
{
	return bucket < DURATIONS_BUCKETS - 1 ? (double)bounds_ms[bucket] / 1000 : INFINITY;
}

double durations_sum(const struct durations *durations)
{
	return (double)durations->sum_us / 1e6;
}
