/* SPDX-License-Identifier: MIT */
/*
 * The writer's thread. One turn looks at the state and does one thing:
 *
 *	dict answers     pending records -> write_batch(); none -> one batch out of the spool
 *	in back-off      pending records -> the spool, when there is one that works
 *	nothing to do    old records are due -> expire_batch()
 *	otherwise        sleep until there is more to do or the back-off ends
 */
#include "base/clock.h"
#include "base/log.h"
#include "store/spool.h"
#include "store/writer_state.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

_Static_assert(sizeof(((struct writer_stats *)NULL)->last_refusal) == DICT_REASON_MAX,
	       "a reason is copied as a whole");

#define EXPIRE_PAUSE_NS (100 * NS_PER_MSEC)

enum turn { TURN_SLEEP, TURN_WRITE, TURN_SPOOL, TURN_DRAIN, TURN_EXPIRE, TURN_STOP };

/* --- state of the dict --------------------------------------------------------------------- */

/* Doubles from min to max; a random part keeps many nodes from knocking at the same time. */
static int64_t backoff_ns(struct writer *writer)
{
	unsigned int doublings = writer->failures_in_row < 20 ? writer->failures_in_row : 20;
	int64_t delay = writer->options.backoff_min_ns << doublings;

	if (delay > writer->options.backoff_max_ns || delay <= 0)
		delay = writer->options.backoff_max_ns;
	return delay / 2 + (delay / 2) * (rand_r(&writer->random) % 1024) / 1024;
}

static void dict_failed(struct writer *writer, const struct error *error)
{
	int64_t delay = backoff_ns(writer);
	bool was_up;

	pthread_mutex_lock(&writer->lock);
	was_up = writer->stats.up;
	writer->failures_in_row++;
	writer->retry_at_ns = clock_monotonic_ns() + delay;
	writer->stats.failures++;
	writer->stats.last_error = *error;
	writer->stats.up = false;
	if (was_up)
		writer->stats.up_since_ns = clock_wall_ns();
	pthread_mutex_unlock(&writer->lock);
	if (was_up)
		log_warning("dict %s does not take records, which wait in %s: %s",
			    writer->options.name, writer->spool ? "the spool" : "memory",
			    error->text);
}

static void dict_answered(struct writer *writer)
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

/* --- statistics ---------------------------------------------------------------------------- */

static void publish_spool(struct writer *writer)
{
	const struct spool_stats *spool = spool_stats(writer->spool);
	int64_t due_in_ns = spool_due_in_ns(writer->spool);

	/* The file counts by the wall clock; we wake by one that does not step. */
	writer->due_at_ns = due_in_ns == INT64_MAX ? INT64_MAX : clock_monotonic_ns() + due_in_ns;
	writer->stats.spooled = spool_count(writer->spool);
	writer->stats.held = spool_held(writer->spool);
	writer->stats.coalesced = spool->coalesced;
	writer->stats.spool_found = spool->found + writer->spool_found;
	writer->stats.spool_gone = spool->gone;
	writer->stats.spool_damaged = spool->damaged;
	writer->stats.lost[WRITER_LOST_DAMAGED] = spool->lost;
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
	writer->tally = (struct writer_tally){0};
	if (writer->spool)
		publish_spool(writer);
}

/* --- batches ------------------------------------------------------------------------------- */

static size_t take_batch(struct writer *writer, size_t max)
{
	size_t count, bytes = 0;

	pthread_mutex_lock(&writer->lock);
	count = pending_take(&writer->pending, writer->batch, max);
	for (size_t i = 0; i < count; i++)
		bytes += writer->batch[i]->size;
	writer->writing = count;
	writer->writing_bytes = bytes;
	if (count > 0)
		writer->writing_before = writer->batch[0]->before;
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
		if (writer->entries[i].outcome == DICT_STORED) {
			free(writer->batch[i]);
			writer->batch[i] = NULL;
		}
	}
	pthread_mutex_lock(&writer->lock);
	freed = pending_put_back(&writer->pending, writer->batch, count);
	writer->tally.superseded += freed.superseded;
	writer->tally.nomem += freed.nomem;
	writer_publish(writer);
	writer->writing = 0;
	writer->writing_bytes = 0;
	writer_update_acked(writer);
	if (writer->pending.count == 0)
		pthread_cond_broadcast(&writer->idle);
	pthread_mutex_unlock(&writer->lock);
}

static const struct dict_entry *first_refused(const struct dict_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (entries[i].outcome == DICT_REFUSED)
			return &entries[i];
	}
	return NULL;
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

/* Those that are done with. Returns how many. */
static size_t count_done(struct writer *writer, const struct dict_entry *entries, size_t count)
{
	size_t by_outcome[DICT_UNCERTAIN + 1] = {0};

	for (size_t i = 0; i < count; i++)
		by_outcome[entries[i].outcome]++;
	writer->tally.stored += by_outcome[DICT_STORED];
	writer->tally.unchanged += by_outcome[DICT_UNCHANGED];
	writer->tally.refused += by_outcome[DICT_REFUSED];
	return by_outcome[DICT_STORED] + by_outcome[DICT_UNCHANGED] + by_outcome[DICT_REFUSED];
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

/* --- spool --------------------------------------------------------------------------------- */

static void spool_result(struct writer *writer, int ret, const struct error *error)
{
	if (ret < 0 && !writer->spool_failing)
		log_error("spool of dict %s: %s; records wait in memory", writer->options.name,
			  error->text);
	else if (ret == 0 && writer->spool_failing)
		log_info("spool of dict %s works again", writer->options.name);
	writer->spool_failing = ret < 0;
	writer->tally.spool_errors += ret < 0;
}

static int settle(struct writer *writer, const struct dict_entry *entries, size_t count)
{
	struct error error = {0};
	int ret = spool_settle(writer->spool, entries, count, &error);

	if (ret == -EILSEQ) {
		log_error("spool of dict %s was damaged and moved aside: %s", writer->options.name,
			  error.text);
		ret = spool_settle(writer->spool, entries, count, &error);
	}
	spool_result(writer, ret, &error);
	return ret;
}

/* Does the spool need to know of this result? Not of a stored record it never had. */
static bool spool_concerned(const struct writer *writer, size_t count)
{
	if (!writer->spool)
		return false;
	if (spool_count(writer->spool) > 0 || spool_notes(writer->spool))
		return true;
	for (size_t i = 0; i < count; i++) {
		if (writer->entries[i].outcome != DICT_STORED &&
		    writer->entries[i].outcome != DICT_UNCHANGED)
			return true;
	}
	return false;
}

/* Settles fresh records. A row of the spool that an entry took the place of is superseded, and so
 * is an entry for which there was a row already. */
static bool settle_fresh(struct writer *writer, size_t count, size_t kept)
{
	struct spool_stats before, after;

	if (!spool_concerned(writer, count))
		return false;
	before = *spool_stats(writer->spool);
	if (settle(writer, writer->entries, count) < 0)
		return false;
	after = *spool_stats(writer->spool);
	writer->tally.superseded +=
		kept - (after.inserted - before.inserted) + (after.removed - before.removed);
	writer->tally.spool_in += kept;
	return true;
}

/* After this, STORED stands for "done with". */
static void settle_batch(struct writer *writer, size_t count)
{
	size_t kept = count - count_done(writer, writer->entries, count);
	bool in_spool = settle_fresh(writer, count, kept);

	for (size_t i = 0; i < count; i++) {
		struct dict_entry *entry = &writer->entries[i];
		bool waits = entry->outcome == DICT_RETRY || entry->outcome == DICT_UNCERTAIN ||
			     entry->outcome == DICT_PENDING;

		if (!waits || in_spool)
			entry->outcome = DICT_STORED;
	}
}

/* Puts the entries that are held behind the others. Returns how many there are of those. */
static size_t part_held(struct writer *writer, size_t count)
{
	size_t left = 0;

	for (size_t i = 0; i < count; i++) {
		struct dict_entry entry = writer->entries[i];
		struct pending_entry *pending = writer->batch[i];

		if (entry.outcome == DICT_UNCHANGED)
			continue;
		writer->entries[i] = writer->entries[left];
		writer->batch[i] = writer->batch[left];
		writer->entries[left] = entry;
		writer->batch[left++] = pending;
	}
	for (size_t i = left; i < count; i++)
		writer->entries[i].outcome = DICT_STORED;
	return left;
}

/* What was written a moment ago is in the spool now. Returns how many entries are left to write. A
 * spool that fails costs writes, no logins. */
static size_t hold(struct writer *writer, size_t count)
{
	struct error error = {0};
	int ret;

	if (!writer->spool || !spool_notes(writer->spool) || count == 0)
		return count;
	ret = spool_hold(writer->spool, writer->entries, count, &error);
	spool_result(writer, ret, &error);
	return ret == 0 ? part_held(writer, count) : count;
}

/* --- turns --------------------------------------------------------------------------------- */

static size_t count_kept(const struct dict_entry *entries, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		kept += entries[i].outcome == DICT_RETRY || entries[i].outcome == DICT_UNCERTAIN;
	return kept;
}

static int try_dict(struct writer *writer, struct dict_entry *entries, size_t count,
		    struct error *error_r)
{
	int64_t deadline_ns = clock_monotonic_ns() + writer->options.write_timeout_ns;
	int ret = dict_write(writer->dict, entries, count, deadline_ns, error_r);
	const struct dict_entry *refused = first_refused(entries, count);

	count_kept_ones(writer, entries, count);
	if (refused)
		note_refusal(writer, refused);
	pthread_mutex_lock(&writer->lock);
	writer->stats.batches++;
	pthread_mutex_unlock(&writer->lock);
	return ret;
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

/* A dict that was down shows with few records whether it is back: when it hangs, only these wait
 * for the deadline with it. */
static size_t batch_size(const struct writer *writer, size_t full)
{
	return writer->failures_in_row == 0 ? full : 1 + writer->options.batch_max / 10;
}

static void write_entries(struct writer *writer, size_t count)
{
	struct error error = {0};
	bool put_back = false;
	int ret = try_dict(writer, writer->entries, count, &error);

	/* Of a dict that answered and took nothing, the next batch would hear the same. */
	if (ret == 0 && count_kept(writer->entries, count) == count)
		ret = error_set(&error, EAGAIN, "%s", writer->entries[0].reason);
	if (ret < 0)
		dict_failed(writer, &error);
	else
		dict_answered(writer);
	settle_batch(writer, count);
	for (size_t i = 0; i < count; i++)
		put_back |= writer->entries[i].outcome != DICT_STORED;
	if (put_back)
		pause_if_put_back(writer);
}

static void write_batch(struct writer *writer)
{
	size_t count = take_batch(writer, batch_size(writer, writer->options.batch_max));
	size_t left = hold(writer, count);

	if (left > 0)
		write_entries(writer, left);
	finish_batch(writer, count);
}

static void spool_batch(struct writer *writer)
{
	size_t count = take_batch(writer, writer_spool_batch(writer)), left;

	for (size_t i = 0; i < count; i++)
		dict_entry_set(&writer->entries[i], DICT_PENDING, "%s", "");
	left = hold(writer, count);
	if (left > 0)
		settle_batch(writer, left);
	finish_batch(writer, count);
}

static void pause_draining(struct writer *writer, int64_t delay_ns)
{
	pthread_mutex_lock(&writer->lock);
	writer->drain_at_ns = clock_monotonic_ns() + delay_ns;
	pthread_mutex_unlock(&writer->lock);
}

/* What is done counts once it is out of the spool: else it will be written, and counted, again. Of
 * rows that somebody else took out meanwhile we say that we found them. */
static int settle_and_count(struct writer *writer, const struct spool_batch *batch)
{
	const struct spool_stats before = *spool_stats(writer->spool);
	int ret = settle(writer, batch->entries, batch->count);
	const struct spool_stats *after = spool_stats(writer->spool);
	size_t done;

	if (ret < 0)
		return ret;
	done = count_done(writer, batch->entries, batch->count);
	writer->tally.spool_out += done;
	writer->spool_found +=
		done + (after->inserted - before.inserted) - (after->removed - before.removed);
	return 0;
}

/* What the dict put off goes behind the others, and draining pauses: shortly when the others went
 * through. Such rows do not make the dict one that is down. */
static void settle_drained(struct writer *writer, const struct spool_batch *batch)
{
	size_t kept = count_kept(batch->entries, batch->count);

	dict_answered(writer);
	if (settle_and_count(writer, batch) < 0 || kept == batch->count)
		pause_draining(writer, writer->options.backoff_max_ns);
	else if (kept > 0)
		pause_draining(writer, writer->options.backoff_min_ns);
}

static void publish(struct writer *writer)
{
	pthread_mutex_lock(&writer->lock);
	writer_publish(writer);
	pthread_mutex_unlock(&writer->lock);
}

/* One batch out of the spool, which a dict that is down leaves as it was. */
static void drain_batch(struct writer *writer)
{
	struct spool_batch batch = {0};
	struct error error = {0};
	int ret = spool_read(writer->spool, batch_size(writer, writer_spool_batch(writer)), &batch,
			     &error);

	spool_result(writer, ret, &error);
	if (ret < 0 || batch.count == 0) {
		pause_draining(writer, writer->options.backoff_max_ns);
		publish(writer);
		spool_batch_release(&batch);
		return;
	}
	if (try_dict(writer, batch.entries, batch.count, &error) < 0)
		dict_failed(writer, &error);
	else
		settle_drained(writer, &batch);
	publish(writer);
	spool_batch_release(&batch);
}

/* How long until the next batch of old records: a pause while there are more, so that somebody else
 * gets at the table, too. */
static int64_t expire_again_ns(struct writer *writer, int ret, const struct error *error)
{
	if (ret == (int)writer->options.batch_max)
		return EXPIRE_PAUSE_NS;
	if (ret == -EOPNOTSUPP)
		return INT64_MAX; /* the store does it by itself, or nobody does */
	if (ret < 0 && !writer->expire_failing)
		log_warning("dict %s: old records are not removed: %s", writer->options.name,
			    error->text);
	writer->expire_failing = ret < 0;
	return writer->options.expire_every_ns;
}

static void expire_batch(struct writer *writer)
{
	const struct dict_expiry expiry = {
		.older_than_ns = clock_wall_ns() - writer->options.expire_after_ns,
		.limit = writer->options.batch_max,
		.keys = writer->options.expire_keys,
		.key_count = writer->options.expire_key_count,
	};
	int64_t now = clock_monotonic_ns(), again;
	struct error error = {0};
	int ret =
		dict_expire(writer->dict, &expiry, now + writer->options.write_timeout_ns, &error);

	again = expire_again_ns(writer, ret, &error);
	writer->expire_at_ns = again == INT64_MAX ? again : clock_monotonic_ns() + again;
	pthread_mutex_lock(&writer->lock);
	writer->stats.expired += ret > 0 ? (uint64_t)ret : 0;
	pthread_mutex_unlock(&writer->lock);
}

/* --- loop ---------------------------------------------------------------------------------- */

static void wake_at(int64_t *wake_ns, int64_t ns)
{
	if (ns < *wake_ns)
		*wake_ns = ns;
}

static bool batch_ready(const struct writer *writer, int64_t now, int64_t *wake_ns)
{
	int64_t due;

	if (writer->pending.count == 0)
		return false;
	due = writer->pending.head->queued_ns + writer->options.batch_wait_ns;
	if (writer->pending.count >= writer->options.batch_max || writer->hurry || writer->stop ||
	    now >= due)
		return true;
	wake_at(wake_ns, due);
	return false;
}

static bool spool_usable(const struct writer *writer)
{
	return writer->spool && !writer->spool_failing;
}

/* While the dict is away nobody waits for these, and the source still has them: larger batches cost
 * fewer transactions. */
static bool spool_batch_ready(const struct writer *writer, int64_t now, int64_t *wake_ns)
{
	int64_t due;

	if (writer->pending.count == 0 || !spool_usable(writer))
		return false;
	due = writer->pending.head->queued_ns + writer->options.spool_wait_ns;
	if (writer->pending.count >= writer_spool_batch(writer) || now >= due)
		return true;
	wake_at(wake_ns, due);
	return false;
}

/* More than half of the ceiling waits: the dict is too slow for what comes in. */
static bool overflowing(const struct writer *writer)
{
	return writer->pending.count > writer->options.keys_max / 2 ||
	       writer->pending.bytes > writer->options.memory_max / 2;
}

/* Nothing to write. */
static enum turn idle_turn(const struct writer *writer, int64_t now, int64_t *wake_ns)
{
	if (now >= writer->expire_at_ns)
		return TURN_EXPIRE;
	wake_at(wake_ns, writer->expire_at_ns);
	return TURN_SLEEP;
}

/* With the lock held. wake_ns_r is when to look again, if nothing happens before. */
static enum turn next_turn(struct writer *writer, int64_t *wake_ns_r)
{
	int64_t now = clock_monotonic_ns();

	*wake_ns_r = INT64_MAX;
	/* What finds no spool, or one that fails, stays with the source. */
	if (writer->stop)
		return writer->pending.count > 0 && spool_usable(writer) ? TURN_SPOOL : TURN_STOP;
	if (writer->hurry && writer->retry_at_ns > now && writer->pending.count > 0) {
		writer->retry_at_ns = now;
		writer->hurry = false;
	}
	if (writer->retry_at_ns > now) {
		wake_at(wake_ns_r, writer->retry_at_ns);
		return spool_batch_ready(writer, now, wake_ns_r) ? TURN_SPOOL : TURN_SLEEP;
	}
	if (batch_ready(writer, now, wake_ns_r))
		return overflowing(writer) && spool_usable(writer) ? TURN_SPOOL : TURN_WRITE;
	wake_at(wake_ns_r, writer->due_at_ns);
	if (writer->stats.spooled == 0 && !writer->spool_failing && now < writer->due_at_ns)
		return idle_turn(writer, now, wake_ns_r);
	wake_at(wake_ns_r, writer->drain_at_ns);
	return now >= writer->drain_at_ns ? TURN_DRAIN : idle_turn(writer, now, wake_ns_r);
}

static enum turn wait_for_turn(struct writer *writer)
{
	enum turn turn;
	int64_t wake_ns;

	pthread_mutex_lock(&writer->lock);
	while ((turn = next_turn(writer, &wake_ns)) == TURN_SLEEP) {
		const struct timespec until = {.tv_sec = wake_ns / NS_PER_SEC,
					       .tv_nsec = wake_ns % NS_PER_SEC};

		pthread_cond_timedwait(&writer->work, &writer->lock, &until);
	}
	pthread_mutex_unlock(&writer->lock);
	return turn;
}

void *writer_thread(void *context)
{
	struct writer *writer = context;
	enum turn turn;

	while ((turn = wait_for_turn(writer)) != TURN_STOP) {
		if (turn == TURN_WRITE)
			write_batch(writer);
		else if (turn == TURN_SPOOL)
			spool_batch(writer);
		else if (turn == TURN_EXPIRE)
			expire_batch(writer);
		else
			drain_batch(writer);
	}
	return NULL;
}
