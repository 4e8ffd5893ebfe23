/* SPDX-License-Identifier: MIT */
#include "login/coalesce.h"

#include "../cmocka_all.h"

#include <stdio.h>

static struct coalesce *new_coalesce(int64_t interval_ns)
{
	struct coalesce *coalesce;

	assert_int_equal(coalesce_new(interval_ns, &coalesce, NULL), 0);
	return coalesce;
}

static void a_key_passes_once_in_an_interval(void **state)
{
	struct coalesce *coalesce = new_coalesce(100);

	(void)state;
	assert_true(coalesce_pass(coalesce, slice_str("a"), 1000));
	assert_false(coalesce_pass(coalesce, slice_str("a"), 1099));
	assert_true(coalesce_pass(coalesce, slice_str("a"), 1100));
	assert_false(coalesce_pass(coalesce, slice_str("a"), 1199));
	coalesce_free(&coalesce);
}

static void an_older_login_does_not_pass(void **state)
{
	struct coalesce *coalesce = new_coalesce(100);

	(void)state;
	assert_true(coalesce_pass(coalesce, slice_str("a"), 1000));
	assert_false(coalesce_pass(coalesce, slice_str("a"), 500));
	coalesce_free(&coalesce);
}

static void keys_do_not_hinder_each_other(void **state)
{
	struct coalesce *coalesce = new_coalesce(INT64_MAX / 2);
	unsigned int passed = 0;
	char key[32];

	(void)state;
	for (unsigned int i = 0; i < 100000; i++) {
		snprintf(key, sizeof(key), "user-%u", i);
		passed += coalesce_pass(coalesce, slice_str(key), 1);
	}
	assert_int_equal(passed, 100000);
	coalesce_free(&coalesce);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_passes_once_in_an_interval),
		cmocka_unit_test(an_older_login_does_not_pass),
		cmocka_unit_test(keys_do_not_hinder_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
