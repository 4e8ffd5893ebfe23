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
	assert_int_equal(DELIVER_PURPOSES, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_purpose_has_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
