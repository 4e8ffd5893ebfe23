/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <time.h>

#include "../cmocka_all.h"
#include "base/clock.h"
#include "cli/logins.h"

#define NOW (1795338170 * NS_PER_SEC) /* 2026-11-22 09:02:50 UTC */

static void add(struct logins *logins, const char *user, const char *service, const char *ip,
		int64_t time_ns)
{
	const struct logins_row row = {slice_str(user), slice_str(service), slice_str(ip),
				       slice_str("v"), time_ns};

	assert_int_equal(logins_add(logins, &row), 0);
}

static void expect_row(const struct logins *logins, size_t index, const char *user,
		       const char *service, int64_t time_ns)
{
	assert_true(index < logins->count);
	assert_string_equal(logins->rows[index].user.ptr, user);
	assert_string_equal(logins->rows[index].service.ptr, service);
	assert_true(logins->rows[index].time_ns == time_ns);
}

static void rows_are_copies(void **state)
{
	struct logins logins = {0};
	char user[] = "u@x";
	const struct logins_row row = {slice_str(user), {NULL, 0}, {NULL, 0}, {"a\0b", 3}, 7};

	(void)state;
	assert_int_equal(logins_add(&logins, &row), 0);
	user[0] = 'X';
	expect_row(&logins, 0, "u@x", "", 7);
	assert_int_equal(logins.rows[0].value.len, 3);
	assert_memory_equal(logins.rows[0].value.ptr, "a\0b", 4);
	for (int i = 0; i < 100; i++)
		add(&logins, "more", "imap", "", i);
	assert_int_equal(logins.count, 101);
	expect_row(&logins, 0, "u@x", "", 7);
	logins_release(&logins);
	assert_null(logins.rows);
	logins_release(&logins);
}

static void the_newest_of_a_user_comes_first(void **state)
{
	struct logins logins = {0};

	(void)state;
	add(&logins, "b", "imap", "", 5);
	add(&logins, "a", "pop3", "", 1);
	add(&logins, "a", "imap", "", 3);
	add(&logins, "ab", "imap", "", 9);
	add(&logins, "a", "lmtp", "", 3);
	logins_sort(&logins);
	assert_int_equal(logins.count, 5);
	expect_row(&logins, 0, "a", "imap", 3);
	expect_row(&logins, 1, "a", "lmtp", 3);
	expect_row(&logins, 2, "a", "pop3", 1);
	expect_row(&logins, 3, "ab", "imap", 9);
	expect_row(&logins, 4, "b", "imap", 5);
	logins_release(&logins);
	logins_sort(&logins); /* nothing is no trouble */
}

static void older_copies_are_left_out(void **state)
{
	struct logins logins = {0};

	(void)state;
	add(&logins, "a", "imap", "192.0.2.1", 1);
	add(&logins, "a", "pop3", "192.0.2.1", 2);
	add(&logins, "a", "imap", "192.0.2.1", 3);
	add(&logins, "a", "imap", "192.0.2.2", 0);
	add(&logins, "b", "imap", "192.0.2.1", 0);
	logins_sort(&logins);
	assert_int_equal(logins.count, 4);
	expect_row(&logins, 0, "a", "imap", 3);
	expect_row(&logins, 1, "a", "pop3", 2);
	expect_row(&logins, 2, "a", "imap", 0);
	expect_row(&logins, 3, "b", "imap", 0);
	logins_release(&logins);
}

static void who_logged_in_since_is_not_inactive(void **state)
{
	struct logins logins = {0};

	(void)state;
	add(&logins, "active", "imap", "", 100);
	add(&logins, "active", "pop3", "", 10);
	add(&logins, "border", "imap", "", 50);
	add(&logins, "old", "imap", "", 49);
	add(&logins, "old", "pop3", "", 5);
	add(&logins, "timeless", "imap", "", -1);
	logins_sort(&logins);
	logins_keep_older(&logins, 50);
	assert_int_equal(logins.count, 2);
	expect_row(&logins, 0, "old", "imap", 49);
	expect_row(&logins, 1, "timeless", "imap", -1);
	logins_release(&logins);
}

/* --- printing -------------------------------------------------------------------------------- */

static void expect_output(const struct logins *logins,
			  int (*print)(const struct logins *, int64_t, FILE *),
			  const char *expected)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	assert_int_equal(print(logins, NOW, to), 0);
	assert_int_equal(fclose(to), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void a_table_lines_up(void **state)
{
	struct logins logins = {0};

	(void)state;
	add(&logins, "j\xc3\xb6rg", "imap", "192.0.2.1", NOW - 59 * NS_PER_SEC);
	add(&logins, "u\x1b[2J", "", "", NOW - 41 * 86400 * NS_PER_SEC);
	add(&logins, "x", "pop3", "::1", -1);
	expect_output(&logins, logins_print_table,
		      "USER      SERVICE  LAST LOGIN           AGE  REMOTE IP\n"
		      "j\xc3\xb6rg      imap     2026-11-22 09:01:51  59s  192.0.2.1\n"
		      "u\\x1b[2J  -        2026-10-12 09:02:50  41d  -\n"
		      "x         pop3     v                         ::1\n");
	logins_release(&logins);
	expect_output(&logins, logins_print_table, "USER  SERVICE  LAST LOGIN  AGE  REMOTE IP\n");
}

static void expect_age(int64_t seconds, const char *age)
{
	struct logins logins = {0};
	char expected[200];

	add(&logins, "u", "s", "i", NOW - seconds * NS_PER_SEC);
	snprintf(expected, sizeof(expected), "  %s  ", age);
	{
		char *text = NULL;
		size_t size = 0;
		FILE *to = open_memstream(&text, &size);

		assert_int_equal(logins_print_table(&logins, NOW, to), 0);
		assert_int_equal(fclose(to), 0);
		if (!strstr(text, expected))
			fail_msg("'%s' lacks '%s'", text, expected);
		free(text);
	}
	logins_release(&logins);
}

static void an_age_is_in_its_largest_unit(void **state)
{
	(void)state;
	expect_age(-10, "0s");
	expect_age(0, "0s");
	expect_age(59, "59s");
	expect_age(60, "1m");
	expect_age(3599, "59m");
	expect_age(3600, "1h");
	expect_age(86399, "23h");
	expect_age(86400, "1d");
}

static void json_has_what_is_known(void **state)
{
	struct logins logins = {0};

	(void)state;
	expect_output(&logins, logins_print_json, "[\n]\n");
	add(&logins, "a\"b", "imap", "192.0.2.1", NOW - 7 * NS_PER_SEC);
	add(&logins, "c", "", "", -1);
	expect_output(&logins, logins_print_json,
		      "[\n{\"user\":\"a\\\"b\",\"service\":\"imap\",\"remote_ip\":\"192.0.2.1\","
		      "\"value\":\"v\",\"time\":\"2026-11-22T09:02:43+0000\",\"age_seconds\":7},\n"
		      "{\"user\":\"c\",\"value\":\"v\"}\n]\n");
	logins_release(&logins);
}

static void a_full_disk_is_an_error(void **state)
{
	struct logins logins = {0};
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	add(&logins, "a", "imap", "", NOW);
	assert_int_equal(logins_print_table(&logins, NOW, full), -EIO);
	assert_int_equal(logins_print_json(&logins, NOW, full), -EIO);
	(void)fclose(full);
	logins_release(&logins);
}

static int set_zone(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_copies),
		cmocka_unit_test(the_newest_of_a_user_comes_first),
		cmocka_unit_test(older_copies_are_left_out),
		cmocka_unit_test(who_logged_in_since_is_not_inactive),
		cmocka_unit_test(a_table_lines_up),
		cmocka_unit_test(an_age_is_in_its_largest_unit),
		cmocka_unit_test(json_has_what_is_known),
		cmocka_unit_test(a_full_disk_is_an_error),
	};

	return cmocka_run_group_tests(tests, set_zone, NULL);
}
