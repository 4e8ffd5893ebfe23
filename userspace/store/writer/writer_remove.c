/* SPDX-License-Identifier: MIT */
/*
 * The records of a user out of memory, spool and dict, in a turn of its own: no batch is under way
 * then that could bring one of them back, in memory or in the spool, after it was removed.
 */
#include <utlist.h>

#include "base/clock.h"
#include "store/spool/spool.h"
#include "store/spool/spool_remove.h"
#include "store/writer/writer_turn.h"

void writer_remove(struct writer *writer, struct writer_removal *removal)
{
	pthread_mutex_lock(&writer->lock);
	removal->done = false;
	DL_APPEND(writer->removals, removal);
	pthread_cond_signal(&writer->work);
	pthread_mutex_unlock(&writer->lock);
}

bool writer_removed(struct writer *writer, const struct writer_removal *removal)
{
	bool done;

	pthread_mutex_lock(&writer->lock);
	done = removal->done;
	pthread_mutex_unlock(&writer->lock);
	return done;
}

/* The forgetting takes their place, as a newer login would. */
static struct writer_removal *begin(struct writer *writer)
{
	struct writer_removal *removal;
	size_t removed;

	pthread_mutex_lock(&writer->lock);
	removal = writer->removals;
	removed = pending_remove(&writer->pending, &removal->what);
	removal->waiting = removed;
	writer->tally.superseded += removed;
	writer_publish(writer);
	writer_account(writer);
	writer_update_acked(writer);
	if (writer->pending.count == 0)
		pthread_cond_broadcast(&writer->idle);
	pthread_mutex_unlock(&writer->lock);
	return removal;
}

static int remove_spooled(struct writer *writer, struct writer_removal *removal)
{
	struct spool_removed removed = {0};
	int ret = writer->spool
			  ? spool_remove(writer->spool, &removal->what, &removed, &removal->error)
			  : 0;

	removal->waiting += removed.waiting + removed.held;
	removal->refused = removed.refused;
	return ret;
}

static void end(struct writer *writer, struct writer_removal *removal)
{
	pthread_mutex_lock(&writer->lock);
	DL_DELETE(writer->removals, removal);
	writer_publish(writer);
	writer_account(writer);
	removal->done = true;
	pthread_mutex_unlock(&writer->lock);
}

/* A dict that is down does not keep what waits from being removed. With a spool that fails the dict
 * is left alone: what waits there would come back to it. */
void writer_remove_next(struct writer *writer)
{
	struct writer_removal *removal = begin(writer);
	int64_t deadline_ns = clock_monotonic_ns() + writer->options.write_timeout_ns;
	int spooled = remove_spooled(writer, removal);

	if (spooled < 0)
		removal->ret = spooled;
	else
		removal->ret =
			dict_remove(writer->dict, &removal->what, deadline_ns, &removal->error);
	end(writer, removal);
}
