/* SPDX-License-Identifier: MIT */
#include <sysexits.h>

#include "../cmocka_all.h"
#include "base/exit_status.h"

/* dovetap(8), EXIT STATUS. */
static void errors_are_statuses_of_sysexits(void **state)
{
	(void)state;
	assert_int_equal(exit_status_of(0), 0);
	assert_int_equal(exit_status_of(1), 1);
	assert_int_equal(exit_status_of(EX_TEMPFAIL), EX_TEMPFAIL);
	assert_int_equal(exit_status_of(-EBUSY), EX_UNAVAILABLE);
	assert_int_equal(exit_status_of(-ENOTSUP), EX_CONFIG);
	assert_int_equal(exit_status_of(-EPERM), EX_NOPERM);
	assert_int_equal(exit_status_of(-EACCES), EX_NOPERM);
	assert_int_equal(exit_status_of(-ENOENT), EX_OSERR);
	assert_int_equal(exit_status_of(-1000), EX_OSERR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(errors_are_statuses_of_sysexits)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
