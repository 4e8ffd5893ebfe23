/* SPDX-License-Identifier: MIT */
/*
 * The writer's thread. One turn looks at the state and does one thing:
 *
 *	dict answers     pending records -> writer_write_fresh(); none -> writer_drain_spooled()
 *	in back-off      pending records -> the spool, when there is one that works
 *	nothing to do    old records are due -> writer_expire(); for a while -> writer_tidy()
 *	otherwise        sleep until there is more to do or the back-off ends
 */
#include <time.h>

#include "base/clock.h"
#include "store/spool/spool.h"
#include "store/writer/writer_turn.h"

enum turn {
	TURN_SLEEP,
	TURN_WRITE,
	TURN_SPOOL,
	TURN_DRAIN,
	TURN_EXPIRE,
	TURN_TIDY,
	TURN_REMOVE,
	TURN_STOP
};

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

/* In an outage of the dict these are not urgent, and the source still has them: larger batches cost
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
	if (now >= writer->tidy_at_ns)
		return TURN_TIDY;
	wake_at(wake_ns, writer->expire_at_ns);
	wake_at(wake_ns, writer->tidy_at_ns);
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
	if (writer->removals)
		return TURN_REMOVE;
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
			writer_write_fresh(writer);
		else if (turn == TURN_SPOOL)
			writer_spool_fresh(writer);
		else if (turn == TURN_EXPIRE)
			writer_expire(writer);
		else if (turn == TURN_TIDY)
			writer_tidy(writer);
		else if (turn == TURN_REMOVE)
			writer_remove_next(writer);
		else
			writer_drain_spooled(writer);
	}
	return NULL;
}
