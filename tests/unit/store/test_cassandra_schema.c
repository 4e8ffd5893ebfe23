/* SPDX-License-Identifier: MIT */
/* Tables and values that do not fit. */
#include "cassandra_case.h"

static void a_column_of_the_wrong_type_is_named_at_start(void **state)
{
	struct fake_cql fake = {.value_type = CQL_TYPE_VARCHAR};
	struct harness harness;

	(void)state;
	fake_start(&fake);
	harness_up(&harness, &fake, "");
	assert_int_equal(ping(&harness), -EINVAL);
	check_error(&harness,
		    "column last_access of last_login has the type text, which cannot hold "
		    "a uint; change value_type or the column");
	assert_int_not_equal(write_some(&harness, 1, 30), 0);
	check_all(&harness, 1, DICT_RETRY);
	tear_down(&harness);
	fake_stop(&fake);
}

static enum fake_action no_table(struct fake_cql *fake, const struct fake_frame *frame,
				 struct buf *out)
{
	(void)fake;
	if (frame->opcode != CQL_PREPARE)
		return FAKE_DEFAULT;
	fake_error(out, frame, CQL_E_INVALID, "table last_login does not exist", (struct slice){0});
	return FAKE_DONE;
}

static void a_missing_table_is_named_at_start(void **state)
{
	struct fake_cql fake = {.twist = no_table};
	struct harness harness;

	(void)state;
	fake_start(&fake);
	harness_up(&harness, &fake, "");
	assert_int_equal(ping(&harness), -EINVAL);
	check_error(&harness, ":2: invalid: table last_login does not exist");
	tear_down(&harness);
	fake_stop(&fake);
}

static void keys_and_values_that_do_not_fit_are_refused_one_by_one(void **state)
{
	struct fake_cql fake = {0};
	struct harness harness;

	(void)state;
	fake_start(&fake);
	harness_up(&harness, &fake, "");
	make_entry(&harness, 0, "u\xff@example.com");
	harness.entries[1].key = slice_str("shared/elsewhere");
	assert_int_equal(write_some(&harness, 3, 30), 0);
	check_all(&harness, 2, DICT_REFUSED);
	check_reason(&harness, "column userid: byte 2 is not UTF-8");
	assert_non_null(strstr(harness.entries[1].reason, "unmapped key"));
	assert_int_equal(harness.entries[2].outcome, DICT_STORED);
	tear_down(&harness);
	fake_stop(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_column_of_the_wrong_type_is_named_at_start),
		cmocka_unit_test(a_missing_table_is_named_at_start),
		cmocka_unit_test(keys_and_values_that_do_not_fit_are_refused_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
