/* SPDX-License-Identifier: MIT */
#include <time.h>

#include "manager.h"
#include "serve/notify.h"

/* sd_notify(3) has the words. */
static void the_manager_hears_of_each_state(void **state)
{
	struct timespec now;
	long long usec = 0;

	(void)state;
	notify_ready(12);
	assert_string_equal(manager_hear(NULL), "READY=1\nSTATUS=12 probes attached");
	notify_reloaded();
	assert_string_equal(manager_hear(NULL), "READY=1");
	notify_alive();
	assert_string_equal(manager_hear(NULL), "WATCHDOG=1");
	notify_reloading();
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	assert_int_equal(sscanf(manager_hear(NULL), "RELOADING=1\nMONOTONIC_USEC=%lld", &usec), 1);
	assert_in_range(usec, 1, now.tv_sec * 1000000LL + now.tv_nsec / 1000);
	assert_true(usec > (now.tv_sec - 3600) * 1000000LL);
	assert_string_equal(manager_hear(NULL), "");
}

static void without_a_manager_nothing_happens(void **state)
{
	char *socket_path = strdup(getenv("NOTIFY_SOCKET"));

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	notify_ready(1);
	notify_reloading();
	notify_reloaded();
	notify_alive();
	setenv("NOTIFY_SOCKET", socket_path, 1);
	free(socket_path);
	assert_string_equal(manager_hear(NULL), "");
}

static void the_watchdog_is_this_processs(void **state)
{
	char pid[32];

	(void)state;
	unsetenv("WATCHDOG_USEC");
	assert_int_equal(notify_watchdog_ns(), 0);
	setenv("WATCHDOG_USEC", "1500000", 1);
	assert_true(notify_watchdog_ns() == 1500000000LL);
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("WATCHDOG_PID", pid, 1);
	assert_true(notify_watchdog_ns() == 1500000000LL);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(notify_watchdog_ns(), 0);
	setenv("WATCHDOG_USEC", "x", 1);
	unsetenv("WATCHDOG_PID");
	assert_int_equal(notify_watchdog_ns(), 0);
	unsetenv("WATCHDOG_USEC");
}

static void the_log_is_the_journals_if_it_reads_standard_error(void **state)
{
	(void)state;
	unsetenv("JOURNAL_STREAM");
	assert_int_equal(notify_log_sink(), LOG_SINK_STDERR);
	setenv("JOURNAL_STREAM", "8:1234", 1);
	assert_int_equal(notify_log_sink(), LOG_SINK_JOURNAL);
	unsetenv("JOURNAL_STREAM");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_manager_hears_of_each_state),
		cmocka_unit_test(without_a_manager_nothing_happens),
		cmocka_unit_test(the_watchdog_is_this_processs),
		cmocka_unit_test(the_log_is_the_journals_if_it_reads_standard_error),
	};

	return cmocka_run_group_tests(tests, manager_start, manager_end);
}
