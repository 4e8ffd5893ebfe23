/* SPDX-License-Identifier: MIT */
/*
 * What the files of a spool share: spool_file.c has its file, spool_sql.c the statements,
 * spool_outcomes.c and spool_hold.c write rows, spool_read.c reads them.
 */
#ifndef DOVETAP_STORE_SPOOL_SPOOL_STATE_H
#define DOVETAP_STORE_SPOOL_SPOOL_STATE_H

#include <sqlite3.h>

#include "base/buf.h"
#include "store/spool/spool.h"
#include "store/sqlite_file.h"

#define SPOOL_PARTS_TEXT_MAX 4096

enum spool_statement {
	BEGIN,
	COMMIT,
	ROLLBACK,
	COUNT,
	PUT_OFF,
	KEEP,
	REMOVE,
	BURY,
	TRIM,
	OLDEST,
	SINCE,
	/* spool_hold.c */
	WRITTEN,
	NOTE,
	FORGET,
	HOLD,
	HOLD_NEWER,
	UNHOLD,
	DUE_NEWER,
	DUE_TO_PENDING,
	REMOVE_DUE,
	HELD,
	STATEMENT_COUNT
};

struct spool {
	char *path;
	char *synchronous;
	size_t dead_letters_max;
	int64_t min_interval_ns;
	int64_t (*now)(void);
	struct sqlite_handle *file;
	sqlite3 *
		db; /* begun with, between the calls as well; NULL after an error, until the next */
	sqlite3_stmt *statements[STATEMENT_COUNT]; /* the handle's */
	uint64_t count, held;
	struct spool_stats stats;
	int64_t due_ns, forget_ns;
	int64_t oldest_ns; /* of what is in "pending"; of no meaning while nothing is */
};

/* Of a connection. Returns 0 or a negative errno: -EILSEQ when the file is not ours. */
int spool_prepare(struct spool *spool, struct error *error_r);

/* Runs a statement that gives no rows. Like those below, returns SQLITE_OK or another code. */
int spool_run(struct spool *spool, enum spool_statement which);

/* The same with ?1 to ?5 of the entry, as far as it has them; changed_r is how many rows it
 * changed. */
int spool_run_row(struct spool *spool, enum spool_statement which, const struct dict_entry *entry,
		  struct slice parts, int *changed_r);
int spool_format_parts(struct buf *text, const struct dict_entry *entry);

/* count is ours; what differs from it was not our doing. */
void spool_set_count(struct spool *spool, uint64_t *count, uint64_t rows);

/* Opens the file if need be, also when another one stands at its place by now: what was in the old
 * one is gone. Returns 0 or a negative errno. */
int spool_connect(struct spool *spool, struct error *error_r);
void spool_disconnect(struct spool *spool);

/* Finds since when the first row waits; what cannot be read stays as it was. */
void spool_find_oldest(struct spool *spool);

/* Counts what is held, and finds when the first of it is due. */
int spool_count_held(struct spool *spool);

/* After a code that is not SQLITE_OK: the transaction is undone. Returns a negative errno. */
int spool_give_up(struct spool *spool, int code, struct error *error_r);

/* --- spool_hold.c, within the caller's transaction ------------------------------------------- */

/* The dict took the entry. */
int spool_note(struct spool *spool, const struct dict_entry *entry);

/* Now and then: removes rows of "written" whose interval is over. */
int spool_forget(struct spool *spool);

/* --- in a transaction of its own ------------------------------------------------------------ */

/* What is due waits like any other entry. */
int spool_move_due(struct spool *spool);

#endif
