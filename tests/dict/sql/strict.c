/* SPDX-License-Identifier: MIT */
#include "stories.h"

static void strict_mysql_keeps_the_first_address(void **state)
{
	struct sql_stand *stand = *state;

	sql_stand_ask(stand, "%s", documented_schema);
	sql_stand_open(stand, documented_map, NULL, "2.3.19.1");
	sql_stand_expect(stand, (struct login){"imap", "u1", "127.0.0.1", 1795338302210},
			 DICT_STORED);
	sql_stand_expect(stand, (struct login){"imap", "u1", "127.0.0.7", 1795338303664},
			 DICT_STORED);
	assert_string_equal(all_rows(stand), "u1\timap\t1795338303664\t127.0.0.1\n");
	/* And it goes back in time, and splits a name. */
	sql_stand_expect(stand, (struct login){"imap", "u1", "127.0.0.7", 1795338300000},
			 DICT_STORED);
	sql_stand_expect(stand, (struct login){"imap", "a/b@c", "127.0.0.1", 1795338300000},
			 DICT_STORED);
	assert_string_equal(all_rows(stand), "a\timap\t1795338300000\tb@c/127.0.0.1\n"
					     "u1\timap\t1795338300000\t127.0.0.1\n");
	sql_stand_expect(stand, (struct login){"lmtp", "u1", "", 1795338300000}, DICT_REFUSED);
}

static void strict_fails_with_the_documented_key(void **state)
{
	struct sql_stand *stand = *state;
	const char *reason;

	sql_stand_ask(stand, "%s", documented_schema);
	sql_stand_open(stand, documented_map, NULL, "2.3.19.1");
	reason = sql_stand_expect(stand, (struct login){"imap", "u1", "::1", 1}, DICT_RETRY);
	assert_non_null(strstr(reason, is_sqlite(stand)
					       ? "does not match any PRIMARY KEY"
					       : "there is no unique or exclusion constraint"));
	assert_string_equal(all_rows(stand), "");
}

static void strict_2_3_13_never_updates_a_row(void **state)
{
	struct sql_stand *stand = *state;

	sql_stand_ask(stand, "%s", documented_schema);
	sql_stand_open(stand, documented_map, NULL, "2.3.13");
	sql_stand_expect(stand, (struct login){"imap", "u1", "::1", 1795338302210}, DICT_STORED);
	sql_stand_expect(stand, (struct login){"imap", "u1", "::2", 1795338302211}, DICT_REFUSED);
	assert_string_equal(all_rows(stand), "u1\timap\t1795338302210\t::1\n");
}

const struct sql_story sql_strict[] = {
	STORY(strict_mysql_keeps_the_first_address, ON_MYSQL),
	STORY(strict_fails_with_the_documented_key, ON_PGSQL | ON_SQLITE),
	STORY(strict_2_3_13_never_updates_a_row, ON_PGSQL | ON_SQLITE),
	{0},
};
