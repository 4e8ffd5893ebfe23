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

void writer_expire(struct writer *writer)
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
