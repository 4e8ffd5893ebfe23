/* SPDX-License-Identifier: MIT */
/*
 * Replaces a file as Dovecot's dict file does, so that both can write to the same one.
 *
 *	dotlock       PATH.lock is created exclusively, gets the new content and is renamed to
 *	              PATH. One that nobody touched for 60 s is taken for a leftover.
 *	fcntl, flock  PATH itself is locked, the content goes to PATH.tmp, which is renamed.
 */
#ifndef DOVETAP_FILE_LOCK_H
#define DOVETAP_FILE_LOCK_H

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/slice.h"

enum file_lock_method { FILE_LOCK_DOTLOCK, FILE_LOCK_FCNTL, FILE_LOCK_FLOCK };

struct file_lock {
	enum file_lock_method method;
	const char *path; /* the caller's */
	char *new_path;	  /* PATH.lock or PATH.tmp */
	int fd;		  /* of new_path */
	int locked_fd;	  /* of PATH, -1 with a dotlock */
};

/* Waits for a lock of others until the deadline; errors that no waiting cures are returned at once.
 * A missing directory is made (0700, or its parent's mode when that is setgid). The new file gets
 * the old one's mode, or that of its directory & 0666.
 * Errors: -ETIMEDOUT (others kept the lock), -ENOMEM, those of open(2) and unlink(2). */
int file_lock_take(struct file_lock *lock, enum file_lock_method method, const char *path,
		   int64_t deadline_ns, struct error *error_r);

/* Puts the content in the place of PATH and unlocks; stat_r is that of the new file. On errors
 * PATH is as it was. */
int file_lock_replace(struct file_lock *lock, struct slice content, struct stat *stat_r,
		      struct error *error_r);

/* Unlocks without changing PATH. */
void file_lock_drop(struct file_lock *lock);

#endif
