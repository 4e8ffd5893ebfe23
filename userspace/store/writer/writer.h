/* SPDX-License-Identifier: MIT */
/*
 * Puts records into a dict from a thread of its own, and retries for as long as it takes.
 *
 *	submit ──> pending (newest per key) ──batch──> dict ──> acknowledged
 *	                 └── dict down or slow ──> spool ──when it is back──> dict
 *
 * The caller's thread only copies a record into the pending table. The writer's thread cuts
 * batches by count and time, gives each a deadline, and acts on the outcomes:
 *
 *	stored, unchanged    done
 *	retry, uncertain     kept; retried with exponential back-off and jitter
 *	refused              counted with its reason and kept in the spool's dead letters
 *
 * A spool with a min_interval holds back what was written a moment ago (spool.h).
 *
 * While the dict is unreachable, pending records move to the spool (spool.h); without one, or with
 * its disk full, they stay in memory, newest per key, up to a ceiling. Beyond the ceiling a record
 * with a new key is lost and counted. The spool is drained oldest first, one batch at a time, and
 * only while no fresh record is waiting. When there is nothing else to do, old records are
 * removed, a batch at a time.
 *
 * Positions mark how far the source may be released. They grow with each call; the writer knows
 * nothing else about them. A record counts as safe once it is stored, refused, superseded by a
 * newer one of the same key that is not released yet, in the spool, or counted as lost.
 *
 * writer_submit(), writer_mark() and writer_drain() are for one thread; writer_acked() and
 * writer_stats() for any. The writer logs when its dict's state changes, never per record.
 */
#ifndef DOVETAP_STORE_WRITER_WRITER_H
#define DOVETAP_STORE_WRITER_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/durations.h"
#include "base/error.h"
#include "base/key_part.h"
#include "base/slice.h"
#include "store/dict.h"

struct ledger_block;
struct spool;
struct writer;

/* Zero in any number means the default in brackets. */
struct writer_options {
	const char *name;		 /* of the dict, for the log; copied */
	size_t batch_max;		 /* entries in one dict_write() [1000] */
	int64_t batch_wait_ns;		 /* how long a record waits for others [5 ms] */
	int64_t spool_wait_ns;		 /* the same for the spool, in an outage [1 s] */
	int64_t write_timeout_ns;	 /* deadline of one dict_write() [10 s] */
	int64_t backoff_min_ns;		 /* after the first failure [200 ms] */
	int64_t backoff_max_ns;		 /* [30 s] */
	size_t memory_max;		 /* bytes of pending records [64 MiB] */
	size_t keys_max;		 /* pending keys [500,000] */
	struct spool *spool;		 /* taken over; NULL for memory only */
	int64_t expire_after_ns;	 /* records so old are removed from the dict; 0: none [0] */
	int64_t expire_every_ns;	 /* how often it looks for some [1 h] */
	const struct slice *expire_keys; /* keys such as ours (dict.h); must outlive the writer */
	size_t expire_key_count;
	/* Called by the thread before it removes some, with the time; a negative errno keeps it
	 * from that. NULL: nobody has to know. */
	int (*expire_note)(void *context, int64_t before_ns, struct error *error_r);
	void *expire_context;
	struct ledger_block *ledger; /* where the statistics outlive the process; NULL: nowhere */
	uint64_t exposures; /* number of the last one that took place, by the ledger's writers */
	int ack_fd;	    /* an eventfd that gets 1 when writer_acked() moved; 0 for none */
};

/* What writer_submit() copies. */
struct writer_record {
	struct slice key; /* Dovecot's, with "shared/" in front */
	struct slice value;
	int64_t time_ns;	      /* of the login, ns since 1970 */
	const struct key_part *parts; /* their variable names must be static */
	size_t part_count;
};

enum writer_lost {
	WRITER_LOST_MEMORY,  /* at the ceiling, with no spool to go to */
	WRITER_LOST_NOMEM,   /* malloc failed */
	WRITER_LOST_REFUSED, /* the store will never take it */
	WRITER_LOST_DAMAGED, /* was in a spool file that had to be moved aside */
	WRITER_LOST_KILLED,  /* was in the memory of a process that ended, and nowhere else */
	WRITER_LOST_WRITING, /* the same, and that process was writing it: the store may have it */
	WRITER_LOST_COUNT
};

/* Counters only grow; pending, spooled and the state are of the moment. At any moment
 *
 *	submitted + spool_found = stored + unchanged + superseded + coalesced + lost[]
 *				  + spool_gone + again + pending + spooled + held
 *
 * With options.ledger they go on where those of the last writer of that block ended, killed or not.
 */
struct writer_stats {
	uint64_t submitted;
	uint64_t stored;
	uint64_t unchanged;
	uint64_t superseded; /* a newer login of the same key took its place */
	uint64_t lost[WRITER_LOST_COUNT];
	uint64_t retried;	/* entries that went back to pending */
	uint64_t uncertain;	/* of those: sent, no answer */
	uint64_t batches;	/* dict_write() calls */
	uint64_t failures;	/* of those: the store as a whole did not answer */
	uint64_t spool_in;	/* entries put into the spool */
	uint64_t spool_out;	/* entries drained from it */
	uint64_t spool_errors;	/* the spool could not take or give entries */
	uint64_t spool_found;	/* records of an earlier life in the spool (store/spool/spool.h) */
	uint64_t spool_gone;	/* taken out of the spool by somebody else */
	uint64_t again;		/* in memory when a process ended: the source gives them again */
	uint64_t spool_damaged; /* files moved aside */
	uint64_t pending;	/* keys in memory, those being written included */
	uint64_t pending_bytes;
	uint64_t spooled;     /* keys in the spool */
	uint64_t held;	      /* keys that wait for the end of their interval */
	uint64_t coalesced;   /* logins not written, for a newer one of the interval was */
	uint64_t expired;     /* records removed, for they were old */
	uint64_t lost_before; /* of lost[MEMORY] and lost[NOMEM]: by earlier writers */
	/* How long ago the login was whose record came first of those that wait; 0: none does. */
	int64_t oldest_age_ns;
	int64_t written_ns; /* wall clock: when the dict last took a record; 0: it never did */
	struct durations stored_after; /* from a login to when it was stored */
	bool up;	     /* the last dict_write() was answered, or none was needed yet */
	int64_t up_since_ns; /* wall clock of the last change of up; 0 when it never changed */
	struct error last_error;
	char last_refusal[160];
};

/* The spelling of the reason label. */
const char *writer_lost_name(enum writer_lost reason);

/* Starts the thread. The writer owns dict and options->spool from here on, also on failure; both
 * are used from its thread only. Errors: -ENOMEM, or that of pthread_create(3). */
int writer_new(struct dict *dict, const struct writer_options *options, struct writer **writer_r,
	       struct error *error_r);

/* Copies the record; never blocks on the store. position is the source's behind this record.
 * Returns 0, or -ENOBUFS or -ENOMEM when the record was lost, which is counted. */
int writer_submit(struct writer *writer, const struct writer_record *record, uint64_t position);

/* The source has come this far, and what lay between was not for this dict. */
void writer_mark(struct writer *writer, uint64_t position);

/*
 * Between the two calls, which are to be near each other, the source gives back all before this
 * position, safe or not: after that this writer's memory has the only copy of what is pending. The
 * exposures have numbers, each greater than the last one, over restarts as well.
 */
void writer_expose_begin(struct writer *writer, uint64_t position, uint64_t exposure);
void writer_expose_end(struct writer *writer);

/* Everything before this position is safe: the source may forget it. */
uint64_t writer_acked(const struct writer *writer);

void writer_stats(const struct writer *writer, struct writer_stats *stats_r);
bool writer_up(const struct writer *writer); /* as in the statistics */

/* What the equation above leaves unexplained: 0. */
int64_t writer_stats_difference(const struct writer_stats *stats);

/* Somebody is to be forgotten. what, and all that it points to, must stay until it is done. */
struct writer_removal {
	struct dict_removal what;

	/* Set when it is done. */
	int ret;	    /* of dict_remove(), or of the spool */
	struct error error; /* when that is negative */
	uint64_t waiting,
		refused; /* records in memory and spool, and dead letters, that are gone */

	/* The writer's own. */
	struct writer_removal *prev, *next;
	bool done;
};

/*
 * Removes the records of a user from memory, spool and dict, before anything else is written: what
 * waits cannot come back. A login that is submitted after this call is written. writer_removed()
 * has whether it is done; one that is not done when the writer is stopped never will be.
 */
void writer_remove(struct writer *writer, struct writer_removal *removal);
bool writer_removed(struct writer *writer, const struct writer_removal *removal);

/* Waits until nothing is pending in memory, at most until the deadline on clock_monotonic_ns().
 * Cuts a running back-off short, once. Returns 0, or -ETIMEDOUT with something still pending. */
int writer_drain(struct writer *writer, int64_t deadline_ns);

/* Puts what is pending into the spool and stops the thread (after the dict_write() it is in), for
 * good; statistics and writer_acked() stay. Returns how many records are neither written nor in the
 * spool: the source still has them. */
uint64_t writer_stop(struct writer *writer);

/* Puts what is pending into the spool, stops the thread (after the dict_write() it is in) and
 * closes dict and spool. What has no spool to go to is dropped without being acknowledged: the
 * source still has it. Takes NULL, sets NULL. */
void writer_free(struct writer **writer);

#endif
