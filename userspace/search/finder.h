/* SPDX-License-Identifier: MIT */
/*
 * Examines files and directories, and reports each Dovecot file that was not known. discover.c
 * decides where (roots, processes, changes).
 */
#ifndef DOVETAP_SEARCH_FINDER_H
#define DOVETAP_SEARCH_FINDER_H

#include "base/error.h"
#include "search/directory.h"
#include "search/discover.h"
#include "search/file_table.h"
#include "search/recognise.h"

struct finder {
	unsigned int roles; /* wanted */
	bool fuse;	    /* files there, too */
	discover_fn *fn;
	void *ctx;
	struct discover_guard guard;
	struct directories dirs;
	struct file_table files;
	struct recogniser recogniser;
	unsigned int limited; /* files and directories of the current search that met a limit */
	struct error first;   /* reason of the current search that is to be logged */
};

/* The guard of discover.h; prefix and path are the place. What is left out is not lost. */
bool finder_enter(struct finder *finder, uint64_t namespace, const char *prefix, const char *path);
void finder_leave(const struct finder *finder);

/* Keeps the first error of a search. */
void finder_note_error(struct finder *finder, int code, const char *path);

/*
 * Examines the open file, if it has a wanted role, and takes over fd. The contents decide the role;
 * a library named like one of Dovecot's without such contents gets the role of its name, to be
 * refused with a reason. dir may be NULL: known by its process only.
 */
void finder_look_at(struct finder *finder, int fd, const char *path, const struct directory *dir);

/* A process runs or maps a file that was deleted, which may be this one. */
void finder_saw_deleted(struct finder *finder, enum priv_role role);

/* Looks into the directories that something has led to since the last time. */
void finder_look_into_touched(struct finder *finder);

#endif
