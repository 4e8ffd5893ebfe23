/* SPDX-License-Identifier: MIT */
/*
 * What writer.c (the caller's side) and writer_thread.c (the thread) share. Everything behind
 * "lock" is guarded by it; it is never held while dict or spool are called.
 */
#ifndef DOVETAP_STORE_WRITER_WRITER_STATE_H
#define DOVETAP_STORE_WRITER_WRITER_STATE_H

#include <pthread.h>

#include "store/dict.h"
#include "store/writer/pending.h"
#include "store/writer/writer.h"

struct writer {
	struct writer_options options; /* with defaults filled in; name is owned */
	pthread_t thread;
	bool stopped; /* and joined; the caller's own */

	/* The thread's own. */
	struct dict *dict;
	struct spool *spool;
	struct pending_entry **batch; /* writer_spool_batch() elements */
	struct dict_entry *entries;   /* the same */
	unsigned int failures_in_row;
	unsigned int random;
	int64_t expire_at_ns;	  /* no removing of old records before; INT64_MAX: never */
	int64_t expire_before_ns; /* of this round of batches; 0: there is none */
	int64_t tidy_at_ns; /* then dict_tidy(), if nothing is written before; INT64_MAX: never */
	bool spool_failing, refusal_logged, expire_failing;
	struct writer_tally {
		uint64_t stored, unchanged, superseded, refused, nomem, retried, uncertain;
		uint64_t spool_in, spool_out, spool_errors;
		struct durations stored_after;
		int64_t written_ns;
	} tally;	      /* of this turn, until writer_publish() */
	uint64_t spool_found; /* besides those of spool_stats() */
	struct writer_earlier {
		uint64_t coalesced, spool_gone, spool_damaged, lost_damaged;
	} earlier;	     /* by other writers of the ledger's block */
	bool dict_has_batch; /* the batch is on its way to the dict, not to the spool */

	pthread_mutex_t lock;
	pthread_cond_t work; /* for the thread: something to do, or stop */
	pthread_cond_t idle; /* for writer_drain(): nothing is pending any more */
	struct pending pending;
	size_t writing; /* entries of the batch that the thread has out */
	size_t writing_bytes;
	int64_t writing_oldest_ns; /* the first login among them */
	int64_t spool_oldest_ns;   /* spool_oldest_ns() */
	size_t writing_exposed;	   /* of them: pending_is_exposed() */
	uint64_t exposure;	   /* the last one; and what was exposed when it began */
	size_t exposed_before, writing_exposed_before;
	uint64_t writing_before; /* position in front of the first of them */
	uint64_t seen;		 /* position of the last submit or mark */
	uint64_t acked;
	int64_t retry_at_ns; /* no dict_write() before; 0 when none failed */
	int64_t drain_at_ns; /* no reading from the spool before */
	int64_t due_at_ns;   /* then something that is held is due; INT64_MAX: nothing is */
	bool hurry, stop;
	struct writer_removal *removals; /* utlist, those that are not done */
	struct writer_stats stats;
};

void *writer_thread(void *writer);

/* A transaction of the spool takes more entries than a dict_write(): it costs an fsync. */
static inline size_t writer_spool_batch(const struct writer *writer)
{
	return 4 * writer->options.batch_max;
}

/* With the lock held, at the end of a turn: adds what the thread has counted to the statistics, so
 * that they add up for whoever looks at them. */
void writer_publish(struct writer *writer);

/* With the lock held, before acked moves: the statistics and what a kill would cost now go to the
 * ledger. */
void writer_account(struct writer *writer);

/* Before the thread starts: goes on with the statistics of the ledger, and finds out what became of
 * the records that the last writer had in memory. */
void writer_resume(struct writer *writer);

/* With the lock held: brings acked up to date and signals ack_fd. */
void writer_update_acked(struct writer *writer);

#endif
