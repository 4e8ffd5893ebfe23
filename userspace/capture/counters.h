/* SPDX-License-Identifier: MIT */
/* The counters of the BPF programs, mapped: reading them takes no system call and no right. */
#ifndef DOVETAP_CAPTURE_COUNTERS_H
#define DOVETAP_CAPTURE_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "dovetap/counters.h"

struct counters {
	const uint64_t *map; /* NULL: not mapped */
	size_t bytes;
	unsigned int cpus;
};

/* map_fd is borrowed, until counters_unmap(). Errors: those of mmap(2), -EILSEQ for a map that is
 * none of ours. */
int counters_map(int map_fd, struct counters *counters_r, struct error *error_r);
void counters_unmap(struct counters *counters); /* also when not mapped */

/* Of one CPU; of all together. */
uint64_t counter_on_cpu(const struct counters *counters, unsigned int cpu,
			enum dovetap_counter counter);
uint64_t counter_value(const struct counters *counters, enum dovetap_counter counter);

/* All counters of one use together, of one CPU. */
uint64_t counters_sum(const struct counters *counters, unsigned int cpu,
		      enum dovetap_counter_use use);

/* The sum of those that this version does not know: a newer one has run before (attach/maps.h). */
uint64_t counters_unknown(const struct counters *counters, enum dovetap_counter_use use);

const char *counter_name(enum dovetap_counter counter);
enum dovetap_counter_use counter_use(enum dovetap_counter counter);

#endif
