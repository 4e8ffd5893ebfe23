/* SPDX-License-Identifier: MIT */
/* Settings of connections: the words of 2.3, the blocks of 2.4, and how a dict is opened by them.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/clock.h"
#include "sql_fixture.h"
#include "store/dict.h"
#include "store/drivers/sql/mysql_settings.h"
#include "store/drivers/sql/pgsql_settings.h"

/* --- mysql ------------------------------------------------------------------------------------*/

static void mysql_words_have_dovecots_defaults(void **state)
{
	struct mysql_hosts hosts;
	struct error error = {0};

	(void)state;
	assert_int_equal(
		mysql_hosts_from_connect(&hosts,
					 "host=/run/a.sock  host=db2 hostaddr=::1 port=3307 "
					 "dbname=mails user=dovecot password=p=q maxconns=9",
					 &error),
		0);
	assert_int_equal(hosts.count, 3);
	assert_string_equal(hosts.list[0].host, "/run/a.sock");
	assert_string_equal(hosts.list[2].host, "::1");
	assert_string_equal(hosts.list[2].password, "p=q");
	assert_int_equal(hosts.list[1].port, 3307);
	assert_int_equal(hosts.list[1].connect_timeout, 5000);
	assert_int_equal(hosts.list[1].read_timeout, 30000);
	assert_int_equal(hosts.list[1].write_timeout, 30000);
	assert_string_equal(hosts.list[1].ssl_cipher, "HIGH");
	assert_string_equal(hosts.list[1].option_group, "client");
	assert_true(hosts.list[1].ssl_verify_server_cert);
	mysql_hosts_release(&hosts);
}

static void an_option_file_may_stand_for_the_host(void **state)
{
	struct mysql_hosts hosts;
	struct error error = {0};

	(void)state;
	assert_int_equal(mysql_hosts_from_connect(&hosts, "option_file=/etc/my.cnf", &error), 0);
	assert_int_equal(hosts.count, 1);
	assert_null(hosts.list[0].host);
	mysql_hosts_release(&hosts);
}

static const struct {
	const char *connect, *error;
} bad_mysql[] = {
	{"dbname=x", "No hosts given in connect string: add host=..."},
	{"host=x foo=1", "Unknown connect string: foo"},
	{"host=x port=70000", "Invalid port: 70000 (0 to 65535)"},
	{"host=x port=-1", "Invalid port: -1 (0 to 65535)"},
	{"host=x read_timeout=soon", "Invalid read_timeout: soon (seconds)"},
	{"host=x ssl_verify_server_cert=1", "Invalid ssl_verify_server_cert: 1 (yes or no)"},
	{"host=x password=my secret", "Missing value in connect string: a word has no \"=\""},
};

static void bad_mysql_words_are_named_but_never_a_password(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_mysql) / sizeof(*bad_mysql); i++) {
		struct mysql_hosts hosts;
		struct error error = {0};

		assert_int_equal(mysql_hosts_from_connect(&hosts, bad_mysql[i].connect, &error),
				 -EINVAL);
		assert_string_equal(error.text, bad_mysql[i].error);
	}
}

static void blocks_of_2_4_inherit_from_those_around_them(void **state)
{
	struct conf_section *root =
		parse_text("dovecot_config_version = 2.4.1\nmysql_read_timeout = 2 min\n"
			   "ssl_client_ca_file = /etc/ca.pem\n"
			   "dict_server {\n dict sql {\n  driver = sql\n  sql_driver = mysql\n"
			   "  mysql db1 {\n   port = 3307\n   user = dovecot\n   password = pass\n"
			   "   dbname = mails\n   ssl = yes\n  }\n  mysql db2 {\n"
			   "   mysql_connect_timeout = 500ms\n  }\n }\n}\n",
			   0);
	const struct conf_section *dict =
		conf_section_find(conf_section_find(root, "dict_server", NULL), "dict", "sql");
	struct mysql_hosts hosts;
	struct error error = {0};

	(void)state;
	if (mysql_hosts_from_block(&hosts, dict, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(hosts.count, 2);
	assert_string_equal(hosts.list[0].host, "db1");
	assert_int_equal(hosts.list[0].port, 3307);
	assert_string_equal(hosts.list[0].ssl_ca, "/etc/ca.pem");
	assert_int_equal(hosts.list[0].read_timeout, 120000);
	assert_string_equal(hosts.list[1].host, "db2");
	assert_int_equal(hosts.list[1].connect_timeout, 500);
	assert_null(hosts.list[1].ssl_ca);
	mysql_hosts_release(&hosts);
	conf_free(&root);
}

/* --- pgsql ------------------------------------------------------------------------------------*/

static void pgsql_words_are_libpqs_for_every_host(void **state)
{
	struct pgsql_hosts hosts;
	struct error error = {0};

	(void)state;
	assert_int_equal(pgsql_hosts_from_connect(
				 &hosts, "host=a user=u host=b maxconns=3 password='p w'", &error),
			 0);
	assert_int_equal(hosts.count, 2);
	assert_string_equal(hosts.list[0].conninfo, "host=a user=u password='p w' ");
	assert_string_equal(hosts.list[1].name, "b");
	assert_string_equal(hosts.list[1].conninfo, "host=b user=u password='p w' ");
	pgsql_hosts_release(&hosts);
	assert_int_equal(pgsql_hosts_from_connect(&hosts, "dbname=x", &error), 0);
	assert_int_equal(hosts.count, 1);
	pgsql_hosts_release(&hosts);
}

static void bad_pgsql_words_are_named_but_never_a_password(void **state)
{
	struct pgsql_hosts hosts;
	struct error error = {0};

	(void)state;
	assert_int_equal(pgsql_hosts_from_connect(&hosts, "host=a usr=u", &error), -EINVAL);
	assert_string_equal(error.text, "pgsql: invalid connection option \"usr\"");
	assert_int_equal(pgsql_hosts_from_connect(&hosts, "host=a password=my secret", &error),
			 -EINVAL);
	assert_null(strstr(error.text, "secret"));
}

static void pgsql_parameters_of_2_4_are_quoted(void **state)
{
	struct conf_section *root = parse_text(
		"dovecot_config_version = 2.4.1\ndict sql {\n pgsql db1 {\n"
		"  parameters {\n   user = dovecot\n   password = \"it's\"\n  }\n }\n}\n",
		0);
	struct pgsql_hosts hosts;
	struct error error = {0};

	(void)state;
	if (pgsql_hosts_from_block(&hosts, conf_section_find(root, "dict", "sql"), &error) < 0)
		fail_msg("%s", error.text);
	assert_string_equal(hosts.list[0].conninfo, "host='db1' user='dovecot' password='it\\'s' ");
	pgsql_hosts_release(&hosts);
	conf_free(&root);
}

/* --- opening ----------------------------------------------------------------------------------*/

static void assert_cannot_open(const char *uri, const char *expected)
{
	struct dict_config config = {.uri = uri, .where = "--dict"};
	struct error error = {0};
	struct dict *dict;

	assert_true(dict_open(&config, &dict, &error) < 0);
	if (!strstr(error.text, expected))
		fail_msg("%s", error.text);
}

static void a_uri_without_a_map_file_is_refused(void **state)
{
	(void)state;
	assert_cannot_open("mysql:", "needs a map file: mysql:/path/to/file");
	assert_cannot_open("pgsql:/nonexistent/map", "/nonexistent/map");
	assert_cannot_open("sqlite:/nonexistent/map", "/nonexistent/map");
}

/* A whole dict from a block: what the operator of 2.4 writes, into a file. */
static void a_block_of_2_4_opens_and_writes(void **state)
{
	static const char text[] =
		"dovecot_config_version = 2.4.1\ndict sql {\n driver = sql\n sql_driver = sqlite\n"
		" sqlite_path = %s\n"
		" dict_map shared/last-login/$service/$user/$remote_ip {\n  sql_table = last_login\n"
		"  value_field last_access {\n   type = uint\n  }\n"
		"  key_field userid {\n   value = $user\n  }\n"
		"  key_field service {\n   value = $service\n  }\n"
		"  key_field last_ip {\n   value = $remote_ip\n  }\n }\n}\n";
	char path[] = "/tmp/test_sql_connect.XXXXXX", filled[2048];
	struct conf_section *root;
	struct dict_config config = {.where = "--dict"};
	struct dict_entry entry = {.value = slice_str("1795338300000"), .time_ns = 1795338300};
	struct error error = {0};
	struct dict *dict = NULL;
	struct login_key login;
	sqlite3 *db;

	(void)state;
	close(mkstemp(path));
	sqlite3_open(path, &db);
	assert_int_equal(sqlite3_exec(db,
				      "CREATE TABLE last_login (userid TEXT, service TEXT, "
				      "last_access BIGINT, last_ip TEXT, "
				      "PRIMARY KEY (userid, service))",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	snprintf(filled, sizeof(filled), text, path);
	root = parse_text(filled, 0);
	config.block = conf_section_find(root, "dict", "sql");
	if (dict_open(&config, &dict, &error) < 0)
		fail_msg("%s", error.text);
	login_key(&login, "imap", "a/b@c", "::1");
	entry.key = login.key.text;
	entry.parts = login.key.parts;
	entry.part_count = login.key.part_count;
	assert_int_equal(
		dict_write(dict, &entry, 1, clock_monotonic_ns() + 10 * NS_PER_SEC, &error), 0);
	assert_int_equal(entry.outcome, DICT_STORED);
	dict_close(&dict);
	conf_free(&root);
	unlink(path);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(mysql_words_have_dovecots_defaults),
		cmocka_unit_test(an_option_file_may_stand_for_the_host),
		cmocka_unit_test(bad_mysql_words_are_named_but_never_a_password),
		cmocka_unit_test(blocks_of_2_4_inherit_from_those_around_them),
		cmocka_unit_test(pgsql_words_are_libpqs_for_every_host),
		cmocka_unit_test(bad_pgsql_words_are_named_but_never_a_password),
		cmocka_unit_test(pgsql_parameters_of_2_4_are_quoted),
		cmocka_unit_test(a_uri_without_a_map_file_is_refused),
		cmocka_unit_test(a_block_of_2_4_opens_and_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
