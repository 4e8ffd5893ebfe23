/* SPDX-License-Identifier: MIT */
#include <sysexits.h>

#include "cli/older.h"
#include "ended.h"

static error_t take(int key, char *arg, struct argp_state *state)
{
	if (key != 'o')
		return ARGP_ERR_UNKNOWN;
	*(int64_t *)state->input = older_parse(arg, state);
	return 0;
}

static const struct argp_option options[] = {{"older", 'o', "TIME", 0, NULL, 0}, {0}};
static const struct argp argp = {.options = options, .parser = take};

static void parse(const void *context)
{
	const char *argv[] = {"x", context, NULL};
	int64_t ns = -1;

	argp_parse(&argp, 2, (char **)argv, 0, NULL, &ns);
	(void)printf("%lld", (long long)ns);
}

static void a_time_in_dovecots_units_is_nanoseconds(void **state)
{
	char text[1000];

	(void)state;
	assert_int_equal(status_of(parse, "--older=90d", text, sizeof(text)), 0);
	assert_string_equal(text, "7776000000000000");
	assert_int_equal(status_of(parse, "--older=2 weeks", text, sizeof(text)), 0);
	assert_string_equal(text, "1209600000000000");
	assert_int_equal(status_of(parse, "--older=24 hours", text, sizeof(text)), 0);
	assert_string_equal(text, "86400000000000");
}

static void anything_else_is_wrong_usage(void **state)
{
	static const char *const wrong[] = {"--older=23h", "--older=0", "--older=soon",
					    "--older=10000000w", "--older=-1d"};
	char text[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(status_of(parse, wrong[i], text, sizeof(text)), EX_USAGE);
		expect_text(text, "--older");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_in_dovecots_units_is_nanoseconds),
		cmocka_unit_test(anything_else_is_wrong_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
