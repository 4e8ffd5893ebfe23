/* SPDX-License-Identifier: MIT */
#include <sys/eventfd.h>

#include "base/log.h"
#include "writer_world.h"

/* --- a dict that works --------------------------------------------------------------------- */

static void what_is_submitted_is_stored_and_acknowledged(void **state)
{
	struct world *world = *state;
	struct writer_stats stats;

	start(world);
	for (uint64_t i = 0; i < 3000; i++) {
		char key[32];

		snprintf(key, sizeof(key), "shared/u%llu", (unsigned long long)i);
		assert_int_equal(submit(world, key, 100 + (int64_t)i, i + 1), 0);
	}
	drain(world);
	writer_stats(world->writer, &stats);
	assert_int_equal(writer_acked(world->writer), 3000);
	assert_int_equal(stats.stored, 3000);
	assert_int_equal(stats.pending, 0);
	assert_int_equal(world->fake.count, 3000);
	assert_true(world->fake.largest_batch <= 1000);
}

static void only_the_newest_of_a_key_survives_in_any_order(void **state)
{
	struct world *world = *state;
	struct writer_stats stats;

	start(world);
	submit(world, "a", 5, 10);
	submit(world, "a", 7, 20);
	submit(world, "a", 6, 30);
	drain(world);
	writer_stats(world->writer, &stats);
	assert_int_equal(stored_time(world, "a"), 7);
	assert_int_equal(stats.submitted, stats.stored + stats.unchanged + stats.superseded);
	assert_int_equal(writer_acked(world->writer), 30);
}

static void a_mark_moves_the_position_without_a_record(void **state)
{
	struct world *world = *state;

	start(world);
	writer_mark(world->writer, 4711);
	assert_int_equal(writer_acked(world->writer), 4711);
}

static void the_eventfd_signals_progress(void **state)
{
	struct world *world = *state;
	uint64_t signalled = 0;

	world->options.ack_fd = eventfd(0, EFD_CLOEXEC);
	start(world);
	submit(world, "a", 1, 8);
	assert_int_equal(read(world->options.ack_fd, &signalled, sizeof(signalled)),
			 sizeof(signalled));
	assert_int_equal(writer_acked(world->writer), 8);
	close(world->options.ack_fd);
}

/* --- a dict that fails --------------------------------------------------------------------- */

static void without_a_spool_the_source_is_held_until_the_dict_is_back(void **state)
{
	struct world *world = *state;

	fake_set_down(&world->fake, true);
	start(world);
	writer_mark(world->writer, 50);
	submit(world, "a", 1, 60);
	submit(world, "b", 2, 70);
	wait_until(world, s.failures >= 3);
	assert_int_equal(writer_acked(world->writer), 50);
	fake_set_down(&world->fake, false);
	drain(world);
	assert_int_equal(writer_acked(world->writer), 70);
	assert_int_equal(stored_time(world, "a"), 1);
	assert_int_equal(stored_time(world, "b"), 2);
}

static void the_state_has_reason_and_begin(void **state)
{
	struct world *world = *state;
	struct writer_stats stats;
	char reason[64];

	snprintf(reason, sizeof(reason), "fake is down: Permission denied (as uid %u)",
		 (unsigned int)geteuid());
	fake_set_down(&world->fake, true);
	start(world);
	submit(world, "a", 1, 60);
	wait_until(world, !s.up);
	writer_stats(world->writer, &stats);
	assert_string_equal(stats.last_error.text, reason);
	assert_true(stats.up_since_ns > 0);
	fake_set_down(&world->fake, false);
	wait_until(world, s.up);
}

static int64_t oldest_age_s(struct world *world)
{
	struct writer_stats stats;

	writer_stats(world->writer, &stats);
	return stats.oldest_age_ns / NS_PER_SEC;
}

/* In memory, in the hands of the dict, in the spool; a minute is more than a test takes. */
static void the_longest_wait_is_known(void **state)
{
	struct world *world = *state;
	int64_t now = clock_wall_ns();

	world->fake.down = true;
	start(world);
	assert_int_equal(oldest_age_s(world), 0);
	assert_int_equal(submit(world, "shared/a", now - 3600 * NS_PER_SEC, 1), 0);
	assert_int_equal(submit(world, "shared/b", now - 60 * NS_PER_SEC, 2), 0);
	assert_in_range(oldest_age_s(world), 3600, 3660);
	assert_int_equal(submit(world, "shared/a", now + 3600 * NS_PER_SEC, 3), 0);
	wait_until(world, s.failures > 3);
	assert_in_range(oldest_age_s(world), 60, 120);
	world->fake.down = false;
	drain(world);
	assert_int_equal(oldest_age_s(world), 0);
	world->fake.down = true; /* a login in the future, after a step of the clock */
	assert_int_equal(submit(world, "shared/c", now + 3600 * NS_PER_SEC, 4), 0);
	assert_int_equal(oldest_age_s(world), 0);
	world->fake.down = false;
	drain(world);
}

/* Looked at every millisecond of those 50. */
static void what_is_being_written_waits_too(void **state)
{
	struct world *world = *state;

	world->fake.pause = 50000;
	start(world);
	submit(world, "shared/a", clock_wall_ns() - 3600 * NS_PER_SEC, 1);
	wait_until(world, (assert_true(s.pending == 0 || s.oldest_age_ns >= 3600 * NS_PER_SEC),
			   s.stored == 1));
	assert_int_equal(oldest_age_s(world), 0);
}

static void the_longest_wait_in_the_spool_is_known(void **state)
{
	struct world *world = *state;

	world->fake.down = true;
	start_with_spool(world);
	submit(world, "shared/a", clock_wall_ns() - 3600 * NS_PER_SEC, 1);
	wait_until(world, s.spooled == 1);
	assert_in_range(oldest_age_s(world), 3600, 3660);
	world->fake.down = false;
	wait_until(world, s.stored == 1);
	assert_int_equal(oldest_age_s(world), 0);
}

static void the_time_until_it_is_stored_is_known(void **state)
{
	struct world *world = *state;
	struct writer_stats stats;
	int64_t now = clock_wall_ns();

	start(world);
	submit(world, "shared/a", now - 3599 * NS_PER_SEC + 60 * NS_PER_SEC, 1);
	submit(world, "shared/b", now - 7200 * NS_PER_SEC, 2);
	submit(world, "shared/c", now + 3600 * NS_PER_SEC, 3); /* the clock was set back */
	drain(world);
	writer_stats(world->writer, &stats);
	assert_int_equal(stats.stored_after.counts[0], 1);
	assert_int_equal(stats.stored_after.counts[DURATIONS_BUCKETS - 2], 1);
	assert_int_equal(stats.stored_after.counts[DURATIONS_BUCKETS - 1], 1);
	assert_true(stats.written_ns >= now && stats.written_ns <= clock_wall_ns());
	/* An older login of the key changes nothing there, and was a success. */
	submit(world, "shared/c", now, 4);
	drain(world);
	writer_stats(world->writer, &stats);
	assert_int_equal(stats.stored, 3);
}

static void a_refused_record_is_counted_and_lets_the_source_go(void **state)
{
	struct world *world = *state;
	struct writer_stats stats;

	world->fake.poison = "bad";
	world->fake.poison_outcome = DICT_REFUSED;
	start(world);
	submit(world, "bad", 1, 10);
	submit(world, "good", 1, 20);
	drain(world);
	writer_stats(world->writer, &stats);
	assert_int_equal(stats.lost[WRITER_LOST_REFUSED], 1);
	assert_string_equal(stats.last_refusal, "poisoned");
	assert_int_equal(writer_acked(world->writer), 20);
	assert_int_equal(stored_time(world, "good"), 1);
}

static void an_uncertain_record_is_sent_again(void **state)
{
	struct world *world = *state;

	world->fake.poison = "a";
	world->fake.poison_outcome = DICT_UNCERTAIN;
	start(world);
	submit(world, "a", 1, 10);
	wait_until(world, s.uncertain >= 2);
	pthread_mutex_lock(&fake_lock);
	world->fake.poison = NULL;
	pthread_mutex_unlock(&fake_lock);
	drain(world);
	assert_int_equal(stored_time(world, "a"), 1);
	assert_int_equal(writer_acked(world->writer), 10);
}

static void at_the_ceiling_known_keys_are_kept_up_to_date_and_new_ones_counted(void **state)
{
	struct world *world = *state;
	struct writer_stats stats;

	fake_set_down(&world->fake, true);
	world->options.keys_max = 2;
	start(world);
	assert_int_equal(submit(world, "a", 1, 10), 0);
	assert_int_equal(submit(world, "b", 1, 20), 0);
	assert_int_equal(submit(world, "c", 1, 30), -ENOBUFS);
	fake_set_down(&world->fake, false);
	drain(world);
	writer_stats(world->writer, &stats);
	assert_int_equal(stats.lost[WRITER_LOST_MEMORY], 1);
	assert_int_equal(stored_time(world, "c"), -1);
	assert_int_equal(writer_acked(world->writer), 30);
}

static void drain_gives_up_at_its_deadline(void **state)
{
	struct world *world = *state;

	fake_set_down(&world->fake, true);
	start(world);
	submit(world, "a", 1, 10);
	assert_int_equal(writer_drain(world->writer, clock_monotonic_ns() + NS_PER_MSEC),
			 -ETIMEDOUT);
}

/* --- with a spool -------------------------------------------------------------------------- */

static void the_spool_lets_the_source_go_and_is_drained_later(void **state)
{
	struct world *world = *state;
	struct writer_stats stats;

	fake_set_down(&world->fake, true);
	start_with_spool(world);
	for (uint64_t i = 0; i < 2500; i++) {
		char key[32];

		snprintf(key, sizeof(key), "u%llu", (unsigned long long)(i % 1250));
		submit(world, key, 1 + (int64_t)i, i + 1);
	}
	wait_until(world, s.pending == 0 && s.spooled == 1250);
	assert_int_equal(writer_acked(world->writer), 2500);
	fake_set_down(&world->fake, false);
	wait_until(world, s.spooled == 0 && s.spool_out >= 1250);
	writer_stats(world->writer, &stats);
	assert_int_equal(world->fake.count, 1250);
	assert_int_equal(stored_time(world, "u1249"), 2500);
	assert_true(stats.up);
}

static void a_fresh_login_overtakes_its_spooled_one(void **state)
{
	struct world *world = *state;

	fake_set_down(&world->fake, true);
	start_with_spool(world);
	submit(world, "a", 5, 1);
	wait_until(world, s.spooled == 1 && s.pending == 0);
	submit(world, "a", 9, 2);
	fake_set_down(&world->fake, false);
	wait_until(world, s.spooled == 0 && s.pending == 0);
	assert_int_equal(stored_time(world, "a"), 9);
}

static void a_record_the_dict_puts_off_does_not_stop_the_others(void **state)
{
	struct world *world = *state;

	world->fake.poison = "poison";
	world->fake.poison_outcome = DICT_RETRY;
	start_with_spool(world);
	submit(world, "poison", 1, 1);
	wait_until(world, s.spooled == 1 && s.retried >= 2);
	submit(world, "a", 2, 2);
	wait_until(world, s.stored == 1);
	pthread_mutex_lock(&fake_lock);
	world->fake.poison = NULL;
	pthread_mutex_unlock(&fake_lock);
	wait_until(world, s.spooled == 0 && s.pending == 0);
	assert_int_equal(stored_time(world, "poison"), 1);
}

static void what_was_pending_at_the_end_is_there_at_the_next_start(void **state)
{
	struct world *world = *state;

	fake_set_down(&world->fake, true);
	world->options.batch_wait_ns = LONG_NS;
	start_with_spool(world);
	submit(world, "a", 5, 1);
	writer_free(&world->writer);
	fake_set_down(&world->fake, false);
	start_with_spool(world);
	wait_until(world, s.spool_out == 1);
	assert_int_equal(stored_time(world, "a"), 5);
}

static void a_spool_that_fails_leaves_records_in_memory(void **state)
{
	struct world *world = *state;
	const struct spool_options options = {.dir = "/proc/no-such-place", .name = "fake"};
	struct error error;

	fake_set_down(&world->fake, true);
	assert_int_equal(spool_open(&options, &world->options.spool, &error), 1);
	start(world);
	submit(world, "a", 5, 10);
	wait_until(world, s.spool_errors >= 2);
	assert_int_equal(writer_acked(world->writer), 0);
	fake_set_down(&world->fake, false);
	drain(world);
	assert_int_equal(stored_time(world, "a"), 5);
	assert_int_equal(writer_acked(world->writer), 10);
}

/* --- min_interval ------------------------------------------------------------------------------
 */

static int64_t scripted_ns; /* with fake_lock held */

static int64_t scripted_now(void)
{
	int64_t now;

	pthread_mutex_lock(&fake_lock);
	now = scripted_ns;
	pthread_mutex_unlock(&fake_lock);
	return now;
}

static void set_clock(int64_t ns)
{
	pthread_mutex_lock(&fake_lock);
	scripted_ns = ns;
	pthread_mutex_unlock(&fake_lock);
}

static void start_with_interval(struct world *world)
{
	const struct spool_options options = {.dir = world->dir,
					      .name = "fake",
					      .min_interval_ns = 600 * NS_PER_SEC,
					      .now = scripted_now};

	set_clock(1000 * NS_PER_SEC);
	assert_int_equal(spool_open(&options, &world->options.spool, NULL), 0);
	start(world);
}

static void a_key_is_not_written_twice_in_an_interval(void **state)
{
	struct world *world = *state;
	struct writer_stats stats;

	start_with_interval(world);
	submit(world, "shared/alice", 1000, 1);
	drain(world);
	submit(world, "shared/alice", 1001, 2);
	submit(world, "shared/bob", 1001, 3);
	drain(world);
	submit(world, "shared/alice", 1002, 4);
	drain(world);
	writer_stats(world->writer, &stats);
	assert_int_equal(stored_time(world, "shared/alice"), 1000);
	assert_int_equal(stored_time(world, "shared/bob"), 1001);
	assert_int_equal(writer_acked(world->writer), 4); /* what is held is safe */
	assert_int_equal(stats.held, 1);
	assert_int_equal(stats.coalesced, 1);
	assert_int_equal(writer_stats_difference(&stats), 0);
	/* The interval ends; another write makes the thread look. */
	set_clock(1600 * NS_PER_SEC);
	submit(world, "shared/carol", 1003, 5);
	wait_until(world, stored_time(world, "shared/alice") == 1002);
	wait_until(world, s.held == 0 && s.spooled == 0 && s.pending == 0);
	writer_stats(world->writer, &stats);
	assert_int_equal(writer_stats_difference(&stats), 0);
}

static void what_is_held_survives_the_writer(void **state)
{
	struct world *world = *state;
	struct writer_stats stats;

	start_with_interval(world);
	submit(world, "shared/alice", 1000, 1);
	drain(world);
	submit(world, "shared/alice", 1001, 2);
	drain(world);
	writer_free(&world->writer);
	start_with_interval(world);
	submit(world, "shared/alice", 1002, 3);
	drain(world);
	assert_int_equal(stored_time(world, "shared/alice"), 1000);
	set_clock(1600 * NS_PER_SEC);
	submit(world, "shared/carol", 1003, 4);
	wait_until(world, stored_time(world, "shared/alice") == 1002);
	wait_until(world, s.spooled == 0 && s.spool_found == 1);
	writer_stats(world->writer, &stats);
	assert_int_equal(writer_stats_difference(&stats), 0);
}

static void while_the_dict_is_down_the_interval_goes_on(void **state)
{
	struct world *world = *state;

	start_with_interval(world);
	submit(world, "shared/alice", 1000, 1);
	drain(world);
	fake_set_down(&world->fake, true);
	submit(world, "shared/bob", 1001, 2);
	submit(world, "shared/alice", 1001, 3);
	wait_until(world, s.spooled == 1 && s.held == 1 && writer_stats_difference(&s) == 0);
	fake_set_down(&world->fake, false);
	wait_until(world, stored_time(world, "shared/bob") == 1001);
	assert_int_equal(stored_time(world, "shared/alice"), 1000);
}

/* --- old records ----------------------------------------------------------------------------- */

static unsigned int expiries(struct world *world)
{
	unsigned int count;

	pthread_mutex_lock(&fake_lock);
	count = world->fake.expiries;
	pthread_mutex_unlock(&fake_lock);
	return count;
}

static void old_records_are_removed_in_batches(void **state)
{
	struct world *world = *state;

	world->options.expire_after_ns = NS_PER_SEC;
	world->options.batch_max = 10;
	world->fake.old = 25;
	start(world);
	assert_int_equal(submit(world, "shared/a", 1, 1), 0);
	wait_until(world, s.expired == 25 && s.stored == 1);
	assert_int_equal(expiries(world), 3);
}

static int note_before(void *context, int64_t before_ns, struct error *error_r)
{
	struct world *world = context;

	pthread_mutex_lock(&fake_lock);
	world->noted++;
	world->noted_before_ns = before_ns;
	pthread_mutex_unlock(&fake_lock);
	return world->note_error < 0 ? error_set(error_r, -world->note_error, "cannot") : 0;
}

static void a_round_of_them_is_noted_first(void **state)
{
	struct world *world = *state;
	int64_t now_ns = clock_wall_ns();

	world->options.expire_after_ns = NS_PER_SEC;
	world->options.batch_max = 10;
	world->options.expire_note = note_before;
	world->options.expire_context = world;
	world->fake.old = 25;
	start(world);
	wait_until(world, s.expired == 25);
	assert_int_equal(world->noted, 1);
	assert_true(world->noted_before_ns >= now_ns - NS_PER_SEC);
	assert_true(world->noted_before_ns < now_ns);
}

static void what_cannot_be_noted_stays(void **state)
{
	struct world *world = *state;
	unsigned int noted = 0;

	world->options.expire_after_ns = NS_PER_SEC;
	world->options.expire_every_ns = NS_PER_MSEC;
	world->options.expire_note = note_before;
	world->options.expire_context = world;
	world->note_error = -EACCES;
	world->fake.old = 25;
	start(world);
	while (noted < 3) {
		pthread_mutex_lock(&fake_lock);
		noted = world->noted;
		pthread_mutex_unlock(&fake_lock);
		usleep(1000);
	}
	assert_int_equal(expiries(world), 0);
}

static void they_are_looked_for_again(void **state)
{
	struct world *world = *state;

	world->options.expire_after_ns = NS_PER_SEC;
	world->options.expire_every_ns = NS_PER_MSEC;
	world->fake.old = 1;
	start(world);
	wait_until(world, s.expired == 1);
	pthread_mutex_lock(&fake_lock);
	world->fake.old = 2;
	pthread_mutex_unlock(&fake_lock);
	wait_until(world, s.expired == 3);
}

/* A store that has no such thing is asked once, one in trouble again. Neither is down for it. */
static void trouble_with_them_holds_up_no_login(void **state)
{
	struct world *world = *state;

	world->options.expire_after_ns = NS_PER_SEC;
	world->options.expire_every_ns = NS_PER_MSEC;
	world->fake.expire_error = -EIO;
	start(world);
	while (expiries(world) < 3)
		usleep(1000);
	assert_int_equal(submit(world, "shared/a", 1, 1), 0);
	drain(world);
	wait_until(world, s.stored == 1 && s.up && s.failures == 0 && s.expired == 0);
	pthread_mutex_lock(&fake_lock);
	world->fake.expire_error = -EOPNOTSUPP;
	world->fake.expiries = 0;
	pthread_mutex_unlock(&fake_lock);
	while (expiries(world) < 1)
		usleep(1000);
	assert_int_equal(submit(world, "shared/b", 1, 2), 0);
	drain(world);
	usleep(20000);
	assert_int_equal(expiries(world), 1);
}

static void without_an_age_nothing_is_removed(void **state)
{
	struct world *world = *state;

	world->fake.old = 1;
	start(world);
	assert_int_equal(submit(world, "shared/a", 1, 1), 0);
	drain(world);
	assert_int_equal(expiries(world), 0);
}

/* --- somebody is forgotten -------------------------------------------------------------- */

static const struct dict_key of_a[] = {{.text = {"shared/a", 8}}};

static void forget_a(struct world *world, struct writer_removal *removal)
{
	*removal = (struct writer_removal){
		.what = {.keys = of_a, .key_count = 1, .until_ns = INT64_MAX}};
	writer_remove(world->writer, removal);
	while (!writer_removed(world->writer, removal))
		usleep(1000);
}

static void what_is_stored_is_removed(void **state)
{
	struct world *world = *state;
	struct writer_removal removal;

	start(world);
	submit(world, "shared/a", 1, 1);
	submit(world, "shared/b", 1, 2);
	drain(world);
	forget_a(world, &removal);
	assert_int_equal(removal.ret, 1);
	assert_int_equal(stored_time(world, "shared/a"), -1);
	assert_int_equal(stored_time(world, "shared/b"), 1);
	submit(world, "shared/a", 2, 3);
	drain(world);
	assert_int_equal(stored_time(world, "shared/a"), 2);
}

/* In the batch that is being written, in memory and in the spool. */
static void what_waits_does_not_come_back(void **state)
{
	struct world *world = *state;
	struct writer_removal removal;

	fake_set_down(&world->fake, true);
	start_with_spool(world);
	submit(world, "shared/a", 1, 1);
	submit(world, "shared/b", 1, 2);
	wait_until(world, s.spooled == 2);
	submit(world, "shared/a", 2, 3);
	forget_a(world, &removal);
	assert_int_equal(removal.ret, -ECONNREFUSED);
	assert_true(removal.waiting >= 1 && removal.waiting <= 2);
	fake_set_down(&world->fake, false);
	wait_until(world, s.stored == 1 && s.spooled == 0 && s.pending == 0);
	assert_int_equal(stored_time(world, "shared/a"), -1);
	assert_int_equal(stored_time(world, "shared/b"), 1);
}

static void a_batch_that_is_under_way_is_waited_for(void **state)
{
	struct world *world = *state;
	struct writer_removal removal;

	world->fake.pause = 50000;
	start(world);
	submit(world, "shared/a", 1, 1);
	wait_until(world, s.pending == 1);
	usleep(10000);
	forget_a(world, &removal);
	drain(world);
	assert_int_equal(removal.ret + (int)removal.waiting, 1);
	assert_int_equal(stored_time(world, "shared/a"), -1);
	assert_int_equal(writer_acked(world->writer), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario(what_is_submitted_is_stored_and_acknowledged),
		scenario(only_the_newest_of_a_key_survives_in_any_order),
		scenario(a_mark_moves_the_position_without_a_record),
		scenario(the_eventfd_signals_progress),
		scenario(without_a_spool_the_source_is_held_until_the_dict_is_back),
		scenario(the_state_has_reason_and_begin),
		scenario(the_longest_wait_is_known),
		scenario(what_is_being_written_waits_too),
		scenario(the_longest_wait_in_the_spool_is_known),
		scenario(the_time_until_it_is_stored_is_known),
		scenario(a_refused_record_is_counted_and_lets_the_source_go),
		scenario(an_uncertain_record_is_sent_again),
		scenario(at_the_ceiling_known_keys_are_kept_up_to_date_and_new_ones_counted),
		scenario(drain_gives_up_at_its_deadline),
		scenario(the_spool_lets_the_source_go_and_is_drained_later),
		scenario(a_fresh_login_overtakes_its_spooled_one),
		scenario(a_record_the_dict_puts_off_does_not_stop_the_others),
		scenario(what_was_pending_at_the_end_is_there_at_the_next_start),
		scenario(a_spool_that_fails_leaves_records_in_memory),
		scenario(a_key_is_not_written_twice_in_an_interval),
		scenario(what_is_held_survives_the_writer),
		scenario(while_the_dict_is_down_the_interval_goes_on),
		scenario(old_records_are_removed_in_batches),
		scenario(a_round_of_them_is_noted_first),
		scenario(what_cannot_be_noted_stays),
		scenario(they_are_looked_for_again),
		scenario(trouble_with_them_holds_up_no_login),
		scenario(without_an_age_nothing_is_removed),
		scenario(what_is_stored_is_removed),
		scenario(what_waits_does_not_come_back),
		scenario(a_batch_that_is_under_way_is_waited_for),
	};

	log_init(LOG_SINK_STDERR, LOG_LEVEL_ERROR, "test_writer");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
