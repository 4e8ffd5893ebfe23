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

static void everybody_can_be_listed(void **state)
{
	const struct slice logins = slice_str("shared/last-login/x/x/x");
	struct sql_harness *harness = *state;
	char text[512] = "";

	open_documented(harness);
	sql_harness_expect(harness, (struct login){"imap", "u1", "::1", 1795338300001},
			   DICT_STORED);
	sql_harness_expect(harness, (struct login){"imap", "u2", "::2", 1795338300002},
			   DICT_STORED);
	assert_int_equal(dict_lookup(harness->dict, (struct slice){NULL, 0}, &logins, 1,
				     clock_monotonic_ns() + 30 * NS_PER_SEC, note_record, text,
				     NULL),
			 2);
	assert_non_null(strstr(text, "u1 imap ::1 1795338300001;"));
	assert_non_null(strstr(text, "u2 imap ::2 1795338300002;"));
}

const struct sql_scenario sql_reading[] = {
	SCENARIO(a_lookup_returns_service_address_and_time, ON_ALL),
	SCENARIO(everybody_can_be_listed, ON_ALL),
	{0},
};
