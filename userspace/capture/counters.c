/* SPDX-License-Identifier: MIT */
#include "capture/counters.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>

#define BLOCK_BYTES (DOVETAP_COUNTER_STRIDE * sizeof(uint64_t))
#define CPUS_MAX    65536

static const struct {
	const char *name;
	enum dovetap_counter_use use;
} table[] = {
#define DOVETAP_X(id, name, use) {name, DOVETAP_COUNTS_##use},
	DOVETAP_BPF_COUNTERS(DOVETAP_X)
#undef DOVETAP_X
};

static int map_bytes(int fd, size_t bytes, const uint64_t **map_r, struct error *error_r)
{
	void *map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		return error_set(error_r, errno, "cannot map the counters: %m");
	*map_r = map;
	return 0;
}

/* The first block has their number. */
static int read_cpus(int fd, unsigned int *cpus_r, struct error *error_r)
{
	const uint64_t *head = NULL;
	uint64_t cpus;
	int ret = map_bytes(fd, BLOCK_BYTES, &head, error_r);

	if (ret < 0 || !head)
		return ret;
	cpus = head[0];
	munmap((void *)(uintptr_t)head, BLOCK_BYTES);
	if (cpus == 0 || cpus > CPUS_MAX)
		return error_set(error_r, EILSEQ, "the counters are of another version");
	*cpus_r = (unsigned int)cpus;
	return 0;
}

int counters_map(int map_fd, struct counters *counters_r, struct error *error_r)
{
	struct counters counters = {0};
	int ret = read_cpus(map_fd, &counters.cpus, error_r);

	if (ret < 0)
		return ret;
	counters.bytes = (1 + (size_t)counters.cpus) * BLOCK_BYTES;
	ret = map_bytes(map_fd, counters.bytes, &counters.map, error_r);
	if (ret == 0)
		*counters_r = counters;
	return ret;
}

void counters_unmap(struct counters *counters)
{
	if (counters->map)
		munmap((void *)(uintptr_t)counters->map, counters->bytes);
	*counters = (struct counters){0};
}

uint64_t counter_on_cpu(const struct counters *counters, unsigned int cpu,
			enum dovetap_counter counter)
{
	const uint64_t *block = counters->map + (1 + (size_t)cpu) * DOVETAP_COUNTER_STRIDE;

	return __atomic_load_n(&block[counter], __ATOMIC_RELAXED);
}

uint64_t counter_value(const struct counters *counters, enum dovetap_counter counter)
{
	uint64_t sum = 0;

	for (unsigned int cpu = 0; cpu < counters->cpus; cpu++)
		sum += counter_on_cpu(counters, cpu, counter);
	return sum;
}

static bool has_use(const struct counters *counters, unsigned int counter,
		    enum dovetap_counter_use use)
{
	return (counters->map[1 + use] >> counter & 1) != 0;
}

static uint64_t sum_from(const struct counters *counters, unsigned int first, unsigned int cpu,
			 enum dovetap_counter_use use)
{
	uint64_t sum = 0;

	for (unsigned int i = first; i < DOVETAP_COUNTER_STRIDE; i++) {
		if (has_use(counters, i, use))
			sum += counter_on_cpu(counters, cpu, i);
	}
	return sum;
}

uint64_t counters_sum(const struct counters *counters, unsigned int cpu,
		      enum dovetap_counter_use use)
{
	return sum_from(counters, 0, cpu, use);
}

uint64_t counters_unknown(const struct counters *counters, enum dovetap_counter_use use)
{
	uint64_t sum = 0;

	for (unsigned int cpu = 0; cpu < counters->cpus; cpu++)
		sum += sum_from(counters, DOVETAP_COUNTER_COUNT, cpu, use);
	return sum;
}

const char *counter_name(enum dovetap_counter counter)
{
	return table[counter].name;
}

enum dovetap_counter_use counter_use(enum dovetap_counter counter)
{
	return table[counter].use;
}
