/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "base/error.h"

static void an_error_has_a_code_and_a_text(void **state)
{
	struct error error = {0};

	(void)state;
	assert_int_equal(error_set(&error, ENOENT, "%s: %d", "file", 7), -ENOENT);
	assert_int_equal(error.code, ENOENT);
	assert_string_equal(error.text, "file: 7");
	assert_int_equal(error_prefix(&error, "dict %s", "redis"), -ENOENT);
	assert_string_equal(error.text, "dict redis: file: 7");
	assert_int_equal(error.code, ENOENT);
}

static void nobody_need_want_the_text(void **state)
{
	(void)state;
	assert_int_equal(error_set(NULL, EINVAL, "x"), -EINVAL);
	assert_true(error_prefix(NULL, "x") < 0);
}

/* A text is cut with "...": one byte more than fits, and exactly as many. */
static void long_texts_are_cut_visibly(void **state)
{
	struct error error = {0};
	char text[sizeof(error.text) + 1];
	size_t most = sizeof(error.text) - 1;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[most] = '\0';
	error_set(&error, EIO, "%s", text);
	assert_string_equal(error.text, text);
	text[most] = 'a';
	text[most + 1] = '\0';
	error_set(&error, EIO, "%s", text);
	assert_int_equal(strlen(error.text), most);
	assert_string_equal(error.text + most - 4, "a...");
}

static void a_prefix_cuts_the_rest(void **state)
{
	struct error error = {0};
	char text[sizeof(error.text)];
	size_t most = sizeof(error.text) - 1;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[most - 3] = '\0'; /* with "p: " it fits exactly */
	error_set(&error, EIO, "%s", text);
	error_prefix(&error, "p");
	assert_memory_equal(error.text, "p: aaa", 6);
	assert_int_equal(strlen(error.text), most);
	assert_string_equal(error.text + most - 3, "aaa");
	error_prefix(&error, "q");
	assert_memory_equal(error.text, "q: p: aaa", 9);
	assert_string_equal(error.text + most - 4, "a...");
	memset(text, 'b', most);
	text[most] = '\0';
	error_prefix(&error, "%s", text);
	assert_int_equal(strlen(error.text), most);
	assert_string_equal(error.text + most - 4, "b...");
}

static void a_denied_permission_names_the_user(void **state)
{
	struct error error;
	char expected[64];

	(void)state;
	snprintf(expected, sizeof(expected), "/x: Permission denied (as uid %u)",
		 (unsigned int)geteuid());
	error_set(&error, EACCES, "/x: Permission denied");
	error_name_user(&error);
	assert_string_equal(error.text, expected);
	error_name_user(&error); /* once */
	assert_string_equal(error.text, expected);
	error_set(&error, EACCES,
		  "permission denied for table last_login"); /* a server's, to its user */
	error_name_user(&error);
	assert_string_equal(error.text, "permission denied for table last_login");
	error_set(&error, ENOENT, "/x: No such file or directory");
	error_name_user(&error);
	assert_string_equal(error.text, "/x: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_has_a_code_and_a_text),
		cmocka_unit_test(nobody_need_want_the_text),
		cmocka_unit_test(long_texts_are_cut_visibly),
		cmocka_unit_test(a_prefix_cuts_the_rest),
		cmocka_unit_test(a_denied_permission_names_the_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
