/* SPDX-License-Identifier: MIT */
#include <sysexits.h>

#include "cli/roots.h"
#include "ended.h"

static struct roots parse(int argc, const char **argv)
{
	struct roots roots = {.count = 0};

	argp_parse(&roots_argp, argc, (char **)argv, 0, NULL, &roots);
	return roots;
}

static void without_roots_all_processes_are_searched(void **state)
{
	const char *argv[] = {"x", NULL};
	const struct roots roots = parse(1, argv);
	const struct discover_options options = roots_discover(&roots);

	(void)state;
	assert_null(options.roots);
	assert_true(options.processes);
	assert_int_equal(options.roles, PRIV_ROLES_ALL);
}

static void with_roots_only_they_are(void **state)
{
	const char *argv[] = {"x", "--root=/a", "--root", "/b", NULL};
	const struct roots roots = parse(4, argv);
	const struct discover_options options = roots_discover(&roots);

	(void)state;
	assert_string_equal(options.roots[0], "/a");
	assert_string_equal(options.roots[1], "/b");
	assert_null(options.roots[2]);
	assert_false(options.processes);
	assert_int_equal(options.roles, PRIV_ROLES_ALL);
}

static void with_many(const void *context)
{
	const char *argv[ROOTS_MAX + 3] = {"x"};
	int argc = 1 + *(const int *)context;
	struct roots roots;

	for (int i = 1; i < argc; i++)
		argv[i] = "--root=/a";
	roots = parse(argc, argv);
	(void)printf("%zu%s", roots.count, roots.dirs[roots.count] ? "" : ", NULL");
}

static void their_number_is_limited(void **state)
{
	const int most = ROOTS_MAX, more = ROOTS_MAX + 1;
	char text[1000];

	(void)state;
	assert_int_equal(status_of(with_many, &most, text, sizeof(text)), 0);
	assert_string_equal(text, "16, NULL");
	assert_int_equal(status_of(with_many, &more, text, sizeof(text)), EX_USAGE);
	expect_text(text, "--root: 16 at most");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_roots_all_processes_are_searched),
		cmocka_unit_test(with_roots_only_they_are),
		cmocka_unit_test(their_number_is_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
