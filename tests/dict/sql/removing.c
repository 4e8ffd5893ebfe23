/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "scenarios.h"

#define THEN_NS (INT64_C(1700000000) * NS_PER_SEC)

static int expire(struct sql_harness *harness, size_t limit, struct error *error_r)
{
	const struct slice keys[] = {slice_str("shared/last-login/imap/x/x"),
				     slice_str("shared/last-login/pop3/x/x")};
	const struct dict_expiry expiry = {
		.older_than_ns = THEN_NS, .limit = limit, .keys = keys, .key_count = 2};

	return dict_expire(harness->dict, &expiry, clock_monotonic_ns() + 30 * NS_PER_SEC, error_r);
}

static void take_user(const struct dict_record *record, void *context)
{
	struct buf *users = context;

	buf_append_slice(users, record->user);
	buf_append_char(users, '\n');
}

static void expect_shown(struct sql_harness *harness, const char *expected)
{
	const struct slice key = slice_str("shared/last-login/imap/x/x");
	struct buf users;
	const struct dict_expiry expiry = {.older_than_ns = THEN_NS,
					   .limit = 100,
					   .keys = &key,
					   .key_count = 1,
					   .show = take_user,
					   .context = &users};

	buf_init(&users, 4096);
	assert_true(dict_expire(harness->dict, &expiry, clock_monotonic_ns() + 30 * NS_PER_SEC,
				NULL) >= 0);
	assert_string_equal(buf_str(&users), expected);
	buf_release(&users);
}

static void old_rows_are_removed_some_at_a_time(void **state)
{
	struct sql_harness *harness = *state;
	struct error error;

	open_documented(harness);
	sql_harness_ask(harness, "INSERT INTO last_login VALUES "
				 "('old-s', 'imap', 1699999999, '::1'), "
				 "('old-ms', 'imap', 1699999999999, '::1'), "
				 "('old-us', 'imap', 1699999999999999, '::1'), "
				 "('old-ns', 'imap', 1699999999999999999, '::1'), "
				 "('new-s', 'imap', 1700000000, '::1'), "
				 "('new-ms', 'imap', 1700000000000, '::1'), "
				 "('new-us', 'imap', 1700000000000000, '::1'), "
				 "('new-ns', 'imap', 1700000000000000000, '::1'), "
				 "('zero', 'imap', 0, '::1'), "
				 "('no-time', 'imap', 123456789, '::1'), "
				 "('none-either', 'imap', 12345678901, '::1');");
	assert_int_equal(expire(harness, 3, &error), 3);
	assert_int_equal(expire(harness, 3, &error), 1);
	assert_int_equal(expire(harness, 3, &error), 0);
	assert_string_equal(
		sql_harness_ask(harness, "SELECT userid FROM last_login ORDER BY userid;"),
		"new-ms\nnew-ns\nnew-s\nnew-us\nno-time\nnone-either\nzero\n");
}

/* A login of any service keeps the row; a user without a login has one all the same. */
static void a_row_with_several_times_is_as_old_as_the_newest(void **state)
{
	struct sql_harness *harness = *state;
	struct error error;

	sql_harness_ask(harness,
			"%s INSERT INTO users (userid, last_imap_access, last_pop3_access) VALUES "
			"('both-old', 1600000000, 1600000001), ('one-old', 1600000000, NULL), "
			"('one-new', 1600000000, 1800000000), ('never', NULL, NULL);",
			users_schema);
	sql_harness_open(harness, users_map, NULL, NULL);
	expect_shown(harness, "both-old\none-old\n");
	assert_int_equal(expire(harness, 100, &error), 2);
	assert_string_equal(sql_harness_ask(harness, "SELECT userid FROM users ORDER BY userid;"),
			    "never\none-new\n");
}

static const char quota_map[] = "map {\n"
				"  pattern = priv/quota/storage\n"
				"  table = users\n"
				"  username_field = userid\n"
				"  value_field = bytes\n"
				"  value_type = uint\n"
				"}\n";

/* A column that is in no map, and a map of somebody else's in the same file. */
static void a_table_with_anything_else_in_it_is_left_alone(void **state)
{
	struct sql_harness *harness = *state;
	struct error error = {0};
	char maps[1024];

	sql_harness_ask(harness,
			"%s ALTER TABLE last_login ADD COLUMN password VARCHAR(99); "
			"INSERT INTO last_login VALUES ('old', 'imap', 1600000000, '::1', 'x');",
			documented_schema);
	sql_harness_open(harness, documented_map, NULL, NULL);
	assert_int_equal(expire(harness, 100, &error), -EINVAL);
	assert_non_null(strstr(error.text, "table last_login has a column password that is in no "
					   "map"));
	assert_string_equal(sql_harness_ask(harness, "SELECT userid FROM last_login;"), "old\n");

	sql_harness_ask(harness,
			"DROP TABLE last_login; %s CREATE TABLE users (userid VARCHAR(255), "
			"bytes BIGINT, PRIMARY KEY (userid)); "
			"INSERT INTO users VALUES ('big', 1600000000); "
			"INSERT INTO last_login VALUES ('old', 'imap', 1600000000, '::1');",
			documented_schema);
	(void)snprintf(maps, sizeof(maps), "%s%s", quota_map, documented_map);
	sql_harness_open(harness, maps, NULL, NULL);
	assert_int_equal(expire(harness, 100, &error), 1);
	assert_string_equal(sql_harness_ask(harness, "SELECT userid FROM users;"), "big\n");
}

static void text_columns_are_left_alone(void **state)
{
	struct sql_harness *harness = *state;
	struct error error = {0};

	sql_harness_ask(
		harness,
		"CREATE TABLE last_login (userid VARCHAR(255) NOT NULL, service VARCHAR(10) NOT "
		"NULL, last_access VARCHAR(20) NOT NULL, last_ip VARCHAR(40) NOT NULL, "
		"PRIMARY KEY (userid, service)); "
		"INSERT INTO last_login VALUES ('old', 'imap', '1600000000', '::1');");
	sql_harness_open(harness, documented_map, NULL, NULL);
	/* SQLite takes any value in any column: there it is the value that is no number. */
	assert_int_equal(expire(harness, 100, &error), is_sqlite(harness) ? 0 : -EINVAL);
	assert_string_equal(sql_harness_ask(harness, "SELECT userid FROM last_login;"), "old\n");
}

static void forget(struct sql_harness *harness, const char *user)
{
	const uint32_t len = (uint32_t)strlen(user);
	const struct key_part parts[] = {
		{"service", 18, 4}, {"user", 23, len}, {"remote_ip", 24 + len, 1}};
	struct error error = {0};
	char text[128];
	const struct dict_key key = {
		.text = {text, 25 + len}, .parts = parts, .part_count = 3, .open = 5, .of_user = 2};
	const struct dict_removal what = {
		.user = slice_str(user), .keys = &key, .key_count = 1, .until_ns = INT64_MAX};
	int ret;

	snprintf(text, sizeof(text), "shared/last-login/imap/%s/x", user);
	ret = dict_remove(harness->dict, &what, clock_monotonic_ns() + 30 * NS_PER_SEC, &error);
	if (ret < 0)
		fail_msg("%s", error.text);
}

/* To the column's collation they are one. */
static void only_the_user_is_forgotten(void **state)
{
	struct sql_harness *harness = *state;

	sql_harness_ask(harness, "%s", documented_schema);
	sql_harness_ask(harness, "ALTER TABLE last_login CONVERT TO CHARACTER SET utf8mb4 COLLATE "
				 "utf8mb4_general_ci; INSERT INTO last_login VALUES "
				 "('andr\xc3\xa9', 'imap', 1700000000, ''), "
				 "('bob ', 'imap', 1700000000, ''), "
				 "('Carol', 'imap', 1700000000, '');");
	sql_harness_open(harness, documented_map, NULL, NULL);
	forget(harness, "andre");
	forget(harness, "bob");
	forget(harness, "carol");
	assert_string_equal(
		sql_harness_ask(harness, "SELECT HEX(userid) FROM last_login ORDER BY userid;"),
		"616E6472C3A9\n626F6220\n");
	forget(harness, "andr\xc3\xa9");
	forget(harness, "bob ");
	assert_string_equal(sql_harness_ask(harness, "SELECT COUNT(*) FROM last_login;"), "0\n");
}

const struct sql_scenario sql_removing[] = {
	SCENARIO(only_the_user_is_forgotten, ON_MYSQL),
	SCENARIO(old_rows_are_removed_some_at_a_time, ON_ALL),
	SCENARIO(a_row_with_several_times_is_as_old_as_the_newest, ON_ALL),
	SCENARIO(a_table_with_anything_else_in_it_is_left_alone, ON_ALL),
	SCENARIO(text_columns_are_left_alone, ON_ALL),
	{0},
};
