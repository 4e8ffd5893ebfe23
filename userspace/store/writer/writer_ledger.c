/* SPDX-License-Identifier: MIT */
/* The statistics in the ledger, and what becomes of records that were in memory at a kill. */
#include "base/ledger.h"
#include "store/spool/spool.h"
#include "store/writer/writer_state.h"

/* What is written, of one moment. */
struct account {
	struct writer_stats stats;
	uint64_t pending; /* in memory; of these: */
	uint64_t exposed; /* the source has given them back; of these: */
	uint64_t writing; /* on their way to the dict */
	uint64_t exposure, exposed_before, writing_before; /* if that one has not taken place */
	uint64_t spooled; /* rows of the spool, those that are held, too */
};

#define ONE(member) LEDGER_ONE(struct account, member)

/* Appended to, never reordered (base/ledger.h). */
static const struct ledger_row rows[] = {
	ONE(pending),
	ONE(exposed),
	ONE(writing),
	ONE(exposure),
	ONE(exposed_before),
	ONE(writing_before),
	ONE(spooled),
	ONE(stats.submitted),
	ONE(stats.stored),
	ONE(stats.unchanged),
	ONE(stats.superseded),
	LEDGER_ARRAY(struct account, stats.lost, 24),
	ONE(stats.retried),
	ONE(stats.uncertain),
	ONE(stats.batches),
	ONE(stats.failures),
	ONE(stats.spool_in),
	ONE(stats.spool_out),
	ONE(stats.spool_errors),
	ONE(stats.spool_found),
	ONE(stats.spool_gone),
	ONE(stats.spool_damaged),
	ONE(stats.coalesced),
	ONE(stats.expired),
	ONE(stats.again),
	LEDGER_ARRAY(struct account, stats.stored_after.counts, 24),
	ONE(stats.stored_after.sum_us),
	ONE(stats.written_ns),
	{0, 0, 0},
};

void writer_account(struct writer *writer)
{
	const struct account account = {
		.stats = writer->stats,
		.pending = writer->pending.count + writer->writing,
		.exposed = writer->pending.exposed + writer->writing_exposed,
		.writing = writer->dict_has_batch ? writer->writing_exposed : 0,
		.exposure = writer->exposure,
		.exposed_before = writer->exposed_before,
		.writing_before = writer->dict_has_batch ? writer->writing_exposed_before : 0,
		.spooled = writer->stats.spooled + writer->stats.held,
	};

	ledger_write(writer->options.ledger, rows, &account);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The process ended in the middle of an exposure, before the source gave anything back. Its writer
 * was locked and wrote no other account. */
static void undo_exposure(struct account *account)
{
	account->exposed = account->exposed_before;
	account->writing = account->writing_before;
}

/*
 * The spool has other rows than were noted: the last transaction was not noted any more, or
 * somebody has removed some meanwhile. Rows that came were in memory, the oldest first. Then
 * found_now of this writer's spool are none that were found.
 */
static void find_saved(struct account *account, uint64_t found_now)
{
	uint64_t came = found_now > account->spooled ? found_now - account->spooled : 0;

	if (found_now < account->spooled)
		account->stats.spool_gone += account->spooled - found_now;
	came = smaller(came, account->pending);
	account->pending -= came;
	account->writing -= smaller(came, account->writing);
	account->exposed -= smaller(came, account->exposed);
	account->stats.spool_found -= smaller(account->spooled, found_now) + came;
}

/* What the source still has it gives again; the rest is lost with the memory. */
static void count_unsaved(struct account *account)
{
	account->stats.again += account->pending - account->exposed;
	account->stats.lost[WRITER_LOST_KILLED] += account->exposed - account->writing;
	account->stats.lost[WRITER_LOST_WRITING] += account->writing;
}

static void take_over(struct writer *writer, const struct account *account)
{
	struct writer_stats *stats = &writer->stats;

	*stats = account->stats;
	stats->up = true;
	stats->lost_before = stats->lost[WRITER_LOST_MEMORY] + stats->lost[WRITER_LOST_NOMEM];
	writer->spool_found = stats->spool_found;
	writer->earlier = (struct writer_earlier){
		.coalesced = stats->coalesced,
		.spool_gone = stats->spool_gone,
		.spool_damaged = stats->spool_damaged,
		.lost_damaged = stats->lost[WRITER_LOST_DAMAGED],
	};
}

void writer_resume(struct writer *writer)
{
	struct account account = {.pending = 0};

	if (ledger_read(writer->options.ledger, rows, &account)) {
		if (account.exposure > writer->options.exposures)
			undo_exposure(&account);
		writer->exposure = writer->options.exposures;
		find_saved(&account, writer->spool ? spool_stats(writer->spool)->found : 0);
		count_unsaved(&account);
		take_over(writer, &account);
	}
	writer_publish(writer);
	writer_account(writer);
}
