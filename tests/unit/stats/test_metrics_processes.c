/* SPDX-License-Identifier: MIT */
#include "stats_case.h"

static void each_process_that_runs_has_its_numbers(void **state)
{
	char *text;

	(void)state;
	SAMPLES(&text, metrics_collect_processes(getppid(), metrics));
	assert_non_null(strstr(text, "\nprocess_cpu_seconds_total{process=\"attacher\"} "));
	assert_non_null(strstr(text, "\nprocess_cpu_seconds_total{process=\"collector\"} "));
	assert_non_null(strstr(text, "\nprocess_start_time_seconds{process=\"collector\"} "));
	assert_non_null(strstr(text, "\nprocess_virtual_memory_bytes{process=\"collector\"} "));
	assert_non_null(strstr(text, "\nprocess_resident_memory_bytes{process=\"collector\"} "));
	assert_non_null(strstr(text, "\nprocess_open_fds{process=\"collector\"} "));
	assert_null(strstr(text, "searcher"));
	free(text);
}

static void what_does_not_run_has_none(void **state)
{
	char *text;

	(void)state;
	SAMPLES(&text, metrics_collect_processes(0, metrics));
	assert_null(strstr(text, "attacher"));
	assert_non_null(strstr(text, "\nprocess_cpu_seconds_total{process=\"collector\"} "));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_process_that_runs_has_its_numbers),
		cmocka_unit_test(what_does_not_run_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
