/* SPDX-License-Identifier: MIT */
/* min_interval with a clock that the test sets: what is held, until when, and what kill -9, steps
 * of the clock and a changed interval do about it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "base/clock.h"
#include "store/spool/spool.h"

#define MINUTE	 (60 * NS_PER_SEC)
#define INTERVAL (10 * MINUTE)

static int64_t clock_ns;

static int64_t scripted_now(void)
{
	return clock_ns;
}

struct place {
	char dir[64];
	struct spool *spool;
};

static void open_with(struct place *place, int64_t interval_ns)
{
	const struct spool_options options = {.dir = place->dir,
					      .name = "redis",
					      .synchronous = "off",
					      .min_interval_ns = interval_ns,
					      .now = scripted_now};
	struct error error = {0};

	spool_close(&place->spool);
	if (spool_open(&options, &place->spool, &error) != 0)
		fail_msg("%s", error.text);
}

static int place_setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	snprintf(place->dir, sizeof(place->dir), "/tmp/test_hold.XXXXXX");
	assert_non_null(mkdtemp(place->dir));
	clock_ns = 1000 * MINUTE;
	open_with(place, INTERVAL);
	*state = place;
	return 0;
}

static int place_teardown(void **state)
{
	struct place *place = *state;
	char command[96];

	spool_close(&place->spool);
	snprintf(command, sizeof(command), "rm -rf %s", place->dir);
	assert_int_equal(system(command), 0);
	free(place);
	return 0;
}

static const struct key_part part = {.variable = "user", .offset = 0, .len = 1};

/* A login of the key now, as the writer deals with it: true if it is written, false if held. */
static bool login(struct place *place, const char *key)
{
	struct dict_entry entry = {.key = slice_str(key),
				   .value = slice_str("v"),
				   .time_ns = clock_ns,
				   .parts = &part,
				   .part_count = 1};
	struct error error = {0};

	assert_int_equal(spool_hold(place->spool, &entry, 1, &error), 0);
	if (entry.outcome == DICT_DONE)
		return false;
	dict_entry_set(&entry, DICT_STORED, "%s", "");
	assert_int_equal(spool_apply_outcomes(place->spool, &entry, 1, &error), 0);
	return true;
}

/* Everything that waits now is written; "key@minute key@minute" in order. */
static const char *written_now(struct place *place)
{
	static char text[256];
	struct spool_batch batch;
	struct error error = {0};
	size_t len = 0;

	text[0] = '\0';
	assert_int_equal(spool_read(place->spool, 100, &batch, &error), 0);
	for (size_t i = 0; i < batch.count; i++) {
		struct dict_entry *entry = &batch.entries[i];

		assert_int_equal(entry->part_count, 1);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%.*s@%lld",
					i > 0 ? " " : "", (int)entry->key.len, entry->key.ptr,
					(long long)(entry->time_ns / MINUTE));
		dict_entry_set(entry, DICT_STORED, "%s", "");
	}
	assert_int_equal(spool_apply_outcomes(place->spool, batch.entries, batch.count, &error), 0);
	spool_batch_release(&batch);
	return text;
}

static void at(int64_t minute)
{
	clock_ns = minute * MINUTE;
}

static void the_first_login_is_written_at_once(void **state)
{
	struct place *place = *state;

	assert_true(login(place, "alice"));
	assert_true(login(place, "bob"));
	assert_int_equal(spool_held(place->spool), 0);
	assert_int_equal(spool_due_in_ns(place->spool), INT64_MAX);
}

static void the_newest_of_an_interval_is_written_at_its_end(void **state)
{
	struct place *place = *state;

	assert_true(login(place, "alice"));
	at(1002);
	assert_false(login(place, "alice"));
	at(1007);
	assert_false(login(place, "alice"));
	at(1009);
	assert_string_equal(written_now(place), "");
	assert_int_equal(spool_due_in_ns(place->spool), 1 * MINUTE);
	at(1010);
	assert_string_equal(written_now(place), "alice@1007");
	assert_int_equal(spool_stats(place->spool)->coalesced, 1); /* that of 1002 */
	assert_int_equal(spool_held(place->spool), 0);
	assert_int_equal(spool_count(place->spool), 0);
}

static void the_next_interval_begins_with_that_write(void **state)
{
	struct place *place = *state;

	login(place, "alice");
	at(1009);
	login(place, "alice");
	at(1010);
	assert_string_equal(written_now(place), "alice@1009");
	at(1012);
	assert_false(login(place, "alice"));
	at(1019);
	assert_string_equal(written_now(place), "");
	at(1020);
	assert_string_equal(written_now(place), "alice@1012");
	at(1031);
	assert_true(login(place, "alice")); /* a quiet interval: at once again */
}

static void writes_are_bounded_by_the_interval(void **state)
{
	struct place *place = *state;
	unsigned int written = 0;

	for (int64_t second = 0; second < 3600; second++) {
		clock_ns = 1000 * MINUTE + second * NS_PER_SEC;
		written += login(place, "alice");
		written += written_now(place)[0] != '\0';
	}
	assert_int_equal(written, 6); /* an hour at one login a second, every ten minutes */
	assert_int_equal(spool_stats(place->spool)->coalesced, 3600 - 6 - spool_held(place->spool));
}

static void an_older_login_costs_nothing(void **state)
{
	struct place *place = *state;
	struct dict_entry older = {
		.key = slice_str("alice"), .value = slice_str("v"), .time_ns = 999 * MINUTE};

	login(place, "alice");
	assert_int_equal(spool_hold(place->spool, &older, 1, NULL), 0);
	assert_int_equal(older.outcome, DICT_DONE);
	assert_int_equal(spool_held(place->spool), 0);
	assert_int_equal(spool_stats(place->spool)->coalesced, 1);
}

static void a_held_login_never_replaces_a_newer_one(void **state)
{
	struct place *place = *state;
	struct dict_entry older = {
		.key = slice_str("alice"), .value = slice_str("v"), .time_ns = 1003 * MINUTE};

	login(place, "alice");
	at(1007);
	login(place, "alice");
	assert_int_equal(spool_hold(place->spool, &older, 1, NULL), 0);
	at(1010);
	assert_string_equal(written_now(place), "alice@1007");
}

/* The process that held and wrote is killed; another one opens the file. */
static void nothing_is_forgotten_by_kill(void **state)
{
	struct place *place = *state;
	int status;
	pid_t pid;

	spool_close(&place->spool);
	pid = fork();
	if (pid == 0) {
		open_with(place, INTERVAL);
		(void)login(place, "alice");
		(void)login(place, "bob");
		at(1004);
		(void)login(place, "alice");
		(void)raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	at(1005);
	open_with(place, INTERVAL);
	assert_int_equal(spool_held(place->spool), 1);
	assert_int_equal(spool_due_in_ns(place->spool), 5 * MINUTE);
	assert_false(login(place, "bob"));
	assert_true(login(place, "carol"));
	assert_string_equal(written_now(place), "");
	at(1010);
	assert_string_equal(written_now(place), "alice@1004 bob@1005");
}

static void what_was_due_while_nothing_ran_is_written_at_the_start(void **state)
{
	struct place *place = *state;

	login(place, "alice");
	at(1001);
	login(place, "alice");
	spool_close(&place->spool);
	at(2000);
	open_with(place, INTERVAL);
	assert_string_equal(written_now(place), "alice@1001");
}

static void a_clock_that_was_set_back_holds_nothing_for_longer(void **state)
{
	struct place *place = *state;

	login(place, "alice");
	at(1001);
	login(place, "alice");
	at(400); /* ten hours back */
	assert_string_equal(written_now(place), "alice@1001");
	at(300);
	assert_true(login(place, "bob"));
	at(200);
	assert_true(login(place, "bob")); /* its last write lies in the future */
}

static void a_clock_that_was_set_forward_ends_the_interval(void **state)
{
	struct place *place = *state;

	login(place, "alice");
	at(1001);
	login(place, "alice");
	at(100000);
	assert_string_equal(written_now(place), "alice@1001");
}

static void another_interval_counts_at_once(void **state)
{
	struct place *place = *state;

	login(place, "alice");
	at(1003);
	login(place, "alice");
	open_with(place, 2 * MINUTE); /* due at 1010 is later than can be */
	assert_string_equal(written_now(place), "alice@1003");
	at(1004);
	assert_false(login(place, "alice"));
	open_with(place, 0);
	assert_string_equal(written_now(place), "alice@1004");
	assert_true(login(place, "alice"));
	assert_true(login(place, "alice"));
}

static void all_can_be_let_go(void **state)
{
	struct place *place = *state;

	login(place, "alice");
	login(place, "bob");
	at(1002);
	login(place, "alice");
	at(1003);
	login(place, "bob");
	assert_int_equal(spool_release_held(place->spool, NULL), 0);
	assert_int_equal(spool_held(place->spool), 0);
	assert_int_equal(spool_count(place->spool), 2);
	assert_string_equal(written_now(place), "alice@1002 bob@1003");
	at(1004);
	assert_false(login(place, "alice")); /* written a minute ago */
}

static void a_row_that_waits_already_gets_the_newer_login(void **state)
{
	struct place *place = *state;
	struct dict_entry entry = {.key = slice_str("alice"),
				   .value = slice_str("v"),
				   .time_ns = 1001 * MINUTE,
				   .parts = &part,
				   .part_count = 1};

	login(place, "alice");
	dict_entry_set(&entry, DICT_RETRY, "%s", "");
	assert_int_equal(spool_apply_outcomes(place->spool, &entry, 1, NULL), 0);
	at(1002);
	assert_false(login(place, "alice"));
	assert_int_equal(spool_release_held(place->spool, NULL), 0);
	assert_int_equal(spool_count(place->spool), 1);
	assert_string_equal(written_now(place), "alice@1002");
}

static uint64_t count_written(struct place *place)
{
	char command[160], text[32] = "";
	FILE *out;

	snprintf(command, sizeof(command), "sqlite3 %s/redis.spool 'SELECT count(*) FROM written'",
		 place->dir);
	out = popen(command, "r");
	assert_non_null(fgets(text, sizeof(text), out));
	pclose(out);
	return strtoull(text, NULL, 10);
}

static void what_says_nothing_any_more_is_dropped(void **state)
{
	struct place *place = *state;
	char key[16];

	for (int i = 0; i < 300; i++) {
		at(1000 + i);
		snprintf(key, sizeof(key), "user%d", i);
		assert_true(login(place, key));
	}
	assert_true(count_written(place) <= 20); /* of two intervals, not of five hours */
	assert_true(count_written(place) >= 10);
}

int main(void)
{
#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
		SCENARIO(the_first_login_is_written_at_once),
		SCENARIO(the_newest_of_an_interval_is_written_at_its_end),
		SCENARIO(the_next_interval_begins_with_that_write),
		SCENARIO(writes_are_bounded_by_the_interval),
		SCENARIO(an_older_login_costs_nothing),
		SCENARIO(a_held_login_never_replaces_a_newer_one),
		SCENARIO(nothing_is_forgotten_by_kill),
		SCENARIO(what_was_due_while_nothing_ran_is_written_at_the_start),
		SCENARIO(a_clock_that_was_set_back_holds_nothing_for_longer),
		SCENARIO(a_clock_that_was_set_forward_ends_the_interval),
		SCENARIO(another_interval_counts_at_once),
		SCENARIO(all_can_be_let_go),
		SCENARIO(a_row_that_waits_already_gets_the_newer_login),
		SCENARIO(what_says_nothing_any_more_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
