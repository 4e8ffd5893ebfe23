/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "search/file_id.h"

static const struct file_id original = {.dev = 1,
					.ino = 100,
					.ctime_ns = 5000,
					.size = 4096,
					.build_id = "abcd",
					.build_id_len = 4};

/* Of two clones of one file system this is as true as of two overlays on one. */
static void test_files_on_two_devices_are_alike_at_most(void **state)
{
	struct file_id other = original;

	(void)state;
	other.dev = 2;
	assert_false(file_id_equal(&original, &other));
	assert_true(file_id_alike(&original, &other));
	assert_false(file_id_overwritten(&original, &other));
	assert_false(file_id_alike(&original, &original));
	for (size_t i = 0; i < 4; i++) {
		other = original;
		other.dev = 2;
		other.ino += i == 0;
		other.size += i == 1;
		other.ctime_ns += i == 2;
		other.build_id[0] = (uint8_t)(other.build_id[0] + (i == 3));
		assert_false(file_id_alike(&original, &other));
	}
}

/* A copy into the upper layer keeps the number, but its time is new. */
static void test_a_copied_up_file_is_another(void **state)
{
	struct file_id other = original;

	(void)state;
	other.dev = 2;
	other.ctime_ns++;
	assert_false(file_id_equal(&original, &other));
	assert_false(file_id_overwritten(&original, &other));
}

/* In the container's own overlay even the device is the same; a probe on one is none on the other.
 */
static void test_a_copy_in_the_same_overlay_is_another(void **state)
{
	struct file_id lower = original, copy = original;

	(void)state;
	lower.btime_ns = 1000;
	copy.btime_ns = 6000;
	copy.ctime_ns = 6000;
	assert_false(file_id_equal(&lower, &copy));
	assert_true(file_id_copied_up(&lower, &copy));
	/* Who runs the lower one still needs its probe. */
	assert_false(file_id_overwritten(&lower, &copy));
	/* Where births are not known, nothing is said. */
	copy.btime_ns = 0;
	assert_true(file_id_equal(&lower, &copy));
	assert_false(file_id_copied_up(&lower, &copy));
}

static void test_chmod_does_not_make_a_new_file(void **state)
{
	struct file_id other = original;

	(void)state;
	other.ctime_ns++;
	assert_true(file_id_equal(&original, &other));
	other.build_id_len = 0;
	assert_false(file_id_equal(&original, &other));
}

static void test_new_content_in_the_same_inode_is_seen(void **state)
{
	struct file_id other = original;

	(void)state;
	other.ctime_ns++;
	other.build_id[0] = 'x';
	assert_false(file_id_equal(&original, &other));
	assert_true(file_id_overwritten(&original, &other));
}

static void test_a_replaced_file_is_another(void **state)
{
	struct file_id other = original;

	(void)state;
	other.ino = 101;
	assert_false(file_id_equal(&original, &other));
	assert_false(file_id_overwritten(&original, &other));
}

/* Where all files of an image have one change time, inode and size say nothing. */
static void test_a_time_in_whole_seconds_is_none(void **state)
{
	struct file_id one = original, two = original;

	(void)state;
	one.ctime_ns = two.ctime_ns = 0;
	two.dev = 2;
	assert_true(file_id_alike(&one, &two));
	one.build_id_len = two.build_id_len = 0;
	assert_false(file_id_alike(&one, &two));
	one.ctime_ns = two.ctime_ns = 1234567890; /* a real time, to the nanosecond */
	assert_true(file_id_alike(&one, &two));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_on_two_devices_are_alike_at_most),
		cmocka_unit_test(test_a_copied_up_file_is_another),
		cmocka_unit_test(test_a_copy_in_the_same_overlay_is_another),
		cmocka_unit_test(test_chmod_does_not_make_a_new_file),
		cmocka_unit_test(test_new_content_in_the_same_inode_is_seen),
		cmocka_unit_test(test_a_replaced_file_is_another),
		cmocka_unit_test(test_a_time_in_whole_seconds_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
