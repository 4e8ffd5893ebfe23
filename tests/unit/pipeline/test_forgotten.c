/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "../cmocka_all.h"
#include "pipeline/forgotten.h"

static void logins_until_then_are_passed_over(void **state)
{
	struct forgotten forgotten = {0};

	(void)state;
	assert_false(forgotten_has(&forgotten, slice_str("alice"), 1));
	assert_int_equal(forgotten_add(&forgotten, slice_str("alice"), 10), 0);
	assert_true(forgotten_has(&forgotten, slice_str("alice"), 10));
	assert_false(forgotten_has(&forgotten, slice_str("alice"), 11));
	assert_false(forgotten_has(&forgotten, slice_str("alice2"), 10));
	assert_int_equal(forgotten_add(&forgotten, slice_str("alice"), 20), 0);
	assert_true(forgotten_has(&forgotten, slice_str("alice"), 11));
	forgotten_release(&forgotten);
}

static void the_oldest_makes_room(void **state)
{
	struct forgotten forgotten = {0};
	char name[24];

	(void)state;
	for (int i = 0; i <= FORGOTTEN_MAX; i++) {
		(void)snprintf(name, sizeof(name), "u%d", i);
		assert_int_equal(forgotten_add(&forgotten, slice_str(name), 10), 0);
	}
	assert_false(forgotten_has(&forgotten, slice_str("u0"), 5));
	assert_true(forgotten_has(&forgotten, slice_str("u1"), 5));
	assert_true(forgotten_has(&forgotten, slice_str(name), 5));
	forgotten_release(&forgotten);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logins_until_then_are_passed_over),
		cmocka_unit_test(the_oldest_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
