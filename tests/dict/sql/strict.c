/* SPDX-License-Identifier: MIT */
#include "scenarios.h"
#include "store/drivers/sql/sql.h"

static void strict_mysql_keeps_the_first_address(void **state)
{
	struct sql_harness *harness = *state;

	sql_harness_ask(harness, "%s", documented_schema);
	sql_harness_open(harness, documented_map, NULL, "2.3.19.1");
	sql_harness_expect(harness, (struct login){"imap", "u1", "127.0.0.1", 1795338302210},
			   DICT_STORED);
	sql_harness_expect(harness, (struct login){"imap", "u1", "127.0.0.7", 1795338303664},
			   DICT_STORED);
	assert_string_equal(all_rows(harness), "u1\timap\t1795338303664\t127.0.0.1\n");
	/* And it goes back in time, and splits a name. */
	sql_harness_expect(harness, (struct login){"imap", "u1", "127.0.0.7", 1795338300000},
			   DICT_STORED);
	sql_harness_expect(harness, (struct login){"imap", "a/b@c", "127.0.0.1", 1795338300000},
			   DICT_STORED);
	assert_string_equal(all_rows(harness), "a\timap\t1795338300000\tb@c/127.0.0.1\n"
					       "u1\timap\t1795338300000\t127.0.0.1\n");
	sql_harness_expect(harness, (struct login){"lmtp", "u1", "", 1795338300000}, DICT_REFUSED);
}

static void strict_fails_with_the_documented_key(void **state)
{
	struct sql_harness *harness = *state;
	const char *reason;

	sql_harness_ask(harness, "%s", documented_schema);
	sql_harness_open(harness, documented_map, NULL, "2.3.19.1");
	reason = sql_harness_expect(harness, (struct login){"imap", "u1", "::1", 1}, DICT_RETRY);
	assert_non_null(strstr(reason, is_sqlite(harness)
					       ? "does not match any PRIMARY KEY"
					       : "there is no unique or exclusion constraint"));
	assert_string_equal(all_rows(harness), "");
}

static void strict_2_3_13_never_updates_a_row(void **state)
{
	struct sql_harness *harness = *state;

	sql_harness_ask(harness, "%s", documented_schema);
	sql_harness_open(harness, documented_map, NULL, "2.3.13");
	sql_harness_expect(harness, (struct login){"imap", "u1", "::1", 1795338302210},
			   DICT_STORED);
	sql_harness_expect(harness, (struct login){"imap", "u1", "::2", 1795338302211},
			   DICT_REFUSED);
	assert_string_equal(all_rows(harness), "u1\timap\t1795338302210\t::1\n");
}

/* Two maps of one table: what came first in a batch made the row, whatever its map. */
static void strict_keeps_the_order_of_logins(void **state)
{
	static const char maps[] =
		"map {\n  pattern = shared/last-login/imap/$user/$ip\n  table = last_login\n"
		"  value_field = last_access\n  value_type = uint\n"
		"  fields {\n    userid = $user\n    last_ip = $ip\n  }\n}\n"
		"map {\n  pattern = shared/last-login/pop3/$user/$ip\n  table = last_login\n"
		"  value_field = last_access\n  value_type = uint\n"
		"  fields {\n    userid = $user\n    last_ip = $ip\n  }\n}\n";
	struct sql_harness *harness = *state;
	struct batch batch = {0};

	sql_harness_ask(harness, "CREATE TABLE last_login (userid VARCHAR(9) PRIMARY KEY, "
				 "service VARCHAR(9) DEFAULT '', last_access BIGINT, "
				 "last_ip VARCHAR(9));");
	sql_harness_open(harness, maps, NULL, "2.3.13");
	batch_add(&batch, &(struct login){"pop3", "u1", "::1", 1795338302210});
	batch_add(&batch, &(struct login){"imap", "u1", "::2", 1795338302211});
	assert_int_equal(sql_harness_write(harness, &batch), 0);
	assert_string_equal(all_rows(harness), harness->driver == &sql_mysql_driver
						       ? "u1\t\t1795338302211\t::1\n"
						       : "u1\t\t1795338302210\t::1\n");
	batch_clear(&batch);
}

const struct sql_scenario sql_strict[] = {
	SCENARIO(strict_mysql_keeps_the_first_address, ON_MYSQL),
	SCENARIO(strict_fails_with_the_documented_key, ON_PGSQL | ON_SQLITE),
	SCENARIO(strict_2_3_13_never_updates_a_row, ON_PGSQL | ON_SQLITE),
	SCENARIO(strict_keeps_the_order_of_logins, ON_MYSQL | ON_PGSQL | ON_SQLITE),
	{0},
};
