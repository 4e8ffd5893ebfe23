/* SPDX-License-Identifier: MIT */
/* Old records out of the dict, when nothing else is to do. */
#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/writer/writer_turn.h"

#define EXPIRE_PAUSE_NS (100 * NS_PER_MSEC)

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

/* A round is noted once, and all its batches have the same time. */
static int begin_round(struct writer *writer, struct error *error_r)
{
	const struct writer_options *options = &writer->options;
	int64_t before_ns = clock_wall_ns() - options->expire_after_ns;
	int ret = 0;

	if (writer->expire_before_ns != 0)
		return 0;
	if (options->expire_note && dict_can_expire(writer->dict))
		ret = options->expire_note(options->expire_context, before_ns, error_r);
	if (ret == 0)
		writer->expire_before_ns = before_ns;
	return ret;
}

static int remove_batch(struct writer *writer, struct error *error_r)
{
	const struct dict_expiry expiry = {
		.older_than_ns = writer->expire_before_ns,
		.limit = writer->options.batch_max,
		.keys = writer->options.expire_keys,
		.key_count = writer->options.expire_key_count,
	};

	return dict_expire(writer->dict, &expiry,
			   clock_monotonic_ns() + writer->options.write_timeout_ns, error_r);
}

void writer_expire(struct writer *writer)
{
	struct error error = {0};
	int ret = begin_round(writer, &error);
	int64_t again;

	if (ret == 0)
		ret = remove_batch(writer, &error);
	if (ret != (int)writer->options.batch_max)
		writer->expire_before_ns = 0;
	again = expire_again_ns(writer, ret, &error);
	writer->expire_at_ns = again == INT64_MAX ? again : clock_monotonic_ns() + again;
	pthread_mutex_lock(&writer->lock);
	writer->stats.expired += ret > 0 ? (uint64_t)ret : 0;
	pthread_mutex_unlock(&writer->lock);
}
