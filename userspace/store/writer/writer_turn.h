/* SPDX-License-Identifier: MIT */
/*
 * The parts of the writer's thread. writer_thread.c decides what comes next; a turn is
 *
 *	writer_fresh.c     pending records -> the dict, or the spool while it is unreachable
 *	writer_drain.c     the spool -> the dict
 *	writer_expire.c    old records out of the dict
 *	writer_remove.c    the records of a user out of memory, spool and dict
 *
 * by means of writer_dict.c (state of the dict, back-off), writer_outcomes.c (from outcomes to the
 * spool), writer_tally.c (counters) and writer_ledger.c (counters that outlive the process).
 */
#ifndef DOVETAP_STORE_WRITER_WRITER_TURN_H
#define DOVETAP_STORE_WRITER_WRITER_TURN_H

#include "store/writer/writer_state.h"

/* --- turns */

void writer_write_fresh(struct writer *writer);
void writer_spool_fresh(struct writer *writer);
void writer_drain_spooled(struct writer *writer);
void writer_expire(struct writer *writer);
void writer_remove_next(struct writer *writer);

/* --- the dict */

/* Writes, and counts what goes on waiting. Returns what dict_write() does. */
int writer_try_dict(struct writer *writer, struct dict_entry *entries, size_t count,
		    struct error *error_r);
void writer_dict_failed(struct writer *writer, const struct error *error);
void writer_dict_answered(struct writer *writer);

/* A turn, too: nothing was written for a while. */
void writer_tidy(struct writer *writer);

/* A dict that was down shows with few records whether it is back: when it hangs, only these wait
 * for the deadline with it. */
size_t writer_batch_size(const struct writer *writer, size_t full);

/* --- the spool */

/* Logs when the spool begins to fail, and when it works again. */
void writer_spool_result(struct writer *writer, int ret, const struct error *error);

int writer_apply_outcomes(struct writer *writer, const struct dict_entry *entries, size_t count);

/* Counts the outcomes of the batch and puts into the spool what goes there. What needs nothing
 * more, there or stored or refused, is DONE after it; the rest goes back to pending. */
void writer_apply_batch_outcomes(struct writer *writer, size_t count);

/* What was written a moment ago is in the spool now. Returns how many entries are left to write. A
 * spool that fails costs writes, no logins. */
size_t writer_hold(struct writer *writer, size_t count);

/* --- counting */

size_t writer_count_kept(const struct dict_entry *entries, size_t count);

/* Those that are done with. Returns how many. */
size_t writer_count_done(struct writer *writer, const struct dict_entry *entries, size_t count);

#endif
