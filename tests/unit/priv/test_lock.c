/* SPDX-License-Identifier: MIT */
/* Locks go with processes, so each scenario has some: "other" is one that holds what is said. */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "base/clock.h"
#include "priv/lock.h"

static char dir[32];

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test-lock.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	char path[64];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/lock", dir);
	(void)unlink(path);
	return rmdir(dir);
}

/* Forks a process that takes the attacher's byte, and the collector's, too, if it is asked to. */
static pid_t other(bool collector)
{
	int channel[2], fd;
	char said = 0;
	pid_t pid;

	assert_int_equal(pipe(channel), 0);
	pid = fork();
	if (pid == 0) {
		fd = lock_take(dir, NULL);
		said = fd >= 0 && (!collector || lock_wait(fd, 0, NULL) == 0) ? 'y' : 'n';
		if (write(channel[1], &said, 1) == 1)
			(void)pause();
		_exit(1);
	}
	close(channel[1]);
	assert_int_equal(read(channel[0], &said, 1), 1);
	assert_int_equal(said, 'y');
	close(channel[0]);
	return pid;
}

static void end(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_a_second_one_learns_who_the_first_is(void **state)
{
	pid_t first = other(false);
	struct error error;
	char number[32];

	(void)state;
	(void)snprintf(number, sizeof(number), "process %d", (int)first);
	assert_int_equal(lock_take(dir, &error), -EBUSY);
	assert_non_null(strstr(error.text, number));
	end(first);
}

static void test_a_killed_one_leaves_no_lock(void **state)
{
	int fd;

	(void)state;
	end(other(true));
	fd = lock_take(dir, NULL);
	assert_true(fd >= 0);
	assert_int_equal(lock_wait(fd, 0, NULL), 0);
	close(fd);
}

/* What the child of a killed attacher does: it has the descriptor, and the attacher's byte not. */
static void test_a_child_takes_its_own_byte_only(void **state)
{
	int fd = lock_take(dir, NULL), status;
	pid_t child;

	(void)state;
	assert_true(fd >= 0);
	child = fork();
	if (child == 0)
		_exit(lock_wait(fd, 0, NULL) == 0 && lock_take(dir, NULL) == -EBUSY ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(fd);
}

static void test_a_collector_waits_for_the_one_before(void **state)
{
	pid_t before = other(true);
	struct error error;
	int fd, status;
	pid_t waiter = fork();

	(void)state;
	if (waiter == 0) {
		char path[64];

		(void)snprintf(path, sizeof(path), "%s/lock", dir);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (lock_wait(fd, 0, &error) != -EBUSY || !strstr(error.text, "earlier collector"))
			_exit(2);
		kill(before, SIGKILL);
		_exit(lock_wait(fd, clock_monotonic_ns() + 20 * NS_PER_SEC, NULL) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(waiter, &status, 0), waiter);
	assert_int_equal(status, 0);
	assert_int_equal(waitpid(before, NULL, 0), before);
}

/* The collector's user may write into the directory. */
static void test_a_link_is_not_followed(void **state)
{
	char path[64], target[64];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/lock", dir);
	(void)snprintf(target, sizeof(target), "%s/elsewhere", dir);
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(lock_take(dir, NULL), -ELOOP);
	assert_int_equal(access(target, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_second_one_learns_who_the_first_is, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_killed_one_leaves_no_lock, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_child_takes_its_own_byte_only, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_collector_waits_for_the_one_before, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_link_is_not_followed, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
