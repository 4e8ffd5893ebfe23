/* SPDX-License-Identifier: MIT */
/* Its life: from the first record to each of its ends. */
#include <sysexits.h>

#include "collector_case.h"

static char printed[1 << 16];

static int end_by(struct running *it, int signal)
{
	assert_int_equal(kill(it->pid, signal), 0);
	return running_end(it, printed, sizeof(printed));
}

static int set_up(void **state)
{
	return enter_folder(state);
}

static void forget_records(void)
{
	(void)unlink("dict");
	(void)unlink("clock");
}

static void logins_are_written_and_their_room_given_back(void **state)
{
	struct running *it = running_start("");

	(void)state;
	running_login(it, "a@x");
	running_login(it, "b@x");
	wait_for_file("dict", "shared/last/b@x\n");
	assert_true(file_has("dict", "shared/last/a@x\n"));
	wait_for_answer(it->control, "/metrics", "\ndovetap_ring_used_bytes 0\n");
	wait_for_answer(it->control, "/metrics", "\ndovetap_events_total 2\n");
	running_login(it, "c@x"); /* it waits for the ring again */
	wait_for_file("dict", "shared/last/c@x\n");
	assert_int_equal(end_by(it, SIGTERM), EX_OK);
	forget_records();
}

/* Stopped before it can look: what is in the ring by then is written all the same. */
static void what_is_in_the_ring_is_written_at_the_end(void **state)
{
	static const int signals[] = {SIGTERM, SIGINT};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct running *it = running_start("");

		assert_int_equal(kill(it->pid, SIGSTOP), 0);
		running_login(it, "late@x");
		assert_int_equal(kill(it->pid, signals[i]), 0);
		assert_int_equal(end_by(it, SIGCONT), EX_OK);
		assert_true(file_has("dict", "shared/last/late@x\n"));
		forget_records();
	}
}

static void the_end_of_the_attacher_is_its_end(void **state)
{
	struct running *it = running_start("");

	(void)state;
	running_login(it, "a@x");
	close(it->peer);
	it->peer = -1;
	assert_int_equal(running_end(it, printed, sizeof(printed)), EX_OK);
	assert_non_null(strstr(printed, "the attacher is gone"));
	assert_true(file_has("dict", "shared/last/a@x\n"));
	forget_records();
}

/* A reload is a new collector: this one is not asked. */
static void a_hangup_is_passed_over(void **state)
{
	struct running *it = running_start("");

	(void)state;
	assert_int_equal(kill(it->pid, SIGHUP), 0);
	running_login(it, "a@x");
	wait_for_file("dict", "shared/last/a@x\n");
	assert_int_equal(end_by(it, SIGTERM), EX_OK);
	forget_records();
}

/* The next one reads the same ring where this one ended. */
static void a_killed_one_loses_nothing(void **state)
{
	struct running *it = running_start("");
	int status;

	(void)state;
	assert_int_equal(kill(it->pid, SIGSTOP), 0);
	running_login(it, "kept@x");
	assert_int_equal(kill(it->pid, SIGKILL), 0);
	assert_int_equal(waitpid(it->pid, &status, 0), it->pid);
	assert_false(file_has("dict", "kept@x"));
	close(it->output);
	running_fork(it);
	running_wait_ready(it);
	wait_for_file("dict", "shared/last/kept@x\n");
	assert_int_equal(end_by(it, SIGTERM), EX_OK);
	forget_records();
}

static void records_that_nobody_took_are_reported_at_the_end(void **state)
{
	struct running *it =
		running_new("spool_dir = /proc/none\nmirror_dicts = file:/proc/none/f");

	(void)state;
	running_fork(it);
	running_wait_ready(it);
	running_login(it, "a@x");
	wait_for_file("dict", "shared/last/a@x\n");
	assert_int_equal(end_by(it, SIGTERM), COLLECTOR_EXIT_UNWRITTEN);
	assert_non_null(strstr(printed, "1 records are left in the ring"));
	forget_records();
}

static void another_one_at_its_socket_is_its_end(void **state)
{
	struct running *first = running_start(""), *second = running_new("");

	(void)state;
	running_fork(second);
	assert_int_equal(running_end(second, printed, sizeof(printed)), EX_UNAVAILABLE);
	assert_non_null(strstr(printed, "another dovetap answers at "));
	assert_int_equal(end_by(first, SIGTERM), EX_OK);
}

static void a_map_that_is_none_is_its_end(void **state)
{
	struct running *it = running_new("");

	(void)state;
	assert_int_equal(ftruncate(it->fds.counters, 0), 0);
	running_fork(it);
	assert_int_not_equal(running_end(it, printed, sizeof(printed)), EX_OK);
	assert_non_null(strstr(printed, "error: "));
}

static void live_prints_a_line_for_each_login(void **state)
{
	struct running *it = running_new("");

	(void)state;
	it->options.live = true;
	running_fork(it);
	running_wait_ready(it);
	running_login(it, "seen@x");
	wait_for_file("dict", "seen@x");
	assert_int_equal(end_by(it, SIGTERM), EX_OK);
	assert_non_null(strstr(printed, " imap seen@x -\n"));
	forget_records();
}

/* What is kept can be replayed. */
static void record_keeps_every_event(void **state)
{
	struct running *it = running_new("");
	struct event_source *replay;
	struct clock_offset offset;
	struct slice bytes;
	uint64_t position;
	char path[300];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/events", folder);
	it->options.record = path;
	running_fork(it);
	running_wait_ready(it);
	running_login(it, "kept@x");
	wait_for_file("dict", "kept@x");
	assert_int_equal(end_by(it, SIGTERM), EX_OK);
	assert_int_equal(replay_open(path, &replay, &offset, NULL), 0);
	assert_int_equal(replay->ops->peek(replay, &bytes, &position, NULL), 1);
	assert_int_equal(bytes.len, sizeof(struct dovetap_event));
	assert_int_equal(replay->ops->peek(replay, &bytes, &position, NULL), -ENODATA);
	replay->ops->close(replay);
	forget_records();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logins_are_written_and_their_room_given_back),
		cmocka_unit_test(what_is_in_the_ring_is_written_at_the_end),
		cmocka_unit_test(the_end_of_the_attacher_is_its_end),
		cmocka_unit_test(a_hangup_is_passed_over),
		cmocka_unit_test(a_killed_one_loses_nothing),
		cmocka_unit_test(records_that_nobody_took_are_reported_at_the_end),
		cmocka_unit_test(another_one_at_its_socket_is_its_end),
		cmocka_unit_test(a_map_that_is_none_is_its_end),
		cmocka_unit_test(live_prints_a_line_for_each_login),
		cmocka_unit_test(record_keeps_every_event),
	};

	return cmocka_run_group_tests(tests, set_up, leave_folder);
}
