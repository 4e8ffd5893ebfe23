/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "priv/usage.h"

/* A name may look like the end of the name and more. */
static void the_kernels_line_is_read_behind_the_name(void **state)
{
	const double ticks = (double)sysconf(_SC_CLK_TCK);
	struct priv_usage usage;

	(void)state;
	assert_int_equal(priv_usage_parse("7 (a) S 1 2) R 1 2 3 4 5 6 7 8 9 10 100 50 13 14 15 16 "
					  "17 18 1000 4096 3 18446744073709551615 1\n",
					  1000, &usage),
			 0);
	assert_true(fabs(usage.cpu_seconds - 150 / ticks) < 1e-9);
	assert_true(fabs(usage.started - (1000 + 1000 / ticks)) < 1e-9);
	assert_int_equal(usage.virtual_bytes, 4096);
	assert_int_equal(usage.resident_bytes, 3 * sysconf(_SC_PAGESIZE));
}

static void what_is_no_such_line_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"7 (a",
		"7 (a)",
		"7 (a) R 1 2 3 4 5 6 7 8 9 10 100",
		"7 (a) R x 2 3 4 5 6 7 8 9 10 1 1 13 14 15 16 17 18 1 1 3",
	};
	struct priv_usage usage;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(priv_usage_parse(texts[i], 0, &usage), -EPROTO);
	assert_int_equal(priv_usage_read(0, &usage), -ENOENT);
}

static double seconds_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* The kernel counts the same for getrusage(2), in finer steps. */
static void a_running_process(void **state)
{
	struct priv_usage before, usage;
	struct rlimit limit = {64, 64};
	struct rusage self;
	int fd;

	(void)state;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	do
		getrusage(RUSAGE_SELF, &self);
	while (seconds_of(self.ru_utime) + seconds_of(self.ru_stime) < 0.1);
	assert_int_equal(priv_usage_read(getpid(), &before), 0);
	assert_true(before.cpu_seconds >= 0.05 && before.cpu_seconds < 60);
	assert_true(before.started > 1e9 && before.started < (double)time(NULL) + 2);
	assert_true(before.virtual_bytes > before.resident_bytes);
	assert_true(before.resident_bytes > 100000);
	assert_int_equal(before.max_fds, 64);
	fd = dup(0);
	assert_int_equal(priv_usage_read(getpid(), &usage), 0);
	assert_int_equal(usage.open_fds, before.open_fds + 1);
	assert_true(usage.started == before.started);
	close(fd);
}

static pid_t start(const char *name)
{
	int fds[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NAME, name);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)!write(fds[1], "x", 1);
		for (;;)
			pause();
	}
	assert_int_equal(read(fds[0], &byte, 1), 1);
	close(fds[0]);
	close(fds[1]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_child_is_found_by_its_name(void **state)
{
	pid_t other = start("searcher2"), pid = start("searcher");
	struct priv_usage usage;

	(void)state;
	assert_int_equal(priv_usage_child(getpid(), "searcher"), pid);
	assert_int_equal(priv_usage_child(getpid(), "search"), 0);
	assert_int_equal(priv_usage_read(pid, &usage), 0);
	assert_true(usage.resident_bytes > 0);
	end(pid);
	assert_int_equal(priv_usage_child(getpid(), "searcher"), 0);
	assert_int_equal(priv_usage_read(pid, &usage), -ENOENT);
	end(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernels_line_is_read_behind_the_name),
		cmocka_unit_test(what_is_no_such_line_is_refused),
		cmocka_unit_test(a_running_process),
		cmocka_unit_test(a_child_is_found_by_its_name),
	};

	return cmocka_run_group_tests_name("usage", tests, NULL, NULL);
}
