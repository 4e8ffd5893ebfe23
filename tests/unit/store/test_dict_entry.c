/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "../cmocka_all.h"
#include "base/key_part.h"
#include "store/dict.h"

#define SECOND INT64_C(1000000000)

static void only_pending_entries_get_the_outcome(void **state)
{
	struct dict_entry entries[3] = {
		{.outcome = DICT_PENDING}, {.outcome = DICT_STORED}, {.outcome = DICT_PENDING}};

	(void)state;
	dict_entries_set(entries, 3, DICT_UNCERTAIN, "100%s");
	assert_int_equal(entries[0].outcome, DICT_UNCERTAIN);
	assert_string_equal(entries[0].reason, "100%s");
	assert_int_equal(entries[1].outcome, DICT_STORED);
	assert_string_equal(entries[1].reason, "");
	assert_int_equal(entries[2].outcome, DICT_UNCERTAIN);
}

static void a_long_reason_is_cut(void **state)
{
	struct dict_entry entry = {.outcome = DICT_PENDING};
	char text[1000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	dict_entry_set(&entry, DICT_REFUSED, "%d %s", 7, text);
	assert_int_equal(entry.outcome, DICT_REFUSED);
	assert_int_equal(strlen(entry.reason), DICT_REASON_MAX - 1);
	assert_int_equal(strncmp(entry.reason, "7 xx", 4), 0);
}

static void each_outcome_has_a_name_of_its_own(void **state)
{
	(void)state;
	assert_string_equal(dict_outcome_name(DICT_STORED), "stored");
	assert_string_equal(dict_outcome_name(DICT_UNCERTAIN), "uncertain");
	for (unsigned int a = 0; a < DICT_OUTCOMES; a++) {
		for (unsigned int b = 0; b < a; b++)
			assert_string_not_equal(dict_outcome_name(a), dict_outcome_name(b));
	}
}

static void the_prefix_is_no_part_of_the_name(void **state)
{
	static const char *const cases[][2] = {
		{"shared/a/b", "a/b"},	    {"shared/", ""},
		{"shared", "shared"},	    {"a/shared/b", "a/shared/b"},
		{"sharedx/b", "sharedx/b"}, {"", ""}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(slice_is(dict_key_name(slice_str(cases[i][0])), cases[i][1]));
}

/* The time of an entry is 1795338170.999999999. */
static bool is_time(const char *value)
{
	const struct dict_entry entry = {.value = slice_str(value),
					 .time_ns = 1795338171 * SECOND - 1};

	return dict_entry_is_time(&entry);
}

static void a_time_is_the_logins_cut_to_a_precision(void **state)
{
	(void)state;
	assert_true(is_time("1795338170"));
	assert_true(is_time("1795338170999"));
	assert_true(is_time("1795338170999999999"));
	assert_true(is_time("1795338170000"));
	assert_false(is_time("1795338169")); /* of another second */
	assert_false(is_time("1795338171"));
	assert_false(is_time("993"));
	assert_false(is_time("192.0.2.7"));
	assert_false(is_time(""));
}

static bool newer(const char *value, int64_t time_ns, const char *stored)
{
	const struct dict_entry entry = {.value = slice_str(value), .time_ns = time_ns};

	return dict_entry_newer(&entry, slice_str(stored));
}

static void newer_is_later_by_the_values(void **state)
{
	(void)state;
	assert_true(newer("1795338170", 1795338170 * SECOND, "1795338169"));
	assert_false(newer("1795338170", 1795338170 * SECOND, "1795338170"));
	assert_false(newer("1795338170", 1795338170 * SECOND, "1795338171"));
	/* The operator changed the precision. */
	assert_false(newer("1795338170", 1795338170 * SECOND, "1795338170500"));
	assert_true(newer("1795338170501", 1795338170 * SECOND + 501000000, "1795338170500000000"));
	/* A value that is no time is older than any, and one to be written newer than any. */
	assert_true(newer("1795338170", 1795338170 * SECOND, "x"));
	assert_true(newer("192.0.2.7", 1795338170 * SECOND, "1795338171"));
}

static void a_part_is_the_text_of_the_first_variable_of_that_name(void **state)
{
	const struct key_part parts[] = {
		{"", 0, 2}, {"user", 7, 3}, {"service", 11, 4}, {"user", 0, 6}};
	const struct dict_entry entry = {
		.key = slice_str("shared/u@x/imap"), .parts = parts, .part_count = 4};
	struct slice text = slice_str("as before");

	(void)state;
	assert_true(dict_entry_part(&entry, "user", &text));
	assert_true(slice_is(text, "u@x"));
	assert_true(dict_entry_part(&entry, "service", &text));
	assert_true(slice_is(text, "imap"));
	assert_false(dict_entry_part(&entry, "remote_ip", &text));
	assert_true(slice_is(text, "imap"));
}

static void some_dicts_take_times_only(void **state)
{
	const struct dict_driver any = {.caps = DICT_CAP_NEWEST_WINS};
	const struct dict_driver times = {.caps = DICT_CAP_NEWEST_WINS | DICT_CAP_TIMES_ONLY};
	const struct dict of_any = {.driver = &any}, of_times = {.driver = &times};

	(void)state;
	assert_true(dict_takes_fields(&of_any));
	assert_false(dict_takes_fields(&of_times));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_pending_entries_get_the_outcome),
		cmocka_unit_test(a_long_reason_is_cut),
		cmocka_unit_test(each_outcome_has_a_name_of_its_own),
		cmocka_unit_test(the_prefix_is_no_part_of_the_name),
		cmocka_unit_test(a_time_is_the_logins_cut_to_a_precision),
		cmocka_unit_test(newer_is_later_by_the_values),
		cmocka_unit_test(a_part_is_the_text_of_the_first_variable_of_that_name),
		cmocka_unit_test(some_dicts_take_times_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
