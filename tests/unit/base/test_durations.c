/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "../cmocka_all.h"
#include "base/durations.h"

static unsigned int bucket_of(int64_t ns)
{
	struct durations durations = {.sum_us = 0};
	unsigned int found = DURATIONS_BUCKETS;

	durations_add(&durations, ns);
	for (unsigned int i = 0; i < DURATIONS_BUCKETS; i++) {
		if (durations.counts[i] == 0)
			continue;
		assert_int_equal(durations.counts[i], 1);
		assert_int_equal(found, DURATIONS_BUCKETS);
		found = i;
	}
	return found;
}

/* A bound belongs to its bucket, as "le" means it. */
static void each_duration_is_in_the_bucket_of_its_bound(void **state)
{
	(void)state;
	for (unsigned int i = 0; i + 1 < DURATIONS_BUCKETS; i++) {
		int64_t ns = (int64_t)(durations_bound(i) * 1e9 + 0.5);

		assert_true(durations_bound(i) < durations_bound(i + 1));
		assert_int_equal(bucket_of(ns - 1), i);
		assert_int_equal(bucket_of(ns), i);
		assert_int_equal(bucket_of(ns + 1), i + 1);
	}
	assert_true(isinf(durations_bound(DURATIONS_BUCKETS - 1)));
	assert_int_equal(bucket_of(INT64_MAX), DURATIONS_BUCKETS - 1);
}

static void a_clock_that_was_set_back_costs_nothing(void **state)
{
	struct durations durations = {.sum_us = 0};

	(void)state;
	durations_add(&durations, INT64_MIN);
	durations_add(&durations, 0);
	assert_int_equal(durations.counts[0], 2);
	assert_true(durations_sum(&durations) == 0);
}

static void the_sum_is_in_seconds(void **state)
{
	struct durations durations = {.sum_us = 0};

	(void)state;
	durations_add(&durations, 1500000);
	durations_add(&durations, 4000000000);
	assert_true(fabs(durations_sum(&durations) - 4.0015) < 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_duration_is_in_the_bucket_of_its_bound),
		cmocka_unit_test(a_clock_that_was_set_back_costs_nothing),
		cmocka_unit_test(the_sum_is_in_seconds),
	};

	return cmocka_run_group_tests_name("durations", tests, NULL, NULL);
}
