/* SPDX-License-Identifier: MIT */
#include <errno.h>

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

static int expect(struct sql_harness *harness, struct login login, struct error *error_r)
{
	struct batch batch = {0};
	int ret;

	batch_add(&batch, &login);
	ret = dict_expect(harness->dict, &batch.entries[0], error_r);
	batch_clear(&batch);
	return ret;
}

static void expect_login(struct sql_harness *harness, struct login login)
{
	struct error error = {0};

	if (expect(harness, login, &error) < 0)
		fail_msg("%s", error.text);
}

static void count_note(void *context, const char *text)
{
	unsigned int *notes = context;

	assert_non_null(strstr(text, "column last_access is int"));
	assert_non_null(strstr(text, *notes == 0 ? "until 2038-01-19" : "until 2106-02-07"));
	++*notes;
}

static void create_with(const struct sql_harness *harness, const char *time_type)
{
	sql_harness_ask(harness,
			"DROP TABLE IF EXISTS last_login; CREATE TABLE last_login (userid "
			"VARCHAR(255) NOT NULL, service VARCHAR(10) NOT NULL, last_access %s, "
			"last_ip VARCHAR(40), PRIMARY KEY (userid, service));",
			time_type);
}

/* As in iRedMail's tables; the oracle is what the server's own client reads. */
static void seconds_go_into_32_bits(void **state)
{
	static const char *const types[] = {"INT DEFAULT NULL", "INT UNSIGNED DEFAULT 0"};
	struct sql_harness *harness = *state;
	struct error error = {0};
	unsigned int notes = 0;

	for (size_t i = 0; i < (is_mysql(harness) ? 2 : 1); i++) {
		create_with(harness, types[i]);
		sql_harness_open(harness, documented_map, NULL, NULL);
		expect_login(harness, (struct login){"imap", "u", "::1", 1795338300});
		assert_int_equal(ping(harness, &error), 0);
		sql_harness_expect(harness, (struct login){"imap", "u", "::1", 1795338300},
				   DICT_STORED);
		sql_harness_expect(harness, (struct login){"imap", "u", "::2", 1795338200},
				   DICT_UNCHANGED);
		sql_harness_expect(harness, (struct login){"imap", "u", "::3", 1795338301},
				   DICT_STORED);
		assert_string_equal(all_rows(harness), "u\timap\t1795338301\t::3\n");
		dict_notes(harness->dict, count_note, &notes);
		assert_int_equal(notes, is_sqlite(harness) ? 0 : i + 1);
	}
}

static void a_service_that_does_not_fit_is_reported_at_once(void **state)
{
	struct sql_harness *harness = *state;
	struct error error = {0};

	open_documented(harness);
	expect_login(harness, (struct login){"managesieve", "u", "::1", 1795338300});
	if (is_sqlite(harness)) { /* its VARCHAR(10) has no limit */
		assert_int_equal(ping(harness, &error), 0);
		return;
	}
	assert_true(ping(harness, &error) < 0);
	assert_non_null(strstr(error.text, "column service is "));
	assert_non_null(strstr(error.text, "\"managesieve\" does not fit"));
	/* What fits is stored all the same. */
	sql_harness_expect(harness, (struct login){"imap", "u", "::1", 1795338300}, DICT_STORED);
}

static void a_map_that_takes_something_else_is_reported_at_once(void **state)
{
	static const struct {
		const char *pattern, *fields, *complaint;
	} maps[] = {
		{"last-login/$service/$user/$remote_ip",
		 "userid = $user\nservice = $service\n"
		 "last_ip = $remote_ip",
		 "pattern = shared/last-login/$service/$user/$remote_ip"},
		{"priv/last-login/$service/$user/$remote_ip",
		 "userid = $user\nservice = "
		 "$service\nlast_ip = $remote_ip",
		 "pattern = shared/last-login/$service/$user"},
		{"shared/last_login/$user", "userid = $user", "no map has a pattern for"},
		{"shared/last-login/$user", "userid = $user",
		 "put \"imap/u/::1\" into column userid"},
		{"shared/last-login/$user/$service/$remote_ip",
		 "userid = $user\nservice = "
		 "$service\nlast_ip = $remote_ip",
		 "put \"imap\" into column userid"},
	};
	struct sql_harness *harness = *state;
	char text[512];

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		struct error error = {0};

		snprintf(text, sizeof(text),
			 "map {\npattern = %s\ntable = last_login\nvalue_field = last_access\n"
			 "value_type = uint\nfields {\n%s\n}\n}\n",
			 maps[i].pattern, maps[i].fields);
		sql_harness_open(harness, text, NULL, NULL);
		assert_true(expect(harness, (struct login){"imap", "u", "::1", 1795338300},
				   &error) < 0);
		if (!strstr(error.text, maps[i].complaint) || !strstr(error.text, "map.conf:2: "))
			fail_msg("%s", error.text);
	}
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
	expect_login(harness, (struct login){"imap", "u", "::1", 1795338300000});
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

#define COLUMNS "userid VARCHAR(255) NOT NULL, service VARCHAR(20) NOT NULL, last_ip VARCHAR(40), "

static void is_refused(struct sql_harness *harness, const char *schema, const char *complaint)
{
	struct error error = {0};

	sql_harness_ask(harness, "DROP TABLE IF EXISTS last_login; %s", schema);
	sql_harness_open(harness, documented_map, NULL, NULL);
	expect_login(harness, (struct login){"imap", "u", "::1", 1795338300});
	assert_int_equal(ping(harness, &error), -EINVAL);
	if (!strstr(error.text, complaint))
		fail_msg("%s", error.text);
	/* Nothing is lost meanwhile. */
	sql_harness_expect(harness, (struct login){"imap", "u", "::1", 1795338300}, DICT_RETRY);
}

/* What would stay empty or be frozen is refused by name before the first login. */
static void tables_that_cannot_work_are_refused_by_name(void **state)
{
	struct sql_harness *harness = *state;

	is_refused(harness,
		   "CREATE TABLE last_login (" COLUMNS "last_access BIGINT NOT NULL, "
		   "PRIMARY KEY (userid, service, last_access));",
		   "no primary or unique key among the columns of the map but with the time in it; "
		   "add PRIMARY KEY (userid, service)");
	is_refused(harness,
		   "CREATE TABLE last_login (id INTEGER PRIMARY KEY, " COLUMNS
		   "last_access BIGINT NOT NULL);",
		   "no primary or unique key among the columns of the map; add PRIMARY KEY");
	is_refused(harness,
		   "CREATE TABLE last_login (" COLUMNS "last_access BIGINT NOT NULL, "
		   "quota INT NOT NULL, PRIMARY KEY (userid, service));",
		   "column quota is NOT NULL without a default and the map does not write it");
	if (!is_sqlite(harness)) /* its TIMESTAMP takes numbers */
		is_refused(harness,
			   "CREATE TABLE last_login (" COLUMNS
			   "last_access TIMESTAMP NULL, PRIMARY KEY (userid, service));",
			   "needs BIGINT, which a view can show as a time");
}

static void a_view_is_refused_by_name(void **state)
{
	struct sql_harness *harness = *state;
	struct error error = {0};

	sql_harness_ask(
		harness,
		"%s ALTER TABLE last_login RENAME TO users; CREATE VIEW last_login AS SELECT "
		"userid, service, last_access, last_ip FROM users;",
		documented_schema);
	sql_harness_open(harness, documented_map, NULL, NULL);
	assert_int_equal(ping(harness, &error), -EINVAL);
	if (!strstr(error.text, "last_login is a view, whose keys are not known"))
		fail_msg("%s", error.text);
	sql_harness_ask(harness, "DROP VIEW last_login;");
}

/* A number of the row's own beside a key of the map's columns. */
static void an_id_beside_the_key_is_filled_by_the_server(void **state)
{
	static const char *const ids[] = {"id BIGINT AUTO_INCREMENT PRIMARY KEY",
					  "id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
					  "id INTEGER PRIMARY KEY"};
	struct sql_harness *harness = *state;
	struct error error = {0};

	sql_harness_ask(harness,
			"CREATE TABLE last_login (%s, " COLUMNS
			"last_access BIGINT NOT NULL, UNIQUE (userid, service));",
			ids[is_mysql(harness)	 ? 0
			    : is_sqlite(harness) ? 2
						 : 1]);
	sql_harness_open(harness, documented_map, NULL, NULL);
	assert_int_equal(ping(harness, &error), 0);
	sql_harness_expect(harness, (struct login){"imap", "u", "::1", 1795338300}, DICT_STORED);
	sql_harness_expect(harness, (struct login){"imap", "u", "::3", 1795338301}, DICT_STORED);
	assert_string_equal(all_rows(harness), "u\timap\t1795338301\t::3\n");
}

const struct sql_scenario sql_schema[] = {
	SCENARIO(tables_that_cannot_work_are_refused_by_name, ON_ALL),
	SCENARIO(a_view_is_refused_by_name, ON_ALL),
	SCENARIO(an_id_beside_the_key_is_filled_by_the_server, ON_ALL),
	SCENARIO(a_missing_table_is_waited_for, ON_ALL),
	SCENARIO(seconds_go_into_32_bits, ON_ALL),
	SCENARIO(a_service_that_does_not_fit_is_reported_at_once, ON_ALL),
	SCENARIO(a_map_that_takes_something_else_is_reported_at_once, ON_ALL),
	SCENARIO(a_column_that_is_too_small_is_reported_at_once, ON_ALL),
	SCENARIO(a_table_without_a_key_is_reported_at_once, ON_ALL),
	{0},
};
