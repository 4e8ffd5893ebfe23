/* SPDX-License-Identifier: MIT */
/*
 * The companions of an SQLite file, for its owner (sqlite_file.h) only: its making, the log and
 * index that SQLite finds by name, and PATH-id, which names the file that the log belongs to:
 *
 *	file INODE log INODE
 */
#ifndef DOVETAP_STORE_SQLITE_SIDE_H
#define DOVETAP_STORE_SQLITE_SIDE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct sqlite_file_id {
	dev_t device;
	ino_t inode;
};

/* The log and index that the connection has open; inode 0: none, or not known. */
struct sqlite_side {
	struct sqlite_file_id log, index;
};

/* Returns 0 or the negative errno of stat(2). */
int sqlite_file_id_of(const char *path, struct sqlite_file_id *id_r, struct error *error_r);
bool sqlite_file_id_same(const struct sqlite_file_id *a, const struct sqlite_file_id *b);

/* The path without symbolic links, whether there is a file or not; for free(3). NULL: no memory. */
char *sqlite_side_real_path(const char *path);

/* Makes the file (0640) and its directory (0750) where there is none. A file that is there is not
 * opened. Returns 0 or a negative errno. */
int sqlite_side_create(const char *path, struct error *error_r);

/*
 * Log and index that another user left behind, who only looked at the file while nobody else had it
 * open, keep this process out. Empty ones are removed. Returns 0, or -EACCES for one that cannot be
 * removed or has something in it; error_r names it and its owner.
 */
int sqlite_side_admit(const char *path, struct error *error_r);

/*
 * Does the log at the path belong to a file that was there before, as PATH-id has it? Then SQLite
 * would put its pages into this one. Returns 0, or -ESTALE: repair moves the log aside, to the
 * place in error_r, so that the next call returns 0.
 */
int sqlite_side_check(const char *path, const struct sqlite_file_id *id, bool repair,
		      struct error *error_r);

/* Looks what SQLite has opened beside the file that it opened a moment ago. */
void sqlite_side_remember(struct sqlite_side *side, const char *path);

/* Writes PATH-id. A failure is ignored: without the file SQLite itself decides. */
void sqlite_side_write_id(const struct sqlite_side *side, const char *path,
			  const struct sqlite_file_id *id);

/*
 * Closes the connection, which has no statements any more. While its file stands at the path: as
 * SQLite does it, and a file of ours leaves WAL mode if nobody else has it open. Else what the log
 * has goes into the file, wherever it is, and nothing is removed but the log and index that this
 * connection made.
 */
void sqlite_side_close(const struct sqlite_side *side, sqlite3 *db, const char *path,
		       const struct sqlite_file_id *id, bool ours);

#endif
