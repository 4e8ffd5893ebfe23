/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "scenarios.h"

static void note_record(const struct dict_record *record, void *context)
{
	char *text = context;

	snprintf(text + strlen(text), 512 - strlen(text), "%.*s %.*s %.*s %lld;",
		 (int)record->user.len, record->user.ptr, (int)record->service.len,
		 record->service.ptr, (int)record->remote_ip.len, record->remote_ip.ptr,
		 (long long)(record->time_ns / NS_PER_MSEC));
}

static int look_up(struct sql_harness *harness, const char *user, char text[512])
{
	struct error error = {0};
	int ret;

	text[0] = '\0';
	ret = harness->driver->lookup(harness->dict, slice_str(user), NULL, 0,
				      clock_monotonic_ns() + 30 * NS_PER_SEC, note_record, text,
				      &error);
	if (ret < 0)
		fail_msg("%s", error.text);
	return ret;
}

static void a_lookup_returns_service_address_and_time(void **state)
{
	struct sql_harness *harness = *state;
	char text[512];

	sql_harness_ask(harness, "%s", users_schema);
	sql_harness_open(harness, users_map, NULL, NULL);
	sql_harness_expect(harness, (struct login){"imap", "u'1", "::1", 1795338300001},
			   DICT_STORED);
	sql_harness_expect(harness, (struct login){"pop3", "u'1", "::2", 1795338300002},
			   DICT_STORED);
	assert_int_equal(look_up(harness, "u'1", text), 2);
	assert_string_equal(text, "u'1 imap ::1 1795338300001;u'1 pop3 ::2 1795338300002;");
	assert_int_equal(look_up(harness, "nobody", text), 0);

	open_documented(harness);
	sql_harness_expect(harness, (struct login){"imap", "u1", "::1", 1795338300001},
			   DICT_STORED);
	assert_int_equal(look_up(harness, "u1", text), 1);
	assert_string_equal(text, "u1 imap ::1 1795338300001;");
}

/* shared/last-login/SERVICE/USER/ADDRESS, of nobody */
static const struct key_part parts[] = {{"service", 18, 4}, {"user", 23, 1}, {"remote_ip", 25, 1}};
static const struct dict_key sample = {
	{"shared/last-login/imap/u/x", 26}, parts, 3, 1U << 1 | 1U << 2, 1U << 1};

static int64_t list(struct sql_harness *harness, const struct dict_listing *listing, char text[512])
{
	struct error error;
	int64_t ret;

	text[0] = '\0';
	ret = dict_list(harness->dict, listing, 30 * NS_PER_SEC, note_record, text, &error);
	if (ret < 0)
		fail_msg("%s", error.text);
	return ret;
}

static void everybody_can_be_listed(void **state)
{
	const struct dict_listing all = {.keys = &sample, .key_count = 1};
	const struct dict_listing some = {.keys = &sample, .key_count = 1, .mask = "?2"};
	struct sql_harness *harness = *state;
	char text[512];

	open_documented(harness);
	sql_harness_expect(harness, (struct login){"imap", "u1", "::1", 1795338300001},
			   DICT_STORED);
	sql_harness_expect(harness, (struct login){"imap", "u2", "::2", 1795338300002},
			   DICT_STORED);
	assert_int_equal(list(harness, &all, text), 2);
	assert_non_null(strstr(text, "u1 imap ::1 1795338300001;"));
	assert_non_null(strstr(text, "u2 imap ::2 1795338300002;"));
	assert_int_equal(list(harness, &some, text), 1);
	assert_string_equal(text, "u2 imap ::2 1795338300002;");
}

/* Whose login is not old the server itself leaves out, with all their records; mail is no login. */
static void who_has_logged_in_is_left_out(void **state)
{
	static const char *const unjudged[] = {"lmtp", NULL};
	static const uint8_t judged[] = {1};
	const struct dict_listing listing = {.keys = &sample,
					     .key_count = 1,
					     .judged = judged,
					     .unjudged = unjudged,
					     .older_than_ns = 1795338300 * NS_PER_SEC};
	struct sql_harness *harness = *state;
	char text[512];

	open_documented(harness);
	sql_harness_expect(harness, (struct login){"imap", "u1", "::1", 1795338200001},
			   DICT_STORED);
	sql_harness_expect(harness, (struct login){"pop3", "u1", "::1", 1795338300001},
			   DICT_STORED);
	sql_harness_expect(harness, (struct login){"imap", "u2", "::2", 1795338200002},
			   DICT_STORED);
	sql_harness_expect(harness, (struct login){"lmtp", "u2", "", 1795338300003}, DICT_STORED);
	assert_int_equal(list(harness, &listing, text), 2);
	assert_non_null(strstr(text, "u2 imap ::2 1795338200002;"));
	assert_non_null(strstr(text, "u2 lmtp  1795338300003;"));
}

/* By the columns that the user's name is in, whatever they are called. */
static void a_user_is_found_by_the_key(void **state)
{
	struct sql_harness *harness = *state;
	struct dict_key key = sample;
	char text[512] = "";
	struct error error;

	key.text = slice_str("shared/last-login/imap/7/x");
	key.open = 1U << 2;
	open_documented(harness);
	sql_harness_expect(harness, (struct login){"imap", "7", "::1", 1795338300001}, DICT_STORED);
	sql_harness_expect(harness, (struct login){"pop3", "7", "::1", 1795338300002}, DICT_STORED);
	sql_harness_expect(harness, (struct login){"imap", "8", "::1", 1795338300003}, DICT_STORED);
	assert_int_equal(dict_search(harness->dict, slice_str("7"), &key, 1,
				     clock_monotonic_ns() + 30 * NS_PER_SEC, note_record, text,
				     &error),
			 2);
	assert_null(strstr(text, "8 imap"));
}

const struct sql_scenario sql_reading[] = {
	SCENARIO(a_lookup_returns_service_address_and_time, ON_ALL),
	SCENARIO(everybody_can_be_listed, ON_ALL),
	SCENARIO(who_has_logged_in_is_left_out, ON_ALL),
	SCENARIO(a_user_is_found_by_the_key, ON_ALL),
	{0},
};
