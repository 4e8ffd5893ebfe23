/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "plan/purpose.h"

/* The words of metrics and messages. */
static void each_purpose_has_its_name(void **state)
{
	(void)state;
	assert_string_equal(deliver_purpose_name(DELIVER_LOGIN), "login");
	assert_string_equal(deliver_purpose_name(DELIVER_AUTH), "auth");
	assert_string_equal(deliver_purpose_name(DELIVER_FAILURE), "failure");
	assert_string_equal(deliver_purpose_name(DELIVER_HISTORY), "history");
	assert_string_equal(deliver_purpose_name(DELIVER_FAILURE_HISTORY), "failure_history");
	assert_int_equal(DELIVER_PURPOSES, 5);
}

static void rows_are_no_records(void **state)
{
	(void)state;
	assert_true(deliver_is_history(DELIVER_HISTORY));
	assert_true(deliver_is_history(DELIVER_FAILURE_HISTORY));
	assert_false(deliver_is_history(DELIVER_LOGIN));
	assert_false(deliver_is_history(DELIVER_FAILURE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_purpose_has_its_name),
		cmocka_unit_test(rows_are_no_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
