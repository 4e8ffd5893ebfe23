/* SPDX-License-Identifier: MIT */
/*
 * Where records wait on disk while their dict does not take them: the newest of each key, so that
 * an outage costs as many rows as there are users, however long it lasts. One SQLite file for
 * each dict: its writer's thread is the file's only writer, nobody waits for another dict's
 * transaction, and a damaged file is one dict's affair. It can be read with sqlite3(1) meanwhile.
 *
 *	NAME.spool, application_id 0x44545350 ("DTSP"), user_version 1, journal_mode wal
 *
 *	pending                           dead_letter
 *	  seq     INTEGER PRIMARY KEY       seq        INTEGER PRIMARY KEY
 *	  key     UNIQUE                    key        UNIQUE
 *	  value                             value
 *	  time_ns INTEGER                   time_ns    INTEGER
 *	  parts   TEXT                      parts      TEXT
 *	  queued  INTEGER, wall ns          refused_ns INTEGER, wall ns
 *	                                    reason     TEXT
 *
 *	held (min_interval)               written (min_interval)
 *	  key     PRIMARY KEY               key     PRIMARY KEY
 *	  value                             at_ns   INTEGER, wall ns: when the dict last took it
 *	  time_ns INTEGER                   time_ns INTEGER, of the login that it took
 *	  parts   TEXT
 *	  due_ns  INTEGER, wall ns
 *
 * seq is the order of arrival; a row whose key comes again with a newer login keeps its seq, and
 * one that the dict put off gets a new one. key and value are TEXT when they are UTF-8, else
 * BLOB. parts is "VARIABLE:OFFSET:LENGTH;..." (base/key_part.h).
 *
 * synchronous: "full" (the default) survives the loss of power, "normal" only that of the process
 * and may lose the last transactions with the power, "off" may damage the file then.
 *
 * min_interval: a login whose key was written less than that ago is held, the newest of each key,
 * until the interval is over; then it waits like any other. What was written when is kept here, and
 * so is what is held: kill -9 forgets neither. Both tables have a row for each key of the last
 * interval or two.
 *
 * A file that SQLite refuses, or of another user_version, is renamed to NAME.spool.damaged-TIME
 * and replaced by an empty one: a spool never keeps dovetap from starting. Reads and writes for
 * which the disk fails return an error and change nothing; the caller then keeps what it has.
 */
#ifndef DOVETAP_STORE_SPOOL_SPOOL_H
#define DOVETAP_STORE_SPOOL_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "store/dict.h"

struct spool;

struct spool_options {
	const char *dir;	 /* is created (0750) when its parent is there */
	const char *name;	 /* of the dict: letters, digits, "-", "_", "." */
	const char *synchronous; /* "full", "normal", "off"; NULL is "full" */
	size_t dead_letters_max; /* oldest beyond it are dropped; 0 is 100,000 */
	int64_t min_interval_ns; /* 0: nothing is held */
	int64_t (*now)(void);	 /* wall clock, ns since 1970; NULL is clock_wall_ns() */
};

/* Entries read back; everything in it is valid until spool_batch_release(). */
struct spool_batch {
	struct dict_entry *entries;
	size_t count;
};

/* Returns 0; or 1 with a spool that had a failure, described in error_r: a damaged file was moved
 * aside, or the place cannot be used now, which every later call retries. Errors: -EINVAL for the
 * options, -ENOMEM. */
int spool_open(const struct spool_options *options, struct spool **spool_r, struct error *error_r);
void spool_close(struct spool **spool); /* takes NULL, sets NULL */

/* Applies the outcomes of the entries to the spool, in one transaction:
 *
 *	stored, unchanged            the key's row is removed, unless it is newer; so is a held one
 *	refused                      the same, and the entry becomes a dead letter
 *	pending, retry, uncertain    the entry is kept, behind all others
 *	done                         nothing
 *
 * Returns 0; or a negative errno and nothing changed. After -EILSEQ the damaged file was moved
 * aside, and the same call can be made again. */
int spool_apply_outcomes(struct spool *spool, const struct dict_entry *entries, size_t count,
			 struct error *error_r);

/* Holds back each entry whose key was written less than min_interval ago, and gives it the outcome
 * DONE; the others stay as they are. Returns 0; or a negative errno, and nothing is held. */
int spool_hold(struct spool *spool, struct dict_entry *entries, size_t count,
	       struct error *error_r);

/* True with a min_interval: spool_apply_outcomes() wants to know of every write. */
bool spool_has_min_interval(const struct spool *spool);

/* Ends the interval of all that is held, at once. */
int spool_release_held(struct spool *spool, struct error *error_r);

/* Keys that are held, and how long from now the first of them is (INT64_MAX: none is held). */
uint64_t spool_held(const struct spool *spool);
int64_t spool_due_in_ns(const struct spool *spool);

/* Up to max of the entries that wait longest, those that are due among them. Returns 0 or a
 * negative errno, as above. */
int spool_read(struct spool *spool, size_t max, struct spool_batch *batch_r, struct error *error_r);
void spool_batch_release(struct spool_batch *batch);

/* Did the last call reach the file? */
bool spool_ready(const struct spool *spool);

/* Rows that wait, kept in step without asking the disk; 0 when it was never reached. */
uint64_t spool_count(const struct spool *spool);

/* Since when the row waits that came first, or the time of its login if that was before (wall
 * clock); 0: none does. Kept as the count is. */
int64_t spool_oldest_ns(const struct spool *spool);

/* How rows came and went since spool_open(). Without those that were held in the meantime,
 * spool_count() + spool_held() = found + inserted - removed - gone - lost. */
struct spool_stats {
	uint64_t found;	    /* were there when the file was opened, or came without our doing */
	uint64_t inserted;  /* by spool_apply_outcomes() */
	uint64_t removed;   /* by spool_apply_outcomes() */
	uint64_t gone;	    /* without our doing: "dovetap spool drain" */
	uint64_t coalesced; /* not written, for a newer one of their interval was or will be */
	uint64_t lost;	    /* known to be in files that were moved aside */
	uint64_t damaged;   /* files that were moved aside */
};

const struct spool_stats *spool_stats(const struct spool *spool);

#endif
