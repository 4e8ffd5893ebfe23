/* SPDX-License-Identifier: MIT */
/* From the outcomes of a batch to the spool and to the pending records. */
#include <errno.h>

#include "base/log.h"
#include "store/spool/spool.h"
#include "store/writer/writer_turn.h"

void writer_spool_result(struct writer *writer, int ret, const struct error *error)
{
	if (ret < 0 && !writer->spool_failing)
		log_error("spool of dict %s: %s; records wait in memory", writer->options.name,
			  error->text);
	else if (ret == 0 && writer->spool_failing)
		log_info("spool of dict %s works again", writer->options.name);
	writer->spool_failing = ret < 0;
	writer->tally.spool_errors += ret < 0;
}

int writer_apply_outcomes(struct writer *writer, const struct dict_entry *entries, size_t count)
{
	struct error error = {0};
	int ret = spool_apply_outcomes(writer->spool, entries, count, &error);

	if (ret == -EILSEQ) {
		log_error("spool of dict %s was damaged and moved aside: %s", writer->options.name,
			  error.text);
		ret = spool_apply_outcomes(writer->spool, entries, count, &error);
	}
	writer_spool_result(writer, ret, &error);
	return ret;
}

/* Does the spool need to know of this result? Not of a stored record it never had. */
static bool spool_concerned(const struct writer *writer, size_t count)
{
	if (!writer->spool)
		return false;
	if (spool_count(writer->spool) > 0 || spool_has_min_interval(writer->spool))
		return true;
	for (size_t i = 0; i < count; i++) {
		if (writer->entries[i].outcome != DICT_STORED &&
		    writer->entries[i].outcome != DICT_UNCHANGED)
			return true;
	}
	return false;
}

/* Applies the outcomes of fresh records. A row of the spool that an entry took the place of is
 * superseded, and so is an entry for which there was a row already. */
static bool apply_fresh(struct writer *writer, size_t count, size_t kept)
{
	struct spool_stats before, after;

	if (!spool_concerned(writer, count))
		return false;
	before = *spool_stats(writer->spool);
	if (writer_apply_outcomes(writer, writer->entries, count) < 0)
		return false;
	after = *spool_stats(writer->spool);
	writer->tally.superseded +=
		kept - (after.inserted - before.inserted) + (after.removed - before.removed);
	writer->tally.spool_in += kept;
	return true;
}

void writer_apply_batch_outcomes(struct writer *writer, size_t count)
{
	size_t kept = count - writer_count_done(writer, writer->entries, count);
	bool in_spool = apply_fresh(writer, count, kept);

	for (size_t i = 0; i < count; i++) {
		struct dict_entry *entry = &writer->entries[i];
		bool waits = entry->outcome == DICT_RETRY || entry->outcome == DICT_UNCERTAIN ||
			     entry->outcome == DICT_PENDING;

		if (!waits || in_spool)
			entry->outcome = DICT_DONE;
	}
}

/* Puts the entries that are held behind the others. Returns how many there are of those. */
static size_t part_held(struct writer *writer, size_t count)
{
	size_t left = 0;

	for (size_t i = 0; i < count; i++) {
		struct dict_entry entry = writer->entries[i];
		struct pending_entry *pending = writer->batch[i];

		if (entry.outcome == DICT_DONE)
			continue;
		writer->entries[i] = writer->entries[left];
		writer->batch[i] = writer->batch[left];
		writer->entries[left] = entry;
		writer->batch[left++] = pending;
	}
	for (size_t i = left; i < count; i++)
		writer->entries[i].outcome = DICT_DONE;
	return left;
}

size_t writer_hold(struct writer *writer, size_t count)
{
	struct error error = {0};
	int ret;

	if (!writer->spool || !spool_has_min_interval(writer->spool) || count == 0)
		return count;
	ret = spool_hold(writer->spool, writer->entries, count, &error);
	writer_spool_result(writer, ret, &error);
	return ret == 0 ? part_held(writer, count) : count;
}
