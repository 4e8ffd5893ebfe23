/* SPDX-License-Identifier: MIT */
/* Values in milliseconds and bytes; which spellings are taken is compared with doveconf
 * (tests/differential). */
#include "../cmocka_all.h"
#include "conf/dovecot_value.h"

static int64_t msecs(const char *text, bool whole_secs)
{
	struct error error = {0};
	int64_t value = -1;

	if (dovecot_interval_parse(text, whole_secs, &value, &error) < 0)
		fail_msg("%s", error.text);
	return value;
}

static void refused(const char *text, bool whole_secs, const char *expected)
{
	struct error error = {0};
	int64_t value = -1;

	assert_int_equal(dovecot_interval_parse(text, whole_secs, &value, &error), -EINVAL);
	assert_string_equal(error.text, expected);
	assert_int_equal(value, -1);
}

static void times_have_units(void **state)
{
	(void)state;
	assert_int_equal(msecs("1 hour", true), 3600000);
	assert_int_equal(msecs("1week", true), 604800000);
	assert_int_equal(msecs("5 minutes", true), 300000);
	assert_int_equal(msecs("2m", false), 120000);
	assert_int_equal(msecs("2 mi", false), 120000);
	assert_int_equal(msecs("2 mil", false), 2);
	assert_int_equal(msecs("3 SECS", false), 3000);
	assert_int_equal(msecs("2000 ms", true), 2000);
	assert_int_equal(msecs("0", true), 0);
	assert_int_equal(msecs("infinite", true), DOVECOT_INFINITE);
	assert_int_equal(msecs("4294967295 secs", true), 4294967295000);
}

static void others_are_refused_in_dovecots_words(void **state)
{
	(void)state;
	refused("5", true, "Time interval '5' is missing units (add e.g. 's' for seconds)");
	refused("1500 ms", true, "Milliseconds not supported for this setting: 1500 ms");
	refused("4294967296 s", true, "Time interval is too large: 4294967296 s");
	refused("50 days", false, "Time interval is too large: 50 days");
	refused("x", true, "Invalid time interval: x");
	refused("5 fortnights", true, "Invalid time interval: 5 fortnights");
	refused("", true, "Invalid time interval: ");
}

static void sizes_count_by_1024(void **state)
{
	uint64_t bytes = 0;

	(void)state;
	assert_true(dovecot_size_parse("10", &bytes));
	assert_int_equal(bytes, 10);
	assert_true(dovecot_size_parse("2 k", &bytes));
	assert_int_equal(bytes, 2048);
	assert_true(dovecot_size_parse("3MiB", &bytes));
	assert_int_equal(bytes, 3U << 20);
	assert_true(dovecot_size_parse("1TB", &bytes));
	assert_int_equal(bytes, 1ULL << 40);
	assert_false(dovecot_size_parse("16777216T", &bytes)); /* 2^64 */
	assert_false(dovecot_size_parse("1x", &bytes));
}

static void booleans_are_few(void **state)
{
	bool yes = false;

	(void)state;
	assert_true(dovecot_bool_parse("Y", &yes) && yes);
	assert_true(dovecot_bool_parse("No", &yes) && !yes);
	assert_true(dovecot_bool_parse("1", &yes) && yes);
	assert_false(dovecot_bool_parse("0", &yes));
	assert_false(dovecot_bool_parse("true", &yes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_have_units),
		cmocka_unit_test(others_are_refused_in_dovecots_words),
		cmocka_unit_test(sizes_count_by_1024),
		cmocka_unit_test(booleans_are_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
