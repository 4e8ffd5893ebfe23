/* SPDX-License-Identifier: MIT */
/*
 * Landlock: of all files that its user may open, a process keeps those that it was made for.
 *
 *	landlock_new()		nothing is allowed yet
 *	landlock_allow()	...but this file, or all below this directory
 *	landlock_enter()	for good, for threads and processes started later as well
 *
 * Also denied are: to execute anything, to make devices, to listen on TCP ports but the one named
 * (Linux 6.7), and to signal processes outside (6.12). The kernel reports what it supports by a
 * version; a kernel without Landlock, or one that was started without it, is no error.
 */
#ifndef DOVETAP_PRIV_LANDLOCK_H
#define DOVETAP_PRIV_LANDLOCK_H

#include <stdint.h>

#include "base/error.h"

struct landlock;

enum landlock_access {
	LANDLOCK_READ,	/* files and directories */
	LANDLOCK_WRITE, /* to read, write, make, rename and remove them as well */
};

/* listen_port 0: none. Returns 0 with *landlock_r set, NULL when the kernel has no Landlock; or a
 * negative errno. */
int landlock_new(uint16_t listen_port, struct landlock **landlock_r, struct error *error_r);
void landlock_free(struct landlock **landlock); /* takes NULL, sets NULL */

/*
 * path is a file or directory. What is not there is no error: for reading nothing is allowed then,
 * for writing the nearest directory above it that is there, in which it can be made. landlock may
 * be NULL.
 */
int landlock_allow(struct landlock *landlock, const char *path, enum landlock_access access,
		   struct error *error_r);

/* The same for the directory that the file lies in, for what is replaced or has companions; and
 * for the one that it really lies in, when it is a symbolic link. */
int landlock_allow_parent(struct landlock *landlock, const char *file, enum landlock_access access,
			  struct error *error_r);

/* The process must have no_new_privs. Returns the kernel's Landlock version, 0 for NULL, or a
 * negative errno. */
int landlock_enter(struct landlock *landlock, struct error *error_r);

#endif
