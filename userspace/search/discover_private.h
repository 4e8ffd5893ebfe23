/* SPDX-License-Identifier: MIT */
/*
 * The parts of a discovery (discover.h), private to discover*.c. All lead to finder.h:
 *
 *	discover.c          the roots: where Dovecot usually is; one search of everything
 *	discover_process.c  what processes run and have mapped
 *	discover_changes.c  what changes in the directories that are watched
 */
#ifndef DOVETAP_SEARCH_DISCOVER_PRIVATE_H
#define DOVETAP_SEARCH_DISCOVER_PRIVATE_H

#include "search/discover.h"
#include "search/finder.h"
#include "search/rescan.h"
#include "search/seen_cache.h"

struct discover {
	struct finder finder;
	bool processes;
	char **roots; /* NULL-terminated */
	discover_lost_fn *lost;
	discover_master_fn *master;
	struct seen_cache seen_cache;	   /* executables, by namespace */
	struct seen_cache unrelated_names; /* libraries that are none of Dovecot's, by namespace */
	struct rescan rescan;
	unsigned int dovecots; /* processes, in this search */
};

/* Adds the directories that an executable's RUNPATH names, and where its services may be. */
void discover_add_runpath(struct discover *discover, int root_fd, const char *prefix,
			  const struct recognised *is, const char *exe);

/* Looks at one process, if it is of Dovecot; for process_each() with a struct discover. */
void discover_search_process(void *ctx, pid_t pid);

#endif
