/* SPDX-License-Identifier: MIT */
/* The directories where Dovecot's files were found or may be, on the host and in containers. */
#ifndef DOVETAP_SEARCH_DIRECTORY_H
#define DOVETAP_SEARCH_DIRECTORY_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "search/quota.h"
#include "search/read_budget.h"

/* Many roots of one container's processes are one. */
struct root_id {
	dev_t dev;
	ino_t ino;
};

#define IMPORTERS_NOTED_MAX 256

struct directory {
	dev_t dev; /* of the directory itself: two names of it are one */
	ino_t ino;
	int root_fd; /* what its paths are relative to; owned */
	struct root_id root;
	struct quota_owner owner;
	char *prefix;	   /* how the root is called: "", "/srv/root", "/proc/PID/root" */
	char *path;	   /* below the root */
	int watch;	   /* inotify, -1 if it could not be had */
	unsigned int seen; /* number of the search that last led here */
	bool touched;	   /* something led here since it was last looked into */
	bool fixed;	   /* of a root that was asked for; others go when nothing leads to them */
};

struct directories {
	struct directory *list;
	size_t count;
	struct read_budget *budget; /* what may be read of the files in them */
	int inotify_fd;		    /* -1: none, see no_inotify; scans find changes */
	struct error no_inotify;
	struct error over_limit; /* the last directory that met a limit; code 0: none */
	uint64_t namespace;	 /* of what is added now; the owner's to set */
	struct root_id importers[IMPORTERS_NOTED_MAX]; /* roots with a login process */
	size_t importer_count;
};

int directories_init(struct directories *dirs);
void directories_release(struct directories *dirs);

/*
 * Adds path below root_fd, if it is a directory. Returns its index or a negative errno. New and
 * known ones are marked as seen; new ones are watched.
 */
int directories_add(struct directories *dirs, int root_fd, const char *prefix, const char *path,
		    unsigned int seen);

/* Adds each element of a RUNPATH list; $ORIGIN is origin. Errors are those of directories_add. */
void directories_add_runpath(struct directories *dirs, int root_fd, const char *prefix,
			     const char *runpath, const char *origin, unsigned int seen);

/* Drops those that are not fixed and were not seen by search number seen. */
void directories_sweep(struct directories *dirs, unsigned int seen);

/* Drops one; those behind it move up. */
void directories_remove(struct directories *dirs, size_t index);

/* Index of the directory of an inotify watch, or -1. */
int directories_find_watch(const struct directories *dirs, int watch);

/* To read its names: at most DIRECTORY_ENTRIES_MAX. NULL if it cannot be opened. */
#define DIRECTORY_ENTRIES_MAX 16384
DIR *directory_list(const struct directory *dir);

/* A process of this root imports what login processes do. Returns true when that is new; all
 * directories of the root are then marked to be looked into. */
bool directories_note_importer(struct directories *dirs, int root_fd);

/* True if one was noted in the root of dir; else if an executable whose name ends in suffix, in a
 * directory of the same root, imports symbol. */
bool directory_imports(const struct directories *dirs, const struct directory *dir,
		       const char *suffix, const char *symbol);

#endif
