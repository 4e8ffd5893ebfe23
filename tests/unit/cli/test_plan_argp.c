/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "cli/cmds.h"

static error_t parse(struct config_options *options, int argc, const char *const *argv)
{
	return argp_parse(&plan_argp, argc, (char **)argv, ARGP_SILENT | ARGP_NO_EXIT, NULL,
			  options);
}

static void each_option_has_its_member(void **state)
{
	static const char *const argv[] = {"x",		  "--config=a",	   "--dovecot-config=b",
					   "--dict=c",	  "--key=d",	   "--precision=e",
					   "--service=f", "--state-dir=g", NULL};
	struct config_options options = {0};

	(void)state;
	assert_int_equal(parse(&options, 8, argv), 0);
	assert_string_equal(options.path, "a");
	assert_string_equal(options.dovecot_config, "b");
	assert_string_equal(options.dict, "c");
	assert_string_equal(options.key, "d");
	assert_string_equal(options.precision, "e");
	assert_string_equal(options.services, "f");
	assert_string_equal(options.state_dir, "g");
}

static void short_options_are_the_same(void **state)
{
	static const char *const argv[] = {"x",	 "-c", "a",  "-C", "b",	 "-d", "c",
					   "-k", "d",  "-p", "e",  "-s", "f",  NULL};
	struct config_options options = {0};

	(void)state;
	assert_int_equal(parse(&options, 13, argv), 0);
	assert_string_equal(options.path, "a");
	assert_string_equal(options.dovecot_config, "b");
	assert_string_equal(options.dict, "c");
	assert_string_equal(options.key, "d");
	assert_string_equal(options.precision, "e");
	assert_string_equal(options.services, "f");
	assert_null(options.state_dir);
}

static void others_are_refused(void **state)
{
	static const char *const argv[] = {"x", "--no-such-option", NULL};
	struct config_options options = {0};

	(void)state;
	assert_int_not_equal(parse(&options, 2, argv), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_option_has_its_member),
		cmocka_unit_test(short_options_are_the_same),
		cmocka_unit_test(others_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
