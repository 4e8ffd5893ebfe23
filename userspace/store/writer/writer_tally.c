/* SPDX-License-Identifier: MIT */
/* The writer's counters, copied for readers in other threads. */
#include "base/clock.h"
#include "store/spool/spool.h"
#include "store/writer/writer_turn.h"

static void publish_spool(struct writer *writer)
{
	const struct spool_stats *spool = spool_stats(writer->spool);
	const struct writer_earlier *earlier = &writer->earlier;
	int64_t due_in_ns = spool_due_in_ns(writer->spool);

	/* The file counts by the wall clock; we wake by one that does not step. */
	writer->due_at_ns = due_in_ns == INT64_MAX ? INT64_MAX : clock_monotonic_ns() + due_in_ns;
	writer->stats.spooled = spool_count(writer->spool);
	writer->stats.held = spool_held(writer->spool);
	writer->spool_oldest_ns = spool_oldest_ns(writer->spool);
	writer->stats.coalesced = earlier->coalesced + spool->coalesced;
	writer->stats.spool_found = spool->found + writer->spool_found;
	writer->stats.spool_gone = earlier->spool_gone + spool->gone;
	writer->stats.spool_damaged = earlier->spool_damaged + spool->damaged;
	writer->stats.lost[WRITER_LOST_DAMAGED] = earlier->lost_damaged + spool->lost;
}

static void publish_times(struct writer_stats *stats, const struct writer_tally *tally)
{
	for (unsigned int i = 0; i < DURATIONS_BUCKETS; i++)
		stats->stored_after.counts[i] += tally->stored_after.counts[i];
	stats->stored_after.sum_us += tally->stored_after.sum_us;
	if (tally->written_ns != 0)
		stats->written_ns = tally->written_ns;
}

void writer_publish(struct writer *writer)
{
	const struct writer_tally *tally = &writer->tally;
	struct writer_stats *stats = &writer->stats;

	stats->stored += tally->stored;
	stats->unchanged += tally->unchanged;
	stats->superseded += tally->superseded;
	stats->lost[WRITER_LOST_REFUSED] += tally->refused;
	stats->lost[WRITER_LOST_NOMEM] += tally->nomem;
	stats->retried += tally->retried;
	stats->uncertain += tally->uncertain;
	stats->spool_in += tally->spool_in;
	stats->spool_out += tally->spool_out;
	stats->spool_errors += tally->spool_errors;
	publish_times(stats, tally);
	writer->tally = (struct writer_tally){0};
	if (writer->spool)
		publish_spool(writer);
}

size_t writer_count_kept(const struct dict_entry *entries, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		kept += entries[i].outcome == DICT_RETRY || entries[i].outcome == DICT_UNCERTAIN;
	return kept;
}

static void count_stored(struct writer_tally *tally, const struct dict_entry *entry)
{
	tally->written_ns = clock_wall_ns();
	if (entry->outcome == DICT_STORED)
		durations_add(&tally->stored_after, tally->written_ns - entry->time_ns);
}

size_t writer_count_done(struct writer *writer, const struct dict_entry *entries, size_t count)
{
	size_t by_outcome[DICT_OUTCOMES] = {0};

	for (size_t i = 0; i < count; i++) {
		by_outcome[entries[i].outcome]++;
		if (entries[i].outcome == DICT_STORED || entries[i].outcome == DICT_UNCHANGED)
			count_stored(&writer->tally, &entries[i]);
	}
	writer->tally.stored += by_outcome[DICT_STORED];
	writer->tally.unchanged += by_outcome[DICT_UNCHANGED];
	writer->tally.refused += by_outcome[DICT_REFUSED];
	return by_outcome[DICT_STORED] + by_outcome[DICT_UNCHANGED] + by_outcome[DICT_REFUSED];
}
