/* SPDX-License-Identifier: MIT */
/* Names of users from words and files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "cli/name_list.h"

static char path[] = "/tmp/test_names.XXXXXX";

/* All names, each in "<>"; what comes instead of the end as a number. */
static void expect(const struct names_options *options, const char *expected)
{
	struct error error;
	struct names names;
	struct slice name;
	struct buf all;
	int ret;

	buf_init(&all, 4096);
	names_init(&names, options);
	while ((ret = names_next(&names, &name, &error)) > 0) {
		buf_append_char(&all, '<');
		buf_append_slice(&all, name);
		buf_append_char(&all, '>');
	}
	if (ret < 0)
		buf_appendf(&all, "%d", ret);
	assert_string_equal(buf_str(&all), expected);
	names_release(&names);
	buf_release(&all);
}

static void expect_file(const char *text, size_t len, bool nul, const char *expected)
{
	const struct names_options options = {.file = path, .nul = nul};
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	expect(&options, expected);
}

#define FILE_IS(text, nul, expected) expect_file(text, sizeof(text) - 1, nul, expected)

static void lines_are_names(void **state)
{
	(void)state;
	FILE_IS("a\nb c\n", false, "<a><b c>");
	FILE_IS("a\n\n\nb", false, "<a><b>");
	FILE_IS("", false, "");
}

static void what_windows_adds_is_taken_off(void **state)
{
	(void)state;
	FILE_IS("\xef\xbb\xbf"
		"a\r\nb\r\n\r\n",
		false, "<a><b>");
	FILE_IS("a\r\r\n \t\r\n", false, "<a>");
}

static void blanks_and_remarks_are_no_names(void **state)
{
	(void)state;
	FILE_IS("a \n\t b c\t\n \n", false, "<a><b c>");
	FILE_IS("# who left\na\n #b\n#", false, "<a>");
	FILE_IS("a \0#b\0", true, "<a ><#b>");
}

static void names_between_nuls_are_as_they_are(void **state)
{
	(void)state;
	FILE_IS("a\nb\0c\r\0", true, "<a\nb><c\r>");
}

static void words_come_behind_the_file(void **state)
{
	static const char *const words[] = {"x", "y"};
	static const char *const cut[] = {"x\r"}, *const blank[] = {" x"}, *const empty[] = {""};
	const struct names_options options = {.words = words, .word_count = 2};
	const struct names_options none = {.words = cut, .word_count = 1};
	const struct names_options blanks = {.words = blank, .word_count = 1};
	const struct names_options literal = {.words = blank, .word_count = 1, .nul = true};
	const struct names_options nobody = {.words = empty, .word_count = 1};
	const struct names_options missing = {.file = "/nonexistent/names"};

	(void)state;
	expect(&options, "<x><y>");
	expect(&none, "-22");
	expect(&blanks, "-22");
	expect(&literal, "< x>");
	expect(&nobody, "-22");
	expect(&missing, "-123");
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_names),
		cmocka_unit_test(what_windows_adds_is_taken_off),
		cmocka_unit_test(blanks_and_remarks_are_no_names),
		cmocka_unit_test(names_between_nuls_are_as_they_are),
		cmocka_unit_test(words_come_behind_the_file),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
