/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "base/loop.h"

struct seen {
	struct loop_watch *watch, *other;
	int count, signal;
};

static struct loop *new_loop(void)
{
	struct loop *loop;

	assert_int_equal(loop_new(&loop, NULL), 0);
	return loop;
}

static void count_to_three(struct loop *loop, void *context)
{
	struct seen *seen = context;

	if (++seen->count == 3)
		loop_stop(loop);
}

static void a_timer_repeats_until_the_loop_stops(void **state)
{
	struct loop *loop = new_loop();
	struct seen seen = {0};

	(void)state;
	assert_int_equal(loop_add_timer(loop, count_to_three, &seen, &seen.watch, NULL), 0);
	loop_timer_set(seen.watch, 1, 1000);
	assert_int_equal(loop_run(loop, NULL), 0);
	assert_int_equal(seen.count, 3);
	loop_free(&loop);
}

static void note_signal(struct loop *loop, int signal, void *context)
{
	((struct seen *)context)->signal = signal;
	loop_stop(loop);
}

static void a_signal_calls_back(void **state)
{
	struct loop *loop = new_loop();
	struct seen seen = {0};

	(void)state;
	assert_int_equal(
		loop_add_signals(loop, (int[]){SIGUSR1, SIGUSR2, 0}, note_signal, &seen, NULL), 0);
	assert_int_equal(kill(getpid(), SIGUSR2), 0);
	assert_int_equal(loop_run(loop, NULL), 0);
	assert_int_equal(seen.signal, SIGUSR2);
	loop_free(&loop);
}

static void remove_both(struct loop *loop, void *context)
{
	struct seen *seen = context;

	seen->count++;
	loop_remove(&seen->watch);
	loop_remove(&seen->other);
	loop_stop(loop);
}

static void a_callback_may_remove_watches_that_are_due(void **state)
{
	struct loop *loop = new_loop();
	struct seen seen = {0};
	int pipes[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(write(pipes[1], "x", 1), 1);
	assert_int_equal(loop_add_fd(loop, pipes[0], remove_both, &seen, &seen.watch, NULL), 0);
	assert_int_equal(loop_add_timer(loop, remove_both, &seen, &seen.other, NULL), 0);
	loop_timer_set(seen.other, 1, 0);
	usleep(1000);
	assert_int_equal(loop_run(loop, NULL), 0);
	assert_int_equal(seen.count, 1);
	loop_free(&loop);
	close(pipes[0]);
	close(pipes[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_timer_repeats_until_the_loop_stops),
		cmocka_unit_test(a_signal_calls_back),
		cmocka_unit_test(a_callback_may_remove_watches_that_are_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
