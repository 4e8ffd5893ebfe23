/* SPDX-License-Identifier: MIT */
#include "attach/recent.h"

/* FNV-1a, 64 bits: a container that makes up paths can at most delay a look by a second. */
uint64_t recent_key(uint64_t namespace, const char *path)
{
	uint64_t key = 0xcbf29ce484222325ULL ^ namespace;

	for (const char *at = path; *at; at++)
		key = (key ^ (unsigned char)*at) * 0x100000001b3ULL;
	return key;
}

bool recent_has(struct recent *recent, uint64_t key, int64_t now_ns)
{
	uint64_t slot = key % RECENT_SLOTS;

	if (recent->slots[slot].key == key && now_ns < recent->slots[slot].until_ns)
		return true;
	recent->slots[slot].key = key;
	recent->slots[slot].until_ns = now_ns + RECENT_NS;
	return false;
}
