/* SPDX-License-Identifier: MIT */
#include "search/seen_cache.h"

#include <string.h>

#include "base/fnv.h"

/* A container that makes up paths can at most delay a look at itself. */
uint64_t seen_cache_key(uint64_t namespace, const char *path, uint64_t number)
{
	uint64_t key = fnv(FNV_START ^ namespace, path, strlen(path));

	return fnv(key, &number, sizeof(number));
}

bool seen_cache_has(const struct seen_cache *seen_cache, uint64_t key, int64_t now_ns)
{
	uint64_t slot = key % SEEN_CACHE_SLOTS;

	return seen_cache->slots[slot].key == key && now_ns < seen_cache->slots[slot].until_ns;
}

void seen_cache_add(struct seen_cache *seen_cache, uint64_t key, int64_t until_ns)
{
	uint64_t slot = key % SEEN_CACHE_SLOTS;

	seen_cache->slots[slot].key = key;
	seen_cache->slots[slot].until_ns = until_ns;
}
