/* SPDX-License-Identifier: MIT */
/*
 * Looks at files and into directories, and tells of each Dovecot file that was not known. What
 * leads there (roots, processes, changes) is discover.c's.
 */
#ifndef DOVETAP_ATTACH_FINDER_H
#define DOVETAP_ATTACH_FINDER_H

#include "attach/directory.h"
#include "attach/discover.h"
#include "attach/known.h"
#include "base/error.h"

struct finder {
	unsigned int roles; /* wanted */
	discover_fn *fn;
	void *ctx;
	struct directories dirs;
	struct known_files known;
	struct error first; /* reason of the current search that is worth telling */
};

/* Keeps the first error of a search. */
void finder_note_error(struct finder *finder, int code, const char *path);

/* The role of a file by its name, if it is wanted, else 0; "libdovecot-storage.so.0.0.0" counts as
 * well. path has a "/". */
enum priv_role finder_role(const struct finder *finder, const char *path);

/* Looks at the open file, and takes over fd. dir may be NULL: known by its process only. */
void finder_look_at(struct finder *finder, int fd, const char *path, enum priv_role role,
		    const struct directory *dir);

/* Looks into the directories that something has led to since the last time. */
void finder_look_into_touched(struct finder *finder);

#endif
