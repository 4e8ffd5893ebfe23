/* SPDX-License-Identifier: MIT */
#include "scenarios.h"

static void a_missing_table_is_waited_for(void **state)
{
	struct sql_harness *harness = *state;
	struct login login = {"imap", "u", "::1", 1795338300000};
	struct error error = {0};

	sql_harness_open(harness, documented_map, NULL, NULL);
	assert_true(ping(harness, &error) < 0);
	assert_non_null(strstr(error.text, "there is no table last_login"));
	sql_harness_expect(harness, login, DICT_RETRY);
	sql_harness_ask(harness, "%s", documented_schema);
	assert_int_equal(ping(harness, &error), 0);
	sql_harness_expect(harness, login, DICT_STORED);
	sql_harness_ask(harness, "DROP TABLE last_login;");
	login.value++;
	sql_harness_expect(harness, login, DICT_RETRY);
	sql_harness_ask(harness, "%s", documented_schema);
	sql_harness_expect(harness, login, DICT_STORED);
}

static void a_column_that_is_too_small_is_reported_at_once(void **state)
{
	struct sql_harness *harness = *state;
	struct error error = {0};

	sql_harness_ask(harness,
			"CREATE TABLE last_login (userid VARCHAR(255) NOT NULL, service "
			"VARCHAR(10) NOT NULL, last_access INT NOT NULL, last_ip VARCHAR(40), "
			"PRIMARY KEY (userid, service));");
	sql_harness_open(harness, documented_map, NULL, NULL);
	if (is_sqlite(harness)) { /* its INT has 64 bits */
		assert_int_equal(ping(harness, &error), 0);
		return;
	}
	assert_true(ping(harness, &error) < 0);
	assert_non_null(strstr(error.text, "column last_access is int"));
	assert_non_null(strstr(error.text, "BIGINT"));
	sql_harness_expect(harness, (struct login){"imap", "u", "::1", 1795338300000}, DICT_RETRY);
}

static void a_table_without_a_key_is_reported_at_once(void **state)
{
	struct sql_harness *harness = *state;
	struct error error = {0};

	sql_harness_ask(harness,
			"CREATE TABLE last_login (userid VARCHAR(255), service VARCHAR(10), "
			"last_access BIGINT, last_ip VARCHAR(40));");
	sql_harness_open(harness, documented_map, NULL, NULL);
	assert_true(ping(harness, &error) < 0);
	assert_non_null(strstr(error.text, "add PRIMARY KEY (userid, service)"));
}

const struct sql_scenario sql_schema[] = {
	SCENARIO(a_missing_table_is_waited_for, ON_ALL),
	SCENARIO(a_column_that_is_too_small_is_reported_at_once, ON_ALL),
	SCENARIO(a_table_without_a_key_is_reported_at_once, ON_ALL),
	{0},
};
