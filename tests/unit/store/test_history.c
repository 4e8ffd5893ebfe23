/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "../cmocka_all.h"
#include "store/dict.h"
#include "store/history.h"

static struct buf out, scratch;

static int setup(void **state)
{
	(void)state;
	buf_init(&out, HISTORY_VALUE_MAX);
	buf_init(&scratch, HISTORY_VALUE_MAX);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_release(&out);
	buf_release(&scratch);
	return 0;
}

static void what_is_known_stands_in_the_value(void **state)
{
	const struct history_row row = {.field = {
						[HISTORY_ID] = {"0123", 4},
						[HISTORY_SERVICE] = {"imap", 4},
						[HISTORY_CLIENT_ID] = {"a\tb\nc", 5},
					}};

	(void)state;
	assert_int_equal(history_format(&out, &row), 0);
	assert_string_equal(buf_str(&out), "id=0123\tservice=imap\tclient_id=a\001tb\001nc");
}

static void expect_field(const struct history_row *row, enum history_field field, const char *text)
{
	if (!slice_is(row->field[field], text))
		fail_msg("%s is '%.*s'", history_names[field], (int)row->field[field].len,
			 row->field[field].ptr);
}

static void a_value_gives_the_row_back(void **state)
{
	char bytes[256];
	struct history_row row = {.field = {[HISTORY_ID] = {"1", 1},
					    [HISTORY_SESSION] = {bytes, 255},
					    [HISTORY_OUTCOME] = {"=", 1}}},
			   back;

	(void)state;
	for (int i = 0; i < 256; i++)
		bytes[i] = (char)i;
	history_format(&out, &row);
	assert_true(history_parse(buf_slice(&out), &scratch, &back));
	for (unsigned int i = 0; i < HISTORY_FIELDS; i++)
		assert_true(slice_equal(back.field[i], row.field[i]));
}

/* Of a newer dovetap, on a spool that an older one drains. */
static void a_name_that_is_not_known_is_skipped(void **state)
{
	struct history_row row;

	(void)state;
	assert_true(history_parse(slice_str("id=7\tcolour=blue\tmech=PLAIN"), &scratch, &row));
	expect_field(&row, HISTORY_ID, "7");
	expect_field(&row, HISTORY_MECH, "PLAIN");
	expect_field(&row, HISTORY_SERVICE, "");
}

static void other_values_are_none(void **state)
{
	static const char *const others[] = {"",    "1795338170",  "service=imap",
					     "id=", "id=7\t\tx=1", "id=7\tservice"};
	struct history_row row;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(history_parse(slice_str(others[i]), &scratch, &row));
}

static void a_long_text_is_cut_between_characters(void **state)
{
	char text[600];
	struct history_row row = {.field = {[HISTORY_ID] = {text, 256}}}, back;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text + 254, "\xc3\xa4", 2); /* half of it would be within the limit */
	history_format(&out, &row);
	assert_true(history_parse(buf_slice(&out), &scratch, &back));
	assert_int_equal(back.field[HISTORY_ID].len, 254);
	memset(text, 0x80, sizeof(text)); /* no UTF-8 */
	row.field[HISTORY_ID].len = sizeof(text);
	buf_reset(&out);
	history_format(&out, &row);
	assert_true(history_parse(buf_slice(&out), &scratch, &back));
	assert_in_range(back.field[HISTORY_ID].len, HISTORY_TEXT_MAX - 3, HISTORY_TEXT_MAX);
}

static void an_entry_shows_whose_row_it_is(void **state)
{
	const struct key_part part = {"user", 21, 3};
	struct dict_entry entry = {.key = slice_str("shared/login-history/u@x/7"),
				   .value = slice_str("id=7"),
				   .time_ns = 5,
				   .parts = &part,
				   .part_count = 1};
	struct history_row row;

	(void)state;
	assert_true(history_row_of(&entry, &scratch, &row));
	assert_true(slice_is(row.user, "u@x"));
	assert_int_equal(row.time_ns, 5);
	assert_int_equal(entry.outcome, DICT_PENDING);
	entry.part_count = 0;
	assert_false(history_row_of(&entry, &scratch, &row));
	assert_int_equal(entry.outcome, DICT_REFUSED);
	assert_string_equal(entry.reason, "this is no row of a history");
}

static void keys_of_rows_are_known(void **state)
{
	(void)state;
	assert_true(history_is_key(slice_str("shared/login-history/u/1")));
	assert_true(history_is_key(slice_str("shared/failure-history/u/1")));
	assert_false(history_is_key(slice_str("shared/last-login/login-history/u")));
	assert_false(history_is_key(slice_str("shared/login-history")));
	assert_false(history_is_key(slice_str("")));
}

static void a_key_of_a_row_shows_its_user(void **state)
{
	static const struct slice users[] = {{"u@x", 3}, {"a/b", 3}, {"", 0}, {"/", 1}};
	struct key_part part;
	struct buf key, set;

	(void)state;
	buf_init(&key, 100);
	buf_init(&set, 100);
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		struct dict_entry entry = {.parts = &part, .part_count = 1};
		struct slice user;

		buf_reset(&key);
		buf_reset(&set);
		assert_int_equal(history_append_key(&key, HISTORY_FAILURES, users[i],
						    slice_str("7f"), &part),
				 0);
		entry.key = buf_slice(&key);
		assert_true(history_is_key(entry.key));
		assert_true(dict_entry_part(&entry, "user", &user));
		assert_true(slice_equal(user, users[i]));
		buf_append_str(&set, "failure-history/");
		buf_append_slice(&set, users[i]);
		assert_true(slice_equal(history_set_of(&entry), buf_slice(&set)));
		buf_append_str(&set, "/7f");
		assert_true(slice_equal(dict_key_name(entry.key), buf_slice(&set)));
	}
	buf_release(&set);
	buf_release(&key);
}

/* forget: a row that waits has an id in its key, which nobody asks for. */
static void a_row_of_the_user_is_his(void **state)
{
	const struct dict_key key = {.text = slice_str("shared/login-history/u@x")};
	struct dict_removal what = {
		.user = slice_str("u@x"), .keys = &key, .key_count = 1, .until_ns = 9};
	const struct key_part part = {"user", 21, 3};
	struct dict_entry entry = {.key = slice_str("shared/login-history/u@x/7"),
				   .time_ns = 5,
				   .parts = &part,
				   .part_count = 1};

	(void)state;
	assert_true(dict_removal_concerns(&what, &entry));
	entry.time_ns = 10;
	assert_false(dict_removal_concerns(&what, &entry));
	entry.time_ns = 5;
	what.user = slice_str("u@y");
	assert_false(dict_removal_concerns(&what, &entry));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_known_stands_in_the_value, setup, teardown),
		cmocka_unit_test_setup_teardown(a_value_gives_the_row_back, setup, teardown),
		cmocka_unit_test_setup_teardown(a_name_that_is_not_known_is_skipped, setup,
						teardown),
		cmocka_unit_test_setup_teardown(other_values_are_none, setup, teardown),
		cmocka_unit_test_setup_teardown(a_long_text_is_cut_between_characters, setup,
						teardown),
		cmocka_unit_test_setup_teardown(an_entry_shows_whose_row_it_is, setup, teardown),
		cmocka_unit_test(keys_of_rows_are_known),
		cmocka_unit_test(a_row_of_the_user_is_his),
		cmocka_unit_test(a_key_of_a_row_shows_its_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
