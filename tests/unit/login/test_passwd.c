/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "login/passwd.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "alice:x:1000:1000::/home/alice:/bin/sh\n"
			     "also:x:1000:1000::/home/alice:/bin/sh\n"
			     "broken line\n"
			     "bob:x:1001:1001::/home/bob:/bin/sh\n";

static bool has(uint32_t uid, const char *name)
{
	FILE *file = fmemopen((void *)passwd, sizeof(passwd) - 1, "r");
	bool found;

	assert_non_null(file);
	found = passwd_in_file(file, uid, slice_str(name));
	(void)fclose(file);
	return found;
}

static void test_names(void **state)
{
	(void)state;
	assert_true(has(1000, "alice"));
	assert_true(has(1000, "also"));
	assert_true(has(1001, "bob"));
	assert_true(has(1000, "alice@example.com"));
	assert_false(has(1000, "alice2"));
	assert_false(has(1000, "ali"));
	assert_false(has(1000, ""));
	assert_false(has(1000, "bob"));
	assert_false(has(4711, "alice"));
}

static void test_this_machine(void **state)
{
	(void)state;
	assert_true(passwd_has_name(0, slice_str("root")));
	assert_false(passwd_has_name(0, slice_str("somebody else")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
