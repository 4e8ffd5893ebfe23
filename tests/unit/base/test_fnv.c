/* SPDX-License-Identifier: MIT */
/* The published values of FNV-1a, 64 bits (draft-eastlake-fnv, appendix C). */
#include <string.h>

#include "../cmocka_all.h"
#include "base/fnv.h"

static void sums_are_the_published_ones(void **state)
{
	static const struct {
		const char *text;
		uint64_t sum;
	} published[] = {
		{"", 0xcbf29ce484222325ULL},
		{"a", 0xaf63dc4c8601ec8cULL},
		{"foobar", 0x85944171f73967e8ULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++)
		assert_true(fnv(FNV_START, published[i].text, strlen(published[i].text)) ==
			    published[i].sum);
}

static void a_sum_goes_on_where_another_ended(void **state)
{
	(void)state;
	assert_true(fnv(fnv(FNV_START, "foo", 3), "bar", 3) == 0x85944171f73967e8ULL);
	assert_true(fnv(FNV_START, "\xff", 1) != fnv(FNV_START, "\x7f", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_are_the_published_ones),
		cmocka_unit_test(a_sum_goes_on_where_another_ended),
	};

	return cmocka_run_group_tests_name("fnv", tests, NULL, NULL);
}
