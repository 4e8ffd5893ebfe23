/* SPDX-License-Identifier: MIT */
/* RUNPATH of executables, remembered: the same few services are executed for every login. */
#ifndef DOVETAP_ATTACH_RUNPATH_H
#define DOVETAP_ATTACH_RUNPATH_H

#include "attach/file_id.h"

#include <stddef.h>

#define RUNPATH_CACHE_SIZE 64

struct runpath_cache {
	struct {
		struct file_id id;
		char *runpath; /* NULL: free */
	} slots[RUNPATH_CACHE_SIZE];
	size_t next; /* slot to use for the next one */
};

/* RUNPATH of the executable fd, "" if it has none or is no ELF file. Valid until the next call. */
const char *runpath_of(struct runpath_cache *cache, int fd);
void runpath_cache_release(struct runpath_cache *cache);

#endif
