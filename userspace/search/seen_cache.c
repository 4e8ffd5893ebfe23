/* SPDX-License-Identifier: MIT */
#include "search/seen_cache.h"

/* FNV-1a, 64 bits: a container that makes up paths can at most delay a look at itself. */
static uint64_t add(uint64_t key, unsigned char byte)
{
	return (key ^ byte) * 0x100000001b3ULL;
}

uint64_t seen_cache_key(uint64_t namespace, const char *path, uint64_t number)
{
	uint64_t key = 0xcbf29ce484222325ULL ^ namespace;

	for (const char *at = path; *at; at++)
		key = add(key, (unsigned char)*at);
	for (int i = 0; i < 8; i++)
		key = add(key, (unsigned char)(number >> (8 * i)));
	return key;
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
