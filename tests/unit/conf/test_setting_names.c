/* SPDX-License-Identifier: MIT */
/* The full names of settings, as doveconf of 2.4.1 prints or takes them. */
#include "../cmocka_all.h"
#include "conf/v24/setting_names.h"

static void full(const char *type, const char *name, const char *word, const char *expected)
{
	char out[128];

	assert_string_equal(v24_full_name(type, name, word, out, sizeof(out)), expected);
}

static void a_block_shortens_what_is_in_it(void **state)
{
	(void)state;
	full("last_login", "", "key", "last_login_key");
	full("mysql", "db.example.com", "port", "mysql_port");
	full("dict", "file", "path", "dict_file_path");
	full("dict", "other", "file_path", "dict_file_path");
	full("dict", "proxy", "name", "dict_proxy_name");
	full("dict", "other", "name", "dict_name");
	full("fs", "posix", "prefix", "fs_posix_prefix");
	full("fs", "other", "posix_prefix", "fs_posix_prefix");
	full("cassandra", "", "hosts", "cassandra_hosts");
	full("dict", "sql", "map", "dict_map");
	full("dict_map", "shared/x/$user", "value_field", "dict_map_value_field");
	full("dict_map", "shared/x/$user", "sql_table", "dict_map_sql_table");
	full("pgsql", "h", "parameters", "pgsql_parameters");
}

static void what_is_whole_or_unknown_stays(void **state)
{
	(void)state;
	full("dict", "redis", "redis_port", "redis_port");
	full("dict", "redis", "port", "port"); /* doveconf: Unknown setting: port */
	full("dict", "other", "path", "path");
	full("last_login", "", "dict", "dict");
	full("dict", "sql", "cassandra", "cassandra");
}

static void kinds_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(v24_kind("redis_key_prefix"), V24_SETTING);
	assert_int_equal(v24_kind("last_login"), V24_NAMED);
	assert_int_equal(v24_kind("dict"), V24_ENTRIES);
	assert_int_equal(v24_kind("mail_plugins"), V24_LIST);
	assert_int_equal(v24_kind("redis_prot"), V24_UNKNOWN);
	assert_int_equal(v24_kind("redis_"), V24_UNKNOWN);
	assert_string_equal(v24_entry_name("mysql"), "mysql_host");
	assert_null(v24_entry_name("cassandra"));
	assert_null(v24_entry_name("service"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_shortens_what_is_in_it),
		cmocka_unit_test(what_is_whole_or_unknown_stays),
		cmocka_unit_test(kinds_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
