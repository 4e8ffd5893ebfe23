/* SPDX-License-Identifier: MIT */
#include "../cmocka_all.h"
#include "base/escape.h"

static void check(int (*escape)(struct buf *, struct slice), struct slice in, const char *expected)
{
	struct buf out;

	buf_init(&out, 256);
	assert_int_equal(escape(&out, in), 0);
	assert_string_equal(buf_str(&out), expected);
	buf_release(&out);
}

static void terminal_escapes_control_bytes(void **state)
{
	(void)state;
	check(escape_terminal, slice_str("a\x1b[31m\n\\\x7f"), "a\\x1b[31m\\x0a\\\\\\x7f");
	check(escape_terminal, slice_str("\xc2\x9b"), "\\xc2\\x9b");
}

/* They would show "gpj.exe" as "exe.jpg", or two names as one. */
static void terminal_escapes_what_is_not_seen(void **state)
{
	(void)state;
	check(escape_terminal,
	      slice_str("a\xe2\x80\xae"
			"b"),
	      "a\\xe2\\x80\\xaeb");
	check(escape_terminal, slice_str("\xe2\x80\x8b"), "\\xe2\\x80\\x8b");
	check(escape_terminal, slice_str("\xe2\x81\xa6\xef\xbb\xbf\xd8\x9c"),
	      "\\xe2\\x81\\xa6\\xef\\xbb\\xbf\\xd8\\x9c");
	check(escape_terminal, slice_str("\xe2\x80\x90\xe2\x80\xa7\xe2\x81\xb0"),
	      "\xe2\x80\x90\xe2\x80\xa7\xe2\x81\xb0"); /* their neighbours */
}

static void terminal_keeps_utf8_and_shows_broken_bytes(void **state)
{
	(void)state;
	check(escape_terminal, slice_str("\xc3\xa4\xe2\x82\xac\xf0\x9f\x93\xac"),
	      "\xc3\xa4\xe2\x82\xac\xf0\x9f\x93\xac");
	check(escape_terminal, slice_str("\xc3(\xff\xc0\x80\xed\xa0\x80"),
	      "\\xc3(\\xff\\xc0\\x80\\xed\\xa0\\x80");
}

static void a_quoted_text_ends_where_it_ends(void **state)
{
	(void)state;
	check(escape_quoted, slice_str(""), "\"\"");
	check(escape_quoted, slice_str("a b"), "\"a b\"");
	check(escape_quoted, slice_str("a\" from \\\n"), "\"a\\\" from \\\\\\x0a\"");
}

static void json_quotes_and_maps_broken_bytes(void **state)
{
	(void)state;
	check(escape_json, (struct slice){"\"\\\0\xff", 4}, "\\\"\\\\\\u0000\\u00ff");
	check(escape_json, slice_str("\xc3\xa4"), "\xc3\xa4");
}

static void output_stops_at_the_ceiling(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 3);
	assert_int_equal(escape_terminal(&out, slice_str("\x01")), -E2BIG);
	assert_string_equal(buf_str(&out), "");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(terminal_escapes_control_bytes),
		cmocka_unit_test(terminal_escapes_what_is_not_seen),
		cmocka_unit_test(terminal_keeps_utf8_and_shows_broken_bytes),
		cmocka_unit_test(a_quoted_text_ends_where_it_ends),
		cmocka_unit_test(json_quotes_and_maps_broken_bytes),
		cmocka_unit_test(output_stops_at_the_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
