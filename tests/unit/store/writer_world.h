/* SPDX-License-Identifier: MIT */
/*
 * A writer on a fake dict, with or without a spool in a directory of its own. Whatever a scenario
 * does, the statistics must add up when it ends.
 */
#ifndef DOVETAP_WRITER_WORLD_H
#define DOVETAP_WRITER_WORLD_H

#include <stdlib.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "base/clock.h"
#include "fake_dict.h"
#include "store/spool/spool.h"
#include "store/writer/writer.h"

#define LONG_NS (60 * NS_PER_SEC) /* nothing here takes so long unless it hangs */

struct world {
	struct fake_dict fake;
	struct writer *writer;
	char dir[64];
	struct writer_options options;
	unsigned int noted; /* before old records are removed, behind fake_lock */
	int64_t noted_before_ns;
	int note_error;
};

static int world_setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	world->fake.dict.driver = &fake_driver;
	world->options = (struct writer_options){
		.name = "fake",
		.batch_wait_ns = 1,
		.spool_wait_ns = 1,
		.backoff_min_ns = NS_PER_MSEC,
		.backoff_max_ns = 4 * NS_PER_MSEC,
	};
	snprintf(world->dir, sizeof(world->dir), "/tmp/test_writer.XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	*state = world;
	return 0;
}

static inline uint64_t durations_count(const struct durations *durations)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < DURATIONS_BUCKETS; i++)
		count += durations->counts[i];
	return count;
}

/* What holds of all statistics. */
static inline void stats_agree(const struct writer_stats *stats)
{
	assert_int_equal(writer_stats_difference(stats), 0);
	assert_int_equal(durations_count(&stats->stored_after), stats->stored);
	assert_int_equal(stats->written_ns != 0, stats->stored + stats->unchanged > 0);
	assert_int_equal(stats->oldest_age_ns > 0, stats->pending + stats->spooled > 0);
}

static int world_teardown(void **state)
{
	struct world *world = *state;
	struct writer_stats stats;
	char command[128];

	if (world->writer) {
		writer_stats(world->writer, &stats);
		stats_agree(&stats);
	}
	writer_free(&world->writer);
	snprintf(command, sizeof(command), "rm -rf %s", world->dir);
	assert_int_equal(system(command), 0);
	free(world);
	return 0;
}

static inline void start(struct world *world)
{
	assert_int_equal(writer_new(&world->fake.dict, &world->options, &world->writer, NULL), 0);
}

static inline void start_with_spool(struct world *world)
{
	const struct spool_options options = {.dir = world->dir, .name = "fake"};
	struct error error;

	assert_int_equal(spool_open(&options, &world->options.spool, &error), 0);
	start(world);
}

static inline int submit(struct world *world, const char *key, int64_t time_ns, uint64_t position)
{
	char value[32];
	struct writer_record record = {.key = slice_str(key), .time_ns = time_ns};

	snprintf(value, sizeof(value), "%lld", (long long)time_ns);
	record.value = slice_str(value);
	return writer_submit(world->writer, &record, position);
}

static inline void drain(struct world *world)
{
	assert_int_equal(writer_drain(world->writer, clock_monotonic_ns() + LONG_NS), 0);
}

/* Looks at the statistics until they fit; the test fails by its time limit if they never do. */
#define wait_until(world, condition)                                                               \
	do {                                                                                       \
		int64_t give_up = clock_monotonic_ns() + LONG_NS;                                  \
		struct writer_stats s;                                                             \
		for (writer_stats((world)->writer, &s); !(condition);                              \
		     writer_stats((world)->writer, &s)) {                                          \
			assert_true(clock_monotonic_ns() < give_up);                               \
			usleep(1000);                                                              \
		}                                                                                  \
	} while (0)

static inline int64_t stored_time(struct world *world, const char *key)
{
	struct fake_record *record;
	int64_t time_ns;

	pthread_mutex_lock(&fake_lock);
	record = fake_find(&world->fake, slice_str(key));
	time_ns = record ? record->time_ns : -1;
	pthread_mutex_unlock(&fake_lock);
	return time_ns;
}

#define scenario(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

#endif
