/* SPDX-License-Identifier: MIT */
/*
 * What was looked at a moment ago, and need not be again. Every login executes the same few
 * services in the same namespaces, which map the same libraries; inotify reports changes.
 */
#ifndef DOVETAP_SEARCH_SEEN_CACHE_H
#define DOVETAP_SEARCH_SEEN_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#define SEEN_CACHE_SLOTS 1024

struct seen_cache {
	struct {
		uint64_t key;
		int64_t until_ns;
	} slots[SEEN_CACHE_SLOTS];
};

/* Key of a path in a namespace; number distinguishes successive files at that path. */
uint64_t seen_cache_key(uint64_t namespace, const char *path, uint64_t number);

bool seen_cache_has(const struct seen_cache *seen_cache, uint64_t key, int64_t now_ns);

/* Another key may take its place at any time. */
void seen_cache_add(struct seen_cache *seen_cache, uint64_t key, int64_t until_ns);

#endif
