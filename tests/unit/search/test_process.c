/* SPDX-License-Identifier: MIT */
/* Mount namespaces in /proc, of real processes (as root). */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "priv/sandbox.h"
#include "search/process.h"

/* A process that waits to be killed, in a mount namespace of its own if own. */
static pid_t start(bool own)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		if (!own || unshare(CLONE_NEWNS) == 0)
			(void)!write(ready[1], "", 1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static uint64_t namespace_of(pid_t pid)
{
	struct process process;

	assert_int_equal(process_identify(pid, &process), 0);
	process_close(&process);
	return process.namespace;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void what_shares_our_namespace_is_ours(void **state)
{
	pid_t pid = start(false);

	(void)state;
	assert_int_equal(namespace_of(pid), 0);
	end(pid);
}

static void another_namespace_is_the_same_for_all_in_it(void **state)
{
	pid_t pid = start(true);

	(void)state;
	assert_int_not_equal(namespace_of(pid), 0);
	assert_int_equal(namespace_of(pid), namespace_of(pid));
	end(pid);
}

static bool kernel_has_ids(void)
{
	int fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	uint64_t id;
	bool does = fd >= 0 && ioctl(fd, PRIV_GET_MNTNS_ID, &id) == 0;

	close(fd);
	return does;
}

/* The number of a namespace that is gone goes to the next one: most likely at once. */
static void the_next_namespace_is_another(void **state)
{
	uint64_t last = 0, next;

	(void)state;
	if (!kernel_has_ids())
		skip();
	for (int i = 0; i < 20; i++) {
		pid_t pid = start(true);

		next = namespace_of(pid);
		end(pid);
		assert_int_not_equal(next, last);
		last = next;
	}
}

static void a_process_that_has_ended_is_an_error(void **state)
{
	pid_t pid = start(false);
	struct process process;

	(void)state;
	end(pid);
	assert_int_equal(process_identify(pid, &process), -ENOENT);
}

/* Between two questions it ends, and another one may have got its number. */
static void it_is_the_same_process_or_none(void **state)
{
	pid_t pid = start(false);
	struct process process;

	(void)state;
	assert_int_equal(process_identify(pid, &process), 0);
	end(pid);
	assert_true(process_stat_exe(&process) < 0);
	assert_true(process_open(&process) < 0);
	assert_true(process_open_exe(&process) < 0);
	process_close(&process);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_shares_our_namespace_is_ours),
		cmocka_unit_test(another_namespace_is_the_same_for_all_in_it),
		cmocka_unit_test(the_next_namespace_is_another),
		cmocka_unit_test(a_process_that_has_ended_is_an_error),
		cmocka_unit_test(it_is_the_same_process_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
