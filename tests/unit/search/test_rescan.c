/* SPDX-License-Identifier: MIT */
/* Real processes; the time is the test's. */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "search/rescan.h"

static struct rescan rescan;

static int set_up(void **state)
{
	(void)state;
	rescan = (struct rescan){.count = 0};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rescan_release(&rescan);
	assert_int_equal(rescan.count, 0);
	assert_int_equal(rescan_due_ns(&rescan), INT64_MAX);
	return 0;
}

static pid_t start(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void add(pid_t pid, int64_t now_ns)
{
	struct process process;

	assert_int_equal(process_identify(pid, &process), 0);
	rescan_add(&rescan, &process, now_ns);
	process_close(&process);
}

static pid_t take(int64_t now_ns)
{
	struct process process;

	if (!rescan_take(&rescan, now_ns, &process))
		return 0;
	process_close(&process);
	return process.pid;
}

static void each_is_due_once_its_linker_is_done(void **state)
{
	pid_t one = start(), two = start();

	(void)state;
	assert_int_equal(rescan_due_ns(&rescan), INT64_MAX);
	add(one, 100);
	add(two, 200);
	assert_true(rescan_due_ns(&rescan) == 100 + RESCAN_DELAY_NS);
	assert_int_equal(take(99 + RESCAN_DELAY_NS), 0);
	assert_int_equal(take(100 + RESCAN_DELAY_NS), one);
	assert_true(rescan_due_ns(&rescan) == 200 + RESCAN_DELAY_NS);
	assert_int_equal(take(100 + RESCAN_DELAY_NS), 0);
	assert_int_equal(take(1000 + RESCAN_DELAY_NS), two);
	assert_int_equal(take(1000 + RESCAN_DELAY_NS), 0);
	end(one);
	end(two);
}

static void one_that_has_ended_is_passed_over(void **state)
{
	pid_t gone = start(), here = start();

	(void)state;
	add(gone, 1);
	add(here, 2);
	end(gone);
	assert_int_equal(take(10 + RESCAN_DELAY_NS), here);
	end(here);
}

static void what_there_is_no_room_for_is_left_out(void **state)
{
	pid_t pid = start(), other = start();
	unsigned int taken = 0;

	(void)state;
	/* Twice as many in all, so that the ring goes round. */
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < RESCAN_MAX; i++)
			add(pid, i);
		add(other, RESCAN_MAX);
		assert_int_equal(rescan.count, RESCAN_MAX);
		for (int i = 0; i < RESCAN_MAX / 2 + round * RESCAN_MAX; i++)
			taken += take(1000 + RESCAN_DELAY_NS) == pid;
	}
	assert_int_equal(take(1000 + RESCAN_DELAY_NS), 0);
	assert_int_equal(taken, RESCAN_MAX / 2 + RESCAN_MAX);
	end(pid);
	end(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_is_due_once_its_linker_is_done, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(one_that_has_ended_is_passed_over, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_there_is_no_room_for_is_left_out, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
