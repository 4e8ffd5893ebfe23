/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../cmocka_all.h"
#include "base/clock.h"

static int64_t ns_of(clockid_t id)
{
	struct timespec ts;

	assert_int_equal(clock_gettime(id, &ts), 0);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* Between two looks of our own, however long they take. */
static void expect_clock(int64_t (*clock)(void), clockid_t id)
{
	int64_t before = ns_of(id), now = clock(), after = ns_of(id);

	assert_true(before <= now);
	assert_true(now <= after);
}

static void each_clock_is_the_kernels(void **state)
{
	(void)state;
	expect_clock(clock_boot_ns, CLOCK_BOOTTIME);
	expect_clock(clock_monotonic_ns, CLOCK_MONOTONIC);
	expect_clock(clock_wall_ns, CLOCK_REALTIME);
}

static void a_stamp_of_now_is_the_time_of_now(void **state)
{
	struct clock_offset offset;
	int64_t before, wall, after;

	(void)state;
	clock_sample(&offset);
	before = ns_of(CLOCK_BOOTTIME);
	wall = ns_of(CLOCK_REALTIME);
	after = ns_of(CLOCK_BOOTTIME);
	/* A second is for the adjustments of a clock that is being disciplined. */
	assert_true(clock_to_wall(&offset, (uint64_t)before) <= wall + NS_PER_SEC);
	assert_true(clock_to_wall(&offset, (uint64_t)after) >= wall - NS_PER_SEC);
}

static void stamps_keep_their_distances(void **state)
{
	const struct clock_offset offset = {.wall_minus_boot = 1000};

	(void)state;
	assert_true(clock_to_wall(&offset, 0) == 1000);
	assert_true(clock_to_wall(&offset, 7) == 1007);
	assert_true(clock_to_wall(&(struct clock_offset){-5}, 7) == 2);
}

static void expect_utc(int64_t ns, const char *expected)
{
	struct buf out;

	buf_init(&out, 100);
	assert_int_equal(clock_append_utc(&out, ns), 0);
	assert_string_equal(buf_str(&out), expected);
	buf_release(&out);
}

static void times_are_printed_in_utc(void **state)
{
	(void)state;
	setenv("TZ", "America/New_York", 1);
	tzset();
	expect_utc(0, "1970-01-01T00:00:00.000000Z");
	expect_utc(1795338303123456789, "2026-11-22T09:05:03.123456Z");
	expect_utc(1709164800000000999, "2024-02-29T00:00:00.000000Z");
	expect_utc(2147483648 * NS_PER_SEC + 1000, "2038-01-19T03:14:08.000001Z");
	unsetenv("TZ");
}

static void a_full_buffer_is_its_error(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 27);
	assert_int_equal(clock_append_utc(&out, 0), 0);
	buf_release(&out);
	buf_init(&out, 26);
	assert_int_equal(clock_append_utc(&out, 0), -E2BIG);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_clock_is_the_kernels),
		cmocka_unit_test(a_stamp_of_now_is_the_time_of_now),
		cmocka_unit_test(stamps_keep_their_distances),
		cmocka_unit_test(times_are_printed_in_utc),
		cmocka_unit_test(a_full_buffer_is_its_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
