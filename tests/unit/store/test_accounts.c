/* SPDX-License-Identifier: MIT */
/*
 * The writer's statistics add up at any moment, whatever happens: a dict that comes and goes, takes
 * some records and refuses others, a spool that fails, is damaged, or is emptied by somebody else.
 */
#include <sqlite3.h>

#include "base/log.h"
#include "writer_world.h"

#define ROUNDS 3000
#define KEYS   40

static unsigned int seed = 1;

static unsigned int roll(unsigned int sides)
{
	return (unsigned int)rand_r(&seed) % sides;
}

static void expect_balance(struct world *world)
{
	struct writer_stats stats;

	writer_stats(world->writer, &stats);
	assert_int_equal(writer_stats_difference(&stats), 0);
}

static void set_poison(struct world *world, enum dict_outcome outcome)
{
	pthread_mutex_lock(&fake_lock);
	world->fake.poison = outcome == DICT_STORED ? NULL : "shared/u7";
	world->fake.poison_outcome = outcome;
	pthread_mutex_unlock(&fake_lock);
}

static void spool_path(const struct world *world, const char *suffix, char path[128])
{
	snprintf(path, 128, "%s/fake.spool%s", world->dir, suffix);
}

/* As "dovetap spool drain" does, if the writer lets us. */
static void empty_the_spool(const struct world *world)
{
	char path[128];
	sqlite3 *db;

	spool_path(world, "", path);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK)
		(void)sqlite3_exec(db, "DELETE FROM pending WHERE seq % 2", NULL, NULL, NULL);
	sqlite3_close(db);
}

static void overwrite(const struct world *world, const char *suffix)
{
	char path[128];
	FILE *file;
	long size;

	spool_path(world, suffix, path);
	file = fopen(path, "r+e");
	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	for (long i = 0; i < size; i++)
		fputc('x', file);
	assert_int_equal(fclose(file), 0);
}

/* While there are records in it. */
static void damage_the_spool(struct world *world)
{
	fake_set_down(&world->fake, true);
	(void)submit(world, "shared/u1", 2L * ROUNDS, ROUNDS / 4 * 3 + 1);
	wait_until(world, s.spooled > 0 && s.pending == 0);
	overwrite(world, "");
	overwrite(world, "-wal");
}

static void make_trouble(struct world *world)
{
	switch (roll(40)) {
	case 0:
		fake_set_down(&world->fake, true);
		break;
	case 1:
	case 2:
		fake_set_down(&world->fake, false);
		break;
	case 3:
		set_poison(world, DICT_RETRY + roll(3));
		break;
	case 4:
		set_poison(world, DICT_STORED);
		break;
	case 5:
		empty_the_spool(world);
		break;
	case 6:
	case 7:
		usleep(5000); /* let the thread do something */
		break;
	default:
		break;
	}
}

static void live(struct world *world)
{
	for (uint64_t i = 0; i < ROUNDS; i++) {
		char key[32];

		snprintf(key, sizeof(key), "shared/u%u", roll(KEYS));
		/* Not always newer. */
		(void)submit(world, key, (int64_t)i + roll(50), i + 1);
		make_trouble(world);
		if (i == ROUNDS / 4 * 3 && world->options.spool)
			damage_the_spool(world);
		expect_balance(world);
	}
	set_poison(world, DICT_STORED);
	fake_set_down(&world->fake, false);
	wait_until(world, s.pending == 0 && s.spooled == 0 && writer_stats_difference(&s) == 0);
}

static void trouble_of_every_kind_is_accounted_for(void **state)
{
	struct world *world = *state;
	struct writer_stats stats;

	start_with_spool(world);
	live(world);
	writer_stats(world->writer, &stats);
	assert_true(stats.spool_in > 0);
	assert_true(stats.spool_out > 0);
	assert_true(stats.spool_gone > 0);
	assert_true(stats.superseded > 0);
	assert_true(stats.lost[WRITER_LOST_REFUSED] > 0);
}

static void at_a_ceiling_losses_are_accounted_for(void **state)
{
	struct world *world = *state;
	struct writer_stats stats;

	world->options.keys_max = KEYS / 4;
	world->fake.pause = 500; /* others come while a batch is on its way */
	start(world);
	live(world);
	writer_stats(world->writer, &stats);
	assert_true(stats.lost[WRITER_LOST_MEMORY] > 0);
}

static void what_an_earlier_life_left_is_accounted_for(void **state)
{
	struct world *world = *state;
	struct writer_stats stats;

	fake_set_down(&world->fake, true);
	start_with_spool(world);
	submit(world, "shared/u1", 1, 1);
	submit(world, "shared/u2", 1, 2);
	wait_until(world, s.spooled == 2);
	writer_free(&world->writer);
	start_with_spool(world);
	expect_balance(world);
	submit(world, "shared/u1", 2, 3);
	wait_until(world, s.superseded == 1); /* in the spool, while the dict is down */
	fake_set_down(&world->fake, false);
	wait_until(world, s.spooled == 0 && s.pending == 0);
	writer_stats(world->writer, &stats);
	assert_int_equal(stats.spool_found, 2);
	assert_int_equal(stats.superseded, 1);
	assert_int_equal(stats.stored, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario(trouble_of_every_kind_is_accounted_for),
		scenario(at_a_ceiling_losses_are_accounted_for),
		scenario(what_an_earlier_life_left_is_accounted_for),
	};

	log_init(LOG_SINK_STDERR, LOG_LEVEL_ERROR, "test_accounts");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
