/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "base/log.h"

static char printed[16384];

/* What the calls print to standard error. */
static const char *print_all(enum log_sink sink, enum log_level level, const char *text)
{
	FILE *file = tmpfile();
	int old = dup(2);
	size_t len;

	assert_non_null(file);
	assert_int_equal(dup2(fileno(file), 2), 2);
	log_init(sink, level, "id");
	log_error("e %s", text);
	log_warning("w %s", text);
	log_info("i %s", text);
	log_debug("d %s", text);
	(void)fflush(stderr);
	assert_int_equal(dup2(old, 2), 2);
	close(old);
	rewind(file);
	len = fread(printed, 1, sizeof(printed) - 1, file);
	printed[len] = '\0';
	(void)fclose(file);
	return printed;
}

static void a_line_has_ident_level_and_text(void **state)
{
	(void)state;
	assert_string_equal(print_all(LOG_SINK_STDERR, LOG_LEVEL_DEBUG, "x"),
			    "id: error: e x\nid: warning: w x\nid: info: i x\nid: debug: d x\n");
}

static void less_important_lines_are_left_out(void **state)
{
	(void)state;
	assert_string_equal(print_all(LOG_SINK_STDERR, LOG_LEVEL_INFO, "x"),
			    "id: error: e x\nid: warning: w x\nid: info: i x\n");
	assert_string_equal(print_all(LOG_SINK_STDERR, LOG_LEVEL_WARNING, "x"),
			    "id: error: e x\nid: warning: w x\n");
	assert_string_equal(print_all(LOG_SINK_STDERR, LOG_LEVEL_ERROR, "x"), "id: error: e x\n");
}

/* sd-daemon(3): 3 error, 4 warning, 6 info, 7 debug. */
static void the_journal_gets_priorities(void **state)
{
	(void)state;
	assert_string_equal(print_all(LOG_SINK_JOURNAL, LOG_LEVEL_DEBUG, "x"),
			    "<3>e x\n<4>w x\n<6>i x\n<7>d x\n");
}

/* A user's name can't begin a line of its own or drive a terminal. */
static void what_comes_from_outside_is_escaped(void **state)
{
	(void)state;
	assert_string_equal(
		print_all(LOG_SINK_STDERR, LOG_LEVEL_ERROR, "a\nid: error: \x1b[2J\xff"),
		"id: error: e a\\x0aid: error: \\x1b[2J\\xff\n");
}

static void a_line_has_its_end(void **state)
{
	char text[5000];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	print_all(LOG_SINK_STDERR, LOG_LEVEL_ERROR, text);
	assert_in_range(strlen(printed), 2000, 2100);
	assert_int_equal(printed[strlen(printed) - 1], '\n');
	memset(text, 1, sizeof(text) - 1); /* four bytes each */
	print_all(LOG_SINK_STDERR, LOG_LEVEL_ERROR, text);
	assert_in_range(strlen(printed), 8000, 8300);
	assert_string_equal(printed + strlen(printed) - 5, "\\x01\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_ident_level_and_text),
		cmocka_unit_test(less_important_lines_are_left_out),
		cmocka_unit_test(the_journal_gets_priorities),
		cmocka_unit_test(what_comes_from_outside_is_escaped),
		cmocka_unit_test(a_line_has_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
