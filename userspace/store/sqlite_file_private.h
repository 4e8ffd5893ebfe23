/* SPDX-License-Identifier: MIT */
/*
 * The parts of sqlite_file.h, private to store/sqlite_*.c:
 *
 *	sqlite_handle.c      a handle, its statements
 *	sqlite_file.c        begin and end: the file that a handle's path leads to now
 *	sqlite_shared.c      the files that this process has, and which thread has each
 *	sqlite_connection.c  the one connection to a file
 *	sqlite_side.c        what stands beside the file: log, index, and whose they are
 */
#ifndef DOVETAP_STORE_SQLITE_FILE_PRIVATE_H
#define DOVETAP_STORE_SQLITE_FILE_PRIVATE_H

#include <pthread.h>

#include "store/sqlite_file.h"
#include "store/sqlite_side.h"

/* One file; in the list as long as it has handles. The first six members are the list's, the others
 * are for whoever has made it busy. */
struct sqlite_file {
	struct sqlite_file *next;
	char *path; /* without symbolic links */
	unsigned int handles;
	bool open; /* and then id is that of the connection's file */
	struct sqlite_file_id id;
	bool busy;
	pthread_cond_t freed; /* no longer busy */

	sqlite3 *db;
	uint64_t generation; /* of the connection; no other one of the process has it */
	struct sqlite_side side;
	int synchronous;
	bool ours;     /* a handle may make it */
	bool writable; /* in WAL mode, with what has to be set to write */
};

struct sqlite_handle {
	char *path;
	bool create;
	int synchronous;
	struct sqlite_file *file; /* of the last time; NULL when there was none */
	bool begun;
	uint64_t generation; /* of the connection that the statements are of */
	size_t statement_count;
	sqlite3_stmt **statements;
};

#define SQLITE_LEVEL_UNSET (-1)

/* --- sqlite_shared.c: the list --- */

/* The open file of that id, under any name, or the one of that name, with one handle more. NULL
 * without memory. */
struct sqlite_file *sqlite_shared_get(const struct sqlite_file_id *id, const char *path);

/* One handle less; the last one closes the connection and frees the file. Takes NULL. */
void sqlite_shared_release(struct sqlite_file *file);

/* Only one connection is opened or closed at a time: two names of one file must not be. */
void sqlite_shared_lock(void);
void sqlite_shared_unlock(void);

/* Whether it has a connection, and to which file. */
void sqlite_shared_set_open(struct sqlite_file *file, bool open, struct sqlite_file_id id);

/* Has another one a connection to that file? */
bool sqlite_shared_open_elsewhere(const struct sqlite_file *file, const struct sqlite_file_id *id);

/* Waits until no other thread has it; -EBUSY at the deadline. */
int sqlite_shared_make_busy(struct sqlite_file *file, int64_t deadline_ns, struct error *error_r);
void sqlite_shared_make_free(struct sqlite_file *file);

/* --- sqlite_connection.c: for whoever has made the file busy --- */

/* Opens what stands at the file's path, within sqlite_shared_lock(). Returns 0, -EAGAIN when the
 * file was replaced meanwhile, or another negative errno. */
int sqlite_connection_open(struct sqlite_file *file, bool create, struct error *error_r);

/* With its log, which goes as sqlite_side_close() has it. Without a connection: nothing. */
void sqlite_connection_close(struct sqlite_file *file);

/* Sets what a writer needs. -EROFS when the process may only read the file. */
int sqlite_connection_make_writable(struct sqlite_file *file, const struct sqlite_handle *handle,
				    struct error *error_r);

/* The number of "off", "normal", "full"; SQLITE_LEVEL_UNSET for NULL. The greater is the safer. */
int sqlite_connection_level(const char *synchronous);

#endif
