/* SPDX-License-Identifier: MIT */
/*
 * What was looked at a moment ago. Every login executes the same few services in the same
 * namespaces; one look a second at each is enough, because inotify tells of changes.
 */
#ifndef DOVETAP_ATTACH_RECENT_H
#define DOVETAP_ATTACH_RECENT_H

#include <stdbool.h>
#include <stdint.h>

#define RECENT_SLOTS 256
#define RECENT_NS    1000000000LL

struct recent {
	struct {
		uint64_t key;
		int64_t until_ns;
	} slots[RECENT_SLOTS];
};

/* Key of a path in a namespace. */
uint64_t recent_key(uint64_t namespace, const char *path);

/* True if key was noted less than RECENT_NS before now_ns; else notes it. Another key may take
 * its place at any time. */
bool recent_has(struct recent *recent, uint64_t key, int64_t now_ns);

#endif
