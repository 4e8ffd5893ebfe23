/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "base/slice.h"

static void slices_are_compared_byte_by_byte(void **state)
{
	const struct slice with_nul = {"a\0b", 3};

	(void)state;
	assert_true(slice_is(slice_str("abc"), "abc"));
	assert_false(slice_is(slice_str("abc"), "abd"));
	assert_false(slice_is(slice_str("abc"), "ab"));
	assert_false(slice_is(slice_str("ab"), "abc"));
	assert_false(slice_is(with_nul, "a"));
	assert_true(slice_equal(with_nul, (struct slice){"a\0b", 3}));
	assert_false(slice_equal(with_nul, (struct slice){"a\0c", 3}));
}

static void nothing_is_nothing(void **state)
{
	(void)state;
	assert_int_equal(slice_str(NULL).len, 0);
	assert_true(slice_equal(slice_str(NULL), slice_str("")));
	assert_true(slice_is((struct slice){NULL, 0}, ""));
	assert_false(slice_is((struct slice){NULL, 0}, "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices_are_compared_byte_by_byte),
		cmocka_unit_test(nothing_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
