/* SPDX-License-Identifier: MIT */
/* Questions to a store that the case delays and releases. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "collector/lookups.h"

static atomic_bool held;
static atomic_int asked;

static int store(const void *context, struct slice user, int64_t timeout_ns, struct buf *out,
		 struct error *error_r)
{
	assert_ptr_equal(context, &held);
	assert_true(timeout_ns > 0 && timeout_ns <= LOOKUPS_NS);
	atomic_fetch_add(&asked, 1);
	while (atomic_load(&held))
		usleep(1000);
	if (slice_is(user, "down"))
		return error_set(error_r, ECONNREFUSED, "it is down");
	buf_append_str(out, "seen ");
	return buf_append_slice(out, user);
}

static struct lookups *begin(bool hold)
{
	struct lookups *lookups = NULL;

	atomic_store(&held, hold);
	atomic_store(&asked, 0);
	assert_int_equal(lookups_new(store, &held, &lookups), 0);
	return lookups;
}

static uint64_t put(struct lookups *lookups, const char *user, int64_t now_ns)
{
	uint64_t number = 0;

	assert_int_equal(lookups_begin(lookups, slice_str(user), now_ns, &number), 0);
	return number;
}

/* So many have been put one after the other, as fast as they may be, up to now. */
static int64_t early(int64_t now_ns, unsigned int i)
{
	return now_ns - (int64_t)(LOOKUPS_MAX - i) * NS_PER_SEC / LOOKUPS_RATE;
}

static int wait_for(struct lookups *lookups, uint64_t number, struct buf *out, struct error *error)
{
	int ret = 1, taken;

	while ((taken = lookups_take(lookups, number, clock_monotonic_ns(), out, &ret, error)) == 0)
		usleep(1000);
	assert_int_equal(taken, 1);
	return ret;
}

static void each_gets_its_own_answer(void **state)
{
	struct lookups *lookups = begin(false);
	int64_t now = clock_monotonic_ns();
	uint64_t a = put(lookups, "a", now), down = put(lookups, "down", now),
		 b = put(lookups, "b", now);
	struct error error = {0};
	struct buf out;
	int ret;

	(void)state;
	buf_init(&out, 100);
	assert_int_equal(wait_for(lookups, b, &out, &error), 0);
	assert_string_equal(buf_str(&out), "seen b");
	buf_reset(&out);
	assert_int_equal(wait_for(lookups, a, &out, &error), 0);
	assert_string_equal(buf_str(&out), "seen a");
	assert_int_equal(wait_for(lookups, down, &out, &error), -ECONNREFUSED);
	assert_string_equal(error.text, "it is down");
	assert_int_equal(lookups_take(lookups, a, now, &out, &ret, &error), -ENOENT);
	assert_int_equal(lookups_take(lookups, 99, now, &out, &ret, &error), -ENOENT);
	buf_release(&out);
	lookups_free(&lookups);
}

/* The time is the caller's, so nobody has to wait for it. */
static void a_store_that_hangs_costs_its_time_and_no_more(void **state)
{
	struct lookups *lookups = begin(true);
	int64_t now = clock_monotonic_ns();
	uint64_t first = put(lookups, "a", now), second = put(lookups, "b", now);
	struct error error = {0};
	struct buf out;
	int ret = 0;

	(void)state;
	buf_init(&out, 100);
	while (atomic_load(&asked) == 0)
		usleep(1000);
	assert_int_equal(lookups_take(lookups, first, now, &out, &ret, &error), 0);
	assert_int_equal(lookups_take(lookups, first, now + LOOKUPS_NS, &out, &ret, &error), 1);
	assert_int_equal(ret, -ETIMEDOUT);
	assert_int_equal(lookups_take(lookups, second, now + LOOKUPS_NS, &out, &ret, &error), 1);
	assert_int_equal(ret, -ETIMEDOUT);
	assert_int_equal(lookups_take(lookups, first, now, &out, &ret, &error), -ENOENT);
	assert_int_equal(out.len, 0);
	atomic_store(&held, false);
	assert_int_equal(wait_for(lookups, put(lookups, "c", clock_monotonic_ns()), &out, &error),
			 0);
	assert_string_equal(buf_str(&out), "seen c");
	assert_int_equal(atomic_load(&asked), 2); /* nobody asked for the second one */
	buf_release(&out);
	lookups_free(&lookups);
}

static void there_are_so_many_at_a_time(void **state)
{
	struct lookups *lookups = begin(true);
	int64_t now = clock_monotonic_ns();
	uint64_t number;

	(void)state;
	for (unsigned int i = 0; i < LOOKUPS_MAX; i++)
		put(lookups, "a", early(now, i));
	assert_int_equal(lookups_begin(lookups, slice_str("b"), now + NS_PER_SEC, &number),
			 -EAGAIN);
	atomic_store(&held, false);
	lookups_free(&lookups);
}

static void there_are_so_many_in_a_second(void **state)
{
	struct lookups *lookups = begin(false);
	struct error error = {0};
	unsigned int taken = 0;
	uint64_t number;
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	for (unsigned int i = 0; i < 1000; i++) {
		int64_t now = NS_PER_SEC + i * NS_PER_SEC / 1000;

		if (lookups_begin(lookups, slice_str("a"), now, &number) < 0)
			continue;
		taken++;
		buf_reset(&out);
		(void)wait_for(lookups, number, &out, &error);
	}
	assert_in_range(taken, LOOKUPS_RATE, LOOKUPS_RATE + LOOKUPS_MAX);
	buf_release(&out);
	lookups_free(&lookups);
}

static void answers_that_nobody_takes_make_room(void **state)
{
	struct lookups *lookups = begin(false);
	int64_t now = clock_monotonic_ns();
	struct error error = {0};
	uint64_t first = 0, number = 0;
	struct buf out;
	int ret;

	(void)state;
	buf_init(&out, 100);
	for (unsigned int i = 0; i <= LOOKUPS_MAX; i++) {
		int taken = (int)atomic_load(&asked);

		number = put(lookups, "a", early(now, i));
		first = first ? first : number;
		while (atomic_load(&asked) == taken)
			usleep(1000);
		usleep(1000);
	}
	assert_int_equal(lookups_take(lookups, first, now, &out, &ret, &error), -ENOENT);
	assert_int_equal(wait_for(lookups, number, &out, &error), 0);
	buf_release(&out);
	lookups_free(&lookups);
}

static void a_name_has_a_length(void **state)
{
	static char long_name[70000];
	struct lookups *lookups = begin(false);
	uint64_t number;

	(void)state;
	memset(long_name, 'a', sizeof(long_name) - 1);
	assert_int_equal(lookups_begin(lookups, slice_str(""), 1, &number), -EINVAL);
	assert_int_equal(lookups_begin(lookups, slice_str(long_name), 1, &number), -EINVAL);
	lookups_free(&lookups);
	lookups_free(&lookups);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_gets_its_own_answer),
		cmocka_unit_test(a_store_that_hangs_costs_its_time_and_no_more),
		cmocka_unit_test(there_are_so_many_at_a_time),
		cmocka_unit_test(there_are_so_many_in_a_second),
		cmocka_unit_test(answers_that_nobody_takes_make_room),
		cmocka_unit_test(a_name_has_a_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
