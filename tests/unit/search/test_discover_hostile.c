/* SPDX-License-Identifier: MIT */
/* Roots that want to lead discovery astray, or to keep it busy. */
#include <errno.h>
#include <sys/sysmacros.h>

#include "base/clock.h"
#include "discover_scenario.h"
#include "search/read_budget.h"

static void test_links_do_not_lead_out_of_the_root(void **state)
{
	struct scenario *scenario = *state;
	char target[256];

	/* As seen from the root this is no path at all; followed from outside it would be one. */
	write_storage(scenario, "outside/lib.so", "2.4.ABIv1");
	make_path(scenario, "outside/lib.so", target);
	link_to(scenario, STORAGE, target);
	scan(scenario);
	assert_int_equal(scenario->found, 0);
}

static void test_a_fifo_in_its_place_does_no_harm(void **state)
{
	struct scenario *scenario = *state;
	char path[256];

	make_directories(scenario, STORAGE);
	make_path(scenario, STORAGE, path);
	assert_int_equal(mkfifo(path, 0666), 0);
	scan(scenario);
	assert_int_equal(scenario->found, 0);
}

/* As root only: a device that blocks, or never ends. */
static void test_a_device_in_its_place_does_no_harm(void **state)
{
	struct scenario *scenario = *state;
	char path[256];

	make_directories(scenario, STORAGE);
	make_path(scenario, STORAGE, path);
	if (mknod(path, S_IFCHR | 0666, makedev(1, 5)) < 0) /* zero */
		skip();
	scan(scenario);
	assert_int_equal(scenario->found, 0);
}

/* The host's and other containers' files must not wait for one that keeps us busy. */
static void test_a_file_that_changes_all_the_time_is_looked_at_seldom(void **state)
{
	struct scenario *scenario = *state;
	int64_t begin = clock_monotonic_ns(), seconds;

	write_storage(scenario, STORAGE, "2.4.ABIv1");
	scan(scenario);
	for (int i = 0; i < 1000; i++) {
		write_storage(scenario, STORAGE, i % 2 ? "2.4.ABIv1" : "2.9.ABIv9");
		discover_changed(scenario->discover);
	}
	seconds = (clock_monotonic_ns() - begin) / NS_PER_SEC;
	assert_true(scenario->found >= 5);
	assert_true(scenario->found <= 5 + (uint64_t)seconds);
}

/* Nor for one with many that are as large as may be. */
static void test_large_files_are_looked_at_a_few_at_a_time(void **state)
{
	const unsigned int share = READ_BUDGET_SHARE / ELF_FILE_MAX;
	struct scenario *scenario = *state;
	int64_t begin = clock_monotonic_ns(), seconds;
	char name[64], path[256];

	for (unsigned int i = 0; i < 2 * share; i++) {
		snprintf(name, sizeof(name), STORAGE ".%u", i);
		write_storage(scenario, name, "2.4.ABIv1");
		make_path(scenario, name, path);
		assert_int_equal(truncate(path, ELF_FILE_MAX), 0);
	}
	assert_int_equal(discover_scan(scenario->discover, NULL), -EBUSY);
	seconds = (clock_monotonic_ns() - begin) / NS_PER_SEC;
	assert_true(scenario->found >= share);
	assert_true(scenario->found <= share + seconds * READ_BUDGET_SHARE_RATE / ELF_FILE_MAX + 1);
}

/* Nor for one with a directory full of links; nothing is looked up in it as long as it has to wait.
 */
static void test_a_farm_of_links_is_looked_at_seldom(void **state)
{
	const unsigned int looks = READ_BUDGET_SHARE / (5000 * READ_BUDGET_NAME);
	struct scenario *scenario = *state;
	int64_t begin = clock_monotonic_ns(), seconds;
	char name[64];

	for (unsigned int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), STORAGE ".%u", i);
		link_to(scenario, name, "nowhere");
	}
	for (unsigned int i = 0; i < 2 * looks; i++)
		scan(scenario);
	write_storage(scenario, STORAGE, "2.4.ABIv1");
	scan(scenario);
	seconds = (clock_monotonic_ns() - begin) / NS_PER_SEC;
	if (seconds * READ_BUDGET_SHARE_RATE < READ_BUDGET_SHARE)
		assert_int_equal(scenario->found, 0);
}

static bool refuse(void *ctx, uint64_t namespace, const char *place)
{
	(void)ctx;
	(void)namespace;
	(void)place;
	return false;
}

static void test_what_is_left_out_is_not_lost(void **state)
{
	const struct discover_guard closed = {.enter = refuse}, open = {0};
	struct scenario *scenario = *state;

	write_storage(scenario, STORAGE, "2.4.ABIv1");
	scan(scenario);
	discover_set_guard(scenario->discover, &closed);
	for (int i = 0; i < 4; i++)
		scan(scenario);
	assert_int_equal(scenario->lost, 0);
	discover_set_guard(scenario->discover, &open);
	scan(scenario);
	assert_int_equal(scenario->found, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(test_links_do_not_lead_out_of_the_root),
		SCENARIO(test_a_fifo_in_its_place_does_no_harm),
		SCENARIO(test_a_device_in_its_place_does_no_harm),
		SCENARIO(test_a_file_that_changes_all_the_time_is_looked_at_seldom),
		SCENARIO(test_large_files_are_looked_at_a_few_at_a_time),
		SCENARIO(test_a_farm_of_links_is_looked_at_seldom),
		SCENARIO(test_what_is_left_out_is_not_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
