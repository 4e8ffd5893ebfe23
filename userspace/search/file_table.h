/* SPDX-License-Identifier: MIT */
/* The Dovecot files that were found so far, each once for all paths that lead to it. */
#ifndef DOVETAP_SEARCH_FILE_TABLE_H
#define DOVETAP_SEARCH_FILE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "search/binary.h"

/*
 * 500 containers with files of their own have 1,500. The rest is for those who make files up, each
 * of whom uses up a part (quota.h). Files that are refused have as much room beside those with a
 * probe.
 */
#define FILE_TABLE_MAX		     16384
#define FILE_TABLE_MAX_OTHERS	     8192
#define FILE_TABLE_MAX_PER_USER	     1024
#define FILE_TABLE_MAX_PER_NAMESPACE 256

struct known_file;

struct file_table {
	struct known_file *list;
	size_t count;
	unsigned int search; /* number of the current full search, from the owner */
	uint64_t namespace;  /* which is looked into, from the owner */
};

void file_table_release(struct file_table *files);

/* True if st is that of a file looked at before and not changed since; it then counts as seen. */
bool file_table_has(const struct file_table *files, const struct stat *st);

/*
 * True if st is that of a file that was written anew so often lately that it has to wait; it counts
 * as seen. Each time doubles the delay: a file that is rewritten all the time would be examined,
 * attached and reported without end. now_ns is monotonic.
 */
bool file_table_has_to_wait(const struct file_table *files, const struct stat *st, int64_t now_ns);

/*
 * A process maps or runs a file of this role that was deleted. Which one cannot be determined (an
 * overlay shows other inode numbers to stat() than in /proc/PID/maps), so all of the role count as
 * seen: a probe too many costs nothing, one too few loses logins.
 */
void file_table_saw_deleted(const struct file_table *files, enum priv_role role);

/* Nothing is looked at in this namespace: all that it ever led to counts as seen. */
void file_table_left_out(const struct file_table *files, uint64_t namespace);

/*
 * Takes over build, and returns it at its place for good; or, if it is a known file after all,
 * releases it and returns NULL. *replaced_r is the build that stood at the same inode until it was
 * overwritten, or NULL; to be dropped. Fails, after releasing binary, with -EDQUOT, which names the
 * limit, or -ENOMEM.
 */
int file_table_add(struct file_table *files, struct binary *binary, const struct binary **added_r,
		   const struct binary **replaced_r, struct error *error_r);

/*
 * A file on which an earlier process has left a probe: until it is found by a path, only role and
 * id are known. file_table_add() fills in the rest, at the same address, as if it were new. Fails
 * with -ENOMEM.
 */
int file_table_restore(struct file_table *files, enum priv_role role, const struct file_id *id);

/* The next build that two full searches in a row have not seen, or NULL. */
const struct binary *file_table_next_lost(const struct file_table *files);

/* The next build that was refused only because nobody is known to use it, or NULL. */
const struct binary *file_table_next_unused(const struct file_table *files);

/* Releases and forgets it. */
void file_table_drop(struct file_table *files, const struct binary *binary);

#endif
