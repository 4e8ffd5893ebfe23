/* SPDX-License-Identifier: MIT */
#include "attach/runpath.h"

#include "attach/elf.h"

#include <stdlib.h>
#include <string.h>

static bool is_slot_of(const struct file_id *slot, const struct file_id *id)
{
	return slot->dev == id->dev && slot->ino == id->ino && slot->ctime_ns == id->ctime_ns &&
	       slot->size == id->size;
}

const char *runpath_of(struct runpath_cache *cache, int fd)
{
	struct elf_file *elf = NULL;
	struct file_id id;
	struct stat st;
	char *runpath;

	if (fstat(fd, &st) < 0)
		return "";
	file_id_from_stat(&id, &st);
	for (size_t i = 0; i < RUNPATH_CACHE_SIZE; i++) {
		if (cache->slots[i].runpath && is_slot_of(&cache->slots[i].id, &id))
			return cache->slots[i].runpath;
	}
	runpath = strdup(elf_file_read(fd, &elf, NULL) == 0 ? elf_file_runpath(elf) : "");
	elf_file_free(&elf);
	if (!runpath)
		return "";
	free(cache->slots[cache->next].runpath);
	cache->slots[cache->next].id = id;
	cache->slots[cache->next].runpath = runpath;
	cache->next = (cache->next + 1) % RUNPATH_CACHE_SIZE;
	return runpath;
}

void runpath_cache_release(struct runpath_cache *cache)
{
	for (size_t i = 0; i < RUNPATH_CACHE_SIZE; i++)
		free(cache->slots[i].runpath);
	*cache = (struct runpath_cache){0};
}
