/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "../cmocka_all.h"
#include "base/precision.h"

#define TIME_NS 1795337993384018999LL

static void digits_are_truncated_as_dovecot_does(void **state)
{
	static const char *const expected[] = {"1795337993", "1795337993384", "1795337993384018",
					       "1795337993384018000"};
	char text[PRECISION_TEXT_MAX];

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(precision_format(i, TIME_NS, text), strlen(expected[i]));
		assert_string_equal(text, expected[i]);
	}
}

static void only_exact_names_are_precisions(void **state)
{
	static const char *const wrong[] = {"MS", "ms ", "", "x", "seconds"};
	enum precision precision;

	(void)state;
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(precision_parse(wrong[i], &precision), -EINVAL);
	assert_int_equal(precision_parse("us", &precision), 0);
	assert_int_equal(precision, PRECISION_US);
	assert_string_equal(precision_name(PRECISION_NS), "ns");
}

static void a_value_shows_its_precision(void **state)
{
	char text[PRECISION_TEXT_MAX];
	int64_t time_ns;

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		static const int64_t expected[] = {1795337993000000000LL, 1795337993384000000LL,
						   1795337993384018000LL, 1795337993384018000LL};
		size_t len = precision_format(i, TIME_NS, text);

		assert_int_equal(precision_parse_value(text, len, &time_ns), 0);
		assert_true(time_ns == expected[i]);
	}
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const wrong[] = {
		"", "1", "179533799x", "-795337993", "17953379933840", "9999999999999999999"};
	int64_t time_ns;

	(void)state;
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(precision_parse_value(wrong[i], strlen(wrong[i]), &time_ns),
				 -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digits_are_truncated_as_dovecot_does),
		cmocka_unit_test(only_exact_names_are_precisions),
		cmocka_unit_test(a_value_shows_its_precision),
		cmocka_unit_test(what_is_no_time_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
