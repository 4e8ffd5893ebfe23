/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "base/clock.h"
#include "search/read_budget.h"

#define MIB	  (1LL << 20)
#define SECOND	  NS_PER_SEC
#define LOOKS	  (READ_BUDGET_SHARE / READ_BUDGET_LOOK_MIN)
#define A_SECOND  (READ_BUDGET_SHARE_RATE / READ_BUDGET_LOOK_MIN) /* looks */
#define HUGE_FILE (64 * MIB) /* what is read of a file at most */
#define HOSTILE	  7

static struct read_budget budget;
static int64_t now_ns;

static int set_up(void **state)
{
	(void)state;
	budget = (struct read_budget){.all = {0}};
	now_ns = 1000 * SECOND;
	return 0;
}

/* How many looks a device gets when it tries so often. */
static unsigned int looks(uint64_t device, unsigned int tries, int64_t bytes)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < tries; i++) {
		if (!read_budget_allows(&budget, device, now_ns))
			continue;
		read_budget_spend(&budget, device, bytes, now_ns);
		count++;
	}
	return count;
}

static void many_small_files_are_looked_at_then_no_more(void **state)
{
	(void)state;
	assert_int_equal(looks(HOSTILE, 10000, 100), LOOKS);
	now_ns += 10 * SECOND;
	assert_int_equal(looks(HOSTILE, 10000, 100), 10 * A_SECOND);
}

static void huge_ones_count_as_what_they_are(void **state)
{
	(void)state;
	assert_int_equal(looks(HOSTILE, 1000, HUGE_FILE), READ_BUDGET_SHARE / HUGE_FILE);
	/* What took more than there was is paid for later. */
	for (int i = 0; i < 10; i++)
		read_budget_spend(&budget, HOSTILE, INT64_MAX, now_ns);
	now_ns += 10 * HUGE_FILE / READ_BUDGET_SHARE_RATE * SECOND - SECOND;
	assert_int_equal(looks(HOSTILE, 1, 1), 0);
	now_ns += 2 * SECOND;
	assert_int_equal(looks(HOSTILE, 1, 1), 1);
}

static void others_are_not_kept_waiting(void **state)
{
	(void)state;
	looks(HOSTILE, 10000, 64 * MIB);
	for (uint64_t device = 100; device < 110; device++)
		assert_int_equal(looks(device, 10, 2 * MIB), 10);
}

/* It mounts one file system after the other. */
static void many_devices_have_an_end_as_well(void **state)
{
	unsigned int count = 0;

	(void)state;
	for (uint64_t device = 1; device < 10000; device++)
		count += looks(device, 10, 64 * MIB);
	assert_int_equal(count, READ_BUDGET_ALL / HUGE_FILE);
	now_ns += 2 * SECOND;
	assert_int_equal(looks(20000, 10, HUGE_FILE), 2 * READ_BUDGET_ALL_RATE / HUGE_FILE);
}

static void a_long_quiet_time_fills_it_up_and_no_further(void **state)
{
	(void)state;
	looks(HOSTILE, 10000, 1);
	now_ns += INT64_MAX / 2;
	assert_int_equal(looks(HOSTILE, 10000, 1), LOOKS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(many_small_files_are_looked_at_then_no_more, set_up),
		cmocka_unit_test_setup(huge_ones_count_as_what_they_are, set_up),
		cmocka_unit_test_setup(others_are_not_kept_waiting, set_up),
		cmocka_unit_test_setup(many_devices_have_an_end_as_well, set_up),
		cmocka_unit_test_setup(a_long_quiet_time_fills_it_up_and_no_further, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
