/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "../cmocka_all.h"
#include "conf/mask.h"

static void expect(const char *value, unsigned int v4, unsigned int v6)
{
	struct conf_mask mask = {99, 99};
	struct error error;

	assert_int_equal(conf_mask_parse(value, &mask, &error), 0);
	assert_int_equal(mask.v4, v4);
	assert_int_equal(mask.v6, v6);
}

static void masks_are_words_or_two_lengths(void **state)
{
	(void)state;
	expect("no", 32, 128);
	expect("yes", 24, 48);
	expect("/16 /32", 16, 32);
	expect("/0 /0", 0, 0);
	expect("/32 /128", 32, 128);
}

static void anything_else_is_refused_with_what_is_right(void **state)
{
	static const char *const values[] = {"",	 "/24",	   "/33 /48",  "/24 /129",
					     "24 48",	 "/24 /x", "/24/ 48x", "YES",
					     "/24 /48 ", "/256 /0"};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct conf_mask mask = {99, 99};
		struct error error = {0};

		if (conf_mask_parse(values[i], &mask, &error) != -EINVAL)
			fail_msg("'%s' was taken", values[i]);
		assert_int_equal(mask.v4, 99);
		assert_non_null(strstr(error.text, "would be right"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masks_are_words_or_two_lengths),
		cmocka_unit_test(anything_else_is_refused_with_what_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
