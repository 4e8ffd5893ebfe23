/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "../cmocka_all.h"
#include "attach/link_name.h"

static const struct link_name whole = {
	.role = PRIV_ROLE_MAIL_USER,
	.generation = 0x0123456789abcdef,
	.id = {.dev = 0xfd01,
	       .ino = 42,
	       .ctime_ns = 1764000000123456789,
	       .size = 4096,
	       .build_id = {0x00, 0xff, 0x10},
	       .build_id_len = 3},
};

static void comes_back(const struct link_name *name)
{
	char text[FD_STORE_NAME_MAX], again[FD_STORE_NAME_MAX];
	struct link_name parsed;

	link_name_format(name, text);
	assert_true(link_name_parse(text, &parsed));
	link_name_format(&parsed, again);
	assert_string_equal(again, text);
}

static void test_a_name_says_everything(void **state)
{
	char text[FD_STORE_NAME_MAX];

	(void)state;
	link_name_format(&whole, text);
	assert_string_equal(text,
			    "mail_user-0123456789abcdef-fd01-2a-187afca76f25cd15-1000-00ff10");
	comes_back(&whole);
}

static void test_the_largest_numbers_fit(void **state)
{
	struct link_name name = {.role = PRIV_ROLE_AUTH, .generation = UINT64_MAX};

	(void)state;
	comes_back(&name); /* a file without a build id, all zero */
	memset(&name.id, 0xff, sizeof(name.id));
	name.id.build_id_len = FILE_ID_BUILD_MAX;
	comes_back(&name);
}

static void test_other_names_are_none_of_ours(void **state)
{
	static const char *const others[] = {
		"",
		"ring-8388608",
		"counters",
		"mail_user",
		"mail_user-",
		"nobody-1-1-1-1-1-0",
		"auth-1-1-1-1-1",
		"auth-1-1-1-1-1-",
		"auth-1-1-1-1-1-0-",
		"auth-1-1-1-1-x-0",
		"auth-1-1-1-1--0",
		"auth-1-1-1-1-1-f",
		"auth-1-1-1-1-1-fg",
		"auth-12345678901234567-1-1-1-1-0",
		"auth-1-1-1-1-1-"
		"000000000000000000000000000000000000000000000000000000000000000000",
	};
	struct link_name parsed;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (link_name_parse(others[i], &parsed))
			fail_msg("%s was taken for a probe", others[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_says_everything),
		cmocka_unit_test(test_the_largest_numbers_fit),
		cmocka_unit_test(test_other_names_are_none_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
