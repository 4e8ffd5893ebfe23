/* SPDX-License-Identifier: MIT */
/* Whether the dict is up, and when it is tried again. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/writer/writer_turn.h"

#define TIDY_NS (1 * NS_PER_SEC) /* after the last write */

_Static_assert(sizeof(((struct writer_stats *)NULL)->last_refusal) == DICT_REASON_MAX,
	       "a reason is copied as a whole");

/* Doubles from min to max; random jitter avoids a thundering herd of many nodes. */
static int64_t backoff_ns(struct writer *writer)
{
	unsigned int doublings = writer->failures_in_row < 20 ? writer->failures_in_row : 20;
	int64_t delay = writer->options.backoff_min_ns << doublings;

	if (delay > writer->options.backoff_max_ns || delay <= 0)
		delay = writer->options.backoff_max_ns;
	return delay / 2 + (delay / 2) * (rand_r(&writer->random) % 1024) / 1024;
}

void writer_dict_failed(struct writer *writer, const struct error *error)
{
	int64_t delay = backoff_ns(writer);
	struct error named = *error;
	bool was_up;

	error_name_user(&named);
	pthread_mutex_lock(&writer->lock);
	was_up = writer->stats.up;
	writer->failures_in_row++;
	writer->retry_at_ns = clock_monotonic_ns() + delay;
	writer->stats.failures++;
	writer->stats.last_error = named;
	writer->stats.up = false;
	if (was_up)
		writer->stats.up_since_ns = clock_wall_ns();
	pthread_mutex_unlock(&writer->lock);
	if (was_up)
		log_warning("dict %s does not take records, which wait in %s: %s",
			    writer->options.name, writer->spool ? "the spool" : "memory",
			    named.text);
}

void writer_dict_answered(struct writer *writer)
{
	bool was_up;

	pthread_mutex_lock(&writer->lock);
	was_up = writer->stats.up;
	writer->failures_in_row = 0;
	writer->retry_at_ns = 0;
	writer->stats.up = true;
	if (!was_up)
		writer->stats.up_since_ns = clock_wall_ns();
	pthread_mutex_unlock(&writer->lock);
	if (!was_up)
		log_info("dict %s takes records again", writer->options.name);
}

static const struct dict_entry *first_refused(const struct dict_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (entries[i].outcome == DICT_REFUSED)
			return &entries[i];
	}
	return NULL;
}

static void note_refusal(struct writer *writer, const struct dict_entry *refused)
{
	pthread_mutex_lock(&writer->lock);
	memcpy(writer->stats.last_refusal, refused->reason, sizeof(refused->reason));
	pthread_mutex_unlock(&writer->lock);
	if (!writer->refusal_logged)
		log_warning("dict %s refuses a record for good (further ones are only counted): %s",
			    writer->options.name, refused->reason);
	writer->refusal_logged = true;
}

/* Those that go on waiting. */
static void count_kept_ones(struct writer *writer, const struct dict_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool uncertain = entries[i].outcome == DICT_UNCERTAIN;

		writer->tally.retried += uncertain || entries[i].outcome == DICT_RETRY;
		writer->tally.uncertain += uncertain;
	}
}

int writer_try_dict(struct writer *writer, struct dict_entry *entries, size_t count,
		    struct error *error_r)
{
	int64_t deadline_ns = clock_monotonic_ns() + writer->options.write_timeout_ns;
	int ret = dict_write(writer->dict, entries, count, deadline_ns, error_r);
	const struct dict_entry *refused = first_refused(entries, count);

	writer->tidy_at_ns = clock_monotonic_ns() + TIDY_NS;
	count_kept_ones(writer, entries, count);
	if (refused)
		note_refusal(writer, refused);
	pthread_mutex_lock(&writer->lock);
	writer->stats.batches++;
	pthread_mutex_unlock(&writer->lock);
	return ret;
}

void writer_tidy(struct writer *writer)
{
	writer->tidy_at_ns = INT64_MAX;
	dict_tidy(writer->dict);
}

size_t writer_batch_size(const struct writer *writer, size_t full)
{
	return writer->failures_in_row == 0 ? full : 1 + writer->options.batch_max / 10;
}
