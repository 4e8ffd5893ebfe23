/* SPDX-License-Identifier: MIT */
/* Places in quarantine. Searchers are processes that have ended, or wait to be killed. */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "search_case.h"

#define SECOND NS_PER_SEC

static pid_t start(bool waits)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (waits)
			pause();
		_exit(0);
	}
	return pid;
}

static void stall_at(struct search_case *it, uint64_t namespace, const char *place, pid_t pid)
{
	it->search->shared->namespace = namespace;
	(void)snprintf(it->search->shared->place, SEARCH_PLACE_MAX, "%s", place);
	search_quarantine(it->search, pid);
}

/* A killed searcher ends only when the server has answered. */
static void wait_until_reaped(struct search_case *it, size_t at)
{
	while (it->search->stalled[at].killed != 0) {
		search_reap_killed(it->search);
		usleep(1000);
	}
}

static bool is_left_out(const struct search_case *it, uint64_t namespace, const char *place)
{
	uint64_t key = search_place_key(namespace, place);

	for (size_t i = 0; i < SEARCH_SKIPS_MAX; i++) {
		if (atomic_load(&it->search->shared->skips[i]) == key)
			return true;
	}
	return false;
}

static void a_place_has_a_key_and_a_namespace_one_for_all(void **state)
{
	(void)state;
	assert_true(search_place_key(0, "/a") != search_place_key(0, "/b"));
	assert_true(search_place_key(0, "/a") == search_place_key(0, "/a"));
	assert_true(search_place_key(7, "/a") == search_place_key(7, "/b"));
	assert_true(search_place_key(7, "/a") != search_place_key(8, "/a"));
	assert_true(search_place_key(0, "") != 0);
}

static void a_stalled_place_is_left_out_and_reported_once(void **state)
{
	struct search_case *it = *state;

	stall_at(it, 0, "/fuse", start(false));
	assert_int_equal(it->stalled, 1);
	assert_int_equal(it->stalled_count, 1);
	assert_string_equal(it->place, "/fuse");
	assert_true(is_left_out(it, 0, "/fuse"));
	assert_false(is_left_out(it, 0, "/other"));
	wait_until_reaped(it, 0);
	stall_at(it, 0, "/fuse", start(false));
	assert_int_equal(it->stalled, 1);
	stall_at(it, 9, "/fuse", start(false));
	assert_int_equal(it->stalled, 2);
	assert_int_equal(it->stalled_count, 2);
	wait_until_reaped(it, 0);
	wait_until_reaped(it, 1);
}

static void it_is_tried_again_later_and_later(void **state)
{
	struct search_case *it = *state;
	struct stalled_path *path = &it->search->stalled[0];
	int64_t expected = 5 * SECOND;

	assert_int_equal(search_stalled_due_ns(it->search), INT64_MAX);
	for (int i = 0; i < 12; i++) {
		int64_t now = clock_monotonic_ns();

		stall_at(it, 0, "/fuse", start(false));
		wait_until_reaped(it, 0);
		assert_true(search_stalled_due_ns(it->search) >= now + expected);
		assert_true(search_stalled_due_ns(it->search) <= clock_monotonic_ns() + expected);
		assert_false(search_retry_stalled(it->search)); /* not yet */
		path->retry_ns = clock_monotonic_ns();
		assert_true(search_retry_stalled(it->search));
		assert_false(is_left_out(it, 0, "/fuse"));
		assert_int_equal(search_stalled_due_ns(it->search), INT64_MAX);
		expected = expected < 3600 * SECOND ? 2 * expected : expected;
	}
	assert_true(expected < 2 * 3600 * SECOND); /* it did not grow without end */
}

/* Its server has the searcher: another try would be the next that waits for it. */
static void while_a_searcher_hangs_there_is_no_try(void **state)
{
	struct search_case *it = *state;
	pid_t pid = start(true);

	stall_at(it, 0, "/fuse", pid);
	search_reap_killed(it->search);
	it->search->stalled[0].retry_ns = 1;
	assert_false(search_retry_stalled(it->search));
	assert_int_equal(search_stalled_due_ns(it->search), INT64_MAX);
	assert_int_equal(kill(pid, SIGKILL), 0);
	wait_until_reaped(it, 0);
	assert_int_equal(search_stalled_due_ns(it->search), 1);
	assert_true(search_retry_stalled(it->search));
}

static void a_good_search_ends_the_quarantine_of_what_was_tried(void **state)
{
	struct search_case *it = *state;

	stall_at(it, 0, "/one", start(false));
	stall_at(it, 0, "/two", start(false));
	wait_until_reaped(it, 0);
	wait_until_reaped(it, 1);
	it->search->stalled[0].retry_ns = 1;
	assert_true(search_retry_stalled(it->search));
	search_clear_stalled(it->search);
	assert_int_equal(it->recovered, 1);
	assert_string_equal(it->place, "/one");
	assert_int_equal(it->stalled_count, 1);
	assert_true(is_left_out(it, 0, "/two"));
	search_clear_stalled(it->search);
	assert_int_equal(it->recovered, 1);
	stall_at(it, 0, "/one", start(false)); /* it counts anew */
	assert_int_equal(it->stalled, 3);
	assert_true(it->search->stalled[0].delay_ns == 5 * SECOND);
	wait_until_reaped(it, 0);
}

/* Each container has a server of its own that may hold a searcher for ever. */
static void too_many_hanging_searchers_stay_in_our_namespace(void **state)
{
	struct search_case *it = *state;
	pid_t pids[17];

	for (int i = 0; i < 16; i++) {
		assert_false(atomic_load(&it->search->shared->only_ours));
		pids[i] = start(true);
		stall_at(it, 100 + (uint64_t)i, "/x", pids[i]);
	}
	assert_true(atomic_load(&it->search->shared->only_ours));
	assert_int_equal(kill(pids[3], SIGKILL), 0);
	wait_until_reaped(it, 3);
	assert_false(atomic_load(&it->search->shared->only_ours));
	for (size_t i = 0; i < 16; i++) {
		kill(pids[i], SIGKILL);
		wait_until_reaped(it, i);
	}
}

static void more_places_than_there_is_room_for_stay_in_our_namespace(void **state)
{
	struct search_case *it = *state;
	char place[16];

	for (int i = 0; i < SEARCH_SKIPS_MAX; i++) {
		(void)snprintf(place, sizeof(place), "/%d", i);
		stall_at(it, 0, place, 0);
	}
	assert_int_equal(it->stalled, SEARCH_SKIPS_MAX);
	assert_false(atomic_load(&it->search->shared->only_ours));
	stall_at(it, 0, "/one more", 0);
	assert_int_equal(it->stalled, SEARCH_SKIPS_MAX);
	assert_true(atomic_load(&it->search->shared->only_ours));
}

/* The memory is the searcher's as well. */
static void a_place_without_an_end_is_cut(void **state)
{
	struct search_case *it = *state;

	it->search->shared->namespace = 5;
	memset(it->search->shared->place, 'x', SEARCH_PLACE_MAX);
	search_quarantine(it->search, 0);
	assert_int_equal(strlen(it->search->stalled[0].place), SEARCH_PLACE_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_place_has_a_key_and_a_namespace_one_for_all),
		CASE(a_stalled_place_is_left_out_and_reported_once),
		CASE(it_is_tried_again_later_and_later),
		CASE(while_a_searcher_hangs_there_is_no_try),
		CASE(a_good_search_ends_the_quarantine_of_what_was_tried),
		CASE(too_many_hanging_searchers_stay_in_our_namespace),
		CASE(more_places_than_there_is_room_for_stay_in_our_namespace),
		CASE(a_place_without_an_end_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
