/* SPDX-License-Identifier: MIT */
#include "stories.h"

static void a_missing_table_is_waited_for(void **state)
{
	struct sql_stand *stand = *state;
	struct login login = {"imap", "u", "::1", 1795338300000};
	struct error error = {0};

	sql_stand_open(stand, documented_map, NULL, NULL);
	assert_true(ping(stand, &error) < 0);
	assert_non_null(strstr(error.text, "there is no table last_login"));
	sql_stand_expect(stand, login, DICT_RETRY);
	sql_stand_ask(stand, "%s", documented_schema);
	assert_int_equal(ping(stand, &error), 0);
	sql_stand_expect(stand, login, DICT_STORED);
	sql_stand_ask(stand, "DROP TABLE last_login;");
	login.value++;
	sql_stand_expect(stand, login, DICT_RETRY);
	sql_stand_ask(stand, "%s", documented_schema);
	sql_stand_expect(stand, login, DICT_STORED);
}

static void a_column_that_is_too_small_is_told_at_once(void **state)
{
	struct sql_stand *stand = *state;
	struct error error = {0};

	sql_stand_ask(stand, "CREATE TABLE last_login (userid VARCHAR(255) NOT NULL, service "
			     "VARCHAR(10) NOT NULL, last_access INT NOT NULL, last_ip VARCHAR(40), "
			     "PRIMARY KEY (userid, service));");
	sql_stand_open(stand, documented_map, NULL, NULL);
	if (is_sqlite(stand)) { /* its INT has 64 bits */
		assert_int_equal(ping(stand, &error), 0);
		return;
	}
	assert_true(ping(stand, &error) < 0);
	assert_non_null(strstr(error.text, "column last_access is int"));
	assert_non_null(strstr(error.text, "BIGINT"));
	sql_stand_expect(stand, (struct login){"imap", "u", "::1", 1795338300000}, DICT_RETRY);
}

static void a_table_without_a_key_is_told_at_once(void **state)
{
	struct sql_stand *stand = *state;
	struct error error = {0};

	sql_stand_ask(stand, "CREATE TABLE last_login (userid VARCHAR(255), service VARCHAR(10), "
			     "last_access BIGINT, last_ip VARCHAR(40));");
	sql_stand_open(stand, documented_map, NULL, NULL);
	assert_true(ping(stand, &error) < 0);
	assert_non_null(strstr(error.text, "add PRIMARY KEY (userid, service)"));
}

const struct sql_story sql_schema[] = {
	STORY(a_missing_table_is_waited_for, ON_ALL),
	STORY(a_column_that_is_too_small_is_told_at_once, ON_ALL),
	STORY(a_table_without_a_key_is_told_at_once, ON_ALL),
	{0},
};
