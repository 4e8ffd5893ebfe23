/* SPDX-License-Identifier: MIT */
/*
 * Finds the Dovecot files that carry probe points: libdovecot-storage, auth, libdovecot-login.
 *
 *	roots (default "/")	the usual directories, and RUNPATH of the dovecot found there
 *	running processes	whose program needs a libdovecot*.so, once, then each exec: the
 *				program, RUNPATH, what is mapped; through /proc/PID/root, and those
 *				that were deleted but are still run, through /proc
 *	inotify			on every directory where one was found: upgrades
 *
 * A file is recognised by its contents (recognise.h): soname, libraries it needs, symbols. Each
 * file is reported once, for any number of paths, containers and processes that lead to it
 * (file_id.h); a replaced file is a new one. No path of a container is followed out of its root.
 */
#ifndef DOVETAP_SEARCH_DISCOVER_H
#define DOVETAP_SEARCH_DISCOVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "search/binary.h"

struct discover_options {
	const char *const *roots; /* NULL-terminated; NULL means "/" alone */
	bool processes;		  /* look at running processes, too, not only for deleted files */
	unsigned int roles;	  /* PRIV_ROLE_BIT of each role wanted */
	bool fuse;		  /* take files on FUSE, too (fuse.h) */
};

/*
 * A file that was not known. The build stays valid until it is lost or discover_free(), and so
 * does its address. If the file was overwritten in place, replaced is the build whose code is no
 * longer there, valid for this call only; its probes are meaningless. Else it is NULL.
 */
typedef void discover_fn(void *ctx, const struct binary *binary, const struct binary *replaced);

/* No path and no process has led to the file for two searches; build is valid for this call. */
typedef void discover_lost_fn(void *ctx, const struct binary *binary);

struct discover;

/* The options' strings are copied. Returns 0 or a negative errno: -ENOSYS or -EPERM where openat2()
 * is forbidden. */
int discover_new(const struct discover_options *options, discover_fn *fn, void *ctx,
		 struct discover **discover_r, struct error *error_r);
void discover_free(struct discover **discover);

/* With the ctx of discover_new(). Without it files are never lost. */
void discover_on_lost(struct discover *discover, discover_lost_fn *lost);

/*
 * Dovecot's first process runs that file, which has another name than "dovecot". Called for each
 * such process at each search, and when it starts. fd is O_PATH; it and path are valid for this
 * call.
 */
typedef void discover_master_fn(void *ctx, int fd, const char *path);

/* With the ctx of discover_new(). */
void discover_on_master(struct discover *discover, discover_master_fn *master);

/*
 * Before the first search: a probe was left on this file, so it is reported as found when something
 * leads to it, and as lost when nothing does. Returns 0 or -ENOMEM.
 */
int discover_restore(struct discover *discover, enum priv_role role, const struct file_id *id);

/*
 * Called around everything that opens files which others have made, and so may take for ever: in
 * which mount namespace (0: ours) and what. If enter() returns false that is left out.
 */
struct discover_guard {
	void *ctx;
	bool (*enter)(void *ctx, uint64_t namespace, const char *place);
	void (*leave)(void *ctx);
};

/* Copied. Without one all is entered. */
void discover_set_guard(struct discover *discover, const struct discover_guard *guard);

/*
 * Searches everything. Returns 0, or a negative errno with the first reason for which something
 * could not be looked at (all else was searched nevertheless).
 */
int discover_scan(struct discover *discover, struct error *error_r);

/* How many files and directories the last search did not take because of a limit (quota.h). */
unsigned int discover_limited(const struct discover *discover);

/* How many processes that run a program of Dovecot's the last search has seen. */
unsigned int discover_dovecots(const struct discover *discover);

enum discover_exec {
	DISCOVER_EXEC_GONE, /* or cannot be looked at */
	DISCOVER_EXEC_UNRELATED,
	DISCOVER_EXEC_DOVECOT,
};

/* A process has executed a program. Returns what it is. */
enum discover_exec discover_exec(struct discover *discover, pid_t pid);

/*
 * At the time of discover_exec() no library is mapped yet. discover_due() looks at what the dynamic
 * linker has mapped since; to be called at discover_due_ns() of the monotonic clock (INT64_MAX:
 * there is nothing to do) or later.
 */
int64_t discover_due_ns(const struct discover *discover);
void discover_due(struct discover *discover);

/* -1: there is no inotify. Readable when a watched directory has changed; discover_changed() then
 * looks there, at some of the changes: whoever makes them without end does not keep the caller from
 * all else. */
int discover_inotify_fd(const struct discover *discover);
void discover_changed(struct discover *discover);

#endif
