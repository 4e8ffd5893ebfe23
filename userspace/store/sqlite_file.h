/* SPDX-License-Identifier: MIT */
/*
 * One owner for each SQLite file of this process.
 *
 *	dict "last_login"   ── handle ──┐
 *	dict "last_failure" ── handle ──┼── one connection to (device, inode)
 *	dict by a hard link ── handle ──┘
 *
 * A process that closes any descriptor of a file loses all its POSIX locks on it ("How To Corrupt
 * An SQLite Database File", 2.2); another program then takes itself for the last one and deletes
 * log and index. And log and index are found by name: a connection to a file that was replaced
 * must be closed before there is one to the new file, or each takes the other's log for its own.
 * So nobody else in store/ opens or closes such a file, and all handles of one file share a
 * connection, which one thread has at a time.
 *
 * sqlite_handle_begin() compares the file with the one that stands at the path. After it was
 * removed or replaced, what its log still has is put into the old file, wherever that is now; its
 * log and index go, unless they are others by now; and the connection is made anew. A log that a
 * killed process left behind for a file that is not at its place any more is moved aside
 * (PATH-wal.stale-TIME): PATH-id remembers which file the log belongs to.
 *
 * Whoever only reads changes nothing: no file is made, no table, no journal mode. While files of
 * ours (options.create) are open they are in WAL mode; whoever closes one last puts it back, and
 * then anybody who may read it can, without the right to write beside it.
 */
#ifndef DOVETAP_STORE_SQLITE_FILE_H
#define DOVETAP_STORE_SQLITE_FILE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct sqlite_handle;

enum sqlite_access { SQLITE_HANDLE_READ, SQLITE_HANDLE_WRITE };

struct sqlite_handle_options {
	const char *path;	 /* copied */
	const char *synchronous; /* "full", "normal", "off", copied; NULL: as SQLite has it. With
				  * several handles of one file the safest counts */
	bool create;		 /* to write makes the file (0640, a missing last directory 0750)
				  * and puts it into WAL mode; else it must be there and stays as
				  * it is */
};

/* Opens nothing yet. Returns 0 or -ENOMEM. */
int sqlite_handle_new(const struct sqlite_handle_options *options, struct sqlite_handle **handle_r,
		      struct error *error_r);

/* Closes the connection with the last handle of it. Takes NULL, sets NULL. */
void sqlite_handle_free(struct sqlite_handle **handle);

/*
 * Gives the calling thread the connection until sqlite_handle_end(). When it is begun already, only
 * looks whether the file still is the one at the path. Returns 0; or 1 with a connection that is
 * not the one of the last time, so that what was set on it or learnt from it is to be done anew.
 * Errors: -ENOENT without a file, unless it may be made; -EBUSY when another thread had it until
 * the deadline; those of sqlite_errno().
 */
int sqlite_handle_begin(struct sqlite_handle *handle, enum sqlite_access access,
			int64_t deadline_ns, int64_t max_wait_msecs, struct error *error_r);
void sqlite_handle_end(struct sqlite_handle *handle);

/* For whoever has begun. */

sqlite3 *sqlite_handle_db(const struct sqlite_handle *handle);

/* The handle's statement of that number (there is room up to the highest), prepared from sql when
 * it is used for the first time on this connection. Returns SQLITE_OK or another code of SQLite. */
int sqlite_handle_prepare(struct sqlite_handle *handle, size_t index, const char *sql,
			  sqlite3_stmt **statement_r);

/* Finalizes one of them. */
void sqlite_handle_forget(struct sqlite_handle *handle, size_t index);

/* Ends, after an error that the connection may be the reason of: it is closed, for all handles. */
void sqlite_handle_drop(struct sqlite_handle *handle);

/* --- at any time ----------------------------------------------------------------------------- */

/*
 * Empties the log, if the file is open here and nobody is at work with it: for when nothing is
 * written for a while. Then a file that is moved to another place has everything in it, one that is
 * put in its place finds no log of another, and readers without the right to write see the last
 * record.
 */
void sqlite_handle_tidy(struct sqlite_handle *handle);

#endif
