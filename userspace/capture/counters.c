/* SPDX-License-Identifier: MIT */
#include "capture/counters.h"

#include <errno.h>
#include <sys/mman.h>

#define MAP_BYTES (DOVETAP_COUNTER_COUNT * sizeof(uint64_t))

static const struct {
	const char *name;
	bool is_loss;
} table[] = {
#define DOVETAP_X(id, name, lost) {name, lost},
	DOVETAP_BPF_COUNTERS(DOVETAP_X)
#undef DOVETAP_X
};

int counters_map(int map_fd, const uint64_t **counters_r, struct error *error_r)
{
	void *map = mmap(NULL, MAP_BYTES, PROT_READ, MAP_SHARED, map_fd, 0);

	if (map == MAP_FAILED)
		return error_set(error_r, errno, "cannot map the counters: %m");
	*counters_r = map;
	return 0;
}

void counters_unmap(const uint64_t **counters)
{
	if (*counters)
		munmap((void *)*counters, MAP_BYTES);
	*counters = NULL;
}

uint64_t counter_value(const uint64_t *counters, enum dovetap_counter counter)
{
	return __atomic_load_n(&counters[counter], __ATOMIC_RELAXED);
}

const char *counter_name(enum dovetap_counter counter)
{
	return table[counter].name;
}

bool counter_is_loss(enum dovetap_counter counter)
{
	return table[counter].is_loss;
}
