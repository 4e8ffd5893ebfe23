/* SPDX-License-Identifier: MIT */
/* A batch of pending records to the dict, or to the spool in an outage. */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/writer/writer_turn.h"

static void note_batch(struct writer *writer, size_t count)
{
	writer->writing = count;
	writer->writing_bytes = writer->writing_exposed = 0;
	writer->writing_oldest_ns = INT64_MAX;
	for (size_t i = 0; i < count; i++) {
		if (writer->batch[i]->time_ns < writer->writing_oldest_ns)
			writer->writing_oldest_ns = writer->batch[i]->time_ns;
		writer->writing_bytes += writer->batch[i]->size;
		writer->writing_exposed += pending_is_exposed(&writer->pending, writer->batch[i]);
	}
	if (count > 0)
		writer->writing_before = writer->batch[0]->before;
	if (writer->writing_exposed > 0)
		writer_account(writer);
}

static size_t take_batch(struct writer *writer, size_t max, bool for_dict)
{
	size_t count;

	pthread_mutex_lock(&writer->lock);
	count = pending_take(&writer->pending, writer->batch, max);
	writer->dict_has_batch = for_dict;
	note_batch(writer, count);
	pthread_mutex_unlock(&writer->lock);
	for (size_t i = 0; i < count; i++)
		pending_entry_fill(writer->batch[i], &writer->entries[i]);
	return count;
}

/* Frees what is done with and puts the rest back in front. */
static void finish_batch(struct writer *writer, size_t count)
{
	struct pending_freed freed;

	for (size_t i = 0; i < count; i++) {
		if (writer->entries[i].outcome == DICT_DONE) {
			free(writer->batch[i]);
			writer->batch[i] = NULL;
		}
	}
	pthread_mutex_lock(&writer->lock);
	freed = pending_put_back(&writer->pending, writer->batch, count);
	writer->tally.superseded += freed.superseded;
	writer->tally.nomem += freed.nomem;
	writer_publish(writer);
	note_batch(writer, 0);
	writer_account(writer);
	writer_update_acked(writer);
	if (writer->pending.count == 0)
		pthread_cond_broadcast(&writer->idle);
	pthread_mutex_unlock(&writer->lock);
}

/* Single entries put off by a dict that took others go to the spool; without one, they are back
 * in front of the queue and must not be tried again at once. */
static void pause_if_put_back(struct writer *writer)
{
	pthread_mutex_lock(&writer->lock);
	if (writer->retry_at_ns == 0)
		writer->retry_at_ns = clock_monotonic_ns() + writer->options.backoff_min_ns;
	pthread_mutex_unlock(&writer->lock);
}

static void write_entries(struct writer *writer, size_t count)
{
	struct error error = {0};
	bool put_back = false;
	int ret = writer_try_dict(writer, writer->entries, count, &error);

	/* A dict that answered and took nothing would answer the same to the next batch. */
	if (ret == 0 && writer_count_kept(writer->entries, count) == count)
		ret = error_set(&error, EAGAIN, "%s", writer->entries[0].reason);
	if (ret < 0)
		writer_dict_failed(writer, &error);
	else
		writer_dict_answered(writer);
	writer_apply_batch_outcomes(writer, count);
	for (size_t i = 0; i < count; i++)
		put_back |= writer->entries[i].outcome != DICT_DONE;
	if (put_back)
		pause_if_put_back(writer);
}

void writer_write_fresh(struct writer *writer)
{
	size_t count =
		take_batch(writer, writer_batch_size(writer, writer->options.batch_max), true);
	size_t left = writer_hold(writer, count);

	if (left > 0)
		write_entries(writer, left);
	finish_batch(writer, count);
}

void writer_spool_fresh(struct writer *writer)
{
	size_t count = take_batch(writer, writer_spool_batch(writer), false);
	size_t left = writer_hold(writer, count);

	if (left > 0)
		writer_apply_batch_outcomes(writer, left);
	finish_batch(writer, count);
}
