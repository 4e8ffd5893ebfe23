/* SPDX-License-Identifier: MIT */
#include "store/writer/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/spool/spool.h"
#include "store/writer/writer_state.h"

static const char *const lost_names[WRITER_LOST_COUNT] = {
	[WRITER_LOST_MEMORY] = "memory",	   [WRITER_LOST_NOMEM] = "nomem",
	[WRITER_LOST_REFUSED] = "refused",	   [WRITER_LOST_DAMAGED] = "damaged",
	[WRITER_LOST_KILLED] = "collector_killed", [WRITER_LOST_WRITING] = "killed_while_writing",
};

static const struct writer_options defaults = {
	.name = "dict",
	.batch_max = 1000,
	.batch_wait_ns = 5 * NS_PER_MSEC,
	.spool_wait_ns = 1 * NS_PER_SEC,
	.write_timeout_ns = 10 * NS_PER_SEC,
	.backoff_min_ns = 200 * NS_PER_MSEC,
	.backoff_max_ns = 30 * NS_PER_SEC,
	.memory_max = 64UL << 20,
	.keys_max = 500000,
	.expire_every_ns = 3600 * NS_PER_SEC,
};

const char *writer_lost_name(enum writer_lost reason)
{
	return lost_names[reason];
}

/* --- life ---------------------------------------------------------------------------------- */

static void fill_defaults(struct writer_options *options)
{
#define DEFAULT(field) options->field = options->field ? options->field : defaults.field
	DEFAULT(name);
	DEFAULT(batch_max);
	DEFAULT(batch_wait_ns);
	DEFAULT(spool_wait_ns);
	DEFAULT(write_timeout_ns);
	DEFAULT(backoff_min_ns);
	DEFAULT(backoff_max_ns);
	DEFAULT(memory_max);
	DEFAULT(keys_max);
	DEFAULT(expire_every_ns);
#undef DEFAULT
}

static void writer_destroy(struct writer *writer)
{
	pending_clear(&writer->pending);
	spool_close(&writer->spool);
	dict_close(&writer->dict);
	pthread_cond_destroy(&writer->idle);
	pthread_cond_destroy(&writer->work);
	pthread_mutex_destroy(&writer->lock);
	free(writer->entries);
	free(writer->batch);
	free((char *)(uintptr_t)writer->options.name);
	free(writer);
}

/* Waits are until points of CLOCK_MONOTONIC: the wall clock may step. */
static void init_locks(struct writer *writer)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&writer->lock, NULL);
	pthread_cond_init(&writer->work, &monotonic);
	pthread_cond_init(&writer->idle, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static struct writer *writer_alloc(struct dict *dict, const struct writer_options *options)
{
	struct writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return NULL;
	init_locks(writer);
	writer->options = *options;
	fill_defaults(&writer->options);
	writer->options.name = strdup(writer->options.name);
	writer->dict = dict;
	writer->spool = options->spool;
	writer->stats.up = true;
	writer->expire_at_ns = options->expire_after_ns > 0 ? 0 : INT64_MAX;
	writer->tidy_at_ns = INT64_MAX;
	writer->due_at_ns = INT64_MAX;
	writer->random = (unsigned int)clock_monotonic_ns();
	writer->batch = calloc(writer_spool_batch(writer), sizeof(struct pending_entry *));
	writer->entries = calloc(writer_spool_batch(writer), sizeof(*writer->entries));
	writer->spool_failing = writer->spool && !spool_ready(writer->spool);
	writer_resume(writer);
	return writer;
}

int writer_new(struct dict *dict, const struct writer_options *options, struct writer **writer_r,
	       struct error *error_r)
{
	struct writer *writer = writer_alloc(dict, options);
	struct spool *spool = options->spool;
	int code;

	if (!writer) {
		spool_close(&spool);
		dict_close(&dict);
		return error_set(error_r, ENOMEM, "out of memory");
	}
	code = writer->options.name && writer->batch && writer->entries ? 0 : ENOMEM;
	if (code == 0)
		code = pthread_create(&writer->thread, NULL, writer_thread, writer);
	if (code == 0) {
		*writer_r = writer;
		return 0;
	}
	writer_destroy(writer);
	return error_set(error_r, code, "cannot start a writer: %s", strerrordesc_np(code));
}

uint64_t writer_stop(struct writer *writer)
{
	pthread_mutex_lock(&writer->lock);
	writer->stop = true;
	pthread_cond_signal(&writer->work);
	pthread_mutex_unlock(&writer->lock);
	if (!writer->stopped)
		pthread_join(writer->thread, NULL);
	writer->stopped = true;
	writer_account(writer);
	return writer->pending.count;
}

void writer_free(struct writer **writer)
{
	if (!*writer)
		return;
	(void)writer_stop(*writer);
	writer_destroy(*writer);
	*writer = NULL;
}

/* --- in ------------------------------------------------------------------------------------ */

static bool at_ceiling(const struct writer *writer, const struct writer_record *record)
{
	return writer->pending.count + writer->writing >= writer->options.keys_max ||
	       writer->pending.bytes + writer->writing_bytes + pending_entry_size(record) >
		       writer->options.memory_max;
}

/* The newest of a key that is in memory already replaces it even at the ceiling. */
static int add(struct writer *writer, const struct writer_record *record)
{
	struct pending_entry *entry;
	int result;

	if (at_ceiling(writer, record) && !pending_has(&writer->pending, record->key)) {
		writer->stats.lost[WRITER_LOST_MEMORY]++;
		return -ENOBUFS;
	}
	entry = pending_entry_new(record, writer->seen, clock_monotonic_ns());
	result = entry ? pending_add(&writer->pending, entry) : -ENOMEM;
	if (result == -ENOMEM)
		writer->stats.lost[WRITER_LOST_NOMEM]++;
	else
		writer->stats.superseded += result != PENDING_ADDED;
	return result < 0 ? result : 0;
}

static size_t exposed(const struct writer *writer)
{
	return writer->pending.exposed + writer->writing_exposed;
}

int writer_submit(struct writer *writer, const struct writer_record *record, uint64_t position)
{
	size_t was_exposed;
	int ret;

	pthread_mutex_lock(&writer->lock);
	writer->stats.submitted++;
	was_exposed = exposed(writer);
	ret = add(writer, record);
	writer->seen = position;
	if (exposed(writer) != was_exposed)
		writer_account(writer);
	/* The thread wakes for the first record and for a full batch, of the dict or the spool;
	 * between them it waits for others to come. */
	if (writer->pending.count == 1 || writer->pending.count == writer->options.batch_max ||
	    writer->pending.count == writer_spool_batch(writer))
		pthread_cond_signal(&writer->work);
	pthread_mutex_unlock(&writer->lock);
	return ret;
}

void writer_mark(struct writer *writer, uint64_t position)
{
	pthread_mutex_lock(&writer->lock);
	writer->seen = position;
	writer_update_acked(writer);
	pthread_mutex_unlock(&writer->lock);
}

void writer_expose_begin(struct writer *writer, uint64_t position, uint64_t exposure)
{
	pthread_mutex_lock(&writer->lock);
	writer->exposure = exposure;
	writer->exposed_before = exposed(writer);
	writer->writing_exposed_before = writer->writing_exposed;
	writer->seen = position;
	pending_expose(&writer->pending, position);
	writer->writing_exposed = writer->writing;
	writer_account(writer);
}

void writer_expose_end(struct writer *writer)
{
	pthread_mutex_unlock(&writer->lock);
}

/* --- out ----------------------------------------------------------------------------------- */

void writer_update_acked(struct writer *writer)
{
	uint64_t one = 1, acked = writer->seen;

	if (writer->writing > 0)
		acked = writer->writing_before;
	else if (writer->pending.head)
		acked = writer->pending.head->before;
	if (acked == writer->acked)
		return;
	writer->acked = acked;
	/* A full eventfd is readable, too. */
	if (writer->options.ack_fd > 0 && write(writer->options.ack_fd, &one, sizeof(one)) < 0)
		return;
}

static pthread_mutex_t *lock_of(const struct writer *writer)
{
	return (pthread_mutex_t *)(uintptr_t)&writer->lock;
}

uint64_t writer_acked(const struct writer *writer)
{
	uint64_t acked;

	pthread_mutex_lock(lock_of(writer));
	acked = writer->acked;
	pthread_mutex_unlock(lock_of(writer));
	return acked;
}

/* Of those in memory, the front has what came first. */
static int64_t oldest_age_ns(const struct writer *writer)
{
	int64_t oldest_ns = writer->writing > 0 ? writer->writing_oldest_ns : INT64_MAX, age_ns;

	if (writer->pending.head && writer->pending.head->time_ns < oldest_ns)
		oldest_ns = writer->pending.head->time_ns;
	if (writer->spool_oldest_ns != 0 && writer->spool_oldest_ns < oldest_ns)
		oldest_ns = writer->spool_oldest_ns;
	age_ns = oldest_ns == INT64_MAX ? 0 : clock_wall_ns() - oldest_ns;
	return age_ns > 0 ? age_ns : 0;
}

void writer_stats(const struct writer *writer, struct writer_stats *stats_r)
{
	pthread_mutex_lock(lock_of(writer));
	*stats_r = writer->stats;
	stats_r->pending = writer->pending.count + writer->writing;
	stats_r->pending_bytes = writer->pending.bytes + writer->writing_bytes;
	stats_r->oldest_age_ns = oldest_age_ns(writer);
	pthread_mutex_unlock(lock_of(writer));
}

bool writer_up(const struct writer *writer)
{
	bool up;

	pthread_mutex_lock(lock_of(writer));
	up = writer->stats.up;
	pthread_mutex_unlock(lock_of(writer));
	return up;
}

int64_t writer_stats_difference(const struct writer_stats *stats)
{
	uint64_t in = stats->submitted + stats->spool_found;
	uint64_t out = stats->stored + stats->unchanged + stats->superseded + stats->spool_gone +
		       stats->coalesced + stats->again + stats->pending + stats->spooled +
		       stats->held;

	for (unsigned int i = 0; i < WRITER_LOST_COUNT; i++)
		out += stats->lost[i];
	return (int64_t)(in - out);
}

static bool is_idle(const struct writer *writer)
{
	return writer->pending.count == 0 && writer->writing == 0;
}

int writer_drain(struct writer *writer, int64_t deadline_ns)
{
	const struct timespec until = {.tv_sec = deadline_ns / NS_PER_SEC,
				       .tv_nsec = deadline_ns % NS_PER_SEC};
	int code = 0;

	pthread_mutex_lock(&writer->lock);
	writer->hurry = true;
	pthread_cond_signal(&writer->work);
	while (!is_idle(writer) && code == 0)
		code = pthread_cond_timedwait(&writer->idle, &writer->lock, &until);
	code = is_idle(writer) ? 0 : -ETIMEDOUT;
	writer->hurry = false;
	pthread_mutex_unlock(&writer->lock);
	return code;
}
