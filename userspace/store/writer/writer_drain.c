/* SPDX-License-Identifier: MIT */
/* A batch from the spool to the dict. */
#include "base/clock.h"
#include "store/spool/spool.h"
#include "store/writer/writer_turn.h"

static void pause_draining(struct writer *writer, int64_t delay_ns)
{
	pthread_mutex_lock(&writer->lock);
	writer->drain_at_ns = clock_monotonic_ns() + delay_ns;
	pthread_mutex_unlock(&writer->lock);
}

/* A written record counts once it is out of the spool: else it will be written, and counted, again.
 * Rows that another process removed meanwhile count as found. */
static int apply_and_count(struct writer *writer, const struct spool_batch *batch)
{
	const struct spool_stats before = *spool_stats(writer->spool);
	int ret = writer_apply_outcomes(writer, batch->entries, batch->count);
	const struct spool_stats *after = spool_stats(writer->spool);
	size_t done;

	if (ret < 0)
		return ret;
	done = writer_count_done(writer, batch->entries, batch->count);
	writer->tally.spool_out += done;
	writer->spool_found +=
		done + (after->inserted - before.inserted) - (after->removed - before.removed);
	return 0;
}

/* What the dict put off goes behind the others, and draining pauses: shortly when the others went
 * through. Such rows do not make the dict one that is down. */
static void finish_drained(struct writer *writer, const struct spool_batch *batch)
{
	size_t kept = writer_count_kept(batch->entries, batch->count);

	writer_dict_answered(writer);
	if (apply_and_count(writer, batch) < 0 || kept == batch->count)
		pause_draining(writer, writer->options.backoff_max_ns);
	else if (kept > 0)
		pause_draining(writer, writer->options.backoff_min_ns);
}

static void publish(struct writer *writer)
{
	pthread_mutex_lock(&writer->lock);
	writer_publish(writer);
	writer_account(writer);
	pthread_mutex_unlock(&writer->lock);
}

/* One batch out of the spool, which a dict that is down leaves as it was. */
void writer_drain_spooled(struct writer *writer)
{
	struct spool_batch batch = {0};
	struct error error = {0};
	int ret = spool_read(writer->spool, writer_batch_size(writer, writer_spool_batch(writer)),
			     &batch, &error);

	writer_spool_result(writer, ret, &error);
	if (ret < 0 || batch.count == 0) {
		pause_draining(writer, writer->options.backoff_max_ns);
		publish(writer);
		spool_batch_release(&batch);
		return;
	}
	if (writer_try_dict(writer, batch.entries, batch.count, &error) < 0)
		writer_dict_failed(writer, &error);
	else
		finish_drained(writer, &batch);
	publish(writer);
	spool_batch_release(&batch);
}
